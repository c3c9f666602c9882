//! `content_text`: the content as plain text that reads like the page does.
//!
//! An empty line between blocks, a line an item or table row, a tab between cells, code untouched, the number of a
//! footnote in brackets, or it would be a part of the word before it. It is the running text: the readings of ruby text, and the captions of a page's pictures, which a reader's eye takes in beside it, are in
//! the HTML and in the Markdown alone (captions also in `images`). What was sent as an article keeps its captions in line.

use crate::{
    engine::{Content, Node, html::tags::Tag},
    steps,
};

/// Where the captions of pictures are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Captions {
    /// Among the paragraphs.
    InLine,
    /// Not in the running text.
    Beside,
}

/// Renders plain text without an end of line at its end.
pub fn render(content: &Content, captions: Captions) -> String {
    let mut text = String::with_capacity(content.text.len() + content.nodes.len());
    let mut gap = "";
    // Open elements whose text stands beside the running text, and open ruby elements.
    let (mut beside, mut rubies) = (0, 0);
    let mut nodes = content.nodes.iter().enumerate();
    while let Some((at, node)) = nodes.next() {
        steps::count(1);
        if let Some(raised) = raised(content, at).filter(|_| beside == 0 && gap.is_empty())
            && text.ends_with(|before: char| before.is_alphanumeric() || matches!(before, ')' | ']'))
        {
            text.push_str(&raised);
            nodes.nth(1);
            continue;
        }
        if let [reference, Node::Text(number), Node::Close(_)] = content.nodes.get(at..at + 3).unwrap_or_default()
            && beside == 0
            && reference.is_note_reference()
        {
            text.push_str(std::mem::take(&mut gap));
            text.extend(["[", &content.text[number.clone()], "]"]);
            nodes.nth(1);
            continue;
        }
        let (tag, opens) = match node {
            Node::Text(_) if beside > 0 => continue,
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
        let step = if opens { 1 } else { -1 };
        match tag {
            Tag::RUBY => rubies += step,
            Tag::FIGCAPTION if captions == Captions::Beside => beside += step,
            Tag::RT | Tag::RP if rubies > 0 => beside += step,
            _ => {}
        }
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

/// A superscript that would read as a part of what it stands on, in characters that are raised: the 6 of 10⁶, not 106.
/// The node at `at` opens it; ordinals (1st) and links to notes are left as they are.
fn raised(content: &Content, at: usize) -> Option<String> {
    let [
        Node::Open { tag: Tag::SUP, .. },
        Node::Text(range),
        Node::Close(Tag::SUP),
    ] = content.nodes.get(at..at + 3)?
    else {
        return None;
    };
    let text = &content.text[range.clone()];
    if !text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let raised: Option<String> = text.chars().map(raised_character).collect();
    raised.or_else(|| Some(format!("^{text}")))
}

fn raised_character(c: char) -> Option<char> {
    Some(match c {
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4'..='9' => char::from_u32(u32::from('⁴') + (u32::from(c) - u32::from('4')))?,
        '+' => '⁺',
        '-' | '−' | '–' => '⁻',
        '=' => '⁼',
        '(' => '⁽',
        ')' => '⁾',
        'n' => 'ⁿ',
        'i' => 'ⁱ',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_raised() {
        let raised: Option<String> = "0123456789+-=()ni".chars().map(raised_character).collect();
        assert_eq!(raised.as_deref(), Some("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ"));
    }
}
