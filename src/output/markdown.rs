//! `content_markdown`: the content as CommonMark with GFM tables.

use crate::engine::{Content, Node, tags::Tag};

/// Renders Markdown without an end of line at its end.
pub fn render(content: &Content) -> String {
    let mut writer = Writer {
        out: String::with_capacity(content.text.len() * 2),
        prefix: Vec::new(),
        lists: Vec::new(),
        ..Writer::default()
    };
    for node in &content.nodes {
        match node {
            Node::Open { tag, attributes } => writer.open(*tag, attributes),
            Node::Text(range) => writer.text(&content.text[range.clone()]),
            Node::Close(tag) => writer.close(*tag),
        }
    }
    writer.out.truncate(writer.out.trim_end().len());
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    /// What stands before each line: quote marks and the indents of list items.
    prefix: Vec<String>,
    /// For each open list, the number of the next item; `None` for bullets.
    lists: Vec<Option<u32>>,
    /// A block border is due: 1 for a new line, 2 for an empty one.
    due: u8,
    /// The mark of a list item that is not yet written.
    item: Option<String>,
    pre: Option<String>,
    table: Option<Table>,
    /// Targets of the open links.
    targets: Vec<String>,
    /// Code spans open: their text is gathered, since the fence depends on it.
    code: Option<String>,
    line_start: bool,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    /// Text outside of all cells.
    caption: String,
    depth: usize,
    /// The text of the document outside, while a cell is gathered.
    outside: Option<Box<Writer>>,
}

impl Writer {
    fn open(&mut self, tag: Tag, attributes: &[(&'static str, String)]) {
        let value = |name: &str| attributes.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str());
        if self.in_table(tag) {
            return;
        }
        match tag {
            Tag::BR => self.line_break(),
            Tag::HR => {
                self.border(2);
                self.raw("---");
                self.border(2);
            }
            Tag::IMG => {
                let alt = escape(value("alt").unwrap_or_default(), false);
                let src = target(value("src").unwrap_or_default());
                self.raw(&format!("![{alt}]({src})"));
            }
            _ if tag.is_heading() => {
                self.border(2);
                let level = tag.name().as_bytes()[1] - b'0';
                self.raw(&"#".repeat(usize::from(level)));
                self.raw(" ");
            }
            Tag::UL | Tag::OL => {
                let start = value("start").and_then(|n| n.parse().ok()).unwrap_or(1);
                self.border(if self.lists.is_empty() { 2 } else { 1 });
                self.lists.push((tag == Tag::OL).then_some(start));
            }
            Tag::LI => {
                self.border(1);
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "- ".to_owned(),
                };
                let indent = " ".repeat(mark.len());
                self.flush_border();
                self.item = Some(mark);
                self.prefix.push(indent);
            }
            Tag::BLOCKQUOTE => {
                self.border(2);
                self.flush_border();
                self.prefix.push("> ".to_owned());
            }
            Tag::PRE => {
                self.border(2);
                self.pre = Some(String::new());
            }
            Tag::A => {
                self.raw("[");
                self.targets.push(target(value("href").unwrap_or_default()));
            }
            Tag::CODE | Tag::KBD | Tag::SAMP if self.pre.is_none() && self.code.is_none() => {
                self.code = Some(String::new())
            }
            Tag::B | Tag::STRONG => self.raw("**"),
            Tag::I | Tag::EM | Tag::CITE | Tag::VAR => self.raw("*"),
            Tag::S | Tag::DEL => self.raw("~~"),
            Tag::DT | Tag::DD | Tag::FIGCAPTION => self.border(2),
            _ if tag.is_block() => self.border(2),
            _ => {}
        }
    }

    fn close(&mut self, tag: Tag) {
        if self.leave_table(tag) {
            return;
        }
        match tag {
            Tag::LI => {
                if let Some(mark) = self.item.take() {
                    self.out.push_str(mark.trim_end());
                }
                self.prefix.pop();
                self.border(1);
            }
            Tag::UL | Tag::OL => {
                self.lists.pop();
                self.border(if self.lists.is_empty() { 2 } else { 1 });
            }
            Tag::BLOCKQUOTE => {
                self.prefix.pop();
                self.border(2);
            }
            Tag::PRE => self.fence(),
            Tag::A => {
                let target = self.targets.pop().unwrap_or_default();
                self.raw(&format!("]({target})"));
            }
            Tag::CODE | Tag::KBD | Tag::SAMP => {
                if let Some(code) = self.code.take() {
                    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
                    let mark = "`".repeat(longest + 1);
                    let pad = if code.starts_with('`') || code.ends_with('`') {
                        " "
                    } else {
                        ""
                    };
                    self.raw(&format!("{mark}{pad}{code}{pad}{mark}"));
                }
            }
            Tag::B | Tag::STRONG => self.raw("**"),
            Tag::I | Tag::EM | Tag::CITE | Tag::VAR => self.raw("*"),
            Tag::S | Tag::DEL => self.raw("~~"),
            _ if tag.is_block() => self.border(2),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(pre) = &mut self.pre {
            pre.push_str(text);
        } else if let Some(code) = &mut self.code {
            code.push_str(&text.replace('\n', " "));
        } else {
            let start = self.due > 0 || self.item.is_some() || self.out.is_empty() || self.line_start;
            self.raw(&escape(text, start));
        }
    }

    /// Markup and escaped text, with what is due before it.
    fn raw(&mut self, text: &str) {
        if let Some(code) = &mut self.code {
            code.push_str(text);
            return;
        }
        if self.pre.is_some() {
            return;
        }
        self.flush_border();
        if let Some(mark) = self.item.take() {
            self.out.push_str(&mark);
        }
        self.out.push_str(text);
        self.line_start = false;
    }

    fn line_break(&mut self) {
        if self.table.is_some() {
            self.raw("<br>");
        } else if !self.out.is_empty() && self.due == 0 && self.item.is_none() {
            self.out.push_str("\\\n");
            self.indent();
            self.line_start = true;
        }
    }

    fn border(&mut self, strength: u8) {
        if !self.out.is_empty() && self.item.is_none() {
            self.due = self.due.max(strength);
        }
    }

    fn flush_border(&mut self) {
        for i in 0..std::mem::take(&mut self.due) {
            if i > 0 {
                let prefix = self.prefix.concat();
                self.out.push_str(prefix.trim_end());
            }
            self.out.push('\n');
            if i > 0 {
                self.line_start = true;
            }
        }
        if self.out.ends_with('\n') || (self.out.is_empty() && self.item.is_none()) {
            // The innermost item's own indent is its mark, while that is not written yet.
            let skip = usize::from(self.item.is_some());
            let prefix = self.prefix[..self.prefix.len() - skip.min(self.prefix.len())].concat();
            self.out.push_str(&prefix);
            self.line_start = true;
        }
    }

    fn indent(&mut self) {
        let prefix = self.prefix.concat();
        self.out.push_str(&prefix);
    }

    fn fence(&mut self) {
        let Some(code) = self.pre.take() else { return };
        let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let mark = "`".repeat(longest.max(2) + 1);
        self.raw(&mark);
        for line in code.lines().chain([mark.as_str()]) {
            self.out.push('\n');
            self.indent();
            self.out.push_str(line);
        }
        self.border(2);
    }

    /// Table parts gather cells; the rows are written when the table ends.
    fn in_table(&mut self, tag: Tag) -> bool {
        match (tag, &mut self.table) {
            (Tag::TABLE, None) => {
                self.border(2);
                let outside = std::mem::take(self);
                self.table = Some(Table {
                    outside: Some(Box::new(outside)),
                    ..Table::default()
                });
                true
            }
            (Tag::TABLE, Some(table)) => {
                table.depth += 1;
                true
            }
            (Tag::TR, Some(table)) if table.depth == 0 => {
                table.rows.push(Vec::new());
                table.caption.push_str(&std::mem::take(&mut self.out));
                true
            }
            (Tag::TD | Tag::TH | Tag::THEAD | Tag::TBODY | Tag::TFOOT | Tag::TR, Some(_)) => true,
            // Blocks inside a cell become lines of it.
            (_, Some(_)) if tag.is_block() && tag != Tag::PRE => {
                if !self.out.is_empty() {
                    self.raw(" ");
                }
                true
            }
            _ => false,
        }
    }

    fn leave_table(&mut self, tag: Tag) -> bool {
        let Some(table) = &mut self.table else { return false };
        match tag {
            Tag::TABLE if table.depth > 0 => table.depth -= 1,
            Tag::TABLE => {
                let mut rows = std::mem::take(&mut table.rows);
                rows.retain(|row| !row.is_empty());
                let mut caption = std::mem::take(&mut table.caption);
                let outside = table.outside.take();
                if let Some(outside) = outside {
                    caption.push_str(&self.out);
                    *self = *outside;
                    self.rows(&rows, caption.trim());
                }
            }
            Tag::TD | Tag::TH if table.depth == 0 => {
                let cell = std::mem::take(&mut self.out);
                let cell = cell.trim().replace('\n', " ");
                if let Some(row) = table.rows.last_mut() {
                    row.push(cell);
                }
                self.due = 0;
            }
            Tag::TD | Tag::TH => {
                let _ = self.out.is_empty() || {
                    self.raw(" ");
                    true
                };
            }
            Tag::PRE => {
                let code = self.pre.take().unwrap_or_default();
                self.raw(&format!("`{}`", code.replace('\n', " ")));
            }
            _ if tag.is_block() => {}
            _ => return false,
        }
        true
    }

    fn rows(&mut self, rows: &[Vec<String>], caption: &str) {
        if !caption.is_empty() {
            self.raw(caption);
            self.border(2);
        }
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        for (i, row) in rows.iter().enumerate() {
            let cells = (0..columns).map(|c| row.get(c).map_or("", String::as_str));
            let line: Vec<_> = cells.collect();
            self.raw(&format!("| {} |", line.join(" | ")));
            self.border(1);
            if i == 0 {
                self.raw(&format!("|{}", " --- |".repeat(columns)));
                self.border(1);
            }
        }
        self.border(2);
    }
}

/// Escapes what Markdown would read as markup. At the start of a line also what would begin a block.
fn escape(text: &str, line_start: bool) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    let begins_block = line_start && {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        text.starts_with(['#', '+', '-', '=', '~', ':'])
            || (digits > 0 && digits < 10 && is_number_mark(&text.as_bytes()[digits..]))
    };
    for (i, c) in text.char_indices() {
        let first = begins_block
            && (i == 0 && !c.is_ascii_digit()
                || (matches!(c, '.' | ')') && text[..i].bytes().all(|b| b.is_ascii_digit())));
        if first && !escaped.contains('\\')
            || matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '&' | '~')
        {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Whether what follows a number makes it that of a list item.
fn is_number_mark(rest: &[u8]) -> bool {
    matches!(rest, [b'.' | b')'] | [b'.' | b')', b' ' | b'\t' | b'\n', ..])
}

/// A link's target, in angle brackets where it holds what would end it.
fn target(url: &str) -> String {
    match url.contains([' ', '(', ')', '<', '>', '\n']) {
        true => format!("<{}>", url.replace(['<', '>', '\n'], "")),
        false => url.to_owned(),
    }
}
