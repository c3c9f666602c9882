//! StartAction tags taken apart, and the gaps between lol_html's tokens.
//!
//! lol_html says where start tags, comments and the ends of raw text are; slicing the bytes is much faster than asking
//! it for names and values. What lies between two of its tokens is text and end tags only, distinguished here as the
//! tokenizer of the WHATWG HTML standard (section 13.2.5) does. Works on the bytes of any ASCII-compatible encoding,
//! since none of them uses `<`, `>`, quotes, `=` or white space as part of another character.

use memchr::{memchr, memchr2_iter};

use super::tags::{Tag, name_hash};
use crate::steps;

/// One start tag, from `<` to `>`.
#[derive(Debug, Clone, Copy)]
pub struct StartTag<'a> {
    raw: &'a [u8],
    name_end: usize,
}

impl<'a> StartTag<'a> {
    /// Takes the bytes from `<` to `>`, both included.
    pub fn new(raw: &'a [u8]) -> Self {
        let name_end = raw
            .iter()
            .skip(1)
            .position(|b| ends_name(*b))
            .map_or(raw.len(), |i| i + 1);
        StartTag { raw, name_end }
    }

    /// The name as written.
    pub fn name(&self) -> &'a [u8] {
        self.raw.get(1..self.name_end).unwrap_or_default()
    }

    /// The attributes in order, names as written, values undecoded. Duplicates are all listed; the first one counts.
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes {
            raw: self.raw,
            at: self.name_end,
        }
    }

    /// The undecoded value of the first attribute of this name (in lower case); empty where it has none.
    pub fn attribute(&self, name: &str) -> Option<&'a [u8]> {
        self.attributes()
            .find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// Whether it is text that was decoded once too often, and no author meant a tag by it: `a<b && b->c`, `List<avg[0]>`,
    /// prose about `<meter>`, which measures nothing without a value. Only names that are no element's, or one letter,
    /// as variables are; a tag that matters to the tree stays one.
    pub(crate) fn is_text(&self, tag: Tag) -> bool {
        if tag == Tag::METER {
            return self.attributes().next().is_none();
        }
        let name = self.name();
        if tag == Tag::OTHER {
            let odd = name
                .iter()
                .find(|b| !b.is_ascii_alphanumeric() && b.is_ascii() && !b"-_.:".contains(b));
            if odd.is_some_and(|b| b"()[{,;&|".contains(b)) {
                return true;
            }
        } else if name.len() > 1 {
            return false;
        }
        // A name begins behind white space, a slash or a quote; the many signs inside of an address do not.
        let begins_name = |at: usize| {
            matches!(self.raw[at - 1], b'"' | b'\'') || BEFORE_ATTRIBUTE_NAME[usize::from(self.raw[at - 1])]
        };
        memchr2_iter(b'&', b'|', self.raw).any(|at| at > 0 && begins_name(at))
            && self
                .attributes()
                .any(|(name, _)| matches!(name, b"&" | b"&&" | b"|" | b"||"))
    }

    /// All that stands behind the name, up to and with the `>`.
    pub(crate) fn behind_name(&self) -> &'a [u8] {
        &self.raw[self.name_end..]
    }
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

fn ends_name(b: u8) -> bool {
    ENDS_NAME[usize::from(b)]
}

/// The bytes that end the name of a tag. Names are most of what is read byte by byte.
static ENDS_NAME: [bool; 256] = bytes_of(b" \t\n\r\x0c/>");
/// Those that stand in the name of an attribute behind its first one.
static IN_ATTRIBUTE_NAME: [bool; 256] = all_but(bytes_of(b" \t\n\r\x0c/>="));
static BEFORE_ATTRIBUTE_NAME: [bool; 256] = bytes_of(b" \t\n\r\x0c/");
static SPACE: [bool; 256] = bytes_of(b" \t\n\r\x0c");

/// The bytes that white space begins with, wide and invisible marks among it, and some other characters: text between
/// them is read through without a look at its characters.
pub(crate) static MAY_BE_BLANK: [bool; 256] = bytes_of(b" \t\n\x0b\r\x0c\xc2\xe1\xe2\xe3\xef");

const fn bytes_of(set: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut i = 0;
    while i < set.len() {
        table[set[i] as usize] = true;
        i += 1;
    }
    table
}

const fn all_but(mut table: [bool; 256]) -> [bool; 256] {
    let mut i = 0;
    while i < table.len() {
        table[i] = !table[i];
        i += 1;
    }
    table
}

/// The attributes of one tag.
#[derive(Debug, Clone)]
pub struct Attributes<'a> {
    raw: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let raw = self.raw;
        let skip = |at: usize, table: &[bool; 256]| {
            let rest = raw.get(at..).unwrap_or_default();
            let length = rest.iter().position(|b| !table[usize::from(*b)]);
            at + length.unwrap_or(rest.len())
        };
        let name_at = skip(self.at, &BEFORE_ATTRIBUTE_NAME);
        if name_at >= raw.len() || raw[name_at] == b'>' {
            self.at = raw.len();
            return None;
        }
        // A `=` as the name's first character is one of its own.
        let name_end = skip(name_at + 1, &IN_ATTRIBUTE_NAME);
        let name = &raw[name_at..name_end];
        // Nearly always the value follows at once, in quotes.
        let start = match raw[name_end..] {
            [b'=', b'"' | b'\'', ..] => name_end + 1,
            _ => {
                let sign = skip(name_end, &SPACE);
                if raw.get(sign) != Some(&b'=') {
                    steps::count(sign - name_at);
                    self.at = name_end;
                    return Some((name, &[]));
                }
                skip(sign + 1, &SPACE)
            }
        };
        let (value, end) = match raw.get(start) {
            Some(quote @ (b'"' | b'\'')) => {
                let rest = &raw[start + 1..];
                let value = &rest[..memchr(*quote, rest).unwrap_or(rest.len())];
                (value, start + value.len() + 2)
            }
            Some(b'>') | None => (&raw[..0], start),
            Some(_) => {
                let rest = &raw[start..];
                let value = &rest[..rest
                    .iter()
                    .position(|b| is_space(*b) || *b == b'>')
                    .unwrap_or(rest.len())];
                (value, start + value.len())
            }
        };
        steps::count(end - name_at);
        self.at = end.min(raw.len());
        Some((name, value))
    }
}

/// One piece of a gap, with its place in the bytes given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextPiece {
    /// Text, undecoded.
    Text { start: usize, end: usize },
    /// `</name …>`.
    EndTag {
        start: usize,
        end: usize,
        tag: Tag,
        name_hash: u32,
    },
    /// `</>`: no bytes of any meaning.
    Nothing { end: usize },
    /// `<![CDATA[`: all is text up to `]]>`. Only foreign content has it; elsewhere lol_html reports a comment.
    CData { end: usize },
    /// The bytes from here on may be the beginning of a tag that goes on behind them.
    Open { start: usize },
}

/// What begins and ends text that holds no tags, in foreign content.
const CDATA_START: &[u8] = b"<![CDATA[";
pub(crate) const CDATA_END: &[u8] = b"]]>";

/// The first piece of `bytes` at `at`; `None` at the end.
pub(crate) fn piece(bytes: &[u8], at: usize) -> Option<TextPiece> {
    let rest = bytes.get(at..)?;
    match rest {
        [] => None,
        [b'<', b'/', c, ..] if c.is_ascii_alphabetic() => end_tag(bytes, at),
        [b'<', b'/', b'>', ..] => Some(TextPiece::Nothing { end: at + 3 }),
        _ if rest.starts_with(CDATA_START) => Some(TextPiece::CData {
            end: at + CDATA_START.len(),
        }),
        [b'<', c, ..] if c.is_ascii_alphabetic() || matches!(c, b'!' | b'?') => Some(TextPiece::Open { start: at }),
        [b'<', b'/', ..] | [b'<'] => Some(TextPiece::Open { start: at }),
        _ => {
            let from = usize::from(rest[0] == b'<');
            let len = memchr(b'<', &rest[from..]).map_or(rest.len(), |i| i + from);
            Some(TextPiece::Text {
                start: at,
                end: at + len,
            })
        }
    }
}

fn end_tag(bytes: &[u8], start: usize) -> Option<TextPiece> {
    let rest = &bytes[start..];
    let open = Some(TextPiece::Open { start });
    let Some(name_len) = rest[2..].iter().position(|b| ends_name(*b)) else {
        return open;
    };
    let name = &rest[2..2 + name_len];
    let Some(close) = tag_close(rest, 2 + name_len) else {
        return open;
    };
    let name_hash = name_hash(name);
    Some(TextPiece::EndTag {
        start,
        end: start + close + 1,
        tag: Tag::from_hashed(name, name_hash),
        name_hash,
    })
}

/// Where the `>` of a tag is, `at` being behind its name: a quoted one in an attribute's value does not end it.
fn tag_close(tag: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match tag.get(at)? {
            b'>' => return Some(at),
            b'=' => {
                at += 1;
                while tag.get(at).is_some_and(|b| is_space(*b)) {
                    at += 1;
                }
                if let Some(quote @ (b'"' | b'\'')) = tag.get(at) {
                    at += memchr(*quote, &tag[at + 1..])? + 2;
                }
            }
            _ => at += 1,
        }
    }
}

/// A piece of markup that is no part of the document as it was parsed: the inside of an element, an attribute's value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Markup<'a> {
    Start(StartTag<'a>),
    /// The name of an end tag.
    End(&'a [u8]),
    /// Text, undecoded.
    Text(&'a str),
}

/// Reads markup, without comments. What begins and never ends is left out.
pub(crate) fn markup(source: &str) -> impl Iterator<Item = Markup<'_>> {
    let mut rest = source;
    std::iter::from_fn(move || {
        loop {
            let bytes = rest.as_bytes();
            let (found, end) = match bytes {
                [] => return None,
                [b'<', b'!' | b'?', ..] => {
                    let end = match rest.strip_prefix("<!--") {
                        Some(comment) => comment.find("-->").map(|i| i + 7),
                        None => rest.find('>').map(|i| i + 1),
                    };
                    rest = end.and_then(|end| rest.get(end..)).unwrap_or_default();
                    continue;
                }
                [b'<', b'/', c, ..] if c.is_ascii_alphabetic() => {
                    let end = tag_close(bytes, 2).map_or(bytes.len(), |i| i + 1);
                    let name = &bytes[2..end];
                    let name_end = name.iter().position(|b| ends_name(*b)).unwrap_or(name.len());
                    (Markup::End(&name[..name_end]), end)
                }
                [b'<', c, ..] if c.is_ascii_alphabetic() => {
                    let end = tag_close(bytes, 1)? + 1;
                    (Markup::Start(StartTag::new(&bytes[..end])), end)
                }
                _ => {
                    let end = memchr(b'<', &bytes[1..]).map_or(bytes.len(), |i| i + 1);
                    (Markup::Text(&rest[..end]), end)
                }
            };
            rest = &rest[end..];
            return Some(found);
        }
    })
}

/// Counts the attributes of a start tag while it comes (WHATWG HTML, sections 13.2.5.32 to 13.2.5.40).
#[derive(Debug, Default)]
pub(crate) struct AttributeCounter {
    state: AttributeState,
    /// Those that have begun.
    pub(crate) count: usize,
}

#[derive(Debug, Default, Clone, Copy)]
enum AttributeState {
    #[default]
    TagName,
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Unquoted,
    Quoted(u8),
}

impl AttributeCounter {
    /// Takes the next bytes of the tag, the first of which are its `<` and its name.
    pub(crate) fn read(&mut self, bytes: &[u8]) {
        use AttributeState::{AfterName, BeforeName, BeforeValue, Name, Quoted, TagName, Unquoted};
        for &byte in bytes {
            let is_blank = byte.is_ascii_whitespace();
            self.state = match (self.state, byte) {
                (Quoted(quote), _) if quote == byte => BeforeName,
                (Quoted(_), _) => self.state,
                (BeforeValue, b'"' | b'\'') => Quoted(byte),
                (BeforeValue, _) if !is_blank => Unquoted,
                (Name | AfterName, b'=') => BeforeValue,
                (TagName | Name | AfterName | BeforeName, b'/') => BeforeName,
                (Name, _) if is_blank => AfterName,
                (TagName | Unquoted, _) if is_blank => BeforeName,
                (BeforeName | AfterName, _) if !is_blank => {
                    self.count += 1;
                    Name
                }
                (state, _) => state,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(raw: &str) -> Vec<(String, String)> {
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        StartTag::new(raw.as_bytes())
            .attributes()
            .map(|(n, v)| (text(n), text(v)))
            .collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
    }

    #[test]
    fn takes_start_tags_apart_as_browsers_do() {
        assert_eq!(StartTag::new(b"<DIV>").name(), b"DIV");
        assert_eq!(StartTag::new(b"<br/>").name(), b"br");
        assert_eq!(
            attributes("<a href=x/y title='a > b' hidden>"),
            pairs(&[("href", "x/y"), ("title", "a > b"), ("hidden", "")])
        );
        assert_eq!(attributes("<a b = \"c\"d=e/>"), pairs(&[("b", "c"), ("d", "e/")]));
        assert_eq!(attributes("<a =x=y / z>"), pairs(&[("=x", "y"), ("z", "")]));
        assert_eq!(attributes("<a b=>"), pairs(&[("b", "")]));
        assert_eq!(attributes("<a b=\"x"), pairs(&[("b", "x")]));
        assert_eq!(
            attributes("<p style=\"font: Tahoma, \"Microsoft Yahei\"\">")[0].1,
            "font: Tahoma, "
        );
        assert_eq!(
            StartTag::new(b"<a CLASS=x class=y>").attribute("class"),
            Some(&b"x"[..])
        );
    }

    fn pieces(text: &str) -> Vec<String> {
        let mut at = 0;
        let mut list = Vec::new();
        while let Some(piece) = piece(text.as_bytes(), at) {
            let (shown, next) = match piece {
                TextPiece::Text { start, end } => (format!("text {}", &text[start..end]), end),
                TextPiece::EndTag { tag, end, .. } => (format!("end {}", tag.name()), end),
                TextPiece::Nothing { end } => ("nothing".to_string(), end),
                TextPiece::CData { end } => ("cdata".to_string(), end),
                TextPiece::Open { start } => (format!("open {}", &text[start..]), text.len()),
            };
            list.push(shown);
            at = next;
        }
        list
    }

    #[test]
    fn tells_text_from_end_tags() {
        assert_eq!(
            pieces("a</b>c</P x='>'>d"),
            ["text a", "end b", "text c", "end p", "text d"]
        );
        assert_eq!(
            pieces("1 < 2 <3 </>x"),
            ["text 1 ", "text < 2 ", "text <3 ", "nothing", "text x"]
        );
        assert_eq!(pieces("a</di"), ["text a", "open </di"]);
        assert_eq!(pieces("a</div x=\">"), ["text a", "open </div x=\">"]);
        assert_eq!(pieces("a<"), ["text a", "open <"]);
        assert_eq!(pieces("<![CDATA[a]]>b"), ["cdata", "text a]]>b"]);
        assert_eq!(pieces("a<div class='x"), ["text a", "open <div class='x"]);
    }

    #[test]
    fn attributes_are_counted_while_they_come() {
        for (tag, count) in [
            ("<p", 0),
            ("<p ", 0),
            ("<p a", 1),
            ("<p a b c", 3),
            ("<p a=b/c d = 'e f' g=\"h i='j'\"k", 4),
            ("<p/a/b", 2),
            ("<p =a b =c", 2),
            ("<p data='[1, \"x\", {}]", 1),
        ] {
            let mut counter = AttributeCounter::default();
            tag.as_bytes().chunks(2).for_each(|piece| counter.read(piece));
            assert_eq!(counter.count, count, "{tag}");
        }
    }
}
