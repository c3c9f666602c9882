//! The fingerprint of a text: SimHash (Charikar 2002; Manku, Jain and Sarma 2007), by which texts that are nearly the same
//! are known without comparing them: few of the 64 bits differ.
//!
//! The features are pairs of neighbouring words, letters and digits alone and in lower case; a character of a script without
//! blanks is a word of its own. So white space, punctuation and markup change nothing, and an edited word two features.

use super::stats::{has_lower_case, is_alphanumeric, is_cjk, is_ideograph};
use crate::steps;

/// `simhash64:` and sixteen hexadecimal digits; `None` where there is no word.
pub fn simhash(text: &str) -> Option<String> {
    let mut votes = Votes::default();
    let (mut before, mut words) = (0_u64, 0_u32);
    let mut add = |word: u64| {
        if words > 0 {
            votes.add(mix(before.rotate_left(17) ^ word));
        }
        before = word;
        words = words.saturating_add(1);
    };
    let mut word = Fnv::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    steps::count(text.len());
    while let Some(&byte) = bytes.get(at) {
        if byte.is_ascii() {
            at += 1;
            if byte.is_ascii_alphanumeric() {
                word.letter(byte.to_ascii_lowercase().into());
            } else {
                word.end().into_iter().for_each(&mut add);
            }
            continue;
        }
        let Some(c) = text[at..].chars().next() else { break };
        at += c.len_utf8();
        if is_ideograph(c) {
            word.end().into_iter().for_each(&mut add);
            add(Fnv::of(c));
            continue;
        }
        let is_wide = is_cjk(c);
        let is_letter = is_alphanumeric(c);
        if is_letter && !is_wide {
            word.take(c);
            continue;
        }
        word.end().into_iter().for_each(&mut add);
        if is_letter {
            add(Fnv::of(c));
        }
    }
    word.end().into_iter().for_each(&mut add);
    // One word alone has no neighbour, and is a feature itself.
    if words == 1 {
        votes.add(mix(before));
    }
    (words > 0).then(|| format!("simhash64:{:016x}", votes.most()))
}

/// How many features had each bit.
#[derive(Default)]
struct Votes {
    features: u32,
    /// The counts of all bits side by side: the first plane holds the lowest digit of each.
    planes: [u64; 32],
}

impl Votes {
    fn add(&mut self, feature: u64) {
        self.features += 1;
        let mut carry = feature;
        for plane in &mut self.planes {
            (*plane, carry) = (*plane ^ carry, *plane & carry);
            if carry == 0 {
                break;
            }
        }
    }

    /// The bits that more than half of the features had.
    fn most(&self) -> u64 {
        let count = |bit: u32| {
            let digits = self.planes.iter().enumerate();
            digits.map(|(i, plane)| (plane >> bit & 1) << i).sum::<u64>()
        };
        let most = (0..u64::BITS).filter(|bit| count(*bit) * 2 > u64::from(self.features));
        most.fold(0, |bits, bit| bits | 1 << bit)
    }
}

/// Spreads what differs over all bits (the finaliser of SplitMix64, Steele and others 2014).
const fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// FNV-1a over the letters of a word: the same on every machine and in every version.
struct Fnv {
    hash: u64,
    is_begun: bool,
}

impl Fnv {
    const fn new() -> Self {
        Fnv {
            hash: 0xcbf2_9ce4_8422_2325,
            is_begun: false,
        }
    }

    fn of(c: char) -> u64 {
        let mut word = Fnv::new();
        word.take(c);
        word.hash
    }

    fn take(&mut self, c: char) {
        match has_lower_case(c) {
            true => c.to_lowercase().for_each(|c| self.letter(c.into())),
            false => self.letter(c.into()),
        }
    }

    fn letter(&mut self, c: u64) {
        self.hash = (self.hash ^ c).wrapping_mul(0x0100_0000_01b3);
        self.is_begun = true;
    }

    fn end(&mut self) -> Option<u64> {
        let word = std::mem::replace(self, Fnv::new());
        word.is_begun.then_some(word.hash)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bits(text: &str) -> u64 {
        let hash = simhash(text).expect("words");
        u64::from_str_radix(hash.trim_start_matches("simhash64:"), 16).expect("digits")
    }

    fn apart(a: &str, b: &str) -> u32 {
        (bits(a) ^ bits(b)).count_ones()
    }

    fn words(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec("[a-z]{2,9}|[\u{4e00}-\u{4fff}]{3,9}", count)
    }

    #[test]
    fn is_the_same_in_every_version() {
        assert_eq!(
            simhash("The lake froze over.").as_deref(),
            Some("simhash64:879e4e9b72e51a92")
        );
        assert_eq!(simhash(" .\n"), None);
        assert_ne!(simhash("湖"), simhash("冰"));
        assert_ne!(simhash("a b"), simhash("b a"));
    }

    proptest! {
        #[test]
        fn white_space_case_and_punctuation_change_nothing(words in words(1..60), gap in "[ \t\n,.;:!?“”—]{1,5}") {
            let text = words.join(" ");
            prop_assert_eq!(simhash(&text), simhash(&words.join(&gap).to_uppercase()));
        }

        #[test]
        fn what_is_nearly_the_same_is_near(words in words(200..400), at in 0_usize..200, other in "[a-z]{3,9}") {
            let text = words.join(" ");
            let mut edited = words.clone();
            edited[at] = other;
            edited.remove((at + 100) % 200);
            prop_assert!(apart(&text, &edited.join(" ")) <= 12);
        }

        #[test]
        fn what_is_another_text_is_far(one in words(200..400), other in words(200..400)) {
            prop_assert!(apart(&one.join(" "), &other.join(" ")) >= 14);
        }
    }
}
