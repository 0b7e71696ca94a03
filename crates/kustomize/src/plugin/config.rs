//! The config of each built-in plugin.

use windlass_yaml::Node;

use super::{Plugin, Setup};
use crate::config::Fields;
use crate::decode::{Decoder, Located};
use crate::document;
use crate::edit;
use crate::error::{FieldProblem, PluginProblem, Problem, Refusal};
use crate::generate::{Generator, IamPolicy};
use crate::kustomization::{self, Patch};
use crate::prepare;
use crate::transform::{SubjectMode, Transformer, ValueAdd, ValueTarget};

type Configured = Result<Plugin, Problem>;

/// Reads the config of a plugin of this kind.
pub(super) fn read(
    setup: &mut Setup<'_, '_>,
    decoder: &mut Decoder,
    kind: &str,
    node: &Node,
) -> Configured {
    let one = |transformer| Ok(Plugin::Transformers(vec![transformer]));
    match kind {
        "ConfigMapGenerator" => Ok(Plugin::Generator(Generator::ConfigMap(generator(
            decoder, node, false,
        )))),
        "SecretGenerator" => Ok(Plugin::Generator(Generator::Secret(generator(
            decoder, node, true,
        )))),
        "IAMPolicyGenerator" => Ok(Plugin::Generator(Generator::IamPolicy(iam_policy(
            decoder, node,
        )))),
        "HelmChartInflationGenerator" => Err(Refusal::Helm {
            field: kind.to_owned(),
        }
        .into()),
        "AnnotationsTransformer" => one(entries(decoder, node, "annotations")),
        "LabelTransformer" => one(entries(decoder, node, "labels")),
        "ImageTagTransformer" => one(image(decoder, node)),
        "ReplicaCountTransformer" => one(replicas(decoder, node)),
        "NamespaceTransformer" => namespace(decoder, node).and_then(one),
        "PatchTransformer" => prepare::patch(setup, &patch(decoder, node)).and_then(one),
        "PatchJson6902Transformer" => {
            prepare::json_patch(setup, &json_patch(decoder, node)).and_then(one)
        }
        "PatchStrategicMergeTransformer" => strategic(setup, decoder, node).and_then(one),
        "ReplacementTransformer" => one(replacements(setup, decoder, node)),
        "ValueAddTransformer" => value_add(setup, decoder, node).and_then(one),
        "HashTransformer" => one(Transformer::Hash),
        _ => affixes(decoder, node, kind),
    }
}

/// The field of a plugin that stands for an argument; names are found whatever their capitals.
fn argument<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let mapping = node.as_mapping()?;
    let found = mapping
        .iter()
        .find(|(key, _)| edit::text(key).eq_ignore_ascii_case(name));
    found
        .map(|(_, value)| value)
        .filter(|value| !value.is_null())
}

fn string(decoder: &mut Decoder, node: &Node, name: &str) -> String {
    argument(node, name)
        .map(|value| decoder.string(value))
        .unwrap_or_default()
}

fn located(decoder: &mut Decoder, node: &Node, name: &str) -> Located<String> {
    argument(node, name)
        .map(|value| decoder.located(value))
        .unwrap_or_default()
}

fn fields(decoder: &mut Decoder, node: &Node) -> Fields {
    let specs = argument(node, "fieldSpecs");
    specs
        .map(|value| kustomization::field_specs(decoder, value))
        .unwrap_or_default()
        .into()
}

/// A generator takes its name and namespace from its metadata when it has none of its own.
fn generator(decoder: &mut Decoder, node: &Node, is_secret: bool) -> kustomization::GeneratorArgs {
    let mut args = kustomization::generator_args(decoder, node, is_secret);
    if args.name.is_empty() {
        edit::metadata_text(node, "name").clone_into(&mut args.name);
    }
    if args.namespace.is_empty() {
        edit::metadata_text(node, "namespace").clone_into(&mut args.namespace);
    }
    args
}

fn iam_policy(decoder: &mut Decoder, node: &Node) -> IamPolicy {
    let name = |decoder: &mut Decoder, field| {
        argument(node, field)
            .map(|value| string(decoder, value, "name"))
            .unwrap_or_default()
    };
    let namespace =
        argument(node, "kubernetesService").map(|value| string(decoder, value, "namespace"));
    let account = argument(node, "serviceAccount");
    let project = account.map(|value| string(decoder, value, "projectId"));
    IamPolicy {
        cloud: string(decoder, node, "cloud"),
        kubernetes_service: name(decoder, "kubernetesService"),
        namespace: namespace.unwrap_or_default(),
        service_account: name(decoder, "serviceAccount"),
        project_id: project.unwrap_or_default(),
    }
}

fn entries(decoder: &mut Decoder, node: &Node, name: &str) -> Transformer {
    let pairs = argument(node, name)
        .map(|value| decoder.string_map(value))
        .unwrap_or_default();
    Transformer::Entries {
        pairs,
        fields: fields(decoder, node),
    }
}

fn image(decoder: &mut Decoder, node: &Node) -> Transformer {
    let image = argument(node, "imageTag").map(|value| kustomization::image(decoder, value));
    Transformer::Images {
        images: vec![(decoder.place(node.start), image.unwrap_or_default())],
        fields: fields(decoder, node),
    }
}

fn replicas(decoder: &mut Decoder, node: &Node) -> Transformer {
    let replica = argument(node, "replica").map(|value| kustomization::replica(decoder, value));
    Transformer::Replicas {
        replica: replica.unwrap_or_default(),
        fields: fields(decoder, node),
    }
}

fn namespace(decoder: &mut Decoder, node: &Node) -> Result<Transformer, Problem> {
    let unset_only = argument(node, "unsetOnly").is_some_and(|value| decoder.boolean(value));
    Ok(Transformer::Namespace {
        namespace: edit::metadata_text(node, "namespace").to_owned(),
        fields: fields(decoder, node),
        unset_only,
        subjects: SubjectMode::from_word(&string(decoder, node, "setRoleBindingSubjects"))?,
    })
}

fn affixes(decoder: &mut Decoder, node: &Node, kind: &str) -> Configured {
    if argument(node, "fieldSpecs").is_none() {
        return Err(PluginProblem::MissingFieldSpecs.into());
    }
    let fields = fields(decoder, node);
    let mut transformers = Vec::new();
    if kind != "SuffixTransformer" {
        let prefix = string(decoder, node, "prefix");
        transformers.push(Transformer::Prefix {
            prefix,
            fields: fields.clone(),
        });
    }
    if kind != "PrefixTransformer" {
        let suffix = string(decoder, node, "suffix");
        transformers.push(Transformer::Suffix { suffix, fields });
    }
    Ok(Plugin::Transformers(transformers))
}

fn patch(decoder: &mut Decoder, node: &Node) -> Patch {
    kustomization::patch(decoder, node)
}

fn json_patch(decoder: &mut Decoder, node: &Node) -> Patch {
    let target = argument(node, "target").map(|value| kustomization::selector(decoder, value));
    Patch {
        at: node.start,
        path: located(decoder, node, "path"),
        text: located(decoder, node, "jsonOp"),
        target,
        ..Patch::default()
    }
}

fn strategic(
    setup: &mut Setup<'_, '_>,
    decoder: &mut Decoder,
    node: &Node,
) -> Result<Transformer, Problem> {
    let paths = argument(node, "paths")
        .map(|value| decoder.located_strings(value))
        .unwrap_or_default();
    let inline = located(decoder, node, "patches");
    prepare::strategic(setup, &paths, &inline)
}

fn replacements(setup: &mut Setup<'_, '_>, decoder: &mut Decoder, node: &Node) -> Transformer {
    let list = argument(node, "replacements");
    let list = list.map(|value| decoder.list(value, kustomization::replacement_field));
    prepare::replacements(setup, &list.unwrap_or_default())
}

fn value_add(
    setup: &mut Setup<'_, '_>,
    decoder: &mut Decoder,
    node: &Node,
) -> Result<Transformer, Problem> {
    let mut value = string(decoder, node, "value").trim().to_owned();
    if value.is_empty() {
        setup.loader.root.file_name().clone_into(&mut value);
    }
    let mut targets = value_targets(decoder, node)?;
    let path = string(decoder, node, "targetFilePath");
    if !path.is_empty() {
        let (_, bytes) = setup.loader.read(setup.context, &path)?;
        let document = document::first(&bytes).map_err(|fault| fault.problem)?;
        targets.extend(value_targets(decoder, &document)?);
    }
    if targets.is_empty() {
        return Err(PluginProblem::ValueAddTargets.into());
    }
    Ok(Transformer::ValueAdd(ValueAdd { value, targets }))
}

fn value_targets(decoder: &mut Decoder, node: &Node) -> Result<Vec<ValueTarget>, Problem> {
    let targets = argument(node, "targets").map(|value| decoder.list(value, value_target));
    targets.unwrap_or_default().into_iter().collect()
}

fn value_target(decoder: &mut Decoder, node: &Node) -> Result<ValueTarget, Problem> {
    let selector = argument(node, "selector").map(|value| kustomization::selector(decoder, value));
    let position = argument(node, "filePathPosition").map_or(0, |value| decoder.integer(value));
    let field_path = string(decoder, node, "fieldPath");
    if field_path.is_empty() {
        return Err(FieldProblem::EmptyName.into());
    }
    let position =
        usize::try_from(position).map_err(|_| PluginProblem::NegativePosition { position })?;
    Ok(ValueTarget {
        selector,
        field_path,
        position,
    })
}
