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
        let visible = text.trim();
        if visible.is_empty() {
            self.parted = true;
            return;
        }
        let start = at + (text.len() - text.trim_start().len());
        let (first, _) = self.range.unwrap_or((start, start));
        self.range = Some((first, start + visible.len()));
        self.parent.get_or_insert(run.parent);
        self.too_long |= self.text.len() + visible.len() > LINE_BYTES;
        if self.too_long {
            return;
        }
        self.characters += characters;
        let decoded = run.decode(text);
        self.parted |= decoded.starts_with(char::is_whitespace);
        for word in decoded.split_whitespace() {
            if self.parted && !self.text.is_empty() {
                self.text.push(' ');
            }
            self.text.push_str(word);
            self.parted = true;
        }
        self.parted = decoded.ends_with(char::is_whitespace);
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
    for word in text.split_whitespace() {
        if !squashed.is_empty() {
            squashed.push(' ');
        }
        squashed.push_str(word);
    }
    squashed
}
