//! What a person allows, as they write it.

use std::fmt;
use std::str::FromStr;

use windlass_object::ObjectRef;
use windlass_plan::{Approvals, Plan};

/// The shortest prefix of a hash that names a plan: what the last line of a plan shows.
const SHORTEST: usize = 12;

/// A plan by its hash or the first digits of it, or an object as Windlass prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Approval {
    /// The first digits of a plan's hash, at least twelve.
    Plan(String),
    /// An object, such as `Deployment/shop/web`.
    Object(String),
}

impl FromStr for Approval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_hash = text.len() >= SHORTEST && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let parts = text.split('/').filter(|part| !part.is_empty()).count();
        if is_hash {
            Ok(Self::Plan(text.to_ascii_lowercase()))
        } else if (2..=3).contains(&parts) {
            Ok(Self::Object(text.to_owned()))
        } else {
            Err(
                "write the digits at the end of a plan (twelve or more), or an object as it is \
                 printed there: Kind/namespace/name"
                    .to_owned(),
            )
        }
    }
}

impl fmt::Display for Approval {
    /// Writes it as it is read.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(text) | Self::Object(text) => formatter.write_str(text),
        }
    }
}

/// Returns what is approved of `ids`.
pub(super) fn of_objects<'i>(
    given: &[Approval],
    ids: impl Iterator<Item = &'i ObjectRef>,
) -> Approvals {
    let is_named = |id: &ObjectRef| {
        let spellings = [id.to_string(), in_full(id)];
        spellings
            .into_iter()
            .any(|name| given.contains(&Approval::Object(name)))
    };
    Approvals {
        objects: ids.filter(|id| is_named(id)).cloned().collect(),
        ..Approvals::default()
    }
}

/// Returns the object with the group of its kind, which is left out where it is well known.
fn in_full(id: &ObjectRef) -> String {
    let kind = match id.group.as_str() {
        "" => id.kind.to_string(),
        group => format!("{}.{group}", id.kind),
    };
    match &id.namespace {
        Some(namespace) => format!("{kind}/{namespace}/{}", id.name),
        None => format!("{kind}/{}", id.name),
    }
}

/// Returns whether the plan as a whole is approved.
pub(super) fn is_approved(given: &[Approval], plan: &Plan) -> bool {
    given.iter().any(|approval| match approval {
        Approval::Plan(digits) => plan.hash.as_str().starts_with(digits),
        Approval::Object(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_is_a_hash_or_an_object_as_it_is_printed() {
        assert_eq!(
            "F4FCC0766892".parse(),
            Ok(Approval::Plan("f4fcc0766892".to_owned()))
        );
        let id = ObjectRef {
            group: "apps".into(),
            kind: "Deployment".into(),
            namespace: Some("shop".into()),
            name: "web".into(),
        };
        let given = [id.to_string().parse().unwrap()];
        assert!(of_objects(&given, [&id].into_iter()).objects.contains(&id));
        let given = ["Deployment.apps/shop/web".parse().unwrap()];
        assert!(of_objects(&given, [&id].into_iter()).objects.contains(&id));
        assert!("web".parse::<Approval>().is_err());
        assert!("f4fcc".parse::<Approval>().is_err());
    }
}
