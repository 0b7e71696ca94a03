//! What looks encrypted, and in which format: the marks that Flux's kustomize-controller 1.9 looks for.

use windlass_sops::Format;

/// How every encrypted value begins.
pub(crate) const VALUE: &str = "ENC[AES256_GCM,";

const FORMATS: [(Format, &str); 4] = [
    (Format::Yaml, "mac: ENC["),
    (Format::Json, "\"mac\": \"ENC["),
    (Format::Dotenv, "sops_mac=ENC["),
    (Format::Ini, "[sops]"),
];

/// Returns whether a file may be encrypted by sops, wholly or in a part.
pub(crate) fn is_suspicious(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains(VALUE)
}

/// Returns the format in which a value of a Secret is encrypted, if it is; `key` is the name of the value.
///
/// JSON and the envelope of binary files look the same: the name decides.
pub(super) fn format_of(bytes: &[u8], key: &str) -> Option<Format> {
    let text = String::from_utf8_lossy(bytes);
    let (format, _) = FORMATS
        .iter()
        .find(|(_, mark)| text.contains(VALUE) && text.contains(mark))?;
    match (format, format_of_key(key)) {
        (Format::Json, Format::Binary) => Some(Format::Binary),
        _ => Some(*format),
    }
}

/// Returns whether a file is encrypted in this format.
pub(super) fn is_of(bytes: &[u8], format: Format) -> bool {
    let format = match format {
        Format::Binary => Format::Json,
        other => other,
    };
    let marks = FORMATS.iter().filter(|(of, _)| *of == format);
    let text = String::from_utf8_lossy(bytes);
    text.contains(VALUE) && marks.into_iter().any(|(_, mark)| text.contains(mark))
}

/// Returns the format of a value by its name, as Flux has it: as sops by extension, and JSON for the
/// credentials of a registry.
pub(super) fn format_of_key(key: &str) -> Format {
    if key.ends_with(".dockerconfigjson") {
        return Format::Json;
    }
    Format::of_file_name(key)
}
