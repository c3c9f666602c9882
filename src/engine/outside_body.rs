//! Content that is in the bytes but not in the body as a parser without scripts and shadow trees sees it: the text of
//! `noscript`, declarative shadow roots, and segments that React streams in `<div hidden id="S:1">` and a script puts in place.
//!
//! That is made visible by writing over the tags that hide it, letter for letter, so that every offset stays what it was. And
//! where the body holds no article, one that stands in the data of a script is read as if it stood behind the document.

use std::ops::Range;

use memchr::{memchr, memchr2, memmem};

use super::{
    document::{self, Document},
    html::{
        tags::Tag,
        tokens::{Markup, markup},
    },
    ranges::{runs_in, visible_between},
};
use crate::steps;

/// Where content was found that is not in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A `noscript`, for readers without scripts.
    Noscript,
    /// A declarative shadow root: `<template shadowrootmode>`.
    Template,
    /// A segment that a script puts in its place, or the data of a script.
    ScriptState,
    /// `articleBody` of JSON-LD.
    JsonLd,
}

/// A document in which that content is visible, of the same length.
#[derive(Debug)]
pub struct Revealed {
    /// The document.
    pub source: String,
    /// The elements that were made visible, in document order.
    pub parts: Vec<(Range<usize>, Place)>,
}

impl Revealed {
    /// Where most of what stands in these ranges comes from, if that is not the body.
    pub fn origin(&self, document: &Document<'_>, kept: &[Range<usize>]) -> Option<Place> {
        let is_within = |range: &Range<usize>, run: &document::Run| range.contains(&(run.start as usize));
        let (mut all, mut revealed, mut place) = (0, 0, None);
        let (mut parts, mut kept) = (self.parts.iter().peekable(), kept.iter().peekable());
        for run in &document.runs {
            while kept.next_if(|range| range.end <= run.start as usize).is_some() {}
            while parts.next_if(|(range, _)| range.end <= run.start as usize).is_some() {}
            if kept.peek().is_some_and(|range| is_within(range, run)) {
                all += run.characters;
                if let Some((_, of)) = parts.peek().filter(|(range, _)| is_within(range, run)) {
                    revealed += run.characters;
                    place.get_or_insert(*of);
                }
            }
        }
        place.filter(|_| revealed * 2 > all)
    }
}

/// Visible characters of a page's `noscript` from which on it is text, and no picture or notice. A fragment is text in any case.
const TEXT: u32 = 80;
/// Visible characters from which on it is no notice about scripts, whatever its words.
const NO_NOTICE: u32 = 400;
/// What a notice about scripts says.
const NOTICES: &[&str] = &["javascript", "java script", "browser", "cookies", "scripts"];

/// Makes visible what is to be read; nothing where there is no such content.
pub fn reveal(document: &Document<'_>) -> Option<Revealed> {
    let mut revealed: Option<Revealed> = None;
    let mut shown = 0;
    for (i, element) in (0..).zip(&document.elements) {
        // What is inside a part is seen once that is.
        if (element.start as usize) < shown {
            continue;
        }
        let Some(place) = place(document, i) else {
            continue;
        };
        let range = element.start as usize..element.end as usize;
        let revealed = revealed.get_or_insert_with(|| Revealed {
            source: document.source.to_owned(),
            parts: Vec::new(),
        });
        let tag = range.start..element.inner as usize;
        match place {
            Place::Noscript | Place::Template => {
                shown = if place == Place::Noscript { range.end } else { tag.end };
                write_over(&mut revealed.source, tag, element.tag.name(), "div");
                let end_tag = document.source[range.clone()]
                    .rfind("</")
                    .map(|at| range.start + at..range.end);
                if let Some(end_tag) = end_tag.filter(|end_tag| end_tag.start >= element.inner as usize) {
                    write_over(&mut revealed.source, end_tag, element.tag.name(), "div");
                }
            }
            Place::ScriptState | Place::JsonLd => write_over(&mut revealed.source, tag, "hidden", "data-x"),
        }
        revealed.parts.push((range, place));
    }
    revealed
}

fn place(document: &Document<'_>, id: u32) -> Option<Place> {
    let element = &document.elements[id as usize];
    match element.tag {
        Tag::NOSCRIPT => is_text(document, id).then_some(Place::Noscript),
        Tag::TEMPLATE => document.attribute(id, "shadowrootmode").map(|_| Place::Template),
        Tag::DIV => {
            let [hidden, id] = document.attributes(id, ["hidden", "id"]);
            let number = id?.strip_prefix("S:")?;
            let is_segment = hidden.is_some() && number.bytes().all(|b| b.is_ascii_hexdigit());
            is_segment.then_some(Place::ScriptState)
        }
        _ => None,
    }
}

/// Whether a `noscript` holds text of the page that stands nowhere else, and no notice that scripts are needed.
fn is_text(document: &Document<'_>, noscript: u32) -> bool {
    let element = &document.elements[noscript as usize];
    let in_head = document
        .elements
        .get(element.parent as usize)
        .is_some_and(|e| e.tag == Tag::HEAD);
    let raw = document.raw_text(noscript);
    let least = if document.is_document { TEXT } else { 1 };
    if in_head || raw.len() < least as usize {
        return false;
    }
    let (mut characters, mut longest, mut skipped) = (0, "", 0);
    let mut text = String::new();
    for token in markup(raw) {
        match token {
            Markup::Start(tag) if is_unseen(tag.name()) => skipped += 1,
            Markup::End(name) if is_unseen(name) => skipped -= 1,
            Markup::Text(piece) if skipped <= 0 => {
                characters += document::visible_characters(piece);
                longest = if piece.len() > longest.len() { piece } else { longest };
                if characters < NO_NOTICE {
                    text.push_str(piece);
                }
            }
            _ => {}
        }
    }
    let is_notice = || {
        let text = text.to_lowercase();
        NOTICES.iter().any(|notice| text.contains(notice))
    };
    let stands_elsewhere = || {
        let is_shown = |at: usize| {
            let run = document.runs.partition_point(|run| run.end as usize <= at);
            document.runs.get(run).is_some_and(|run| run.start as usize <= at)
        };
        memmem::find_iter(document.source.as_bytes(), longest.trim()).any(is_shown)
    };
    characters >= least && (characters >= NO_NOTICE || !is_notice()) && !stands_elsewhere()
}

fn is_unseen(name: &[u8]) -> bool {
    [&b"style"[..], b"script", b"template", b"iframe"]
        .iter()
        .any(|unseen| name.eq_ignore_ascii_case(unseen))
}

/// Writes `new` over the first `old` of a tag, padded with spaces behind.
fn write_over(source: &mut String, tag: Range<usize>, old: &str, new: &str) {
    let found = source[tag.clone()].to_ascii_lowercase().find(old);
    if let Some(at) = found.map(|at| tag.start + at) {
        source.replace_range(at..at + old.len(), &format!("{new:0$}", old.len()));
    }
}

/// Visible characters of a text in a script from which on it may be an article.
const ARTICLE: u32 = 300;
/// How much longer it has to be than what the body has, and what the body has at most: a teaser.
const TIMES: u32 = 3;
const TEASER: u32 = 600;
/// Visible characters that say something.
const SENTENCE: u32 = 40;
/// Strings inside strings that are read: React's flight data writes JSON into one.
const LEVELS: usize = 2;

/// The document with the article behind it that one of its scripts holds, where little more than a teaser would be kept of its
/// body.
pub fn append(document: &Document<'_>, kept: &[Range<usize>]) -> Option<Revealed> {
    let characters: u32 = kept.iter().map(|range| visible_between(document, range)).sum();
    if characters > TEASER {
        return None;
    }
    let (length, html, place) = in_scripts(document)?;
    // What a script holds may be of another page, unless the body begins like it or says nothing.
    let is_of_page = || {
        let mut runs = kept.iter().flat_map(|range| runs_in(document, range));
        let first = runs
            .find(|run| run.characters >= SENTENCE)
            .map(|run| run.decode(&document.source[run.start as usize..run.end as usize]));
        first.is_some_and(|first| html.contains(first.trim()))
    };
    let is_teaser = place == Place::JsonLd || characters < SENTENCE || is_of_page();
    (is_teaser && length >= characters * TIMES).then(|| {
        let source = format!("{}\n<div>{html}</div>", document.source);
        Revealed {
            parts: vec![(document.source.len()..source.len(), place)],
            source,
        }
    })
}

/// The longest article that a script holds as a string, as HTML and with its visible characters: `articleBody` in JSON-LD, else whatever holds paragraphs in the
/// states of `__NEXT_DATA__`, Nuxt, Apollo and their like.
fn in_scripts(document: &Document<'_>) -> Option<(u32, String, Place)> {
    let scripts = (0..)
        .zip(&document.elements)
        .filter(|(_, element)| element.tag == Tag::SCRIPT);
    let mut best: Option<(u32, String, Place)> = None;
    for (id, _) in scripts {
        let is_data = document
            .attribute(id, "type")
            .is_some_and(|kind| kind.contains("ld+json"));
        let found = match is_data {
            true => article_body(document.raw_text(id)).map(|text| (text, Place::JsonLd)),
            false => markup_in(document.raw_text(id), LEVELS).map(|html| (html, Place::ScriptState)),
        };
        let Some((html, place)) = found else {
            continue;
        };
        let characters = characters_of(&html);
        if characters >= ARTICLE && best.as_ref().is_none_or(|(most, ..)| characters > *most) {
            best = Some((characters, html, place));
        }
    }
    best
}

/// Visible characters of markup.
fn characters_of(html: &str) -> u32 {
    let text = markup(html).filter_map(|token| match token {
        Markup::Text(text) => Some(document::visible_characters(text)),
        _ => None,
    });
    text.sum()
}

/// The longest `articleBody`, its lines as paragraphs where it is plain text.
fn article_body(script: &str) -> Option<String> {
    let bodies = memmem::find_iter(script.as_bytes(), b"\"articleBody\"").filter_map(|at| {
        let value = script[at + b"\"articleBody\"".len()..].trim_start().strip_prefix(':')?;
        decode(literals(value.trim_start()).next()?)
    });
    let body = bodies.max_by_key(String::len)?;
    // Some encode the markup, since it stands in HTML.
    let body = match body.contains("&lt;") {
        true => htmlize::unescape(&body).into_owned(),
        false => body,
    };
    if body.contains("</") || body.contains("<br") {
        return Some(body);
    }
    let paragraphs = body.lines().filter(|line| !line.trim().is_empty());
    Some(
        paragraphs
            .map(|line| format!("<p>{}</p>\n", htmlize::escape_text(line)))
            .collect(),
    )
}

/// The longest string of a script that holds paragraphs.
fn markup_in(script: &str, levels: usize) -> Option<String> {
    let holds_paragraphs = |text: &str| ["<p>", "<p ", "u003cp"].iter().any(|tag| text.contains(tag));
    if !holds_paragraphs(script) {
        return None;
    }
    let long = literals(script).filter(|literal| literal.len() >= ARTICLE as usize && holds_paragraphs(literal));
    let strings = long
        .filter_map(decode)
        .filter_map(|text| match text.trim_start().starts_with('<') {
            true => Some(text),
            false if levels > 1 => markup_in(&text, levels - 1),
            false => None,
        });
    strings.max_by_key(String::len)
}

/// The strings in double quotes, quotes included.
fn literals(script: &str) -> impl Iterator<Item = &str> {
    steps::count(script.len());
    let mut rest = script;
    std::iter::from_fn(move || {
        let start = memchr(b'"', rest.as_bytes())?;
        let mut end = start + 1;
        loop {
            end += memchr2(b'"', b'\\', rest.as_bytes().get(end..)?)?;
            match rest.as_bytes()[end] {
                b'"' => break,
                _ => end += 2,
            }
        }
        let literal = &rest[start..=end];
        rest = &rest[end + 1..];
        Some(literal)
    })
}

/// What a string of JSON says.
fn decode(literal: &str) -> Option<String> {
    serde_json::from_str(literal).ok()
}
