//! Flags and environment become a checked [`Config`], once, before a port is bound.
//!
//! Clap reads the words ([`Settings`]) and nothing else; what they mean is checked here, so that one bad value gives
//! one clear line and exit code 64 whether it came from a flag or from a variable. Nothing here is ever looked up on a
//! network: an address is an address.

mod machine;
mod table;
mod units;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroUsize,
    path::PathBuf,
    time::Duration,
};

pub use table::{markdown, unknown_variable};
use units::{count, size, time, time_or_none, truth};

use crate::{bounds::Bounds, rules::RuleSources, workers::Limits};

/// The default address: this machine only.
const DEFAULT_BIND: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// The settings of `copydesk serve` as written, flag by flag, each with its variable.
///
/// A default that depends on the machine stands at the end of its help; a variable that is empty counts as unset,
/// because compose files and templates leave them so.
#[derive(Debug, Clone, clap::Args)]
#[allow(
    rustdoc::broken_intra_doc_links,
    reason = "the help is plain text, and [::] an address in it"
)]
pub struct Settings {
    /// Address to listen on: IP:PORT, [::]:PORT for all addresses, localhost:PORT [default: 127.0.0.1:8080, or PORT on all addresses]
    #[arg(long, env = "COPYDESK_BIND", value_name = "ADDRESS")]
    pub bind: Option<String>,
    /// Second address, for health and metrics alone, without tokens [default: none]
    #[arg(long, env = "COPYDESK_ADMIN_BIND", value_name = "ADDRESS")]
    pub admin_bind: Option<String>,
    /// File of bearer tokens, one a line; with it every route but health and the pages asks for one; read again on SIGHUP [default: none]
    #[arg(long, env = "COPYDESK_TOKENS_FILE", value_name = "FILE")]
    pub tokens_file: Option<String>,
    /// Leave out the preview page at / [default: false]
    #[arg(
        long,
        env = "COPYDESK_NO_PREVIEW",
        value_name = "true|false",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub no_preview: Option<String>,

    /// Folder of rule files beside the built-in ones, read again when it changes; may repeat, or several with : between [default: none]
    #[arg(long, env = "COPYDESK_RULES", value_name = "DIR", value_delimiter = ':')]
    pub rules: Vec<String>,
    /// Filter list in EasyList's syntax, read again when it changes; may repeat, or several with : between [default: none]
    #[arg(long, env = "COPYDESK_FILTER_LIST", value_name = "FILE", value_delimiter = ':')]
    pub filter_list: Vec<String>,

    /// Largest body of one document [default: 16MiB, or what the memory limit allows]
    #[arg(long, env = "COPYDESK_MAX_BODY", value_name = "SIZE")]
    pub max_body: Option<String>,
    /// Most elements of one document [default: 2000000, or what the memory limit allows]
    #[arg(long, env = "COPYDESK_MAX_ELEMENTS", value_name = "COUNT")]
    pub max_elements: Option<String>,
    /// Time budget of one document, waiting for a worker included
    #[arg(long, env = "COPYDESK_TIMEOUT", value_name = "TIME", default_value = "10s")]
    pub timeout: String,
    /// Documents worked on at once [default: the cores this process may use]
    #[arg(long, env = "COPYDESK_CONCURRENCY", value_name = "COUNT")]
    pub concurrency: Option<String>,
    /// Documents that may wait for a worker, small and large ones each; past it 429 [default: 32 for each worker]
    #[arg(long, env = "COPYDESK_QUEUE", value_name = "COUNT")]
    pub queue: Option<String>,
    /// Bytes of large documents that may wait for a worker, of small ones an eighth; past it 429, but four of each for each worker may wait anyway [default: 8MiB for each worker that takes large ones]
    #[arg(long, env = "COPYDESK_QUEUE_SIZE", value_name = "SIZE")]
    pub queue_size: Option<String>,
    /// Memory to stay within; past it 503 [default: the control group's limit, else the machine's memory]
    #[arg(long, env = "COPYDESK_MEMORY_LIMIT", value_name = "SIZE")]
    pub memory_limit: Option<String>,

    /// Connections open at once [default: 10000, or what memory and descriptors allow]
    #[arg(long, env = "COPYDESK_MAX_CONNECTIONS", value_name = "COUNT")]
    pub max_connections: Option<String>,
    /// How long a request's head may take to arrive, on a new connection from its start
    #[arg(long, env = "COPYDESK_HEADER_TIMEOUT", value_name = "TIME", default_value = "10s")]
    pub header_timeout: String,
    /// How long a connection is kept between requests
    #[arg(long, env = "COPYDESK_IDLE_TIMEOUT", value_name = "TIME", default_value = "75s")]
    pub idle_timeout: String,
    /// How long a whole body may take to arrive, or a line of a batch; for a stream, the pause between two pieces
    #[arg(long, env = "COPYDESK_BODY_TIMEOUT", value_name = "TIME", default_value = "30s")]
    pub body_timeout: String,
    /// Bytes of a body that must arrive in each 5 seconds, of a stream's or a batch's on average; past it 408
    #[arg(long, env = "COPYDESK_BODY_RATE", value_name = "SIZE", default_value = "4KiB")]
    pub body_rate: String,
    /// How long a peer may leave an answer unread before its connection is ended
    #[arg(long, env = "COPYDESK_STALL_TIMEOUT", value_name = "TIME", default_value = "30s")]
    pub stall_timeout: String,
    /// How long to go on serving, not ready, after SIGTERM: until the traffic goes elsewhere
    #[arg(long, env = "COPYDESK_DRAIN_DELAY", value_name = "TIME", default_value = "0s")]
    pub drain_delay: String,
    /// How long requests in flight may go on after the drain delay
    #[arg(long, env = "COPYDESK_GRACE", value_name = "TIME", default_value = "25s")]
    pub grace: String,

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
    /// A second address for health and metrics.
    pub admin_bind: Option<SocketAddr>,
    /// The bearer tokens' file.
    pub tokens_file: Option<PathBuf>,
    /// Where rules come from beside the built-in ones.
    pub rules: RuleSources,
    /// What one document may cost.
    pub bounds: Bounds,
    /// What all of them together may cost.
    pub limits: Limits,
    /// What the limits of memory were made from, in bytes.
    pub memory_limit: usize,
    /// How patient the service is.
    pub timeouts: HttpTimeouts,
    /// What is logged, and how.
    pub log: Log,
}

/// Limits of connections: times, counts, bytes read only to discard them, and what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpTimeouts {
    /// Connections open at once.
    pub max_connections: usize,
    /// From the first byte of a request's head to its end; on a new connection from its start.
    pub header_timeout: Duration,
    /// Between two requests.
    pub idle_timeout: Duration,
    /// From a request's head to the end of its body; for a stream, between two pieces of it.
    pub body_timeout: Duration,
    /// Bytes that must arrive in each [`HttpTimeouts::RATE_WINDOW`] of a body.
    pub body_rate_bytes: usize,
    /// How long an answer may lie unread.
    pub stall_timeout: Duration,
    /// From the signal to the start of the drain.
    pub drain_delay: Duration,
    /// From the start of a drain to the cut of what is still running.
    pub grace: Duration,
    /// Bytes of a refused body that are read and thrown away, so that a client which writes everything before it reads
    /// sees the refusal and not a reset.
    pub discard_bytes: u64,
    /// How long that reading may take.
    pub discard_time: Duration,
    /// Whether there is a preview page.
    pub preview: bool,
}

impl HttpTimeouts {
    /// What a body's rate is measured over: long enough for a phone that changes cells.
    pub const RATE_WINDOW: Duration = Duration::from_secs(5);
    /// How long after a peer was found silent for too long it is looked at again: what it has sent is read in between.
    pub const SECOND_LOOK: Duration = Duration::from_millis(50);
}

impl Default for HttpTimeouts {
    fn default() -> Self {
        HttpTimeouts {
            max_connections: MAX_CONNECTIONS,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(30),
            body_rate_bytes: 4 << 10,
            stall_timeout: Duration::from_secs(30),
            drain_delay: Duration::ZERO,
            grace: Duration::from_secs(25),
            discard_bytes: 64 << 20,
            discard_time: Duration::from_secs(5),
            preview: true,
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
    /// Failures of the service.
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
pub struct InvalidSetting {
    name: &'static str,
    given: String,
    wanted: String,
}

impl InvalidSetting {
    /// For a setting whose value is found bad only when it is used, as a file that cannot be read.
    pub fn new(name: &'static str, given: impl Into<String>, wanted: impl Into<String>) -> Self {
        InvalidSetting {
            name,
            given: given.into(),
            wanted: wanted.into(),
        }
    }
}

impl Settings {
    /// Checks every setting. `port` is the bare `PORT` variable that many hosts set; [`Settings::bind`] wins over it.
    ///
    /// # Errors
    /// The first setting that means nothing.
    pub fn check(&self, port: Option<&str>) -> Result<Config, InvalidSetting> {
        let settings = self.with_defaults();
        let memory_limit = settings.memory_limit()?;
        let memory = Memory::of(memory_limit);
        let bounds = settings.bounds(&memory)?;
        Ok(Config {
            bind: bind_address("--bind", settings.bind.as_deref(), port)?,
            admin_bind: match &settings.admin_bind {
                Some(given) => Some(bind_address("--admin-bind", Some(given), None)?),
                None => None,
            },
            tokens_file: settings.tokens_file.as_ref().map(PathBuf::from),
            rules: RuleSources {
                folders: paths(&settings.rules),
                filter_lists: paths(&settings.filter_list),
            },
            bounds,
            limits: settings.limits(&memory)?,
            memory_limit,
            timeouts: settings.timeouts(&memory)?,
            log: settings.log()?,
        })
    }

    fn memory_limit(&self) -> Result<usize, InvalidSetting> {
        let Some(given) = &self.memory_limit else {
            return Ok(machine::memory_bytes()
                .unwrap_or(UNKNOWN_MEMORY_BYTES)
                .max(MIN_MEMORY_BYTES));
        };
        let bytes = size("--memory-limit", given)?;
        if bytes < MIN_MEMORY_BYTES {
            let least = units::write_size(MIN_MEMORY_BYTES);
            return Err(bad(
                "--memory-limit",
                given,
                format!("is less than {least}, which the service takes itself"),
            ));
        }
        Ok(bytes)
    }

    /// A bound that is not given gives way to the memory; one that is given and does not fit is refused.
    fn bounds(&self, memory: &Memory) -> Result<Bounds, InvalidSetting> {
        let bounds = Bounds {
            time: time("--timeout", &self.timeout)?,
            ..Bounds::default()
        };
        let body = self
            .max_body
            .as_ref()
            .map(|given| size("--max-body", given))
            .transpose()?;
        let elements = self.max_elements.as_ref();
        let elements = elements
            .map(|given| count("--max-elements", given, u32::MAX as usize))
            .transpose()?;
        let none = String::new();
        bounds
            .fitted(memory.large_work(), body, elements)
            .map_err(|work_bytes| {
                let (name, given) = match (&self.max_body, &self.max_elements, &self.memory_limit) {
                    (Some(given), ..) => ("--max-body", given),
                    (None, Some(given), _) => ("--max-elements", given),
                    (None, None, given) => ("--memory-limit", given.as_ref().unwrap_or(&none)),
                };
                let needed = units::write_size(Memory::needed_for(work_bytes).next_multiple_of(1 << 20));
                bad(name, given, format!("needs a memory limit of {needed} at least"))
            })
    }

    fn limits(&self, memory: &Memory) -> Result<Limits, InvalidSetting> {
        let concurrency = match &self.concurrency {
            Some(given) => count("--concurrency", given, MAX_CONCURRENCY)?,
            // The standard library's answer respects affinity and a container's CPU quota; one is always right.
            None => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
        };
        let queue = match &self.queue {
            Some(given) => count("--queue", given, MAX_QUEUE)?,
            None => concurrency * QUEUE_FOR_EACH_WORKER,
        };
        let concurrency = NonZeroUsize::new(concurrency).unwrap_or(NonZeroUsize::MIN);
        let limits = Limits::of_cores(concurrency);
        let queue_bytes = match &self.queue_size {
            Some(given) => size("--queue-size", given)?,
            None => limits.large_threads() * QUEUE_BYTES_FOR_EACH_WORKER,
        };
        Ok(Limits {
            queue,
            queue_bytes,
            body_memory_bytes: memory.bodies,
            work_memory_bytes: memory.work,
            ..limits
        })
    }

    fn timeouts(&self, memory: &Memory) -> Result<HttpTimeouts, InvalidSetting> {
        let max_connections = match &self.max_connections {
            Some(given) => count("--max-connections", given, 1 << 20)?,
            None => {
                let descriptors =
                    machine::descriptors().map_or(MAX_CONNECTIONS, |most| most.saturating_sub(SPARE_DESCRIPTORS));
                MAX_CONNECTIONS.min(descriptors).min(memory.connections()).max(1)
            }
        };
        Ok(HttpTimeouts {
            max_connections,
            header_timeout: time("--header-timeout", &self.header_timeout)?,
            idle_timeout: time("--idle-timeout", &self.idle_timeout)?,
            body_timeout: time("--body-timeout", &self.body_timeout)?,
            body_rate_bytes: size("--body-rate", &self.body_rate)?,
            stall_timeout: time("--stall-timeout", &self.stall_timeout)?,
            drain_delay: time_or_none("--drain-delay", &self.drain_delay)?,
            grace: time("--grace", &self.grace)?,
            preview: match &self.no_preview {
                Some(given) => !truth("--no-preview", given)?,
                None => true,
            },
            ..HttpTimeouts::default()
        })
    }

    fn log(&self) -> Result<Log, InvalidSetting> {
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
                    "is not one of off, error, warn, info, debug, trace",
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

/// The paths that are there: a variable that is set to nothing gives one empty word.
fn paths(words: &[String]) -> Vec<PathBuf> {
    let words = words.iter().map(|word| word.trim());
    words.filter(|word| !word.is_empty()).map(PathBuf::from).collect()
}

/// How the memory limit is divided: a quarter of what the process leaves is for bodies and answers, an eighth for
/// connections, and the rest is for work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Memory {
    bodies: usize,
    connections: usize,
    work: usize,
}

impl Memory {
    fn of(limit: usize) -> Self {
        let usable = limit.saturating_sub(PROCESS_BYTES);
        let (bodies, connections) = (usable / 4, usable / 8);
        Memory {
            bodies,
            connections,
            work: usable - bodies - connections,
        }
    }

    /// What a large document may take: the rest is for small ones, so that they never wait for it.
    fn large_work(&self) -> usize {
        self.work - self.work / Limits::SMALL_WORK_PART
    }

    /// The limit from which on [`Memory::large_work`] is at least this.
    fn needed_for(large_work: usize) -> usize {
        // work is 5/8 of the usable part, and large work 3/4 of that.
        large_work.div_ceil(15) * 32 + PROCESS_BYTES
    }

    fn connections(&self) -> usize {
        self.connections / CONNECTION_BYTES
    }
}

/// What the process takes before the first request, and what its allocator keeps between them.
const PROCESS_BYTES: usize = 64 << 20;
/// Less than this is too little for a page.
const MIN_MEMORY_BYTES: usize = 96 << 20;
/// What is assumed where nothing says how much memory there is.
const UNKNOWN_MEMORY_BYTES: usize = 512 << 20;
/// A connection that has asked something: its buffers and its task. Measured at 19 KiB on 10,000 idle ones.
const CONNECTION_BYTES: usize = 20 << 10;
/// Descriptors for all that is no connection.
const SPARE_DESCRIPTORS: usize = 64;
/// Connections open at once when nothing says otherwise.
const MAX_CONNECTIONS: usize = 10_000;
/// More documents at once than this is a typing error: each takes a thread, and its memory.
const MAX_CONCURRENCY: usize = 1024;
/// More waiting documents than this would all be late.
const MAX_QUEUE: usize = 1 << 20;
/// Documents of the smallest kind that may wait: long enough for bursts, and short while they do not end.
const QUEUE_FOR_EACH_WORKER: usize = 32;
/// The same for larger ones: one of 5 MB, or a few of 2, waits behind the one at work.
const QUEUE_BYTES_FOR_EACH_WORKER: usize = 8 << 20;

/// Reads where to listen: `bind` as written, else `port` on all addresses, else this machine only.
///
/// # Errors
/// An invalid address, or a host name: names are not looked up, because nothing here uses the network.
pub fn bind_address(name: &'static str, bind: Option<&str>, port: Option<&str>) -> Result<SocketAddr, InvalidSetting> {
    // Compose files and templates leave variables empty rather than unset.
    let given = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    if let Some(bind) = given(bind) {
        let numeric = match bind.split_once(':') {
            Some(("localhost", port)) => format!("127.0.0.1:{port}"),
            Some(("", port)) => format!("[::]:{port}"),
            _ => bind.clone(),
        };
        let wanted = "is no address; write IP:PORT, [::]:PORT for all addresses, or localhost:PORT";
        return numeric.parse().map_err(|_| bad(name, &bind, wanted));
    }
    if let Some(port) = given(port) {
        let number: u16 = port.parse().map_err(|_| bad("PORT", &port, "is no port number"))?;
        return Ok(SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), number));
    }
    Ok(DEFAULT_BIND)
}

fn bad(name: &'static str, given: &str, wanted: impl Into<String>) -> InvalidSetting {
    InvalidSetting::new(name, given, wanted)
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
            let read = bind_address("--bind", bind, port).map(|address| address.to_string());
            assert_eq!(read.as_deref(), Ok(address), "{bind:?} {port:?}");
        }
        assert!(bind_address("--bind", Some("example.org:80"), None).is_err());
        assert!(bind_address("--bind", Some("8080"), None).is_err());
        assert!(bind_address("--bind", None, Some("http")).is_err());
    }

    #[test]
    fn units_are_read() {
        let config = settings(&["--max-body", "2MiB", "--timeout", "1500ms", "--concurrency", "3"])
            .check(None)
            .expect("good settings");
        assert_eq!(config.bounds.body_bytes, 2 << 20);
        assert_eq!(config.bounds.time, Duration::from_millis(1500));
        assert_eq!(config.limits.concurrency.get(), 3);
        let timeouts = HttpTimeouts {
            max_connections: config.timeouts.max_connections, // the machine's
            ..HttpTimeouts::default()
        };
        assert_eq!(config.timeouts, timeouts);
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

    #[test]
    fn bounds_give_way_to_memory_and_refuse_what_does_not_fit() {
        let check = |words: &[&str]| settings(words).check(None);
        let large = check(&["--memory-limit", "8GiB"]).expect("enough");
        assert_eq!((large.bounds.body_bytes, large.bounds.elements), (16 << 20, 2_000_000));
        let small = check(&["--memory-limit", "256MiB"]).expect("enough");
        assert!(
            small.bounds.body_bytes < 16 << 20 && small.bounds.body_bytes > 1 << 20,
            "{small:?}"
        );
        let refusal = check(&["--memory-limit", "256MiB", "--max-body", "16MiB"]).expect_err("too little");
        let text = refusal.to_string();
        let needed = text
            .split_whitespace()
            .find(|word| word.ends_with("iB"))
            .expect("a size");
        assert!(
            check(&["--memory-limit", needed, "--max-body", "16MiB"]).is_ok(),
            "{text}"
        );
        assert!(check(&["--memory-limit", "1MiB"]).is_err());
    }

    #[test]
    fn an_empty_word_is_none() {
        let config = settings(&["--timeout", "", "--tokens-file", "", "--max-body", ""])
            .check(None)
            .expect("defaults");
        assert_eq!(
            (config.bounds.time, config.tokens_file),
            (Duration::from_secs(10), None)
        );
    }
}
