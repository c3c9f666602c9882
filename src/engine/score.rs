//! Which part of a page is the article: a pure function from the [`Outline`] to the ranges that stay.
//!
//! Rules alone cannot find an article on a page nobody has seen, so whole pages are scored. This is the method of
//! Readability (Arc90; Mozilla's Readability.js): paragraphs give points to the elements around them, links take away
//! from them, the best element is the article, siblings that read like it join, and blocks inside that are mostly links
//! or are named like the furniture of a page go. Lengths count visible characters, a wide (CJK) one for two and a half,
//! since it says about as much as a short word's half: no threshold here assumes a script with spaces.

use std::{ops::Range, sync::LazyLock};

use regex::bytes::Regex;

use super::{
    outline::{NONE, Outline},
    tags::Tag,
};
use crate::rules::Category;

/// How much doubt the score gives to a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Rather lose a paragraph than keep a menu.
    Precision,
    /// The best balance of the two.
    #[default]
    Balanced,
    /// Rather keep a menu than lose a paragraph.
    Recall,
}

/// Left out, and of no kind that has a name.
pub const OUTSIDE: &str = "score/outside";
const NAVIGATION: &str = "score/navigation";
const RELATED: &str = "score/related";
const COMMENTS: &str = "score/comments";
const FORM: &str = "score/form";

/// Weighted characters of a paragraph that counts as one (Readability: 25).
const PARAGRAPH: f32 = 25.0;
/// Points for each comma, up to as many hundred characters as [`LONG`].
const HUNDRED: f32 = 100.0;
/// Points that length alone can give a paragraph.
const LONG: f32 = 3.0;
/// Levels of elements above a paragraph that get a share of its points.
const LEVELS: usize = 5;
/// Points for a class or id that names an article, or furniture.
const NAME: f32 = 25.0;
/// The share of the winner's points that a sibling needs to join it.
const SIBLING: f32 = 0.2;
/// Names of page furniture in a class or id.
static FURNITURE: LazyLock<Regex> = LazyLock::new(|| {
    words(
        "-ad-|banner|breadcrumb|combx|comment|cookie|disqus|footer|gdpr|hidden|masthead|menu|modal|nav(?:bar|igation)?|newsletter|outbrain|\
         pager|pagination|popup|promo|recommend|related|remark|replies|rss|share|sharing|shoutbox|sidebar|skyscraper|social|sponsor|\
         subscribe|taboola|tags?|toolbar|tool|widget",
    )
});
/// Names of article bodies.
static BODY: LazyLock<Regex> =
    LazyLock::new(|| words("article|blog|body|column|content|entry|hentry|h-entry|main|page|post|story|text"));

fn words(pattern: &str) -> Regex {
    // The patterns are written above and compiled by every test run.
    Regex::new(&format!("(?i){pattern}")).unwrap_or_else(|e| unreachable!("{e}"))
}

/// What the score made of a document.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// What it would keep: disjoint, ascending.
    pub ranges: Vec<Range<usize>>,
    /// How sure it is that this is an article, 0 to 1.
    pub quality: f32,
    /// The best elements, the best first.
    pub candidates: Vec<Candidate>,
}

/// An element that might have been the article, with its figures.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its name.
    pub tag: String,
    /// Its id.
    pub id: Option<String>,
    /// Its class attribute.
    pub class: Option<String>,
    /// Points after its links were taken away.
    pub points: f32,
    /// Visible characters.
    pub characters: u32,
    /// Linked characters by characters, weighted.
    pub link_density: f32,
    /// Whether it is (part of) the article.
    pub chosen: bool,
}

/// Candidates that are told about.
const TOLD: usize = 5;

impl Choice {
    /// For what is the article already: all of it stays, and only its quality is judged.
    pub fn of_everything(outline: &Outline<'_>) -> Self {
        let runs = outline.runs.iter().enumerate();
        let (text, linked) = runs.fold((0.0, 0.0), |(text, linked), (i, run)| {
            let weight = weight(outline.run_text(i as u32), run.characters);
            (text + weight, linked + if run.linked { weight } else { 0.0 })
        });
        let density = if text > 0.0 { linked / text } else { 0.0 };
        let everything = std::iter::once(0..outline.source.len()).collect();
        Choice {
            ranges: everything,
            quality: quality(text, density),
            candidates: Vec::new(),
        }
    }
}

/// Figures of one element.
#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    points: f32,
    /// Weighted characters inside, and those of links among them.
    text: f32,
    linked: f32,
    candidate: bool,
}

impl Figures {
    fn link_density(&self) -> f32 {
        if self.text > 0.0 { self.linked / self.text } else { 0.0 }
    }

    fn worth(&self) -> f32 {
        self.points * (1.0 - self.link_density())
    }
}

/// Finds the article of a page.
pub fn choose(outline: &Outline<'_>, mode: Mode) -> Choice {
    let figures = measure(outline);
    // Nothing reads like a paragraph: the page as a whole, without its furniture, is the best there is.
    let body = || (0..figures.len() as u32).find(|i| outline.elements[*i as usize].tag == Tag::BODY);
    let Some(winner) = best(outline, &figures).or_else(body) else {
        return Choice::of_everything(outline);
    };
    let mut ranges = Vec::new();
    let chosen = with_siblings(outline, &figures, winner);
    for element in &chosen {
        keep_inside(outline, &figures, *element, mode, &mut ranges);
    }
    let figure = figures[winner as usize];
    Choice {
        ranges,
        quality: quality(figure.text, figure.link_density()),
        candidates: tell(outline, &figures, &chosen),
    }
}

fn tell(outline: &Outline<'_>, figures: &[Figures], chosen: &[u32]) -> Vec<Candidate> {
    let mut best: Vec<u32> = (0..figures.len() as u32)
        .filter(|i| figures[*i as usize].candidate)
        .collect();
    best.sort_by(|a, b| {
        figures[*b as usize]
            .worth()
            .total_cmp(&figures[*a as usize].worth())
            .then(a.cmp(b))
    });
    best.truncate(TOLD);
    let candidate = |i: u32| Candidate {
        tag: outline.name(i).unwrap_or_default(),
        id: outline.attribute(i, "id").map(str::to_owned),
        class: outline.attribute(i, "class").map(str::to_owned),
        points: figures[i as usize].worth(),
        characters: outline.characters(i),
        link_density: figures[i as usize].link_density(),
        chosen: chosen.contains(&i),
    };
    best.into_iter().map(candidate).collect()
}

/// The category of one of the reasons that the score gives.
pub fn category(reason: &str) -> Category {
    match reason {
        NAVIGATION => Category::Navigation,
        RELATED => Category::Related,
        _ => Category::Chrome,
    }
}

/// How much a text of this weight and link density is like an article, 0 to 1.
pub fn quality(text: f32, link_density: f32) -> f32 {
    (text / 1000.0).min(1.0) * (1.0 - link_density)
}

/// The weighted characters of a piece of undecoded text.
fn weight(text: &str, characters: u32) -> f32 {
    let wide = text.chars().filter(|c| *c >= '\u{2e80}' && !c.is_whitespace()).count();
    characters as f32 + wide as f32 * 1.5
}

fn commas(text: &str) -> usize {
    text.chars()
        .filter(|c| matches!(c, ',' | '，' | '、' | '،' | '；' | '。'))
        .count()
}

fn measure(outline: &Outline<'_>) -> Vec<Figures> {
    let mut figures = vec![Figures::default(); outline.elements.len()];
    // Direct text of each block: (weighted characters, linked ones, commas).
    let mut direct = vec![(0.0f32, 0.0f32, 0usize); outline.elements.len()];
    for (i, run) in outline.runs.iter().enumerate() {
        let block = outline.block_of(run.parent);
        if run.characters == 0 || block == NONE {
            continue;
        }
        let text = outline.run_text(i as u32);
        let weight = weight(text, run.characters);
        let unit = &mut direct[block as usize];
        unit.0 += weight;
        unit.1 += if run.linked { weight } else { 0.0 };
        unit.2 += commas(text);
    }
    let unlikely = unlikely(outline);
    for (i, element) in outline.elements.iter().enumerate().rev() {
        let (text, linked, commas) = direct[i];
        figures[i].text += text;
        figures[i].linked += linked;
        if element.parent != NONE {
            let mine = figures[i];
            let parent = &mut figures[element.parent as usize];
            parent.text += mine.text;
            parent.linked += mine.linked;
        }
        if text < PARAGRAPH || unlikely[i] || !element.seen {
            continue;
        }
        let points = (1.0 + commas as f32 + (text / HUNDRED).min(LONG)) * (1.0 - linked / text);
        // A block with text of its own and blocks inside it is a candidate itself: bare text parted by line breaks.
        let first = if element.tag == Tag::P || element.tag.is_heading() {
            element.parent
        } else {
            i as u32
        };
        let mut at = first;
        for level in 0..LEVELS {
            if at == NONE || matches!(outline.elements[at as usize].tag, Tag::HTML) {
                break;
            }
            let share = if level == 0 {
                1.0
            } else if level == 1 {
                2.0
            } else {
                level as f32 * 3.0
            };
            figures[at as usize].points += points / share;
            figures[at as usize].candidate = true;
            at = outline.elements[at as usize].parent;
        }
    }
    for (i, figure) in figures.iter_mut().enumerate().filter(|(_, figure)| figure.candidate) {
        figure.points += bonus(outline, i as u32);
    }
    figures
}

/// What an element's name, class and id say before its text is looked at.
fn bonus(outline: &Outline<'_>, element: u32) -> f32 {
    let by_tag = match outline.elements[element as usize].tag {
        Tag::ARTICLE | Tag::MAIN => NAME,
        Tag::DIV | Tag::SECTION => 5.0,
        Tag::PRE | Tag::TD | Tag::BLOCKQUOTE => 3.0,
        Tag::ADDRESS | Tag::OL | Tag::UL | Tag::DL | Tag::DD | Tag::DT | Tag::LI | Tag::FORM => -3.0,
        Tag::H1 | Tag::H2 | Tag::H3 | Tag::H4 | Tag::H5 | Tag::H6 | Tag::TH => -5.0,
        _ => 0.0,
    };
    let mut by_name = 0.0;
    for (name, value) in outline.start_tag(element).attributes() {
        if name.eq_ignore_ascii_case(b"class") || name.eq_ignore_ascii_case(b"id") {
            by_name += if FURNITURE.is_match(value) { -NAME } else { 0.0 };
            by_name += if BODY.is_match(value) { NAME } else { 0.0 };
        }
    }
    by_tag + by_name
}

fn is_furniture_tag(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::NAV | Tag::FOOTER | Tag::ASIDE | Tag::FORM | Tag::MENU | Tag::DIALOG
    )
}

fn is_named(outline: &Outline<'_>, element: u32, pattern: &Regex) -> bool {
    let mut attributes = outline.start_tag(element).attributes();
    attributes.any(|(name, value)| {
        (name.eq_ignore_ascii_case(b"class") || name.eq_ignore_ascii_case(b"id")) && pattern.is_match(value)
    })
}

/// For each element, whether it is or stands in furniture that hardly holds an article.
fn unlikely(outline: &Outline<'_>) -> Vec<bool> {
    let all = outline.characters_before.last().copied().unwrap_or(0);
    let mut unlikely = vec![false; outline.elements.len()];
    for i in 0..outline.elements.len() {
        let element = &outline.elements[i];
        let inherited = element.parent != NONE && unlikely[element.parent as usize];
        unlikely[i] = inherited
            || (element.tag.is_block()
                && !matches!(element.tag, Tag::HTML | Tag::BODY | Tag::ARTICLE | Tag::MAIN)
                && {
                    // A name on a block with most of the page's text is no evidence: bodies are called `gdpr-article`.
                    let most = outline.characters(i as u32) * 2 > all;
                    !most
                        && ((is_furniture_tag(element.tag) && element.tag != Tag::FORM)
                            || (is_named(outline, i as u32, &FURNITURE) && !is_named(outline, i as u32, &BODY)))
                });
    }
    unlikely
}

fn best(outline: &Outline<'_>, figures: &[Figures]) -> Option<u32> {
    let candidates = (0..figures.len() as u32).filter(|i| figures[*i as usize].candidate);
    let mut winner = candidates.max_by(|a, b| figures[*a as usize].worth().total_cmp(&figures[*b as usize].worth()))?;
    // Several good blocks of one parent are one article: climb while the parent is nearly as good.
    loop {
        let parent = outline.elements[winner as usize].parent;
        if parent == NONE || matches!(outline.elements[parent as usize].tag, Tag::BODY | Tag::HTML) {
            return Some(winner);
        }
        let (mine, above) = (figures[winner as usize], figures[parent as usize]);
        let only_child = above.text <= mine.text * 1.02;
        if only_child || (above.candidate && above.worth() > mine.worth() * 0.75) {
            winner = parent;
        } else {
            return Some(winner);
        }
    }
}

/// The winner and those of its siblings that read like it, in document order.
fn with_siblings(outline: &Outline<'_>, figures: &[Figures], winner: u32) -> Vec<u32> {
    let parent = outline.elements[winner as usize].parent;
    let enough = (figures[winner as usize].worth() * SIBLING).max(10.0);
    let class = |element: u32| outline.attribute(element, "class").filter(|class| !class.is_empty());
    let mut chosen = Vec::new();
    let (mut at, end) = match outline.elements.get(parent as usize) {
        Some(p) => (parent + 1, p.next),
        None => (winner, winner + 1),
    };
    while at < end {
        let (element, figure) = (&outline.elements[at as usize], figures[at as usize]);
        let same_class = if class(at).is_some() && class(at) == class(winner) {
            figures[winner as usize].points * 0.2
        } else {
            0.0
        };
        let reads_like_it = figure.candidate && figure.worth() + same_class >= enough && figure.link_density() < 0.3;
        let paragraph = element.tag == Tag::P && figure.text > 80.0 && figure.link_density() < 0.25;
        if at == winner || (element.seen && !is_furniture_tag(element.tag) && (reads_like_it || paragraph)) {
            chosen.push(at);
        }
        at = element.next.max(at + 1);
    }
    chosen
}

/// Adds the ranges of `root` that stay: all but the furniture inside it.
fn keep_inside(outline: &Outline<'_>, figures: &[Figures], root: u32, mode: Mode, ranges: &mut Vec<Range<usize>>) {
    let element = &outline.elements[root as usize];
    let (mut from, end) = (element.start as usize, element.end as usize);
    let mut at = root + 1;
    while at < element.next {
        let inner = &outline.elements[at as usize];
        if inner.tag.is_block() && is_furniture(outline, figures, root, at, mode) {
            if from < inner.start as usize {
                ranges.push(from..inner.start as usize);
            }
            from = from.max(inner.end as usize);
            at = inner.next.max(at + 1);
        } else {
            at += 1;
        }
    }
    if from < end {
        ranges.push(from..end);
    }
}

/// Whether a block inside the article does not belong to it.
fn is_furniture(outline: &Outline<'_>, figures: &[Figures], root: u32, block: u32, mode: Mode) -> bool {
    let (figure, whole) = (figures[block as usize], figures[root as usize]);
    let tag = outline.elements[block as usize].tag;
    if figure.text == 0.0
        || figure.text > whole.text * 0.5
        || matches!(
            tag,
            Tag::TR | Tag::TBODY | Tag::TD | Tag::PRE | Tag::FIGURE | Tag::FIGCAPTION
        )
    {
        return false;
    }
    let density = figure.link_density();
    if is_furniture_tag(tag) {
        return true;
    }
    let named = !matches!(tag, Tag::P)
        && !tag.is_heading()
        && is_named(outline, block, &FURNITURE)
        && !is_named(outline, block, &BODY);
    let allowed = match mode {
        Mode::Precision => 0.3,
        Mode::Balanced => 0.5,
        Mode::Recall => 0.8,
    };
    match tag {
        Tag::UL | Tag::OL | Tag::DL | Tag::TABLE | Tag::DIV | Tag::SECTION | Tag::HEADER => {
            density > allowed || (named && (density > 0.2 || figure.text < 200.0))
        }
        _ => named && density > 0.2,
    }
}

/// What an element outside the article is called in the list of removals.
pub fn reason_outside(outline: &Outline<'_>, element: u32) -> &'static str {
    static COMMENT: LazyLock<Regex> = LazyLock::new(|| words("comment|disqus|replies|remark"));
    static OTHERS: LazyLock<Regex> =
        LazyLock::new(|| words("related|recommend|outbrain|taboola|more-?stories|read-?(?:more|next)"));
    match outline.elements[element as usize].tag {
        Tag::NAV | Tag::MENU => NAVIGATION,
        Tag::FORM => FORM,
        _ if is_named(outline, element, &COMMENT) => COMMENTS,
        _ if is_named(outline, element, &OTHERS) => RELATED,
        _ if outline.linked_characters(element) * 2 > outline.characters(element) => NAVIGATION,
        _ => OUTSIDE,
    }
}
