//! The title of an article: what is said of it compared, and the site's name taken off.

pub(crate) mod headings;

use std::{collections::BTreeSet, ops::Range, sync::LazyLock};

use aho_corasick::AhoCorasick;

use super::{Source, sources::json_ld::letters};
use headings::Heading;

/// What stands between a title and the name of the site, or of its section.
const BORDERS: &[&str] = &[
    " | ", " - ", " – ", " — ", " :: ", " » ", " « ", " · ", " • ", " ⋆ ", " ∙ ", " / ", " ~ ", " ‹ ", " › ", "_",
    "｜", "|", " : ", " -", "-", "–", "—", "丨",
];

/// Characters of a heading that can be a title.
const HEADING_CHARACTERS: usize = 300;

/// Letters of a badge in front of a heading.
const BADGE_CHARACTERS: usize = 3;

/// How the names of Chinese outlets and of their parts end.
const OUTLETS: &[&str] = &[
    "网",
    "网站",
    "新闻",
    "频道",
    "日报",
    "晚报",
    "客户端",
    "门户",
    "论坛",
    "订阅",
];

/// A part of a title that is all of a heading is one part in this many of its letters at least.
const PART: usize = 3;

/// How many times longer than the site's name a part may be that holds it, behind a title and in front of it.
const BEHIND: usize = 3;
const IN_FRONT: usize = 2;

/// Bytes of a title at most: what is longer is none, and is neither taken apart nor compared.
pub(crate) const TITLE_BYTES: usize = 4096;

/// Titles that are compared at most. A page says its own in up to ten ways.
const TITLES: usize = 16;

/// Names taken off one title at most: of the site, of its sections.
const TAKEN_OFF: usize = 8;

/// Letters of a site's name at most: those of a domain.
const SITE_CHARACTERS: usize = 253;

/// Names of a site at most.
const SITES: usize = 32;

/// The share of words that two wordings of one title have in common, and that a heading below the first rank has with it.
const ALIKE: f32 = 0.5;
const ALMOST: f32 = 0.8;

/// What is known to choose from.
pub(crate) struct TitleCandidates<'a> {
    /// What metadata says, the most trusted first.
    pub(crate) declared: Vec<(String, Source)>,
    /// The `title` of the document.
    pub(crate) document: Option<&'a str>,
    /// The headings, those of the first rank first.
    pub(crate) headings: Vec<&'a Heading>,
    /// The only heading of the first rank that does not name the site, if the text stands behind it.
    pub(crate) only: Option<&'a Heading>,
    /// The heading right before or at the beginning of the text.
    pub(crate) nearest: Option<&'a str>,
    /// The names of the site.
    pub(crate) sites: &'a SiteNames,
}

/// The names that a site goes by, in letters alone.
#[derive(Debug, Default)]
pub(crate) struct SiteNames(Vec<String>);

impl SiteNames {
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut sites: Vec<String> = Vec::new();
        for name in names.map(letters) {
            let is_name = (2..=SITE_CHARACTERS).contains(&name.chars().count());
            if is_name && sites.len() < SITES && !sites.contains(&name) {
                sites.push(name);
            }
        }
        SiteNames(sites)
    }

    /// Whether a text is one of the names and nothing else.
    pub(crate) fn is(&self, text: &str) -> bool {
        let text = letters(text);
        self.0.contains(&text)
    }

    /// Whether a name is a part of one of the site's names, or holds one.
    pub(crate) fn are_like(&self, name: &str) -> bool {
        self.names(name, BEHIND)
    }

    /// Whether a part of a title names the site, and is not more than so many times as long.
    fn names(&self, part: &str, times: usize) -> bool {
        let part = letters(part);
        if part.len() > SITE_CHARACTERS * 4 * times {
            return false;
        }
        let long = |text: &str| text.chars().count() >= if text.is_ascii() { 4 } else { 2 };
        let holds = |name: &str| long(name) && part.len() <= name.len() * times && part.contains(name);
        let is_of = |name: &str| long(&part) && name.contains(&part);
        self.0.iter().any(|name| *name == part || holds(name) || is_of(name))
    }
}

/// What one source says: its title, and the words that it was made of.
struct TitleSource {
    title: String,
    source: Source,
    raw: String,
}

/// Chooses: the heading that says the same as the metadata, since it is what readers see; else what metadata says.
pub(crate) fn choose(candidates: &TitleCandidates<'_>) -> Option<(String, Source, String)> {
    let document = candidates.document.map(|title| (title.to_owned(), Source::Html));
    let others = OtherTitles::of(candidates);
    let declared = candidates.declared.iter().take(TITLES);
    let said = declared.chain(&document).map(|(raw, source)| TitleSource {
        title: without_site(raw, candidates.sites, &others),
        source: *source,
        raw: raw.clone(),
    });
    let all: Vec<TitleSource> = said.filter(|said| !said.title.is_empty()).collect();
    let is_site = |title: &str| candidates.sites.is(title);
    let titles: Vec<(ComparableTitle, TitleParts)> = all
        .iter()
        .map(|said| (ComparableTitle::of(&said.title), TitleParts::of(&said.title)))
        .collect();
    let mut best: Option<(f32, &Heading)> = None;
    for heading in candidates.headings.iter().filter(|heading| !is_site(&heading.text)) {
        let wording = ComparableTitle::of(&heading.text);
        let like = titles
            .iter()
            .map(|(title, parts)| wording.alike(title).max(wording.is_part(parts, title)));
        let like = like.fold(0.0, f32::max);
        // A heading of the text may share words with the title; one of the first rank is it.
        let least = if heading.is_first { ALIKE } else { ALMOST };
        if like >= least && best.is_none_or(|(most, _)| like > most) {
            best = Some((like, heading));
        }
    }
    let is_related = |heading: &&Heading| {
        let wording = ComparableTitle::of(&heading.text);
        titles.iter().any(|(title, _)| wording.shares_a_word(title))
            && !stands_beside(&wording.letters, &all, candidates.document)
    };
    let only = || candidates.only.filter(is_related);
    if let Some(heading) = best.map(|(_, heading)| heading).or_else(only) {
        // Who says the very same has said it first, or what its markup parts from the rest of it.
        let own = letters(&heading.text);
        let is_piece = |said: &&TitleSource| {
            let words = letters(&said.title);
            let badge = own.strip_suffix(&words).map_or(0, |badge| badge.chars().count());
            !words.is_empty() && ((1..=BADGE_CHARACTERS).contains(&badge) || heading.pieces.contains(&words))
        };
        return Some(
            match all.iter().find(|said| said.title == heading.text || is_piece(said)) {
                Some(said) => (said.title.clone(), said.source, said.raw.clone()),
                None => (
                    of_heading(&heading.text, candidates.sites, &others),
                    Source::Html,
                    heading.text.clone(),
                ),
            },
        );
    }
    let declared = all.iter().find(|said| !is_site(&said.title));
    let TitleSource { title, source, raw } = match (declared, candidates.nearest) {
        // Where nothing but the site is named, the heading at the text is all there is.
        (None, Some(heading)) => return Some((heading.to_owned(), Source::Html, heading.to_owned())),
        (declared, _) => declared.or(all.first())?,
    };
    // A quotation mark that was not escaped has ended the attribute: the document's title still has it all.
    if let Some(last) = all.last()
        && let Some(rest) = last.title.strip_prefix(title.as_str())
        && rest.trim_start().starts_with(['"', '\'', '“', '”'])
    {
        return Some((last.title.clone(), last.source, last.raw.clone()));
    }
    Some((title.clone(), *source, raw.clone()))
}

/// Whether the document's title is a title and this heading beside it: then the heading names the site.
fn stands_beside(own: &str, all: &[TitleSource], document: Option<&str>) -> bool {
    let document = letters(document.unwrap_or_default());
    let is_rest = |rest: Option<&str>| {
        let rest = rest.unwrap_or_default();
        !rest.is_empty() && all.iter().any(|said| rest.contains(&letters(&said.title)))
    };
    is_rest(document.strip_suffix(own)) || is_rest(document.strip_prefix(own))
}

/// What stands behind the first border of a title, if there is one.
pub(crate) fn behind_border(title: &str) -> Option<&str> {
    let at = BORDERS
        .iter()
        .filter(|border| border.contains(' '))
        .filter_map(|border| Some(title.find(border)? + border.len()))
        .min()?;
    Some(&title[at..])
}

/// What stands behind the last border of a title, in letters alone: where sites put their name.
pub(crate) fn tail(title: &str) -> Option<String> {
    let at = BORDERS
        .iter()
        .filter_map(|border| Some(title.rfind(border)? + border.len()))
        .max()?;
    Some(letters(&title[at..]))
}

/// A title as it is compared: nothing, of one that is too long to be a title.
#[derive(Default)]
struct ComparableTitle {
    letters: String,
    /// In lower case.
    words: Vec<String>,
    characters: usize,
}

impl ComparableTitle {
    fn of(text: &str) -> Self {
        if text.len() > TITLE_BYTES {
            return ComparableTitle::default();
        }
        let words = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        ComparableTitle {
            letters: letters(text),
            words: words.map(str::to_lowercase).collect(),
            characters: text.chars().count(),
        }
    }

    /// How alike two titles are, by the words that they share; Chinese has none, and must hold one another.
    fn alike(&self, other: &ComparableTitle) -> f32 {
        let (first, second) = (&self.letters, &other.letters);
        if first.is_empty() || second.is_empty() || self.characters > HEADING_CHARACTERS {
            return 0.0;
        }
        if first == second {
            return 2.0;
        }
        let mut first_words: Vec<&String> = self.words.iter().collect();
        first_words.dedup();
        let shared = first_words.iter().filter(|word| other.words.contains(word)).count();
        let most = first_words.len().max(other.words.len()) as f32;
        let holds = first.contains(second) || second.contains(first);
        let part = first.len().min(second.len()) as f32 / first.len().max(second.len()) as f32;
        (shared as f32 / most).max(if holds { part } else { 0.0 })
    }

    /// Whether a word of one of them is in the other, be it a part of another word.
    fn shares_a_word(&self, other: &ComparableTitle) -> bool {
        let is_in = |words: &[String], letters: &str| {
            let long = |word: &&String| word.chars().count() >= if word.is_ascii() { 4 } else { 2 };
            words.iter().filter(long).any(|word| letters.contains(word.as_str()))
        };
        is_in(&self.words, &other.letters) || is_in(&other.words, &self.letters)
    }

    /// Whether a heading is one of the parts that borders make of a title, the first ones preferred.
    fn is_part(&self, parts: &TitleParts, title: &ComparableTitle) -> f32 {
        let letters = self.letters.len();
        let is_much = letters * PART >= title.letters.len();
        if self.letters.chars().count() < 4 || letters > HEADING_CHARACTERS * 4 || !is_much {
            return 0.0;
        }
        if parts.contain(&self.letters, &title.letters) {
            1.0
        } else {
            0.0
        }
    }
}

/// [`BORDERS`], and the colons that part a title.
static ANY_BORDER: LazyLock<AhoCorasick> = LazyLock::new(|| {
    // They are written above and compiled by every test run.
    let borders = AhoCorasick::new(BORDERS.iter().chain(&[": ", "："]));
    borders.unwrap_or_else(|e| unreachable!("{e}"))
});

/// The parts that borders make of a title, all that stands before one and all that stands behind one: how many bytes of
/// its letters each has. No text is copied.
#[derive(Default)]
struct TitleParts {
    before: BTreeSet<usize>,
    behind: BTreeSet<usize>,
}

impl TitleParts {
    fn of(title: &str) -> Self {
        let mut parts = TitleParts::default();
        if title.len() > TITLE_BYTES {
            return parts;
        }
        let letters_in = |range: Range<usize>| letters(&title[range]).len();
        let all = letters_in(0..title.len());
        let (mut end, mut until_end) = (0, 0);
        for border in ANY_BORDER.find_overlapping_iter(title) {
            until_end += letters_in(end..border.end());
            end = border.end();
            parts.before.insert(until_end - letters_in(border.range()));
            parts.behind.insert(all - until_end);
        }
        parts
    }

    /// Whether one of them is these letters, `title` being those of the whole.
    fn contain(&self, letters: &str, title: &str) -> bool {
        self.before.contains(&letters.len()) && title.starts_with(letters)
            || self.behind.contains(&letters.len()) && title.ends_with(letters)
    }
}

/// What all candidates say, each with its letters: what is left of a title may be what another one says.
struct OtherTitles<'a>(Vec<(&'a str, String)>);

impl<'a> OtherTitles<'a> {
    fn of(candidates: &'a TitleCandidates<'_>) -> Self {
        let declared = candidates.declared.iter().map(|(title, _)| title.as_str());
        let headings = candidates.headings.iter().map(|heading| heading.text.as_str());
        let others = declared.take(TITLES).chain(candidates.document).chain(headings);
        let short = others.filter(|other| other.len() <= TITLE_BYTES);
        OtherTitles(short.map(|other| (other, letters(other))).collect())
    }

    /// Whether one of them, beside `raw` itself, says this.
    fn say(&self, rest: &str, raw: &str) -> bool {
        let rest = letters(rest);
        self.0.iter().any(|(other, letters)| *letters == rest && *other != raw)
    }
}

/// A title without the site's name in front of it or behind it. A part is only taken off if it names the site, or if what is
/// left is what another candidate says: a dash may belong to the title.
fn without_site(raw: &str, sites: &SiteNames, others: &OtherTitles<'_>) -> String {
    let mut title = raw;
    if raw.len() > TITLE_BYTES {
        return title.trim().to_owned();
    }
    let mut held = [false; BORDERS.len()];
    for border in ANY_BORDER.find_overlapping_iter(raw) {
        if let Some(held) = held.get_mut(border.pattern().as_usize()) {
            *held = true;
        }
    }
    'again: for _ in 0..TAKEN_OFF {
        for (border, _) in BORDERS.iter().zip(held).filter(|(_, held)| *held) {
            if let Some((rest, part)) = title.rsplit_once(border)
                && may_go(border, rest, part)
                && (sites.names(part, BEHIND) || is_outlet(border, part) || others.say(rest, raw) && !sites.is(rest))
            {
                // Behind a border without blanks the names of sections stand before that of the site.
                title = if *border == "_" {
                    rest.split('_').next().unwrap_or(rest)
                } else {
                    rest
                };
                title = title.trim();
                continue 'again;
            }
            if let Some((part, rest)) = title.split_once(border)
                && may_go(border, rest, part)
                && sites.names(part, IN_FRONT)
            {
                title = rest.trim();
                continue 'again;
            }
        }
        break;
    }
    title.trim().to_owned()
}

/// A heading without the site's name behind it: a bar parts it from the title that the metadata says.
fn of_heading(heading: &str, sites: &SiteNames, others: &OtherTitles<'_>) -> String {
    let parted = heading.rsplit_once(" | ");
    let title = parted.filter(|(rest, part)| sites.names(part, BEHIND) || others.say(rest, heading));
    title.map_or(heading, |(title, _)| title.trim_end()).to_owned()
}

/// Whether a Chinese title ends in the name of an outlet, by a border that stands before one.
fn is_outlet(border: &str, part: &str) -> bool {
    matches!(border, "_" | "-" | "–" | "—" | "|" | "｜" | "丨") && OUTLETS.iter().any(|end| part.trim().ends_with(end))
}

/// A border without blanks is none inside a word of letters; what is left must be a title.
fn may_go(border: &str, rest: &str, part: &str) -> bool {
    let tight = matches!(border, "-" | "–" | "—");
    let ascii = |c: Option<char>| c.is_some_and(|c| c.is_ascii() || c.is_alphanumeric() && !is_wide(c));
    let in_word = tight && (ascii(rest.chars().next_back()) || ascii(part.chars().next()));
    !in_word && letters(rest).chars().count() > 1 && !part.trim().is_empty()
}

fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{ff00}'..='\u{ffef}')
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::*;

    fn title(declared: &[&str], document: Option<&str>, headings: &[&str]) -> Option<String> {
        let sites = SiteNames::new(["Das Blatt", "blatt"].into_iter());
        let headings: Vec<Heading> = headings.iter().map(|text| Heading::of(text)).collect();
        let candidates = TitleCandidates {
            declared: declared
                .iter()
                .map(|text| ((*text).to_owned(), Source::OpenGraph))
                .collect(),
            document,
            headings: headings.iter().collect(),
            only: headings.first().filter(|_| headings.len() == 1),
            nearest: headings.last().map(|heading| heading.text.as_str()),
            sites: &sites,
        };
        choose(&candidates).map(|(title, ..)| title)
    }

    #[test]
    fn the_sites_name_goes_and_a_dash_stays() {
        for raw in [
            "Was nun – und was nicht | Das Blatt",
            "Was nun – und was nicht - Das Blatt",
            "Das Blatt: Was nun – und was nicht".replace(": ", " | ").as_str(),
            "Was nun – und was nicht - Das Blatt | Blatt.de",
        ] {
            assert_eq!(
                title(&[raw], None, &[]).as_deref(),
                Some("Was nun – und was nicht"),
                "{raw}"
            );
        }
        assert_eq!(
            title(&["Was nun - und wie"], None, &[]).as_deref(),
            Some("Was nun - und wie")
        );
        assert_eq!(
            title(&["某事有了新进展_某某新闻网"], None, &[]).as_deref(),
            Some("某事有了新进展")
        );
        assert_eq!(title(&["E-Blatt"], None, &[]).as_deref(), Some("E-Blatt"));
        assert_eq!(
            title(&["某事有了新进展_科技_Blatt"], None, &[]).as_deref(),
            Some("某事有了新进展")
        );
    }

    #[test]
    fn the_heading_that_says_the_same_is_the_title() {
        assert_eq!(
            title(&["One thing, and more"], None, &["Other", "One Thing and more"]).as_deref(),
            Some("One Thing and more")
        );
        assert_eq!(
            title(&["Kicker: The thing itself"], None, &["The thing itself"]).as_deref(),
            Some("The thing itself")
        );
        assert_eq!(
            title(&["The thing itself"], None, &["Das Blatt", "Most read"]).as_deref(),
            Some("The thing itself")
        );
        assert_eq!(
            title(&[], Some("Das Blatt"), &["Das Blatt", "The thing itself"]).as_deref(),
            Some("The thing itself")
        );
    }

    #[test]
    fn the_only_heading_is_the_title_if_it_shares_a_word() {
        assert_eq!(
            title(&["Borrowing: what it costs"], None, &["How dear is borrowing today?"]).as_deref(),
            Some("How dear is borrowing today?")
        );
        assert_eq!(
            title(&["Borrowing: what it costs"], None, &["Skip the menu"]).as_deref(),
            Some("Borrowing: what it costs")
        );
        // Beside the title in the document's, it is the name of the site.
        assert_eq!(
            title(
                &["A lake in winter"],
                Some("A lake in winter | Winter notes"),
                &["Winter notes"]
            )
            .as_deref(),
            Some("A lake in winter")
        );
    }

    #[test]
    fn the_sites_name_goes_behind_a_bar_of_the_heading_too() {
        assert_eq!(
            title(&["The thing itself"], None, &["The thing itself | OTHER.NET"]).as_deref(),
            Some("The thing itself")
        );
        assert_eq!(
            title(&["某事有了新进展-某某网"], None, &[]).as_deref(),
            Some("某事有了新进展")
        );
    }

    #[test]
    fn a_title_that_a_quotation_mark_cut_is_made_whole() {
        let whole = Some("奖金！\"某某奖\"首位获奖者是谁_Blatt");
        assert_eq!(
            title(&["奖金！"], whole, &[]).as_deref(),
            Some("奖金！\"某某奖\"首位获奖者是谁")
        );
    }

    /// As [`TitleParts`], with each part copied.
    fn parts(title: &str) -> Vec<String> {
        let borders = ANY_BORDER.find_overlapping_iter(title);
        borders
            .flat_map(|border| [letters(&title[..border.start()]), letters(&title[border.end()..])])
            .collect()
    }

    proptest! {
        #[test]
        fn parts_are_those_between_the_borders(title in "([aİ某 |:–-]|丨| - |：| « |_){0,12}", own in "[aİ某 丨]{0,6}") {
            let (parts, all, own) = (parts(&title), letters(&title), letters(&own));
            for part in parts.iter().chain([&own]) {
                prop_assert_eq!(TitleParts::of(&title).contain(part, &all), parts.contains(part), "{}", part);
            }
        }
    }

    #[test]
    fn a_title_of_borders_is_left_as_it_is() {
        for border in BORDERS.iter().chain(&[": ", "：", "« a »"]) {
            let raw = format!("a{border}").repeat(40_000);
            assert_eq!(
                title(&[&raw], Some(&raw), &["a"]).as_deref(),
                Some(raw.trim()),
                "{border}"
            );
        }
    }

    #[test]
    fn nothing_gives_nothing() {
        assert_eq!(title(&[], None, &[]), None);
        assert_eq!(title(&[""], Some(""), &[]), None);
        assert_eq!(title(&["Das Blatt"], None, &[]).as_deref(), Some("Das Blatt"));
    }
}
