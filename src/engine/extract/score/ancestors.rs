//! The elements around a block: what their names say, what stands beside them, what they hold.
//!
//! Neighbours stand in nearly the same elements. So the path from the root is kept from one block to the next, and what
//! can be said of an element and those around it is found out once.

use super::{
    blocks::ln,
    context::{FAR, FeatureWriter, PageContext, STEPS, each_bit},
    names::{HIDDEN, PLACES},
    signals::NAME_KINDS,
};
use crate::{
    engine::{document::NONE, html::tags::Tag},
    steps,
};

/// Boxes around a block whose sums are features.
pub(crate) const BOXES: usize = 3;

/// Weights that are no further apart are those of the same text.
const SAME: f32 = 0.5;

/// The elements from the root to where a block begins.
pub(crate) struct AncestorPath<'p, 'o, 's> {
    page: &'p PageContext<'o, 's>,
    steps: Vec<Ancestor>,
}

/// One element of the path.
struct Ancestor {
    element: u32,
    /// Levels up to the nearest element with a name of each kind, itself included; [`FAR`] for none near.
    kinds: [f32; NAME_KINDS],
    /// The share of the page's good text that is in each of those.
    shares: [f32; NAME_KINDS],
    /// Levels up to the nearest of each of [`PLACES`], and to what is hidden.
    places: [f32; PLACES.len() + 1],
    /// Its siblings of one family: how many they are, their share of the good text, their mean weight. None are 0.
    siblings: [f32; 3],
    /// How many steps lead to the nearest one that holds more than this one; 0 if none does.
    larger: usize,
    /// What it holds, but for the place of the block: computed on demand.
    holds: Option<[f32; 6]>,
}

impl<'p, 'o, 's> AncestorPath<'p, 'o, 's> {
    pub(crate) fn new(page: &'p PageContext<'o, 's>) -> Self {
        AncestorPath {
            page,
            steps: Vec::new(),
        }
    }

    /// Goes to an element.
    pub(crate) fn go(&mut self, to: u32) {
        let elements = &self.page.document.elements;
        let known = |steps: &[Ancestor], element: u32| steps.last().map_or(NONE, |step| step.element) == element;
        // An element is numbered behind those around it, so what has a greater number is not around it.
        let mut missing = Vec::new();
        let mut at = to;
        loop {
            while self.steps.last().is_some_and(|step| step.element > at || at == NONE) {
                self.steps.pop();
            }
            if known(&self.steps, at) {
                break;
            }
            steps::count(1);
            missing.push(at);
            at = elements[at as usize].parent;
        }
        while let Some(element) = missing.pop() {
            self.enter(element);
        }
    }

    fn enter(&mut self, element: u32) {
        let page = self.page;
        let (own, sums) = (&page.document.elements[element as usize], &page.sums[element as usize]);
        let mut step = Ancestor {
            element,
            kinds: [FAR; NAME_KINDS],
            shares: [0.0; NAME_KINDS],
            places: [FAR; PLACES.len() + 1],
            siblings: [0.0; 3],
            larger: 0,
            holds: None,
        };
        if let Some(above) = self.steps.last() {
            let is_larger = page.sums[above.element as usize].weight > sums.weight + SAME;
            step.larger = if is_larger { self.steps.len() } else { above.larger };
            step.kinds = above.kinds.map(|levels| (levels + 1.0).min(FAR));
            step.places = above.places.map(|levels| (levels + 1.0).min(FAR));
            let near = above.shares.iter().zip(&step.kinds);
            for (share, (above, levels)) in step.shares.iter_mut().zip(near) {
                *share = if *levels < FAR { *above } else { 0.0 };
            }
        }
        let name = page.names.get(element);
        each_bit(name.kinds, |kind| {
            step.kinds[kind] = 0.0;
            step.shares[kind] = sums.good / page.good;
        });
        each_bit(name.places & !HIDDEN, |place| step.places[place] = 0.0);
        if name.places & HIDDEN != 0 {
            step.places[PLACES.len()] = 0.0;
        }
        if let Some([count, good, weight]) = page
            .siblings
            .get(&(own.parent, name.family))
            .filter(|_| has_siblings(own.tag))
        {
            step.siblings = [*count, good / page.good, ln(weight / count)];
        }
        self.steps.push(step);
    }

    /// How deep an element of the path is.
    pub(crate) fn depth(&self, element: u32) -> f32 {
        self.place_of(element).map_or(0.0, |depth| (depth as f32).min(STEPS))
    }

    fn place_of(&self, element: u32) -> Option<usize> {
        self.steps.iter().rposition(|step| step.element == element)
    }

    /// The names of what it leads to, and its families.
    pub(crate) fn surroundings(&self, row: &mut FeatureWriter<'_>) {
        let far = ([FAR; NAME_KINDS], [0.0; NAME_KINDS], [FAR; PLACES.len() + 1]);
        let (kinds, shares, places) = match self.steps.last() {
            Some(step) => (&step.kinds, &step.shares, &step.places),
            None => (&far.0, &far.1, &far.2),
        };
        row.add(kinds);
        row.add(shares);
        row.add(places);
        let mut most = [0.0; 4];
        for (level, step) in self.steps.iter().rev().take(FAR as usize).enumerate() {
            let [count, good, mean] = step.siblings;
            if count > most[0] {
                most = [count, level as f32, good, mean];
            }
        }
        most[0] = most[0].min(50.0);
        row.add(&most);
    }

    /// The sums of the elements around the block `i` of this weight in `element`, of those that hold more than the one
    /// before.
    pub(crate) fn boxes(&mut self, i: usize, element: u32, weight: f32, row: &mut FeatureWriter<'_>) {
        let page = self.page;
        let mut inside = weight;
        let mut found = 0;
        let mut around = self.place_of(element).map_or(0, |place| place + 1);
        while let Some(place) = around.checked_sub(1) {
            let step = &mut self.steps[place];
            around = step.larger;
            let sums = &page.sums[step.element as usize];
            if sums.weight <= inside + SAME {
                continue;
            }
            inside = sums.weight;
            let [weight, density, good, blocks, mean, share] = *step.holds.get_or_insert_with(|| {
                [
                    ln(sums.weight),
                    sums.link_density(),
                    sums.good / page.good,
                    ln(sums.blocks as f32),
                    ln(sums.weight / sums.blocks as f32),
                    sums.good / sums.weight.max(1.0),
                ]
            });
            let place = (i as u32 - sums.first) as f32 / (sums.blocks - 1).max(1) as f32;
            row.add(&[weight, density, good, blocks, mean, place, share]);
            found += 1;
            if found == BOXES {
                return;
            }
        }
        for _ in found..BOXES {
            row.add(&[-1.0; 7]);
        }
    }
}

/// Whether siblings are counted: paragraphs and rows are always many.
pub(crate) fn has_siblings(tag: Tag) -> bool {
    tag.is_block() && !tag.is_heading() && !matches!(tag, Tag::P | Tag::TD | Tag::TH | Tag::TR)
}
