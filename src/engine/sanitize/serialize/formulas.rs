//! Formulas in the content, as pandoc writes them: `\(TeX\)` in a line, `\[TeX\]` on a line of its own.

use std::ops::Range;

use super::{Node, Serializer, TAGS_BYTES, Tag, TextFormula};

impl<'w> Serializer<'w, '_> {
    /// The next formula in the text, if it begins in these bytes of the source.
    pub(crate) fn text_formula(&mut self, within: Range<usize>) -> Option<&'w TextFormula> {
        while self
            .text_formulas
            .next_if(|formula| formula.range.start < within.start)
            .is_some()
        {}
        self.text_formulas.next_if(|formula| formula.range.start < within.end)
    }

    /// Writes one.
    pub(crate) fn formula(&mut self, tex: &str, display: bool) {
        let holds_lines =
            |tag: Tag| !tag.is_heading() && !matches!(tag, Tag::PRE | Tag::SUMMARY | Tag::CAPTION | Tag::DT);
        let is_block = display && self.frames.iter().all(|frame| holds_lines(frame.tag));
        if is_block {
            self.border();
            self.leave_notes();
            self.end_texts(Tag::DIV);
            self.wrap();
            self.push_frame(super::NONE, Tag::DIV, vec![("class", "math display".to_owned())]);
            self.emit_frames();
            self.push_text(&format!(r"\[{tex}\]"));
            self.pop_frames(self.frames.len() - 1);
        } else {
            self.begin_inline();
            self.open_inline(Tag::SPAN, vec![("class", "math inline".to_owned())]);
            self.push_text(&format!(r"\({tex}\)"));
            self.content.nodes.push(Node::Close(Tag::SPAN));
        }
    }

    /// An inline element that the document does not have; its opener closes it.
    pub(crate) fn open_inline(&mut self, tag: Tag, attributes: super::AllowedAttributes) {
        self.bytes += TAGS_BYTES + attributes.iter().map(|(_, value)| value.len()).sum::<usize>();
        self.content.nodes.push(Node::Open { tag, attributes });
    }
}
