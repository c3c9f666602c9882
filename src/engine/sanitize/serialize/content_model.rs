//! Which elements may stand where: the content models of WHATWG HTML, as far as parsers and readers depend on them.
//!
//! A parser moves what may not stand in a table in front of it, and lists of anything but items have no form but HTML. So
//! stray content is wrapped in what its parent holds, where it stands.

use super::{OpenBlock, Tag};

/// The element that anything else than its own parts stands in, for elements that hold parts only.
pub(crate) fn wrapper(parent: Tag) -> Option<Tag> {
    match parent {
        Tag::UL | Tag::OL => Some(Tag::LI),
        Tag::DL => Some(Tag::DD),
        Tag::TABLE | Tag::THEAD | Tag::TBODY | Tag::TFOOT => Some(Tag::TR),
        Tag::TR => Some(Tag::TD),
        _ => None,
    }
}

/// Whether it is a part of another element, and stands nowhere else.
pub(crate) fn is_part(tag: Tag) -> bool {
    !parents(tag).is_empty()
}

/// Whether a part stands right in an open block, or in a wrapper there.
pub(crate) fn holds_part(parent: &OpenBlock, part: Tag) -> bool {
    let is_first_only = matches!(part, Tag::CAPTION | Tag::SUMMARY);
    let is_parent = |tag| parents(part).contains(&tag);
    (is_parent(parent.tag) || wrapper(parent.tag).is_some_and(is_parent)) && !(is_first_only && parent.emitted)
}

fn parents(part: Tag) -> &'static [Tag] {
    match part {
        Tag::LI => &[Tag::UL, Tag::OL],
        Tag::DT | Tag::DD => &[Tag::DL],
        Tag::SUMMARY => &[Tag::DETAILS],
        Tag::FIGCAPTION => &[Tag::FIGURE],
        Tag::CAPTION | Tag::THEAD | Tag::TBODY | Tag::TFOOT => &[Tag::TABLE],
        Tag::TR => &[Tag::TABLE, Tag::THEAD, Tag::TBODY, Tag::TFOOT],
        Tag::TD | Tag::TH => &[Tag::TR],
        _ => &[],
    }
}
