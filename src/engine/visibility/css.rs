//! CSS as far as hiding needs it: declarations of a `style` attribute, and the rules of a style sheet.
//!
//! Tokens are cssparser's (CSS Syntax Module Level 3), so that comments, escapes, letter case and white space are read as
//! browsers read them.

use cssparser::{ParseError, Parser, ParserInput, Token};
use memchr::memmem;

/// One token of a value. The arguments of a function stand between its name and [`Value::End`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A keyword, in lower case.
    Word(String),
    /// A number, with its unit in lower case; `%` for a percentage of 0 to 100.
    Number(f32, String),
    /// The digits of a colour behind `#`, or of another hash.
    Hash(String),
    /// The name of a function, in lower case.
    Function(String),
    /// The end of a function.
    End,
    /// An address.
    Picture,
    /// Any other token.
    Other,
}

/// One declaration.
#[derive(Debug)]
pub(crate) struct Declaration {
    /// In lower case.
    pub(crate) name: String,
    pub(crate) value: Vec<Value>,
    pub(crate) important: bool,
}

/// Tokens of one value.
const VALUE_TOKENS: usize = 64;
/// Functions and blocks inside one another.
const DEPTH: usize = 8;

/// The declarations of a `style` attribute, or of a block.
pub(crate) fn declarations(css: &str) -> Vec<Declaration> {
    let mut input = ParserInput::new(css);
    let mut found = Vec::new();
    read_declarations(&mut Parser::new(&mut input), &mut found);
    found
}

/// The bytes that part a sheet, or hide such bytes.
static STRUCTURE: [bool; 256] = {
    let mut table = [false; 256];
    let mut i = 0;
    while i < b"{};/\"'\\".len() {
        table[b"{};/\"'\\"[i] as usize] = true;
        i += 1;
    }
    table
};

/// Calls `take` with the selectors and the block of each style rule for screens, and whether it holds on some of them only.
/// Rules inside of style rules are passed over.
///
/// Sheets are long and few of their rules matter, so they are cut at their braces here, and only blocks are tokenised.
pub(crate) fn each_rule<'c>(css: &'c str, mut take: impl FnMut(&'c str, &'c str, bool)) {
    let bytes = css.as_bytes();
    let (mut at, mut start, mut depth) = (0, 0, 0);
    // The at-rules that are open, a bit each: whether they are a condition.
    let mut conditions = 0u32;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'/' | b'"' | b'\'' | b'\\' => at = behind(bytes, at),
            b'{' => {
                let prelude = css[start..at].trim();
                let name = prelude
                    .strip_prefix('@')
                    .map(|rule| rule.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default());
                let holds_rules = match name {
                    Some(name) if name.eq_ignore_ascii_case("media") => is_for_screens(&prelude["@media".len()..]),
                    Some(name) => ["supports", "layer", "container", "scope"]
                        .iter()
                        .any(|known| name.eq_ignore_ascii_case(known)),
                    None => false,
                };
                if holds_rules && depth < DEPTH {
                    let is_condition =
                        prelude.contains('(') && !name.is_some_and(|name| name.eq_ignore_ascii_case("layer"));
                    conditions = conditions << 1 | u32::from(is_condition);
                    (at, depth) = (at + 1, depth + 1);
                } else {
                    let end = block_end(bytes, at + 1);
                    if name.is_none() {
                        take(prelude, &css[at + 1..end], conditions > 0);
                    }
                    at = end + 1;
                }
                start = at.min(bytes.len());
            }
            b'}' | b';' => {
                if byte == b'}' && depth > 0 {
                    (depth, conditions) = (depth - 1, conditions >> 1);
                }
                at += 1;
                start = at;
            }
            _ => {
                at += bytes[at..]
                    .iter()
                    .position(|byte| STRUCTURE[usize::from(*byte)])
                    .unwrap_or(bytes.len() - at)
            }
        }
    }
}

/// Where a block ends, whose content begins here.
fn block_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'/' | b'"' | b'\'' | b'\\' => {
                at = behind(bytes, at);
                continue;
            }
            b'{' => depth += 1,
            b';' => {}
            b'}' if depth == 0 => break,
            b'}' => depth -= 1,
            _ => {
                at += bytes[at..]
                    .iter()
                    .position(|byte| STRUCTURE[usize::from(*byte)])
                    .unwrap_or(bytes.len() - at);
                continue;
            }
        }
        at += 1;
    }
    at.min(bytes.len())
}

/// Behind the comment, string or escape that may begin here.
fn behind(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at + 1..];
    let length = match bytes[at] {
        b'/' if rest.first() == Some(&b'*') => memmem::find(&rest[1..], b"*/").map_or(rest.len(), |end| end + 3),
        b'/' => 0,
        b'\\' => 1,
        quote => {
            let mut end = 0;
            while rest.get(end).is_some_and(|byte| *byte != quote && *byte != b'\n') {
                end += if rest[end] == b'\\' { 2 } else { 1 };
            }
            end + 1
        }
    };
    (at + 1 + length).min(bytes.len())
}

fn read_declarations(parser: &mut Parser<'_, '_>, found: &mut Vec<Declaration>) {
    let (mut name, mut value, mut important, mut in_value) = (None, Vec::new(), false, false);
    loop {
        let token = parser.next().cloned();
        let ends = matches!(token, Err(_) | Ok(Token::Semicolon));
        if ends {
            if let Some(name) = name.take().filter(|_| in_value) {
                let value = std::mem::take(&mut value);
                found.push(Declaration { name, value, important });
            }
            (important, in_value) = (false, false);
            value.clear();
        }
        match token {
            Err(_) => return,
            Ok(Token::Semicolon) => {}
            Ok(Token::Ident(word)) if !in_value => name = Some(word.to_ascii_lowercase()),
            Ok(Token::Colon) if !in_value => in_value = true,
            // The rest of a declaration that is `!important`.
            Ok(Token::Delim('!')) if in_value => {
                important |= parser
                    .try_parse(|parser| parser.expect_ident_matching("important"))
                    .is_ok();
            }
            Ok(token) => push(parser, &token, 0, &mut value),
        }
    }
}

fn push(parser: &mut Parser<'_, '_>, token: &Token<'_>, depth: usize, value: &mut Vec<Value>) {
    let lower = |text: &str| text.to_ascii_lowercase();
    let one = match token {
        Token::Ident(word) => Value::Word(lower(word)),
        Token::Number { value, .. } => Value::Number(*value, String::new()),
        Token::Percentage { unit_value, .. } => Value::Number(unit_value * 100.0, "%".to_owned()),
        Token::Dimension { value, unit, .. } => Value::Number(*value, lower(unit)),
        Token::Hash(hash) | Token::IDHash(hash) => Value::Hash(lower(hash)),
        Token::Function(name) => Value::Function(lower(name)),
        Token::UnquotedUrl(_) => Value::Picture,
        _ => Value::Other,
    };
    let is_function = matches!(one, Value::Function(_));
    if value.len() < VALUE_TOKENS {
        value.push(one);
    }
    if is_function && depth < DEPTH {
        let _ = parser.parse_nested_block(|inner| -> Result<(), ParseError<'_, ()>> {
            while let Ok(token) = inner.next().cloned() {
                push(inner, &token, depth + 1, value);
            }
            Ok(())
        });
        if value.len() < VALUE_TOKENS {
            value.push(Value::End);
        }
    }
}

/// Whether a media query can hold on a screen.
pub(crate) fn is_for_screens(prelude: &str) -> bool {
    let query = prelude.to_ascii_lowercase();
    query.split(',').any(|query| {
        let first = query.split_whitespace().next().unwrap_or_default();
        !matches!(
            first,
            "print" | "speech" | "aural" | "braille" | "tty" | "embossed" | "handheld"
        ) && !query.contains("not screen")
            && !query.contains("not all")
            && !query.contains("only print")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_read_in_any_spelling() {
        let one = |css: &str| {
            let all = declarations(css);
            let last = all.last().expect("a declaration");
            (last.name.clone(), last.value.clone(), last.important)
        };
        let none = ("display".to_owned(), vec![Value::Word("none".to_owned())], false);
        for css in [
            "display:none",
            " display : none ;",
            "DISPLAY/**/:\n/* x */NONE",
            r"dis\70 lay:non\65",
            "x;display:none",
        ] {
            assert_eq!(one(css), none, "{css}");
        }
        assert!(one("display:none ! important").2 && one("color:red;display:none!IMPORTANT;").2);
        assert_eq!(one("opacity:.0").1, [Value::Number(0.0, String::new())]);
        assert_eq!(one("width:1PX").1, [Value::Number(1.0, "px".to_owned())]);
        assert_eq!(
            one("transform:translate(-9999px)").1,
            [
                Value::Function("translate".to_owned()),
                Value::Number(-9999.0, "px".to_owned()),
                Value::End
            ]
        );
        assert!(declarations("display").is_empty() && declarations("{};:").is_empty());
    }

    #[test]
    fn rules_are_those_for_screens() {
        let rules = |css: &str| {
            let mut found = String::new();
            each_rule(css, |selectors, block, is_conditional| {
                found += &format!("{selectors}={block}{}", if is_conditional { '?' } else { ';' });
            });
            found
        };
        assert_eq!(rules(".a{x:y} @import 'x'; b , #c {}"), ".a=x:y;b , #c=;");
        assert_eq!(
            rules("@media print{.a{}} @media screen and (min-width:1px){.b{}} @font-face{x:y} .c{z"),
            ".b=?.c=z;"
        );
        assert_eq!(rules(".x{} @media print {.a{}} .y{}"), ".x=;.y=;");
        assert_eq!(
            rules("@supports (x:y){@layer z{.a{}}}.b{}@media all{.c{}}"),
            ".a=?.b=;.c=;"
        );
        assert_eq!(
            rules(".a{b:'}';c:\"\\\"}\"} /* .d{ */ .e{/*}*/}"),
            ".a=b:'}';c:\"\\\"}\";/* .d{ */ .e=/*}*/;"
        );
        assert_eq!(rules(".a{&:hover{x:y} z:1}.b{"), ".a=&:hover{x:y} z:1;.b=;");
        assert_eq!(rules("}}.a{}"), ".a=;");
        for css in ["\\", "\"", "/*", "{", "@media", "@media{", "a{\\"] {
            rules(css);
        }
    }
}
