//! `/v1/clean`: HTML rewritten by lol_html as it passes, rules only.
//!
//! The same tree builder as on `/v1/normalize` decides at once what a rule drops. Comments, void elements, `script` and
//! `style`, whose end cannot be implied, are lol_html's to `remove()`; for any other element lol_html's idea of its end is
//! wrong on real pages, so there a region_buffer (`engine::region_buffer`) stands behind the rewriter.
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
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use encoding_rs::Encoding;
use lol_html::{
    AsciiCompatibleEncoding, DocumentContentHandlers, MemorySettings, OutputSink, Settings, element,
    html_content::{Comment as HtmlComment, Doctype, EndTag},
    send::{HtmlRewriter, SendHandlerTypes},
};

use super::{
    removals::RemovedRegion,
    rewrite::{RewriteError, RewriteState},
};
use crate::{
    bounds::{Bounds, Deadline},
    engine::active_rules::ActiveRules,
    error::Error,
    input::{charset, language},
    rules::RuleSet,
    steps,
};

/// Bytes of one token (a tag, a comment) and of lol_html's stack.
const PARSER_BYTES: usize = 32 << 20;
/// Bytes that lol_html is given at once.
const SLICE_BYTES: usize = 16 << 10;
/// What it sets aside for them and the beginning of a tag before them.
const BUFFER_BYTES: usize = SLICE_BYTES + (4 << 10);

/// Cleans HTML as it passes. `Send`: it may move between threads from one write to the next.
pub struct Cleaner {
    stage: CleanerStage,
    choice: ActiveRules,
    bounds: Bounds,
    content_type: Option<String>,
    caller_charset: Option<String>,
    out: Vec<u8>,
    /// What was removed, if removals are recorded.
    removals: Option<Vec<RemovedRegion>>,
}

enum CleanerStage {
    /// The beginning of the document, until its charset is known.
    Beginning(Vec<u8>),
    Running(Box<ActiveCleaner>),
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
        choice: ActiveRules,
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
            stage: CleanerStage::Beginning(Vec::new()),
            choice,
            bounds,
            content_type: content_type.map(str::to_owned),
            caller_charset: caller_charset.map(str::to_owned),
            out: Vec::new(),
            removals: None,
        })
    }

    /// From the beginning on, what goes is noted for [`Cleaner::take_losses`].
    pub fn noting_losses(self) -> Self {
        Cleaner {
            removals: Some(Vec::new()),
            ..self
        }
    }

    /// What has gone since the last time, as far as it is known: disjoint, and as a rule ascending. Asked for after each
    /// write, since they are kept until then.
    pub fn take_losses(&mut self) -> Vec<RemovedRegion> {
        if let CleanerStage::Running(running) = &self.stage {
            let known = lock(&running.state).region_buffer.take_losses();
            self.removals
                .iter_mut()
                .for_each(|removals| removals.extend_from_slice(&known));
        }
        self.removals.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The rules that removals name.
    pub fn rules(&self) -> &RuleSet {
        self.choice.rules()
    }

    /// Takes the next bytes of the document.
    ///
    /// # Errors
    /// A charset that cannot be streamed, elements nested past the bound, a token past the parser's, and a turn that takes
    /// as long as a whole document may. After an error
    /// nothing more is taken, the error stays, and what came out so far is no whole document.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = match &mut self.stage {
            CleanerStage::Over(error) => return error.clone().map_or(Ok(()), Err),
            CleanerStage::Running(running) => steps::within(&Deadline::after(self.bounds.time), || {
                running.write(bytes, &mut self.out)
            }),
            CleanerStage::Beginning(beginning) => {
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
        if let CleanerStage::Beginning(_) = self.stage {
            let begun = self.begin();
            self.fuse(begun)?;
        }
        match std::mem::replace(&mut self.stage, CleanerStage::Over(None)) {
            CleanerStage::Running(running) => {
                let ended = steps::within(&Deadline::after(self.bounds.time), || running.end(&mut self.out));
                let ended = ended.map(|last| {
                    self.removals
                        .iter_mut()
                        .for_each(|removals| removals.extend_from_slice(&last));
                });
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

    /// Memory of what was taken in and has yet to go out, at most: as a rule next to none, and as much as a tag or a
    /// comment is large while its end is not in sight; and of what selectors have matched on the elements that are open.
    pub fn waiting_bytes(&self) -> usize {
        let held = match &self.stage {
            CleanerStage::Running(running) => lock(&running.state).waiting_bytes(),
            CleanerStage::Beginning(_) | CleanerStage::Over(_) => 0,
        };
        held + self.out.len()
    }

    /// After an error nothing is touched again.
    fn fuse(&mut self, result: Result<(), Error>) -> Result<(), Error> {
        if let Err(error) = &result {
            self.stage = CleanerStage::Over(Some(error.clone()));
        }
        result
    }

    fn begin(&mut self) -> Result<(), Error> {
        let CleanerStage::Beginning(beginning) = &mut self.stage else {
            return Ok(());
        };
        let beginning = std::mem::take(beginning);
        let encoding = charset::for_stream(self.content_type.as_deref(), self.caller_charset.as_deref(), &beginning)?;
        let choice = self.choice.clone().in_language(language::of_html(&beginning));
        let mut running = Box::new(ActiveCleaner::new(choice, self.bounds, encoding)?);
        if self.removals.is_some() {
            lock(&running.state).region_buffer.note_losses();
        }
        running.write(&beginning, &mut self.out)?;
        self.stage = CleanerStage::Running(running);
        Ok(())
    }
}

/// A cleaner that knows its charset.
struct ActiveCleaner {
    rewriter: HtmlRewriter<'static, RewriterSink>,
    state: Arc<Mutex<RewriteState>>,
    encoding: AsciiCompatibleEncoding,
    parser_bytes: usize,
}

impl ActiveCleaner {
    fn new(choice: ActiveRules, bounds: Bounds, encoding: &'static Encoding) -> Result<Self, Error> {
        let compatible = AsciiCompatibleEncoding::new(encoding);
        let encoding = compatible.ok_or_else(|| Error::UnsupportedCharset {
            given: encoding.name().into(),
            detail: "a stream must be in an ASCII-compatible charset".into(),
        })?;
        let state = Arc::new(Mutex::new(RewriteState::new(choice, &bounds, encoding)));
        let rewriter = rewriter(&state, encoding, bounds.parser_bytes);
        Ok(ActiveCleaner {
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
                // One size for all: a buffer may be freed by another thread, and each size that comes up costs memory.
                state.region_buffer.ready.reserve(SLICE_BYTES);
            }
            self.feed(slice)?;
            let mut state = lock(&self.state);
            state.trim_window();
            hand_over(&mut state.region_buffer.ready, out);
        }
        Ok(())
    }

    /// Takes the last bytes of the window.
    fn feed(&mut self, slice: &[u8]) -> Result<(), Error> {
        let mut rest = slice;
        while self.rewriter.write(rest).is_err() {
            rest = self.renew(slice)?;
        }
        Ok(())
    }

    /// The answer is what has gone since the last time.
    fn end(mut self, out: &mut Vec<u8>) -> Result<Vec<RemovedRegion>, Error> {
        loop {
            let fresh = rewriter(&self.state, self.encoding, self.parser_bytes);
            if std::mem::replace(&mut self.rewriter, fresh).end().is_ok() {
                break;
            }
            self.renew(&[])?;
        }
        let mut state = lock(&self.state);
        state.finish();
        hand_over(&mut state.region_buffer.ready, out);
        Ok(state.region_buffer.take_losses())
    }

    /// The rewriter has stopped, for good or at a tag where a fresh one must take over: then this makes it. The answer is
    /// what of `slice`, the end of the window, it has yet to see.
    fn renew<'s>(&mut self, slice: &'s [u8]) -> Result<&'s [u8], Error> {
        // Unless the handlers say something else: with `strict` off only memory is left that could fail.
        let too_large = Error::TokenTooLarge {
            limit_bytes: self.parser_bytes,
        };
        let (before, from) = {
            let mut state = lock(&self.state);
            match state.refusal.take() {
                Some(RewriteError::Renew) => state.renew(slice.len()),
                Some(RewriteError::Error(error)) => return Err(error),
                None => return Err(too_large),
            }
        };
        self.rewriter = rewriter(&self.state, self.encoding, self.parser_bytes);
        if !before.is_empty() && self.rewriter.write(&before).is_err() {
            return Err(too_large);
        }
        Ok(slice.get(from..).unwrap_or_default())
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
fn lock(state: &Mutex<RewriteState>) -> MutexGuard<'_, RewriteState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn rewriter(
    state: &Arc<Mutex<RewriteState>>,
    encoding: AsciiCompatibleEncoding,
    parser_bytes: usize,
) -> HtmlRewriter<'static, RewriterSink> {
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
        .with_memory_settings(
            MemorySettings::new()
                .with_preallocated_parsing_buffer_size(BUFFER_BYTES.min(parser_bytes))
                .with_max_allowed_memory_usage(parser_bytes),
        );
    HtmlRewriter::new(settings, RewriterSink(Arc::clone(state)))
}

struct RewriterSink(Arc<Mutex<RewriteState>>);

impl OutputSink for RewriterSink {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        lock(&self.0).chunk(chunk);
    }
}
