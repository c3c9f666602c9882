//! The pictures of an article, and which one stands for it.

use std::{collections::HashSet, ops::Range};

use serde::Serialize;

use crate::{
    engine::{Content, Links, Node, extract::units::pictures, html::tags::Tag},
    metadata::{
        Facts, Source, Sources,
        sources::head::{Head, Topic},
    },
    rules::FieldName,
    steps,
};

/// Bytes that the caption of one figure may take, once for each of its pictures.
const CAPTIONS_BYTES: usize = 64 << 10;

/// A picture in the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// Absolute where the document's URL is known.
    pub url: String,
    /// The text in its place.
    pub alt: Option<String>,
    /// The text below it.
    pub caption: Option<String>,
    /// As declared.
    pub width: Option<u32>,
    /// As declared.
    pub height: Option<u32>,
}

/// Services that make up a picture, and names that stand for none.
const PLACEHOLDERS: &[&str] = &[
    "picsum.photos",
    "placehold.it",
    "placehold.co",
    "placeholder.com",
    "via.placeholder",
    "loremflickr.com",
    "dummyimage.com",
    "/404.",
    "blank.gif",
    "spacer.gif",
];

pub(crate) fn decide(facts: &mut Facts, sources: &Sources<'_>, head: &Head) {
    facts.images = in_content(sources.content);
    let links = Links::new(sources.address.base.clone());
    let removed: HashSet<String> = removed_pictures(sources, &links).collect();
    let front = sources.page.front_matter.as_ref();
    let named = ["headimg", "image", "cover", "thumbnail", "feature_image"]
        .iter()
        .filter_map(|key| Some((front?.text(key)?, Source::FrontMatter)));
    // A feed that names a picture has chosen it: where that is an avatar or a placeholder, no other one stands for it.
    let is_named = named.clone().any(|(url, _)| !url.trim().is_empty());
    let by_rules = sources.fields.iter().filter(|field| field.name == FieldName::Image);
    let named = named.chain(by_rules.clone().map(|field| (field.value.as_str(), Source::Rule)));
    let stated = facts.stated_image.clone();
    let by_json_ld = stated.as_deref().map(|url| (url, Source::JsonLd));
    let named = named.chain(head.said(Topic::Image)).chain(by_json_ld);
    // An image that a rule dropped is not the article's, unless a rule names it.
    let is_placeholder = |url: &String| PLACEHOLDERS.iter().any(|name| url.contains(name));
    let chosen = named
        .filter_map(|(url, source)| Some((url, links.resolve(url)?, source)))
        .find(|(_, url, source)| !is_placeholder(url) && (*source == Source::Rule || !removed.contains(url)));
    if let Some((raw, url, source)) = chosen {
        facts.say("image", source, None);
        if let Some(field) = by_rules.clone().find(|field| field.value == raw) {
            facts.name_rule("image", &sources.rules.rules()[field.rule as usize].id);
        }
        facts.image = Some(url);
    } else if !is_named
        && let Some(picture) = facts
            .images
            .iter()
            .find(|p| !is_placeholder(&p.url) && !removed.contains(&p.url))
    {
        facts.image = Some(picture.url.clone());
        facts.say("image", Source::Html, None);
    }
}

fn in_content(content: &Content) -> Vec<Picture> {
    let mut pictures: Vec<Picture> = Vec::new();
    // The first picture of the open figure, its caption so far, and the last one that was read: of those pictures.
    let mut figure = 0;
    let mut caption: Option<String> = None;
    let mut read: (Range<usize>, String) = Default::default();
    for node in &content.nodes {
        steps::count(1);
        match node {
            Node::Open {
                tag: Tag::IMG,
                attributes,
            } => {
                let value = |name: &str| attributes.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone());
                let number = |name: &str| value(name)?.parse().ok();
                let Some(url) = value("src") else { continue };
                pictures.push(Picture {
                    url,
                    alt: value("alt"),
                    caption: None,
                    width: number("width"),
                    height: number("height"),
                });
            }
            Node::Open { tag: Tag::FIGURE, .. } => {
                give_caption(&mut pictures, std::mem::take(&mut read));
                figure = pictures.len();
            }
            Node::Open {
                tag: Tag::FIGCAPTION, ..
            } => caption = Some(String::new()),
            Node::Text(range) => {
                if let Some(caption) = &mut caption {
                    caption.push_str(&content.text[range.clone()]);
                }
            }
            Node::Close(Tag::FIGCAPTION) => {
                read = (figure..pictures.len(), caption.take().unwrap_or_default());
            }
            _ => {}
        }
    }
    give_caption(&mut pictures, read);
    pictures
}

/// Gives the pictures of a figure its caption: a long one to as many as it says little more of.
fn give_caption(pictures: &mut [Picture], (figure, caption): (Range<usize>, String)) {
    if caption.trim().is_empty() {
        return;
    }
    let most = (CAPTIONS_BYTES / caption.len()).max(1);
    for picture in pictures[figure].iter_mut().take(most) {
        steps::count(caption.len());
        picture.caption = Some(caption.clone());
    }
}

fn removed_pictures<'s>(sources: &'s Sources<'_>, links: &'s Links) -> impl Iterator<Item = String> + 's {
    let document = sources.document;
    let mut removed = sources.selection.removed.iter().peekable();
    let images = document
        .elements
        .iter()
        .enumerate()
        .filter(|(_, element)| element.tag == Tag::IMG);
    let gone = images.filter(move |(_, element)| {
        while removed
            .next_if(|removal| removal.range.end <= element.start as usize)
            .is_some()
        {}
        let by_rule = |reason| !matches!(reason, crate::engine::extract::reason::RemovalReason::Score(_));
        removed
            .peek()
            .is_some_and(|removal| removal.range.start <= element.start as usize && by_rule(removal.reason))
    });
    gone.filter_map(move |(i, _)| links.resolve(&pictures::source(document, i as u32)?))
}
