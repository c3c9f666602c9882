//! How an answer was made, for logs and metrics: numbers and names of our own, and nothing of the document.

use std::time::{Duration, Instant};

use super::article::ArticleParts;
use crate::{engine::extract::reason::RemovalReason, error::WarningCode, input::Kind, rules::Category};

/// How one document was processed.
#[derive(Debug, Clone)]
pub struct Trace {
    /// What the document turned out to be.
    pub kind: Kind,
    /// Its charset.
    pub charset: &'static str,
    /// The document's visible characters.
    pub characters: u32,
    /// Each removal.
    pub removed: Vec<RemovalTrace>,
    /// How many rules the guard rolled back.
    pub rolled_back: usize,
    /// The codes of the warnings about its bytes.
    pub warnings: Vec<WarningCode>,
    /// The stages with their times, in order.
    pub stages: Vec<(&'static str, Duration)>,
}

/// One removal.
#[derive(Debug, Clone, Copy)]
pub struct RemovalTrace {
    /// What took it.
    pub reason: RemovalReason,
    /// What it was.
    pub category: Category,
    /// Its visible characters.
    pub characters: u32,
}

/// A stopwatch for the stages.
pub(super) struct StageTimer {
    since: Instant,
    stages: Vec<(&'static str, Duration)>,
}

impl StageTimer {
    pub(super) fn begin() -> Self {
        StageTimer {
            since: Instant::now(),
            stages: Vec::with_capacity(4),
        }
    }

    pub(super) fn end_of(&mut self, stage: &'static str) {
        let now = Instant::now();
        self.stages.push((stage, now - self.since));
        self.since = now;
    }
}

impl ArticleParts<'_> {
    /// The trace of a document that is finished.
    pub(super) fn trace(&self, mut timer: StageTimer) -> Trace {
        timer.end_of("write");
        let removed = self.selection.removed.iter();
        Trace {
            kind: self.kind,
            charset: self.page.charset,
            characters: self.document.characters_before.last().copied().unwrap_or_default(),
            removed: removed
                .map(|removal| RemovalTrace {
                    reason: removal.reason,
                    category: removal.reason.category(self.choice.rules()),
                    characters: removal.characters,
                })
                .collect(),
            rolled_back: self.rolled_back.len(),
            warnings: self.page.warnings.iter().map(|warning| warning.code).collect(),
            stages: timer.stages,
        }
    }
}
