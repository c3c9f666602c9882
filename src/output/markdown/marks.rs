//! Emphasis: where CommonMark reads its delimiters, and what is written where it does not.
//!
//! A delimiter opens or closes by the characters on its two sides (CommonMark 0.31, section 6.2). Versions and renderers
//! differ in what they count as punctuation, so symbols are trusted on neither side. A mark of a sentence at the end of
//! bold text moves out of it, as in `**核心提示**：海港局`; everything else that no delimiter can say is HTML.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    tokens::{InlineMark, InlineToken, push_text},
    tree::EventTree,
};
use crate::engine::html::tags::Tag;

/// Marks that end a sentence or a label, without those that come in pairs.
const SENTENCE_MARKS: &[char] = &[
    '.', ',', ':', ';', '!', '?', '%', '。', '，', '：', '；', '！', '？', '、', '％', '…',
];

/// What a character is to a delimiter beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DelimiterSide {
    Blank,
    Punctuation,
    /// A letter or number, in every version of Unicode and of CommonMark.
    Word,
    /// Punctuation to some.
    Symbol,
}

/// Moves marks of a sentence out of emphasis that could not end behind them.
pub(super) fn off_punctuation(tokens: Vec<InlineToken>, tree: &EventTree<'_>) -> Vec<InlineToken> {
    let mut out: Vec<InlineToken> = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let mut moved = None;
        if let (InlineToken::Close(mark), Some(InlineToken::Text(last)), Some(InlineToken::Text(next))) =
            (&token, out.last_mut(), tokens.peek())
            && has_delimiter(*mark)
        {
            let text = tree.text(last.clone());
            let kept = text.trim_end_matches(SENTENCE_MARKS);
            let follows = tree
                .text(next.clone())
                .chars()
                .next()
                .map_or(DelimiterSide::Blank, side);
            let ends_word = kept.chars().next_back().is_some_and(|c| side(c) == DelimiterSide::Word);
            if kept.len() < text.len() && ends_word && matches!(follows, DelimiterSide::Word | DelimiterSide::Symbol) {
                moved = Some(last.start + kept.len()..last.end);
                last.end = last.start + kept.len();
            }
        }
        match token {
            InlineToken::Text(range) => push_text(&mut out, range),
            other => out.push(other),
        }
        if let Some(moved) = moved {
            out.push(InlineToken::Text(moved));
        }
    }
    out
}

/// Makes HTML of the emphasis whose delimiters would not be read.
pub(super) fn choose(tokens: &mut [InlineToken], tree: &EventTree<'_>) {
    let partners = partners(tokens);
    for open in 0..tokens.len() {
        let InlineToken::Open(mark) = tokens[open] else {
            continue;
        };
        if !has_delimiter(mark) {
            continue;
        }
        let close = partners[open];
        let html = match mark {
            InlineMark::Strong => Tag::STRONG,
            InlineMark::Emphasis => Tag::EM,
            _ => Tag::DEL,
        };
        if !is_read(tokens, tree, open, close) || touches(tokens, &partners, open, close) {
            tokens[open] = InlineToken::Open(InlineMark::Html(html));
            tokens[close] = InlineToken::Close(InlineMark::Html(html));
        }
    }
}

/// For each open the position of its close.
fn partners(tokens: &[InlineToken]) -> Vec<usize> {
    let mut partners = vec![0; tokens.len()];
    let mut open = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        match token {
            InlineToken::Open(_) => open.push(i),
            InlineToken::Close(_) => {
                if let Some(start) = open.pop() {
                    partners[start] = i;
                }
            }
            _ => {}
        }
    }
    partners
}

fn has_delimiter(mark: InlineMark) -> bool {
    matches!(mark, InlineMark::Strong | InlineMark::Emphasis | InlineMark::Strike)
}

/// Whether both delimiters stand where they open and close.
fn is_read(tokens: &[InlineToken], tree: &EventTree<'_>, open: usize, close: usize) -> bool {
    let first = |token: Option<&InlineToken>| side_of(token, tree, |text| text.chars().next());
    let last = |token: Option<&InlineToken>| side_of(token, tree, |text| text.chars().next_back());
    let reads = |inner: DelimiterSide, outer: DelimiterSide| match inner {
        DelimiterSide::Word => true,
        DelimiterSide::Blank => false,
        DelimiterSide::Punctuation | DelimiterSide::Symbol => {
            matches!(outer, DelimiterSide::Blank | DelimiterSide::Punctuation)
        }
    };
    let before = open.checked_sub(1).and_then(|i| tokens.get(i));
    reads(first(tokens.get(open + 1)), last(before)) && reads(last(tokens.get(close - 1)), first(tokens.get(close + 1)))
}

/// Whether a delimiter would become one run with that of another element, of which only `***` around the same text is
/// read by all. Elements further behind are chosen later, and then see this one.
fn touches(tokens: &[InlineToken], partners: &[usize], open: usize, close: usize) -> bool {
    let is_strike = |mark: &InlineMark| *mark == InlineMark::Strike;
    let InlineToken::Open(mark) = tokens[open] else {
        return false;
    };
    let joins = |other: &InlineMark| has_delimiter(*other) && is_strike(other) == is_strike(&mark);
    let before = open.checked_sub(1).filter(|i| match &tokens[*i] {
        InlineToken::Open(other) | InlineToken::Close(other) => joins(other),
        _ => false,
    });
    let after = matches!(tokens.get(close + 1), Some(InlineToken::Close(other)) if joins(other));
    match before {
        Some(outer) if matches!(tokens[outer], InlineToken::Open(_)) => partners[outer] != close + 1,
        Some(_) => true,
        None => after,
    }
}

/// What a token shows to a delimiter beside it: all that is not text or the end of a line begins and ends with
/// punctuation. GFM looks through tildes, CommonMark does not.
fn side_of(token: Option<&InlineToken>, tree: &EventTree<'_>, pick: impl Fn(&str) -> Option<char>) -> DelimiterSide {
    match token {
        None | Some(InlineToken::Break) => DelimiterSide::Blank,
        Some(InlineToken::Text(range)) => pick(tree.text(range.clone())).map_or(DelimiterSide::Blank, side),
        Some(InlineToken::Open(InlineMark::Strike) | InlineToken::Close(InlineMark::Strike)) => DelimiterSide::Symbol,
        Some(_) => DelimiterSide::Punctuation,
    }
}

static PUNCTUATION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{P}").ok());

fn side(c: char) -> DelimiterSide {
    // Letters in circles and squares are symbols to Unicode's general categories.
    let is_circled = matches!(c, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f189}');
    let is_punctuation = |c: char| {
        PUNCTUATION
            .as_ref()
            .is_some_and(|punctuation| punctuation.is_match(c.encode_utf8(&mut [0; 4])))
    };
    match c {
        _ if c.is_whitespace() => DelimiterSide::Blank,
        _ if c.is_ascii_punctuation() => DelimiterSide::Punctuation,
        _ if c.is_alphanumeric() && !is_circled => DelimiterSide::Word,
        _ if is_punctuation(c) => DelimiterSide::Punctuation,
        _ => DelimiterSide::Symbol,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_beside_a_delimiter() {
        for (c, expected) in [
            ('a', DelimiterSide::Word),
            ('核', DelimiterSide::Word),
            ('½', DelimiterSide::Word),
            ('Ⓐ', DelimiterSide::Symbol),
            ('：', DelimiterSide::Punctuation),
            ('“', DelimiterSide::Punctuation),
            ('$', DelimiterSide::Punctuation),
            ('￥', DelimiterSide::Symbol),
            ('😀', DelimiterSide::Symbol),
            ('\u{3000}', DelimiterSide::Blank),
            ('\u{a0}', DelimiterSide::Blank),
            ('\u{feff}', DelimiterSide::Symbol),
        ] {
            assert_eq!(side(c), expected, "{c:?}");
        }
    }
}
