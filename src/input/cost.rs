//! What the work on a body can cost in memory, as far as its bytes show before it is read.

use super::{is_envelope, markdown, may_be_markdown};
use crate::bounds::Bounds;

/// What is counted of a body while it arrives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BodyCost {
    /// Each element has its `<`, and so has each end tag and comment that parts a text.
    pub tags: usize,
    /// Line ends: in a text without tags each line is a paragraph.
    pub lines: usize,
}

impl BodyCost {
    /// Of a whole body.
    pub fn of(body: &[u8]) -> Self {
        let mut body_cost = BodyCost::default();
        body_cost.add(body);
        body_cost
    }

    /// Counts the next piece of a body.
    pub fn add(&mut self, piece: &[u8]) {
        self.tags += memchr::memchr_iter(b'<', piece).count();
        self.lines += memchr::memchr_iter(b'\n', piece).count();
    }
}

/// The most memory that the work on a body can take. Markdown makes elements without a `<`.
pub fn work_bytes(bounds: &Bounds, body_cost: BodyCost, bytes: &[u8], content_type: Option<&str>) -> usize {
    if is_envelope(content_type) {
        let seen = tags_in_envelope(body_cost.tags, bytes) + markdown::elements_at_most(bytes.len());
        return bounds.markdown_work_bytes(bytes.len(), seen);
    }
    let seen = body_cost.tags + body_cost.lines.div_ceil(Bounds::LINES_AN_ELEMENT);
    if may_be_markdown(bytes, content_type) {
        return bounds.markdown_work_bytes(bytes.len(), seen + markdown::elements_at_most(bytes.len()));
    }
    bounds.work_bytes(bytes.len(), seen)
}

/// In JSON a `<` may be written as `\u003c`, and in base64 not be seen at all: each tag is three bytes at least there.
fn tags_in_envelope(tags: usize, json: &[u8]) -> usize {
    // A key may be written with escapes, which no encoder does to letters.
    let escapes = |at: usize| match json.get(at + 4..at + 6) {
        Some([b'5'..=b'7', _] | [b'3', b'4' | b'6']) => true,
        Some(_) | None => false,
    };
    if memchr::memmem::find(json, b"\"document_base64\"").is_some()
        || memchr::memmem::find_iter(json, b"\\u00").any(escapes)
    {
        return json.len() / BASE64_OF_A_TAG_BYTES;
    }
    // An escape may be a `<` or the end of a line.
    tags + memchr::memchr_iter(b'\\', json).count()
}

/// Three bytes in base64.
const BASE64_OF_A_TAG_BYTES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_hides_no_element() {
        let of = |json: &str| tags_in_envelope(json.matches('<').count(), json.as_bytes());
        assert_eq!(of(r#"{"document":"<p>a\n<p>b"}"#), 3);
        assert_eq!(of(r#"{"document":"\u003cp\u003ea"}"#), 2);
        let packed = "PHA+".repeat(100);
        assert!(of(&format!(r#"{{"document_base64":"{packed}"}}"#)) >= 100);
        assert!(of(&format!(r#"{{"document\u005fbase64":"{packed}"}}"#)) >= 100);
        assert!(of(&format!(r#"{{"document_base\u00364":"{packed}"}}"#)) >= 100);
    }
}
