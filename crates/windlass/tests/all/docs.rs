//! The manual and the README: what they show is what happens, and what they point to is there.

#[path = "docs/links.rs"]
mod links;
#[path = "docs/page.rs"]
mod page;
#[path = "docs/reader.rs"]
mod reader;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::scene::{Scene, binary, workspace};

/// Set to write the pages that are made from the code, instead of comparing them.
const UPDATE: &str = "WINDLASS_UPDATE";

#[test]
fn the_readme_and_the_tutorial_do_what_they_say() {
    check(|page| page.parent() == Some(&manual()) || page.ends_with("README.md"));
}

#[test]
fn the_how_to_pages_do_what_they_say() {
    check(|page| page.starts_with(manual().join("how-to")));
}

#[test]
fn the_reference_and_the_explanations_do_what_they_say() {
    check(|page| page.starts_with(manual().join("reference")));
    check(|page| page.starts_with(manual().join("explanation")));
}

#[test]
fn the_manual_lists_all_differences_that_are_none() {
    let page = fs::read_to_string(manual().join("reference/ignored.md")).unwrap();
    for known in windlass_plan::KNOWN {
        let row = format!("| {} | {} | {} |", known.what, known.why, known.how.text());
        assert!(page.contains(&row), "not in the page: {row}");
    }
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let broken: Vec<String> = documents()
        .iter()
        .flat_map(|page| links::broken(page))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = manual().join("SUMMARY.md");
    let listed = links::targets(&summary);
    let missing: Vec<_> = pages(&manual())
        .into_iter()
        .filter(|page| *page != summary && !listed.contains(page))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_reference_of_the_command_line_is_what_help_prints() {
    let file = manual().join("reference/cli.md");
    let wanted = command_line();
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&file, &wanted).unwrap();
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == wanted,
        "{} is not what --help prints; to write it anew: {UPDATE}=1 cargo test -p windlass --test all docs",
        file.display()
    );
}

/// Does what the pages say, and fails with every page that is wrong.
fn check(is_meant: impl Fn(&Path) -> bool) {
    let pages = documents().into_iter().filter(|page| is_meant(page));
    let mistakes: Vec<String> = pages
        .filter_map(|page| reader::follow(&page).err())
        .collect();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n\n"));
}

fn manual() -> PathBuf {
    workspace().join("docs/src")
}

/// Returns the manual's pages and the documents at the top.
fn documents() -> Vec<PathBuf> {
    let mut documents = pages(&manual());
    documents.extend(
        ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].map(|name| workspace().join(name)),
    );
    documents
}

fn pages(directory: &Path) -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages.extend(self::pages(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    pages
}

/// Returns the page with the help of all commands.
fn command_line() -> String {
    let scene = Scene::empty();
    let help = |arguments: &[&str]| {
        let ran = scene.run(Command::new(binary()).args(arguments).arg("--help"));
        let lines: Vec<&str> = ran.stdout.lines().map(str::trim_end).collect();
        lines.join("\n").trim_end().to_owned()
    };
    let all = help(&[]);
    let of_command = |command| {
        format!(
            "\n## windlass {command}\n\n```text\n{}\n```\n",
            help(&[command])
        )
    };
    let commands: String = commands(&all).map(of_command).collect();
    format!("# Command line\n\nWhat `--help` prints.\n\n```text\n{all}\n```\n{commands}")
}

/// Returns the names in the list of commands; longer descriptions go on further to the right.
fn commands(help: &str) -> impl Iterator<Item = &str> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let list = list.take_while(|line| !line.is_empty());
    let names = list.filter_map(|line| {
        line.strip_prefix("  ")
            .filter(|rest| !rest.starts_with(' '))
    });
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help")
}
