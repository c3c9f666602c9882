//! The title of an article: what is said of it compared, and the site's name taken off.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{Source, json_ld::letters};

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

/// The share of words that two wordings of one title have in common.
const ALIKE: f32 = 0.5;

/// What is known to choose from.
pub(super) struct Candidates<'a> {
    /// What metadata says, the most trusted first.
    pub(super) declared: Vec<(String, Source)>,
    /// The `title` of the document.
    pub(super) document: Option<&'a str>,
    /// The headings, those of the first rank first.
    pub(super) headings: Vec<String>,
    /// The heading right before or at the beginning of the text.
    pub(super) nearest: Option<String>,
    /// The names of the site.
    pub(super) sites: &'a Sites,
}

/// The names that a site goes by, in letters alone.
#[derive(Debug, Default)]
pub(super) struct Sites(Vec<String>);

impl Sites {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        Sites(names.map(letters).filter(|name| name.chars().count() > 1).collect())
    }

    /// Whether a text is one of the names and nothing else.
    pub(super) fn is(&self, text: &str) -> bool {
        let text = letters(text);
        self.0.contains(&text)
    }

    /// Whether a part of a title names the site.
    fn names(&self, part: &str) -> bool {
        let part = letters(part);
        let long = |text: &str| text.chars().count() >= if text.is_ascii() { 4 } else { 2 };
        self.0.iter().any(|name| {
            *name == part || (long(name) && part.contains(name.as_str())) || (long(&part) && name.contains(&part))
        })
    }
}

/// Chooses: the heading that says the same as the metadata, since it is what readers see; else what metadata says.
pub(super) fn choose(candidates: &Candidates<'_>) -> Option<(String, Source, String)> {
    let document = candidates.document.map(|title| (title.to_owned(), Source::Html));
    let all: Vec<(String, Source, String)> = candidates
        .declared
        .iter()
        .chain(&document)
        .map(|(raw, source)| (raw.clone(), *source, without_site(raw, candidates)))
        .filter(|(_, _, title)| !title.is_empty())
        .collect();
    let is_site = |title: &str| candidates.sites.is(title);
    let titles: Vec<(Wording, Vec<String>)> = all
        .iter()
        .map(|(_, _, title)| (Wording::of(title), parts(title)))
        .collect();
    let mut best: Option<(f32, &String)> = None;
    for heading in candidates.headings.iter().filter(|heading| !is_site(heading)) {
        let wording = Wording::of(heading);
        let like = titles
            .iter()
            .map(|(title, parts)| wording.alike(title).max(wording.is_part(parts)));
        let like = like.fold(0.0, f32::max);
        if like >= ALIKE && best.is_none_or(|(most, _)| like > most) {
            best = Some((like, heading));
        }
    }
    if let Some((_, heading)) = best {
        // A badge in front of it, such as 原创, is none of its words.
        let own = letters(heading);
        let without_badge = all.iter().find(|(_, _, title)| {
            let words = letters(title);
            let badge = own
                .strip_suffix(&words)
                .filter(|_| !words.is_empty())
                .map(|badge| badge.chars().count());
            badge.is_some_and(|characters| (1..=BADGE_CHARACTERS).contains(&characters))
        });
        if let Some((raw, source, title)) = without_badge {
            return Some((title.clone(), *source, raw.clone()));
        }
        // Who says the very same has said it first.
        let same = all.iter().find(|(_, _, title)| title == heading);
        let (source, raw) = same.map_or((Source::Html, heading), |(raw, source, _)| (*source, raw));
        return Some((heading.clone(), source, raw.clone()));
    }
    let declared = all.iter().find(|(_, _, title)| !is_site(title));
    let (raw, source, title) = match (declared, &candidates.nearest) {
        // Where nothing but the site is named, the heading at the text is all there is.
        (None, Some(heading)) => return Some((heading.clone(), Source::Html, heading.clone())),
        (declared, _) => declared.or(all.first())?,
    };
    // A quotation mark that was not escaped has ended the attribute: the document's title still has it all.
    if let Some((whole, source, full)) = all.last()
        && full
            .strip_prefix(title.as_str())
            .is_some_and(|rest| rest.trim_start().starts_with(['"', '\'', '“', '”']))
    {
        return Some((full.clone(), *source, whole.clone()));
    }
    Some((title.clone(), *source, raw.clone()))
}

/// What stands behind the first border of a title, if there is one.
pub(super) fn behind_border(title: &str) -> Option<&str> {
    let at = BORDERS
        .iter()
        .filter(|border| border.contains(' '))
        .filter_map(|border| Some(title.find(border)? + border.len()))
        .min()?;
    Some(&title[at..])
}

/// What stands behind the last border of a title, in letters alone: where sites put their name.
pub(super) fn tail(title: &str) -> Option<String> {
    let at = BORDERS
        .iter()
        .filter_map(|border| Some(title.rfind(border)? + border.len()))
        .max()?;
    Some(letters(&title[at..]))
}

/// A title as it is compared.
struct Wording {
    letters: String,
    /// In lower case.
    words: Vec<String>,
    characters: usize,
}

impl Wording {
    fn of(text: &str) -> Self {
        let words = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        Wording {
            letters: letters(text),
            words: words.map(str::to_lowercase).collect(),
            characters: text.chars().count(),
        }
    }

    /// How alike two titles are, by the words that they share; Chinese has none, and must hold one another.
    fn alike(&self, other: &Wording) -> f32 {
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

    /// Whether a heading is one of the parts that borders make of a title, the first ones preferred.
    fn is_part(&self, parts: &[String]) -> f32 {
        if self.letters.chars().count() < 4 || self.letters.len() > HEADING_CHARACTERS * 4 {
            return 0.0;
        }
        if parts.contains(&self.letters) { 1.0 } else { 0.0 }
    }
}

/// All parts that borders make of a title, in letters alone.
fn parts(title: &str) -> Vec<String> {
    static ANY_BORDER: LazyLock<Option<AhoCorasick>> =
        LazyLock::new(|| AhoCorasick::new(BORDERS.iter().chain(&[": ", "："])).ok());
    let borders = ANY_BORDER.iter().flat_map(|any| any.find_overlapping_iter(title));
    borders
        .flat_map(|border| [letters(&title[..border.start()]), letters(&title[border.end()..])])
        .collect()
}

/// A title without the site's name in front of it or behind it. A part is only taken off if it names the site, or if what is
/// left is what another candidate says: a dash may belong to the title.
fn without_site(raw: &str, candidates: &Candidates<'_>) -> String {
    let mut title = raw;
    'again: loop {
        for border in BORDERS {
            if let Some((rest, part)) = title.rsplit_once(border)
                && may_go(border, rest, part)
                && (candidates.sites.names(part) || is_outlet(border, part) || is_other(rest, raw, candidates))
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
                && candidates.sites.names(part)
            {
                title = rest.trim();
                continue 'again;
            }
        }
        return title.trim().to_owned();
    }
}

/// Whether a Chinese title ends in the name of an outlet, by the border that only stands before one.
fn is_outlet(border: &str, part: &str) -> bool {
    border == "_" && OUTLETS.iter().any(|end| part.trim().ends_with(end))
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

fn is_other(rest: &str, raw: &str, candidates: &Candidates<'_>) -> bool {
    let rest = letters(rest);
    let declared = candidates.declared.iter().map(|(title, _)| title.as_str());
    let others = declared.chain(candidates.document).filter(|other| *other != raw);
    others
        .chain(candidates.headings.iter().map(String::as_str))
        .any(|other| letters(other) == rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(declared: &[&str], document: Option<&str>, headings: &[&str]) -> Option<String> {
        let sites = Sites::new(["Das Blatt", "blatt"].into_iter());
        let candidates = Candidates {
            declared: declared
                .iter()
                .map(|text| ((*text).to_owned(), Source::OpenGraph))
                .collect(),
            document,
            headings: headings.iter().map(|text| (*text).to_owned()).collect(),
            nearest: headings.last().map(|text| (*text).to_owned()),
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
    fn a_title_that_a_quotation_mark_cut_is_made_whole() {
        let whole = Some("奖金！\"某某奖\"首位获奖者是谁_Blatt");
        assert_eq!(
            title(&["奖金！"], whole, &[]).as_deref(),
            Some("奖金！\"某某奖\"首位获奖者是谁")
        );
    }

    #[test]
    fn nothing_gives_nothing() {
        assert_eq!(title(&[], None, &[]), None);
        assert_eq!(title(&[""], Some(""), &[]), None);
        assert_eq!(title(&["Das Blatt"], None, &[]).as_deref(), Some("Das Blatt"));
    }
}
