//! MathML as TeX.
//!
//! A pure function from markup to a formula: the elements of MathML 3's presentation part, read into a small tree of bounded
//! depth and written in one sweep. An element that is not known is what stands in it; text is never lost.

use super::{
    super::tokens::{Markup, StartTag, markup},
    tex_symbols::{Kind, is_function, styled, symbol},
};

/// Elements inside one another that mean something: what is deeper is text of the last.
const DEPTH: usize = 64;

/// Bytes of the longest name of a command, with its backslash: what is longer is a word.
const LONGEST_COMMAND: usize = 32;

/// The TeX of a `math` element, from its start tag on. `None` for an empty one.
pub(super) fn to_tex(source: &str) -> Option<String> {
    let tree = Tree::read(source);
    let mut writer = Writer {
        tree: &tree,
        out: String::with_capacity(source.len() / 4),
    };
    writer.row(&tree.nodes[0].children);
    let tex = writer.out.trim();
    (!tex.is_empty()).then(|| tex.to_owned())
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

/// What opens and closes: `(`, and what stands in TeX for it.
const FENCES: &[(&str, &str)] = &[
    ("(", "("),
    (")", ")"),
    ("[", "["),
    ("]", "]"),
    ("{", r"\{"),
    ("}", r"\}"),
    ("|", "|"),
    ("∣", "|"),
    ("‖", r"\|"),
    ("∥", r"\|"),
    ("⟨", r"\langle"),
    ("⟩", r"\rangle"),
    ("〈", r"\langle"),
    ("〉", r"\rangle"),
    ("⌊", r"\lfloor"),
    ("⌋", r"\rfloor"),
    ("⌈", r"\lceil"),
    ("⌉", r"\rceil"),
    ("", "."),
];

fn fence(text: &str) -> Option<&'static str> {
    FENCES.iter().find(|(own, _)| *own == text.trim()).map(|(_, tex)| *tex)
}

/// Accents: the sign, the command over one character, over several; under where there is one.
const ACCENTS: &[(&str, &str, &str)] = &[
    ("^", r"\hat", r"\widehat"),
    ("ˆ", r"\hat", r"\widehat"),
    ("~", r"\tilde", r"\widetilde"),
    ("˜", r"\tilde", r"\widetilde"),
    ("∼", r"\tilde", r"\widetilde"),
    ("¯", r"\bar", r"\overline"),
    ("ˉ", r"\bar", r"\overline"),
    ("‾", r"\bar", r"\overline"),
    ("_", r"\bar", r"\overline"),
    ("―", r"\bar", r"\overline"),
    ("→", r"\vec", r"\overrightarrow"),
    ("⃗", r"\vec", r"\overrightarrow"),
    ("←", r"\overleftarrow", r"\overleftarrow"),
    ("↔", r"\overleftrightarrow", r"\overleftrightarrow"),
    ("⇀", r"\vec", r"\overrightarrow"),
    ("˙", r"\dot", r"\dot"),
    ("¨", r"\ddot", r"\ddot"),
    ("⃛", r"\dddot", r"\dddot"),
    ("ˇ", r"\check", r"\check"),
    ("˘", r"\breve", r"\breve"),
    ("´", r"\acute", r"\acute"),
    ("`", r"\grave", r"\grave"),
    ("˚", r"\mathring", r"\mathring"),
    ("⏞", r"\overbrace", r"\overbrace"),
    ("︷", r"\overbrace", r"\overbrace"),
];

const ACCENTS_UNDER: &[(&str, &str)] = &[
    ("_", r"\underline"),
    ("‾", r"\underline"),
    ("¯", r"\underline"),
    ("̲", r"\underline"),
    ("⏟", r"\underbrace"),
    ("︸", r"\underbrace"),
    ("→", r"\underrightarrow"),
    ("←", r"\underleftarrow"),
];

/// Arrows that grow with what stands over them.
const ARROWS: &[(&str, &str)] = &[
    ("→", r"\xrightarrow"),
    ("⟶", r"\xrightarrow"),
    ("←", r"\xleftarrow"),
    ("⟵", r"\xleftarrow"),
    ("⇒", r"\xRightarrow"),
    ("⇐", r"\xLeftarrow"),
    ("↔", r"\xleftrightarrow"),
    ("⇌", r"\xrightleftharpoons"),
    ("↦", r"\xmapsto"),
];

struct Writer<'t, 'm> {
    tree: &'t Tree<'m>,
    out: String,
}

impl<'m> Writer<'_, 'm> {
    fn node(&self, id: usize) -> &Node<'m> {
        &self.tree.nodes[id]
    }

    /// Appends; a letter behind a command's name is kept apart from it.
    fn push(&mut self, tex: &str) {
        let last = self
            .out
            .bytes()
            .rev()
            .take(LONGEST_COMMAND)
            .find(|b| !b.is_ascii_alphabetic());
        let is_command = last == Some(b'\\') && !self.out.ends_with('\\');
        if is_command && tex.starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.out.push(' ');
        }
        self.out.push_str(tex);
    }

    fn space(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with([' ', '{', '\n']) {
            self.out.push(' ');
        }
    }

    /// A command with what stands in braces behind it.
    fn braced(&mut self, command: &str, id: usize) {
        self.push(command);
        self.out.push('{');
        let node = self.node(id);
        match node.name {
            Name::Row => {
                let children = node.children.clone();
                self.row(&children);
            }
            _ => self.write(id),
        }
        self.close();
    }

    fn close(&mut self) {
        self.out.truncate(self.out.trim_end_matches(' ').len());
        if self.out.ends_with('\\') {
            self.out.push(' ');
        }
        self.out.push('}');
    }

    /// Elements one behind the other, with the brackets among them that mean more than themselves.
    fn row(&mut self, ids: &[usize]) {
        let ids: Vec<usize> = ids
            .iter()
            .copied()
            .filter(|id| !self.tree.is_empty(*id) || self.tree.operator(*id).is_some())
            .collect();
        if let [first, middle @ .., last] = &ids[..]
            && let (Some(open), Some(close)) = (self.fence_of(*first), self.fence_of(*last))
        {
            return self.fenced(open, middle, close);
        }
        // A brace before cases is closed by nothing.
        if let [first, table] = &ids[..]
            && self.fence_of(*first) == Some(r"\{")
            && self.node(self.tree.core(*table)).name == Name::Table
        {
            return self.table(self.tree.core(*table), "cases");
        }
        let mut at = 0;
        while let Some(id) = ids.get(at) {
            // Brackets around a table are part of it.
            if let Some([table, close]) = ids.get(at + 1..at + 3)
                && let (Some(open), Some(shut)) = (self.fence_of(*id), self.fence_of(*close))
                && self.node(self.tree.core(*table)).name == Name::Table
            {
                self.fenced(open, &[*table], shut);
                at += 3;
                continue;
            }
            self.write(*id);
            at += 1;
        }
    }

    fn fence_of(&self, id: usize) -> Option<&'static str> {
        fence(self.tree.operator(id)?)
    }

    fn fenced(&mut self, open: &str, middle: &[usize], close: &str) {
        if let [only] = middle {
            let only = self.tree.core(*only);
            let node = self.node(only);
            let environment = match (node.name, open, close) {
                (Name::Table, "(", ")") => Some("pmatrix"),
                (Name::Table, "[", "]") => Some("bmatrix"),
                (Name::Table, r"\{", r"\}") => Some("Bmatrix"),
                (Name::Table, "|", "|") => Some("vmatrix"),
                (Name::Table, r"\|", r"\|") => Some("Vmatrix"),
                (Name::Table, r"\{", ".") => Some("cases"),
                _ => None,
            };
            if let Some(environment) = environment {
                return self.table(only, environment);
            }
            if node.name == Name::Fraction
                && is_zero(node.attribute("linethickness"))
                && let ([over, under], "(", ")") = (&node.children[..], open, close)
            {
                let (over, under) = (*over, *under);
                self.braced(r"\binom", over);
                return self.braced("", under);
            }
        }
        let grows = middle.iter().any(|id| self.tree.is_tall(*id));
        let bracket = |command: &str, bracket: &str, writer: &mut Self| match (grows, bracket) {
            (false, ".") => {}
            (false, _) => writer.push(bracket),
            (true, _) => {
                writer.push(command);
                writer.push(bracket);
            }
        };
        bracket(r"\left", open, self);
        for id in middle {
            self.write(*id);
        }
        if grows {
            self.space();
        }
        bracket(r"\right", close, self);
    }

    fn write(&mut self, id: usize) {
        let node = self.node(id);
        let children = node.children.clone();
        match (node.name, &children[..]) {
            (Name::Row | Name::Cell, _) => self.row(&children),
            (Name::First, [first, ..]) => self.write(*first),
            (Name::Identifier | Name::Number, _) => self.identifier(id),
            (Name::Operator, _) => self.operator(id),
            (Name::Text | Name::Quoted, _) => self.text(id),
            (Name::Space, _) => {
                let width = width_em(node.attribute("width"));
                let is_newline = node.is("linebreak", "newline");
                self.push(if is_newline { r"\\ " } else { space_of(width) });
            }
            (Name::Fraction, [over, under]) => self.fraction(id, *over, *under),
            (Name::SquareRoot, _) => {
                self.push(r"\sqrt{");
                self.row(&children);
                self.close();
            }
            (Name::Root, [radicand, index]) => {
                self.push(r"\sqrt[");
                self.write(*index);
                self.out.push(']');
                self.braced("", *radicand);
            }
            (Name::Sub, [base, sub]) => self.scripts(*base, Some(*sub), None),
            (Name::Sup, [base, sup]) => self.scripts(*base, None, Some(*sup)),
            (Name::SubSup, [base, sub, sup]) => self.scripts(*base, Some(*sub), Some(*sup)),
            (Name::Under, [base, under]) => self.stacked(*base, Some(*under), None),
            (Name::Over, [base, over]) => self.stacked(*base, None, Some(*over)),
            (Name::UnderOver, [base, under, over]) => self.stacked(*base, Some(*under), Some(*over)),
            (Name::Scripts, [base, rest @ ..]) => self.multiscripts(*base, rest),
            (Name::Table, _) => {
                let environment = if is_aligned(node) { "aligned" } else { "matrix" };
                self.table(id, environment);
            }
            (Name::Fenced, _) => self.fenced_by_attributes(id),
            (Name::Enclosed, _) => self.enclosed(id),
            (Name::Phantom, _) => {
                self.push(r"\phantom{");
                self.row(&children);
                self.close();
            }
            (Name::Nothing | Name::Beside | Name::Prescripts, _) => {}
            _ => self.row(&children),
        }
    }

    fn identifier(&mut self, id: usize) {
        let node = self.node(id);
        let text: String = node.text.chars().filter(|c| !is_invisible(*c)).collect();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let command = variant(node, &text);
        let is_word = text.len() > 1 && text.bytes().all(|b| b.is_ascii_alphabetic());
        if command.is_none() && is_function(&text) {
            self.push(&format!(r"\{text} "));
        } else if let Some(command) = command.or((is_word && node.tag.is_some()).then_some(r"\mathrm")) {
            self.push(command);
            self.out.push('{');
            self.characters(&text);
            self.close();
        } else {
            self.characters(&text);
        }
    }

    /// Characters as TeX prints them, without space around them.
    fn characters(&mut self, text: &str) {
        for c in text.chars() {
            if let Some((_, tex)) = symbol(c) {
                self.push(tex);
            } else if let Some((plain, command)) = styled(c) {
                let plain = symbol(plain).map_or_else(|| plain.to_string(), |(_, tex)| tex.to_owned());
                match command {
                    "" => self.push(&plain),
                    command => self.push(&format!("{command}{{{plain}}}")),
                }
            } else {
                self.push(c.encode_utf8(&mut [0; 4]));
            }
        }
    }

    fn operator(&mut self, id: usize) {
        let node = self.node(id);
        let text: String = node.text.chars().filter(|c| !is_invisible(*c)).collect();
        let text = text.trim();
        let is_between = || !node.is("form", "prefix") && !node.is("form", "postfix") && !node.is("stretchy", "true");
        match text {
            "" => {}
            "," | ";" => {
                self.push(text);
                self.space();
            }
            "|" | "∣" if !is_between() || node.is("fence", "true") => self.push("|"),
            "~" | "^" | "_" | "`" | "¯" | "‾" => self.characters(text),
            _ => {
                let mut chars = text.chars();
                let single = chars.next().filter(|_| chars.next().is_none());
                match single.and_then(symbol) {
                    Some((Kind::Between, tex)) => {
                        // The sign of a number stands close to it.
                        let begins = self.out.is_empty() || self.out.ends_with(['{', '(', '[', ' ']);
                        if begins && matches!(tex, "-" | "+" | r"\pm" | r"\mp") {
                            return self.push(tex);
                        }
                        self.space();
                        self.push(tex);
                        self.out.push(' ');
                    }
                    Some((_, tex)) => self.push(tex),
                    None if is_function(text) => self.push(&format!(r"\{text} ")),
                    None if text.len() > 1 && text.bytes().all(|b| b.is_ascii_alphabetic()) => {
                        self.push(&format!(r"\operatorname{{{text}}}"));
                    }
                    None => self.characters(text),
                }
            }
        }
    }

    fn text(&mut self, id: usize) {
        let node = self.node(id);
        let text = node.text.replace('\u{a0}', " ");
        if text.trim().is_empty() {
            return if text.is_empty() {
            } else {
                self.push(r"\ ")
            };
        }
        let command = variant(node, "").map_or(r"\text", |command| match command {
            r"\mathbf" => r"\textbf",
            r"\mathit" => r"\textit",
            r"\mathtt" => r"\texttt",
            _ => r"\text",
        });
        let quote = if node.name == Name::Quoted { "\"" } else { "" };
        self.push(&format!("{command}{{{quote}{}{quote}}}", escape_text(&text)));
    }

    fn fraction(&mut self, id: usize, over: usize, under: usize) {
        let node = self.node(id);
        if node.is("bevelled", "true") {
            self.group(over);
            self.out.push('/');
            self.group(under);
        } else if is_zero(node.attribute("linethickness")) {
            self.braced(r"\genfrac{}{}{0pt}{}", over);
            self.braced("", under);
        } else {
            self.braced(r"\frac", over);
            self.braced("", under);
        }
    }

    /// A base for scripts: in braces where it is more than one thing.
    fn group(&mut self, id: usize) {
        let core = self.tree.core(id);
        let node = self.node(core);
        let is_one = match node.name {
            Name::Row | Name::Fenced => self.is_bracketed(core),
            Name::Identifier | Name::Number | Name::Operator | Name::Text | Name::SquareRoot | Name::Root => true,
            Name::Under | Name::Over | Name::UnderOver | Name::Table | Name::Fraction => true,
            _ => false,
        };
        match is_one {
            true if !self.tree.is_empty(core) => {
                self.write(core);
                self.out.truncate(self.out.trim_end_matches(' ').len());
            }
            _ => self.braced("", core),
        }
    }

    fn is_bracketed(&self, id: usize) -> bool {
        let children = &self.node(id).children;
        let fences = children.first().zip(children.last());
        self.node(id).name == Name::Fenced
            || fences.is_some_and(|(first, last)| self.fence_of(*first).is_some() && self.fence_of(*last).is_some())
    }

    fn scripts(&mut self, base: usize, sub: Option<usize>, sup: Option<usize>) {
        self.group(base);
        if let Some(sub) = sub.filter(|sub| !self.tree.is_empty(*sub)) {
            self.braced("_", sub);
        }
        if let Some(sup) = sup.filter(|sup| !self.tree.is_empty(*sup)) {
            let primes = self
                .tree
                .operator(sup)
                .filter(|text| text.chars().all(|c| "′″‴⁗'".contains(c)));
            match primes.map(str::to_owned) {
                Some(primes) => self.characters(&primes),
                None => self.braced("^", sup),
            }
        }
    }

    fn stacked(&mut self, base: usize, under: Option<usize>, over: Option<usize>) {
        let core = self.tree.core(base);
        let limits = self.takes_limits(core);
        let accent = |id: usize| {
            let sign = self.tree.operator(id)?;
            let accent = ACCENTS.iter().find(|(own, ..)| *own == sign)?;
            let text = &self.node(core).text;
            Some(if text.trim().chars().count() == 1 {
                accent.1
            } else {
                accent.2
            })
        };
        let accent_under = |id: usize| {
            let sign = self.tree.operator(id)?;
            ACCENTS_UNDER.iter().find(|(own, _)| *own == sign).map(|(_, tex)| *tex)
        };
        let arrow = self
            .tree
            .operator(base)
            .and_then(|sign| ARROWS.iter().find(|(own, _)| *own == sign));
        match (under, over) {
            (None, Some(over)) if !limits && accent(over).is_some() => {
                let command = accent(over).unwrap_or_default();
                self.braced(command, base);
            }
            (Some(under), None) if !limits && accent_under(under).is_some() => {
                let command = accent_under(under).unwrap_or_default();
                self.braced(command, base);
            }
            _ if arrow.is_some() => {
                self.space();
                self.push(arrow.map_or("", |(_, tex)| *tex));
                if let Some(under) = under {
                    self.out.push('[');
                    self.write(under);
                    self.out.push(']');
                }
                match over {
                    Some(over) => self.braced("", over),
                    None => self.out.push_str("{}"),
                }
                self.space();
            }
            _ if limits => self.scripts(base, under, over),
            _ => {
                if let Some(under) = under {
                    self.braced(r"\underset", under);
                    self.out.push('{');
                }
                match over {
                    Some(over) => {
                        self.braced(r"\overset", over);
                        self.braced("", base);
                    }
                    None => self.write(base),
                }
                if under.is_some() {
                    self.close();
                }
            }
        }
    }

    /// Whether limits stand above and below: a large operator, a function, and a brace, whose label is one.
    fn takes_limits(&self, core: usize) -> bool {
        let node = self.node(core);
        let text = node.text.trim();
        let mut chars = text.chars();
        let single = chars.next().filter(|_| chars.next().is_none());
        let is_large = single.and_then(symbol).is_some_and(|(kind, _)| kind == Kind::Large);
        let is_brace = || {
            let sign = node.children.get(1).and_then(|sign| self.tree.operator(*sign));
            matches!(node.name, Name::Under | Name::Over) && sign.is_some_and(|sign| "⏞⏟︷︸".contains(sign))
        };
        let is_name = node.name.is_leaf() && (is_function(text) || node.name == Name::Operator && text.len() > 3);
        is_large || is_name || is_brace()
    }

    fn multiscripts(&mut self, base: usize, rest: &[usize]) {
        let is_pre = |id: &usize| self.node(*id).name == Name::Prescripts;
        let split = rest.iter().position(is_pre).unwrap_or(rest.len());
        let (post, pre) = (&rest[..split], rest.get(split + 1..).unwrap_or_default());
        let pairs = |pairs: &[usize], writer: &mut Self| {
            for pair in pairs.chunks(2) {
                for (sign, id) in ["_", "^"].iter().zip(pair) {
                    if !writer.tree.is_empty(*id) {
                        writer.braced(sign, *id);
                    }
                }
            }
        };
        if !pre.is_empty() {
            self.out.push_str("{}");
            pairs(pre, self);
        }
        self.group(base);
        pairs(post, self);
    }

    fn table(&mut self, id: usize, environment: &str) {
        self.push(&format!(r"\begin{{{environment}}} "));
        let rows = self.node(id).children.clone();
        for (i, row) in rows.iter().enumerate() {
            if i > 0 {
                self.space();
                self.push(r"\\ ");
            }
            let node = self.node(*row);
            let (label, cells) = match (node.name, &node.children[..]) {
                (Name::LabeledRow, [label, cells @ ..]) => (Some(*label), cells.to_vec()),
                (Name::TableRow, cells) => (None, cells.to_vec()),
                _ => (None, vec![*row]),
            };
            for (i, cell) in cells.iter().enumerate() {
                if i > 0 {
                    self.space();
                    self.push("& ");
                }
                self.write(*cell);
            }
            if let Some(label) = label {
                let text = self.plain(label);
                self.push(&format!(r"\qquad \text{{{}}}", text.trim()));
            }
        }
        self.space();
        self.push(&format!(r"\end{{{environment}}}"));
    }

    /// The text of all leaves of a node.
    fn plain(&self, id: usize) -> String {
        let mut text = String::new();
        let mut todo = vec![id];
        while let Some(id) = todo.pop() {
            text.push_str(self.node(id).text.trim());
            todo.extend(self.node(id).children.iter().rev());
        }
        escape_text(&text)
    }

    fn fenced_by_attributes(&mut self, id: usize) {
        let node = self.node(id);
        let value = |name: &str, default: &str| node.attribute(name).unwrap_or(default).to_owned();
        let (open, close) = (value("open", "("), value("close", ")"));
        let separators = htmlize::unescape_attribute(node.attribute("separators").unwrap_or(",")).into_owned();
        let separators: Vec<char> = separators.chars().filter(|c| !c.is_whitespace()).collect();
        let children = node.children.clone();
        let text = |fence: &str| htmlize::unescape_attribute(fence).into_owned();
        let (open, close) = (text(&open), text(&close));
        if let ([_], Some(open), Some(close)) = (&children[..], fence(&open), fence(&close)) {
            return self.fenced(open, &children, close);
        }
        let grows = children.iter().any(|id| self.tree.is_tall(*id));
        let tex = |text: &str| fence(text).unwrap_or(".").to_owned();
        if grows {
            self.push(r"\left");
        }
        if grows || !open.is_empty() {
            self.push(&tex(&open));
        }
        for (i, child) in children.iter().enumerate() {
            if let Some(separator) = separators
                .get(i.saturating_sub(1))
                .or(separators.last())
                .filter(|_| i > 0)
            {
                self.characters(&separator.to_string());
                self.space();
            }
            self.write(*child);
        }
        if grows {
            self.push(r"\right");
        }
        if grows || !close.is_empty() {
            self.push(&tex(&close));
        }
    }

    fn enclosed(&mut self, id: usize) {
        let node = self.node(id);
        let notation = node.attribute("notation").unwrap_or("longdiv").to_owned();
        let has = |name: &str| notation.split_whitespace().any(|own| own == name);
        let command = match () {
            () if has("box") || has("roundedbox") || has("circle") => r"\boxed",
            () if has("updiagonalstrike") && has("downdiagonalstrike") => r"\xcancel",
            () if has("updiagonalstrike") => r"\cancel",
            () if has("downdiagonalstrike") => r"\bcancel",
            () if has("horizontalstrike") => r"\sout",
            () if has("radical") => r"\sqrt",
            () if has("top") => r"\overline",
            () if has("bottom") => r"\underline",
            () => "",
        };
        let children = node.children.clone();
        if !command.is_empty() {
            self.push(command);
            self.out.push('{');
        }
        self.row(&children);
        if !command.is_empty() {
            self.close();
        }
    }
}

/// Signs that only say how what stands around them is read: the function of, times, and, plus; and marks without width.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{2061}'..='\u{2064}' | '\u{200b}' | '\u{feff}' | '\u{200c}' | '\u{200d}'
    )
}

/// The command of a `mathvariant` that `text` would not have by itself.
fn variant(node: &Node<'_>, text: &str) -> Option<&'static str> {
    let is_letters = || text.chars().all(|c| c.is_ascii_alphabetic());
    Some(match node.attribute("mathvariant")? {
        "bold" => r"\mathbf",
        "bold-italic" | "bold-sans-serif" => r"\boldsymbol",
        "double-struck" => r"\mathbb",
        "script" | "bold-script" => r"\mathcal",
        "fraktur" | "bold-fraktur" => r"\mathfrak",
        "sans-serif" | "sans-serif-italic" | "sans-serif-bold-italic" => r"\mathsf",
        "monospace" => r"\mathtt",
        "italic" if text.len() > 1 => r"\mathit",
        "normal" if node.name == Name::Identifier && is_letters() && !is_function(text) => r"\mathrm",
        _ => return None,
    })
}

/// A table whose columns are sides of equations.
fn is_aligned(node: &Node<'_>) -> bool {
    let sides = node.attribute("columnalign").unwrap_or_default();
    node.is("displaystyle", "true") && sides.split_whitespace().any(|side| side == "right")
}

fn is_zero(length: Option<&str>) -> bool {
    length.is_some_and(|length| length.starts_with('0') && !length.contains(|c: char| ('1'..='9').contains(&c)))
}

/// A width in parts of an em, as far as it is one.
fn width_em(width: Option<&str>) -> f32 {
    let Some(width) = width.map(str::trim) else { return 0.0 };
    let named = match width {
        "thinmathspace" => Some(0.17),
        "mediummathspace" => Some(0.22),
        "thickmathspace" => Some(0.28),
        "veryverythickmathspace" => Some(0.39),
        _ => None,
    };
    let unit = |unit: &str, ems: f32| Some(width.strip_suffix(unit)?.trim().parse::<f32>().ok()? * ems);
    named
        .or_else(|| unit("em", 1.0))
        .or_else(|| unit("px", 1.0 / 16.0))
        .or_else(|| unit("pt", 0.1))
        .unwrap_or(0.0)
}

fn space_of(em: f32) -> &'static str {
    match em {
        _ if em < 0.0 => r"\!",
        _ if em < 0.1 => "",
        _ if em < 0.2 => r"\,",
        _ if em < 0.25 => r"\:",
        _ if em < 0.7 => r"\;",
        _ if em < 1.6 => r"\quad ",
        _ => r"\qquad ",
    }
}

/// Text for `\text`.
fn escape_text(text: &str) -> String {
    let mut tex = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => tex.push_str(r"\textbackslash{}"),
            '~' => tex.push_str(r"\textasciitilde{}"),
            '^' => tex.push_str(r"\textasciicircum{}"),
            '{' | '}' | '$' | '&' | '#' | '_' | '%' => {
                tex.push('\\');
                tex.push(c);
            }
            c if c.is_whitespace() => tex.push(' '),
            c => tex.push(c),
        }
    }
    tex
}
