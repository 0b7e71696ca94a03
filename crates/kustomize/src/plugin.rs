//! Generators and transformers that are configured by objects of their own, in files or inline.

mod config;

use windlass_yaml::Node;

use crate::context::Context;
use crate::decode::Decoder;
use crate::error::{Place, PluginProblem, Problem, Refusal};
use crate::generate::Generator;
use crate::item::Item;
use crate::loader::Loader;
use crate::nearest::nearest;
use crate::transform::Transformer;

/// What a plugin does.
pub(crate) enum Plugin {
    Generator(Generator),
    /// One transformer, or the two of a `PrefixSuffixTransformer`.
    Transformers(Vec<Transformer>),
}

/// The kinds that are built in.
const KINDS: [&str; 18] = [
    "AnnotationsTransformer",
    "ConfigMapGenerator",
    "HashTransformer",
    "HelmChartInflationGenerator",
    "IAMPolicyGenerator",
    "ImageTagTransformer",
    "LabelTransformer",
    "NamespaceTransformer",
    "PatchJson6902Transformer",
    "PatchStrategicMergeTransformer",
    "PatchTransformer",
    "PrefixSuffixTransformer",
    "PrefixTransformer",
    "ReplacementTransformer",
    "ReplicaCountTransformer",
    "SecretGenerator",
    "SuffixTransformer",
    "ValueAddTransformer",
];

/// What a plugin's config is read with.
pub(crate) struct Setup<'s, 't> {
    pub(crate) context: &'s mut Context<'t>,
    pub(crate) loader: &'s Loader,
    pub(crate) place: Place,
}

/// Configures the plugin that an object describes; says what is wrong with it otherwise.
pub(crate) fn configure(
    context: &mut Context<'_>,
    loader: &Loader,
    config: &Item,
) -> Option<Plugin> {
    let place = config.place.clone();
    let is_builtin = config.api_version() == "builtin" || config.api_version() == "/builtin";
    let known = KINDS.iter().find(|kind| **kind == config.kind());
    let (Some(kind), true) = (known, is_builtin) else {
        context.fail(&place, unknown(config, is_builtin));
        return None;
    };
    let mut decoder = Decoder::lenient(&place.path, 0);
    let mut setup = Setup {
        context,
        loader,
        place: place.clone(),
    };
    let plugin = config::read(&mut setup, &mut decoder, kind, &config.node);
    let errors = decoder.into_errors();
    let is_valid = errors.is_empty();
    context.extend(errors);
    let id = config.original_id().to_string();
    let plugin = plugin.map_err(|problem| PluginProblem::Config {
        id,
        problem: Box::new(problem),
    });
    context.note(&place, plugin).filter(|_| is_valid)
}

fn unknown(config: &Item, is_builtin: bool) -> Problem {
    let kind = config.kind().to_owned();
    let annotations = crate::edit::metadata_map(&config.node, "annotations");
    let is_function = annotations
        .iter()
        .any(|(key, _)| key == "config.kubernetes.io/function");
    if is_builtin {
        let nearest = nearest(&kind, KINDS.into_iter()).map(str::to_owned);
        return PluginProblem::Unknown { kind, nearest }.into();
    }
    Refusal::Program { kind, is_function }.into()
}

/// Returns whether the object is meant to be left out of the output.
pub(crate) fn is_local(node: &Node) -> bool {
    let annotations = node.at(&["metadata", "annotations"]);
    annotations
        .and_then(|annotations| annotations.get("config.kubernetes.io/local-config"))
        .is_some_and(|value| crate::edit::text(value) != "false")
}
