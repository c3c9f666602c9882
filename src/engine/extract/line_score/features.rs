//! What can be said of a line in figures: what it says, where it stands, its links, its element and its neighbours.

use std::collections::HashMap;

use super::lexicon;
use crate::engine::{
    document::{Document, NONE},
    extract::{
        lines::TextLineRange,
        score::{
            blocks::{is_wide, weight},
            names::{ElementNames, PLACES},
            signals::{self, SignalSet},
        },
    },
    html::tags::Tag,
    ranges::visible_between,
};
use std::ops::Range;

/// Levels up from a block whose names count.
const LEVELS: usize = 4;
/// The weight from which on a line that ends as a sentence does is prose.
const PROSE: f32 = 60.0;
/// Bytes within which a colon or a bar makes a label of what stands before it.
const LABEL_BYTES: usize = 36;

/// A line with what it says.
#[derive(Debug)]
pub struct TextLine {
    pub(crate) line: TextLineRange,
    /// Its text, white space squashed; empty for one that is too long to be asked about.
    pub text: String,
    /// Bytes that go with it.
    pub range: Range<usize>,
    /// Whether rules take it.
    pub is_ruled: bool,
    /// Its kinds, as its words say, and as its first words do.
    pub(crate) kinds: (SignalSet, SignalSet),
    /// Whether it is a sentence or more.
    pub(crate) is_prose: bool,
    /// Whether it ends as a sentence does.
    pub(crate) is_sentence: bool,
    /// Whether all of it is links.
    pub(crate) is_linked: bool,
    own: [f32; OWN.len()],
    block: u32,
    hash: u64,
}

/// What a line says, without its kinds.
const OWN: [&str; 20] = [
    "weight",
    "wide",
    "linked",
    "links",
    "digits",
    "label",
    "bar",
    "ends",
    "commas",
    "spaced",
    "calls",
    "quoted",
    "signs",
    "bracketed",
    "tags",
    "capitals",
    "address",
    "mail",
    "day",
    "colon last",
];
/// Of those, the features that a line also has of the line before and the line after.
const NEIGHBOUR: [usize; 4] = [0, 2, 5, 7];
const PLACE: [&str; 20] = [
    "lines before",
    "lines after",
    "share before",
    "weight before",
    "weight after",
    "prose before",
    "prose after",
    "rule before",
    "end before",
    "ruled before",
    "ruled after",
    "ruled in all",
    "lines",
    "weight of all",
    "repeated",
    "after picture",
    "behind label",
    "lines of block",
    "short run before",
    "short run after",
];
const LINK: [&str; 4] = ["other host", "host alone", "own host", "relative"];

/// The names of the features, in their order.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = OWN.iter().map(|name| (*name).to_owned()).collect();
    let kinds = || (0..lexicon::KINDS).map(lexicon::name);
    names.extend(kinds().map(|kind| format!("says {kind}")));
    names.extend(kinds().map(|kind| format!("begins with {kind}")));
    for side in ["before", "after"] {
        names.extend(NEIGHBOUR.map(|i| format!("{side}: {}", OWN[i])));
        names.extend(kinds().map(|kind| format!("{side}: says {kind}")));
        names.push(format!("{side}: heading"));
    }
    names.extend(PLACE.iter().chain(&LINK).map(|name| (*name).to_owned()));
    names.extend(PLACES.iter().map(|(place, _)| format!("in {place}")));
    names.push("heading".to_owned());
    names.extend((0..signals::NAME_KINDS).map(|kind| format!("named {}", signals::name_kind(kind))));
    names
}

/// The lines of a document, as far as `within` holds them; `ruled` is what rules take. Both are ascending.
pub fn lines(document: &Document<'_>, within: &Range<usize>, ruled: &[Range<usize>]) -> Vec<TextLine> {
    let mut lines = Vec::new();
    crate::engine::extract::lines::each(document, |line, text| {
        if within.start <= line.start && line.end <= within.end {
            let next = ruled.partition_point(|range| range.end <= line.start);
            let is_ruled = ruled.get(next).is_some_and(|range| range.start <= line.start);
            lines.push(TextLine::new(document, line, text.unwrap_or_default(), is_ruled));
        }
    });
    lines
}

impl TextLine {
    /// Whether it is a label and little more.
    pub(crate) fn is_label(&self) -> bool {
        self.own[5] > 0.0 && self.own[0] < PROSE * 2.0
    }

    fn new(document: &Document<'_>, line: TextLineRange, text: &str, is_ruled: bool) -> Self {
        let runs = &document.runs[line.first_run as usize..=line.last_run as usize];
        let (mut own, is_long) = ([0.0; OWN.len()], text.is_empty());
        let characters = match is_long {
            true => visible_between(document, &(line.start..line.end)),
            false => line.characters,
        };
        let linked: u32 = runs.iter().filter(|run| run.linked).map(|run| run.characters).sum();
        let wide = text.chars().filter(|c| is_wide(*c)).count() as u32;
        let weight = if is_long { 1000.0 } else { weight(characters, wide) };
        let share = |part: usize| part as f32 / characters.max(1) as f32;
        let count = |is: fn(char) -> bool| text.chars().filter(|c| is(*c)).count();
        let last = text
            .trim_end_matches(['”', '"', '」', '』', '’', ')', '）'])
            .chars()
            .next_back();
        let ends = is_long || last.is_some_and(|c| matches!(c, '.' | '。' | '!' | '！' | '?' | '？' | '…' | '؟' | '।'));
        let label = text
            .find([':', '：', '|', '｜', '丨', '/'])
            .filter(|at| *at <= LABEL_BYTES && *at > 0);
        let words = text.split(' ').count();
        own[0] = weight;
        own[1] = share(wide as usize);
        own[2] = share(linked as usize);
        own[3] = runs.windows(2).filter(|pair| !pair[0].linked && pair[1].linked).count() as f32
            + f32::from(u8::from(runs[0].linked));
        own[4] = share(count(|c| c.is_ascii_digit()));
        own[5] = label.map_or(0.0, |at| text[..at].chars().count() as f32);
        own[6] = count(|c| matches!(c, '|' | '｜' | '丨' | '·' | '•')) as f32;
        own[7] = ends.into();
        own[8] = count(|c| matches!(c, ',' | '，' | '、' | ';' | '；' | '。')) as f32;
        own[9] = words as f32 / characters.max(1) as f32;
        own[10] = count(|c| matches!(c, '!' | '！' | '~' | '～' | '?' | '？')) as f32;
        own[11] = count(|c| matches!(c, '"' | '“' | '「' | '《' | '『' | '‘' | '«' | '„')) as f32;
        own[12] = count(
            |c| matches!(c, '\u{2190}'..='\u{21ff}' | '\u{25a0}'..='\u{27bf}' | '»' | '›' | '\u{1f000}'..='\u{1faff}'),
        ) as f32;
        own[13] = text.starts_with(['(', '（', '[', '【', '*', '-', '—', '※']).into();
        own[14] = count(|c| matches!(c, '#' | '＃')) as f32;
        own[15] = share(count(char::is_uppercase));
        own[16] = (text.contains("://") || text.contains("www.")).into();
        own[17] = text.contains('@').into();
        own[18] = has_day(text).into();
        own[19] = text.ends_with([':', '：']).into();
        let block = line.block(document);
        TextLine {
            kinds: lexicon::of_line(&text.replace(char::is_whitespace, if own[9] > 0.4 { "" } else { " " })),
            text: text.to_owned(),
            range: line.range(document),
            is_ruled,
            is_prose: ends && weight >= PROSE && own[2] < 0.5,
            is_sentence: ends,
            is_linked: own[2] > 0.9,
            own,
            block,
            hash: hash(text),
            line,
        }
    }
}

/// Whether it names a day of a year in digits.
fn has_day(text: &str) -> bool {
    let mut digits = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty());
    digits.any(|part| part.len() == 4 && (part.starts_with("19") || part.starts_with("20")))
}

fn hash(text: &str) -> u64 {
    use std::hash::BuildHasher as _;
    foldhash::fast::FixedState::default().hash_one(text)
}

/// What has been counted over all lines, to say of each where it stands.
pub struct LinePositions<'o, 's> {
    document: &'o Document<'s>,
    names: ElementNames<'o, 's>,
    lines: &'o [TextLine],
    /// Of the lines before each, and of all: weight, prose, those that rules take, end marks.
    before: Vec<[f32; 4]>,
    /// Lines behind the last `hr` before each, or 0.
    behind_rule: Vec<f32>,
    /// Lines behind the last label before each, or 0.
    behind_label: Vec<f32>,
    /// Whether a picture stands right before each.
    pictures: Vec<bool>,
    /// Lines right before each, and right after it, that are no prose.
    short: Vec<(f32, f32)>,
    repeated: HashMap<u64, u32>,
    of_block: HashMap<u32, u32>,
    /// The host of each line's first link, and the one that most have.
    hosts: Vec<Option<&'s str>>,
    host: Option<&'s str>,
}

impl<'o, 's> LinePositions<'o, 's> {
    /// Counts what `lines` have in common.
    pub fn new(document: &'o Document<'s>, lines: &'o [TextLine]) -> Self {
        let (mut before, mut sum) = (vec![[0.0; 4]], [0.0; 4]);
        for line in lines {
            let is_end = line.kinds.0 & lexicon::END != 0 && line.own[0] < 30.0;
            let own = [line.own[0], line.is_prose.into(), line.is_ruled.into(), is_end.into()];
            sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
            before.push(sum);
        }
        let mut places = LinePositions {
            document,
            names: ElementNames::new(document),
            lines,
            before,
            behind_rule: vec![0.0; lines.len()],
            behind_label: vec![0.0; lines.len()],
            pictures: vec![false; lines.len()],
            short: vec![(0.0, 0.0); lines.len()],
            repeated: HashMap::new(),
            of_block: HashMap::new(),
            hosts: vec![None; lines.len()],
            host: None,
        };
        places.walk();
        places.count_links();
        places
    }

    fn walk(&mut self) {
        let related = lexicon::RELATED | lexicon::FOLLOW;
        let (mut element, mut since_rule, mut since_label, mut short) = (0, 0.0, 0.0, 0.0);
        for (i, line) in self.lines.iter().enumerate() {
            *self.repeated.entry(line.hash).or_default() += 1;
            *self.of_block.entry(line.block).or_default() += 1;
            since_rule += if since_rule > 0.0 { 1.0 } else { 0.0 };
            while let Some(e) = self
                .document
                .elements
                .get(element)
                .filter(|e| (e.start as usize) < line.line.start)
            {
                since_rule = if e.tag == Tag::HR { 1.0 } else { since_rule };
                self.pictures[i] |= e.tag == Tag::IMG;
                element += 1;
            }
            self.behind_rule[i] = since_rule;
            self.behind_label[i] = since_label;
            let is_label = line.own[0] < 40.0 && (line.kinds.1 & related != 0 || line.own[19] > 0.0);
            since_label = match () {
                () if is_label => 1.0,
                () if line.is_prose || since_label == 0.0 => 0.0,
                () => since_label + 1.0,
            };
            self.short[i].0 = short;
            short = if line.is_prose { 0.0 } else { short + 1.0 };
        }
        short = 0.0;
        for (i, line) in self.lines.iter().enumerate().rev() {
            self.short[i].1 = short;
            short = if line.is_prose { 0.0 } else { short + 1.0 };
        }
    }

    fn count_links(&mut self) {
        let mut hosts: HashMap<&str, u32> = HashMap::new();
        for (i, line) in self.lines.iter().enumerate() {
            let runs = &self.document.runs[line.line.first_run as usize..=line.line.last_run as usize];
            let Some(run) = runs.iter().find(|run| run.linked) else {
                continue;
            };
            let mut at = run.parent;
            while let Some(e) = self.document.elements.get(at as usize).filter(|e| e.tag != Tag::A) {
                at = e.parent;
            }
            self.hosts[i] = self
                .document
                .elements
                .get(at as usize)
                .and_then(|_| self.document.attribute(at, "href"));
            if let Some(host) = self.hosts[i].and_then(host_of) {
                *hosts.entry(host).or_default() += 1;
            }
        }
        // Of those that are as many, the first by name.
        self.host = hosts
            .into_iter()
            .max_by_key(|(host, count)| (*count, std::cmp::Reverse(*host)))
            .map(|(host, _)| host);
    }

    /// Whether a picture stands right before a line.
    pub(crate) fn is_after_picture(&self, i: usize) -> bool {
        self.pictures[i]
    }

    /// What the classes and ids around a line are called.
    pub(crate) fn named(&self, i: usize) -> SignalSet {
        self.around(i).0
    }

    /// Whether a line may be missing from what it stands in: code and tables stay whole, and so does a caption of a sentence.
    pub(crate) fn may_lack(&self, i: usize) -> bool {
        let is_long = self.lines[i].own[0] > PROSE;
        let is_whole = |place: &str| matches!(place, "code" | "table") || (place == "figure" && is_long);
        let places = PLACES.iter().enumerate().filter(|(_, (place, _))| is_whole(place));
        self.around(i).1 & places.fold(0, |places, (place, _)| places | 1 << place) == 0
    }

    /// Whether the same line stands elsewhere as well.
    pub(crate) fn is_repeated(&self, i: usize) -> bool {
        self.repeated.get(&self.lines[i].hash).is_some_and(|count| *count > 1)
    }

    /// Whether it stands in a list behind a label.
    pub(crate) fn is_behind_label(&self, i: usize) -> bool {
        self.behind_label[i] > 0.0
    }

    /// The names and places of what is around a line.
    fn around(&self, i: usize) -> (SignalSet, u32) {
        let (mut kinds, mut places) = (0, 0);
        let first = self.document.runs[self.lines[i].line.first_run as usize].parent;
        let mut at = first;
        for _ in 0..LEVELS {
            if at == NONE {
                break;
            }
            let name = self.names.get(at);
            kinds |= name.kinds;
            places |= name.places;
            at = self.document.elements[at as usize].parent;
        }
        (kinds, places)
    }

    /// The features of a line, in the order of [`names`].
    pub fn features(&self, i: usize) -> Vec<f32> {
        let line = &self.lines[i];
        let bits = |kinds: SignalSet, count: usize| (0..count).map(move |bit| (kinds >> bit & 1) as f32);
        let is_heading = |line: &TextLine| {
            let block = self.document.elements.get(line.block as usize);
            f32::from(u8::from(block.is_some_and(|e| e.tag.is_heading())))
        };
        let mut row: Vec<f32> = line.own.to_vec();
        row.extend(bits(line.kinds.0, lexicon::KINDS));
        row.extend(bits(line.kinds.1, lexicon::KINDS));
        for neighbour in [i.checked_sub(1), Some(i + 1)] {
            match neighbour.and_then(|i| self.lines.get(i)) {
                Some(other) => {
                    row.extend(NEIGHBOUR.map(|i| other.own[i]));
                    row.extend(bits(other.kinds.0, lexicon::KINDS));
                    row.push(is_heading(other));
                }
                None => row.extend(std::iter::repeat_n(-1.0, NEIGHBOUR.len() + lexicon::KINDS + 1)),
            }
        }
        row.extend(self.place(i));
        row.extend(self.link(i));
        let (kinds, places) = self.around(i);
        row.extend(bits(places, PLACES.len()));
        row.push(is_heading(line));
        row.extend(bits(kinds, signals::NAME_KINDS));
        row
    }

    fn place(&self, i: usize) -> [f32; PLACE.len()] {
        let (line, count) = (&self.lines[i], self.lines.len());
        let (before, after, all) = (self.before[i], self.before[i + 1], self.before[count]);
        [
            i.min(20) as f32,
            (count - i - 1).min(20) as f32,
            before[0] / all[0].max(1.0),
            before[0].min(3000.0),
            (all[0] - after[0]).min(3000.0),
            before[1].min(10.0),
            (all[1] - after[1]).min(10.0),
            self.behind_rule[i].min(20.0),
            before[3],
            f32::from(u8::from(i > 0 && self.lines[i - 1].is_ruled)),
            f32::from(u8::from(self.lines.get(i + 1).is_some_and(|line| line.is_ruled))),
            (all[2] - f32::from(u8::from(line.is_ruled))).min(5.0),
            count.min(100) as f32,
            all[0].min(5000.0),
            self.repeated
                .get(&line.hash)
                .map_or(0.0, |count| *count as f32)
                .min(4.0),
            self.pictures[i].into(),
            self.behind_label[i].min(20.0),
            self.of_block
                .get(&line.block)
                .map_or(0.0, |count| *count as f32)
                .min(20.0),
            self.short[i].0.min(20.0),
            self.short[i].1.min(20.0),
        ]
    }

    fn link(&self, i: usize) -> [f32; LINK.len()] {
        let Some(address) = self.hosts[i] else {
            return [-1.0; LINK.len()];
        };
        let host = host_of(address);
        let path = address
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('/'))
            .map_or("", |(_, path)| path);
        [
            host.is_some() && host != self.host,
            host.is_some() && path.is_empty(),
            host.is_some() && host == self.host,
            host.is_none(),
        ]
        .map(|is: bool| f32::from(u8::from(is)))
    }
}

fn host_of(address: &str) -> Option<&str> {
    let rest = address.trim_start().split_once("://").map(|(_, rest)| rest)?;
    rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())
}
