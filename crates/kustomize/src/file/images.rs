//! Images and replicas: entries with a name.

use windlass_yaml::{Mapping, Node, Value};

use super::fields::{insert_by_name, remove, set_plain, set_text, text};
use super::{FileError, KustomizationFile, NewImage, NewReplica};

/// What keeps the value that is there.
const KEEP: &str = "*";

impl KustomizationFile {
    /// Sets images (`edit set image`). An entry loses what is not set: a new tag takes the digest, the new name and
    /// the tag suffix away, unless `*` stands for them.
    pub fn set_images(&mut self, images: &[NewImage]) -> Result<(), FileError> {
        self.rename("imageTags", "images")?;
        let items = self.items_mut("images")?;
        for image in last_of_each(images, |image| &image.name) {
            let entry = entry(items, &image.name);
            remove(entry, "tagSuffix");
            for (field, value) in [
                ("newName", &*image.new_name),
                ("newTag", &*image.new_tag),
                ("digest", &*image.digest),
            ] {
                match value {
                    KEEP => {}
                    "" => remove(entry, field),
                    _ => set_text(entry, field, value),
                }
            }
        }
        Ok(())
    }

    /// Sets counts of replicas (`edit set replicas`).
    pub fn set_replicas(&mut self, replicas: &[NewReplica]) -> Result<(), FileError> {
        let items = self.items_mut("replicas")?;
        for replica in last_of_each(replicas, |replica| &replica.name) {
            let entry = entry(items, &replica.name);
            set_plain(entry, "count", Node::int(replica.count));
        }
        Ok(())
    }
}

/// Returns the last one with each name, as a map would keep it.
fn last_of_each<T>(all: &[T], name: impl Fn(&T) -> &String) -> impl Iterator<Item = &T> {
    let is_last = move |index: usize| {
        let own = name(&all[index]);
        all[index + 1..].iter().all(|other| name(other) != own)
    };
    all.iter()
        .enumerate()
        .filter(move |(index, _)| is_last(*index))
        .map(|(_, item)| item)
}

/// Returns the first entry with this name, which is made when there is none; others with the name go.
fn entry<'n>(items: &'n mut Vec<Node>, name: &str) -> &'n mut Mapping {
    let is_it = |item: &Node| text(item, "name") == name;
    match items.iter().position(is_it) {
        None => insert_by_name(items, Node::mapping([("name", Node::string(name))])),
        Some(first) => {
            let mut index = 0;
            items.retain(|item| {
                index += 1;
                index <= first + 1 || !is_it(item)
            });
        }
    }
    let at = items.iter().position(is_it);
    let at = at.expect("an entry with the name is there or was just inserted");
    match &mut items[at].value {
        Value::Mapping(mapping) => mapping,
        _ => unreachable!("what has a name is a mapping"),
    }
}
