//! Tables that no `table` makes: blocks whose roles say what is a row and what a cell.

use super::{Finder, Outline, Tag, UnitKind};

impl Finder<'_, '_> {
    /// An element whose start tag may have the role of a table. It is one if all its text stands in cells of rows.
    pub(crate) fn grid(&mut self, id: u32) {
        let outline = self.outline;
        if id < self.grids_until || !is_block(outline, id) || !matches!(role(outline, id), "table" | "grid") {
            return;
        }
        let next = outline.elements[id as usize].next;
        self.grids_until = next;
        let (mut parts, mut rows, mut cells, mut characters) = (Vec::new(), 0, 0, 0);
        let mut at = id + 1;
        while at < next {
            let element = &outline.elements[at as usize];
            if matches!(element.tag, Tag::PRE | Tag::TABLE) {
                return;
            }
            let kind = kind(outline, at).filter(|_| element.seen && is_block(outline, at));
            if kind == Some(UnitKind::GridRow) {
                rows += 1;
            } else if kind.is_some() && rows > 0 {
                cells += 1;
                characters += outline.characters(at);
            }
            parts.extend(kind.map(|kind| (at, kind)));
            at += 1;
        }
        if rows >= 2 && cells > rows && characters == outline.characters(id) {
            self.add(id, UnitKind::DataTable);
            parts.reverse();
            self.grid_parts = parts;
        }
    }
}

/// What part of a table an element is by its role.
fn kind(outline: &Outline<'_>, id: u32) -> Option<UnitKind> {
    match role(outline, id) {
        "row" => Some(UnitKind::GridRow),
        "cell" | "gridcell" => Some(UnitKind::GridCell { is_head: false }),
        "columnheader" | "rowheader" => Some(UnitKind::GridCell { is_head: true }),
        _ => None,
    }
}

/// Whether an element can be a block of another name.
fn is_block(outline: &Outline<'_>, id: u32) -> bool {
    matches!(outline.elements[id as usize].tag, Tag::DIV | Tag::SECTION)
}

fn role<'s>(outline: &Outline<'s>, id: u32) -> &'s str {
    outline.attribute(id, "role").unwrap_or_default()
}
