//! What the text itself says: its language, its measures, its fingerprint.

pub mod fingerprint;
pub(crate) mod function_words;
pub(crate) mod language;
pub mod stats;
