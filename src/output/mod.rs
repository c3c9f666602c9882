//! One file a form of answer; each has one `render`.

pub mod front_matter;
pub mod html;
pub mod json;
pub mod removals;
pub mod markdown;
pub mod rules;
pub mod text;
