//! `content_html`: the content's events as HTML.
//!
//! # Security
//! Names come from tables, text and values are escaped, so what a browser reads is the content and nothing else.

use crate::engine::{Content, Node};

/// Renders HTML, every element closed.
pub fn render(content: &Content) -> String {
    let mut html = String::with_capacity(content.text.len() + content.nodes.len() * 8);
    for node in &content.nodes {
        match node {
            Node::Open { tag, attributes } => {
                html.push('<');
                html.push_str(tag.name());
                for (name, value) in attributes {
                    html.push(' ');
                    html.push_str(name);
                    html.push_str("=\"");
                    escape(value, &mut html);
                    html.push('"');
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

/// Escapes text for both places where it may stand, an element and a quoted attribute (WHATWG HTML, section 13.3).
fn escape(text: &str, html: &mut String) {
    let mut from = 0;
    for (i, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            // A carriage return of the text would come back as a line feed.
            b'\r' => "&#13;",
            _ => continue,
        };
        html.push_str(&text[from..i]);
        html.push_str(escaped);
        from = i + 1;
    }
    html.push_str(&text[from..]);
}
