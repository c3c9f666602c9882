//! `POST /v1/clean`: HTML of any size streams in, and cleaned HTML streams out while it does.
//!
//! The answer's body pulls the request's body: a client that does not read stops us from reading, and nothing piles up.
//! The cleaner runs on the async thread itself, in turns of [`TURN`] with the thread given back after each; what would take
//! longer goes to the threads of the pool: a tag of many kilobytes, and rules that have yet to be compiled.
//!
//! # Limits
//! Memory is [`STREAM_BYTES`], asked for before the body is read, and what waits beyond that, asked for as it comes. Once
//! bytes are out, the only honest way to fail is to break the connection off without the end that HTTP/1.1 marks, so that
//! no client takes a part for the whole. HTTP/1.0 marks no end and is refused.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Version, header},
    response::Response,
};
use hyper::body::Frame;
use tokio::{
    task::JoinHandle,
    time::{Instant, Sleep, sleep},
};
use url::form_urlencoded;

use super::{
    App, RULES_REVISION,
    compress::{self, Compressor},
    content_encoding,
    decompress::{Decoded, DecodedBody, DecompressError, DecompressLimits},
    error::ApiError,
    limits::{self, RateCredit},
    rules_revision, sandbox,
};
use crate::{
    config::HttpTimeouts,
    error::{Error, ErrorCode},
    options::CleanOptions,
    output::removals::RemovalSummary,
    pipeline::{Cleaner, CompileCost, Pipeline},
    workers::{Reservation, WorkCost, Workers},
};

/// How long a turn may go on: with its last slice it stays under a millisecond, so that no health check waits behind a
/// large page.
const TURN: Duration = Duration::from_micros(500);
/// The same on a thread of the pool, which others wait for as well.
const AWAY_TURN: Duration = Duration::from_millis(50);
/// Input bytes after which the clock is looked at: some tens of microseconds of work.
const SLICE_BYTES: usize = 2 << 10;
/// The memory of any stream: two stacks of open elements, the region that is held back, and
/// [`WAITING_BYTES`]. Measured at 34 KiB on a small page and at 700 on elements that are never closed.
const STREAM_BYTES: usize = 1 << 20;
/// What may wait for the end of its token before more memory is asked for, and before the work on it is done elsewhere: the
/// tags of ordinary pages are never cut.
const WAITING_BYTES: usize = 256 << 10;

/// The first piece is cleaned before the head goes out: until then every refusal can still be a status.
pub(super) async fn clean(State(app): State<Arc<App>>, request: Request) -> Result<Response, ApiError> {
    let (head, body) = request.into_parts();
    if head.version < Version::HTTP_11 {
        let detail = "this route streams, and HTTP/1.0 cannot mark an answer as incomplete; use HTTP/1.1";
        return Err(ApiError::new(ErrorCode::HttpVersion, detail));
    }
    let query = head.uri.query().unwrap_or_default();
    let options = CleanOptions::from_pairs(form_urlencoded::parse(query.as_bytes()))?;
    if options.trailer && !takes_trailers(&head.headers) {
        let detail = "report=trailer answers in trailers, which a client must ask for by the header `TE: trailers`; \
                      without a server `copydesk clean --report FILE` reports the same";
        return Err(ApiError::new(ErrorCode::BadOption, detail));
    }
    let declared = declared_type(&head.headers)?;
    let pipeline = app.pipeline();
    let allowance = DecompressLimits::of_stream(pipeline.bounds().body_bytes);
    let mut intake = DecodedBody::open(body, &head.headers, app.workers.reservation(), allowance)?;
    let coding = content_encoding::wish(&head.headers).coding;
    let selector_bytes = options.selector_bytes(pipeline.bounds().depth);
    let own_bytes = STREAM_BYTES + selector_bytes + coding.map_or(0, |_| Compressor::BYTES);
    let mut reservation = app.workers.reservation();
    if !reservation.can_grow(own_bytes) {
        return Err(ApiError::memory_full());
    }
    let mut cleaner = cleaner(&app, &pipeline, declared, &options).await?;
    if options.trailer {
        cleaner = cleaner.noting_losses();
    }

    let end = Instant::now() + app.timeouts.body_timeout;
    let Some(mut input) = limits::next_piece(&mut intake, end, &app.timeouts).await? else {
        return Err(ApiError::from(Error::EmptyBody));
    };
    // Taken only now: a client that sends nothing takes no memory.
    if !reservation.grow(own_bytes) {
        return Err(ApiError::memory_full());
    }
    let mut cleaning = CleanTask {
        cleaner,
        compressor: coding
            .map(|coding| Compressor::new(coding, None))
            .transpose()
            .map_err(compress::failed)?,
        own_bytes,
        reservation,
        removed: options.trailer.then(RemovalSummary::default),
    };
    let stall_timer = StallTimer::begin(&app.timeouts, intake.wire_bytes());
    let output = cleaning
        .turn(&mut input, false, TURN)
        .map_err(StreamFailure::into_refusal)?;

    let kind = declared.unwrap_or("text/html");
    let answer_type = match &options.charset {
        // The caller knows better than the header, so the answer must not repeat the header.
        Some(charset) => format!("{}; charset={charset}", essence(kind)),
        None => kind.to_owned(),
    };
    let mut response = Response::new(Body::new(CleanBody {
        input: intake,
        pending: input,
        ready: Bytes::from(output),
        place: DocumentPlace::Here(Box::new(cleaning)),
        workers: app.workers.clone(),
        stall_timer,
        resting: false,
        stage: Stage::Reading,
    }));
    sandbox(&mut response);
    let value = HeaderValue::from_str(&answer_type).unwrap_or(HeaderValue::from_static("text/html"));
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response.headers_mut().insert(RULES_REVISION, rules_revision(&pipeline));
    compress::name(response.headers_mut(), coding);
    if options.trailer {
        let names = HeaderValue::from_static("copydesk-removed-total, copydesk-removed-bytes, copydesk-removed");
        response.headers_mut().insert(header::TRAILER, names);
    }
    Ok(response)
}

const REMOVED_TOTAL: HeaderName = HeaderName::from_static("copydesk-removed-total");
const REMOVED_BYTES: HeaderName = HeaderName::from_static("copydesk-removed-bytes");
const REMOVED: HeaderName = HeaderName::from_static("copydesk-removed");

/// Whether the client says that it takes trailers (RFC 9110, section 10.1.4).
fn takes_trailers(headers: &HeaderMap) -> bool {
    let lists = headers
        .get_all(header::TE)
        .into_iter()
        .filter_map(|te| te.to_str().ok());
    let mut codings = lists.flat_map(|list| list.split(','));
    codings.any(|coding| essence(coding).eq_ignore_ascii_case("trailers"))
}

/// A cleaner with the rules that the caller asks for.
async fn cleaner(
    app: &App,
    pipeline: &Pipeline,
    declared: Option<&str>,
    options: &CleanOptions,
) -> Result<Cleaner, ApiError> {
    let compile_cost = pipeline.compile_cost(options);
    if compile_cost == CompileCost::None {
        return Ok(pipeline.cleaner(declared, options)?);
    }
    let (compiling, declared, options) = (pipeline.clone(), declared.map(str::to_owned), options.clone());
    let compile = move || compiling.cleaner(declared.as_deref(), &options);
    if compile_cost == CompileCost::RulesOfAHost {
        let made = app.workers.aside(compile).await;
        return Ok(made.map_err(|_| ApiError::internal())??);
    }
    // That is work like that on a document, and waits like it.
    const COMPILING: WorkCost = WorkCost {
        body_bytes: 0,
        work_bytes: 0,
    };
    let budget = pipeline.bounds().time;
    let made = app.workers.run(COMPILING, budget, move |_| compile()).await;
    Ok(made.map_err(|failure| ApiError::from_failure(failure, budget))??)
}

/// The type that the caller declared, `None` for what clients send by default.
fn declared_type(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(given) = limits::header_text(headers, &header::CONTENT_TYPE)? else {
        return Ok(None);
    };
    match essence(given).to_ascii_lowercase().as_str() {
        "text/html" | "application/xhtml+xml" => Ok(Some(given)),
        // `curl --data-binary` says the first of these by itself, and proxies the second.
        "" | "application/x-www-form-urlencoded" | "application/octet-stream" => Ok(None),
        _ => Err(ApiError::from(Error::UnsupportedType {
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
enum StreamFailure {
    #[error(transparent)]
    Refused(#[from] Error),
    #[error("the cleaner panicked")]
    Panicked,
    #[error("the body stalled")]
    Stalled,
    #[error("the memory for documents is taken")]
    NoMemory,
    #[error(transparent)]
    Input(#[from] DecompressError),
    #[error("the answer could not be compressed: {0}")]
    Decompressed(#[from] std::io::Error),
}

impl StreamFailure {
    fn into_refusal(self) -> ApiError {
        match self {
            StreamFailure::Refused(error) => ApiError::from(error),
            StreamFailure::NoMemory => ApiError::memory_full(),
            StreamFailure::Input(fault) => fault.into(),
            StreamFailure::Decompressed(error) => compress::failed(error),
            StreamFailure::Panicked | StreamFailure::Stalled => ApiError::internal(),
        }
    }
}

/// A cleaner with the memory that it takes.
struct CleanTask {
    cleaner: Cleaner,
    /// For its output, where that is asked for compressed.
    compressor: Option<Compressor>,
    /// What it takes beside what waits for its end.
    own_bytes: usize,
    reservation: Reservation,
    /// What it has removed, where that is asked for.
    removed: Option<RemovalSummary>,
}

impl CleanTask {
    /// Takes of `input` what there is `time` for, and gives the output that it made; with no input left and `is_over`, it is
    /// the last turn.
    fn turn(&mut self, input: &mut Bytes, is_over: bool, time: Duration) -> Result<Vec<u8>, StreamFailure> {
        let begun = std::time::Instant::now();
        let is_last = input.is_empty() && is_over;
        if is_last {
            self.work(Cleaner::end)?;
        }
        while !input.is_empty() && begun.elapsed() < time {
            let slice = input.split_to(input.len().min(SLICE_BYTES));
            self.work(|cleaner| cleaner.write(&slice))?;
            if let Some(compressor) = &mut self.compressor {
                compressor.write(&self.cleaner.take())?;
            }
        }
        if let Some(removed) = &mut self.removed {
            removed.add(self.cleaner.take_losses());
        }
        let Some(mut compressor) = self.compressor.take() else {
            return Ok(self.cleaner.take());
        };
        if is_last {
            compressor.write(&self.cleaner.take())?;
            return Ok(compressor.finish()?);
        }
        // Who waits for more shall have all that there is.
        let output = if input.is_empty() {
            compressor.flush()?
        } else {
            compressor.take()
        };
        self.compressor = Some(compressor);
        Ok(output)
    }

    /// What was removed, once the last turn has been taken.
    fn trailers(&mut self) -> Option<HeaderMap> {
        let removed = self.removed.take()?;
        let mut trailers = HeaderMap::with_capacity(3);
        trailers.insert(REMOVED_TOTAL, HeaderValue::from(removed.total));
        trailers.insert(REMOVED_BYTES, HeaderValue::from(removed.bytes));
        let largest = HeaderValue::try_from(removed.render_largest(self.cleaner.rules()));
        // JSON in ASCII, with its control characters escaped.
        trailers.insert(REMOVED, largest.unwrap_or_else(|e| unreachable!("{e}")));
        Some(trailers)
    }

    /// Whether the next turn may take long: a tag is worked on at once when its end is there, however large it is.
    fn is_slow(&self) -> bool {
        self.cleaner.waiting_bytes() > WAITING_BYTES
    }

    /// A panic is this stream's end and nothing else: the cleaner is not touched after it.
    fn work(&mut self, work: impl FnOnce(&mut Cleaner) -> Result<(), Error>) -> Result<(), StreamFailure> {
        catch_unwind(AssertUnwindSafe(|| work(&mut self.cleaner))).map_err(|_| StreamFailure::Panicked)??;
        let more = self.cleaner.waiting_bytes().saturating_sub(WAITING_BYTES);
        if self.reservation.resize(self.own_bytes + more) {
            Ok(())
        } else {
            Err(StreamFailure::NoMemory)
        }
    }
}

/// Where the cleaner is.
enum DocumentPlace {
    Here(Box<CleanTask>),
    /// On a thread of the pool, for a turn.
    Away(JoinHandle<Turn>),
    /// It was lost to a panic.
    Lost,
}

/// A turn that was taken: the cleaner, the input that is left, and the output.
type Turn = (Box<CleanTask>, Bytes, Result<Vec<u8>, StreamFailure>);

/// How far a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Reading,
    /// The input is over, and the last turn yet to be taken.
    Ending,
    /// All is out but the trailers.
    Ended,
    Done,
}

/// How long a stream's input is waited for: each pause up to the body timeout, and all of them together up to that and the
/// time in which so many bytes may come at the least rate. Our own work and a client that does not read cost nothing.
struct StallTimer {
    timeouts: HttpTimeouts,
    timer: Pin<Box<Sleep>>,
    credit: RateCredit,
    is_waiting: bool,
}

impl StallTimer {
    fn begin(timeouts: &HttpTimeouts, bytes: u64) -> Self {
        let mut stall_timer = StallTimer {
            timeouts: *timeouts,
            timer: Box::pin(sleep(timeouts.body_timeout)),
            credit: RateCredit::begin(timeouts),
            is_waiting: false,
        };
        stall_timer.is_rewarded(bytes);
        stall_timer
    }

    /// Input has come.
    fn is_rewarded(&mut self, bytes: u64) {
        self.is_waiting = false;
        self.credit.end_pause(bytes, &self.timeouts);
    }

    /// Ready when the pause that we are in has been too long.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.is_waiting, true) {
            self.timer.as_mut().reset(self.credit.end(self.timeouts.body_timeout));
        }
        self.timer.as_mut().poll(cx)
    }
}

/// The answer's body: each time it is asked for more, it takes one turn.
struct CleanBody {
    input: DecodedBody,
    /// Input that has arrived and not had its turn.
    pending: Bytes,
    /// Output that may go.
    ready: Bytes,
    place: DocumentPlace,
    workers: Workers,
    stall_timer: StallTimer,
    /// A turn has just been taken: the thread is given back before the next.
    resting: bool,
    stage: Stage,
}

impl CleanBody {
    fn poll_output(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        loop {
            if !self.ready.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.ready)))));
            }
            match (self.stage, &mut self.place) {
                (Stage::Done, _) => return Poll::Ready(None),
                (Stage::Ended, DocumentPlace::Here(cleaning)) => {
                    self.stage = Stage::Done;
                    return Poll::Ready(cleaning.trailers().map(Frame::trailers).map(Ok));
                }
                _ => {}
            }
            if std::mem::take(&mut self.resting) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let is_here = matches!(self.place, DocumentPlace::Here(_));
            if is_here && self.stage == Stage::Reading && self.pending.is_empty() {
                match ready!(self.poll_input(cx)) {
                    Some(Ok(piece)) => self.pending = piece,
                    Some(Err(broken)) => return self.fail(broken),
                    None => self.stage = Stage::Ending,
                }
            }
            let is_last = self.stage == Stage::Ending;
            match ready!(self.poll_turn(cx)) {
                Ok(output) => self.ready = Bytes::from(output),
                Err(broken) => return self.fail(broken),
            }
            if is_last {
                self.stage = Stage::Ended;
            }
        }
    }

    /// One turn: here, or on a thread of the pool when it may take long.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<u8>, StreamFailure>> {
        let is_over = self.stage == Stage::Ending;
        match &mut self.place {
            DocumentPlace::Here(cleaning) if !cleaning.is_slow() => {
                self.resting = true;
                return Poll::Ready(cleaning.turn(&mut self.pending, is_over, TURN));
            }
            DocumentPlace::Here(_) => {
                if let DocumentPlace::Here(mut cleaning) = std::mem::replace(&mut self.place, DocumentPlace::Lost) {
                    let mut pending = std::mem::take(&mut self.pending);
                    self.place = DocumentPlace::Away(self.workers.aside(move || {
                        let output = cleaning.turn(&mut pending, is_over, AWAY_TURN);
                        (cleaning, pending, output)
                    }));
                }
            }
            DocumentPlace::Away(_) | DocumentPlace::Lost => {}
        }
        let DocumentPlace::Away(turn) = &mut self.place else {
            return Poll::Ready(Err(StreamFailure::Panicked));
        };
        let taken = ready!(Pin::new(turn).poll(cx));
        self.place = DocumentPlace::Lost;
        Poll::Ready(
            taken
                .map_err(|_| StreamFailure::Panicked)
                .and_then(|(cleaning, pending, output)| {
                    (self.place, self.pending) = (DocumentPlace::Here(cleaning), pending);
                    output
                }),
        )
    }

    /// The next piece of input, or the end of our stall_timer.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, StreamFailure>>> {
        loop {
            match self.input.step() {
                Ok(Decoded::Data(piece)) => return Poll::Ready(Some(Ok(piece))),
                Ok(Decoded::Ended) => return Poll::Ready(None),
                Ok(Decoded::Yield) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Ok(Decoded::NeedInput) => {}
                Err(fault) => return Poll::Ready(Some(Err(fault.into()))),
            }
            let before = self.input.wire_bytes();
            match self.input.poll_more(cx) {
                Poll::Ready(Ok(())) => self.stall_timer.is_rewarded(self.input.wire_bytes() - before),
                Poll::Ready(Err(fault)) => return Poll::Ready(Some(Err(fault.into()))),
                Poll::Pending => {
                    ready!(self.stall_timer.poll_end(cx));
                    return Poll::Ready(Some(Err(StreamFailure::Stalled)));
                }
            }
        }
    }

    fn fail<T>(&mut self, broken: StreamFailure) -> Poll<Option<Result<T, axum::Error>>> {
        tracing::info!(error = %broken, "a stream was cut");
        self.stage = Stage::Done;
        Poll::Ready(Some(Err(axum::Error::new(broken))))
    }
}

impl HttpBody for CleanBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.poll_output(cx)
    }
}
