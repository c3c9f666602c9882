//! What stays of a document: its lines, units and scores, and the selection made of them.

pub mod fields;
pub mod guard;
pub mod line_score;
pub mod lines;
pub mod page_kind;
pub mod reason;
pub mod score;
pub mod selection;
pub mod units;
