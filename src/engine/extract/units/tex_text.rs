//! TeX in plain text: what is TeX and what is prose or money, and the formulas that stand between delimiters.
//!
//! `\(…\)`, `\[…\]`, `$$…$$`, `$…$` and `\begin{…}…\end{…}` are read as the scripts read them that draw them: in the text
//! of one block, also over a `br`. A dollar is the hardest: it begins a formula right before a character and ends one right
//! behind a character and before no letter or digit; and what does not look like mathematics is believed only in a document
//! with a formula that does, or with a script that draws them.

use std::ops::Range;

use super::{Tag, tex_symbols::is_command};
use crate::engine::document::{Document, Event};

/// Commands that do more than print: a link, markup, a file.
const REFUSED: &[&str] = &[
    "href",
    "url",
    "includegraphics",
    "class",
    "cssId",
    "style",
    "htmlClass",
    "htmlData",
    "htmlId",
    "htmlStyle",
    "input",
    "include",
];

/// Environments that are formulas without any delimiter.
const ENVIRONMENTS: &[&str] = &[
    "equation",
    "align",
    "gather",
    "multline",
    "eqnarray",
    "displaymath",
    "alignat",
];

/// Bytes of the longest text that a copy of itself is looked for in.
const COPY_BYTES: usize = 400;

/// A formula in a run of text, or over some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFormula {
    /// Bytes of the source, with the delimiters.
    pub range: Range<usize>,
    /// Without delimiters.
    pub tex: String,
    /// On a line of its own.
    pub display: bool,
}

/// TeX on one line without delimiters, comments and what only sets its style. `None` for none, and for what would do more
/// than print.
pub(crate) fn clean(tex: &str) -> Option<String> {
    let tex = delimited(tex.trim()).map_or(tex.trim(), |(inner, _)| inner.trim());
    let tex = unwrapped(tex).unwrap_or(tex);
    let mut line = String::with_capacity(tex.len());
    // A comment takes the end of its line with it.
    let mut is_parted = false;
    for part in tex.lines() {
        let end = comment(part);
        let text = part[..end].trim();
        if is_parted && !text.is_empty() {
            line.push(' ');
        }
        let shown = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
        line.extend(shown.filter(|c| !c.is_control()));
        is_parted = !line.is_empty() && end == part.len();
    }
    let refused = commands(&line).any(|name| REFUSED.contains(&name));
    (!line.is_empty() && !refused).then_some(line)
}

/// What stands between delimiters, and whether they put it on a line of its own.
pub(crate) fn delimited(text: &str) -> Option<(&str, bool)> {
    let between = |open: &str, close: &str| {
        let inner = text.strip_prefix(open)?.strip_suffix(close)?;
        (!inner.trim().is_empty() && !inner.contains(close)).then_some(inner)
    };
    between(r"\(", r"\)")
        .map(|inner| (inner, false))
        .or_else(|| between(r"\[", r"\]").map(|inner| (inner, true)))
        .or_else(|| between("$$", "$$").map(|inner| (inner, true)))
        .or_else(|| between("$", "$").map(|inner| (inner, false)))
}

/// TeX without the braces and the command that wikis and scripts put around it.
fn unwrapped(tex: &str) -> Option<&str> {
    if let Some(rest) = tex.strip_prefix(r"\displaystyle") {
        return (!rest.starts_with(|c: char| c.is_ascii_alphabetic())).then(|| rest.trim());
    }
    let inner = tex.strip_prefix('{')?.strip_suffix('}')?;
    let styled = ["\\displaystyle", "\\textstyle"]
        .iter()
        .find_map(|style| inner.trim_start().strip_prefix(style))?;
    let mut depth = 0i32;
    let is_whole = inner.bytes().all(|b| {
        depth += i32::from(b == b'{') - i32::from(b == b'}');
        depth >= 0
    });
    is_whole.then(|| styled.trim())
}

/// Where the comment of a line begins.
fn comment(line: &str) -> usize {
    let is_comment = |i: &usize| !line[..*i].ends_with('\\');
    line.match_indices('%')
        .map(|(i, _)| i)
        .find(is_comment)
        .unwrap_or(line.len())
}

/// The names of the commands in TeX.
fn commands(tex: &str) -> impl Iterator<Item = &str> {
    tex.split('\\').skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        &rest[..end]
    })
}

/// Whether it is surely TeX: it holds a command of formulas, or scripts in braces.
pub(crate) fn is_sure(text: &str) -> bool {
    let has_scripts = text.contains("^{") || text.contains("_{");
    (has_scripts || commands(text).any(|name| name.len() > 1 && is_command(name)))
        && !text.contains(":\\")
        && !is_prose(text)
}

/// Whether it reads as words.
pub(crate) fn is_prose(text: &str) -> bool {
    let (mut depth, mut long, mut words) = (0i32, 0, 0);
    let mut letters = 0;
    let mut is_name = false;
    for c in text.chars().chain([' ']) {
        if c.is_alphabetic() {
            letters += 1;
            continue;
        }
        if letters > 0 && !is_name && depth <= 0 {
            words += usize::from(letters > 2);
            long += usize::from(letters > 3);
        }
        letters = 0;
        is_name = c == '\\';
        depth += i32::from(c == '{') - i32::from(c == '}');
    }
    let has_signs = text.contains(['\\', '^', '_', '{', '=']);
    let has_commands = || commands(text).any(is_command);
    (!has_signs && long > 0) || words > 3 || (words > 1 && !text.contains(['^', '_']) && !has_commands())
}

/// The TeX in a text that says a formula first as its characters and then as TeX.
pub(crate) fn behind_its_text(text: &str) -> Option<&str> {
    let text = text.trim();
    if let Some((_, last)) = text.rsplit_once('\n') {
        return Some(last.trim());
    }
    if text.len() > COPY_BYTES {
        return None;
    }
    let bare = |text: &str| -> Vec<char> {
        text.chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '^' | '_' | '{' | '}'))
            .collect()
    };
    let spaces = text.match_indices(' ').map(|(i, _)| i);
    let is_copy = |i: &usize| bare(&text[..*i]) == bare(&text[*i..]);
    spaces.into_iter().find(is_copy).map(|i| text[i..].trim())
}

/// What a piece of text between delimiters is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum DelimiterTrust {
    /// No formula.
    No,
    /// One where there are others.
    Maybe,
    Sure,
}

fn trust(tex: &str) -> DelimiterTrust {
    let tex = tex.trim();
    if tex.is_empty() || tex.contains("$$") || is_prose(tex) {
        return DelimiterTrust::No;
    }
    let is_number = tex.starts_with(|c: char| c.is_ascii_digit()) && tex.contains(' ');
    let mut signs = tex.char_indices().filter(|(_, c)| matches!(c, '^' | '_'));
    let has_scripts = signs.any(|(i, _)| {
        let base = tex[..i].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '}' | ')' | ']'));
        base && tex[i + 1..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '{' | '\\' | '*'))
    });
    match () {
        () if commands(tex).any(is_command) || has_scripts => DelimiterTrust::Sure,
        () if is_number => DelimiterTrust::No,
        () => DelimiterTrust::Maybe,
    }
}

/// Whether any text holds what formulas begin with.
pub(crate) fn may_hold(document: &Document<'_>) -> bool {
    let bytes = document.source.as_bytes();
    let mut runs = document.runs.iter();
    runs.any(|run| memchr::memchr2(b'$', b'\\', &bytes[run.start as usize..run.end as usize]).is_some())
}

/// Formulas in the text of a document but of the elements in `skipped` (ascending, disjoint ranges of the source).
pub(crate) fn find(document: &Document<'_>, skipped: &[Range<usize>], drawn_by_script: bool) -> Vec<TextFormula> {
    let mut scan = FormulaScanner::default();
    let mut text = JoinedRuns::default();
    let mut skipped = skipped.iter().peekable();
    for event in &document.events {
        match *event {
            Event::Text(run) => {
                let run = &document.runs[run as usize];
                let (start, end) = (run.start as usize, run.end as usize);
                while skipped.next_if(|range| range.end <= start).is_some() {}
                if skipped.peek().is_none_or(|range| end <= range.start) {
                    text.push(&document.source[start..end], start);
                }
            }
            Event::Open(id) if document.elements[id as usize].tag == Tag::BR => text.push("\n", usize::MAX),
            Event::Close(id) if document.elements[id as usize].tag == Tag::BR => {}
            // What is never shown stands between two texts as a comment does.
            Event::Open(id) | Event::Close(id) if !document.elements[id as usize].seen => {}
            Event::Open(_) | Event::Close(_) => scan.flush(&mut text),
        }
    }
    scan.flush(&mut text);
    let believes = drawn_by_script || scan.found.iter().any(|(_, trust)| *trust == DelimiterTrust::Sure);
    let found = scan.found.into_iter();
    let believed = found.filter(|(_, trust)| *trust == DelimiterTrust::Sure || believes);
    believed.map(|(formula, _)| formula).collect()
}

/// Text of neighbouring runs as one, and where in the source each begins.
#[derive(Default)]
struct JoinedRuns {
    text: String,
    pieces: Vec<(usize, usize)>,
}

impl JoinedRuns {
    fn push(&mut self, text: &str, start: usize) {
        if start == usize::MAX {
            // A line end of no place of its own: whatever begins or ends there, begins or ends at the run beside it.
            if !self.text.is_empty() {
                self.text.push('\n');
            }
            return;
        }
        self.pieces.push((self.text.len(), start));
        self.text.push_str(text);
    }

    /// The place in the source of a byte of the text.
    fn place(&self, at: usize) -> Option<usize> {
        let piece = self
            .pieces
            .partition_point(|(begins, _)| *begins <= at)
            .checked_sub(1)?;
        let (begins, start) = self.pieces[piece];
        Some(start + (at - begins))
    }
}

#[derive(Default)]
struct FormulaScanner {
    found: Vec<(TextFormula, DelimiterTrust)>,
}

impl FormulaScanner {
    /// Reads a text to its end.
    fn flush(&mut self, joined: &mut JoinedRuns) {
        if memchr::memchr2(b'$', b'\\', joined.text.as_bytes()).is_some() {
            self.read(joined);
        }
        joined.text.clear();
        joined.pieces.clear();
    }

    fn read(&mut self, joined: &JoinedRuns) {
        let text = joined.text.as_str();
        let mut at = 0;
        while let Some(i) = memchr::memchr2(b'$', b'\\', &text.as_bytes()[at..]) {
            let start = at + i;
            let is_pair = ["$$", r"\\", r"\$"].iter().any(|pair| text[start..].starts_with(pair));
            let next = start + 1 + usize::from(is_pair);
            at = formula(text, start)
                .and_then(|(inner, end, display)| {
                    let raw = htmlize::unescape(&text[inner]);
                    self.add(joined, start..end, &raw, display)
                })
                .unwrap_or(next);
        }
    }

    /// Notes a formula; returns where to read on.
    fn add(&mut self, joined: &JoinedRuns, range: Range<usize>, raw: &str, display: bool) -> Option<usize> {
        let trust = trust(raw);
        if trust == DelimiterTrust::No {
            return None;
        }
        let formula = TextFormula {
            range: joined.place(range.start)?..joined.place(range.end - 1)? + 1,
            tex: clean(raw)?,
            display,
        };
        self.found.push((formula, trust));
        Some(range.end)
    }
}

/// What is in the formula whose delimiter stands at `start`, where it ends, and whether it stands on a line of its own.
///
/// Nothing is searched for past the next delimiter of its kind, so that a text is read once.
fn formula(text: &str, start: usize) -> Option<(Range<usize>, usize, bool)> {
    let rest = &text[start..];
    if let Some(inner) = rest.strip_prefix("$$") {
        let end = start + 2 + inner.find("$$")?;
        return (!text[end + 2..].starts_with('$')).then_some((start + 2..end, end + 2, true));
    }
    if rest.starts_with('$') {
        let end = dollar(text, start)?;
        return Some((start + 1..end, end + 1, false));
    }
    for (open, close, display) in [(r"\(", r"\)", false), (r"\[", r"\]", true)] {
        if rest.starts_with(open) {
            let end = command(text, start + 2, open, close)?;
            return Some((start + 2..end, end + 2, display));
        }
    }
    let name = rest.strip_prefix(r"\begin{")?;
    let name = &name[..name.bytes().take(16).position(|b| b == b'}')?];
    if !ENVIRONMENTS.contains(&name.trim_end_matches('*')) {
        return None;
    }
    let (open, close) = (format!(r"\begin{{{name}}}"), format!(r"\end{{{name}}}"));
    let end = command(text, start + open.len(), &open, &close)? + close.len();
    Some((start..end, end, true))
}

/// Where `close` stands from `at` on, if no `open` comes before it; both begin with a backslash.
fn command(text: &str, mut at: usize, open: &str, close: &str) -> Option<usize> {
    loop {
        at += memchr::memchr(b'\\', &text.as_bytes()[at..])?;
        let rest = &text[at..];
        if rest.starts_with(close) {
            return Some(at);
        }
        if rest.starts_with(open) {
            return None;
        }
        // A backslash in front of one takes its meaning.
        at += if rest.starts_with(r"\\") { 2 } else { 1 };
    }
}

/// Where the next dollar stands, if it may close the one at `start`.
fn dollar(text: &str, start: usize) -> Option<usize> {
    let inner = &text[start + 1..];
    if inner.starts_with(|c: char| c.is_whitespace()) {
        return None;
    }
    let mut dollars = memchr::memchr_iter(b'$', inner.as_bytes());
    let end = dollars.find(|i| !inner[..*i].ends_with('\\'))?;
    let behind = &inner[end + 1..];
    let closes = !inner[..end].ends_with(|c: char| c.is_whitespace())
        && !behind.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '$');
    (closes && end > 0).then_some(start + 1 + end)
}
