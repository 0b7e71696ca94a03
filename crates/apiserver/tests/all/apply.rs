//! `kubectl apply` in both forms, and `kubectl diff`.

use super::kubectl::{Cluster, normal};
use super::read::WEB;

const SETTINGS: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: blue, size: large}
";

#[test]
fn applying_twice_changes_nothing() {
    let cluster = Cluster::start();
    assert_eq!(
        cluster.apply(WEB),
        "deployment.apps/web created\nservice/web created\n"
    );
    assert_eq!(
        cluster.apply(WEB),
        "deployment.apps/web unchanged\nservice/web unchanged\n"
    );
}

#[test]
fn applying_removes_what_was_removed_from_the_manifest() {
    let cluster = Cluster::start();
    cluster.apply(SETTINGS);
    let changed = SETTINGS.replace(", size: large", "");
    assert_eq!(cluster.apply(&changed), "configmap/settings configured\n");
    assert_eq!(cluster.field("cm/settings", ".data"), r#"{"color":"blue"}"#);
}

#[test]
fn server_side_apply_refuses_what_another_manager_owns() {
    let cluster = Cluster::start();
    cluster.file("settings.yaml", SETTINGS);
    let one = cluster.ok("apply --server-side --field-manager=one -f settings.yaml");
    assert_eq!(one, "configmap/settings serverside-applied\n");
    cluster.file("settings.yaml", &SETTINGS.replace("blue", "red"));
    let two = "apply --server-side --field-manager=two -f settings.yaml";
    let refused = cluster.run(two);
    assert_eq!(refused.code, 1);
    insta::assert_snapshot!(normal(&refused.err), @r#"
    error: Apply failed with 1 conflict: conflict with "one": .data.color
    Please review the fields above--they currently have other managers. Here
    are the ways you can resolve this warning:
    * If you intend to manage all of these fields, please re-run the apply
      command with the `--force-conflicts` flag.
    * If you do not intend to manage all of the fields, please edit your
      manifest to remove references to the fields that should keep their
      current managers.
    * You may co-own fields by updating your manifest to match the existing
      value; in this case, you'll become the manager if the other manager(s)
      stop managing the field (remove it from their configuration).
    See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts
    "#);
    cluster.ok(&format!("{two} --force-conflicts"));
    assert_eq!(cluster.field("cm/settings", ".data.color"), "red");
    let managers = cluster.ok_with(&[
        "get",
        "cm/settings",
        "--show-managed-fields",
        "-o",
        "jsonpath={.metadata.managedFields[*].manager}",
    ]);
    assert_eq!(managers, "one two");
}

#[test]
fn server_side_apply_removes_what_its_manager_no_longer_wants() {
    let cluster = Cluster::start();
    cluster.file("settings.yaml", SETTINGS);
    cluster.ok("apply --server-side -f settings.yaml");
    cluster.file("settings.yaml", &SETTINGS.replace(", size: large", ""));
    cluster.ok("apply --server-side -f settings.yaml");
    assert_eq!(cluster.field("cm/settings", ".data"), r#"{"color":"blue"}"#);
}

#[test]
fn diff_shows_what_would_change_and_says_so_with_its_exit_code() {
    let cluster = Cluster::start();
    cluster.apply(WEB);
    assert_eq!(cluster.run("diff -f manifests.yaml").code, 0);
    cluster.file("changed.yaml", &WEB.replace("web:1", "web:2"));
    let differs = cluster.run("diff -f changed.yaml");
    assert_eq!(differs.code, 1, "{}", differs.err);
    let lines: Vec<&str> = differs
        .out
        .lines()
        .filter(|line| line.contains("image:"))
        .collect();
    assert_eq!(
        lines,
        [
            "-      - image: registry.example/web:1",
            "+      - image: registry.example/web:2",
        ]
    );
}

#[test]
fn a_manifest_with_mistakes_is_refused_with_the_field() {
    let cluster = Cluster::start();
    cluster.file("bad.yaml", &WEB.replace("replicas: 2", "replicas: two"));
    let refused = cluster.run("apply -f bad.yaml").failed();
    assert!(refused.contains("replicas"), "{refused}");
    cluster.file("bad.yaml", &WEB.replace("replicas: 2", "replica: 2"));
    let refused = cluster.run("apply -f bad.yaml").failed();
    assert!(
        refused.contains("unknown field \"spec.replica\""),
        "{refused}"
    );
    let wrong = WEB.replacen("matchLabels: {app: web}", "matchLabels: {app: api}", 1);
    cluster.file("bad.yaml", &wrong);
    let refused = cluster.run("apply -f bad.yaml").failed();
    assert!(
        refused.contains("`selector` does not match template `labels`"),
        "{refused}"
    );
}
