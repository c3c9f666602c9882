//! Footnotes in the content: a reference is a superscript link to its note, and notes are the items of a section.
//!
//! Ids are made here, from numbers alone. Notes stand where their list does; one that stood in the text is written behind
//! everything else. A reference whose note is not kept stays the text that it is.

use std::{collections::HashSet, ops::Range};

use super::{BLOCK_DEPTH, NONE, Node, Serializer, Tag, UnitKind, Units, content_model, is_kept_block};

/// Open notes.
#[derive(Debug, Default)]
pub(crate) struct NoteSerializer {
    /// The numbers of those that are kept.
    kept: HashSet<u32>,
    /// Whether any reference is kept: without one, notes are an ordinary list.
    pub(crate) are_referred: bool,
    /// Those that a reference was written to.
    referred: HashSet<u32>,
    /// The element of the note that is being written.
    element: Option<u32>,
    /// Where their section stands among the frames.
    section: Option<usize>,
    /// Those that stand in the text: their numbers and elements, and where the events in them begin.
    pub(crate) inline: Vec<(u32, u32, usize)>,
}

impl NoteSerializer {
    pub(crate) fn of(units: &Units, document: &super::Document<'_>, kept: &[Range<usize>]) -> Self {
        let is_kept = |element: u32| {
            let at = document.elements[element as usize].start as usize;
            let range = kept.get(kept.partition_point(|range| range.end <= at));
            range.is_some_and(|range| range.start <= at)
        };
        let mut notes = NoteSerializer::default();
        for unit in units.all() {
            match unit.kind {
                UnitKind::Note(number) if is_kept(unit.element) => {
                    notes.kept.insert(number);
                }
                UnitKind::InlineNote(number) if is_kept(unit.element) => {
                    notes.kept.insert(number);
                    notes.are_referred = true;
                }
                UnitKind::NoteReference(_) if is_kept(unit.element) => notes.are_referred = true,
                _ => {}
            }
        }
        notes
    }
}

/// The frames of a section, its list and an item.
const NOTE_FRAMES: usize = 3;

impl Serializer<'_, '_> {
    /// Writes a reference, if its note is kept.
    pub(crate) fn note_reference(&mut self, number: u32) -> bool {
        if !self.notes.kept.contains(&number) {
            return false;
        }
        self.begin_inline();
        let is_raised = self.inlines.iter().any(|open| open.tag == Tag::SUP);
        let is_linked = self.inlines.iter().any(|open| open.tag == Tag::A);
        if !is_raised {
            self.open_inline(Tag::SUP, Vec::new());
        }
        if !is_linked {
            let mut attributes = vec![("href", format!("#fn-{number}"))];
            if self.notes.referred.insert(number) {
                attributes.push(("id", format!("fnref-{number}")));
            }
            self.open_inline(Tag::A, attributes);
        }
        self.push_text(&number.to_string());
        if !is_linked {
            self.content.nodes.push(Node::Close(Tag::A));
        }
        if !is_raised {
            self.content.nodes.push(Node::Close(Tag::SUP));
        }
        true
    }

    /// A note begins with this element.
    pub(crate) fn begin_note(&mut self, id: u32, number: u32) {
        self.border();
        if self.notes.section.is_none() && !self.begin_section(number) {
            return self.open(id, None);
        }
        if let Some(section) = self.notes.section {
            self.pop_frames(section + 2);
        }
        self.push_frame(NONE, Tag::LI, vec![("id", format!("fn-{number}"))]);
        self.go_on_with_note(id);
    }

    /// An element that belongs to a note opens.
    pub(crate) fn go_on_with_note(&mut self, id: u32) {
        self.notes.element = Some(id);
        let tag = self
            .document
            .elements
            .get(id as usize)
            .map_or(Tag::DIV, |element| element.tag);
        let is_item = matches!(tag, Tag::LI | Tag::DD | Tag::TR | Tag::TABLE);
        if is_kept_block(tag) && !is_item {
            self.open_block(id, tag);
        }
    }

    fn begin_section(&mut self, number: u32) -> bool {
        self.end_texts(Tag::SECTION);
        let fits = self
            .frames
            .last()
            .is_none_or(|top| content_model::wrapper(top.tag).is_none());
        if !fits || self.pre > 0 || self.frames.len() + NOTE_FRAMES >= BLOCK_DEPTH {
            return false;
        }
        self.rule = false;
        self.push_frame(NONE, Tag::SECTION, vec![("class", "footnotes".to_owned())]);
        let start = (number > 1).then(|| ("start", number.to_string()));
        self.push_frame(NONE, Tag::OL, start.into_iter().collect());
        self.notes.section = Some(self.frames.len() - 2);
        true
    }

    /// An element ends.
    pub(crate) fn leave_note(&mut self, id: u32) {
        if self.notes.element == Some(id) {
            self.notes.element = None;
        }
    }

    /// What comes is no part of a note: their section ends.
    pub(crate) fn leave_notes(&mut self) {
        if self.notes.element.is_none()
            && let Some(section) = self.notes.section
        {
            self.pop_frames(section);
        }
    }

    /// Frames that blocks inside of a note do not close.
    pub(crate) fn note_frames(&self) -> usize {
        self.notes.section.map_or(0, |section| section + NOTE_FRAMES)
    }

    /// The frames are no more than so many.
    pub(crate) fn forget_notes(&mut self, frames: usize) {
        self.notes.section = self.notes.section.filter(|section| *section < frames);
    }

    /// Writes the notes that stood in the text.
    pub(crate) fn inline_notes(&mut self, kept: &[Range<usize>], bound_bytes: usize) -> Result<(), super::Error> {
        let mut index = 0;
        while let Some((number, element, start)) = self.notes.inline.get(index).copied() {
            index += 1;
            self.inlines.clear();
            self.replaced = 0..0;
            let events = &self.document.events[start..];
            let length = events.iter().position(|event| *event == super::Event::Close(element));
            self.begin_note(NONE, number);
            self.notes.element = Some(element);
            self.sweep(start..start + length.unwrap_or(0), kept, bound_bytes)?;
            self.notes.element = None;
        }
        Ok(())
    }
}
