//! What browsers make of HTML, by html5ever: the reference that the engine is held to.

use copydesk::engine::{document::is_visible, html::tags::Tag};
use html5ever::{ParseOpts, ns, parse_document, tendril::TendrilSink};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// One step through a document, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// An element with its name, whether it is one of HTML's, and its attributes.
    Open(String, bool, Vec<(String, String)>),
    Text(String),
    Comment,
    Close,
}

/// Reads a whole document.
pub(crate) fn document(html: &str) -> Vec<Step> {
    let dom = parse_document(RcDom::default(), ParseOpts::default()).one(html);
    walk(&dom.document)
}

fn walk(root: &Handle) -> Vec<Step> {
    let mut steps = Vec::new();
    // By hand: documents under test nest deeper than a stack.
    let mut todo = vec![Some(root.clone())];
    while let Some(next) = todo.pop() {
        let Some(node) = next else {
            steps.push(Step::Close);
            continue;
        };
        match &node.data {
            NodeData::Text { contents } => steps.push(Step::Text(contents.borrow().to_string())),
            NodeData::Comment { .. } => steps.push(Step::Comment),
            NodeData::Element {
                name,
                attrs,
                template_contents,
                ..
            } => {
                let attributes = attrs.borrow();
                let pairs = attributes
                    .iter()
                    .map(|a| (a.name.local.to_string(), a.value.to_string()));
                steps.push(Step::Open(
                    name.local.to_string(),
                    name.ns == ns!(html),
                    pairs.collect(),
                ));
                todo.push(None);
                todo.extend(template_contents.borrow().iter().cloned().map(Some));
            }
            _ => {}
        }
        todo.extend(node.children.borrow().iter().rev().cloned().map(Some));
    }
    steps
}

/// The text that a reader sees, each character with the block that it stands in, and how many of them each block with an
/// id holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) characters: Vec<(char, &'static str)>,
    pub(crate) blocks: Vec<(String, usize)>,
}

impl Shown {
    pub(crate) fn text(&self) -> String {
        self.characters.iter().map(|(c, _)| *c).collect()
    }
}

/// Whether an element's extent is compared: blocks, but not those that are implied around everything.
pub(crate) fn is_listed(tag: Tag) -> bool {
    tag.is_block() && !tag.is_void() && !matches!(tag, Tag::HTML | Tag::BODY)
}

/// What a reader sees of a document.
pub(crate) fn shown(steps: &[Step]) -> Shown {
    let mut shown = Shown::default();
    let mut open: Vec<(Tag, bool, &'static str, Option<usize>)> = vec![(Tag::BODY, true, "body", None)];
    for step in steps {
        let (_, seen, block, _) = open[open.len() - 1];
        match step {
            Step::Open(name, _, attributes) => {
                let tag = Tag::from_name(name.as_bytes());
                let seen = seen && !tag.is_unseen();
                let id = attributes.iter().find(|(name, _)| name == "id").map(|(_, id)| id);
                let listed = id.filter(|_| seen && is_listed(tag)).map(|id| {
                    shown.blocks.push((id.clone(), shown.characters.len()));
                    shown.blocks.len() - 1
                });
                let block = match tag {
                    Tag::HTML | Tag::BODY => "body",
                    _ if tag.is_block() => tag.name(),
                    _ => block,
                };
                open.push((tag, seen, block, listed));
            }
            Step::Close => {
                if let Some((_, _, _, Some(listed))) = open.pop() {
                    let start = shown.blocks[listed].1;
                    shown.blocks[listed].1 = shown.characters.len() - start;
                }
            }
            Step::Text(text) if seen => {
                shown.characters.extend(visible(text).map(|c| (c, block)));
            }
            Step::Text(_) | Step::Comment => {}
        }
    }
    shown
}

/// The characters that count as text.
pub(crate) fn visible(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| is_visible(*c))
}
