//! `POST /v1/clean`: HTML of any size streams in, and cleaned HTML streams out while it does.
//!
//! The answer's body pulls the request's body: a client that does not read stops us from reading, and nothing piles up.
//! The cleaner runs on the async thread itself, in turns of [`TURN_BYTES`] with the thread given back after each.
//!
//! # Limits
//! Memory is the cleaner's bound plus one piece of input. Once bytes are out, the only honest way to fail is to break the
//! connection off without the end that HTTP/1.1 marks, so that nobody takes a part for the whole. HTTP/1.0 marks no end
//! and is refused.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Version, header},
    response::Response,
};
use hyper::body::Frame;
use tokio::time::{Instant, Sleep, sleep};
use url::form_urlencoded;

use super::{App, RULES_REVISION, error::Refusal, limits, rules_revision, sandbox};
use crate::{config::Wire, error::Error, options::CleanOptions, pipeline::Cleaner};

/// Input bytes of one turn: well under a millisecond of work, so that no health check waits behind a large page.
const TURN_BYTES: usize = 16 << 10;

/// The first piece is cleaned before the head goes out: until then every refusal can still be a status.
pub(super) async fn clean(State(app): State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    let (head, mut body) = request.into_parts();
    if head.version < Version::HTTP_11 {
        let detail = "this route streams, and HTTP/1.0 cannot tell a whole answer from a broken one; use HTTP/1.1";
        return Err(Refusal::new("http_version", detail));
    }
    let query = head.uri.query().unwrap_or_default();
    let options = CleanOptions::from_pairs(form_urlencoded::parse(query.as_bytes()))?;
    limits::refuse_packed(&head.headers)?;
    let declared = declared_type(&head.headers)?;
    let pipeline = app.pipeline();
    let mut cleaner = pipeline.cleaner(declared, &options)?;

    let end = Instant::now() + app.wire.body_timeout;
    let Some(mut input) = limits::next_piece(&mut body, end, &app.wire).await? else {
        return Err(Refusal::from(Error::EmptyBody));
    };
    let first = input.split_to(input.len().min(TURN_BYTES));
    let output = turn(&mut cleaner, &first).map_err(Broken::into_refusal)?;

    let kind = declared.unwrap_or("text/html");
    let answer_type = match &options.charset {
        // The caller knows better than the header, so the answer must not repeat the header.
        Some(charset) => format!("{}; charset={charset}", essence(kind)),
        None => kind.to_owned(),
    };
    let mut response = Response::new(Body::new(Cleaned {
        input: body,
        pending: input,
        ready: Bytes::from(output),
        cleaner,
        patience: Box::pin(sleep(app.wire.body_timeout)),
        wire: app.wire,
        resting: false,
        stage: Stage::Reading,
    }));
    sandbox(&mut response);
    let value = HeaderValue::from_str(&answer_type).unwrap_or(HeaderValue::from_static("text/html"));
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response.headers_mut().insert(RULES_REVISION, rules_revision(&pipeline));
    Ok(response)
}

/// The type that the caller declared, `None` for what clients send when nobody told them.
fn declared_type(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(given) = limits::header_text(headers, &header::CONTENT_TYPE)? else {
        return Ok(None);
    };
    match essence(given).to_ascii_lowercase().as_str() {
        "text/html" | "application/xhtml+xml" => Ok(Some(given)),
        // `curl --data-binary` says the first of these by itself, and proxies the second.
        "" | "application/x-www-form-urlencoded" | "application/octet-stream" => Ok(None),
        _ => Err(Refusal::from(Error::UnsupportedType {
            given: given.to_owned(),
        })),
    }
}

/// A media type without its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Why a stream ended before its end.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Refused(#[from] Error),
    #[error("the cleaner panicked")]
    Panicked,
    #[error("the body stalled")]
    Stalled,
}

impl Broken {
    fn into_refusal(self) -> Refusal {
        match self {
            Broken::Refused(error) => Refusal::from(error),
            Broken::Panicked | Broken::Stalled => Refusal::internal(),
        }
    }
}

/// One turn of work. A panic is this stream's end and nothing else: the cleaner is not touched after it.
fn turn(cleaner: &mut Cleaner, bytes: &[u8]) -> Result<Vec<u8>, Broken> {
    let work = AssertUnwindSafe(|| {
        cleaner.write(bytes)?;
        Ok(cleaner.take())
    });
    catch_unwind(work).unwrap_or(Err(Broken::Panicked))
}

/// The last turn.
fn last_turn(cleaner: &mut Cleaner) -> Result<Vec<u8>, Broken> {
    let work = AssertUnwindSafe(|| {
        cleaner.end()?;
        Ok(cleaner.take())
    });
    catch_unwind(work).unwrap_or(Err(Broken::Panicked))
}

/// How far a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Reading,
    Done,
}

/// The answer's body: each time it is asked for more, it takes one turn.
struct Cleaned {
    input: Body,
    /// Input that has arrived and not had its turn.
    pending: Bytes,
    /// Output that may go.
    ready: Bytes,
    cleaner: Cleaner,
    /// Runs while we wait for input, and only then.
    patience: Pin<Box<Sleep>>,
    wire: Wire,
    /// A turn has just been taken: the thread is given back before the next.
    resting: bool,
    stage: Stage,
}

impl Cleaned {
    fn poll_output(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
        loop {
            if !self.ready.is_empty() {
                return Poll::Ready(Some(Ok(std::mem::take(&mut self.ready))));
            }
            if self.stage == Stage::Done {
                return Poll::Ready(None);
            }
            if std::mem::take(&mut self.resting) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if self.pending.is_empty() {
                match ready!(self.poll_input(cx)) {
                    Some(Ok(piece)) => self.pending = piece,
                    Some(Err(error)) => return self.fail(error),
                    None => {
                        self.stage = Stage::Done;
                        match last_turn(&mut self.cleaner) {
                            Ok(output) => self.ready = Bytes::from(output),
                            Err(broken) => return self.fail(axum::Error::new(broken)),
                        }
                    }
                }
                continue;
            }
            let bytes = self.pending.split_to(self.pending.len().min(TURN_BYTES));
            self.resting = true;
            match turn(&mut self.cleaner, &bytes) {
                Ok(output) => self.ready = Bytes::from(output),
                Err(broken) => return self.fail(axum::Error::new(broken)),
            }
        }
    }

    /// The next piece of input, or the end of our patience.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
        loop {
            match Pin::new(&mut self.input).poll_frame(cx) {
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(Some(Ok(frame))) => {
                    self.patience.as_mut().reset(Instant::now() + self.wire.body_timeout);
                    if let Ok(data) = frame.into_data()
                        && !data.is_empty()
                    {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
                Poll::Pending => {
                    ready!(self.patience.as_mut().poll(cx));
                    return Poll::Ready(Some(Err(axum::Error::new(Broken::Stalled))));
                }
            }
        }
    }

    fn fail(&mut self, error: axum::Error) -> Poll<Option<Result<Bytes, axum::Error>>> {
        tracing::info!(%error, "a stream was cut");
        self.stage = Stage::Done;
        Poll::Ready(Some(Err(error)))
    }
}

impl HttpBody for Cleaned {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.poll_output(cx)
            .map(|output| output.map(|bytes| bytes.map(Frame::data)))
    }
}
