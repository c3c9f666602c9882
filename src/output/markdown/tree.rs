//! The events read as a tree: where each element ends, its attributes and its text.

use std::{borrow::Cow, collections::BTreeSet, ops::Range};

use crate::engine::{Content, Node, html::tags::Tag};

/// The events of the content. A position is that of an event.
pub(super) struct EventTree<'c> {
    content: &'c Content,
    /// For each event that opens an element, the position behind its end; for others the next position.
    ends: Vec<usize>,
    /// The labels of the footnotes that have both a reference and a definition.
    notes: BTreeSet<&'c str>,
}

impl<'c> EventTree<'c> {
    pub(super) fn new(content: &'c Content) -> Self {
        let mut ends: Vec<usize> = (1..=content.nodes.len()).collect();
        let mut open = Vec::new();
        for (at, node) in content.nodes.iter().enumerate() {
            match node {
                Node::Open { tag, .. } if !tag.is_void() => open.push(at),
                Node::Close(_) => {
                    if let Some(start) = open.pop() {
                        ends[start] = at + 1;
                    }
                }
                _ => {}
            }
        }
        for start in open {
            ends[start] = content.nodes.len();
        }
        let mut tree = EventTree {
            content,
            ends,
            notes: BTreeSet::new(),
        };
        tree.notes = tree.linked_notes();
        tree
    }

    pub(super) fn all(&self) -> Range<usize> {
        0..self.content.nodes.len()
    }

    pub(super) fn node(&self, at: usize) -> &'c Node {
        &self.content.nodes[at]
    }

    /// The position behind the element, text or close at this one.
    pub(super) fn end(&self, at: usize) -> usize {
        self.ends[at]
    }

    /// The events between an element's open and its close.
    pub(super) fn inside(&self, at: usize) -> Range<usize> {
        let end = self.ends[at];
        let has_close = matches!(self.content.nodes.get(end - 1), Some(Node::Close(_)));
        at + 1..(end - usize::from(has_close)).max(at + 1)
    }

    /// The topmost elements and texts of a range.
    pub(super) fn children(&self, range: Range<usize>) -> impl Iterator<Item = usize> {
        let mut next = range.start;
        std::iter::from_fn(move || {
            let at = next;
            next = *self.ends.get(at)?;
            (at < range.end).then_some(at)
        })
    }

    /// The element that opens here.
    pub(super) fn tag(&self, at: usize) -> Option<Tag> {
        match self.node(at) {
            Node::Open { tag, .. } => Some(*tag),
            _ => None,
        }
    }

    pub(super) fn is_block(&self, at: usize) -> bool {
        self.tag(at).is_some_and(Tag::is_block)
    }

    pub(super) fn attribute(&self, at: usize, name: &str) -> Option<&'c str> {
        match self.node(at) {
            Node::Open { attributes, .. } => attributes.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str()),
            _ => None,
        }
    }

    /// A number that an attribute holds.
    pub(super) fn number(&self, at: usize, name: &str) -> Option<usize> {
        self.attribute(at, name)?.parse().ok()
    }

    pub(super) fn text(&self, range: Range<usize>) -> &'c str {
        &self.content.text[range]
    }

    /// The text of a range without its markup, `br` as the end of a line.
    pub(super) fn plain(&self, range: Range<usize>) -> Cow<'c, str> {
        let mut text = Cow::Borrowed("");
        for node in &self.content.nodes[range] {
            let piece = match node {
                Node::Text(range) => &self.content.text[range.clone()],
                Node::Open { tag: Tag::BR, .. } => "\n",
                _ => continue,
            };
            match text.is_empty() {
                true => text = Cow::Borrowed(piece),
                false => text.to_mut().push_str(piece),
            }
        }
        text
    }

    /// Whether a range shows nothing.
    pub(super) fn is_blank(&self, range: Range<usize>) -> bool {
        self.content.nodes[range].iter().all(|node| match node {
            Node::Text(range) => self.content.text[range.clone()].trim().is_empty(),
            Node::Open { tag, .. } => !matches!(*tag, Tag::IMG | Tag::HR),
            Node::Close(_) => true,
        })
    }

    /// Whether any of these elements opens in a range.
    pub(super) fn holds(&self, range: Range<usize>, tags: &[Tag]) -> bool {
        self.content.nodes[range]
            .iter()
            .any(|node| matches!(node, Node::Open { tag, .. } if tags.contains(tag)))
    }

    /// Whether this is a formula, whose text is TeX.
    pub(super) fn is_formula(&self, at: usize) -> bool {
        matches!(self.tag(at), Some(Tag::SPAN | Tag::DIV))
            && self
                .attribute(at, "class")
                .is_some_and(|class| class.starts_with("math "))
    }

    /// The label of the footnote that this link refers to, if it is defined.
    pub(super) fn reference(&self, link: usize) -> Option<&'c str> {
        self.reference_label(link).filter(|label| self.notes.contains(label))
    }

    /// Whether an element holds a reference to a footnote and nothing else.
    pub(super) fn is_reference(&self, at: usize) -> bool {
        let inside = self.inside(at);
        !inside.is_empty() && self.end(inside.start) == inside.end && self.reference(inside.start).is_some()
    }

    /// The label of the footnote that is defined by this item, if it is referred to.
    pub(super) fn definition(&self, item: usize) -> Option<&'c str> {
        let label = self.attribute(item, "id").and_then(label_of)?;
        self.notes.get(label).copied()
    }

    pub(super) fn is_notes(&self, at: usize) -> bool {
        self.tag(at) == Some(Tag::SECTION) && self.attribute(at, "class") == Some("footnotes")
    }

    /// Whether a link leads from a footnote back to where it is referred to.
    pub(super) fn is_back_link(&self, at: usize) -> bool {
        self.attribute(at, "href")
            .is_some_and(|href| href.starts_with("#fnref-"))
    }

    fn reference_label(&self, at: usize) -> Option<&'c str> {
        let href = self.attribute(at, "href").filter(|_| self.tag(at) == Some(Tag::A));
        href?.strip_prefix('#').and_then(label_of)
    }

    fn linked_notes(&self) -> BTreeSet<&'c str> {
        let mut defined = BTreeSet::new();
        for section in self.children(self.all()).filter(|at| self.is_notes(*at)) {
            let items = self.inside(section).filter(|at| self.tag(*at) == Some(Tag::LI));
            defined.extend(items.filter_map(|item| self.attribute(item, "id").and_then(label_of)));
        }
        if defined.is_empty() {
            return defined;
        }
        let referred = self.all().filter_map(|at| self.reference_label(at));
        referred.filter(|label| defined.contains(label)).collect()
    }
}

/// The label in `fn-LABEL`, if Markdown can hold it.
fn label_of(id: &str) -> Option<&str> {
    let label = id.strip_prefix("fn-")?;
    let fits = !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fits.then_some(label)
}
