//! HTML becomes an article's content: handlers, document, score, write; and the stream, which uses the same handlers.
//!
//! Knows no JSON, no HTTP and no clock but its deadline.

pub mod document;
pub mod selectors;
pub mod html;
pub mod extract;
pub mod stream;
pub mod sanitize;
pub mod outside_body;
pub mod active_rules;
pub mod ranges;
pub mod text;
pub mod visibility;

pub use active_rules::{ActiveRules, CompileCost, Rulebook};
pub use document::Document;
pub use document::parser::parse;
pub use extract::score::Mode;
pub use extract::units::Units;
pub use sanitize::links::Links;
pub use sanitize::serialize::{Content, Node};
pub use selectors::program::{RuleMatch, SelectorProgram};
