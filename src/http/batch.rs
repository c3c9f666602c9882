//! `POST /v1/batch`: documents stream in, an envelope a line, and articles stream out, in their order, while they do.
//!
//! A task of its own reads lines while there is memory for their work, and sends what is done while the client reads: a
//! client that does not read stops it from reading, and nothing piles up. What no line can report is in the last one:
//! the totals, and why there is no more. A body that begins with `<` is no lines but a whole feed: its entries are taken when
//! its end has come.
//!
//! # Limits
//! Memory is one line, or one feed, a window of [`CHUNKS_FOR_EACH_WORKER`] chunks for each worker, and their answers, all
//! counted as they come: a batch that sends nothing takes next to nothing. What is waited for counts against its sender: each
//! line may take as long as a whole body, and all of them together as long as the least rate allows. A
//! client that writes everything before it reads, and more than fits in between, stands still, and so do we: past the stall
//! timeout the batch ends, and the rest of what the client sends is thrown away, so that it comes to read why.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use hyper::body::Frame;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};
use url::form_urlencoded;

use super::{
    App, RULES_REVISION,
    compress::{self, CompressedStream},
    connection::ConnectionWatch,
    content_encoding,
    decompress::{DecodedBody, DecompressLimits},
    error::ApiError,
    limits::{self, RateCredit},
    lines::{BatchContext, BatchTotals, ChunkOutput, DocumentChunk, Entry},
    negotiate,
    request_log::RequestId,
    rules_revision, sandbox,
};
use crate::{
    bounds::Deadline,
    config::HttpTimeouts,
    error::{Error, ErrorCode},
    input::{
        feed,
        request::line_splitter::{InputLine, LineSplitter},
    },
    options::Options,
    steps,
    workers::{Ordered, Reservation, WorkCost, WorkFailure},
};

/// Chunks in progress for each worker: one at work, and one that waits for it.
const CHUNKS_FOR_EACH_WORKER: usize = 2;
/// Memory that a batch asks for at its beginning, before any document: its tasks and their channels.
const IDLE_BYTES: usize = 16 << 10;
/// What it reads at once, at most.
const PIECE_BYTES: usize = 64 << 10;
/// How often a batch that waits looks up: for a drain, and for memory that has come free.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a chunk waits before it asks again for a place in a queue that is full.
const QUEUE_PAUSE: Duration = Duration::from_millis(5);
/// The types that lines come in, and go out in.
const ACCEPT_POST: &str =
    "application/x-ndjson, application/jsonl, application/json, application/rss+xml, application/atom+xml";
/// As [`ACCEPT_POST`], and what clients send by default.
const TYPES: [&str; 12] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/json",
    "text/plain",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "application/rss+xml",
    "application/atom+xml",
    "application/rdf+xml",
    "application/xml",
    "text/xml",
];

/// The head goes out at once; from then on a refusal is the last line.
pub(super) async fn batch(State(app): State<Arc<App>>, request: Request) -> Result<Response, ApiError> {
    let (mut head, body) = request.into_parts();
    let query = head.uri.query().unwrap_or_default();
    let options = Options::from_pairs(form_urlencoded::parse(query.as_bytes()))?;
    let id = head.extensions.remove::<RequestId>().unwrap_or_default();
    let pipeline = app.pipeline();
    let revision = rules_revision(&pipeline);
    let batch = BatchContext::new(pipeline, options, Some((head.uri.path().to_owned(), id.0)))?;
    negotiate::lines(&head.headers)?;
    check_type(&head.headers)?;
    let allowance = DecompressLimits::of_stream(batch.bounds().body_bytes);
    let intake = DecodedBody::open(body, &head.headers, app.workers.reservation(), allowance)?;
    let coding = content_encoding::wish(&head.headers).coding;
    let mut reservation = app.workers.reservation();
    if !reservation.grow(IDLE_BYTES) {
        return Err(ApiError::memory_full());
    }
    if let Some(watch) = head.extensions.get::<Arc<ConnectionWatch>>() {
        watch.is_looked_after();
    }
    // One piece may wait for the client, while the next one is made.
    let (sender, receiver) = mpsc::channel(1);
    let width = app.workers.threads() * CHUNKS_FOR_EACH_WORKER;
    let running = RunningBatch {
        content_type: limits::header_text(&head.headers, &header::CONTENT_TYPE)?.map(str::to_owned),
        input: BatchInput::Unknown,
        batch: Arc::new(batch),
        window: Ordered::new(width),
        totals: BatchTotals::default(),
        read: 0,
        compressing: CompressedStream::new(coding),
        own_bytes: IDLE_BYTES,
        reservation,
        sender,
        app,
    };
    tokio::spawn(running.run(intake));

    let mut response = Response::new(Body::new(BatchBody { receiver }));
    sandbox(&mut response);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(RULES_REVISION, revision);
    compress::name(headers, coding);
    Ok(response)
}

fn check_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(given) = limits::header_text(headers, &header::CONTENT_TYPE)? else {
        return Ok(());
    };
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.is_empty() || TYPES.iter().any(|known| known.eq_ignore_ascii_case(essence)) {
        return Ok(());
    }
    let refusal = ApiError::from(Error::UnsupportedType {
        given: essence.to_owned(),
    });
    Err(refusal.with(
        header::HeaderName::from_static("accept-post"),
        HeaderValue::from_static(ACCEPT_POST),
    ))
}

/// A batch under way.
struct RunningBatch {
    app: Arc<App>,
    batch: Arc<BatchContext>,
    content_type: Option<String>,
    input: BatchInput,
    window: Ordered<(ChunkOutput, Reservation)>,
    totals: BatchTotals,
    /// Documents that have been read.
    read: u64,
    compressing: CompressedStream,
    /// Memory that it takes whatever its lines are.
    own_bytes: usize,
    /// For that, and for what waits to become a line.
    reservation: Reservation,
    sender: mpsc::Sender<OutputChunk>,
}

/// What comes in.
enum BatchInput {
    /// Nothing yet, or only blanks.
    Unknown,
    /// Envelopes.
    Lines(LineSplitter),
    /// A feed, as far as it has come.
    Feed(Vec<u8>),
}

/// Why a batch ends before its input.
enum BatchEnd {
    /// With a last line that says why.
    Told(ApiError),
    /// The client stands still: with such a line, when it moves again.
    Stalled(Bytes),
    /// The client has gone.
    Gone,
}

impl RunningBatch {
    async fn run(mut self, mut intake: DecodedBody) {
        let (refusal, first) = match self.work(&mut intake).await {
            Ok(()) => (None, None),
            Err(BatchEnd::Told(refusal)) => (Some(refusal), None),
            Err(BatchEnd::Stalled(unsent)) => {
                let allowed = humantime::format_duration(self.app.timeouts.stall_timeout);
                let detail = format!(
                    "nothing was read of the answer for {allowed}; read it while you send, or send less at once"
                );
                (Some(ApiError::new(ErrorCode::Stalled, detail)), Some(unsent))
            }
            Err(BatchEnd::Gone) => return,
        };
        let last = self.batch.last_line(&self.totals, refusal.as_ref());
        let Ok(last) = self.compressing.pack(last, true, &self.app.workers).await else {
            return;
        };
        let sender = self.sender;
        let send = async {
            for bytes in first.into_iter().chain([Bytes::from(last)]) {
                let _ = sender.send(OutputChunk { bytes, _grant: None }).await;
            }
            drop(sender);
        };
        // Whoever writes everything before it reads must get rid of it to see this.
        tokio::join!(send, limits::discard(intake.into_rest(), self.app.timeouts));
    }

    async fn work(&mut self, intake: &mut DecodedBody) -> Result<(), BatchEnd> {
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut ended, mut fed, mut leave) = (false, Instant::now(), None);
        let mut pace = BatchPace::begin(&self.app.timeouts);
        while !(ended && self.window.is_empty()) {
            let wants = !ended && self.window.has_room();
            let may_read = wants && self.reservation.can_grow(self.growth_bytes());
            if may_read || !self.window.is_empty() {
                fed = Instant::now();
            }
            // Time in which we do not listen, or owe an answer, is not the client's.
            let is_waited_for = may_read && self.window.is_empty();
            let is_late = pace.is_late(is_waited_for, intake.wire_bytes(), self.read);
            tokio::select! {
                Some(done) = self.window.next() => {
                    let (output, reservation) = done.map_err(|_| BatchEnd::Told(ApiError::internal()))?;
                    self.send(output, reservation).await?;
                }
                piece = intake.next_piece(), if may_read => match piece {
                    Ok(None) => {
                        ended = true;
                        self.take_in(&[], true).await?;
                    }
                    Ok(Some(piece)) => self.take_in(&piece, false).await?,
                    Err(fault) => {
                        self.finish().await?;
                        return Err(BatchEnd::Told(fault.into()));
                    }
                },
                _ = look.tick() => {
                    if self.app.health.is_draining() && leave.is_none() {
                        // What is under way is finished well within the grace.
                        leave = Some(Instant::now() + self.app.timeouts.drain_delay + self.app.timeouts.grace / 2);
                    }
                    if leave.is_some_and(|leave| leave <= Instant::now()) {
                        self.finish().await?;
                        let detail = "the service is shutting down; send the documents after the last line again";
                        return Err(BatchEnd::Told(ApiError::new(ErrorCode::Draining, detail)));
                    }
                    if fed.elapsed() >= self.batch.bounds().time {
                        return Err(BatchEnd::Told(ApiError::memory_full()));
                    }
                    if is_late {
                        return Err(BatchEnd::Told(limits::too_slow(&self.app.timeouts)));
                    }
                }
            }
        }
        Ok(())
    }

    /// The memory that the next piece may take.
    fn growth_bytes(&self) -> usize {
        match &self.input {
            BatchInput::Unknown => PIECE_BYTES,
            BatchInput::Lines(lines) => lines.growth_bytes(PIECE_BYTES),
            BatchInput::Feed(bytes) if bytes.len() + PIECE_BYTES <= bytes.capacity() => 0,
            BatchInput::Feed(bytes) => bytes.capacity().max(PIECE_BYTES),
        }
    }

    /// Takes in what has come at once: lines that have come to their end, or more of a feed.
    async fn take_in(&mut self, piece: &[u8], is_end: bool) -> Result<(), BatchEnd> {
        let limit_bytes = self.batch.bounds().body_bytes;
        if let (BatchInput::Unknown, Some(first)) = (&self.input, feed::first_byte(piece)) {
            self.input = match feed::may_begin_with(first) {
                true => BatchInput::Feed(Vec::new()),
                false => BatchInput::Lines(LineSplitter::new(limit_bytes)),
            };
        }
        match &mut self.input {
            BatchInput::Unknown => Ok(()),
            BatchInput::Feed(bytes) if piece.len() > limit_bytes - bytes.len() => {
                Err(BatchEnd::Told(ApiError::from(Error::BodyTooLarge { limit_bytes })))
            }
            BatchInput::Feed(bytes) => {
                bytes.extend_from_slice(piece);
                self.reservation.set(self.own_bytes + bytes.capacity());
                match is_end {
                    true => self.entries().await,
                    false => Ok(()),
                }
            }
            BatchInput::Lines(_) => self.lines(piece, is_end).await,
        }
    }

    /// Cuts a feed that has come whole, and makes chunks of its entries.
    async fn entries(&mut self) -> Result<(), BatchEnd> {
        let BatchInput::Feed(bytes) = std::mem::replace(&mut self.input, BatchInput::Unknown) else {
            return Ok(());
        };
        let bounds = *self.batch.bounds();
        let load = WorkCost {
            body_bytes: bytes.len(),
            work_bytes: bounds.work_bytes(bytes.len(), 0),
        };
        let content_type = self.content_type.take();
        let cut = move |deadline: &Deadline| steps::within(deadline, || feed::split(&bytes, content_type.as_deref()));
        let cut = self.app.workers.run(load, bounds.time, cut).await;
        let entries = cut.map_err(|failure| BatchEnd::Told(ApiError::from_failure(failure, bounds.time)))?;
        let mut chunk = DocumentChunk::new(self.read);
        for entry in entries.map_err(|error| BatchEnd::Told(ApiError::from(error)))? {
            chunk.push(Entry::Feed(entry), &bounds);
            self.read += 1;
            if chunk.is_full() {
                self.begin(std::mem::replace(&mut chunk, DocumentChunk::new(self.read)))
                    .await?;
            }
        }
        if chunk.is_empty() {
            Ok(())
        } else {
            self.begin(chunk).await
        }
    }

    /// Makes chunks of the lines that have come to their end, and work of the chunks. What has come at once may make more
    /// than the window holds: then it waits.
    async fn lines(&mut self, piece: &[u8], is_end: bool) -> Result<(), BatchEnd> {
        let mut chunk = DocumentChunk::new(self.read);
        if let BatchInput::Lines(lines) = &mut self.input {
            lines.push(piece);
        }
        while let BatchInput::Lines(lines) = &mut self.input {
            let line = lines
                .next_line()
                .or_else(|| is_end.then(|| lines.last_line()).flatten());
            let is_last = line.is_none();
            if let Some(line) = line {
                let limit_bytes = self.batch.bounds().body_bytes;
                let entry = match line {
                    InputLine::Whole(bytes) => Entry::Envelope(bytes),
                    InputLine::TooLong => Entry::Refused {
                        id: None,
                        error: Error::BodyTooLarge { limit_bytes },
                    },
                };
                chunk.push(entry, self.batch.bounds());
                self.read += 1;
            }
            let held = lines.held_bytes();
            if chunk.is_full() || (is_last && !chunk.is_empty()) {
                self.begin(std::mem::replace(&mut chunk, DocumentChunk::new(self.read)))
                    .await?;
            }
            if is_last {
                self.reservation.set(self.own_bytes + held);
                break;
            }
        }
        Ok(())
    }

    async fn begin(&mut self, chunk: DocumentChunk) -> Result<(), BatchEnd> {
        if self.own_bytes == IDLE_BYTES && self.compressing.bytes() > 0 {
            self.await_memory(self.compressing.bytes()).await?;
            self.own_bytes += self.compressing.bytes();
        }
        while !self.window.has_room() {
            let Some(done) = self.window.next().await else { break };
            let (output, reservation) = done.map_err(|_| BatchEnd::Told(ApiError::internal()))?;
            self.send(output, reservation).await?;
        }
        let mut reservation = self.app.workers.reservation();
        reservation.set(chunk.body_bytes());
        self.window
            .push(work(Arc::clone(&self.app), Arc::clone(&self.batch), chunk, reservation));
        Ok(())
    }

    /// Takes so much more, as soon as it is there.
    async fn await_memory(&mut self, bytes: usize) -> Result<(), BatchEnd> {
        let end = Instant::now() + self.batch.bounds().time;
        while !self.reservation.grow(bytes) {
            if Instant::now() >= end {
                return Err(BatchEnd::Told(ApiError::memory_full()));
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Sends what is in progress, once no more is read.
    async fn finish(&mut self) -> Result<(), BatchEnd> {
        while let Some(done) = self.window.next().await {
            let (output, reservation) = done.map_err(|_| BatchEnd::Told(ApiError::internal()))?;
            self.send(output, reservation).await?;
        }
        Ok(())
    }

    async fn send(&mut self, output: ChunkOutput, reservation: Reservation) -> Result<(), BatchEnd> {
        for outcome in &output.outcomes {
            self.app.metrics.count_line(outcome.trace.as_ref(), outcome.code);
        }
        self.totals.count(&output);
        let compressed = self.compressing.pack(output.lines, false, &self.app.workers).await;
        let piece = OutputChunk {
            bytes: Bytes::from(compressed.map_err(|_| BatchEnd::Gone)?),
            _grant: Some(reservation),
        };
        let unsent = piece.bytes.clone();
        match timeout(self.app.timeouts.stall_timeout, self.sender.send(piece)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_closed)) => Err(BatchEnd::Gone),
            Err(_late) => Err(BatchEnd::Stalled(unsent)),
        }
    }
}

/// How long a batch's input is waited for: on average, and for each line.
struct BatchPace {
    timeouts: HttpTimeouts,
    credit: RateCredit,
    /// How long was waited since the last line ended.
    waited: Duration,
    bytes: u64,
    lines: u64,
}

impl BatchPace {
    fn begin(timeouts: &HttpTimeouts) -> Self {
        BatchPace {
            timeouts: *timeouts,
            credit: RateCredit::begin(timeouts),
            waited: Duration::ZERO,
            bytes: 0,
            lines: 0,
        }
    }

    /// Whether what is waited for is late. `bytes` have come, and so many `lines` to their end.
    fn is_late(&mut self, is_waited_for: bool, bytes: u64, lines: u64) -> bool {
        if !is_waited_for || bytes != self.bytes {
            self.waited += self.credit.end_pause(bytes - self.bytes, &self.timeouts);
            self.bytes = bytes;
        }
        if lines != self.lines {
            (self.waited, self.lines) = (Duration::ZERO, lines);
        }
        if !is_waited_for {
            return false;
        }
        let left_for_line = self.timeouts.body_timeout.saturating_sub(self.waited);
        self.credit.end(left_for_line) <= Instant::now()
    }
}

/// The work on one chunk, when its turn comes.
async fn work(
    app: Arc<App>,
    batch: Arc<BatchContext>,
    chunk: DocumentChunk,
    mut reservation: Reservation,
) -> (ChunkOutput, Reservation) {
    let chunk = Arc::new(chunk);
    let budget = chunk.budget(batch.bounds());
    let end = Instant::now() + budget;
    let output = loop {
        let (batch, chunk) = (Arc::clone(&batch), Arc::clone(&chunk));
        let load = batch.load(&chunk);
        let done = app
            .workers
            .run(load, budget, move |deadline: &Deadline| batch.work(&chunk, deadline))
            .await;
        match done {
            // Others fill the queue. A batch waits outside of it, since its client has nothing better to do.
            Err(WorkFailure::Full) if Instant::now() < end => sleep(QUEUE_PAUSE).await,
            done => break done,
        }
    };
    let output = output.unwrap_or_else(|failure| batch.failed(&chunk, failure));
    reservation.set(output.lines.capacity());
    (output, reservation)
}

/// Lines on their way to the client, with the memory that they take.
struct OutputChunk {
    bytes: Bytes,
    _grant: Option<Reservation>,
}

impl AsRef<[u8]> for OutputChunk {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The answer's body: what the batch sends.
struct BatchBody {
    receiver: mpsc::Receiver<OutputChunk>,
}

impl HttpBody for BatchBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.receiver
            .poll_recv(cx)
            .map(|piece| piece.map(|piece| Ok(Frame::data(Bytes::from_owner(piece)))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_late_by_its_rate_and_by_each_line() {
        let timeouts = HttpTimeouts {
            body_timeout: Duration::from_secs(3600),
            ..HttpTimeouts::default()
        };
        let mut pace = BatchPace::begin(&timeouts);
        assert!(!pace.is_late(true, 1, 0));
        pace.credit.spend_all();
        assert!(!pace.is_late(false, 1, 0), "what we owe is not waited for");
        assert!(pace.is_late(true, 1, 0));
        assert!(!pace.is_late(true, 4097, 0), "a whole window was earned");
        pace.waited = timeouts.body_timeout;
        assert!(pace.is_late(true, 4097, 0), "the line has had its time");
        assert!(!pace.is_late(true, 4097, 1));
    }
}
