//! What is kept, as a flat list of events with allow-listed elements and attributes: the one source of every output.
//!
//! One sweep over the document's events. Everything is closed where it really closed, wrappers become paragraph borders,
//! loose text gets paragraphs, and an element that turns out empty was never opened. Formatting never spans blocks: it is
//! closed before a block and opened again inside, so whatever nesting came in, what goes out is well formed.
//!
//! # Security
//! Nothing of the source is copied: names come from [`Tag`]'s table by way of the lists below, attributes are named one
//! by one, and URLs pass [`super::links::Links`]. Renderers escape what they print.

mod content_model;
mod formulas;
mod notes;
mod sweep;
mod units;

use std::{iter::Peekable, ops::Range, slice};

use content_model::holds_part;
use sweep::Kept;

use super::{
    allowlist::{
        AllowedAttributes, block_attributes, holds_no_block, holds_text, image_attributes, inline_attributes,
        is_kept_block, kept_inline,
    },
    links::Links,
};
use crate::{
    engine::{
        document::{Document, Element, Event, NONE, Run},
        extract::units::{TextFormula, Unit, UnitKind, Units},
        html::{tags::Tag, tokens::MAY_BE_BLANK},
        selectors::program::RuleMatch,
    },
    error::Error,
};

/// The article's body.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Opens and closes match.
    pub nodes: Vec<Node>,
    /// What [`Node::Text`] points into: decoded, white space as it should be shown.
    pub text: String,
}

/// One event of the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// An element begins; a void one (`br`, `hr`, `img`) has no close.
    Open {
        /// Its name.
        tag: Tag,
        /// Its attributes: names from a fixed list, values decoded and checked.
        attributes: Vec<(&'static str, String)>,
    },
    /// Text, as a range of [`Content::text`].
    Text(Range<usize>),
    /// The element opened last ends.
    Close(Tag),
}

impl Node {
    /// Whether it opens the link from the text to a footnote, whose text is the note's number.
    pub fn is_note_reference(&self) -> bool {
        let Node::Open {
            tag: Tag::A,
            attributes,
        } = self
        else {
            return false;
        };
        let number = |value: &str| value.strip_prefix("#fn-").and_then(|number| number.parse::<u32>().ok());
        attributes
            .iter()
            .any(|(name, value)| *name == "href" && number(value).is_some())
    }
}

/// Formatting elements inside one another that are kept: more say nothing, and each is written again in every block.
const INLINE_DEPTH: usize = 16;
/// Blocks inside one another that are kept; deeper ones become paragraphs. Below what browsers nest.
const BLOCK_DEPTH: usize = 128;

/// Writes what of the document lies in `kept` (disjoint, ascending).
///
/// # Errors
/// [`Error::OutputTooLarge`]: a link around a million blocks is written a million times.
pub fn write(
    document: &Document<'_>,
    units: &Units,
    kept: &[Range<usize>],
    links: &Links,
    bound_bytes: usize,
) -> Result<Content, Error> {
    let mut writer = Serializer {
        document,
        links,
        content: Content::default(),
        frames: Vec::new(),
        inlines: Vec::new(),
        open_inlines: 0,
        pending: String::new(),
        breaks: 0,
        rule: false,
        pre: 0,
        bytes: 0,
        units: units.all().iter().peekable(),
        within: None,
        text_formulas: units.text_formulas().iter().peekable(),
        replaced: 0..0,
        event: 0,
        all_units: units,
        notes: notes::NoteSerializer::of(units, document, kept),
        title: None,
    };
    writer.sweep(0..document.events.len(), kept, bound_bytes)?;
    writer.pop_frames(0);
    writer.inline_notes(kept, bound_bytes)?;
    Ok(writer.finish())
}

/// An open block of the output.
struct OpenBlock {
    /// The element it comes from, or [`NONE`] where it is implied.
    element: u32,
    tag: Tag,
    attributes: AllowedAttributes,
    /// Whether its start is in the content yet: only content inside puts it there.
    emitted: bool,
    /// Whether something stands in it already.
    filled: bool,
    /// A border was passed since: what follows begins a line.
    border: bool,
}

/// An open inline element of the source.
struct OpenInline {
    element: u32,
    tag: Tag,
    attributes: AllowedAttributes,
}

struct Serializer<'w, 's> {
    document: &'w Document<'s>,
    links: &'w Links,
    content: Content,
    frames: Vec<OpenBlock>,
    inlines: Vec<OpenInline>,
    /// How many of `inlines` are open in the content, from the outermost.
    open_inlines: usize,
    /// White space not yet written: it counts only when text follows in the same line.
    pending: String,
    /// `br` not yet written.
    breaks: u32,
    /// A `hr` not yet written.
    rule: bool,
    /// Open `pre` blocks.
    pre: u32,
    /// Bytes of markup so far, about.
    bytes: usize,
    /// The units yet to come.
    units: Peekable<slice::Iter<'w, Unit>>,
    /// The unit being written that takes all inside it.
    within: Option<units::EnclosingUnit<'w>>,
    /// The formulas in the text yet to come.
    text_formulas: Peekable<slice::Iter<'w, TextFormula>>,
    /// Bytes of the source that what was written last stands for: what else is in them is passed over.
    replaced: Range<usize>,
    /// The event at hand.
    event: usize,
    all_units: &'w Units,
    notes: notes::NoteSerializer,
    /// The title of a callout while it is open: a paragraph, whatever is inside.
    title: Option<u32>,
}

/// Bytes that a pair of tags takes, about.
const TAGS_BYTES: usize = 16;

impl Serializer<'_, '_> {
    fn open(&mut self, id: u32, unit: Option<&UnitKind>) {
        let Element { tag, hit, .. } = self.document.elements[id as usize];
        if matches!(hit, Some(RuleMatch::UnwrapRule(_))) {
            return;
        }
        match tag {
            Tag::BR => self.line_break(),
            Tag::WBR => {}
            Tag::IMG => self.image(id),
            Tag::HR => {
                self.border();
                self.rule = true;
            }
            Tag::TABLE if unit == Some(&UnitKind::LayoutTable) => self.border(),
            Tag::DETAILS if unit != Some(&UnitKind::Details) => self.border(),
            _ if is_kept_block(tag) => self.open_block(id, tag),
            _ if tag.is_block() => self.border(),
            _ => {
                if let Some(tag) = kept_inline(tag).filter(|tag| self.fits_inline(*tag))
                    && let Some(attributes) = inline_attributes(self.document, self.links, id, tag)
                {
                    self.inlines.push(OpenInline {
                        element: id,
                        tag,
                        attributes,
                    });
                }
            }
        }
    }

    /// Whether an inline element may open here: a link inside a link, or a part of `ruby` inside another, also with
    /// formatting between them, would end it when the content is read again.
    fn fits_inline(&self, tag: Tag) -> bool {
        let is_ruby_part = |tag| matches!(tag, Tag::RB | Tag::RT | Tag::RP);
        let is_link_inside = tag == Tag::A && self.inlines.iter().any(|open| open.tag == Tag::A);
        let is_bold_inside = self.title.is_some() && matches!(tag, Tag::B | Tag::STRONG);
        let in_ruby = self.inlines.iter().rev().take_while(|open| open.tag != Tag::RUBY);
        let is_part_inside = is_ruby_part(tag) && in_ruby.map(|open| open.tag).any(is_ruby_part);
        self.inlines.len() < INLINE_DEPTH && !is_link_inside && !is_part_inside && !is_bold_inside
    }

    fn close(&mut self, id: u32) {
        if let Some(i) = self.inlines.iter().rposition(|inline| inline.element == id) {
            self.close_inlines(i);
            self.inlines.remove(i);
            if self.title != Some(id) {
                return;
            }
            self.title = None;
        }
        let tag = self.document.elements[id as usize].tag;
        if !tag.is_block() || tag == Tag::HR {
            return;
        }
        match self.frames.iter().rposition(|frame| frame.element == id) {
            Some(i) => {
                // Cells count even when they are empty, or the columns shift.
                let tag = self.frames[i].tag;
                if matches!(tag, Tag::TD | Tag::TH) && i + 1 == self.frames.len() && i > 0 {
                    let row = self.frames[i - 1].element;
                    let table = self.frames.iter().rev().find(|frame| frame.tag == Tag::TABLE);
                    // A head that holds nothing is a row as well.
                    let counted = if tag == Tag::TH {
                        table.map_or(NONE, |table| table.element)
                    } else {
                        row
                    };
                    if row != NONE && counted != NONE && self.document.characters(counted) > 0 {
                        self.emit_frames();
                    }
                }
                self.pop_frames(i);
            }
            None => self.border(),
        }
    }

    fn finish(mut self) -> Content {
        self.pop_frames(0);
        self.content
    }

    /// The end of a line of the page: what follows is another paragraph.
    fn border(&mut self) {
        if self.pre > 0 {
            return self.pre_newline();
        }
        self.pending.clear();
        self.breaks = 0;
        if let Some(top) = self.frames.last()
            && top.tag == Tag::P
            && top.element == NONE
        {
            self.pop_frames(self.frames.len() - 1);
        } else if let Some(top) = self.frames.last_mut() {
            top.border = true;
        }
    }

    fn open_block(&mut self, id: u32, tag: Tag) {
        let attributes = block_attributes(self.document, id, tag);
        self.open_block_with(id, tag, attributes);
    }

    fn open_block_with(&mut self, id: u32, tag: Tag, attributes: AllowedAttributes) {
        if self.pre > 0 || self.title.is_some() {
            return self.border();
        }
        self.border();
        self.leave_notes();
        let floor = self.note_frames();
        self.end_texts(tag);
        if self.frames.last().is_some_and(|top| top.tag.is_heading()) || self.frames.len() >= BLOCK_DEPTH {
            return;
        }
        if content_model::is_part(tag) {
            // Implied elements end before the next part of what they stand in.
            let around = self.frames.iter().enumerate().skip(floor.saturating_sub(1)).rev();
            let mut around = around.skip_while(|(_, frame)| frame.element == NONE && !holds_part(frame, tag));
            let Some((home, _)) = around.next().filter(|(_, frame)| holds_part(frame, tag)) else {
                return;
            };
            self.pop_frames(home + 1);
            if matches!(tag, Tag::TD | Tag::TH) && self.frames[home].tag != Tag::TR {
                self.push_frame(NONE, Tag::TR, Vec::new());
            }
        } else if matches!(tag, Tag::UL | Tag::OL)
            && self
                .frames
                .last()
                .is_some_and(|top| matches!(top.tag, Tag::UL | Tag::OL))
        {
            self.reopen_item();
        } else {
            self.wrap();
        }
        self.push_frame(id, tag, attributes);
        self.pre += u32::from(tag == Tag::PRE);
    }

    /// Ends the paragraphs and headings that are open before a block: they hold none.
    fn end_texts(&mut self, tag: Tag) {
        while let Some(top) = self.frames.last()
            && holds_no_block(top.tag)
            && !(top.tag.is_heading() && tag == Tag::P)
        {
            self.pop_frames(self.frames.len() - 1);
        }
    }

    /// Opens what must stand between the open blocks and stray content.
    fn wrap(&mut self) {
        while let Some(tag) = self.frames.last().and_then(|top| content_model::wrapper(top.tag)) {
            self.push_frame(NONE, tag, Vec::new());
        }
    }

    fn push_frame(&mut self, element: u32, tag: Tag, attributes: AllowedAttributes) {
        self.close_inlines(0);
        self.frames.push(OpenBlock {
            element,
            tag,
            attributes,
            emitted: false,
            filled: false,
            border: false,
        });
    }

    /// Closes the frames from `position` up.
    fn pop_frames(&mut self, position: usize) {
        self.pending.clear();
        self.breaks = 0;
        self.close_inlines(0);
        while self.frames.len() > position {
            if let Some(frame) = self.frames.pop() {
                self.pre -= u32::from(frame.tag == Tag::PRE);
                if frame.emitted {
                    self.content.nodes.push(Node::Close(frame.tag));
                }
                if let Some(top) = self.frames.last_mut() {
                    top.filled |= frame.emitted;
                    top.border = true;
                }
            }
        }
        self.forget_notes(position);
    }

    fn emit_frames(&mut self) {
        if self.rule {
            self.rule = false;
            let at_top = self.frames.iter().all(|frame| !frame.emitted);
            if at_top && !self.content.nodes.is_empty() {
                self.content.nodes.push(Node::Open {
                    tag: Tag::HR,
                    attributes: Vec::new(),
                });
            }
        }
        for frame in self.frames.iter_mut().filter(|frame| !frame.emitted) {
            frame.emitted = true;
            let attributes = std::mem::take(&mut frame.attributes);
            self.bytes += TAGS_BYTES + attributes.iter().map(|(_, value)| value.len()).sum::<usize>();
            self.content.nodes.push(Node::Open {
                tag: frame.tag,
                attributes,
            });
        }
    }

    /// Closes the inlines that are open in the content from number `from` up.
    fn close_inlines(&mut self, from: usize) {
        while self.open_inlines > from {
            self.open_inlines -= 1;
            self.content
                .nodes
                .push(Node::Close(self.inlines[self.open_inlines].tag));
        }
    }

    fn line_break(&mut self) {
        if self.pre > 0 {
            return self.pre_newline();
        }
        self.pending.clear();
        self.breaks += 1;
    }

    fn pre_newline(&mut self) {
        if self.frames.last().is_some_and(|top| top.filled) {
            self.pending.push('\n');
        }
    }

    /// Text of the source, undecoded: a run, or what of it is kept.
    fn run(&mut self, run: &Run, source: &str) {
        if self.pre > 0 {
            let source = source.replace("\r\n", "\n").replace('\r', "\n");
            let text = run.decode(&source);
            // None of the empty lines at its beginning, and none at its end.
            let at_start = !self.frames.last().is_some_and(|top| top.filled);
            let text = if at_start { text.trim_start_matches('\n') } else { &text };
            let shown = text.trim_end();
            if !shown.is_empty() {
                self.begin_inline();
                self.push_text(shown);
            }
            if !shown.is_empty() || !at_start {
                self.pending.push_str(&text[shown.len()..]);
            }
            return;
        }
        if self.document.is_plain {
            for (i, line) in source.split('\n').enumerate() {
                if i > 0 {
                    self.border();
                }
                self.flow(&run.decode(line));
            }
            return;
        }
        self.flow(&run.decode(source));
    }

    /// Decoded text whose white space collapses.
    fn flow(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let is_plain = |at: usize| bytes.get(at).is_some_and(|byte| !MAY_BE_BLANK[usize::from(*byte)]);
        // Where the words begin that are yet to be written: those with one blank between them are written at once.
        let mut words = None;
        let mut at = 0;
        while at < bytes.len() {
            if is_plain(at) || (bytes[at] == b' ' && words.is_some() && is_plain(at + 1)) {
                words.get_or_insert(at);
                at += 1;
                continue;
            }
            let Some(c) = text[at..].chars().next() else { break };
            let after = text[at + c.len_utf8()..].chars().next();
            // Inside a word an invisible mark is no blank: Thai breaks lines there, and an advert hides its name so.
            let is_inside = is_mark(c) && words.is_some() && after.is_some_and(|c| !is_blank(c));
            if !is_blank(c) || is_inside {
                words.get_or_insert(at);
            } else {
                if let Some(from) = words.take() {
                    self.words(&text[from..at]);
                }
                // U+3000 is a character of its own between words and an indent at the beginning of a line.
                match c {
                    '\u{3000}' => self.pending.push(c),
                    '\n' | '\r' if matches!(self.pending.as_str(), "" | " ") => "\n".clone_into(&mut self.pending),
                    _ if self.pending.is_empty() => self.pending.push(' '),
                    _ => {}
                }
            }
            at += c.len_utf8();
        }
        if let Some(from) = words {
            self.words(&text[from..]);
        }
    }

    fn words(&mut self, words: &str) {
        // A line end between ideographs is none of their text (CSS Text Module Level 3, segment break transformation).
        if self.pending == "\n" && words.starts_with(is_ideographic) && self.content.text.ends_with(is_ideographic) {
            self.pending.clear();
        }
        self.begin_inline();
        self.push_text(words);
    }

    /// Everything that must stand before a piece of text or a picture.
    fn begin_inline(&mut self) {
        self.leave_notes();
        if self.breaks >= 2
            && let Some(top) = self.frames.last()
            && top.tag == Tag::P
            && top.filled
        {
            let element = top.element;
            self.pop_frames(self.frames.len() - 1);
            self.push_frame(element, Tag::P, Vec::new());
        }
        let is_in_text = |writer: &Self| writer.frames.last().is_some_and(|top| holds_text(top.tag));
        if !is_in_text(self) {
            self.wrap();
            if !is_in_text(self) {
                self.push_frame(NONE, Tag::P, Vec::new());
            }
        }
        self.emit_frames();
        let Some(top) = self.frames.last_mut() else { return };
        let (filled, border) = (top.filled, std::mem::take(&mut top.border));
        top.filled = true;
        let breaks = std::mem::take(&mut self.breaks) > 0;
        let after_block = matches!(self.content.nodes.last(), Some(Node::Close(tag)) if is_own_block(*tag));
        if filled && !after_block && (breaks || border) {
            if self.frames.last().is_some_and(|top| top.tag.is_heading() && !breaks) {
                self.pending.push(' ');
            } else {
                self.pending.clear();
                self.content.nodes.push(Node::Open {
                    tag: Tag::BR,
                    attributes: Vec::new(),
                });
            }
        } else if !filled || after_block {
            self.pending.clear();
        }
        if !self.pending.is_empty() {
            let pending = std::mem::take(&mut self.pending);
            self.push_text(match pending.contains('\u{3000}') {
                _ if self.pre > 0 => &pending,
                true => pending.trim_matches([' ', '\n']),
                false => " ",
            });
        }
        while let Some(inline) = self.inlines.get(self.open_inlines) {
            self.bytes += TAGS_BYTES + inline.attributes.iter().map(|(_, value)| value.len()).sum::<usize>();
            self.content.nodes.push(Node::Open {
                tag: inline.tag,
                attributes: inline.attributes.clone(),
            });
            self.open_inlines += 1;
        }
    }

    fn push_text(&mut self, text: &str) {
        let start = self.content.text.len();
        self.content.text.push_str(text);
        match self.content.nodes.last_mut() {
            Some(Node::Text(range)) if range.end == start => range.end = self.content.text.len(),
            _ => self.content.nodes.push(Node::Text(start..self.content.text.len())),
        }
    }

    fn image(&mut self, id: u32) {
        let Some(attributes) = image_attributes(self.document, self.links, id) else {
            return;
        };
        self.leave_notes();
        if self.frames.last().is_some_and(|top| top.tag == Tag::FIGURE) {
            self.emit_frames();
            if let Some(top) = self.frames.last_mut() {
                top.filled = true;
            }
        } else {
            self.begin_inline();
        }
        self.bytes += TAGS_BYTES + attributes.iter().map(|(_, value)| value.len()).sum::<usize>();
        self.content.nodes.push(Node::Open {
            tag: Tag::IMG,
            attributes,
        });
    }
}

/// A block of the content: those of the source that stay, and those around formulas and footnotes.
fn is_own_block(tag: Tag) -> bool {
    is_kept_block(tag) || matches!(tag, Tag::DIV | Tag::SECTION)
}

/// Characters without width.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200b}')
}

/// White space that collapses: HTML's, the no-break space that pages indent with, U+3000 and the invisible marks.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c' | '\u{a0}' | '\u{3000}') || is_mark(c)
}
/// Whether a character is written without blanks between words: Han, kana, and the marks beside them, but not Hangul.
fn is_ideographic(c: char) -> bool {
    matches!(c,
        '\u{2E80}'..='\u{312F}' | '\u{31A0}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
            | '\u{FE30}'..='\u{FE4F}' | '\u{FF01}'..='\u{FF60}' | '\u{20000}'..='\u{3FFFF}')
}
