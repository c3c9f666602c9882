//! `copydesk config check` and `config print`: what `serve` would do with these flags and variables.

use std::io::{self, Write as _};

use super::{Failure, serve, settled};
use crate::config::{Settings, markdown};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Exit 0 when `serve` would start with these settings, 64 with one line when not
    Check(Settings),
    /// Print every setting as it is in force, as lines of an environment file
    Print(Print),
}

#[derive(Debug, clap::Args)]
struct Print {
    /// Print the Markdown table of docs/configuration.md instead
    #[arg(long)]
    markdown: bool,
    #[command(flatten)]
    settings: Settings,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let text = match &args.action {
        Action::Check(settings) => {
            serve::tokens(&settled(settings)?)?;
            return Ok(());
        }
        Action::Print(Print { markdown: true, .. }) => markdown(),
        Action::Print(Print { settings, .. }) => settled(settings)?.print(),
    };
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(Failure::output)
}
