//! `windlass build`: renders a kustomization, or the services of an environment.

pub(crate) mod directory;
mod flags;
mod objects;
pub(crate) mod output;

use std::path::PathBuf;

use clap::Args;

use crate::cli::SourceArgs;
use crate::desired::{self, Selection};
use crate::failure::{Done, Failure};
use crate::keys::Together;
use crate::scene::Scene;
use crate::style::{Ink, Style};
use crate::terminal::{complain, shown};

pub(crate) use flags::Flags;

/// Renders a directory as `kustomize build` does, or all services of an environment
///
/// With --env, every kustomize/*/overlays/ENV of the commit is rendered, secrets decrypted in memory.
/// Without, DIR is read from disk, and the output is that of `kustomize build DIR`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass build kustomize/hydra/overlays/dev
  windlass build --env dev                       every service, secrets included
  windlass build --env dev hydra cdc             two services")]
pub(crate) struct Build {
    /// The directory to build, or its address (https://github.com/org/repo//dir?ref=v1); with --env, the
    /// services (default: all of them)
    #[arg(value_name = "DIR | SERVICE")]
    targets: Vec<String>,
    /// The environment to render, as `plan` and `up` do: without flags that change what a build gives
    #[arg(
        long,
        short,
        value_name = "ENV",
        group = "place",
        conflicts_with_all = ["load_restrictor", "reorder", "enable_managedby_label", "allow_remote_bases"]
    )]
    env: Option<String>,
    /// With --env: the addons below bootstrap/ too, before the services
    #[arg(long, requires = "env")]
    bootstrap: bool,
    /// With --env: the repository, or the directory in one that holds kustomize/
    #[arg(
        long,
        short = 'C',
        value_name = "DIR",
        default_value = ".",
        requires = "env"
    )]
    repo: PathBuf,
    #[command(flatten)]
    source: SourceArgs,
    // The last, since its heading would be that of what follows.
    #[command(flatten)]
    flags: Flags,
}

impl Build {
    pub(crate) fn run(self, style: Style) -> Result<Done, Failure> {
        let Some(env) = &self.env else {
            return self.directory(style);
        };
        let rendered = self.environment(env, style)?;
        output::write(self.flags.output.as_ref(), &rendered, style)?;
        Ok(Done::Well)
    }

    fn directory(&self, style: Style) -> Result<Done, Failure> {
        let directory = match self.targets.as_slice() {
            [] => ".",
            [directory] => directory,
            _ => {
                return Err(Failure::usage(
                    "one directory can be built at a time; for services add --env ENV",
                ));
            }
        };
        let built = directory::build(directory, &self.flags, style)?;
        output::write_build(self.flags.output.as_ref(), &built, style)?;
        Ok(Done::Well)
    }

    fn environment(&self, env: &str, style: Style) -> Result<String, Failure> {
        let scene = Scene::open(&self.repo, &self.source)?;
        let snapshot = scene.snapshot()?;
        let keys = scene.keys(&snapshot)?;
        let selection = Selection {
            services: &self.targets,
            addons: self.bootstrap,
        };
        let units = desired::units(&*snapshot.tree, env, selection)?;
        let mut text = String::new();
        let mut errors = Vec::new();
        let together = Together(&keys);
        let decryption = scene.decryption(&together);
        for unit in &units {
            match windlass_render::render_text(&*snapshot.tree, &unit.directory, decryption) {
                Ok(result) => {
                    for warning in result.warnings() {
                        let text = format!("{}: {warning}", unit.name);
                        complain(&style.err(Ink::Yellow, &shown(&text)));
                    }
                    if text.is_empty() {
                        text = result.into_yaml();
                    } else {
                        text.push_str("---\n");
                        text.push_str(&result.into_yaml());
                    }
                }
                Err(failed) => errors.extend(failed.errors().iter().map(ToString::to_string)),
            }
        }
        if errors.is_empty() {
            Ok(text)
        } else {
            Err(super::unrendered(errors, &keys))
        }
    }
}
