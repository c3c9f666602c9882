//! The command line: what to run, and which exit code it means.

mod batch;
mod clean;
mod config;
mod health;
mod jobs;
mod logs;
mod normalize;
mod removed;
mod rules;
mod serve;

use std::{
    io::{self, ErrorKind},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use crate::{
    config::{Config, InvalidSetting, Settings, unknown_variable},
    error::Error,
    rules::RuleError,
};

/// Turns raw article documents into clean, structured articles.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the HTTP service (also what happens without a command)
    Serve(Settings),
    /// Normalise one document to stdout, as POST /v1/normalize does, or report what is removed from many
    Normalize(normalize::Args),
    /// Normalise many documents, an article a line, as POST /v1/batch does
    Batch(batch::Args),
    /// Clean an HTML stream from stdin to stdout, as POST /v1/clean does
    Clean(clean::Args),
    /// List, check, explain and test the rules
    Rules(rules::Args),
    /// Check the settings, or print them as they are in force
    Config(config::Args),
    /// Ask a running service whether it is ready: exit 0 or 1
    Health(health::Args),
}

/// Why a command failed; each kind has its exit code.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A setting that means nothing. Nothing was opened.
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    /// A document or an option that was refused.
    #[error("{code}: {0}", code = .0.code())]
    Refused(#[from] Error),
    /// Rules that do not load.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Rules(Vec<RuleError>),
    /// The system said no.
    #[error("{doing}: {cause}")]
    System {
        /// What was tried, and with what.
        doing: String,
        /// What the system said.
        cause: io::Error,
    },
    /// Whoever read our output has read enough: no fault, and nothing to say.
    #[error("the output was closed")]
    OutputClosed,
    /// The answer to the question is no.
    #[error("{0}")]
    No(String),
}

impl Failure {
    /// The process's exit code. 2 is clap's, for words that it does not know.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::OutputClosed => ExitCode::SUCCESS,
            Failure::Setting(_) | Failure::Rules(_) => ExitCode::from(EX_USAGE),
            Failure::Refused(_) | Failure::System { .. } | Failure::No(_) => ExitCode::FAILURE,
        }
    }

    /// Whether there is anything to report.
    pub fn is_silent(&self) -> bool {
        matches!(self, Failure::OutputClosed)
    }

    fn system(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |cause| Failure::System { doing, cause }
    }

    fn output(cause: io::Error) -> Self {
        match cause.kind() {
            ErrorKind::BrokenPipe => Failure::OutputClosed,
            _ => Failure::system("writing the output")(cause),
        }
    }
}

impl From<Vec<RuleError>> for Failure {
    fn from(errors: Vec<RuleError>) -> Self {
        Failure::Rules(errors)
    }
}

impl From<RuleError> for Failure {
    fn from(error: RuleError) -> Self {
        Failure::Rules(vec![error])
    }
}

/// `EX_USAGE` of sysexits.h: the configuration is wrong, and trying again will not help.
const EX_USAGE: u8 = 64;

/// Runs what the command line says.
///
/// # Errors
/// See [`Failure`].
pub fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        None => serve::run(&cli.serve),
        Some(Command::Serve(settings)) => serve::run(&settings),
        Some(Command::Normalize(args)) => normalize::run(&args),
        Some(Command::Batch(args)) => batch::run(&args),
        Some(Command::Clean(args)) => clean::run(&args),
        Some(Command::Rules(args)) => rules::run(&args),
        Some(Command::Config(args)) => config::run(&args),
        Some(Command::Health(args)) => health::run(&args),
    }
}

/// The settings, checked, in an environment without unknown `COPYDESK_*` variables.
fn settled(settings: &Settings) -> Result<Config, InvalidSetting> {
    let variables = std::env::vars_os();
    let text =
        variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
    if let Some(name) = unknown_variable(text) {
        let wanted = "is no setting; `copydesk config print` lists them all";
        return Err(InvalidSetting::new("variable", name, wanted));
    }
    settings.check(port_variable().as_deref())
}

/// The bare `PORT` variable, which many hosts set.
fn port_variable() -> Option<String> {
    std::env::var("PORT").ok()
}
