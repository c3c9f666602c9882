//! Rules about text: each line of the document against the patterns, comments that rules are about, and what goes by them.
//!
//! A line is a block's text, or what stands between its line breaks; in plain text, between its newlines. Only short
//! lines are tried: a credit line that runs on into an article is an article.

use std::ops::Range;

use super::fields::{self, RuleField};
use super::reason::ScoreReason;
use crate::{
    engine::{
        active_rules::ActiveRules,
        document::{Document, Event, visible_characters},
        html::tags::Tag,
        selectors::program::RuleMatch,
        text::{comment_text, squash_onto},
        visibility::HiddenPart,
    },
    rules::Action,
    steps,
};

/// Bytes of a line that is still tried, undecoded: about 250 Chinese characters.
const LINE_BYTES: usize = 1024;

/// What goes and stays beside whole elements, and all fields that rules give.
#[derive(Debug, Default)]
pub struct LineDecisions {
    /// Source ranges that go: lines, comments, and what is behind a marker. Ascending.
    pub drops: Vec<(Range<usize>, u16)>,
    /// Source ranges that text rules keep.
    pub keeps: Vec<Range<usize>>,
    /// Fields in document order.
    pub fields: Vec<RuleField>,
    /// Source ranges that the score of lines takes, each with its reason. Ascending.
    pub scored: Vec<(Range<usize>, ScoreReason)>,
    /// What a reader does not see. Ascending.
    pub hidden: Vec<HiddenPart>,
}

/// Tries every line, and reads what rules say of comments and markers.
pub fn read(document: &Document<'_>, choice: &ActiveRules) -> LineDecisions {
    let mut lines = LineDecisions::default();
    let rules = choice.rules().rules();
    for comment in &document.comments {
        let text = comment_text(&document.source[comment.range.clone()]);
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
            Action::DropRest => end_of(document, comment.parent),
            Action::Keep | Action::Unwrap | Action::Take => continue,
        };
        lines.drops.push((comment.range.start..end, comment.rule));
    }
    each(document, |line, text| {
        if let Some(text) = text {
            try_rules(document, choice, &mut lines, line, text);
        }
    });
    for element in &document.elements {
        if let Some(RuleMatch::RestRule(rule)) = element.hit {
            let range = element.start as usize..end_of(document, element.parent);
            lines.drops.push((range, rule));
        }
    }
    fields::of_elements(document, choice.rules(), &mut lines.fields);
    lines.drops.sort_by_key(|(range, _)| range.start);
    lines.fields.sort_by_key(|field| field.at);
    lines
}

/// A line: its runs, and the source bytes from its first visible character to its last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextLineRange {
    pub(crate) first_run: u32,
    pub(crate) last_run: u32,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Visible characters; 0 for a line that is too long to be tried.
    pub(crate) characters: u32,
}

impl TextLineRange {
    /// The block around it.
    pub(crate) fn block(&self, document: &Document<'_>) -> u32 {
        document.block_of(document.runs[self.first_run as usize].parent)
    }

    /// What goes with it: its block, where that holds nothing else, or its own bytes.
    pub(crate) fn range(&self, document: &Document<'_>) -> Range<usize> {
        whole_block(document, self.block(document), self.characters, self.start..self.end)
    }
}

/// Reads the lines of a document in their order: each with its text, white space squashed, unless it is too long to be tried.
pub(crate) fn each(document: &Document<'_>, each: impl FnMut(TextLineRange, Option<&str>)) {
    let mut reading = LineReader {
        document,
        each,
        line: None,
        text: String::new(),
    };
    for event in &document.events {
        match *event {
            Event::Text(run) => reading.push(run),
            Event::Open(id) | Event::Close(id) => {
                let tag = document.elements[id as usize].tag;
                if tag.is_block() || tag == Tag::BR {
                    reading.end();
                }
            }
        }
    }
    reading.end();
}

/// The lines as they are read.
struct LineReader<'a, F> {
    document: &'a Document<'a>,
    each: F,
    /// The one that is being read, unless it is blank so far.
    line: Option<TextLineRange>,
    /// The text of the line that is tried: decoded, white space squashed.
    text: String,
}

impl<F: FnMut(TextLineRange, Option<&str>)> LineReader<'_, F> {
    fn push(&mut self, number: u32) {
        let start = self.document.runs[number as usize].start as usize;
        let text = self.document.run_text(number);
        // Most runs are the line end and the indent between two tags.
        if self.document.runs[number as usize].characters == 0 && text.is_ascii() && !self.document.is_plain {
            return;
        }
        if !self.document.is_plain {
            return self.add(number, text, start);
        }
        let mut at = start;
        for (i, part) in text.split('\n').enumerate() {
            if i > 0 {
                self.end();
            }
            self.add(number, part, at);
            at += part.len() + 1;
        }
    }

    fn add(&mut self, number: u32, text: &str, at: usize) {
        let visible = text.trim_start();
        if visible.is_empty() {
            return;
        }
        let start = at + (text.len() - visible.len());
        let line = self.line.get_or_insert(TextLineRange {
            first_run: number,
            last_run: number,
            start,
            end: start,
            characters: 0,
        });
        line.last_run = number;
        line.end = start + visible.trim_end().len();
    }

    fn end(&mut self) {
        if let Some(mut line) = self.line.take() {
            let characters = self.read_text(line);
            line.characters = characters.unwrap_or(0);
            (self.each)(line, characters.map(|_| self.text.as_str()));
        }
    }

    /// Reads the text of a line, unless it is too long. The answer is how many visible characters it has.
    fn read_text(&mut self, line: TextLineRange) -> Option<u32> {
        self.text.clear();
        let (mut parted, mut characters) = (false, 0);
        for run in &self.document.runs[line.first_run as usize..=line.last_run as usize] {
            let own = run.start as usize..run.end as usize;
            let within = own.start.max(line.start)..own.end.min(line.end);
            let text = &self.document.source[within.clone()];
            let length = text.trim().len();
            if length > 0 && self.text.len() + length > LINE_BYTES {
                return None;
            }
            let decoded = run.decode(text);
            characters += match within == own {
                true => run.characters,
                false => visible_characters(&decoded),
            };
            squash_onto(&mut self.text, &mut parted, &decoded);
        }
        (!self.text.is_empty()).then_some(characters)
    }
}

fn try_rules(
    document: &Document<'_>,
    choice: &ActiveRules,
    lines: &mut LineDecisions,
    line: TextLineRange,
    text: &str,
) {
    let rules = choice.rules().rules();
    let mut strongest: Option<(Action, u16)> = None;
    for rule in choice.text_rules(text) {
        let data = &rules[rule as usize];
        fields::of_text(data.text.as_ref(), text, rule, line.start, &mut lines.fields);
        // The first one that does something, but for a keep rule, which wins wherever it stands.
        let acts = !matches!(data.action, Action::Take | Action::Unwrap);
        if acts && (strongest.is_none() || data.action == Action::Keep) {
            strongest = Some((data.action, rule));
        }
    }
    let Some((action, rule)) = strongest else { return };
    let block = line.block(document);
    let range = line.range(document);
    match action {
        Action::Drop => lines.drops.push((range, rule)),
        Action::DropRest => {
            // A line that is all of its block goes with what is behind the block.
            let end = match document.elements.get(block as usize) {
                Some(element) if element.start as usize == range.start => end_of(document, element.parent),
                Some(element) => element.end as usize,
                None => document.source.len(),
            };
            lines.drops.push((range.start..end.max(range.end), rule));
        }
        Action::Keep => lines.keeps.push(range),
        Action::Unwrap | Action::Take => {}
    }
}

/// Where an element ends, or the document where there is none.
fn end_of(document: &Document<'_>, element: u32) -> usize {
    let element = document.elements.get(element as usize);
    element.map_or(document.source.len(), |element| element.end as usize)
}

/// The range of the block that holds this line of so many characters and nothing else, or the line's own.
fn whole_block(document: &Document<'_>, block: u32, characters: u32, range: Range<usize>) -> Range<usize> {
    let Some(element) = document.elements.get(block as usize) else {
        return range;
    };
    let has_picture = || {
        steps::count((element.next - block) as usize);
        (block + 1..element.next).any(|i| document.elements[i as usize].tag == Tag::IMG)
    };
    let is_all = document.characters(block) == characters
        && element.start as usize <= range.start
        && range.end <= element.end as usize;
    match is_all && !matches!(element.tag, Tag::BODY | Tag::HTML) && !has_picture() {
        true => element.start as usize..element.end as usize,
        false => range,
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::*;
    use crate::engine::text::squash;

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
