//! MathML as TeX.
//!
//! A pure function from markup to a formula: the elements of MathML 3's presentation part, read into a small tree of bounded
//! depth and written in one sweep. An element that is not known is what stands in it; text is never lost.

mod scripts;
mod signs;
mod writer;

use super::tex_symbols;
use crate::engine::html::tokens::{Markup, StartTag, markup};
use writer::Writer;

/// Elements inside one another that mean something: what is deeper is text of the last.
const DEPTH: usize = 64;

/// The TeX of a `math` element, from its start tag on. `None` for an empty one.
pub(crate) fn to_tex(source: &str) -> Option<String> {
    let tree = Tree::read(source);
    let tex = Writer::of(&tree, source.len() / 4).whole();
    (!tex.is_empty()).then_some(tex)
}

/// What an element is, by its name without a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    /// Only what stands in it.
    Row,
    Identifier,
    Number,
    Operator,
    Text,
    Quoted,
    Space,
    Fraction,
    Root,
    SquareRoot,
    Sub,
    Sup,
    SubSup,
    Under,
    Over,
    UnderOver,
    Scripts,
    Prescripts,
    Nothing,
    Table,
    TableRow,
    LabeledRow,
    Cell,
    Fenced,
    Enclosed,
    Phantom,
    /// Its first child alone.
    First,
    /// No part of the formula.
    Beside,
}

impl Name {
    fn of(tag: &[u8]) -> Name {
        let name = tag.rsplit(|b| *b == b':').next().unwrap_or(tag).to_ascii_lowercase();
        match name.as_slice() {
            b"mi" => Name::Identifier,
            b"mn" => Name::Number,
            b"mo" => Name::Operator,
            b"mtext" => Name::Text,
            b"ms" => Name::Quoted,
            b"mspace" => Name::Space,
            b"mfrac" => Name::Fraction,
            b"mroot" => Name::Root,
            b"msqrt" => Name::SquareRoot,
            b"msub" => Name::Sub,
            b"msup" => Name::Sup,
            b"msubsup" => Name::SubSup,
            b"munder" => Name::Under,
            b"mover" => Name::Over,
            b"munderover" => Name::UnderOver,
            b"mmultiscripts" => Name::Scripts,
            b"mprescripts" => Name::Prescripts,
            b"none" | b"malignmark" | b"maligngroup" | b"mglyph" => Name::Nothing,
            b"mtable" => Name::Table,
            b"mtr" => Name::TableRow,
            b"mlabeledtr" => Name::LabeledRow,
            b"mtd" => Name::Cell,
            b"mfenced" => Name::Fenced,
            b"menclose" => Name::Enclosed,
            b"mphantom" => Name::Phantom,
            b"semantics" | b"maction" => Name::First,
            b"annotation" | b"annotation-xml" | b"script" | b"style" => Name::Beside,
            _ => Name::Row,
        }
    }

    fn is_leaf(self) -> bool {
        matches!(
            self,
            Name::Identifier | Name::Number | Name::Operator | Name::Text | Name::Quoted
        )
    }
}

struct Node<'m> {
    name: Name,
    tag: Option<StartTag<'m>>,
    /// Of a leaf: decoded.
    text: String,
    children: Vec<usize>,
}

impl<'m> Node<'m> {
    fn attribute(&self, name: &str) -> Option<&'m str> {
        str::from_utf8(self.tag?.attribute(name)?).ok()
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.attribute(name).is_some_and(|own| own.eq_ignore_ascii_case(value))
    }
}

/// Nodes by number; the first is a row around all.
struct Tree<'m> {
    nodes: Vec<Node<'m>>,
}

impl<'m> Tree<'m> {
    fn read(source: &'m str) -> Self {
        let node = |name, tag| Node {
            name,
            tag,
            text: String::new(),
            children: Vec::new(),
        };
        let mut nodes = vec![node(Name::Row, None)];
        // The open nodes with their names; and how many are open inside the last that are too deep.
        let mut open: Vec<(usize, &[u8])> = vec![(0, b"")];
        let mut beyond = 0usize;
        for token in markup(source) {
            let top = open.last().map_or(0, |(top, _)| *top);
            match token {
                Markup::Start(tag) => {
                    let name = Name::of(tag.name());
                    let is_empty = tag.behind_name().ends_with(b"/>");
                    if open.len() >= DEPTH || (nodes[top].name.is_leaf() && name != Name::Row) {
                        beyond += usize::from(!is_empty);
                        continue;
                    }
                    let id = nodes.len();
                    nodes.push(node(name, Some(tag)));
                    nodes[top].children.push(id);
                    if !is_empty {
                        open.push((id, tag.name()));
                    }
                }
                Markup::End(_) if beyond > 0 => beyond -= 1,
                Markup::End(name) => {
                    if let Some(i) = open.iter().rposition(|(_, own)| own.eq_ignore_ascii_case(name)) {
                        open.truncate(i.max(1));
                    }
                }
                Markup::Text(text) => {
                    let text = htmlize::unescape(text);
                    // Text outside of all tokens, and that of HTML inside of one, are the token's or one of their own.
                    let leaf = open.iter().rev().find(|(id, _)| nodes[*id].name.is_leaf());
                    if let Some((leaf, _)) = leaf {
                        nodes[*leaf].text.push_str(&text);
                    } else if !text.trim().is_empty() {
                        let id = nodes.len();
                        nodes.push(node(Name::Identifier, None));
                        nodes[id].text.push_str(text.trim());
                        nodes[top].children.push(id);
                    }
                }
            }
        }
        Tree { nodes }
    }

    /// A node without the rows around it that hold nothing else.
    fn core(&self, mut id: usize) -> usize {
        while self.nodes[id].name == Name::Row
            && let [only] = self.nodes[id].children[..]
        {
            id = only;
        }
        id
    }

    /// The text of a node that is an operator alone.
    fn operator(&self, id: usize) -> Option<&str> {
        let node = &self.nodes[self.core(id)];
        (node.name == Name::Operator).then(|| node.text.trim())
    }

    fn is_empty(&self, id: usize) -> bool {
        let node = &self.nodes[id];
        match node.name {
            Name::Row => node.children.iter().all(|child| self.is_empty(*child)),
            Name::Nothing | Name::Beside => true,
            name => name.is_leaf() && node.text.trim().is_empty(),
        }
    }

    /// Whether it is higher than a line, so that brackets around it grow.
    fn is_tall(&self, id: usize) -> bool {
        let node = &self.nodes[id];
        match node.name {
            Name::Fraction | Name::Table | Name::UnderOver => true,
            Name::Row | Name::Sub | Name::Sup | Name::SubSup | Name::First => {
                node.children.iter().any(|child| self.is_tall(*child))
            }
            _ => false,
        }
    }
}
