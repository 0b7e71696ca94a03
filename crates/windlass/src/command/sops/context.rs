//! What every verb works with.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use windlass_sops::{DecryptionOrder, Format, Indent, Timestamp};

use super::configuration::Configuration;
use super::exit::Exit;
use super::flags::{OrderFlags, RuleFlags};
use crate::failure::Failure;
use crate::style::{Ink, Style};
use crate::terminal::{complain, shown};

/// How documents are laid out.
pub(super) type Layout = windlass_sops::Style;

/// What every verb works with: the configuration, and the flags that stand before the verb.
#[derive(Debug)]
pub(super) struct Context {
    style: Style,
    configuration: Option<Configuration>,
    layout: Layout,
    rules: RuleFlags,
}

impl Context {
    /// Finds the configuration, or reads the one that is named.
    pub(super) fn new(
        style: Style,
        config: Option<&Path>,
        indent: Option<i32>,
        rules: &RuleFlags,
    ) -> Result<Self, Failure> {
        let configuration = Configuration::find(config)?;
        let found = configuration.as_ref();
        let configured = found.map_or_else(Layout::default, |found| found.layout);
        Ok(Self {
            style,
            configuration,
            layout: indented(configured, indent),
            rules: rules.clone(),
        })
    }

    /// Returns where colours are wanted.
    pub(super) fn style(&self) -> Style {
        self.style
    }

    /// Returns the configuration, if there is one.
    pub(super) fn configuration(&self) -> Option<&Configuration> {
        self.configuration.as_ref()
    }

    /// Returns how documents are laid out.
    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// Returns the flags about rules that stand before the verb.
    pub(super) fn rules(&self) -> &RuleFlags {
        &self.rules
    }

    /// Says what is odd, and does not keep anything from being done.
    pub(super) fn warn(&self, text: &str) {
        let label = self.style.err(Ink::Yellow, "warning:");
        complain(&format!("{label} {}", shown(text)));
    }

    /// Returns the order in which keys are tried.
    pub(super) fn order(flags: &OrderFlags) -> Result<DecryptionOrder, Failure> {
        let order = flags.decryption_order.as_deref().unwrap_or_default();
        if order.is_empty() {
            return Ok(DecryptionOrder::default());
        }
        DecryptionOrder::parse(order).map_err(|error| Exit::DuplicateOrder.with(error))
    }

    /// Returns the format that is named, or that of a file of this name.
    pub(super) fn format(&self, named: Option<&str>, flag: &str, file: &Path) -> Format {
        let by_name = || Format::of_file_name(&file.to_string_lossy());
        match named.filter(|name| !name.is_empty()) {
            None => by_name(),
            Some("yaml") => Format::Yaml,
            Some("json") => Format::Json,
            Some("dotenv") => Format::Dotenv,
            Some("ini") => Format::Ini,
            Some("binary") => Format::Binary,
            Some(other) => {
                self.warn(&format!(
                    "{flag} {other:?} is none of yaml, json, dotenv, ini, binary; the name of the file counts"
                ));
                by_name()
            }
        }
    }
}

/// Returns a layout with so many spaces. 0 is nothing that was set; what is less is a tab where there are tabs.
fn indented(layout: Layout, spaces: Option<i32>) -> Layout {
    let Some(spaces) = spaces.filter(|spaces| *spaces != 0) else {
        return layout;
    };
    match u8::try_from(spaces) {
        Ok(spaces) => Layout {
            yaml: spaces,
            json: Indent::Spaces(spaces),
            binary: Indent::Spaces(spaces),
        },
        Err(_) => Layout {
            json: Indent::Tab,
            binary: Indent::Tab,
            ..layout
        },
    }
}

/// Returns the time, to the second.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp::from_unix(since.unwrap_or_default().as_secs())
}

/// Fills bytes with what nobody can guess.
pub(super) fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}
