//! Dates inside a line of text: bylines, datelines, the values of careless templates.

use std::{ops::Range, sync::LazyLock};

use regex::Captures;

use super::{Date, formats};
use crate::{
    metadata::{
        dates,
        people::lexicon::{self, WordKind},
    },
    pattern::Pattern,
};

/// Bytes of a line that are searched.
const LINE_BYTES: usize = 400;

/// Bytes between a label and its date: a colon, a preposition, the day of the week.
const BEHIND_LABEL: usize = 20;

/// What follows a date: `, 14:05`, `um 14.05 Uhr`, `à 14h05`, `at 2:05 p.m.`, ` 9時11分`.
static TIME: LazyLock<Pattern> = LazyLock::new(|| {
    Pattern::fixed(
        r"^[\s,.|–—·/(日일-]*(?:(?:星期|周).\s*)?(?:T|at|um|à|às|a las|alle|ore|o godz\.?|om|kl\.?|в)?\s*(?:(?<noon>오전|오후|上午|下午|午前|午後)\s*)?(?<h>\d{1,2})(?:\s?(?::|h|时|時|点)\s?(?<min>\d\d)|\.(?<min2>\d\d)\s*(?:Uhr|Uhr\.))(?:\s?[:分]\s?(?<s>\d\d)秒?)?(?:\.\d+)?(?:\s?(?<half>[AaPp])\.?[Mm]\b)?(?:\s?\(?(?<zone>(?:GMT|UTC)\s?[+-]\d{1,2}(?::?\d\d)?|[A-Z]{1,3}[SD]?T\b|MES?Z\b|Z\b|UTC\b|[+-]\d\d:?\d\d)(?:$|[^\d]))?",
    )
});

/// The first date in a line, and where in it the date stands. `12/05/2020` is the fifth of December only to Americans,
/// which is for `language` to say.
pub(crate) fn find(line: &str, language: Option<&str>) -> Option<(Date, Range<usize>)> {
    let end = (0..=LINE_BYTES.min(line.len()))
        .rev()
        .find(|i| line.is_char_boundary(*i))?;
    let line = &line[..end];
    let is_american = language.is_none_or(|tag| matches!(tag, "en" | "en-US" | "en_US" | "en-us"));
    let (day, mut range) = formats::find(line, is_american)?;
    let mut text = format!("{:04}-{:02}-{:02}", day.year, day.month, day.day);
    if let Some(captures) = TIME.captures(&line[range.end..])
        && let Some((time, zone)) = time(&captures)
        && let Some(date) =
            dates::parse(&format!("{text} {time} {zone}")).or_else(|| dates::parse(&format!("{text} {time}")))
    {
        range.end += captures.get(0).map_or(0, |all| all.end());
        return Some((date, range));
    }
    text.truncate(10);
    Some((dates::parse(&text)?, range))
}

/// The time, and the zone behind it.
fn time(captures: &Captures<'_>) -> Option<(String, String)> {
    let mut hour: u32 = captures.name("h")?.as_str().parse().ok()?;
    let minute = captures.name("min").or_else(|| captures.name("min2"))?.as_str();
    match captures
        .name("half")
        .or(captures.name("noon"))
        .map(|half| half.as_str())
    {
        Some("p" | "P" | "오후" | "下午" | "午後") if hour < 12 => hour += 12,
        Some("a" | "A" | "오전" | "上午" | "午前") if hour == 12 => hour = 0,
        _ => {}
    }
    let second = captures
        .name("s")
        .map(|s| format!(":{}", s.as_str()))
        .unwrap_or_default();
    let zone = captures
        .name("zone")
        .map(|zone| zone.as_str().replace(' ', ""))
        .unwrap_or_default();
    Some((format!("{hour:02}:{minute}{second}"), zone))
}

/// Where words stand that say what a date is: only lines are read with a number in them or below them. Borders of such words
/// are those of ASCII: beside other letters the regex crate leaves its fast automaton for Unicode's.
fn labels(label: &Pattern, lines: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    let lines = lines.split_inclusive('\n').map(move |line| {
        at += line.len();
        let is_numbered = line.bytes().any(|byte| byte.is_ascii_digit());
        (at - line.len(), line, is_numbered)
    });
    let mut lines = lines.filter(|(_, line, _)| !line.trim().is_empty()).peekable();
    let likely = std::iter::from_fn(move || {
        let (at, line, is_numbered) = lines.next()?;
        let may_lead = is_numbered || lines.peek().is_some_and(|(_, _, is_numbered)| *is_numbered);
        Some((at, line, may_lead))
    });
    let likely = likely.filter(|(_, _, may_lead)| *may_lead);
    likely.flat_map(|(at, line, _)| {
        let found = label.find_iter(line);
        found.map(move |found| at + found.start()..at + found.end())
    })
}

/// The first date in a line that says so: `Veröffentlicht am 12. Mai 2020`.
pub(crate) fn labelled(lines: &str, language: Option<&str>) -> Option<(Date, String)> {
    static LABEL: LazyLock<Pattern> = LazyLock::new(|| {
        Pattern::fixed(
            r"(?i)(?:veröffentlicht|publi(?:shed|é|cado|cerad|kováno|ceret)|posted|post time|(?-u:\b)(?:datum|date|fecha|data|stand)(?-u:\b)|erschienen|erscheinungsdatum|gespeichert|eingestellt|erstellt|pubblicato|geplaatst|gepubliceerd|opublikowano|dodano|publicerad|publisert|udgivet|julkaistu|yayınlan|(?-u:\b)tarih|megjelen|objavljeno|опубликован|дата|ημερομηνία|公開|掲載|게시|등록|입력|발행|发布|发表|时间|日期|時間)",
        )
    });
    behind(&LABEL, lines, language)
}

/// The first date at once behind a word that says that the article was published then.
pub(crate) fn published(lines: &str, language: Option<&str>) -> Option<(Date, String)> {
    let short = lines.lines().filter(|line| line.len() <= LINE_BYTES / 2);
    short.take(NEAR_LINES).find_map(|line| {
        let dates = all(line, language);
        let (_, date, range) = dates.into_iter().find(|(before, ..)| {
            let label = PUBLISHED.find(before);
            label.is_some_and(|label| before.len() - label.end() <= BEHIND_LABEL)
                && !is_of_another(before)
                && !is_told(before)
        })?;
        Some((date, line[range].trim().to_owned()))
    })
}

/// The first date behind words that say that an article, which has been revised, was first published then.
pub(crate) fn first_published(lines: &str, language: Option<&str>) -> Option<(Date, String)> {
    static FIRST: LazyLock<Pattern> = LazyLock::new(|| {
        Pattern::fixed(
            r"(?i)(?:(?:originally|first) (?:published|posted|appeared)|(?:erstmals|ursprünglich|zuerst) (?:veröffentlicht|erschienen)|publié initialement|initialement publié|première publication|publicad[oa] originalmente|originalmente publicad[oa]|pubblicato originariamente|oorspronkelijk gepubliceerd|首次发布|首发于|初出)",
        )
    });
    behind(&FIRST, lines, language)
}

/// Lines at the title that may say it.
const NEAR_LINES: usize = 12;

/// What says that a page was changed.
static CHANGE: LazyLock<Pattern> = LazyLock::new(|| {
    Pattern::fixed(
        r"(?i)(?:zuletzt|aktualisier|(?:letzte|jüngste)[rn]? (?:änderung|aktualisierung|bearbeitung)|geändert|bearbeitet|(?-u:\b)(?:updated?|modified|edited|revised|changed)(?-u:\b)|last (?:update|change|revision|edit)|mis(?:e)? à jour|modifié|dernière modification|actualizad|última (?:actualización|modificación|edición)|atualizad|modificad|aggiorna|bijgewerkt|gewijzigd|ändrad|uppdaterad|opdateret|oppdatert|endret|päivitetty|muokattu|aktualizac|aktualizov|zmodyfik|frissít|güncelle|обновлен|изменен|оновлено|更新|수정)",
    )
});

/// Words that make a date one of something else than the article: joined, received, recommended.
static FOREIGN: LazyLock<Pattern> = LazyLock::new(|| {
    Pattern::fixed(
        r"(?i)(?:(?-u:\b)(?:joined|registered|received|accepted|member since|expires?|deadline|copyright|born|viewed|accessed|retrieved)(?-u:\b)|©|推荐|推薦|注册|截止|浏览)",
    )
});

/// The dates of a line, each with what stands in front of it since the one before.
pub(crate) fn all<'l>(line: &'l str, language: Option<&str>) -> Vec<(&'l str, Date, Range<usize>)> {
    let (mut dates, mut at) = (Vec::new(), 0);
    while dates.len() < DATES_A_LINE
        && let Some((date, range)) = find(&line[at..], language)
    {
        dates.push((&line[at..at + range.start], date, at + range.start..at + range.end));
        at += range.end;
    }
    dates
}

/// Dates of a line that are read.
const DATES_A_LINE: usize = 4;

/// The date in a line that is that of the article: one that is said to be, else the first that is not said to be that of a
/// change or of something else.
pub(crate) fn own(line: &str, language: Option<&str>) -> Option<(Date, Range<usize>)> {
    let dates = all(line, language);
    let is_published = |before: &str| PUBLISHED.is_match(before) && !CHANGE.is_match(before);
    let labelled = dates
        .iter()
        .find(|(before, ..)| is_published(before) && !FOREIGN.is_match(before));
    let first = || {
        dates
            .iter()
            .find(|(before, ..)| !CHANGE.is_match(before) && !FOREIGN.is_match(before))
    };
    labelled
        .or_else(first)
        .map(|(_, date, range)| (date.clone(), range.clone()))
}

/// The date in a line that is that of a change.
pub(crate) fn change(line: &str, language: Option<&str>) -> Option<Date> {
    let dates = all(line, language).into_iter();
    dates
        .into_iter()
        .find(|(before, ..)| CHANGE.is_match(before))
        .map(|(_, date, _)| date)
}

/// What says that something was published.
static PUBLISHED: LazyLock<Pattern> = LazyLock::new(|| {
    Pattern::fixed(
        r"(?i)(?:veröffentlicht|publi(?:shed|é|cado|cada|cerad|kováno|ceret|c)|posted|post time|erschienen|erstellt|created|pubblicato|geplaatst|gepubliceerd|opublikowano|dodano|publicerad|publisert|udgivet|julkaistu|yayınlan|objavljeno|опубликован|公開|掲載|게시|등록|입력|발행|发布|發布|发表)",
    )
});

/// The first date in a line that says when the page was changed.
pub(crate) fn changed(lines: &str, language: Option<&str>) -> Option<(Date, String)> {
    behind(&CHANGE, lines, language)
}

/// Whether what stands in front of a date in its line says that it is that of a change, or of something else.
pub(crate) fn is_of_another(before: &str) -> bool {
    CHANGE.is_match(before) || FOREIGN.is_match(before)
}

/// Whether what stands in front of a date is a sentence, whose date is of something else: words in small letters that are
/// none of labels.
pub(crate) fn is_told(before: &str) -> bool {
    let said = WordKind::INTERFACE
        .or(WordKind::FUNCTION)
        .or(WordKind::PARTICLE)
        .or(WordKind::DATE)
        .or(WordKind::BY)
        .or(WordKind::ROLE);
    let words = before
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().nth(2).is_some());
    words
        .filter(|word| word.chars().all(char::is_lowercase) && !lexicon::is(word, said) && !PUBLISHED.is_match(word))
        .nth(1)
        .is_some()
}

/// The first date that follows such a label at once, or stands on the next line.
fn behind(label: &Pattern, lines: &str, language: Option<&str>) -> Option<(Date, String)> {
    let mut labels = labels(label, lines);
    labels.find_map(|label| {
        let mut next = lines[label.start..].lines().filter(|line| !line.trim().is_empty());
        let own = next.next()?;
        let is_date = |line: &str| {
            let (date, range) = find(line, language)?;
            (range.start <= label.len() + BEHIND_LABEL).then(|| (date, line[range].trim().to_owned()))
        };
        is_date(own).or_else(|| {
            let is_alone = own.trim_end_matches([':', '：', ' ']).len() <= label.len();
            is_date(&format!("{own} {}", next.next().filter(|_| is_alone)?))
        })
    })
}

/// The date in a path: `/2019/11/20/`, `/2019-11-20/`, `/20191120/`, `/2019/1120/`; one with a day in it, since a month
/// is no date.
pub(crate) fn in_path(path: &str) -> Option<(Date, String)> {
    static PATH: LazyLock<Pattern> = LazyLock::new(|| {
        Pattern::fixed(
            r"[/_-](?<y>(?:19|20)\d\d)(?:[/_-](?<m>0?[1-9]|1[0-2])[/_-](?<d>0?[1-9]|[12]\d|3[01])|[/_-]?(?<m2>0[1-9]|1[0-2])(?<d2>0[1-9]|[12]\d|3[01]))(?:[/_.t-]|$)",
        )
    });
    let captures = PATH.captures(path)?;
    let part = |name: &str, other: &str| {
        captures
            .name(name)
            .or_else(|| captures.name(other))
            .map(|part| part.as_str())
    };
    let (year, month, day) = (part("y", "y")?, part("m", "m2")?, part("d", "d2")?);
    let raw = captures.get(0)?.as_str();
    let date = dates::parse(&format!("{year}-{month:0>2}-{day:0>2}"))?;
    Some((date, raw.trim_matches(['/', '_', '-', '.', 't']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<String> {
        find(line, Some("de")).map(|(date, _)| date.rfc3339)
    }

    #[test]
    fn finds_dates_in_many_languages() {
        for line in [
            "Von Ada am 12. Mai 2020 in Politik",
            "Posted on May 12, 2020 by Ada",
            "May 12th 2020",
            "12 mai 2020",
            "Publicado el 12 de mayo de 2020",
            "12 maggio 2020",
            "12 de maio de 2020",
            "12 maja 2020",
            "12 mei 2020",
            "12. maj 2020",
            "12. května 2020",
            "12 Mayıs 2020",
            "12. toukokuuta 2020",
            "12 мая 2020 г.",
            "12 травня 2020",
            "12 Μαΐου 2020",
            "2020年5月12日",
            "2020년 5월 12일",
            "発行：2020/05/12",
            "12.05.2020",
            "12/5/2020",
            "12-May-2020",
            "Stand: 12.5.20",
            "2020. május 12.",
            "2020 m. gegužės 12 d.",
            "2020. gada 12. maijs",
            "12. mai 2020",
            "12. mája 2020",
            "12 maj 2020",
            "12. svibnja 2020.",
            "12 май 2020",
            "12 мај 2020",
            "ngày 12 tháng 5 năm 2020",
            "12 مايو 2020",
            "12 במאי 2020",
            "12 मई 2020",
            "12 พฤษภาคม 2563",
            "12 Mei 2020",
        ] {
            assert_eq!(read(line).as_deref(), Some("2020-05-12T00:00:00Z"), "{line}");
        }
        assert_eq!(read("Le 1er juin 2019").as_deref(), Some("2019-06-01T00:00:00Z"));
        assert_eq!(read("14. marraskuuta 2019").as_deref(), Some("2019-11-14T00:00:00Z"));
        assert_eq!(read("3 července 2019").as_deref(), Some("2019-07-03T00:00:00Z"));
        assert_eq!(read("3 června 2019").as_deref(), Some("2019-06-03T00:00:00Z"));
    }

    #[test]
    fn finds_the_time_behind_the_day() {
        for line in [
            "3 juin 2019 à 14h05",
            "3. Juni 2019, 14:05",
            "03.06.2019 um 14.05 Uhr",
            "03.06.2019 | 14:05 Uhr",
            "June 3, 2019 at 2:05 p.m.",
            "2019年6月3日 14:05",
            "2019-06-03 14:05 来源：某某网",
            "3 de junio de 2019 a las 14:05",
        ] {
            assert_eq!(read(line).as_deref(), Some("2019-06-03T14:05:00Z"), "{line}");
        }
        assert_eq!(
            read("2019-06-03 14:05:06+08:00").as_deref(),
            Some("2019-06-03T14:05:06+08:00")
        );
        assert_eq!(read("June 3, 2019 12:05 am").as_deref(), Some("2019-06-03T00:05:00Z"));
    }

    #[test]
    fn named_zones_and_halves_of_the_day() {
        for (line, expected) in [
            ("5.3.2024 14:30 MEZ", "2024-03-05T14:30:00+01:00"),
            ("5.7.2024 14:30 MESZ", "2024-07-05T14:30:00+02:00"),
            ("March 5, 2024 2:30 pm EDT", "2024-03-05T14:30:00-04:00"),
            ("March 5, 2024 10:05 am PST", "2024-03-05T10:05:00-08:00"),
            ("5 March 2024 14:30 GMT+1", "2024-03-05T14:30:00+01:00"),
            ("2024-03-05 14:30 JST", "2024-03-05T14:30:00+09:00"),
            ("입력 2024.03.05. 오후 2:30", "2024-03-05T14:30:00Z"),
            ("2024年3月5日 下午2:30", "2024-03-05T14:30:00Z"),
        ] {
            assert_eq!(read(line).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn the_month_comes_first_in_america() {
        let read = |language| find("05/12/2020", language).map(|(date, _)| date.rfc3339);
        assert_eq!(read(Some("en-US")).as_deref(), Some("2020-05-12T00:00:00Z"));
        assert_eq!(read(Some("en-GB")).as_deref(), Some("2020-12-05T00:00:00Z"));
        assert_eq!(
            find("25/12/2020", Some("en")).map(|(date, _)| date.rfc3339).as_deref(),
            Some("2020-12-25T00:00:00Z")
        );
    }

    #[test]
    fn what_is_no_whole_date_is_none() {
        for line in [
            "",
            "Mai 2020",
            "12. Mai",
            "12. Foo 2020",
            "31.02.2020",
            "version 1.2.3.4",
            "+49 40 123 456 20",
            "99/99/2020",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn a_label_says_which_date_it_is() {
        let read = |lines| labelled(lines, Some("de")).map(|(date, raw)| (date.rfc3339, raw));
        let expected = Some(("2020-05-12T00:00:00Z".to_owned(), "12.05.2020".to_owned()));
        assert_eq!(
            read("Am 1. Mai 2019 war es so.\nVeröffentlicht am 12.05.2020"),
            expected
        );
        assert_eq!(read("Am 1. Mai 2019 war es so."), None);
        assert_eq!(read("Ein Datum, das niemand vergessen wird, ist der 1. Mai 2019"), None);
    }

    #[test]
    fn dates_in_paths() {
        let day = |path: &str| in_path(path).map(|(date, _)| date.rfc3339[..10].to_owned());
        assert_eq!(day("/2019/11/20/a-title/").as_deref(), Some("2019-11-20"));
        assert_eq!(day("/news/2018/12/4/a").as_deref(), Some("2018-12-04"));
        assert_eq!(day("/blog/2020-10-18-a/").as_deref(), Some("2020-10-18"));
        assert_eq!(day("/c/20200518/a.html").as_deref(), Some("2020-05-18"));
        assert_eq!(day("/n1/2019/0908/c1.html").as_deref(), Some("2019-09-08"));
        assert_eq!(day("/2019/11/a-title/"), None);
        assert_eq!(day("/2019/11/bernard/"), None);
        assert_eq!(day("/tables-2019-24-without/"), None);
        assert_eq!(day("/a-20191340-b"), None);
        assert_eq!(day("/123/2019112/"), None);
    }
}
