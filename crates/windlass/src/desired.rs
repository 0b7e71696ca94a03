//! From a snapshot of the source to what each unit wants.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use windlass_cluster::{Cluster, Definitions, InventoryError, Kinds, Stored};
use windlass_object::{FingerprintKey, PackedObject};
use windlass_plan::{Desired, DesiredSet, Rendition};
use windlass_render::{Decryption, RenderErrors, Rendered, Unit, UnitKind, Warning};
use windlass_tree::Tree;

use crate::failure::Failure;
use crate::settings::Settings;

/// The namespace in which inventories are kept.
pub(crate) const NAMESPACE: &str = "windlass-system";

/// Which units of an environment.
#[derive(Clone, Copy)]
pub(crate) struct Selection<'a> {
    /// The names of services or addons; none means all.
    pub(crate) services: &'a [String],
    /// Whether addons below `bootstrap/` belong to all.
    pub(crate) addons: bool,
}

/// A unit, and what rendering it gave: objects, or every mistake.
pub(crate) struct RenderedUnit {
    pub(crate) unit: Unit,
    pub(crate) result: Result<Rendered, Vec<String>>,
    /// Whether it failed for a reason that may pass: a key service that did not answer.
    pub(crate) may_pass: bool,
}

/// Returns the units of the environment, addons first.
pub(crate) fn units(
    tree: &dyn Tree,
    env: &str,
    selection: Selection<'_>,
) -> Result<Vec<Unit>, Failure> {
    let all = windlass_render::units(tree, env)?;
    let unknown = selection
        .services
        .iter()
        .filter(|name| all.iter().all(|unit| unit.name != **name));
    let unknown: Vec<String> = unknown.cloned().collect();
    if !unknown.is_empty() {
        let known = all.iter().map(|unit| unit.name.as_str());
        return Err(no_service(env, &unknown, known));
    }
    let is_selected = |unit: &Unit| match selection.services {
        [] => selection.addons || unit.kind == UnitKind::Service,
        names => names.contains(&unit.name),
    };
    let (mut addons, services): (Vec<_>, Vec<_>) = all
        .into_iter()
        .filter(is_selected)
        .partition(|unit| unit.kind == UnitKind::Addon);
    addons.extend(services);
    Ok(addons)
}

/// Says that there are no such services, and which there are.
pub(crate) fn no_service<'n>(
    env: &str,
    unknown: &[String],
    known: impl Iterator<Item = &'n str>,
) -> Failure {
    let known = known.collect::<Vec<_>>().join(", ");
    let unknown = unknown.iter();
    Failure::of(
        unknown.map(|name| format!("environment {env} has no service {name}; it has {known}")),
    )
}

/// Renders each unit by itself. One of `before` whose files are as they were is taken over as it is.
pub(crate) fn render_all(
    tree: &dyn Tree,
    units: &[Unit],
    decryption: Decryption<'_>,
    before: Vec<RenderedUnit>,
) -> Vec<RenderedUnit> {
    let mut before: BTreeMap<String, RenderedUnit> = before
        .into_iter()
        .map(|rendered| (rendered.unit.name.clone(), rendered))
        .collect();
    let units = units.iter().map(|unit| match before.remove(&unit.name) {
        Some(rendered) if rendered.holds(unit, tree) => rendered,
        _ => render(tree, unit, decryption),
    });
    units.collect()
}

fn render(tree: &dyn Tree, unit: &Unit, decryption: Decryption<'_>) -> RenderedUnit {
    let result = windlass_render::render(tree, unit, decryption);
    let may_pass = result.as_ref().is_err_and(RenderErrors::is_transient);
    let result = result.map_err(|errors| errors.errors().iter().map(ToString::to_string).collect());
    RenderedUnit {
        unit: unit.clone(),
        result,
        may_pass,
    }
}

impl RenderedUnit {
    /// Returns whether `tree` has the files that this was rendered from. What failed is not compared.
    pub(crate) fn is_as_in(&self, tree: &dyn Tree) -> bool {
        let rendered = self.result.as_ref();
        rendered.map_or(true, |rendered| rendered.inputs().hold_in(tree))
    }

    /// Returns whether rendering `unit` from `tree` would give the same objects.
    fn holds(&self, unit: &Unit, tree: &dyn Tree) -> bool {
        let is_held = |rendered: &Rendered| rendered.inputs().hold_in(tree);
        self.unit == *unit && self.result.as_ref().is_ok_and(is_held)
    }

    /// Returns what is wrong with secrets. That a spelling is deprecated is for `build` to say.
    pub(crate) fn secret_warnings(&self) -> impl Iterator<Item = String> {
        let warnings = self.result.as_ref().map_or(&[][..], Rendered::warnings);
        let secret = warnings
            .iter()
            .filter(|warning| matches!(warning, Warning::Secret(_)));
        secret.map(ToString::to_string)
    }

    /// Returns the objects, or none when rendering failed.
    fn objects(&self) -> &[PackedObject] {
        self.result.as_ref().map_or(&[], Rendered::objects)
    }
}

/// Returns the kinds that the rendered definitions declare.
pub(crate) fn definitions(rendered: &[RenderedUnit]) -> Definitions {
    Definitions::new(rendered.iter().flat_map(RenderedUnit::objects))
}

/// Returns the identity of a unit in the cluster, of which there may be one for each environment.
pub(crate) fn identity(env: &str, name: &str) -> windlass_plan::Unit {
    windlass_plan::Unit::new(NAMESPACE, &windlass_render::identity(env, name))
}

/// Returns the name of the unit with this identity, when it is sure that it belongs to the environment.
pub(crate) fn name_of(env: &str, unit: &windlass_plan::Unit) -> Option<String> {
    let name = unit.name.strip_prefix(env)?.strip_prefix('.')?;
    let name = match name.strip_prefix("bootstrap.") {
        Some(addon) => format!("bootstrap/{addon}"),
        None => name.to_owned(),
    };
    Some(name).filter(|name| windlass_render::identity(env, name) == unit.name)
}

/// A unit by its name and its identity in the cluster, and what it wants.
pub(crate) type Wanted = (String, windlass_plan::Unit, Desired);
/// A unit by its name and its identity in the cluster, and what it has applied.
pub(crate) type Held = (String, windlass_plan::Unit, Stored);

/// Returns what each unit of the environment wants.
pub(crate) fn wanted(
    rendered: &[RenderedUnit],
    env: &str,
    definitions: &Definitions,
    kinds: &Kinds,
    settings: &Settings,
    key: &FingerprintKey,
) -> Vec<Wanted> {
    let wanted = rendered.iter().map(|rendered| {
        let identity = identity(env, &rendered.unit.name);
        let desired = desired(rendered, &identity, definitions, kinds, settings, key);
        (rendered.unit.name.clone(), identity, desired)
    });
    wanted.collect()
}

/// The same where it is rendered only once, which holds each object once. Returns also what failed to render.
pub(crate) fn wanted_once(
    rendered: Vec<RenderedUnit>,
    env: &str,
    definitions: &Definitions,
    kinds: &Kinds,
    settings: &Settings,
    key: &FingerprintKey,
) -> (Vec<Wanted>, Vec<RenderedUnit>) {
    let mut rest = Vec::new();
    let wanted = rendered.into_iter().map(|unit| {
        let name = unit.unit.name.clone();
        let identity = identity(env, &name);
        let wanted = match unit.result {
            Ok(rendered) => {
                let rendition = rendition(&rendered, key);
                let set = place_all(rendered.into_objects(), &identity, definitions, kinds);
                complete(set, rendition, settings)
            }
            Err(ref errors) => {
                let wanted = failed(errors);
                rest.push(unit);
                wanted
            }
        };
        (name, identity, wanted)
    });
    (wanted.collect(), rest)
}

/// Returns what the units of the environment have applied, also those that the source does not have any more.
///
/// `wanted` are those that it has. One with a name that its identity does not show is known by them only.
pub(crate) async fn held<'u>(
    cluster: &Cluster,
    env: &str,
    wanted: impl Iterator<Item = &'u Unit>,
) -> Result<Vec<Held>, InventoryError> {
    let all = cluster.inventories(NAMESPACE).await?;
    let names = wanted.map(|unit| &unit.name);
    let names: BTreeMap<_, _> = names.map(|name| (identity(env, name), name)).collect();
    let ours = all.into_iter().filter_map(|(unit, stored)| {
        let known = names.get(&unit).map(|name| (*name).clone());
        let name = known.or_else(|| name_of(env, &unit))?;
        Some((name, unit, stored))
    });
    Ok(ours.collect())
}

/// Returns what a unit wants: a complete set, or why it is not known.
pub(crate) fn desired(
    rendered: &RenderedUnit,
    identity: &windlass_plan::Unit,
    definitions: &Definitions,
    kinds: &Kinds,
    settings: &Settings,
    key: &FingerprintKey,
) -> Desired {
    match &rendered.result {
        Ok(rendered) => {
            let set = place_all(rendered.objects(), identity, definitions, kinds);
            complete(set, rendition(rendered, key), settings)
        }
        Err(errors) => failed(errors),
    }
}

fn complete(
    set: Result<DesiredSet, Vec<String>>,
    rendition: Option<Rendition>,
    settings: &Settings,
) -> Desired {
    match set {
        Ok(set) => Desired::Complete(set.rendered(rendition).ignoring(&settings.ignore)),
        Err(errors) => failed(&errors),
    }
}

fn failed(errors: &[String]) -> Desired {
    Desired::Failed {
        reason: errors.join("; "),
    }
}

/// Returns what made the objects. The digest is keyed, since the files may hold what can be guessed.
fn rendition(rendered: &Rendered, key: &FingerprintKey) -> Option<Rendition> {
    let inputs = rendered.inputs().fingerprint()?.to_string();
    Some(Rendition {
        by: env!("CARGO_PKG_VERSION").to_owned(),
        inputs: String::from(key.digest_of(inputs.as_bytes())),
    })
}

/// Gives each object its namespace and its labels; returns every mistake. One object at a time is held as a tree.
fn place_all(
    objects: impl IntoIterator<Item = impl Borrow<PackedObject>>,
    identity: &windlass_plan::Unit,
    definitions: &Definitions,
    kinds: &Kinds,
) -> Result<DesiredSet, Vec<String>> {
    let mut errors = Vec::new();
    let placed = objects.into_iter().filter_map(|object| {
        let placed = definitions.place(kinds, object.borrow().open());
        placed.map_err(|error| errors.push(error.to_string())).ok()
    });
    let set = DesiredSet::new(identity, placed);
    match set {
        Ok(set) if errors.is_empty() => Ok(set),
        Ok(_) => Err(errors),
        Err(more) => {
            errors.extend(more.iter().map(ToString::to_string));
            Err(errors)
        }
    }
}
