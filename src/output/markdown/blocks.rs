//! Blocks: paragraphs, headings, lists, quotes, code and tables, each line behind the marks of what it stands in.

use std::ops::Range;

use super::{
    code, escape,
    inlines::{self, InlineForm},
    math,
    table::TableGrid,
    tree::EventTree,
};
use crate::engine::html::tags::Tag;

/// Lists and quotes inside one another that are written: CommonMark's reference settings in markdown-it read twenty
/// levels, of which a list takes two. What is deeper stands in the last one.
const DEPTH: usize = 8;

/// Writes all blocks.
pub(super) fn render(tree: &EventTree<'_>) -> String {
    let mut writer = BlockWriter {
        tree,
        out: String::new(),
        prefix: String::new(),
        first: None,
        is_item: false,
        blank_of: None,
        depth: 0,
    };
    writer.blocks(tree.all(), &mut BlockContext::loose());
    writer.out
}

struct BlockWriter<'t, 'c> {
    tree: &'t EventTree<'c>,
    out: String,
    /// What stands before each line: quote marks and the indents of list items.
    prefix: String,
    /// What stands before the next line instead: the mark of an item that has no line yet.
    first: Option<String>,
    /// Whether the next line is the first of an item.
    is_item: bool,
    /// An empty line is due before the next one, with so many bytes of `prefix`.
    blank_of: Option<usize>,
    depth: usize,
}

/// The place in which blocks follow one another.
struct BlockContext {
    /// Whether empty lines part them.
    is_loose: bool,
    /// The mark of the list that was written last, if nothing follows it: the next list needs another one.
    list: Option<char>,
}

impl BlockContext {
    fn loose() -> Self {
        BlockContext {
            is_loose: true,
            list: None,
        }
    }
}

impl BlockWriter<'_, '_> {
    fn blocks(&mut self, range: Range<usize>, within: &mut BlockContext) {
        let mut at = range.start;
        while at < range.end {
            if self.tree.is_block(at) {
                self.block(at, within);
                at = self.tree.end(at);
                continue;
            }
            let start = at;
            while at < range.end && !self.tree.is_block(at) {
                at = self.tree.end(at);
            }
            self.written(within, |writer| {
                writer.paragraph(start..at, false);
                None
            });
        }
    }

    fn block(&mut self, at: usize, within: &mut BlockContext) {
        let tree = self.tree;
        let Some(tag) = tree.tag(at) else { return };
        let inside = tree.inside(at);
        let list = within.list;
        match tag {
            Tag::UL | Tag::OL if tree.is_blank(inside.clone()) => {}
            Tag::UL | Tag::OL if self.depth < DEPTH => self.written(within, |writer| writer.list(at, list)),
            Tag::SECTION if tree.is_notes(at) => self.notes(inside, within),
            Tag::TABLE => {
                // The rows would be part of a caption that no empty line parts from them.
                let mut above = BlockContext {
                    list,
                    ..BlockContext::loose()
                };
                let first = inside.start;
                if tree.tag(first) == Some(Tag::CAPTION) {
                    self.blocks(tree.inside(first), &mut above);
                }
                self.written(within, |writer| {
                    writer.table(at);
                    None
                });
            }
            Tag::HR | Tag::PRE | Tag::BLOCKQUOTE | Tag::SUMMARY => self.written(within, |writer| {
                match tag {
                    // Three dashes behind an item's dash would be one line of dashes.
                    Tag::HR => writer.line(if writer.first.is_some() { "___" } else { "---" }),
                    Tag::PRE => writer.fence(inside),
                    Tag::BLOCKQUOTE => writer.quote(at),
                    _ => writer.paragraph(inside, true),
                }
                None
            }),
            Tag::DIV if tree.attribute(at, "class") == Some("math display") => self.written(within, |writer| {
                writer.formula(at);
                None
            }),
            _ if tag.is_heading() => self.written(within, |writer| {
                writer.heading(tag, inside);
                None
            }),
            _ => self.blocks(inside, within),
        }
    }

    /// Writes a block, and has it parted from the next one, if anything came of it.
    fn written(&mut self, within: &mut BlockContext, write: impl FnOnce(&mut Self) -> Option<char>) {
        let before = self.out.len();
        let list = write(self);
        if self.out.len() > before {
            within.list = list;
            self.blank_of = within.is_loose.then_some(self.prefix.len());
        }
    }

    fn line(&mut self, text: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
            if let Some(length) = self.blank_of.take() {
                self.out.push_str(self.prefix[..length].trim_end());
                self.out.push('\n');
            }
        }
        self.is_item = false;
        let first = self.first.take();
        let start = first.as_deref().unwrap_or(&self.prefix);
        self.out
            .push_str(if text.is_empty() { start.trim_end() } else { start });
        self.out.push_str(text);
    }

    fn paragraph(&mut self, range: Range<usize>, is_strong: bool) {
        let form = InlineForm {
            is_item: self.is_item,
            is_strong,
            ..InlineForm::default()
        };
        let text = inlines::render(self.tree, range, form);
        if !text.is_empty() {
            text.split('\n').for_each(|line| self.line(line));
        }
    }

    fn heading(&mut self, tag: Tag, range: Range<usize>) {
        let mut text = self.inline_line(range);
        if text.is_empty() {
            return;
        }
        escape::heading_end(&mut text);
        let level = usize::from(tag.name().as_bytes()[1] - b'0');
        self.line(&format!("{} {text}", "#".repeat(level)));
    }

    fn inline_line(&self, range: Range<usize>) -> String {
        let form = InlineForm {
            is_line: true,
            ..InlineForm::default()
        };
        inlines::render(self.tree, range, form)
    }

    fn fence(&mut self, range: Range<usize>) {
        let code = self.tree.plain(range.clone());
        if code.trim().is_empty() {
            return;
        }
        let class = self.tree.attribute(range.start, "class").unwrap_or_default();
        let fence = code::fence(&code, 3);
        self.line(&format!("{fence}{}", code::language(class).unwrap_or_default()));
        code.lines().for_each(|line| self.line(line));
        self.line(&fence);
    }

    fn formula(&mut self, at: usize) {
        let source = self.tree.plain(self.tree.inside(at));
        match math::display(inlines::tex(&source)) {
            Some(lines) => ["$$"]
                .into_iter()
                .chain(lines.iter().map(String::as_str))
                .chain(["$$"])
                .for_each(|line| self.line(line)),
            None => self.paragraph(at..self.tree.end(at), false),
        }
    }

    /// Writes what stands behind `marker` in its first line and behind `indent` in the others.
    fn inside(&mut self, marker: &str, indent: &str, fill: impl FnOnce(&mut Self)) {
        let length = self.prefix.len();
        let first = self.first.clone();
        if let Some(first) = &mut self.first {
            first.push_str(marker);
        } else if marker != indent {
            self.first = Some(format!("{}{marker}", self.prefix));
        }
        self.prefix.push_str(indent);
        self.depth += 1;
        fill(self);
        self.depth -= 1;
        self.prefix.truncate(length);
        if self.first.is_some() {
            self.first = first;
        }
    }

    fn quote(&mut self, at: usize) {
        let tree = self.tree;
        let inside = tree.inside(at);
        if self.depth >= DEPTH {
            return self.blocks(inside, &mut BlockContext::loose());
        }
        let kind = tree.attribute(at, "callout");
        let kind = kind.filter(|kind| !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphabetic()));
        self.inside("> ", "> ", |writer| {
            let rest = match kind {
                Some(kind) => writer.callout(kind, inside),
                None => inside,
            };
            writer.blocks(rest, &mut BlockContext::loose());
        });
    }

    /// The line that makes a quote a callout. What is left is what stands below it.
    fn callout(&mut self, kind: &str, range: Range<usize>) -> Range<usize> {
        let tree = self.tree;
        let title = (tree.tag(range.start) == Some(Tag::P))
            .then(|| tree.inside(range.start))
            .filter(|title| {
                let is_strong = matches!(tree.tag(title.start), Some(Tag::STRONG | Tag::B));
                is_strong && tree.end(title.start) == title.end
            });
        let mut line = format!("[!{}]", kind.to_ascii_uppercase());
        let mut rest = range.clone();
        if let Some(title) = title {
            let title = tree.inside(title.start);
            if !tree.plain(title.clone()).trim().eq_ignore_ascii_case(kind) {
                line.push(' ');
                line.push_str(&self.inline_line(title));
            }
            rest.start = tree.end(range.start);
        }
        self.line(&line);
        // A paragraph stands right below it, as GitHub writes them; other blocks would be taken for a part of the line.
        let is_text = rest.start < rest.end && matches!(tree.tag(rest.start), Some(Tag::P));
        self.blank_of = (!is_text).then_some(self.prefix.len());
        rest
    }

    fn list(&mut self, at: usize, before: Option<char>) -> Option<char> {
        let tree = self.tree;
        let start = (tree.tag(at) == Some(Tag::OL)).then(|| tree.number(at, "start").unwrap_or(1));
        let mark = match (start, before) {
            (Some(_), Some('.')) => ')',
            (Some(_), _) => '.',
            (None, Some('-')) => '*',
            (None, _) => '-',
        };
        let items = tree.children(tree.inside(at));
        let is_loose = !tree.children(tree.inside(at)).all(|item| self.is_tight(item));
        for (i, item) in items.enumerate() {
            let marker = match start {
                Some(start) => format!("{}{mark} ", start + i),
                None => format!("{mark} "),
            };
            self.item(&marker, marker.len(), item, is_loose);
            self.blank_of = is_loose.then_some(self.prefix.len());
        }
        Some(mark)
    }

    fn item(&mut self, marker: &str, indent: usize, item: usize, is_loose: bool) {
        let inside = self.tree.inside(item);
        self.inside(marker, &" ".repeat(indent), |writer| {
            writer.is_item = true;
            writer.blocks(inside, &mut BlockContext { is_loose, list: None });
            if writer.first.is_some() {
                writer.line("");
            }
        });
    }

    /// Whether an item needs no empty line in it: a line or a block, or a line with lists below that may follow it.
    fn is_tight(&self, item: usize) -> bool {
        let parts: Vec<usize> = self.tree.children(self.tree.inside(item)).collect();
        let is_text = |at: &usize| !self.tree.is_block(*at);
        let texts = parts.iter().take_while(|at| is_text(at)).count();
        match &parts[texts..] {
            [] => true,
            [only] if texts == 0 => {
                let tag = self.tree.tag(*only);
                let is_list = matches!(tag, Some(Tag::UL | Tag::OL)) && self.depth + 1 < DEPTH;
                is_list || matches!(tag, Some(Tag::PRE | Tag::HR)) || tag.is_some_and(Tag::is_heading)
            }
            blocks => blocks.iter().all(|at| self.follows_a_line(*at)),
        }
    }

    /// Whether this is a list that begins right below a line of text: not with an empty item, nor with another number
    /// than 1.
    fn follows_a_line(&self, at: usize) -> bool {
        let tree = self.tree;
        let is_list = match tree.tag(at) {
            Some(Tag::UL) => true,
            Some(Tag::OL) => tree.number(at, "start").is_none_or(|start| start == 1),
            _ => false,
        };
        let first = tree.children(tree.inside(at)).next();
        is_list && self.depth + 1 < DEPTH && first.is_some_and(|first| !tree.is_blank(first..tree.end(first)))
    }

    /// Footnotes: definitions of those that are referred to, and numbered items of the others.
    fn notes(&mut self, range: Range<usize>, within: &mut BlockContext) {
        let tree = self.tree;
        for at in tree.children(range) {
            if tree.tag(at) != Some(Tag::OL) {
                self.blocks(at..tree.end(at), within);
                continue;
            }
            let start = tree.number(at, "start").unwrap_or(1);
            for (i, item) in tree.children(tree.inside(at)).enumerate() {
                self.written(within, |writer| {
                    match tree.definition(item) {
                        Some(label) => writer.item(&format!("[^{label}]: "), 4, item, true),
                        None => {
                            let marker = format!("{}. ", start + i);
                            writer.item(&marker, marker.len(), item, true);
                        }
                    }
                    None
                });
            }
        }
    }

    fn table(&mut self, at: usize) {
        let grid = TableGrid::new(self.tree, at);
        for (number, row) in grid.rows.iter().enumerate() {
            let mut line = String::from("|");
            for cell in row {
                let text = cell.map(|cell| self.cell(self.tree.inside(cell))).unwrap_or_default();
                line.extend([" ", &text, if text.is_empty() { "|" } else { " |" }]);
            }
            if number == 0 || grid.is_filled {
                line.push_str(&" |".repeat(grid.columns - row.len()));
            }
            self.line(&line);
            if number == 0 {
                self.line(&format!("|{}", " --- |".repeat(grid.columns)));
            }
        }
    }

    /// Dollars that a range of events writes: those of its text and addresses, and two for each formula.
    fn dollars(&self, range: Range<usize>) -> usize {
        let count = |text: &str| text.matches('$').count();
        let of_event = |at: usize| match self.tree.tag(at) {
            Some(Tag::SPAN | Tag::DIV) => 2,
            Some(Tag::A) => self.tree.attribute(at, "href").map_or(0, count),
            Some(Tag::IMG) => self.tree.attribute(at, "src").map_or(0, count),
            _ => 0,
        };
        count(&self.tree.plain(range.clone())) + range.map(of_event).sum::<usize>()
    }

    /// What stands in a cell.
    fn cell(&self, range: Range<usize>) -> String {
        let form = InlineForm {
            is_line: true,
            in_table: true,
            has_dollars: self.dollars(range.clone()) > 1,
            ..InlineForm::default()
        };
        self.cell_line(range, form)
    }

    /// Blocks of a cell as one line, parted by `<br>`; cells of a table inside it by a space.
    fn cell_line(&self, range: Range<usize>, form: InlineForm) -> String {
        let tree = self.tree;
        let mut parts: Vec<String> = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let start = at;
            let tag = tree.tag(at).filter(|tag| tag.is_block());
            at = tree.end(at);
            match tag {
                Some(Tag::PRE) => {
                    let code = tree.plain(tree.inside(start));
                    let lines = code.lines().filter(|line| !line.trim().is_empty());
                    parts.extend(lines.map(inlines::code_in_cell));
                }
                Some(Tag::TR) => {
                    let cells = tree.children(tree.inside(start));
                    let texts = cells.map(|cell| self.cell_line(cell..tree.end(cell), form));
                    parts.push(texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" "));
                }
                Some(Tag::DIV) if tree.attribute(start, "class") == Some("math display") => {
                    parts.push(inlines::render(tree, start..at, form));
                }
                Some(_) => parts.push(self.cell_line(tree.inside(start), form)),
                None => {
                    while at < range.end && !tree.is_block(at) {
                        at = tree.end(at);
                    }
                    parts.push(inlines::render(tree, start..at, form));
                }
            }
        }
        parts.retain(|part| !part.is_empty());
        parts.join("<br>")
    }
}
