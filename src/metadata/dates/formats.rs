//! The forms in which a line prints a day, in the words of many languages.

use std::{
    collections::HashMap,
    ops::{Range, RangeInclusive},
    sync::LazyLock,
};

use super::cursor::DateCursor;

/// A day as it is visible; whether there is such a day is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PrintedDay {
    pub(crate) year: i16,
    pub(crate) month: i8,
    pub(crate) day: i8,
}

/// The first day in a line, and where it stands. `12/05/2020` is the fifth of December only to Americans.
pub(crate) fn find(line: &str, is_american: bool) -> Option<(PrintedDay, Range<usize>)> {
    let mut at = 0;
    while let Some(next) = line[at..].bytes().position(|byte| byte.is_ascii_digit()) {
        let start = at + next;
        let cursor = DateCursor { rest: &line[start..] };
        let digits = cursor.count_digits();
        at = start + digits;
        let before = &line[..start];
        let found = match digits {
            4 => year_first(cursor).or_else(|| year_and_name(cursor)),
            1 | 2 => day_and_name(cursor)
                .or_else(|| day_name_tight(cursor))
                .or_else(|| numbers(cursor, before, is_american))
                .or_else(|| day_and_number(cursor)),
            _ => None,
        };
        let found = found.map(|found| (start, found));
        let found = found.or_else(|| name_and_day(cursor, before));
        if let Some((start, (day, rest))) = found.filter(|(_, (day, _))| day.is_likely()) {
            return Some((day, start..line.len() - rest.len()));
        }
    }
    None
}

impl PrintedDay {
    fn is_likely(self) -> bool {
        (1..=12).contains(&self.month) && (1..=31).contains(&self.day)
    }
}

/// A day, and what stands behind it.
type ParsedDay<'a> = Option<(PrintedDay, &'a str)>;

const OUR_YEARS: &[&str] = &["19", "20"];
/// Also those of Thailand, which count from the death of the Buddha.
const ALL_YEARS: &[&str] = &["19", "20", "25"];

/// `2020-05-12`, `2020/5/12`, `2020.05.12`, `2020年5月12日`, `2020년 5월 12일`.
fn year_first(mut cursor: DateCursor<'_>) -> ParsedDay<'_> {
    let year = cursor.year(OUR_YEARS)?;
    cursor.blank();
    cursor.eat_any(&["-", "/", ".", "年", "년"])?;
    cursor.blanks();
    let month = cursor.number_up_to_2()?;
    cursor.blank();
    cursor.eat_any(&["-", "/", ".", "月", "월"])?;
    cursor.blanks();
    let day = cursor.number_up_to_2()?;
    let mut ahead = cursor;
    ahead.blank();
    if ahead.eat_any(&["日", "일"]).is_some() {
        cursor = ahead;
    }
    Some((PrintedDay { year, month, day }, cursor.rest))
}

/// `12.5.2020`, `12/05/2020`, `12-05-20`.
fn numbers<'a>(mut cursor: DateCursor<'a>, before: &str, is_american: bool) -> ParsedDay<'a> {
    let separator = |cursor: &mut DateCursor<'a>| {
        cursor.blank();
        let separator = cursor.eat_any(&[".", "/", "-"]);
        cursor.blank();
        separator
    };
    if before.ends_with('.') {
        return None;
    }
    let mut day = cursor.number_up_to_2()?;
    let first = separator(&mut cursor)?;
    let mut month = cursor.number_up_to_2()?;
    let second = separator(&mut cursor)?;
    let year = match cursor.count_digits() {
        2 => 2000 + cursor.number(2)?,
        _ => cursor.year(OUR_YEARS)?,
    };
    let slashes = first == "/" || second == "/";
    if month > 12 || (slashes && is_american && day <= 12) {
        std::mem::swap(&mut month, &mut day);
    }
    Some((PrintedDay { year, month, day }, cursor.rest))
}

/// `12. Mai 2020`, `1er juin 2019`, `3 de mayo de 2020`, `12 May, 2020`.
fn day_and_name(mut cursor: DateCursor<'_>) -> ParsedDay<'_> {
    let day = cursor.number_up_to_2()?;
    cursor.eat_any(&[".", "st", "nd", "rd", "th", "er", "º", "°", "ª"]);
    let between = cursor.rest;
    cursor.separators();
    let passed = &between[..between.len() - cursor.rest.len()];
    let mut ahead = cursor;
    let is_joined = match ahead.eat_any(&["de", "of", "d'", "d’"]) {
        Some("de" | "of") => ahead.blank(),
        joined => joined.is_some(),
    };
    if is_joined {
        cursor = ahead;
    } else if !passed.ends_with(char::is_whitespace) {
        return None;
    }
    cursor.blanks();
    let name = cursor.letters(2..=15)?;
    cursor.eat_any(&["."]);
    cursor.eat_any(&[","]);
    cursor.separators().then_some(())?;
    let mut ahead = cursor;
    if ahead.eat_any(&["del", "de"]).is_some() && ahead.blank() {
        ahead.blanks();
        cursor = ahead;
    }
    let year = match cursor.year(ALL_YEARS)? {
        year @ 2500.. if is_thai(name) => year - 543,
        2500.. => return None,
        year => year,
    };
    Some((named(year, name, day)?, cursor.rest))
}

/// `12-May-2020`, `12/mai/2020`.
fn day_name_tight(mut cursor: DateCursor<'_>) -> ParsedDay<'_> {
    let day = cursor.number_up_to_2()?;
    cursor.eat_any(&[".", "/", "-"])?;
    let name = cursor.letters(LONG)?;
    cursor.eat_any(&[".", "/", "-"])?;
    let year = cursor.year(OUR_YEARS)?;
    Some((named(year, name, day)?, cursor.rest))
}

/// `2020. május 12.`, `2020 m. gegužės 12 d.`, `2020. gada 12. maijs`.
fn year_and_name(mut cursor: DateCursor<'_>) -> ParsedDay<'_> {
    let year = cursor.year(OUR_YEARS)?;
    cursor.eat_any(&["."]);
    cursor.blank().then_some(())?;
    let mut ahead = cursor;
    if ahead.eat_any(&["m.", "gada"]).is_some() && ahead.blank() {
        cursor = ahead;
    }
    let (name, day) = match cursor.number_up_to_2() {
        Some(day) => {
            cursor.eat_any(&["."])?;
            cursor.blank().then_some(())?;
            (cursor.letters(LONG)?, day)
        }
        None => {
            let name = cursor.letters(LONG)?;
            cursor.blank().then_some(())?;
            (name, cursor.number_up_to_2()?)
        }
    };
    Some((named(year, name, day)?, cursor.rest))
}

/// `12 tháng 5 năm 2020`, `12 tháng 5, 2020`.
fn day_and_number(mut cursor: DateCursor<'_>) -> ParsedDay<'_> {
    let day = cursor.number_up_to_2()?;
    cursor.eat_any(&[" tháng "])?;
    let month = cursor.number_up_to_2()?;
    cursor.eat_any(&[",", " năm"]);
    cursor.eat_any(&[" "])?;
    let year = cursor.year(OUR_YEARS)?;
    Some((PrintedDay { year, month, day }, cursor.rest))
}

/// `May 12, 2020`, `Nov. 19th 2019`, and where the name begins, which stands before the number.
fn name_and_day<'a>(mut cursor: DateCursor<'a>, before: &str) -> Option<(usize, (PrintedDay, &'a str))> {
    let day = cursor.number_up_to_2()?;
    cursor.eat_any(&["st", "nd", "rd", "th"]);
    cursor.eat_any(&["."]);
    cursor.eat_any(&[","]);
    cursor.blank().then_some(())?;
    cursor.blanks();
    let year = cursor.year(OUR_YEARS)?;
    let name = before.trim_end();
    if name.len() == before.len() {
        return None;
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let letters = name.chars().rev().take_while(|c| c.is_alphabetic());
    let start = name.len() - letters.map(char::len_utf8).sum::<usize>();
    let name = DateCursor { rest: &name[start..] }.letters(LONG)?;
    Some((start, (named(year, name, day)?, cursor.rest)))
}

impl<'a> DateCursor<'a> {
    /// Passes white space of one character, if there is any.
    fn blank(&mut self) -> bool {
        let rest = self.rest.strip_prefix(char::is_whitespace);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Passes white space, slashes and hyphens, if there are any.
    fn separators(&mut self) -> bool {
        let rest = self
            .rest
            .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '/' | '-'));
        let passed = rest.len() < self.rest.len();
        self.rest = rest;
        passed
    }

    /// A year of some centuries: four digits, and no fifth.
    fn year(&mut self, centuries: &[&str]) -> Option<i16> {
        let is_of_them = centuries.iter().any(|century| self.rest.starts_with(century));
        (is_of_them && self.count_digits() == 4).then(|| self.number(4))?
    }

    /// So many letters and no more, with the hints on them that the scripts of the months' names have.
    fn letters(&mut self, many: RangeInclusive<usize>) -> Option<&'a str> {
        let is_mark = |c| matches!(c, '\u{300}'..='\u{36f}' | '\u{93c}' | '\u{94d}' | '\u{e47}'..='\u{e4e}');
        let end = self.rest.find(|c: char| !c.is_alphabetic() && !is_mark(c));
        let (letters, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        many.contains(&letters.chars().count()).then_some(letters)
    }
}

/// Letters of a name beside which nothing else says that it is one of a month.
const LONG: RangeInclusive<usize> = 3..=12;

/// A day of a month by its name, which is asked for last: there are many.
fn named(year: i16, name: &str, day: i8) -> Option<PrintedDay> {
    let month = month(name)?;
    Some(PrintedDay { year, month, day })
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

fn first(word: &str) -> char {
    word.chars().next().unwrap_or_default()
}

/// Which month a word names: the one whose letters it begins with, the longest of several.
fn month(word: &str) -> Option<i8> {
    let word = word.to_lowercase();
    // Hebrew joins its preposition to the name.
    let word = word.strip_prefix('ב').unwrap_or(&word);
    static STEMS: LazyLock<HashMap<char, Vec<(&str, i8)>>> = LazyLock::new(|| {
        let mut by_letter: HashMap<char, Vec<_>> = HashMap::new();
        for (stems, month) in MONTHS.iter().zip(1..) {
            for stem in stems.split(' ') {
                by_letter.entry(first(stem)).or_default().push((stem, month));
            }
        }
        by_letter
    });
    let first_letter = STEMS.get(&first(word)).into_iter().flatten();
    let named = first_letter.filter(|(stem, _)| word.starts_with(stem));
    named
        .map(|(stem, month)| (stem.len(), *month))
        .max_by_key(|(length, month)| (*length, 12 - month))
        .map(|(_, month)| month)
}
