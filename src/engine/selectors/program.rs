//! Selectors, compiled; `engine::progress` follows them through a document.
//!
//! Each compound is filed under one thing that its element must have (an id, a class, an attribute or a name), so an
//! element looks up what it holds and tries the few compounds that could be meant: ten thousand class selectors cost one
//! hash look-up a token, and a thousand `[href^=…]` one pass over the address. A selector of several compounds is matched
//! from the left: the part matched so far is noted on the open element and counted, so no ancestor is ever looked at again.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, StartKind, automaton::OverlappingState};

use super::element::MatchedElement;
use crate::{
    engine::html::tags::Tag,
    rules::selector::{Attribute, Combinator, Compound, Nth, Operator, Selector},
};

/// What a selector says of an element, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleMatch {
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

impl RuleMatch {
    /// Whether the element goes.
    pub fn drops(self) -> bool {
        matches!(self, RuleMatch::Remove | RuleMatch::DropRule(_))
    }
}

#[derive(Debug)]
pub(crate) struct CompiledStep {
    tag: Option<(Tag, Box<[u8]>)>,
    compound: Compound,
    /// The inner step that must have matched before, and where.
    pub(crate) before: Option<(Combinator, u32)>,
    pub(crate) outcome: StepOutcome,
}

/// What it means when a step matches.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StepOutcome {
    /// It is the last one of its selector.
    Hit(RuleMatch),
    /// More must follow: its number among such inner steps, which alone are noted on open elements.
    Inner(u32),
}

/// Steps by a name that their element must have.
#[derive(Debug)]
pub(crate) struct NameIndex<T = Vec<u32>> {
    /// Keys come from rules alone, so a fast hash without a guard against chosen keys is enough.
    steps: HashMap<Box<[u8]>, T, foldhash::fast::RandomState>,
    /// A bit for what the names are like: most names of a page are like none of them, and need no look-up.
    likeness: Vec<u64>,
}

/// Bits of likeness for each name: one look in this many finds a bit that another name has set.
const BITS_A_NAME: usize = 32;

impl<T> Default for NameIndex<T> {
    fn default() -> Self {
        NameIndex {
            steps: HashMap::default(),
            likeness: vec![0],
        }
    }
}

impl<T: Default> NameIndex<T> {
    fn entry(&mut self, name: &str) -> &mut T {
        self.steps.entry(name.as_bytes().into()).or_default()
    }

    /// Makes the names ready to be looked for. None is found before.
    fn compile(&mut self) {
        self.likeness = vec![0; (self.steps.len() * BITS_A_NAME).div_ceil(64).next_power_of_two()];
        for name in self.steps.keys() {
            let name = SoughtName::new(name);
            let word = self.word(&name);
            self.likeness[word] |= name.bit();
        }
    }

    fn word(&self, name: &SoughtName<'_>) -> usize {
        name.hash as usize >> 6 & (self.likeness.len() - 1)
    }

    fn may_hold(&self, name: &SoughtName<'_>) -> bool {
        self.likeness[self.word(name)] & name.bit() != 0
    }

    pub(crate) fn get(&self, name: &SoughtName<'_>) -> Option<&T> {
        self.may_hold(name).then(|| self.steps.get(name.text))?
    }

    /// As [`NameIndex::get`], in any letter case. The names themselves are in lower case.
    pub(crate) fn get_ignoring_case(&self, name: &SoughtName<'_>) -> Option<&T> {
        match self.may_hold(name) {
            true if name.text.iter().any(u8::is_ascii_uppercase) => {
                self.steps.get(name.text.to_ascii_lowercase().as_slice())
            }
            true => self.steps.get(name.text),
            false => None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// A name to be looked for, and what it is like: found once, however many lists it is looked for in.
pub(crate) struct SoughtName<'n> {
    text: &'n [u8],
    hash: u32,
}

impl<'n> SoughtName<'n> {
    pub(crate) fn new(text: &'n [u8]) -> Self {
        let hash = rough_hash(text);
        SoughtName { text, hash }
    }

    /// The bit of its word that says what it is like.
    fn bit(&self) -> u64 {
        1 << (self.hash % 64)
    }
}

/// Tells names apart by their first and last letters and their length, letter case aside: names may share a hash.
pub(crate) fn rough_hash(name: &[u8]) -> u32 {
    let letters = match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(first), Some(last)) => u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(24),
        _ => name.iter().fold(0, |letters, byte| letters << 8 | u64::from(*byte)),
    };
    let lower_case: u64 = 0x2020_2020_2020_2020;
    let mixed = ((letters | lower_case) ^ name.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as u32 // the upper half of a product depends on all of its factor
}

/// Steps that ask for an attribute of one name. The texts that its value must begin with or hold are searched for all at
/// once, and only those steps are tried whose text is there.
#[derive(Debug, Default)]
pub(crate) struct ValueIndex {
    /// Tells it apart from those of other attributes.
    pub(crate) number: u32,
    /// Steps that any value will do for.
    any: Vec<u32>,
    beginnings: Texts,
    parts: Texts,
}

/// Texts that are longer all together are searched for by an automaton that takes tens of bytes for each of theirs; the
/// faster one takes up to a kilobyte.
const DENSE_TEXT_BYTES: usize = 2 << 10;

#[derive(Debug, Default)]
struct Texts {
    /// The step of each text.
    steps: Vec<u32>,
    texts: Vec<Box<[u8]>>,
    search: Option<AhoCorasick>,
    /// Letters that a text begins with, in both cases, behind the beginning that all texts share.
    first: Vec<u8>,
    shared: usize,
}

impl ValueIndex {
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

    fn compile(&mut self) {
        self.beginnings.compile(StartKind::Anchored);
        self.parts.compile(StartKind::Unanchored);
    }

    /// The steps that may be meant by this value, but for those of its parts. The answer is whether there may be any.
    pub(crate) fn find(&self, value: &[u8], mut attempt: impl FnMut(&[u32])) -> bool {
        if !self.any.is_empty() {
            attempt(&self.any);
        }
        let may_begin = self.beginnings.may_begin(value);
        if may_begin {
            self.beginnings.find(value, Anchored::Yes, &mut attempt);
        }
        may_begin || !self.any.is_empty()
    }

    /// Whether any steps ask for what a value holds, so that all of it must be read.
    pub(crate) fn reads_parts(&self) -> bool {
        !self.parts.steps.is_empty()
    }

    /// The steps that may be meant by what this value holds. The answer is whether there are any.
    pub(crate) fn find_parts(&self, value: &[u8], mut attempt: impl FnMut(&[u32])) -> bool {
        let mut found = false;
        self.parts.find(value, Anchored::No, &mut |steps: &[u32]| {
            found = true;
            attempt(steps);
        });
        found
    }
}

impl Texts {
    /// Letter case is left to the step itself, which may ask for it or not.
    fn compile(&mut self, start: StartKind) {
        let Some((one, others)) = self.texts.split_first() else {
            return;
        };
        let shared = |other: &[u8]| {
            let pairs = one.iter().zip(other.iter());
            pairs.take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
        };
        // One letter of each text stays apart from what is shared.
        let shortest = self.texts.iter().map(|text| text.len()).min().unwrap_or_default();
        let most = others.iter().map(|other| shared(other)).min().unwrap_or(shortest);
        self.shared = most.min(shortest.saturating_sub(1));
        let letters = self.texts.iter().filter_map(|text| text.get(self.shared));
        self.first = letters
            .flat_map(|letter| [letter.to_ascii_lowercase(), letter.to_ascii_uppercase()])
            .collect();
        self.first.sort_unstable();
        self.first.dedup();
        let mut builder = AhoCorasick::builder();
        if self.texts.iter().map(|text| text.len()).sum::<usize>() > DENSE_TEXT_BYTES {
            builder.kind(Some(AhoCorasickKind::ContiguousNFA));
        }
        // What is too large to compile is not searched for: each step is tried.
        self.search = builder
            .ascii_case_insensitive(true)
            .start_kind(start)
            .build(&self.texts)
            .ok();
    }

    /// Whether one of the texts may begin a value: a look at one letter spares most values the search.
    fn may_begin(&self, value: &[u8]) -> bool {
        value.get(self.shared).is_some_and(|letter| self.first.contains(letter))
    }

    /// Attempts the steps whose text is found in a value.
    fn find(&self, value: &[u8], anchored: Anchored, attempt: &mut impl FnMut(&[u32])) {
        let Some(search) = &self.search else {
            return attempt(&self.steps);
        };
        let input = Input::new(value).anchored(anchored);
        let mut state = OverlappingState::start();
        while let Some(found) = {
            search.find_overlapping(input.clone(), &mut state);
            state.get_match()
        } {
            attempt(&[self.steps[found.pattern().as_usize()]]);
        }
    }
}

/// A compiled set of selectors.
#[derive(Debug, Default)]
pub struct SelectorProgram {
    pub(crate) steps: Vec<CompiledStep>,
    /// By [`Tag::index`].
    pub(crate) by_tag: Vec<Vec<u32>>,
    pub(crate) by_class: NameIndex,
    pub(crate) by_id: NameIndex,
    pub(crate) by_attribute: NameIndex<ValueIndex>,
    /// The same of steps that another one must come before: nothing is looked for while none has matched.
    pub(crate) by_attribute_inside: NameIndex<ValueIndex>,
    pub(crate) by_any: Vec<u32>,
    pub(crate) inner_steps: u32,
    pub(crate) counts_types: bool,
}

impl SelectorProgram {
    /// Compiles selectors with what each one means.
    pub fn new<'a>(selectors: impl IntoIterator<Item = (&'a Selector, RuleMatch)>) -> Self {
        let mut program = SelectorProgram::default();
        for (selector, hit) in selectors {
            let last = selector.rest.len();
            let compounds = std::iter::once((Combinator::Descendant, &selector.first))
                .chain(selector.rest.iter().map(|(c, x)| (*c, x)));
            let mut previous = None;
            for (i, (combinator, compound)) in compounds.enumerate() {
                let before = previous.map(|step| (combinator, step));
                let inner = program.inner_steps;
                previous = Some(inner);
                if i == last {
                    program.add(compound, before, StepOutcome::Hit(hit));
                } else {
                    program.inner_steps += 1;
                    program.add(compound, before, StepOutcome::Inner(inner));
                }
            }
        }
        program.by_class.compile();
        program.by_id.compile();
        for by_attribute in [&mut program.by_attribute, &mut program.by_attribute_inside] {
            by_attribute.compile();
            for (number, by_value) in by_attribute.steps.values_mut().enumerate() {
                by_value.number = number as u32;
                by_value.compile();
            }
        }
        program
    }

    fn add(&mut self, compound: &Compound, before: Option<(Combinator, u32)>, outcome: StepOutcome) {
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
        self.steps.push(CompiledStep {
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

/// The tokens of a class attribute.
pub(crate) fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0c))
        .filter(|token| !token.is_empty())
}

impl CompiledStep {
    /// Whether its compound matches an element, whatever has matched around it. `value` is that of the attribute by which
    /// it is filed.
    pub(crate) fn matches(&self, subject: &MatchedElement<'_>, type_position: u32, value: Option<&[u8]>) -> bool {
        if let Some((tag, name)) = &self.tag
            && (*tag != subject.tag || (*tag == Tag::OTHER && !name.eq_ignore_ascii_case(subject.start.name())))
        {
            return false;
        }
        conditions_match(&self.compound, subject, type_position, value)
            && !self.compound.not.iter().any(|not| {
                not.tag
                    .as_ref()
                    .is_none_or(|name| name.as_bytes().eq_ignore_ascii_case(subject.start.name()))
                    && conditions_match(not, subject, type_position, None)
            })
    }
}

/// `first` is the value of the first attribute that is asked for, where it is known already.
fn conditions_match(
    compound: &Compound,
    subject: &MatchedElement<'_>,
    type_position: u32,
    first: Option<&[u8]>,
) -> bool {
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
