//! Footnotes: the references in the text, and the notes that they lead to.
//!
//! A reference is a link inside the document whose text is a mark (`1`, `[2]`, `*`); its note is the block that begins where
//! it leads. Links to theorems and sections look the same, so a pair is believed only where the note leads back to the
//! reference, where its names say what it is, or where the mark is superscript and the note begins with it. Superscript
//! numbers without links count where notes with just those numbers follow a rule or a heading; and a note that stands in
//! the text itself, shown by a click on its mark, counts by the label and the box that do it.
//!
//! What only leads back, and the mark that a note repeats, is left out: the content numbers notes itself.

mod loose;
mod marks;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Range,
};

use super::{Document, LeftOut, NONE, Tag, UnitKind};
use crate::engine::{document::Element, extract::reason::ScoreReason};
use marks::{bare, beginning, is_arrow, is_back, is_named, is_superscript, mark, text};

/// Visible characters of the longest mark.
const MARK_CHARACTERS: u32 = 12;
/// Visible characters of the longest note.
const NOTE_CHARACTERS: u32 = 10_000;
/// Elements around a note that its names are looked for in, and inline elements around a reference that belong to it.
const STEPS: usize = 4;
/// Elements, links and runs of a block that are looked at.
const LOOKED_AT: usize = 256;
/// The footnotes of a document.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Ascending.
    pub(crate) units: Vec<(u32, UnitKind)>,
    pub(crate) left_out: Vec<LeftOut>,
}

/// A link within the document.
struct FragmentLink {
    element: u32,
    /// The element that it leads to, or [`NONE`].
    target: u32,
}

/// Finds them.
pub(crate) fn find(document: &Document<'_>) -> Notes {
    let mut finder = NoteFinder {
        document,
        links: links(document),
        units: BTreeMap::new(),
        left_out: Vec::new(),
        next: 1,
    };
    finder.linked();
    if finder.units.is_empty() {
        finder.loose();
    }
    finder.inline();
    finder.arrows();
    Notes {
        units: finder.units.into_iter().collect(),
        left_out: finder.left_out,
    }
}

/// The links within the document that are as short as a mark, with what they lead to.
fn links(document: &Document<'_>) -> Vec<FragmentLink> {
    let bytes = document.source.as_bytes();
    let mut links = Vec::new();
    let mut wanted: HashMap<String, Vec<usize>> = HashMap::new();
    for (id, element) in document.elements.iter().enumerate() {
        let id = id as u32;
        let is_link = element.tag == Tag::A && element.seen && document.characters(id) <= MARK_CHARACTERS;
        if !is_link || memchr::memchr(b'#', &bytes[element.start as usize..element.inner as usize]).is_none() {
            continue;
        }
        let href = document.attribute(id, "href").unwrap_or_default();
        let Some((_, fragment)) = href.split_once('#').filter(|(_, fragment)| !fragment.is_empty()) else {
            continue;
        };
        let fragment = htmlize::unescape_attribute(fragment);
        let fragment = percent_encoding::percent_decode_str(&fragment)
            .decode_utf8_lossy()
            .into_owned();
        wanted.entry(fragment).or_default().push(links.len());
        links.push(FragmentLink {
            element: id,
            target: NONE,
        });
    }
    if links.is_empty() {
        return links;
    }
    for id in 0..document.elements.len() as u32 {
        let element = &document.elements[id as usize];
        let tag = &bytes[element.start as usize..element.inner as usize];
        if memchr::memmem::find(tag, b"id").is_none() && element.tag != Tag::A {
            continue;
        }
        let [own, name] = document.attributes(id, ["id", "name"]);
        for value in [own, name.filter(|_| element.tag == Tag::A)].into_iter().flatten() {
            let value = htmlize::unescape_attribute(value);
            for link in wanted.remove(value.as_ref()).unwrap_or_default() {
                links[link].target = id;
            }
        }
    }
    links
}

struct NoteFinder<'o, 's> {
    document: &'o Document<'s>,
    links: Vec<FragmentLink>,
    units: BTreeMap<u32, UnitKind>,
    left_out: Vec<LeftOut>,
    /// The number of the next note.
    next: u32,
}

/// A reference and the block of its note.
struct NotePair {
    reference: u32,
    mark: String,
    note: u32,
}

impl NoteFinder<'_, '_> {
    /// Pairs that links make.
    fn linked(&mut self) {
        let document = self.document;
        let mut pairs: Vec<NotePair> = self.links.iter().filter_map(|link| self.pair(link)).collect();
        let mut blocks: Vec<u32> = pairs.iter().map(|pair| pair.note).collect();
        blocks.sort_unstable();
        blocks.dedup();
        for pair in &mut pairs {
            pair.note = self.whole_note(pair.note, &blocks);
        }
        let mut marks: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        for pair in &pairs {
            marks.entry(pair.note).or_default().push(&pair.mark);
        }
        // Notes inside of notes, and items of a list of which most are none, stay what they are.
        let mut notes: BTreeMap<u32, u32> = BTreeMap::new();
        let mut end = 0;
        let mut refused = HashSet::new();
        for note in marks.keys() {
            let list = document.elements[*note as usize].parent;
            if *note < end || notes.contains_key(note) || refused.contains(&list) {
                continue;
            }
            // A document may have an item that stands in nothing.
            let is_item = list != NONE && matches!(document.elements[*note as usize].tag, Tag::LI | Tag::DD | Tag::TR);
            let members = if is_item { self.members(list) } else { vec![*note] };
            let known = members.iter().filter(|member| marks.contains_key(member)).count();
            if known * 2 < members.len() {
                refused.insert(list);
                continue;
            }
            if is_item {
                let list = self.list_of(list);
                self.units.insert(list, UnitKind::Notes);
            }
            for member in members {
                end = end.max(document.elements[member as usize].next);
                notes.insert(member, 0);
            }
        }
        for (note, number) in &mut notes {
            *number = self.next;
            self.next += 1;
            self.units.insert(*note, UnitKind::Note(*number));
        }
        let references: Vec<(u32, u32)> = pairs
            .iter()
            .filter_map(|pair| Some((self.whole_reference(pair.reference), *notes.get(&pair.note)?)))
            .collect();
        for (note, marks) in marks.iter().filter(|(note, _)| notes.contains_key(note)) {
            self.leave_marks(*note, marks);
        }
        for (reference, number) in references {
            self.units.entry(reference).or_insert(UnitKind::NoteReference(number));
        }
    }

    /// The pair that a link makes, if it is a reference.
    fn pair(&self, link: &FragmentLink) -> Option<NotePair> {
        let document = self.document;
        let reference = link.element;
        let target = document.elements.get(link.target as usize)?;
        let mark = mark(&text(document, reference))?;
        let block = match target.tag.is_block() {
            true => link.target,
            false => document.block_of(link.target),
        };
        let element = document.elements.get(block as usize)?;
        let before = document.characters_before[target.first_run as usize]
            .saturating_sub(document.characters_before[element.first_run as usize]);
        let is_block =
            !element.tag.is_heading() && !matches!(element.tag, Tag::HTML | Tag::BODY | Tag::ARTICLE | Tag::MAIN);
        // Of two that lead to each other, the reference comes first.
        if !is_block || block <= reference || before > MARK_CHARACTERS || document.characters(block) > NOTE_CHARACTERS {
            return None;
        }
        // A term is the mark of the definition behind it.
        let definition = document.elements.get(element.next as usize);
        let note = match definition {
            Some(next) if element.tag == Tag::DT && next.tag == Tag::DD => element.next,
            _ => block,
        };
        let inner = &document.elements[block as usize..document.elements[note as usize].next as usize];
        let has_heading = inner.iter().take(LOOKED_AT).any(|element| element.tag.is_heading());
        let begins_so = || {
            let begin = beginning(document, note);
            let begin = begin.split_whitespace().next().and_then(marks::mark);
            element.tag == Tag::LI || begin.as_deref() == Some(mark.as_str())
        };
        let believed = self.leads_back(block, note, reference)
            || (!has_heading && is_named(document, link.target, block))
            || (!has_heading && is_superscript(document, reference) && begins_so());
        believed.then_some(NotePair { reference, mark, note })
    }

    /// Whether a note holds a link to where the reference stands.
    fn leads_back(&self, block: u32, note: u32, reference: u32) -> bool {
        let next = self.document.elements[note as usize].next;
        let mut links = self.links_in(block..next).take(LOOKED_AT);
        links.any(|link| self.is_at(link.target, reference))
    }

    fn links_in(&self, elements: Range<u32>) -> impl Iterator<Item = &FragmentLink> {
        let first = self.links.partition_point(|link| link.element < elements.start);
        self.links[first..]
            .iter()
            .take_while(move |link| link.element < elements.end)
    }

    /// Whether an element is the reference, around it, in it, or right in front of it.
    fn is_at(&self, id: u32, reference: u32) -> bool {
        let document = self.document;
        let Some(element) = document.elements.get(id as usize) else {
            return false;
        };
        let anchor = &document.elements[reference as usize];
        let between = document.characters_before[anchor.first_run as usize]
            .abs_diff(document.characters_before[element.first_run as usize]);
        document.block_of(id) == document.block_of(reference) && between <= 2
    }

    /// The block with what is around it and no other note: an item with several paragraphs, a box around one.
    fn whole_note(&self, block: u32, blocks: &[u32]) -> u32 {
        let document = self.document;
        let mut note = block;
        for _ in 0..STEPS {
            let element = &document.elements[note as usize];
            let Some(around) = document.elements.get(element.parent as usize) else {
                break;
            };
            let holds = matches!(around.tag, Tag::LI | Tag::DD | Tag::ASIDE)
                || matches!(around.tag, Tag::DIV | Tag::TR | Tag::TBODY)
                    && ((document.characters(element.parent) == document.characters(note)
                        && note == element.parent + 1)
                        || document.characters(note) <= MARK_CHARACTERS);
            let first = blocks.partition_point(|other| *other <= element.parent);
            let only = blocks[first..]
                .iter()
                .take_while(|other| **other < around.next)
                .take(2)
                .count()
                == 1;
            let begins = document.characters_before[element.first_run as usize]
                .saturating_sub(document.characters_before[around.first_run as usize])
                <= MARK_CHARACTERS;
            let fits = document.characters(element.parent) <= NOTE_CHARACTERS;
            if !(holds && only && begins && fits) {
                break;
            }
            note = element.parent;
        }
        note
    }

    /// The items beside one another in a list, or the rows of a table.
    fn members(&self, list: u32) -> Vec<u32> {
        let document = self.document;
        let Some(element) = document.elements.get(list as usize) else {
            return Vec::new();
        };
        let mut members = Vec::new();
        let mut id = list + 1;
        while id < element.next {
            if matches!(document.elements[id as usize].tag, Tag::LI | Tag::DD | Tag::TR) {
                members.push(id);
            }
            id = document.elements[id as usize].next.max(id + 1);
        }
        members
    }

    /// The list, or the table around its rows.
    fn list_of(&self, list: u32) -> u32 {
        let element = &self.document.elements[list as usize];
        match element.tag {
            Tag::TBODY => element.parent,
            _ => list,
        }
    }

    /// A reference with the inline elements around it that hold nothing but it and its brackets.
    fn whole_reference(&self, reference: u32) -> u32 {
        let document = self.document;
        let own = bare(&text(document, reference));
        let mut whole = reference;
        for _ in 0..STEPS {
            let parent = document.elements[whole as usize].parent;
            let Some(around) = document.elements.get(parent as usize) else {
                break;
            };
            if around.tag.is_block()
                || document.characters(parent) > MARK_CHARACTERS
                || bare(&text(document, parent)) != own
            {
                break;
            }
            whole = parent;
        }
        whole
    }

    /// Leaves out of a note what leads back, and its mark at the beginning.
    fn leave_marks(&mut self, note: u32, marks: &[&str]) {
        let document = self.document;
        let element = &document.elements[note as usize];
        let back: Vec<u32> = self
            .links_in(note..element.next)
            .take(LOOKED_AT)
            .filter(|link| is_back(document, link.element) || self.is_reference(link.target))
            .map(|link| link.element)
            .collect();
        let mut end = element.start;
        for link in &back {
            let whole = self.around_back(*link, note, &back);
            let Element { start, end: until, .. } = document.elements[whole as usize];
            if start >= end {
                self.leave(start as usize..until as usize);
                end = until;
            }
        }
        let from = element.first_run;
        self.leave_label(from..element.next_run, marks);
        // A term that is only the mark of its definition.
        let term = (0..note)
            .rev()
            .take(STEPS * 2)
            .find(|id| document.elements[*id as usize].tag == Tag::DT);
        if element.tag == Tag::DD
            && let Some(term) = term.filter(|term| document.elements[*term as usize].next == note)
        {
            let Element { start, end, .. } = document.elements[term as usize];
            self.leave(start as usize..end as usize);
        }
    }

    /// Whether an element stands where some link with a mark does: what leads there leads back.
    fn is_reference(&self, target: u32) -> bool {
        if target == NONE {
            return false;
        }
        let near = self
            .links
            .partition_point(|link| link.element < target.saturating_sub(STEPS as u32));
        let near = self.links[near..].iter().take(STEPS * 2);
        near.take_while(|link| link.element <= target + 2 * STEPS as u32)
            .any(|link| self.is_at(target, link.element) && mark(&text(self.document, link.element)).is_some())
    }

    /// The element around links that lead back which holds nothing else.
    fn around_back(&self, link: u32, note: u32, back: &[u32]) -> u32 {
        let document = self.document;
        let mut whole = link;
        for _ in 0..STEPS {
            let parent = document.elements[whole as usize].parent;
            if parent == note || parent == NONE || document.characters(parent) > 3 * MARK_CHARACTERS {
                break;
            }
            let around = &document.elements[parent as usize];
            if (around.next_run - around.first_run) as usize > LOOKED_AT {
                break;
            }
            let mut rest = String::new();
            for run in around.first_run..around.next_run {
                let inside = document.runs[run as usize].start;
                let is_back = back.iter().any(|link| {
                    let link = &document.elements[*link as usize];
                    link.start <= inside && inside < link.end
                });
                if !is_back {
                    rest.push_str(document.run_text(run));
                }
            }
            if !htmlize::unescape(&rest)
                .chars()
                .all(|c| c.is_whitespace() || "^[](),.↑↩|".contains(c))
            {
                break;
            }
            whole = parent;
        }
        whole
    }

    /// Leaves out the mark that a note begins with.
    fn leave_label(&mut self, runs: Range<u32>, marks: &[&str]) {
        let document = self.document;
        let gone: Vec<_> = self
            .left_out
            .iter()
            .rev()
            .take(STEPS)
            .map(|left| left.range.clone())
            .collect();
        let mut label = String::new();
        let mut start = None;
        for run in runs {
            let place = &document.runs[run as usize];
            let is_gone = gone.iter().any(|range| range.contains(&(place.start as usize)));
            if place.characters == 0 || is_gone {
                continue;
            }
            let text = place.decode(document.run_text(run));
            let first = *start.get_or_insert(place.start as usize);
            label.push_str(text.trim());
            let is_label = |label: &str| mark(label).is_some_and(|own| marks.contains(&own.as_str()));
            if is_label(&label) {
                // A bracket or a dot that closes the mark may stand in a run of its own.
                let closing = document.runs.get(run as usize + 1).filter(|next| next.characters == 1);
                let closes = closing.is_some_and(|next| {
                    let close = next.decode(document.run_text(run + 1));
                    matches!(close.trim(), "]" | ")" | "." | ":")
                });
                let end = document.runs[run as usize + usize::from(closes)].end;
                return self.leave(first..end as usize);
            }
            // Or the mark is the first word of the text.
            let word = text.split_whitespace().next().unwrap_or_default();
            let is_first = label.len() == text.trim().len() && word.len() < text.trim().len();
            if is_first && word.ends_with([']', ')', '.', ':']) && is_label(word) && place.literal {
                let blank = text.len() - text.trim_start().len();
                return self.leave(first..first + blank + word.len());
            }
            if label.chars().count() > MARK_CHARACTERS as usize {
                return;
            }
        }
    }

    fn leave(&mut self, range: Range<usize>) {
        self.left_out.push(LeftOut {
            range,
            reason: ScoreReason::NoteMark,
        });
    }

    /// Links that are nothing but an arrow back, outside of notes as well.
    fn arrows(&mut self) {
        let document = self.document;
        let mut left: Vec<_> = self.left_out.iter().map(|left| left.range.clone()).collect();
        left.sort_by_key(|range| range.start);
        let arrows = self.links.iter().filter(|link| {
            let start = document.elements[link.element as usize].start as usize;
            let at = left.partition_point(|range| range.end <= start);
            let is_left = left.get(at).is_some_and(|range| range.start <= start);
            !is_left && is_arrow(&text(document, link.element))
        });
        let arrows: Vec<_> = arrows.map(|link| link.element).collect();
        for arrow in arrows {
            let Element { start, end, .. } = document.elements[arrow as usize];
            self.leave(start as usize..end as usize);
        }
    }

    /// Notes in the text itself, each behind a label and the box that the label ticks.
    fn inline(&mut self) {
        let document = self.document;
        for id in 0..document.elements.len() as u32 {
            if document.elements[id as usize].tag == Tag::LABEL
                && let Some(note) = self.behind_label(id)
            {
                let Element { start, end, .. } = document.elements[id as usize];
                if document.characters(id) > 0 {
                    self.leave(start as usize..end as usize);
                }
                self.units.entry(note).or_insert(UnitKind::InlineNote(self.next));
                self.next += 1;
            }
        }
    }

    fn behind_label(&self, label: u32) -> Option<u32> {
        let document = self.document;
        let element = &document.elements[label as usize];
        let names = document.attribute(label, "for")?;
        let input = document.elements.get(element.next as usize)?;
        let is_input = input.tag == Tag::INPUT && document.attribute(element.next, "id") == Some(names);
        let note = document.elements.get(input.next as usize)?;
        let class = document
            .attribute(input.next, "class")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let is_note = matches!(note.tag, Tag::SPAN | Tag::SMALL | Tag::ASIDE) && class.contains("note");
        let beside = input.parent == element.parent && note.parent == element.parent;
        let free = !self.units.contains_key(&input.next) && document.characters(label) <= MARK_CHARACTERS;
        (element.seen && is_input && is_note && beside && free && document.characters(input.next) > 0)
            .then_some(input.next)
    }
}
