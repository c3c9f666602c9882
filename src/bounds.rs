//! What one document may cost: bytes, depth, elements, time.
//!
//! Every bound is checked where the cost arises, and past it the document is refused by name: never cut in silence.

use std::time::{Duration, Instant};

use crate::error::Error;

/// The bounds of one document. The defaults are the service's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of a body, after decompression.
    pub body_bytes: usize,
    /// Elements open at once. Browsers stop nesting at 512; pages that never close `<font>` or `<div>` go a good way past
    /// that and are still read, while the cost of looking for an open element stays small.
    pub depth: usize,
    /// Elements in the document: at about 50 bytes of outline each this is the larger part of the memory cap.
    pub elements: usize,
    /// Bytes that lol_html may hold for one token and its stack.
    pub parser_bytes: usize,
    /// Bytes of the clean article's text and markup.
    pub output_bytes: usize,
    /// Wall time from the start of the work on a document to its answer.
    pub time: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            body_bytes: 16 << 20,
            depth: 4096,
            elements: 2_000_000,
            parser_bytes: 64 << 20,
            output_bytes: 64 << 20,
            time: Duration::from_secs(10),
        }
    }
}

/// The end of a document's time, checked by the document itself between slices of its work.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    at: Instant,
    budget: Duration,
}

impl Deadline {
    /// A deadline `budget` from now.
    pub fn after(budget: Duration) -> Self {
        Deadline {
            at: Instant::now() + budget,
            budget,
        }
    }

    /// # Errors
    /// [`Error::Deadline`] once the time has passed.
    pub fn check(&self) -> Result<(), Error> {
        if Instant::now() < self.at {
            return Ok(());
        }
        Err(Error::Deadline {
            budget_ms: self.budget.as_millis().try_into().unwrap_or(u64::MAX),
        })
    }
}
