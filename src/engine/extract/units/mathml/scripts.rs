//! What stands above, below and beside a base: scripts, limits, accents and labels of arrows.

use super::{
    MathElement,
    signs::{ACCENTS, ACCENTS_UNDER, ARROWS},
    tex_symbols::{SymbolKind, is_function, symbol},
    writer::TexWriter,
};

impl TexWriter<'_, '_> {
    /// A base for scripts: in braces where it is more than one thing.
    pub(crate) fn group(&mut self, id: usize) {
        let core = self.tree.core(id);
        let node = self.node(core);
        let is_one = match node.name {
            MathElement::Row | MathElement::Fenced => self.is_bracketed(core),
            MathElement::Identifier
            | MathElement::Number
            | MathElement::Operator
            | MathElement::Text
            | MathElement::SquareRoot
            | MathElement::Root => true,
            MathElement::Under
            | MathElement::Over
            | MathElement::UnderOver
            | MathElement::Table
            | MathElement::Fraction => true,
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
        self.node(id).name == MathElement::Fenced
            || fences.is_some_and(|(first, last)| self.fence_of(*first).is_some() && self.fence_of(*last).is_some())
    }

    pub(crate) fn scripts(&mut self, base: usize, sub: Option<usize>, sup: Option<usize>) {
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

    pub(crate) fn stacked(&mut self, base: usize, under: Option<usize>, over: Option<usize>) {
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
        let is_large = single
            .and_then(symbol)
            .is_some_and(|(kind, _)| kind == SymbolKind::Large);
        let is_brace = || {
            let sign = node.children.get(1).and_then(|sign| self.tree.operator(*sign));
            matches!(node.name, MathElement::Under | MathElement::Over)
                && sign.is_some_and(|sign| "⏞⏟︷︸".contains(sign))
        };
        let is_name =
            node.name.is_leaf() && (is_function(text) || node.name == MathElement::Operator && text.len() > 3);
        is_large || is_name || is_brace()
    }

    pub(crate) fn multiscripts(&mut self, base: usize, rest: &[usize]) {
        let is_pre = |id: &usize| self.node(*id).name == MathElement::Prescripts;
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
}
