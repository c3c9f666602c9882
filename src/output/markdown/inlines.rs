//! What stands in a line: text, marks, links, pictures, code, formulas.
//!
//! Elements are opened when the first thing in them is written. So white space at their ends comes to stand outside of
//! them, where Markdown wants it, elements without content never appear, and neighbours of one kind become one.

use std::ops::Range;

use super::{
    address::destination,
    code,
    escape::{self, TextPlace},
    marks, math,
    tokens::{InlineMark, InlineToken, push_text},
    tree::EventTree,
};
use crate::engine::{Node, html::tags::Tag};

/// How a run of inlines is shown.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct InlineForm {
    pub(super) in_table: bool,
    /// In a heading or a cell, which are one line.
    pub(super) is_line: bool,
    /// Whether a first `[ ]` or `[x]` is that of a task.
    pub(super) is_item: bool,
    pub(super) is_strong: bool,
    /// Whether dollars of the text are escaped even if there is only one here.
    pub(super) has_dollars: bool,
}

/// Writes inlines. A line end in what comes back is a hard break.
pub(super) fn render(tree: &EventTree<'_>, range: Range<usize>, form: InlineForm) -> String {
    let mut reader = InlineReader {
        tree,
        tokens: Vec::new(),
        open: Vec::new(),
        unwritten: 0,
        blank: None,
        is_broken: false,
    };
    match form.is_strong {
        true => reader.marked(InlineMark::Strong, |reader| reader.read(range)),
        false => reader.read(range),
    }
    let mut tokens = marks::off_punctuation(reader.tokens, tree);
    marks::choose(&mut tokens, tree);
    write(tree, &tokens, form)
}

/// What a code span cannot hold and code does not do without: it is HTML then.
const NOT_IN_CODE: &[Tag] = &[
    Tag::BR,
    Tag::IMG,
    Tag::SUB,
    Tag::SUP,
    Tag::U,
    Tag::INS,
    Tag::MARK,
    Tag::KBD,
    Tag::Q,
    Tag::RUBY,
    Tag::RB,
    Tag::RT,
    Tag::RP,
];

struct InlineReader<'t, 'c> {
    tree: &'t EventTree<'c>,
    tokens: Vec<InlineToken>,
    /// The open elements.
    open: Vec<InlineMark>,
    /// How many of them, from the innermost, are not in `tokens` yet.
    unwritten: usize,
    /// White space that counts when something follows in the same line.
    blank: Option<Range<usize>>,
    /// A `br`, likewise.
    is_broken: bool,
}

impl InlineReader<'_, '_> {
    fn read(&mut self, range: Range<usize>) {
        let tree = self.tree;
        for at in tree.children(range) {
            match tree.node(at) {
                Node::Text(range) => self.text(range.clone()),
                Node::Open { tag, .. } => self.element(at, *tag),
                Node::Close(_) => {}
            }
        }
    }

    fn element(&mut self, at: usize, tag: Tag) {
        let inside = self.tree.inside(at);
        let mark = match tag {
            Tag::BR => return self.line_break(),
            Tag::IMG => return self.push(InlineToken::Image(at)),
            Tag::CODE | Tag::SAMP | Tag::TT => return self.code(inside),
            Tag::SUP if self.tree.is_reference(at) => return self.read(inside),
            Tag::A if self.tree.reference(at).is_some() => return self.push(InlineToken::Note(at)),
            _ if self.tree.is_formula(at) => return self.push(InlineToken::Math(at)),
            Tag::A if self.tree.is_back_link(at) => return,
            Tag::A => InlineMark::Link(at),
            Tag::B | Tag::STRONG => InlineMark::Strong,
            Tag::I | Tag::EM | Tag::CITE | Tag::VAR => InlineMark::Emphasis,
            Tag::S | Tag::DEL => InlineMark::Strike,
            Tag::SUB | Tag::SUP | Tag::U | Tag::INS | Tag::MARK | Tag::KBD | Tag::Q => InlineMark::Html(tag),
            Tag::RUBY | Tag::RB | Tag::RT | Tag::RP => InlineMark::Html(tag),
            _ => return self.read(inside),
        };
        self.marked(mark, |reader| reader.read(inside));
    }

    /// An element. One inside another of its kind adds nothing.
    fn marked(&mut self, mark: InlineMark, fill: impl FnOnce(&mut Self)) {
        let is_link = |mark: &InlineMark| matches!(mark, InlineMark::Link(_));
        if (self.open.contains(&mark) && !mark.is_ruby()) || (is_link(&mark) && self.open.iter().any(is_link)) {
            return fill(self);
        }
        self.open.push(mark);
        self.unwritten += 1;
        fill(self);
        self.open.pop();
        match self.unwritten.checked_sub(1) {
            Some(left) => self.unwritten = left,
            None => self.tokens.push(InlineToken::Close(mark)),
        }
    }

    /// Code: its emphasis says nothing, and a link stands around code, never in it.
    fn code(&mut self, range: Range<usize>) {
        let tree = self.tree;
        if tree.holds(range.clone(), NOT_IN_CODE) || range.clone().any(|at| tree.is_formula(at)) {
            return self.marked(InlineMark::Html(Tag::CODE), |reader| reader.read(range));
        }
        if !tree.holds(range.clone(), &[Tag::A]) {
            return match tree.plain(range.clone()).trim().is_empty() {
                true => self.read(range),
                false => self.push(InlineToken::Code(range)),
            };
        }
        let mut from = range.start;
        for at in tree.children(range.clone()) {
            let element = at..tree.end(at);
            if !tree.holds(element.clone(), &[Tag::A]) {
                continue;
            }
            self.code(from..at);
            from = element.end;
            match tree.tag(at) {
                Some(Tag::A) => self.marked(InlineMark::Link(at), |reader| reader.code(tree.inside(at))),
                _ => self.code(tree.inside(at)),
            }
        }
        self.code(from..range.end);
    }

    fn text(&mut self, range: Range<usize>) {
        let text = self.tree.text(range.clone());
        let start = range.end - text.trim_start().len();
        let end = range.start + text.trim_end().len();
        if start > range.start && self.blank.is_none() && !self.is_broken {
            self.blank = Some(range.start..start);
        }
        if start < end {
            self.push(InlineToken::Text(start..end));
            if end < range.end {
                self.blank = Some(end..range.end);
            }
        }
    }

    fn line_break(&mut self) {
        self.blank = None;
        self.is_broken = true;
    }

    /// Something that is seen, with what must stand before it.
    fn push(&mut self, token: InlineToken) {
        let blank = self.blank.take();
        let is_broken = std::mem::take(&mut self.is_broken);
        if !self.tokens.is_empty() {
            match (is_broken, blank) {
                (true, _) => self.tokens.push(InlineToken::Break),
                (false, Some(blank)) => push_text(&mut self.tokens, blank),
                (false, None) => {}
            }
        }
        let first = self.open.len() - std::mem::take(&mut self.unwritten);
        for mark in &self.open[first..] {
            match self.tokens.last() == Some(&InlineToken::Close(*mark)) && !mark.is_ruby() {
                true => drop(self.tokens.pop()),
                false => self.tokens.push(InlineToken::Open(*mark)),
            }
        }
        match token {
            InlineToken::Text(range) => push_text(&mut self.tokens, range),
            other => self.tokens.push(other),
        }
    }
}

fn write(tree: &EventTree<'_>, tokens: &[InlineToken], form: InlineForm) -> String {
    let count = |text: &str| text.bytes().filter(|b| *b == b'$').count();
    let dollars = |token: &InlineToken| match token {
        InlineToken::Text(range) => count(tree.text(range.clone())),
        InlineToken::Code(range) => count(&tree.plain(range.clone())),
        InlineToken::Open(InlineMark::Link(at)) => tree.attribute(*at, "href").map_or(0, count),
        InlineToken::Image(at) => tree.attribute(*at, "src").map_or(0, count),
        InlineToken::Math(_) => 2,
        _ => 0,
    };
    let has_dollars = form.has_dollars || tokens.iter().map(dollars).sum::<usize>() > 1;
    let mut out = String::new();
    let mut starts_line = !form.is_line;
    for (i, token) in tokens.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| &tokens[i]);
        let next = tokens.get(i + 1);
        let starts_this = std::mem::take(&mut starts_line);
        match token {
            InlineToken::Text(range) => {
                let mut text = tree.text(range.clone());
                if i == 0 && form.is_item && is_task(text) {
                    out.push_str(&text[..4]);
                    text = &text[4..];
                }
                let place = TextPlace {
                    starts_line: starts_this,
                    in_table: form.in_table,
                    in_bracket: matches!(before, Some(InlineToken::Open(InlineMark::Link(_)))),
                    before_bracket: matches!(
                        next,
                        Some(InlineToken::Open(InlineMark::Link(_)) | InlineToken::Note(_))
                    ),
                    has_dollars,
                };
                escape::text(text, place, &mut out);
            }
            InlineToken::Break if form.is_line => out.push_str("<br>"),
            InlineToken::Break => {
                out.push_str("\\\n");
                starts_line = true;
            }
            InlineToken::Code(range) => {
                let text = tree.plain(range.clone());
                // Two fences side by side would be one, and `[…]:` at the beginning defines a link before code is looked for.
                let is_read = !(out.ends_with('`') || out.starts_with('[') && text.contains("]:"));
                let span = code::span(&text, form.in_table).filter(|_| is_read);
                write_code(span, &text, form, &mut out);
            }
            InlineToken::Image(at) => {
                let alt = tree.attribute(*at, "alt").unwrap_or_default();
                let src = tree.attribute(*at, "src").unwrap_or_default();
                out.push_str("![");
                let place = TextPlace {
                    in_table: form.in_table,
                    in_bracket: true,
                    has_dollars: true,
                    ..TextPlace::default()
                };
                escape::text(alt.trim(), place, &mut out);
                out.extend(["](", &destination(src), ")"]);
            }
            InlineToken::Math(at) => {
                let source = tree.plain(tree.inside(*at));
                let source = tex(&source);
                match math::inline(source, form.in_table) {
                    Some(formula) => {
                        // Renderers take dollars beside a letter or number for money.
                        let is_close = |c: char| c.is_alphanumeric() || c == '$';
                        if out.ends_with(is_close) {
                            out.push(' ');
                        }
                        out.push_str(&formula);
                        if let Some(InlineToken::Text(range)) = next
                            && tree.text(range.clone()).starts_with(is_close)
                        {
                            out.push(' ');
                        }
                    }
                    None => write_code(code::span(source, form.in_table), source, form, &mut out),
                }
            }
            InlineToken::Note(at) => {
                let label = tree.reference(*at).unwrap_or_default();
                out.extend(["[^", label, "]"]);
            }
            InlineToken::Open(mark) => out.push_str(&mark_text(*mark, true, tree)),
            InlineToken::Close(mark) => out.push_str(&mark_text(*mark, false, tree)),
        }
    }
    out
}

fn mark_text(mark: InlineMark, opens: bool, tree: &EventTree<'_>) -> String {
    match mark {
        InlineMark::Strong => "**".to_owned(),
        InlineMark::Emphasis => "*".to_owned(),
        InlineMark::Strike => "~~".to_owned(),
        InlineMark::Html(tag) if opens => format!("<{}>", tag.name()),
        InlineMark::Html(tag) => format!("</{}>", tag.name()),
        InlineMark::Link(_) if opens => "[".to_owned(),
        InlineMark::Link(at) => {
            let href = tree.attribute(at, "href").unwrap_or_default();
            format!("]({})", destination(href))
        }
    }
}

/// Code as a span, or as HTML where that is `None`.
fn write_code(span: Option<String>, text: &str, form: InlineForm, out: &mut String) {
    match span {
        Some(span) => out.push_str(&span),
        None => {
            let place = TextPlace {
                in_table: form.in_table,
                has_dollars: true,
                ..TextPlace::default()
            };
            out.push_str("<code>");
            escape::text(text, place, out);
            out.push_str("</code>");
        }
    }
}

/// A line of code in a cell.
pub(super) fn code_in_cell(line: &str) -> String {
    let form = InlineForm {
        in_table: true,
        ..InlineForm::default()
    };
    let mut out = String::new();
    write_code(code::span(line, true), line, form, &mut out);
    out
}

/// A formula without `\(…\)` or `\[…\]` around it.
pub(super) fn tex(source: &str) -> &str {
    let source = source.trim();
    let inside = |open, close| source.strip_prefix(open)?.strip_suffix(close);
    inside("\\(", "\\)")
        .or_else(|| inside("\\[", "\\]"))
        .unwrap_or(source)
        .trim()
}

/// Whether the text of an item begins with the box of a task.
fn is_task(text: &str) -> bool {
    let boxed = ["[ ] ", "[x] "].iter().any(|task| text.starts_with(task));
    boxed && !text[4..].trim().is_empty()
}
