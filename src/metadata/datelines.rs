//! Dates inside a line of text, in the words of many languages: bylines, datelines, the values of careless templates.

use std::{ops::Range, sync::LazyLock};

use regex::{Captures, Regex};

use super::dates::{self, Date};

/// Bytes of a line that are searched.
const LINE_BYTES: usize = 400;

/// Bytes between a label and its date: a colon, a preposition, the day of the week.
const BEHIND_LABEL: usize = 20;

/// `2020-05-12`, `2020/5/12`, `2020.05.12`, `2020年5月12日`, `2020년 5월 12일`.
static YEAR_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[^\d])(?<all>(?<y>(?:19|20)\d\d)\s?[-/.年년]\s*(?<m>\d{1,2})\s?[-/.月월]\s*(?<d>\d{1,2})\s?[日일]?)(?:$|[^\d])",
    )
});
/// `12.5.2020`, `12/05/2020`, `12-05-20`.
static YEAR_LAST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:^|[^\d.])(?<all>(?<d>\d{1,2})\s?[./-]\s?(?<m>\d{1,2})\s?[./-]\s?(?<y>(?:19|20)\d\d|\d\d))(?:$|[^\d])")
});
/// `12. Mai 2020`, `1er juin 2019`, `3 de mayo de 2020`, `12 May, 2020`.
static DAY_MONTH: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[^\d])(?<all>(?<d>\d{1,2})(?:\.|st|nd|rd|th|er|º|°|ª)?[\s/-]*(?:de\s|d['’]|of\s|\s)\s*(?<name>[\p{L}\p{M}]{2,15})\.?,?[\s/-]+(?:de\s+|del\s+)?(?<y>(?:19|20|25)\d\d))(?:$|[^\d])",
    )
});
/// `12-May-2020`, `12/mai/2020`.
static DAY_MONTH_TIGHT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:^|[^\d])(?<all>(?<d>\d{1,2})[./-](?<name>\p{L}{3,12})[./-](?<y>(?:19|20)\d\d))(?:$|[^\d])")
});
/// `2020. május 12.`, `2020 m. gegužės 12 d.`, `2020. gada 12. maijs`: the year first, in words.
static YEAR_NAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[^\d])(?<all>(?<y>(?:19|20)\d\d)\.?\s(?:m\.\s|gada\s)?(?:(?<name>[\p{L}\p{M}]{3,12})\s(?<d>\d{1,2})|(?<d2>\d{1,2})\.\s(?<name2>[\p{L}\p{M}]{3,12})))",
    )
});
/// `12 tháng 5 năm 2020`, `12 tháng 5, 2020`.
static DAY_NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:^|[^\d])(?<all>(?<d>\d{1,2}) tháng (?<m>\d{1,2})(?:,| năm)? (?<y>(?:19|20)\d\d))(?:$|[^\d])")
});
/// `May 12, 2020`, `Nov. 19th 2019`.
static MONTH_DAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?<all>(?<name>\p{L}{3,12})\.?\s+(?<d>\d{1,2})(?:st|nd|rd|th)?\.?,?\s+(?<y>(?:19|20)\d\d))(?:$|[^\d])")
});
/// What follows a date: `, 14:05`, `um 14.05 Uhr`, `à 14h05`, `at 2:05 p.m.`, ` 9時11分`.
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[\s,|–—·/(日일-]*(?:(?:星期|周).\s*)?(?:T|at|um|à|às|a las|alle|ore|o godz\.?|om|kl\.?|в)?\s*(?<h>\d{1,2})(?:\s?(?::|h|时|時|点)\s?(?<min>\d\d)|\.(?<min2>\d\d)\s*(?:Uhr|Uhr\.))(?:\s?[:分]\s?(?<s>\d\d)秒?)?(?:\.\d+)?(?:\s?(?<half>[AaPp])\.?[Mm]\b)?(?:\s?(?<zone>Z|GMT|UTC|[+-]\d\d:?\d\d)(?:$|[^\d]))?",
    )
});

fn pattern(text: &str) -> Regex {
    // Written above, compiled by every test run.
    Regex::new(text).unwrap_or_else(|e| unreachable!("{e}"))
}

/// The first letters of the months' names, January first: English, German, French, Spanish, Italian, Portuguese, Catalan,
/// Dutch, Danish, Norwegian, Swedish, Polish, Czech, Slovak, Slovene, Croatian, Hungarian, Romanian, Turkish, Finnish,
/// Estonian, Latvian, Lithuanian, Indonesian, Russian, Ukrainian, Bulgarian, Serbian, Greek, Arabic, Hebrew, Hindi, Thai.
const MONTHS: [&str; 12] = [
    "jan jän ene gen sty led ian oca tammi jaan sausio sije янв січ ян јан ιαν gener يناير ינואר जनवरी มกราคม",
    "feb fév fev lut úno şub helmi veeb vasar velj фев лют феб φεβ فبراير פברואר फ़रवरी फरवरी กุมภาพันธ์",
    "mar mär mrz mrt maa bře mars marzo março maalis már kovo ožu мар бер μαρ maart مارس מרץ मार्च มีนาคม",
    "apr avr abr kwi dub nis huhti ápr balan travn travan апр кві απρ أبريل ابريل אפריל अप्रैल เมษายน",
    "may mai maj mei mag kvě touko máj geguž svib мая май мај тра μαΐ μαι maig maggio mayıs مايو מאי मई พฤษภาคม",
    "jun juin giu cze červn haz kesä iun jún juun jūn birž lipanj lipnj июн чер јун юни ιουν juny يونيو יוני जून มิถุนายน",
    "jul juil lug lip červen tem heinä iul júl juul jūl liepos srpanj srpnj июл лип јул юли ιουλ يوليو יולי जुलाई กรกฎาคม",
    "aug aoû aou ago sie srp ağu elo agu avg rugp kolov авг сер αυγ أغسطس אוגוסט अगस्त สิงหาคม",
    "sep set wrz zář eyl syys szep rugs rujn rujan сен вер сеп σεπ سبتمبر ספטמבר सितंबर सितम्बर กันยายน",
    "oct okt ott out paź říj eki loka spal окт жов οκτ أكتوبر אוקטובר अक्टूबर अक्तूबर ตุลาคม",
    "nov lis kas marras noi lapkr studeni studeno ноя лис ное νοε نوفمبر נובמבר नवंबर नवम्बर พฤศจิกายน",
    "dec déc dez dic gru pro ara joulu des dets дек гру дец δεκ ديسمبر דצמבר दिसंबर दिसम्बर ธันวาคม",
];

fn is_thai(name: &str) -> bool {
    name.starts_with(|c| matches!(c, '\u{e00}'..='\u{e7f}'))
}

/// Which month a word names: the one whose letters it begins with, the longest of several.
fn month(word: &str) -> Option<u32> {
    let word = word.to_lowercase();
    // Hebrew joins its preposition to the name.
    let word = word.strip_prefix('ב').unwrap_or(&word);
    let named = MONTHS.iter().enumerate().flat_map(|(i, stems)| {
        let stem = stems
            .split(' ')
            .filter(|stem| word.starts_with(stem))
            .map(str::len)
            .max();
        stem.map(|length| (length, i as u32 + 1))
    });
    named
        .max_by_key(|(length, month)| (*length, 12 - month))
        .map(|(_, month)| month)
}

/// The first date in a line, and where in it the date stands. `12/05/2020` is the fifth of December only to Americans,
/// which is for `language` to say.
pub(super) fn find(line: &str, language: Option<&str>) -> Option<(Date, Range<usize>)> {
    let end = (0..=LINE_BYTES.min(line.len()))
        .rev()
        .find(|i| line.is_char_boundary(*i))?;
    let line = &line[..end];
    if !line.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let forms = [
        &*YEAR_FIRST,
        &DAY_MONTH,
        &DAY_MONTH_TIGHT,
        &MONTH_DAY,
        &YEAR_LAST,
        &YEAR_NAME,
        &DAY_NUMBER,
    ];
    let found = forms
        .into_iter()
        .filter_map(|form| {
            let captures = form.captures(line)?;
            let all = captures.name("all")?.range();
            Some((day(&captures, language)?, all))
        })
        .min_by_key(|(_, range)| range.start);
    let ((year, month, day), mut range) = found?;
    let mut text = format!("{year:04}-{month:02}-{day:02}");
    if let Some(captures) = TIME.captures(&line[range.end..])
        && let Some(time) = time(&captures)
        && let Some(date) = dates::parse(&format!("{text} {time}"))
    {
        range.end += captures.get(0).map_or(0, |all| all.end());
        return Some((date, range));
    }
    text.truncate(10);
    Some((dates::parse(&text)?, range))
}

fn day(captures: &Captures<'_>, language: Option<&str>) -> Option<(u32, u32, u32)> {
    let number = |name: &str| captures.name(name)?.as_str().parse::<u32>().ok();
    let (year, mut day) = (number("y")?, number("d").or_else(|| number("d2"))?);
    let name = captures.name("name").or_else(|| captures.name("name2"));
    let mut month = match name {
        Some(name) => month(name.as_str())?,
        None => number("m")?,
    };
    let year = match year {
        0..100 => 2000 + year,
        // The years of Thailand, which count from the death of the Buddha.
        2500.. if name.is_some_and(|name| is_thai(name.as_str())) => year - 543,
        2500.. => return None,
        _ => year,
    };
    let slashes = captures.name("m").is_some() && captures.name("all").is_some_and(|all| all.as_str().contains('/'));
    let is_american = language.is_none_or(|tag| matches!(tag, "en" | "en-US" | "en_US" | "en-us"));
    if captures
        .name("all")
        .is_some_and(|all| !all.as_str().starts_with("20") && !all.as_str().starts_with("19"))
        && (month > 12 || (slashes && is_american && day <= 12))
    {
        std::mem::swap(&mut month, &mut day);
    }
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((year, month, day))
}

fn time(captures: &Captures<'_>) -> Option<String> {
    let mut hour: u32 = captures.name("h")?.as_str().parse().ok()?;
    let minute = captures.name("min").or_else(|| captures.name("min2"))?.as_str();
    match captures.name("half").map(|half| half.as_str()) {
        Some("p" | "P") if hour < 12 => hour += 12,
        Some("a" | "A") if hour == 12 => hour = 0,
        _ => {}
    }
    let second = captures
        .name("s")
        .map(|s| format!(":{}", s.as_str()))
        .unwrap_or_default();
    let zone = captures.name("zone").map(|zone| zone.as_str()).unwrap_or_default();
    Some(format!("{hour:02}:{minute}{second}{zone}"))
}

/// Words that say what a date is, within a line. Where some of them have to be whole words, the regex crate leaves its fast
/// automaton at the first letter that is not ASCII: so lines are searched first with borders of ASCII words, which hold
/// wherever the others do.
struct Label {
    nearly: Regex,
    exactly: Regex,
}

impl Label {
    fn new(text: &str) -> Self {
        Label {
            nearly: pattern(&text.replace(r"\b", r"(?-u:\b)")),
            exactly: pattern(text),
        }
    }

    fn find_all(&self, lines: &str) -> impl Iterator<Item = Range<usize>> {
        let mut at = 0;
        let lines = lines.split_inclusive('\n').map(move |line| {
            at += line.len();
            (at - line.len(), line)
        });
        let likely = lines.filter(|(_, line)| self.nearly.is_match(line));
        likely.flat_map(|(at, line)| {
            let found = self.exactly.find_iter(line);
            found.map(move |found| at + found.start()..at + found.end())
        })
    }
}

/// The first date in a line that says so: `Veröffentlicht am 12. Mai 2020`.
pub(super) fn labelled(lines: &str, language: Option<&str>) -> Option<(Date, String)> {
    static LABEL: LazyLock<Label> = LazyLock::new(|| {
        Label::new(
            r"(?i)(?:veröffentlicht|publi(?:shed|é|cado|cerad|kováno|ceret)|posted|\b(?:datum|date|fecha|data|stand)\b|erschienen|erscheinungsdatum|gespeichert|eingestellt|erstellt|pubblicato|geplaatst|gepubliceerd|opublikowano|dodano|publicerad|publisert|udgivet|julkaistu|yayınlan|\btarih|megjelen|objavljeno|опубликован|дата|ημερομηνία|公開|掲載|게시|등록|입력|발행|发布|发表|时间|日期|時間)",
        )
    });
    behind(&LABEL, lines, language)
}

/// What says that a page was changed.
static CHANGE: LazyLock<Label> = LazyLock::new(|| {
    Label::new(
        r"(?i)(?:zuletzt|aktualisier|(?:letzte|jüngste)[rn]? (?:änderung|aktualisierung|bearbeitung)|geändert|bearbeitet|\b(?:updated?|modified|edited|revised|changed)\b|last (?:update|change|revision|edit)|mis(?:e)? à jour|modifié|dernière modification|actualizad|última (?:actualización|modificación|edición)|atualizad|modificad|aggiorna|bijgewerkt|gewijzigd|ändrad|uppdaterad|opdateret|oppdatert|endret|päivitetty|muokattu|aktualizac|aktualizov|zmodyfik|frissít|güncelle|обновлен|изменен|оновлено|更新|수정)",
    )
});

/// The first date in a line that says when the page was changed.
pub(super) fn changed(lines: &str, language: Option<&str>) -> Option<(Date, String)> {
    behind(&CHANGE, lines, language)
}

/// Whether what stands in front of a date in its line says that it is that of a change.
pub(super) fn is_of_change(before: &str) -> bool {
    CHANGE.exactly.is_match(before)
}

/// The first date that follows such a label at once, or stands on the next line.
fn behind(label: &Label, lines: &str, language: Option<&str>) -> Option<(Date, String)> {
    let mut labels = label.find_all(lines);
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
pub(super) fn in_path(path: &str) -> Option<(Date, String)> {
    static PATH: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
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
