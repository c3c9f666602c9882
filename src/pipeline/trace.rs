//! How an answer was made, for logs and metrics: numbers and names of our own, and nothing of the document.

use std::time::{Duration, Instant};

use super::article::{Found, category};
use crate::{input::Kind, rules::Category};

/// What the road of one document was like.
#[derive(Debug, Clone)]
pub struct Trace {
    /// What the document turned out to be.
    pub kind: Kind,
    /// Its charset.
    pub charset: &'static str,
    /// What each removal was.
    pub removed: Vec<Category>,
    /// How many rules the guard rolled back.
    pub rolled_back: usize,
    /// The codes of the warnings about its bytes.
    pub warnings: Vec<&'static str>,
    /// The stages of the road with their times, in order.
    pub stages: Vec<(&'static str, Duration)>,
}

/// A stopwatch for the stages.
pub(super) struct Laps {
    since: Instant,
    stages: Vec<(&'static str, Duration)>,
}

impl Laps {
    pub(super) fn begin() -> Self {
        Laps {
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

impl Found<'_> {
    /// The trace of a road that ends here.
    pub(super) fn trace(&self, mut laps: Laps) -> Trace {
        laps.end_of("write");
        let removed = self.verdict.removed.iter();
        Trace {
            kind: self.kind,
            charset: self.page.charset,
            removed: removed.map(|removal| category(removal, self.choice)).collect(),
            rolled_back: self.rolled_back.len(),
            warnings: self.page.warnings.iter().map(|warning| warning.code).collect(),
            stages: laps.stages,
        }
    }
}
