//! Code blocks: where one begins and ends, and its lines without gutters.

use super::{Document, NONE, Tag, UnitFinder, UnitKind, languages::LanguageClaim, marks};
use crate::engine::{document::Run, extract::reason::ScoreReason};

/// Elements around a `pre` that may be parts of the same block.
const WRAPPERS: usize = 8;
/// Visible characters that a bar above the code may have: a file's name, a language, a button's words.
const BAR_CHARACTERS: u32 = 120;
/// Runs of text at the beginning of a `code` among which a line feed is looked for.
const FIRST_RUNS: usize = 64;

impl UnitFinder<'_, '_> {
    /// A `pre`; returns the next element to look at.
    pub(crate) fn code(&mut self, pre: u32) -> u32 {
        let document = self.document;
        let next = document.elements[pre as usize].next;
        if is_gutter(document, pre) {
            return next; // of the block around it, which is found by its other `pre`
        }
        let code = (pre + 1..next)
            .take_while(|id| *id < pre + WRAPPERS as u32)
            .find(|id| document.elements[*id as usize].tag == Tag::CODE);
        let mut claim = LanguageClaim::default();
        code.into_iter().chain([pre]).for_each(|id| claim.read(document, id));
        let (block, around) = self.wrapper(pre);
        around.into_iter().for_each(|id| claim.read(document, id));
        if !(claim.is_code || code.is_some()) {
            self.add(pre, UnitKind::Preformatted);
            return pre + 1;
        }
        self.forget_from(block);
        self.leave_out_around(pre, block);
        self.leave_out_chrome(pre);
        self.add_code(block, claim)
    }

    /// A block of code without `pre`, or with one a line; returns the next element to look at.
    pub(crate) fn editor(&mut self, id: u32) -> u32 {
        let document = self.document;
        let is_named = |id: u32, name: &str| {
            let class = document.attribute(id, "class").unwrap_or_default();
            class.split_ascii_whitespace().any(|word| word == name)
        };
        let block = if is_named(id, "syntaxhighlighter") || is_named(id, "code-block") && is_listing(document, id) {
            Some(id)
        } else if is_named(id, "blob-code") {
            ancestors(document, id).find(|id| document.elements[*id as usize].tag == Tag::TABLE)
        } else if is_named(id, "CodeMirror-code") {
            ancestors(document, id).find(|id| is_named(*id, "CodeMirror"))
        } else {
            None
        };
        let Some(block) = block else { return id + 1 };
        let mut claim = LanguageClaim::default();
        claim.read(document, block);
        ancestors(document, block)
            .take(2)
            .for_each(|id| claim.read(document, id));
        self.forget_from(block);
        if is_named(id, "CodeMirror-code") {
            self.leave_out_around(id, block);
        }
        self.leave_out_chrome(id.min(block));
        self.add_code(block, claim)
    }

    /// A `code` that stands where a block does, and has lines or says that it is one; returns the next element to look at.
    pub(crate) fn bare_code(&mut self, id: u32) -> u32 {
        let document = self.document;
        let element = &document.elements[id as usize];
        let around = document.elements.get(element.parent as usize).map(|parent| parent.tag);
        if !matches!(
            around,
            Some(Tag::DIV | Tag::SECTION | Tag::ARTICLE | Tag::MAIN | Tag::FIGURE)
        ) {
            return id + 1;
        }
        let mut claim = LanguageClaim::default();
        claim.read(document, id);
        let class = document.attribute(id, "class").unwrap_or_default();
        let is_block = class.split_ascii_whitespace().any(|word| word == "block");
        let mut first = (element.first_run..element.next_run).take(FIRST_RUNS);
        let mut has_lines = || first.any(|run| document.run_text(run).trim().contains('\n'));
        if !claim.is_code || !(is_block || has_lines()) {
            return id + 1;
        }
        self.add_code(id, claim)
    }

    fn add_code(&mut self, block: u32, claim: LanguageClaim) -> u32 {
        let language = claim.language;
        self.add(block, UnitKind::Code { language });
        self.document.elements[block as usize].next
    }

    /// The outermost element that holds this block and nothing else but its gutter and bars; and the elements around the
    /// `pre` whose classes are about it, from the innermost.
    fn wrapper(&mut self, pre: u32) -> (u32, Vec<u32>) {
        let document = self.document;
        let (mut block, mut inner, mut around) = (pre, pre, Vec::new());
        for _ in 0..WRAPPERS {
            let at = document.elements[inner as usize].parent;
            if at == NONE
                || matches!(
                    document.elements[at as usize].tag,
                    Tag::BODY | Tag::HTML | Tag::LI | Tag::BLOCKQUOTE
                )
            {
                break;
            }
            if document.characters(at) > document.characters(inner) {
                let bar = if is_named_code(document, at) { BAR_CHARACTERS } else { 0 };
                if !self.is_chrome_around(at, inner, bar) {
                    break;
                }
                block = at;
            }
            around.push(at);
            inner = at;
        }
        (block, around)
    }

    /// Whether all text of `outer` that is not in `inner` is that of gutters, and of bars with so many characters at most.
    fn is_chrome_around(&mut self, outer: u32, inner: u32, bar: u32) -> bool {
        let document = self.document;
        let (outer, inner) = (&document.elements[outer as usize], &document.elements[inner as usize]);
        let (before, behind) = (outer.first_run..inner.first_run, inner.next_run..outer.next_run);
        let Some(left) = self.gutter_runs.checked_sub(before.len() + behind.len()) else {
            return false;
        };
        self.gutter_runs = left;
        let mut left = bar;
        before.chain(behind).all(|run| {
            let Run { parent, characters, .. } = document.runs[run as usize];
            let text = document.run_text(run).as_bytes();
            let is_number = text
                .iter()
                .all(|byte| byte.is_ascii_digit() || byte.is_ascii_whitespace());
            let fits = is_number || (characters <= left && !is_prose(document, parent));
            left -= if is_number || !fits { 0 } else { characters };
            fits
        })
    }

    /// Everything of the block that is not in the `pre`.
    fn leave_out_around(&mut self, pre: u32, block: u32) {
        let (pre, block) = (
            &self.document.elements[pre as usize],
            &self.document.elements[block as usize],
        );
        for (from, to) in [(block.start, pre.start), (pre.end, block.end)] {
            if from < to {
                self.leave_out_range(from as usize..to as usize, ScoreReason::Gutter);
            }
        }
    }

    /// Line numbers and buttons inside the code.
    fn leave_out_chrome(&mut self, block: u32) {
        let document = self.document;
        let next = document.elements[block as usize].next;
        let from = self.marks.partition_point(|(id, _)| *id <= block);
        let mut end = 0;
        for at in from..self.marks.len() {
            let (id, marks) = self.marks[at];
            if id >= next {
                break;
            }
            if id >= end && marks & marks::CHROME != 0 && is_chrome(document, id) {
                self.leave_out(id, ScoreReason::Gutter);
                end = document.elements[id as usize].next;
            }
        }
    }
}

/// Whether an element names the language of what it holds, and leaves no other to be the block.
fn is_listing(document: &Document<'_>, id: u32) -> bool {
    let element = &document.elements[id as usize];
    let named = document.attributes(id, ["data-lang", "data-language"]);
    let mut inside = (id + 1..element.next).take(FIRST_RUNS);
    named.iter().flatten().any(|name| !name.is_empty())
        && document.characters(id) > 0
        && inside.all(|id| !matches!(document.elements[id as usize].tag, Tag::PRE | Tag::CODE | Tag::P))
}

/// The elements around one, from the innermost.
fn ancestors<'o>(document: &'o Document<'_>, id: u32) -> impl Iterator<Item = u32> + 'o {
    let parent = |id: u32| Some(document.elements.get(id as usize)?.parent).filter(|id| *id != NONE);
    std::iter::successors(parent(id), move |id| parent(*id)).take(WRAPPERS)
}

/// Whether a `pre` holds only the numbers of the lines in the cell beside it.
fn is_gutter(document: &Document<'_>, pre: u32) -> bool {
    let element = &document.elements[pre as usize];
    let mut cell = element.parent;
    for _ in 0..3 {
        match document.elements.get(cell as usize) {
            Some(around) if matches!(around.tag, Tag::TD | Tag::TH) => {
                let follows = document.elements.get(around.next as usize);
                return follows.is_some_and(|next| next.parent == around.parent && matches!(next.tag, Tag::TD))
                    && holds_numbers(document, pre);
            }
            Some(around) => cell = around.parent,
            None => return false,
        }
    }
    false
}

fn holds_numbers(document: &Document<'_>, id: u32) -> bool {
    let element = &document.elements[id as usize];
    (element.first_run..element.next_run).all(|run| {
        let text = document.run_text(run).as_bytes();
        text.iter()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_whitespace() || matches!(byte, b'|' | b':' | b'.'))
    })
}

/// Whether an element inside code is none of it: numbers by their class, or what is to be clicked on.
fn is_chrome(document: &Document<'_>, id: u32) -> bool {
    let tag = document.elements[id as usize].tag;
    // An empty cell beside a line would be a line as well: its number is drawn by a style.
    if (document.characters(id) == 0 && tag != Tag::TD)
        || matches!(tag, Tag::CODE | Tag::TABLE | Tag::TBODY | Tag::TR | Tag::OL)
    {
        return false;
    }
    let [class, style] = document
        .attributes(id, ["class", "style"])
        .map(Option::unwrap_or_default);
    let has = |names: &[&str]| {
        class
            .split_ascii_whitespace()
            .any(|word| names.iter().any(|name| word.to_ascii_lowercase().contains(name)))
    };
    let is_short = document.characters(id) <= BAR_CHARACTERS;
    let is_number = has(&[
        "gutter",
        "lineno",
        "line-num",
        "linenum",
        "blob-num",
        "hljs-ln",
        "pre-numbering",
    ]) || class.split_ascii_whitespace().any(|word| matches!(word, "ln" | "lnt"))
        || style.contains("user-select");
    tag == Tag::BUTTON && is_short
        || is_number && holds_numbers(document, id)
        || is_short && has(&["button", "btn", "clipboard", "copy", "toolbar"])
        || is_short && tag.is_block() && has(&["header"])
}

/// Whether the start tag of an element around a `pre` says that it is about code.
fn is_named_code(document: &Document<'_>, id: u32) -> bool {
    const NAMES: &[&str] = &[
        "code",
        "frame",
        "highlight",
        "language-",
        "listing",
        "prism",
        "rouge",
        "shiki",
        "snippet",
        "src",
        "syntax",
        "terminal",
    ];
    let [class, own] = document.attributes(id, ["class", "id"]);
    [class, own].into_iter().flatten().any(|value| {
        let value = value.to_ascii_lowercase();
        NAMES.iter().any(|name| value.contains(name))
    })
}

/// Whether text stands in an element that no bar of a code block is made of.
fn is_prose(document: &Document<'_>, parent: u32) -> bool {
    let tag = document.elements.get(parent as usize).map(|element| element.tag);
    tag.is_some_and(|tag| tag.is_heading() || matches!(tag, Tag::P | Tag::LI | Tag::PRE | Tag::BLOCKQUOTE | Tag::DD))
}

/// How the line that is being read began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineStart {
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
pub(crate) struct CodeLines {
    text: String,
    /// Where the last line begins.
    line: usize,
    begun: LineStart,
    /// Elements that are lines and still open.
    open: Vec<u32>,
    /// Where the text of the innermost of them began, while it has no other inside it.
    leaf: Option<usize>,
}

impl CodeLines {
    pub(crate) fn new() -> Self {
        CodeLines {
            text: String::new(),
            line: 0,
            begun: LineStart::Plainly,
            open: Vec::new(),
            leaf: None,
        }
    }

    /// An element inside the code block begins.
    pub(crate) fn open(&mut self, document: &Document<'_>, id: u32) {
        let tag = document.elements[id as usize].tag;
        if tag == Tag::BR {
            match self.begun {
                LineStart::ByLine => self.begun = LineStart::Plainly,
                _ => self.end_line(LineStart::Plainly),
            }
        } else if tag.is_block() || is_line(document, id) {
            self.begin_line();
            self.open.push(id);
            self.leaf = Some(self.text.len());
        }
    }

    /// An element ends.
    pub(crate) fn close(&mut self, document: &Document<'_>, id: u32) {
        if self.open.last() != Some(&id) {
            return;
        }
        self.open.pop();
        let begun = match document.elements[id as usize].tag.is_block() {
            true => LineStart::ByBlock,
            false => LineStart::ByLine,
        };
        match self.leaf.take() {
            Some(from) if self.text.len() == from || self.text.len() > self.line => self.end_line(begun),
            Some(_) if begun == LineStart::ByLine => {}
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
            LineStart::Plainly => text,
            _ => text
                .strip_prefix('\n')
                .or_else(|| text.strip_prefix("\r\n"))
                .unwrap_or(text),
        };
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            self.begun = LineStart::Plainly;
            match c {
                '\n' => self.end_line(LineStart::Plainly),
                '\r' => {
                    rest.next_if_eq(&'\n');
                    self.end_line(LineStart::Plainly);
                }
                // Highlighters indent with them, and no compiler takes them.
                '\u{a0}' => self.text.push(' '),
                '\u{200b}' | '\u{feff}' => {}
                c => self.text.push(c),
            }
        }
    }

    /// The text, without empty lines around it. What indents the first line alone of a `code` without `pre` is the
    /// page's own source.
    pub(crate) fn finish(self, is_bare: bool) -> String {
        let text = self.text.trim_end();
        let blank = text.len() - text.trim_start().len();
        let first = text[..blank].rfind('\n').map_or(0, |at| at + 1);
        let indent = &text[first..blank];
        let mut others = text[blank..].lines().skip(1).filter(|line| !line.is_empty());
        let is_layout = is_bare && others.all(|line| !line.starts_with(indent));
        text[if is_layout { blank } else { first }..].to_owned()
    }

    fn end_line(&mut self, begun: LineStart) {
        self.text.push('\n');
        self.line = self.text.len();
        self.begun = begun;
    }

    /// What comes next is on a line of its own; blanks between elements that are lines are none of the code.
    fn begin_line(&mut self) {
        match self.text[self.line..].trim().is_empty() {
            true => self.text.truncate(self.line),
            false => self.end_line(LineStart::Plainly),
        }
        self.begun = LineStart::Plainly;
    }
}

/// Whether an inline element is a line by its class, as highlighters write them.
fn is_line(document: &Document<'_>, id: u32) -> bool {
    let element = &document.elements[id as usize];
    let tag = &document.source.as_bytes()[element.start as usize..element.inner as usize];
    if element.tag != Tag::SPAN || memchr::memmem::find(tag, b"line").is_none() {
        return false;
    }
    let [class, line] = document.attributes(id, ["class", "data-line"]);
    let is_named = |class: &str| {
        class
            .split_ascii_whitespace()
            .any(|word| matches!(word, "line" | "code-line" | "token-line" | "view-line"))
    };
    line.is_some() || class.is_some_and(is_named)
}
