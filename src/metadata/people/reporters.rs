//! People whom Chinese texts name as their authors, in the forms of their press.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    metadata::Author,
    pattern::{self, Pattern, Patterns},
};

/// Bytes at either end of a text where its reporters are named.
const ENDS_BYTES: usize = 3000;

/// How Chinese texts name their reporters, the surest form first.
const REPORTERS: [&str; 5] = [
    // `（记者 李姝徵 王小明）`, `(记者唐贵江)`: in brackets, so that 记者从…获悉 is not taken for a name.
    r"[（(][^（）()]{0,20}?记者[\s:：]*(\p{Han}{2,4}(?:[\s、,，]+\p{Han}{2,4}){0,4})\s*[）)]",
    // `(文/图 刘某某 易某某)`, `【文/某某网专栏作者 王某】`, `（编译：某某某）`: other words than 记者 want a border behind them.
    r"[（(【](?:[^（）()【】\n]{0,20}?作者|文/图|图/文|图文|文|撰稿|执笔|采写|编译|编辑整理)[\s:：/丨｜]+(?:\p{Han}{2,12}(?:作者|记者|评论员)\s+)?(\p{Han}{2,4}(?:[\s、,，]+\p{Han}{2,4}){0,4})\s*[）)】]",
    // `某地6月22日电 （唐某某 关某）`: a dateline with nothing but names behind it.
    r"日[电讯]\s*[（(]\s*(\p{Han}{2,4}(?:[\s、]+\p{Han}{2,4}){0,4})\s*[）)]",
    // `本文作者：由某人 原创`.
    r"本文作者[：:]\s*由?\s*([^\s，。,]{2,20})",
    // `记者 王小明 北京报道`, `文/王小明`, `作者：王小明`, each the whole of a line.
    r"(?m)^[\s（(]*(?:(?:采写|撰稿|执笔)[\s/:：]+)?(?:\p{Han}{0,6}(?:见习|实习)?记者|(?:《\p{Han}{1,8}》)?作者|撰文|采写|撰稿|执笔|文/图|文)[\s丨｜|/:：]+(\p{Han}{2,4}(?:[ \t\u{3000}\u{a0}、,，&]+\p{Han}{2,4}){0,4})[\s）)]*(?:\p{Han}{2,3}报道)?$",
];

/// The reporters that a text names near its beginning or its end.
pub(crate) fn reporters(text: &str) -> Vec<Author> {
    static FORMS: LazyLock<(Patterns, [Regex; 5])> = LazyLock::new(|| {
        let forms = REPORTERS.map(pattern::fixed);
        (Patterns::of(&forms), forms)
    });
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
        let mut likely = FORMS.0.likely(part).into_iter().map(|form| &FORMS.1[form]);
        if let Some(names) = likely.find_map(|form| form.captures(part)?.get(1)) {
            return split(names.as_str());
        }
    }
    Vec::new()
}

/// `石某/某某青年报`: a line of a person and an outlet, as it stands below a title.
static OF_OUTLET: LazyLock<Pattern> = LazyLock::new(|| {
    Pattern::fixed(
        r"^(\p{Han}{2,4}(?:[\s、]+\p{Han}{2,4}){0,3})\s?[/／]\s?\p{Han}{2,10}(?:报|网|社|台|新闻|周刊|杂志|日报|晚报)$",
    )
});
/// `某某人文 2020-03-09 18:14`, also with 原创 in front of it: the account that has published something on a platform.
static ACCOUNT: LazyLock<Pattern> = LazyLock::new(|| {
    Pattern::fixed(
        r"^(?:原创\s+)?([^\s:：]{2,20})\s+(?:19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:\s+\d{1,2}:\d\d(?::\d\d)?)?$",
    )
});

/// Who is named in the line right below a Chinese title: a person with an outlet, or the account that has published it.
pub(crate) fn below_title(lines: &str, title: &str) -> Vec<Author> {
    let title = crate::metadata::sources::json_ld::letters(title);
    let mut rest = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    if !holds_han(&title) || !rest.any(|line| crate::metadata::sources::json_ld::letters(line) == title) {
        return Vec::new();
    }
    let Some(line) = rest.next() else { return Vec::new() };
    let found = [&OF_OUTLET, &ACCOUNT].into_iter().find_map(|form| form.captures(line));
    found
        .and_then(|captures| captures.get(1))
        .map_or_else(Vec::new, |names| split(names.as_str()))
}

/// Whether Chinese characters may be in it, without which none of the patterns matches: in UTF-8 they begin with 0xE3 or
/// more.
pub(crate) fn holds_han(text: &str) -> bool {
    text.bytes().any(|byte| byte >= 0xe3)
}

/// Words before a name that are no part of it.
const ROLES: &[&str] = &["见习记者", "实习记者", "特约记者", "记者", "通讯员"];

fn split(names: &str) -> Vec<Author> {
    let mut authors: Vec<Author> = Vec::new();
    for name in names
        .split(|c: char| c.is_whitespace() || matches!(c, '、' | ',' | '，' | '&'))
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
    fn the_line_below_a_title_names_a_person_or_an_account() {
        let names = |lines| -> Vec<String> {
            let authors = below_title(lines, "某事有了新进展");
            authors.into_iter().map(|author| author.name).collect()
        };
        assert_eq!(names("首页\n某事有了新进展\n王某/某某青年报\n正文"), ["王某"]);
        assert_eq!(names("某事有了新进展\n某某人文 2020-03-09 18:14:21"), ["某某人文"]);
        assert_eq!(names("某事有了新进展\n原创 GameOne 2019-09-04 22:18:34"), ["GameOne"]);
        assert_eq!(names("某事有了新进展\n2019-09-04 来源：某某网"), Vec::<String>::new());
        assert_eq!(names("某事有了新进展\n发布日期: 2019-09-04"), Vec::<String>::new());
        assert_eq!(names("某事有了新进展\n正文\n某某人文 2020-03-09"), Vec::<String>::new());
        assert_eq!(names("别的标题\n某某人文 2020-03-09"), Vec::<String>::new());
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
        assert_eq!(found("某某新闻记者 王小明\n正文"), ["王小明"]);
        assert_eq!(found("采写：某都见习记者 王小明 李四"), ["王小明", "李四"]);
        assert_eq!(found("《某某》作者 王小明"), ["王小明"]);
        assert_eq!(found("未来。(文/图 王小明 赵大力)"), ["王小明", "赵大力"]);
        assert_eq!(found("【文/某某网专栏作者 王小明】"), ["王小明"]);
        assert_eq!(found("执笔/刀某某、胡一某&李小某某"), ["刀某某", "胡一某", "李小某某"]);
        assert_eq!(found("（图文无关）"), Vec::<String>::new());
        assert_eq!(found("（作者系某某大学教授）"), Vec::<String>::new());
        assert_eq!(found("记者从有关部门获悉，一切正常。"), Vec::<String>::new());
        assert_eq!(found("一名记者（证号一）说"), Vec::<String>::new());
    }
}
