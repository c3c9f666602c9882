//! Units in the content: each written in its own form.
//!
//! A unit either takes everything inside it (a code block, a formula) or only changes how its element and some inside it
//! open; the events between go on as elsewhere.

use std::ops::Range;

use super::{Kept, NONE, Node, OpenBlock, OpenInline, Run, Serializer, TAGS_BYTES, Tag, UnitKind};
use crate::engine::extract::units::CodeLines;

/// A unit that takes all inside it.
pub(crate) struct EnclosingUnit<'w> {
    element: u32,
    language: Option<&'w str>,
    lines: CodeLines,
}

impl<'w> Serializer<'w, '_> {
    /// An element of the document begins.
    pub(crate) fn enter(&mut self, id: u32, keeps: Kept) {
        let unit = self.unit_of(id);
        let element = &self.document.elements[id as usize];
        let is_shown = element.seen || unit.is_some();
        if !is_shown || self.is_replaced(element.start) {
            return;
        }
        if keeps == Kept::Nothing {
            match element.tag {
                // It stays, if only empty: the columns would shift.
                Tag::TD | Tag::TH if self.is_in_open_row(id) => {}
                _ if self.is_in_open_grid(unit) => {}
                // Rules drop the field; what it says is the item's.
                Tag::INPUT => return self.checkbox(id),
                _ => return,
            }
        }
        if let Some(within) = &mut self.within {
            if keeps == Kept::Start {
                within.lines.open(self.document, id);
            }
            return;
        }
        match unit {
            Some(UnitKind::Code { language }) => self.begin_code(id, language.as_deref()),
            // `pre` inside `code` means what `code` inside `pre` does.
            Some(UnitKind::Preformatted) if self.inlines.iter().any(|open| open.tag == Tag::CODE) => {
                self.begin_code(id, None);
            }
            Some(UnitKind::Formula { tex, display, last }) if keeps == Kept::Start => {
                self.formula(tex, *display);
                let end = self.document.elements[*last as usize].end;
                self.replaced = element.start as usize..end as usize;
            }
            _ if self.is_in_open_row(id) => self.open(id, unit),
            Some(UnitKind::GridCell { is_head }) if self.is_in_open_grid(unit) => {
                self.open_block_with(id, if *is_head { Tag::TH } else { Tag::TD }, Vec::new());
            }
            _ if keeps != Kept::Start => {}
            Some(UnitKind::NoteReference(number)) if self.note_reference(*number) => {
                self.replaced = element.start as usize..element.end as usize;
            }
            Some(UnitKind::InlineNote(number)) => {
                self.note_reference(*number);
                self.notes.inline.push((*number, id, self.event + 1));
                self.replaced = element.start as usize..element.end as usize;
            }
            Some(UnitKind::Notes) if self.notes.are_referred => self.border(),
            Some(UnitKind::Note(number)) if self.notes.are_referred => self.begin_note(id, *number),
            Some(UnitKind::NoteContinued) if self.notes.are_referred => self.go_on_with_note(id),
            Some(UnitKind::Callout(kind)) => {
                let attributes = vec![("class", "callout".to_owned()), ("callout", kind.name().to_owned())];
                self.open_block_with(id, Tag::BLOCKQUOTE, attributes);
            }
            Some(UnitKind::CalloutTitle) => self.open_title(id),
            Some(UnitKind::DataTable) if element.tag != Tag::TABLE => self.open_block_with(id, Tag::TABLE, Vec::new()),
            Some(UnitKind::GridRow) => self.open_block_with(id, Tag::TR, Vec::new()),
            _ if element.tag == Tag::INPUT => self.checkbox(id),
            Some(UnitKind::Picture) => {
                self.image(id);
                self.replaced = element.start as usize..element.end as usize;
            }
            Some(UnitKind::Embed { address, label }) => {
                self.embed(address, label.as_deref());
                self.replaced = element.start as usize..element.end as usize;
            }
            _ if element.seen => self.open(id, unit),
            _ => {}
        }
    }

    /// Text of a run that is kept.
    pub(crate) fn text(&mut self, run: &Run, range: Range<usize>) {
        let source = self.document.source;
        let mut at = range.start;
        if self.is_replaced(at as u32) {
            at = self.replaced.end;
        }
        if at >= range.end {
            return;
        }
        if let Some(within) = &mut self.within {
            return within.lines.push(&run.decode(&source[at..range.end]));
        }
        while let Some(formula) = self.text_formula(at..range.end) {
            if at < formula.range.start {
                self.run(run, &source[at..formula.range.start]);
            }
            self.formula(&formula.tex, formula.display);
            self.replaced = formula.range.clone();
            at = formula.range.end;
        }
        if at < range.end {
            self.run(run, &source[at..range.end]);
        }
    }

    /// Whether what is at a byte of the source is written already, in another form.
    fn is_replaced(&self, at: u32) -> bool {
        self.replaced.contains(&(at as usize))
    }

    /// An element ends.
    pub(crate) fn leave(&mut self, id: u32) {
        if self.is_replaced(self.document.elements[id as usize].start) {
            return;
        }
        match self.within.take() {
            Some(within) if within.element == id => self.code(within),
            Some(mut within) => {
                within.lines.close(self.document, id);
                self.within = Some(within);
            }
            None => {
                self.close(id);
                self.leave_note(id);
            }
        }
    }

    /// Whether an element is a cell of a row that is open.
    fn is_in_open_row(&self, id: u32) -> bool {
        let element = &self.document.elements[id as usize];
        let is_row = |row: &OpenBlock| row.tag == Tag::TR && row.element == element.parent;
        matches!(element.tag, Tag::TD | Tag::TH) && self.frames.iter().rev().any(is_row)
    }

    /// Whether a unit is a cell of such a row that no `tr` makes.
    fn is_in_open_grid(&self, unit: Option<&UnitKind>) -> bool {
        let mut frames = self.frames.iter().rev();
        matches!(unit, Some(UnitKind::GridCell { .. }))
            && frames
                .find(|frame| frame.element != NONE || frame.tag == Tag::TR)
                .is_some_and(|frame| frame.tag == Tag::TR)
    }

    /// The box of a task, at the beginning of its item.
    fn checkbox(&mut self, id: u32) {
        let [kind, checked] = self.document.attributes(id, ["type", "checked"]);
        let mut open = self.frames.iter().rev();
        let is_first = open.next().is_some_and(|top| {
            !top.filled
                && (top.tag == Tag::LI || (top.tag == Tag::P && open.next().is_some_and(|next| next.tag == Tag::LI)))
        });
        if self.within.is_none() && is_first && kind.is_some_and(|kind| kind.eq_ignore_ascii_case("checkbox")) {
            self.flow(if checked.is_some() { "[x] " } else { "[ ] " });
        }
    }

    /// A list right inside a list belongs to the item before it.
    pub(crate) fn reopen_item(&mut self) {
        let is_behind_item = self.frames.last().is_some_and(|list| list.emitted)
            && self.content.nodes.last() == Some(&Node::Close(Tag::LI));
        self.push_frame(NONE, Tag::LI, Vec::new());
        if let Some(item) = self.frames.last_mut().filter(|_| is_behind_item) {
            (item.emitted, item.filled, item.border) = (true, true, true);
            self.content.nodes.pop();
        }
    }

    /// The title of a callout: its first paragraph, bold.
    fn open_title(&mut self, id: u32) {
        self.open_block_with(id, Tag::P, Vec::new());
        if self.frames.last().is_some_and(|top| top.element == id) {
            self.title = Some(id);
            self.inlines.push(OpenInline {
                element: id,
                tag: Tag::STRONG,
                attributes: Vec::new(),
            });
        }
    }

    /// The unit that is bound to an element; elements are asked about in their order.
    fn unit_of(&mut self, id: u32) -> Option<&'w UnitKind> {
        while self.units.next_if(|unit| unit.element < id).is_some() {}
        let unit = self.units.next_if(|unit| unit.element == id)?;
        Some(&unit.kind)
    }

    /// A link in the place of what is shown from elsewhere.
    fn embed(&mut self, address: &str, label: Option<&str>) {
        let Some(href) = self.links.follow(address) else { return };
        if self.pre > 0 {
            return;
        }
        self.border();
        self.begin_inline();
        let is_linked = self.inlines.iter().any(|open| open.tag == Tag::A);
        let label = label.unwrap_or(&href).to_owned();
        if !is_linked {
            self.open_inline(Tag::A, vec![("href", href)]);
        }
        self.push_text(&label);
        if !is_linked {
            self.content.nodes.push(Node::Close(Tag::A));
        }
        self.border();
    }

    fn begin_code(&mut self, element: u32, language: Option<&'w str>) {
        self.within = Some(EnclosingUnit {
            element,
            language,
            lines: CodeLines::new(),
        });
    }

    fn code(&mut self, within: EnclosingUnit<'w>) {
        let is_bare = self.document.elements[within.element as usize].tag == Tag::CODE;
        let text = within.lines.finish(is_bare);
        self.open_block(within.element, Tag::PRE);
        if text.is_empty() {
            return self.close_code(within.element);
        }
        if self.frames.last().is_none_or(|top| top.element != within.element) {
            return self.flow(&text); // in a heading, or too deep for a block
        }
        self.emit_frames();
        let class = within
            .language
            .map(|language| ("class", format!("language-{language}")));
        self.bytes += TAGS_BYTES;
        self.content.nodes.push(Node::Open {
            tag: Tag::CODE,
            attributes: class.into_iter().collect(),
        });
        self.push_text(&text);
        self.content.nodes.push(Node::Close(Tag::CODE));
        self.close_code(within.element);
    }

    /// Ends the block whatever its element is: a `code` is one here and nowhere else.
    fn close_code(&mut self, element: u32) {
        match self.frames.last() {
            Some(top) if top.element == element => self.pop_frames(self.frames.len() - 1),
            _ => self.border(),
        }
    }
}
