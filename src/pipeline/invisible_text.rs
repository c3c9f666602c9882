//! Invisible characters, where they make a text read otherwise than it is written, or hide another one in it.
//!
//! They stay in the text, since Persian, Hindi and emoji need them, and a caller may want to see them; where no writing does,
//! they are reported. After "Trojan Source" (Boucher and Anderson, 2021) and UTS #39, section 3.1.

use crate::error::{Warning, WarningCode};

/// Invisible characters in a row from which they are a message: emoji have up to seven between their parts, and
/// never next to one another.
const ROW: usize = 8;

/// What was found in a text.
///
/// # Limits
/// Linear; a text without such characters is only searched.
pub(super) fn told(text: &str) -> Vec<Warning> {
    let mut found = InvisibleText::default();
    let mut before = None;
    for paragraph in text.split('\n') {
        found.end_paragraph();
        if !may_hold(paragraph) {
            continue;
        }
        let mut characters = paragraph.chars().peekable();
        while let Some(character) = characters.next() {
            if !is_unseen(character) && !is_direction(character) {
                found.end_row();
                found.in_flag = character == BLACK_FLAG;
                before = Some(character);
                continue;
            }
            found.direction(character);
            found.unseen(character, before, characters.peek().copied());
        }
        found.end_row();
        before = None;
    }
    found.end_paragraph();
    found.warnings()
}

/// The flags of England, Scotland and Wales are this one and tags behind it.
const BLACK_FLAG: char = '\u{1F3F4}';

#[derive(Default)]
struct InvisibleText {
    /// Overrides, and what a paragraph opens and does not close.
    turned: usize,
    /// What is open in the paragraph.
    open: usize,
    /// Those inside words, in rows, and tags.
    hidden: usize,
    row: usize,
    in_flag: bool,
}

impl InvisibleText {
    fn direction(&mut self, character: char) {
        match character {
            '\u{202D}' | '\u{202E}' => {
                self.turned += 1;
                self.open += 1;
            }
            '\u{202A}' | '\u{202B}' | '\u{2066}'..='\u{2068}' => self.open += 1,
            '\u{202C}' | '\u{2069}' => self.open = self.open.saturating_sub(1),
            _ => {}
        }
    }

    fn unseen(&mut self, character: char, before: Option<char>, after: Option<char>) {
        if !is_unseen(character) {
            return;
        }
        let is_tag = matches!(character, '\u{E0000}'..='\u{E007F}');
        let is_letter = |neighbour: Option<char>| neighbour.is_some_and(|c| c.is_ascii_alphanumeric());
        let is_within_word = !is_variation(character) && is_letter(before) && is_letter(after);
        if is_tag {
            self.hidden += usize::from(!self.in_flag);
        } else if is_within_word {
            self.hidden += 1;
        } else {
            self.row += 1;
        }
    }

    fn end_row(&mut self) {
        if self.row >= ROW {
            self.hidden += self.row;
        }
        self.row = 0;
    }

    fn end_paragraph(&mut self) {
        self.turned += self.open;
        self.open = 0;
        self.in_flag = false;
    }

    fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if self.turned > 0 {
            warnings.push(Warning::new(
                WarningCode::BidiControls,
                format!(
                    "{} characters turn the order of the text around, so that it is not shown as it is written",
                    self.turned
                ),
            ));
        }
        if self.hidden > 0 {
            warnings.push(Warning::new(
                WarningCode::InvisibleCharacters,
                format!("{} invisible characters stand inside words or in rows", self.hidden),
            ));
        }
        warnings
    }
}

/// Whether one of those characters may stand in a text: by the first bytes of each, which few others begin with.
fn may_hold(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_begun = |at: usize| {
        matches!(
            bytes[at..],
            [0xCD, 0x8F, ..]
                | [0xE1, 0x85 | 0xA0, ..]
                | [0xE2, 0x80, 0x8B..=0x8D | 0xAA..=0xAE, ..]
                | [0xE2, 0x81, ..]
                | [0xE3, 0x85, ..]
                | [0xEF, 0xB8 | 0xBB | 0xBE, ..]
                | [0xF3, ..]
        )
    };
    !text.is_ascii() && (0..bytes.len()).any(is_begun)
}

/// Marks of direction change nothing that they do not close; the others do.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn is_variation(character: char) -> bool {
    matches!(character, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Zero-width spaces and joiners, invisible operators, fillers, variation selectors, tags.
fn is_unseen(character: char) -> bool {
    is_variation(character)
        || matches!(
            character,
            '\u{034F}'
                | '\u{115F}'
                | '\u{1160}'
                | '\u{180E}'
                | '\u{200B}'..='\u{200D}'
                | '\u{2060}'..='\u{2064}'
                | '\u{3164}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{E0000}'..='\u{E007F}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<&'static str> {
        told(text).iter().map(|warning| warning.code.as_str()).collect()
    }

    #[test]
    fn what_hides_something_is_told() {
        for (text, code) in [
            ("access\u{202E}\u{2066}// admin\u{2069}", "bidi_controls"),
            ("price \u{202D}100", "bidi_controls"),
            ("left open \u{2067}here\nand on", "bidi_controls"),
            ("ad\u{200B}vert", "invisible_characters"),
            ("a\u{2060}b", "invisible_characters"),
            ("text\u{E0049}\u{E0067}\u{E006E}", "invisible_characters"),
            ("🏴\n\u{E0067}\u{E0062}", "invisible_characters"),
            (
                "mark \u{200B}\u{200C}\u{200B}\u{200B}\u{200C}\u{200C}\u{200B}\u{200B} end",
                "invisible_characters",
            ),
            (
                "😀\u{E0101}\u{E0102}\u{E0103}\u{E0104}\u{E0105}\u{E0106}\u{E0107}\u{E0108}",
                "invisible_characters",
            ),
        ] {
            assert_eq!(codes(text), [code], "{text:?}");
        }
    }

    #[test]
    fn each_of_them_is_seen_by_its_first_bytes() {
        for c in (char::MIN..=char::MAX).filter(|c| is_unseen(*c) || is_direction(*c)) {
            assert!(may_hold(&format!("中{c}a")), "{:x}", u32::from(c));
        }
        assert!(!may_hold("plain") && !may_hold("“Résumé” – 中文，又如……"));
    }

    #[test]
    fn what_writing_needs_is_not() {
        for text in [
            "",
            "plain",
            "می\u{200C}خواهم",
            "क्\u{200D}ष",
            "👩\u{200D}👩\u{200D}👧\u{200D}👦 ❤\u{FE0F}",
            "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F} won",
            "葛\u{E0100}城",
            "עברית \u{200F}(\u{200E}abc)",
            "He said \u{2067}שלום\u{2069} twice",
            "soft\u{AD}hyphen",
            "ภาษา\u{200B}ไทย",
            "1\u{FE0F}\u{20E3}",
        ] {
            assert_eq!(codes(text), [""; 0], "{text:?}");
        }
    }
}
