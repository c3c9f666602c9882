//! Errors as responses: `application/problem+json` (RFC 9457), by the table of codes.
//!
//! A handler answers with a [`ApiError`], which travels as a response extension; `access` renders it, because only there
//! are the request's id and path at hand. So a panic or a fallback is rendered by the same lines as a bad option.

use std::any::Any;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::error_codes::describe;
use crate::{
    error::{Error, ErrorCode},
    workers::WorkFailure,
};

/// The types that a document may come in, for the `Accept-Post` of a 415.
pub(super) const ACCEPT_POST: &str =
    "text/html, application/xhtml+xml, text/markdown, text/plain, application/json, multipart/form-data";

/// What a problem takes, mostly.
const PROBLEM_BYTES: usize = 512;

/// When to come back to a busy service, in seconds: the queue is short, and is another one by then.
const RETRY_AFTER_SECONDS: u16 = 1;

/// A request refused: the code, the words, and the headers that belong to it.
#[derive(Debug, Clone)]
pub(super) struct ApiError {
    code: ErrorCode,
    detail: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl ApiError {
    pub(super) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        ApiError {
            code,
            detail: detail.into(),
            headers: Vec::new(),
        }
    }

    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn code(&self) -> ErrorCode {
        self.code
    }

    /// An internal error. The cause stays in the log.
    pub(super) fn internal() -> Self {
        ApiError::new(
            ErrorCode::Internal,
            "the service failed on this request; its log has the cause under this request_id",
        )
    }

    /// A header that is not plain ASCII: guessing at a declaration is worse than refusing it.
    pub(super) fn unreadable_header(name: &HeaderName) -> Self {
        let detail = format!("the header {name} holds bytes that are no visible ASCII");
        ApiError::new(ErrorCode::BadHeader, detail)
    }

    /// Too many documents wait already.
    pub(super) fn queue_full() -> Self {
        ApiError::new(
            ErrorCode::QueueFull,
            "too many documents are waiting already; try again in a moment",
        )
        .later()
    }

    /// The memory for bodies and answers is taken.
    pub(super) fn memory_full() -> Self {
        let detail = "the memory for documents is taken by others; try again in a moment";
        ApiError::new(ErrorCode::MemoryFull, detail).later()
    }

    fn later(self) -> Self {
        self.with(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS))
    }

    /// A body for which there is no memory.
    pub(super) fn from_no_room(failure: WorkFailure) -> Self {
        match failure {
            WorkFailure::NoMemory => ApiError::memory_full(),
            _ => ApiError::queue_full(),
        }
    }

    /// Work on a document that came to nothing.
    pub(super) fn from_failure(failure: WorkFailure, budget: std::time::Duration) -> Self {
        match failure {
            WorkFailure::Panicked => ApiError::internal(),
            WorkFailure::Full => ApiError::queue_full(),
            WorkFailure::NoMemory => ApiError::memory_full(),
            WorkFailure::Late => ApiError::from(Error::Deadline {
                budget_ms: budget.as_millis().try_into().unwrap_or(u64::MAX),
            }),
        }
    }

    pub(super) fn status(&self) -> u16 {
        describe(self.code).status
    }

    /// As JSON has it, for the request of this path and id.
    pub(super) fn problem<'a>(&'a self, request: Option<(&'a str, &'a str)>) -> Problem<'a> {
        let entry = describe(self.code);
        Problem {
            r#type: format!("/docs/errors/{}", self.code),
            title: entry.title,
            status: entry.status,
            detail: &self.detail,
            instance: request.map(|(path, _)| path),
            code: self.code,
            request_id: request.map(|(_, id)| id),
        }
    }

    /// The answer, for the request of this path and id.
    pub(super) fn render(self, path: &str, request_id: &str) -> Response {
        let status = self.status();
        let mut body = Vec::with_capacity(PROBLEM_BYTES);
        serde_json::to_writer(&mut body, &self.problem(Some((path, request_id)))).expect("strings are always JSON");
        body.push(b'\n');
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers);
        if status == 415 {
            let types = HeaderValue::from_static(ACCEPT_POST);
            headers.entry("accept-post").or_insert(types);
        }
        response
    }
}

impl ApiError {
    /// A whole answer of HTTP/1.1, for a connection on which there is no request to answer.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut body = serde_json::to_vec(&self.problem(None)).expect("strings are always JSON");
        body.push(b'\n');
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\ncache-control: no-store\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        [head.into_bytes(), body].concat()
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        ApiError::new(error.code(), error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Serialize)]
pub(super) struct Problem<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    code: ErrorCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

/// The fallback of the router.
pub(super) async fn not_found() -> ApiError {
    ApiError::new(
        ErrorCode::NotFound,
        "there is no such route; /openapi.yaml lists them all",
    )
}

/// The fallback of one route.
pub(super) fn method_not_allowed(allow: HeaderValue) -> ApiError {
    let known = allow.to_str().unwrap_or_default();
    let detail = format!("this route takes {known}");
    ApiError::new(ErrorCode::MethodNotAllowed, detail).with(header::ALLOW, allow)
}

/// What the panic layer answers. The panic hook has logged where; the payload may quote the document and goes nowhere.
pub(super) fn panicked(_payload: Box<dyn Any + Send>) -> Response {
    ApiError::internal().into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_of_the_core_has_its_status() {
        let text = String::new;
        for (error, status) in [
            (Error::EmptyBody, 400),
            (Error::NotText { detail: text() }, 415),
            (Error::UnsupportedType { given: text() }, 415),
            (
                Error::UnsupportedCharset {
                    given: text(),
                    detail: text(),
                },
                415,
            ),
            (Error::BadBody { detail: text() }, 400),
            (Error::BodyTooLarge { limit_bytes: 1 }, 413),
            (
                Error::UnknownOption {
                    name: text(),
                    known: "",
                },
                400,
            ),
            (
                Error::BadOption {
                    name: text(),
                    detail: text(),
                },
                400,
            ),
            (
                Error::BadSelector {
                    name: text(),
                    detail: text(),
                },
                400,
            ),
            (Error::BadEnvelope { detail: text() }, 400),
            (Error::BadForm { detail: text() }, 400),
            (Error::NewlinesRemoved, 422),
            (Error::Feed, 422),
            (Error::BadFeed { detail: text() }, 422),
            (Error::TooDeep { limit: 1 }, 422),
            (Error::TooManyElements { limit: 1 }, 422),
            (Error::TokenTooLarge { limit_bytes: 1 }, 422),
            (Error::OutputTooLarge { limit_bytes: 1 }, 422),
            (Error::Deadline { budget_ms: 1 }, 504),
        ] {
            let refusal = ApiError::from(error);
            assert_eq!(refusal.into_response().status(), status);
        }
    }
}
