//! Tables: rows of cells in columns, spans filled out.

use std::ops::Range;

use super::tree::EventTree;
use crate::engine::html::tags::Tag;

/// Empty cells that spans may add, for each cell of the table, and beyond that: a number of four digits is written fast.
const FILLED_PER_CELL: usize = 4;
const SPARE_CELLS: usize = 256;

/// A table as Markdown has them: each row with as many cells as it needs, none where a span reaches.
pub(super) struct TableGrid {
    pub(super) rows: Vec<Vec<Option<usize>>>,
    pub(super) columns: usize,
    /// Whether rows that are short can be filled up without making the table much larger.
    pub(super) is_filled: bool,
}

impl TableGrid {
    pub(super) fn new(tree: &EventTree<'_>, table: usize) -> Self {
        let mut trs = Vec::new();
        rows_in(tree, tree.inside(table), &mut trs);
        let cells_of = |row: usize| {
            let is_cell = |at: &usize| matches!(tree.tag(*at), Some(Tag::TD | Tag::TH));
            tree.children(tree.inside(row)).filter(is_cell)
        };
        let cells = trs.iter().map(|row| cells_of(*row).count()).sum::<usize>();
        let mut left = cells * FILLED_PER_CELL + SPARE_CELLS;
        let limit = left;
        // For each column, the row from which on no span reaches into it.
        let mut free_from: Vec<usize> = Vec::new();
        let mut rows: Vec<Vec<Option<usize>>> = Vec::new();
        for row in trs {
            let number = rows.len();
            let mut line = Vec::new();
            for cell in cells_of(row) {
                while left > 0 && free_from.get(line.len()).is_some_and(|free| *free > number) {
                    line.push(None);
                    left -= 1;
                }
                let span = |name| tree.number(cell, name).unwrap_or(1).max(1);
                let wide = span("colspan").min(left + 1);
                let start = line.len();
                line.push(Some(cell));
                line.resize(start + wide, None);
                left -= wide - 1;
                free_from.resize(free_from.len().max(line.len()), 0);
                free_from[start..]
                    .iter_mut()
                    .take(wide)
                    .for_each(|free| *free = number + span("rowspan"));
            }
            if !line.is_empty() {
                rows.push(line);
            }
        }
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let is_filled = rows.len().saturating_mul(columns) <= limit;
        TableGrid {
            rows,
            columns,
            is_filled,
        }
    }
}

/// The rows of a table, those of tables in its cells left out.
fn rows_in(tree: &EventTree<'_>, range: Range<usize>, rows: &mut Vec<usize>) {
    for at in tree.children(range) {
        match tree.tag(at) {
            Some(Tag::TR) => rows.push(at),
            Some(Tag::THEAD | Tag::TBODY | Tag::TFOOT) => rows_in(tree, tree.inside(at), rows),
            _ => {}
        }
    }
}
