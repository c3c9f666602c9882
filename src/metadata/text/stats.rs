//! Figures of a text.

use std::sync::LazyLock;

use memchr::memmem;
use serde::Serialize;

use crate::steps;

/// Figures of the clean text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stats {
    /// All but white space.
    pub characters: usize,
    /// Those of them in Chinese, Japanese and Korean scripts.
    pub cjk_characters: usize,
    /// Words of the scripts that part them by blanks.
    pub words: usize,
    /// Sentences, by their closing hints.
    pub sentences: usize,
    /// Blocks of text.
    pub paragraphs: usize,
    /// Linked characters by characters, 0 to 1.
    pub link_density: f32,
    /// Seconds.
    pub reading_time_seconds: u32,
}

/// Words that a reader takes in a minute, in scripts with blanks (Brysbaert 2019: 238 for English prose).
const WORDS_A_MINUTE: usize = 238;
/// Characters that a reader takes in a minute, in Chinese and Japanese (Trauzettel-Klosinski and Dietz 2012: 255 words of
/// about a character and a half).
const CJK_A_MINUTE: usize = 380;

/// Characters that a reader takes in a minute, in the scripts of South East Asia that have no blanks: about four to a word.
const UNSPACED_A_MINUTE: usize = 950;

/// Counts. `linked` is how many of the visible characters are links.
pub fn measure(text: &str, linked: usize) -> Stats {
    let (mut characters, mut cjk, mut words, mut sentences) = (0, 0, 0, 0);
    let (mut unspaced, mut hangul) = (0, 0);
    let (mut in_word, mut open, mut after_stop) = (false, false, false);
    let bytes = text.as_bytes();
    let mut at = 0;
    steps::count(text.len());
    while let Some(&byte) = bytes.get(at) {
        let c = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => {
                let run = bytes[at..].iter().position(|byte| !byte.is_ascii_alphanumeric());
                let length = run.unwrap_or(bytes.len() - at);
                (at, characters) = (at + length, characters + length);
                words += usize::from(!in_word);
                (in_word, open, after_stop) = (true, true, false);
                continue;
            }
            _ if byte.is_ascii() => char::from(byte),
            _ => text[at..].chars().next().unwrap_or_default(),
        };
        at += c.len_utf8();
        if is_ideograph(c) {
            (characters, cjk) = (characters + 1, cjk + 1);
            (in_word, open, after_stop) = (false, true, false);
            continue;
        }
        if c.is_whitespace() {
            // A full stop ends a sentence where a blank follows it: 3.5 and example.com hold none.
            sentences += usize::from(after_stop || (open && c == '\n'));
            open &= !after_stop && c != '\n';
            (in_word, after_stop) = (false, false);
            continue;
        }
        characters += 1;
        if c.is_ascii() {
            match c {
                '.' | '!' | '?' => after_stop = open,
                _ => in_word &= matches!(c, '\'' | '-'),
            }
            continue;
        }
        let wide = is_cjk(c);
        cjk += usize::from(wide);
        match c {
            // Full stops of their own: Chinese and Japanese, halfwidth, Devanagari and its kin, Arabic, Urdu, Armenian, Ethiopic,
            // Burmese, Khmer.
            '。' | '！' | '？' | '…' | '｡' | '।' | '॥' | '؟' | '۔' | '։' | '።' | '፧' | '။' | '។' =>
            {
                sentences += usize::from(open);
                (open, in_word) = (false, false);
            }
            _ => {
                let text = is_alphanumeric(c);
                // Korean is written in blocks of its own, and parts its words by blanks all the same.
                let part = text && (!wide || is_hangul(c)) && !is_unspaced(c);
                unspaced += usize::from(is_unspaced(c));
                hangul += usize::from(is_hangul(c));
                words += usize::from(part && !in_word);
                in_word = part || (in_word && c == '’');
                open |= text;
                after_stop &= !text;
            }
        }
    }
    sentences += usize::from(open);
    let seconds = words * 60 / WORDS_A_MINUTE + (cjk - hangul) * 60 / CJK_A_MINUTE + unspaced * 60 / UNSPACED_A_MINUTE;
    Stats {
        characters,
        cjk_characters: cjk,
        words,
        sentences,
        paragraphs: paragraphs(text),
        link_density: if characters == 0 {
            0.0
        } else {
            (linked as f32 / characters as f32 * 1000.0).round() / 1000.0
        },
        reading_time_seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
    }
}

fn paragraphs(text: &str) -> usize {
    let borders = memmem::find_iter(text.as_bytes(), "\n\n").chain(std::iter::once(text.len()));
    let mut from = 0;
    borders
        .filter(|border| {
            let block = &text[from..*border];
            from = (border + 2).min(text.len());
            !block.trim().is_empty()
        })
        .count()
}

/// A question about characters, which the standard library searches a table for outside of ASCII; this one is 8 KiB of bits.
struct CharacterTest(fn(char) -> bool, Vec<u64>);

impl CharacterTest {
    fn to(question: fn(char) -> bool) -> Self {
        let mut bits = vec![0; 0x1_0000 / 64];
        for c in ('\0'..='\u{ffff}').filter(|c| question(*c)) {
            bits[c as usize / 64] |= 1 << (c as usize % 64);
        }
        CharacterTest(question, bits)
    }

    fn get(&self, c: char) -> bool {
        match self.1.get(c as usize / 64) {
            Some(bits) => bits >> (c as usize % 64) & 1 == 1,
            None => self.0(c),
        }
    }
}

/// As [`char::is_alphanumeric`].
pub(crate) fn is_alphanumeric(c: char) -> bool {
    static ANSWERS: LazyLock<CharacterTest> = LazyLock::new(|| CharacterTest::to(char::is_alphanumeric));
    ANSWERS.get(c)
}

/// Whether a character is another one in lower case.
pub(crate) fn has_lower_case(c: char) -> bool {
    static ANSWERS: LazyLock<CharacterTest> = LazyLock::new(|| CharacterTest::to(|c| !c.to_lowercase().eq([c])));
    ANSWERS.get(c)
}

/// The ideographs of nearly all Chinese text: letters, wide, of one case.
pub(crate) fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}')
}

fn is_hangul(c: char) -> bool {
    matches!(c, '\u{ac00}'..='\u{d7af}')
}

/// Thai, Lao, Burmese and Khmer.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

/// Han, kana, hangul and the hints that go with them.
pub(crate) fn is_cjk(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(text: &str) -> (usize, usize, usize, usize) {
        let stats = measure(text, 0);
        (stats.words, stats.cjk_characters, stats.sentences, stats.paragraphs)
    }

    #[test]
    fn letters_and_digits_are_those_of_unicode() {
        for c in '\0'..=char::MAX {
            assert_eq!(is_alphanumeric(c), c.is_alphanumeric(), "{c:?}");
            assert_eq!(
                has_lower_case(c),
                c.to_lowercase().to_string() != c.to_string(),
                "{c:?}"
            );
        }
    }

    #[test]
    fn counts_by_script() {
        assert_eq!(counts(""), (0, 0, 0, 0));
        assert_eq!(counts("It's 3.5 well-known metres. Really?\n\nYes"), (6, 0, 3, 2));
        assert_eq!(counts("他说：“涨了。”今天GDP增长。"), (1, 11, 2, 1));
        assert_eq!(counts("호수가 얼었다. 사람들이 걸었다."), (4, 13, 2, 1));
        assert_eq!(counts("झील जम गई। लोग चले।").2, 2);
        assert_eq!(counts("ทะเลสาบ"), (0, 0, 1, 1));
        assert_eq!(measure(&"ท".repeat(950), 0).reading_time_seconds, 60);
        assert_eq!(measure(&"word ".repeat(238), 0).reading_time_seconds, 60);
        assert_eq!(measure(&"湖".repeat(380), 0).reading_time_seconds, 60);
        assert_eq!(measure("ab cd", 2).link_density, 0.5);
    }
}
