//! The fingerprint of a text: SimHash (Charikar 2002; Manku, Jain and Sarma 2007), by which texts that are nearly the same
//! are known without comparing them: few of the 64 bits differ.
//!
//! The features are pairs of neighbouring words, letters and digits alone and in lower case; a character of a script without
//! blanks is a word of its own. So white space, punctuation and markup change nothing, and an edited word two features.

use super::stats::is_cjk;

/// What is added to each bit's sum: one up, or one down.
const BITS: usize = 64;

/// `simhash64:` and sixteen hexadecimal digits; `None` where there is no word.
pub fn simhash(text: &str) -> Option<String> {
    let mut sums = [0_i32; BITS];
    let (mut before, mut words) = (0_u64, 0_u32);
    let mut word = Fnv::new();
    for c in text.chars() {
        let wide = is_cjk(c);
        if !wide && c.is_alphanumeric() {
            word.take(c);
            continue;
        }
        for word in [word.end(), wide.then(|| Fnv::of(c)).filter(|_| c.is_alphanumeric())]
            .into_iter()
            .flatten()
        {
            add(&mut sums, &mut before, &mut words, word);
        }
    }
    if let Some(word) = word.end() {
        add(&mut sums, &mut before, &mut words, word);
    }
    // One word alone has no neighbour, and is a feature itself.
    if words == 1 {
        vote(&mut sums, mix(before));
    }
    let bits = sums.iter().enumerate().map(|(i, sum)| u64::from(*sum > 0) << i);
    (words > 0).then(|| format!("simhash64:{:016x}", bits.fold(0, |all, bit| all | bit)))
}

fn add(sums: &mut [i32; BITS], before: &mut u64, words: &mut u32, word: u64) {
    if *words > 0 {
        vote(sums, mix(before.rotate_left(17) ^ word));
    }
    *before = word;
    *words = words.saturating_add(1);
}

fn vote(sums: &mut [i32; BITS], feature: u64) {
    for (i, sum) in sums.iter_mut().enumerate() {
        *sum += ((feature >> i & 1) as i32) * 2 - 1;
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
        let mut letter = |c: char| self.hash = (self.hash ^ u64::from(c)).wrapping_mul(0x0100_0000_01b3);
        if c.is_ascii() {
            letter(c.to_ascii_lowercase());
        } else {
            c.to_lowercase().for_each(letter);
        }
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
