//! `GET /metrics`: what this process has done and is doing, for Prometheus.
//!
//! Every label takes its values from a fixed table (route templates, codes, kinds, categories), so that no request can
//! make a new series. The registry belongs to the app: two of them in one process do not share figures.

use std::{
    fs,
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::{Registry, Unit},
};

use super::{App, error::ApiError};
use crate::{error::ErrorCode, pipeline::Trace, workers::Lane};

type MetricLabel = [(&'static str, &'static str); 1];
type OwnedLabel = [(&'static str, String); 1];
type HistogramFamily = Family<MetricLabel, Histogram, fn() -> Histogram>;
/// A figure that has a fraction, kept as the bits that the crate keeps.
type Fraction = Gauge<f64, std::sync::atomic::AtomicU64>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnsweredLabels {
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProblemLabels {
    route: &'static str,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DocumentOutcome {
    kind: String,
    outcome: &'static str,
}

/// The figures of one app.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<AnsweredLabels, Counter>,
    errors: Family<ProblemLabels, Counter>,
    durations: HistogramFamily,
    stages: HistogramFamily,
    received: Family<MetricLabel, Counter>,
    sent: Family<MetricLabel, Counter>,
    documents: Family<DocumentOutcome, Counter>,
    removed: Family<OwnedLabel, Counter>,
    warnings: Family<MetricLabel, Counter>,
    guard: Counter,
    rejections: Family<MetricLabel, Counter>,
    ended: Family<MetricLabel, Counter>,
    reloads: Family<[(&'static str, &'static str); 2], Counter>,
    rules: Family<OwnedLabel, Gauge>,
    queue: Family<MetricLabel, Gauge>,
    running: Gauge,
    body_memory: Gauge,
    connections: Gauge,
    process: ProcessMetrics,
}

#[derive(Debug, Default)]
struct ProcessMetrics {
    cpu_seconds: Counter<f64>,
    resident_bytes: Gauge,
    virtual_bytes: Gauge,
    open_fds: Gauge,
    max_fds: Gauge,
    threads: Gauge,
    start_seconds: Fraction,
}

/// One request, as it ended.
#[derive(Debug)]
pub(super) struct RequestMetrics<'a> {
    pub(super) route: &'static str,
    pub(super) method: &'static str,
    pub(super) status: u16,
    pub(super) code: Option<ErrorCode>,
    pub(super) time: Duration,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    pub(super) stages: &'a [(&'static str, Duration)],
    pub(super) trace: Option<&'a Trace>,
    /// Whether the answer went out whole.
    pub(super) whole: bool,
}

impl Metrics {
    pub(super) fn new() -> Self {
        // From half a millisecond, which a post takes, to half a minute, which is past every budget.
        let histogram: fn() -> Histogram = || Histogram::new(exponential_buckets(0.0005, 2.0, 17));
        let mut metrics = Metrics {
            registry: Registry::default(),
            requests: Family::default(),
            errors: Family::default(),
            durations: Family::new_with_constructor(histogram),
            stages: Family::new_with_constructor(histogram),
            received: Family::default(),
            sent: Family::default(),
            documents: Family::default(),
            removed: Family::default(),
            warnings: Family::default(),
            guard: Counter::default(),
            rejections: Family::default(),
            ended: Family::default(),
            reloads: Family::default(),
            rules: Family::default(),
            queue: Family::default(),
            running: Gauge::default(),
            body_memory: Gauge::default(),
            connections: Gauge::default(),
            process: ProcessMetrics::default(),
        };
        metrics.register();
        let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        metrics.process.start_seconds.set(started.as_secs_f64());
        metrics
    }

    fn register(&mut self) {
        {
            let ours = self.registry.sub_registry_with_prefix("copydesk");
            ours.register("requests", "Requests answered", self.requests.clone());
            ours.register("errors", "Problems answered, by code", self.errors.clone());
            ours.register_with_unit(
                "request_duration",
                "From a request's head to the last byte of its answer",
                Unit::Seconds,
                self.durations.clone(),
            );
            ours.register_with_unit(
                "stage_duration",
                "Time of each stage",
                Unit::Seconds,
                self.stages.clone(),
            );
            ours.register_with_unit(
                "received",
                "Bytes of requests' bodies",
                Unit::Bytes,
                self.received.clone(),
            );
            ours.register_with_unit("sent", "Bytes of answers' bodies", Unit::Bytes, self.sent.clone());
            ours.register("documents", "Documents by kind and outcome", self.documents.clone());
            ours.register("removed_blocks", "Blocks removed, by category", self.removed.clone());
            ours.register(
                "warnings",
                "Warnings about documents' bytes, by code",
                self.warnings.clone(),
            );
            ours.register(
                "guard_trips",
                "Rules rolled back because they took too much",
                self.guard.clone(),
            );
            ours.register("rejections", "Requests turned away, by reason", self.rejections.clone());
            ours.register(
                "connections_ended",
                "Connections that we ended, by reason",
                self.ended.clone(),
            );
            ours.register(
                "reloads",
                "Files read again, on a signal or a change",
                self.reloads.clone(),
            );
            ours.register("rules_revision", "The rules in force, as a label", self.rules.clone());
            ours.register("queue_depth", "Documents that wait for a worker", self.queue.clone());
            ours.register("workers_busy", "Documents at work", self.running.clone());
            ours.register_with_unit(
                "body_memory",
                "Memory that bodies and answers take",
                Unit::Bytes,
                self.body_memory.clone(),
            );
            ours.register("connections", "Connections open", self.connections.clone());
            let version = env!("CARGO_PKG_VERSION");
            ours.register("build", "What runs here", Info::new(vec![("version", version)]));
        }
        let process = self.registry.sub_registry_with_prefix("process");
        let figures = &self.process;
        process.register_with_unit("cpu", "Processor time used", Unit::Seconds, figures.cpu_seconds.clone());
        let resident = figures.resident_bytes.clone();
        process.register_with_unit("resident_memory", "Resident memory", Unit::Bytes, resident);
        let address_space = figures.virtual_bytes.clone();
        process.register_with_unit("virtual_memory", "Address space", Unit::Bytes, address_space);
        process.register("open_fds", "Open descriptors", figures.open_fds.clone());
        process.register("max_fds", "Descriptors that may be open", figures.max_fds.clone());
        process.register("threads", "Threads", figures.threads.clone());
        let start = figures.start_seconds.clone();
        process.register_with_unit("start_time", "When the process began, since 1970", Unit::Seconds, start);
    }

    /// A request has ended.
    pub(super) fn count(&self, request: &RequestMetrics<'_>) {
        let route = [("route", request.route)];
        self.requests
            .get_or_create(&AnsweredLabels {
                route: request.route,
                method: request.method,
                status: request.status,
            })
            .inc();
        self.durations.get_or_create(&route).observe(request.time.as_secs_f64());
        self.received.get_or_create(&route).inc_by(request.bytes_in);
        self.sent.get_or_create(&route).inc_by(request.bytes_out);
        for (stage, time) in request.stages {
            self.stages
                .get_or_create(&[("stage", *stage)])
                .observe(time.as_secs_f64());
        }
        if let Some(error) = request.code {
            let code = error.as_str();
            let route = request.route;
            self.errors.get_or_create(&ProblemLabels { route, code }).inc();
            if matches!(
                error,
                ErrorCode::QueueFull | ErrorCode::MemoryFull | ErrorCode::Unauthorized
            ) {
                self.rejections.get_or_create(&[("reason", code)]).inc();
            }
        }
        self.count_document(request);
    }

    fn count_document(&self, request: &RequestMetrics<'_>) {
        if !request.route.starts_with("/v1/") {
            return;
        }
        let outcome = match request.code {
            Some(code) => code.as_str(),
            // Its lines are counted one by one.
            None if request.route == "/v1/batch" => return,
            None if request.whole => "ok",
            None => "broken_off",
        };
        if request.route == "/v1/clean" {
            let kind = "stream".to_owned();
            self.documents.get_or_create(&DocumentOutcome { kind, outcome }).inc();
        } else {
            self.add_document(request.trace, outcome);
        }
    }

    /// A line of a batch.
    pub(super) fn count_line(&self, trace: Option<&Trace>, code: Option<ErrorCode>) {
        self.add_document(trace, code.map_or("ok", ErrorCode::as_str));
        for (stage, time) in trace.iter().flat_map(|trace| &trace.stages) {
            self.stages
                .get_or_create(&[("stage", *stage)])
                .observe(time.as_secs_f64());
        }
    }

    fn add_document(&self, trace: Option<&Trace>, outcome: &'static str) {
        let kind = trace.map_or("unknown".to_owned(), |trace| name(trace.kind));
        self.documents.get_or_create(&DocumentOutcome { kind, outcome }).inc();
        let Some(trace) = trace else {
            return;
        };
        for taken in &trace.removed {
            self.removed.get_or_create(&[("category", name(taken.category))]).inc();
        }
        self.guard.inc_by(trace.rolled_back as u64);
        for code in &trace.warnings {
            self.warnings.get_or_create(&[("code", code.as_str())]).inc();
        }
    }

    /// A connection was ended by us.
    pub(super) fn ended(&self, reason: &'static str) {
        self.ended.get_or_create(&[("reason", reason)]).inc();
    }

    /// A file was read again, or not.
    pub(super) fn reloaded(&self, what: &'static str, succeeded: bool) {
        let outcome = if succeeded { "ok" } else { "error" };
        self.reloads
            .get_or_create(&[("what", what), ("outcome", outcome)])
            .inc();
    }

    /// Connections open now.
    pub(super) fn connections(&self, open: usize) {
        self.connections.set(open as i64);
    }

    fn render(&self, app: &App) -> String {
        for lane in Lane::ALL {
            let waiting = app.workers.waiting(lane) as i64;
            self.queue.get_or_create(&[("lane", lane.name())]).set(waiting);
        }
        self.running.set(app.workers.running() as i64);
        self.body_memory.set(app.workers.body_bytes() as i64);
        self.rules.clear();
        let revision = app.pipeline().rules().revision().to_owned();
        self.rules.get_or_create(&[("revision", revision)]).set(1);
        self.process.read();
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl ProcessMetrics {
    /// Reads the figures that the kernel keeps; one that cannot be read stays as it was.
    fn read(&self) {
        if let Ok(stat) = fs::read_to_string("/proc/self/stat")
            && let Some((_, rest)) = stat.rsplit_once(')')
        {
            let fields: Vec<u64> = rest
                .split_whitespace()
                .map(|field| field.parse().unwrap_or(0))
                .collect();
            // Counted from the state, which is field 3 of proc(5): utime 14, stime 15, threads 20, vsize 23, rss 24.
            if let [utime, stime, .., threads, _, _, vsize, rss] = fields[11..].iter().take(11).collect::<Vec<_>>()[..]
            {
                let seconds = (utime + stime) as f64 / TICKS_A_SECOND;
                self.cpu_seconds.inner().store(seconds.to_bits(), Ordering::Relaxed);
                self.threads.set(*threads as i64);
                self.virtual_bytes.set(*vsize as i64);
                self.resident_bytes.set((rss * PAGE_BYTES) as i64);
            }
        }
        if let Ok(entries) = fs::read_dir("/proc/self/fd") {
            self.open_fds.set(entries.count() as i64);
        }
        if let Ok(limits) = fs::read_to_string("/proc/self/limits")
            && let Some(line) = limits.lines().find_map(|line| line.strip_prefix("Max open files"))
            && let Some(Ok(most)) = line.split_whitespace().next().map(str::parse)
        {
            self.max_fds.set(most);
        }
    }
}

/// The unit of processor time in `/proc`, on every machine.
const TICKS_A_SECOND: f64 = 100.0;
/// The unit of resident memory in `/proc` on the machines that this is built for.
const PAGE_BYTES: u64 = 4096;

/// The name of a kind or a category, as the answers have it: those are single words.
fn name(value: impl std::fmt::Debug) -> String {
    format!("{value:?}").to_lowercase()
}

/// The figures as text.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let mut response = Response::new(Body::from(app.metrics.render(&app)));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
