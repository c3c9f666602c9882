//! Tables that no `table` makes: blocks whose roles say what is a row and what a cell.

use super::{Document, Tag, UnitFinder, UnitKind};

impl UnitFinder<'_, '_> {
    /// An element whose start tag may have the role of a table. It is one if all its text stands in cells of rows.
    pub(crate) fn grid(&mut self, id: u32) {
        let document = self.document;
        if id < self.grids_until || !is_block(document, id) || !matches!(role(document, id), "table" | "grid") {
            return;
        }
        let next = document.elements[id as usize].next;
        self.grids_until = next;
        let (mut parts, mut rows, mut cells, mut characters) = (Vec::new(), 0, 0, 0);
        let mut at = id + 1;
        while at < next {
            let element = &document.elements[at as usize];
            if matches!(element.tag, Tag::PRE | Tag::TABLE) {
                return;
            }
            let kind = kind(document, at).filter(|_| element.seen && is_block(document, at));
            if kind == Some(UnitKind::GridRow) {
                rows += 1;
            } else if kind.is_some() && rows > 0 {
                cells += 1;
                characters += document.characters(at);
            }
            parts.extend(kind.map(|kind| (at, kind)));
            at += 1;
        }
        if rows >= 2 && cells > rows && characters == document.characters(id) {
            self.add(id, UnitKind::DataTable);
            parts.reverse();
            self.grid_parts = parts;
        }
    }
}

/// What part of a table an element is by its role.
fn kind(document: &Document<'_>, id: u32) -> Option<UnitKind> {
    match role(document, id) {
        "row" => Some(UnitKind::GridRow),
        "cell" | "gridcell" => Some(UnitKind::GridCell { is_head: false }),
        "columnheader" | "rowheader" => Some(UnitKind::GridCell { is_head: true }),
        _ => None,
    }
}

/// Whether an element can be a block of another name.
fn is_block(document: &Document<'_>, id: u32) -> bool {
    matches!(document.elements[id as usize].tag, Tag::DIV | Tag::SECTION)
}

fn role<'s>(document: &Document<'s>, id: u32) -> &'s str {
    document.attribute(id, "role").unwrap_or_default()
}
