//! The laws hold for what the programs in `fuzz/` begin with.

use std::fs;
use std::path::Path;

use crate::any_patch::patches;

#[test]
fn objects_and_patches_of_all_kinds_keep_the_laws() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/api_patch");
    for seed in fs::read_dir(seeds).unwrap() {
        patches(&fs::read_to_string(seed.unwrap().path()).unwrap());
    }
}
