//! The one selector dialect: what of CSS Selectors Level 4 can be decided when a start tag is seen.
//!
//! Compound selectors (type, `*`, `.class`, `#id`, `[attr]` with every operator and the `i` flag, `:nth-child()`,
//! `:nth-of-type()`, `:first-child`, `:first-of-type`, `:not()` of compounds) joined by the descendant and child
//! combinators, in comma lists. Selectors are only parsed here; `engine::matcher` matches them on the open elements.

use cssparser::{BasicParseError, ParseError, Parser, ParserInput, ToCss, Token, parse_nth};

/// One complex selector: compounds from the left to the right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// The leftmost compound.
    pub first: Compound,
    /// Each further compound with how it relates to the one before it. The last one is the subject.
    pub rest: Vec<(Combinator, Compound)>,
}

/// How a compound relates to the one on its left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Combinator {
    /// `a b`
    Descendant,
    /// `a > b`
    Child,
}

/// What one element must be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compound {
    /// The element's name in lower case.
    pub tag: Option<String>,
    /// Its `id`; an element has one, so two different ones match nothing.
    pub ids: Vec<String>,
    /// Class tokens, letter case as written.
    pub classes: Vec<String>,
    /// Attribute conditions.
    pub attributes: Vec<Attribute>,
    /// Position among its siblings.
    pub nth: Vec<Nth>,
    /// What it must not be.
    pub not: Vec<Compound>,
}

/// A condition on one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The name in lower case.
    pub name: String,
    /// The comparison; `None` asks only that the attribute is there.
    pub test: Option<(Operator, String)>,
    /// ASCII letter case of the value does not count.
    pub ignore_case: bool,
}

/// The comparison of an attribute selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equals,
    /// `~=`
    Includes,
    /// `|=`
    DashMatch,
    /// `^=`
    Prefix,
    /// `$=`
    Suffix,
    /// `*=`
    Substring,
}

/// `an+b` among the siblings, counted from the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nth {
    /// The step.
    pub a: i32,
    /// The offset.
    pub b: i32,
    /// Count only siblings of the same name.
    pub of_type: bool,
}

impl Nth {
    /// Whether the sibling number `position` (from 1) is meant.
    pub fn matches(&self, position: u32) -> bool {
        let distance = i64::from(position) - i64::from(self.b);
        match i64::from(self.a) {
            0 => distance == 0,
            a => distance % a == 0 && distance / a >= 0,
        }
    }
}

/// Why a selector is not supported: where in it, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {column} of {selector:?}: {reason}")]
pub struct SelectorError {
    /// The whole text.
    pub selector: String,
    /// Counted from 1.
    pub column: u32,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// Bytes of a selector list that are read at most; the longest in public filter lists are a tenth of it.
const SELECTOR_BYTES: usize = 4096;
/// Compounds of one selector at most, since each costs a slot in the tables that every document uses.
const COMPOUNDS: usize = 32;

/// How large selectors are, all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Compounds, and the classes, ids, attributes and positions that they ask for.
    pub parts: usize,
    /// Bytes of names and values.
    pub text_bytes: usize,
    /// Compounds that another one must follow.
    pub inner: usize,
}

impl Size {
    /// Measures selectors.
    pub fn of<'a>(selectors: impl IntoIterator<Item = &'a Selector>) -> Self {
        let mut size = Size::default();
        for selector in selectors {
            size.inner += selector.rest.len();
            size.add(&selector.first);
            selector.rest.iter().for_each(|(_, compound)| size.add(compound));
        }
        size
    }

    fn add(&mut self, compound: &Compound) {
        let Compound {
            tag,
            ids,
            classes,
            attributes,
            nth,
            not,
        } = compound;
        self.parts += 1 + ids.len() + classes.len() + attributes.len() + nth.len();
        let names = tag.iter().chain(ids).chain(classes);
        let values = attributes.iter().flat_map(|attribute| {
            let value = attribute.test.as_ref().map(|(_, value)| value);
            std::iter::once(&attribute.name).chain(value)
        });
        self.text_bytes += names.chain(values).map(String::len).sum::<usize>();
        not.iter().for_each(|compound| self.add(compound));
    }
}

/// Parses a comma list of selectors.
///
/// # Errors
/// An empty list, and anything outside the dialect, by its place.
pub fn parse(text: &str) -> Result<Vec<Selector>, SelectorError> {
    let fail = |column: u32, reason: String| SelectorError {
        selector: clip(text),
        column,
        reason,
    };
    if text.trim().is_empty() {
        return Err(fail(1, "the selector is empty".into()));
    }
    if text.len() > SELECTOR_BYTES {
        return Err(fail(1, format!("the selector is longer than {SELECTOR_BYTES} bytes")));
    }
    let mut input = ParserInput::new(text);
    let mut parser = Parser::new(&mut input);
    let list = parser.parse_comma_separated(|p| complex(p));
    list.map_err(|e| {
        let reason = match e.kind {
            cssparser::ParseErrorKind::Custom(reason) => reason,
            cssparser::ParseErrorKind::Basic(basic) => explain(&basic),
        };
        fail(e.location.column, reason)
    })
}

fn clip(text: &str) -> String {
    text.chars().take(80).collect()
}

fn explain(kind: &cssparser::BasicParseErrorKind<'_>) -> String {
    match kind {
        cssparser::BasicParseErrorKind::UnexpectedToken(token) => format!("unexpected {:?}", token.to_css_string()),
        cssparser::BasicParseErrorKind::EndOfInput => "the selector ends too early".into(),
        other => format!("{other:?}"),
    }
}

type Parsed<'i, T> = Result<T, ParseError<'i, String>>;

fn complex<'i>(p: &mut Parser<'i, '_>) -> Parsed<'i, Selector> {
    p.skip_whitespace();
    let first = compound(p)?;
    let mut rest = Vec::new();
    while let Some(combinator) = combinator(p)? {
        if rest.len() + 1 == COMPOUNDS {
            return Err(p.new_custom_error(format!("more than {COMPOUNDS} compounds")));
        }
        rest.push((combinator, compound(p)?));
    }
    Ok(Selector { first, rest })
}

fn combinator<'i>(p: &mut Parser<'i, '_>) -> Parsed<'i, Option<Combinator>> {
    let mut blank = false;
    loop {
        let state = p.state();
        match p.next_including_whitespace() {
            Err(_) => return Ok(None),
            Ok(Token::WhiteSpace(_)) => blank = true,
            Ok(Token::Delim('>')) => {
                p.skip_whitespace();
                return Ok(Some(Combinator::Child));
            }
            Ok(Token::Delim(c @ ('+' | '~'))) => {
                let reason =
                    format!("the combinator `{c}` needs siblings, which a stream has not kept; use ` ` or `>`");
                return Err(p.new_custom_error(reason));
            }
            Ok(_) => {
                p.reset(&state);
                return Ok(blank.then_some(Combinator::Descendant));
            }
        }
    }
}

fn compound<'i>(p: &mut Parser<'i, '_>) -> Parsed<'i, Compound> {
    let mut c = Compound::default();
    let mut parts = 0;
    loop {
        let state = p.state();
        let token = match p.next_including_whitespace() {
            Ok(token) => token.clone(),
            Err(_) => break,
        };
        match token {
            Token::Ident(name) if parts == 0 => c.tag = Some(name.to_ascii_lowercase()),
            Token::Delim('*') if parts == 0 => {}
            Token::IDHash(id) => c.ids.push(id.to_string()),
            Token::Hash(id) => {
                return Err(p.new_custom_error(format!("`#{id}` is no identifier: write `[id=\"{id}\"]`")));
            }
            Token::Delim('.') => {
                let name = match p.next_including_whitespace() {
                    Ok(Token::Ident(name)) => name.to_string(),
                    _ => return Err(p.new_custom_error(String::from("a class name belongs behind `.`"))),
                };
                c.classes.push(name);
            }
            Token::SquareBracketBlock => c.attributes.push(p.parse_nested_block(attribute)?),
            Token::Colon => pseudo_class(p, &mut c)?,
            _ => {
                p.reset(&state);
                break;
            }
        }
        parts += 1;
    }
    if parts == 0 {
        let found = match p.next() {
            Ok(token) => format!(
                "expected an element, a class, an id or an attribute, found `{}`",
                token.to_css_string()
            ),
            Err(_) => "the selector ends where an element, a class, an id or an attribute belongs".into(),
        };
        return Err(p.new_custom_error(found));
    }
    Ok(c)
}

fn attribute<'i>(p: &mut Parser<'i, '_>) -> Parsed<'i, Attribute> {
    let name = p.expect_ident()?.to_ascii_lowercase();
    let operator = match p.next() {
        Err(_) => {
            return Ok(Attribute {
                name,
                test: None,
                ignore_case: false,
            });
        }
        Ok(Token::Delim('=')) => Operator::Equals,
        Ok(Token::IncludeMatch) => Operator::Includes,
        Ok(Token::DashMatch) => Operator::DashMatch,
        Ok(Token::PrefixMatch) => Operator::Prefix,
        Ok(Token::SuffixMatch) => Operator::Suffix,
        Ok(Token::SubstringMatch) => Operator::Substring,
        Ok(other) => {
            let reason = format!("`{}` is no attribute operator", other.to_css_string());
            return Err(p.new_custom_error(reason));
        }
    };
    let value = p.expect_ident_or_string()?.to_string();
    let ignore_case = match p.try_parse(|p| p.expect_ident().cloned()) {
        Ok(flag) if flag.eq_ignore_ascii_case("i") => true,
        Ok(flag) if flag.eq_ignore_ascii_case("s") => false,
        Ok(flag) => return Err(p.new_custom_error(format!("unknown attribute flag `{flag}`"))),
        Err(BasicParseError { .. }) => false,
    };
    Ok(Attribute {
        name,
        test: Some((operator, value)),
        ignore_case,
    })
}

fn pseudo_class<'i>(p: &mut Parser<'i, '_>, c: &mut Compound) -> Parsed<'i, ()> {
    let token = p.next_including_whitespace().cloned()?;
    let first = |of_type| Nth { a: 0, b: 1, of_type };
    match &token {
        Token::Ident(name) if name.eq_ignore_ascii_case("first-child") => c.nth.push(first(false)),
        Token::Ident(name) if name.eq_ignore_ascii_case("first-of-type") => c.nth.push(first(true)),
        Token::Function(name) if name.eq_ignore_ascii_case("nth-child") => c.nth.push(nth(p, false)?),
        Token::Function(name) if name.eq_ignore_ascii_case("nth-of-type") => c.nth.push(nth(p, true)?),
        Token::Function(name) if name.eq_ignore_ascii_case("not") => {
            let list = p.parse_nested_block(|p| {
                p.parse_comma_separated(|p| {
                    p.skip_whitespace();
                    let inner = compound(p)?;
                    p.skip_whitespace();
                    p.expect_exhausted()?;
                    Ok::<_, ParseError<'_, String>>(inner)
                })
            })?;
            if list.iter().any(|inner| !inner.not.is_empty()) {
                return Err(p.new_custom_error(String::from("`:not()` inside `:not()` is not supported")));
            }
            c.not.extend(list);
        }
        Token::Ident(name) | Token::Function(name) => {
            let reason = format!(
                "`:{name}` cannot be decided when a start tag is seen; there are `:nth-child()`, `:nth-of-type()`, \
                 `:first-child`, `:first-of-type` and `:not()`"
            );
            return Err(p.new_custom_error(reason));
        }
        _ => return Err(p.new_custom_error(String::from("a pseudo-class name belongs behind `:`"))),
    }
    Ok(())
}

fn nth<'i>(p: &mut Parser<'i, '_>, of_type: bool) -> Parsed<'i, Nth> {
    p.parse_nested_block(|p| {
        let (a, b) = parse_nth(p)?;
        Ok(Nth { a, b, of_type })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Selector {
        let mut list = parse(text).unwrap();
        assert_eq!(list.len(), 1);
        list.remove(0)
    }

    fn reason(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn reads_compounds_and_combinators() {
        let s = one("DIV.ad_box.x#top > p [data-ad='1' i]");
        assert_eq!(s.first.tag.as_deref(), Some("div"));
        assert_eq!((s.first.classes.len(), s.first.ids[0].as_str()), (2, "top"));
        assert_eq!(s.rest[0].0, Combinator::Child);
        assert_eq!(s.rest[1].0, Combinator::Descendant);
        let a = &s.rest[1].1.attributes[0];
        assert_eq!((a.name.as_str(), a.ignore_case), ("data-ad", true));
        assert_eq!(parse("a, b ,c > d").unwrap().len(), 3);
        assert_eq!(one(":not(.a,#b):nth-child(2n+1)").first.not.len(), 2);
    }

    #[test]
    fn counts_siblings() {
        let odd = one("p:nth-child(odd)").first.nth[0];
        assert_eq!((1..6).filter(|n| odd.matches(*n)).collect::<Vec<_>>(), [1, 3, 5]);
        let first_three = one("p:nth-of-type(-n+3)").first.nth[0];
        assert_eq!(
            (1..6).filter(|n| first_three.matches(*n)).collect::<Vec<_>>(),
            [1, 2, 3]
        );
    }

    #[test]
    fn says_where_and_why() {
        assert!(reason("  ").contains("empty"));
        assert!(reason("h2 + p").contains("needs siblings"), "{}", reason("h2 + p"));
        assert!(reason("div:has(p)").contains("`:has` cannot be decided"));
        assert!(reason("div >").contains("ends where"));
        assert!(reason("a,,b").contains("at character 3"), "{}", reason("a,,b"));
        assert!(reason("p..x").contains("class name"));
        assert!(reason("#1").contains("[id="));
        assert!(reason("a[b=").contains("ends too early"), "{}", reason("a[b="));
        assert!(reason(&"a ".repeat(40)).contains("compounds"));
        assert!(reason("p::before").contains("behind `:`"), "{}", reason("p::before"));
    }

    #[test]
    fn never_panics_on_rubbish() {
        for text in [
            "[",
            "(",
            ":not(",
            ":not(:not(a))",
            "\\",
            "\"",
            "a{b}",
            "@x",
            "中文 > 好",
            ".\u{0}",
            "*|*",
            ":nth-child(n n)",
        ] {
            let _ = parse(text);
        }
    }
}
