//! Tables: data or layout, decided once for the whole table.

use super::{Outline, Tag, UnitKind};

/// Whether its cells are data, or only placed by it.
pub(super) fn kind(outline: &Outline<'_>, table: u32) -> UnitKind {
    match is_layout(outline, table) {
        true => UnitKind::LayoutTable,
        false => UnitKind::DataTable,
    }
}

/// A table that only places things: another table inside it, a single row or column.
fn is_layout(outline: &Outline<'_>, table: u32) -> bool {
    let (mut rows, mut cells) = (0u32, 0u32);
    for element in &outline.elements[table as usize + 1..outline.elements[table as usize].next as usize] {
        match element.tag {
            Tag::TABLE => return true,
            Tag::TR => rows += 1,
            Tag::TD | Tag::TH => cells += 1,
            _ => {}
        }
    }
    rows < 2 || cells < rows * 2
}
