//! Types of CustomResourceDefinitions.

use super::kubectl::{Cluster, normal};

const DEFINITION: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.shop.example}
spec:
  group: shop.example
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, shortNames: [wd]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}, scale: {specReplicasPath: .spec.size, statusReplicasPath: .status.size}}
    additionalPrinterColumns:
    - {name: Size, type: integer, jsonPath: .spec.size}
    - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [size]
            properties:
              size: {type: integer, minimum: 1, description: How big it is.}
              color: {type: string, default: grey}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
"#;

const WIDGET: &str = "
apiVersion: shop.example/v1
kind: Widget
metadata: {name: wheel}
spec: {size: 3}
";

fn defined() -> Cluster {
    let cluster = Cluster::start();
    cluster.apply(DEFINITION);
    cluster.ok("wait crd/widgets.shop.example --for=condition=Established --timeout=30s");
    cluster
}

#[test]
fn a_custom_type_is_served_printed_and_defaulted() {
    let cluster = defined();
    cluster.apply(WIDGET);
    insta::assert_snapshot!(normal(&cluster.ok("get wd")), @"
    NAME  SIZE  READY
    wheel  3
    ");
    assert_eq!(cluster.field("widget/wheel", ".spec.color"), "grey");
    insta::assert_snapshot!(normal(&cluster.ok("api-resources --api-group=shop.example")), @"
    NAME  SHORTNAMES  APIVERSION  NAMESPACED  KIND
    widgets  wd  shop.example/v1  true  Widget
    ");
    let explained = cluster.ok("explain widget.spec.size");
    assert!(explained.contains("How big it is."), "{explained}");
    insta::assert_snapshot!(normal(&cluster.ok("get crd widgets.shop.example -o wide")), @"
    NAME  SCOPE  VERSIONS  CREATED AT  GROUP  KIND  SHORTNAMES  ESTABLISHED
    widgets.shop.example  Namespaced  v1(storage)  TIME  shop.example  Widget  wd  true
    ");
}

#[test]
fn an_object_that_breaks_its_schema_is_refused() {
    let cluster = defined();
    cluster.file("bad.yaml", &WIDGET.replace("size: 3", "size: 0"));
    let refused = cluster.run("apply -f bad.yaml").failed();
    insta::assert_snapshot!(refused.trim_end(), @r#"The Widget "wheel" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"#);
    cluster.file("bad.yaml", &WIDGET.replace("{size: 3}", "{}"));
    let refused = cluster.run("create -f bad.yaml --validate=false").failed();
    assert!(refused.contains("spec.size: Required value"), "{refused}");
}

#[test]
fn status_and_scale_of_a_custom_object_are_written_apart() {
    let cluster = defined();
    cluster.apply(WIDGET);
    let ready = r#"{"status":{"conditions":[{"type":"Ready","status":"True"}]}}"#;
    cluster.ok_with(&[
        "patch",
        "widget",
        "wheel",
        "--subresource=status",
        "--type=merge",
        "-p",
        ready,
    ]);
    cluster.ok("wait widget/wheel --for=condition=Ready --timeout=30s");
    cluster.ok("scale widget/wheel --replicas=5");
    assert_eq!(cluster.field("widget/wheel", ".spec.size"), "5");
}

#[test]
fn a_definition_takes_its_objects_with_it() {
    let cluster = defined();
    cluster.apply(WIDGET);
    cluster.ok("delete crd widgets.shop.example --timeout=30s");
    let error = cluster.run("get widgets").failed();
    assert!(
        error.contains("the server could not find the requested resource"),
        "{error}"
    );
}
