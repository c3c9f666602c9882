//! `/v1/clean`: HTML rewritten by lol_html as it passes, rules only.
//!
//! The same walk as on `/v1/normalize` decides on the spot what a rule drops. Comments, void elements and raw text, whose
//! end cannot be implied, are lol_html's to `remove()`; for any other element lol_html's idea of its end is wrong on real
//! pages, so there a gate stands behind the rewriter and lets pass what our own stack says is outside.
//!
//! What a region takes is held back until its end is sure. One that is never closed, or larger than what is held at most,
//! passes whole: an unclosed advert never eats the page. No text handler is attached, so that every byte outside of what
//! is removed goes out as it came in, valid or not.
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
    gate::{Gate, Output},
    handlers::{HTML_NAMESPACE, TAGS_A_REWRITER},
    walker::{Choice, Walker},
};
use crate::{bounds::Bounds, error::Error, input::charset};

/// Bytes of one token (a tag, a comment) and of lol_html's stack.
const PARSER_BYTES: usize = 32 << 20;

/// Cleans HTML as it passes. `Send`: it may move between threads from one write to the next.
pub struct Cleaner {
    choice: Choice,
    bounds: Bounds,
    content_type: Option<String>,
    caller_charset: Option<String>,
    /// The beginning of the document, until its charset is known.
    beginning: Vec<u8>,
    running: Option<Running>,
    out: Vec<u8>,
}

impl fmt::Debug for Cleaner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cleaner")
            .field("beginning", &self.beginning.len())
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
            choice,
            bounds,
            content_type: content_type.map(str::to_owned),
            caller_charset: caller_charset.map(str::to_owned),
            beginning: Vec::new(),
            running: None,
            out: Vec::new(),
        })
    }

    /// Takes the next bytes of the document.
    ///
    /// # Errors
    /// A charset that cannot be streamed, elements nested past the bound, a token past the parser's. After an error
    /// nothing more may be written, and what came out so far is no whole document.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(running) = &mut self.running {
            return running.write(bytes, &mut self.out);
        }
        self.beginning.extend_from_slice(bytes);
        if self.beginning.len() >= charset::STREAM_PRESCAN_BYTES {
            self.begin()
        } else {
            Ok(())
        }
    }

    /// The document is over.
    ///
    /// # Errors
    /// As [`Cleaner::write`].
    pub fn end(&mut self) -> Result<(), Error> {
        if self.running.is_none() {
            self.begin()?;
        }
        match self.running.take() {
            Some(running) => running.end(&mut self.out),
            None => Ok(()),
        }
    }

    /// The bytes that may go out by now.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    fn begin(&mut self) -> Result<(), Error> {
        let beginning = std::mem::take(&mut self.beginning);
        let encoding = charset::for_stream(self.content_type.as_deref(), self.caller_charset.as_deref(), &beginning)?;
        let mut running = Running::new(self.choice.clone(), self.bounds, encoding)?;
        let written = running.write(&beginning, &mut self.out);
        self.running = Some(running);
        written
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
            walker: Walker::new(Gate::default(), choice, &bounds),
            encoding: encoding.into(),
            window: Vec::new(),
            window_at: 0,
            at: 0,
            base: 0,
            tags: 0,
            token: None,
            carry: Vec::new(),
            removing: false,
            error: None,
            output: Output::default(),
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
        lock(&self.state).window.extend_from_slice(bytes);
        self.feed(bytes)?;
        let wants_fresh = {
            let mut state = lock(&self.state);
            state.trim_window();
            out.append(&mut state.output.ready);
            state.tags > TAGS_A_REWRITER && !state.removing && state.walker.at_plain_html()
        };
        if wants_fresh { self.renew() } else { Ok(()) }
    }

    /// A fresh rewriter takes over where the old one stands, so that its stack does not grow with the document.
    fn renew(&mut self) -> Result<(), Error> {
        let rest = {
            let mut state = lock(&self.state);
            state.tags = 0;
            state.base = state.at;
            state.window.clone()
        };
        self.rewriter = rewriter(&self.state, self.encoding, self.parser_bytes);
        self.feed(&rest)
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.rewriter.write(bytes);
        // The handlers' own refusal, or else memory: with `strict` off nothing is left that could fail.
        written.map_err(|_| {
            lock(&self.state).error.take().unwrap_or(Error::TokenTooLarge {
                limit_bytes: self.parser_bytes,
            })
        })
    }

    fn end(self, out: &mut Vec<u8>) -> Result<(), Error> {
        let ended = self.rewriter.end();
        let mut state = lock(&self.state);
        if ended.is_err() {
            return Err(state.error.take().unwrap_or(Error::TokenTooLarge {
                limit_bytes: self.parser_bytes,
            }));
        }
        state.finish();
        out.append(&mut state.output.ready);
        Ok(())
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
            let raw = lock(&on_element).start_tag(element).map_err(|error| {
                lock(&on_element).error = Some(error);
                "refused"
            })?;
            if raw {
                let state = Arc::clone(&on_element);
                // Refused only for elements without an end tag, of which none is raw text.
                let _ = element.on_end_tag(Box::new(move |end: &mut EndTag<'_>| {
                    lock(&state).raw_end(end.source_location().bytes());
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

/// What the handlers and the sink share.
struct State {
    walker: Walker<Gate>,
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
    /// Bytes still to come of a token that the handlers know, and whether they pass.
    token: Option<(usize, bool)>,
    /// The end of a gap that may be the beginning of an end tag.
    carry: Vec<u8>,
    /// lol_html is removing a raw text element: nothing of it comes out.
    removing: bool,
    error: Option<Error>,
    output: Output,
}

impl State {
    fn absolute(&self, range: Range<usize>) -> Range<usize> {
        self.base + range.start..self.base + range.end
    }

    fn slice(&self, range: &Range<usize>) -> Vec<u8> {
        let at = |offset: usize| offset.saturating_sub(self.window_at);
        self.window
            .get(at(range.start)..at(range.end))
            .unwrap_or_default()
            .to_vec()
    }

    /// A start tag. The answer is whether raw text begins with it.
    fn start_tag(&mut self, element: &mut HtmlElement<'_, '_, SendHandlerTypes>) -> Result<bool, Error> {
        let range = self.absolute(element.source_location().bytes());
        self.end_gap();
        self.tags += 1;
        let tag = self.slice(&range);
        let is_html = element.namespace_uri() == HTML_NAMESPACE;
        let opened = self
            .walker
            .start_tag(&tag, range.clone(), is_html, element.is_self_closing())?;
        self.apply_changes();
        match opened {
            Some(opened) if (opened.void || opened.raw) && self.walker.road.is_dropped_alone() => {
                element.remove();
                self.removing = opened.raw;
                self.at = range.end;
                Ok(opened.raw)
            }
            opened => {
                self.output.holding = self.walker.road.region.is_some();
                self.pass_token(range);
                Ok(opened.is_some_and(|opened| opened.raw))
            }
        }
    }

    fn raw_end(&mut self, range: Range<usize>) {
        let range = self.absolute(range);
        self.walker.raw_end(range.clone());
        if std::mem::take(&mut self.removing) {
            self.walker.road.changes.clear();
            self.at = range.end;
        } else {
            let before = self.output.holding;
            self.pass_token_as(range, before);
        }
    }

    /// A comment. The answer is whether it goes.
    fn comment(&mut self, range: Range<usize>) -> bool {
        let range = self.absolute(range);
        self.end_gap();
        let bytes = self.slice(&range);
        let (text, _) = self
            .encoding
            .decode_without_bom_handling(bytes.strip_prefix(b"<!--").unwrap_or(&bytes));
        let passes = !self.output.holding;
        let goes = self
            .walker
            .comment(range.clone(), text.strip_suffix("-->").unwrap_or(&text))
            .is_some()
            && passes;
        if goes {
            self.at = range.end;
        } else {
            self.pass_token(range);
        }
        goes
    }

    /// The next bytes out of the rewriter are those of this token.
    fn pass_token(&mut self, range: Range<usize>) {
        let passes = self.walker.road.passes();
        self.pass_token_as(range, !passes);
    }

    fn pass_token_as(&mut self, range: Range<usize>, held: bool) {
        self.token = Some((range.len(), !held));
        self.at = range.end;
    }

    /// Bytes out of the rewriter: the token that was announced, else a gap.
    fn chunk(&mut self, mut bytes: &[u8]) {
        if let Some((left, passes)) = self.token {
            let n = left.min(bytes.len());
            self.output.push(&bytes[..n], passes, &mut self.walker.road);
            self.token = (n < left).then_some((left - n, passes));
            bytes = &bytes[n..];
            if self.token.is_none() {
                self.apply_changes();
            }
        }
        if bytes.is_empty() {
            return;
        }
        self.at += bytes.len();
        if self.walker.in_raw() {
            let passes = self.walker.road.passes();
            self.output.push(bytes, passes, &mut self.walker.road);
            return;
        }
        if self.carry.is_empty() {
            let done = self.gap(bytes, false);
            self.carry.extend_from_slice(&bytes[done..]);
        } else {
            let mut gap = std::mem::take(&mut self.carry);
            gap.extend_from_slice(bytes);
            let done = self.gap(&gap, false);
            gap.drain(..done);
            self.carry = gap;
        }
    }

    /// Walks through a gap and lets pass what may. The answer is how many bytes are done.
    fn gap(&mut self, bytes: &[u8], last: bool) -> usize {
        let passes = self.walker.road.passes();
        let done = self.walker.gap(bytes, 0, last);
        let mut from = 0;
        let mut passing = passes;
        let mut given_up = false;
        for change in std::mem::take(&mut self.walker.road.changes) {
            given_up |= self
                .output
                .push(&bytes[from..change.at], passing, &mut self.walker.road);
            from = change.at;
            // Of a region that was given up nothing more is dropped, whatever ends inside it.
            given_up &= change.ended.is_none();
            passing = change.passes || given_up;
            self.output.apply(&change);
        }
        self.output.push(&bytes[from..done], passing, &mut self.walker.road);
        done
    }

    /// A token follows: what is left of the gap before it is the beginning of nothing.
    fn end_gap(&mut self) {
        let carry = std::mem::take(&mut self.carry);
        let passes = self.walker.road.passes();
        self.output.push(&carry, passes, &mut self.walker.road);
    }

    /// Takes over what elements ended right here.
    fn apply_changes(&mut self) {
        for change in std::mem::take(&mut self.walker.road.changes) {
            self.output.apply(&change);
        }
    }

    fn finish(&mut self) {
        let carry = std::mem::take(&mut self.carry);
        self.gap(&carry, true);
        let at = self.at;
        self.walker.finish(at);
        self.apply_changes();
        self.output.release();
    }

    fn trim_window(&mut self) {
        // While lol_html removes raw text it does not say how far it is, but of that no tag is wanted any more.
        let to = if self.removing {
            self.window_at + self.window.len()
        } else {
            self.at
        };
        let done = to.saturating_sub(self.window_at).min(self.window.len());
        self.window.drain(..done);
        self.window_at += done;
    }
}
