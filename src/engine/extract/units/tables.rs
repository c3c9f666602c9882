//! Tables: data or layout, decided once for the whole table.

use super::{Document, Tag, UnitFinder, UnitKind};

/// Visible characters of a cell above which it holds a part of the page and not a datum.
const CELL_CHARACTERS: u32 = 1500;
/// The same of a cell that has paragraphs or headings, of which a datum has one at most.
const PARAGRAPHS_CHARACTERS: u32 = 400;

/// A table whose end is yet to come, and what was seen of it: its own parts, not those of tables inside it.
#[derive(Debug)]
pub(crate) struct OpenTable {
    element: u32,
    /// Its number among the units.
    unit: usize,
    rows: u32,
    cells: u32,
    /// Cells of the row that is being read, spans counted, and of the widest row.
    columns: u32,
    widest: u32,
    /// Header cells, a caption, a head: it says that it is data.
    is_headed: bool,
    /// Its role is that of no table.
    is_presentation: bool,
    /// A table inside it.
    is_nesting: bool,
    /// A cell with a part of the page in it.
    is_page: bool,
    /// The cell that is being read, and the blocks in it.
    cell: Option<u32>,
    blocks: u32,
}

impl OpenTable {
    fn new(document: &Document<'_>, element: u32, unit: usize) -> Self {
        let role = document.attribute(element, "role").unwrap_or_default();
        OpenTable {
            element,
            unit,
            rows: 0,
            cells: 0,
            columns: 0,
            widest: 0,
            is_headed: matches!(role, "table" | "grid"),
            is_presentation: matches!(role, "presentation" | "none"),
            is_nesting: false,
            is_page: false,
            cell: None,
            blocks: 0,
        }
    }

    fn end_cell(&mut self, document: &Document<'_>) {
        let blocks = std::mem::take(&mut self.blocks);
        if let Some(cell) = self.cell.take() {
            let characters = document.characters(cell);
            self.is_page |= characters > CELL_CHARACTERS || (blocks > 1 && characters > PARAGRAPHS_CHARACTERS);
        }
    }

    fn read(&mut self, document: &Document<'_>, id: u32) {
        match document.elements[id as usize].tag {
            Tag::TR => {
                self.end_cell(document);
                self.rows += 1;
                self.columns = 0;
            }
            tag @ (Tag::TD | Tag::TH) => {
                self.end_cell(document);
                self.cell = Some(id);
                self.cells += 1;
                let span = document
                    .attribute(id, "colspan")
                    .and_then(|span| span.trim().parse().ok());
                self.columns += span.unwrap_or(1u32).clamp(1, 1000);
                self.widest = self.widest.max(self.columns);
                self.is_headed |= tag == Tag::TH;
            }
            Tag::CAPTION | Tag::THEAD => self.is_headed = true,
            Tag::P | Tag::DIV => self.blocks += 1,
            tag if tag.is_heading() => self.blocks += 2,
            _ => {}
        }
    }

    /// A single row or column is a table only if it says so, and nothing is one that holds parts of the page.
    fn kind(&self) -> UnitKind {
        let is_grid = self.rows >= 2 && self.widest >= 2 && self.cells > self.rows;
        let is_line = self.cells >= 2 && self.is_headed && !self.is_nesting;
        let is_data = !self.is_presentation && !(self.is_page && (self.is_nesting || !self.is_headed));
        match is_data && (is_grid || is_line) {
            true => UnitKind::DataTable,
            false => UnitKind::LayoutTable,
        }
    }
}

impl UnitFinder<'_, '_> {
    pub(crate) fn table(&mut self, id: u32) {
        if let Some(around) = self.tables.last_mut() {
            around.is_nesting = true;
        }
        self.tables
            .push(OpenTable::new(self.document, id, self.found.units.len()));
        self.add(id, UnitKind::LayoutTable);
    }

    /// What an element says of the table that it is in.
    pub(crate) fn in_table(&mut self, id: u32) {
        self.end_tables(id);
        if let Some(table) = self.tables.last_mut() {
            table.read(self.document, id);
        }
    }

    /// Decides on the tables that end before an element.
    pub(crate) fn end_tables(&mut self, id: u32) {
        while let Some(mut table) = self
            .tables
            .pop_if(|table| self.document.elements[table.element as usize].next <= id)
        {
            table.end_cell(self.document);
            self.found.units[table.unit].kind = table.kind();
        }
    }

    /// Forgets the tables from an element on: they turned out to be parts of something else.
    pub(crate) fn forget_tables_from(&mut self, id: u32) {
        while self.tables.pop_if(|table| table.element >= id).is_some() {}
    }
}
