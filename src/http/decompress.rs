//! A request's body as it comes, decompressed on the way.
//!
//! A reader asks a [`DecodedBody`] for its next piece. Where the body is compressed, that is a bounded step of work, with
//! the thread given back after it: so no request waits behind a body that expands a hundredfold.
//!
//! # Limits
//! What a body opens to is bounded while it opens, and so is what each of its codings opens to: a gigabyte of empty gzip
//! members in a few kilobytes of zstd would cost its time without ever being a byte of a document. What the decoders take in
//! memory is counted as it is taken, and their windows are those that the codings' own documents allow: 32 KiB for deflate
//! and gzip, 16 MiB for brotli (RFC 7932) and 8 MiB for zstd (RFC 9659).

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::HeaderMap,
};
use brotli_decompressor::{Allocator, BrotliDecompressStream, BrotliResult, BrotliState, SliceWrapper, StandardAlloc};
use flate2::{Decompress, FlushDecompress, Status};
use tokio::task::yield_now;
use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, get_error_name};

use super::{
    content_encoding::{self, Coding},
    error::ApiError,
};
use crate::{
    error::{Error, ErrorCode},
    workers::Reservation,
};

/// What a step gives at most: about 100 microseconds of work.
const OUTPUT_BYTES: usize = 32 << 10;
/// What a step takes at most, since there are bytes that take their time and give nothing: the tables of blocks that are
/// empty.
const INPUT_BYTES: usize = 8 << 10;
/// What another member of gzip or frame of zstd counts as, whatever it opens to: most of some microseconds is its beginning.
const MEMBER_BYTES: u64 = 1 << 10;
/// What a stage holds beside its decoder's own memory: its output, and of its input a piece that has come.
const STAGE_BYTES: usize = OUTPUT_BYTES + (64 << 10);
/// The window and tables of a decoder of deflate.
const INFLATE_BYTES: usize = 64 << 10;
/// The largest window of zstd that RFC 9659 allows, as a power of two.
const ZSTD_WINDOW_LOG: u32 = 23;

/// How much a body may open to.
#[derive(Debug, Clone, Copy)]
pub(super) struct DecompressLimits {
    bytes: usize,
    /// Bytes more for each byte that came.
    times: usize,
}

/// A stream may be of any size, but not of any size for nothing: past one document's bytes it opens to this many times what
/// came. Markup compresses to a tenth, rarely to a fiftieth; deflate ends at 1,032, and Apache's `mod_deflate` stops at 200 too.
const STREAM_TIMES: usize = 200;

impl DecompressLimits {
    /// For a body that is one document.
    pub(super) fn of_document(limit_bytes: usize) -> Self {
        DecompressLimits {
            bytes: limit_bytes,
            times: 0,
        }
    }

    /// For a stream of them.
    pub(super) fn of_stream(document_bytes: usize) -> Self {
        DecompressLimits {
            bytes: document_bytes,
            times: STREAM_TIMES,
        }
    }

    /// Whether so much may be given of what has come. What is itself past a document's bound holds none within it.
    fn allows(self, given_bytes: u64, wire_bytes: u64) -> bool {
        let bytes = self.bytes as u64;
        match self.times as u64 {
            0 => given_bytes.max(wire_bytes) <= bytes,
            times => given_bytes <= bytes.saturating_add(wire_bytes.saturating_mul(times)),
        }
    }
}

/// Why there is no next piece.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecompressError {
    /// The transport broke off, or brought no HTTP.
    #[error("the body could not be read to its end: {}", cause(.0))]
    Wire(axum::Error),
    #[error("the body is no sound {} data: {detail}", coding.name())]
    Unsound { coding: Coding, detail: String },
    #[error("the body opens to more than it may")]
    TooLarge(DecompressLimits),
    #[error("the memory for documents is taken")]
    NoMemory,
}

/// The innermost reason: those around it only say that there is one.
fn cause(error: &axum::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

impl From<DecompressError> for ApiError {
    fn from(fault: DecompressError) -> Self {
        let detail = fault.to_string();
        match fault {
            DecompressError::Wire(_) => ApiError::new(ErrorCode::BadBody, detail),
            DecompressError::Unsound { .. } => ApiError::new(ErrorCode::BadEncoding, detail),
            DecompressError::TooLarge(DecompressLimits { bytes, times: 0 }) => {
                Error::BodyTooLarge { limit_bytes: bytes }.into()
            }
            DecompressError::TooLarge(DecompressLimits { times, .. }) => {
                let detail = format!("the body opens to more than {times} times what came of it");
                ApiError::new(ErrorCode::BodyTooLarge, detail)
            }
            DecompressError::NoMemory => ApiError::memory_full(),
        }
    }
}

/// A request's body, piece by piece.
///
/// Work and waiting are two things here: only the second is the sender's doing, and counts against its time.
pub(super) struct DecodedBody {
    body: Body,
    /// Of a body that is not compressed, what has come.
    plain: Bytes,
    decompressor: Option<Decompressor>,
    /// The last byte has come.
    is_over: bool,
    wire_bytes: u64,
    /// A piece has just been given: the thread is given back before the next.
    is_tired: bool,
}

/// What a step came to.
pub(super) enum Decoded {
    /// A piece of the body, never an empty one.
    Data(Bytes),
    /// Nothing yet. Whoever asks gives its thread back before it asks again.
    Yield,
    /// There is nothing to do before more has come.
    NeedInput,
    /// The body has ended.
    Ended,
}

impl DecodedBody {
    /// Nothing is read yet. `grant` is for what the decoders take.
    ///
    /// # Errors
    /// 415 for a coding that we do not know, 400 for a header that cannot be read.
    pub(super) fn open(
        body: Body,
        headers: &HeaderMap,
        reservation: Reservation,
        allowance: DecompressLimits,
    ) -> Result<Self, ApiError> {
        let codings = content_encoding::of_body(headers)?;
        Ok(DecodedBody {
            body,
            plain: Bytes::new(),
            decompressor: (!codings.is_empty()).then(|| Decompressor::new(&codings, reservation, allowance)),
            is_over: false,
            wire_bytes: 0,
            is_tired: false,
        })
    }

    pub(super) fn is_packed(&self) -> bool {
        self.decompressor.is_some()
    }

    /// Bytes that have come, as they came: what a sender's haste is measured by.
    pub(super) fn wire_bytes(&self) -> u64 {
        self.wire_bytes
    }

    /// What has not been read.
    pub(super) fn into_rest(self) -> Body {
        self.body
    }

    /// One step of work on what has come.
    ///
    /// # Errors
    /// See [`DecompressError`]; after one there is nothing more to ask for.
    pub(super) fn step(&mut self) -> Result<Decoded, DecompressError> {
        if std::mem::take(&mut self.is_tired) {
            return Ok(Decoded::Yield);
        }
        let Some(decompressor) = &mut self.decompressor else {
            return Ok(match std::mem::take(&mut self.plain) {
                piece if !piece.is_empty() => Decoded::Data(piece),
                _ if self.is_over => Decoded::Ended,
                _ => Decoded::NeedInput,
            });
        };
        let step = decompressor.step(self.wire_bytes)?;
        self.is_tired = matches!(step, Decoded::Data(_));
        Ok(step)
    }

    /// Waits for more to come, or for the end.
    pub(super) fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), DecompressError>> {
        let piece = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            None => {
                self.is_over = true;
                None
            }
            Some(Err(error)) => return Poll::Ready(Err(DecompressError::Wire(error))),
            // Trailers are passed over.
            Some(Ok(frame)) => Some(frame.into_data().unwrap_or_default()),
        };
        self.wire_bytes += piece.as_ref().map_or(0, Bytes::len) as u64;
        match &mut self.decompressor {
            Some(decompressor) => decompressor.feed(piece),
            None => self.plain = piece.unwrap_or_default(),
        }
        Poll::Ready(Ok(()))
    }

    /// As [`DecodedBody::poll_more`]. Whoever stops waiting loses nothing.
    pub(super) async fn more(&mut self) -> Result<(), DecompressError> {
        poll_fn(|cx| self.poll_more(cx)).await
    }

    /// Works on what has come until that gives a piece, or no more can be done without waiting.
    ///
    /// # Errors
    /// As those of [`DecodedBody::step`].
    pub(super) async fn work(&mut self) -> Result<Decoded, DecompressError> {
        loop {
            match self.step()? {
                Decoded::Yield => yield_now().await,
                step => return Ok(step),
            }
        }
    }

    /// The next piece, `None` at the end, however long it takes. Whoever stops waiting loses nothing.
    ///
    /// # Errors
    /// See [`DecompressError`].
    pub(super) async fn next_piece(&mut self) -> Result<Option<Bytes>, DecompressError> {
        loop {
            match self.work().await? {
                Decoded::Data(piece) => return Ok(Some(piece)),
                Decoded::Ended => return Ok(None),
                Decoded::NeedInput | Decoded::Yield => self.more().await?,
            }
        }
    }
}

/// The codings of a body, each decompressed in its stage.
struct Decompressor {
    /// In the order in which they are taken off.
    stages: Vec<Stage>,
    allowance: DecompressLimits,
    reservation: Reservation,
}

impl Decompressor {
    fn new(codings: &[Coding], reservation: Reservation, allowance: DecompressLimits) -> Self {
        Decompressor {
            stages: codings.iter().rev().map(|&coding| Stage::new(coding)).collect(),
            allowance,
            reservation,
        }
    }

    /// What has come, or `None` where it is over.
    fn feed(&mut self, piece: Option<Bytes>) {
        self.stages[0].feed(piece);
    }

    /// One step of the last stage that has anything to do.
    fn step(&mut self, wire_bytes: u64) -> Result<Decoded, DecompressError> {
        let Some(at) = self.stages.iter().rposition(Stage::is_busy) else {
            let has_ended = self.stages.iter().all(|stage| stage.is_over);
            return Ok(if has_ended { Decoded::Ended } else { Decoded::NeedInput });
        };
        let is_last = at + 1 == self.stages.len();
        let stage = &mut self.stages[at];
        let piece = stage.step()?;
        let (given_bytes, is_over) = (stage.given_bytes, stage.is_over);
        if !self.allowance.allows(given_bytes, wire_bytes) {
            return Err(DecompressError::TooLarge(self.allowance));
        }
        if !self
            .reservation
            .resize(self.stages.iter().map(Stage::memory_bytes).sum())
        {
            return Err(DecompressError::NoMemory);
        }
        if is_last {
            return Ok(if piece.is_empty() {
                Decoded::Yield
            } else {
                Decoded::Data(piece)
            });
        }
        let next = &mut self.stages[at + 1];
        next.feed(Some(piece));
        if is_over {
            next.feed(None);
        }
        Ok(Decoded::Yield)
    }
}

/// One coding of a body.
struct Stage {
    coding: Coding,
    /// Made by the first bytes, which for `deflate` say what they are.
    decoder: Option<Decoder>,
    input: Bytes,
    /// No more input comes.
    is_fed: bool,
    /// The last step filled its output, and there may be more of it without any input.
    has_more: bool,
    /// All has been given.
    is_over: bool,
    given_bytes: u64,
}

impl Stage {
    fn new(coding: Coding) -> Self {
        Stage {
            coding,
            decoder: None,
            input: Bytes::new(),
            is_fed: false,
            has_more: false,
            is_over: false,
            given_bytes: 0,
        }
    }

    /// Never asked for before all that came earlier has been taken.
    fn feed(&mut self, piece: Option<Bytes>) {
        match piece {
            Some(piece) => self.input = piece,
            None => self.is_fed = true,
        }
    }

    fn is_busy(&self) -> bool {
        !self.input.is_empty() || self.has_more || (self.is_fed && !self.is_over)
    }

    fn memory_bytes(&self) -> usize {
        STAGE_BYTES + self.decoder.as_ref().map_or(0, Decoder::memory_bytes)
    }

    fn step(&mut self) -> Result<Bytes, DecompressError> {
        let coding = self.coding;
        let unsound = |detail: String| DecompressError::Unsound { coding, detail };
        if self.input.is_empty() && !self.has_more {
            // Nothing at all is no sound data, and the empty body that it was meant to be.
            if self.decoder.as_ref().is_some_and(|decoder| !decoder.is_at_end()) {
                return Err(unsound("it ends before its end".into()));
            }
            self.is_over = true;
            return Ok(Bytes::new());
        }
        let decoder = self.decoder.get_or_insert_with(|| Decoder::new(coding, &self.input));
        let mut output = Vec::with_capacity(OUTPUT_BYTES);
        if decoder.is_at_end() {
            self.given_bytes += MEMBER_BYTES;
        }
        let slice = &self.input[..self.input.len().min(INPUT_BYTES)];
        let taken = decoder.step(slice, &mut output).map_err(unsound)?;
        if taken == 0 && output.is_empty() && !slice.is_empty() {
            return Err(unsound("bytes follow its end".into()));
        }
        self.has_more = output.len() == OUTPUT_BYTES && !decoder.is_at_end();
        self.given_bytes += output.len() as u64;
        let _ = self.input.split_to(taken);
        Ok(Bytes::from(output))
    }
}

/// What takes a coding off.
enum Decoder {
    Deflate {
        inflate: Decompress,
        is_at_end: bool,
    },
    /// One member after the other.
    Gzip {
        inflate: Decompress,
        is_at_end: bool,
    },
    Brotli {
        state: Box<Brotli>,
        memory: Counting,
        is_at_end: bool,
    },
    Zstd {
        context: DCtx<'static>,
        is_at_end: bool,
    },
}

type Brotli = BrotliState<Counting, Counting, Counting>;

impl Decoder {
    fn new(coding: Coding, beginning: &[u8]) -> Self {
        let is_at_end = false;
        match coding {
            Coding::Gzip => Decoder::Gzip {
                inflate: Decompress::new_gzip(15),
                is_at_end,
            },
            Coding::Deflate => Decoder::Deflate {
                inflate: Decompress::new(has_zlib_head(beginning)),
                is_at_end,
            },
            Coding::Brotli => {
                let memory = Counting::default();
                Decoder::Brotli {
                    // Strict: no windows beyond those of RFC 7932.
                    state: Box::new(Brotli::new_strict(memory.clone(), memory.clone(), memory.clone())),
                    memory,
                    is_at_end,
                }
            }
            Coding::Zstd => {
                let mut context = DCtx::create();
                let bounded = context.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG));
                bounded.expect("every zstd takes windows of 8 MiB");
                Decoder::Zstd { context, is_at_end }
            }
        }
    }

    fn is_at_end(&self) -> bool {
        match self {
            Decoder::Deflate { is_at_end, .. }
            | Decoder::Gzip { is_at_end, .. }
            | Decoder::Brotli { is_at_end, .. }
            | Decoder::Zstd { is_at_end, .. } => *is_at_end,
        }
    }

    fn memory_bytes(&self) -> usize {
        match self {
            Decoder::Deflate { .. } | Decoder::Gzip { .. } => INFLATE_BYTES,
            Decoder::Brotli { memory, .. } => size_of::<Brotli>() + memory.0.load(Ordering::Relaxed),
            Decoder::Zstd { context, .. } => context.sizeof(),
        }
    }

    /// Fills `output`. Returns how many bytes of `input` that took. Nothing taken and nothing given means that the
    /// data has ended before them.
    fn step(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, String> {
        match self {
            Decoder::Deflate { inflate, is_at_end } => inflated(inflate, is_at_end, input, output),
            Decoder::Gzip { inflate, is_at_end } => {
                if *is_at_end && !input.is_empty() {
                    (*inflate, *is_at_end) = (Decompress::new_gzip(15), false);
                }
                inflated(inflate, is_at_end, input, output)
            }
            Decoder::Brotli { state, is_at_end, .. } => {
                if *is_at_end {
                    return Ok(0);
                }
                let (mut left, mut taken, mut room, mut given) = (input.len(), 0, output.capacity(), 0);
                output.resize(room, 0);
                let result = BrotliDecompressStream(
                    &mut left, &mut taken, input, &mut room, &mut given, output, &mut 0, state,
                );
                output.truncate(given);
                match result {
                    BrotliResult::ResultFailure => return Err(format!("{:?}", state.error_code)),
                    BrotliResult::ResultSuccess => *is_at_end = true,
                    BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
                }
                Ok(taken)
            }
            Decoder::Zstd { context, is_at_end } => {
                let mut input = InBuffer::around(input);
                let hint = context.decompress_stream(&mut OutBuffer::around(output), &mut input);
                *is_at_end = hint.map_err(|code| get_error_name(code).to_owned())? == 0;
                Ok(input.pos())
            }
        }
    }
}

fn inflated(
    inflate: &mut Decompress,
    is_at_end: &mut bool,
    input: &[u8],
    output: &mut Vec<u8>,
) -> Result<usize, String> {
    if *is_at_end {
        return Ok(0);
    }
    let before = inflate.total_in();
    let status = inflate.decompress_vec(input, output, FlushDecompress::None);
    let status = status.map_err(|error| error.message().unwrap_or("it cannot be read").to_owned())?;
    *is_at_end = status == Status::StreamEnd;
    Ok((inflate.total_in() - before) as usize)
}

/// `deflate` means a stream of zlib's (RFC 9110, section 8.4.1.2), and some send it without zlib's head. That is two bytes: a
/// method, which is 8, and a check, by which the two are a multiple of 31 (RFC 1950).
fn has_zlib_head(beginning: &[u8]) -> bool {
    match *beginning {
        [method, flags, ..] => method & 0x0F == 8 && u16::from_be_bytes([method, flags]).is_multiple_of(31),
        // One byte alone: a raw stream hardly begins like zlib's usual window.
        [method] => method & 0x0F == 8,
        [] => true,
    }
}

/// The standard allocator, with what is taken from it counted.
#[derive(Debug, Clone, Default)]
struct Counting(Arc<AtomicUsize>);

impl<T: Clone + Default> Allocator<T> for Counting {
    type AllocatedMemory = <StandardAlloc as Allocator<T>>::AllocatedMemory;

    fn alloc_cell(&mut self, count: usize) -> Self::AllocatedMemory {
        self.0.fetch_add(count * size_of::<T>(), Ordering::Relaxed);
        StandardAlloc::default().alloc_cell(count)
    }

    fn free_cell(&mut self, cell: Self::AllocatedMemory) {
        self.0.fetch_sub(size_of_val(cell.slice()), Ordering::Relaxed);
        StandardAlloc::default().free_cell(cell);
    }
}
