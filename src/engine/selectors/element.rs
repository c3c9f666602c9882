//! An element as selectors are matched on it.

use std::cell::OnceCell;

use crate::engine::html::{tags::Tag, tokens::StartTag};

/// Bytes of a class attribute that rules look at: a page may repeat a class a million times, and each costs a look-up.
const CLASS_BYTES: usize = 16 << 10;

/// An element as the program sees it.
pub(crate) struct MatchedElement<'a> {
    pub(crate) tag: Tag,
    pub(crate) start: StartTag<'a>,
    /// Its place among its siblings, from 1.
    pub(crate) position: u32,
    /// Its depth: the number of open elements around it.
    pub(crate) depth: usize,
    pub(crate) name_hash: u32,
    /// The class attribute, found once however many steps ask for it.
    pub(crate) class: OnceCell<&'a [u8]>,
}

impl<'a> MatchedElement<'a> {
    pub(crate) fn class(&self) -> &'a [u8] {
        self.class
            .get_or_init(|| cut(self.start.attribute("class").unwrap_or_default()))
    }
}

pub(crate) fn cut(class: &[u8]) -> &[u8] {
    &class[..class.len().min(CLASS_BYTES)]
}
