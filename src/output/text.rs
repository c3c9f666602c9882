//! `content_text`: the content as plain text that reads like the page does.
//!
//! An empty line between blocks, a line an item or table row, a tab between cells, code untouched.

use crate::engine::{Content, Node, tags::Tag};

/// Renders plain text without an end of line at its end.
pub fn render(content: &Content) -> String {
    let mut text = String::with_capacity(content.text.len() + content.nodes.len());
    let mut gap = "";
    for node in &content.nodes {
        let (tag, opens) = match node {
            Node::Text(range) => {
                if !text.is_empty() {
                    text.push_str(gap);
                }
                gap = "";
                text.push_str(&content.text[range.clone()]);
                continue;
            }
            Node::Open { tag, .. } => (*tag, true),
            Node::Close(tag) => (*tag, false),
        };
        let border = match tag {
            Tag::BR => "\n",
            Tag::LI | Tag::TR | Tag::DT | Tag::DD => "\n",
            Tag::TD | Tag::TH if !opens => "\t",
            Tag::TD | Tag::TH | Tag::IMG => "",
            _ if tag.is_block() => "\n\n",
            _ => "",
        };
        // The strongest border between two texts counts: paragraphs above lines above cells.
        let strength = |gap: &str| gap.len() + usize::from(gap.starts_with('\n'));
        if strength(border) > strength(gap) {
            gap = border;
        }
    }
    text
}
