//! What a page says of its article in JSON-LD, with the words of schema.org.
//!
//! Publishers write it by template, and templates break it: a newline or a quotation mark inside a string, a comma too
//! many, a comment around the whole. Such a block is mended and read once more; what is still no JSON says nothing.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use super::json_values::{JsonObject, JsonValue, THINGS, clean, parse};
use crate::{
    metadata::{Author, titles::TITLE_BYTES},
    steps,
};

/// Pictures of one thing that are asked for their address.
const PICTURES: usize = 8;

/// Bytes of all blocks that are read: articles whose text stands in them once more are tens of kilobytes.
const BLOCKS_BYTES: usize = 512 * 1024;

/// The types of schema.org that are an article, beside those that end in `Article`.
const ARTICLES: &[&str] = &[
    "BlogPosting",
    "LiveBlogPosting",
    "SocialMediaPosting",
    "DiscussionForumPosting",
    "Report",
    "Recipe",
    "Review",
    "HowTo",
];

/// The types that are the page around it.
const PAGES: &[&str] = &["WebPage", "ItemPage", "AboutPage", "FAQPage", "MedicalWebPage"];

/// The types that have authors and dates of their own, and are no article.
const OTHERS: &[&str] = &[
    "WebPage",
    "WebSite",
    "VideoObject",
    "ImageObject",
    "AudioObject",
    "PodcastEpisode",
    "Comment",
    "Product",
    "Event",
    "Book",
];

/// What JSON-LD says of an article.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ArticleData {
    pub(crate) headline: Option<String>,
    pub(crate) subtitle: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) authors: Vec<Author>,
    /// Whether the authors are said to be people, and not merely called so.
    pub(crate) are_people: bool,
    /// Whether they are said to be organizations.
    pub(crate) are_bodies: bool,
    pub(crate) published: Option<String>,
    pub(crate) modified: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) publisher: Option<String>,
    pub(crate) image: Option<String>,
    /// The sections that it stands in, the first one first.
    pub(crate) sections: Vec<String>,
    pub(crate) keywords: Vec<String>,
}

/// Reads the blocks of a page, and chooses the article that the page is about: of several the one that the page's title
/// names, since lists of other articles stand in the same form.
pub(crate) fn read(blocks: &[&str], title: Option<&str>) -> Option<ArticleData> {
    let mut left = BLOCKS_BYTES;
    let mut things = Vec::new();
    for block in blocks {
        let block = block.trim();
        let Some(rest) = left.checked_sub(block.len()) else {
            continue;
        };
        left = rest;
        if let Some(value) = parse(block) {
            flatten(value, &mut things);
        }
    }
    let is_article = |thing: &&JsonObject| thing.is(|name| name.ends_with("Article") || ARTICLES.contains(&name));
    let mut articles = things.iter().filter(is_article).peekable();
    let first = articles.peek().copied();
    let named = title.filter(|title| title.len() <= TITLE_BYTES).and_then(|title| {
        let title = letters(title);
        articles.find(|thing| {
            let headline = thing.text(&["headline", "name"]).map(|text| letters(&text));
            headline.is_some_and(|headline| !headline.is_empty() && title.contains(&headline))
        })
    });
    // A type of the publisher's own is an article all the same if it has the properties of one.
    let kin = || {
        let has = |thing: &&JsonObject, name: &str| thing.get(name).is_some();
        let mut kin = things.iter().filter(|thing| !thing.is(|name| OTHERS.contains(&name)));
        kin.find(|thing| has(thing, "headline") || (has(thing, "author") && has(thing, "datePublished")))
    };
    let article = named.or(first).or_else(kin);
    let by_id = by_id(&things);
    let page = things.iter().find(|thing| thing.is(|name| PAGES.contains(&name)));
    let mut article_data = article.map(|article| article.describe(&by_id)).unwrap_or_default();
    article_data.image = article.and_then(|article| article.picture(&things));
    if let Some(page) = page {
        let date = |name: &str| page.text(&[name]);
        article_data.published = article_data.published.or_else(|| date("datePublished"));
        article_data.modified = article_data.modified.or_else(|| date("dateModified"));
        if article_data.authors.is_empty() {
            let said = page.describe(&by_id);
            (article_data.authors, article_data.are_people) = (said.authors, said.are_people);
            article_data.are_bodies = said.are_bodies;
        }
    }
    (article_data != ArticleData::default()).then_some(article_data)
}

/// Letters and digits alone, to know a title again.
pub(crate) fn letters(text: &str) -> String {
    steps::count(text.len());
    let mut letters = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            letters.push(c.to_ascii_lowercase());
        } else if !c.is_ascii() && c.is_alphanumeric() {
            letters.extend(c.to_lowercase());
        }
    }
    letters
}

/// Puts the things that a block is about beside one another: those of its lists and graphs, and what a page is about.
fn flatten(value: JsonValue, things: &mut Vec<JsonObject>) {
    match value {
        JsonValue::List(items) => items.into_iter().for_each(|item| flatten(item, things)),
        JsonValue::Thing(mut thing) if things.len() < THINGS => {
            let inner = ["@graph", "mainEntity", "mainEntityOfPage"].map(|name| thing.take(name));
            things.push(thing);
            inner.into_iter().flatten().for_each(|value| flatten(value, things));
        }
        _ => {}
    }
}

impl JsonObject {
    /// The address of its picture: said at once, of a thing that is one, or of one elsewhere on the page.
    fn picture(&self, things: &[JsonObject]) -> Option<String> {
        let own = |thing: &JsonObject| ["url", "contentUrl"].iter().find_map(|name| address(thing.get(name)?));
        let referred = |thing: &JsonObject| {
            let Some(JsonValue::Text(id)) = thing.get("@id") else {
                return None;
            };
            let is_it = |other: &&JsonObject| matches!(other.get("@id"), Some(JsonValue::Text(own)) if own == id);
            things.iter().filter(is_it).find_map(own)
        };
        let of = |value: &JsonValue| {
            let mut items = value.items().iter().take(PICTURES);
            items.find_map(|item| match item {
                JsonValue::Text(text) => clean(text),
                JsonValue::Thing(thing) => own(thing).or_else(|| referred(thing)),
                _ => None,
            })
        };
        ["image", "primaryImageOfPage", "thumbnailUrl"]
            .iter()
            .find_map(|name| of(self.get(name)?))
    }

    fn describe(&self, things: &ById<'_>) -> ArticleData {
        let makers = ["author", "creator"].iter().find_map(|name| self.get(name));
        let makers: Vec<&JsonValue> = makers.map(JsonValue::items).unwrap_or_default().iter().collect();
        let mut article_data = ArticleData {
            headline: self.text(&["headline", "name"]),
            subtitle: self.text(&["alternativeHeadline"]),
            license: self.get("license").and_then(address),
            authors: Vec::new(),
            are_people: false,
            are_bodies: false,
            published: self.text(&["datePublished", "dateCreated"]),
            modified: self.text(&["dateModified"]),
            description: self.text(&["description"]),
            publisher: self
                .get("publisher")
                .and_then(|value| named(value, things)?.text(&["name"])),
            image: None,
            sections: self.get("articleSection").map(texts).unwrap_or_default(),
            keywords: self.get("keywords").map(keywords).unwrap_or_default(),
        };
        let is_of =
            |maker: &JsonValue, name: &str| named(maker, things).is_some_and(|thing| thing.is(|own| own == name));
        article_data.are_people = makers.iter().any(|maker| is_of(maker, "Person"));
        // Where a person is named, an organization beside them has published it.
        let people = makers
            .iter()
            .copied()
            .filter(|maker| !article_data.are_people || !is_of(maker, "Organization"));
        // Many may refer to one object, which is described once.
        let mut known: HashSet<*const JsonObject, FixedState> = HashSet::default();
        for maker in people {
            steps::count(1);
            let thing = named(maker, things);
            if thing.is_some_and(|thing| !known.insert(thing)) {
                continue;
            }
            article_data.are_bodies |= is_of(maker, "Organization") || is_of(maker, "NewsMediaOrganization");
            let full = |thing: &JsonObject| {
                let names = ["givenName", "familyName"].map(|name| thing.text(&[name]).unwrap_or_default());
                thing.text(&["name"]).or_else(|| clean(&names.join(" ")))
            };
            let name = match maker {
                JsonValue::Text(text) => clean(text),
                _ => thing.and_then(|thing| {
                    let name = full(thing)?;
                    let whole = thing.text(&["description"]).and_then(|text| whole_name(&name, &text));
                    Some(whole.unwrap_or(name))
                }),
            };
            article_data.authors.extend(name.map(|name| {
                Author {
                    name,
                    url: thing
                        .and_then(|thing| thing.text(&["url"]))
                        .filter(|url| url.starts_with("http")),
                }
            }));
        }
        article_data
    }
}

/// The whole name of a person who is called by the first one, if what is said of them begins with it.
fn whole_name(first: &str, description: &str) -> Option<String> {
    let last = description.strip_prefix(first)?.strip_prefix(' ')?.split(' ').next()?;
    let is_name = !first.contains(' ')
        && last.starts_with(char::is_uppercase)
        && last.chars().skip(1).all(|c| c.is_lowercase() || c == '-');
    is_name.then(|| format!("{first} {last}"))
}

/// The things of a page that have a name, by their `@id`.
type ById<'a> = HashMap<&'a str, &'a JsonObject>;

fn by_id(things: &[JsonObject]) -> ById<'_> {
    let named = things.iter().filter(|thing| thing.get("name").is_some());
    let ids = named.filter_map(|thing| match thing.get("@id") {
        Some(JsonValue::Text(id)) => Some((id.as_str(), thing)),
        _ => None,
    });
    // Of several that share one, the first counts.
    ids.rev().collect()
}

/// The thing that a value is, or the one elsewhere on the page that it refers to by `@id`.
fn named<'a>(value: &'a JsonValue, things: &ById<'a>) -> Option<&'a JsonObject> {
    let thing = value.items().iter().find_map(|item| match item {
        JsonValue::Thing(thing) => Some(thing),
        _ => None,
    })?;
    match (thing.get("name"), thing.get("@id")) {
        (None, Some(JsonValue::Text(id))) => things.get(id.as_str()).copied(),
        _ => Some(thing),
    }
}

/// The address of a picture: itself, or of a thing that is one.
fn address(value: &JsonValue) -> Option<String> {
    match value {
        JsonValue::Text(text) => clean(text),
        JsonValue::List(items) => items.iter().find_map(address),
        JsonValue::Thing(thing) => thing.get("url").and_then(address),
        JsonValue::Nothing => None,
    }
}

fn texts(value: &JsonValue) -> Vec<String> {
    value.items().iter().filter_map(JsonValue::text).collect()
}

fn keywords(value: &JsonValue) -> Vec<String> {
    let words = value.items().iter().filter_map(JsonValue::text);
    match value {
        JsonValue::Text(text) => text.split([',', '，', ';']).filter_map(clean).collect(),
        _ => words.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(block: &str) -> ArticleData {
        read(&[block], None).unwrap_or_else(|| panic!("{block}"))
    }

    fn names(article_data: &ArticleData) -> Vec<&str> {
        article_data.authors.iter().map(|author| author.name.as_str()).collect()
    }

    #[test]
    fn reads_an_article() {
        let article_data = one(
            r#"{"@context":"https://schema.org","@type":["NewsArticle"],"headline":"Ein &amp; alles","author":[{"@type":"Person","name":"Ada","url":"https://example.org/ada"},"Bea"],
            "datePublished":"2020-05-12T08:00:00+02:00","dateModified":"2020-05-13","publisher":{"@type":"Organization","name":"Blatt"},"image":[{"url":"https://example.org/a.jpg"}],
            "articleSection":["Politik"],"keywords":"a, b","articleBody":{"deep":[1,2.5,-1,true,null]},"description":"Worum es geht"}"#,
        );
        assert_eq!(article_data.headline.as_deref(), Some("Ein & alles"));
        assert_eq!(names(&article_data), ["Ada", "Bea"]);
        assert!(article_data.are_people);
        assert_eq!(article_data.authors[0].url.as_deref(), Some("https://example.org/ada"));
        assert_eq!(article_data.published.as_deref(), Some("2020-05-12T08:00:00+02:00"));
        assert_eq!(article_data.modified.as_deref(), Some("2020-05-13"));
        assert_eq!(article_data.publisher.as_deref(), Some("Blatt"));
        assert_eq!(article_data.image.as_deref(), Some("https://example.org/a.jpg"));
        assert_eq!(article_data.sections, ["Politik"]);
        assert_eq!(article_data.keywords, ["a", "b"]);
        assert_eq!(article_data.description.as_deref(), Some("Worum es geht"));
    }

    #[test]
    fn finds_the_article_among_other_things() {
        let graph = r##"{"@graph":[{"@type":"WebSite","name":"Site"},{"@type":"WebPage","datePublished":"2020-01-01"},
            {"@type":"http://schema.org/BlogPosting","headline":"One","author":{"@id":"#p"},"publisher":{"@id":"#o"}},
            {"@type":"Person","@id":"#p","givenName":"","name":"Ada"},{"@type":"Organization","@id":"#o","name":"Blatt"}]}"##;
        let article_data = one(graph);
        assert_eq!(article_data.headline.as_deref(), Some("One"));
        assert_eq!(names(&article_data), ["Ada"]);
        assert_eq!(article_data.published.as_deref(), Some("2020-01-01"));
        assert_eq!(article_data.publisher.as_deref(), Some("Blatt"));
        let page = r#"{"@type":"WebPage","mainEntity":{"@type":"Recipe","name":"Soup","author":{"@type":"Person","givenName":"Ada","familyName":"B"}}}"#;
        assert_eq!(one(page).headline.as_deref(), Some("Soup"));
        assert_eq!(names(&one(page)), ["Ada B"]);
    }

    #[test]
    fn a_first_name_is_made_whole_by_what_is_said_of_the_person() {
        let of = |description: &str| {
            let author = format!(r#"{{"@type":"Person","name":"Ada","description":"{description}"}}"#);
            let block = format!(r#"{{"@type":"Article","headline":"One","author":{author}}}"#);
            names(&one(&block)).join(",")
        };
        assert_eq!(of("Ada Lane ist freie Autorin."), "Ada Lane");
        assert_eq!(of("Ada ist freie Autorin."), "Ada");
        assert_eq!(of("Ada schreibt. Ada Lane"), "Ada");
    }

    #[test]
    fn a_person_who_is_referred_to_twice_is_named_once() {
        let graph = r##"[{"@type":"Article","headline":"One","author":[{"@id":"#p"},{"@id":"#p"},{"@id":"#q"}]},
            {"@type":"Person","@id":"#p","name":"Ada"},{"@type":"Person","@id":"#p","name":"Eve"},{"@id":"#q","name":"Bo"}]"##;
        assert_eq!(names(&one(graph)), ["Ada", "Bo"]);
    }

    #[test]
    fn of_several_articles_the_one_that_the_title_names() {
        let blocks = [
            r#"[{"@type":"Article","headline":"Another"},{"@type":"Article","headline":"The one, really"}]"#,
            r#"{"@type":"Organization","name":"Blatt"}"#,
        ];
        let read = |title| read(&blocks, title).and_then(|article_data| article_data.headline);
        assert_eq!(
            read(Some("The one – really | Blatt")).as_deref(),
            Some("The one, really")
        );
        assert_eq!(read(None).as_deref(), Some("Another"));
    }

    #[test]
    fn mends_what_templates_break() {
        for block in [
            "<!-- {\"@type\":\"Article\",\"headline\":\"a b\"} -->",
            "//<![CDATA[\n{\"@type\":\"Article\",\"headline\":\"a b\"}\n//]]>",
            "{\"@type\":\"Article\",\"headline\":\"a\nb\"}",
            "{\"@type\":\"Article\",\"headline\":\"a b\",}",
            "{\"@type\":\"Article\",\"keywords\":[\"x\",],\"headline\":\"a b\"};",
            "{\"@type\":\"Article\",,\"headline\":\"a b\"}",
            "{&quot;@type&quot;:&quot;Article&quot;,&quot;headline&quot;:&quot;a b&quot;}",
        ] {
            assert_eq!(one(block).headline.as_deref(), Some("a b"), "{block}");
        }
        let quoted = one(r#"{"@type":"Article","headline":"He said "yes" and \' left"}"#);
        assert_eq!(quoted.headline.as_deref(), Some(r#"He said "yes" and ' left"#));
    }

    #[test]
    fn what_says_nothing_is_nothing() {
        for block in [
            "",
            "{",
            "[]",
            "null",
            "7",
            "{\"@type\":\"Person\",\"name\":\"Ada\"}",
            "{\"@type\":7}",
        ] {
            assert_eq!(read(&[block], None), None, "{block}");
        }
        let deep = "[".repeat(100_000);
        let wide = format!("[{}{{}}]", "{},".repeat(100_000));
        assert_eq!(read(&[&deep, &wide], None), None);
        let long = format!(
            "{{\"@type\":\"Article\",\"headline\":\"{}\"}}",
            "a".repeat(BLOCKS_BYTES)
        );
        assert_eq!(read(&[&long], None), None);
    }
}
