//! The headings of a page: what each says as a title, and which of them only names the site.

use std::ops::Range;

use url::Url;

use crate::{
    engine::{Document, html::tags::Tag},
    metadata::sources::{json_ld::letters, visible},
};

/// Headings that are compared with the title.
const HEADINGS: usize = 24;

/// Elements inside of a heading that are looked at.
const INSIDE: usize = 16;

/// Borders inside of a heading that part it.
const PIECES: usize = 4;

/// Letters of a title at least.
const TITLE_LETTERS: usize = 4;

/// Names of what stands inside of a heading in front of the title: the line above it, a section, a label, what only
/// screen readers say.
const KICKERS: &[&str] = &[
    "kicker",
    "dachzeile",
    "overline",
    "topline",
    "toptitle",
    "top-title",
    "subtitle",
    "sub-title",
    "subline",
    "subhead",
    "sub-head",
    "superheadline",
    "supertitle",
    "eyebrow",
    "pretitle",
    "pre-title",
    "titleheader",
    "spitzmarke",
    "rubrik",
    "surtitre",
    "volanta",
    "antetitulo",
    "occhiello",
    "topic",
    "label",
    "section",
    "category",
    "hidden",
    "sr-only",
    "screen-reader",
];

/// Names of headings that stand over what readers say, or over other articles.
const READERS: &[&str] = &["comment", "respond", "replies", "reply-title", "related"];

/// What parts a title from the line in front of it.
const BORDERS: &[char] = &[' ', ':', '：', '-', '–', '—', '|', '/', '·', '•', '»', '\u{a0}'];

/// One heading of the first two ranks.
#[derive(Debug)]
pub(crate) struct Heading {
    pub(crate) element: u32,
    /// Without what stands inside of it in front of the title.
    pub(crate) text: String,
    /// What its markup makes of it, in letters alone: all up to an element inside of it, and all from there on.
    pub(crate) pieces: Vec<String>,
    /// Of the first rank.
    pub(crate) is_first: bool,
    /// It leads to the start of the site: it is the site's name.
    pub(crate) leads_home: bool,
}

/// Those that say something, in document order.
pub(crate) fn read(document: &Document<'_>, ids: &[u32], base: Option<&Url>) -> Vec<Heading> {
    let names =
        |id: u32| ["class", "id"].map(|name| document.attribute(id, name).unwrap_or_default().to_ascii_lowercase());
    let is_of_readers = |id: &&u32| {
        let parent = document.elements[**id as usize].parent;
        let around = [**id, parent]
            .into_iter()
            .filter(|id| (*id as usize) < document.elements.len());
        around
            .flat_map(names)
            .any(|names| READERS.iter().any(|name| names.contains(name)))
    };
    let headings = ids
        .iter()
        .filter(|id| document.elements[**id as usize].tag == Tag::H1 || !is_of_readers(id));
    let headings = headings.map(|id| {
        let (text, runs) = text(document, *id);
        Heading {
            element: *id,
            text,
            pieces: pieces(document, runs),
            is_first: document.elements[*id as usize].tag == Tag::H1,
            leads_home: leads_home(document, *id, base),
        }
    });
    headings
        .filter(|heading| !heading.text.is_empty())
        .take(HEADINGS)
        .collect()
}

/// What a heading says, and the runs of text that say it.
fn text(document: &Document<'_>, id: u32) -> (String, Range<u32>) {
    let heading = &document.elements[id as usize];
    let mut from = heading.first_run;
    for inside in (id + 1..heading.next).take(INSIDE) {
        let is_blank = |run: &u32| document.runs[*run as usize].characters == 0;
        from = (from..heading.next_run)
            .find(|run| !is_blank(run))
            .unwrap_or(heading.next_run);
        let element = &document.elements[inside as usize];
        if (element.first_run..element.next_run).contains(&from) && is_kicker(document, inside) {
            from = element.next_run;
        }
    }
    let behind = visible::text_of_runs(document, from..heading.next_run);
    let title = behind.trim_start_matches(BORDERS);
    if from > heading.first_run && letters(title).chars().count() >= TITLE_LETTERS {
        return (without_hyphens(title), from..heading.next_run);
    }
    let all = heading.first_run..heading.next_run;
    (without_hyphens(&visible::text_of_runs(document, all.clone())), all)
}

fn pieces(document: &Document<'_>, runs: Range<u32>) -> Vec<String> {
    let shown: Vec<u32> = runs
        .clone()
        .filter(|run| document.runs[*run as usize].characters > 0)
        .take(PIECES + 1)
        .collect();
    let borders = shown.get(1..).unwrap_or_default().iter();
    borders
        .flat_map(|border| [runs.start..*border, *border..runs.end])
        .map(|piece| letters(&visible::text_of_runs(document, piece)))
        .filter(|piece| piece.chars().count() >= TITLE_LETTERS)
        .collect()
}

fn is_kicker(document: &Document<'_>, id: u32) -> bool {
    ["class", "data-test-id"].iter().any(|name| {
        let names = document.attribute(id, name).map(str::to_ascii_lowercase);
        names.is_some_and(|names| KICKERS.iter().any(|kicker| names.contains(kicker)))
    })
}

/// Without the hyphens that only show where a line is broken, and blanks of no width.
pub(crate) fn without_hyphens(text: &str) -> String {
    text.replace(['\u{ad}', '\u{200b}', '\u{feff}'], "")
}

/// Whether a link to the first page of the site holds the heading, or all of its text.
fn leads_home(document: &Document<'_>, id: u32, base: Option<&Url>) -> bool {
    let heading = &document.elements[id as usize];
    let is_whole = |link: &u32| {
        let link = &document.elements[*link as usize];
        link.tag == Tag::A
            && document.characters_before[link.first_run as usize]
                == document.characters_before[heading.first_run as usize]
            && document.characters_before[link.next_run as usize]
                == document.characters_before[heading.next_run as usize]
    };
    let around =
        Some(heading.parent).filter(|parent| document.elements.get(*parent as usize).is_some_and(|e| e.tag == Tag::A));
    let mut links = (id + 1..heading.next).take(INSIDE).filter(is_whole).chain(around);
    links.any(|link| {
        document
            .attribute(link, "href")
            .is_some_and(|href| is_home(href.trim(), base))
    })
}

/// Archives put their own address in front of the whole one.
fn is_home(href: &str, base: Option<&Url>) -> bool {
    let home = ["", "index.html", "index.htm", "index.php"];
    match href.rsplit_once("://") {
        Some((_, rest)) => rest.split_once('/').is_none_or(|(_, path)| home.contains(&path)),
        None => {
            let joined = base.and_then(|base| base.join(href).ok());
            let path = joined.as_ref().map_or(href, |url| url.path());
            !href.is_empty()
                && !href.starts_with('#')
                && joined.as_ref().is_none_or(|url| url.query().is_none())
                && path.strip_prefix('/').is_some_and(|path| home.contains(&path))
        }
    }
}

#[cfg(test)]
impl Heading {
    /// One without markup.
    pub(crate) fn of(text: &str) -> Self {
        Heading {
            element: 0,
            text: text.to_owned(),
            pieces: Vec::new(),
            is_first: true,
            leads_home: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_home_in_every_form() {
        let base = Url::parse("https://blatt.example/a/b.html").ok();
        for href in [
            "/",
            "https://blatt.example",
            "https://blatt.example/",
            "/index.php",
            "https://archive.example/web/2014/http://blatt.example/",
        ] {
            assert!(is_home(href, base.as_ref()), "{href}");
        }
        for href in ["", "#top", "/politik/", "https://blatt.example/a", "b.html", "/?page=2"] {
            assert!(!is_home(href, base.as_ref()), "{href}");
        }
        assert!(is_home("/", None));
    }

    #[test]
    fn hyphens_that_are_not_shown_go() {
        assert_eq!(without_hyphens("Er\u{ad}in\u{ad}ne\u{ad}rung"), "Erinnerung");
    }
}
