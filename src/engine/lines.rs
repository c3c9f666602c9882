//! Rules about text: each line of the document against the patterns, comments that rules are about, and what goes by them.
//!
//! A line is a block's text, or what stands between its line breaks; in plain text, between its newlines. Only short
//! lines are tried: a credit line that runs on into an article is an article.

use std::ops::Range;

use super::{
    Choice,
    fields::{self, Field},
    matcher::Hit,
    outline::{Event, NONE, Outline, Run, visible_characters},
    tags::Tag,
    tokens::MAY_BE_BLANK,
};
use crate::rules::Action;

/// Bytes of a line that is still tried, undecoded: about 250 Chinese characters.
const LINE_BYTES: usize = 1024;

/// What goes and stays beside whole elements, and all fields that rules give.
#[derive(Debug, Default)]
pub struct Lines {
    /// Source ranges that go: lines, comments, and what is behind a marker. Ascending.
    pub drops: Vec<(Range<usize>, u16)>,
    /// Source ranges that text rules keep.
    pub keeps: Vec<Range<usize>>,
    /// Fields in document order.
    pub fields: Vec<Field>,
}

/// Tries every line, and reads what rules say of comments and markers.
pub fn read(outline: &Outline<'_>, choice: &Choice) -> Lines {
    let mut lines = Lines::default();
    let rules = choice.rules().rules();
    for comment in &outline.comments {
        let text = comment_text(&outline.source[comment.range.clone()]);
        let rule = &rules[comment.rule as usize];
        fields::of_text(
            rule.comment.as_ref(),
            text,
            comment.rule,
            comment.range.start,
            &mut lines.fields,
        );
        let end = match rule.action {
            Action::Drop => comment.range.end,
            Action::DropRest => end_of(outline, comment.parent),
            Action::Keep | Action::Unwrap | Action::Take => continue,
        };
        lines.drops.push((comment.range.start..end, comment.rule));
    }
    let mut line = Line::default();
    for event in &outline.events {
        match *event {
            Event::Text(run) => line.push(outline, run, choice, &mut lines),
            Event::Open(id) | Event::Close(id) => {
                let tag = outline.elements[id as usize].tag;
                if tag.is_block() || tag == Tag::BR {
                    line.end(outline, choice, &mut lines);
                }
            }
        }
    }
    line.end(outline, choice, &mut lines);
    for element in &outline.elements {
        if let Some(Hit::RestRule(rule)) = element.hit {
            let range = element.start as usize..end_of(outline, element.parent);
            lines.drops.push((range, rule));
        }
    }
    fields::of_elements(outline, choice.rules(), &mut lines.fields);
    lines.drops.sort_by_key(|(range, _)| range.start);
    lines.fields.sort_by_key(|field| field.at);
    lines
}

/// The line that is being read.
#[derive(Default)]
struct Line {
    /// Decoded, white space squashed.
    text: String,
    /// White space was passed since the last word.
    parted: bool,
    /// Source bytes from the first to the last visible character.
    range: Option<(usize, usize)>,
    /// The element around its first text.
    parent: Option<u32>,
    characters: u32,
    too_long: bool,
}

impl Line {
    fn push(&mut self, outline: &Outline<'_>, number: u32, choice: &Choice, lines: &mut Lines) {
        let run = &outline.runs[number as usize];
        let text = outline.run_text(number);
        if !outline.is_plain {
            return self.add(run, text, run.start as usize, run.characters);
        }
        let mut at = run.start as usize;
        for (i, part) in text.split('\n').enumerate() {
            if i > 0 {
                self.end(outline, choice, lines);
            }
            self.add(run, part, at, visible_characters(&run.decode(part)));
            at += part.len() + 1;
        }
    }

    fn add(&mut self, run: &Run, text: &str, at: usize, characters: u32) {
        // Most runs are the line end and the indent between two tags.
        let visible = match text.bytes().all(|b| matches!(b, b'\t'..=b'\r' | b' ')) {
            true => "",
            false => text.trim_start(),
        };
        if visible.is_empty() {
            self.parted = true;
            return;
        }
        let start = at + (text.len() - visible.len());
        let visible = visible.trim_end();
        let (first, _) = self.range.unwrap_or((start, start));
        self.range = Some((first, start + visible.len()));
        self.parent.get_or_insert(run.parent);
        self.too_long |= self.text.len() + visible.len() > LINE_BYTES;
        if self.too_long {
            return;
        }
        self.characters += characters;
        squash_onto(&mut self.text, &mut self.parted, &run.decode(text));
    }

    fn end(&mut self, outline: &Outline<'_>, choice: &Choice, lines: &mut Lines) {
        if !self.too_long && !self.text.is_empty() {
            self.try_rules(outline, choice, lines);
        }
        self.text.clear();
        *self = Line {
            text: std::mem::take(&mut self.text),
            ..Line::default()
        };
    }

    fn try_rules(&self, outline: &Outline<'_>, choice: &Choice, lines: &mut Lines) {
        let Some((start, end)) = self.range else { return };
        let text = self.text.as_str();
        let rules = choice.rules().rules();
        let mut strongest: Option<(Action, u16)> = None;
        for rule in choice.text_rules(text) {
            let data = &rules[rule as usize];
            fields::of_text(data.text.as_ref(), text, rule, start, &mut lines.fields);
            // The first one that does something, but for a keep rule, which wins wherever it stands.
            let acts = !matches!(data.action, Action::Take | Action::Unwrap);
            if acts && (strongest.is_none() || data.action == Action::Keep) {
                strongest = Some((data.action, rule));
            }
        }
        let Some((action, rule)) = strongest else { return };
        let range = whole_block(outline, self, start..end);
        match action {
            Action::Drop => lines.drops.push((range, rule)),
            Action::DropRest => {
                let around = self
                    .parent
                    .and_then(|parent| outline.elements.get(outline.block_of(parent) as usize));
                // A line that is all of its block goes with what is behind the block.
                let end = match around {
                    Some(element) if element.start as usize == range.start => end_of(outline, element.parent),
                    Some(element) => element.end as usize,
                    None => outline.source.len(),
                };
                lines.drops.push((range.start..end.max(range.end), rule));
            }
            Action::Keep => lines.keeps.push(range),
            Action::Unwrap | Action::Take => {}
        }
    }
}

/// Where an element ends, or the document where there is none.
fn end_of(outline: &Outline<'_>, element: u32) -> usize {
    let element = outline.elements.get(element as usize);
    element.map_or(outline.source.len(), |element| element.end as usize)
}

/// The range of the block that holds this line and nothing else, or the line's own.
fn whole_block(outline: &Outline<'_>, line: &Line, range: Range<usize>) -> Range<usize> {
    let block = outline.block_of(line.parent.unwrap_or(NONE));
    let Some(element) = outline.elements.get(block as usize) else {
        return range;
    };
    let has_picture = || (block + 1..element.next).any(|i| outline.elements[i as usize].tag == Tag::IMG);
    let is_all = outline.characters(block) == line.characters
        && element.start as usize <= range.start
        && range.end <= element.end as usize;
    match is_all && !matches!(element.tag, Tag::BODY | Tag::HTML) && !has_picture() {
        true => element.start as usize..element.end as usize,
        false => range,
    }
}

/// What stands between the marks of a comment.
pub(super) fn comment_text(source: &str) -> &str {
    let text = source.strip_prefix("<!--").unwrap_or(source);
    text.strip_suffix("-->").unwrap_or(text)
}

/// White space runs become one blank, none at the ends.
pub fn squash(text: &str) -> String {
    let mut squashed = String::with_capacity(text.len());
    squash_onto(&mut squashed, &mut false, text);
    squashed
}

/// Adds a piece to a squashed text. `parted` says whether white space was passed since its last word.
fn squash_onto(text: &mut String, parted: &mut bool, piece: &str) {
    let bytes = piece.as_bytes();
    let is_plain = |at: usize| bytes.get(at).is_some_and(|byte| !MAY_BE_BLANK[usize::from(*byte)]);
    // Where the words begin that are yet to be added: those with one blank between them are added at once.
    let mut words = None;
    let mut at = 0;
    while at < bytes.len() {
        if is_plain(at) || (bytes[at] == b' ' && words.is_some() && is_plain(at + 1)) {
            words.get_or_insert(at);
            at += 1;
            continue;
        }
        let Some(c) = piece[at..].chars().next() else { break };
        if !c.is_whitespace() {
            words.get_or_insert(at);
        } else {
            if let Some(from) = words.take() {
                add_words(text, *parted, &piece[from..at]);
            }
            *parted = true;
        }
        at += c.len_utf8();
    }
    if let Some(from) = words {
        add_words(text, *parted, &piece[from..]);
        *parted = false;
    }
}

fn add_words(text: &mut String, parted: bool, words: &str) {
    if parted && !text.is_empty() {
        text.push(' ');
    }
    text.push_str(words);
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::*;

    proptest! {
        #[test]
        fn squashes_as_the_words_joined(pieces in proptest::collection::vec("[a \\n\u{b}é\u{a0}\u{3000}中]{0,6}", 0..4)) {
            let whole = pieces.concat();
            let joined = whole.split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert_eq!(squash(&whole), joined.clone());
            let (mut text, mut parted) = (String::new(), false);
            pieces.iter().for_each(|piece| squash_onto(&mut text, &mut parted, piece));
            prop_assert_eq!(text, joined);
        }
    }
}
