//! Footnotes without links: superscript numbers, and notes with the same numbers behind a rule or a heading.

use std::collections::HashMap;

use super::{NONE, NoteFinder, Tag, UnitKind, is_named, text};

impl NoteFinder<'_, '_> {
    /// Superscript numbers without links, and the notes that begin with them behind a rule or a heading.
    pub(crate) fn loose(&mut self) {
        let document = self.document;
        let superscripts = document.elements.iter().enumerate();
        let marked: Vec<(u32, u32)> = superscripts
            .filter(|(id, element)| element.tag == Tag::SUP && element.seen && document.characters(*id as u32) <= 3)
            .filter_map(|(id, _)| Some((id as u32, text(document, id as u32).trim().parse().ok()?)))
            .collect();
        let Some((first, _)) = marked.first() else { return };
        let mut firsts: HashMap<u32, u32> = HashMap::new();
        for (id, number) in &marked {
            firsts.entry(*number).or_insert(*id);
        }
        let by_number = |number: u32, before: u32| firsts.get(&number).is_some_and(|id| *id < before);
        let mut id = *first;
        while (id as usize) < document.elements.len() {
            let run = self.labelled(id);
            let numbers: Vec<u32> = run.iter().filter_map(|(_, number, _)| *number).collect();
            let begins = run.first().map_or(id, |(id, ..)| *id);
            let fits = !numbers.is_empty()
                && numbers.iter().zip(1..).all(|(number, expected)| *number == expected)
                && numbers.iter().all(|number| by_number(*number, begins));
            if fits {
                return self.take_loose(&run, &marked);
            }
            id += 1;
        }
    }

    /// The blocks that follow an element in its parent, if they are notes that begin with their numbers: each with its
    /// number, or without one where it goes on with the note before; and the label.
    fn labelled(&self, before: u32) -> Vec<(u32, Option<u32>, u32)> {
        let document = self.document;
        let element = &document.elements[before as usize];
        let opens = element.tag == Tag::HR || element.tag.is_heading();
        let is_list = matches!(element.tag, Tag::OL | Tag::UL) && is_named(document, before, before);
        if !element.seen || !(opens || is_list) {
            return Vec::new();
        }
        let (mut id, parent) = match is_list {
            true => (before + 1, before),
            false => (element.next, element.parent),
        };
        let mut found: Vec<(u32, Option<u32>, u32)> = Vec::new();
        while let Some(block) = document
            .elements
            .get(id as usize)
            .filter(|block| block.parent == parent)
        {
            if block.tag.is_heading() || block.tag == Tag::HR {
                break;
            }
            let label = self.label_number(id);
            if !block.tag.is_block() || (found.is_empty() && label.is_none()) {
                return Vec::new();
            }
            found.push((
                id,
                label.map(|(number, _)| number),
                label.map_or(NONE, |(_, label)| label),
            ));
            id = block.next;
        }
        found
    }

    /// The number that a block begins with in an element of its own, or that its id ends with.
    fn label_number(&self, id: u32) -> Option<(u32, u32)> {
        let document = self.document;
        let block = &document.elements[id as usize];
        if block.tag == Tag::LI {
            let own = document.attribute(id, "id")?;
            let digits = own.rfind(|c: char| !c.is_ascii_digit()).map_or(own, |i| &own[i + 1..]);
            return Some((digits.parse().ok()?, NONE));
        }
        let label = document.elements.get(id as usize + 1)?;
        let is_label = matches!(label.tag, Tag::SUP | Tag::STRONG | Tag::B) && id + 1 < block.next;
        let is_first = document.characters_before[label.first_run as usize]
            == document.characters_before[block.first_run as usize];
        let number = text(document, id + 1)
            .trim()
            .trim_matches(['[', ']', '.', ')'])
            .parse()
            .ok()?;
        (is_label && is_first).then_some((number, id + 1))
    }

    fn take_loose(&mut self, run: &[(u32, Option<u32>, u32)], marked: &[(u32, u32)]) {
        let document = self.document;
        let begins = run.first().map_or(0, |(id, ..)| *id);
        if let Some(element) = document.elements.get(begins as usize)
            && element.tag == Tag::LI
        {
            self.units.insert(element.parent, UnitKind::Notes);
        }
        let mut most = 0;
        for (id, number, label) in run {
            let kind = match number {
                Some(number) => UnitKind::Note(*number),
                None => UnitKind::NoteContinued,
            };
            most = most.max(number.unwrap_or(0));
            self.units.insert(*id, kind);
            if let Some(label) = document.elements.get(*label as usize) {
                self.leave(label.start as usize..label.end as usize);
            }
        }
        self.next = most + 1;
        for (id, number) in marked.iter().filter(|(id, number)| *id < begins && *number <= most) {
            self.units.insert(*id, UnitKind::NoteReference(*number));
        }
    }
}
