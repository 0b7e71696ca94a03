//! What holds for any input.

use proptest::prelude::*;
use windlass_kustomize::{BuildOptions, build};
use windlass_tree::{MemoryTree, TreePath};

const KUSTOMIZATION: &str = "namePrefix: dev-
namespace: shop
resources: [web.yaml]
commonLabels: {env: dev}
images: [{name: web, newTag: '2'}]
replicas: [{name: web, count: 3}]
configMapGenerator: [{name: settings, literals: [A=1]}]
patches:
- patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {template: {spec: {containers: [{name: web, tty: true}]}}}
- target: {kind: Service, name: w.*}
  patch: '[{\"op\": \"add\", \"path\": \"/spec/ports/-\", \"value\": {\"port\": 81}}]'
replacements:
- source: {kind: Service, fieldPath: spec.ports.0.port}
  targets: [{select: {kind: Deployment}, fieldPaths: ['spec.template.spec.containers.[name=web].image'], options: {delimiter: ':', index: 1}}]
";

const OBJECTS: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers: [{name: web, image: 'web:1', envFrom: [{configMapRef: {name: settings}}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}], selector: {app: web}}
";

fn built(kustomization: &str, objects: &str) -> Result<String, String> {
    let tree =
        MemoryTree::from_iter([("kustomization.yaml", kustomization), ("web.yaml", objects)]);
    build(&tree, &TreePath::root(), &BuildOptions::default())
        .map(|built| built.to_yaml())
        .map_err(|errors| errors.to_string())
}

/// Replaces a stretch of a text by another one.
fn mutate(text: &str, at: usize, length: usize, by: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let at = at % characters.len();
    let end = (at + length).min(characters.len());
    let (head, tail) = (characters[..at].iter(), characters[end..].iter());
    head.copied()
        .chain(by.chars())
        .chain(tail.copied())
        .collect()
}

#[test]
fn the_input_of_the_laws_builds() {
    let printed = built(KUSTOMIZATION, OBJECTS).unwrap();
    assert!(printed.contains("name: dev-settings-"), "{printed}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_mutated_kustomization_builds_or_says_why_and_always_the_same(
        at in 0_usize..2000,
        length in 0_usize..12,
        by in "[ \\-:,\\[\\]{}a-z0-9'\"*&$!|#\n]{0,4}",
        in_objects in any::<bool>(),
    ) {
        let (kustomization, objects) = if in_objects {
            (KUSTOMIZATION.to_owned(), mutate(OBJECTS, at, length, &by))
        } else {
            (mutate(KUSTOMIZATION, at, length, &by), OBJECTS.to_owned())
        };
        let first = built(&kustomization, &objects);
        prop_assert_eq!(&first, &built(&kustomization, &objects));
        if let Err(errors) = first {
            prop_assert!(!errors.is_empty());
        }
    }
}
