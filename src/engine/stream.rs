//! `/v1/clean`: HTML rewritten by lol_html as it passes, rules only.
//!
//! The same walk as on `/v1/normalize` decides on the spot what a rule drops. Comments, void elements, `script` and
//! `style`, whose end cannot be implied, are lol_html's to `remove()`; for any other element lol_html's idea of its end is
//! wrong on real pages, so there the [`Gate`] stands behind the rewriter.
//!
//! An unclosed advert never eats the page: a region that is never closed, or is larger than what is held at most,
//! passes whole, and so does a comment without its end. A `script` or `style` without its end passes up to that size; a
//! larger one goes with all that follows, none of which a browser shows. No text handler is attached, so that every byte
//! outside of what is removed goes out as it came in, valid or not.
//!
//! # Limits
//! Memory does not grow with the document: what is kept is one slice, one token, the bytes held, and the open elements.

use std::{
    fmt,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use encoding_rs::Encoding;
use lol_html::{
    AsciiCompatibleEncoding, DocumentContentHandlers, MemorySettings, OutputSink, Settings, element,
    html_content::{Comment as HtmlComment, Doctype, Element as HtmlElement, EndTag},
    send::{HtmlRewriter, SendHandlerTypes},
};

use super::{
    gate::{Change, Gate, HELD_BYTES, News},
    handlers::HTML_NAMESPACE,
    tags::Tag,
    walker::{Choice, Opened, Walker},
};
use crate::{bounds::Bounds, error::Error, input::charset};

/// Bytes of one token (a tag, a comment) and of lol_html's stack.
const PARSER_BYTES: usize = 32 << 20;
/// Bytes that lol_html is given at once.
const SLICE_BYTES: usize = 64 << 10;
/// Start tags after which a fresh rewriter takes over: at about 128 bytes each, 1 MiB of lol_html's stack, which knows no
/// implied ends and would grow without end on a document of `<p>` alone.
const TAGS_A_REWRITER: usize = 8192;
/// Capacity that a buffer may keep once a large token has passed through it.
const SPARE_BYTES: usize = 256 << 10;

/// Cleans HTML as it passes. `Send`: it may move between threads from one write to the next.
pub struct Cleaner {
    stage: Stage,
    choice: Choice,
    bounds: Bounds,
    content_type: Option<String>,
    caller_charset: Option<String>,
    out: Vec<u8>,
}

enum Stage {
    /// The beginning of the document, until its charset is known.
    Beginning(Vec<u8>),
    Running(Box<Running>),
    /// Nothing more is taken: the document has ended, or this went wrong. lol_html panics when it is written to after an
    /// error, so it is gone by now.
    Over(Option<Error>),
}

impl fmt::Debug for Cleaner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cleaner")
            .field("out", &self.out.len())
            .finish_non_exhaustive()
    }
}

impl Cleaner {
    pub(crate) fn new(
        choice: Choice,
        bounds: Bounds,
        content_type: Option<&str>,
        caller_charset: Option<&str>,
    ) -> Result<Self, Error> {
        charset::for_stream(content_type, caller_charset, b"")?;
        // A stream may have any number of elements; only what is open at once is kept.
        let bounds = Bounds {
            elements: usize::MAX,
            parser_bytes: bounds.parser_bytes.min(PARSER_BYTES),
            ..bounds
        };
        Ok(Cleaner {
            stage: Stage::Beginning(Vec::new()),
            choice,
            bounds,
            content_type: content_type.map(str::to_owned),
            caller_charset: caller_charset.map(str::to_owned),
            out: Vec::new(),
        })
    }

    /// Takes the next bytes of the document.
    ///
    /// # Errors
    /// A charset that cannot be streamed, elements nested past the bound, a token past the parser's. After an error
    /// nothing more is taken, the error stays, and what came out so far is no whole document.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = match &mut self.stage {
            Stage::Over(error) => return error.clone().map_or(Ok(()), Err),
            Stage::Running(running) => running.write(bytes, &mut self.out),
            Stage::Beginning(beginning) => {
                beginning.extend_from_slice(bytes);
                if beginning.len() < charset::STREAM_PRESCAN_BYTES {
                    return Ok(());
                }
                self.begin()
            }
        };
        self.fuse(written)
    }

    /// The document is over.
    ///
    /// # Errors
    /// As [`Cleaner::write`].
    pub fn end(&mut self) -> Result<(), Error> {
        if let Stage::Beginning(_) = self.stage {
            let begun = self.begin();
            self.fuse(begun)?;
        }
        match std::mem::replace(&mut self.stage, Stage::Over(None)) {
            Stage::Running(running) => {
                let ended = running.end(&mut self.out);
                self.fuse(ended)
            }
            over => {
                self.stage = over;
                self.write(b"")
            }
        }
    }

    /// The bytes that may go out by now.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// After an error nothing is touched again.
    fn fuse(&mut self, result: Result<(), Error>) -> Result<(), Error> {
        if let Err(error) = &result {
            self.stage = Stage::Over(Some(error.clone()));
        }
        result
    }

    fn begin(&mut self) -> Result<(), Error> {
        let Stage::Beginning(beginning) = &mut self.stage else {
            return Ok(());
        };
        let beginning = std::mem::take(beginning);
        let encoding = charset::for_stream(self.content_type.as_deref(), self.caller_charset.as_deref(), &beginning)?;
        let mut running = Box::new(Running::new(self.choice.clone(), self.bounds, encoding)?);
        running.write(&beginning, &mut self.out)?;
        self.stage = Stage::Running(running);
        Ok(())
    }
}

/// A cleaner that knows its charset.
struct Running {
    rewriter: HtmlRewriter<'static, Sink>,
    state: Arc<Mutex<State>>,
    encoding: AsciiCompatibleEncoding,
    parser_bytes: usize,
}

impl Running {
    fn new(choice: Choice, bounds: Bounds, encoding: &'static Encoding) -> Result<Self, Error> {
        let compatible = AsciiCompatibleEncoding::new(encoding);
        let encoding = compatible.ok_or_else(|| Error::UnsupportedCharset {
            given: encoding.name().into(),
            detail: "a stream must be in an ASCII-compatible charset".into(),
        })?;
        let state = Arc::new(Mutex::new(State {
            walker: Walker::new(News::default(), choice, &bounds),
            gate: Gate::default(),
            encoding: encoding.into(),
            window: Vec::new(),
            window_at: 0,
            at: 0,
            base: 0,
            tags: 0,
            token: None,
            carry: Vec::new(),
            removing: None,
            refusal: None,
        }));
        let rewriter = rewriter(&state, encoding, bounds.parser_bytes);
        Ok(Running {
            rewriter,
            state,
            encoding,
            parser_bytes: bounds.parser_bytes,
        })
    }

    fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        for slice in bytes.chunks(SLICE_BYTES) {
            {
                let mut state = lock(&self.state);
                state.window.extend_from_slice(slice);
                state.gate.ready.reserve(slice.len());
            }
            self.feed(slice)?;
            let mut state = lock(&self.state);
            state.trim_window();
            hand_over(&mut state.gate.ready, out);
        }
        Ok(())
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut written = self.rewriter.write(bytes);
        while written.is_err() {
            let rest = self.stopped()?;
            self.rewriter = rewriter(&self.state, self.encoding, self.parser_bytes);
            written = self.rewriter.write(&rest);
        }
        Ok(())
    }

    fn end(mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        loop {
            let fresh = rewriter(&self.state, self.encoding, self.parser_bytes);
            if std::mem::replace(&mut self.rewriter, fresh).end().is_ok() {
                break;
            }
            let rest = self.stopped()?;
            self.feed(&rest)?;
        }
        let mut state = lock(&self.state);
        state.finish();
        hand_over(&mut state.gate.ready, out);
        Ok(())
    }

    /// The rewriter has stopped: at a tag where a fresh one must take over, or for good. The answer is what that one has
    /// yet to see.
    fn stopped(&self) -> Result<Vec<u8>, Error> {
        let mut state = lock(&self.state);
        match state.refusal.take() {
            Some(Refusal::Full) => Ok(state.renew()),
            Some(Refusal::Error(error)) => Err(error),
            // Nothing that the handlers said. With `strict` off only memory is left that could fail.
            None => Err(Error::TokenTooLarge {
                limit_bytes: self.parser_bytes,
            }),
        }
    }
}

/// Moves bytes on, without a copy where that can be.
fn hand_over(from: &mut Vec<u8>, to: &mut Vec<u8>) {
    if to.is_empty() {
        std::mem::swap(from, to);
        from.clear();
    } else {
        to.append(from);
    }
}

/// A panic while the lock was held has ended the request already; the state is only read to be dropped.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn rewriter(
    state: &Arc<Mutex<State>>,
    encoding: AsciiCompatibleEncoding,
    parser_bytes: usize,
) -> HtmlRewriter<'static, Sink> {
    let (on_comment, on_doctype, on_element) = (Arc::clone(state), Arc::clone(state), Arc::clone(state));
    let document = DocumentContentHandlers::<SendHandlerTypes>::default()
        .comments(move |comment: &mut HtmlComment<'_>| {
            if lock(&on_comment).comment(comment.source_location().bytes()) {
                comment.remove();
            }
            Ok(())
        })
        .doctype(move |doctype: &mut Doctype<'_>| {
            let mut state = lock(&on_doctype);
            let range = state.absolute(doctype.source_location().bytes());
            state.end_gap();
            state.pass_token(range);
            Ok(())
        });
    let settings = Settings::new_send()
        .append_document_content_handler(document)
        .append_element_content_handler(element!("*", move |element| {
            let mut state = lock(&on_element);
            let raw = match state.start_tag(element) {
                Ok(raw) => raw,
                Err(refusal) => {
                    state.refusal = Some(refusal);
                    return Err("the state says why".into());
                }
            };
            if raw {
                let on_end = Arc::clone(&on_element);
                // Refused only for elements without an end tag, of which none is raw text.
                let _ = element.on_end_tag(Box::new(move |end: &mut EndTag<'_>| {
                    lock(&on_end).raw_end(end.source_location().bytes());
                    Ok(())
                }));
            }
            Ok(())
        }))
        .with_encoding(encoding)
        .with_strict(false)
        .with_memory_settings(MemorySettings::new().with_max_allowed_memory_usage(parser_bytes));
    HtmlRewriter::new(settings, Sink(Arc::clone(state)))
}

struct Sink(Arc<Mutex<State>>);

impl OutputSink for Sink {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        lock(&self.0).chunk(chunk);
    }
}

/// Why the handlers stop the rewriter.
enum Refusal {
    /// Its stack may hold enough by now: a fresh one takes over before this tag.
    Full,
    Error(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Error(error)
    }
}

/// A `script` or `style` that lol_html is removing: nothing of it comes out.
enum Removing {
    /// It is in the window from `at` on, should it never end.
    Held,
    /// It is too large for that.
    Gone,
}

/// A token that is announced and has yet to come out of the rewriter.
#[derive(Clone, Copy)]
struct Token {
    left: usize,
    /// It goes, and only the rewriter does not know.
    goes: bool,
}

/// What the handlers and the sink share.
struct State {
    walker: Walker<News>,
    gate: Gate,
    encoding: &'static Encoding,
    /// The bytes from `window_at` on that went into the rewriter: handlers slice their tokens from it.
    window: Vec<u8>,
    window_at: usize,
    /// Everything before this byte of the document has come out of the rewriter, or been removed by it.
    at: usize,
    /// Where in the document the rewriter at work began.
    base: usize,
    /// Start tags that it has seen.
    tags: usize,
    /// Bytes still to come of a token that the handlers know.
    token: Option<Token>,
    /// The end of a gap that may be the beginning of something.
    carry: Vec<u8>,
    removing: Option<Removing>,
    refusal: Option<Refusal>,
}

/// Bytes of `window`, which begins at byte `window_at` of the document.
fn slice<'w>(window: &'w [u8], window_at: usize, range: &Range<usize>) -> &'w [u8] {
    let at = |offset: usize| offset.saturating_sub(window_at);
    window.get(at(range.start)..at(range.end)).unwrap_or_default()
}

impl State {
    fn absolute(&self, range: Range<usize>) -> Range<usize> {
        self.base + range.start..self.base + range.end
    }

    /// A start tag. The answer is whether raw text begins with it.
    fn start_tag(&mut self, element: &mut HtmlElement<'_, '_, SendHandlerTypes>) -> Result<bool, Refusal> {
        let range = self.absolute(element.source_location().bytes());
        self.end_gap();
        if self.tags >= TAGS_A_REWRITER && self.walker.at_plain_html() {
            return Err(Refusal::Full);
        }
        self.tags += 1;
        let tag = slice(&self.window, self.window_at, &range);
        let is_html = element.namespace_uri() == HTML_NAMESPACE;
        let opened = self
            .walker
            .start_tag(tag, range.clone(), is_html, element.is_self_closing())?;
        let raw = opened.is_some_and(|opened| opened.raw);
        if self.is_removed_alone(opened) {
            // Where the rewriter thinks that there is more to come, the end that it waits for is the wrong one.
            if raw {
                element.remove();
                self.removing = Some(Removing::Held);
                self.at = range.start;
            } else if element.can_have_content() {
                self.pass_token(range);
                self.token.iter_mut().for_each(|token| token.goes = true);
            } else {
                element.remove();
                self.at = range.end;
            }
        } else {
            self.pass_token(range);
        }
        Ok(raw)
    }

    /// Tells the gate what a start tag has closed and opened. The answer is whether its element is one whose end cannot be
    /// implied and which goes: of those the gate hears nothing.
    fn is_removed_alone(&mut self, opened: Option<Opened>) -> bool {
        let changes = &mut self.walker.road.changes;
        let mut taken = 0;
        let mut removed = false;
        for change in changes.iter() {
            taken += 1;
            match *change {
                Change::Closed { id, end, .. } => self.gate.closed(id, end),
                Change::Opened { id, tag, wish } => {
                    let alone = opened
                        .is_some_and(|opened| opened.void || (opened.raw && matches!(tag, Tag::SCRIPT | Tag::STYLE)));
                    removed = alone && self.gate.drops(wish);
                    if !removed {
                        self.gate.opened(id, tag, wish);
                    }
                    break; // what closes behind it is a void element, after its bytes
                }
            }
        }
        changes.drain(..taken);
        if removed {
            changes.clear();
        }
        removed
    }

    /// The end tag of raw text.
    fn raw_end(&mut self, range: Range<usize>) {
        let range = self.absolute(range);
        self.end_gap();
        self.walker.raw_end(range.clone());
        if self.removing.take().is_some() {
            self.walker.road.changes.clear();
            self.at = range.end;
        } else {
            self.pass_token(range);
        }
    }

    /// A comment. The answer is whether it goes.
    fn comment(&mut self, range: Range<usize>) -> bool {
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
        let rule = self.walker.comment(range.clone(), &text);
        let goes = rule.is_some() && has_ended && self.gate.obeys_rules();
        if goes {
            self.at = range.end;
        } else {
            self.pass_token(range);
        }
        goes
    }

    /// The next bytes out of the rewriter are those of this token.
    fn pass_token(&mut self, range: Range<usize>) {
        self.token = Some(Token {
            left: range.len(),
            goes: false,
        });
        self.at = range.end;
    }

    /// Bytes out of the rewriter: the token that was announced, else a gap.
    fn chunk(&mut self, mut bytes: &[u8]) {
        if let Some(token) = &mut self.token {
            let (own, rest) = bytes.split_at(token.left.min(bytes.len()));
            token.left -= own.len();
            if !token.goes {
                self.gate.push(own);
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
        if self.walker.in_raw() {
            self.gate.push(bytes);
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

    /// Walks through a gap and hands it to the gate. The answer is how many bytes are done.
    fn gap(&mut self, bytes: &[u8], last: bool) -> usize {
        let done = self.walker.gap(bytes, 0, last).min(bytes.len());
        let mut rest = bytes.split_at(done).0;
        let mut from = 0;
        for change in self.walker.road.changes.drain(..) {
            if let Change::Closed { id, at, end } = change {
                let (before, behind) = rest.split_at(at.saturating_sub(from).min(rest.len()));
                self.gate.push(before);
                self.gate.closed(id, end);
                from += before.len();
                rest = behind;
            }
        }
        self.gate.push(rest);
        done
    }

    /// A token follows: what is left of the gap before it is the beginning of nothing.
    fn end_gap(&mut self) {
        if self.token.is_some() {
            self.end_token();
        }
        if !self.carry.is_empty() {
            self.gate.push(&self.carry);
            self.carry.clear();
        }
    }

    /// A token has passed: what closes with it closes behind its bytes.
    fn end_token(&mut self) {
        self.token = None;
        for change in self.walker.road.changes.drain(..) {
            if let Change::Closed { id, end, .. } = change {
                self.gate.closed(id, end);
            }
        }
    }

    fn finish(&mut self) {
        self.end_token();
        let carry = std::mem::take(&mut self.carry);
        if self.walker.in_raw() {
            self.gate.push(&carry);
        } else {
            self.gap(&carry, true);
        }
        if let Some(Removing::Held) = self.removing.take() {
            let end = self.window_at + self.window.len();
            self.gate.push(slice(&self.window, self.window_at, &(self.at..end)));
        }
        self.walker.finish(self.at);
        self.end_token();
        self.gate.finish();
    }

    /// A fresh rewriter takes over at the start tag that comes now. The answer is what it has yet to see.
    fn renew(&mut self) -> Vec<u8> {
        self.tags = 0;
        self.base = self.at;
        let end = self.window_at + self.window.len();
        slice(&self.window, self.window_at, &(self.at..end)).to_vec()
    }

    fn trim_window(&mut self) {
        let end = self.window_at + self.window.len();
        let to = match self.removing {
            None => self.at,
            Some(Removing::Held) if end - self.at.min(end) <= HELD_BYTES => self.at,
            // lol_html does not say how far it is, but of raw text no tag is wanted any more.
            Some(_) => {
                self.removing = Some(Removing::Gone);
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
}
