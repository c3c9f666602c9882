//! How far selectors have matched on the elements that are open: `engine::program`'s, on our own stack.

use std::{collections::HashMap, sync::Arc};

use super::element::{MatchedElement, cut};
use super::program::{RuleMatch, SelectorProgram, SoughtName, StepOutcome, rough_hash, tokens};
use crate::{rules::selector::Combinator, steps};

/// How far the selectors of several programs have got.
#[derive(Debug)]
pub(crate) struct MatchState {
    followed: Vec<(Arc<SelectorProgram>, MatchedSteps)>,
    negative_cache: NegativeCache,
    /// Whether any selector is filed by something that an attribute holds.
    reads_attributes: bool,
}

impl MatchState {
    pub(crate) fn new<'m>(programs: impl Iterator<Item = &'m Arc<SelectorProgram>>) -> Self {
        let followed: Vec<_> = programs
            .map(|program| (Arc::clone(program), MatchedSteps::new(program)))
            .collect();
        let reads_attributes = |program: &SelectorProgram| {
            let by_attributes = [&program.by_attribute, &program.by_attribute_inside];
            let has_names = !program.by_class.is_empty() || !program.by_id.is_empty();
            has_names || by_attributes.iter().any(|by_attribute| !by_attribute.is_empty())
        };
        MatchState {
            negative_cache: NegativeCache::default(),
            reads_attributes: followed.iter().any(|(program, _)| reads_attributes(program)),
            followed,
        }
    }

    /// The strongest thing that the selectors say of this element, and into `takes` the rules that take fields from it. It
    /// counts as open until [`MatchState::close`].
    pub(crate) fn open(&mut self, subject: &MatchedElement<'_>, takes: &mut Vec<u16>) -> Option<RuleMatch> {
        for (program, matched) in &mut self.followed {
            matched.begin(program, subject);
            let by_tag = program.by_tag.get(subject.tag.index());
            for steps in [by_tag, Some(&program.by_any)].into_iter().flatten() {
                if !steps.is_empty() {
                    matched.attempt(program, subject, steps, None, takes);
                }
            }
        }
        if self.reads_attributes {
            self.read_attributes(subject, takes);
        }
        self.followed.iter_mut().filter_map(|(_, matched)| matched.end()).min()
    }

    /// All that is filed by what an attribute holds. The attributes are read once, however many programs there are.
    fn read_attributes(&mut self, subject: &MatchedElement<'_>, takes: &mut Vec<u16>) {
        let all = subject.start.behind_name();
        if all.len() == 1 || self.negative_cache.holds(ValueKind::Tag, all) {
            return;
        }
        let mut is_dull = true;
        let (mut class_seen, mut id_seen) = (false, false);
        for (name, value) in subject.start.attributes() {
            if !class_seen && is_named(name, b"class") {
                class_seen = true;
                is_dull &= self.read_class(subject.class.get_or_init(|| cut(value)), subject, takes);
            } else if !id_seen && is_named(name, b"id") {
                id_seen = true;
                for (program, matched) in &mut self.followed {
                    if let Some(steps) = program.by_id.get(&SoughtName::new(value)) {
                        is_dull = false;
                        matched.attempt(program, subject, steps, None, takes);
                    }
                }
            }
            let name = SoughtName::new(name);
            for (i, (program, matched)) in self.followed.iter_mut().enumerate() {
                for (j, by_name) in [&program.by_attribute, &program.by_attribute_inside]
                    .into_iter()
                    .enumerate()
                {
                    let Some(by_value) = by_name.get_ignoring_case(&name) else {
                        continue;
                    };
                    if j == 1 && !matched.has_begun() {
                        is_dull = false; // for now
                        continue;
                    }
                    let mut attempt = |steps: &[u32]| matched.attempt(program, subject, steps, Some(value), takes);
                    is_dull &= !by_value.find(value, &mut attempt);
                    let of = ValueKind::Attribute((2 * i + j) as u8, by_value.number);
                    if by_value.reads_parts() && !self.negative_cache.holds(of, value) {
                        match by_value.find_parts(value, attempt) {
                            true => is_dull = false,
                            false => self.negative_cache.add(of, value),
                        }
                    }
                }
            }
        }
        if is_dull {
            self.negative_cache.add(ValueKind::Tag, all);
        }
    }

    /// The answer is whether the class says nothing to any selector.
    fn read_class(&mut self, class: &[u8], subject: &MatchedElement<'_>, takes: &mut Vec<u16>) -> bool {
        if self.negative_cache.holds(ValueKind::Class, class) {
            return true;
        }
        let mut is_dull = true;
        for token in tokens(class) {
            let token = SoughtName::new(token);
            for (program, matched) in &mut self.followed {
                if let Some(steps) = program.by_class.get(&token) {
                    is_dull = false;
                    matched.attempt(program, subject, steps, None, takes);
                }
            }
        }
        if is_dull {
            self.negative_cache.add(ValueKind::Class, class);
        }
        is_dull
    }

    /// What is noted of the elements that are open, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        self.followed.iter().map(|(_, matched)| matched.held_bytes()).sum()
    }

    /// The element at this depth is no longer open.
    pub(crate) fn close(&mut self, depth: usize) {
        self.followed.iter_mut().for_each(|(_, matched)| matched.close(depth));
    }

    /// An element below others was taken out: those above it are one less deep.
    pub(crate) fn unhook(&mut self, depth: usize) {
        self.followed.iter_mut().for_each(|(_, matched)| matched.unhook(depth));
    }
}

/// The name, in any letter case.
fn is_named(name: &[u8], lower_case: &[u8]) -> bool {
    name.len() == lower_case.len() && name.eq_ignore_ascii_case(lower_case)
}

/// Values that came up lately and hold nothing that a selector is filed by: a page repeats few tags, classes and styles, and
/// looking for a whole value is cheaper than looking for all that may be in it.
#[derive(Debug)]
struct NegativeCache(Vec<CacheSlot>);

#[derive(Debug, Clone)]
struct CacheSlot {
    of: ValueKind,
    length: u8,
    bytes: [u8; NegativeCache::BYTES],
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValueKind {
    /// All attributes of a start tag.
    Tag,
    Class,
    /// The list of attributes, and its number there.
    Attribute(u8, u32),
}

impl NegativeCache {
    /// Values that are kept, each at the place that its hash says.
    const SLOTS: usize = 256;
    /// Bytes of a value that is kept: a slot is two cache lines.
    const BYTES: usize = 115;

    fn place(value: &[u8]) -> usize {
        rough_hash(value) as usize % NegativeCache::SLOTS
    }

    fn holds(&self, of: ValueKind, value: &[u8]) -> bool {
        let slot = self.0.get(NegativeCache::place(value));
        slot.is_some_and(|slot| slot.of == of && slot.bytes.get(..usize::from(slot.length)) == Some(value))
    }

    fn add(&mut self, of: ValueKind, value: &[u8]) {
        if let Some(slot) = self.0.get_mut(NegativeCache::place(value))
            && let Some(bytes) = slot.bytes.get_mut(..value.len())
        {
            bytes.copy_from_slice(value);
            slot.length = value.len() as u8;
            slot.of = of;
        }
    }
}

impl Default for NegativeCache {
    fn default() -> Self {
        let empty = CacheSlot {
            of: ValueKind::Class,
            length: 0,
            bytes: [0; NegativeCache::BYTES],
        };
        NegativeCache(vec![empty; NegativeCache::SLOTS])
    }
}

/// What of one program's selectors has matched on the elements that are open now.
///
/// # Limits
/// An open element takes a bit for each inner step, and only if one has matched on it: thousands of selectors on a document
/// that is nested as deep as it may be take some megabytes.
#[derive(Debug)]
struct MatchedSteps {
    /// For each inner step, on how many open elements it matched.
    on: Vec<u32>,
    /// The depths of the open elements on which inner steps matched, ascending.
    depths: Vec<u32>,
    /// For each of `depths` as many words as there are bits for the inner steps: which of them matched there.
    bits: Vec<u64>,
    words: usize,
    /// The inner steps that matched on the element at hand, and its depth.
    own: Vec<u32>,
    depth: u32,
    /// For `:nth-of-type()`: names and their numbers so far, for each open element, by depth.
    types: Vec<HashMap<u32, u32>>,
    /// How many names there are in `types`.
    type_names: usize,
    /// The number of the element at hand among its siblings of the same name.
    type_position: u32,
    /// The strongest thing said of the element at hand.
    best: Option<RuleMatch>,
    /// A bit for each step that was tried on the element at hand: once is enough, whatever it repeats.
    tried: Vec<u64>,
    /// Those whose bit is set.
    touched: Vec<u32>,
}

/// Names that are counted for `:nth-of-type()` at once: a stream may have any number, and no page comes near it.
const TYPE_NAMES: usize = 16 << 10;

impl MatchedSteps {
    fn new(program: &SelectorProgram) -> Self {
        let inner_steps = program.inner_steps as usize;
        MatchedSteps {
            on: vec![0; inner_steps],
            depths: Vec::new(),
            bits: Vec::new(),
            words: inner_steps.div_ceil(64),
            own: Vec::new(),
            depth: 0,
            types: Vec::new(),
            type_names: 0,
            type_position: 0,
            best: None,
            tried: vec![0; program.steps.len().div_ceil(64)],
            touched: Vec::new(),
        }
    }

    fn begin(&mut self, program: &SelectorProgram, subject: &MatchedElement<'_>) {
        if program.counts_types {
            self.type_position = self.count_type(subject);
        }
        for number in self.touched.drain(..) {
            self.tried[number as usize / 64] = 0;
        }
        self.best = None;
        self.depth = subject.depth as u32;
    }

    /// Whether any inner step has matched on the elements around the one at hand.
    fn has_begun(&self) -> bool {
        !self.depths.is_empty()
    }

    /// Whether this inner step has matched on the parent of the element at hand.
    fn is_on_parent(&self, step: u32) -> bool {
        let is_noted = self.depths.last().is_some_and(|depth| depth + 1 == self.depth);
        let parent = self.bits.len().wrapping_sub(self.words);
        is_noted && self.bits[parent + step as usize / 64] & 1 << (step % 64) != 0
    }

    /// Tries steps on the element at hand. `value` is that of the attribute by which they are filed.
    fn attempt(
        &mut self,
        program: &SelectorProgram,
        subject: &MatchedElement<'_>,
        steps: &[u32],
        value: Option<&[u8]>,
        takes: &mut Vec<u16>,
    ) {
        steps::count(steps.len());
        for &number in steps {
            let (word, bit) = (&mut self.tried[number as usize / 64], 1 << (number % 64));
            if *word & bit != 0 {
                continue;
            }
            *word |= bit;
            self.touched.push(number);
            let step = &program.steps[number as usize];
            let reached = match step.before {
                None => true,
                Some((Combinator::Descendant, before)) => self.on[before as usize] > 0,
                Some((Combinator::Child, before)) => self.is_on_parent(before),
            };
            if !reached || !step.matches(subject, self.type_position, value) {
                continue;
            }
            match step.outcome {
                StepOutcome::Hit(RuleMatch::TakeRule(rule)) => takes.push(rule),
                StepOutcome::Hit(hit) => self.best = Some(self.best.map_or(hit, |best| best.min(hit))),
                StepOutcome::Inner(step) => self.own.push(step),
            }
        }
    }

    fn end(&mut self) -> Option<RuleMatch> {
        // Only now do the steps matched here count as matched on an ancestor.
        if !self.own.is_empty() {
            let begin = self.bits.len();
            self.depths.push(self.depth);
            self.bits.resize(begin + self.words, 0);
            for step in self.own.drain(..) {
                self.on[step as usize] += 1;
                self.bits[begin + step as usize / 64] |= 1 << (step % 64);
            }
        }
        self.best
    }

    fn close(&mut self, depth: usize) {
        while self.depths.last().is_some_and(|at| *at as usize >= depth) {
            self.forget(self.depths.len() - 1);
        }
        self.truncate_types(depth + 1);
    }

    fn unhook(&mut self, depth: usize) {
        steps::count(self.depths.len());
        let from = match self.depths.binary_search(&(depth as u32)) {
            Ok(place) => {
                self.forget(place);
                place
            }
            Err(place) => place,
        };
        self.depths[from..].iter_mut().for_each(|at| *at -= 1);
        if self.types.len() > depth + 1 {
            self.type_names -= self.types.remove(depth + 1).len();
        }
    }

    /// Takes out what has matched on one open element, by its place in `depths`.
    fn forget(&mut self, place: usize) {
        self.depths.remove(place);
        let begin = place * self.words;
        for (word, mut bits) in self.bits.drain(begin..begin + self.words).enumerate() {
            while bits != 0 {
                self.on[word * 64 + bits.trailing_zeros() as usize] -= 1;
                bits &= bits - 1;
            }
        }
    }

    /// What the elements that are open take, in bytes.
    fn held_bytes(&self) -> usize {
        self.bits.capacity() * size_of::<u64>()
    }

    fn truncate_types(&mut self, length: usize) {
        if self.types.len() > length {
            self.type_names -= self.types.drain(length..).map(|names| names.len()).sum::<usize>();
        }
    }

    /// The number of this element among its siblings of the same name.
    fn count_type(&mut self, subject: &MatchedElement<'_>) -> u32 {
        self.types.resize_with(subject.depth + 1, HashMap::new);
        let names = &mut self.types[subject.depth];
        if self.type_names >= TYPE_NAMES && !names.contains_key(&subject.name_hash) {
            return u32::MAX;
        }
        self.type_names += usize::from(!names.contains_key(&subject.name_hash));
        let number = names.entry(subject.name_hash).or_default();
        *number += 1;
        *number
    }
}
