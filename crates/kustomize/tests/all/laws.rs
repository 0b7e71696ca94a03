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
        .map(|built| built.to_yaml().to_owned())
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

#[test]
fn builds_in_many_threads_at_once_all_come_out_the_same() {
    let named = |index| OBJECTS.replace("{name: web}", &format!("{{name: web-{index}}}"));
    let objects = (0..40).map(named).collect::<Vec<_>>().join("---\n");
    let kustomization = "namePrefix: x-\ncommonLabels: {a: b, c: d}\nresources: [web.yaml]\n";
    let expected = built(kustomization, &objects);
    assert!(expected.is_ok(), "{expected:?}");
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| built(kustomization, &objects)))
            .collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), expected);
        }
    });
}

/// Files of a kustomization with a base and a component, in no particular order.
fn files() -> Vec<(&'static str, &'static str)> {
    vec![
        (
            "kustomization.yaml",
            "resources: [base]\ncomponents: [component]\nnameSuffix: -x\n",
        ),
        ("base/kustomization.yaml", KUSTOMIZATION),
        ("base/web.yaml", OBJECTS),
        (
            "component/kustomization.yaml",
            "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nconfigMapGenerator: [{name: c, files: [a, b, z=a]}]\n",
        ),
        ("component/a", "1\n"),
        ("component/b", "2\n"),
        ("other/kustomization.yaml", "resources: [none.yaml]\n"),
    ]
}

proptest! {
    #[test]
    fn the_order_in_which_files_are_put_into_a_tree_does_not_show(files in Just(files()).prop_shuffle()) {
        let tree = MemoryTree::from_iter(files);
        let sorted = MemoryTree::from_iter(self::files());
        let [first, second] = [&tree, &sorted].map(|tree| {
            let built = build(tree, &TreePath::root(), &BuildOptions::default());
            built.map(|built| built.to_yaml().to_owned()).map_err(|errors| errors.to_string())
        });
        prop_assert!(first.is_ok(), "{:?}", first);
        prop_assert_eq!(first, second);
    }
}
