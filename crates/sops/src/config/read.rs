//! The file as YAML.

use std::collections::BTreeMap;

use windlass_regexp::{InvalidRegexp, Regexp};
use windlass_yaml::{Limits, Node, ParseError};

use super::{Config, ConfigError, CreationRule, PathRule, destination, keys};
use crate::{Indent, Selection, SelectionKind, Style};

/// A configuration is written by hand: more than this is none.
const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    depth: 50,
    nodes: 100_000,
    expansion: 100_000,
};

/// Each rule may cost the compilation of a regular expression.
const MAX_RULES: usize = 1000;

pub(super) fn config(text: &str) -> Result<Config, ConfigError> {
    let Some(root) = root(text)? else {
        return Ok(Config::default());
    };
    let fields = Fields::of(&root)?;
    let creation_rules = match fields.get("creation_rules") {
        None => None,
        rules => Some(each(items(rules, "creation_rules")?, creation_rule)?),
    };
    let destinations = items(fields.get("destination_rules"), "destination_rules")?;
    Ok(Config {
        creation_rules,
        destination_rules: each(destinations, destination::written)?,
        style: style(&fields)?,
    })
}

/// Reads nothing but how documents are laid out.
pub(super) fn style_only(text: &str) -> Result<Style, ConfigError> {
    match root(text)? {
        None => Ok(Style::default()),
        Some(root) => style(&Fields::of(&root)?),
    }
}

/// Returns the document without aliases; `None` when it is empty.
fn root(text: &str) -> Result<Option<Node>, ConfigError> {
    let options = windlass_yaml::ParseOptions {
        limits: LIMITS,
        ..Default::default()
    };
    let document = windlass_yaml::parse_first(text, &options).map_err(|error| syntax(&error))?;
    let Some(mut document) = document else {
        return Ok(None);
    };
    let expanded = document.root.expand_aliases(&LIMITS);
    expanded.map_err(|error| syntax(&error))?;
    Ok(Some(document.root).filter(|root| !root.is_null()))
}

fn each<T>(
    nodes: &[Node],
    read: impl Fn(&Node) -> Result<T, ConfigError>,
) -> Result<Vec<T>, ConfigError> {
    if let Some(node) = nodes.get(MAX_RULES) {
        return Err(error(
            node,
            &format!("there are more than {MAX_RULES} rules"),
        ));
    }
    nodes.iter().map(read).collect()
}

fn syntax(error: &ParseError) -> ConfigError {
    let at = error.position();
    let reason = error.to_string();
    ConfigError {
        line: at.line,
        column: at.column,
        reason: match reason.split_once(": ") {
            Some((line, reason)) if line.starts_with("line ") => reason.to_owned(),
            _ => reason,
        },
        is_mistyped: false,
    }
}

pub(super) fn error(node: &Node, reason: &str) -> ConfigError {
    ConfigError {
        line: node.start.line,
        column: node.start.column,
        reason: reason.to_owned(),
        is_mistyped: false,
    }
}

/// Returns that a node is of a type that sops does not read, whoever needs it.
pub(super) fn mistyped(node: &Node, reason: &str) -> ConfigError {
    ConfigError {
        is_mistyped: true,
        ..error(node, reason)
    }
}

/// Returns the items of a list that may be missing.
pub(super) fn items<'n>(node: Option<&'n Node>, field: &str) -> Result<&'n [Node], ConfigError> {
    match node {
        None => Ok(&[]),
        Some(node) => node
            .as_sequence()
            .ok_or_else(|| mistyped(node, &format!("{field} must be a list"))),
    }
}

pub(super) fn creation_rule(node: &Node) -> Result<CreationRule, ConfigError> {
    let fields = Fields::of(node)?;
    let threshold = fields.number("shamir_threshold")?.unwrap_or_default();
    let wrong = |_| error(node, "shamir_threshold must not be negative");
    let mac_only_encrypted = fields.flag("mac_only_encrypted")?;
    let (path, groups) = (fields.path_rule(), keys::groups(&fields));
    let selection = selection(&fields);
    // What is of a wrong type comes first: for sops there is nothing else then.
    let wrongs = [
        path.as_ref().err(),
        groups.as_ref().err(),
        selection.as_ref().err(),
    ];
    if let Some(wrong) = wrongs.into_iter().flatten().find(|wrong| wrong.is_mistyped) {
        return Err(wrong.clone());
    }
    Ok(CreationRule {
        line: node.start.line,
        path: path?,
        groups: groups?,
        threshold: usize::try_from(threshold).map_err(wrong)?,
        selection: selection?,
        mac_only_encrypted,
    })
}

fn selection(fields: &Fields<'_>) -> Result<Option<Selection>, ConfigError> {
    let mut found: Option<Selection> = None;
    for kind in SelectionKind::ALL {
        let Some(node) = fields.get(kind.field()) else {
            continue;
        };
        let Some(text) = fields.text(kind.field())? else {
            continue;
        };
        let selection = Selection::new(kind, &text);
        let selection = selection.map_err(|wrong| error(node, &wrong.to_string()))?;
        if let Some(first) = found.replace(selection) {
            let (first, second) = (first.kind().field(), kind.field());
            return Err(error(
                node,
                &format!("{first} and {second} exclude each other"),
            ));
        }
    }
    Ok(found)
}

fn style(fields: &Fields<'_>) -> Result<Style, ConfigError> {
    let default = Style::default();
    let Some(stores) = fields.get("stores") else {
        return Ok(default);
    };
    let stores = Fields::of(stores)?;
    let indent = |store: &str| match stores.get(store) {
        Some(node) => Fields::of(node)?.number("indent"),
        None => Ok(None),
    };
    let json = |store: &str| {
        let indent = indent(store)?.map(|width| match u8::try_from(width) {
            Ok(width) => Indent::Spaces(width),
            Err(_) => Indent::Tab,
        });
        Ok::<_, ConfigError>(indent.unwrap_or(Indent::Tab))
    };
    let yaml = indent("yaml")?.and_then(|width| u8::try_from(width).ok());
    Ok(Style {
        // sops takes 0 for "not set", and go-yaml takes 2 to 9.
        yaml: yaml.filter(|width| *width != 0).unwrap_or(default.yaml),
        json: json("json")?,
        binary: json("json_binary")?,
    })
}

/// The fields of a mapping. What is null is missing.
pub(super) struct Fields<'n>(&'n Node);

impl<'n> Fields<'n> {
    pub(super) fn of(node: &'n Node) -> Result<Self, ConfigError> {
        if node.is_mapping() {
            Ok(Self(node))
        } else {
            Err(mistyped(node, "expected a mapping"))
        }
    }

    pub(super) fn node(&self) -> &'n Node {
        self.0
    }

    pub(super) fn get(&self, field: &str) -> Option<&'n Node> {
        self.0.get(field).filter(|node| !node.is_null())
    }

    /// Refuses a text, a number or a switch that is none.
    pub(super) fn check(
        &self,
        texts: &[&str],
        numbers: &[&str],
        flags: &[&str],
    ) -> Result<(), ConfigError> {
        texts
            .iter()
            .try_for_each(|field| self.text(field).map(drop))?;
        numbers
            .iter()
            .try_for_each(|field| self.number(field).map(drop))?;
        flags
            .iter()
            .try_for_each(|field| self.flag(field).map(drop))
    }

    /// Returns a text; an empty one is missing.
    pub(super) fn text(&self, field: &str) -> Result<Option<String>, ConfigError> {
        let Some(node) = self.get(field) else {
            return Ok(None);
        };
        let wrong = || mistyped(node, &format!("{field} must be a text"));
        let text = node.text().ok_or_else(wrong)?;
        Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
    }

    pub(super) fn required(&self, field: &str) -> Result<String, ConfigError> {
        let missing = || error(self.0, &format!("{field} is missing"));
        self.text(field)?.ok_or_else(missing)
    }

    pub(super) fn number(&self, field: &str) -> Result<Option<i64>, ConfigError> {
        let Some(node) = self.get(field) else {
            return Ok(None);
        };
        let wrong = || mistyped(node, &format!("{field} must be a whole number"));
        node.as_i64().map(Some).ok_or_else(wrong)
    }

    pub(super) fn flag(&self, field: &str) -> Result<bool, ConfigError> {
        let Some(node) = self.get(field) else {
            return Ok(false);
        };
        // go-yaml reads the switches of YAML 1.1 where it knows that one is wanted.
        let switch = || match node.text()? {
            "y" | "Y" | "yes" | "on" => Some(true),
            "n" | "N" | "no" | "off" => Some(false),
            _ => None,
        };
        let wrong = || mistyped(node, &format!("{field} must be true or false"));
        node.as_bool().or_else(switch).ok_or_else(wrong)
    }

    pub(super) fn texts(&self, field: &str) -> Result<BTreeMap<String, String>, ConfigError> {
        let Some(node) = self.get(field) else {
            return Ok(BTreeMap::new());
        };
        let wrong = || mistyped(node, &format!("{field} must be a mapping of texts"));
        let pairs = node.as_mapping().ok_or_else(wrong)?.iter();
        pairs
            .map(|(key, value)| Some((key.text()?.to_owned(), value.text()?.to_owned())))
            .collect::<Option<_>>()
            .ok_or_else(wrong)
    }

    pub(super) fn path_rule(&self) -> Result<PathRule, ConfigError> {
        let (Some(node), Some(source)) = (self.get("path_regex"), self.text("path_regex")?) else {
            return Ok(PathRule::default());
        };
        let wrong = |InvalidRegexp { reason, .. }: InvalidRegexp| {
            error(
                node,
                &format!("path_regex: {source:?} is not a regular expression: {reason}"),
            )
        };
        let pattern = Regexp::new(&source).map_err(wrong)?;
        Ok(PathRule(Some((source, pattern))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoDestination;

    fn parse(text: &str) -> Config {
        Config::parse(text).unwrap()
    }

    fn refused(text: &str) -> String {
        Config::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn keys_of_a_rule_are_one_group_in_the_order_of_sops() {
        let config = parse(
            "keys: &a age1x\ncreation_rules:\n  - kms: arn:aws:kms:x:1:key/k+arn:aws:iam::1:role/r\n    aws_profile: p\n    pgp: [85D7, 'AA BB,']\n    age: >-\n      *a,\n      age1y,\n",
        );
        let rule = config.creation_rule("any").unwrap().unwrap();
        let names: Vec<_> = rule.groups[0]
            .keys
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            names,
            [
                "*a",
                "age1y",
                "85D7",
                "AABB",
                "arn:aws:kms:x:1:key/k+arn:aws:iam::1:role/r||p"
            ]
        );
    }

    #[test]
    fn a_switch_may_be_one_of_yaml_1_1() {
        let rules = |text: &str| {
            let text = format!("creation_rules: [{{mac_only_encrypted: {text}}}]");
            parse(&text).creation_rules.unwrap()[0].mac_only_encrypted
        };
        assert_eq!(["yes", "true", "off"].map(rules), [true, true, false]);
        refused("creation_rules: [{mac_only_encrypted: maybe}]");
    }

    #[test]
    fn merged_groups_hold_each_key_once() {
        let config = parse(
            "creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - merge: [{age: [age1a]}, {age: [age1a, age1c]}]\n        age: [age1c, age1d]\n      - kms: [{arn: arn:x, context: {App: y}}]\n",
        );
        let rule = config.creation_rule("any").unwrap().unwrap();
        let names = |at: usize| rule.groups[at].keys.iter().map(ToString::to_string);
        assert_eq!(names(0).collect::<Vec<_>>(), ["age1a", "age1c", "age1d"]);
        assert_eq!(names(1).collect::<Vec<_>>(), ["arn:x|App:y"]);
        assert_eq!(rule.threshold, 2);
    }

    #[test]
    fn no_rules_are_not_the_same_as_an_empty_list() {
        assert!(
            parse("stores: {json: {indent: 3}}")
                .creation_rule("x")
                .unwrap()
                .is_none()
        );
        assert!(parse("").creation_rule("x").unwrap().is_none());
        let error = parse("creation_rules: []").creation_rule("x").unwrap_err();
        insta::assert_snapshot!(error, @r#"no creation rule matches "x": there are no rules"#);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        insta::assert_snapshot!(refused("creation_rules:\n  - encrypted_regex: '['\n"), @r#"line 2, column 22: encrypted_regex: "[" is not a regular expression: missing closing ]"#);
        insta::assert_snapshot!(refused("creation_rules:\n  - path_regex: a(\n"), @r#"line 2, column 17: path_regex: "a(" is not a regular expression: missing closing )"#);
        insta::assert_snapshot!(refused("creation_rules: [{encrypted_regex: a, encrypted_suffix: b}]"), @r#"line 1, column 36: encrypted_suffix and encrypted_regex exclude each other"#);
        insta::assert_snapshot!(refused("creation_rules: x"), @r#"line 1, column 17: creation_rules must be a list"#);
        insta::assert_snapshot!(refused("creation_rules:\n  - hc_vault_transit_uri: http://x\n"), @r#"line 2, column 27: "http://x" is not the name of a HashiCorp Vault key; expected https://HOST/v1/ENGINE/keys/NAME"#);
        insta::assert_snapshot!(refused("destination_rules: [{s3_bucket: [a]}]"), @r#"line 1, column 33: s3_bucket must be a text"#);
        insta::assert_snapshot!(refused("a: [\n"), @"line 2, column 1: did not find expected node content while parsing a flow node at line 2");
    }

    #[test]
    fn a_destination_is_one_of_three() {
        let config = parse(
            "destination_rules:\n  - path_regex: ^s3/\n    s3_bucket: b\n    s3_prefix: p/\n    recreation_rule: {pgp: AB}\n  - vault_path: v\n    vault_kv_version: 1\n",
        );
        let rule = config.destination_rule("s3/x.yaml").unwrap();
        assert!(rule.recreation.is_some());
        assert!(
            matches!(&rule.destination, crate::Destination::S3 { prefix, .. } if prefix == "p/")
        );
        let rule = config.destination_rule("x.yaml").unwrap();
        assert!(matches!(
            &rule.destination,
            crate::Destination::Vault { version: 1, .. }
        ));
    }

    #[test]
    fn only_a_wrong_type_in_a_destination_rule_keeps_documents_from_being_made() {
        for rule in [
            "{s3_bucket: [x]}",
            "{path_regex: '[', gcs_prefix: {}}",
            "{vault_address: [x]}",
            "{vault_kv_version: two}",
            "{s3_bucket: a, omit_extensions: maybe}",
            "{s3_bucket: a, recreation_rule: x}",
            "{s3_bucket: a, recreation_rule: {path_regex: '[', key_groups: x}}",
            "x",
        ] {
            refused(&format!("destination_rules: [{rule}]"));
        }
        refused("destination_rules: {}");
        for rule in [
            "{}",
            "null",
            "{s3_bucket: a, gcs_bucket: b}",
            "{path_regex: '[', s3_bucket: a}",
            "{vault_path: a, vault_kv_version: 3}",
            "{s3_bucket: a, recreation_rule: {path_regex: '['}}",
            "{s3_bucket: a, recreation_rule: {encrypted_regex: a, encrypted_suffix: b}}",
            "{s3_bucket: a, recreation_rule: {shamir_threshold: -1}}",
            "{s3_bucket: a, recreation_rule: {pgp: {}}}",
            "{s3_bucket: a, recreation_rule: {hc_vault_transit_uri: x}}",
        ] {
            let config = parse(&format!(
                "creation_rules: [{{}}]\ndestination_rules: [{rule}]"
            ));
            assert!(config.creation_rule("x").unwrap().is_some());
            let wrong = config.destination_rule("x").unwrap_err();
            assert!(
                matches!(wrong, NoDestination::Malformed(_)),
                "{rule}: {wrong}"
            );
        }
    }

    #[test]
    fn a_destination_rule_behind_the_one_that_matches_may_be_malformed() {
        let config = parse(
            "destination_rules:\n- {path_regex: ^a, s3_bucket: a}\n- {path_regex: ^b}\n- {path_regex: '['}\n",
        );
        assert!(config.destination_rule("a").is_ok());
        let wrong = |path| config.destination_rule(path).unwrap_err().to_string();
        insta::assert_snapshot!(wrong("b"), @"line 3, column 3: a destination rule names one of s3_bucket, gcs_bucket and vault_path");
        insta::assert_snapshot!(wrong("c"), @r#"line 4, column 16: path_regex: "[" is not a regular expression: missing closing ]"#);
        let config = parse("destination_rules:\n- {path_regex: ^a, s3_bucket: a}\n");
        let missed = config.destination_rule("c").unwrap_err().to_string();
        assert_eq!(missed, "no destination rule matches \"c\": line 2 wants ^a");
    }

    #[test]
    fn a_wrong_rule_does_not_keep_the_layout_from_being_known() {
        let text = "creation_rules: [{path_regex: '['}]\nstores: {yaml: {indent: 2}}";
        assert!(Config::parse(text).is_err());
        assert_eq!(Config::parse_style(text).unwrap().yaml, 2);
        assert!(Config::parse_style("a: [").is_err());
    }

    #[test]
    fn indents_are_those_of_the_stores() {
        let style =
            parse("stores: {yaml: {indent: 2}, json: {indent: 3}, json_binary: {indent: -1}}")
                .style;
        assert_eq!(
            (style.yaml, style.json, style.binary),
            (2, Indent::Spaces(3), Indent::Tab)
        );
    }
}
