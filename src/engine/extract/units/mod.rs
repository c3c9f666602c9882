//! Units of rich content: code, tables, lists, callouts and the like, each recognised once and bound to one element.
//!
//! One linear pass over the document. What decides about blocks decides about units, and what writes content writes a unit
//! in its own form. Parts of a unit that no reader needs (line numbers, copy buttons, permalinks) are listed as left out,
//! each with its reason, so that they appear among what was removed.
//!
//! # Limits
//! Linear in the document: a recogniser reads a class only where the tag, or a word in the start tag, makes a unit likely.

mod callouts;
mod code;
pub mod embeds;
mod formulas;
mod grids;
mod headings;
mod languages;
mod marks;
mod mathml;
mod notes;
pub mod pictures;
mod tables;
mod tex_symbols;
mod tex_text;

use std::{iter::Peekable, ops::Range, vec};

use super::reason::ScoreReason;
use crate::engine::{
    document::{Document, NONE},
    html::tags::Tag,
};

pub(crate) use code::CodeLines;
use marks::TagHints;
use tables::OpenTable;
pub use tex_text::TextFormula;

/// What a unit is, with what its form needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitKind {
    /// A code block.
    Code {
        /// Its language, in the closed alphabet of `code.rs`.
        language: Option<String>,
    },
    /// Other text whose lines and blanks count.
    Preformatted,
    /// A formula: its TeX takes the place of the element.
    Formula {
        /// Without delimiters.
        tex: String,
        /// On a line of its own.
        display: bool,
        /// The last of the elements side by side that it takes the place of; mostly the element itself.
        last: u32,
    },
    /// A table whose cells belong to rows and columns.
    DataTable,
    /// A table that only places things.
    LayoutTable,
    /// A row of a table of data that no `table` makes.
    GridRow,
    /// A cell of it.
    GridCell {
        /// As `th` is.
        is_head: bool,
    },
    /// `ul` and `ol`.
    List,
    /// An item of a list.
    Item,
    /// A `dl`.
    Definitions,
    /// A quotation of several lines.
    Quote,
    /// A picture, table or listing with its caption.
    Figure,
    /// What opens on a click, and its summary.
    Details,
    /// A note, tip, warning and so on beside the text.
    Callout(Callout),
    /// The title of a callout.
    CalloutTitle,
    /// The list of footnotes.
    Notes,
    /// A footnote, by its number.
    Note(u32),
    /// A block that goes on with the footnote before it.
    NoteContinued,
    /// A footnote that stands in the text, right where it is referred to.
    InlineNote(u32),
    /// The reference to a footnote, by its number.
    NoteReference(u32),
    /// A video, a sound, a frame of another site: a link takes its place.
    Embed {
        /// Where it leads, unresolved.
        address: String,
        /// What the page calls it.
        label: Option<String>,
    },
    /// A picture, with the best of its addresses.
    Picture,
    /// A heading.
    Heading,
}

/// The kinds of callout that GitHub's Markdown knows; others are written as the nearest of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callout {
    /// Neutral.
    Note,
    /// Advice.
    Tip,
    /// What must not be missed.
    Important,
    /// What may go wrong.
    Warning,
    /// What does harm.
    Caution,
}

impl Callout {
    /// Its name, as in `> [!NOTE]` but in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Callout::Note => "note",
            Callout::Tip => "tip",
            Callout::Important => "important",
            Callout::Warning => "warning",
            Callout::Caution => "caution",
        }
    }
}

/// A unit and the element that it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The element; the unit spans its subtree.
    pub element: u32,
    /// What it is.
    pub kind: UnitKind,
}

/// A part of a unit that is left out of the content, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Bytes of the source.
    pub range: Range<usize>,
    /// As in the list of removals.
    pub reason: ScoreReason,
}

/// The units of one document.
#[derive(Debug, Default)]
pub struct Units {
    units: Vec<Unit>,
    left_out: Vec<LeftOut>,
    text_formulas: Vec<TextFormula>,
}

impl Units {
    /// Recognises them.
    pub fn find(document: &Document<'_>) -> Self {
        let notes = notes::find(document);
        let mut finder = UnitFinder {
            document,
            found: Units::default(),
            notes: notes.units.into_iter().peekable(),
            formulas: formulas::FormulaHints::of(document.source),
            display_until: 0,
            searched_until: 0,
            marks: marks::find(document),
            next_mark: 0,
            tables: Vec::new(),
            grid_parts: Vec::new(),
            grids_until: 0,
            last_heading: None,
            title: None,
            gutter_runs: document.runs.len() * RUNS_READ,
        };
        let mut at = 0;
        while at < document.elements.len() as u32 {
            at = finder.element(at).max(at + 1);
        }
        finder.end_tables(at);
        finder.found.units.sort_by_key(|unit| unit.element);
        let formulas = finder.text_formulas();
        let mut found = finder.found;
        found.text_formulas = formulas;
        found.left_out.extend(notes.left_out);
        found.left_out.sort_by_key(|left_out| left_out.range.start);
        found
    }

    /// All of them, ascending by element.
    pub fn all(&self) -> &[Unit] {
        &self.units
    }

    /// The unit that is bound to an element.
    pub fn of(&self, element: u32) -> Option<&UnitKind> {
        let at = self.units.binary_search_by_key(&element, |unit| unit.element).ok()?;
        Some(&self.units[at].kind)
    }

    /// The innermost unit that holds an element, itself included.
    pub fn around(&self, document: &Document<'_>, element: u32) -> Option<&Unit> {
        let mut at = element;
        while at != NONE {
            if let Ok(unit) = self.units.binary_search_by_key(&at, |unit| unit.element) {
                return Some(&self.units[unit]);
            }
            at = document.elements[at as usize].parent;
        }
        None
    }

    /// Formulas between delimiters in the text, ascending.
    pub fn text_formulas(&self) -> &[TextFormula] {
        &self.text_formulas
    }

    /// What of the units is left out, ascending.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }
}

/// How often a run of text may be read for what stands around code, on the mean.
const RUNS_READ: usize = 8;

/// The pass: what was found so far.
struct UnitFinder<'o, 's> {
    document: &'o Document<'s>,
    found: Units,
    /// Units of footnotes that are yet to come.
    notes: Peekable<vec::IntoIter<(u32, UnitKind)>>,
    /// Which signs of formulas the document holds.
    formulas: formulas::FormulaHints,
    /// Formulas before this element stand on lines of their own.
    display_until: u32,
    /// Elements before this one are inside of one that was searched for a formula.
    searched_until: u32,
    /// Elements with a word in their start tag that makes a unit likely, ascending.
    marks: Vec<(u32, TagHints)>,
    next_mark: usize,
    /// Tables whose end is yet to come.
    tables: Vec<OpenTable>,
    /// Rows and cells yet to come of a table that no `table` makes, the last first.
    grid_parts: Vec<(u32, UnitKind)>,
    /// Elements before this one are inside of one that was searched for such rows.
    grids_until: u32,
    last_heading: Option<u32>,
    /// How many runs of text may still be read for what stands around code: the pass is linear.
    gutter_runs: usize,
    /// The title of the last callout.
    title: Option<u32>,
}

impl UnitFinder<'_, '_> {
    /// Looks at one element; returns the next one to look at.
    fn element(&mut self, id: u32) -> u32 {
        while self.notes.next_if(|(element, _)| *element < id).is_some() {}
        if let Some((_, kind)) = self.notes.next_if(|(element, _)| *element == id) {
            self.add(id, kind);
            return id + 1;
        }
        let rich = self.formula(id).or_else(|| self.picture(id)).or_else(|| self.embed(id));
        if let Some(next) = rich {
            return next;
        }
        let marks = self.marks_of(id);
        let element = &self.document.elements[id as usize];
        if !element.seen {
            return id + 1;
        }
        if !self.tables.is_empty() {
            self.in_table(id);
        }
        while self.grid_parts.pop_if(|(part, _)| *part < id).is_some() {}
        if let Some((_, kind)) = self.grid_parts.pop_if(|(part, _)| *part == id) {
            self.add(id, kind);
            return id + 1;
        }
        if self.title == Some(id) {
            self.add(id, UnitKind::CalloutTitle);
            return element.next;
        }
        if marks != 0 {
            let next = self.marked(id, marks);
            if next > id + 1 || self.found.units.last().is_some_and(|unit| unit.element == id) {
                return next;
            }
        }
        match element.tag {
            Tag::PRE => return self.code(id),
            Tag::TABLE => self.table(id),
            Tag::UL | Tag::OL => self.add(id, UnitKind::List),
            Tag::LI => self.add(id, UnitKind::Item),
            Tag::DL => self.add(id, UnitKind::Definitions),
            Tag::CODE => return self.bare_code(id),
            Tag::BLOCKQUOTE => self.quote(id),
            Tag::FIGURE => self.add(id, UnitKind::Figure),
            Tag::DETAILS => self.details(id),
            tag if tag.is_heading() => self.heading(id),
            _ => {}
        }
        id + 1
    }

    /// An element with a mark; returns the next one to look at.
    fn marked(&mut self, id: u32, marks: TagHints) -> u32 {
        if marks & marks::EDITOR != 0 {
            let next = self.editor(id);
            if next > id + 1 {
                return next;
            }
        }
        if marks & marks::PERMALINK != 0 && self.permalink(id) {
            return self.document.elements[id as usize].next;
        }
        if marks & marks::GRID != 0 {
            self.grid(id);
        } else if marks & marks::CALLOUT != 0 {
            self.callout(id);
        }
        id + 1
    }

    fn marks_of(&mut self, id: u32) -> TagHints {
        while self.marks.get(self.next_mark).is_some_and(|(marked, _)| *marked < id) {
            self.next_mark += 1;
        }
        match self.marks.get(self.next_mark) {
            Some((marked, marks)) if *marked == id => *marks,
            _ => 0,
        }
    }

    /// What opens on a click opens by its summary; without one, nothing says what is hidden.
    fn details(&mut self, id: u32) {
        let document = self.document;
        let next = document.elements[id as usize].next;
        let first = (id + 1 < next).then_some(id + 1);
        if first.is_some_and(|child| {
            document.elements[child as usize].tag == Tag::SUMMARY && document.characters(child) > 0
        }) {
            self.add(id, UnitKind::Details);
        }
    }

    fn add(&mut self, element: u32, kind: UnitKind) {
        self.found.units.push(Unit { element, kind });
    }

    fn leave_out(&mut self, element: u32, reason: ScoreReason) {
        let element = &self.document.elements[element as usize];
        self.leave_out_range(element.start as usize..element.end as usize, reason);
    }

    fn leave_out_range(&mut self, range: Range<usize>, reason: ScoreReason) {
        self.found.left_out.push(LeftOut { range, reason });
    }

    /// Forgets what was found from an element on: it is all part of another unit.
    fn forget_from(&mut self, element: u32) {
        let start = self.document.elements[element as usize].start as usize;
        while self.found.units.pop_if(|unit| unit.element >= element).is_some() {}
        while self
            .found
            .left_out
            .pop_if(|left_out| left_out.range.start >= start)
            .is_some()
        {}
        self.forget_tables_from(element);
    }
}
