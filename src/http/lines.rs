//! A batch, line by line: documents in chunks that one worker takes at once, and the lines that they become. The wire and
//! the command line share it.
//!
//! Many a document is done in less time than it takes to hand it to another thread; so what has come together is worked on
//! together, up to a bound. Each document has its own time budget, and a panic is its own line's.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use serde::Serialize;

use super::error::{ApiError, Problem};
use crate::{
    bounds::{Bounds, Deadline},
    error::{Error, ErrorCode},
    input::{BodyCost, Envelope, RawDocument, feed::RawEntry, work_bytes},
    options::{Format, Options},
    pipeline::{Pipeline, Trace},
    steps,
    workers::{WorkCost, WorkFailure},
};

/// Bytes from which on a chunk takes no more: some milliseconds of work.
const CHUNK_BYTES: usize = 64 << 10;
/// Documents of a chunk at most.
const CHUNK_DOCUMENTS: usize = 32;

/// How many times as long as a document a chunk may take: many are many small ones.
const CHUNK_TIMES: u32 = 4;

/// One document of a batch, as it came.
#[derive(Debug)]
pub enum Entry {
    /// A line with an envelope.
    Envelope(Vec<u8>),
    /// A document without one, with the name that its answer gets.
    Bare {
        /// Its name.
        id: String,
        /// Its media type, where known.
        content_type: Option<&'static str>,
        /// Itself.
        bytes: Vec<u8>,
    },
    /// An entry of a feed.
    Feed(RawEntry),
    /// What was refused before it was read whole.
    Refused {
        /// Its name, where known.
        id: Option<String>,
        /// Why.
        error: Error,
    },
}

/// Documents that one worker takes at once.
#[derive(Debug)]
pub struct DocumentChunk {
    first: u64,
    entries: Vec<Entry>,
    body_bytes: usize,
    work_bytes: usize,
}

impl DocumentChunk {
    /// An empty one, whose first document will be this one of the batch.
    pub fn new(first: u64) -> Self {
        DocumentChunk {
            first,
            entries: Vec::new(),
            body_bytes: 0,
            work_bytes: 0,
        }
    }

    /// Adds a document.
    pub fn push(&mut self, entry: Entry, bounds: &Bounds) {
        let (bytes, content_type): (&[u8], _) = match &entry {
            Entry::Envelope(bytes) => (bytes, Some("application/json")),
            Entry::Bare {
                bytes, content_type, ..
            } => (bytes, *content_type),
            Entry::Feed(entry) => (entry.xml(), None),
            Entry::Refused { .. } => (&[], None),
        };
        self.body_bytes += bytes.len();
        // One after the other: the dearest counts.
        let work_bytes = work_bytes(bounds, BodyCost::of(bytes), bytes, content_type);
        self.work_bytes = self.work_bytes.max(work_bytes);
        self.entries.push(entry);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether it takes no more.
    pub fn is_full(&self) -> bool {
        self.body_bytes >= CHUNK_BYTES || self.len() >= CHUNK_DOCUMENTS
    }

    /// The bytes that came.
    pub fn body_bytes(&self) -> usize {
        self.body_bytes
    }

    /// The time that all of it may take.
    pub fn budget(&self, bounds: &Bounds) -> Duration {
        let documents = u32::try_from(self.len()).unwrap_or(CHUNK_TIMES);
        bounds.time.saturating_mul(documents.min(CHUNK_TIMES))
    }
}

/// What all documents of a batch share.
#[derive(Debug)]
pub struct BatchContext {
    pipeline: Pipeline,
    options: Options,
    /// The path and the id of the request, which its problems name.
    request: Option<(String, String)>,
}

/// What a chunk became.
#[derive(Debug, Default)]
pub struct ChunkOutput {
    /// Its lines, each with its end.
    pub lines: Vec<u8>,
    /// How each document went.
    pub outcomes: Vec<DocumentOutcome>,
}

/// How one document went.
#[derive(Debug)]
pub struct DocumentOutcome {
    /// The problem, if it was one.
    pub code: Option<ErrorCode>,
    /// The trace, if the document was processed.
    pub trace: Option<Trace>,
}

impl BatchContext {
    /// A batch with these options for all; each envelope may have its own.
    ///
    /// # Errors
    /// Options that cannot hold for all documents, or for none.
    pub fn new(pipeline: Pipeline, options: Options, request: Option<(String, String)>) -> Result<Self, Error> {
        if options.url.is_some() {
            return Err(Error::BadOption {
                name: "url".into(),
                detail: "each document has its own; name it in its envelope".into(),
            });
        }
        only_json(&options)?;
        Ok(BatchContext {
            pipeline,
            options,
            request,
        })
    }

    /// The bounds of each document.
    pub fn bounds(&self) -> &Bounds {
        self.pipeline.bounds()
    }

    /// What a chunk will cost.
    pub fn load(&self, chunk: &DocumentChunk) -> WorkCost {
        WorkCost {
            body_bytes: chunk.body_bytes,
            work_bytes: chunk.work_bytes + self.options.selector_bytes(self.bounds().depth),
        }
    }

    /// Works on all documents of a chunk, each within its own time and all of them within that of the chunk.
    pub fn work(&self, chunk: &DocumentChunk, deadline: &Deadline) -> ChunkOutput {
        let mut output = ChunkOutput::default();
        for (entry, index) in chunk.entries.iter().zip(chunk.first..) {
            let mut id = None;
            // The pipeline holds nothing that a panic could leave half done.
            let result = catch_unwind(AssertUnwindSafe(|| {
                self.answer(entry, &mut id, &deadline.at_most(self.bounds().time))
            }));
            let result = result.unwrap_or_else(|_| Err(ApiError::internal()));
            self.add(&mut output, index, id, result);
        }
        output
    }

    /// The lines of a chunk that no worker could take.
    pub fn failed(&self, chunk: &DocumentChunk, failure: WorkFailure) -> ChunkOutput {
        let mut output = ChunkOutput::default();
        for (_, index) in chunk.entries.iter().zip(chunk.first..) {
            let refusal = ApiError::from_failure(failure, self.bounds().time);
            self.add(&mut output, index, None, Err(refusal));
        }
        output
    }

    fn answer(
        &self,
        entry: &Entry,
        id: &mut Option<String>,
        deadline: &Deadline,
    ) -> Result<(Vec<u8>, Trace), ApiError> {
        let answer = match entry {
            Entry::Envelope(bytes) => {
                let mut envelope = Envelope::read(bytes)?;
                *id = envelope.id.take();
                let options = self.options.overridden_by(&envelope.options)?;
                only_json(&options)?;
                envelope.id.clone_from(id);
                self.pipeline.normalize_enveloped(&envelope, &self.options, deadline)?
            }
            Entry::Bare {
                id: name,
                content_type,
                bytes,
            } => {
                *id = Some(name.clone());
                let document = RawDocument {
                    bytes,
                    content_type: *content_type,
                    id: Some(name),
                    ..RawDocument::default()
                };
                self.pipeline.normalize(&document, &self.options, deadline)?
            }
            Entry::Feed(raw) => {
                let entry = steps::within(deadline, || raw.read())?;
                id.clone_from(&entry.id);
                self.pipeline.normalize(&entry.document(), &self.options, deadline)?
            }
            Entry::Refused { id: name, error } => {
                id.clone_from(name);
                return Err(error.clone().into());
            }
        };
        Ok((answer.body, answer.trace))
    }

    fn add(
        &self,
        output: &mut ChunkOutput,
        index: u64,
        id: Option<String>,
        result: Result<(Vec<u8>, Trace), ApiError>,
    ) {
        let (answer, outcome) = match result {
            Ok((body, trace)) => (
                Ok(body),
                DocumentOutcome {
                    code: None,
                    trace: Some(trace),
                },
            ),
            Err(refusal) => {
                let code = Some(refusal.code());
                (Err(refusal), DocumentOutcome { code, trace: None })
            }
        };
        match &answer {
            Ok(body) => {
                let head = DocumentLine {
                    index,
                    id: id.as_deref(),
                    status: 200,
                    problem: None,
                };
                write_line(&mut output.lines, &head);
                // Compact JSON of our own making, whose only newline is its last byte: it goes in as it is.
                output.lines.truncate(output.lines.len() - "}\n".len());
                output.lines.extend_from_slice(b",\"article\":");
                output.lines.extend_from_slice(body.trim_ascii_end());
                output.lines.extend_from_slice(b"}\n");
            }
            Err(refusal) => {
                let line = DocumentLine {
                    index,
                    id: id.as_deref(),
                    status: refusal.status(),
                    problem: Some(self.problem(refusal)),
                };
                write_line(&mut output.lines, &line);
            }
        }
        output.outcomes.push(outcome);
    }

    fn problem<'a>(&'a self, refusal: &'a ApiError) -> Problem<'a> {
        let request = self.request.as_ref();
        refusal.problem(request.map(|(path, id)| (path.as_str(), id.as_str())))
    }

    /// The last line: the totals, and why it is the last, where that is not the end of the input.
    pub(super) fn last_line(&self, totals: &BatchTotals, refusal: Option<&ApiError>) -> Vec<u8> {
        let mut line = Vec::new();
        let problem = refusal.map(|refusal| self.problem(refusal));
        write_line(&mut line, &LastLine { totals, problem });
        line
    }

    /// The last line of a batch that came to its end.
    pub fn totals_line(&self, totals: &BatchTotals) -> Vec<u8> {
        self.last_line(totals, None)
    }
}

fn only_json(options: &Options) -> Result<(), Error> {
    if options.format.is_none_or(|format| format == Format::Json) {
        return Ok(());
    }
    Err(Error::BadOption {
        name: "format".into(),
        detail: "a batch gives JSON; ask for fields=content_html, content_markdown or content_text instead".into(),
    })
}

fn write_line(lines: &mut Vec<u8>, line: &impl Serialize) {
    serde_json::to_writer(&mut *lines, line).expect("texts, numbers and JSON are always JSON");
    lines.push(b'\n');
}

/// How many documents there were, and how they went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct BatchTotals {
    /// All.
    pub documents: u64,
    /// Those that became articles.
    pub ok: u64,
    /// Those that did not.
    pub failed: u64,
}

impl BatchTotals {
    /// Counts a chunk.
    pub fn count(&mut self, output: &ChunkOutput) {
        let failed = output.outcomes.iter().filter(|outcome| outcome.code.is_some()).count() as u64;
        self.documents += output.outcomes.len() as u64;
        self.failed += failed;
        self.ok = self.documents - self.failed;
    }
}

/// A line about a document.
#[derive(Serialize)]
struct DocumentLine<'a> {
    index: u64,
    id: Option<&'a str>,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem<'a>>,
}

#[derive(Serialize)]
struct LastLine<'a> {
    totals: &'a BatchTotals,
    problem: Option<Problem<'a>>,
}
