//! What of an encrypted text does not depend on randomness or time, as the recorded shapes have it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::{Captures, Regex};
use windlass_sops::Format;

pub(super) const ENCRYPTED: &str =
    r"ENC\[AES256_GCM,data:([A-Za-z0-9+/=]+),iv:[A-Za-z0-9+/=]+,tag:[A-Za-z0-9+/=]+,type:(\w+)\]";

/// Returns the shape of a text.
pub(super) fn shape(text: &str, format: Format) -> String {
    let replace = |text: String, pattern: &str, with: &str| {
        let pattern = Regex::new(pattern).unwrap();
        pattern.replace_all(&text, with).into_owned()
    };
    let length = |captures: &Captures<'_>| {
        let data = STANDARD.decode(&captures[1]).unwrap();
        format!("ENC[type:{},len:{}]", &captures[2], data.len())
    };
    let encrypted = Regex::new(ENCRYPTED).unwrap();
    let mut text = encrypted.replace_all(text, length).into_owned();
    for kind in ["AGE ENCRYPTED FILE", "PGP MESSAGE"] {
        let block =
            format!(r"(?m)^([ \t]*)-----BEGIN {kind}-----\n(?:.*\n)*?[ \t]*-----END {kind}-----\n");
        text = replace(text, &block, &format!("${{1}}<ARMOR {kind}>\n"));
        let line = format!(r#"-----BEGIN {kind}-----[^\n"]*?-----END {kind}-----(\\n)*"#);
        text = replace(text, &line, &format!("<ARMOR {kind}>"));
    }
    text = replace(text, r#"(enc"?: )\|-?\n"#, "${1}|\n");
    text = replace(text, r"(\benc: )([^|\s]\S*)", "${1}<ENC>");
    text = replace(text, r#"("enc": ")([^<"][^"]*)""#, "${1}<ENC>\"");
    text = replace(text, r"(map_enc[ \t]*=[ \t]*)([^<\s]\S*)", "${1}<ENC>");
    text = replace(
        text,
        r#"((?:lastmodified|created_at)"?(?:\s*=\s*|: )"?)[0-9T:Z+-]+"#,
        "${1}<TS>",
    );
    text = replace(
        text,
        r#"((?:sops_|\n\s*|")version"?(?:\s*=\s*|: )"?)[0-9.]+"#,
        "${1}<VER>",
    );
    if format == Format::Ini {
        text = with_sorted_metadata(&text);
    }
    text
}

fn with_sorted_metadata(text: &str) -> String {
    let (head, tail) = match text.split_once("\n[sops]\n") {
        Some((head, tail)) => (format!("{head}\n[sops]\n"), tail),
        None => (
            "[sops]\n".to_owned(),
            text.strip_prefix("[sops]\n").unwrap_or_default(),
        ),
    };
    let mut lines: Vec<_> = tail.lines().filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    format!("{head}{}\n", lines.join("\n"))
}
