//! The lol_html handlers of `/v1/normalize`: one pass over a document in memory, from which comes its [`Document`].
//!
//! Three handlers are attached: every start tag, every comment, the doctype. No text handler: what lies between two
//! tokens is sliced from the source and taken apart by `engine::tokens`, which is several times faster. The ends of raw
//! text elements (`script` and its escapes, `title`, `style`) are lol_html's to find.
//!
//! # Limits
//! lol_html's own stack grows with every element that it thinks open, and it knows no implied ends, so a document of
//! `<p>` alone would grow it without end. A fresh rewriter therefore takes over now and then, at a token's border: ours
//! is the stack that counts.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
    rc::Rc,
};

use lol_html::{DocumentContentHandlers, HtmlRewriter, LocalHandlerTypes, MemorySettings, Settings, element};

use super::{
    Document, DocumentBuilder,
    tree_builder::{TreeBuilder, TreeSink},
};
use crate::engine::html::tokens::AttributeCounter;
use crate::{
    bounds::{Bounds, Deadline},
    engine::{active_rules::ActiveRules, text::comment_text},
    error::Error,
};

/// Bytes between two looks at the clock, and at the tag that is coming: some tens of microseconds of work.
const SLICE_BYTES: usize = 16 << 10;
/// Attributes of a tag that goes on past a slice. lol_html takes 138 bytes for each before a handler sees the tag.
const ATTRIBUTES: usize = 8192;
/// What they, and those of one more slice, take.
const ATTRIBUTES_BYTES: usize = (ATTRIBUTES + SLICE_BYTES / 2) * 138;
/// Start tags after which a fresh rewriter takes over: at about 128 bytes each, 8 MiB of lol_html's stack.
pub(crate) const TAGS_A_REWRITER: usize = 65_536;

/// Walks through a document of HTML.
///
/// # Errors
/// [`Error::TooDeep`], [`Error::TooManyElements`], [`Error::TokenTooLarge`] and [`Error::Deadline`].
pub fn parse<'s>(
    source: &'s str,
    choice: &ActiveRules,
    bounds: &Bounds,
    deadline: &Deadline,
) -> Result<Document<'s>, Error> {
    let parse = RefCell::new(Parser {
        source: source.as_bytes(),
        text: source,
        builder: TreeBuilder::new(DocumentBuilder::new(source), choice.clone(), bounds),
        at: 0,
        tags: 0,
        raw_end: Rc::default(),
        coming: PartialStartTag::default(),
        stop: None,
    });
    let mut from = 0;
    while let Some(border) = run_rewriter(&parse, from, bounds, deadline)? {
        from = border;
    }
    let mut parse = parse.into_inner();
    parse.advance(source.len(), GapEnd::End);
    parse.builder.finish(source.len());
    let document = parse.builder.sink.finish();
    let lines_bound = bounds.elements.saturating_mul(Bounds::LINES_AN_ELEMENT);
    let paragraphs = || source.lines().filter(|line| !line.trim().is_empty()).count();
    if document.is_plain && paragraphs() > lines_bound {
        return Err(Error::TooManyElements { limit: bounds.elements });
    }
    Ok(document)
}

struct Parser<'s> {
    source: &'s [u8],
    text: &'s str,
    builder: TreeBuilder<DocumentBuilder<'s>>,
    /// Everything before this byte is done.
    at: usize,
    /// Start tags seen by the rewriter at work.
    tags: usize,
    /// Where the end tag of the raw text that was open stands, once lol_html has found it.
    raw_end: Rc<Cell<Option<(usize, usize)>>>,
    coming: PartialStartTag,
    stop: Option<StopReason>,
}

/// The start tag that has come in part, if it is one that comes.
#[derive(Default)]
struct PartialStartTag {
    /// What was done when it was looked for.
    done: usize,
    /// Up to where it was looked for, and read.
    read: usize,
    attributes: Option<AttributeCounter>,
}

/// Why a handler stopped the rewriter.
enum StopReason {
    Refused(Error),
    /// A fresh rewriter must read this tag again.
    OutOfStep,
}

/// What lies behind a gap.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GapEnd {
    Token,
    End,
}

impl Parser<'_> {
    /// Looks at what has been written and is not done.
    ///
    /// # Errors
    /// [`Error::TokenTooLarge`] for a tag that already has too many attributes.
    fn check_coming(&mut self, written: usize) -> Result<(), Error> {
        if self.builder.in_raw() {
            return Ok(());
        }
        if self.coming.done != self.at {
            self.coming = PartialStartTag {
                done: self.at,
                read: self.at,
                attributes: None,
            };
        }
        let coming = &mut self.coming;
        if coming.attributes.is_none() {
            let bytes = &self.source[..written];
            let mut places = memchr::memchr_iter(b'<', &bytes[coming.read..]).map(|at| coming.read + at);
            let is_token = |at: &usize| match bytes.get(at + 1) {
                Some(byte) => byte.is_ascii_alphabetic() || matches!(byte, b'!' | b'?'),
                None => true,
            };
            coming.read = places.find(is_token).unwrap_or(written);
            // A comment is no tag, whatever it holds.
            let is_tag = bytes.get(coming.read + 1).is_some_and(u8::is_ascii_alphabetic);
            coming.attributes = is_tag.then(AttributeCounter::default);
        }
        if let Some(attributes) = &mut coming.attributes {
            attributes.read(&self.source[coming.read..written]);
            coming.read = written;
            if attributes.count > ATTRIBUTES {
                return Err(Error::TokenTooLarge {
                    limit_bytes: ATTRIBUTES_BYTES,
                });
            }
        }
        Ok(())
    }

    /// Takes in what lies before byte `to`.
    fn advance(&mut self, to: usize, reach: GapEnd) {
        if self.builder.in_raw() {
            let Some((start, end)) = self.raw_end.take() else {
                self.builder.raw_text(self.at..to);
                if reach == GapEnd::End && self.at < to {
                    self.builder.raw_unended(self.at);
                }
                self.at = to;
                return;
            };
            self.builder.raw_text(self.at..start);
            self.builder.raw_end(start..end);
            self.at = end;
        }
        let base = self.at;
        let gap = &self.source[base..to];
        match reach {
            GapEnd::Token => self.builder.whole_gap(gap, base),
            GapEnd::End => {
                self.builder.gap(gap, base, true);
            }
        }
        self.at = to;
    }

    fn start_tag(
        &mut self,
        range: Range<usize>,
        element: &mut lol_html::html_content::Element<'_, '_, LocalHandlerTypes>,
        base: usize,
    ) -> Result<(), StopReason> {
        self.advance(range.start, GapEnd::Token);
        self.tags += 1;
        let is_html = element.namespace_uri() == HTML_NAMESPACE;
        let raw_tag = &self.source[range.clone()];
        if self.builder.is_out_of_step(raw_tag, is_html) {
            return Err(StopReason::OutOfStep);
        }
        let opened = self
            .builder
            .start_tag(raw_tag, range.clone(), is_html, element.is_self_closing())
            .map_err(StopReason::Refused)?;
        self.at = range.end;
        if opened.is_some_and(|opened| opened.raw) {
            let raw_end = Rc::clone(&self.raw_end);
            let tell = move |end: &mut lol_html::html_content::EndTag<'_>| {
                let range = end.source_location().bytes();
                raw_end.set(Some((base + range.start, base + range.end)));
                Ok(())
            };
            // Refused only for elements without an end tag, of which none is raw text.
            let _ = element.on_end_tag(Box::new(tell));
        }
        Ok(())
    }
}

pub(crate) const HTML_NAMESPACE: &str = "http://www.w3.org/1999/xhtml";

/// Reads from byte `base` on. The answer is where a fresh rewriter must take over, if it must.
fn run_rewriter(
    parse: &RefCell<Parser<'_>>,
    base: usize,
    bounds: &Bounds,
    deadline: &Deadline,
) -> Result<Option<usize>, Error> {
    parse.borrow_mut().tags = 0;
    let absolute = |range: Range<usize>| base + range.start..base + range.end;
    let document = DocumentContentHandlers::default()
        .comments(|comment: &mut lol_html::html_content::Comment<'_>| {
            let mut parse = parse.borrow_mut();
            let range = absolute(comment.source_location().bytes());
            parse.advance(range.start, GapEnd::Token);
            parse.at = range.end;
            let source = parse.text;
            if range.end == source.len() && !is_ended(&source[range.clone()]) {
                parse.builder.sink.unterminated(range.start, "a comment");
            }
            parse.builder.comment(range.clone(), comment_text(&source[range]));
            Ok(())
        })
        .doctype(|doctype: &mut lol_html::html_content::Doctype<'_>| {
            let mut parse = parse.borrow_mut();
            let range = absolute(doctype.source_location().bytes());
            parse.advance(range.start, GapEnd::Token);
            parse.at = range.end;
            Ok(())
        });
    let settings = Settings::new()
        .append_document_content_handler(document)
        .append_element_content_handler(element!("*", |element| {
            let mut parse = parse.borrow_mut();
            let range = absolute(element.source_location().bytes());
            parse.start_tag(range, element, base).map_err(|stop| {
                parse.stop = Some(stop);
                Box::from("stopped")
            })
        }))
        .with_strict(false)
        .with_memory_settings(MemorySettings::new().with_max_allowed_memory_usage(bounds.parser_bytes));
    let mut rewriter = HtmlRewriter::new(settings, |_: &[u8]| {});
    let source = parse.borrow().source;
    let mut written = base;
    for slice in source[base..].chunks(SLICE_BYTES) {
        deadline.check()?;
        if rewriter.write(slice).is_err() {
            return stopped(parse, bounds);
        }
        written += slice.len();
        let mut parse = parse.borrow_mut();
        parse.check_coming(written)?;
        if parse.tags > TAGS_A_REWRITER && parse.builder.at_plain_html() {
            return Ok(Some(parse.at));
        }
    }
    match rewriter.end() {
        Ok(()) => Ok(None),
        Err(_) => stopped(parse, bounds),
    }
}

/// Why the rewriter stopped: a refusal, or where a fresh one must take over.
fn stopped(parse: &RefCell<Parser<'_>>, bounds: &Bounds) -> Result<Option<usize>, Error> {
    let mut parse = parse.borrow_mut();
    match parse.stop.take() {
        Some(StopReason::Refused(error)) => Err(error),
        Some(StopReason::OutOfStep) => Ok(Some(parse.at)),
        // With `strict` off and handlers that only fail as above, memory is all that is left.
        None => Err(Error::TokenTooLarge {
            limit_bytes: bounds.parser_bytes,
        }),
    }
}

/// Whether a comment ends by a mark of its own, and not because the document is over (WHATWG HTML, section 13.2.5.43).
fn is_ended(comment: &str) -> bool {
    match comment.strip_prefix("<!--") {
        Some(rest) => matches!(rest, ">" | "->") || rest.ends_with("-->") || rest.ends_with("--!>"),
        None => comment.ends_with('>'),
    }
}
