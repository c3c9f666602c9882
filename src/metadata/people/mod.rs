//! Authors and editors: names, credits and bylines, and the choice among them.

pub mod authors;
pub(crate) mod bylines;
pub(crate) mod candidates;
pub(crate) mod credits;
pub(crate) mod labels;
pub(crate) mod lexicon;
pub(crate) mod name_class;
pub(crate) mod names;
pub(crate) mod reporters;
