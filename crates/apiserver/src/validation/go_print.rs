//! Structures as Go prints them in messages: every field by its name in Go, in the order of Go, also those that are
//! not set; and how two of them differ (`k8s.io/apimachinery/pkg/util/diff` 0.37).

use std::fmt::Write;

use serde_json::Value;

/// How many lines around a difference are shown.
const CONTEXT: usize = 3;

/// A field: its name in Go and in JSON, and what it is.
pub(super) type Field = (&'static str, &'static str, Kind);

/// What a field is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// What is printed as it is, and how it is printed where it is not set.
    Plain(&'static str),
    /// A structure that is always there.
    Structure(&'static [Field]),
    /// A structure that may be missing.
    Pointer(&'static [Field]),
}

use Kind::{Plain, Pointer, Structure};

/// What a field of a pointer, a list or a mapping is where it is not set, and a text.
const NULL: Kind = Plain("null");
const TEXT: Kind = Plain("\"\"");
const FALSE: Kind = Plain("false");

pub(super) const SECURITY_CONTEXT: &[Field] = &[
    (
        "Capabilities",
        "capabilities",
        Pointer(&[("Add", "add", NULL), ("Drop", "drop", NULL)]),
    ),
    ("Privileged", "privileged", NULL),
    (
        "SELinuxOptions",
        "seLinuxOptions",
        Pointer(&[
            ("User", "user", TEXT),
            ("Role", "role", TEXT),
            ("Type", "type", TEXT),
            ("Level", "level", TEXT),
        ]),
    ),
    ("WindowsOptions", "windowsOptions", NULL),
    ("RunAsUser", "runAsUser", NULL),
    ("RunAsGroup", "runAsGroup", NULL),
    ("RunAsNonRoot", "runAsNonRoot", NULL),
    ("ReadOnlyRootFilesystem", "readOnlyRootFilesystem", NULL),
    ("AllowPrivilegeEscalation", "allowPrivilegeEscalation", NULL),
    ("ProcMount", "procMount", NULL),
    ("SeccompProfile", "seccompProfile", Pointer(PROFILE)),
    ("AppArmorProfile", "appArmorProfile", Pointer(PROFILE)),
];

const PROFILE: &[Field] = &[
    ("Type", "type", TEXT),
    ("LocalhostProfile", "localhostProfile", NULL),
];

pub(super) const STRATEGY: &[Field] = &[
    ("Type", "type", TEXT),
    (
        "RollingUpdate",
        "rollingUpdate",
        Pointer(&[
            ("MaxUnavailable", "maxUnavailable", Plain("0")),
            ("MaxSurge", "maxSurge", Plain("0")),
        ]),
    ),
];

pub(super) const BUDGET: &[Field] = &[
    ("MinAvailable", "minAvailable", NULL),
    ("Selector", "selector", NULL),
    ("MaxUnavailable", "maxUnavailable", NULL),
    (
        "UnhealthyPodEvictionPolicy",
        "unhealthyPodEvictionPolicy",
        NULL,
    ),
];

/// Metadata has the same names in Go's messages as elsewhere.
pub(super) const OWNER: &[Field] = &[
    ("apiVersion", "apiVersion", TEXT),
    ("kind", "kind", TEXT),
    ("name", "name", TEXT),
    ("uid", "uid", TEXT),
    ("controller", "controller", Plain("")),
    ("blockOwnerDeletion", "blockOwnerDeletion", Plain("")),
];

pub(super) const CLAIM: &[Field] = &[
    ("AccessModes", "accessModes", NULL),
    ("Selector", "selector", NULL),
    (
        "Resources",
        "resources",
        Structure(&[("Limits", "limits", NULL), ("Requests", "requests", NULL)]),
    ),
    ("VolumeName", "volumeName", TEXT),
    ("StorageClassName", "storageClassName", NULL),
    ("VolumeMode", "volumeMode", NULL),
    (
        "DataSource",
        "dataSource",
        Pointer(&[
            ("APIGroup", "apiGroup", NULL),
            ("Kind", "kind", TEXT),
            ("Name", "name", TEXT),
        ]),
    ),
    (
        "DataSourceRef",
        "dataSourceRef",
        Pointer(&[
            ("APIGroup", "apiGroup", NULL),
            ("Kind", "kind", TEXT),
            ("Name", "name", TEXT),
            ("Namespace", "namespace", NULL),
        ]),
    ),
    (
        "VolumeAttributesClassName",
        "volumeAttributesClassName",
        NULL,
    ),
];

const SECRET: Kind = Pointer(&[("Name", "name", TEXT), ("Namespace", "namespace", TEXT)]);

/// Of the sources of volumes, those that there are still drivers for.
pub(super) const VOLUME_SOURCE: &[Field] = &[
    ("GCEPersistentDisk", "gcePersistentDisk", NULL),
    ("AWSElasticBlockStore", "awsElasticBlockStore", NULL),
    (
        "HostPath",
        "hostPath",
        Pointer(&[("Path", "path", TEXT), ("Type", "type", NULL)]),
    ),
    ("Glusterfs", "glusterfs", NULL),
    (
        "NFS",
        "nfs",
        Pointer(&[
            ("Server", "server", TEXT),
            ("Path", "path", TEXT),
            ("ReadOnly", "readOnly", FALSE),
        ]),
    ),
    ("RBD", "rbd", NULL),
    ("ISCSI", "iscsi", NULL),
    ("Cinder", "cinder", NULL),
    ("CephFS", "cephfs", NULL),
    ("FC", "fc", NULL),
    ("Flocker", "flocker", NULL),
    ("FlexVolume", "flexVolume", NULL),
    ("AzureFile", "azureFile", NULL),
    ("VsphereVolume", "vsphereVolume", NULL),
    ("Quobyte", "quobyte", NULL),
    ("AzureDisk", "azureDisk", NULL),
    ("PhotonPersistentDisk", "photonPersistentDisk", NULL),
    ("PortworxVolume", "portworxVolume", NULL),
    ("ScaleIO", "scaleIO", NULL),
    (
        "Local",
        "local",
        Pointer(&[("Path", "path", TEXT), ("FSType", "fsType", NULL)]),
    ),
    ("StorageOS", "storageos", NULL),
    (
        "CSI",
        "csi",
        Pointer(&[
            ("Driver", "driver", TEXT),
            ("VolumeHandle", "volumeHandle", TEXT),
            ("ReadOnly", "readOnly", FALSE),
            ("FSType", "fsType", TEXT),
            ("VolumeAttributes", "volumeAttributes", NULL),
            (
                "ControllerPublishSecretRef",
                "controllerPublishSecretRef",
                SECRET,
            ),
            ("NodeStageSecretRef", "nodeStageSecretRef", SECRET),
            ("NodePublishSecretRef", "nodePublishSecretRef", SECRET),
            (
                "ControllerExpandSecretRef",
                "controllerExpandSecretRef",
                SECRET,
            ),
            ("NodeExpandSecretRef", "nodeExpandSecretRef", SECRET),
        ]),
    ),
];

const VERSION: &[Field] = &[
    ("Name", "name", TEXT),
    ("Served", "served", FALSE),
    ("Storage", "storage", FALSE),
    ("Deprecated", "deprecated", FALSE),
    ("DeprecationWarning", "deprecationWarning", NULL),
    ("Schema", "", NULL),
    ("Subresources", "", NULL),
    ("AdditionalPrinterColumns", "", NULL),
    ("SelectableFields", "", NULL),
];

/// What is printed.
enum Printed {
    Text(String),
    Object(Vec<(String, Printed)>),
    List(Vec<Printed>),
}

/// Returns a structure in one line.
pub(super) fn line(value: &Value, fields: &[Field]) -> String {
    let mut text = String::new();
    structure(value, fields).write(&mut text, None);
    text
}

/// Returns a list of structures in one line.
pub(super) fn list_line(values: &[Value], fields: &[Field]) -> String {
    let items = values.iter().map(|value| structure(value, fields));
    let mut text = String::new();
    Printed::List(items.collect()).write(&mut text, None);
    text
}

/// Returns the versions of a definition in one line. What they have in common stands elsewhere in Go.
pub(crate) fn version_list(versions: &[Value]) -> String {
    list_line(versions, VERSION)
}

/// Returns the lines in which two structures differ, with those around them.
pub(super) fn difference(old: &Value, new: &Value, fields: &[Field]) -> String {
    let lines = |value| {
        let mut text = String::new();
        structure(value, fields).write(&mut text, Some(0));
        text
    };
    unified(&lines(old), &lines(new))
}

fn structure(value: &Value, fields: &[Field]) -> Printed {
    let pairs = fields.iter().filter_map(|(go, json, kind)| {
        let value = value.get(json).filter(|value| !value.is_null());
        let printed = match (kind, value) {
            (Plain(""), None) => return None,
            (Plain(zero), None) => Printed::Text((*zero).to_owned()),
            (Plain(_), Some(value)) => as_it_is(value),
            (Structure(fields), value) => structure(value.unwrap_or(&Value::Null), fields),
            (Pointer(_), None) => Printed::Text("null".to_owned()),
            (Pointer(fields), Some(value)) => structure(value, fields),
        };
        Some(((*go).to_owned(), printed))
    });
    Printed::Object(pairs.collect())
}

fn as_it_is(value: &Value) -> Printed {
    match value {
        Value::Object(map) => {
            let pairs = map
                .iter()
                .map(|(key, value)| (key.clone(), as_it_is(value)));
            Printed::Object(pairs.collect())
        }
        Value::Array(items) => Printed::List(items.iter().map(as_it_is).collect()),
        other => Printed::Text(other.to_string()),
    }
}

impl Printed {
    /// Writes it in one line, or with lines at this depth.
    fn write(&self, out: &mut String, depth: Option<usize>) {
        let below = depth.map(|depth| depth + 1);
        let (open, close, parts): (_, _, Vec<(Option<&str>, &Self)>) = match self {
            Self::Text(text) => return out.push_str(text),
            Self::Object(pairs) => {
                let pairs = pairs.iter().map(|(key, it)| (Some(key.as_str()), it));
                ('{', '}', pairs.collect())
            }
            Self::List(items) => ('[', ']', items.iter().map(|it| (None, it)).collect()),
        };
        out.push(open);
        for (index, (key, part)) in parts.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            indent(out, below);
            if let Some(key) = key {
                let space = if depth.is_some() { " " } else { "" };
                let _ = write!(out, "\"{key}\":{space}");
            }
            part.write(out, below);
        }
        if !parts.is_empty() {
            indent(out, depth);
        }
        out.push(close);
    }
}

fn indent(out: &mut String, depth: Option<usize>) {
    if let Some(depth) = depth {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', depth));
    }
}

/// A line that both texts have, or one of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edit {
    Same,
    Old,
    New,
}

fn unified(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let edits = edits(&old, &new);
    let mut text = String::new();
    let mut start = 0;
    while let Some(first) = edits[start..].iter().position(|it| it.0 != Edit::Same) {
        let from = (start + first).saturating_sub(CONTEXT).max(start);
        let mut last = start + first;
        // Differences that share lines around them are told together.
        for (index, _) in edits
            .iter()
            .enumerate()
            .skip(last)
            .filter(|(_, it)| it.0 != Edit::Same)
        {
            if index > last + 2 * CONTEXT + 1 {
                break;
            }
            last = index;
        }
        let end = (last + 1 + CONTEXT).min(edits.len());
        hunk(&edits[from..end], &mut text);
        start = end;
    }
    text
}

type Line<'t> = (Edit, usize, usize, &'t str);

fn hunk(lines: &[Line<'_>], text: &mut String) {
    let Some((_, old, new, _)) = lines.first() else {
        return;
    };
    let count = |other: Edit| lines.iter().filter(|it| it.0 != other).count();
    let range = |start: usize, count: usize| match count {
        1 => format!("{}", start + 1),
        0 => format!("{start},0"),
        _ => format!("{},{count}", start + 1),
    };
    let (old, new) = (range(*old, count(Edit::New)), range(*new, count(Edit::Old)));
    let _ = writeln!(text, "@@ -{old} +{new} @@");
    for (edit, _, _, line) in lines {
        let mark = match edit {
            Edit::Same => ' ',
            Edit::Old => '-',
            Edit::New => '+',
        };
        let _ = writeln!(text, "{mark}{line}");
    }
}

/// Returns the lines of both texts by their longest common sequence, what goes before what comes.
fn edits<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Line<'t>> {
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for row in (0..old.len()).rev() {
        for column in (0..new.len()).rev() {
            common[row * width + column] = if old[row] == new[column] {
                common[(row + 1) * width + column + 1] + 1
            } else {
                common[(row + 1) * width + column].max(common[row * width + column + 1])
            };
        }
    }
    let (mut row, mut column, mut lines) = (0, 0, Vec::new());
    while row < old.len() || column < new.len() {
        if row < old.len() && column < new.len() && old[row] == new[column] {
            lines.push((Edit::Same, row, column, old[row]));
            (row, column) = (row + 1, column + 1);
        } else if column == new.len()
            || (row < old.len()
                && common[(row + 1) * width + column] >= common[row * width + column + 1])
        {
            lines.push((Edit::Old, row, column, old[row]));
            row += 1;
        } else {
            lines.push((Edit::New, row, column, new[column]));
            column += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_structure_has_all_its_fields_in_order() {
        let context = json!({"privileged": true, "capabilities": {"add": ["NET_ADMIN"]}});
        let printed = line(&context, SECURITY_CONTEXT);
        let start = r#"{"Capabilities":{"Add":["NET_ADMIN"],"Drop":null},"Privileged":true,"SELinuxOptions":null,"#;
        assert!(printed.starts_with(start), "{printed}");
    }

    #[test]
    fn a_difference_shows_the_lines_around_it() {
        let old = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        let new = json!({"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}});
        insta::assert_snapshot!(difference(&old, &new, CLAIM), @r#"
        @@ -1,6 +1,6 @@
         {
          "AccessModes": [
        -  "ReadWriteOnce"
        +  "ReadWriteMany"
          ],
          "Selector": null,
          "Resources": {
        "#);
        assert_eq!(difference(&old, &old, CLAIM), "");
    }
}
