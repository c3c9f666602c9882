//! Selectors compiled to one program, and matched on the open elements as a document is read.

pub mod program;
pub(crate) mod element;
pub(crate) mod state;
