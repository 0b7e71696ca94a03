//! `windlass secret rm`.

use clap::Args;
use windlass_render::{Stub, stub_path};

use super::checkout::Checkout;
use super::{NameArgs, commit_hint, place};
use crate::failure::{Done, Failure};
use crate::style::Style;
use crate::terminal::{complain, confirms, say};

/// Removes a value of a service from an environment: its file, and its key in secret-stub.yaml
///
/// The history of Git keeps what was committed, so the value should be changed where it is used.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  windlass secret rm hydra OLD_TOKEN --env dev")]
pub(crate) struct Remove {
    #[command(flatten)]
    name: NameArgs,
    /// Change a value that other environments use too
    #[arg(long)]
    shared: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Remove {
    pub(super) fn run(self, _: Style) -> Result<Done, Failure> {
        self.name.check()?;
        let checkout = Checkout::open(&self.name.repository.repo)?;
        let NameArgs {
            service, name, env, ..
        } = &self.name;
        let unit = checkout.unit(env, service)?;
        let slots = place::slots(&checkout.tree, &unit)?;
        let mut holders = slots
            .iter()
            .filter(|slot| slot.has_value(name) || slot.expects(name));
        let missing = || Failure::of([format!("{service} has no value {name} in {env}")]);
        let slot = holders.next().ok_or_else(missing)?;
        place::guard(slot, &unit, self.shared)?;
        let path = slot.value(name)?;
        if !self.yes && !confirms(&format!("Remove {}? [y/N] ", checkout.shown(&path)))? {
            return Err(Failure::usage(
                "nothing was removed; add --yes to remove it without a question",
            ));
        }
        let mut files = Vec::new();
        if slot.expects(name) {
            let stub_path = stub_path(&slot.directory);
            let mut stub = Stub::parse(&checkout.text(&stub_path)?)?;
            stub.remove_key(name);
            checkout.write(&stub_path, stub.finish()?.as_bytes())?;
            files.push(checkout.shown(&stub_path));
        }
        if slot.has_value(name) {
            checkout.remove(&path)?;
            files.push(checkout.shown(&path));
        }
        say(&format!("{}: removed", checkout.shown(&path)));
        complain("the history of Git still holds it: change the value where it is used");
        if slot.values.iter().all(|value| value == name) {
            complain(&format!(
                "it was the last value: remove {} and the secret.yaml of the kustomization too",
                checkout.shown(&stub_path(&slot.directory))
            ));
        }
        complain(&format!(
            "to commit: {}",
            commit_hint(&files, &format!("{service}: remove {name} from {env}"))
        ));
        Ok(Done::Well)
    }
}
