//! Reading and printing, in bytes a second.

use divan::counter::BytesCount;
use windlass_yaml::{FileStyle, parse, print_build_into, print_file};

fn main() {
    divan::main();
}

/// The objects of 100 services, as people write them.
fn services() -> String {
    use std::fmt::Write;
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

#[divan::bench]
fn read(bencher: divan::Bencher<'_, '_>) {
    let text = services();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| parse(&text).expect("the text is valid"));
}

#[divan::bench]
fn print_as_build(bencher: divan::Bencher<'_, '_>) {
    let text = services();
    let documents = parse(&text).expect("the text is valid");
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let mut out = String::with_capacity(text.len());
        for document in documents
            .iter()
            .filter(|document| document.root.is_mapping())
        {
            print_build_into(&document.root, &mut out).expect("the values are printable");
        }
        out
    });
}

#[divan::bench]
fn print_as_file(bencher: divan::Bencher<'_, '_>) {
    let text = services();
    let documents = parse(&text).expect("the text is valid");
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| print_file(&documents, &FileStyle::default()));
}
