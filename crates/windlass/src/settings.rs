//! `windlass.yaml`: what a repository says besides its manifests.

mod reader;

use windlass_health::{Rule, Rules};
use windlass_plan::{IgnoreRule, Ignored, Pointer, Target};
use windlass_tree::{Tree, TreePath};
use windlass_yaml::Node;

use crate::failure::Failure;
use reader::Reader;

/// The file, beside `kustomize/`. There need not be one.
const FILE: &str = "windlass.yaml";
/// The largest one that is read.
const MAX_SIZE: usize = 1 << 20;

/// What holds for the units of an environment.
#[derive(Default)]
pub(crate) struct Settings {
    /// Which fields are left to others.
    pub(crate) ignore: Vec<IgnoreRule>,
    /// How well objects are of kinds that nobody else knows.
    pub(crate) health: Rules,
    /// The text, to tell whether it is another one.
    text: Vec<u8>,
}

impl Settings {
    /// Reads the settings of an environment. Returns every mistake.
    pub(crate) fn read(tree: &dyn Tree, env: &str) -> Result<Self, Failure> {
        let path = TreePath::new(FILE)?;
        if tree.kind(&path)?.is_none() {
            return Ok(Self::default());
        }
        let bytes = tree.read(&path)?;
        if bytes.len() > MAX_SIZE {
            let text = format!(
                "{FILE}: it has {} bytes; the limit is {MAX_SIZE}",
                bytes.len()
            );
            return Err(Failure::of([text]));
        }
        let settings = parse(&bytes, env).map_err(Failure::of)?;
        Ok(Self {
            text: bytes.to_vec(),
            ..settings
        })
    }

    /// Returns whether both were read from the same text.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

fn parse(bytes: &[u8], env: &str) -> Result<Settings, Vec<String>> {
    let documents = windlass_yaml::parse(bytes).map_err(|error| vec![error.in_file(FILE)])?;
    let mut reader = Reader::new(FILE, bytes);
    let mut settings = Settings::default();
    let mut health = Vec::new();
    for document in documents {
        let mut root = document.into_root();
        if let Err(error) = root.expand_aliases(&windlass_yaml::Limits::default()) {
            return Err(vec![error.in_file(FILE)]);
        }
        for (key, value) in reader.fields(&root, &["ignore", "healthCheckExprs"]) {
            for item in reader.items(value) {
                let is_about = reader.is_about(item, env);
                match key {
                    "ignore" => {
                        let rule = ignore(&mut reader, item);
                        settings.ignore.extend(is_about.then_some(rule));
                    }
                    _ => health.extend(expressions(&mut reader, item).filter(|_| is_about)),
                }
            }
        }
    }
    settings.health = Rules::new(health);
    reader.into_result(settings)
}

fn ignore(reader: &mut Reader<'_>, item: &Node) -> IgnoreRule {
    let (mut target, mut ignored) = (Target::default(), Ignored::default());
    for (key, value) in reader.fields(item, &["paths", "managers", "target", "environments"]) {
        match key {
            "paths" => {
                for (text, node) in reader.texts(value) {
                    let pointer = Pointer::parse(text);
                    ignored.pointers.extend(reader.checked(node, pointer));
                }
            }
            "managers" => {
                let names = reader.texts(value);
                ignored
                    .managers
                    .extend(names.iter().map(|(name, _)| (*name).to_owned()));
            }
            "target" => {
                for (field, node) in reader.fields(value, &Target::FIELDS) {
                    if let Some(text) = reader.text(node) {
                        let set = target.set(field, text);
                        reader.checked(node, set);
                    }
                }
            }
            _ => {}
        }
    }
    let has = |key: &str| item.get(key).is_some();
    if item.is_mapping() && !has("paths") && !has("managers") {
        reader.mistake(item, "it ignores nothing: give paths or managers");
    }
    IgnoreRule { target, ignored }
}

fn expressions(reader: &mut Reader<'_>, item: &Node) -> Option<Rule> {
    let known = [
        "apiVersion",
        "kind",
        "inProgress",
        "failed",
        "current",
        "environments",
    ];
    let fields = reader.fields(item, &known);
    let mut text = |name: &str| {
        let (_, node) = fields.iter().find(|(key, _)| *key == name)?;
        Some((reader.text(node)?, *node))
    };
    let (version, kind) = (text("apiVersion"), text("kind"));
    let (current, in_progress, failed) = (text("current"), text("inProgress"), text("failed"));
    let (Some((version, _)), Some((current, node))) = (version, current) else {
        reader.mistake(item, "a health check has apiVersion and current");
        return None;
    };
    let kind = kind.map(|(kind, _)| kind);
    let given = [Some((current, node)), in_progress, failed];
    let given = given.into_iter().flatten();
    // Each by itself first, so that every mistake is told.
    let is_good =
        given.map(|(source, node)| reader.compiled(node, Rule::new(version, kind, source)));
    if is_good.collect::<Vec<_>>().iter().any(Option::is_none) {
        return None;
    }
    let mut rule = Rule::new(version, kind, current).ok()?;
    if let Some((source, _)) = in_progress {
        rule = rule.in_progress(source).ok()?;
    }
    if let Some((source, _)) = failed {
        rule = rule.failed(source).ok()?;
    }
    Some(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> String {
        let errors = parse(text.as_bytes(), "dev").err().unwrap();
        errors.join("\n")
    }

    #[test]
    fn rules_of_other_environments_are_left_out_but_checked() {
        let text = "
ignore:
- paths: [/spec/replicas]
  managers: [hpa]
  target: {kind: Deployment, labelSelector: app=web}
- paths: [/spec/paused]
  environments: [prod, staging]
healthCheckExprs:
- apiVersion: example.dev/v1
  current: status.ready
  environments: [prod]
";
        let settings = parse(text.as_bytes(), "dev").unwrap();
        assert_eq!(settings.ignore.len(), 1);
        assert_eq!(settings.ignore[0].ignored.managers, ["hpa"]);
        assert_eq!(parse(text.as_bytes(), "prod").unwrap().ignore.len(), 2);
        let wrong = text.replace("/spec/paused", "spec.paused");
        assert!(parse(wrong.as_bytes(), "dev").is_err());
    }

    #[test]
    fn an_empty_file_says_nothing() {
        for text in ["", "# nothing\n", "ignore: []\n", "---\n"] {
            assert!(
                parse(text.as_bytes(), "dev").unwrap().ignore.is_empty(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        insta::assert_snapshot!(mistakes("
ignore:
- paths: [spec.replicas, /metadata/name]
  taget: {}
- target: {kind: '(', nam: a}
- paths: /spec/replicas
ignroe: []
healthCheckExprs:
- apiVersion: example.dev/v1
  current: status.phase ==
- apiVersion: example.dev/v1
  current: |
    status.ready &&
      statsu.done
- kind: Widget
"), @r#"
        windlass.yaml:3:11: "spec.replicas" is no JSON pointer; write one such as /spec/replicas
        windlass.yaml:3:26: /metadata/name cannot be ignored: it says which object it is
        windlass.yaml:4:3: there is no taget; known are paths, managers, target, environments
        windlass.yaml:5:3: it ignores nothing: give paths or managers
        windlass.yaml:5:18: error parsing regexp: missing closing ): `^(?:()$`
        windlass.yaml:5:23: there is no nam; known are group, version, kind, name, namespace, labelSelector, annotationSelector
        windlass.yaml:6:10: a list belongs here
        windlass.yaml:7:1: there is no ignroe; known are ignore, healthCheckExprs
        windlass.yaml:10:27: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}
        windlass.yaml:14:7: undeclared reference to 'statsu' (in container '')
        windlass.yaml:15:3: a health check has apiVersion and current
        "#);
        assert!(mistakes("ignore: {a: [}\n").starts_with("windlass.yaml:1:"));
        assert_eq!(
            mistakes("- a\n"),
            "windlass.yaml:1:1: a mapping belongs here"
        );
    }
}
