//! Builds the tree of a document: start tags, text between tokens and comments come in, elements and text go out.
//!
//! The builder keeps the open elements with their implied ends, matches the rules on each element, and reports to its [`TreeSink`]
//! what opens, closes and stands between. `engine::handlers` feeds it from lol_html on `/v1/normalize`,
//! `engine::stream` on `/v1/clean`.

use std::{cell::OnceCell, ops::Range};

use memchr::memmem;

use crate::{
    bounds::Bounds,
    engine::{
        active_rules::ActiveRules,
        html::{
            open_elements::{EndAction, OpenElements, StartAction},
            scope::Namespace,
            tags::{Tag, name_hash},
            tokens::{CDATA_END, StartTag, TextPiece, piece},
        },
        selectors::{element::MatchedElement, program::RuleMatch, state::MatchState},
    },
    error::Error,
    rules::Action,
    steps,
};

/// Receives the tree as it is built.
pub(crate) trait TreeSink {
    /// An element begins. Returns the number by which its end is reported.
    fn open(&mut self, tag: Tag, range: Range<usize>, parent: Option<u32>, hit: Option<RuleMatch>) -> u32;
    /// A rule takes a field from the element that has just been opened.
    fn take(&mut self, _id: u32, _rule: u16) {}
    /// The element has ended, before byte `at`; `end` says how.
    fn close(&mut self, id: u32, at: usize, end: Ended);
    /// The element is open still, and what it stood in has closed: it stands in `parent` now.
    fn moved(&mut self, _id: u32, _parent: Option<u32>) {}
    /// An end tag, whatever it closes.
    fn end_tag(&mut self, _: Tag) {}
    /// Text.
    fn text(&mut self, range: Range<usize>, parent: Option<u32>);
    /// Text that is nothing but blanks and line ends.
    fn blank(&mut self, range: Range<usize>, parent: Option<u32>) {
        self.text(range, parent);
    }
    /// Text in which an entity is only its letters.
    fn raw_text(&mut self, range: Range<usize>, parent: Option<u32>) {
        self.text(range, parent);
    }
    /// A comment and a rule about it, once for each rule.
    fn comment(&mut self, comment: Comment);
    /// Something begins here that never ends: a browser shows nothing of the rest of the document.
    fn unterminated(&mut self, at: usize, what: &'static str);
}

/// What ended an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Its own end tag, or it is void.
    Itself,
    /// Another tag: it follows from the tree rules.
    Implied,
    /// The end of the document.
    Document,
}

impl Ended {
    /// Whether the element ends where its author meant: a `div` closed by what is around it was only never closed.
    pub(crate) fn is_sure(self, tag: Tag) -> bool {
        match self {
            Ended::Itself => true,
            Ended::Implied => tag.has_optional_end(),
            Ended::Document => false,
        }
    }
}

/// A comment that a rule is about.
#[derive(Debug)]
pub(crate) struct Comment {
    pub(crate) range: Range<usize>,
    pub(crate) parent: Option<u32>,
    pub(crate) rule: u16,
}

/// What the builder made of a start tag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StartTagResult {
    /// Up to its own end tag all is text; its end must be reported by [`TreeBuilder::raw_end`].
    pub(crate) raw: bool,
    pub(crate) void: bool,
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct TreeBuilder<R> {
    pub(crate) sink: R,
    choice: ActiveRules,
    progress: MatchState,
    /// Rules that take fields from the element at hand.
    takes: Vec<u16>,
    stack: OpenElements,
    depth_bound: usize,
    elements_left: usize,
    elements_bound: usize,
    top_children: u32,
    /// Inside raw text.
    raw: bool,
    /// Inside a CDATA section.
    cdata: bool,
}

impl<R: TreeSink> TreeBuilder<R> {
    pub(crate) fn new(sink: R, choice: ActiveRules, bounds: &Bounds) -> Self {
        TreeBuilder {
            sink,
            progress: MatchState::new(choice.programs()),
            choice,
            takes: Vec::new(),
            stack: OpenElements::new(),
            depth_bound: bounds.depth,
            elements_left: bounds.elements,
            elements_bound: bounds.elements,
            top_children: 0,
            raw: false,
            cdata: false,
        }
    }

    /// Whether lol_html, which knows no implied ends, still takes this tag for one of an `svg` or `math` that has ended: it
    /// would read the raw text that begins here as markup.
    pub(crate) fn is_out_of_step(&self, raw_tag: &[u8], is_html: bool) -> bool {
        if is_html {
            return false;
        }
        let tag = Tag::from_name(StartTag::new(raw_tag).name());
        tag.is_raw() && self.stack.top().is_none_or(|top| top.takes_html(tag))
    }

    /// A start tag at `range`, whose bytes are `raw_tag`. `is_html` says that the tokenizer holds it for an HTML element,
    /// `self_closing` that it ends in `/>`.
    pub(crate) fn start_tag(
        &mut self,
        raw_tag: &[u8],
        range: Range<usize>,
        is_html: bool,
        self_closing: bool,
    ) -> Result<Option<StartTagResult>, Error> {
        self.cdata = false;
        steps::count(raw_tag.len());
        let start = StartTag::new(raw_tag);
        let name_hash = name_hash(start.name());
        let mut tag = Tag::from_hashed(start.name(), name_hash);
        if tag == Tag::IMAGE && is_html {
            tag = Tag::IMG;
        }
        if is_html && start.is_text(tag) {
            self.text(raw_tag, range.start);
            return Ok(None);
        }
        let decision = self.stack.start(tag, &start);
        self.report_closed(range.start, range.start, Ended::Implied);
        let StartAction::Insert { namespace, empty } = decision else {
            return Ok(None);
        };
        if self.elements_left == 0 {
            return Err(Error::TooManyElements {
                limit: self.elements_bound,
            });
        }
        self.elements_left -= 1;
        let position = match self.stack.top_mut() {
            Some(parent) => {
                parent.children += 1;
                parent.children
            }
            None => {
                self.top_children += 1;
                self.top_children
            }
        };
        let depth = self.stack.len();
        let subject = MatchedElement {
            tag,
            start,
            position,
            depth,
            name_hash,
            class: OnceCell::new(),
        };
        let hit = self.progress.open(&subject, &mut self.takes);
        let parent = self.stack.top().map(|top| top.id);
        let id = self.sink.open(tag, range.clone(), parent, hit);
        for rule in self.takes.drain(..) {
            self.sink.take(id, rule);
        }
        // Whether raw text begins is for the tokenizer to say; only of an SVG `title`, whose content is HTML again, it says
        // the same and reads on as before.
        let raw = tag.is_raw() && is_html && !(tag == Tag::TITLE && namespace != Namespace::Html);
        let void = match namespace {
            Namespace::Html => tag.is_void() || empty,
            _ => self_closing && !raw,
        };
        // Nothing can ask for what is closed at once, but for the form that a table holds no content of.
        if void && tag != Tag::FORM {
            self.sink.close(id, range.end, Ended::Itself);
            self.progress.close(depth);
        } else {
            self.stack.push(tag, namespace, &start, name_hash, id);
            if void {
                self.stack.pop();
                self.report_closed(range.end, range.end, Ended::Itself);
            } else if self.stack.len() > self.depth_bound {
                return Err(Error::TooDeep {
                    limit: self.depth_bound,
                });
            }
        }
        self.raw = raw;
        Ok(Some(StartTagResult { raw, void }))
    }

    /// What selectors have matched on the elements that are open, in bytes.
    pub(crate) fn matched_bytes(&self) -> usize {
        self.progress.held_bytes()
    }

    /// Text of the raw text element that is open.
    pub(crate) fn raw_text(&mut self, range: Range<usize>) {
        if let Some(top) = self.stack.top()
            && !top.tag.is_unseen()
            && !range.is_empty()
        {
            self.sink.raw_text(range, Some(top.id));
        }
    }

    /// The raw text element that is open ends with the end tag at `range`.
    pub(crate) fn raw_end(&mut self, range: Range<usize>) {
        self.raw = false;
        if let Some(top) = self.stack.top() {
            self.sink.end_tag(top.tag);
        }
        self.stack.pop();
        self.report_closed(range.start, range.end, Ended::Itself);
    }

    /// Raw text goes on up to the end of the document, from byte `at` on.
    pub(crate) fn raw_unended(&mut self, at: usize) {
        let what = self.stack.top().map_or("", |top| top.tag.name());
        self.sink.unterminated(at, what);
    }

    /// Whether the innermost open element is raw text.
    pub(crate) fn in_raw(&self) -> bool {
        self.raw
    }

    /// Whether a fresh tokenizer would read on from here as the old one would.
    pub(crate) fn at_plain_html(&self) -> bool {
        !self.raw && !self.cdata && !self.stack.has_foreign()
    }

    /// Bytes between two tokens, `bytes[0]` being byte `base` of the document. The answer is how many of them are done:
    /// all, but for a beginning that may be a tag. With `last` there is nothing behind them.
    pub(crate) fn gap(&mut self, bytes: &[u8], base: usize, last: bool) -> usize {
        let mut at = 0;
        loop {
            if self.cdata {
                let rest = &bytes[at..];
                let end = memmem::find(rest, CDATA_END);
                // Its end may be cut in two.
                let half = || rest.iter().rev().take(2).take_while(|b| **b == b']').count();
                let text = end.unwrap_or_else(|| rest.len() - if last { 0 } else { half() });
                let parent = self.stack.top().map(|top| top.id);
                self.sink.raw_text(base + at..base + at + text, parent);
                at += text;
                if end.is_none() {
                    return at;
                }
                self.cdata = false;
                at += CDATA_END.len();
            }
            let Some(piece) = piece(bytes, at) else { return at };
            match piece {
                TextPiece::Text { start, end } => {
                    self.text(&bytes[start..end], base + start);
                    at = end;
                }
                TextPiece::EndTag {
                    start,
                    end,
                    tag,
                    name_hash,
                } => {
                    self.end_tag(tag, name_hash, base + start..base + end);
                    at = end;
                }
                TextPiece::Nothing { end } => at = end,
                TextPiece::CData { end } => {
                    self.cdata = true;
                    at = end;
                }
                TextPiece::Open { .. } if !last => return at,
                TextPiece::Open { start } => {
                    // `<` alone and `</` alone are text at the end of a document, a begun tag is nothing.
                    match &bytes[start..] {
                        text @ ([b'<'] | [b'<', b'/']) => self.text(text, base + start),
                        _ => self.sink.unterminated(base + start, "a tag"),
                    }
                    return bytes.len();
                }
            }
        }
    }

    /// As [`TreeBuilder::gap`], with a token right behind: what is left over is a `<` that is text, as in `<<b>`.
    pub(crate) fn whole_gap(&mut self, bytes: &[u8], base: usize) {
        let done = self.gap(bytes, base, false);
        self.text(&bytes[done..], base + done);
    }

    fn text(&mut self, bytes: &[u8], at: usize) {
        if bytes.is_empty() {
            return;
        }
        steps::count(bytes.len());
        let range = at..at + bytes.len();
        self.stack.reopen_formatting();
        if bytes.iter().all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)) {
            return self.sink.blank(range, self.stack.top().map(|top| top.id));
        }
        self.stack.enter_body();
        self.report_closed(at, at, Ended::Implied);
        self.sink.text(range, self.stack.top().map(|top| top.id));
    }

    fn end_tag(&mut self, tag: Tag, name_hash: u32, range: Range<usize>) {
        steps::count(range.len());
        self.sink.end_tag(tag);
        match self.stack.end(tag, name_hash) {
            EndAction::Closed => self.report_closed(range.start, range.end, Ended::Itself),
            // Formatting that was open again closes what stands in it.
            EndAction::Nothing => self.report_closed(range.start, range.start, Ended::Implied),
            EndAction::LineBreak => {
                let parent = self.stack.top().map(|top| top.id);
                let id = self.sink.open(Tag::BR, range.clone(), parent, None);
                self.sink.close(id, range.end, Ended::Itself);
            }
        }
    }

    /// A comment, with the text between its marks. The answer is whether a rule drops it.
    pub(crate) fn comment(&mut self, range: Range<usize>, text: &str) -> Option<u16> {
        self.cdata = false;
        let parent = self.stack.top().map(|top| top.id);
        let (mut dropped_by, mut keeps) = (None, false);
        for rule in self.choice.comment_rules(text) {
            let action = self.choice.rules().rules()[rule as usize].action;
            dropped_by = dropped_by.or((action == Action::Drop).then_some(rule));
            keeps |= action == Action::Keep;
            let range = range.clone();
            self.sink.comment(Comment { range, parent, rule });
        }
        dropped_by.filter(|_| !keeps)
    }

    /// The document is over at byte `at`.
    pub(crate) fn finish(&mut self, at: usize) {
        self.stack.pop_all();
        self.report_closed(at, at, Ended::Document);
    }

    /// Tells the sink what the stack has closed: the last one ended at byte `end` by `how`, those inside it at `implied`.
    fn report_closed(&mut self, implied: usize, end: usize, how: Ended) {
        if self.stack.closed.is_empty() {
            return; // most tags close nothing else
        }
        let moved = std::mem::take(&mut self.stack.moved);
        let last = self.stack.closed.len();
        steps::count(last);
        for (i, closed) in self.stack.closed.drain(..).enumerate() {
            let (at, how) = match (i + 1 == last, how) {
                (true, _) | (false, Ended::Document) => (end, how),
                (false, _) => (implied, Ended::Implied),
            };
            self.sink.close(closed.id, at, how);
            match closed.unhooked {
                true => self.progress.unhook(closed.position),
                false => self.progress.close(closed.position),
            }
        }
        for moved in moved {
            self.sink.moved(moved.id, moved.parent);
        }
    }
}
