//! What the handlers and the sink of the stream share: how far the document has passed, and what of it goes.

use std::ops::Range;

use encoding_rs::Encoding;
use lol_html::{AsciiCompatibleEncoding, html_content::Element as HtmlElement, send::SendHandlerTypes};

use super::holdback::{ElementChange, ElementChanges, HELD_BYTES, RegionBuffer, UnclosedTags};
use crate::{
    bounds::Bounds,
    engine::{
        active_rules::ActiveRules,
        document::{
            parser::HTML_NAMESPACE,
            tree_builder::{StartTagResult, TreeBuilder},
        },
        extract::reason::RemovalReason,
        html::{tags::Tag, tokens::StartTag},
    },
    error::Error,
};

/// Elements that lol_html may think open when a fresh rewriter takes over: it knows no implied ends, so its stack would
/// grow without end on a document of `<p>` alone. A fresh one takes 2 µs. A page that closes its elements never needs one.
const OPEN_A_REWRITER: u32 = 128;
/// Start tags after which it takes over in any case.
const TAGS_A_REWRITER: usize = 16_384;
/// Memory for each byte that waits: here and in lol_html, in buffers that double and are copied while they do, and in what
/// the allocator keeps of those that were outgrown.
const WAITING_FACTOR: usize = 8;
/// What lol_html keeps for each attribute of a tag that it reads: two ranges of offsets and a range of both, in a table
/// that doubles.
const ATTRIBUTE_BYTES: usize = 128;
/// Capacity that a buffer may keep once a large token has passed through it.
const SPARE_BYTES: usize = 256 << 10;

/// Why the handlers stop the rewriter.
pub(crate) enum RewriteError {
    /// A fresh one takes over before this tag: its stack may hold enough by now, or it has lost its way.
    Renew,
    Error(Error),
}

impl From<Error> for RewriteError {
    fn from(error: Error) -> Self {
        RewriteError::Error(error)
    }
}

/// A `script` or `style` that lol_html is removing: nothing of it comes out.
struct RawTextRemoval {
    /// Whether it is in the window from `at` on, should it never end: it is too large for that otherwise.
    is_held: bool,
    /// Where it begins.
    start: usize,
    reason: RemovalReason,
    name: Option<Box<str>>,
}

/// A token that is announced and has yet to come out of the rewriter.
#[derive(Clone, Copy)]
struct PendingToken {
    left: usize,
    /// It goes, and only the rewriter does not know.
    goes: bool,
}

/// What the handlers and the sink share.
pub(crate) struct RewriteState {
    builder: TreeBuilder<ElementChanges>,
    pub(crate) region_buffer: RegionBuffer,
    encoding: &'static Encoding,
    /// The bytes from `window_at` on that went into the rewriter: handlers slice their tokens from it.
    pub(crate) window: Vec<u8>,
    window_at: usize,
    /// Everything before this byte of the document has come out of the rewriter, or been removed by it.
    at: usize,
    /// Where in the document the rewriter at work began.
    base: usize,
    /// Start tags that it has seen.
    tags: usize,
    /// Bytes still to come of a token that the handlers know.
    token: Option<PendingToken>,
    /// The end of a gap that may be the beginning of something.
    carry: Vec<u8>,
    removing: Option<RawTextRemoval>,
    attributes: AttributeWindow,
    pub(crate) refusal: Option<RewriteError>,
}

/// The name in a start tag, as HTML has it.
fn name_of(tag: &[u8]) -> Box<str> {
    String::from_utf8_lossy(StartTag::new(tag).name())
        .to_ascii_lowercase()
        .into_boxed_str()
}

/// Bytes of `window`, which begins at byte `window_at` of the document.
fn slice<'w>(window: &'w [u8], window_at: usize, range: &Range<usize>) -> &'w [u8] {
    let at = |offset: usize| offset.saturating_sub(window_at);
    window.get(at(range.start)..at(range.end)).unwrap_or_default()
}

impl RewriteState {
    pub(crate) fn new(choice: ActiveRules, bounds: &Bounds, encoding: AsciiCompatibleEncoding) -> Self {
        RewriteState {
            builder: TreeBuilder::new(ElementChanges::default(), choice, bounds),
            region_buffer: RegionBuffer::default(),
            encoding: encoding.into(),
            window: Vec::new(),
            window_at: 0,
            at: 0,
            base: 0,
            tags: 0,
            token: None,
            carry: Vec::new(),
            removing: None,
            attributes: AttributeWindow::default(),
            refusal: None,
        }
    }

    pub(crate) fn absolute(&self, range: Range<usize>) -> Range<usize> {
        self.base + range.start..self.base + range.end
    }

    /// A start tag. The answer is whether raw text begins with it.
    pub(crate) fn start_tag(
        &mut self,
        element: &mut HtmlElement<'_, '_, SendHandlerTypes>,
    ) -> Result<bool, RewriteError> {
        let range = self.absolute(element.source_location().bytes());
        self.end_gap();
        let tag = slice(&self.window, self.window_at, &range);
        let is_html = element.namespace_uri() == HTML_NAMESPACE;
        let open = self.builder.sink.unclosed.total;
        let is_full = (open >= OPEN_A_REWRITER || self.tags >= TAGS_A_REWRITER) && self.builder.at_plain_html();
        if is_full || self.builder.is_out_of_step(tag, is_html) {
            return Err(RewriteError::Renew);
        }
        self.tags += 1;
        let opened = self
            .builder
            .start_tag(tag, range.clone(), is_html, element.is_self_closing())?;
        if opened.is_none() {
            self.builder.sink.unclosed.begin(Tag::OTHER); // it is no element, but lol_html does not know
        }
        let raw = opened.is_some_and(|opened| opened.raw);
        let name = self
            .region_buffer
            .notes_losses()
            .then(|| name_of(slice(&self.window, self.window_at, &range)));
        if let Some(reason) = self.is_removed_alone(opened, name.clone()) {
            // Where the rewriter thinks that there is more to come, the end that it waits for is the wrong one.
            if raw {
                element.remove();
                self.at = range.start;
                self.removing = Some(RawTextRemoval {
                    is_held: true,
                    start: range.start,
                    reason,
                    name,
                });
            } else {
                self.region_buffer.lost(range.clone(), reason, name);
                if element.can_have_content() {
                    self.pass_token(range);
                    self.token.iter_mut().for_each(|token| token.goes = true);
                } else {
                    element.remove();
                    self.region_buffer.skip(range.len());
                    self.at = range.end;
                }
            }
        } else {
            self.pass_token(range);
        }
        Ok(raw)
    }

    /// Tells the region_buffer what a start tag has closed and opened. The answer is why its element goes, if it is one whose end
    /// cannot be implied: of those the region_buffer hears nothing.
    fn is_removed_alone(&mut self, opened: Option<StartTagResult>, name: Option<Box<str>>) -> Option<RemovalReason> {
        let changes = &mut self.builder.sink.changes;
        let mut taken = 0;
        let mut removed = None;
        for change in changes.iter() {
            taken += 1;
            match *change {
                ElementChange::Closed { id, end, .. } => self.region_buffer.closed(id, end),
                ElementChange::Opened { id, tag, wish, reason } => {
                    let alone = opened
                        .is_some_and(|opened| opened.void || (opened.raw && matches!(tag, Tag::SCRIPT | Tag::STYLE)));
                    if alone && self.region_buffer.drops(wish) {
                        removed = Some(reason);
                    } else {
                        self.region_buffer.opened(id, tag, wish, reason, name);
                    }
                    break; // what closes behind it is a void element, after its bytes
                }
            }
        }
        changes.drain(..taken);
        if removed.is_some() {
            changes.clear();
        }
        removed
    }

    /// The end tag of raw text.
    pub(crate) fn raw_end(&mut self, range: Range<usize>) {
        let range = self.absolute(range);
        self.end_gap();
        self.builder.raw_end(range.clone());
        if let Some(removed) = self.removing.take() {
            self.builder.sink.changes.clear();
            self.at = range.end;
            self.region_buffer.skip(range.end - removed.start);
            self.region_buffer
                .lost(removed.start..range.end, removed.reason, removed.name);
        } else {
            self.pass_token(range);
        }
    }

    /// A comment. The answer is whether it goes.
    pub(crate) fn comment(&mut self, range: Range<usize>) -> bool {
        let range = self.absolute(range);
        self.end_gap();
        let bytes = slice(&self.window, self.window_at, &range);
        let (start, ends): (&[u8], &[&[u8]]) = match bytes.starts_with(b"<!--") {
            true => (b"<!--", &[b"-->", b"--!>"]),
            false => (b"", &[b">"]),
        };
        let has_ended = ends.iter().any(|end| bytes.ends_with(end));
        let text = bytes.strip_prefix(start).unwrap_or(bytes);
        let (text, _) = self
            .encoding
            .decode_without_bom_handling(text.strip_suffix(b"-->").unwrap_or(text));
        let dropped_by = self.builder.comment(range.clone(), &text);
        let dropped_by = dropped_by.filter(|_| has_ended && self.region_buffer.obeys_rules());
        if let Some(rule) = dropped_by {
            self.at = range.end;
            self.region_buffer.skip(range.len());
            self.region_buffer.lost(range, RemovalReason::Rule(rule), None);
        } else {
            self.pass_token(range);
        }
        dropped_by.is_some()
    }

    /// The next bytes out of the rewriter are those of this token.
    pub(crate) fn pass_token(&mut self, range: Range<usize>) {
        self.token = Some(PendingToken {
            left: range.len(),
            goes: false,
        });
        self.at = range.end;
    }

    /// Bytes out of the rewriter: the token that was announced, else a gap.
    pub(crate) fn chunk(&mut self, mut bytes: &[u8]) {
        if let Some(token) = &mut self.token {
            let (own, rest) = bytes.split_at(token.left.min(bytes.len()));
            token.left -= own.len();
            if token.goes {
                self.region_buffer.skip(own.len());
            } else {
                self.region_buffer.push(own);
            }
            bytes = rest;
            if token.left > 0 {
                return;
            }
            self.end_token();
        }
        if bytes.is_empty() {
            return;
        }
        self.at += bytes.len();
        if self.builder.in_raw() {
            self.region_buffer.push(bytes);
        } else if self.carry.is_empty() {
            let done = self.gap(bytes, false);
            self.carry.extend_from_slice(bytes.get(done..).unwrap_or_default());
        } else {
            let mut gap = std::mem::take(&mut self.carry);
            gap.extend_from_slice(bytes);
            let done = self.gap(&gap, false);
            gap.drain(..done.min(gap.len()));
            self.carry = gap;
        }
        if self.carry.len() > HELD_BYTES {
            self.end_gap(); // hostile: the rewriter has let it out, so it is no tag to it
        }
    }

    /// Walks through a gap and hands it to the region_buffer. The answer is how many bytes are done.
    fn gap(&mut self, bytes: &[u8], last: bool) -> usize {
        let done = self.builder.gap(bytes, 0, last).min(bytes.len());
        let mut rest = bytes.split_at(done).0;
        let mut from = 0;
        for change in self.builder.sink.changes.drain(..) {
            if let ElementChange::Closed { id, at, end } = change {
                let (before, behind) = rest.split_at(at.saturating_sub(from).min(rest.len()));
                self.region_buffer.push(before);
                self.region_buffer.closed(id, end);
                from += before.len();
                rest = behind;
            }
        }
        self.region_buffer.push(rest);
        done
    }

    /// A token follows: what is left of the gap before it is the beginning of nothing.
    pub(crate) fn end_gap(&mut self) {
        if self.token.is_some() {
            self.end_token();
        }
        if !self.carry.is_empty() {
            self.region_buffer.push(&self.carry);
            self.carry.clear();
        }
    }

    /// A token has passed: what closes with it closes behind its bytes.
    fn end_token(&mut self) {
        self.token = None;
        for change in self.builder.sink.changes.drain(..) {
            if let ElementChange::Closed { id, end, .. } = change {
                self.region_buffer.closed(id, end);
            }
        }
    }

    pub(crate) fn finish(&mut self) {
        self.end_token();
        let carry = std::mem::take(&mut self.carry);
        if self.builder.in_raw() {
            self.region_buffer.push(&carry);
        } else {
            self.gap(&carry, true);
        }
        if let Some(removing) = self.removing.take() {
            let end = self.window_at + self.window.len();
            if removing.is_held {
                self.region_buffer
                    .push(slice(&self.window, self.window_at, &(self.at..end)));
            } else {
                self.region_buffer
                    .lost(removing.start..end, removing.reason, removing.name);
            }
        }
        self.builder.finish(self.at);
        self.end_token();
        self.region_buffer.finish();
    }

    /// A fresh rewriter takes over at the start tag that comes now. The answer is what it has yet to see: what lies before
    /// the last `last` bytes of the window, and where in these the rest begins.
    pub(crate) fn renew(&mut self, last: usize) -> (Vec<u8>, usize) {
        self.tags = 0;
        self.builder.sink.unclosed = UnclosedTags::default();
        self.base = self.at;
        let last_at = (self.window_at + self.window.len()).saturating_sub(last);
        let before = self.at..last_at.max(self.at);
        (
            slice(&self.window, self.window_at, &before).to_vec(),
            self.at.saturating_sub(last_at),
        )
    }

    pub(crate) fn trim_window(&mut self) {
        let end = self.window_at + self.window.len();
        let to = match &mut self.removing {
            None => self.at,
            Some(removing) if removing.is_held && end - self.at.min(end) <= HELD_BYTES => self.at,
            // lol_html does not say how far it is, but of raw text no tag is wanted any more.
            Some(removing) => {
                removing.is_held = false;
                end
            }
        };
        if self.window.len() > SPARE_BYTES {
            self.tags = TAGS_A_REWRITER; // a large token has gone through: its buffer goes with the rewriter
        }
        let done = to.saturating_sub(self.window_at).min(self.window.len());
        self.window.drain(..done);
        self.window_at += done;
        if self.window.capacity() > SPARE_BYTES && self.window.len() < SPARE_BYTES / 2 {
            self.window.shrink_to(SPARE_BYTES);
        }
    }

    /// Memory of what went in and has yet to come out, at most, since it may be a tag of nothing but attributes; and of what
    /// selectors have matched on the elements that are open.
    pub(crate) fn waiting_bytes(&mut self) -> usize {
        let attributes = self.attributes.at_most(&self.window, self.window_at);
        let waiting = WAITING_FACTOR * self.window.len() + ATTRIBUTE_BYTES * attributes;
        waiting + self.region_buffer.ready.len() + self.builder.matched_bytes()
    }
}

/// How many attributes the window can hold, each byte of it looked at once.
#[derive(Debug, Default)]
struct AttributeWindow {
    /// Where the window began, and up to where it was counted.
    from: usize,
    to: usize,
    most: usize,
}

impl AttributeWindow {
    /// Before an attribute stands white space, a slash, or the quote that ends the one before it.
    fn at_most(&mut self, window: &[u8], window_at: usize) -> usize {
        if self.from != window_at {
            (self.from, self.to, self.most) = (window_at, window_at, 0);
        }
        let new = window.get(self.to - window_at..).unwrap_or_default();
        self.most += new
            .iter()
            .filter(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'"' | b'\''))
            .count();
        self.to += new.len();
        self.most
    }
}
