//! XML as far as a feed is cut by it: where tags and CDATA stand, and references mended, without a look at what they mean.

use std::{borrow::Cow, ops::Range};

use crate::steps;

/// XML in which each `&` begins a reference: feeds write addresses and names as they are.
pub(crate) fn mended(xml: &str) -> String {
    let mut out = String::with_capacity(xml.len());
    let mut at = 0;
    for piece in XmlPieces::new(xml) {
        let XmlPiece::CData(range) = piece else { continue };
        out.push_str(&references(&xml[at..range.start]));
        out.push_str(&xml[range.clone()]);
        at = range.end;
    }
    out.push_str(&references(&xml[at..]));
    out
}

fn references(xml: &str) -> Cow<'_, str> {
    let is_reference = |rest: &str| {
        let name = rest.strip_prefix('#').unwrap_or(rest);
        let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
        (1..=32).contains(&end) && name[end..].starts_with(';')
    };
    if !xml.match_indices('&').any(|(at, _)| !is_reference(&xml[at + 1..])) {
        return Cow::Borrowed(xml);
    }
    let mut out = String::with_capacity(xml.len() + 16);
    for (number, part) in xml.split('&').enumerate() {
        if number > 0 {
            out.push_str(if is_reference(part) { "&" } else { "&amp;" });
        }
        out.push_str(part);
    }
    Cow::Owned(out)
}

/// The markup of an XML text, as far as it separates entries.
pub(crate) struct XmlPieces<'a> {
    pub(crate) text: &'a str,
    /// Where the last piece ended.
    pub(crate) at: usize,
}

/// One piece of it.
pub(crate) enum XmlPiece<'a> {
    Start {
        range: Range<usize>,
        name: &'a str,
        is_empty: bool,
    },
    End {
        range: Range<usize>,
        name: &'a str,
    },
    CData(Range<usize>),
}

impl<'a> XmlPieces<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        XmlPieces { text, at: 0 }
    }

    /// Where the tag that begins at `start` ends, its quoted values passed over.
    fn end_of_tag(&self, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut at = start;
        loop {
            at += memchr::memchr3(b'>', b'"', b'\'', &bytes[at..])?;
            match bytes[at] {
                b'>' => return Some(at + 1),
                quote => at += 1 + memchr::memchr(quote, &bytes[at + 1..])? + 1,
            }
        }
    }
}

impl<'a> Iterator for XmlPieces<'a> {
    type Item = XmlPiece<'a>;

    fn next(&mut self) -> Option<XmlPiece<'a>> {
        loop {
            steps::count(1);
            let start = self.at + memchr::memchr(b'<', &self.text.as_bytes()[self.at..])?;
            let rest = &self.text[start..];
            let after = |marker: &str| Some(start + rest.find(marker)? + marker.len());
            if rest.starts_with("<!--") {
                self.at = after("-->")?;
            } else if rest.starts_with("<![CDATA[") {
                self.at = after("]]>")?;
                return Some(XmlPiece::CData(start..self.at));
            } else if rest.starts_with("<?") || rest.starts_with("<!") {
                self.at = after(">")?;
            } else {
                self.at = self.end_of_tag(start)?;
                let tag = &self.text[start + 1..self.at - 1];
                let (tag, is_end) = match tag.strip_prefix('/') {
                    Some(tag) => (tag, true),
                    None => (tag, false),
                };
                let end = tag.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(tag.len());
                let (range, name) = (start..self.at, &tag[..end]);
                return Some(match is_end {
                    true => XmlPiece::End { range, name },
                    false => XmlPiece::Start {
                        range,
                        name,
                        is_empty: tag.ends_with('/'),
                    },
                });
            }
        }
    }
}
