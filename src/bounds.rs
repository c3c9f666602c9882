//! What one document may cost: bytes, depth, elements, time.
//!
//! Every bound is checked where the cost arises, and past it the document is refused by name: never cut in silence.

use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use crate::error::Error;

/// The bounds of one document. The defaults are the service's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of a body, after decompression.
    pub body_bytes: usize,
    /// Elements open at once. Browsers stop nesting at 512; pages that never close `<font>` or `<div>` go a good way past
    /// that and are still read, while the cost of looking for an open element stays small.
    pub depth: usize,
    /// Elements in the document: at about 50 bytes of outline each this is the larger part of the memory cap. Of a text
    /// without markup each line is a paragraph, and [`Bounds::LINES_AN_ELEMENT`] of them count as one element.
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

/// Work memory for each byte of a body: its text decoded, its runs, the content in its forms, the answer. Measured on text,
/// entities, links and pictures at 7 to 16, and at 23 on Chinese text, where all its buffers have just doubled.
const WORK_BYTES_PER_BODY_BYTE: usize = 24;
/// Work memory for each element: its row, its attributes, its nodes in the content. Measured at 50 to 540, the most just
/// past a power of two, where tables have doubled.
const WORK_BYTES_PER_ELEMENT: usize = 600;

/// Work memory of any document: the parser's, the matcher's and the answer's first buffers, and an article that is larger than
/// its document, since all its links are relative.
const WORK_BYTES: usize = 1 << 20;
/// How often a byte of the article is there at once: in the content, in each of its forms, and in the answer.
const FORMS: usize = 16;
/// Work memory for each byte of a tag that is nothing but attributes, and what one takes at most: past that it is refused.
const WORK_BYTES_PER_TAG_BYTE: usize = 72;
/// As [`WORK_BYTES_PER_TAG_BYTE`].
const WORK_BYTES_OF_A_TAG: usize = 2400 << 10;

/// Work memory for each byte of a Markdown body while it is parsed. Measured on brackets, stars and tables at 144, the most
/// where the parser's table has just doubled.
const WORK_BYTES_PER_MARKDOWN_BYTE: usize = 160;

impl Bounds {
    /// Lines of plain text that take no more memory than one element. Measured at 190 to 260 bytes for each line.
    pub const LINES_AN_ELEMENT: usize = 2;

    /// The largest Markdown body: one whose parser needs no more memory than the largest document.
    pub fn markdown_bytes(&self) -> usize {
        let work_bytes = self.work_bytes(self.body_bytes, self.elements);
        self.body_bytes.min(work_bytes / WORK_BYTES_PER_MARKDOWN_BYTE)
    }

    /// As [`Bounds::work_bytes`], of a body that may be Markdown. One that is too large for it is refused before it costs.
    pub fn markdown_work_bytes(&self, body_bytes: usize, elements: usize) -> usize {
        let parsed = body_bytes.min(self.markdown_bytes());
        self.work_bytes(body_bytes, elements)
            .max(parsed * WORK_BYTES_PER_MARKDOWN_BYTE)
    }

    /// The most memory that the work on a document of this many bytes and elements takes: an upper bound, held by a test
    /// that watches a process at work on the dearest documents known.
    pub fn work_bytes(&self, body_bytes: usize, elements: usize) -> usize {
        let elements = elements.min(self.elements);
        let article =
            body_bytes.saturating_mul(WORK_BYTES_PER_BODY_BYTE) + elements.saturating_mul(WORK_BYTES_PER_ELEMENT);
        // While tags are read there is no article, and a quarter of what the elements come to.
        let tag = body_bytes
            .saturating_mul(WORK_BYTES_PER_TAG_BYTE)
            .min(WORK_BYTES_OF_A_TAG);
        WORK_BYTES + article.max(article / 4 + tag)
    }

    /// The most bytes that the article of such a document may have, as text and markup: what they take is part of what was
    /// counted. A page of links, each resolved against a base of kilobytes, would take more than is known in advance.
    pub fn article_bytes(&self, body_bytes: usize, elements: usize) -> usize {
        self.output_bytes.min(self.work_bytes(body_bytes, elements) / FORMS)
    }

    /// These bounds made to fit into this much work memory. A bound that is given stays; one that is not gives way.
    ///
    /// # Errors
    /// The work memory that would do, where what is given does not fit.
    pub fn fitted(self, work_bytes: usize, body: Option<usize>, elements: Option<usize>) -> Result<Self, usize> {
        let left_after = |taken: usize| work_bytes.saturating_sub(WORK_BYTES).saturating_sub(taken);
        let body_bytes = body.unwrap_or_else(|| {
            let taken = elements.map_or(work_bytes / 2, |elements| {
                elements.saturating_mul(WORK_BYTES_PER_ELEMENT)
            });
            let most = left_after(taken) / WORK_BYTES_PER_BODY_BYTE;
            self.body_bytes.min(most >> 10 << 10) // whole KiB, for readers of messages
        });
        let elements = elements.unwrap_or_else(|| {
            let taken = body_bytes.saturating_mul(WORK_BYTES_PER_BODY_BYTE);
            self.elements.min(left_after(taken) / WORK_BYTES_PER_ELEMENT)
        });
        let least = Bounds {
            body_bytes: body_bytes.max(LEAST_BODY_BYTES),
            elements: elements.max(LEAST_ELEMENTS),
            ..self
        };
        let needed = least.work_bytes(least.body_bytes, least.elements);
        if needed > work_bytes { Err(needed) } else { Ok(least) }
    }
}

/// Bounds that give way stop here: a service that takes no ordinary page is set wrong.
const LEAST_BODY_BYTES: usize = 256 << 10;
/// As [`LEAST_BODY_BYTES`].
const LEAST_ELEMENTS: usize = 10_000;

/// The end of a document's time, checked by the document itself between slices of its work: when its budget is used up,
/// and when its client has left.
#[derive(Debug, Clone)]
pub struct Deadline {
    at: Instant,
    budget: Duration,
    asker: Option<Weak<()>>,
}

impl Deadline {
    /// A deadline `budget` from now.
    pub fn after(budget: Duration) -> Self {
        Deadline {
            at: Instant::now() + budget,
            budget,
            asker: None,
        }
    }

    /// The same, but over at once when `asker` is dropped.
    pub fn while_asked(self, asker: &Arc<()>) -> Self {
        Deadline {
            asker: Some(Arc::downgrade(asker)),
            ..self
        }
    }

    /// Another budget, from now, for the same asker.
    pub fn renewed(&self, budget: Duration) -> Self {
        Deadline {
            at: Instant::now() + budget,
            budget,
            asker: self.asker.clone(),
        }
    }

    /// The same, but `budget` from now if that is earlier.
    pub fn at_most(&self, budget: Duration) -> Self {
        let own = self.renewed(budget);
        if own.at < self.at { own } else { self.clone() }
    }

    /// Whoever asked has gone.
    pub fn is_abandoned(&self) -> bool {
        self.asker.as_ref().is_some_and(|asker| asker.strong_count() == 0)
    }

    /// # Errors
    /// [`Error::Deadline`] once the time has passed or the client has left.
    pub fn check(&self) -> Result<(), Error> {
        if Instant::now() < self.at && !self.is_abandoned() {
            return Ok(());
        }
        Err(Error::Deadline {
            budget_ms: self.budget.as_millis().try_into().unwrap_or(u64::MAX),
        })
    }
}
