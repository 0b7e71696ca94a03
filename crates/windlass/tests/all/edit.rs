//! `windlass kustomize edit` and `create` beside what kustomize 5.8.1 has done, and what that cannot do.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use serde_json::{Map, Value as Json, json};

use crate::scene::{Ran, Scene};

const FILE: &str = "kustomization.yaml";
const CASES: &str = include_str!("../data/kustomize-edit.json");

#[test]
fn an_edit_leaves_the_value_that_kustomize_leaves() {
    let data: Json = serde_json::from_str(CASES).unwrap();
    let cases = data["cases"].as_array().unwrap();
    let mut mistakes = Vec::new();
    for case in cases {
        if let Err(mistake) = check(&data, case) {
            mistakes.push(format!(
                "{} on {}: {mistake}",
                case["words"], case["before"]
            ));
        }
    }
    let count = mistakes.len();
    assert!(
        mistakes.is_empty(),
        "{count} of {}:\n{}",
        cases.len(),
        mistakes.join("\n")
    );
}

fn check(data: &Json, case: &Json) -> Result<(), String> {
    let scene = arrange(data, case);
    let words: Vec<&str> = case["words"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect();
    let ran = edit(&scene, &words);
    let there = fs::read_to_string(scene.repository().join(FILE)).ok();
    let Some(wanted) = case["after"].as_str() else {
        let before = text_before(data, case);
        return match ran.code {
            Some(0) => Err(format!("kustomize fails; we leave {there:?}")),
            _ if there.as_deref() != before => Err("we failed and changed the file".to_owned()),
            _ => Ok(()),
        };
    };
    if ran.code != Some(0) {
        return Err(format!("kustomize succeeds; we say {}", ran.stderr));
    }
    check_changed(&scene, data, case)?;
    let there = there.unwrap_or_default();
    let (ours, theirs) = (value(&there), value(wanted));
    if ours == theirs {
        Ok(())
    } else {
        Err(format!("\n  ours:   {ours}\n  theirs: {theirs}"))
    }
}

/// Compares the other files with what kustomize has made of them.
fn check_changed(scene: &Scene, data: &Json, case: &Json) -> Result<(), String> {
    let scene_name = case["scene"].as_str().unwrap();
    for (name, before) in data["scenes"][scene_name].as_object().unwrap() {
        let wanted = case["changed"].get(name).unwrap_or(before);
        let there = scene.read(name);
        if name != FILE && Some(&*there) != wanted.as_str() {
            return Err(format!("{name} is now {there:?}"));
        }
    }
    Ok(())
}

fn arrange(data: &Json, case: &Json) -> Scene {
    let scene = Scene::empty();
    fs::create_dir(scene.repository()).unwrap();
    let files = data["scenes"][case["scene"].as_str().unwrap()].as_object();
    for (name, text) in files.unwrap() {
        scene.write(name, text.as_str().unwrap());
    }
    if let Some(text) = text_before(data, case) {
        scene.write(FILE, text);
    }
    scene
}

fn text_before<'d>(data: &'d Json, case: &'d Json) -> Option<&'d str> {
    match case["before"].as_str() {
        Some("full") => data["full"].as_str(),
        before => before,
    }
}

fn edit(scene: &Scene, words: &[&str]) -> Ran {
    scene.windlass(&[&["kustomize"], words].concat())
}

/// Returns the value of a kustomization as kustomize sees it after reading: old fields moved, defaults set, and
/// lists whose order means nothing sorted.
fn value(text: &str) -> Json {
    let documents = windlass_yaml::parse(text).unwrap();
    let root = documents
        .first()
        .map(|document| document.root.to_json().unwrap());
    let read = root
        .and_then(|root| root.as_object().cloned())
        .unwrap_or_default();
    let mut fields = Map::new();
    for (key, value) in read {
        let is_empty = match &value {
            Json::Null => true,
            Json::Array(items) => items.is_empty(),
            Json::Object(fields) => fields.is_empty(),
            Json::String(text) => text.is_empty(),
            _ => false,
        };
        let key = if key == "Resources" {
            "resources".to_owned()
        } else {
            key
        };
        if !is_empty {
            fields.insert(key, value);
        }
    }
    for (old, new) in [("bases", "resources"), ("imageTags", "images")] {
        if let Some(Json::Array(moved)) = fields.remove(old) {
            let list = fields.entry(new).or_insert_with(|| json!([]));
            list.as_array_mut().unwrap().extend(moved);
        }
    }
    fields
        .entry("apiVersion")
        .or_insert_with(|| json!("kustomize.config.k8s.io/v1beta1"));
    fields
        .entry("kind")
        .or_insert_with(|| json!("Kustomization"));
    for field in ["images", "replicas"] {
        if let Some(Json::Array(items)) = fields.get_mut(field) {
            items.sort_by_key(|item| item["name"].as_str().map(str::to_owned));
        }
    }
    for field in ["configMapGenerator", "secretGenerator"] {
        for entry in fields
            .get_mut(field)
            .and_then(Json::as_array_mut)
            .into_iter()
            .flatten()
        {
            if let Some(Json::Array(literals)) = entry.get_mut("literals") {
                literals.sort_by_key(ToString::to_string);
            }
        }
    }
    Json::Object(fields)
}

fn scene(text: &str) -> Scene {
    let scene = Scene::empty();
    scene.write(FILE, text);
    scene
}

#[test]
fn a_job_sets_images_and_touches_nothing_else() {
    let text =
        "# ours\r\nimages:\r\n  - name: a # the app\r\n    newTag: 'v1'\r\nresources: [ x.yaml ]";
    let scene = scene(text);
    let digest = "sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3";
    let ran = edit(
        &scene,
        &["edit", "set", "image", "a=*:v2", &format!("d=e@{digest}")],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let wanted = text.replace(
        "'v1'\r\n",
        &format!("'v2'\r\n  - name: d\r\n    digest: {digest}\r\n    newName: e\r\n"),
    );
    assert_eq!(scene.read(FILE), wanted);
}

#[test]
fn components_can_be_removed_too() {
    let scene = scene("components: [a, b]\n");
    let ran = edit(&scene, &["edit", "remove", "component", "a"]);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert_eq!(scene.read(FILE), "components: [b]\n");
}

#[test]
fn the_file_keeps_its_mode_and_a_link_stays_a_link() {
    let scene = Scene::empty();
    scene.write("shared/real.yaml", "namespace: a\n");
    let real = scene.repository().join("shared/real.yaml");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("shared/real.yaml", scene.repository().join(FILE)).unwrap();
    let ran = edit(&scene, &["edit", "set", "namespace", "b"]);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert_eq!(scene.read("shared/real.yaml"), "namespace: b\n");
    assert_eq!(
        fs::metadata(&real).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert!(scene.repository().join(FILE).is_symlink());
}

#[test]
fn an_edit_that_would_show_elsewhere_is_refused() {
    for (text, wanted) in [
        (
            "resources: &x [a]\ncomponents: *x\n",
            "kustomization.yaml:1:12: &x is used again as *x",
        ),
        (
            "components: &x [a]\nresources: *x\n",
            "kustomization.yaml:2:12: `resources` is written with an alias",
        ),
        ("resources: []\n---\na: 1\n", "several documents"),
    ] {
        let scene = scene(text);
        let ran = edit(&scene, &["edit", "add", "resource", "--no-verify", "b"]);
        assert_eq!(ran.code, Some(1), "{}", ran.all());
        assert!(ran.stderr.contains(wanted), "{}", ran.stderr);
        assert_eq!(scene.read(FILE), text);
    }
}

#[test]
fn a_file_that_a_link_leads_elsewhere_is_not_added() {
    let text = "namespace: a\n";
    let scene = scene(text);
    scene.write("../elsewhere.txt", "x\n");
    symlink("../elsewhere.txt", scene.repository().join("l.txt")).unwrap();
    let words = ["edit", "add", "configmap", "c", "--from-file=l.txt"];
    let ran = edit(&scene, &words);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(ran.stderr.contains("l.txt"), "{}", ran.stderr);
    assert_eq!(scene.read(FILE), text);
}

#[test]
fn a_label_with_an_equals_sign_is_refused() {
    let text = "namespace: a\n";
    for words in [
        ["set", "label", "a=b"],
        ["add", "label", "a=b"],
        ["set", "annotation", "a=b:c"],
        ["add", "annotation", "a=b"],
    ] {
        let scene = scene(text);
        let ran = edit(&scene, &[&["edit"], &words[..]].concat());
        assert_eq!(ran.code, Some(2), "{}", ran.all());
        assert!(ran.stderr.contains("write a:b"), "{}", ran.stderr);
        assert_eq!(scene.read(FILE), text);
    }
    let scene = scene(text);
    scene.remove(FILE);
    let ran = edit(&scene, &["create", "--labels", "a:b,c=d"]);
    assert_eq!(ran.code, Some(2), "{}", ran.all());
    assert!(!scene.repository().join(FILE).exists());
}

#[test]
fn not_verifying_is_advised_only_where_it_can_be_asked_for() {
    for (words, wanted) in [
        (["edit", "add", "resource", "x"], true),
        (["edit", "add", "component", "x"], false),
        (["create", "--autodetect", "--resources", "x"], false),
    ] {
        let scene = scene("namespace: a\n");
        let ran = edit(&scene, &words);
        assert_eq!(ran.code, Some(1), "{}", ran.all());
        assert!(ran.stderr.contains("nothing was changed"), "{}", ran.stderr);
        assert_eq!(ran.stderr.contains("--no-verify"), wanted, "{words:?}");
    }
}

#[test]
fn a_pipe_or_a_file_beyond_the_limit_is_refused_at_once() {
    let scene = scene("");
    let path = scene.repository().join(FILE);
    let large = fs::File::create(&path).unwrap();
    large.set_len(65 * 1024 * 1024).unwrap();
    let words = ["edit", "set", "namespace", "b"];
    let ran = edit(&scene, &words);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(
        ran.stderr.contains("kustomization.yaml: the file has"),
        "{}",
        ran.stderr
    );

    fs::rename(&path, scene.repository().join("large.yaml")).unwrap();
    scene.write(
        "small.yaml",
        "kind: A\napiVersion: v1\nmetadata: {name: a}\n",
    );
    let ran = edit(&scene, &["create", "--autodetect"]);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert!(
        ran.stderr.contains("large.yaml is left out"),
        "{}",
        ran.stderr
    );
    assert!(!scene.read(FILE).contains("large"));

    scene.remove(FILE);
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let ran = edit(&scene, &words);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(
        ran.stderr.contains("neither a file nor a directory"),
        "{}",
        ran.stderr
    );
}

#[test]
fn vars_become_replacements_and_nothing_else_changes() {
    let scene = scene(
        "# ours\nvars: # old\n- name: X\n  objref: {kind: Service, name: web, apiVersion: v1}\nresources: [ base ]\nreplacements: [{path: r.yaml}] # kept\n",
    );
    scene.write("base/kustomization.yaml", "resources: [more]\n");
    scene.write(
        "base/more/kustomization.yaml",
        "resources: [../web.yaml, ../..]\n",
    );
    scene.write(
        "base/web.yaml",
        "kind: Service # $(X)\napiVersion: v1\nmetadata: {name:   web, labels: {\"a\": $(X)}}\n",
    );
    let ran = edit(&scene, &["edit", "fix", "--vars"]);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert_eq!(
        scene.read("base/web.yaml"),
        "kind: Service # X_PLACEHOLDER\napiVersion: v1\nmetadata: {name:   web, labels: {\"a\": X_PLACEHOLDER}}\n"
    );
    let target =
        "{select: {kind: Service, name: web, version: v1}, fieldPaths: [metadata.labels.a]}";
    let source = "source: {version: v1, kind: Service, name: web}";
    let wanted = format!(
        "# ours\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [ base ]\n\
         replacements: [{{path: r.yaml}}, {{{source}, targets: [{target}]}}] # kept\n"
    );
    assert_eq!(scene.read(FILE), wanted);
}

#[test]
fn a_field_that_a_merge_key_gives_is_not_said_to_be_removed() {
    let text = "<<: {namespace: a}\nnamespace: b\n";
    let scene = scene(text);
    let ran = edit(&scene, &["edit", "set", "namespace", ""]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    let wanted = "kustomization.yaml:1:1: `namespace` comes from this merge key";
    assert!(ran.stderr.contains(wanted), "{}", ran.stderr);
    assert_eq!(scene.read(FILE), text);
}
