//! Cases of our own, with what the real kustomize 5.8.1 printed for them (`tools/record`).

use std::path::Path;

use windlass_kustomize::{BuildOptions, build};
use windlass_tree::TreePath;

use crate::support::{first_difference, read_tree};

#[test]
fn cases_of_our_own_come_out_as_the_real_program_prints_them() {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded");
    let mut mismatches = Vec::new();
    for entry in std::fs::read_dir(recorded).unwrap() {
        let case = entry.unwrap().path();
        let expected = std::fs::read_to_string(case.join("expected.yaml")).unwrap();
        let directory = TreePath::new("build").unwrap();
        let built = build(
            &read_tree(&case.join("input")),
            &directory,
            &BuildOptions::default(),
        );
        let printed = match built {
            Ok(built) => built.to_yaml().to_owned(),
            Err(errors) => errors.to_string(),
        };
        if printed != expected {
            let name = case.file_name().unwrap().to_string_lossy().into_owned();
            mismatches.push(format!("{name}: {}", first_difference(&expected, &printed)));
        }
    }
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
}
