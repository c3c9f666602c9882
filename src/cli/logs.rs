//! Logs go to stderr, in the form that the settings say; a panic is logged by place alone.

use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;

use crate::config::{Log, LogFormat, LogLevel};

/// Starts logging for the whole process.
pub(super) fn start(log: Log) {
    let level = match log.level {
        None => LevelFilter::OFF,
        Some(LogLevel::Error) => LevelFilter::ERROR,
        Some(LogLevel::Warn) => LevelFilter::WARN,
        Some(LogLevel::Info) => LevelFilter::INFO,
        Some(LogLevel::Debug) => LevelFilter::DEBUG,
        Some(LogLevel::Trace) => LevelFilter::TRACE,
    };
    let lines = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_target(false);
    // Started once by the process: a second start changes nothing.
    let _ = match log.format {
        LogFormat::Json => tracing::subscriber::set_global_default(lines.json().flatten_event(true).finish()),
        LogFormat::Pretty => {
            let colours = std::io::stderr().is_terminal();
            tracing::subscriber::set_global_default(lines.with_ansi(colours).finish())
        }
    };
    std::panic::set_hook(Box::new(|panic| {
        // The message of a panic can quote what was being sliced, which is a client's document: the place is enough.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
}
