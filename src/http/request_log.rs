//! What happens to every request, whatever becomes of it: its id, its problem rendered, its one line in the log, its
//! figures in the metrics.
//!
//! The line is written when the last byte of the answer has been handed over, or when the client went away before that.
//! It holds names, numbers and our own codes: nothing of a document, and no raw path, because a path can hold anything.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{MatchedPath, Request, State},
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use hyper::body::{Frame, SizeHint};
use tracing::Instrument as _;

use super::{
    Access, App, ROUTES, Route, connection::ConnectionWatch, error::ApiError, head, limits, metrics, request_id,
};
use crate::{error::ErrorCode, pipeline::Trace};

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The id of a request, left for handlers whose answer names it within.
#[derive(Debug, Clone, Default)]
pub(super) struct RequestId(pub(super) String);

/// What a handler knows about its document, left in the answer's extensions.
#[derive(Debug, Default)]
pub(super) struct DocumentWork {
    /// The stages from the first byte of the body, with their times.
    pub(super) stages: Vec<(&'static str, Duration)>,
    pub(super) trace: Option<Trace>,
}

impl DocumentWork {
    /// Leaves it in the answer, with the stages in its head.
    pub(super) fn leave_in(self, response: &mut Response) {
        for (stage, time) in &self.stages {
            add_timing(response.headers_mut(), stage, *time);
        }
        response.extensions_mut().insert(Arc::new(self));
    }
}

/// Whether connections are being cut, and how many requests that has cost.
#[derive(Debug, Default)]
pub(super) struct CutCounter {
    begun: AtomicBool,
    requests: AtomicUsize,
}

impl CutCounter {
    pub(super) fn begin(&self) {
        self.begun.store(true, Ordering::SeqCst);
    }

    pub(super) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Lines about requests that were turned away, in a second. Past it they are counted instead: an overload is thousands of
/// them, and telling of each costs as much as turning it away.
const LINES_A_SECOND: u32 = 10;

/// How much of an overload has been logged.
#[derive(Debug, Default)]
pub(super) struct OverloadLogThrottle(Mutex<LoggedSecond>);

#[derive(Debug, Default)]
struct LoggedSecond {
    begun: Option<Instant>,
    lines: u32,
    untold: u64,
}

impl OverloadLogThrottle {
    fn second(&self) -> MutexGuard<'_, LoggedSecond> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one more may have its line; it is counted else.
    fn may_tell(&self) -> bool {
        let mut second = self.second();
        let is_over = second
            .begun
            .is_none_or(|begun| begun.elapsed() >= Duration::from_secs(1));
        if is_over {
            (second.begun, second.lines) = (Some(Instant::now()), 0);
        }
        let may = second.lines < LINES_A_SECOND;
        second.lines += u32::from(may);
        second.untold += u64::from(!may);
        may
    }

    /// How many had no line, once the second in which they came is over.
    fn untold(&self) -> Option<u64> {
        let mut second = self.second();
        let is_over = second
            .begun
            .is_some_and(|begun| begun.elapsed() >= Duration::from_secs(1));
        (is_over && second.untold > 0).then(|| std::mem::take(&mut second.untold))
    }
}

/// The layer that asks for a token, where there are any.
pub(super) async fn authorize(State(app): State<Arc<App>>, request: Request, next: Next) -> Result<Response, ApiError> {
    let is_open = route(request.extensions()).is_none_or(|route| route.access != Access::Token);
    if let Some(tokens) = &app.tokens
        && !is_open
    {
        tokens.check(request.headers())?;
    }
    Ok(next.run(request).await)
}

/// The route that was found.
fn route(extensions: &Extensions) -> Option<&'static Route> {
    let path = extensions.get::<MatchedPath>()?.as_str();
    ROUTES.iter().find(|route| route.path == path)
}

/// The outermost layer. All steps of every request are in it and not in layers of their own: each would be a
/// future on the heap, and during an overload that is what a refusal costs.
pub(super) async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = request_id::of(request.headers());
    let path = request.uri().path().to_owned();
    let received = Arc::new(AtomicU64::new(0));
    let mut line = RequestRecord::begin(&app, &request, id.clone(), Arc::clone(&received));
    let mut request = request.map(|body| Body::new(CountedBody { body, bytes: received }));
    request.extensions_mut().insert(RequestId(id.clone()));
    let (request, rest) = limits::lend(request);

    let span = tracing::error_span!("request", id);
    let answer = async {
        head::check(&request)?;
        Ok::<_, ApiError>(next.run(request).await)
    };
    let mut response = answer.instrument(span).await.unwrap_or_else(ApiError::into_response);
    rest.is_asked_for().await;
    rest.read(app.timeouts);
    if let Some(watch) = &line.watch {
        watch.begin_answer();
    }
    if let Some(refusal) = response.extensions_mut().remove::<ApiError>() {
        line.code = Some(refusal.code());
        let mut problem = refusal.render(&path, &id);
        // What other layers have said about the empty answer holds for the full one.
        for (name, value) in response.headers() {
            if name != header::CONTENT_LENGTH {
                problem.headers_mut().entry(name).or_insert_with(|| value.clone());
            }
        }
        response = problem;
    }
    line.work = response.extensions_mut().remove::<Arc<DocumentWork>>();
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(request_id::HEADER, id);
    }
    if app.health.is_draining() {
        // Whoever would ask again on this connection should ask another instance.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    line.status = response.status().as_u16();
    if response.body().size_hint().exact().is_some() {
        // A stream has only begun when its head goes out: no total is known.
        add_timing(response.headers_mut(), "total", line.begun.elapsed());
    }
    response.map(|body| {
        Body::new(LoggedBody {
            body,
            line,
            ended: false,
        })
    })
}

/// Adds a stage to `Server-Timing`.
pub(super) fn add_timing(headers: &mut HeaderMap, stage: &str, time: Duration) {
    let milliseconds = time.as_secs_f64() * 1000.0;
    if let Ok(value) = HeaderValue::from_str(&format!("{stage};dur={milliseconds:.1}")) {
        headers.append(SERVER_TIMING, value);
    }
}

/// The line of one request, written when it is dropped.
#[derive(Debug)]
struct RequestRecord {
    app: Arc<App>,
    watch: Option<Arc<ConnectionWatch>>,
    id: String,
    traceparent: Option<String>,
    method: Method,
    route: Option<&'static Route>,
    begun: Instant,
    received: Arc<AtomicU64>,
    sent: u64,
    /// 0 until an answer exists.
    status: u16,
    code: Option<ErrorCode>,
    work: Option<Arc<DocumentWork>>,
    /// Whether the answer went out whole.
    whole: bool,
}

impl RequestRecord {
    fn begin(app: &Arc<App>, request: &Request, id: String, received: Arc<AtomicU64>) -> Self {
        RequestRecord {
            app: Arc::clone(app),
            watch: request.extensions().get().cloned(),
            id,
            traceparent: request_id::traceparent(request.headers()),
            method: request.method().clone(),
            route: route(request.extensions()),
            begun: Instant::now(),
            received,
            sent: 0,
            status: 0,
            code: None,
            work: None,
            whole: false,
        }
    }

    /// The method's name if a route knows it: others can be anything.
    fn method(&self) -> &'static str {
        const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
        let known = KNOWN.into_iter().find(|name| *name == self.method.as_str());
        known.unwrap_or("OTHER")
    }
}

impl Drop for RequestRecord {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.end_work();
        }
        let cut = !self.whole && self.app.cutting.begun.load(Ordering::SeqCst);
        if cut {
            self.app.cutting.requests.fetch_add(1, Ordering::SeqCst);
        }
        let route = self.route.map_or("unmatched", |route| route.path);
        let none = DocumentWork::default();
        let work = self.work.as_deref().unwrap_or(&none);
        let request = metrics::RequestMetrics {
            route,
            method: self.method(),
            status: self.status,
            code: self.code,
            time: self.begun.elapsed(),
            bytes_in: self.received.load(Ordering::Relaxed),
            bytes_out: self.sent,
            stages: &work.stages,
            trace: work.trace.as_ref(),
            whole: self.whole,
        };
        self.app.metrics.count(&request);
        if let Some(requests) = self.app.overload_log.untold() {
            tracing::warn!(requests, "more were turned away, without a line each");
        }
        let is_turned_away = matches!(self.code, Some(ErrorCode::QueueFull | ErrorCode::MemoryFull));
        if is_turned_away && !cut && !self.app.overload_log.may_tell() {
            return;
        }
        let milliseconds = |time: Duration| (time.as_secs_f64() * 1e6).round() / 1000.0;
        let stage = |name: &str| {
            let stage = work.stages.iter().find(|(stage, _)| *stage == name);
            stage.map(|&(_, time)| milliseconds(time))
        };
        let trace = request.trace;
        macro_rules! write_line {
            ($level:ident) => {
                tracing::$level!(
                    id = %self.id,
                    traceparent = self.traceparent,
                    method = request.method,
                    route,
                    status = self.status,
                    code = self.code.map(ErrorCode::as_str),
                    kind = trace.map(|trace| tracing::field::debug(trace.kind)),
                    charset = trace.map(|trace| trace.charset),
                    removed = trace.map(|trace| trace.removed.len()),
                    bytes_in = request.bytes_in,
                    bytes_out = self.sent,
                    ms = milliseconds(request.time),
                    read_ms = stage("read"),
                    wait_ms = stage("wait"),
                    input_ms = stage("input"),
                    survey_ms = stage("survey"),
                    score_ms = stage("score"),
                    write_ms = stage("write"),
                    whole = self.whole,
                    cut = cut.then_some(true),
                    "request"
                )
            };
        }
        // Health is asked every few seconds by machines, and a page asks for all that it is made of: those lines are for
        // debugging only.
        match self.route {
            _ if cut => write_line!(warn),
            Some(
                Route {
                    access: Access::Open | Access::Page,
                    ..
                }
                | Route { path: "/metrics", .. },
            ) => write_line!(debug),
            _ => write_line!(info),
        }
    }
}

/// A request's body, counted.
#[derive(Debug)]
struct CountedBody {
    body: Body,
    bytes: Arc<AtomicU64>,
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body, which takes the request's log line with it.
#[derive(Debug)]
struct LoggedBody {
    body: Body,
    line: RequestRecord,
    ended: bool,
}

impl HttpBody for LoggedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => self.line.sent += frame.data_ref().map_or(0, Bytes::len) as u64,
            Poll::Ready(None) => self.ended = true,
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for LoggedBody {
    fn drop(&mut self) {
        // hyper asks a HEAD's body for nothing, and stops asking one that says that it is over.
        self.line.whole = self.ended || self.body.is_end_stream() || self.line.method == Method::HEAD;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overload_is_told_in_few_lines_and_then_as_a_number() {
        let overload_log = OverloadLogThrottle::default();
        let told = (0..1000).filter(|_| overload_log.may_tell()).count();
        assert_eq!(told, LINES_A_SECOND as usize);
        assert_eq!(overload_log.untold(), None, "the second is not over");
        let a_second_ago = Instant::now().checked_sub(Duration::from_secs(1));
        overload_log.second().begun = a_second_ago;
        assert_eq!(overload_log.untold(), Some(1000 - u64::from(LINES_A_SECOND)));
        assert_eq!(overload_log.untold(), None, "each is reported once");
        assert!(overload_log.may_tell());
    }
}
