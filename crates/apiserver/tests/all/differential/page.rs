//! The page of the manual that lists the differences which are meant.

use std::fmt::Write;
use std::path::Path;

use super::{folder, scenario};

const HEAD: &str = "\
# Differences from kube-apiserver

The [embedded API server](../explanation/apiserver.md) is sent the same requests as a real kube-apiserver 1.37, and the
answers are compared: status codes, bodies, managed fields, errors, watch events and tables. The answers to these
requests differ, and are meant to. [Compatibility](compatibility.md#kube-apiserver) has what the server does not do at
all.

| kube-apiserver | the embedded one |
| --- | --- |
";

#[test]
fn the_manual_lists_the_differences_that_are_meant() {
    let page =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/reference/kube-apiserver.md");
    let text = text();
    if std::env::var_os("WINDLASS_UPDATE").is_some() {
        std::fs::write(&page, &text).unwrap();
    }
    let found = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        found == text,
        "{} is not what known.yaml says: run this with WINDLASS_UPDATE=1",
        page.display()
    );
}

fn text() -> String {
    let list = scenario::read_yaml(&folder().join("known.yaml"));
    let mut text = HEAD.to_owned();
    for rule in list.as_array().unwrap() {
        let row = |key: &str| rule[key].as_str().unwrap();
        let line = format!("| {} | {} |\n", row("there"), row("here"));
        if !text.contains(&line) {
            let _ = write!(text, "{line}");
        }
    }
    text
}
