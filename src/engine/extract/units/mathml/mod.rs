//! MathML as TeX.
//!
//! A pure function from markup to a formula: the elements of MathML 3's presentation part, read into a small tree of bounded
//! depth and written in one sweep. An element that is not known is what stands in it; text is never lost.

mod scripts;
mod signs;
mod writer;

use super::tex_symbols;
use crate::engine::html::tokens::{Markup, StartTag, markup};
use writer::TexWriter;

/// Elements inside one another that mean something: what is deeper is text of the last.
const DEPTH: usize = 64;

/// The TeX of a `math` element, from its start tag on. `None` for an empty one.
pub(crate) fn to_tex(source: &str) -> Option<String> {
    let tree = MathTree::read(source);
    let tex = TexWriter::of(&tree, source.len() / 4).whole();
    (!tex.is_empty()).then_some(tex)
}

/// What an element is, by its name without a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MathElement {
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

impl MathElement {
    fn of(tag: &[u8]) -> MathElement {
        let name = tag.rsplit(|b| *b == b':').next().unwrap_or(tag).to_ascii_lowercase();
        match name.as_slice() {
            b"mi" => MathElement::Identifier,
            b"mn" => MathElement::Number,
            b"mo" => MathElement::Operator,
            b"mtext" => MathElement::Text,
            b"ms" => MathElement::Quoted,
            b"mspace" => MathElement::Space,
            b"mfrac" => MathElement::Fraction,
            b"mroot" => MathElement::Root,
            b"msqrt" => MathElement::SquareRoot,
            b"msub" => MathElement::Sub,
            b"msup" => MathElement::Sup,
            b"msubsup" => MathElement::SubSup,
            b"munder" => MathElement::Under,
            b"mover" => MathElement::Over,
            b"munderover" => MathElement::UnderOver,
            b"mmultiscripts" => MathElement::Scripts,
            b"mprescripts" => MathElement::Prescripts,
            b"none" | b"malignmark" | b"maligngroup" | b"mglyph" => MathElement::Nothing,
            b"mtable" => MathElement::Table,
            b"mtr" => MathElement::TableRow,
            b"mlabeledtr" => MathElement::LabeledRow,
            b"mtd" => MathElement::Cell,
            b"mfenced" => MathElement::Fenced,
            b"menclose" => MathElement::Enclosed,
            b"mphantom" => MathElement::Phantom,
            b"semantics" | b"maction" => MathElement::First,
            b"annotation" | b"annotation-xml" | b"script" | b"style" => MathElement::Beside,
            _ => MathElement::Row,
        }
    }

    fn is_leaf(self) -> bool {
        matches!(
            self,
            MathElement::Identifier
                | MathElement::Number
                | MathElement::Operator
                | MathElement::Text
                | MathElement::Quoted
        )
    }
}

struct MathNode<'m> {
    name: MathElement,
    tag: Option<StartTag<'m>>,
    /// Of a leaf: decoded.
    text: String,
    children: Vec<usize>,
}

impl<'m> MathNode<'m> {
    fn attribute(&self, name: &str) -> Option<&'m str> {
        str::from_utf8(self.tag?.attribute(name)?).ok()
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.attribute(name).is_some_and(|own| own.eq_ignore_ascii_case(value))
    }
}

/// Nodes by number; the first is a row around all.
struct MathTree<'m> {
    nodes: Vec<MathNode<'m>>,
}

impl<'m> MathTree<'m> {
    fn read(source: &'m str) -> Self {
        let node = |name, tag| MathNode {
            name,
            tag,
            text: String::new(),
            children: Vec::new(),
        };
        let mut nodes = vec![node(MathElement::Row, None)];
        // The open nodes with their names; and how many are open inside the last that are too deep.
        let mut open: Vec<(usize, &[u8])> = vec![(0, b"")];
        let mut beyond = 0usize;
        for token in markup(source) {
            let top = open.last().map_or(0, |(top, _)| *top);
            match token {
                Markup::Start(tag) => {
                    let name = MathElement::of(tag.name());
                    let is_empty = tag.behind_name().ends_with(b"/>");
                    if open.len() >= DEPTH || (nodes[top].name.is_leaf() && name != MathElement::Row) {
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
                        nodes.push(node(MathElement::Identifier, None));
                        nodes[id].text.push_str(text.trim());
                        nodes[top].children.push(id);
                    }
                }
            }
        }
        MathTree { nodes }
    }

    /// A node without the rows around it that hold nothing else.
    fn core(&self, mut id: usize) -> usize {
        while self.nodes[id].name == MathElement::Row
            && let [only] = self.nodes[id].children[..]
        {
            id = only;
        }
        id
    }

    /// The text of a node that is an operator alone.
    fn operator(&self, id: usize) -> Option<&str> {
        let node = &self.nodes[self.core(id)];
        (node.name == MathElement::Operator).then(|| node.text.trim())
    }

    fn is_empty(&self, id: usize) -> bool {
        let node = &self.nodes[id];
        match node.name {
            MathElement::Row => node.children.iter().all(|child| self.is_empty(*child)),
            MathElement::Nothing | MathElement::Beside => true,
            name => name.is_leaf() && node.text.trim().is_empty(),
        }
    }

    /// Whether it is higher than a line, so that brackets around it grow.
    fn is_tall(&self, id: usize) -> bool {
        let node = &self.nodes[id];
        match node.name {
            MathElement::Fraction | MathElement::Table | MathElement::UnderOver => true,
            MathElement::Row | MathElement::Sub | MathElement::Sup | MathElement::SubSup | MathElement::First => {
                node.children.iter().any(|child| self.is_tall(*child))
            }
            _ => false,
        }
    }
}
