//! Pictures: the best of the addresses that a page gives for one, and those that only `noscript` or AMP holds.
//!
//! What a script would load comes before what stands in its place until then, and of several sizes the largest. A
//! `noscript` beside a picture holds the same one; alone it is one, unless it only counts readers.

use super::{Document, NONE, Tag, UnitFinder, UnitKind};
use crate::engine::html::tokens::{Markup, StartTag, markup};

/// A picture, values decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureSource {
    /// Where it is, unresolved.
    pub address: String,
    /// The text in its place.
    pub alt: Option<String>,
    /// As declared.
    pub width: Option<String>,
    /// As declared.
    pub height: Option<String>,
}

/// Attributes that hold a lazily loaded picture's address, before `src`, which then holds a placeholder.
const LAZY: [&str; 8] = [
    "data-original",
    "data-src",
    "data-actualsrc",
    "data-lazy-src",
    "data-lazy",
    "data-original-src",
    "data-hi-res-src",
    "data-url",
];
/// Sets of addresses by size, the lazy ones first.
const SETS: [&str; 3] = ["data-srcset", "data-lazy-srcset", "srcset"];

/// `source` elements of one `picture` that are looked at.
const SOURCES: usize = 32;
/// Bytes between a picture and the `noscript` that belongs to it.
const TWIN_BYTES: u32 = 200;

/// Names of files that hold pictures end so.
const EXTENSIONS: &[&str] = &["jpg", "jpeg", "png", "gif", "webp", "avif", "svg", "bmp"];

/// The picture of an `img`, or of another element that is a unit for being one.
pub fn read(document: &Document<'_>, id: u32) -> Option<PictureSource> {
    let element = document.elements.get(id as usize)?;
    if element.tag == Tag::NOSCRIPT {
        let tag = image_in(document, id)?;
        let (address, _) = address(document, tag)?;
        return Some(described(document, tag, address));
    }
    let tag = document.start_tag(id);
    let own = address(document, tag);
    let is_sure = own.as_ref().is_some_and(|(_, rank)| *rank > AddressRank::Plain);
    let twin = || address(document, image_in(document, twin_of(document, id)?)?);
    let own = match is_sure {
        true => own,
        false => twin().or(own),
    };
    let best = in_picture(document, id, own)?;
    Some(described(document, tag, best))
}

/// Its address alone.
pub fn source(document: &Document<'_>, id: u32) -> Option<String> {
    Some(read(document, id)?.address)
}

fn described<'s>(document: &Document<'s>, tag: StartTag<'s>, address: String) -> PictureSource {
    let text = |value: Option<&str>| value.map(|value| htmlize::unescape_attribute(value).into_owned());
    let [alt, width, height] = document.attributes_of(tag, ["alt", "width", "height"]);
    PictureSource {
        address,
        alt: text(alt),
        width: text(width),
        height: text(height),
    }
}

/// How much an address is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum AddressRank {
    /// `src`, which may be a placeholder.
    Plain,
    /// A lazy attribute.
    Lazy,
    /// The largest of a set, with its width where it is declared.
    Sized(u32),
}

fn address<'s>(document: &Document<'s>, tag: StartTag<'s>) -> Option<(String, AddressRank)> {
    let usable = |value: Option<&str>| {
        let value = htmlize::unescape_attribute(value?).trim().to_owned();
        let is_address = !value.is_empty() && !value.starts_with("data:") && !value.starts_with(['{', '#']);
        (is_address && value != "about:blank").then_some(value)
    };
    let [lazy_set, other_set, set] = document.attributes_of(tag, SETS);
    let largest = |set: Option<&str>| {
        let (address, width) = largest(&htmlize::unescape_attribute(set?))?;
        Some((address, AddressRank::Sized(width)))
    };
    largest(lazy_set)
        .or_else(|| largest(other_set))
        .or_else(|| {
            let lazy = document.attributes_of(tag, LAZY).into_iter().find_map(usable);
            Some((lazy?, AddressRank::Lazy))
        })
        .or_else(|| largest(set))
        .or_else(|| Some((usable(document.attributes_of(tag, ["src"])[0])?, AddressRank::Plain)))
}

/// The best of the sources of the `picture` around an `img`, where one is larger than its own or it has none.
fn in_picture(document: &Document<'_>, id: u32, own: Option<(String, AddressRank)>) -> Option<String> {
    let parent = document.elements[id as usize].parent;
    let is_picture = document
        .elements
        .get(parent as usize)
        .is_some_and(|around| around.tag == Tag::PICTURE);
    let mut best: Option<(String, u32)> = None;
    for source in (parent.saturating_add(1)..id).take(if is_picture { SOURCES } else { 0 }) {
        if document.elements[source as usize].tag != Tag::SOURCE {
            continue;
        }
        // A type that not everything shows is no gain where the picture has an address of its own.
        let kind = document.attribute(source, "type").unwrap_or_default();
        if own.is_some() && !matches!(kind, "" | "image/jpeg" | "image/png") {
            continue;
        }
        let sets = document
            .attributes_of(document.start_tag(source), SETS)
            .into_iter()
            .flatten();
        let mut sets = sets.filter_map(|set| largest(&htmlize::unescape_attribute(set)));
        if let Some((address, width)) = sets.next()
            && best.as_ref().is_none_or(|(_, known)| *known < width)
        {
            best = Some((address, width));
        }
    }
    match (own, best) {
        (Some((_, AddressRank::Sized(width))), Some((address, larger))) if larger > width => Some(address),
        (Some((_, AddressRank::Plain)), Some((address, 1..))) => Some(address),
        (Some((address, _)), _) => Some(address),
        (None, best) => best.map(|(address, _)| address),
    }
}

/// The largest picture of a set, with its width, or 0 where none is declared (WHATWG HTML, "parsing a srcset attribute").
fn largest(set: &str) -> Option<(String, u32)> {
    let mut best: Option<(&str, f64, u32)> = None;
    let mut rest = set;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
        if end == 0 {
            break;
        }
        let (word, behind) = rest.split_at(end);
        let address = word.trim_end_matches(',');
        let descriptors = match address.len() < word.len() {
            true => "",
            false => behind[..descriptors_end(behind)].trim(),
        };
        rest = &behind
            [descriptors.len() + (behind.len() - behind.trim_start().len()).min(behind.len() - descriptors.len())..];
        let number = |unit: char| {
            let mut words = descriptors.split_ascii_whitespace();
            words.find_map(|word| word.strip_suffix(unit)?.parse::<f64>().ok())
        };
        let (width, density) = (number('w'), number('x'));
        let size = width.or(density).unwrap_or(1.0);
        let is_larger = best.is_none_or(|(_, known, _)| size > known);
        if is_larger && size.is_finite() && !address.starts_with("data:") && !address.is_empty() {
            best = Some((address, size, width.unwrap_or(0.0) as u32));
        }
    }
    best.map(|(address, _, width)| (address.to_owned(), width))
}

/// Where the descriptors of a candidate end: at the first comma outside of parentheses.
fn descriptors_end(text: &str) -> usize {
    let mut depth = 0usize;
    let end = text.bytes().position(|b| {
        match b {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        b == b',' && depth == 0
    });
    end.unwrap_or(text.len())
}

/// The start tag of the first `img` in a `noscript`.
fn image_in<'s>(document: &Document<'s>, noscript: u32) -> Option<StartTag<'s>> {
    markup(document.raw_text(noscript)).find_map(|token| match token {
        Markup::Start(tag) if tag.name().eq_ignore_ascii_case(b"img") => Some(tag),
        _ => None,
    })
}

/// Whether two elements, in this order, have no text and little markup between them.
fn are_beside(document: &Document<'_>, first: u32, second: u32) -> bool {
    let (first, second) = (&document.elements[first as usize], &document.elements[second as usize]);
    let characters = |run: u32| document.characters_before[run as usize];
    characters(first.next_run) == characters(second.first_run) && second.start.saturating_sub(first.end) <= TWIN_BYTES
}

/// The `noscript` that stands beside an `img`.
fn twin_of(document: &Document<'_>, id: u32) -> Option<u32> {
    let is_noscript = |id: &u32| {
        document
            .elements
            .get(*id as usize)
            .is_some_and(|other| other.tag == Tag::NOSCRIPT)
    };
    let behind = Some(document.elements[id as usize].next).filter(is_noscript);
    let before = id.checked_sub(1).filter(is_noscript);
    behind
        .filter(|other| are_beside(document, id, *other))
        .or_else(|| before.filter(|other| are_beside(document, *other, id)))
}

impl UnitFinder<'_, '_> {
    /// A picture that is no `img`; returns the next element to look at.
    pub(crate) fn picture(&mut self, id: u32) -> Option<u32> {
        let document = self.document;
        let element = &document.elements[id as usize];
        let is_picture = match element.tag {
            Tag::NOSCRIPT => self.stands_alone(id),
            Tag::OTHER => {
                let name = &document.source.as_bytes()[element.start as usize + 1..element.inner as usize];
                let is_amp = |amp: &&[u8]| name.get(..amp.len()).is_some_and(|name| name.eq_ignore_ascii_case(amp));
                element.seen && [&b"amp-img"[..], b"amp-anim"].iter().any(is_amp)
            }
            _ => false,
        };
        if !is_picture {
            return None;
        }
        self.add(id, UnitKind::Picture);
        Some(element.next)
    }

    /// Whether a `noscript` holds a picture that stands nowhere else and shows something.
    fn stands_alone(&self, id: u32) -> bool {
        let document = self.document;
        let element = &document.elements[id as usize];
        let is_shown = element.parent == NONE
            || document
                .elements
                .get(element.parent as usize)
                .is_some_and(|around| around.seen);
        let Some(tag) = is_shown.then(|| image_in(document, id)).flatten() else {
            return false;
        };
        let Some((address, _)) = address(document, tag) else {
            return false;
        };
        let [alt, style, width, height] = document.attributes_of(tag, ["alt", "style", "width", "height"]);
        let is_dot = [width, height]
            .into_iter()
            .flatten()
            .any(|size| matches!(size.trim(), "0" | "1" | "0px" | "1px"));
        let is_hidden = style.is_some_and(|style| style.contains("none") || style.contains("hidden"));
        let path = address
            .split(['?', '#'])
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let has_name = path.rsplit_once('.').is_some_and(|(_, end)| EXTENSIONS.contains(&end));
        let says = alt.is_some_and(|alt| !alt.trim().is_empty());
        let is_image = |other: u32| {
            document
                .elements
                .get(other as usize)
                .is_some_and(|other| other.tag == Tag::IMG)
        };
        let before = id
            .checked_sub(1)
            .is_some_and(|other| is_image(other) && are_beside(document, other, id));
        let behind = is_image(id + 1) && are_beside(document, id, id + 1);
        (has_name || says) && !is_dot && !is_hidden && !before && !behind
    }
}

#[cfg(test)]
mod tests {
    use super::largest;

    #[test]
    fn sets_are_parsed_as_the_standard_does() {
        for (set, address, width) in [
            ("/a.jpg", "/a.jpg", 0),
            ("/a.jpg 1x, /b.jpg 2x", "/b.jpg", 0),
            ("/a.jpg, /b.jpg 1.5x", "/b.jpg", 0),
            ("/a.jpg 300w, /b.jpg 900w, /c.jpg 600w", "/b.jpg", 900),
            ("/a.jpg 300w,/b.jpg 900w", "/b.jpg", 900),
            (
                ",, /w_424,c_limit/a.jpg 424w, /w_800,c_limit/a.jpg 800w",
                "/w_800,c_limit/a.jpg",
                800,
            ),
            ("/a.jpg,", "/a.jpg", 0),
            ("/a.jpg 100w 50h, /b.jpg foo(1, 2) 2x", "/a.jpg", 100),
            ("data:image/gif;base64,AA== 900w, /b.jpg 100w", "/b.jpg", 100),
            ("/a.jpg infx, /b.jpg NaNw, /c.jpg 2x", "/c.jpg", 0),
        ] {
            assert_eq!(largest(set), Some((address.to_owned(), width)), "{set}");
        }
        assert_eq!(largest(" , "), None);
        assert_eq!(largest(""), None);
    }
}
