//! Selectors, compiled and matched on our own stack of open elements.
//!
//! Each compound is filed under one thing that its element must have (an id, a class, an attribute or a name), so an
//! element looks up what it holds and tries the few compounds that could be meant: ten thousand class selectors cost one
//! hash look-up a token, and a thousand `[href^=…]` one pass over the address. A selector of several compounds is matched from the left: the part matched so far is noted on
//! the open element and counted, so no ancestor is ever looked at again.

use std::{cell::OnceCell, collections::HashMap};

use aho_corasick::{AhoCorasick, Anchored, Input, StartKind, automaton::OverlappingState};

use super::{tags::Tag, tokens::StartTag};
use crate::rules::selector::{Attribute, Combinator, Compound, Nth, Operator, Selector};

/// What a selector says of an element, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hit {
    /// The caller's `remove=`.
    Remove,
    /// The caller's `keep=`.
    Keep,
    /// A keep rule, by its number in the set.
    KeepRule(u16),
    /// A drop rule, by its number in the set.
    DropRule(u16),
    /// A rule that drops the element and what is behind it inside its parent. Only on `/v1/normalize`.
    RestRule(u16),
    /// A rule that takes the element's tags away. Only on `/v1/normalize`.
    UnwrapRule(u16),
    /// A rule that takes a field from the element, whatever else is said of it. Only on `/v1/normalize`.
    TakeRule(u16),
}

impl Hit {
    /// Whether the element goes.
    pub fn drops(self) -> bool {
        matches!(self, Hit::Remove | Hit::DropRule(_))
    }
}

#[derive(Debug)]
struct Step {
    tag: Option<(Tag, Box<[u8]>)>,
    compound: Compound,
    /// The inner step that must have matched before, and where.
    before: Option<(Combinator, u32)>,
    outcome: Outcome,
}

/// What it means when a step matches.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// It is the last one of its selector.
    Hit(Hit),
    /// More must follow: its number among such inner steps, which alone are noted on open elements.
    Inner(u32),
}

/// Steps by a name that their element must have.
#[derive(Debug)]
struct ByName<T = Vec<u32>> {
    /// Keys come from rules alone, so a fast hash without a guard against chosen keys is enough.
    steps: HashMap<Box<[u8]>, T, foldhash::fast::RandomState>,
    /// A bit for what the names are like: most names of a page are like none of them, and need no hash.
    likeness: [u64; 16],
}

impl<T> Default for ByName<T> {
    fn default() -> Self {
        ByName {
            steps: HashMap::default(),
            likeness: [0; 16],
        }
    }
}

impl<T: Default> ByName<T> {
    fn entry(&mut self, name: &str) -> &mut T {
        let (word, bit) = likeness(name.as_bytes());
        self.likeness[word] |= bit;
        self.steps.entry(name.as_bytes().into()).or_default()
    }

    fn get(&self, name: &[u8]) -> Option<&T> {
        let (word, bit) = likeness(name);
        (self.likeness[word] & bit != 0).then(|| self.steps.get(name))?
    }

    /// As [`ByName::get`], in any letter case. The names themselves are in lower case.
    fn get_ignoring_case(&self, name: &[u8]) -> Option<&T> {
        let (word, bit) = likeness(name);
        match self.likeness[word] & bit != 0 {
            true if name.iter().any(u8::is_ascii_uppercase) => self.steps.get(name.to_ascii_lowercase().as_slice()),
            true => self.steps.get(name),
            false => None,
        }
    }

    fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// The first letter, the last and the length of a name, letter case aside, as one of 1024 bits.
fn likeness(name: &[u8]) -> (usize, u64) {
    let lower = |byte: Option<&u8>| usize::from(byte.map_or(0, |byte| byte | 0x20));
    let bit = lower(name.first()) + 31 * lower(name.last()) + 7 * name.len();
    (bit / 64 % 16, 1 << (bit % 64))
}

/// Steps that ask for an attribute of one name. The texts that its value must begin with or hold are searched for all at
/// once, and only those steps are tried whose text is there.
#[derive(Debug, Default)]
struct ByValue {
    /// Steps that any value will do for.
    any: Vec<u32>,
    beginnings: Texts,
    parts: Texts,
}

#[derive(Debug, Default)]
struct Texts {
    /// The step of each text.
    steps: Vec<u32>,
    texts: Vec<Box<[u8]>>,
    search: Option<AhoCorasick>,
}

impl ByValue {
    fn add(&mut self, attribute: &Attribute, step: u32) {
        let Some((operator, text)) = attribute.test.as_ref().filter(|(_, text)| !text.is_empty()) else {
            return self.any.push(step);
        };
        let texts = match operator {
            Operator::Equals | Operator::DashMatch | Operator::Prefix => &mut self.beginnings,
            Operator::Includes | Operator::Suffix | Operator::Substring => &mut self.parts,
        };
        texts.steps.push(step);
        texts.texts.push(text.as_bytes().into());
    }
}

impl Texts {
    /// Letter case is left to the step itself, which may ask for it or not.
    fn compile(&mut self, start: StartKind) {
        if !self.texts.is_empty() {
            let mut builder = AhoCorasick::builder();
            // What is too large to compile is not searched for: each step is tried.
            self.search = builder
                .ascii_case_insensitive(true)
                .start_kind(start)
                .build(&self.texts)
                .ok();
        }
    }

    /// Attempts the steps whose text is found in a value.
    fn find(&self, value: &[u8], anchored: Anchored, attempt: &mut impl FnMut(&[u32], Option<&[u8]>)) {
        let Some(search) = &self.search else {
            return attempt(&self.steps, Some(value));
        };
        let input = Input::new(value).anchored(anchored);
        let mut state = OverlappingState::start();
        while let Some(found) = {
            search.find_overlapping(input.clone(), &mut state);
            state.get_match()
        } {
            attempt(&[self.steps[found.pattern().as_usize()]], Some(value));
        }
    }
}

/// A compiled set of selectors.
#[derive(Debug, Default)]
pub struct Matcher {
    steps: Vec<Step>,
    /// By [`Tag::index`].
    by_tag: Vec<Vec<u32>>,
    by_class: ByName,
    by_id: ByName,
    by_attribute: ByName<ByValue>,
    /// The same of steps that another one must come before: nothing is looked for while none has matched.
    by_attribute_inside: ByName<ByValue>,
    by_any: Vec<u32>,
    inner_steps: u32,
    counts_types: bool,
}

impl Matcher {
    /// Compiles selectors with what each one means.
    pub fn new<'a>(selectors: impl IntoIterator<Item = (&'a Selector, Hit)>) -> Self {
        let mut matcher = Matcher::default();
        for (selector, hit) in selectors {
            let last = selector.rest.len();
            let compounds = std::iter::once((Combinator::Descendant, &selector.first))
                .chain(selector.rest.iter().map(|(c, x)| (*c, x)));
            let mut previous = None;
            for (i, (combinator, compound)) in compounds.enumerate() {
                let before = previous.map(|step| (combinator, step));
                let inner = matcher.inner_steps;
                previous = Some(inner);
                if i == last {
                    matcher.add(compound, before, Outcome::Hit(hit));
                } else {
                    matcher.inner_steps += 1;
                    matcher.add(compound, before, Outcome::Inner(inner));
                }
            }
        }
        for by_value in matcher
            .by_attribute
            .steps
            .values_mut()
            .chain(matcher.by_attribute_inside.steps.values_mut())
        {
            by_value.beginnings.compile(StartKind::Anchored);
            by_value.parts.compile(StartKind::Unanchored);
        }
        matcher
    }

    fn add(&mut self, compound: &Compound, before: Option<(Combinator, u32)>, outcome: Outcome) {
        let number = self.steps.len() as u32;
        let tag = compound
            .tag
            .as_ref()
            .map(|name| (Tag::from_name(name.as_bytes()), name.as_bytes().into()));
        // The rarest kind of thing first: an id, then a class, an attribute, a name.
        if let Some(id) = compound.ids.first() {
            self.by_id.entry(id).push(number);
        } else if let Some(class) = compound.classes.first() {
            self.by_class.entry(class).push(number);
        } else if let Some(attribute) = compound.attributes.first() {
            let by_name = match before {
                None => &mut self.by_attribute,
                Some(_) => &mut self.by_attribute_inside,
            };
            by_name.entry(&attribute.name).add(attribute, number);
        } else if let Some((tag, _)) = tag {
            self.by_tag.resize_with(Tag::COUNT, Vec::new);
            self.by_tag[tag.index()].push(number);
        } else {
            self.by_any.push(number);
        }
        self.counts_types |= compound
            .nth
            .iter()
            .chain(compound.not.iter().flat_map(|c| &c.nth))
            .any(|nth| nth.of_type);
        self.steps.push(Step {
            tag,
            compound: compound.clone(),
            before,
            outcome,
        });
    }

    /// Whether there is nothing to match.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// Bytes of a class attribute that rules look at: a page may repeat a class a million times, and each costs a look-up.
const CLASS_BYTES: usize = 16 << 10;

/// An element as the matcher sees it.
pub(super) struct Subject<'a> {
    pub(super) tag: Tag,
    pub(super) start: StartTag<'a>,
    /// Its place among its siblings, from 1.
    pub(super) position: u32,
    /// Its depth: the number of open elements around it.
    pub(super) depth: usize,
    pub(super) name_hash: u32,
    /// The class attribute, found once however many steps ask for it.
    pub(super) class: OnceCell<&'a [u8]>,
}

impl<'a> Subject<'a> {
    fn class(&self) -> &'a [u8] {
        self.class.get_or_init(|| {
            let class = self.start.attribute("class").unwrap_or_default();
            &class[..class.len().min(CLASS_BYTES)]
        })
    }
}

/// What of a [`Matcher`]'s selectors has matched on the elements that are open now.
#[derive(Debug)]
pub(super) struct Progress {
    /// For each inner step, on how many open elements it matched.
    on: Vec<u32>,
    /// Depth of the element and the inner step that matched on it, outermost first.
    matched: Vec<(u32, u32)>,
    /// For `:nth-of-type()`: names and their numbers so far, for each open element, by depth.
    types: Vec<HashMap<u32, u32>>,
    /// A bit for each step that was tried on the element at hand: once is enough, whatever it repeats.
    tried: Vec<u64>,
    /// Those whose bit is set.
    touched: Vec<u32>,
}

impl Progress {
    pub(super) fn new(matcher: &Matcher) -> Self {
        Progress {
            on: vec![0; matcher.inner_steps as usize],
            matched: Vec::new(),
            types: Vec::new(),
            tried: vec![0; matcher.steps.len().div_ceil(64)],
            touched: Vec::new(),
        }
    }

    /// The strongest thing that the selectors say of this element, and into `takes` the rules that take fields from it. It
    /// counts as open until [`Progress::close`].
    pub(super) fn open(&mut self, matcher: &Matcher, subject: &Subject<'_>, takes: &mut Vec<u16>) -> Option<Hit> {
        if matcher.steps.is_empty() {
            return None;
        }
        let type_position = if matcher.counts_types {
            self.count_type(subject)
        } else {
            0
        };
        for number in self.touched.drain(..) {
            self.tried[number as usize / 64] = 0;
        }
        let mut best: Option<Hit> = None;
        let parents_end = self.matched.len();
        // `value` is that of the attribute by which the steps are filed.
        let mut attempt = |steps: &[u32], value: Option<&[u8]>| {
            for &number in steps {
                let (word, bit) = (&mut self.tried[number as usize / 64], 1 << (number % 64));
                if *word & bit != 0 {
                    continue;
                }
                *word |= bit;
                self.touched.push(number);
                let step = &matcher.steps[number as usize];
                let reached = match step.before {
                    None => true,
                    Some((Combinator::Descendant, before)) => self.on[before as usize] > 0,
                    Some((Combinator::Child, before)) => {
                        let parent = subject.depth.wrapping_sub(1) as u32;
                        let mine = self.matched[..parents_end]
                            .iter()
                            .rev()
                            .take_while(|(depth, _)| *depth == parent);
                        mine.into_iter().any(|(_, matched)| *matched == before)
                    }
                };
                if !reached || !step_matches(step, subject, type_position, value) {
                    continue;
                }
                match step.outcome {
                    Outcome::Hit(Hit::TakeRule(rule)) => takes.push(rule),
                    Outcome::Hit(hit) => best = Some(best.map_or(hit, |b| b.min(hit))),
                    Outcome::Inner(step) => self.matched.push((subject.depth as u32, step)),
                }
            }
        };
        let by_tag = matcher.by_tag.get(subject.tag.index());
        by_tag.into_iter().for_each(|steps| attempt(steps, None));
        attempt(&matcher.by_any, None);
        let inside = (parents_end > 0).then_some(&matcher.by_attribute_inside);
        let by_names = [Some(&matcher.by_attribute), inside].map(|names| names.filter(|names| !names.is_empty()));
        let no_attributes = by_names.iter().all(Option::is_none);
        if !(matcher.by_class.is_empty() && matcher.by_id.is_empty() && no_attributes) {
            let (mut class_seen, mut id_seen) = (false, false);
            for (name, value) in subject.start.attributes() {
                if name.eq_ignore_ascii_case(b"class") && !class_seen {
                    class_seen = true;
                    let class = *subject.class.get_or_init(|| &value[..value.len().min(CLASS_BYTES)]);
                    let steps = tokens(class).filter_map(|token| matcher.by_class.get(token));
                    steps.for_each(|steps| attempt(steps, None));
                } else if name.eq_ignore_ascii_case(b"id") && !id_seen {
                    id_seen = true;
                    matcher
                        .by_id
                        .get(value)
                        .into_iter()
                        .for_each(|steps| attempt(steps, None));
                }
                for by_name in by_names.iter().flatten() {
                    if let Some(by_value) = by_name.get_ignoring_case(name) {
                        attempt(&by_value.any, Some(value));
                        by_value.beginnings.find(value, Anchored::Yes, &mut attempt);
                        by_value.parts.find(value, Anchored::No, &mut attempt);
                    }
                }
            }
        }
        // Only now do the steps matched here count as matched on an ancestor.
        for (_, step) in &self.matched[parents_end..] {
            self.on[*step as usize] += 1;
        }
        best
    }

    /// The element at this depth is no longer open.
    pub(super) fn close(&mut self, depth: usize) {
        while let Some((at, step)) = self.matched.last().copied()
            && at as usize >= depth
        {
            self.matched.pop();
            self.on[step as usize] -= 1;
        }
        self.types.truncate(depth + 1);
    }

    /// An element below others was taken out: those above it are one less deep.
    pub(super) fn unhook(&mut self, depth: usize) {
        let depth = depth as u32;
        self.matched.retain(|(at, step)| {
            let stays = *at != depth;
            if !stays {
                self.on[*step as usize] -= 1;
            }
            stays
        });
        for (at, _) in self.matched.iter_mut().filter(|(at, _)| *at > depth) {
            *at -= 1;
        }
        if self.types.len() > depth as usize + 1 {
            self.types.remove(depth as usize + 1);
        }
    }

    /// The number of this element among its siblings of the same name.
    fn count_type(&mut self, subject: &Subject<'_>) -> u32 {
        self.types.resize_with(subject.depth + 1, HashMap::new);
        let number = self.types[subject.depth].entry(subject.name_hash).or_default();
        *number += 1;
        *number
    }
}

/// The tokens of a class attribute.
pub(super) fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0c))
        .filter(|token| !token.is_empty())
}

fn step_matches(step: &Step, subject: &Subject<'_>, type_position: u32, value: Option<&[u8]>) -> bool {
    if let Some((tag, name)) = &step.tag
        && (*tag != subject.tag || (*tag == Tag::OTHER && !name.eq_ignore_ascii_case(subject.start.name())))
    {
        return false;
    }
    conditions_match(&step.compound, subject, type_position, value)
        && !step.compound.not.iter().any(|not| {
            not.tag
                .as_ref()
                .is_none_or(|name| name.as_bytes().eq_ignore_ascii_case(subject.start.name()))
                && conditions_match(not, subject, type_position, None)
        })
}

/// `first` is the value of the first attribute that is asked for, where it is known already.
fn conditions_match(compound: &Compound, subject: &Subject<'_>, type_position: u32, first: Option<&[u8]>) -> bool {
    let has_class = |class: &String| tokens(subject.class()).any(|token| token == class.as_bytes());
    let value = |i: usize, name: &str| match first {
        Some(value) if i == 0 => Some(value),
        _ => subject.start.attribute(name),
    };
    let mut attributes = compound.attributes.iter().enumerate();
    let at = |nth: &Nth| nth.matches(if nth.of_type { type_position } else { subject.position });
    compound
        .ids
        .iter()
        .all(|id| subject.start.attribute("id") == Some(id.as_bytes()))
        && compound.classes.iter().all(has_class)
        && attributes.all(|(i, wanted)| value(i, &wanted.name).is_some_and(|value| attribute_matches(wanted, value)))
        && compound.nth.iter().all(at)
}

fn attribute_matches(wanted: &Attribute, value: &[u8]) -> bool {
    let Some((operator, text)) = &wanted.test else {
        return true;
    };
    let text = text.as_bytes();
    let same = |a: &[u8], b: &[u8]| {
        if wanted.ignore_case {
            a.eq_ignore_ascii_case(b)
        } else {
            a == b
        }
    };
    match operator {
        Operator::Equals => same(value, text),
        Operator::Includes => tokens(value).any(|token| same(token, text)),
        Operator::DashMatch => {
            same(value, text) || (value.get(text.len()) == Some(&b'-') && same(&value[..text.len()], text))
        }
        // An empty text matches nothing (Selectors Level 4, section 6.2).
        Operator::Prefix => !text.is_empty() && value.len() >= text.len() && same(&value[..text.len()], text),
        Operator::Suffix => {
            !text.is_empty() && value.len() >= text.len() && same(&value[value.len() - text.len()..], text)
        }
        Operator::Substring if wanted.ignore_case => text.first().is_some_and(|first| {
            memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), value).any(|at| {
                value
                    .get(at..at + text.len())
                    .is_some_and(|part| part.eq_ignore_ascii_case(text))
            })
        }),
        Operator::Substring => !text.is_empty() && memchr::memmem::find(value, text).is_some(),
    }
}
