//! Bodies within bounds: how much is read, for how long, and what becomes of a body that was refused.
//!
//! # Limits
//! A body is bounded in bytes and in time before any worker is asked for. One that is refused early is still read to a
//! bound, and thrown away, while the answer is already on its way: a client that writes everything before it reads
//! (Python's requests does) would otherwise meet a reset instead of the answer. A client that said
//! `Expect: 100-continue` and never received `100 Continue` sends nothing, so there is nothing to read.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::{HeaderMap, HeaderName, header},
};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};
use tokio::{
    sync::Notify,
    task::yield_now,
    time::{Instant, sleep, timeout_at},
};

use super::{
    decompress::{Decoded, DecodedBody},
    error::ApiError,
};
use crate::{
    config::HttpTimeouts,
    error::{Error, ErrorCode},
    input::BodyCost,
    workers::{Reservation, Workers},
};

/// The first buffer of a body, whatever its `Content-Length` says: as many connections as there may be, each with one byte,
/// must not take the memory of all others.
const FIRST_BYTES: usize = 16 << 10;

/// A body, read.
#[derive(Debug)]
pub(super) struct CompleteBody {
    pub(super) bytes: Vec<u8>,
    pub(super) body_cost: BodyCost,
    /// The memory that it takes.
    pub(super) reservation: Reservation,
}

/// Reads a whole body, into memory that it asks for as the bytes come.
///
/// # Errors
/// 413 past `limit_bytes`, 408 past the body's time or below its rate, 400 for a body that breaks off or cannot be decompressed,
/// and, before a byte is read where its length is known, 429 or 503 when there is no memory for it.
pub(super) async fn read_whole(
    mut intake: DecodedBody,
    headers: &HeaderMap,
    limit_bytes: usize,
    workers: &Workers,
    timeouts: &HttpTimeouts,
) -> Result<CompleteBody, ApiError> {
    let too_large = || ApiError::from(Error::BodyTooLarge { limit_bytes });
    let announced = content_length(headers).unwrap_or(0);
    if announced > limit_bytes as u64 {
        return Err(too_large());
    }
    let announced = announced as usize;
    workers.has_room_for(announced).map_err(ApiError::from_no_room)?;
    // What is compressed says nothing of what it opens to.
    let expected = if intake.is_packed() { 0 } else { announced };
    let mut pace = BodyPace::begin(timeouts);
    let mut whole = CompleteBody {
        bytes: Vec::new(),
        body_cost: BodyCost::default(),
        reservation: workers.reservation(),
    };
    while let Some(piece) = pace.next_piece(&mut intake).await? {
        if piece.len() > limit_bytes - whole.bytes.len() {
            return Err(too_large());
        }
        whole.make_room(piece.len(), expected)?;
        whole.body_cost.add(&piece);
        whole.bytes.extend_from_slice(&piece);
    }
    Ok(whole)
}

impl CompleteBody {
    /// Doubles the buffer where it must grow, but not beyond what is expected.
    fn make_room(&mut self, more: usize, expected: usize) -> Result<(), ApiError> {
        let (length, capacity) = (self.bytes.len(), self.bytes.capacity());
        let needed = length + more;
        if needed <= capacity {
            return Ok(());
        }
        let double = (capacity * 2).max(FIRST_BYTES);
        let room = if expected >= needed {
            double.min(expected)
        } else {
            double
        }
        .max(needed);
        if !self.reservation.grow(room - capacity) {
            return Err(ApiError::memory_full());
        }
        self.bytes.reserve_exact(room - length);
        Ok(())
    }
}

/// How long a body may take: in all, and for each part of it, in bytes as they arrive.
struct BodyPace<'a> {
    timeouts: &'a HttpTimeouts,
    end: Instant,
    window_end: Instant,
    /// What had come when the window began.
    window_start_bytes: u64,
    /// The window was too long already, and nothing came.
    doubted: bool,
}

impl<'a> BodyPace<'a> {
    fn begin(timeouts: &'a HttpTimeouts) -> Self {
        let now = Instant::now();
        BodyPace {
            timeouts,
            end: now + timeouts.body_timeout,
            window_end: now + HttpTimeouts::RATE_WINDOW,
            window_start_bytes: 0,
            doubted: false,
        }
    }

    /// The next bytes of a body, `None` at its end. What we do with them is not its sender's time.
    async fn next_piece(&mut self, intake: &mut DecodedBody) -> Result<Option<Bytes>, ApiError> {
        loop {
            match intake.work().await? {
                Decoded::Data(piece) => return Ok(Some(piece)),
                Decoded::Ended => return Ok(None),
                Decoded::NeedInput | Decoded::Yield => self.wait(intake).await?,
            }
        }
    }

    /// Waits for more of a body, with the rate checked at the end of each window. Only a body that is waited for is too
    /// slow: one that lies there was kept waiting by us.
    async fn wait(&mut self, intake: &mut DecodedBody) -> Result<(), ApiError> {
        loop {
            let came = timeout_at(self.window_end.min(self.end), intake.more()).await;
            let window_bytes = intake.wire_bytes() - self.window_start_bytes;
            let now = Instant::now();
            let is_over = now >= self.window_end;
            let is_enough = window_bytes >= self.timeouts.body_rate_bytes as u64;
            if is_over && is_enough {
                (self.window_end, self.doubted) = (now + HttpTimeouts::RATE_WINDOW, false);
                self.window_start_bytes = intake.wire_bytes();
            }
            match came {
                Ok(came) => return Ok(came?),
                Err(_) if now >= self.end => return Err(too_slow(self.timeouts)),
                Err(_) if is_over && !is_enough && !self.doubted => {
                    (self.window_end, self.doubted) = (now + HttpTimeouts::SECOND_LOOK, true);
                }
                Err(_) if is_over && !is_enough => {
                    let (window, bytes) = (
                        humantime::format_duration(HttpTimeouts::RATE_WINDOW),
                        self.timeouts.body_rate_bytes,
                    );
                    let detail = format!("the body came with less than {bytes} bytes in {window}");
                    return Err(ApiError::new(ErrorCode::SlowBody, detail));
                }
                Err(_) => {}
            }
        }
    }
}

/// How long the sender of a stream may still pause, on average: each byte earns its time at the rate that is asked for. What
/// we do with its bytes, and how long we leave them, is not its time.
#[derive(Debug)]
pub(super) struct RateCredit {
    left: Duration,
    /// When the pause began that we are in.
    since: Option<Instant>,
}

impl RateCredit {
    pub(super) fn begin(timeouts: &HttpTimeouts) -> Self {
        RateCredit {
            left: timeouts.body_timeout,
            since: None,
        }
    }

    /// The pause is over, if there was one; `bytes` have come. The answer is how long it was.
    pub(super) fn end_pause(&mut self, bytes: u64, timeouts: &HttpTimeouts) -> Duration {
        let waited = self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        let earned = HttpTimeouts::RATE_WINDOW.mul_f64(bytes as f64 / timeouts.body_rate_bytes as f64);
        self.left = self.left.saturating_sub(waited).saturating_add(earned);
        waited
    }

    #[cfg(test)]
    pub(super) fn spend_all(&mut self) {
        self.left = Duration::ZERO;
    }

    /// When the pause that we are in becomes too long, also for itself; it begins now, if we were in none.
    pub(super) fn end(&mut self, longest: Duration) -> Instant {
        *self.since.get_or_insert_with(Instant::now) + self.left.min(longest)
    }
}

pub(super) fn too_slow(timeouts: &HttpTimeouts) -> ApiError {
    let allowed = humantime::format_duration(timeouts.body_timeout);
    ApiError::new(ErrorCode::SlowBody, format!("the body did not arrive within {allowed}"))
}

/// The next bytes of a body, `None` at its end.
///
/// # Errors
/// 408 when `end` comes first, and what an [`DecodedBody`] may find.
pub(super) async fn next_piece(
    intake: &mut DecodedBody,
    end: Instant,
    timeouts: &HttpTimeouts,
) -> Result<Option<Bytes>, ApiError> {
    let piece = timeout_at(end, intake.next_piece()).await;
    Ok(piece.map_err(|_| too_slow(timeouts))??)
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The text of a header, `None` when it is not there.
///
/// # Errors
/// 400 for one that is not plain ASCII.
pub(super) fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ApiError> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| ApiError::unreadable_header(name))?;
    Ok(Some(text))
}

/// Lends a request's body out; what comes back unfinished is the [`BodyRest`].
pub(super) fn lend(request: Request) -> (Request, BodyRest) {
    let waits = request.headers().get(header::EXPECT).is_some();
    let slot = Arc::new(RestSlot::default());
    let lent = request.map(|body| {
        Body::new(DrainOnDrop {
            body,
            begun: false,
            ended: false,
            slot: Arc::clone(&slot),
        })
    });
    (lent, BodyRest { waits, slot })
}

/// What may be left of a body.
pub(super) struct BodyRest {
    /// Its sender waits for `100 Continue`.
    waits: bool,
    slot: Arc<RestSlot>,
}

impl BodyRest {
    /// Waits until the body is asked for, or let go, where its sender waits for that: the `100 Continue` by which it
    /// learns of it cannot follow the head of an answer that begins before its body is read.
    pub(super) async fn is_asked_for(&self) {
        if self.waits {
            self.slot.touched.notified().await;
            // hyper sends it when it is polled next.
            yield_now().await;
        }
    }

    /// Reads it within bounds, now that the answer exists.
    pub(super) fn read(self, timeouts: HttpTimeouts) {
        let Some((rest, begun)) = self.slot.rest().take() else {
            return;
        };
        if begun || !self.waits {
            tokio::spawn(discard(rest, timeouts));
        }
    }
}

/// Bytes of a rest that are read at once. A longer one costs more than the refusal did, and its sender may hang up when it
/// sees that one.
const AT_ONCE_BYTES: u64 = 64 << 10;
/// How long it may take to: a client that writes everything before it reads notices nothing of it.
const LEAVING: Duration = Duration::from_millis(20);

/// Reads and forgets, within bounds. Past them the connection is closed under the sender, which is its own doing.
pub(super) async fn discard(mut rest: Body, timeouts: HttpTimeouts) {
    let end = Instant::now() + timeouts.discard_time;
    if rest.size_hint().lower() > AT_ONCE_BYTES {
        sleep(LEAVING).await;
    }
    let mut left = timeouts.discard_bytes;
    while let Ok(Some(Ok(frame))) = timeout_at(end, rest.frame()).await {
        let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
        if bytes > left {
            return;
        }
        left -= bytes;
    }
}

/// Where a body that was let go before its end waits to be read out, with whether reading had begun.
#[derive(Debug, Default)]
struct RestSlot {
    rest: Mutex<Option<(Body, bool)>>,
    /// Reading has begun, or will never.
    touched: Notify,
}

impl RestSlot {
    fn rest(&self) -> MutexGuard<'_, Option<(Body, bool)>> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body that is handed back when it is dropped before its end.
#[derive(Debug)]
struct DrainOnDrop {
    body: Body,
    begun: bool,
    ended: bool,
    slot: Arc<RestSlot>,
}

impl HttpBody for DrainOnDrop {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.ended |= matches!(polled, Poll::Ready(None | Some(Err(_))));
        if !self.begun {
            self.begun = true;
            self.slot.touched.notify_one();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for DrainOnDrop {
    fn drop(&mut self) {
        if !self.is_end_stream() {
            *self.slot.rest() = Some((std::mem::take(&mut self.body), self.begun));
        }
        self.slot.touched.notify_one();
    }
}
