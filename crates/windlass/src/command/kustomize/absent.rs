//! The verbs of kustomize that are not here, each with what to do instead.

use crate::failure::Failure;

/// Returns why a verb of a command, such as `kustomize edit`, is not there.
pub(super) fn explain(command: &str, words: &[String]) -> Failure {
    let verb = words.first().map_or("", String::as_str);
    let Some((why, instead)) = reason(verb) else {
        return Failure::usage(format!("unknown command \"{verb}\" for \"{command}\""))
            .hint("--help lists the commands");
    };
    Failure::usage(format!("{command} {verb} is not in windlass: {why}")).hint(instead)
}

fn reason(verb: &str) -> Option<(&'static str, &'static str)> {
    Some(match verb {
        "cfg" => (
            "its alpha commands work on loose files, not on a kustomization",
            "`build` prints the objects of a kustomization; yq, grep and git grep read files",
        ),
        "fn" => (
            "it runs programs and containers, and windlass runs none",
            "run the function beforehand and commit its output",
        ),
        "localize" => (
            "it is alpha and writes remote bases to disk",
            "copy the files that are needed into your repository and list them under `resources`",
        ),
        "alpha-list-builtin-plugin" => (
            "it prints the kinds of kustomize's own generators and transformers, which a build has all",
            "the manual lists what a build takes: docs/src/reference/compatibility.md",
        ),
        "openapi" => (
            "it prints the OpenAPI schema of a cluster, or that of the program",
            "`kubectl get --raw /openapi/v2` prints that of a cluster; `openapi: {path: …}` of a kustomization takes it",
        ),
        _ if verb.starts_with("docs-") || verb.starts_with("tutorials-") => (
            "it prints a text of the kustomize project",
            "read it at https://kubectl.docs.kubernetes.io/references/kustomize/",
        ),
        _ => return None,
    })
}
