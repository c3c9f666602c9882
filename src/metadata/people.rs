//! People named in the text as its authors.

use std::sync::LazyLock;

use regex::Regex;

use super::Author;

/// Bytes at either end of a text where its reporters are named.
const ENDS_BYTES: usize = 3000;

/// `（记者 李姝徵 王小明）`, `(记者唐贵江)`: in brackets, so that 记者从…获悉 is not taken for a name.
static REPORTERS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"[（(][^（）()]{0,20}?记者[\s:：]*(\p{Han}{2,4}(?:[\s、,，]+\p{Han}{2,4}){0,4})\s*[）)]")
});
/// `记者 王小明 北京报道`, `文/王小明`, `作者：王小明`, each the whole of a line.
static BYLINES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?m)^[\s（(]*(?:(?:本报)?记者|作者|撰文|文)[\s丨｜|/:：]+(\p{Han}{2,4}(?:[\s、,，]+\p{Han}{2,4}){0,4})[\s）)]*(?:\p{Han}{2,3}报道)?$",
    )
});

/// `某地6月22日电 （唐某某 关某）`: a dateline with nothing but names behind it.
static DATELINE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"日[电讯]\s*[（(]\s*(\p{Han}{2,4}(?:[\s、]+\p{Han}{2,4}){0,4})\s*[）)]"));
/// `本文作者：由某人 原创`.
static OWN: LazyLock<Regex> = LazyLock::new(|| pattern(r"本文作者[：:]\s*由?\s*([^\s，。,]{2,20})"));

fn pattern(text: &str) -> Regex {
    // Written above, compiled by every test run.
    Regex::new(text).unwrap_or_else(|e| unreachable!("{e}"))
}

/// The reporters that a text names near its beginning or its end.
pub(super) fn reporters(text: &str) -> Vec<Author> {
    let head_end = (0..=ENDS_BYTES.min(text.len()))
        .rev()
        .find(|i| text.is_char_boundary(*i))
        .unwrap_or(0);
    let tail_from = (text.len().saturating_sub(ENDS_BYTES).max(head_end)..=text.len())
        .find(|i| text.is_char_boundary(*i))
        .unwrap_or(text.len());
    // A card about a book names the book's author.
    if text[..head_end].contains("书名") {
        return Vec::new();
    }
    let parts = [&text[..head_end], &text[tail_from..]];
    for part in parts.into_iter().filter(|part| holds_han(part)) {
        for regex in [&REPORTERS, &DATELINE, &OWN, &BYLINES] {
            if let Some(names) = regex.captures(part).and_then(|captures| captures.get(1)) {
                return split(names.as_str());
            }
        }
    }
    Vec::new()
}

/// Whether Chinese characters may be in it, without which none of the patterns matches: in UTF-8 they begin with 0xE3 or
/// more.
pub(super) fn holds_han(text: &str) -> bool {
    text.bytes().any(|byte| byte >= 0xe3)
}

/// Words before a name that are no part of it.
const ROLES: &[&str] = &["见习记者", "实习记者", "特约记者", "记者", "通讯员"];

fn split(names: &str) -> Vec<Author> {
    let mut authors: Vec<Author> = Vec::new();
    for name in names
        .split(|c: char| c.is_whitespace() || matches!(c, '、' | ',' | '，'))
        .map(|name| ROLES.iter().fold(name, |name, role| name.trim_start_matches(role)))
        .filter(|name| !name.is_empty())
    {
        if authors.iter().all(|author| author.name != name) {
            authors.push(Author {
                name: name.to_owned(),
                url: None,
            });
        }
    }
    authors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        reporters(text).into_iter().map(|author| author.name).collect()
    }

    #[test]
    fn finds_reporters_by_the_way_they_are_named() {
        assert_eq!(found("中新社某地8月18日电 （记者 李某某）“下一步"), ["李某某"]);
        assert_eq!(
            found("某报讯（见习记者王小明 赵大、记者 李四）"),
            ["王小明", "赵大", "李四"]
        );
        assert_eq!(found("新华社电(记者王小明、赵大力)今天"), ["王小明", "赵大力"]);
        assert_eq!(found("某新网某地6月22日电 （唐某某 关某）某地"), ["唐某某", "关某"]);
        assert_eq!(found("本文作者：由someone 原创"), ["someone"]);
        assert_eq!(found("（记者 陆某 通讯员 黄某某）"), ["陆某", "黄某某"]);
        assert_eq!(found("书名：某书\n作者：王小明"), Vec::<String>::new());
        assert_eq!(found("第一段。\n\n文/王小明"), ["王小明"]);
        assert_eq!(found("记者从有关部门获悉，一切正常。"), Vec::<String>::new());
        assert_eq!(found("一名记者（证号一）说"), Vec::<String>::new());
    }
}
