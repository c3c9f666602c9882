//! From bytes to a flat [`crate::engine::document::Document`]: lol_html's tokens, the open elements, and the tree that they build.

pub(crate) mod active_formatting;
pub(crate) mod open_elements;
pub(crate) mod scope;
pub mod tags;
pub mod tokens;
