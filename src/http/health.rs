//! The questions that orchestrators ask: alive, started, ready, and which version.
//!
//! Readiness is a latch with three positions, turned only forwards. Load never turns it: an overloaded service sheds
//! requests, it does not leave. Any query is ignored, because probes carry cache-busters; `/readyz` knows `verbose`.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, Uri, header},
    response::Response,
};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{App, error::ApiError};
use crate::error::ErrorCode;

const STARTING: u8 = 0;
const READY: u8 = 1;
const DRAINING: u8 = 2;

/// When to come back to a service that is starting or draining, in seconds: by then another instance has the traffic.
const RETRY_AFTER_SECONDS: u16 = 5;

/// The latch.
#[derive(Debug, Default)]
pub(super) struct Health {
    position: AtomicU8,
}

impl Health {
    /// The rules are loaded and the socket listens.
    pub(super) fn started(&self) {
        self.position.fetch_max(READY, Ordering::SeqCst);
    }

    /// The first moment of a drain.
    pub(super) fn drain(&self) {
        self.position.fetch_max(DRAINING, Ordering::SeqCst);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.position() == DRAINING
    }

    fn position(&self) -> u8 {
        self.position.load(Ordering::SeqCst)
    }
}

/// The process runs and its async threads answer.
pub(super) async fn livez() -> Response {
    quiet(&json!({"status": "alive"}))
}

/// It has started once.
pub(super) async fn startupz(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    match app.health.position() {
        STARTING => Err(starting()),
        _ => Ok(quiet(&json!({"status": "started"}))),
    }
}

/// It wants traffic.
pub(super) async fn readyz(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, ApiError> {
    match app.health.position() {
        STARTING => Err(starting()),
        DRAINING => Err(not_now(
            ErrorCode::Draining,
            "the service is shutting down; another instance takes the traffic",
        )),
        _ if is_verbose(&uri) => Ok(quiet(&json!({
            "status": "ready",
            "checks": {"rules": "loaded", "draining": false},
            "rules_fault": app.rules_fault(),
            "rules_revision": app.pipeline().rules().revision(),
        }))),
        _ => Ok(quiet(&json!({"status": "ready"}))),
    }
}

/// What runs here.
pub(super) async fn version(State(app): State<Arc<App>>) -> Response {
    quiet(&json!({
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "rules_revision": app.pipeline().rules().revision(),
    }))
}

/// `?verbose`, but not `?verbose=false`.
fn is_verbose(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "verbose" && !matches!(&*value, "false" | "0"))
}

fn starting() -> ApiError {
    not_now(ErrorCode::Starting, "the service is still loading")
}

fn not_now(code: ErrorCode, detail: &str) -> ApiError {
    ApiError::new(code, detail).with(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS))
}

fn quiet(value: &Value) -> Response {
    let mut response = Response::new(Body::from(format!("{value}\n")));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
