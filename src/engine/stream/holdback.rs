//! The region_buffer of the stream: what passes, what goes, and what is held back until that is sure.
//!
//! Bytes come in order, and between them the news that elements which a selector hit have opened and closed. What lies in
//! an open element that is to go waits here. When the element ends where its author meant, it is cut out of what waits;
//! when it does not, nothing of it is lost. Regions nest: the inner ones are cut out whatever becomes of the outer ones.
//!
//! Whether something passes depends on the bytes alone, never on the pieces in which they came.

use std::ops::Range;

use super::removals::{RemovalRecorder, RemovedRegion};
use crate::engine::{
    document::tree_builder::{Comment, Ended, TreeSink},
    extract::reason::RemovalReason,
    html::tags::Tag,
    selectors::program::RuleMatch,
};

/// Bytes that are held back until the end of the region in which they stand is sure. A larger region passes whole.
pub(crate) const HELD_BYTES: usize = 64 << 10;

/// What the tree builder reports of matched elements. All others have the number 0.
#[derive(Debug, Default)]
pub(crate) struct ElementChanges {
    last_id: u32,
    /// In the order of the document, since they were last taken.
    pub(crate) changes: Vec<ElementChange>,
    pub(crate) unclosed: UnclosedTags,
}

/// Start tags whose end tag has not come, for which nothing is implied: never fewer than lol_html has on its stack.
#[derive(Debug)]
pub(crate) struct UnclosedTags {
    of: [u32; Tag::COUNT],
    pub(crate) total: u32,
}

impl Default for UnclosedTags {
    fn default() -> Self {
        UnclosedTags {
            of: [0; Tag::COUNT],
            total: 0,
        }
    }
}

impl UnclosedTags {
    pub(crate) fn begin(&mut self, tag: Tag) {
        if !tag.is_void() {
            let open = &mut self.of[tag.index()];
            *open = open.saturating_add(1);
            self.total = self.total.saturating_add(1);
        }
    }

    fn end(&mut self, tag: Tag) {
        let open = &mut self.of[tag.index()];
        // An unknown name may be any other unknown name.
        if *open > 0 && tag != Tag::OTHER {
            *open -= 1;
            self.total = self.total.saturating_sub(1);
        }
    }
}

/// An element that a selector hit opened or closed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ElementChange {
    /// The byte at which the tree builder is.
    Opened {
        id: u32,
        tag: Tag,
        wish: RegionAction,
        reason: RemovalReason,
    },
    /// Before byte `at`.
    Closed { id: u32, at: usize, end: Ended },
}

/// The number of elements that no selector hit.
const NOT_HIT: u32 = 0;

impl TreeSink for ElementChanges {
    fn open(&mut self, tag: Tag, _: Range<usize>, _: Option<u32>, hit: Option<RuleMatch>) -> u32 {
        self.unclosed.begin(tag);
        let Some((wish, reason)) = hit.and_then(RegionAction::of) else {
            return NOT_HIT;
        };
        self.last_id = self.last_id.wrapping_add(1).max(NOT_HIT + 1);
        let id = self.last_id;
        self.changes.push(ElementChange::Opened { id, tag, wish, reason });
        id
    }

    fn close(&mut self, id: u32, at: usize, end: Ended) {
        if id != NOT_HIT {
            self.changes.push(ElementChange::Closed { id, at, end });
        }
    }

    fn end_tag(&mut self, tag: Tag) {
        self.unclosed.end(tag);
    }

    fn text(&mut self, _: Range<usize>, _: Option<u32>) {}

    fn comment(&mut self, _: Comment) {}

    fn unterminated(&mut self, _: usize, _: &'static str) {}
}

/// What an open element that was hit asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RegionAction {
    /// It stays, whatever rules say of it, of what is in it or around it.
    Keep,
    /// A rule drops it, but for what is to be kept in it.
    Drop,
    /// The caller removes it, with all that is in it.
    Remove,
}

impl RegionAction {
    /// With its reason; `None` for what only `/v1/normalize` does.
    fn of(hit: RuleMatch) -> Option<(Self, RemovalReason)> {
        match hit {
            RuleMatch::Remove => Some((RegionAction::Remove, RemovalReason::Caller)),
            RuleMatch::Keep => Some((RegionAction::Keep, RemovalReason::Caller)),
            RuleMatch::KeepRule(rule) => Some((RegionAction::Keep, RemovalReason::Rule(rule))),
            RuleMatch::DropRule(rule) => Some((RegionAction::Drop, RemovalReason::Rule(rule))),
            RuleMatch::RestRule(_) | RuleMatch::UnwrapRule(_) | RuleMatch::TakeRule(_) => None,
        }
    }
}

/// An open element that was hit.
#[derive(Debug)]
struct OpenRegion {
    id: u32,
    tag: Tag,
    wish: RegionAction,
    /// Where it begins in what is held.
    from: usize,
    /// The same in the document.
    start: usize,
    reason: RemovalReason,
    /// Its name, if removals are recorded.
    name: Option<Box<str>>,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct RegionBuffer {
    /// What may go out.
    pub(crate) ready: Vec<u8>,
    /// What waits: it begins with the first byte whose fate is open, so it is empty while nothing is.
    held: Vec<u8>,
    /// What of `held` no rule can drop: disjoint, ascending, none touching the next.
    kept: Vec<Range<usize>>,
    /// In the order in which they opened.
    open: Vec<OpenRegion>,
    /// How many of `open` wish for what.
    keeps: usize,
    drops: usize,
    removes: usize,
    /// The byte of the document that comes next.
    at: usize,
    /// If removals are recorded.
    removals: Option<RemovalRecorder>,
}

impl RegionBuffer {
    /// From here on what goes is noted.
    pub(crate) fn note_losses(&mut self) {
        self.removals = Some(RemovalRecorder::default());
    }

    /// Whether it is.
    pub(crate) fn notes_losses(&self) -> bool {
        self.removals.is_some()
    }

    /// What is known to have gone, since the last time.
    pub(crate) fn take_losses(&mut self) -> Vec<RemovedRegion> {
        self.removals.as_mut().map(RemovalRecorder::take).unwrap_or_default()
    }

    /// The rewriter has removed the next bytes.
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Why it removes the bytes of this range.
    pub(crate) fn lost(&mut self, range: Range<usize>, reason: RemovalReason, tag: Option<Box<str>>) {
        if let Some(removals) = &mut self.removals {
            removals.add(RemovedRegion { reason, tag, range });
        }
        self.tell_losses();
    }

    /// Tells removals that nothing around them can take in any more.
    fn tell_losses(&mut self) {
        if let Some(removals) = self.removals.as_mut().filter(|_| self.drops + self.removes == 0) {
            removals.tell();
        }
    }

    /// Whether what rules drop here is dropped.
    pub(crate) fn obeys_rules(&self) -> bool {
        self.keeps == 0
    }

    /// Whether an element with this wish goes where it stands.
    pub(crate) fn drops(&self, wish: RegionAction) -> bool {
        match wish {
            RegionAction::Keep => false,
            RegionAction::Drop => self.obeys_rules(),
            RegionAction::Remove => true,
        }
    }

    /// The next bytes of the document.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let at = self.at;
        self.at += bytes.len();
        let uncertain = self.removes > 0 || (self.drops > 0 && self.keeps == 0);
        if !uncertain && self.held.is_empty() {
            self.ready.extend_from_slice(bytes);
            return;
        }
        let from = self.held.len();
        if let Some(removals) = self.removals.as_mut().filter(|_| !bytes.is_empty()) {
            removals.hold(from, at);
        }
        self.held.extend_from_slice(bytes);
        if self.keeps > 0 {
            keep(&mut self.kept, from..self.held.len());
        }
        while self.held.len() > HELD_BYTES && self.give_up() {}
    }

    /// An element that was hit begins here.
    pub(crate) fn opened(
        &mut self,
        id: u32,
        tag: Tag,
        wish: RegionAction,
        reason: RemovalReason,
        name: Option<Box<str>>,
    ) {
        *self.count(wish) += 1;
        self.open.push(OpenRegion {
            id,
            tag,
            wish,
            from: self.held.len(),
            start: self.at,
            reason,
            name,
        });
    }

    /// An element that was hit has ended here.
    pub(crate) fn closed(&mut self, id: u32, end: Ended) {
        let Some(position) = self.open.iter().rposition(|open| open.id == id) else {
            return; // it was released
        };
        let gone = self.open.remove(position);
        let (wish, from) = (gone.wish, gone.from);
        *self.count(wish) -= 1;
        match wish {
            _ if !end.is_sure(gone.tag) => {}
            RegionAction::Keep => {}
            RegionAction::Drop => self.cut(gone),
            RegionAction::Remove => {
                if let Some(removals) = &mut self.removals {
                    let places = removals.places(from..self.held.len());
                    removals.add_region(gone.start, places, gone.reason, gone.name);
                    removals.truncate(from);
                }
                self.kept.retain_mut(|range| {
                    range.end = range.end.min(from);
                    range.start < range.end
                });
                self.held.truncate(from);
                // Whatever opened inside and is still open goes on behind it.
                for open in &mut self.open {
                    open.from = open.from.min(from);
                    open.start = if open.start > gone.start { self.at } else { open.start };
                }
            }
        }
        self.let_out();
        self.tell_losses();
    }

    /// The document is over: what still waits passes.
    pub(crate) fn finish(&mut self) {
        self.open.clear();
        (self.keeps, self.drops, self.removes) = (0, 0, 0);
        self.let_out();
        self.tell_losses();
    }

    fn count(&mut self, wish: RegionAction) -> &mut usize {
        match wish {
            RegionAction::Keep => &mut self.keeps,
            RegionAction::Drop => &mut self.drops,
            RegionAction::Remove => &mut self.removes,
        }
    }

    /// Cuts out what is held of a region, but for what is to be kept.
    fn cut(&mut self, gone: OpenRegion) {
        let from = gone.from;
        let first = self.kept.partition_point(|range| range.end <= from);
        let stays = self.kept.split_off(first);
        self.note_cut(gone, &stays);
        for open in self.open.iter_mut().filter(|open| open.from > from) {
            let before = stays
                .iter()
                .map(|range| range.start.max(from)..range.end.min(open.from));
            open.from = from + before.map(|range| range.len()).sum::<usize>();
        }
        let mut length = from;
        for range in stays {
            let start = range.start.max(from);
            self.held.copy_within(start..range.end, length);
            // What was kept before `from` and what is kept behind it may touch now.
            keep(&mut self.kept, range.start.min(length)..length + (range.end - start));
            length += range.end - start;
        }
        self.held.truncate(length);
    }

    /// Notes what a region loses, all but these bytes of what is held.
    fn note_cut(&mut self, gone: OpenRegion, stays: &[Range<usize>]) {
        let Some(removals) = &mut self.removals else { return };
        let (mut lost, mut stayed) = (Vec::new(), Vec::new());
        let mut at = gone.from;
        for range in stays {
            let start = range.start.max(gone.from);
            lost.extend(removals.places(at..start));
            stayed.extend(removals.places(start..range.end));
            at = range.end;
        }
        lost.extend(removals.places(at..self.held.len()));
        removals.truncate(gone.from);
        let mut held = gone.from;
        for place in stayed {
            removals.hold(held, place.start);
            held += place.len();
        }
        removals.add_region(gone.start, lost, gone.reason, gone.name);
        for open in self.open.iter_mut().filter(|open| open.start > gone.start) {
            open.start = self.at;
        }
    }

    /// Too much is held: the outermost region that holds it passes. The answer is whether there was one.
    fn give_up(&mut self) -> bool {
        // What is kept waits for the end of a `remove=` alone.
        let kept = self.kept.first().is_some_and(|range| range.start == 0);
        let holds = |open: &OpenRegion| open.wish == RegionAction::Remove || (open.wish == RegionAction::Drop && !kept);
        let Some(outermost) = self.open.iter().position(holds) else {
            return false;
        };
        let OpenRegion { wish, .. } = self.open.remove(outermost);
        *self.count(wish) -= 1;
        self.let_out();
        self.tell_losses();
        true
    }

    /// Lets out the beginning of what is held, as far as nothing can drop it any more.
    fn let_out(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let first = |wish: RegionAction| self.open.iter().find(|open| open.wish == wish).map(|open| open.from);
        let length = self.held.len();
        let remove = first(RegionAction::Remove).unwrap_or(length);
        let mut sure = first(RegionAction::Drop).unwrap_or(length);
        // Behind the beginning of a region that a rule drops only what is kept is sure, up to its first gap.
        if let Some(range) = self.kept.iter().find(|range| range.start <= sure && sure < range.end) {
            sure = range.end;
        }
        let sure = sure.min(remove);
        if sure == 0 {
            return;
        }
        self.ready.extend(self.held.drain(..sure));
        if let Some(removals) = &mut self.removals {
            removals.let_out(sure);
        }
        self.kept.retain_mut(|range| {
            *range = range.start.saturating_sub(sure)..range.end.saturating_sub(sure);
            range.start < range.end
        });
        for open in &mut self.open {
            open.from = open.from.saturating_sub(sure);
        }
    }
}

/// Adds a range behind all others.
fn keep(kept: &mut Vec<Range<usize>>, range: Range<usize>) {
    match kept.last_mut() {
        Some(last) if last.end >= range.start => last.end = range.end,
        _ if range.is_empty() => {}
        _ => kept.push(range),
    }
}
