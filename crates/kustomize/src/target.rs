//! One kustomization: its objects gathered, generated and transformed.

mod configure;
mod resources;
mod validator;

use std::sync::Arc;

use windlass_tree::TreePath;

use crate::config::{self, Config};
use crate::context::{Context, MAX_DEPTH, MAX_KUSTOMIZATIONS};
use crate::decode::{Decoder, Located};
use crate::document;
use crate::error::{KustomizationProblem, Place, Problem, Refusal};
use crate::items::Items;
use crate::kustomization::{self, Kustomization};
use crate::loader::Loader;
use crate::origin::Note;
use crate::schema::Schema;
use crate::transform::{Tools, Transformer};
use crate::vars::Vars;

/// What a kustomization and those below it have gathered.
pub(crate) struct Gathered {
    pub(crate) items: Items,
    pub(crate) config: Arc<Config>,
    pub(crate) vars: Vars,
    /// Whether nothing is missing that mistakes have kept out.
    pub(crate) is_whole: bool,
}

impl Default for Gathered {
    fn default() -> Self {
        Self {
            items: Items::default(),
            config: config::none(),
            vars: Vars::default(),
            is_whole: true,
        }
    }
}

impl Gathered {
    /// Adds what another kustomization gathered.
    fn merge(&mut self, other: Self) -> Result<(), Problem> {
        self.items.append_all(other.items)?;
        self.config = Config::merge(&self.config, &other.config)?;
        self.vars.merge(other.vars)
    }
}

/// A kustomization that is being built.
pub(crate) struct Target {
    pub(crate) kustomization: Kustomization,
    pub(crate) file: TreePath,
    loader: Loader,
    /// Where the directory is, seen from the one that is built; `None` unless origins are recorded.
    origin: Option<String>,
    /// How many kustomizations lead here.
    depth: usize,
    /// Whether nothing was wrong with the file itself. What could be read of it is looked at regardless, to
    /// find other mistakes, but no transformer runs.
    pub(crate) is_whole: bool,
}

/// A transformer, where it is configured, and what the objects say about it.
struct Step {
    transformer: Transformer,
    place: Place,
    note: Option<Note>,
}

impl Target {
    /// Reads the kustomization that is built.
    pub(crate) fn root(context: &mut Context<'_>, loader: Loader) -> Option<Self> {
        let file = loader.kustomization_file(context);
        let file = context.note(&Place::file(loader.root.clone()), file)?;
        let mut target = Self::load(context, loader, file)?;
        if !target.kustomization.build_metadata.is_empty() {
            target.origin = Some(String::new());
        }
        target.is_whole &= target.choose_schema(context, true).is_some();
        Some(target)
    }

    fn load(context: &mut Context<'_>, loader: Loader, file: TreePath) -> Option<Self> {
        let bytes = context.read(&file);
        let bytes = context.note(&Place::file(file.clone()), bytes)?;
        let root = match document::first(&bytes) {
            Ok(root) => root,
            Err(fault) => {
                let problem = KustomizationProblem::Invalid {
                    problem: Box::new(fault.problem),
                };
                context.fail(&Place::at(&file, fault.at), problem);
                return None;
            }
        };
        let read = kustomization::read(&file, &root);
        context.warnings.extend(read.warnings);
        let is_whole = read.errors.is_empty();
        context.extend(read.errors);
        Some(Self {
            kustomization: read.kustomization,
            file,
            loader,
            origin: None,
            depth: 0,
            is_whole,
        })
    }

    fn place(&self, at: windlass_yaml::Position) -> Place {
        Place::at(&self.file, at)
    }

    /// Returns the kustomization file, seen from the directory that is built.
    fn configured_in(&self) -> Option<String> {
        let origin = self.origin.as_deref()?;
        Some(crate::origin::join(origin, self.file.file_name()))
    }

    /// Gathers everything, beginning with what is there already.
    pub(crate) fn gather(&mut self, context: &mut Context<'_>, mut gathered: Gathered) -> Gathered {
        let before = context.error_count();
        gathered.is_whole &= self.is_whole;
        gathered.items.update_scopes(&context.schemas);
        let resources = std::mem::take(&mut self.kustomization.resources);
        self.add_resources(
            context,
            &mut gathered,
            &resources,
            "accumulating resources: ",
        );
        self.add_configurations(context, &mut gathered);
        self.add_crds(context, &mut gathered);
        self.run_generators(context, &mut gathered);
        gathered = self.add_components(context, gathered);
        let steps = self.steps(context, &gathered.config);
        let validators = self.plugin_steps(context, |k| &k.validators);
        // Transformers of a build that lacks objects would only complain about that.
        if context.error_count() == before && gathered.is_whole {
            for step in steps {
                run_step(context, &mut gathered, &step);
            }
            for step in validators {
                validator::run(context, &mut gathered, &step);
            }
            let declared = gathered
                .vars
                .declare(&mut gathered.items, &self.kustomization.vars);
            let at = self
                .kustomization
                .vars
                .first()
                .map(|var| var.at)
                .unwrap_or_default();
            context.note(&self.place(at), declared);
        }
        gathered.items.update_scopes(&context.schemas);
        gathered
    }

    fn add_configurations(&self, context: &mut Context<'_>, gathered: &mut Gathered) {
        let mut custom = Arc::new(Config::default());
        let mut place = Place::file(self.file.clone());
        for path in &self.kustomization.configurations {
            place = self.place(path.at);
            if let Some(config) = self.read_config(context, &place, &path.value) {
                let merged = Config::merge(&custom, &Arc::new(config));
                custom = context.note(&place, merged).unwrap_or(custom);
            }
        }
        let merged = Config::merge(&config::built_in(), &custom)
            .and_then(|all| Config::merge(&gathered.config, &all));
        if let Some(config) = context.note(&place, merged) {
            gathered.config = config;
        }
    }

    fn read_config(&self, context: &mut Context<'_>, place: &Place, path: &str) -> Option<Config> {
        let read = self.loader.read(context, path);
        let (file, bytes) = context.note(place, read)?;
        let root = match document::first(&bytes) {
            Ok(root) => root,
            Err(fault) => {
                context.fail(&Place::at(&file, fault.at), fault.problem);
                return None;
            }
        };
        let mut decoder = Decoder::strict(&file);
        let config = config::from_file(&mut decoder, &root);
        context.extend(decoder.into_errors());
        Some(config)
    }

    fn add_crds(&self, context: &mut Context<'_>, gathered: &mut Gathered) {
        for path in &self.kustomization.crds {
            let place = self.place(path.at);
            let read = self.loader.read(context, &path.value);
            let Some((file, bytes)) = context.note(&place, read) else {
                continue;
            };
            match document::first(&bytes) {
                Ok(root) => {
                    let merged = config::from_crds(&path.value, &root)
                        .and_then(|config| Config::merge(&gathered.config, &Arc::new(config)));
                    if let Some(config) = context.note(&place, merged) {
                        gathered.config = config;
                    }
                }
                Err(fault) => context.fail(&Place::at(&file, fault.at), fault.problem),
            }
        }
    }

    /// Puts the schema of the `openapi` field in force.
    fn choose_schema(&self, context: &mut Context<'_>, is_root: bool) -> Option<()> {
        let entry = |name: &str| {
            self.kustomization
                .openapi
                .iter()
                .find(|(key, _)| key == name)
        };
        let version = entry("version").map(|(_, version)| version);
        let mut custom = None;
        if let Some((_, path)) = entry("path") {
            if version.is_some() {
                context.fail(&self.place(path.at), KustomizationProblem::OpenApiBoth);
                return None;
            }
            custom = Some(self.read_schema(context, path)?);
        }
        if let Some(version) =
            version.filter(|version| !matches!(version.value.as_str(), "" | "v1.21.2"))
        {
            context.fail(
                &self.place(version.at),
                KustomizationProblem::OpenApiVersion {
                    version: version.value.clone(),
                },
            );
            return None;
        }
        context.schemas.choose(custom, version.is_some(), is_root);
        Some(())
    }

    fn read_schema(&self, context: &mut Context<'_>, path: &Located<String>) -> Option<Schema> {
        let place = self.place(path.at);
        let read = self.loader.read(context, &path.value);
        let (file, bytes) = context.note(&place, read)?;
        match document::first(&bytes) {
            Ok(root) => {
                let schema = Schema::from_openapi(&root).map_err(KustomizationProblem::Schema);
                context.note(&Place::file(file), schema)
            }
            Err(fault) => {
                context.fail(&Place::at(&file, fault.at), fault.problem);
                None
            }
        }
    }

    /// Returns the kustomization in a directory below.
    fn child(
        &self,
        context: &mut Context<'_>,
        loader: Loader,
        path: &Located<String>,
        is_resource: bool,
    ) -> Option<Self> {
        if context.is_exhausted() {
            return None;
        }
        let place = self.place(path.at);
        if self.depth >= MAX_DEPTH {
            context.fail(&place, Refusal::Depth { limit: MAX_DEPTH });
            return None;
        }
        context.kustomizations += 1;
        if context.kustomizations > MAX_KUSTOMIZATIONS {
            let limit = MAX_KUSTOMIZATIONS;
            context.fail(&place, Refusal::Kustomizations { limit });
            return None;
        }
        let file = match loader.kustomization_file(context) {
            Ok(file) => file,
            Err(problem) if is_resource => {
                let original = problem.to_string();
                context.fail_as(&place, problem.in_resource(&path.value), |_| original);
                return None;
            }
            Err(problem) => {
                context.fail(&place, problem);
                return None;
            }
        };
        let mut child = Self::load(context, loader, file)?;
        child.origin = self
            .origin
            .as_ref()
            .map(|origin| crate::origin::join(origin, &path.value));
        child.depth = self.depth + 1;
        child.is_whole &= child.choose_schema(context, false).is_some();
        Some(child)
    }
}

fn run_step(context: &mut Context<'_>, gathered: &mut Gathered, step: &Step) {
    gathered.items.update_scopes(&context.schemas);
    transform(context, gathered, step);
    let notes = std::iter::repeat_n(&step.note, step.transformer.count());
    for note in notes.flatten() {
        for item in gathered.items.list_mut() {
            match item.origin {
                Some(_) => item.transformations.push(note.clone()),
                None => item.origin = Some(Box::new(note.clone())),
            }
        }
    }
    gathered.items.drop_empty();
}

fn transform(context: &mut Context<'_>, gathered: &mut Gathered, step: &Step) {
    if !context.may_transform(&step.place, gathered.items.len()) {
        return;
    }
    let mut problems = Vec::new();
    let items = &mut gathered.items;
    if step.transformer.is_idle() {
        return;
    }
    items.begin_step();
    let tools = Tools {
        schemas: &context.schemas,
        work: &mut context.work,
        report: &mut |place: Option<&Place>, problem| {
            problems.push((place.unwrap_or(&step.place).clone(), problem));
        },
    };
    step.transformer.run(items, tools);
    let visited = items.end_step();
    let counted = context.work.visit(visited);
    context.note(&step.place, counted);
    for (place, problem) in problems {
        context.fail(&place, problem);
    }
}
