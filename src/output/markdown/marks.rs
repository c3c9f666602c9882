//! Emphasis: where CommonMark reads its delimiters, and what is written where it does not.
//!
//! A delimiter opens or closes by the characters on its two sides (CommonMark 0.31, section 6.2). Versions and renderers
//! differ in what they count as punctuation, so symbols are trusted on neither side. A mark of a sentence at the end of
//! bold text moves out of it, as in `**核心提示**：海港局`; everything else that no delimiter can say is HTML.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    inlines::{Mark, Token, push_text},
    tree::Tree,
};
use crate::engine::html::tags::Tag;

/// Marks that end a sentence or a label, without those that come in pairs.
const SENTENCE_MARKS: &[char] = &[
    '.', ',', ':', ';', '!', '?', '%', '。', '，', '：', '；', '！', '？', '、', '％', '…',
];

/// What a character is to a delimiter beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Blank,
    Punctuation,
    /// A letter or number, in every version of Unicode and of CommonMark.
    Word,
    /// Punctuation to some.
    Symbol,
}

/// Moves marks of a sentence out of emphasis that could not end behind them.
pub(super) fn off_punctuation(tokens: Vec<Token>, tree: &Tree<'_>) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let mut moved = None;
        if let (Token::Close(mark), Some(Token::Text(last)), Some(Token::Text(next))) =
            (&token, out.last_mut(), tokens.peek())
            && has_delimiter(*mark)
        {
            let text = tree.text(last.clone());
            let kept = text.trim_end_matches(SENTENCE_MARKS);
            let follows = tree.text(next.clone()).chars().next().map_or(Side::Blank, side);
            let ends_word = kept.chars().next_back().is_some_and(|c| side(c) == Side::Word);
            if kept.len() < text.len() && ends_word && matches!(follows, Side::Word | Side::Symbol) {
                moved = Some(last.start + kept.len()..last.end);
                last.end = last.start + kept.len();
            }
        }
        match token {
            Token::Text(range) => push_text(&mut out, range),
            other => out.push(other),
        }
        if let Some(moved) = moved {
            out.push(Token::Text(moved));
        }
    }
    out
}

/// Makes HTML of the emphasis whose delimiters would not be read.
pub(super) fn choose(tokens: &mut [Token], tree: &Tree<'_>) {
    let partners = partners(tokens);
    for open in 0..tokens.len() {
        let Token::Open(mark) = tokens[open] else { continue };
        if !has_delimiter(mark) {
            continue;
        }
        let close = partners[open];
        let html = match mark {
            Mark::Strong => Tag::STRONG,
            Mark::Emphasis => Tag::EM,
            _ => Tag::DEL,
        };
        if !is_read(tokens, tree, open, close) || touches(tokens, &partners, open, close) {
            tokens[open] = Token::Open(Mark::Html(html));
            tokens[close] = Token::Close(Mark::Html(html));
        }
    }
}

/// For each open the position of its close.
fn partners(tokens: &[Token]) -> Vec<usize> {
    let mut partners = vec![0; tokens.len()];
    let mut open = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        match token {
            Token::Open(_) => open.push(i),
            Token::Close(_) => {
                if let Some(start) = open.pop() {
                    partners[start] = i;
                }
            }
            _ => {}
        }
    }
    partners
}

fn has_delimiter(mark: Mark) -> bool {
    matches!(mark, Mark::Strong | Mark::Emphasis | Mark::Strike)
}

/// Whether both delimiters stand where they open and close.
fn is_read(tokens: &[Token], tree: &Tree<'_>, open: usize, close: usize) -> bool {
    let first = |token: Option<&Token>| side_of(token, tree, |text| text.chars().next());
    let last = |token: Option<&Token>| side_of(token, tree, |text| text.chars().next_back());
    let reads = |inner: Side, outer: Side| match inner {
        Side::Word => true,
        Side::Blank => false,
        Side::Punctuation | Side::Symbol => matches!(outer, Side::Blank | Side::Punctuation),
    };
    let before = open.checked_sub(1).and_then(|i| tokens.get(i));
    reads(first(tokens.get(open + 1)), last(before)) && reads(last(tokens.get(close - 1)), first(tokens.get(close + 1)))
}

/// Whether a delimiter would become one run with that of another element, of which only `***` around the same text is
/// read by all. Elements further behind are chosen later, and then see this one.
fn touches(tokens: &[Token], partners: &[usize], open: usize, close: usize) -> bool {
    let is_strike = |mark: &Mark| *mark == Mark::Strike;
    let Token::Open(mark) = tokens[open] else { return false };
    let joins = |other: &Mark| has_delimiter(*other) && is_strike(other) == is_strike(&mark);
    let before = open.checked_sub(1).filter(|i| match &tokens[*i] {
        Token::Open(other) | Token::Close(other) => joins(other),
        _ => false,
    });
    let after = matches!(tokens.get(close + 1), Some(Token::Close(other)) if joins(other));
    match before {
        Some(outer) if matches!(tokens[outer], Token::Open(_)) => partners[outer] != close + 1,
        Some(_) => true,
        None => after,
    }
}

/// What a token shows to a delimiter beside it: all that is not text or the end of a line begins and ends with
/// punctuation. GFM looks through tildes, CommonMark does not.
fn side_of(token: Option<&Token>, tree: &Tree<'_>, pick: impl Fn(&str) -> Option<char>) -> Side {
    match token {
        None | Some(Token::Break) => Side::Blank,
        Some(Token::Text(range)) => pick(tree.text(range.clone())).map_or(Side::Blank, side),
        Some(Token::Open(Mark::Strike) | Token::Close(Mark::Strike)) => Side::Symbol,
        Some(_) => Side::Punctuation,
    }
}

static PUNCTUATION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{P}").ok());

fn side(c: char) -> Side {
    // Letters in circles and squares are symbols to Unicode's general categories.
    let is_circled = matches!(c, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f189}');
    let is_punctuation = |c: char| {
        PUNCTUATION
            .as_ref()
            .is_some_and(|punctuation| punctuation.is_match(c.encode_utf8(&mut [0; 4])))
    };
    match c {
        _ if c.is_whitespace() => Side::Blank,
        _ if c.is_ascii_punctuation() => Side::Punctuation,
        _ if c.is_alphanumeric() && !is_circled => Side::Word,
        _ if is_punctuation(c) => Side::Punctuation,
        _ => Side::Symbol,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_beside_a_delimiter() {
        for (c, expected) in [
            ('a', Side::Word),
            ('核', Side::Word),
            ('½', Side::Word),
            ('Ⓐ', Side::Symbol),
            ('：', Side::Punctuation),
            ('“', Side::Punctuation),
            ('$', Side::Punctuation),
            ('￥', Side::Symbol),
            ('😀', Side::Symbol),
            ('\u{3000}', Side::Blank),
            ('\u{a0}', Side::Blank),
            ('\u{feff}', Side::Symbol),
        ] {
            assert_eq!(side(c), expected, "{c:?}");
        }
    }
}
