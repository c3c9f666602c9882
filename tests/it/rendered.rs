//! What a reader sees of HTML, whichever markup says it: the reference by which Markdown is held to the content that it
//! was written from.

use std::collections::BTreeSet;

use copydesk::engine::{Content, html::tags::Tag};
use copydesk::output::{html, markdown};

use crate::dom::{self, Step};

/// A block: where it stands, and its characters with their marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) place: String,
    pub(crate) text: String,
}

/// The first block that Markdown shows otherwise than the content has it, with both.
pub(crate) fn difference(content: &Content, render: impl Fn(&str) -> String) -> Option<String> {
    let markdown = markdown::render(content);
    difference_of(&html::render(content), &markdown, &render(&markdown))
}

/// The same of HTML, Markdown and what that is rendered to.
pub(crate) fn difference_of(html: &str, markdown: &str, rendered: &str) -> Option<String> {
    let (wanted, got) = (lines(html), lines(rendered));
    let at = (0..wanted.len().max(got.len())).find(|i| wanted.get(*i) != got.get(*i))?;
    Some(format!(
        "wanted {:#?}\ngot {:#?}\nmarkdown:\n{markdown}\nhtml: {html}\nrendered: {rendered}",
        wanted.get(at),
        got.get(at)
    ))
}

/// Whether all of this HTML can be said in Markdown: the line that makes a quote a callout is text to CommonMark, a
/// formula that holds a dollar or ends in a backslash is code, renderers read none whose braces are not balanced, and a
/// footnote is one only with its reference.
pub(crate) fn is_comparable(html: &str) -> bool {
    let mut formulas = html
        .split("class=\"math ")
        .skip(1)
        .filter_map(|rest| rest.split("</").next());
    let is_no_formula = |tex: &str| tex.contains('$') || tex.contains("\\\\)") || !has_balanced_braces(tex);
    !html.contains("class=\"callout\"")
        && !formulas.any(is_no_formula)
        && numbers(html, "href=\"#fn-") == numbers(html, "id=\"fn-")
}

/// The numbers of the footnotes that are referred to, or that there are: where one is without the other, the list of the notes
/// may be an ordinary one.
fn numbers<'h>(html: &'h str, before: &str) -> BTreeSet<&'h str> {
    let found = html.split(before).skip(1);
    found.filter_map(|rest| rest.split('"').next()).collect()
}

fn has_balanced_braces(tex: &str) -> bool {
    let tex = tex.replace("\\{", "").replace("\\}", "");
    let mut open = 0usize;
    for c in tex.chars().filter(|c| matches!(c, '{' | '}')) {
        match c {
            '{' => open += 1,
            _ if open == 0 => return false,
            _ => open -= 1,
        }
    }
    open == 0
}

/// Renders as pulldown-cmark does, with the extensions that are written.
pub(crate) fn pulldown(markdown: &str) -> String {
    use pulldown_cmark::{Options, Parser, html};
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH;
    let mut rendered = String::new();
    html::push_html(&mut rendered, Parser::new_ext(markdown, options));
    rendered
}

/// The blocks of HTML in their order.
pub(crate) fn lines(html: &str) -> Vec<Line> {
    let mut reader = Reader::default();
    // html, head, its close and body are implied.
    for step in dom::document(&format!("<!doctype html><html><head></head><body>{html}"))
        .iter()
        .skip(4)
    {
        match step {
            Step::Open(name, _, attributes) => reader.open(name, attributes),
            Step::Text(text) => reader.text(text),
            Step::Comment => {}
            Step::Close => reader.close(),
        }
    }
    reader.flush();
    reader.lines
}

#[derive(Default)]
struct Reader {
    lines: Vec<Line>,
    text: String,
    open: Vec<Element>,
    /// Lists, quotes and tables that hold something so far.
    numbered: usize,
    /// Whether the text begins with the box of a task.
    is_boxed: bool,
}

#[derive(Default, Clone)]
struct Element {
    name: String,
    /// Where its text stands, if it makes a place of its own. The number is given when something is in it.
    place: Option<String>,
    number: Option<usize>,
    mark: Option<String>,
    /// The number before the first item.
    start: usize,
    /// That of the last item or row so far.
    count: usize,
    /// The columns that spans of the rows above reach into, with the rows that are left.
    spans: Vec<usize>,
    column: usize,
    is_hidden: bool,
    is_notes: bool,
}

impl Element {
    fn is_cell(&self) -> bool {
        matches!(self.name.as_str(), "td" | "th")
    }
}

impl Reader {
    fn open(&mut self, name: &str, attributes: &[(String, String)]) {
        let value = |wanted: &str| {
            let value = attributes.iter().find(|(name, _)| name == wanted);
            value.map_or("", |(_, value)| value.as_str())
        };
        let number = |wanted: &str| value(wanted).parse().unwrap_or(1usize).max(1);
        let class = value("class");
        // The list of the footnotes is none in Markdown; lists in a footnote are.
        let is_notes = self.open.iter().rev().take(2).any(|element| element.is_notes);
        let mut element = Element {
            name: name.to_owned(),
            // Those that stand in something else are an ordinary list.
            is_notes: class == "footnotes"
                && self
                    .open
                    .iter()
                    .all(|element| matches!(&*element.name, "html" | "body")),
            ..Element::default()
        };
        let in_cell = self.in_cell();
        match name {
            "br" => self.text.push('\n'),
            // A fence holds text alone.
            "img" | "a" | "span" if self.in_pre() => {}
            "img" => {
                let alt = value("alt").split_whitespace().collect::<Vec<_>>().join(" ");
                let picture = format!("(picture {} {alt})", decoded(value("src")));
                self.mark_up(&picture, false);
            }
            "input" => {
                self.is_boxed = true;
                let is_done = attributes.iter().any(|(attribute, _)| attribute == "checked");
                self.mark_up(if is_done { "[x] " } else { "[ ] " }, false);
            }
            "hr" => {
                self.flush();
                self.text.push_str("(rule)");
                self.flush();
            }
            "span" | "div" if class.starts_with("math") || !value("data-math-style").is_empty() => {
                if name == "div" {
                    self.border(name, in_cell);
                }
                // Renderers want room around dollars.
                self.text.push(' ');
                self.mark_up("(formula)", false);
                self.text.push(' ');
                element.is_hidden = true;
            }
            "sup" if class == "footnote-reference" => {
                self.mark_up("(note)", false);
                element.is_hidden = true;
            }
            "sup" if class == "footnote-definition-label" => element.is_hidden = true,
            "a" if value("href").starts_with("#fn-") => {
                self.mark_up("(note)", false);
                element.is_hidden = true;
            }
            "a" if value("href").starts_with("#fnref-") => element.is_hidden = true,
            "a" => element.mark = Some(format!("a {}", decoded(value("href")))),
            "b" | "strong" | "summary" => element.mark = Some("B".into()),
            "i" | "em" | "cite" | "var" => element.mark = Some("I".into()),
            "s" | "del" => element.mark = Some("S".into()),
            "code" if self.in_pre() => {
                let pre = self.open.iter_mut().rfind(|element| element.name == "pre");
                if let Some((pre, language)) = pre.zip(class.strip_prefix("language-"))
                    && let Some(place) = pre.place.as_mut().filter(|place| place.ends_with("pre"))
                {
                    place.push_str(&format!(" {language}"));
                }
            }
            "code" | "samp" | "tt" if !self.in_pre() => element.mark = Some("C".into()),
            "sup" | "sub" | "u" | "ins" | "mark" | "kbd" | "q" | "ruby" | "rb" | "rt" | "rp" => {
                element.mark = Some(name.to_owned());
            }
            "ul" | "ol" if !in_cell && !is_notes => {
                element.place = Some(name.to_owned());
                element.start = match value("start") {
                    "" => 0,
                    start => start.parse::<usize>().unwrap_or(1).wrapping_sub(1),
                };
                element.count = element.start;
            }
            "li" if !in_cell && !is_notes => {
                if let Some(list) = self.open.last_mut() {
                    list.count = list.count.wrapping_add(1);
                    element.place = Some(format!("item {}", list.count));
                    element.number = Some(0);
                }
            }
            "blockquote" if !in_cell => element.place = Some("quote".into()),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "pre" if !in_cell => {
                element.place = Some(name.to_owned());
                element.number = Some(0);
            }
            "table" if !in_cell => element.place = Some("table".into()),
            "td" | "th" if !in_cell => {
                if let Some(table) = self.open.iter_mut().rfind(|element| element.name == "table") {
                    while table.spans.get(table.column).is_some_and(|rows| *rows > 0) {
                        table.column += 1;
                    }
                    element.place = Some(format!("cell {} {}", table.count, table.column));
                    element.number = Some(0);
                    for _ in 0..number("colspan") {
                        table.spans.resize(table.spans.len().max(table.column + 1), 0);
                        table.spans[table.column] = number("rowspan");
                        table.column += 1;
                    }
                }
            }
            "p" | "div" | "section" | "dl" | "dt" | "dd" | "figure" | "figcaption" | "details" | "caption"
            | "thead" | "tbody" | "tfoot" | "tr" | "table" | "ul" | "ol" | "li" | "blockquote" | "pre" | "td"
            | "th" | "code" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "small" | "abbr" | "time" | "bdi" | "samp" => {}
            other => element.mark = Some(format!("?{other}")),
        }
        // The box of a task may stand before its paragraph.
        let is_boxed = name == "p" && self.is_boxed && matches!(self.text.trim(), "[ ]" | "[x]");
        if is_block(name) && !is_boxed {
            match in_cell && element.is_cell() {
                true => self.text.push(CELL),
                false => self.border(name, in_cell),
            }
        }
        self.open.push(element);
    }

    fn close(&mut self) {
        let Some((last, around)) = self.open.split_last() else {
            return;
        };
        let (name, in_cell) = (last.name.clone(), around.iter().any(Element::is_cell));
        if is_block(&name) {
            self.border(&name, in_cell);
        }
        self.open.pop();
        if name == "tr"
            && !self.in_cell()
            && let Some(table) = self.open.iter_mut().rfind(|element| element.name == "table")
            && table.column > 0
        {
            table.spans.iter_mut().for_each(|rows| *rows = rows.saturating_sub(1));
            table.count += 1;
            table.column = 0;
        }
    }

    /// The beginning or end of a block, which in a cell is the end of a line, or of a cell in it.
    fn border(&mut self, name: &str, in_cell: bool) {
        match name {
            _ if !in_cell => self.flush(),
            "td" | "th" => self.text.push(CELL_END),
            _ => self.text.push('\n'),
        }
    }

    fn in_cell(&self) -> bool {
        self.open.iter().any(Element::is_cell)
    }

    fn in_pre(&self) -> bool {
        self.open.iter().any(|element| element.name == "pre")
    }

    fn text(&mut self, text: &str) {
        if self.open.iter().any(|element| element.is_hidden) {
            return;
        }
        if self.in_pre() && !self.in_cell() {
            return self.text.push_str(text);
        }
        for c in text.chars() {
            match c {
                '\n' if self.in_pre() => self.text.push('\n'),
                c if c.is_whitespace() => self.text.push(' '),
                c => self.mark_up(c.encode_utf8(&mut [0; 4]), c.is_alphanumeric()),
            }
        }
    }

    /// Something with the marks around it. Emphasis counts on letters and numbers only: it may end before punctuation.
    fn mark_up(&mut self, text: &str, is_word: bool) {
        let mut marks: Vec<&str> = match self.in_pre() {
            // Blocks of code hold text alone.
            true => vec!["C"],
            false => self.open.iter().filter_map(|element| element.mark.as_deref()).collect(),
        };
        marks.sort_unstable();
        marks.dedup();
        if !is_word || marks.contains(&"C") {
            marks.retain(|mark| !matches!(*mark, "B" | "I" | "S"));
        }
        if text == "(note)" {
            marks.clear();
        }
        self.text.push_str(text);
        if !marks.is_empty() {
            self.text.push_str(&format!("‹{}›", marks.join(",")));
        }
    }

    fn flush(&mut self) {
        self.is_boxed = false;
        let text = std::mem::take(&mut self.text);
        let text = match self.in_pre() && !self.in_cell() {
            true => text.trim_matches('\n').to_owned(),
            false => {
                let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
                let text = with_cells_in_line(&text);
                let lines = text.split('\n').map(line).filter(|line| !line.is_empty());
                lines.collect::<Vec<_>>().join("\n")
            }
        };
        if text.trim().is_empty() {
            return;
        }
        let mut places = Vec::new();
        for at in 0..self.open.len() {
            // A caption stands above its table.
            let has_caption_open = self.open.get(at + 1).is_some_and(|inner| inner.name == "caption");
            let element = &mut self.open[at];
            if let Some(place) = element.place.as_ref().filter(|_| !has_caption_open) {
                let number = element.number.get_or_insert_with(|| {
                    self.numbered += 1;
                    self.numbered
                });
                places.push(format!("{place} {number}"));
            }
        }
        self.lines.push(Line {
            place: places.join(" / "),
            text,
        });
    }
}

/// The borders of a cell in a cell, in the text of the outer one.
const CELL: char = '\u{e000}';
const CELL_END: char = '\u{e001}';

/// The cells of a table in a cell, parted by blanks: the lines that blocks are in them do not reach their borders.
fn with_cells_in_line(text: &str) -> String {
    let (mut line, mut starts) = (String::new(), Vec::new());
    let mut is_at_start = false;
    for c in text.chars() {
        match c {
            CELL | CELL_END => {
                if c == CELL {
                    starts.push(line.len());
                } else {
                    let start = starts.pop().unwrap_or(0);
                    line.truncate(line.trim_end().len().max(start));
                }
                line.push(' ');
                is_at_start = c == CELL;
            }
            c if is_at_start && c.is_whitespace() => {}
            c => {
                is_at_start = false;
                line.push(c);
            }
        }
    }
    line
}

fn is_block(name: &str) -> bool {
    Tag::from_name(name.as_bytes()).is_block()
}

/// An address without its percent signs.
fn decoded(address: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = address.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let hex = behind.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
            .filter(|_| *first == b'%')
        {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
