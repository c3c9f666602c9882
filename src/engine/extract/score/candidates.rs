//! Which element holds most of the article: the method of Readability (Arc90; Mozilla's Readability.js).
//!
//! Paragraphs give points to the elements around them, links take away from them, names and tags add their hint. The best
//! element is no selection: it is one of the things that the features of a block are measured against.

use super::{
    blocks::{Block, Totals},
    names::ElementNames,
    signals::{self, SignalSet},
};
use crate::engine::{
    document::{Document, NONE},
    html::tags::Tag,
};

/// The weight of a paragraph that counts as one (Readability: 25 characters).
const PARAGRAPH: f32 = 25.0;
/// The weight that gives a paragraph one more point, up to [`LONG`] of them.
const HUNDRED: f32 = 100.0;
/// Points that length alone can give a paragraph.
const LONG: f32 = 3.0;
/// Levels of elements above a paragraph that get a share of its points.
const LEVELS: usize = 5;
/// Points for a class or id that names an article, or furniture.
const NAME: f32 = 25.0;
/// The share of the winner's worth from which on the element around it is the article too.
const CLIMB: f32 = 0.75;
/// How much more text than its child an element may hold that is only a wrapper around it.
const WRAPPER: f32 = 1.02;

/// The elements that may hold the article.
#[derive(Debug)]
pub(crate) struct ArticleCandidates {
    /// Points of each element, before its links are taken away; `None` for those that got none.
    points: Vec<Option<f32>>,
    /// The best, or [`NONE`].
    pub(crate) winner: u32,
}

impl ArticleCandidates {
    pub(crate) fn find<'s>(
        document: &Document<'s>,
        names: &ElementNames<'_, 's>,
        blocks: &[Block],
        sums: &[Totals],
    ) -> Self {
        let all: f32 = blocks.iter().map(|block| block.weight).sum();
        let mut unlikely = UnlikelyElements {
            document,
            names,
            sums,
            all,
            known: vec![None; document.elements.len()],
        };
        let mut points = vec![None; document.elements.len()];
        for block in blocks {
            let Some(element) = document.elements.get(document.block_of(block.element) as usize) else {
                continue;
            };
            let own = document.block_of(block.element);
            if block.weight < PARAGRAPH || unlikely.is(own) || !element.seen {
                continue;
            }
            let marks = f32::from(block.commas);
            let gain = (1.0 + marks + (block.weight / HUNDRED).min(LONG)) * (1.0 - block.link_density());
            // A block with text of its own and blocks inside it is a candidate itself: bare text parted by line breaks.
            let mut at = if element.tag == Tag::P || element.tag.is_heading() {
                element.parent
            } else {
                own
            };
            for level in 0..LEVELS {
                if at == NONE || document.elements[at as usize].tag == Tag::HTML {
                    break;
                }
                let share = match level {
                    0 => 1.0,
                    1 => 2.0,
                    _ => level as f32 * 3.0,
                };
                *points[at as usize].get_or_insert(0.0) += gain / share;
                at = document.elements[at as usize].parent;
            }
        }
        for (i, points) in points.iter_mut().enumerate() {
            if let Some(points) = points {
                *points += bonus(document.elements[i].tag, names.get(i as u32).kinds);
            }
        }
        let mut candidates = ArticleCandidates { points, winner: NONE };
        candidates.winner = candidates.best(document, sums);
        candidates
    }

    /// Points of an element after its links were taken away.
    pub(crate) fn worth(&self, element: u32, sums: &[Totals]) -> Option<f32> {
        let points = (*self.points.get(element as usize)?)?;
        Some(points * (1.0 - sums[element as usize].link_density()))
    }

    /// The elements with the most points, the best first.
    pub(crate) fn top(&self, count: usize, sums: &[Totals]) -> Vec<(u32, f32)> {
        let worths = (0..self.points.len() as u32).filter_map(|i| Some((i, self.worth(i, sums)?)));
        let mut top: Vec<_> = worths.collect();
        top.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        top.truncate(count);
        top
    }

    fn best(&self, document: &Document<'_>, sums: &[Totals]) -> u32 {
        let Some(&(mut winner, _)) = self.top(1, sums).first() else {
            return NONE;
        };
        // Several good blocks of one parent are one article: climb while the parent is nearly as good.
        loop {
            let parent = document.elements[winner as usize].parent;
            if parent == NONE || matches!(document.elements[parent as usize].tag, Tag::BODY | Tag::HTML) {
                return winner;
            }
            let only_child = sums[parent as usize].weight <= sums[winner as usize].weight * WRAPPER;
            let nearly_as_good = match (self.worth(winner, sums), self.worth(parent, sums)) {
                (Some(mine), Some(above)) => above > mine * CLIMB,
                _ => false,
            };
            if !only_child && !nearly_as_good {
                return winner;
            }
            winner = parent;
        }
    }
}

/// What an element's tag and names say before its text is looked at.
fn bonus(tag: Tag, own: SignalSet) -> f32 {
    let by_tag = match tag {
        Tag::ARTICLE | Tag::MAIN => NAME,
        Tag::DIV | Tag::SECTION => 5.0,
        Tag::PRE | Tag::TD | Tag::BLOCKQUOTE => 3.0,
        Tag::ADDRESS | Tag::OL | Tag::UL | Tag::DL | Tag::DD | Tag::DT | Tag::LI | Tag::FORM => -3.0,
        Tag::H1 | Tag::H2 | Tag::H3 | Tag::H4 | Tag::H5 | Tag::H6 | Tag::TH => -5.0,
        _ => 0.0,
    };
    let is = |kinds| if own & kinds != 0 { NAME } else { 0.0 };
    by_tag + is(signals::BODY) - is(signals::FURNITURE)
}

/// Which elements are or stand in furniture that hardly holds an article: found out for those that text stands in.
struct UnlikelyElements<'p, 's> {
    document: &'p Document<'s>,
    names: &'p ElementNames<'p, 's>,
    sums: &'p [Totals],
    /// The weight of all blocks.
    all: f32,
    known: Vec<Option<bool>>,
}

impl UnlikelyElements<'_, '_> {
    fn is(&mut self, element: u32) -> bool {
        // Up to where it is known, or the top; then all that was passed is known too.
        let mut at = element;
        let mut is = false;
        while let Some(e) = self.document.elements.get(at as usize) {
            is = match self.known[at as usize] {
                Some(known) => known,
                None => self.is_furniture(at),
            };
            if is || self.known[at as usize].is_some() {
                break;
            }
            at = e.parent;
        }
        let top = at;
        at = element;
        while at != top {
            self.known[at as usize] = Some(is);
            at = self.document.elements[at as usize].parent;
        }
        if let Some(known) = self.known.get_mut(top as usize) {
            *known = Some(is);
        }
        is
    }

    fn is_furniture(&self, element: u32) -> bool {
        let tag = self.document.elements[element as usize].tag;
        let by_tag = matches!(tag, Tag::NAV | Tag::FOOTER | Tag::ASIDE | Tag::MENU | Tag::DIALOG);
        let may_be = tag.is_block() && !matches!(tag, Tag::HTML | Tag::BODY | Tag::ARTICLE | Tag::MAIN);
        // A name on a block with most of the page's text is no evidence: bodies are called `gdpr-article`.
        if !may_be || self.sums[element as usize].weight * 2.0 > self.all {
            return false;
        }
        let kinds = self.names.get(element).kinds;
        by_tag || (kinds & signals::FURNITURE != 0 && kinds & signals::BODY == 0)
    }
}
