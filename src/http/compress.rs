//! Responses, compressed for clients that accept it.
//!
//! A whole answer is compressed at once, a stream piece by piece: what is flushed can be read up to there, so that compressing
//! delays no other request. The work is done where the answer is made, on the pool's threads or in a stream's turns.

use std::{io::Write as _, sync::Arc};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use flate2::write::GzEncoder;
use http_body_util::BodyExt as _;

use super::{
    App,
    content_encoding::{self, AcceptEncoding, Coding},
    error::ApiError,
};
use crate::{bounds::Deadline, workers::Workers};

/// A whole answer of fewer bytes goes out as it is: it is one packet either way.
const LEAST_BYTES: usize = 1 << 10;
/// What is compressed on an async thread: about 100 microseconds of work, less than it takes to hand it to another.
const HERE_BYTES: usize = 8 << 10;
/// Bytes of an answer between two looks at the deadline.
const SLICE_BYTES: usize = 256 << 10;
/// The levels: where each coding still earns its time. Those of gzip and zstd are near the defaults of their own tools.
const GZIP_LEVEL: u32 = 6;
const ZSTD_LEVEL: i32 = 2;
const BROTLI_LEVEL: u32 = 4;
/// The window of zstd and brotli, as a power of two: ten articles, in a megabyte of memory.
const WINDOW_LOG: u32 = 18;

impl AcceptEncoding {
    /// How a whole answer of so many bytes goes out.
    pub(super) fn for_whole(self, bytes: usize) -> Option<Coding> {
        self.coding.filter(|_| bytes >= LEAST_BYTES || self.is_must)
    }
}

/// Says in a head what its body is compressed by, and that it was asked for.
pub(super) fn name(headers: &mut HeaderMap, coding: Option<Coding>) {
    headers
        .entry(header::VARY)
        .or_insert(HeaderValue::from_static("accept-encoding"));
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
}

/// What compresses one answer.
pub(super) struct Compressor(Encoder);

enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Compressor {
    /// The most memory that one of a stream takes; measured at 0.5 to 1.4 MiB.
    pub(super) const BYTES: usize = 3 << 19;

    /// `whole_bytes` is the size of the answer, where it is known.
    pub(super) fn new(coding: Coding, whole_bytes: Option<usize>) -> std::io::Result<Self> {
        let output = Vec::new();
        Ok(Compressor(match coding {
            Coding::Gzip | Coding::Deflate => {
                Encoder::Gzip(GzEncoder::new(output, flate2::Compression::new(GZIP_LEVEL)))
            }
            Coding::Brotli => {
                let writer = brotli::CompressorWriter::new(output, HERE_BYTES, BROTLI_LEVEL, WINDOW_LOG);
                Encoder::Brotli(Box::new(writer))
            }
            Coding::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(output, ZSTD_LEVEL)?;
                encoder.window_log(WINDOW_LOG)?;
                encoder.include_checksum(true)?;
                encoder.set_pledged_src_size(whole_bytes.map(|bytes| bytes as u64))?;
                Encoder::Zstd(encoder)
            }
        }))
    }

    /// Takes bytes in. What comes of them may come later.
    pub(super) fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match &mut self.0 {
            Encoder::Gzip(encoder) => encoder.write_all(bytes),
            Encoder::Brotli(encoder) => encoder.write_all(bytes),
            Encoder::Zstd(encoder) => encoder.write_all(bytes),
        }
    }

    /// What can go out now.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(match &mut self.0 {
            Encoder::Gzip(encoder) => encoder.get_mut(),
            Encoder::Brotli(encoder) => encoder.get_mut(),
            Encoder::Zstd(encoder) => encoder.get_mut(),
        })
    }

    /// What can go out now, with which all that was taken in can be read.
    pub(super) fn flush(&mut self) -> std::io::Result<Vec<u8>> {
        match &mut self.0 {
            Encoder::Gzip(encoder) => encoder.flush(),
            Encoder::Brotli(encoder) => encoder.flush(),
            Encoder::Zstd(encoder) => encoder.flush(),
        }?;
        Ok(self.take())
    }

    /// The end, with all before it.
    pub(super) fn finish(self) -> std::io::Result<Vec<u8>> {
        match self.0 {
            Encoder::Gzip(encoder) => encoder.finish(),
            Encoder::Brotli(encoder) => Ok(encoder.into_inner()),
            Encoder::Zstd(encoder) => encoder.finish(),
        }
    }
}

/// Packs a whole answer.
///
/// # Errors
/// The deadline's, and an internal error where the coder fails, which it does for want of memory alone.
pub(super) fn whole(coding: Coding, bytes: &[u8], deadline: &Deadline) -> Result<Vec<u8>, ApiError> {
    let mut compressor = Compressor::new(coding, Some(bytes.len())).map_err(failed)?;
    for slice in bytes.chunks(SLICE_BYTES) {
        deadline.check()?;
        compressor.write(slice).map_err(failed)?;
    }
    compressor.finish().map_err(failed)
}

/// The refusal for an answer that could not be compressed.
pub(super) fn failed(error: std::io::Error) -> ApiError {
    tracing::error!(%error, "an answer could not be compressed");
    ApiError::internal()
}

/// The layer that compresses what was answered whole, as figures, rules and pages are, and says of the answer whether it depends
/// on what was asked for. Documents are compressed where they are worked on.
pub(super) async fn whole_answers(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let wish = content_encoding::wish(request.headers());
    let mut response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let length = response.body().size_hint().exact();
    if length.is_none_or(|length| length >= LEAST_BYTES as u64) {
        let vary = response.headers_mut().entry(header::VARY);
        vary.or_insert(HeaderValue::from_static("accept-encoding"));
    }
    let is_packed = response.headers().contains_key(header::CONTENT_ENCODING);
    let coding = length
        .filter(|_| !is_packed)
        .and_then(|length| wish.for_whole(length as usize));
    let Some(coding) = coding else { return response };
    name(response.headers_mut(), Some(coding));
    let (head, body) = response.into_parts();
    let compressed = match body.collect().await {
        Ok(body) => pack(&app, coding, body.to_bytes()).await,
        Err(_) => Err(ApiError::internal()),
    };
    match compressed {
        Ok(compressed) => Response::from_parts(head, Body::from(compressed)),
        Err(refusal) => refusal.into_response(),
    }
}

async fn pack(app: &App, coding: Coding, bytes: Bytes) -> Result<Vec<u8>, ApiError> {
    let deadline = Deadline::after(app.pipeline().bounds().time);
    if bytes.len() <= HERE_BYTES {
        return whole(coding, &bytes, &deadline);
    }
    let compressing = app.workers.aside(move || whole(coding, &bytes, &deadline));
    compressing.await.map_err(|_| ApiError::internal())?
}

/// What compresses a batch's answer: a stream that is fed by a task.
pub(super) struct CompressedStream {
    coding: Option<Coding>,
    /// Made when there is something to compress, so that an idle connection takes no memory.
    compressor: Option<Compressor>,
}

impl CompressedStream {
    pub(super) fn new(coding: Option<Coding>) -> Self {
        CompressedStream {
            coding,
            compressor: None,
        }
    }

    /// The memory that it takes once it compresses.
    pub(super) fn bytes(&self) -> usize {
        self.coding.map_or(0, |_| Compressor::BYTES)
    }

    /// These bytes, compressed so far that they can be read; with the end behind them, if they are the last ones.
    pub(super) async fn pack(&mut self, bytes: Vec<u8>, is_last: bool, workers: &Workers) -> Result<Vec<u8>, ApiError> {
        let Some(coding) = self.coding else {
            return Ok(bytes);
        };
        let mut compressor = match self.compressor.take() {
            Some(compressor) => compressor,
            None => Compressor::new(coding, None).map_err(failed)?,
        };
        let is_little = bytes.len() <= HERE_BYTES;
        let work = move || {
            compressor.write(&bytes)?;
            if is_last {
                return Ok((compressor.finish()?, None));
            }
            Ok((compressor.flush()?, Some(compressor)))
        };
        let compressed = if is_little {
            work()
        } else {
            workers.aside(work).await.map_err(|_| ApiError::internal())?
        };
        let (compressed, compressor) = compressed.map_err(failed)?;
        self.compressor = compressor;
        Ok(compressed)
    }
}
