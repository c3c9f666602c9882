//! One open element: whose it is, what it takes in, and which searches end at it.

use super::tags::Tag;

/// Whose element it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Namespace {
    Html,
    Svg,
    MathMl,
}

/// A foreign element whose content is HTML again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IntegrationPoint {
    No,
    /// For all but the two elements that MathML keeps to itself.
    MathText,
    Html,
    /// An `annotation-xml` that does not say so: it is one for `svg` only.
    Annotation,
}

/// One open element.
#[derive(Debug, Clone)]
pub(crate) struct OpenElement {
    pub(crate) tag: Tag,
    /// Tells unknown names apart.
    pub(crate) name_hash: u32,
    /// The number that the sink gave it.
    pub(crate) id: u32,
    /// Elements seen directly inside, for `:nth-child()`.
    pub(crate) children: u32,
    pub(crate) namespace: Namespace,
    pub(crate) point: IntegrationPoint,
    /// Ascending on the stack, never used again. A stream may have more elements than 32 bits count.
    pub(crate) serial: u64,
    /// The kinds of border that it is, a bit each.
    pub(crate) borders: u8,
}

impl OpenElement {
    pub(crate) fn is_foreign(&self) -> bool {
        self.namespace != Namespace::Html
    }

    /// Whether this start tag, found inside, is for the HTML rules.
    pub(crate) fn takes_html(&self, tag: Tag) -> bool {
        match self.point {
            IntegrationPoint::No => !self.is_foreign(),
            IntegrationPoint::MathText => !matches!(tag, Tag::MGLYPH | Tag::MALIGNMARK),
            IntegrationPoint::Html => true,
            IntegrationPoint::Annotation => tag == Tag::SVG,
        }
    }

    pub(crate) fn is_special(&self) -> bool {
        match self.namespace {
            Namespace::Html => self.tag.is_special(),
            _ => self.point != IntegrationPoint::No,
        }
    }

    /// Whether formatting outside is not opened again inside, nor the other way round (the "markers" of the list).
    pub(crate) fn keeps_formatting(&self) -> bool {
        !self.is_foreign() && self.tag.is_scope() && !matches!(self.tag, Tag::HTML | Tag::TABLE | Tag::SELECT)
    }

    /// The kinds of border that it is, a bit each.
    pub(crate) fn kinds(&self) -> u8 {
        let html = !self.is_foreign();
        let scope = (html && self.tag.is_scope()) || self.point != IntegrationPoint::No;
        let special = self.is_special();
        let bit = |border: ElementScope, is: bool| u8::from(is) << border as u8;
        bit(ElementScope::Scope, scope)
            | bit(ElementScope::Button, scope || (html && self.tag == Tag::BUTTON))
            | bit(
                ElementScope::List,
                scope || (html && matches!(self.tag, Tag::OL | Tag::UL)),
            )
            | bit(
                ElementScope::Table,
                html && matches!(self.tag, Tag::TABLE | Tag::TEMPLATE | Tag::HTML),
            )
            | bit(ElementScope::Special, special)
            | bit(
                ElementScope::Item,
                special && !matches!(self.tag, Tag::ADDRESS | Tag::DIV | Tag::P),
            )
            | bit(ElementScope::Html, html)
    }
}

/// What a search for an open element does not look past.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ElementScope {
    Scope,
    Button,
    List,
    Table,
    Special,
    Item,
    Html,
}

/// How many kinds there are.
pub(crate) const BORDERS: usize = ElementScope::Html as usize + 1;
