//! What a unit is called in a cluster.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The longest value of a label, in bytes.
const MAX: usize = 63;

/// The first part of the name of an addon.
const ADDON: &str = "bootstrap/";

/// Returns the name by which a cluster knows the unit `name` of the environment `env`. It is a valid value of a
/// label and a valid name of an object, and no two units have the same.
///
/// That is `<env>.<service>` or `<env>.bootstrap.<addon>` where all parts are DNS labels and it has at most 63
/// characters. Other units, and a service that is called `bootstrap`, have a name without dots: what can be
/// kept of theirs, and eight digits of a hash.
#[must_use]
pub fn identity(env: &str, name: &str) -> String {
    let (prefix, last) = match name.strip_prefix(ADDON) {
        Some(addon) => ("bootstrap.", addon),
        None => ("", name),
    };
    let plain = format!("{env}.{prefix}{last}");
    let is_clear = is_label(env) && is_label(last) && name != "bootstrap";
    if is_clear && plain.len() <= MAX {
        return plain;
    }
    hashed(env, name)
}

fn hashed(env: &str, name: &str) -> String {
    let mut hash = Sha256::new();
    for part in [env, name] {
        // JSON is its own delimiter.
        hash.update(serde_json::Value::from(part).to_string());
    }
    let mut text = slug(&format!("{env}-{name}"));
    for byte in hash.finalize().iter().take(4) {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
    }
    text
}

/// Returns `text` in lower case, with one `-` for all that no label has and at its end, short enough for the
/// digits of a hash.
fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(MAX - 9);
    if !slug.is_empty() && !slug.ends_with('-') {
        slug.push('-');
    }
    slug
}

/// Whether it is a DNS label (RFC 1123), in lower case as Kubernetes has them.
fn is_label(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX).contains(&text.len())
        && text.bytes().all(is_inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_names_are_kept_and_others_have_a_hash() {
        let shown = [
            identity("dev", "hydra"),
            identity("dev", "bootstrap/ingress-nginx"),
            identity("dev", "bootstrap"),
            identity("dev.eu", "web"),
            identity("dev", "eu.web"),
            identity("Dev", "My_Service"),
        ];
        insta::assert_snapshot!(shown.join("\n"), @r"
        dev.hydra
        dev.bootstrap.ingress-nginx
        dev-bootstrap-dd27f991
        dev-eu-web-13c69e0f
        dev-eu-web-73232035
        dev-my-service-e23681c6
        ");
    }

    fn name() -> impl Strategy<Value = String> {
        prop_oneof![
            "[aA.-]{1,3}",
            "bootstrap",
            "[a-z0-9A-Z._-]{1,63}",
            "(bootstrap[./-])?[a-b]{1,2}"
        ]
    }

    fn unit() -> impl Strategy<Value = String> {
        (any::<bool>(), name()).prop_map(|(is_addon, name)| {
            if is_addon {
                format!("{ADDON}{}", name.replace('/', "-"))
            } else {
                name.replace('/', "-")
            }
        })
    }

    proptest! {
        #[test]
        fn every_identity_is_a_value_of_a_label_and_a_name_of_an_object(env in name(), unit in unit()) {
            let identity = identity(&env, &unit);
            prop_assert!(identity.len() <= MAX);
            prop_assert!(identity.split('.').all(is_label), "{identity}");
        }

        #[test]
        fn no_two_units_have_the_same_identity(one in (name(), unit()), two in (name(), unit())) {
            let same = identity(&one.0, &one.1) == identity(&two.0, &two.1);
            prop_assert_eq!(same, one == two);
        }
    }
}
