//! The gate of the stream: what passes, what goes, and what is held back until that is sure.

use std::ops::Range;

use super::{
    matcher::Hit,
    tags::Tag,
    walker::{Comment, Ended, Road},
};

/// Bytes of a dropped region that are held back until its end is sure.
pub(super) const HELD_BYTES: usize = 64 << 10;

/// Listens to the walk and knows whether the gate is open.
#[derive(Debug, Default)]
pub(super) struct Gate {
    next_id: u32,
    /// The open elements that selectors hit.
    hits: Vec<(u32, Tag, Hit)>,
    /// The outermost element that shut the gate.
    pub(super) region: Option<u32>,
    /// The element that opened last did not pass although what is around it did.
    shut_by_last: bool,
    /// What changed since the last look, with the offset where.
    pub(super) changes: Vec<Change>,
}

/// The gate moved.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) at: usize,
    pub(super) passes: bool,
    /// The region that was held back has ended, and whether its end was sure.
    pub(super) ended: Option<bool>,
}

impl Gate {
    pub(super) fn passes(&self) -> bool {
        // The strongest of all the hits around decides.
        !self
            .hits
            .iter()
            .map(|(_, _, hit)| *hit)
            .min_by_key(|hit| strength(*hit))
            .is_some_and(Hit::drops)
    }

    /// Whether the element that opened last is dropped, and what is around it is not.
    pub(super) fn is_dropped_alone(&self) -> bool {
        self.shut_by_last
    }

    /// The region is too large to hold: nothing of it is dropped.
    fn give_up(&mut self) {
        self.region = None;
        self.hits.retain(|(_, _, hit)| !hit.drops());
    }
}

/// Rules of one kind are as strong as one another, whatever their number.
fn strength(hit: Hit) -> u8 {
    match hit {
        Hit::Remove => 0,
        Hit::Keep => 1,
        Hit::KeepRule(_) => 2,
        Hit::DropRule(_) => 3,
        Hit::RestRule(_) | Hit::UnwrapRule(_) => 4,
    }
}

impl Road for Gate {
    fn open(&mut self, tag: Tag, _: Range<usize>, _: Option<u32>, hit: Option<Hit>) -> u32 {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        self.shut_by_last = false;
        if let Some(hit) = hit {
            let before = self.passes();
            self.hits.push((id, tag, hit));
            self.shut_by_last = before && !self.passes();
            // Inside a region only what is void or raw is removed on its own, and then there is nothing to hold.
            if self.shut_by_last && self.region.is_none() && !tag.is_void() && !tag.is_raw() {
                self.region = Some(id);
            }
        }
        id
    }

    fn close(&mut self, id: u32, at: usize, end: Ended) {
        let Some(position) = self.hits.iter().rposition(|(open, _, _)| *open == id) else {
            return;
        };
        let (_, tag, _) = self.hits.remove(position);
        let ended = (self.region == Some(id)).then(|| {
            self.region = None;
            end.is_sure(tag)
        });
        self.changes.push(Change {
            at,
            passes: self.passes(),
            ended,
        });
    }

    fn text(&mut self, _: Range<usize>, _: Option<u32>) {}

    fn comment(&mut self, _: Comment) {}

    fn swallowed(&mut self, _: usize, _: &'static str) {}
}

/// What goes out, and what is held back.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) ready: Vec<u8>,
    held: Vec<u8>,
    /// Ranges of `held` that a `keep=` lets pass in any case.
    kept: Vec<Range<usize>>,
    /// A region has begun and not ended.
    pub(super) holding: bool,
}

impl Output {
    /// Takes bytes. The answer is whether the region that they belong to became too large and was given up.
    pub(super) fn push(&mut self, bytes: &[u8], passes: bool, gate: &mut Gate) -> bool {
        if bytes.is_empty() {
            return false;
        }
        if !self.holding {
            if passes {
                self.ready.extend_from_slice(bytes);
            }
            return false;
        }
        let from = self.held.len();
        self.held.extend_from_slice(bytes);
        if passes {
            self.kept.push(from..self.held.len());
        }
        let too_large = self.held.len() > HELD_BYTES;
        if too_large {
            gate.give_up();
            self.release();
        }
        too_large
    }

    pub(super) fn apply(&mut self, change: &Change) {
        match change.ended {
            Some(true) => {
                for range in std::mem::take(&mut self.kept) {
                    self.ready.extend_from_slice(&self.held[range]);
                }
                self.held.clear();
                self.holding = false;
            }
            Some(false) => self.release(),
            None => {}
        }
    }

    /// What was held back passes after all.
    pub(super) fn release(&mut self) {
        self.ready.append(&mut self.held);
        self.kept.clear();
        self.holding = false;
    }
}
