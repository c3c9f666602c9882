//! What happens to every request, whatever becomes of it: its id, its problem rendered, its one line in the log.
//!
//! The line is written when the last byte of the answer has been handed over, or when the client went away before that.
//! It holds names, numbers and our own codes: nothing of a document, and no raw path, because a path can hold anything.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};
use hyper::body::{Frame, SizeHint};
use tracing::Instrument as _;

use super::{App, error::Refusal, request_id};

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Routes that are asked every few seconds by machines: their lines are for debugging only.
const QUIET_ROUTES: &[&str] = &["/livez", "/readyz", "/startupz", "/healthz", "/version"];

/// The outermost layer.
pub(super) async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = request_id::of(request.headers());
    let path = request.uri().path().to_owned();
    let received = Arc::new(AtomicU64::new(0));
    let mut line = Line::begin(&request, id.clone(), Arc::clone(&received));
    let request = request.map(|body| Body::new(Counted { body, bytes: received }));

    let span = tracing::error_span!("request", id);
    let mut response = next.run(request).instrument(span).await;
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
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
        // A stream has only begun when its head goes out: no total to tell.
        add_timing(response.headers_mut(), "total", line.begun.elapsed());
    }
    response.map(|body| {
        Body::new(Sent {
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
struct Line {
    id: String,
    method: Method,
    route: String,
    begun: Instant,
    received: Arc<AtomicU64>,
    sent: u64,
    /// 0 until an answer exists.
    status: u16,
    code: Option<&'static str>,
    /// Whether the answer went out whole.
    whole: bool,
}

impl Line {
    fn begin(request: &Request, id: String, received: Arc<AtomicU64>) -> Self {
        let route = request.extensions().get::<MatchedPath>();
        Line {
            id,
            method: request.method().clone(),
            route: route.map_or("unmatched", MatchedPath::as_str).to_owned(),
            begun: Instant::now(),
            received,
            sent: 0,
            status: 0,
            code: None,
            whole: false,
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let bytes_in = self.received.load(Ordering::Relaxed);
        let milliseconds = self.begun.elapsed().as_millis() as u64;
        macro_rules! write_line {
            ($level:ident) => {
                tracing::$level!(
                    id = %self.id,
                    method = %self.method,
                    route = %self.route,
                    status = self.status,
                    code = self.code,
                    bytes_in,
                    bytes_out = self.sent,
                    ms = milliseconds,
                    whole = self.whole,
                    "request"
                )
            };
        }
        if QUIET_ROUTES.contains(&self.route.as_str()) {
            write_line!(debug);
        } else {
            write_line!(info);
        }
    }
}

/// A request's body, counted.
#[derive(Debug)]
struct Counted {
    body: Body,
    bytes: Arc<AtomicU64>,
}

impl HttpBody for Counted {
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
struct Sent {
    body: Body,
    line: Line,
    ended: bool,
}

impl HttpBody for Sent {
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

impl Drop for Sent {
    fn drop(&mut self) {
        // hyper asks a HEAD's body for nothing, and stops asking one that says that it is over.
        self.line.whole = self.ended || self.body.is_end_stream() || self.line.method == Method::HEAD;
    }
}
