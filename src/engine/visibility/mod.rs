//! What a reader does not see of a document: hidden by an attribute, by the style of an element, by the page's own style
//! sheets, or made of characters without a shape.
//!
//! Only what a browser would show without any script or outer style sheet is judged. What scripts show on a click stays
//! (`aria-hidden`, panels of accordions and tabs), and so does an element that holds most of the text: pages hide their whole
//! article until a script has run.
//!
//! # Limits
//! Linear in the document. Of style sheets `SHEET_BYTES` and `RULES` are read; a selector counts if it is one compound of a
//! name, an id and classes.

mod css;
mod style;

use std::{
    cell::OnceCell,
    collections::{HashMap, HashSet},
    ops::Range,
};

use foldhash::fast::RandomState;
use memchr::memmem;

use crate::{
    codes::codes,
    engine::{
        document::{Document, Element},
        html::tags::Tag,
        ranges::{intersect, subtract, text_in, union, visible_between},
        selectors::program::RuleMatch,
    },
    steps,
};
use style::{Colour, Style};

codes! {
    /// How something is hidden.
    pub enum Technique {
        /// The attribute `hidden`.
        Attribute = "attribute",
        /// `display: none`.
        Display = "display",
        /// `visibility: hidden`.
        Visibility = "visibility",
        /// `opacity: 0`.
        Opacity = "opacity",
        /// A font of no size.
        FontSize = "font_size",
        /// A place off the screen.
        OffScreen = "off_screen",
        /// Text that is indented off the screen.
        TextIndent = "text_indent",
        /// A transform that moves it off the screen or shrinks it to nothing.
        Transform = "transform",
        /// A clip that leaves nothing.
        Clip = "clip",
        /// A box of no size that cuts off its content.
        ZeroSize = "zero_size",
        /// The colour of its background, or none.
        Colour = "colour",
        /// Unicode's tag characters, which have no shape.
        TagCharacters = "tag_characters",
    }
}

/// A part of a document that a reader does not see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HiddenPart {
    /// Bytes of the source.
    pub range: Range<usize>,
    /// How it is hidden.
    pub technique: Technique,
}

/// Bytes of style sheets that are read.
const SHEET_BYTES: usize = 256 << 10;
/// Rules of style sheets that are read.
const RULES: usize = 4096;
/// Levels up to the background that text stands on.
const LEVELS: usize = 64;
/// The share of the text from which on a hidden element is the article, which a script will show.
const MOST: f32 = 0.5;
/// The share that all hidden parts may have together.
const ALL: f32 = 0.7;
/// Characters of a part that are read.
const SENTENCE_CHARACTERS: usize = 400;
/// Visible characters that may be hidden in any case.
const FREE_CHARACTERS: u32 = 200;

/// Words in names of elements that a click or a script shows.
const OPENS: &[&str] = &[
    "accordion",
    "collaps",
    "tab-pane",
    "tabpanel",
    "tab-content",
    "tabs__",
    "panel",
    "faq",
    "toggle",
    "expand",
    "dropdown",
    "slide",
    "carousel",
    "swiper",
    "js-",
    "fade",
    "animat",
    "lazy",
    "wow",
    "aos",
    "reveal",
    "modal",
    "elementor-invisible",
];

/// Attributes of libraries that fade an element in.
const ANIMATES: &[&str] = &[
    "data-ani",
    "data-aos",
    "data-w-id",
    "data-framer",
    "data-sal",
    "data-scroll",
    "data-reveal",
];

/// Finds the hidden parts, disjoint and ascending. `text` is what the document's text is without them.
pub fn find(document: &Document<'_>, text: &[Range<usize>]) -> Vec<HiddenPart> {
    let weigh = |ranges: &[Range<usize>]| ranges.iter().map(|range| visible_between(document, range)).sum::<u32>();
    let whole = weigh(text) as f32;
    let is_little =
        |taken: u32, most: f32| taken <= FREE_CHARACTERS && (taken as f32) < whole || taken as f32 <= whole * most;
    // An element is weighed with all that it holds, also with what shows itself.
    let parts = Finder::new(document, text).parts(|characters| is_little(characters, MOST));
    let ranges = parts.iter().map(|part| part.range.clone()).collect();
    if !is_little(weigh(&intersect(&union(ranges), text)), ALL) {
        return Vec::new();
    }
    parts
}

/// Visible characters of the parts within a range that read like sentences.
pub fn sentences(document: &Document<'_>, parts: &[HiddenPart], within: &Range<usize>) -> u32 {
    let is_within = |part: &&HiddenPart| within.start <= part.range.start && part.range.end <= within.end;
    let inside = parts.iter().filter(is_within);
    let reads = inside.filter(|part| {
        part.technique == Technique::TagCharacters
            || reads_like_sentences(&text_in(document, &part.range, SENTENCE_CHARACTERS))
    });
    reads.map(|part| visible_between(document, &part.range)).sum()
}

/// Whether a text reads like sentences: an instruction, not a label.
fn reads_like_sentences(text: &str) -> bool {
    let words = text.split_whitespace().count();
    let wide = text.chars().filter(|c| ('\u{2E80}'..='\u{FFEF}').contains(c)).count();
    (words >= 6 || wide >= 12) && text.contains(['.', '!', '?', '。', '！', '？', '।', '؟'])
}

/// Takes back what a rule about hidden elements says of those whose style shows them after all: a selector cannot read a style.
pub fn mend_rule(document: &mut Document<'_>, is_about_hidden: impl Fn(u16) -> bool) {
    for element in 0..document.elements.len() as u32 {
        let hit = document.elements[element as usize].hit;
        if matches!(hit, Some(RuleMatch::DropRule(rule)) if is_about_hidden(rule))
            && of_element(document, element).is_none()
        {
            document.elements[element as usize].hit = None;
        }
    }
}

/// How one element is hidden by itself: by its attribute or its style.
pub fn of_element(document: &Document<'_>, element: u32) -> Option<Technique> {
    let [hidden, style] = document.attributes(element, ["hidden", "style"]);
    let by_style = || Style::new(&css::declarations(&htmlize::unescape_attribute(style?))).technique();
    match hidden {
        Some(value) if !value.eq_ignore_ascii_case("until-found") => Some(Technique::Attribute),
        _ => by_style(),
    }
}

struct Finder<'o, 's> {
    document: &'o Document<'s>,
    /// The elements with a style of their own, in document order.
    styles: Vec<(u32, Style)>,
    /// The elements with the attribute `hidden`.
    hidden: Vec<u32>,
    /// The backgrounds that are known.
    backgrounds: HashMap<u32, Colour>,
    named: Vec<Named<'s>>,
    sheet: Sheet,
    /// Pictures, and elements with a class or a style, before each element: counted on demand.
    pictures_before: OnceCell<Vec<u32>>,
    named_before: OnceCell<Vec<u32>>,
}

impl<'o, 's> Finder<'o, 's> {
    fn new(document: &'o Document<'s>, text: &[Range<usize>]) -> Self {
        let named = Named::all(document, text);
        let (mut styles, mut hidden, mut backgrounds) = (Vec::new(), Vec::new(), HashMap::new());
        for element in 0..document.elements.len() as u32 {
            if !is_in(&document.elements[element as usize], text) {
                continue;
            }
            let [css, attribute, bgcolor] = document.attributes(element, ["style", "hidden", "bgcolor"]);
            let colour = bgcolor.and_then(Colour::from_attribute);
            backgrounds.extend(colour.map(|colour| (element, colour)));
            let is_hidden = attribute.is_some_and(|value| !value.eq_ignore_ascii_case("until-found"));
            hidden.extend(is_hidden.then_some(element));
            if let Some(css) = css {
                steps::count(css.len());
                let style = Style::new(&css::declarations(&htmlize::unescape_attribute(css)));
                backgrounds.extend(style.background().map(|colour| (element, colour)));
                styles.push((element, style));
            }
        }
        Finder {
            document,
            styles,
            hidden,
            backgrounds,
            sheet: Sheet::read(document, &named),
            named,
            pictures_before: OnceCell::new(),
            named_before: OnceCell::new(),
        }
    }

    fn parts(&self, is_little: impl Fn(u32) -> bool) -> Vec<HiddenPart> {
        let document = self.document;
        let mut found: Vec<(u32, Technique)> = Vec::new();
        for (element, style) in &self.styles {
            let technique = style.technique().or_else(|| self.by_colour(*element, style));
            found.extend(technique.map(|technique| (*element, technique)));
        }
        found.extend(self.hidden.iter().map(|element| (*element, Technique::Attribute)));
        self.sheet.each(document, &self.named, |element, technique| {
            // A style of its own wins over a sheet.
            let own = self.styles.binary_search_by_key(&element, |(element, _)| *element).ok();
            if !own.is_some_and(|own| self.styles[own].1.shows(technique)) {
                found.push((element, technique));
            }
        });
        found.retain(|(element, technique)| self.is_hidden(*element, *technique));
        found.sort_by_key(|(element, _)| *element);
        let mut parts = tag_characters(document);
        let mut behind = 0;
        for (element, technique) in found {
            let e = &document.elements[element as usize];
            let range = e.start as usize..e.end as usize;
            let characters = document.characters(element);
            // Pictures alone are hidden until they are loaded.
            if range.start < behind || characters == 0 || !is_little(characters) {
                continue;
            }
            // What stands inside and shows itself.
            let inside = self.styles.partition_point(|(other, _)| *other <= element);
            let shown = self.styles[inside..].iter().take_while(|(other, _)| *other < e.next);
            let shown: Vec<Range<usize>> = shown
                .filter(|(_, style)| is_undone(technique) && style.shows(technique))
                .map(|(other, _)| {
                    let other = &document.elements[*other as usize];
                    other.start as usize..other.end as usize
                })
                .collect();
            behind = range.end;
            let left = subtract(std::slice::from_ref(&range), &union(shown));
            parts.extend(left.into_iter().map(|range| HiddenPart { range, technique }));
        }
        parts.sort_by_key(|part| part.range.start);
        let mut end = 0;
        parts.retain(|part| {
            let is_first = part.range.start >= end;
            end = end.max(part.range.end);
            is_first
        });
        parts
    }

    /// Text in the colour of its background, or in none.
    fn by_colour(&self, element: u32, style: &Style) -> Option<Technique> {
        let colour = style.colour()?;
        let background = || {
            let mut at = element;
            for _ in 0..LEVELS {
                if let Some(colour) = self.backgrounds.get(&at) {
                    return Some(*colour);
                }
                at = self.document.elements.get(at as usize)?.parent;
            }
            None
        };
        let is_hidden =
            colour.is_transparent() || background().is_some_and(|background| colour.vanishes_on(background));
        is_hidden.then_some(Technique::Colour)
    }

    /// Of how many elements before each something is true.
    fn count(&self, is_counted: impl Fn(u32) -> bool) -> Vec<u32> {
        let mut before = vec![0];
        for element in 0..self.document.elements.len() as u32 {
            before.push(before[element as usize] + u32::from(is_counted(element)));
        }
        before
    }

    fn has_names(&self, element: u32) -> bool {
        self.document
            .attributes(element, ["class", "style"])
            .iter()
            .any(Option::is_some)
    }

    fn pictures(&self) -> &[u32] {
        let tag = |e: u32| self.document.elements[e as usize].tag;
        let is_picture = |e: u32| matches!(tag(e), Tag::IMG | Tag::PICTURE | Tag::VIDEO | Tag::IFRAME);
        self.pictures_before.get_or_init(|| self.count(is_picture))
    }

    /// Whether nothing speaks for it that a script or an inner style shows it.
    fn is_hidden(&self, element: u32, technique: Technique) -> bool {
        let document = self.document;
        let e = &document.elements[element as usize];
        if !e.seen || matches!(e.tag, Tag::HTML | Tag::BODY) {
            return false;
        }
        let [class, id, role] = document.attributes(element, ["class", "id", "role"]);
        let names = [class, id].map(|value| value.unwrap_or_default().to_ascii_lowercase());
        let opens = names.iter().any(|name| OPENS.iter().any(|word| name.contains(word)));
        let may_open = matches!(
            technique,
            Technique::Attribute
                | Technique::Display
                | Technique::Visibility
                | Technique::Opacity
                | Technique::ZeroSize
        );
        if may_open && (opens || matches!(role, Some("region" | "tabpanel"))) {
            return false;
        }
        let tag = &document.source[e.start as usize..e.inner as usize];
        if technique == Technique::Opacity && ANIMATES.iter().any(|name| tag.contains(name)) {
            return false;
        }
        // A font of no size takes the space between boxes away, whose own sizes are in a style sheet elsewhere.
        let holds = |before: &[u32]| before[e.next as usize] > before[element as usize + 1];
        match technique {
            Technique::FontSize => {
                let named = self.named_before.get_or_init(|| self.count(|e| self.has_names(e)));
                !holds(named) && !holds(self.pictures())
            }
            Technique::TextIndent | Technique::Colour => !holds(self.pictures()),
            _ => true,
        }
    }
}

/// Whether an element inside can show itself.
fn is_undone(technique: Technique) -> bool {
    matches!(
        technique,
        Technique::Visibility | Technique::FontSize | Technique::Colour | Technique::TextIndent
    )
}

/// Runs of tag characters. Those behind a black flag make the flag of a region (UTS #51, annex C).
fn tag_characters(document: &Document<'_>) -> Vec<HiddenPart> {
    const FIRST: &[u8] = &[0xF3, 0xA0];
    let source = &document.source;
    let is_tag = |c: char| ('\u{E0000}'..='\u{E007F}').contains(&c);
    let mut parts: Vec<HiddenPart> = Vec::new();
    let mut behind = 0;
    for at in memmem::find_iter(source.as_bytes(), FIRST) {
        if at < behind || !source.is_char_boundary(at) {
            continue;
        }
        let length = source[at..]
            .chars()
            .take_while(|c| is_tag(*c))
            .map(char::len_utf8)
            .sum::<usize>();
        behind = at + length;
        let is_flag = source[..at].ends_with('\u{1F3F4}');
        let run = document.runs.partition_point(|run| run.end as usize <= at);
        let is_text = document.runs.get(run).is_some_and(|run| run.start as usize <= at);
        if length > 0 && !is_flag && is_text {
            parts.push(HiddenPart {
                range: at..at + length,
                technique: Technique::TagCharacters,
            });
        }
    }
    parts
}

/// The rules of the page's own style sheets that hide, by what their elements must have.
#[derive(Default)]
struct Sheet {
    rules: Vec<SheetRule>,
    by_id: HashMap<String, Vec<usize>>,
    by_class: HashMap<String, Vec<usize>>,
}

/// A compound selector and what it does.
struct SheetRule {
    tag: Option<String>,
    id: Option<String>,
    classes: Vec<String>,
    technique: Technique,
}

impl Sheet {
    /// Of the rules, those matter that name an element of the text.
    fn read(document: &Document<'_>, named: &[Named<'_>]) -> Self {
        let names: HashSet<&str, RandomState> = named
            .iter()
            .flat_map(|named| named.id.into_iter().chain(named.classes.iter().copied()))
            .collect();
        let mut sheet = Sheet::default();
        let (mut bytes, mut rules) = (0, Vec::new());
        for id in 0..document.elements.len() as u32 {
            if document.elements[id as usize].tag != Tag::STYLE {
                continue;
            }
            let media = document.attribute(id, "media").unwrap_or_default();
            if !css::is_for_screens(media) {
                continue;
            }
            let css = document.raw_text(id);
            bytes += css.len();
            if bytes > SHEET_BYTES {
                break;
            }
            steps::count(css.len());
            css::each_rule(css, |selectors, block, is_conditional| {
                if rules.len() < RULES && names_of(selectors).any(|name| names.contains(name)) {
                    let is_conditional = is_conditional || media.contains('(');
                    rules.push((selectors, Style::new(&css::declarations(block)), is_conditional));
                }
            });
        }
        let shown = names_shown(&rules);
        for (selectors, style, is_conditional) in &rules {
            let Some(technique) = style.technique().filter(|_| !is_conditional) else {
                continue;
            };
            for selector in selectors.split(',') {
                let Some(found) = compound(selector, technique) else {
                    continue;
                };
                // A name that another rule shows again is one that a script or a wider window adds to.
                let is_shown = |name: &str| shown.contains(&(technique, name));
                let is_id_shown = found.id.as_deref().is_some_and(is_shown);
                if sheet.rules.len() < HIDING && !is_id_shown && !found.classes.iter().any(|class| is_shown(class)) {
                    let number = sheet.rules.len();
                    match (&found.id, found.classes.first()) {
                        (Some(id), _) => sheet.by_id.entry(id.clone()).or_default().push(number),
                        (None, Some(class)) => sheet.by_class.entry(class.clone()).or_default().push(number),
                        (None, None) => continue,
                    }
                    sheet.rules.push(found);
                }
            }
        }
        sheet
    }

    /// Calls `take` for each element that a rule hides.
    fn each(&self, document: &Document<'_>, named: &[Named<'_>], mut take: impl FnMut(u32, Technique)) {
        if self.rules.is_empty() {
            return;
        }
        for Named { element, id, classes } in named {
            let by_class = classes.iter().filter_map(|class| self.by_class.get(*class)).flatten();
            let by_id = id.and_then(|id| self.by_id.get(id)).into_iter().flatten();
            let hit = by_id.chain(by_class).map(|number| &self.rules[*number]).find(|rule| {
                rule.id.as_deref().is_none_or(|own| *id == Some(own))
                    && rule.classes.iter().all(|own| classes.contains(&own.as_str()))
                    && rule
                        .tag
                        .as_deref()
                        .is_none_or(|own| document.name(*element).as_deref() == Some(own))
            });
            if let Some(rule) = hit {
                take(*element, rule.technique);
            }
        }
    }
}

/// Whether an element has text, and some of it in these ranges.
fn is_in(e: &Element, text: &[Range<usize>]) -> bool {
    let next = text.partition_point(|range| range.end <= e.start as usize);
    e.seen && e.first_run < e.next_run && text.get(next).is_some_and(|range| range.start < e.end as usize)
}

/// An element with text, and its names.
struct Named<'s> {
    element: u32,
    id: Option<&'s str>,
    classes: Vec<&'s str>,
}

impl<'s> Named<'s> {
    /// The elements of the text that have names, if the document has a style sheet.
    fn all(document: &Document<'s>, text: &[Range<usize>]) -> Vec<Self> {
        if !document.elements.iter().any(|e| e.tag == Tag::STYLE) {
            return Vec::new();
        }
        let elements =
            (0..document.elements.len() as u32).filter(|element| is_in(&document.elements[*element as usize], text));
        let named = elements.map(|element| {
            let [class, id] = document.attributes(element, ["class", "id"]);
            let classes = class
                .unwrap_or_default()
                .split_ascii_whitespace()
                .take(CLASSES)
                .collect();
            Named { element, id, classes }
        });
        named
            .filter(|named| named.id.is_some() || !named.classes.is_empty())
            .collect()
    }
}

/// Rules that hide, of a document's style sheets.
const HIDING: usize = 256;
/// Classes of one element that are looked up.
const CLASSES: usize = 32;

/// The classes and ids of rules that show what others hide, with the technique.
fn names_shown<'c>(rules: &[(&'c str, Style, bool)]) -> HashSet<(Technique, &'c str)> {
    let mut shown = HashSet::new();
    for (selectors, style, _) in rules {
        for technique in Technique::ALL
            .iter()
            .copied()
            .filter(|technique| style.shows(*technique))
        {
            shown.extend(names_of(selectors).map(|name| (technique, name)));
        }
    }
    shown
}

/// The classes and ids that selectors name.
fn names_of(selectors: &str) -> impl Iterator<Item = &str> {
    let parts = selectors.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '#')));
    let names = parts.flat_map(|part| part.split(['.', '#']).skip(1));
    names.filter(|name| !name.is_empty())
}

/// A selector of one compound: a name, an id and classes, and nothing else.
fn compound(selector: &str, technique: Technique) -> Option<SheetRule> {
    let selector = selector.trim();
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '#');
    if selector.is_empty() || !selector.chars().all(is_plain) {
        return None;
    }
    let mut rule = SheetRule {
        tag: None,
        id: None,
        classes: Vec::new(),
        technique,
    };
    let first = selector.find(['.', '#']).unwrap_or(selector.len());
    rule.tag = Some(selector[..first].to_ascii_lowercase()).filter(|tag| !tag.is_empty());
    let mut rest = &selector[first..];
    while let Some(kind) = rest.chars().next() {
        let end = rest[1..].find(['.', '#']).map_or(rest.len(), |end| end + 1);
        let name = rest[1..end].to_owned();
        match kind {
            '#' => rule.id = Some(name),
            _ => rule.classes.push(name),
        }
        rest = &rest[end..];
    }
    Some(rule)
}
