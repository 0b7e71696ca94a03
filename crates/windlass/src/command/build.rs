//! `windlass build`: renders a kustomization, or the services of an environment.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use windlass_kustomize::BuildOptions;
use windlass_source::{DirectoryTree, Repository};
use windlass_tree::TreePath;

use crate::cli::SourceArgs;
use crate::desired::{self, Selection};
use crate::failure::{Done, Failure};
use crate::scene::Scene;
use crate::style::{Ink, Style};
use crate::terminal::{complain, shown, write_stdout};

/// Renders a directory as `kustomize build` does, or all services of an environment
///
/// With --env, every kustomize/*/overlays/ENV of the commit is rendered, secrets decrypted in memory.
/// Without, DIR is read from disk, and the output is that of `kustomize build DIR`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass build kustomize/hydra/overlays/dev
  windlass build --env dev                       every service, secrets included
  windlass build --env dev hydra cdc             two services")]
pub(crate) struct Build {
    /// The directory to build; with --env, the services (default: all of them)
    #[arg(value_name = "DIR | SERVICE")]
    targets: Vec<String>,
    /// The environment to render
    #[arg(long, short, value_name = "ENV")]
    env: Option<String>,
    /// With --env: the addons below bootstrap/ too, before the services
    #[arg(long, requires = "env")]
    bootstrap: bool,
    /// With --env: the repository, or the directory in one that holds kustomize/
    #[arg(
        long,
        short = 'C',
        value_name = "DIR",
        default_value = ".",
        requires = "env"
    )]
    repo: PathBuf,
    /// LoadRestrictionsNone lets a kustomization read files from outside its own directory
    #[arg(long, value_enum, default_value_t = LoadRestrictor::LoadRestrictionsRootOnly, value_name = "NAME")]
    load_restrictor: LoadRestrictor,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    source: SourceArgs,
}

/// Where the files of a kustomization may be, in the words of `kustomize build`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
enum LoadRestrictor {
    LoadRestrictionsRootOnly,
    LoadRestrictionsNone,
}

impl Build {
    pub(crate) fn run(self, style: Style) -> Result<Done, Failure> {
        let rendered = match &self.env {
            Some(env) => self.environment(env, style)?,
            None => self.directory(style)?,
        };
        if self.output.is_some() || std::io::stdout().is_terminal() {
            warn_of_secrets(&rendered, style);
        }
        match &self.output {
            Some(file) => write_file(file, &rendered)
                .map_err(|error| Failure::of([format!("{}: {error}", file.display())]))?,
            None => write_stdout(&rendered)?,
        }
        Ok(Done::Well)
    }

    fn directory(&self, style: Style) -> Result<String, Failure> {
        let directory = match self.targets.as_slice() {
            [] => ".",
            [directory] => directory,
            _ => {
                return Err(Failure::usage(
                    "one directory can be built at a time; for services add --env ENV",
                ));
            }
        };
        let (root, path) = rooted(Path::new(directory))?;
        let tree = DirectoryTree::open(&root)
            .map_err(|error| Failure::of([format!("{}: {error}", root.display())]))?;
        let options = BuildOptions {
            files_from_anywhere: self.load_restrictor == LoadRestrictor::LoadRestrictionsNone,
        };
        let built = windlass_kustomize::build(&tree, &path, &options);
        let built = built.map_err(|errors| Failure::of(errors.iter().map(ToString::to_string)))?;
        for warning in &built.warnings {
            complain(&style.err(Ink::Yellow, &shown(&warning.to_string())));
        }
        Ok(built.to_yaml())
    }

    fn environment(&self, env: &str, style: Style) -> Result<String, Failure> {
        let scene = Scene::open(&self.repo, &self.source)?;
        let snapshot = scene.snapshot()?;
        let keyring = scene.keyring(&snapshot)?;
        let selection = Selection {
            services: &self.targets,
            addons: self.bootstrap,
        };
        let units = desired::units(&*snapshot.tree, env, selection)?;
        let mut text = String::new();
        let mut errors = Vec::new();
        for rendered in desired::render_all(&*snapshot.tree, &units, &keyring, Vec::new()) {
            match rendered.result {
                Ok(result) => {
                    for warning in result.warnings() {
                        let text = format!("{}: {warning}", rendered.unit.name);
                        complain(&style.err(Ink::Yellow, &shown(&text)));
                    }
                    text.push_str(if text.is_empty() { "" } else { "---\n" });
                    text.push_str(result.to_yaml());
                }
                Err(failed) => errors.extend(failed),
            }
        }
        if errors.is_empty() {
            Ok(text)
        } else {
            Err(super::unrendered(errors, &keyring))
        }
    }
}

/// Returns the directory below which files may be read, and the path of `directory` in it: the top of the
/// repository that it is in, or where there is none the root of the file system, as for kustomize.
fn rooted(directory: &Path) -> Result<(PathBuf, TreePath), Failure> {
    let unreadable = |error| Failure::of([format!("{}: {error}", directory.display())]);
    let full = directory.canonicalize().map_err(unreadable)?;
    let root = match Repository::discover(&full) {
        Ok(repository) => repository.top().canonicalize().map_err(unreadable)?,
        Err(_) => PathBuf::from("/"),
    };
    let path = full.strip_prefix(&root).unwrap_or(Path::new(""));
    let path = path
        .to_str()
        .ok_or_else(|| Failure::usage("the path of the directory is not UTF-8"))?;
    Ok((root, TreePath::new(path)?))
}

/// Says that the values of Secrets can be read where they do not go to another program.
fn warn_of_secrets(rendered: &str, style: Style) {
    let secrets = rendered.lines().filter(|line| *line == "kind: Secret");
    let many = match secrets.count() {
        0 => return,
        1 => "1 Secret".to_owned(),
        count => format!("{count} Secrets"),
    };
    let label = style.err(Ink::Yellow, "warning:");
    complain(&format!("{label} the output holds {many} in the clear"));
}

/// Writes a file that only its owner can read, at once and as a whole. What is no regular file, such as
/// `/dev/stdout`, is written to as it is.
fn write_file(path: &Path, text: &str) -> std::io::Result<()> {
    let path = match path.canonicalize() {
        Ok(there) if !there.is_file() => return std::fs::write(there, text),
        Ok(there) => there,
        Err(_) => path.to_owned(),
    };
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
    // A temporary file has the mode 0600.
    let mut beside = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    beside.write_all(text.as_bytes())?;
    beside.as_file().sync_all()?;
    beside.persist(path)?;
    Ok(())
}
