//! `windlass secret get`.

use std::io::{IsTerminal as _, stdout};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde::Serialize;
use windlass_object::Fingerprint;
use windlass_render::Unit;
use windlass_tree::TreePath;

use super::checkout::Checkout;
use super::list::ago;
use super::sealed::{self, OpenValue};
use super::{NameArgs, place, print};
use crate::cli::Output;
use crate::command::unrendered;
use crate::failure::{Done, Failure};
use crate::style::Style;
use crate::terminal::{write_stdout, write_stdout_bytes};

/// Shows a value of a service: masked, unless --reveal is given
///
/// With --reveal the value itself is printed: as it is, or with a line feed at a terminal.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass secret get hydra DATABASE_URL --env dev
  windlass secret get hydra DATABASE_URL --env dev --reveal | psql-something")]
pub(crate) struct Get {
    #[command(flatten)]
    name: NameArgs,
    /// Print the value in clear
    #[arg(long)]
    reveal: bool,
    /// How to print what is known of it
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// What is known of a value.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    service: String,
    environment: String,
    name: String,
    file: String,
    bytes: usize,
    fingerprint: Fingerprint,
    recipients: Vec<String>,
    last_modified: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
}

impl Get {
    pub(super) fn run(self, _: Style) -> Result<Done, Failure> {
        self.name.check()?;
        let checkout = Checkout::open(&self.name.repository.repo)?;
        let unit = checkout.unit(&self.name.env, &self.name.service)?;
        let path = self.path(&checkout, &unit)?;
        let document = sealed::read(&checkout.tree, &path)?;
        let keys = checkout.keys(&self.name.repository)?;
        let opened = OpenValue::open(&document, &keys);
        let opened =
            opened.map_err(|reason| unrendered(vec![format!("{path}: {reason}")], &keys))?;
        if self.reveal && self.output == Output::Text {
            reveal(opened.value.expose())?;
            return Ok(Done::Well);
        }
        let revealed = self.reveal.then_some(&opened.value);
        let text = revealed.and_then(|value| value.expose_text());
        let other = revealed.filter(|value| value.expose_text().is_none());
        let description = Description {
            service: self.name.service.clone(),
            environment: self.name.env.clone(),
            name: self.name.name.clone(),
            file: checkout.shown(&path),
            bytes: opened.value.expose().len(),
            fingerprint: opened.fingerprint(),
            recipients: sealed::recipients(&document),
            last_modified: document.last_modified().as_str().to_owned(),
            value: text.map(str::to_owned),
            value_base64: other.map(|value| STANDARD.encode(value.expose())),
        };
        print(&description, self.output, Description::text)?;
        Ok(Done::Well)
    }

    fn path(&self, checkout: &Checkout, unit: &Unit) -> Result<TreePath, Failure> {
        let slots = place::slots(&checkout.tree, unit)?;
        let name = &self.name.name;
        if let Some(slot) = slots.iter().find(|slot| slot.has_value(name)) {
            return slot.value(name);
        }
        let mut known: Vec<&str> = slots
            .iter()
            .flat_map(|slot| &slot.values)
            .map(String::as_str)
            .collect();
        known.sort_unstable();
        let known = match known.as_slice() {
            [] => "it has none".to_owned(),
            known => format!("it has {}", known.join(", ")),
        };
        Err(Failure::of([format!(
            "{} has no value {name} in {}; {known}",
            self.name.service, self.name.env
        )]))
    }
}

/// Prints a value. What is not for people to read is not for their terminal either.
fn reveal(value: &[u8]) -> Result<(), Failure> {
    if !stdout().is_terminal() {
        return write_stdout_bytes(value);
    }
    let text = std::str::from_utf8(value).ok();
    let is_plain = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    let Some(text) = text.filter(|text| text.chars().all(is_plain)) else {
        return Err(Failure::of(
            ["the value holds bytes that would steer the terminal".to_owned()],
        )
        .hint("send it to a file or a program: … --reveal > FILE"));
    };
    write_stdout(text)?;
    if !text.ends_with('\n') {
        write_stdout("\n")?;
    }
    Ok(())
}

impl Description {
    fn text(&self) -> String {
        let age = ago(&self.last_modified).map(|age| format!(" ({age} ago)"));
        let recipients = self.recipients.join("\n             ");
        format!(
            "{} {}  {} bytes, fingerprint {}\n  encrypted  {}{}\n  for        {recipients}\n  file       {}\n",
            self.service,
            self.name,
            self.bytes,
            self.fingerprint,
            self.last_modified,
            age.unwrap_or_default(),
            self.file
        )
    }
}
