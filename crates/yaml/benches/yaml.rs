//! Reading and printing, in bytes a second.
//!
//! `WINDLASS_BENCH_DIR=/some/folder cargo bench -p windlass-yaml` also writes the texts to that folder, for
//! other programs to read and print.

use std::fmt::Write;

use divan::Bencher;
use divan::counter::BytesCount;
use windlass_yaml::{Document, FileStyle, parse, print_build_into, print_file};

fn main() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a benchmark may write its input for others"
    )]
    if let Some(folder) = std::env::var_os("WINDLASS_BENCH_DIR") {
        for input in INPUTS {
            let file = std::path::Path::new(&folder).join(format!("{}.yaml", input.name));
            std::fs::write(file, (input.make)()).expect("the folder can be written to");
        }
    }
    divan::main();
}

/// A text to measure with.
struct Input {
    name: &'static str,
    make: fn() -> String,
}

impl std::fmt::Display for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const INPUTS: &[Input] = &[
    Input {
        name: "manifests",
        make: manifests,
    },
    Input {
        name: "crds",
        make: crds,
    },
    Input {
        name: "comments",
        make: comments,
    },
    Input {
        name: "block",
        make: block,
    },
];

/// The objects of 100 services, as people write them.
fn manifests() -> String {
    let mut text = String::new();
    for number in 0..100 {
        write!(
            text,
            "# Service {number}\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-{number}\n  \
             labels:\n    app.kubernetes.io/name: web-{number}\nspec:\n  replicas: 2 # two\n  template:\n    \
             spec:\n      containers:\n        - name: web\n          image: \"registry.example.com/web:1.2.{number}\"\n          \
             args: [--port, '8080']\n          env:\n            - name: DATABASE_URL\n              valueFrom:\n                \
             secretKeyRef: {{name: web, key: DATABASE_URL}}\n          resources:\n            limits: {{cpu: 100m, memory: 128Mi}}\n---\n\
             apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web-{number}\ndata:\n  config.ini: |\n    [web]\n    port = 8080\n    \
             greeting = hello there, this is a longer line of text to be copied\n---\n"
        )
        .expect("writing to a string does not fail");
    }
    text
}

/// 5 MB of definitions as controller-gen writes them: deep schemas, long descriptions.
fn crds() -> String {
    let mut text = String::new();
    for number in 0.. {
        if text.len() > 5_000_000 {
            break;
        }
        write!(
            text,
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  \
             annotations:\n    controller-gen.kubebuilder.io/version: v0.16.1\n  name: kind{number}s.example.com\n\
             spec:\n  group: example.com\n  names:\n    kind: Kind{number}\n    plural: kind{number}s\n  \
             scope: Namespaced\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema:\n      \
             openAPIV3Schema:\n"
        )
        .expect("writing to a string does not fail");
        schema(&mut text, 8, 5);
        text.push_str("---\n");
    }
    text
}

/// Writes the schema of an object that holds two more, so many levels deep.
fn schema(text: &mut String, indent: usize, levels: usize) {
    let margin = " ".repeat(indent);
    write!(
        text,
        "{margin}description: |-\n{margin}  Holds what the controller needs to know, and is copied from the fields of the\n\
         {margin}  parent when it is not set.\n\n{margin}  More info: https://example.com/docs/concepts/{levels}\n\
         {margin}type: object\n{margin}required: [name]\n{margin}properties:\n{margin}  name:\n\
         {margin}    description: Name must be unique within a namespace. It is required when creating resources,\n\
         {margin}      although some may be named by the server; it cannot be updated.\n{margin}    type: string\n\
         {margin}    maxLength: 253\n{margin}    pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'\n\
         {margin}  weight:\n{margin}    default: 1\n{margin}    format: int32\n{margin}    type: integer\n"
    )
    .expect("writing to a string does not fail");
    if levels == 0 {
        return;
    }
    for child in ["template", "selector"] {
        writeln!(text, "{margin}  {child}:").expect("writing to a string does not fail");
        schema(text, indent + 4, levels - 1);
    }
}

/// A file of values with a comment at nearly every one.
fn comments() -> String {
    let mut text = String::from("# Values of the chart.\n\n");
    for number in 0..2_000 {
        write!(
            text,
            "# -- What number {number} is for.\n# It may be changed at any time.\nsetting{number}:\n  # on or off\n  \
             enabled: true # on\n  items: # in order\n    - one # first\n    # the second\n    - two\n\n"
        )
        .expect("writing to a string does not fail");
    }
    text
}

/// One text of a megabyte, such as a dashboard in a ConfigMap.
fn block() -> String {
    let mut text = String::from(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: board\ndata:\n  board.json: |\n",
    );
    for number in 0..16_000 {
        writeln!(
            text,
            "    {{ \"id\": {number}, \"title\": \"requests per second, by path\" }},"
        )
        .expect("writing to a string does not fail");
    }
    text
}

fn read_all(text: &str) -> Vec<Document> {
    parse(text).expect("the text is valid")
}

#[divan::bench(args = INPUTS)]
fn read(bencher: Bencher<'_, '_>, input: &Input) {
    let text = (input.make)();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| read_all(&text));
}

#[divan::bench(args = INPUTS)]
fn print_as_build(bencher: Bencher<'_, '_>, input: &Input) {
    let text = (input.make)();
    let documents = read_all(&text);
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let mut out = String::with_capacity(text.len());
        let objects = documents
            .iter()
            .filter(|document| document.root.is_mapping());
        for object in objects {
            print_build_into(&object.root, &mut out).expect("the values are printable");
        }
        out
    });
}

#[divan::bench(args = INPUTS)]
fn print_as_file(bencher: Bencher<'_, '_>, input: &Input) {
    let text = (input.make)();
    let documents = read_all(&text);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| print_file(&documents, &FileStyle::default()));
}
