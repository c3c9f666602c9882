//! The forms of a request: an envelope, the caller's metadata, lines of a batch.

pub mod caller_metadata;
pub mod envelope;
pub mod line_splitter;
