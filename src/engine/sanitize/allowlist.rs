//! The allow-lists: which elements, attributes and URLs may stand in `content_html`. Nothing else ever does.
//!
//! | elements | attributes |
//! |---|---|
//! | `a` | `href` (`http`, `https`, `mailto`, relative); `rel="noopener nofollow"` of our own on absolute links |
//! | `img` | `src` (as `href`), `alt`, `width`, `height` (digits) |
//! | `td` `th` | `colspan`, `rowspan` (digits) |
//! | `ol` | `start` (digits) |
//! | `time` | `datetime` |
//! | `abbr` | `title` |
//! | blocks | `dir` (`ltr`, `rtl`) |
//! | `blockquote` | `class="callout"` |
//! | `code` in `pre` | `class="language-…"`, of letters, digits and `+ # . -`, 24 bytes at most |
//! | `span` `div` | `class="math inline"`, `class="math display"`: around formulas, none of the source |
//! | `section` `li` `a` | `class="footnotes"`, `id="fn-N"`, `id="fnref-N"`: footnotes, numbered here |

use super::links::Links;
use crate::engine::{document::Document, extract::units::pictures, html::tags::Tag};

/// The blocks that stay what they are; any other is a border between paragraphs.
pub(crate) fn is_kept_block(tag: Tag) -> bool {
    tag.is_heading()
        || matches!(
            tag,
            Tag::P | Tag::UL | Tag::OL | Tag::LI | Tag::DL | Tag::DT | Tag::DD | Tag::PRE | Tag::BLOCKQUOTE
        )
        || matches!(tag, Tag::FIGURE | Tag::FIGCAPTION | Tag::DETAILS | Tag::SUMMARY)
        || is_table_part(tag)
}

fn is_table_part(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::TABLE | Tag::CAPTION | Tag::THEAD | Tag::TBODY | Tag::TFOOT | Tag::TR | Tag::TD | Tag::TH
    )
}

/// Inline elements that stay, under the name that they stay by.
pub(crate) fn kept_inline(tag: Tag) -> Option<Tag> {
    Some(match tag {
        Tag::A
        | Tag::B
        | Tag::STRONG
        | Tag::I
        | Tag::EM
        | Tag::U
        | Tag::S
        | Tag::DEL
        | Tag::INS
        | Tag::SUB
        | Tag::SUP => tag,
        Tag::CODE
        | Tag::KBD
        | Tag::SAMP
        | Tag::VAR
        | Tag::MARK
        | Tag::SMALL
        | Tag::Q
        | Tag::CITE
        | Tag::ABBR
        | Tag::TIME => tag,
        Tag::RUBY | Tag::RB | Tag::RT | Tag::RP | Tag::BDI => tag,
        Tag::STRIKE => Tag::S,
        Tag::TT => Tag::CODE,
        _ => return None,
    })
}

/// Blocks that text may stand in directly.
pub(crate) fn holds_text(tag: Tag) -> bool {
    tag.is_heading()
        || matches!(
            tag,
            Tag::P
                | Tag::LI
                | Tag::DT
                | Tag::DD
                | Tag::TD
                | Tag::TH
                | Tag::CAPTION
                | Tag::FIGCAPTION
                | Tag::PRE
                | Tag::SUMMARY
        )
}

/// Blocks that hold no other block.
pub(crate) fn holds_no_block(tag: Tag) -> bool {
    tag.is_heading() || matches!(tag, Tag::P | Tag::PRE)
}

/// Names from the table above, values decoded.
pub(crate) type AllowedAttributes = Vec<(&'static str, String)>;

/// The decoded value of an attribute.
fn text(document: &Document<'_>, id: u32, name: &str) -> Option<String> {
    let value = document.attribute(id, name)?;
    Some(htmlize::unescape_attribute(value).into_owned())
}

/// A number that layout may hang on; browsers cap them at four digits too.
fn number(document: &Document<'_>, id: u32, name: &'static str) -> Option<(&'static str, String)> {
    Some((name, short_number(document.attribute(id, name)?)?))
}

fn short_number(value: &str) -> Option<String> {
    let value = value.trim();
    let fits = !value.is_empty() && value.len() <= 4 && value.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| value.to_owned())
}

/// `None` where the element means nothing without an attribute that it does not have.
pub(crate) fn inline_attributes(
    document: &Document<'_>,
    links: &Links,
    id: u32,
    tag: Tag,
) -> Option<AllowedAttributes> {
    let one = |name: &'static str| {
        text(document, id, name)
            .map(|value| (name, value))
            .into_iter()
            .collect()
    };
    Some(match tag {
        Tag::A => vec![("href", links.follow(&text(document, id, "href")?)?)],
        Tag::TIME => one("datetime"),
        Tag::ABBR => one("title"),
        // Google Docs wraps what it copies in one that is not bold.
        Tag::B if document.attribute(id, "style").is_some_and(is_normal_weight) => return None,
        _ => Vec::new(),
    })
}

fn is_normal_weight(style: &str) -> bool {
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
    let style = style.to_ascii_lowercase();
    style.contains("font-weight:normal") || style.contains("font-weight:400")
}

pub(crate) fn block_attributes(document: &Document<'_>, id: u32, tag: Tag) -> AllowedAttributes {
    let names: &[&'static str] = match tag {
        Tag::TD | Tag::TH => &["colspan", "rowspan"],
        Tag::OL => &["start"],
        _ => &[],
    };
    let mut attributes: AllowedAttributes = names.iter().filter_map(|name| number(document, id, name)).collect();
    let direction = document
        .attribute(id, "dir")
        .filter(|dir| matches!(*dir, "rtl" | "ltr"));
    attributes.extend(direction.map(|dir| ("dir", dir.to_owned())));
    attributes
}

/// `None` for a picture that is nowhere.
pub(crate) fn image_attributes(document: &Document<'_>, links: &Links, id: u32) -> Option<AllowedAttributes> {
    let picture = pictures::read(document, id)?;
    let src = links.resolve(&picture.address)?;
    let alt = picture.alt.filter(|alt| !alt.trim().is_empty());
    let sizes = [("width", picture.width), ("height", picture.height)];
    let sizes = sizes
        .into_iter()
        .filter_map(|(name, size)| Some((name, short_number(&size?)?)));
    Some(
        std::iter::once(("src", src))
            .chain(alt.map(|alt| ("alt", alt)))
            .chain(sizes)
            .collect(),
    )
}
