//! The generators: ConfigMaps, Secrets and service accounts made from files and literals.

mod data;
mod sources;

use windlass_yaml::Node;

use crate::context::Context;
use crate::edit;
use crate::error::{GeneratorProblem, Place, Problem};
use crate::item::Item;
use crate::kustomization::{GeneratorArgs, GeneratorOptions, Pairs};
use crate::loader::Loader;

/// A configured generator.
#[derive(Clone, Debug)]
pub(crate) enum Generator {
    ConfigMap(GeneratorArgs),
    Secret(GeneratorArgs),
    IamPolicy(IamPolicy),
}

/// The arguments of the `IAMPolicyGenerator`.
#[derive(Clone, Debug, Default)]
pub(crate) struct IamPolicy {
    pub(crate) cloud: String,
    pub(crate) kubernetes_service: String,
    pub(crate) namespace: String,
    pub(crate) service_account: String,
    pub(crate) project_id: String,
}

impl Generator {
    /// Returns the object, if all its sources can be read; says what is wrong otherwise.
    pub(crate) fn run(
        &self,
        context: &mut Context<'_>,
        loader: &Loader,
        place: &Place,
    ) -> Option<Item> {
        match self {
            Self::ConfigMap(args) => object(context, loader, place, args, "ConfigMap"),
            Self::Secret(args) => object(context, loader, place, args, "Secret"),
            Self::IamPolicy(policy) => {
                let node = policy.service_account();
                let node = context.note(place, node)?;
                Some(Item::new(node, place.clone(), &context.schemas))
            }
        }
    }
}

fn object(
    context: &mut Context<'_>,
    loader: &Loader,
    place: &Place,
    args: &GeneratorArgs,
    kind: &'static str,
) -> Option<Item> {
    if args.name.is_empty() {
        context.fail(place, GeneratorProblem::Nameless { kind });
        return None;
    }
    let pairs = sources::read(context, loader, place, args, kind)?;
    let mut node = base(kind, args);
    match kind {
        "Secret" => data::fill_secret(&mut node, pairs),
        _ => data::fill_config_map(&mut node, pairs),
    }
    let no_hash = args.options.as_ref().is_some_and(|options| options.no_hash);
    if let Some(options) = &args.options {
        add_options(&mut node, options);
    }
    let mut item = Item::new(node, place.clone(), &context.schemas);
    item.needs_hash = !no_hash;
    item.behavior = args.behavior;
    item.is_generated = true;
    Some(item)
}

fn base(kind: &str, args: &GeneratorArgs) -> Node {
    let mut metadata = vec![("name", Node::string(args.name.as_str()))];
    if !args.namespace.is_empty() {
        metadata.push(("namespace", Node::string(args.namespace.as_str())));
    }
    let mut node = Node::mapping([
        ("apiVersion", Node::string("v1")),
        ("kind", Node::string(kind)),
    ]);
    node.set("metadata", Node::mapping(metadata));
    if kind == "Secret" {
        let of_type = if args.secret_type.is_empty() {
            "Opaque"
        } else {
            &args.secret_type
        };
        node.set("type", Node::string(of_type));
    }
    node
}

fn add_options(node: &mut Node, options: &GeneratorOptions) {
    for (field, pairs) in [
        ("labels", &options.labels),
        ("annotations", &options.annotations),
    ] {
        edit::set_metadata_map(node, field, pairs.clone());
    }
    if options.immutable {
        node.set("immutable", Node::bool(true));
    }
}

/// Returns the options of one generator with those of the kustomization behind them.
pub(crate) fn merge_options(
    own: Option<GeneratorOptions>,
    general: Option<&GeneratorOptions>,
) -> Option<GeneratorOptions> {
    let Some(general) = general else { return own };
    let mut options = own.unwrap_or_default();
    add_missing(&mut options.labels, &general.labels);
    add_missing(&mut options.annotations, &general.annotations);
    options.no_hash |= general.no_hash;
    options.immutable |= general.immutable;
    Some(options)
}

fn add_missing(pairs: &mut Pairs, more: &Pairs) {
    for (key, value) in more {
        if pairs.iter().all(|(there, _)| there != key) {
            pairs.push((key.clone(), value.clone()));
        }
    }
    pairs.sort();
}

impl IamPolicy {
    fn service_account(&self) -> Result<Node, Problem> {
        if self.cloud != "gke" {
            return Err(GeneratorProblem::Cloud {
                cloud: self.cloud.clone(),
            }
            .into());
        }
        let account = format!(
            "{}@{}.iam.gserviceaccount.com",
            self.service_account, self.project_id
        );
        let annotations =
            Node::mapping([("iam.gke.io/gcp-service-account", Node::string(account))]);
        let name = Node::string(self.kubernetes_service.as_str());
        let mut metadata = Node::mapping([("annotations", annotations), ("name", name)]);
        if !self.namespace.is_empty() {
            metadata.set("namespace", Node::string(self.namespace.as_str()));
        }
        Ok(Node::mapping([
            ("apiVersion", Node::string("v1")),
            ("kind", Node::string("ServiceAccount")),
            ("metadata", metadata),
        ]))
    }
}
