//! Builds of trees in memory, printing included: the same services as those of `benches/run`.

use divan::Bencher;
use windlass_kustomize::{BuildOptions, build};
use windlass_tree::{MemoryTree, TreePath};

/// Counts allocations, which unlike times are the same on a busy machine.
#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

/// A base with five objects for each of these services, and an overlay of it.
fn add_overlay(tree: &mut MemoryTree, root: &str, names: &[&str]) {
    let base = |name: &str| format!("  - {name}.yaml\n");
    let config = |name: &str| format!("  - name: {name}\n    literals: [LOG_LEVEL=info]\n");
    let image = |name: &str| format!("  - {{name: shop/{name}, newTag: 1.2.3}}\n");
    let patch = |name: &str| format!("  - path: {name}-patch.yaml\n");
    let list = |line: &dyn Fn(&str) -> String| names.iter().map(|it| line(it)).collect::<String>();
    let mut write = |path: &str, text: &str| {
        let path = format!("{root}/{path}");
        tree.write(&path, text).expect("the path is valid");
    };
    for name in names {
        write(&format!("base/{name}.yaml"), &objects(name));
        write(
            &format!("overlay/{name}-patch.yaml"),
            &deployment_patch(name),
        );
    }
    write(
        "base/kustomization.yaml",
        &format!(
            "resources:\n{}configMapGenerator:\n{}",
            list(&base),
            list(&config)
        ),
    );
    write(
        "overlay/kustomization.yaml",
        &format!(
            "namespace: staging\nnamePrefix: {root}-\nresources: [../base]\n\
             labels:\n  - {{pairs: {{team: shop}}, includeSelectors: true}}\nimages:\n{}patches:\n{}",
            list(&image),
            list(&patch)
        ),
    );
}

fn objects(name: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  selector:\n    matchLabels: {{app: {name}}}\n  \
         template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n      serviceAccountName: {name}\n      containers:\n        \
         - name: web # the only one\n          image: shop/{name}\n          ports:\n            - {{name: http, containerPort: 8080}}\n          \
         env:\n            - name: LOG_LEVEL\n              valueFrom:\n                configMapKeyRef: {{name: {name}, key: LOG_LEVEL}}\n          \
         resources:\n            requests: {{cpu: 50m, memory: 64Mi}}\n            limits: {{memory: 128Mi}}\n---\n\
         apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  selector: {{app: {name}}}\n  ports:\n    - {{name: http, port: 80, targetPort: http}}\n---\n\
         apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n---\n\
         apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\nspec:\n  rules:\n    - host: {name}.example.com\n      http:\n        \
         paths:\n          - path: /\n            pathType: Prefix\n            backend:\n              service: {{name: {name}, port: {{name: http}}}}\n"
    )
}

fn deployment_patch(name: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  replicas: 3\n  template:\n    spec:\n      \
         containers:\n        - name: web\n          env:\n            - {{name: REGION, value: eu}}\n"
    )
}

fn measure(bencher: Bencher, tree: &MemoryTree, directory: &str, objects: usize) {
    let directory = TreePath::new(directory).expect("the path is valid");
    let options = BuildOptions::default();
    let built = build(tree, &directory, &options).expect("the tree is valid");
    assert_eq!(built.resources.len(), objects);
    bencher.bench(|| build(tree, &directory, &options).map(|built| built.to_yaml().len()));
}

#[divan::bench]
fn overlay_of_20_objects(bencher: Bencher) {
    let mut tree = MemoryTree::new();
    add_overlay(&mut tree, "shop", &["api", "mail", "search", "storefront"]);
    measure(bencher, &tree, "shop/overlay", 20);
}

/// An overlay of so many CustomResourceDefinitions of 200 kB each: 5 MB in all.
#[divan::bench(args = [25], sample_count = 10)]
fn crd_bundle(bencher: Bencher, count: usize) {
    let mut tree = MemoryTree::new();
    let crds: Vec<String> = (0..count).map(definition).collect();
    let files = [
        ("base/crds.yaml", &*crds.join("---\n")),
        ("base/kustomization.yaml", "resources: [crds.yaml]\n"),
        (
            "overlay/kustomization.yaml",
            "resources: [../base]\ncommonLabels: {team: platform}\n",
        ),
    ];
    for (path, text) in files {
        tree.write(path, text).expect("the path is valid");
    }
    measure(bencher, &tree, "overlay", count);
}

fn definition(number: usize) -> String {
    let field = |field: usize| {
        format!(
            "                field{field}:\n                  type: string\n                  description: |-\n                    \
             Field {field} says how the thing is to be done when nobody else has said so. It is\n                    \
             ignored when `mode: none` is set; see https://example.com/docs#field-{field}.\n"
        )
    };
    let fields: String = (0..20).map(field).collect();
    let group = |group: usize| {
        format!(
            "            group{group}:\n              type: object\n              properties:\n{fields}"
        )
    };
    let groups: String = (0..40).map(group).collect();
    format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: things{number}.example.com\nspec:\n  \
         group: example.com\n  names: {{kind: Thing{number}, plural: things{number}}}\n  scope: Namespaced\n  versions:\n    \
         - name: v1\n      served: true\n      storage: true\n      schema:\n        openAPIV3Schema:\n          type: object\n          \
         properties:\n{groups}"
    )
}

/// 1,000 to 10,000 objects: the time for each should stay the same.
#[divan::bench(args = [200, 400, 1000, 2000], sample_count = 10)]
fn services_in_one_build(bencher: Bencher, count: usize) {
    let mut tree = MemoryTree::new();
    let roots: Vec<String> = (0..count).map(|number| format!("s{number}")).collect();
    for root in &roots {
        add_overlay(&mut tree, root, &[root]);
    }
    let lines = roots.iter().map(|root| format!("  - ../{root}/overlay\n"));
    let all = format!("resources:\n{}", lines.collect::<String>());
    tree.write("all/kustomization.yaml", &all)
        .expect("the path is valid");
    measure(bencher, &tree, "all", 5 * count);
}
