//! From bytes to a flat [`document::Document`]: lol_html's tokens, the open elements, and the tree that they build.

pub(crate) mod active_formatting;
pub mod document;
pub(crate) mod open_elements;
pub(crate) mod parser;
pub(crate) mod scope;
pub mod tags;
pub mod tokens;
pub(crate) mod tree_builder;
