//! What the start tags beside an article say: elements that name people, and dates.

use std::sync::LazyLock;

use crate::{
    engine::{
        Document,
        html::{tags::Tag, tokens::StartTag},
    },
    metadata::Source,
    pattern::LiteralSet,
};

/// Ancestors that are asked whether they hold something else.
const ANCESTORS: usize = 12;

/// Bytes of the names of what is around that are looked at.
const NAME_BYTES: usize = 4096;

/// Names of what holds other articles, or what readers say of this one.
const ELSEWHERE: &[&str] = &[
    "comment",
    "related",
    "sidebar",
    "widget",
    "reply",
    "recommend",
    "teaser",
    "popular",
    "recent",
    "disqus",
    "most-read",
    "more-",
    "copyright",
    "todays-date",
    "today-date",
    "current-date",
];
/// How the class names of a page builder begin, which calls every part of a page a widget.
const BUILDER: &str = "elementor";
/// Names of what stands beside an author's name.
const BESIDE: &[&str] = &[
    "bio",
    "desc",
    "avatar",
    "image",
    "photo",
    "social",
    "count",
    "more",
    "link-list",
    "follow",
    "box",
    "about",
];

/// Attributes that name people and days.
const NAMING: &[&str] = &[
    "class",
    "id",
    "itemprop",
    "property",
    "rel",
    "data-testid",
    "data-component",
];
/// Attributes that only stand on what names a day.
const DATING: &[&str] = &["datetime", "pubdate"];

/// Class names of elements that name authors, beside those that hold `author`.
const WRITERS: &[&str] = &[
    "autor",
    "auteur",
    "writer",
    "verfasser",
    "redakteur",
    "reporter",
    "journalist",
    "vcard",
    "contributor",
    "username",
    "user-name",
    "postuser",
    "poster",
    "nickname",
    "screen-name",
    "member-name",
    "wrote",
    "written-by",
    "written_by",
];
/// With those, the parts of an attribute without which nothing is read of a start tag.
const NAMES: &[&str] = &[
    "author",
    "byline",
    "by-line",
    "creator",
    "date",
    "datum",
    "fecha",
    "publi",
    "posted",
    "submitted",
    "time",
    "meta",
    "info",
    "source",
    "stand",
    "written",
];
static NAMED: LazyLock<LiteralSet> = LazyLock::new(|| LiteralSet::fixed(NAMES.iter().chain(WRITERS).copied()));

/// Whether a value is a moment: in ISO 8601 or in seconds since 1970.
fn is_moment(value: &str) -> bool {
    let is_new = value.starts_with("20") || value.starts_with("19");
    is_new && value.len() >= 16 && crate::metadata::dates::parse(value).is_some()
        || value.starts_with('1') && crate::metadata::dates::unix(value).is_some()
}

/// Whether a start tag may name people or a day.
pub(crate) fn may_name(tag: StartTag<'_>) -> bool {
    let is_of = |own: &[&str], name: &[u8]| own.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(name));
    tag.attributes()
        .any(|(name, value)| is_of(NAMING, name) && NAMED.are_in(value) || is_of(DATING, name))
}

/// How markup says that an element names authors, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ElementHint {
    /// `itemprop`.
    Schema,
    /// `property`.
    Rdfa,
    /// `rel="author"`.
    Rel,
    /// A class or an id that says author or byline.
    Author,
    /// One that says it in other words.
    Writer,
    /// A link to a page about a person.
    Link,
}

impl ElementHint {
    pub(crate) fn source(self) -> Source {
        match self {
            ElementHint::Schema => Source::Microdata,
            ElementHint::Rdfa => Source::Rdfa,
            _ => Source::Html,
        }
    }
}

/// Parts of the addresses of pages about people.
const PEOPLE: &[&str] = &[
    "/author/",
    "/authors/",
    "/auteur/",
    "/auteurs/",
    "/autor/",
    "/autores/",
    "/autoren/",
    "/autori/",
    "/autore/",
    "/by/",
    "/byline/",
    "/people/",
    "/person/",
    "/profile/",
    "/profiles/",
    "/profil/",
    "/user/",
    "/users/",
    "/u/",
    "/member/",
    "/members/",
    "/contributor/",
    "/contributors/",
    "/writer/",
    "/writers/",
    "/reporter/",
    "/reporters/",
    "/journalist/",
    "/journalists/",
    "/journaliste/",
    "/redakteur/",
    "/columnist/",
    "/columnists/",
    "/staff/",
    "/team/",
    "/expert/",
    "/experts/",
    "/blogger/",
    "/bloggers/",
    "/author?",
    "?author=",
    "&author=",
    "action=profile",
    "/our-team/",
    "/bio/",
    "/bios/",
    "/editor/",
    "/editors/",
];
static PEOPLE_IN_PATHS: LazyLock<LiteralSet> = LazyLock::new(|| LiteralSet::fixed(PEOPLE.iter().copied()));

/// Whether a link leads to a page about a person.
pub(crate) fn leads_to_person(document: &Document<'_>, id: u32) -> bool {
    let Some(href) = document
        .attribute(id, "href")
        .filter(|href| PEOPLE_IN_PATHS.are_in(href.as_bytes()))
    else {
        return false;
    };
    // A page that lists all authors is about none of them.
    let behind = |part: &&str| href.find(*part).map(|at| &href[at + part.len()..]);
    let is_page =
        |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '@' | '=' | ';' | '&' | '%'));
    PEOPLE.iter().filter_map(behind).any(is_page)
}

/// What the attributes of one element say.
#[derive(Default)]
pub(crate) struct ElementHints<'a> {
    /// Class, id and the like, in lower case.
    pub(crate) names: String,
    microdata: &'a str,
    rdfa: &'a str,
    rel: &'a str,
    pub(crate) datetime: Option<&'a str>,
    /// Of old, `abbr` has the date in its title.
    pub(crate) title: Option<&'a str>,
    is_pubdate: bool,
}

impl<'a> ElementHints<'a> {
    pub(crate) fn read(document: &Document<'a>, id: u32) -> Self {
        let mut hints = ElementHints::default();
        for (name, value) in document.start_tag(id).attributes() {
            let Some(value) = document.as_text(value) else {
                continue;
            };
            if [&b"class"[..], b"id", b"data-testid", b"data-component"]
                .iter()
                .any(|own| name.eq_ignore_ascii_case(own))
            {
                hints.names.push_str(&value.to_ascii_lowercase());
                hints.names.push(' ');
            } else if name.eq_ignore_ascii_case(b"itemprop") {
                hints.microdata = value;
            } else if name.eq_ignore_ascii_case(b"property") {
                hints.rdfa = value.rsplit(':').next().unwrap_or(value);
            } else if name.eq_ignore_ascii_case(b"rel") {
                hints.rel = value;
            } else if name.eq_ignore_ascii_case(b"datetime") || name.eq_ignore_ascii_case(b"content") {
                hints.datetime = Some(value);
            } else if name.eq_ignore_ascii_case(b"title") {
                hints.title = Some(value);
            } else if name.len() > 5
                && name[..5].eq_ignore_ascii_case(b"data-")
                && hints.datetime.is_none()
                && is_moment(value)
            {
                hints.datetime = Some(value);
            } else if name.eq_ignore_ascii_case(b"pubdate") {
                hints.is_pubdate = true;
            }
        }
        hints
    }

    fn has(&self, parts: &[&str]) -> bool {
        parts.iter().any(|part| self.names.contains(part))
    }

    pub(crate) fn names_people(&self) -> Option<ElementHint> {
        let is_maker = |names: &str| {
            names
                .split_ascii_whitespace()
                .any(|name| matches!(name, "author" | "creator"))
        };
        if is_maker(self.microdata) {
            return Some(ElementHint::Schema);
        }
        if is_maker(self.rdfa) {
            return Some(ElementHint::Rdfa);
        }
        if self
            .rel
            .split_ascii_whitespace()
            .any(|rel| rel.eq_ignore_ascii_case("author"))
        {
            return Some(ElementHint::Rel);
        }
        if self.has(BESIDE) {
            return None;
        }
        if self.has(&["author", "byline", "by-line"]) {
            return Some(ElementHint::Author);
        }
        self.has(WRITERS).then_some(ElementHint::Writer)
    }

    pub(crate) fn names_a_day(&self, tag: Tag) -> Option<(u8, Source)> {
        let is = |names: &str, known: &[&str]| names.split_ascii_whitespace().any(|name| known.contains(&name));
        if is(self.microdata, &["datePublished"]) {
            return Some((6, Source::Microdata));
        }
        if is(self.microdata, &["dateCreated"]) {
            return Some((5, Source::Microdata));
        }
        if is(self.rdfa, &["datePublished", "created", "issued", "date"]) {
            return Some((6, Source::Rdfa));
        }
        let is_change = is(self.microdata, &["dateModified"]) || self.has(&["updated", "modified"]);
        if tag == Tag::TIME {
            let strength = match is_change {
                _ if self.is_pubdate || self.has(&["publi"]) => 5,
                true => 2,
                false => 4,
            };
            return Some((strength, Source::Html));
        }
        let strong = [
            "date",
            "publi",
            "posted",
            "submitted",
            "pubtime",
            "datum",
            "fecha",
            "timestamp",
        ];
        if self.has(&strong) {
            return Some((if is_change && !self.has(&["publi"]) { 2 } else { 3 }, Source::Html));
        }
        let weak = ["time", "meta", "info", "source", "byline", "author", "stand"];
        self.has(&weak).then_some((2, Source::Html))
    }
}

/// Whether an element stands in a quotation, or in what readers say of the article.
pub(crate) fn is_of_others(document: &Document<'_>, mut id: u32) -> bool {
    let all = document.characters_before.last().copied().unwrap_or_default();
    for _ in 0..ANCESTORS {
        let Some(element) = document.elements.get(id as usize) else {
            return false;
        };
        let is_comment = || {
            let names = document
                .attribute(id, "class")
                .unwrap_or_default()
                .split_ascii_whitespace();
            let mut names = names.chain(document.attribute(id, "id"));
            names.any(|name| {
                [
                    "comment",
                    "comments",
                    "comment-list",
                    "commentlist",
                    "disqus_thread",
                    "respond",
                ]
                .contains(&name)
            })
        };
        if document.characters(id) * 2 < all && (element.tag == Tag::BLOCKQUOTE || is_comment()) {
            return true;
        }
        id = element.parent;
    }
    false
}

/// Whether an element is of an item that answers the article: a comment, a review.
pub(crate) fn is_in_answer(document: &Document<'_>, mut id: u32) -> bool {
    for _ in 0..ANCESTORS {
        let Some(element) = document.elements.get(id as usize) else {
            return false;
        };
        let roles = document.attribute(id, "itemprop").unwrap_or_default();
        let mut roles = roles.split_ascii_whitespace();
        if roles.any(|role| matches!(role, "comment" | "acceptedAnswer" | "suggestedAnswer" | "review")) {
            return true;
        }
        id = element.parent;
    }
    false
}

/// Whether an element stands among what is not the article.
pub(crate) fn is_elsewhere(document: &Document<'_>, mut id: u32) -> bool {
    for _ in 0..ANCESTORS {
        let Some(element) = document.elements.get(id as usize) else {
            return false;
        };
        match element.tag {
            Tag::BODY | Tag::HTML => return false,
            // Who took a picture has not written the article, and what is quoted was said elsewhere.
            Tag::FIGURE | Tag::FIGCAPTION | Tag::BLOCKQUOTE => return true,
            _ => {}
        }
        let says = |name: &str| {
            let value = document.attribute(id, name).unwrap_or_default();
            let value = value[..value.floor_char_boundary(NAME_BYTES)].to_ascii_lowercase();
            let holds = |text: &str| ELSEWHERE.iter().any(|part| text.contains(part));
            holds(&value)
                && value
                    .split_ascii_whitespace()
                    .any(|name| !name.starts_with(BUILDER) && holds(name))
        };
        // What holds half of the page holds the article too, whatever it is called.
        let is_small = document.characters(id) * 2 < document.characters_before.last().copied().unwrap_or_default();
        if is_small && (element.tag == Tag::NAV || says("class") || says("id")) {
            return true;
        }
        id = element.parent;
    }
    false
}
