//! Where facts stand: what the caller says, front matter, the head, JSON-LD, the markup, visible text.

pub(crate) mod caller;
pub(crate) mod element_hints;
pub(crate) mod front_matter;
pub(crate) mod head;
pub(crate) mod json_ld;
pub(crate) mod json_values;
pub(crate) mod visible;
