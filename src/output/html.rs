//! `content_html`: the content's events as HTML.
//!
//! # Security
//! Names come from tables, text and values are escaped, so what a browser reads is the content and nothing else. A link
//! that is absolute leads away from wherever the content is shown: it gets `rel="noopener nofollow"`, so that the page it
//! opens has no hold on that place, and no search engine takes it for a recommendation of the page that shows it.

use crate::{
    engine::{Content, Node, html::tags::Tag},
    steps,
};

/// An attribute of a callout that only Markdown says.
const CALLOUT_KIND: &str = "callout";

/// Renders HTML, every element closed.
pub fn render(content: &Content) -> String {
    let mut html = String::with_capacity(content.text.len() + content.nodes.len() * 8);
    for node in &content.nodes {
        steps::count(1);
        match node {
            Node::Open { tag, attributes } => {
                html.push('<');
                html.push_str(tag.name());
                for (name, value) in attributes.iter().filter(|(name, _)| *name != CALLOUT_KIND) {
                    html.push(' ');
                    html.push_str(name);
                    html.push_str("=\"");
                    escape(value, &mut html);
                    html.push('"');
                }
                if *tag == Tag::A && attributes.iter().any(|(_, url)| leads_away(url)) {
                    html.push_str(" rel=\"noopener nofollow\"");
                }
                html.push('>');
            }
            Node::Text(range) => escape(&content.text[range.clone()], &mut html),
            Node::Close(tag) => {
                html.push_str("</");
                html.push_str(tag.name());
                html.push('>');
            }
        }
    }
    html
}

/// Whether an address names a host.
fn leads_away(url: &str) -> bool {
    ["http://", "https://", "//"].iter().any(|start| url.starts_with(start))
}

/// Escapes text for both places where it may stand, an element and a quoted attribute (WHATWG HTML, section 13.3).
fn escape(text: &str, html: &mut String) {
    steps::count(text.len());
    let mut rest = text;
    while let Some(i) = rest.bytes().position(|byte| ESCAPED[usize::from(byte)].is_some()) {
        html.push_str(&rest[..i]);
        html.push_str(ESCAPED[usize::from(rest.as_bytes()[i])].unwrap_or_default());
        rest = &rest[i + 1..];
    }
    html.push_str(rest);
}

/// What stands for a byte. A carriage return of the text would come back as a line feed.
static ESCAPED: [Option<&str>; 256] = {
    let mut table = [None; 256];
    table[b'&' as usize] = Some("&amp;");
    table[b'<' as usize] = Some("&lt;");
    table[b'>' as usize] = Some("&gt;");
    table[b'"' as usize] = Some("&quot;");
    table[b'\r' as usize] = Some("&#13;");
    table
};
