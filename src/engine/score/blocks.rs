//! The text of a page in blocks: what stands between two borders of paragraphs.
//!
//! A block is what Kohlschütter, Fankhauser and Nejdl ("Boilerplate detection using shallow text features", WSDM 2010)
//! call a text block: a run of text with no block element's tag inside, also parted where two `br` part paragraphs.

use std::{
    hash::{BuildHasher, Hasher},
    sync::LazyLock,
};

use foldhash::fast::FixedState;

use crate::engine::{
    outline::{Event, NONE, Outline},
    tags::Tag,
};

/// What a wide character counts for: about as much is said with it as with half a short word.
const WIDE: f32 = 2.5;

/// Whether a character is of a script that needs few of them, and no spaces: those of China and Japan, and `Hangul`.
pub(super) fn is_wide(c: char) -> bool {
    c >= '\u{2e80}' && !c.is_whitespace()
}

/// The weight of so many visible characters, of which so many are wide.
pub(super) fn weight(characters: u32, wide: u32) -> f32 {
    characters as f32 + wide as f32 * (WIDE - 1.0)
}

/// One block of text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Block {
    /// Its first run.
    pub first_run: u32,
    /// Behind its last run.
    pub next_run: u32,
    /// The element that its runs have in common: a block element, or one inside it that holds all of the text.
    pub element: u32,
    /// Visible characters, a wide (CJK) one for two and a half.
    pub weight: f32,
    /// The weight of its links.
    pub linked: f32,
    /// The weight of its wide characters.
    pub wide: f32,
    /// Links in it.
    pub links: u16,
    /// Commas and their like in other scripts.
    pub commas: u16,
    /// Marks at which a sentence ends.
    pub stops: u16,
    /// Words: runs of letters, or wide characters by two.
    pub words: f32,
    /// Digits.
    pub digits: u16,
    /// Capital letters.
    pub capitals: u16,
    /// Marks that part the entries of menus: `|`, `»`, `·` and their like.
    pub dividers: u16,
    /// Whether it ends like a sentence.
    pub ends: bool,
    /// Whether it begins with a small letter.
    pub begins_small: bool,
    /// A hash of its letters.
    pub hash: u64,
}

impl Block {
    /// The share of links.
    pub fn link_density(&self) -> f32 {
        if self.weight > 0.0 {
            self.linked / self.weight
        } else {
            0.0
        }
    }

    /// Whether it reads like a paragraph of a text.
    pub fn is_good(&self) -> bool {
        self.weight >= 80.0 && self.linked < self.weight * 0.35 && self.commas + self.stops > 0
    }
}

/// The blocks of a page in document order, but for those inside the elements `without`.
pub(super) fn read(outline: &Outline<'_>, without: &[u32]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut without = without.iter().map(|element| {
        let e = &outline.elements[*element as usize];
        e.first_run..e.next_run
    });
    let mut skipped = without.next().unwrap_or_default();
    // First and last run of the block being read.
    let mut open: Option<(u32, u32)> = None;
    let mut breaks = 0;
    for event in &outline.events {
        match *event {
            Event::Text(run) => {
                while run >= skipped.end && !skipped.is_empty() {
                    skipped = without.next().unwrap_or_default();
                }
                if outline.runs[run as usize].characters == 0 || skipped.contains(&run) {
                    continue;
                }
                if breaks >= 2 {
                    blocks.extend(open.take().map(|(first, last)| measure(outline, first, last)));
                }
                breaks = 0;
                open = Some((open.map_or(run, |(first, _)| first), run));
            }
            Event::Open(id) | Event::Close(id) => {
                let tag = outline.elements[id as usize].tag;
                if tag.is_block() {
                    blocks.extend(open.take().map(|(first, last)| measure(outline, first, last)));
                    breaks = 0;
                } else if tag == Tag::BR && matches!(event, Event::Open(_)) {
                    breaks += 1;
                }
            }
        }
    }
    blocks.extend(open.map(|(first, last)| measure(outline, first, last)));
    blocks
}

fn measure(outline: &Outline<'_>, first: u32, last: u32) -> Block {
    let mut block = Block {
        first_run: first,
        next_run: last + 1,
        element: common(outline, first, last),
        ..Block::default()
    };
    let mut hasher = FixedState::default().build_hasher();
    let mut link = NONE;
    let mut begun = false;
    let mut in_word = false;
    for run in first..=last {
        let r = &outline.runs[run as usize];
        if r.characters == 0 {
            in_word = false;
            continue;
        }
        let text = r.decode(outline.run_text(run));
        hasher.write(text.trim().as_bytes());
        let mut wide = 0u32;
        for c in text.chars() {
            let marks = marks(c);
            if marks & BLANK != 0 {
                in_word = false;
                continue;
            }
            let is = |mark: u16| u16::from(marks & mark != 0);
            let (is_wide, is_letter) = (marks & BROAD != 0, marks & LETTER != 0);
            if is_wide {
                wide += 1;
                block.words += if is_letter { 0.5 } else { 0.0 };
            } else if is_letter && !in_word {
                block.words += 1.0;
            }
            in_word = is_letter && !is_wide;
            block.digits = block.digits.saturating_add(is(DIGIT));
            block.capitals = block.capitals.saturating_add(is(CAPITAL));
            block.commas = block.commas.saturating_add(is(COMMA));
            block.stops = block.stops.saturating_add(is(STOP));
            block.dividers = block.dividers.saturating_add(is(DIVIDER));
            if !begun {
                begun = true;
                block.begins_small = marks & SMALL != 0;
            }
            // A quotation mark or a bracket behind the stop does not count.
            if marks & CLOSING == 0 {
                block.ends = marks & (STOP | COLON) != 0;
            }
        }
        let weight = weight(r.characters, wide);
        block.weight += weight;
        block.wide += wide as f32 * WIDE;
        if r.linked {
            block.linked += weight;
            if link != r.parent {
                block.links = block.links.saturating_add(1);
                link = r.parent;
            }
        }
    }
    block.hash = hasher.finish();
    block
}

const BLANK: u16 = 1;
const LETTER: u16 = 1 << 1;
const DIGIT: u16 = 1 << 2;
const CAPITAL: u16 = 1 << 3;
const SMALL: u16 = 1 << 4;
const BROAD: u16 = 1 << 5;
const COMMA: u16 = 1 << 6;
const STOP: u16 = 1 << 7;
const COLON: u16 = 1 << 8;
const DIVIDER: u16 = 1 << 9;
const CLOSING: u16 = 1 << 10;

/// What is counted of a character. Those that UTF-8 writes in one or two bytes are looked up.
fn marks(c: char) -> u16 {
    static SHORT: LazyLock<Vec<u16>> = LazyLock::new(|| ('\0'..'\u{800}').map(find_marks).collect());
    match c {
        '\0'..'\u{800}' => SHORT[c as usize],
        '\u{4e00}'..='\u{9fff}' => LETTER | BROAD,
        _ => find_marks(c),
    }
}

fn find_marks(c: char) -> u16 {
    let mark = |is: bool, mark: u16| if is { mark } else { 0 };
    let by_kind = match c {
        ',' | '，' | '、' | '،' | '；' | ';' => COMMA,
        '.' | '!' | '?' | '。' | '！' | '？' | '؟' | '।' | '…' => STOP,
        ':' | '：' => COLON,
        '»' => DIVIDER | CLOSING,
        '|' | '›' | '·' | '•' | '/' | '>' | '«' | '‹' | '→' => DIVIDER,
        '"' | '”' | '’' | '\'' | ')' | '」' | '』' | '）' | '“' => CLOSING,
        '\u{2010}'..='\u{2027}' => return 0, // dashes, quotation marks, bullets: no need to ask about letters
        _ => 0,
    };
    by_kind
        | mark(c.is_whitespace(), BLANK)
        | mark(c.is_alphanumeric(), LETTER)
        | mark(c.is_ascii_digit(), DIGIT)
        | mark(c.is_uppercase(), CAPITAL)
        | mark(c.is_lowercase(), SMALL)
        | mark(is_wide(c), BROAD)
}

/// The deepest element that holds both runs.
fn common(outline: &Outline<'_>, first: u32, last: u32) -> u32 {
    let mut at = outline.runs[first as usize].parent;
    while at != NONE && outline.elements[at as usize].next_run <= last {
        at = outline.elements[at as usize].parent;
    }
    at
}

/// Sums over the blocks inside an element.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    /// The weight of all.
    pub(super) weight: f32,
    /// The weight of their links.
    pub(super) linked: f32,
    /// The weight of the good ones.
    pub(super) good: f32,
    /// The first of them.
    pub(super) first: u32,
    /// How many they are.
    pub(super) blocks: u32,
}

impl Sums {
    /// The share of links.
    pub(super) fn link_density(&self) -> f32 {
        self.linked / self.weight.max(1.0)
    }
}

/// Sums up the blocks inside each element.
pub(super) fn sum(outline: &Outline<'_>, blocks: &[Block]) -> Vec<Sums> {
    let mut sums = vec![Sums::default(); outline.elements.len()];
    for (i, block) in blocks.iter().enumerate() {
        let Some(own) = sums.get_mut(block.element as usize) else {
            continue;
        };
        if own.blocks == 0 {
            own.first = i as u32;
        }
        own.weight += block.weight;
        own.linked += block.linked;
        own.good += if block.is_good() { block.weight } else { 0.0 };
        own.blocks += 1;
    }
    for i in (0..sums.len()).rev() {
        let parent = outline.elements[i].parent;
        let own = sums[i];
        if parent == NONE || own.blocks == 0 {
            continue;
        }
        let above = &mut sums[parent as usize];
        above.first = if above.blocks == 0 {
            own.first
        } else {
            above.first.min(own.first)
        };
        above.weight += own.weight;
        above.linked += own.linked;
        above.good += own.good;
        above.blocks += own.blocks;
    }
    sums
}
