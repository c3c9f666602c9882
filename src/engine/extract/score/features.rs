//! What can be said of each block of a page in figures: its own text, what it stands in, what stands around it.
//!
//! All of them are shares, logarithms and counts of steps, so that a long page and a short one, and a script with spaces
//! and one without, look alike. [`names`] lists them in the order in which `PageContext::features` writes them.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{
    ancestors::{self, AncestorPath, BOXES},
    blocks::{Block, Totals, ln},
    candidates::ArticleCandidates,
    context::{FAR, FeatureWriter, PageContext, STEPS},
    groups::BlockGroups,
    head::HeadText,
    model::{ROOM, Row},
    names::{ElementNames, PLACES},
    signals::{self, NAME_KINDS, WORD_KINDS},
};
use crate::{
    engine::{
        document::{Document, NONE},
        extract::{page_kind::PageKind, units::Units},
        html::tags::Tag,
    },
    steps,
};

/// The weight up to which a block's words are looked at.
const SHORT: f32 = 260.0;
/// The weight up to which a block may be the page's title or description.
const MIDDLE: f32 = 800.0;

/// The share of links from which on a block may be hopeless.
const HOPELESS_DENSITY: f32 = 0.9;
/// Blocks to the nearest good one from which on it is.
const HOPELESS_DISTANCE: usize = 2;
/// "None" for a distance that is counted in blocks.
const NOWHERE: f32 = 99.0;

/// How many of them are about a block's own text, without its words.
pub(crate) const OWN: usize = 24;

/// The names of the features, in order.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |more: &[&str]| names.extend(more.iter().map(|name| (*name).to_owned()));
    add(&[
        "weight",
        "links",
        "density",
        "commas",
        "stops",
        "words",
        "word length",
        "digits",
        "capitals",
        "dividers",
        "wide",
        "ends",
        "begins small",
        "good",
        "repeats",
        "is title",
        "is description",
        "level",
        "heading",
        "item",
        "paragraph",
        "cell",
        "box",
        "term",
    ]);
    let words: Vec<&str> = (0..WORD_KINDS).map(signals::word_kind).collect();
    let kinds: Vec<&str> = (0..NAME_KINDS).map(signals::name_kind).collect();
    names.extend(words.iter().map(|kind| format!("says {kind}")));
    names.extend(words.iter().map(|kind| format!("begins with {kind}")));
    names.extend(kinds.iter().map(|kind| format!("steps to {kind}")));
    names.extend(kinds.iter().map(|kind| format!("share of {kind}")));
    names.extend(PLACES.iter().map(|(place, _)| format!("steps to <{place}>")));
    names.extend(
        [
            "steps to hidden",
            "siblings",
            "steps to siblings",
            "siblings good",
            "siblings mean",
        ]
        .map(str::to_owned),
    );
    for level in 1..=BOXES {
        names.extend(
            ["weight", "density", "good", "blocks", "mean", "place", "good share"]
                .map(|what| format!("box {level} {what}")),
        );
    }
    let mut add = |more: &[&str]| names.extend(more.iter().map(|name| (*name).to_owned()));
    add(&[
        "page good",
        "page blocks",
        "place",
        "winner good",
        "winner level",
        "in winner",
        "climb to winner",
        "before text",
        "after text",
        "good before",
        "distance to good",
        "gap before",
        "gap after",
        "climb before",
        "climb after",
        "same before",
        "same after",
        "kin",
        "kin weight",
        "kin density",
        "kin good",
        "under heading",
        "heading says related",
        "heading says comment",
        "heading says other",
        "climb to heading",
        "after title",
    ]);
    for near in ["-2", "-1", "+1", "+2"] {
        names.extend(["weight", "density", "heading", "good", "climb", "kin"].map(|what| format!("{near} {what}")));
    }
    names.extend(BlockGroups::FEATURES.map(str::to_owned));
    names.extend(PageKind::ALL.map(|kind| format!("page is {}", kind.as_str())));
    names
}

impl<'o, 's> PageContext<'o, 's> {
    pub(crate) fn new(
        document: &'o Document<'s>,
        units: &Units,
        names: &'o ElementNames<'o, 's>,
        blocks: &'o [Block],
        sums: &'o [Totals],
        candidates: &ArticleCandidates,
    ) -> Self {
        let tags: Vec<Tag> = blocks.iter().map(|block| tag(document, block)).collect();
        let mut page = PageContext {
            groups: BlockGroups::find(document, units, blocks, sums, &tags),
            document,
            names,
            blocks,
            sums,
            winner: candidates.winner,
            good: blocks
                .iter()
                .filter(|b| b.is_good())
                .map(|b| b.weight)
                .sum::<f32>()
                .max(1.0),
            span: (0, 0),
            tags,
            weights: blocks.iter().map(|block| ln(block.weight)).collect(),
            signatures: Vec::with_capacity(blocks.len()),
            kin: HashMap::default(),
            repeats: HashMap::with_capacity_and_hasher(blocks.len(), RandomState::default()),
            siblings: HashMap::default(),
            words: Vec::with_capacity(blocks.len()),
            titles: Vec::with_capacity(blocks.len()),
            hopeless: Vec::new(),
            before: nearest_good(blocks.iter().enumerate()),
            after: nearest_good(blocks.iter().enumerate().rev()),
        };
        page.after.reverse();
        let mut good = (0..blocks.len()).filter(|i| blocks[*i].is_good() && page.is_in_winner(*i));
        let first = good.next().unwrap_or(0);
        page.span = (first, good.next_back().unwrap_or(first));
        page.hopeless = (0..blocks.len()).map(|i| page.is_hopeless(i)).collect();
        for (i, element) in document.elements.iter().enumerate() {
            if sums[i].blocks == 0 || !ancestors::has_siblings(element.tag) {
                continue;
            }
            let [count, good, weight] = page
                .siblings
                .entry((element.parent, names.get(i as u32).family))
                .or_default();
            *count += 1.0;
            *good += sums[i].good;
            *weight += sums[i].weight;
        }
        let mut known = HeadText::read(document);
        let mut text = String::new();
        for (i, block) in blocks.iter().enumerate() {
            let signature = page.signature(block);
            page.signatures.push(signature);
            let [count, weight, linked, good] = page.kin.entry(signature).or_default();
            *count += 1.0;
            *weight += block.weight;
            *linked += block.linked;
            *good += if block.is_good() { block.weight } else { 0.0 };
            *page.repeats.entry(block.hash).or_default() += 1.0;
            // Nobody asks what these say, unless they are headings.
            let is_silent = page.hopeless[i] && !page.tags[i].is_heading();
            text.clear();
            if block.weight <= MIDDLE && !is_silent {
                for run in block.first_run..block.next_run {
                    text.push_str(&document.runs[run as usize].decode(document.run_text(run)));
                }
            }
            page.titles.push(known.compare(&text));
            page.words.push(match block.weight <= SHORT && !is_silent {
                true => signals::of_words(text.trim_start().as_bytes()),
                false => (0, 0),
            });
        }
        page
    }

    fn signature(&self, block: &Block) -> u64 {
        let own = self.document.block_of(block.element);
        let of = |element: u32| self.names.get(element).signature;
        let around = self.document.elements.get(own as usize).map_or(NONE, |e| e.parent);
        of(own).wrapping_mul(31).wrapping_add(of(around))
    }

    fn is_in_winner(&self, block: usize) -> bool {
        let winner = self.document.elements.get(self.winner as usize);
        winner.is_some_and(|w| (w.first_run..w.next_run).contains(&self.blocks[block].first_run))
    }

    /// A link among links, with no text near: half of the blocks of a page, and hardly ever one of the article's.
    fn is_hopeless(&self, block: usize) -> bool {
        let far = |(good, _): (usize, f32)| good == usize::MAX || good.abs_diff(block) > HOPELESS_DISTANCE;
        self.blocks[block].link_density() >= HOPELESS_DENSITY
            && far(self.before[block])
            && far(self.after[block])
            && !self.is_in_winner(block)
    }

    /// 1 to 6 for a heading, 0 for others.
    fn rank(&self, block: usize) -> f32 {
        match self.tags[block].is_heading() {
            true => 1.0 + (self.tags[block].index() - Tag::H1.index()) as f32,
            false => 0.0,
        }
    }

    /// Whether a block is a heading with the page's title.
    pub(crate) fn is_title(&self, block: usize) -> bool {
        self.titles[block].0 && self.tags[block].is_heading()
    }

    /// How far one climbs from a block's element to one that also holds the run.
    fn climb(&self, block: &Block, run: u32) -> f32 {
        let mut steps = 0.0;
        let mut at = block.element;
        while let Some(e) = self.document.elements.get(at as usize) {
            if steps >= STEPS || (e.first_run..e.next_run).contains(&run) {
                break;
            }
            at = e.parent;
            steps += 1.0;
        }
        steps
    }

    /// Calls `take` with the number and the features of each block that may be of the article; what kind of page it is comes
    /// behind them, and is not known yet.
    pub(crate) fn features(&self, mut take: impl FnMut(usize, &Row)) {
        let mut values = [0.0; ROOM];
        let mut past = PrecedingBlocks::default();
        let mut path = AncestorPath::new(self);
        let page = self.constants();
        for i in 0..self.blocks.len() {
            if self.tags[i].is_heading() {
                past.heading = Some(i);
            }
            if self.titles[i].0
                && (self.tags[i].is_heading() || past.title.is_none())
                && self.blocks[i].link_density() < 0.5
            {
                past.title = Some(i);
            }
            if self.hopeless[i] {
                continue;
            }
            steps::count(ROOM);
            let block = &self.blocks[i];
            path.go(self.document.runs[block.first_run as usize].parent);
            let mut row = FeatureWriter::new(&mut values);
            self.own(i, path.depth(block.element), &mut row);
            path.surroundings(&mut row);
            path.boxes(i, block.element, block.weight, &mut row);
            self.place(i, &page, &past, &mut row);
            for step in [-2isize, -1, 1, 2] {
                self.neighbour(i, i.checked_add_signed(step), &mut row);
            }
            row.add(&self.groups.features(self.blocks, self.sums, i));
            take(i, &values);
            past.good += if self.blocks[i].is_good() {
                self.blocks[i].weight
            } else {
                0.0
            };
        }
    }

    /// Its own text, and how deep it stands.
    fn own(&self, i: usize, depth: f32, row: &mut FeatureWriter<'_>) {
        let block = &self.blocks[i];
        let tag = self.tags[i];
        let hundredth = block.weight.max(1.0) / 100.0;
        let (says, begins) = self.words[i];
        row.add(&[
            self.weights[i],
            f32::from(block.links),
            block.link_density(),
            f32::from(block.commas) / hundredth,
            f32::from(block.stops) / hundredth,
            ln(block.words),
            block.weight / block.words.max(1.0),
            f32::from(block.digits) / hundredth,
            f32::from(block.capitals) / hundredth,
            f32::from(block.dividers) / hundredth,
            block.wide / block.weight.max(1.0),
            flag(block.ends),
            flag(block.begins_small),
            flag(block.is_good()),
            self.repeats[&block.hash],
            flag(self.titles[i].0),
            flag(self.titles[i].1),
            depth,
            self.rank(i),
            flag(tag == Tag::LI),
            flag(tag == Tag::P),
            flag(matches!(tag, Tag::TD | Tag::TH | Tag::CAPTION)),
            flag(matches!(tag, Tag::DIV | Tag::SECTION | Tag::ARTICLE | Tag::BODY)),
            flag(matches!(tag, Tag::DT | Tag::DD | Tag::SUMMARY | Tag::LEGEND)),
        ]);
        for kinds in [says, begins] {
            row.add(&std::array::from_fn::<_, WORD_KINDS, _>(|kind| {
                flag(kinds & (1 << kind) != 0)
            }));
        }
    }

    /// What is the same for all blocks: the good text, the blocks, the winner's share of the text and its depth.
    fn constants(&self) -> [f32; 4] {
        let winner = self.sums.get(self.winner as usize);
        let around = |element: &u32| self.document.elements.get(*element as usize).map(|e| e.parent);
        let path = std::iter::successors(Some(self.winner), around).take_while(|element| *element != NONE);
        let above = path.skip(1).take(STEPS as usize);
        [
            ln(self.good),
            ln(self.blocks.len() as f32),
            winner.map_or(0.0, |sums| sums.good / self.good),
            above.count() as f32,
        ]
    }

    /// Where it stands on the page.
    fn place(&self, i: usize, page: &[f32; 4], past: &PrecedingBlocks, row: &mut FeatureWriter<'_>) {
        let block = &self.blocks[i];
        let winner = self.document.elements.get(self.winner as usize);
        let is_inside = self.is_in_winner(i);
        let (before, after) = (self.good_near(i, self.before[i]), self.good_near(i, self.after[i]));
        let [kin, kin_weight, kin_linked, kin_good] = self.kin[&self.signatures[i]];
        let (distance, says, climb) = match past.heading {
            Some(heading) => (
                ((i - heading) as f32).min(NOWHERE),
                self.words[heading].0,
                self.climb(block, self.blocks[heading].first_run),
            ),
            None => (NOWHERE, 0, STEPS),
        };
        let [good, blocks, winner_good, winner_depth] = *page;
        row.add(&[
            good,
            blocks,
            i as f32 / self.blocks.len() as f32,
            winner_good,
            winner_depth,
            flag(is_inside),
            match winner {
                Some(_) if is_inside => 0.0,
                Some(winner) => self.climb(block, winner.first_run).max(1.0),
                None => STEPS,
            },
            (self.span.0 as f32 - i as f32).clamp(-1.0, 40.0),
            (i as f32 - self.span.1 as f32).clamp(-1.0, 40.0),
            past.good / self.good,
            before.distance.min(after.distance),
            before.gap,
            after.gap,
            before.climb,
            after.climb,
            before.kin,
            after.kin,
            ln(kin),
            ln(kin_weight / kin),
            kin_linked / kin_weight.max(1.0),
            kin_good / self.good,
            distance,
            flag(says & signals::SAYS_RELATED != 0),
            flag(says & signals::SAYS_COMMENT != 0),
            flag(says & !(signals::SAYS_RELATED | signals::SAYS_COMMENT) != 0),
            climb,
            past.title.map_or(-1.0, |title| ((i - title) as f32).min(60.0)),
        ]);
    }

    fn neighbour(&self, i: usize, other: Option<usize>, row: &mut FeatureWriter<'_>) {
        match other.and_then(|j| Some((j, self.blocks.get(j)?))) {
            Some((j, block)) => row.add(&[
                self.weights[j],
                block.link_density(),
                flag(self.tags[j].is_heading()),
                flag(block.is_good()),
                self.climb(&self.blocks[i], block.first_run),
                flag(self.signatures[i] == self.signatures[j]),
            ]),
            None => row.add(&[-1.0; 6]),
        }
    }

    fn good_near(&self, i: usize, (j, gap): (usize, f32)) -> NearestBlock {
        match self.blocks.get(j) {
            Some(good) => NearestBlock {
                distance: (i.abs_diff(j) as f32).min(NOWHERE),
                gap: ln(gap),
                climb: self.climb(&self.blocks[i], good.first_run),
                kin: flag(self.signatures[i] == self.signatures[j]),
            },
            None => NearestBlock {
                distance: NOWHERE,
                gap: FAR,
                climb: STEPS,
                kin: 0.0,
            },
        }
    }
}

/// The tag of the block element that a block's text stands in.
fn tag(document: &Document<'_>, block: &Block) -> Tag {
    let own = document.block_of(block.element);
    document.elements.get(own as usize).map_or(Tag::OTHER, |e| e.tag)
}

/// The nearest good block before or behind a block.
struct NearestBlock {
    distance: f32,
    gap: f32,
    climb: f32,
    kin: f32,
}

/// What came before a block.
#[derive(Default)]
struct PrecedingBlocks {
    heading: Option<usize>,
    title: Option<usize>,
    good: f32,
}

/// For each block in the order given, the good block last passed and the weight since.
fn nearest_good<'b>(blocks: impl Iterator<Item = (usize, &'b Block)>) -> Vec<(usize, f32)> {
    let mut near = (usize::MAX, 0.0);
    blocks
        .map(|(i, block)| {
            let own = near;
            near = match block.is_good() {
                true => (i, 0.0),
                false => (near.0, near.1 + block.weight),
            };
            own
        })
        .collect()
}

fn flag(x: bool) -> f32 {
    f32::from(u8::from(x))
}
