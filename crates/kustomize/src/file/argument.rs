//! The words of the command line, as `kustomize edit` reads them.

use std::str::FromStr;

use thiserror::Error;

/// A word of the command line that says nothing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ArgumentError {
    /// An image without anything new.
    #[error(
        "{word:?} sets nothing: use NAME=NEWNAME, NAME:TAG, NAME@DIGEST, or both as NAME=NEWNAME:TAG@DIGEST"
    )]
    Image {
        /// The word.
        word: String,
    },
    /// A count of replicas that is not one.
    #[error("{word:?} is not of the form NAME=COUNT")]
    Replica {
        /// The word.
        word: String,
    },
    /// A label or annotation without a key.
    #[error("{word:?} has no key: use KEY:VALUE")]
    Pair {
        /// The word.
        word: String,
    },
    /// An option of `buildMetadata` that there is not.
    #[error(
        "there is no option {word:?}: use originAnnotations, transformerAnnotations or managedByLabel, separated by commas"
    )]
    BuildMetadata {
        /// The word.
        word: String,
    },
}

/// What `edit set image` sets: an empty text sets nothing, `*` keeps what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewImage {
    /// The image as manifests name it.
    pub name: String,
    /// The name to use instead.
    pub new_name: String,
    /// The tag.
    pub new_tag: String,
    /// The digest.
    pub digest: String,
}

impl FromStr for NewImage {
    type Err = ArgumentError;

    /// Reads `NAME[=NEWNAME][:TAG][@DIGEST]`.
    fn from_str(word: &str) -> Result<Self, ArgumentError> {
        let (name, image) = word.split_once('=').unwrap_or(("", word));
        let (image_name, tag, digest) = split_image(image);
        if image_name == word {
            let word = word.to_owned();
            return Err(ArgumentError::Image { word });
        }
        let (name, new_name) = if name.is_empty() {
            (image_name, "")
        } else {
            (name, image_name)
        };
        Ok(Self {
            name: name.to_owned(),
            new_name: new_name.to_owned(),
            new_tag: tag.to_owned(),
            digest: digest.to_owned(),
        })
    }
}

/// Returns name, tag and digest. The colon of a port stands before a slash.
fn split_image(image: &str) -> (&str, &str, &str) {
    let path = image.find('/').unwrap_or(0);
    let (before_digest, digest) = match image[path..].find('@') {
        Some(at) => (&image[..path + at], &image[path + at + 1..]),
        None => (image, ""),
    };
    match before_digest[path..].find(':') {
        Some(at) => {
            let at = path + at;
            (&before_digest[..at], &before_digest[at + 1..], digest)
        }
        None => (before_digest, "", digest),
    }
}

/// What `edit set replicas` sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewReplica {
    /// The name of the object.
    pub name: String,
    /// How many replicas.
    pub count: i64,
}

impl FromStr for NewReplica {
    type Err = ArgumentError;

    /// Reads `NAME=COUNT`.
    fn from_str(word: &str) -> Result<Self, ArgumentError> {
        let error = || ArgumentError::Replica {
            word: word.to_owned(),
        };
        let (name, count) = word.split_once('=').ok_or_else(error)?;
        Ok(Self {
            name: name.to_owned(),
            count: count.parse().map_err(|_| error())?,
        })
    }
}

/// A label or annotation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// The key.
    pub key: String,
    /// The value; empty when none was given.
    pub value: String,
}

impl Pair {
    /// Returns whether this can be the key of an annotation, as `edit set annotation` asks.
    #[must_use]
    pub fn has_annotation_key(&self) -> bool {
        let (prefix, name) = match self.key.split_once('/') {
            Some((prefix, name)) => (Some(prefix), name),
            None => (None, &*self.key),
        };
        let prefix_fits = prefix.is_none_or(|prefix| {
            prefix.starts_with(|c: char| c.is_ascii_alphabetic()) && is_key_part(prefix, 253, "-.")
        });
        prefix_fits && is_key_part(name, 63, "-_.")
    }
}

fn is_key_part(part: &str, longest: usize, inside: &str) -> bool {
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    part.len() <= longest
        && is_end(part.chars().next())
        && is_end(part.chars().next_back())
        && part
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || inside.contains(c))
}

impl FromStr for Pair {
    type Err = ArgumentError;

    /// Reads `KEY[:VALUE]`; double quotes around the value are taken off.
    fn from_str(word: &str) -> Result<Self, ArgumentError> {
        let (key, value) = word.split_once(':').unwrap_or((word, ""));
        if key.is_empty() && word.starts_with(':') {
            let word = word.to_owned();
            return Err(ArgumentError::Pair { word });
        }
        let unquoted = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        Ok(Self {
            key: key.to_owned(),
            value: unquoted.unwrap_or(value).to_owned(),
        })
    }
}

/// Returns an option of `buildMetadata`, if the word is one.
pub fn build_metadata(word: &str) -> Result<String, ArgumentError> {
    match word {
        "originAnnotations" | "transformerAnnotations" | "managedByLabel" => Ok(word.to_owned()),
        _ => Err(ArgumentError::BuildMetadata {
            word: word.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_name_tag_and_digest_behind_the_port() {
        let read = |word: &str| {
            let image: NewImage = word.parse().unwrap();
            [image.name, image.new_name, image.new_tag, image.digest].join("|")
        };
        assert_eq!(read("a=b:c"), "a|b|c|");
        assert_eq!(read("a=host:5000/b"), "a|host:5000/b||");
        assert_eq!(read("host:5000/b:v1@sha256:0"), "host:5000/b||v1|sha256:0");
        assert_eq!(read("a@sha256:0"), "a|||sha256:0");
        assert_eq!(read("a=*:v2"), "a|*|v2|");
        assert_eq!(read("=b:c"), "b||c|");
        assert!("nginx".parse::<NewImage>().is_err());
    }

    #[test]
    fn a_pair_needs_a_key_and_loses_quotes() {
        let pair: Pair = "a:\"b:c\"".parse().unwrap();
        assert_eq!((&*pair.key, &*pair.value), ("a", "b:c"));
        assert_eq!("a".parse::<Pair>().unwrap().value, "");
        assert!(":b".parse::<Pair>().is_err());
    }

    #[test]
    fn the_key_of_an_annotation_has_its_characters() {
        for (key, wanted) in [
            ("a/b", true),
            ("1a/b", false),
            ("a b", false),
            ("a-", false),
        ] {
            let pair = Pair {
                key: key.to_owned(),
                value: String::new(),
            };
            assert_eq!(pair.has_annotation_key(), wanted, "{key}");
        }
    }
}
