//! What the stream has removed: each byte that is gone is in one removal, and no other byte is.
//!
//! The region_buffer says which of the bytes that it holds it cuts out. Where those stood in the document is kept here, as the
//! places of the bytes held: they need not be neighbours there, since what lay between may have gone before.
//!
//! # Limits
//! Only while a region around them may go as a whole do removals wait, and 1,024 of them at most.

use std::ops::Range;

use crate::engine::extract::reason::RemovalReason;

/// Removals that wait for the end of a region around them. Past this many they are reported as they are, and the region without them.
const MOST_WAITING: usize = 1024;

/// A region that was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedRegion {
    /// Who took it.
    pub reason: RemovalReason,
    /// The element's name, where it was an element.
    pub tag: Option<Box<str>>,
    /// Bytes of the document as it came.
    pub range: Range<usize>,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct RemovalRecorder {
    /// Pieces of what is held: where each begins there, and where in the document.
    pieces: Vec<(usize, usize)>,
    /// Inside of regions that are open.
    waiting: Vec<RemovedRegion>,
    told: Vec<RemovedRegion>,
}

impl RemovalRecorder {
    /// The byte at `held` of those held stood at `at` in the document, and so on from there.
    pub(crate) fn hold(&mut self, held: usize, at: usize) {
        let is_next = |&(begins, from): &(usize, usize)| from + (held - begins) == at;
        if !self.pieces.last().is_some_and(is_next) {
            self.pieces.push((held, at));
        }
    }

    /// Where these of the bytes held stood.
    pub(crate) fn places(&self, held: Range<usize>) -> Vec<Range<usize>> {
        let first = self.pieces.partition_point(|piece| piece.0 <= held.start);
        let mut places = Vec::new();
        for (i, &(begins, from)) in self.pieces.iter().enumerate().skip(first.saturating_sub(1)) {
            let next = self.pieces.get(i + 1).map_or(held.end, |next| next.0);
            let (start, end) = (begins.max(held.start), next.min(held.end));
            if start >= end {
                break;
            }
            places.push(from + (start - begins)..from + (end - begins));
        }
        places
    }

    /// Only the first bytes are held any more.
    pub(crate) fn truncate(&mut self, held: usize) {
        let stay = self.pieces.partition_point(|piece| piece.0 < held);
        self.pieces.truncate(stay);
    }

    /// The first bytes are held no more.
    pub(crate) fn let_out(&mut self, held: usize) {
        let first = self.pieces.partition_point(|piece| piece.0 <= held).saturating_sub(1);
        self.pieces.drain(..first);
        for (begins, from) in &mut self.pieces {
            *from += held.saturating_sub(*begins);
            *begins = begins.saturating_sub(held);
        }
    }

    /// Something has gone that stands alone.
    pub(crate) fn add(&mut self, removal: RemovedRegion) {
        self.waiting.push(removal);
        if self.waiting.len() > MOST_WAITING {
            self.tell();
        }
    }

    /// A region has gone that began at `start`, of which these bytes were left; where nothing but what had gone before
    /// stands between them, it is one removal.
    pub(crate) fn add_region(
        &mut self,
        start: usize,
        left: Vec<Range<usize>>,
        reason: RemovalReason,
        tag: Option<Box<str>>,
    ) {
        let inner = self.waiting.partition_point(|removal| removal.range.start < start);
        let inner = self.waiting.split_off(inner);
        let own = left.into_iter().map(|range| {
            let tag = tag.clone();
            (true, RemovedRegion { reason, tag, range })
        });
        let mut all: Vec<(bool, RemovedRegion)> =
            own.chain(inner.into_iter().map(|removal| (false, removal))).collect();
        all.sort_by_key(|(_, removal)| removal.range.start);
        // In runs of neighbours: a run that holds bytes of the region is the region's.
        for run in all.chunk_by(|(_, one), (_, next)| one.range.end == next.range.start) {
            let bounds = run.first().zip(run.last());
            match (run.iter().find(|(is_own, _)| *is_own), bounds) {
                (Some((_, own)), Some(((_, first), (_, last)))) => self.waiting.push(RemovedRegion {
                    range: first.range.start..last.range.end,
                    ..own.clone()
                }),
                _ => self.waiting.extend(run.iter().map(|(_, removal)| removal.clone())),
            }
        }
    }

    /// Nothing is open that could take them in.
    pub(crate) fn tell(&mut self) {
        self.told.append(&mut self.waiting);
    }

    /// What has been reported since the last time.
    pub(crate) fn take(&mut self) -> Vec<RemovedRegion> {
        std::mem::take(&mut self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removal(range: Range<usize>, rule: u16) -> RemovedRegion {
        RemovedRegion {
            reason: RemovalReason::Rule(rule),
            tag: None,
            range,
        }
    }

    #[test]
    fn places_follow_what_is_held() {
        let mut removals = RemovalRecorder::default();
        // Held are the bytes 100 to 110 and 120 to 125.
        removals.hold(0, 100);
        removals.hold(5, 105);
        removals.hold(10, 120);
        assert_eq!(removals.places(0..15), [100..110, 120..125]);
        assert_eq!(removals.places(8..12), [108..110, 120..122]);
        removals.let_out(4);
        assert_eq!(removals.places(0..11), [104..110, 120..125]);
        removals.truncate(6);
        removals.hold(6, 130);
        assert_eq!(removals.places(0..7), [104..110, 130..131]);
        assert_eq!(removals.places(5..8), [109..110, 130..132]);
    }

    #[test]
    fn a_region_takes_in_what_has_gone_inside_but_not_what_was_kept_around_it() {
        let mut removals = RemovalRecorder::default();
        removals.add(removal(0..5, 1));
        removals.add(removal(20..30, 2));
        removals.add(removal(50..60, 3));
        // 40..50 and 60..70 were kept.
        removals.add_region(10, vec![10..20, 30..40, 70..80], RemovalReason::Rule(4), None);
        removals.tell();
        let told = [
            removal(0..5, 1),
            removal(10..40, 4),
            removal(50..60, 3),
            removal(70..80, 4),
        ];
        assert_eq!(removals.take(), told);
        assert!(removals.take().is_empty());
    }

    #[test]
    fn no_more_wait_than_may() {
        let mut removals = RemovalRecorder::default();
        for i in 0..=MOST_WAITING {
            removals.add(removal(2 * i..2 * i + 1, 1));
        }
        assert_eq!((removals.waiting.len(), removals.take().len()), (0, MOST_WAITING + 1));
    }
}
