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
    document::{Document, Event, NONE},
    html::tags::Tag,
};

/// What a wide character counts for: about as much is said with it as with half a short word.
const WIDE: f32 = 2.5;

/// Whether a character is of a script that needs few of them, and no spaces: those of China and Japan, and `Hangul`.
pub(crate) fn is_wide(c: char) -> bool {
    c >= '\u{2e80}' && !c.is_whitespace()
}

/// The weight of so many visible characters, of which so many are wide.
pub(crate) fn weight(characters: u32, wide: u32) -> f32 {
    characters as f32 + wide as f32 * (WIDE - 1.0)
}

/// Weights, counts and the like as features: differences count by their share.
pub(crate) fn ln(x: f32) -> f32 {
    (1.0 + x.max(0.0)).ln()
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
    /// Whether it ends in a colon.
    pub colon: bool,
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
        self.weight >= 80.0 && self.linked < self.weight * 0.35 && (self.commas > 0 || self.stops > 0)
    }
}

/// The blocks of a page in document order, but for those inside the elements `without`.
pub(crate) fn read(document: &Document<'_>, without: &[u32]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut without = without.iter().map(|element| {
        let e = &document.elements[*element as usize];
        e.first_run..e.next_run
    });
    let mut skipped = without.next().unwrap_or_default();
    // First and last run of the block being read.
    let mut open: Option<(u32, u32)> = None;
    let mut breaks = 0;
    for event in &document.events {
        match *event {
            Event::Text(run) => {
                while run >= skipped.end && !skipped.is_empty() {
                    skipped = without.next().unwrap_or_default();
                }
                if document.runs[run as usize].characters == 0 || skipped.contains(&run) {
                    continue;
                }
                if breaks >= 2 {
                    blocks.extend(open.take().map(|(first, last)| measure(document, first, last)));
                }
                breaks = 0;
                open = Some((open.map_or(run, |(first, _)| first), run));
            }
            Event::Open(id) | Event::Close(id) => {
                let tag = document.elements[id as usize].tag;
                if tag.is_block() {
                    blocks.extend(open.take().map(|(first, last)| measure(document, first, last)));
                    breaks = 0;
                } else if tag == Tag::BR && matches!(event, Event::Open(_)) {
                    breaks += 1;
                }
            }
        }
    }
    blocks.extend(open.map(|(first, last)| measure(document, first, last)));
    blocks
}

fn measure(document: &Document<'_>, first: u32, last: u32) -> Block {
    let mut block = Block {
        first_run: first,
        next_run: last + 1,
        element: common(document, first, last),
        ..Block::default()
    };
    let mut hasher = FixedState::default().build_hasher();
    let mut counts = Counts::default();
    let mut link = NONE;
    let mut begun = false;
    for run in first..=last {
        let r = &document.runs[run as usize];
        if r.characters == 0 {
            counts.in_word = 0;
            continue;
        }
        let text = r.decode(document.run_text(run));
        hasher.write(text.trim().as_bytes());
        let wide = counts.of[WIDE_ONES];
        counts.add(&text);
        let flags = |c| marks(c)[FLAGS];
        if !begun {
            begun = true;
            let first = text.chars().map(flags).find(|flags| flags & BLANK == 0);
            block.begins_small = first.is_some_and(|flags| flags & SMALL != 0);
        }
        // A quotation mark or a bracket behind the stop does not count.
        let mut back = text.chars().rev().map(flags);
        if let Some(flags) = back.find(|flags| flags & (BLANK | CLOSING) == 0) {
            block.ends = flags & ENDING != 0;
            block.colon = flags & COLON != 0;
        }
        let weight = weight(r.characters, counts.of[WIDE_ONES] - wide);
        block.weight += weight;
        if r.linked {
            block.linked += weight;
            if link != r.parent {
                block.links = block.links.saturating_add(1);
                link = r.parent;
            }
        }
    }
    let count = |kind: usize| u16::try_from(counts.of[kind]).unwrap_or(u16::MAX);
    block.wide = counts.of[WIDE_ONES] as f32 * WIDE;
    block.words = counts.words as f32 + counts.of[WIDE_LETTERS] as f32 * 0.5;
    block.digits = count(DIGITS);
    block.capitals = count(CAPITALS);
    block.commas = count(COMMAS);
    block.stops = count(STOPS);
    block.dividers = count(DIVIDERS);
    block.hash = hasher.finish();
    block
}

/// What a character adds to each count, and its flags: all in one addition.
type CharacterCounts = [u16; 8];

const DIGITS: usize = 0;
const CAPITALS: usize = 1;
const COMMAS: usize = 2;
const STOPS: usize = 3;
const DIVIDERS: usize = 4;
const WIDE_ONES: usize = 5;
const WIDE_LETTERS: usize = 6;
/// Where the flags are; their sum says nothing.
const FLAGS: usize = 7;

/// A letter or digit that words are made of.
const LETTER: u16 = 1;
const BLANK: u16 = 1 << 1;
const SMALL: u16 = 1 << 2;
/// A stop or a colon.
const ENDING: u16 = 1 << 3;
const CLOSING: u16 = 1 << 4;
const COLON: u16 = 1 << 5;

/// What was counted in the runs of a block so far.
#[derive(Default)]
struct Counts {
    of: [u32; 8],
    words: u32,
    /// [`LETTER`] while a word may go on.
    in_word: u16,
}

/// Bytes that can be counted in sixteen bits.
const PIECE: usize = 60_000;

impl Counts {
    fn add(&mut self, text: &str) {
        let known = &**KNOWN;
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let mut sums = CharacterCounts::default();
            let end = bytes.len().min(at + PIECE);
            while at < end {
                let byte = bytes[at];
                let marks = if byte.is_ascii() {
                    at += 1;
                    known[usize::from(byte)]
                } else {
                    let c = text[at..].chars().next().unwrap_or_default();
                    at += c.len_utf8();
                    marks(c)
                };
                for (sum, mark) in sums.iter_mut().zip(marks) {
                    *sum = sum.wrapping_add(mark);
                }
                let letter = marks[FLAGS] & LETTER;
                self.words += u32::from(letter & !self.in_word);
                self.in_word = letter;
            }
            for (count, sum) in self.of.iter_mut().zip(sums) {
                *count += u32::from(sum);
            }
        }
    }
}

/// The marks of the scripts that are written with letters, and of the punctuation of all.
static KNOWN: LazyLock<Vec<CharacterCounts>> = LazyLock::new(|| ('\0'..IDEOGRAPHS).map(find_marks).collect());
const IDEOGRAPHS: char = '\u{3100}';
/// Those of the forms that are as wide as ideographs, the commas of Chinese among them.
static FULL_WIDTH: LazyLock<Vec<CharacterCounts>> = LazyLock::new(|| (FULL..='\u{ffef}').map(find_marks).collect());
const FULL: char = '\u{ff00}';

/// What is counted of a character.
fn marks(c: char) -> CharacterCounts {
    const WIDE_LETTER: CharacterCounts = [0, 0, 0, 0, 0, 1, 1, 0];
    match c {
        '\0'..IDEOGRAPHS => KNOWN[c as usize],
        '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => WIDE_LETTER,
        FULL..='\u{ffef}' => FULL_WIDTH[c as usize - FULL as usize],
        _ => find_marks(c),
    }
}

fn find_marks(c: char) -> CharacterCounts {
    let is_stop = matches!(c, '.' | '!' | '?' | '。' | '！' | '？' | '؟' | '।' | '…');
    let is_divider = matches!(c, '»' | '|' | '›' | '·' | '•' | '/' | '>' | '«' | '‹' | '→');
    let is_closing = matches!(c, '»' | '"' | '”' | '’' | '\'' | ')' | '」' | '』' | '）' | '“');
    let (is_letter, is_wide) = (c.is_alphanumeric(), is_wide(c));
    let flags = [
        (LETTER, is_letter && !is_wide),
        (BLANK, c.is_whitespace()),
        (SMALL, c.is_lowercase()),
        (ENDING, is_stop || matches!(c, ':' | '：')),
        (COLON, matches!(c, ':' | '：')),
        (CLOSING, is_closing),
    ];
    let mut marks = CharacterCounts::default();
    marks[DIGITS] = c.is_ascii_digit().into();
    marks[CAPITALS] = c.is_uppercase().into();
    marks[COMMAS] = matches!(c, ',' | '，' | '、' | '،' | '；' | ';').into();
    marks[STOPS] = is_stop.into();
    marks[DIVIDERS] = is_divider.into();
    marks[WIDE_ONES] = is_wide.into();
    marks[WIDE_LETTERS] = (is_wide && is_letter).into();
    marks[FLAGS] = flags.iter().map(|(flag, is)| if *is { *flag } else { 0 }).sum();
    marks
}

/// The deepest element that holds both runs.
fn common(document: &Document<'_>, first: u32, last: u32) -> u32 {
    let mut at = document.runs[first as usize].parent;
    while at != NONE && document.elements[at as usize].next_run <= last {
        at = document.elements[at as usize].parent;
    }
    at
}

/// Sums over the blocks inside an element.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Totals {
    /// The weight of all.
    pub(crate) weight: f32,
    /// The weight of their links.
    pub(crate) linked: f32,
    /// The weight of the good ones.
    pub(crate) good: f32,
    /// The first of them.
    pub(crate) first: u32,
    /// How many they are.
    pub(crate) blocks: u32,
}

impl Totals {
    /// The blocks that they are of.
    pub(crate) fn span(&self) -> (usize, usize) {
        (self.first as usize, (self.first + self.blocks) as usize)
    }

    /// The share of links.
    pub(crate) fn link_density(&self) -> f32 {
        self.linked / self.weight.max(1.0)
    }
}

/// Sums up the blocks inside each element.
pub(crate) fn sum(document: &Document<'_>, blocks: &[Block]) -> Vec<Totals> {
    let mut sums = vec![Totals::default(); document.elements.len()];
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
        let parent = document.elements[i].parent;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_character_counts_as_it_is_found_to() {
        for c in '\0'..=char::MAX {
            assert_eq!(marks(c), find_marks(c), "{c:?}");
        }
    }
}
