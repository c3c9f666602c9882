//! `content_markdown`: the content as CommonMark, with GFM's tables, strikethrough, task lists and footnotes, and with
//! formulas between dollars.
//!
//! Rendered, it shows the blocks and inlines that the content has, and text is never read as markup. Where Markdown has no
//! mark, or where its mark would not be read in its place, the same is said by inline HTML of fixed names without
//! attributes.
//!
//! # Security
//! Renderers differ in what they decode and in the order in which they look for code, links and HTML. So an address holds
//! only characters that no renderer reads as anything else (`address.rs`), and `<` of the text is always an entity.

mod address;
mod blocks;
mod code;
mod escape;
mod inlines;
mod marks;
mod math;
mod table;
mod tokens;
mod tree;

use crate::engine::Content;

/// Renders Markdown without an end of line at its end.
pub fn render(content: &Content) -> String {
    blocks::render(&tree::EventTree::new(content))
}
