//! Which part of a page is the article: a pure function from the [`Document`] to the ranges that stay.
//!
//! Rules alone cannot find an article on an unknown page, so whole pages are scored. The page's text is parted into
//! [`blocks`]; each block's [`features`] (its own text, the names of what it stands in, the group and the section that it is a
//! part of, its place against the element with most of the text, its neighbours, the [`page_kind`]) go into a [`model`] of
//! small decision trees, which says how likely the block is to be of the article. By that the `decision` is made, of lists, tables and other groups
//! as a whole. What is likely stays, with the pictures between; the largest elements that hold nothing of it go.
//! Lengths count visible characters, a wide (CJK) one for two and a half, since it says about as much as half a short
//! word: nothing here assumes a script with spaces.

mod ancestors;
pub mod blocks;
mod candidates;
mod consent;
mod context;
mod decision;
pub mod features;
mod groups;
mod head;
pub mod model;
pub(crate) mod names;
pub mod page_kind;
mod rejection;
pub(crate) mod signals;

use std::ops::Range;

use super::reason::{RejectionReason, ScoreReason};
use super::units::Units;
use crate::engine::{
    document::{Document, NONE},
    extract::page_kind::PageKind,
    html::tags::Tag,
    ranges,
};
use blocks::{Block, Totals};
use candidates::ArticleCandidates;
use context::PageContext;
use model::{FeatureBatch, Model, ROOM, Row};
use names::ElementNames;
use page_kind::{FeatureMeans, KindProbabilities};

/// How much doubt the score gives to a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Rather lose a paragraph than keep a menu.
    Precision,
    /// The best balance of the two.
    #[default]
    Balanced,
    /// Rather keep a menu than lose a paragraph.
    Recall,
}

impl Mode {
    /// The probability from which on a block stays.
    fn threshold(self) -> f32 {
        match self {
            Mode::Precision => 0.7,
            Mode::Balanced => 0.45,
            Mode::Recall => 0.25,
        }
    }
}

/// Where no block is likely, those at least this share as likely as the best one stay: an answer is never empty for want
/// of certainty.
const NEARLY_AS_LIKELY: f32 = 0.6;
/// Blocks from which a page has enough of them to distinguish them. A page of fewer has little furniture, and
/// the fewer they are, the more likely a doubtful one is text.
const ENOUGH_BLOCKS: f32 = 24.0;
/// The least share of a mode's threshold.
const LEAST_CERTAINTY: f32 = 0.3;
/// The F1 that is expected of a text that a page gives as its article.
const FOUND_WHOLE: f32 = 0.9;
/// Blocks that show what kind of page it is: the first of those that the model is asked about.
const SAMPLE: usize = 512;
/// The share of the kept text that the article's main element holds. What shows no text stays inside it.
const MAIN_SHARE: f32 = 0.5;
/// Candidates that `explain` lists.
const TOLD: usize = 5;

/// What the score made of a document.
#[derive(Debug, Clone, Default)]
pub struct Ranking {
    /// What it would keep: disjoint, ascending.
    pub ranges: Vec<Range<usize>>,
    /// From the first text that it would keep of the article's main element to the last; empty for what is an article already.
    pub inside: Range<usize>,
    /// How likely it is that this is an article, and that what stays is its text; 0 to 1. For what is an article already, how
    /// much text it has.
    pub quality: f32,
    /// How much text stays, and how little of it is links; 0 to 1.
    pub substance: f32,
    /// How likely the page is of each kind; nothing for what is an article already, or has no text.
    pub kinds: Option<KindProbabilities>,
    /// What speaks against an article: a list of others, a demand to subscribe.
    pub rejections: Vec<RejectionReason>,
    /// The best elements, the best first.
    pub candidates: Vec<Candidate>,
    /// The probability from which on a block stayed.
    pub threshold: f32,
    /// Every block that it looked at.
    pub blocks: Vec<ScoredBlock>,
}

/// A block and how likely it is to be of the article.
#[derive(Debug, Clone)]
pub struct ScoredBlock {
    /// Bytes of the source, from the first of its text to the last.
    pub range: Range<usize>,
    /// 0 to 1; 0 as well for links among links, about which the model is not asked.
    pub probability: f32,
    /// Whether it stays.
    pub kept: bool,
}

/// An element that might have been the article, with its figures.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its name.
    pub tag: String,
    /// Its id.
    pub id: Option<String>,
    /// Its class attribute.
    pub class: Option<String>,
    /// Points after its links were taken away.
    pub points: f32,
    /// Visible characters.
    pub characters: u32,
    /// Linked characters by characters, weighted.
    pub link_density: f32,
    /// Whether it is the one that the blocks were measured against.
    pub chosen: bool,
}

impl Ranking {
    /// For what is the article already: all of it stays, and only its quality is judged.
    pub fn of_everything(document: &Document<'_>) -> Self {
        let runs = document.runs.iter().enumerate();
        let (text, linked) = runs.fold((0.0, 0.0), |(text, linked), (i, run)| {
            let wide = document
                .run_text(i as u32)
                .chars()
                .filter(|c| blocks::is_wide(*c))
                .count();
            let weight = blocks::weight(run.characters, wide as u32);
            (text + weight, linked + if run.linked { weight } else { 0.0 })
        });
        Ranking {
            ranges: std::iter::once(0..document.source.len()).collect(),
            quality: substance(text, linked),
            substance: substance(text, linked),
            ..Ranking::default()
        }
    }
}

impl Ranking {
    /// Keeps these bytes and nothing else: an article that was found outside of the blocks.
    pub fn keep_only(&mut self, document: &Document<'_>, range: &Range<usize>) {
        let text = ranges::visible_between(document, range) as f32;
        self.ranges = vec![range.clone()];
        self.inside = 0..0;
        self.substance = substance(text, 0.0);
        self.quality = self
            .kinds
            .map_or(self.substance, |kinds| page_kind::quality(&kinds, FOUND_WHOLE));
        self.rejections.clear();
    }
}

/// Finds the article of a page. `address` is the one that it was fetched from, if that is known.
pub fn choose(document: &Document<'_>, units: &Units, address: Option<&str>, mode: Mode) -> Ranking {
    choose_by(Model::of_blocks(), Model::of_pages(), document, units, address, mode)
}

/// The same by other models than those that are compiled in: what a fit is measured with.
pub fn choose_by(
    of_blocks: &Model,
    of_pages: &Model,
    document: &Document<'_>,
    units: &Units,
    address: Option<&str>,
    mode: Mode,
) -> Ranking {
    let reading = BlockReader::new(document);
    if reading.blocks.is_empty() {
        return Ranking::of_everything(document);
    }
    let page = reading.page(document, units);
    let mut likely = vec![0.0; reading.blocks.len()];
    let mut batch = of_blocks.ask();
    // The first blocks wait until they have shown what kind of page it is.
    let mut sample = FirstBlocks::default();
    let mut kinds: Option<KindProbabilities> = None;
    page.features(|i, row| match &kinds {
        Some(kinds) => batch.add(i, row, kinds, &mut likely),
        None => {
            sample.add(i, row);
            if sample.blocks.len() == SAMPLE {
                kinds = Some(sample.show(of_pages, document, &reading.blocks, address, &mut batch, &mut likely));
            }
        }
    });
    let kinds =
        kinds.unwrap_or_else(|| sample.show(of_pages, document, &reading.blocks, address, &mut batch, &mut likely));
    batch.end(&mut likely);
    let best = likely.iter().copied().fold(0.0, f32::max);
    let certainty = (reading.blocks.len() as f32 / ENOUGH_BLOCKS).clamp(LEAST_CERTAINTY, 1.0);
    let threshold = (mode.threshold() * page_kind::strictness(&kinds) * certainty).min(best * NEARLY_AS_LIKELY);
    consent::leave_out(document, &reading.blocks, &mut likely, threshold);
    let mut kept = decision::decide(&page, &likely, threshold);
    captions_follow(document, &reading.blocks, &mut kept);
    // The title has its own field, and is not repeated where the text begins.
    let begins = (0..kept.len()).find(|i| kept[*i] && !page.is_title(*i)).unwrap_or(0);
    for (i, kept) in kept.iter_mut().enumerate().take(begins) {
        *kept &= !page.is_title(i);
    }
    let kept_blocks = || {
        reading
            .blocks
            .iter()
            .zip(&kept)
            .filter(|(_, kept)| **kept)
            .map(|(block, _)| block)
    };
    let (text, linked) = kept_blocks().fold((0.0, 0.0), |sum, block| (sum.0 + block.weight, sum.1 + block.linked));
    let (ranges, inside) = ranges(document, &reading, &kept);
    Ranking {
        ranges,
        inside,
        quality: page_kind::quality(&kinds, expected_f1(&reading.blocks, &likely, &kept)),
        substance: substance(text, linked) * best,
        kinds: Some(kinds),
        rejections: rejection::find(document, &reading.names, &reading.blocks, &reading.sums, &kept),
        candidates: reading.tell(document),
        threshold,
        blocks: (reading.blocks.iter().zip(likely).zip(kept))
            .map(|((block, probability), kept)| ScoredBlock {
                range: span(document, block),
                probability,
                kept,
            })
            .collect(),
    }
}

/// Calls `take` with the number, the block and the features of each block that the model is asked about, but for the kind of
/// the page. Returns the figures by which that is found.
pub fn each_block(
    document: &Document<'_>,
    units: &Units,
    address: Option<&str>,
    mut take: impl FnMut(usize, &Block, &[f32]),
) -> Row {
    let reading = BlockReader::new(document);
    let count = features::names().len() - PageKind::ALL.len();
    let (mut means, mut asked) = (FeatureMeans::default(), 0);
    reading.page(document, units).features(|i, row| {
        if asked < SAMPLE {
            means.add(row);
        }
        asked += 1;
        take(i, &reading.blocks[i], &row[..count]);
    });
    page_kind::figures(document, &means, &reading.blocks, address)
}

/// The first blocks of a page, which show what kind of page it is before any is asked about.
#[derive(Default)]
struct FirstBlocks {
    blocks: Vec<usize>,
    rows: Vec<f32>,
    means: FeatureMeans,
}

impl FirstBlocks {
    fn add(&mut self, block: usize, row: &Row) {
        self.blocks.push(block);
        self.rows.extend_from_slice(row);
        self.means.add(row);
    }

    /// Finds the kind, and asks about the blocks that waited for it.
    fn show(
        &self,
        of_pages: &Model,
        document: &Document<'_>,
        blocks: &[Block],
        address: Option<&str>,
        batch: &mut FeatureBatch<'_>,
        likely: &mut [f32],
    ) -> KindProbabilities {
        let figures = page_kind::figures(document, &self.means, blocks, address);
        let kinds = page_kind::shares(of_pages, &figures);
        for (block, row) in self.blocks.iter().zip(self.rows.chunks(ROOM)) {
            batch.add(*block, row, &kinds, likely);
        }
        kinds
    }
}

/// A page read in blocks.
struct BlockReader<'o, 's> {
    names: ElementNames<'o, 's>,
    /// The elements that hold the comments of readers, which no block is from.
    comments: Vec<u32>,
    blocks: Vec<Block>,
    sums: Vec<Totals>,
    candidates: ArticleCandidates,
}

impl<'o, 's> BlockReader<'o, 's> {
    fn new(document: &'o Document<'s>) -> Self {
        let names = ElementNames::new(document);
        let comments = names.comments();
        let blocks = blocks::read(document, &comments);
        let sums = blocks::sum(document, &blocks);
        let candidates = ArticleCandidates::find(document, &names, &blocks, &sums);
        BlockReader {
            names,
            comments,
            blocks,
            sums,
            candidates,
        }
    }

    fn page(&'o self, document: &'o Document<'s>, units: &Units) -> PageContext<'o, 's> {
        PageContext::new(document, units, &self.names, &self.blocks, &self.sums, &self.candidates)
    }

    fn tell(&self, document: &Document<'_>) -> Vec<Candidate> {
        let candidate = |(i, points): (u32, f32)| Candidate {
            tag: document.name(i).unwrap_or_default(),
            id: document.attribute(i, "id").map(str::to_owned),
            class: document.attribute(i, "class").map(str::to_owned),
            points,
            characters: document.characters(i),
            link_density: self.sums[i as usize].link_density(),
            chosen: i == self.candidates.winner,
        };
        self.candidates
            .top(TOLD, &self.sums)
            .into_iter()
            .map(candidate)
            .collect()
    }
}

/// A caption is no block of the article's text, and says nothing of itself: it stays where its picture stands in the text.
fn captions_follow(document: &Document<'_>, blocks: &[Block], kept: &mut [bool]) {
    let is_caption = |e: u32| document.elements[e as usize].tag == Tag::FIGCAPTION;
    if !(0..document.elements.len() as u32).any(is_caption) {
        return;
    }
    let nearest = names::nearest(document, is_caption);
    let caption_of = |block: &Block| nearest.get(block.element as usize).copied().unwrap_or(NONE);
    let captions: Vec<u32> = blocks.iter().map(caption_of).collect();
    let mut stays = vec![false; blocks.len()];
    let mut follow = |blocks_in_order: &mut dyn Iterator<Item = usize>| {
        // The nearest text that is no caption itself.
        let mut text = None;
        for i in blocks_in_order {
            if captions[i] == NONE {
                text = Some(i);
            } else {
                stays[i] |= text.is_some_and(|j| kept[j] && names::is_near(document, captions[i], blocks[j].first_run));
            }
        }
    };
    follow(&mut (0..blocks.len()));
    follow(&mut (0..blocks.len()).rev());
    for (i, kept) in kept.iter_mut().enumerate().filter(|(i, _)| captions[*i] != NONE) {
        *kept = stays[i];
    }
}

/// From the first byte of a block's text to the last.
fn span(document: &Document<'_>, block: &Block) -> Range<usize> {
    document.runs[block.first_run as usize].start as usize..document.runs[block.next_run as usize - 1].end as usize
}

/// The ranges that hold the kept blocks and what stands between them, without the elements that hold only others; and from
/// the first kept text of the main element to the last.
fn ranges(document: &Document<'_>, reading: &BlockReader<'_, '_>, kept: &[bool]) -> (Vec<Range<usize>>, Range<usize>) {
    // Kept blocks before each block, by number and by weight.
    let mut before = Vec::with_capacity(kept.len() + 1);
    let (mut count, mut weight) = (0u32, 0.0f32);
    for (block, kept) in reading.blocks.iter().zip(kept) {
        before.push((count, weight));
        count += u32::from(*kept);
        weight += if *kept { block.weight } else { 0.0 };
    }
    before.push((count, weight));
    let within = |element: usize| {
        let sums = &reading.sums[element];
        let (from, to) = (before[sums.first as usize], before[(sums.first + sums.blocks) as usize]);
        (to.0 - from.0, to.1 - from.1)
    };
    let holds = |i: usize, share: f32| reading.sums[i].blocks > 0 && within(i).1 >= weight * share;
    // Elements are in document order, so the last one is the deepest of those that hold so much.
    let main = (0..document.elements.len()).rev().find(|i| holds(*i, MAIN_SHARE));
    let (Some(first), Some(last)) = (kept.iter().position(|k| *k), kept.iter().rposition(|k| *k)) else {
        return (Vec::new(), 0..0);
    };
    let (from, to) = main.map_or((0, kept.len()), |main| reading.sums[main].span());
    let in_main = || {
        (from..to)
            .filter(|i| kept[*i])
            .map(|i| span(document, &reading.blocks[i]))
    };
    let inside = in_main().next().map_or(0, |first| first.start)..in_main().next_back().map_or(0, |last| last.end);
    let (mut start, mut end) = (
        span(document, &reading.blocks[first]).start,
        span(document, &reading.blocks[last]).end,
    );
    // A block is kept with its own element around it: a paragraph, an item.
    for block in [first, last] {
        let mut at = reading.blocks[block].element;
        while let Some(e) = document.elements.get(at as usize) {
            let sums = &reading.sums[at as usize];
            if within(at as usize).0 < sums.blocks || matches!(e.tag, Tag::HTML | Tag::BODY) {
                break;
            }
            (start, end) = (start.min(e.start as usize), end.max(e.end as usize));
            at = e.parent;
        }
    }
    if let Some(main) = main
        .map(|i| &document.elements[i])
        .filter(|e| !matches!(e.tag, Tag::HTML | Tag::BODY))
    {
        (start, end) = (start.min(main.start as usize), end.max(main.end as usize));
    }
    let element_span =
        |i: u32| document.elements[i as usize].start as usize..document.elements[i as usize].end as usize;
    let mut gone: Vec<Range<usize>> = reading.comments.iter().copied().map(element_span).collect();
    let mut i = 0;
    while i < document.elements.len() {
        if reading.sums[i].blocks > 0 && within(i).0 == 0 {
            gone.push(element_span(i as u32));
            i = document.elements[i].next.max(i as u32 + 1) as usize;
        } else {
            i += 1;
        }
    }
    let lost = reading.blocks.iter().zip(kept).filter(|(_, kept)| !**kept);
    gone.extend(lost.map(|(block, _)| span(document, block)));
    let gone = ranges::union(gone);
    (ranges::subtract(std::slice::from_ref(&(start..end)), &gone), inside)
}

/// The F1 that is expected of the text that stays, by how likely each block is to be of the article.
fn expected_f1(blocks: &[Block], likely: &[f32], kept: &[bool]) -> f32 {
    let (mut right, mut of_article, mut stays) = (0.0, 0.0, 0.0);
    for ((block, p), kept) in blocks.iter().zip(likely).zip(kept) {
        of_article += block.weight * p;
        if *kept {
            right += block.weight * p;
            stays += block.weight;
        }
    }
    2.0 * right / (of_article + stays).max(f32::MIN_POSITIVE)
}

/// How much a text of this weight, with so much of it linked, is like an article, 0 to 1.
fn substance(text: f32, linked: f32) -> f32 {
    (text / 1000.0).min(1.0) * (1.0 - linked / text.max(1.0))
}

/// What an element outside the article is called in the list of removals.
pub fn reason_outside(document: &Document<'_>, element: u32) -> ScoreReason {
    let named = |value: Option<&str>| value.map_or(0, |value| signals::of_name(value.as_bytes()));
    let kinds = named(document.attribute(element, "class")) | named(document.attribute(element, "id"));
    match document.elements[element as usize].tag {
        Tag::NAV | Tag::MENU => ScoreReason::Navigation,
        Tag::FORM => ScoreReason::Form,
        Tag::H1 => ScoreReason::Title,
        _ if kinds & signals::COMMENT != 0 => ScoreReason::Comments,
        _ if kinds & signals::RELATED != 0 => ScoreReason::Related,
        _ if document.linked_characters(element) * 2 > document.characters(element) => ScoreReason::Navigation,
        _ => ScoreReason::Outside,
    }
}
