//! People: named in the text as its authors, and told apart from what stands around their names.

use std::{collections::HashSet, sync::LazyLock};

use regex::Regex;

use super::Author;
use crate::{
    engine::lines::squash,
    pattern::{self, Pattern, Patterns},
    steps,
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
pub(super) fn reporters(text: &str) -> Vec<Author> {
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
pub(super) fn below_title(lines: &str, title: &str) -> Vec<Author> {
    let title = super::json_ld::letters(title);
    let mut rest = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    if !holds_han(&title) || !rest.any(|line| super::json_ld::letters(line) == title) {
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
pub(super) fn holds_han(text: &str) -> bool {
    text.bytes().any(|byte| byte >= 0xe3)
}

/// Words in front of a name, in many languages: longer ones first.
static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
    pattern::fixed(
        r"(?i)^(?:(?:(?:written|posted|published|created|reviewed|words|story|article|text|reported|guest post|opinion|analysis|submitted|view all posts|all posts|more posts)\s*(?:by\b|:)|by\b|(?:(?:zeige )?alle (?:beiträge|artikel)|eingestellt|gespeichert|eintrag|geschrieben|verfasst|veröffentlicht|gepostet|erstellt|artikel|ein artikel|ein beitrag|ein gastbeitrag|gastbeitrag|beitrag|interview|text|eine analyse|ein kommentar|kommentar)\s*(?:von\b|:)|von\b|vom\b|(?:publié|écrit|rédigé|posté|article|propos recueillis)?\s*par\b|(?:publicado|escrito|redactado|texto|por)?\s*por\b|(?:scritto da|pubblicato da|a cura di|di)\b|(?:geschreven |geplaatst |gepubliceerd )?door\b|av\b|af\b|przez\b|автор\b|(?:the )?(?:autora?|autoren|autorin|auteur|author|authors|autore|autor\(en\)|verfasser|verfasserin|redakteur|redakteurin|redaktion|reporter|foto|skribent|tekst|napisał|quelle|написал)\s*:|(?:作者|撰文|文|记者|本报记者|编译|供稿|記者|文章作者)\s*[:：/／丨|])[\s:]*)+",
    )
});
/// What ends the name: another fact behind a border, a time, a role.
static BEHIND: LazyLock<Regex> = LazyLock::new(|| {
    pattern::fixed(
        r"(?i)(?:\s[|•·–—-]\s|\s?[|•]\s?|\s\([^()]*\)?$|\s*(?:发布时间|发布于|时间|日期|来源|责编|编辑)|\s+on\s+\p{L}+ \d|\s+(?:am|on|le|el|il|op|um|at|vom|den|di)\s+\d|,?\s+(?:published|updated|posted|last updated|veröffentlicht|aktualisiert|publié|publicado|stand)\b|\s+in\s+\p{Lu}|,?\s*\d{1,4}[./:-]|,?\s+\d|\s+(?-i:[Ff]or (?:[Tt]he )?\p{Lu})|\s+(?:view|follow|read more|all posts|mehr|alle artikel|email|e-mail|kommentar|comments?)\b|\s+@)",
    )
});
/// What is no name: an address, a handle.
static ADDRESS: LazyLock<Pattern> =
    LazyLock::new(|| Pattern::fixed(r"(?i)[\w.+-]+@[\w-]+\.[\w.-]+|https?://\S+|www\.\S+\.\S+|(?:^|\s)@\w+"));
/// Between two names.
static BETWEEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern::fixed(
        r"\s*(?:[;、&]|\s(?:and|And|AND|und|UND|et|og|och|en|y|e|i|and by|sowie|mit|with|im Gespräch mit|im Interview mit|in conversation with)\s|,\s*(?:and|und|et)\s|[,，])\s*",
    )
});
/// A part of a list that says what someone is, where it is.
static ROLE: LazyLock<Pattern> = LazyLock::new(|| {
    Pattern::fixed(
        r"(?i)\b(?:staff|writers?|editors?|editor-in-chief|correspondents?|reporters?|contributors?|columnists?|producers?|redakteur(?:in)?|chefredakteur(?:in)?|journalist(?:in)?|korrespondent(?:in)?|volontär(?:in)?|autor(?:in)?|founder|ceo|ph\.?d|m\.?d|dr|msc|rn|jr|freelance|director|professor|redactora?|rédacteur|rédactrice|journaliste|photographer|fotograf(?:in)?|news|agency|and more|others)\b\.?$|^(?:updated|published|updated on|aktualisiert)\b",
    )
});
/// What templates put where nobody is named.
const NOBODY: &[&str] = &[
    "admin",
    "administrator",
    "author",
    "autor",
    "anonymous",
    "guest",
    "name",
    "null",
    "none",
    "undefined",
    "unknown",
    "user",
    "webmaster",
    "by",
    "von",
    "par",
    "por",
    "facebook",
    "twitter",
    "email",
    "e-mail",
    "author name",
    "editor",
    "wordpress",
    "n/a",
    "the author",
    "stand",
    "datum",
    "date",
];
/// Letters and words of a name at most.
const NAME_LETTERS: usize = 60;
const NAME_WORDS: usize = 7;

/// How a line begins that says who wrote it, in Latin letters: `Von Ada Lane am 12. Mai`.
static SIGNED: LazyLock<Pattern> = LazyLock::new(|| {
    Pattern::fixed(
        r"(?m)^\s*(?:(?:(?:[Ww]ritten |[Pp]osted |[Pp]ublished |[Ss]ubmitted |(?:[Aa]n? |[Gg]uest )?(?:[Ss]tory|[Pp]ost|[Oo]pinion|[Aa]nalysis|[Cc]olumn|[Cc]ommentary) )?[Bb]y|BY|(?:[Ee]ine? \S+ )?(?:Kolumne |Kommentar |Gastbeitrag |Interview |Geschrieben |Gespeichert |Eingestellt |Verfasst |Veröffentlicht )?[Vv]on|VON|Par|PAR|Por|POR|Door)\s?:?\s|(?:Autor|Autorin|Autoren|Author|Auteur|Text|Texte|Text und Fotos)\s?:)",
    )
});

/// A label that says who wrote it, also in the middle of a line or alone on it: `Datum: 12.5.2020 Autor: Ada Lane Quelle: dpa`.
static LABELLED: LazyLock<Pattern> = LazyLock::new(|| {
    Pattern::fixed(
        r"(?m)(?:^|[\s|•·])(?:Autor(?:in|en|\(in\)|:in|es|e|a)?|Authors?|Auteure?s?|Verfasser(?:in)?|Verfasst von|Geschrieben von|Redakteur(?:in)?|Written by|Escrito por|Scritto da|Forfatter|Författare|Skribent|Szerző|Yazar|Schrijver|Автор|Von|Text)(?:\s?:|$)",
    )
});

/// The people whom a line names that begins so.
pub(super) fn signed(lines: &str) -> Option<(Vec<String>, String)> {
    behind(&SIGNED, lines)
}

/// The people whom a label names.
pub(super) fn labelled(lines: &str) -> Option<(Vec<String>, String)> {
    behind(&LABELLED, lines)
}

fn behind(label: &Pattern, lines: &str) -> Option<(Vec<String>, String)> {
    label.find_iter(lines).find_map(|label| {
        let (names, end) = names_at(&lines[label.end()..])?;
        let names = tidy(names);
        // A sentence that begins with the word names nobody: each part of a name begins with a capital.
        let is_name = |name: &String| {
            let words = name.split(' ').filter(|word| !PARTICLES.contains(word));
            words.count() <= 4
                && name
                    .split(' ')
                    .all(|word| PARTICLES.contains(&word) || word.starts_with(char::is_uppercase))
        };
        let line = &lines[label.start()..label.end() + end];
        (!names.is_empty() && names.iter().all(is_name)).then(|| (names, squash(line)))
    })
}

/// Characters of what stands behind a label at most.
const NAMES_CHARACTERS: usize = 80;

/// The names at the beginning of a text, as far as the first border, and where what ends them ends.
fn names_at(text: &str) -> Option<(&str, usize)> {
    let names = text.trim_start();
    let before = text.len() - names.len();
    let mut last = names.chars().next().filter(|c| c.is_uppercase())?;
    let ends = names.char_indices().map(|(at, c)| (at, Some(c)));
    let ends = ends.chain([(names.len(), None)]).skip(1).take(NAMES_CHARACTERS + 1);
    for (i, (at, c)) in ends.enumerate() {
        if i > 0
            && let Some(border) = border(&names[at..], last)
        {
            return Some((&names[..at], before + at + border));
        }
        last = c.filter(|c| !matches!(c, '\n' | ':') && !is_border(*c))?;
    }
    None
}

/// Words that stand between a name and a day.
const BEFORE_DAYS: &[&str] = &["am", "on", "le", "el", "il", "at", "um", "vom"];

/// How much of what stands behind the character `last` of a name ends it: the end of the line, a mark, a number, a word
/// before a day, another label.
fn border(rest: &str, last: char) -> Option<usize> {
    let next = rest.trim_start();
    let blanks = rest.len() - next.len();
    let Some(c) = next.chars().next().filter(|_| !rest[..blanks].contains('\n')) else {
        return Some(0);
    };
    if is_border(c) {
        return Some(blanks + c.len_utf8());
    }
    if blanks == 0 && last.is_alphanumeric() {
        return None;
    }
    let end = next.find(|c: char| !c.is_alphanumeric()).unwrap_or(next.len());
    let (word, behind) = next.split_at(end);
    let label = behind
        .strip_prefix(char::is_whitespace)
        .unwrap_or(behind)
        .strip_prefix(':');
    match label {
        Some(behind) if blanks > 0 && word.starts_with(char::is_uppercase) => Some(rest.len() - behind.len()),
        _ => BEFORE_DAYS.contains(&word).then_some(blanks + word.len()),
    }
}

fn is_border(c: char) -> bool {
    matches!(c, '|' | '•' | '·' | '–' | '—' | '(') || c.is_numeric()
}

/// Parts of names in small letters.
const PARTICLES: &[&str] = &[
    "de", "del", "della", "di", "da", "van", "von", "der", "den", "zu", "la", "le", "ter", "bin", "al", "dos", "du",
    "y",
];

/// The people in what should name them. Of what is no name nothing is left.
pub(super) fn tidy(line: &str) -> Vec<String> {
    let line = match ADDRESS.likely(line) {
        Some(address) => squash(&address.replace_all(line, " ")),
        None => squash(line),
    };
    let line = &line[prefix(&line).len()..];
    let line = &line[..BEHIND.find(line).map_or(line.len(), |behind| behind.start())];
    let mut names: Vec<String> = Vec::new();
    let mut known = HashSet::new();
    for part in BETWEEN.split(line) {
        steps::count(part.len());
        let part = part.trim();
        let part = without_role(&part[prefix(part).len()..]);
        let name = part.trim_matches(|c: char| {
            c.is_whitespace()
                || matches!(
                    c,
                    ',' | ':' | '|' | '-' | '–' | '—' | '/' | '•' | '*' | '"' | '(' | ')' | '：'
                )
        });
        let lower = name.to_lowercase();
        let is_name = name.chars().any(char::is_alphabetic)
            && name.chars().count() <= NAME_LETTERS
            && name.split(' ').count() <= NAME_WORDS
            && !NOBODY.contains(&lower.as_str());
        let is_role = !names.is_empty() && ROLE.is_match(name);
        if is_name && !is_role && known.insert(lower) {
            names.push(name.to_owned());
        }
    }
    names
}

/// What someone is, in front of the whole name: `Blatt-Reporterin Ada Lane`.
static ROLE_BEFORE: LazyLock<Pattern> = LazyLock::new(|| {
    Pattern::fixed(
        r"(?i)^(?:[\p{L}\d.]+[-‑])*(?:expert(?:e|in)|(?:chef)?redakteur(?:in)?|reporter(?:in)?|korrespondent(?:in)?|kolumnist(?:in)?|gastautor(?:in)?|volontär(?:in)?|rechtsanw(?:alt|ältin)|correspondent|columnist|contributor)\s+(?<name>\S+\s.*)$",
    )
});

fn without_role(part: &str) -> &str {
    let name = ROLE_BEFORE.captures(part).and_then(|captures| captures.name("name"));
    name.map_or(part, |name| name.as_str())
}

/// How much of a line stands in front of the names: `Beitrag von `.
pub(super) fn prefix(line: &str) -> &str {
    PREFIX.find(line).map_or("", |prefix| prefix.as_str())
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
    fn tells_people_from_what_stands_around_them() {
        for (line, names) in [
            ("By Ada Lane", &["Ada Lane"][..]),
            ("Von Ada Lane und Bo Ek", &["Ada Lane", "Bo Ek"]),
            ("Par Ada Lane, Bo Ek et Cy Day", &["Ada Lane", "Bo Ek", "Cy Day"]),
            ("Ada Lane, Senior Reporter", &["Ada Lane"]),
            ("Ada Lane & ada lane", &["Ada Lane"]),
            ("By Ada Lane | 12 May 2020", &["Ada Lane"]),
            ("Ada Lane on May 12, 2020", &["Ada Lane"]),
            ("Posted by Ada at 12:05", &["Ada"]),
            ("Ada Lane ada@example.org @adalane", &["Ada Lane"]),
            ("https://example.org/ada", &[]),
            ("admin", &[]),
            ("name, email@example.org", &[]),
            ("Ada Lane —", &["Ada Lane"]),
            ("Von Blatt-Reporterin Ada Lane", &["Ada Lane"]),
            ("By Ada Lane And Bo Ek For The Daily Sheet", &["Ada Lane", "Bo Ek"]),
            ("Ada Lane im Gespräch mit Bo Ek", &["Ada Lane", "Bo Ek"]),
            ("作者：王小明", &["王小明"]),
            ("By", &[]),
            ("", &[]),
        ] {
            assert_eq!(tidy(line), names, "{line}");
        }
    }

    #[test]
    fn lines_that_begin_with_who_wrote_them() {
        let names = |lines| signed(lines).map(|(names, _)| names);
        assert_eq!(
            names("Politik\nVon Ada Lane am 12. Mai 2020\nText"),
            Some(vec!["Ada Lane".to_owned()])
        );
        assert_eq!(
            names("By Ada van Lane and Bo Ek"),
            Some(vec!["Ada van Lane".to_owned(), "Bo Ek".to_owned()])
        );
        assert_eq!(names("Autor: Ada Lane/XY"), Some(vec!["Ada Lane/XY".to_owned()]));
        assert_eq!(names("Written by: Ada Lane"), Some(vec!["Ada Lane".to_owned()]));
        assert_eq!(names("Eine Kolumne von Ada Lane"), Some(vec!["Ada Lane".to_owned()]));
        assert_eq!(names("By Monday the lake had frozen over."), None);
        assert_eq!(names("Von Anfang an war klar, dass es so kommt."), None);
    }

    #[test]
    fn labels_say_who_wrote_it_wherever_they_stand() {
        let names = |lines| labelled(lines).map(|(names, _)| names);
        let ada = Some(vec!["Ada Lane".to_owned()]);
        for lines in [
            "Datum: 12.5.2020 Autor: Ada Lane Quelle: dpa",
            "Text.\nAutor:\nAda Lane\nTags",
            "Autorin\n Ada Lane\n",
            "Auteur : Ada Lane\nEdition : Bo Ek",
            "Text: Ada Lane",
        ] {
            assert_eq!(names(lines), ada, "{lines}");
        }
        assert_eq!(names("Der Autor: ein Mann ohne Namen"), None);
        assert_eq!(names("Text\nDer Rest folgt morgen."), None);
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
