//! What `content_html` holds stands where HTML lets it: a browser makes of it the tree that was written, and lists, tables
//! and their like hold their parts and nothing else.

use copydesk::engine::html::tags::Tag;

use crate::dom::{self, Step};

/// The first fault of a document's `content_html`, if it has one.
pub(crate) fn fault(html: &str) -> Option<String> {
    // html, head, its close and body are implied, and the closes of body and html.
    let steps = dom::document(&format!("<!doctype html><html><head></head><body>{html}"));
    let steps = &steps[4..steps.len() - 2];
    let parsed = written(steps);
    // Parsers imply these; they say nothing.
    let html = html.replace("<tbody>", "").replace("</tbody>", "");
    if parsed != html {
        return Some(format!("written: {html}\nparsed:  {parsed}"));
    }
    misplaced(steps).map(|fault| format!("{fault} in {html}"))
}

/// Steps as the HTML that they were read from.
fn written(steps: &[Step]) -> String {
    let escaped = |text: &str| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        text.replace('"', "&quot;").replace('\r', "&#13;")
    };
    let mut html = String::new();
    let mut open = Vec::new();
    for step in steps {
        match step {
            Step::Open(name, _, attributes) => {
                open.push(name.as_str());
                if name == "tbody" && attributes.is_empty() {
                    continue;
                }
                html.extend(["<", name]);
                for (name, value) in attributes {
                    html.push_str(&format!(" {name}=\"{}\"", escaped(value)));
                }
                html.push('>');
            }
            Step::Text(text) => html.push_str(&escaped(text)),
            Step::Comment => html.push_str("<!-- -->"),
            Step::Close => match open.pop() {
                Some(name) if name != "tbody" && !Tag::from_name(name.as_bytes()).is_void() => {
                    html.push_str(&format!("</{name}>"));
                }
                _ => {}
            },
        }
    }
    html
}

/// The first element or text that may not stand where it does.
fn misplaced(steps: &[Step]) -> Option<String> {
    // Open elements, and whether something stands in each.
    let mut open = vec![("body", false)];
    for step in steps {
        let last = open.len() - 1;
        let (parent, is_filled) = open[last];
        let child = match step {
            Step::Close => {
                open.pop();
                continue;
            }
            Step::Open(name, ..) => name.as_str(),
            _ => "text",
        };
        let fits = match parent {
            "ul" | "ol" => child == "li",
            "dl" => matches!(child, "dt" | "dd"),
            "table" => matches!(child, "thead" | "tbody" | "tfoot") || (child == "caption" && !is_filled),
            "thead" | "tbody" | "tfoot" => child == "tr",
            "tr" => matches!(child, "td" | "th"),
            "figure" if child == "figcaption" => true,
            "details" if child == "summary" => !is_filled,
            _ => !matches!(
                child,
                "li" | "dt"
                    | "dd"
                    | "thead"
                    | "tbody"
                    | "tfoot"
                    | "caption"
                    | "tr"
                    | "td"
                    | "th"
                    | "figcaption"
                    | "summary"
            ),
        };
        if !fits {
            return Some(format!("{child} in {parent}"));
        }
        open[last].1 = true;
        if let Step::Open(name, ..) = step {
            open.push((name, false));
        }
    }
    None
}
