//! The settings as a table: for `config print`, for docs/configuration.md, and for recognising unknown variables.
//!
//! Everything is read off the flags themselves, so that there is one source.

use std::sync::LazyLock;

use clap::Args as _;
use regex::Regex;

use super::{
    Config, LogFormat, LogLevel, Settings,
    units::{write_size, write_time},
};

/// What all our variables begin with.
const PREFIX: &str = "COPYDESK_";

/// One flag, as clap knows it.
struct Flag {
    long: String,
    variable: String,
    default: String,
    help: String,
}

/// Every setting, in the order of the help.
fn flags() -> Vec<Flag> {
    let command = Settings::augment_args(clap::Command::new("settings"));
    let text = |text: Option<&std::ffi::OsStr>| text.unwrap_or_default().to_string_lossy().into_owned();
    let flags = command.get_arguments().filter_map(|argument| {
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        // A default that depends on the machine has its words at the end of the help.
        let (help, told) = match help.split_once(" [default: ") {
            Some((help, default)) => (help.to_owned(), default.trim_end_matches(']').to_owned()),
            None => (help, String::new()),
        };
        let default = argument.get_default_values().first().map(|value| text(Some(value)));
        Some(Flag {
            long: format!("--{}", argument.get_long()?),
            variable: text(argument.get_env()),
            default: default.unwrap_or(told),
            help,
        })
    });
    flags.collect()
}

impl Settings {
    /// With what was left empty as if it had not been given.
    pub(super) fn with_defaults(&self) -> Self {
        let flags = flags();
        let or_default = |flag: &str, given: &mut String| {
            if given.trim().is_empty() {
                let default = flags
                    .iter()
                    .find(|known| known.long == flag)
                    .map(|known| &known.default);
                *given = default.cloned().unwrap_or_default();
            }
        };
        let mut settings = self.clone();
        for (flag, given) in [
            ("--timeout", &mut settings.timeout),
            ("--header-timeout", &mut settings.header_timeout),
            ("--idle-timeout", &mut settings.idle_timeout),
            ("--body-timeout", &mut settings.body_timeout),
            ("--body-rate", &mut settings.body_rate),
            ("--stall-timeout", &mut settings.stall_timeout),
            ("--drain-delay", &mut settings.drain_delay),
            ("--grace", &mut settings.grace),
            ("--log", &mut settings.log),
            ("--log-format", &mut settings.log_format),
        ] {
            or_default(flag, given);
        }
        for given in [
            &mut settings.bind,
            &mut settings.admin_bind,
            &mut settings.tokens_file,
            &mut settings.no_preview,
            &mut settings.max_body,
            &mut settings.max_elements,
            &mut settings.concurrency,
            &mut settings.queue,
            &mut settings.queue_size,
            &mut settings.memory_limit,
            &mut settings.max_connections,
        ] {
            given.take_if(|given| given.trim().is_empty());
        }
        settings
    }
}

impl Config {
    /// Every setting as it is in force, as lines of an environment file. There are no secrets in it: tokens stay in
    /// their file.
    pub fn print(&self) -> String {
        let values = self.values();
        let line = |flag: &Flag| {
            let value = values.iter().find(|(long, _)| *long == flag.long);
            format!("{}={}\n", flag.variable, value.map_or("", |(_, value)| value))
        };
        flags().iter().map(line).collect()
    }

    fn values(&self) -> Vec<(&'static str, String)> {
        let (bounds, limits, timeouts) = (&self.bounds, &self.limits, &self.timeouts);
        let level = match self.log.level {
            None => "off",
            Some(LogLevel::Error) => "error",
            Some(LogLevel::Warn) => "warn",
            Some(LogLevel::Info) => "info",
            Some(LogLevel::Debug) => "debug",
            Some(LogLevel::Trace) => "trace",
        };
        let format = match self.log.format {
            LogFormat::Pretty => "pretty",
            LogFormat::Json => "json",
        };
        let file = self.tokens_file.as_ref().map(|file| file.display().to_string());
        vec![
            ("--bind", self.bind.to_string()),
            (
                "--admin-bind",
                self.admin_bind.map(|address| address.to_string()).unwrap_or_default(),
            ),
            ("--tokens-file", file.unwrap_or_default()),
            ("--no-preview", (!timeouts.preview).to_string()),
            ("--rules", joined(&self.rules.folders)),
            ("--filter-list", joined(&self.rules.filter_lists)),
            ("--max-body", write_size(bounds.body_bytes)),
            ("--max-elements", bounds.elements.to_string()),
            ("--timeout", write_time(bounds.time)),
            ("--concurrency", limits.concurrency.to_string()),
            ("--queue", limits.queue.to_string()),
            ("--queue-size", write_size(limits.queue_bytes)),
            ("--memory-limit", write_size(self.memory_limit)),
            ("--max-connections", timeouts.max_connections.to_string()),
            ("--header-timeout", write_time(timeouts.header_timeout)),
            ("--idle-timeout", write_time(timeouts.idle_timeout)),
            ("--body-timeout", write_time(timeouts.body_timeout)),
            ("--body-rate", write_size(timeouts.body_rate_bytes)),
            ("--stall-timeout", write_time(timeouts.stall_timeout)),
            ("--drain-delay", write_time(timeouts.drain_delay)),
            ("--grace", write_time(timeouts.grace)),
            ("--log", level.to_owned()),
            ("--log-format", format.to_owned()),
        ]
    }
}

/// As [`Settings`] takes several paths in one word.
fn joined(paths: &[std::path::PathBuf]) -> String {
    let shown: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    shown.join(":")
}

/// The settings as the Markdown table of docs/configuration.md; a test compares the two.
pub fn markdown() -> String {
    let mut table = String::from("| flag | variable | default | what it is |\n|---|---|---|---|\n");
    for flag in flags() {
        let default = match flag.default {
            told if told.contains(' ') || told == "none" => told,
            value => format!("`{value}`"),
        };
        let Flag {
            long, variable, help, ..
        } = flag;
        table.push_str(&format!("| `{long}` | `{variable}` | {default} | {help} |\n"));
    }
    table
}

/// The first of these variables that looks like a setting and is none: its name, with the likely intended one.
///
/// Kubernetes puts variables of its own shape into every pod of a namespace that has a Service called `copydesk` (or
/// `copydesk-api`); those are passed over. A bare `COPYDESK_PORT=8080` is not of that shape and is reported.
pub fn unknown_variable(variables: impl Iterator<Item = (String, String)>) -> Option<String> {
    let flags = flags();
    let mut strangers: Vec<_> = variables
        .filter(|(name, _)| name.starts_with(PREFIX) && flags.iter().all(|flag| flag.variable != *name))
        .filter(|(name, value)| !is_a_services(name, value))
        .map(|(name, _)| name)
        .collect();
    strangers.sort();
    strangers.into_iter().next()
}

/// Whether Kubernetes writes a variable like this for a Service.
fn is_a_services(name: &str, value: &str) -> bool {
    static SHAPE: LazyLock<Regex> = LazyLock::new(|| {
        let port = "PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?";
        let shape = format!("^COPYDESK(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|{port})$");
        Regex::new(&shape).expect("a fixed pattern")
    });
    let is_url = ["tcp://", "udp://", "sctp://"]
        .iter()
        .any(|scheme| value.starts_with(scheme));
    SHAPE.is_match(name) || (name.ends_with("_PORT") && is_url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::FromArgMatches as _;

    fn unknown(name: &str, value: &str) -> bool {
        unknown_variable([(name.to_owned(), value.to_owned())].into_iter()).is_some()
    }

    #[test]
    fn every_flag_has_its_variable_and_the_other_way_round() {
        for flag in flags() {
            let named = flag.long.trim_start_matches("--").replace('-', "_").to_uppercase();
            assert_eq!(flag.variable, format!("{PREFIX}{named}"));
            assert!(!flag.default.is_empty(), "{} tells no default", flag.long);
            assert!(!flag.help.is_empty() && !flag.help.contains('|'), "{}", flag.long);
            assert!(!unknown(&flag.variable, "x"));
        }
    }

    #[test]
    fn what_is_printed_is_read_back_as_the_same() {
        let command = Settings::augment_args(clap::Command::new("test").no_binary_name(true));
        let read = |words: Vec<String>| {
            let matches = command.clone().get_matches_from(words);
            Settings::from_arg_matches(&matches)
                .expect("flags")
                .check(None)
                .expect("good settings")
        };
        let config = read(vec![
            "--admin-bind=127.0.0.1:9".into(),
            "--tokens-file=/x".into(),
            "--drain-delay=5s".into(),
            "--no-preview".into(),
        ]);
        assert!(!config.timeouts.preview);
        let printed = config.print();
        let words = flags().into_iter().zip(printed.lines());
        let words = words.map(|(flag, line)| format!("{}={}", flag.long, line.split_once('=').expect("a line").1));
        assert_eq!(read(words.collect()), config, "{printed}");
        assert_eq!(config.values().len(), flags().len(), "every setting is printed");
    }

    #[test]
    fn what_kubernetes_injects_is_passed_over_and_typing_errors_are_not() {
        for (name, value) in [
            ("COPYDESK_SERVICE_HOST", "10.0.0.1"),
            ("COPYDESK_SERVICE_PORT", "8080"),
            ("COPYDESK_SERVICE_PORT_HTTP", "8080"),
            ("COPYDESK_PORT", "tcp://10.0.0.1:8080"),
            ("COPYDESK_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
            ("COPYDESK_PORT_8080_TCP_PROTO", "tcp"),
            ("COPYDESK_PORT_8080_TCP_PORT", "8080"),
            ("COPYDESK_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("COPYDESK_API_SERVICE_HOST", "10.0.0.1"),
            ("COPYDESK_API_PORT_53_UDP_ADDR", "10.0.0.1"),
            ("PATH", "/bin"),
            ("PORT", "8080"),
        ] {
            assert!(!unknown(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("COPYDESK_PORT", "8080"),
            ("COPYDESK_MAXBODY", "1MiB"),
            ("COPYDESK_PORTS", "tcp://10.0.0.1:8080"),
            ("COPYDESK_PORT_X_TCP", "tcp://10.0.0.1:8080"),
            ("COPYDESK_", ""),
        ] {
            assert!(unknown(name, value), "{name}={value}");
        }
    }
}
