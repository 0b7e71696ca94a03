//! What a kustomization does to its objects: generators and transformers, in kustomize's order.

use std::sync::Arc;

use super::{Gathered, Step, Target};
use crate::config::{self, Config, Fields};
use crate::context::Context;
use crate::decode::Located;
use crate::document;
use crate::error::{Place, PluginProblem, Problem};
use crate::fieldspec::{self, FieldSpec};
use crate::generate::{self, Generator};
use crate::item::Item;
use crate::items::Items;
use crate::kustomization::{GeneratorArgs, Kustomization, Label};
use crate::origin::{self, Note};
use crate::plugin::{self, Plugin, Setup};
use crate::prepare;
use crate::transform::{SubjectMode, Transformer};

impl Target {
    pub(super) fn run_generators(&self, context: &mut Context<'_>, gathered: &mut Gathered) {
        let general = self.kustomization.generator_options.as_ref();
        let with_options = |args: &GeneratorArgs| GeneratorArgs {
            options: generate::merge_options(args.options.clone(), general),
            ..args.clone()
        };
        for args in &self.kustomization.config_maps {
            let note = self.note("ConfigMapGenerator");
            self.generate(
                context,
                gathered,
                &Generator::ConfigMap(with_options(args)),
                &self.place(args.at),
                note,
            );
        }
        for args in &self.kustomization.secrets {
            let note = self.note("SecretGenerator");
            self.generate(
                context,
                gathered,
                &Generator::Secret(with_options(args)),
                &self.place(args.at),
                note,
            );
        }
        self.run_plugin_generators(context, gathered);
    }

    fn run_plugin_generators(&self, context: &mut Context<'_>, gathered: &mut Gathered) {
        for (config, plugin) in self.plugins(context, |k| &k.generators) {
            match plugin {
                Plugin::Generator(generator) => {
                    self.generate(
                        context,
                        gathered,
                        &generator,
                        &config.place,
                        plugin_note(&config),
                    );
                }
                Plugin::Transformers(_) => {
                    context.fail(
                        &config.place,
                        PluginProblem::NotAGenerator {
                            id: config.current_id().to_string(),
                        },
                    );
                }
            }
        }
    }

    fn generate(
        &self,
        context: &mut Context<'_>,
        gathered: &mut Gathered,
        generator: &Generator,
        place: &Place,
        note: Option<Note>,
    ) {
        let Some(mut item) = generator.run(context, &self.loader, place) else {
            return;
        };
        item.origin = note.map(Box::new);
        let counted = context.count_values(std::slice::from_ref(&item.node));
        if context.note(place, counted).is_none() {
            return;
        }
        let absorbed = gathered.items.absorb(item);
        // What it is to be merged into may be what mistakes have kept out.
        if gathered.is_whole {
            context.note(place, absorbed);
        }
    }

    fn note(&self, kind: &str) -> Option<Note> {
        self.configured_in().map(|file| Note::builtin(&file, kind))
    }

    /// Returns the transformers in the order in which kustomize 5.8.1 runs them.
    pub(super) fn steps(&self, context: &mut Context<'_>, config: &Config) -> Vec<Step> {
        let mut steps = self.patch_steps(context);
        steps.extend(self.name_steps(config));
        steps.extend(self.label_steps(context, config));
        steps.extend(self.late_steps(context, config));
        steps.extend(self.plugin_steps(context, |k| &k.transformers));
        steps
    }

    fn step(&self, kind: &str, at: windlass_yaml::Position, transformer: Transformer) -> Step {
        Step {
            transformer,
            place: self.place(at),
            note: self.note(kind),
        }
    }

    fn prepared(
        &self,
        context: &mut Context<'_>,
        kind: &str,
        at: windlass_yaml::Position,
        prepare: impl FnOnce(&mut Setup<'_, '_>) -> Result<Transformer, Problem>,
    ) -> Option<Step> {
        let place = self.place(at);
        let mut setup = Setup {
            context,
            loader: &self.loader,
            place: place.clone(),
        };
        let original = |words: &str| {
            // The config is not shown, since a patch may hold a secret.
            format!("trouble configuring builtin {kind} with config: `…`: {words}")
        };
        let prepared = prepare(&mut setup);
        let transformer = prepared
            .map_err(|problem| context.fail_as(&place, problem, original))
            .ok()?;
        Some(self.step(kind, at, transformer))
    }

    fn patch_steps(&self, context: &mut Context<'_>) -> Vec<Step> {
        let strategic = &self.kustomization.strategic_patches;
        let mut steps = Vec::new();
        if let Some(first) = strategic.first() {
            let prepare = |setup: &mut Setup<'_, '_>| {
                prepare::strategic(setup, strategic, &Located::default())
            };
            steps.extend(self.prepared(
                context,
                "PatchStrategicMergeTransformer",
                first.at,
                prepare,
            ));
        }
        for patch in &self.kustomization.patches {
            let prepare = |setup: &mut Setup<'_, '_>| prepare::patch(setup, patch);
            steps.extend(self.prepared(context, "PatchTransformer", patch.at, prepare));
        }
        steps
    }

    fn name_steps(&self, config: &Config) -> Vec<Step> {
        let this = &self.kustomization;
        let mut steps = Vec::new();
        if !this.namespace.value.is_empty() {
            let transformer = Transformer::Namespace {
                namespace: this.namespace.value.clone(),
                fields: config.namespace.clone(),
                unset_only: false,
                subjects: SubjectMode::default(),
            };
            steps.push(self.step("NamespaceTransformer", this.namespace.at, transformer));
        }
        if !this.name_prefix.value.is_empty() {
            let prefix = this.name_prefix.value.clone();
            let transformer = Transformer::Prefix {
                prefix,
                fields: config.name_prefix.clone(),
            };
            steps.push(self.step("PrefixTransformer", this.name_prefix.at, transformer));
        }
        if !this.name_suffix.value.is_empty() {
            let suffix = this.name_suffix.value.clone();
            let transformer = Transformer::Suffix {
                suffix,
                fields: config.name_suffix.clone(),
            };
            steps.push(self.step("SuffixTransformer", this.name_suffix.at, transformer));
        }
        steps
    }

    fn label_steps(&self, context: &mut Context<'_>, config: &Config) -> Vec<Step> {
        let this = &self.kustomization;
        let mut steps = Vec::new();
        for label in &this.labels {
            let fields = label_fields(label, config);
            if let Some(fields) = context.note(&self.place(label.at), fields) {
                let transformer = Transformer::Entries {
                    pairs: label.pairs.clone(),
                    fields,
                };
                steps.push(self.step("LabelTransformer", label.at, transformer));
            }
        }
        // kustomize runs the last one even when there are only `labels`.
        if !this.labels.is_empty() || !this.common_labels.value.is_empty() {
            let pairs = this.common_labels.value.clone();
            let transformer = Transformer::Entries {
                pairs,
                fields: Arc::clone(&config.common_labels),
            };
            steps.push(self.step("LabelTransformer", this.common_labels.at, transformer));
        }
        if !this.common_annotations.value.is_empty() {
            let pairs = this.common_annotations.value.clone();
            let transformer = Transformer::Entries {
                pairs,
                fields: config.common_annotations.clone(),
            };
            steps.push(self.step(
                "AnnotationsTransformer",
                this.common_annotations.at,
                transformer,
            ));
        }
        steps
    }

    fn late_steps(&self, context: &mut Context<'_>, config: &Config) -> Vec<Step> {
        let this = &self.kustomization;
        let mut steps = Vec::new();
        for patch in &this.json_patches {
            let prepare = |setup: &mut Setup<'_, '_>| prepare::json_patch(setup, patch);
            steps.extend(self.prepared(context, "PatchJson6902Transformer", patch.at, prepare));
        }
        for replica in &this.replicas {
            let fields = config.replicas.clone();
            let transformer = Transformer::Replicas {
                replica: replica.clone(),
                fields,
            };
            steps.push(self.step("ReplicaCountTransformer", replica.at, transformer));
        }
        if let Some(first) = this.images.first() {
            let images = this.images.iter();
            let transformer = Transformer::Images {
                images: images
                    .map(|image| (self.place(image.at), image.clone()))
                    .collect(),
                fields: config.images.clone(),
            };
            steps.push(self.step("ImageTagTransformer", first.at, transformer));
        }
        if let Some(first) = this.replacements.first() {
            let prepare =
                |setup: &mut Setup<'_, '_>| Ok(prepare::replacements(setup, &this.replacements));
            steps.extend(self.prepared(
                context,
                "ReplacementTransformer",
                first.inline.at,
                prepare,
            ));
        }
        steps
    }

    /// Returns the transformers or validators that are configured by objects of their own.
    pub(super) fn plugin_steps(
        &self,
        context: &mut Context<'_>,
        list: fn(&Kustomization) -> &Vec<Located<String>>,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        for (config, plugin) in self.plugins(context, list) {
            let Plugin::Transformers(transformers) = plugin else {
                context.fail(
                    &config.place,
                    PluginProblem::NotATransformer {
                        id: config.current_id().to_string(),
                    },
                );
                continue;
            };
            let first = steps.len();
            steps.extend(transformers.into_iter().map(|transformer| Step {
                transformer,
                place: config.place.clone(),
                note: None,
            }));
            // A plugin of two transformers is one to the objects.
            if let Some(last) = steps[first..].last_mut() {
                last.note = plugin_note(&config);
            }
        }
        steps
    }

    /// Returns the plugins of a list, those that stand inline first.
    fn plugins(
        &self,
        context: &mut Context<'_>,
        list: fn(&Kustomization) -> &Vec<Located<String>>,
    ) -> Vec<(Item, Plugin)> {
        let mut configs = Gathered::default();
        let mut paths = Vec::new();
        for entry in list(&self.kustomization) {
            match document::objects(entry.value.as_bytes()) {
                Ok(nodes) => self.add_inline(context, &mut configs.items, entry, nodes),
                Err(fault) if entry.value.contains('\n') => {
                    let mut place = self.place(entry.at);
                    place.line += fault.at.line;
                    context.fail(&place, fault.problem);
                }
                Err(_) => paths.push(entry.clone()),
            }
        }
        self.add_resources(context, &mut configs, &paths, "");
        let configured = |config: Item| {
            let plugin = plugin::configure(context, &self.loader, &config)?;
            Some((config, plugin))
        };
        configs
            .items
            .into_vec()
            .into_iter()
            .filter_map(configured)
            .collect()
    }

    fn add_inline(
        &self,
        context: &mut Context<'_>,
        configs: &mut Items,
        entry: &Located<String>,
        nodes: Vec<windlass_yaml::Node>,
    ) {
        for node in nodes {
            let mut item = Item::new(node, self.place(entry.at), &context.schemas);
            item.origin = self.origin.as_deref().map(|origin| {
                Box::new(Note {
                    path: origin::join(origin, self.file.file_name()),
                    ..Note::default()
                })
            });
            let place = item.place.clone();
            let added = configs.append(item);
            context.note(&place, added);
        }
    }
}

/// Returns what objects say about a plugin that is configured by an object.
fn plugin_note(config: &Item) -> Option<Note> {
    let origin = config.origin.as_ref()?;
    Some(Note::plugin(&origin.path, &config.node))
}

/// Returns the fields that an entry of `labels` changes.
fn label_fields(label: &Label, config: &Config) -> Result<Fields, Problem> {
    let built_in = &config::built_in().common_labels;
    let adds_none = label.fields.is_empty() && config.labels.is_empty();
    if label.in_selectors && adds_none && Arc::ptr_eq(&config.common_labels, built_in) {
        return Ok(Arc::clone(built_in));
    }
    let mut fields = label.fields.clone();
    fieldspec::merge_all(&mut fields, &config.labels)?;
    if label.in_selectors {
        fieldspec::merge_all(&mut fields, &config.common_labels)?;
        return Ok(Arc::new(fields));
    }
    if label.in_templates {
        fieldspec::merge_all(&mut fields, &config.template_labels)?;
    }
    fieldspec::merge_all(&mut fields, &[FieldSpec::of_all("metadata/labels", true)])?;
    Ok(Arc::new(fields))
}
