//! What a line of Markdown is made of.

use std::ops::Range;

use crate::engine::html::tags::Tag;

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InlineToken {
    /// A range of the content's text.
    Text(Range<usize>),
    /// The end of a line.
    Break,
    /// The text in a range of events, as code.
    Code(Range<usize>),
    /// The picture, formula or reference that opens at this position.
    Image(usize),
    Math(usize),
    Note(usize),
    Open(InlineMark),
    Close(InlineMark),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InlineMark {
    Strong,
    Emphasis,
    Strike,
    /// Inline HTML without attributes.
    Html(Tag),
    /// The link that opens at this position.
    Link(usize),
}

impl InlineMark {
    /// Whether it is a part of ruby text, of which each says something of its own.
    pub(super) fn is_ruby(self) -> bool {
        matches!(self, InlineMark::Html(Tag::RUBY | Tag::RB | Tag::RT | Tag::RP))
    }
}

/// Adds text, to the text before it if that ends where this begins.
pub(super) fn push_text(tokens: &mut Vec<InlineToken>, range: Range<usize>) {
    match tokens.last_mut() {
        Some(InlineToken::Text(last)) if last.end == range.start => last.end = range.end,
        _ => tokens.push(InlineToken::Text(range)),
    }
}
