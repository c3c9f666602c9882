//! Flags and environment become a checked [`Config`], once, before a port is bound.
//!
//! Clap reads the words ([`Settings`]) and nothing else; what they mean is checked here, so that one bad value gives
//! one clear line and exit code 64 whether it came from a flag or from a variable. Nothing here is ever looked up on a
//! network: an address is an address.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroUsize,
    time::Duration,
};

use bytesize::ByteSize;

use crate::bounds::Bounds;

/// Where we listen when nobody says anything: this machine only.
const DEFAULT_BIND: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// The settings of `copydesk serve` as written, flag by flag, each with its variable.
#[derive(Debug, Clone, clap::Args)]
pub struct Settings {
    /// Address to listen on: IP:PORT, [::]:PORT for all addresses, localhost:PORT [default: 127.0.0.1:8080]
    ///
    /// Without it, a bare PORT variable means that port on all addresses.
    #[allow(
        rustdoc::broken_intra_doc_links,
        reason = "the help is plain text, and [::] an address in it"
    )]
    #[arg(long, env = "COPYDESK_BIND", value_name = "ADDRESS")]
    pub bind: Option<String>,
    /// Largest body of one document
    #[arg(long, env = "COPYDESK_MAX_BODY", value_name = "SIZE", default_value = "16MiB")]
    pub max_body: String,
    /// Time budget of one document, waiting for a worker included
    #[arg(long, env = "COPYDESK_TIMEOUT", value_name = "TIME", default_value = "10s")]
    pub timeout: String,
    /// Documents worked on at once [default: the cores this process may use]
    #[arg(long, env = "COPYDESK_CONCURRENCY", value_name = "COUNT")]
    pub concurrency: Option<String>,
    /// How long requests in flight may go on after SIGTERM
    #[arg(long, env = "COPYDESK_GRACE", value_name = "TIME", default_value = "25s")]
    pub grace: String,
    /// How long a whole body may take to arrive
    #[arg(long, env = "COPYDESK_BODY_TIMEOUT", value_name = "TIME", default_value = "30s")]
    pub body_timeout: String,
    /// Log level: off, error, warn, info, debug or trace
    #[arg(long, env = "COPYDESK_LOG", value_name = "LEVEL", default_value = "info")]
    pub log: String,
    /// Log format: pretty or json
    #[arg(long, env = "COPYDESK_LOG_FORMAT", value_name = "FORMAT", default_value = "pretty")]
    pub log_format: String,
}

/// The settings of `copydesk serve`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where to listen. `[::]` takes IPv4 as well.
    pub bind: SocketAddr,
    /// What one document may cost.
    pub bounds: Bounds,
    /// Documents worked on at once.
    pub concurrency: NonZeroUsize,
    /// How patient the wire is.
    pub wire: Wire,
    /// What is logged, and how.
    pub log: Log,
}

/// How long the HTTP room waits for a peer, and how much it reads only to throw away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wire {
    /// From an open (or idle) connection to the end of the next request's head.
    pub header_timeout: Duration,
    /// From a request's head to the end of its body; for a stream, between two pieces of it.
    pub body_timeout: Duration,
    /// From the start of a drain to the cut of what is still running.
    pub grace: Duration,
    /// Bytes of a refused body that are read and thrown away, so that a client which writes everything before it reads
    /// sees the refusal and not a reset.
    pub discard_bytes: u64,
    /// How long that reading may take.
    pub discard_time: Duration,
}

impl Default for Wire {
    fn default() -> Self {
        Wire {
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            grace: Duration::from_secs(25),
            discard_bytes: 64 << 20,
            discard_time: Duration::from_secs(5),
        }
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    /// The quietest level that is still written; `None` is silence.
    pub level: Option<LogLevel>,
    /// One object a line, or lines for people.
    pub format: LogFormat,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Faults of ours.
    Error,
    /// What an operator should look at.
    Warn,
    /// One line a request, and the life of the process.
    Info,
    /// Health checks as well.
    Debug,
    /// Everything.
    Trace,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For machines.
    Json,
}

/// A setting that means nothing: which one, what it said, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bad setting {name}: {given:?} {wanted}")]
pub struct BadSetting {
    name: &'static str,
    given: String,
    wanted: String,
}

impl Settings {
    /// Checks every setting. `port` is the bare `PORT` variable that many hosts set; [`Settings::bind`] wins over it.
    ///
    /// # Errors
    /// The first setting that means nothing.
    pub fn check(&self, port: Option<&str>) -> Result<Config, BadSetting> {
        Ok(Config {
            bind: bind_address(self.bind.as_deref(), port)?,
            bounds: Bounds {
                body_bytes: size("--max-body", &self.max_body)?,
                time: time("--timeout", &self.timeout)?,
                ..Bounds::default()
            },
            concurrency: self.concurrency()?,
            wire: Wire {
                body_timeout: time("--body-timeout", &self.body_timeout)?,
                grace: time("--grace", &self.grace)?,
                ..Wire::default()
            },
            log: self.log()?,
        })
    }

    fn concurrency(&self) -> Result<NonZeroUsize, BadSetting> {
        let Some(given) = &self.concurrency else {
            // The kernel's answer respects affinity and a container's CPU quota; one is always right.
            return Ok(std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
        };
        given
            .parse::<NonZeroUsize>()
            .ok()
            .filter(|count| count.get() <= MAX_CONCURRENCY)
            .ok_or_else(|| {
                bad(
                    "--concurrency",
                    given,
                    format!("is no count from 1 to {MAX_CONCURRENCY}"),
                )
            })
    }

    fn log(&self) -> Result<Log, BadSetting> {
        let level = match self.log.as_str() {
            "off" => None,
            "error" => Some(LogLevel::Error),
            "warn" => Some(LogLevel::Warn),
            "info" => Some(LogLevel::Info),
            "debug" => Some(LogLevel::Debug),
            "trace" => Some(LogLevel::Trace),
            _ => {
                return Err(bad(
                    "--log",
                    &self.log,
                    "is none of off, error, warn, info, debug, trace",
                ));
            }
        };
        let format = match self.log_format.as_str() {
            "pretty" => LogFormat::Pretty,
            "json" => LogFormat::Json,
            _ => return Err(bad("--log-format", &self.log_format, "is neither pretty nor json")),
        };
        Ok(Log { level, format })
    }
}

/// More documents at once than this is a typing error: each takes a thread, and its memory.
const MAX_CONCURRENCY: usize = 1024;

/// Reads where to listen: `bind` as written, else `port` on all addresses, else this machine only.
///
/// # Errors
/// An address that is none, or a host name: names are not looked up, because nothing here talks to a network.
pub fn bind_address(bind: Option<&str>, port: Option<&str>) -> Result<SocketAddr, BadSetting> {
    // Compose files and templates leave variables empty rather than unset.
    let given = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    if let Some(bind) = given(bind) {
        let numeric = match bind.split_once(':') {
            Some(("localhost", port)) => format!("127.0.0.1:{port}"),
            Some(("", port)) => format!("[::]:{port}"),
            _ => bind.clone(),
        };
        let wanted = "is no address; write IP:PORT, [::]:PORT for all addresses, or localhost:PORT";
        return numeric.parse().map_err(|_| bad("--bind", &bind, wanted));
    }
    if let Some(port) = given(port) {
        let number: u16 = port.parse().map_err(|_| bad("PORT", &port, "is no port number"))?;
        return Ok(SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), number));
    }
    Ok(DEFAULT_BIND)
}

fn size(name: &'static str, given: &str) -> Result<usize, BadSetting> {
    given
        .parse::<ByteSize>()
        .ok()
        .and_then(|size| usize::try_from(size.as_u64()).ok())
        .filter(|&bytes| bytes > 0)
        .ok_or_else(|| bad(name, given, "is no size; write a number with a unit, as 16MiB"))
}

fn time(name: &'static str, given: &str) -> Result<Duration, BadSetting> {
    humantime::parse_duration(given)
        .ok()
        .filter(|time| (MIN_TIME..=MAX_TIME).contains(time))
        .ok_or_else(|| {
            bad(
                name,
                given,
                "is no time from 1ms to 1day; write a number with a unit, as 10s",
            )
        })
}

/// Timers below a millisecond only ever mean "refuse everything".
const MIN_TIME: Duration = Duration::from_millis(1);
/// Longer than a day is a typing error, and far from where adding to the clock could overflow.
const MAX_TIME: Duration = Duration::from_secs(24 * 60 * 60);

fn bad(name: &'static str, given: &str, wanted: impl Into<String>) -> BadSetting {
    BadSetting {
        name,
        given: given.to_owned(),
        wanted: wanted.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args as _, FromArgMatches as _};

    fn settings(words: &[&str]) -> Settings {
        let command = Settings::augment_args(clap::Command::new("test").no_binary_name(true));
        Settings::from_arg_matches(&command.get_matches_from(words)).expect("the words are flags")
    }

    #[test]
    fn an_address_has_four_forms_and_no_name() {
        for (bind, port, address) in [
            (None, None, "127.0.0.1:8080"),
            (Some("0.0.0.0:81"), None, "0.0.0.0:81"),
            (Some("[::]:8080"), Some("99"), "[::]:8080"),
            (Some("localhost:0"), None, "127.0.0.1:0"),
            (Some(":82"), None, "[::]:82"),
            (Some(""), Some("83"), "[::]:83"),
            (None, Some(""), "127.0.0.1:8080"),
        ] {
            let read = bind_address(bind, port).map(|address| address.to_string());
            assert_eq!(read.as_deref(), Ok(address), "{bind:?} {port:?}");
        }
        assert!(bind_address(Some("example.org:80"), None).is_err());
        assert!(bind_address(Some("8080"), None).is_err());
        assert!(bind_address(None, Some("http")).is_err());
    }

    #[test]
    fn units_are_read() {
        let config = settings(&["--max-body", "2MiB", "--timeout", "1500ms", "--concurrency", "3"])
            .check(None)
            .expect("good settings");
        assert_eq!(config.bounds.body_bytes, 2 << 20);
        assert_eq!(config.bounds.time, Duration::from_millis(1500));
        assert_eq!(config.concurrency.get(), 3);
        assert_eq!(config.wire, Wire::default());
    }

    #[test]
    fn a_bad_value_names_its_setting() {
        for (words, name) in [
            (["--max-body", "lots"], "--max-body"),
            (["--max-body", "0"], "--max-body"),
            (["--timeout", "10"], "--timeout"),
            (["--timeout", "0s"], "--timeout"),
            (["--grace", "300years"], "--grace"),
            (["--concurrency", "0"], "--concurrency"),
            (["--log", "loud"], "--log"),
            (["--log-format", "xml"], "--log-format"),
        ] {
            let refusal = settings(&words).check(None).expect_err("a bad value").to_string();
            assert!(refusal.contains(name) && refusal.contains(words[1]), "{refusal}");
        }
    }
}
