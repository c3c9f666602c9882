//! Cleaning a document while it passes: `/v1/clean`.

pub mod cleaner;
pub(crate) mod holdback;
pub mod removals;
pub(crate) mod rewrite;
