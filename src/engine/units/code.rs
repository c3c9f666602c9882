//! Code blocks: where one begins and ends, its language, and its lines.

use super::{Finder, Outline, Tag, UnitKind};

/// Bytes that the name of a language may have.
const LANGUAGE_BYTES: usize = 32;

impl Finder<'_, '_> {
    /// A `pre`; returns the next element to look at.
    pub(super) fn code(&mut self, pre: u32) -> u32 {
        let outline = self.outline;
        let next = outline.elements[pre as usize].next;
        let code = (pre + 1..next).find(|id| outline.elements[*id as usize].tag == Tag::CODE);
        let language = [code, Some(pre)]
            .into_iter()
            .flatten()
            .find_map(|id| language(outline, id));
        match code.is_some() || language.is_some() {
            true => {
                self.add(pre, UnitKind::Code { language });
                next
            }
            false => {
                self.add(pre, UnitKind::Preformatted);
                pre + 1
            }
        }
    }
}

/// The language that an element's class names.
fn language(outline: &Outline<'_>, element: u32) -> Option<String> {
    let class = outline.attribute(element, "class")?;
    class
        .split_ascii_whitespace()
        .find_map(|word| checked(word.strip_prefix("language-").or_else(|| word.strip_prefix("lang-"))?))
}

/// A name of a language, in the alphabet that `class` in the content is closed to.
fn checked(name: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'#' | b'.' | b'-');
    let is_name = !name.is_empty() && name.len() <= LANGUAGE_BYTES && name.bytes().all(fits);
    is_name.then(|| name.to_ascii_lowercase())
}

/// How the line that is being read began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begun {
    /// Behind a line feed or `br`, or it has text.
    Plainly,
    /// Behind an inline element that is a line; the line feed or `br` that follows is the end of that line.
    ByLine,
    /// Behind a block; so is a line feed.
    ByBlock,
}

/// The text of a code block as it is shown, written line by line.
///
/// A line ends at a line feed, at `br`, and where an element that is a line ends (a block, or an inline element by its
/// class); a line feed right behind such an element is the end of the same line.
#[derive(Debug)]
pub(crate) struct Lines {
    text: String,
    /// Where the last line begins.
    line: usize,
    begun: Begun,
    /// Elements that are lines and still open.
    open: Vec<u32>,
    /// Where the text of the innermost of them began, while it has no other inside it.
    leaf: Option<usize>,
}

impl Lines {
    pub(crate) fn new() -> Self {
        Lines {
            text: String::new(),
            line: 0,
            begun: Begun::Plainly,
            open: Vec::new(),
            leaf: None,
        }
    }

    /// An element inside the code block begins.
    pub(crate) fn open(&mut self, outline: &Outline<'_>, id: u32) {
        let tag = outline.elements[id as usize].tag;
        if tag == Tag::BR {
            match self.begun {
                Begun::ByLine => self.begun = Begun::Plainly,
                _ => self.end_line(Begun::Plainly),
            }
        } else if tag.is_block() || is_line(outline, id) {
            self.begin_line();
            self.open.push(id);
            self.leaf = Some(self.text.len());
        }
    }

    /// An element ends.
    pub(crate) fn close(&mut self, outline: &Outline<'_>, id: u32) {
        if self.open.last() != Some(&id) {
            return;
        }
        self.open.pop();
        let begun = match outline.elements[id as usize].tag.is_block() {
            true => Begun::ByBlock,
            false => Begun::ByLine,
        };
        match self.leaf.take() {
            Some(from) if self.text.len() == from || self.text.len() > self.line => self.end_line(begun),
            Some(_) if begun == Begun::ByLine => {}
            Some(_) => self.begun = begun,
            None => {
                self.begin_line();
                self.begun = begun;
            }
        }
    }

    /// Decoded text.
    pub(crate) fn push(&mut self, text: &str) {
        let text = match self.begun {
            Begun::Plainly => text,
            _ => text
                .strip_prefix('\n')
                .or_else(|| text.strip_prefix("\r\n"))
                .unwrap_or(text),
        };
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            self.begun = Begun::Plainly;
            match c {
                '\n' => self.end_line(Begun::Plainly),
                '\r' => {
                    rest.next_if_eq(&'\n');
                    self.end_line(Begun::Plainly);
                }
                // Highlighters indent with them, and no compiler takes them.
                '\u{a0}' => self.text.push(' '),
                '\u{200b}' | '\u{feff}' => {}
                c => self.text.push(c),
            }
        }
    }

    /// The text, without empty lines around it.
    pub(crate) fn finish(self) -> String {
        let text = self.text.trim_end();
        let blank = text.len() - text.trim_start().len();
        let first = text[..blank].rfind('\n').map_or(0, |at| at + 1);
        text[first..].to_owned()
    }

    fn end_line(&mut self, begun: Begun) {
        self.text.push('\n');
        self.line = self.text.len();
        self.begun = begun;
    }

    /// What comes next is on a line of its own; blanks between elements that are lines are none of the code.
    fn begin_line(&mut self) {
        match self.text[self.line..].trim().is_empty() {
            true => self.text.truncate(self.line),
            false => self.end_line(Begun::Plainly),
        }
        self.begun = Begun::Plainly;
    }
}

/// Whether an inline element is a line by its class, as highlighters write them.
fn is_line(outline: &Outline<'_>, id: u32) -> bool {
    let element = &outline.elements[id as usize];
    let tag = &outline.source.as_bytes()[element.start as usize..element.inner as usize];
    if element.tag != Tag::SPAN || memchr::memmem::find(tag, b"line").is_none() {
        return false;
    }
    let [class, line] = outline.attributes(id, ["class", "data-line"]);
    let is_named = |class: &str| {
        class
            .split_ascii_whitespace()
            .any(|word| matches!(word, "line" | "code-line" | "token-line" | "view-line"))
    };
    line.is_some() || class.is_some_and(is_named)
}
