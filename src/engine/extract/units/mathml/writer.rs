//! TeX written from the elements of MathML, in one sweep.

use super::{
    MathElement, MathNode, MathTree,
    signs::{escape_text, fence, is_aligned, is_invisible, is_zero, space_of, variant, width_em},
    tex_symbols::{SymbolKind, is_function, styled, symbol},
};

/// Bytes of the longest name of a command, with its backslash: what is longer is a word.
const LONGEST_COMMAND: usize = 32;

pub(crate) struct TexWriter<'t, 'm> {
    pub(crate) tree: &'t MathTree<'m>,
    pub(crate) out: String,
}

impl<'t, 'm> TexWriter<'t, 'm> {
    pub(crate) fn of(tree: &'t MathTree<'m>, capacity: usize) -> Self {
        let out = String::with_capacity(capacity);
        TexWriter { tree, out }
    }

    /// The formula of the whole tree.
    pub(crate) fn whole(mut self) -> String {
        let tree = self.tree;
        self.row(&tree.nodes[0].children);
        self.out.trim().to_owned()
    }

    pub(crate) fn node(&self, id: usize) -> &MathNode<'m> {
        &self.tree.nodes[id]
    }

    /// Appends; a letter behind a command's name is kept apart from it.
    pub(crate) fn push(&mut self, tex: &str) {
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

    pub(crate) fn space(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with([' ', '{', '\n']) {
            self.out.push(' ');
        }
    }

    /// A command with what stands in braces behind it.
    pub(crate) fn braced(&mut self, command: &str, id: usize) {
        self.push(command);
        self.out.push('{');
        let node = self.node(id);
        match node.name {
            MathElement::Row => {
                let children = node.children.clone();
                self.row(&children);
            }
            _ => self.write(id),
        }
        self.close();
    }

    pub(crate) fn close(&mut self) {
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
            && self.node(self.tree.core(*table)).name == MathElement::Table
        {
            return self.table(self.tree.core(*table), "cases");
        }
        let mut at = 0;
        while let Some(id) = ids.get(at) {
            // Brackets around a table are part of it.
            if let Some([table, close]) = ids.get(at + 1..at + 3)
                && let (Some(open), Some(shut)) = (self.fence_of(*id), self.fence_of(*close))
                && self.node(self.tree.core(*table)).name == MathElement::Table
            {
                self.fenced(open, &[*table], shut);
                at += 3;
                continue;
            }
            self.write(*id);
            at += 1;
        }
    }

    pub(crate) fn fence_of(&self, id: usize) -> Option<&'static str> {
        fence(self.tree.operator(id)?)
    }

    fn fenced(&mut self, open: &str, middle: &[usize], close: &str) {
        if let [only] = middle {
            let only = self.tree.core(*only);
            let node = self.node(only);
            let environment = match (node.name, open, close) {
                (MathElement::Table, "(", ")") => Some("pmatrix"),
                (MathElement::Table, "[", "]") => Some("bmatrix"),
                (MathElement::Table, r"\{", r"\}") => Some("Bmatrix"),
                (MathElement::Table, "|", "|") => Some("vmatrix"),
                (MathElement::Table, r"\|", r"\|") => Some("Vmatrix"),
                (MathElement::Table, r"\{", ".") => Some("cases"),
                _ => None,
            };
            if let Some(environment) = environment {
                return self.table(only, environment);
            }
            if node.name == MathElement::Fraction
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

    pub(crate) fn write(&mut self, id: usize) {
        let node = self.node(id);
        let children = node.children.clone();
        match (node.name, &children[..]) {
            (MathElement::Row | MathElement::Cell, _) => self.row(&children),
            (MathElement::First, [first, ..]) => self.write(*first),
            (MathElement::Identifier | MathElement::Number, _) => self.identifier(id),
            (MathElement::Operator, _) => self.operator(id),
            (MathElement::Text | MathElement::Quoted, _) => self.text(id),
            (MathElement::Space, _) => {
                let width = width_em(node.attribute("width"));
                let is_newline = node.is("linebreak", "newline");
                self.push(if is_newline { r"\\ " } else { space_of(width) });
            }
            (MathElement::Fraction, [over, under]) => self.fraction(id, *over, *under),
            (MathElement::SquareRoot, _) => {
                self.push(r"\sqrt{");
                self.row(&children);
                self.close();
            }
            (MathElement::Root, [radicand, index]) => {
                self.push(r"\sqrt[");
                self.write(*index);
                self.out.push(']');
                self.braced("", *radicand);
            }
            (MathElement::Sub, [base, sub]) => self.scripts(*base, Some(*sub), None),
            (MathElement::Sup, [base, sup]) => self.scripts(*base, None, Some(*sup)),
            (MathElement::SubSup, [base, sub, sup]) => self.scripts(*base, Some(*sub), Some(*sup)),
            (MathElement::Under, [base, under]) => self.stacked(*base, Some(*under), None),
            (MathElement::Over, [base, over]) => self.stacked(*base, None, Some(*over)),
            (MathElement::UnderOver, [base, under, over]) => self.stacked(*base, Some(*under), Some(*over)),
            (MathElement::Scripts, [base, rest @ ..]) => self.multiscripts(*base, rest),
            (MathElement::Table, _) => {
                let environment = if is_aligned(node) { "aligned" } else { "matrix" };
                self.table(id, environment);
            }
            (MathElement::Fenced, _) => self.fenced_by_attributes(id),
            (MathElement::Enclosed, _) => self.enclosed(id),
            (MathElement::Phantom, _) => {
                self.push(r"\phantom{");
                self.row(&children);
                self.close();
            }
            (MathElement::Nothing | MathElement::Beside | MathElement::Prescripts, _) => {}
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
    pub(crate) fn characters(&mut self, text: &str) {
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
                    Some((SymbolKind::Between, tex)) => {
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
        let quote = if node.name == MathElement::Quoted { "\"" } else { "" };
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
                (MathElement::LabeledRow, [label, cells @ ..]) => (Some(*label), cells.to_vec()),
                (MathElement::TableRow, cells) => (None, cells.to_vec()),
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
