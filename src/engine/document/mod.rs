//! What one pass over a document leaves: plain data, flat tables in document order.
//!
//! A subtree is a range of indices and every sum one sweep. No tree of nodes is ever built, and no text is copied:
//! everything points into the source. Text that a browser never shows (scripts, templates, options) has no run.

pub(crate) mod parser;
pub(crate) mod tree_builder;

use std::{borrow::Cow, ops::Range};

use super::html::{
    tags::Tag,
    tokens::{MAY_BE_BLANK, StartTag},
};
use super::selectors::program::RuleMatch;
use crate::steps;
use tree_builder::{Comment, Ended, TreeSink};

/// No element: the parent of what stands at the top.
pub const NONE: u32 = u32::MAX;

/// What an unclosed element may hold of a document's text for a rule to take it: one part in this many.
const UNCLOSED_SHARE: usize = 10;

/// Elements that fields are taken from at most: an article has few authors, and a hostile page a million of `p`.
const TAKES: usize = 64;

/// One element. Offsets are bytes of the source.
#[derive(Debug, Clone, Copy)]
pub struct Element {
    /// Its name.
    pub tag: Tag,
    /// What the rules say of it.
    pub hit: Option<RuleMatch>,
    /// Whether its end is where its author wrote it, or where every author leaves it out; false for a `div` that ends only
    /// because something around it does.
    pub closed: bool,
    /// Whether a browser shows its text; false inside scripts, templates, `svg` and the like.
    pub seen: bool,
    /// The element around it, or [`NONE`].
    pub parent: u32,
    /// The nearest element around it, or itself, that stands on lines of its own; or [`NONE`].
    pub block: u32,
    /// The `<` of its start tag.
    pub start: u32,
    /// Behind the `>` of its start tag.
    pub inner: u32,
    /// Behind its end tag, or where its end was implied.
    pub end: u32,
    /// The first element behind its subtree.
    pub next: u32,
    /// The first run of text opened after it.
    pub first_run: u32,
    /// The first run behind it.
    pub next_run: u32,
}

/// One run of text: what stands between two tags or comments.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Its first byte.
    pub start: u32,
    /// Behind its last byte.
    pub end: u32,
    /// The element around it, or [`NONE`].
    pub parent: u32,
    /// Its visible characters: all but white space, an entity counted as what it stands for.
    pub characters: u32,
    /// Whether it is inside a link.
    pub linked: bool,
    /// Whether it is shown as it is written: it holds no entity, or is raw text (`xmp`), where an entity is only its letters.
    pub literal: bool,
}

impl Run {
    /// What a browser shows for `text`, which is this run's or a part of it.
    pub fn decode<'t>(&self, text: &'t str) -> Cow<'t, str> {
        steps::count(text.len());
        match self.literal {
            true => Cow::Borrowed(text),
            false => htmlize::unescape(text),
        }
    }
}

/// What happened, in document order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// An element began.
    Open(u32),
    /// A run of text.
    Text(u32),
    /// An element ended; void elements too, right behind their start.
    Close(u32),
}

/// A comment that a rule is about.
#[derive(Debug, Clone)]
pub struct RuledComment {
    /// From `<!--` to `-->`.
    pub range: Range<usize>,
    /// The element around it, or [`NONE`].
    pub parent: u32,
    /// The rule's number.
    pub rule: u16,
}

/// Something that begins and never ends, and takes the rest of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unterminated {
    /// Where it begins.
    pub at: usize,
    /// What it is, for a person: `a tag`, `a comment`, or the element's name.
    pub what: &'static str,
}

/// The document of one document.
#[derive(Debug)]
pub struct Document<'s> {
    /// What all offsets point into.
    pub source: &'s str,
    /// The elements in document order.
    pub elements: Vec<Element>,
    /// The runs of text in document order.
    pub runs: Vec<Run>,
    /// Elements and runs as they open and close.
    pub events: Vec<Event>,
    /// Comments that rules are about, once for each rule.
    pub comments: Vec<RuledComment>,
    /// Elements that rules take fields from, each with the rule's number.
    pub takes: Vec<(u32, u16)>,
    /// Whether there is an `html`, `head` or `body` element: a page, not a fragment.
    pub is_document: bool,
    /// Whether it is plain text, with no blocks but one `div` around it and no `br`: newlines part its paragraphs.
    pub is_plain: bool,
    /// What begins and never ends, with the rest of the document inside it, as in a browser.
    pub unterminated: Option<Unterminated>,
    /// Visible characters before each run, and in all of them at the end.
    pub characters_before: Vec<u32>,
    /// As `characters_before`, of linked runs alone.
    pub linked_before: Vec<u32>,
}

impl<'s> Document<'s> {
    /// The start tag of an element.
    pub fn start_tag(&self, element: u32) -> StartTag<'s> {
        let e = &self.elements[element as usize];
        StartTag::new(&self.source.as_bytes()[e.start as usize..e.inner as usize])
    }

    /// The undecoded value of an attribute.
    pub fn attribute(&self, element: u32, name: &str) -> Option<&'s str> {
        self.as_text(self.start_tag(element).attribute(name)?)
    }

    /// Bytes of the source as the text that they are, by where they stand in it.
    pub fn as_text(&self, bytes: &'s [u8]) -> Option<&'s str> {
        if bytes.is_empty() {
            return Some("");
        }
        let start = bytes.as_ptr().addr().checked_sub(self.source.as_ptr().addr())?;
        self.source.get(start..start + bytes.len())
    }

    /// The same of several attributes, read once.
    pub fn attributes<const N: usize>(&self, element: u32, names: [&str; N]) -> [Option<&'s str>; N] {
        self.attributes_of(self.start_tag(element), names)
    }

    /// The same of any start tag in the source.
    pub fn attributes_of<const N: usize>(&self, tag: StartTag<'s>, names: [&str; N]) -> [Option<&'s str>; N] {
        let mut values = [None; N];
        for (name, value) in tag.attributes() {
            let is_own = |own: &&str| name.eq_ignore_ascii_case(own.as_bytes());
            if let Some(i) = names.iter().position(is_own) {
                values[i] = values[i].or(Some(value));
            }
        }
        values.map(|value| self.as_text(value?))
    }

    /// Takes back what these rules say of elements.
    pub fn forget_rules(&mut self, is_forgotten: impl Fn(u16) -> bool) {
        for element in &mut self.elements {
            if matches!(element.hit, Some(RuleMatch::DropRule(rule) | RuleMatch::RestRule(rule)) if is_forgotten(rule))
            {
                element.hit = None;
            }
        }
    }

    /// Whether a drop rule takes this element. One that was never closed holds whatever came after it, so a rule about it
    /// is believed only while it takes little.
    pub fn rule_drops(&self, element: &Element) -> bool {
        let Some(RuleMatch::DropRule(_)) = element.hit else {
            return false;
        };
        let characters = |run: u32| self.characters_before[run as usize];
        let inside = characters(element.next_run) - characters(element.first_run);
        if element.tag == Tag::BUTTON && self.is_all_of_heading(element.parent, inside) {
            return false;
        }
        element.closed || inside as usize * UNCLOSED_SHARE <= characters(self.runs.len() as u32) as usize
    }

    /// Whether so many characters are all that a heading has: the button of an accordion is its heading.
    fn is_all_of_heading(&self, id: u32, characters: u32) -> bool {
        let heading = self.elements.get(id as usize).filter(|e| e.tag.is_heading());
        heading.is_some() && self.characters(id) == characters
    }

    /// An element's name in lower case.
    pub fn name(&self, element: u32) -> Option<String> {
        let e = self.elements.get(element as usize)?;
        Some(match e.tag {
            Tag::OTHER => String::from_utf8_lossy(self.start_tag(element).name()).to_ascii_lowercase(),
            tag => tag.name().to_owned(),
        })
    }

    /// What stands between the tags of a raw text element (`title`, `script`).
    pub fn raw_text(&self, element: u32) -> &'s str {
        let e = &self.elements[element as usize];
        let text = &self.source[e.inner as usize..(e.end as usize).max(e.inner as usize)];
        steps::count(text.len());
        match text.rfind("</") {
            Some(i) if text.ends_with('>') => &text[..i],
            _ => text,
        }
    }

    /// Visible characters inside an element.
    pub fn characters(&self, element: u32) -> u32 {
        let e = &self.elements[element as usize];
        self.characters_before[e.next_run as usize] - self.characters_before[e.first_run as usize]
    }

    /// Visible characters of links inside an element.
    pub fn linked_characters(&self, element: u32) -> u32 {
        let e = &self.elements[element as usize];
        self.linked_before[e.next_run as usize] - self.linked_before[e.first_run as usize]
    }

    /// The text of a run, undecoded.
    pub fn run_text(&self, run: u32) -> &'s str {
        let run = &self.runs[run as usize];
        &self.source[run.start as usize..run.end as usize]
    }

    /// The nearest element around `element` (itself included) that stands on lines of its own, or [`NONE`].
    pub fn block_of(&self, element: u32) -> u32 {
        self.elements.get(element as usize).map_or(NONE, |e| e.block)
    }
}

/// Bytes of a page for each element and run of it, scripts among them: more than most have, so that the tables neither
/// grow often nor take much that is never used.
const BYTES_AN_ELEMENT: usize = 128;

/// Fills an [`Document`] as the handlers see the document pass.
#[derive(Debug)]
pub(crate) struct DocumentBuilder<'s> {
    document: Document<'s>,
    /// Open elements whose text is never shown.
    unseen: u32,
    /// Open links.
    links: u32,
    /// Blocks so far that are shown.
    blocks: u32,
    /// Runs that are not shown, ascending. They are kept to the end, since what they stand in may move.
    hidden: Vec<u32>,
}

impl<'s> DocumentBuilder<'s> {
    pub(crate) fn new(source: &'s str) -> Self {
        let document = Document {
            source,
            elements: Vec::with_capacity(source.len() / BYTES_AN_ELEMENT),
            runs: Vec::with_capacity(source.len() / BYTES_AN_ELEMENT),
            events: Vec::with_capacity(source.len() / BYTES_AN_ELEMENT * 3),
            comments: Vec::new(),
            takes: Vec::new(),
            is_document: false,
            is_plain: true,
            unterminated: None,
            characters_before: Vec::new(),
            linked_before: Vec::new(),
        };
        DocumentBuilder {
            document,
            unseen: 0,
            links: 0,
            blocks: 0,
            hidden: Vec::new(),
        }
    }

    pub(crate) fn finish(self) -> Document<'s> {
        let mut document = self.document;
        drop_runs(&mut document, &self.hidden);
        let (mut characters, mut linked) = (0, 0);
        document.characters_before.reserve(document.runs.len() + 1);
        document.linked_before.reserve(document.runs.len() + 1);
        for run in &document.runs {
            document.characters_before.push(characters);
            document.linked_before.push(linked);
            characters += run.characters;
            linked += if run.linked { run.characters } else { 0 };
        }
        document.characters_before.push(characters);
        document.linked_before.push(linked);
        document
    }
}

/// Takes these runs out, which are ascending.
fn drop_runs(document: &mut Document<'_>, dropped: &[u32]) {
    if dropped.is_empty() {
        return;
    }
    let number = |run: u32| run - dropped.partition_point(|dropped| *dropped < run) as u32;
    document.events.retain_mut(|event| match event {
        Event::Text(run) => {
            let stays = dropped.binary_search(run).is_err();
            *run = number(*run);
            stays
        }
        Event::Open(_) | Event::Close(_) => true,
    });
    for element in &mut document.elements {
        (element.first_run, element.next_run) = (number(element.first_run), number(element.next_run));
    }
    let mut runs = 0..;
    document
        .runs
        .retain(|_| runs.next().is_some_and(|run: u32| dropped.binary_search(&run).is_err()));
}

impl DocumentBuilder<'_> {
    fn add_run(&mut self, range: Range<usize>, parent: Option<u32>, literal: bool) {
        if range.is_empty() {
            return;
        }
        let mut run = Run {
            start: range.start as u32,
            end: range.end as u32,
            parent: parent.unwrap_or(NONE),
            characters: 0,
            linked: self.links > 0,
            literal: literal || memchr::memchr(b'&', &self.document.source.as_bytes()[range.clone()]).is_none(),
        };
        run.characters = visible_characters(&run.decode(&self.document.source[range]));
        if !self.joins(&run) {
            self.push_run(run);
        }
    }

    /// Joins text to the run right before it: a `<` that is text begins no run of its own, or a page of them would be one of
    /// runs. The answer is whether there is such a run.
    fn joins(&mut self, run: &Run) -> bool {
        let Some(last) = self.document.runs.last_mut() else {
            return false;
        };
        let is_next = last.end == run.start && last.parent == run.parent && last.linked == run.linked;
        let is_joined =
            is_next && last.literal == run.literal && matches!(self.document.events.last(), Some(Event::Text(_)));
        if is_joined {
            last.end = run.end;
            last.characters += run.characters;
        }
        is_joined
    }

    fn push_run(&mut self, run: Run) {
        if self.unseen > 0 {
            self.hidden.push(self.document.runs.len() as u32);
        }
        self.document.events.push(Event::Text(self.document.runs.len() as u32));
        self.document.runs.push(run);
    }
}

impl TreeSink for DocumentBuilder<'_> {
    fn open(&mut self, tag: Tag, range: Range<usize>, parent: Option<u32>, hit: Option<RuleMatch>) -> u32 {
        let document = &mut self.document;
        let id = document.elements.len() as u32;
        document.is_document |= matches!(tag, Tag::HTML | Tag::HEAD | Tag::BODY);
        self.unseen += u32::from(tag.is_unseen());
        self.links += u32::from(tag == Tag::A);
        if self.unseen == 0 && (tag.is_block() || tag == Tag::BR) {
            self.blocks += 1;
            document.is_plain &= self.blocks == 1 && tag == Tag::DIV;
        }
        document.elements.push(Element {
            tag,
            hit,
            closed: false,
            seen: self.unseen == 0,
            parent: parent.unwrap_or(NONE),
            block: match tag.is_block() {
                true => id,
                false => document.block_of(parent.unwrap_or(NONE)),
            },
            start: range.start as u32,
            inner: range.end as u32,
            end: range.end as u32,
            next: id + 1,
            first_run: document.runs.len() as u32,
            next_run: document.runs.len() as u32,
        });
        document.events.push(Event::Open(id));
        id
    }

    fn close(&mut self, id: u32, at: usize, end: Ended) {
        let document = &mut self.document;
        let next = document.elements.len() as u32;
        let element = &mut document.elements[id as usize];
        element.end = at as u32;
        element.closed = end.is_sure(element.tag);
        element.next = next;
        element.next_run = document.runs.len() as u32;
        self.unseen -= u32::from(element.tag.is_unseen());
        self.links -= u32::from(element.tag == Tag::A);
        document.events.push(Event::Close(id));
    }

    fn moved(&mut self, id: u32, parent: Option<u32>) {
        let Document { elements, runs, .. } = &mut self.document;
        let moved = &mut elements[id as usize];
        moved.parent = parent.unwrap_or(NONE);
        let first_run = moved.first_run;
        let is_shown = |elements: &[Element], id: u32| elements.get(id as usize).is_none_or(|element| element.seen);
        if elements[id as usize].seen || !is_shown(elements, parent.unwrap_or(NONE)) {
            return;
        }
        for i in id as usize..elements.len() {
            elements[i].seen = !elements[i].tag.is_unseen() && is_shown(elements, elements[i].parent);
        }
        let inside = self.hidden.partition_point(|run| *run < first_run);
        let inside = self.hidden.split_off(inside);
        let stays = |run: &u32| !is_shown(elements, runs[*run as usize].parent);
        self.hidden.extend(inside.into_iter().filter(stays));
        self.document.is_plain = false;
    }

    fn text(&mut self, range: Range<usize>, parent: Option<u32>) {
        self.add_run(range, parent, false);
    }

    fn blank(&mut self, range: Range<usize>, parent: Option<u32>) {
        self.push_run(Run {
            start: range.start as u32,
            end: range.end as u32,
            parent: parent.unwrap_or(NONE),
            characters: 0,
            linked: self.links > 0,
            literal: true,
        });
    }

    fn raw_text(&mut self, range: Range<usize>, parent: Option<u32>) {
        self.add_run(range, parent, true);
    }

    fn comment(&mut self, comment: Comment) {
        self.document.comments.push(RuledComment {
            range: comment.range,
            parent: comment.parent.unwrap_or(NONE),
            rule: comment.rule,
        });
    }

    fn take(&mut self, id: u32, rule: u16) {
        let takes = &self.document.takes;
        if takes.len() < TAKES && takes.last() != Some(&(id, rule)) {
            self.document.takes.push((id, rule));
        }
    }

    fn unterminated(&mut self, at: usize, what: &'static str) {
        self.document.unterminated = Some(Unterminated { at, what });
    }
}

/// The characters of decoded text that a reader sees: all but white space and the marks that have no width at all.
pub fn visible_characters(text: &str) -> u32 {
    let bytes = text.as_bytes();
    if bytes.is_ascii() {
        let blank = |b: u8| matches!(b, b'\t'..=b'\r' | b' ');
        return bytes.iter().filter(|b| !blank(**b)).count() as u32;
    }
    let (mut count, mut at) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        if !MAY_BE_BLANK[usize::from(*byte)] {
            count += u32::from(is_first(*byte));
            at += 1;
        } else if let Some(c) = text[at..].chars().next() {
            count += u32::from(is_visible(c));
            at += c.len_utf8();
        }
    }
    count
}

/// Whether a byte of UTF-8 begins a character.
fn is_first(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

/// Whether a character counts as text.
pub fn is_visible(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '\u{feff}' | '\u{200b}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_counts_as_it_is_seen() {
        for c in '\0'..=char::MAX {
            let text = format!("a{c} 中{c}");
            assert_eq!(visible_characters(&text), 2 + 2 * u32::from(is_visible(c)), "{c:?}");
        }
    }
}
