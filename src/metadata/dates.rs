//! Dates as feeds, heads and Chinese bylines print them, as RFC 3339.
//!
//! Patterns of our own over a small cursor, with jiff to say which dates exist: general date parsers fail on 年月日 and
//! fill in what is missing from the clock. Nothing here looks at the clock, guesses a day from a month, or converts a
//! time to another zone. What is not a whole date is no date.

use jiff::civil;
use serde::Serialize;

/// Characters of a date at most; the longest that is known is JavaScript's with its zone's name in brackets.
const DATE_CHARACTERS: usize = 80;

/// Before this there were no articles; `0001-01-01` is some libraries' way to say that there is no date.
const FIRST_YEAR: i16 = 1000;

/// Hours east or west of UTC at most that any place has.
const ZONE_HOURS: u8 = 14;

/// How exact a date is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Hours, minutes and seconds were given.
    Second,
    /// Hours and minutes were given.
    Minute,
    /// Only the day was given.
    Day,
}

/// A date that was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Date {
    /// RFC 3339, with the offset that was given and with `Z` when there was none: `2021-08-18T07:55:23Z`.
    pub rfc3339: String,
    /// What was given of it. What was not is zero.
    pub precision: Precision,
    /// Whether the text named an offset. `Z` without that is an assumption.
    pub zone_given: bool,
}

/// Reads a text that is a date and nothing else, in one of these forms:
///
/// - RFC 5322 (which replaced RFC 2822), with or without the day's name, with obsolete zones and two-digit years; also
///   RFC 850's hyphens, and JavaScript's and asctime's order;
/// - RFC 3339 and ISO 8601, extended (`2021-08-18T15:55:23.5+08:00`, a blank for the `T`, down to minutes or days) and
///   basic (`20210818T075523Z`);
/// - the same with `/` or `.` between the parts of the day;
/// - `2021年08月18日 15:55`, also with 时分秒 and with the day of the week.
pub fn parse(text: &str) -> Option<Date> {
    let text = text.trim();
    if text.is_empty() || text.chars().nth(DATE_CHARACTERS).is_some() {
        return None;
    }
    let folded: String = text.chars().map(fold).collect();
    let mut cursor = Cursor { rest: folded.trim() };
    let moment = if cursor.rest.starts_with(|first: char| first.is_ascii_digit()) {
        numeric(cursor).or_else(|| mail(cursor))
    } else {
        cursor.day_name();
        mail(cursor).or_else(|| month_first(cursor))
    };
    moment?.format()
}

/// Full-width digits and colons as ASCII, all blanks as one kind.
fn fold(character: char) -> char {
    match character {
        '０'..='９' => char::from(b'0' + (character as u32 - '０' as u32) as u8),
        '：' => ':',
        '\u{2212}' => '-',
        _ if character.is_whitespace() => ' ',
        _ => character,
    }
}

#[derive(Debug, Clone, Copy)]
struct Day {
    year: i16,
    month: i8,
    day: i8,
}

#[derive(Debug, Clone, Copy)]
struct Time {
    hour: i8,
    minute: i8,
    second: Option<i8>,
}

/// As the text gives it.
#[derive(Debug, Clone, Copy)]
enum Zone {
    /// Not at all, or in a way that says nothing: `-0000` (RFC 5322), or a name such as CST, which is six hours west in
    /// North America and eight hours east in China.
    Unknown,
    Utc,
    Offset {
        is_west: bool,
        hours: u8,
        minutes: u8,
    },
}

#[derive(Debug, Clone, Copy)]
struct Moment {
    day: Day,
    time: Option<Time>,
    zone: Zone,
}

impl Moment {
    fn format(&self) -> Option<Date> {
        let day = civil::Date::new(self.day.year, self.day.month, self.day.day).ok()?;
        if day.year() < FIRST_YEAR {
            return None;
        }
        let (hour, minute, second) = match self.time {
            // A leap second, which RFC 5322 and ISO 8601 allow, becomes the one before it: few readers know them.
            Some(time) => (
                time.hour,
                time.minute,
                time.second.map_or(0, |second| if second == 60 { 59 } else { second }),
            ),
            None => (0, 0, 0),
        };
        let time = civil::Time::new(hour, minute, second, 0).ok()?;
        let zone = match self.zone {
            Zone::Unknown | Zone::Utc => "Z".to_owned(),
            Zone::Offset { hours, minutes, .. } if hours > ZONE_HOURS || minutes > 59 => return None,
            Zone::Offset {
                is_west,
                hours,
                minutes,
            } => format!("{}{hours:02}:{minutes:02}", if is_west { '-' } else { '+' }),
        };
        Some(Date {
            rfc3339: format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{zone}",
                day.year(),
                day.month(),
                day.day(),
                time.hour(),
                time.minute(),
                time.second()
            ),
            precision: match self.time {
                Some(Time { second: Some(_), .. }) => Precision::Second,
                Some(_) => Precision::Minute,
                None => Precision::Day,
            },
            zone_given: !matches!(self.zone, Zone::Unknown),
        })
    }
}

/// `2021-08-18 15:55:23+08:00` and its kin.
fn numeric(mut cursor: Cursor<'_>) -> Option<Moment> {
    let digits = cursor.count_digits();
    let day = if digits == 8 || digits == 14 {
        Day {
            year: cursor.number(4)?,
            month: cursor.number(2)? as i8,
            day: cursor.number(2)? as i8,
        }
    } else if digits == 4 {
        numeric_day(&mut cursor)?
    } else {
        return None;
    };
    cursor.blanks();
    if cursor.eat_any(&["星期", "周"]).is_some() {
        cursor.eat_any(&["一", "二", "三", "四", "五", "六", "日", "天"])?;
        cursor.blanks();
    }
    if digits == 14 {
        let time = Time {
            hour: cursor.number(2)? as i8,
            minute: cursor.number(2)? as i8,
            second: Some(cursor.number(2)? as i8),
        };
        return cursor.end_with_zone(day, Some(time));
    }
    if cursor.eat_any(&["T", "t"]).is_some() {
        cursor.blanks();
    } else if cursor.count_digits() == 0 {
        return cursor.end_with_zone(day, None);
    }
    let time = cursor.time()?;
    cursor.end_with_zone(day, Some(time))
}

fn numeric_day(cursor: &mut Cursor<'_>) -> Option<Day> {
    let year = cursor.number(4)?;
    cursor.blanks();
    let separator = cursor.eat_any(&["-", "/", ".", "年"])?;
    cursor.blanks();
    let month = cursor.number_up_to_2()?;
    cursor.blanks();
    cursor.eat_any(&[if separator == "年" { "月" } else { separator }])?;
    cursor.blanks();
    let day = cursor.number_up_to_2()?;
    if separator == "年" {
        cursor.blanks();
        cursor.eat_any(&["日", "号", "號"])?;
    } else if !cursor.rest.is_empty() && !cursor.rest.starts_with([' ', 'T', 't', 'Z', '+', '-']) {
        return None;
    }
    Some(Day { year, month, day })
}

/// `18 Aug 2021 07:55:23 GMT`, after the day's name.
fn mail(mut cursor: Cursor<'_>) -> Option<Moment> {
    let day = cursor.number_up_to_2()?;
    cursor.separator()?;
    let month = cursor.month_name()?;
    cursor.separator()?;
    let digits = cursor.count_digits();
    let year = match digits {
        4 => cursor.number(4)?,
        // RFC 5322, section 4.3.
        2 => match cursor.number(2)? {
            year @ 0..=49 => 2000 + year,
            year => 1900 + year,
        },
        _ => return None,
    };
    cursor.after_year(Day { year, month, day })
}

/// `Aug 18 2021 15:55:23 GMT+0800 (…)` and `Aug 18 07:55:23 2021`, after the day's name.
fn month_first(mut cursor: Cursor<'_>) -> Option<Moment> {
    let month = cursor.month_name()?;
    cursor.separator()?;
    let day = cursor.number_up_to_2()?;
    cursor.eat_any(&[","]);
    cursor.separator()?;
    if cursor.count_digits() == 4 {
        let year = cursor.number(4)?;
        return cursor.after_year(Day { year, month, day });
    }
    let time = cursor.time()?;
    cursor.blanks();
    // Java puts the zone's name before the year.
    let zone = if cursor.count_digits() == 0 {
        cursor.zone()?
    } else {
        Zone::Unknown
    };
    cursor.blanks();
    let year = cursor.number(4)?;
    let day = Day { year, month, day };
    cursor.rest.is_empty().then_some(Moment {
        day,
        time: Some(time),
        zone,
    })
}

/// What is left of the text.
#[derive(Debug, Clone, Copy)]
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// What stands between the words of a mail's date: blanks, or RFC 850's hyphen.
    fn separator(&mut self) -> Option<()> {
        let before = self.rest.len();
        self.blanks();
        if self.rest.len() == before {
            self.eat_any(&["-"])?;
        }
        Some(())
    }

    fn eat_any(&mut self, words: &[&'static str]) -> Option<&'static str> {
        let word = words.iter().find(|word| self.rest.starts_with(**word))?;
        self.rest = &self.rest[word.len()..];
        Some(word)
    }

    fn count_digits(&self) -> usize {
        self.rest.bytes().take_while(u8::is_ascii_digit).count()
    }

    /// Exactly `digits` digits, four at most.
    fn number(&mut self, digits: usize) -> Option<i16> {
        let (number, rest) = self.rest.split_at_checked(digits)?;
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.rest = rest;
        number.parse().ok()
    }

    /// A number of one or two digits, and no third.
    fn number_up_to_2(&mut self) -> Option<i8> {
        match self.count_digits() {
            digits @ 1..=2 => i8::try_from(self.number(digits)?).ok(),
            _ => None,
        }
    }

    /// A word of ASCII letters.
    fn word(&mut self) -> &'a str {
        let end = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// Passes the name of a day. It is not compared with the date: where the two disagree, the name is wrong.
    fn day_name(&mut self) {
        let mut ahead = *self;
        if is_name(ahead.word(), DAYS).is_some() {
            ahead.eat_any(&[","]);
            ahead.eat_any(&["."]);
            ahead.blanks();
            *self = ahead;
        }
    }

    fn month_name(&mut self) -> Option<i8> {
        let month = is_name(self.word(), MONTHS)?;
        self.eat_any(&["."]);
        i8::try_from(month + 1).ok()
    }

    fn after_year(mut self, day: Day) -> Option<Moment> {
        self.eat_any(&[","]);
        self.blanks();
        if self.count_digits() == 0 {
            return self.end_with_zone(day, None);
        }
        let time = self.time()?;
        self.end_with_zone(day, Some(time))
    }

    /// `7:55`, `07:55:23.5`, `7时55分23秒`, `075523`.
    fn time(&mut self) -> Option<Time> {
        if let digits @ (4 | 6) = self.count_digits() {
            return Some(Time {
                hour: self.number(2)? as i8,
                minute: self.number(2)? as i8,
                second: if digits == 6 { Some(self.number(2)? as i8) } else { None },
            });
        }
        let hour = self.number_up_to_2()?;
        self.blanks();
        let separator = self.eat_any(&[":", "时", "時", "点"])?;
        self.blanks();
        let minute = self.number_up_to_2()?;
        if separator != ":" {
            self.eat_any(&["分"])?;
            let mut ahead = *self;
            ahead.blanks();
            let second = ahead.number_up_to_2().filter(|_| ahead.eat_any(&["秒"]).is_some());
            if second.is_some() {
                *self = ahead;
            }
            return Some(Time { hour, minute, second });
        }
        let mut second = None;
        if self.eat_any(&[":"]).is_some() {
            second = Some(self.number_up_to_2()?);
            if self.eat_any(&[".", ","]).is_some() {
                let digits = self.count_digits();
                self.rest = &self.rest[digits..];
            }
        }
        Some(Time { hour, minute, second })
    }

    /// The rest must be a zone, a comment in brackets, or nothing.
    fn end_with_zone(mut self, day: Day, time: Option<Time>) -> Option<Moment> {
        self.blanks();
        let zone = if self.rest.is_empty() {
            Zone::Unknown
        } else {
            self.zone()?
        };
        self.blanks();
        let is_comment = self.rest.starts_with('(') && self.rest.ends_with(')');
        (self.rest.is_empty() || is_comment).then_some(Moment { day, time, zone })
    }

    fn zone(&mut self) -> Option<Zone> {
        let word = self.word().to_ascii_uppercase();
        let has_offset = self.rest.starts_with(['+', '-']);
        match word.as_str() {
            "" | "GMT" | "UTC" | "UT" if has_offset => self.offset(),
            "Z" | "GMT" | "UTC" | "UT" => Some(Zone::Utc),
            // RFC 5322, section 4.3.
            "EDT" => Some(west(4)),
            "EST" => Some(west(5)),
            "MDT" => Some(west(6)),
            "MST" | "PDT" => Some(west(7)),
            "PST" => Some(west(8)),
            "CST" | "CDT" => Some(Zone::Unknown),
            "" if self.rest.starts_with('(') => Some(Zone::Unknown),
            _ => None,
        }
    }

    /// `+08:00`, `+0800`, `+08`, `+8`.
    fn offset(&mut self) -> Option<Zone> {
        let is_west = self.eat_any(&["+", "-"])? == "-";
        let digits = self.count_digits();
        let hours = match digits {
            4 => self.number(2)?,
            1 | 2 => self.number(digits)?,
            _ => return None,
        };
        let minutes = if digits == 4 || self.eat_any(&[":"]).is_some() {
            self.number(2)?
        } else {
            0
        };
        if is_west && hours == 0 && minutes == 0 {
            return Some(Zone::Unknown);
        }
        Some(Zone::Offset {
            is_west,
            hours: u8::try_from(hours).ok()?,
            minutes: u8::try_from(minutes).ok()?,
        })
    }
}

fn west(hours: u8) -> Zone {
    Zone::Offset {
        is_west: true,
        hours,
        minutes: 0,
    }
}

const DAYS: &[&str] = &[
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Which name the word is: the whole name, or its first letters, three at least (`Sept` and `Thurs` are seen).
fn is_name(word: &str, names: &[&str]) -> Option<usize> {
    if word.len() < 3 {
        return None;
    }
    let word = word.to_ascii_lowercase();
    names.iter().position(|name| name.starts_with(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, Precision, bool)> {
        parse(text).map(|date| (date.rfc3339, date.precision, date.zone_given))
    }

    #[test]
    fn mail_dates() {
        for (text, expected) in [
            ("Wed, 18 Aug 2021 07:55:23 GMT", "2021-08-18T07:55:23Z"),
            ("Wed, 18 Aug 2021 15:55:23 +0800", "2021-08-18T15:55:23+08:00"),
            ("18 Aug 2021 07:55:23 Z", "2021-08-18T07:55:23Z"),
            ("Sun, 1 Aug 2021 7:05:03 UT", "2021-08-01T07:05:03Z"),
            ("Sunday, 01-Aug-21 07:05:03 GMT", "2021-08-01T07:05:03Z"),
            ("1 Aug 99 07:05:03 EST", "1999-08-01T07:05:03-05:00"),
            ("Wed, 18 Aug 2021 07:55:23 +0000 (UTC)", "2021-08-18T07:55:23+00:00"),
            (
                "Wed Aug 18 2021 15:55:23 GMT+0800 (中国标准时间)",
                "2021-08-18T15:55:23+08:00",
            ),
            ("Fri, 31 Dec 2021 23:59:60 GMT", "2021-12-31T23:59:59Z"),
        ] {
            assert_eq!(
                read(text),
                Some((expected.to_owned(), Precision::Second, true)),
                "{text}"
            );
        }
        for text in [
            "Wed, 18 Aug 2021 07:55:23",
            "Wed, 18 Aug 2021 07:55:23 -0000",
            "Wed Aug 18 07:55:23 2021",
            "Wed Aug 18 07:55:23 CST 2021",
        ] {
            let expected = ("2021-08-18T07:55:23Z".to_owned(), Precision::Second, false);
            assert_eq!(read(text), Some(expected), "{text}");
        }
        assert_eq!(
            read("Wed, 18 Aug 2021 07:55 GMT"),
            Some(("2021-08-18T07:55:00Z".to_owned(), Precision::Minute, true))
        );
        assert_eq!(
            read("August 18, 2021"),
            Some(("2021-08-18T00:00:00Z".to_owned(), Precision::Day, false))
        );
    }

    #[test]
    fn iso_dates() {
        for (text, expected) in [
            ("2021-08-18T07:55:23Z", "2021-08-18T07:55:23Z"),
            ("2021-08-18t07:55:23z", "2021-08-18T07:55:23Z"),
            ("2021-08-18T15:55:23+08:00", "2021-08-18T15:55:23+08:00"),
            ("2021-08-18T15:55:23.123456789+0800", "2021-08-18T15:55:23+08:00"),
            ("2021-08-18 15:55:23 +08", "2021-08-18T15:55:23+08:00"),
            ("2021-08-18T07:55:23,5-03:30", "2021-08-18T07:55:23-03:30"),
            ("20210818T075523Z", "2021-08-18T07:55:23Z"),
            ("2021-08-18 07:55:23 UTC", "2021-08-18T07:55:23Z"),
        ] {
            assert_eq!(
                read(text),
                Some((expected.to_owned(), Precision::Second, true)),
                "{text}"
            );
        }
        assert_eq!(
            read("2021-08-18T07:55Z"),
            Some(("2021-08-18T07:55:00Z".to_owned(), Precision::Minute, true))
        );
        assert_eq!(
            read("2021-08-18+08:00"),
            Some(("2021-08-18T00:00:00+08:00".to_owned(), Precision::Day, true))
        );
    }

    #[test]
    fn local_dates() {
        for text in [
            "2021-08-18 07:55:23",
            "2021/08/18 07:55:23",
            "2021/8/18 7:55:23",
            "2021.08.18 07:55:23",
            "2021年08月18日 07:55:23",
            "2021年8月18日07:55:23",
            "2021年08月18日07时55分23秒",
            "2021年8月18日 星期三 7时55分23秒",
            " ２０２１年０８月１８日　０７：５５：２３ ",
            "20210818075523",
        ] {
            let expected = ("2021-08-18T07:55:23Z".to_owned(), Precision::Second, false);
            assert_eq!(read(text), Some(expected), "{text}");
        }
        for text in [
            "2021-08-18 07:55",
            "2021年08月18日 07:55",
            "2021年8月18日 7时55分",
            "2021.8.18 7:55",
        ] {
            let expected = ("2021-08-18T07:55:00Z".to_owned(), Precision::Minute, false);
            assert_eq!(read(text), Some(expected), "{text}");
        }
        for text in [
            "2021-08-18",
            "2021/08/18",
            "2021.8.18",
            "2021年8月18日",
            "2021 年 8 月 18 日",
            "20210818",
        ] {
            let expected = ("2021-08-18T00:00:00Z".to_owned(), Precision::Day, false);
            assert_eq!(read(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            " ",
            "Invalid Date",
            "Invalid date",
            "null",
            "2021",
            "2021-08",
            "2021年8月",
            "8月18日 07:55",
            "2021-02-30",
            "2021-02-29T00:00:00Z",
            "2021-13-01",
            "0000-00-00 00:00:00",
            "0001-01-01T00:00:00",
            "2021-08-18 25:00:00",
            "2021-08-18 24:00:00",
            "2021-08-18 07:60",
            "2021-08-18 07:55:61",
            "2021-08-18 07:55:23 +99:00",
            "2021-08-18 07:55:23 +08:75",
            "2021-08-18 07:55:23 XYZ",
            "2021-08-18 07:55:23 来源",
            "2021-08/18",
            "2021-08-181",
            "2021-08-18T",
            "2021-08-18 07",
            "20211318",
            "1629273323",
            "1629273323000",
            "Wed, 31 Feb 2021 07:55:23 GMT",
            "Wed, 18 Foo 2021 07:55:23 GMT",
            "Wed, 18 Aug 21021 07:55:23 GMT",
            "Wed,",
            "Wednesday",
            "昨天 07:55",
            "1 hour ago",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn hostile_texts_are_no_dates() {
        for unit in [
            "0",
            "9",
            "2021-",
            "年",
            "Wed, ",
            "Aug ",
            "+",
            ":",
            "(",
            "\u{1F600}",
            "０",
            "\u{0}",
        ] {
            for count in [1, 2, 7, 79, 80, 100_000] {
                assert_eq!(read(&unit.repeat(count)), None, "{unit} {count}");
            }
        }
        for cut in 0..30 {
            for text in [
                "Wed, 18 Aug 2021 07:55:23 GMT",
                "2021年08月18日 07时55分23秒",
                "2021-08-18T15:55:23.5+08:00",
            ] {
                let cut: String = text.chars().take(cut).collect();
                parse(&cut);
            }
        }
    }
}
