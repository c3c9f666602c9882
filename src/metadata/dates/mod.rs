//! Dates as feeds, heads and Chinese bylines print them, as RFC 3339.
//!
//! Patterns of our own over a small cursor, with jiff to say which dates exist: general date parsers fail on 年月日 and
//! fill in what is missing from the clock. Nothing here looks at the clock, guesses a day from a month, or converts a
//! time to another zone. What is not a whole date is no date.

pub(crate) mod cursor;
pub(crate) mod formats;
pub(crate) mod inline;
pub(crate) mod published;
pub(crate) mod zones;

use jiff::civil;
use serde::Serialize;

use cursor::DateCursor;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Date {
    /// RFC 3339, with the offset that was given and with `Z` when there was none: `2021-08-18T07:55:23Z`.
    pub rfc3339: String,
    /// What was given of it. What was not is zero.
    pub precision: Precision,
    /// Whether the text named an offset. `Z` without that is an assumption.
    pub zone_given: bool,
    /// The same as the clocks of that place showed it.
    pub(crate) local: civil::DateTime,
    /// Minutes east of UTC, where the text named them.
    pub(crate) offset: Option<i16>,
}

impl Date {
    /// The day that it names, as `2021-08-18`.
    pub(crate) fn day(&self) -> &str {
        &self.rfc3339[..10]
    }

    /// Minutes since some moment in UTC; `None` where no offset or no time is known.
    pub(crate) fn utc_minute(&self) -> Option<i64> {
        let offset = self.offset.filter(|_| self.precision != Precision::Day)?;
        Some(minutes(self.local) - i64::from(offset))
    }

    /// Minutes since the same moment on the clocks of the place.
    pub(crate) fn local_minute(&self) -> i64 {
        minutes(self.local)
    }

    /// The same on clocks that are `offset` minutes east of UTC: what they show stays.
    pub(crate) fn at_offset(&self, offset: i16) -> Self {
        let sign = if offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset.unsigned_abs() / 60, offset.unsigned_abs() % 60);
        Date {
            rfc3339: format!("{}{sign}{hours:02}:{minutes:02}", &self.rfc3339[..19]),
            zone_given: true,
            offset: Some(offset),
            ..self.clone()
        }
    }

    /// The same moment on clocks that are `offset` minutes east of UTC; `None` where its own offset is not known.
    pub(crate) fn seen_from(&self, offset: i16) -> Option<Self> {
        let shift = i64::from(offset) - i64::from(self.offset?);
        let local = self.local.checked_add(jiff::SignedDuration::from_mins(shift)).ok()?;
        let moved = Date {
            rfc3339: local.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
            local,
            ..self.clone()
        };
        Some(moved.at_offset(offset))
    }
}

fn minutes(local: civil::DateTime) -> i64 {
    let day = local
        .date()
        .since(civil::date(1970, 1, 1))
        .map_or(0, |span| span.get_days());
    i64::from(day) * 1440 + i64::from(local.hour()) * 60 + i64::from(local.minute())
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
    let mut cursor = DateCursor { rest: folded.trim() };
    let moment = if cursor.rest.starts_with(|first: char| first.is_ascii_digit()) {
        numeric(cursor).or_else(|| mail(cursor))
    } else {
        cursor.day_name();
        mail(cursor).or_else(|| month_first(cursor))
    };
    moment?.format()
}

/// Seconds or milliseconds since 1970, as scripts and attributes have them, in UTC.
pub(crate) fn unix(text: &str) -> Option<Date> {
    let text = text.trim();
    if !matches!(text.len(), 10 | 13) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = text.get(..10)?.parse().ok()?;
    let moment = jiff::Timestamp::from_second(seconds).ok()?;
    parse(&moment.to_string())
}

/// The other reading of a date that begins with two numbers which may both be a month: `11/01/2023`.
pub(crate) fn with_month_and_day_swapped(raw: &str, date: &Date) -> Option<Date> {
    let first = raw.trim().split('/').next()?;
    let (month, day) = (date.local.month(), date.local.day());
    if first.is_empty() || first.len() > 2 || day > 12 || month == day {
        return None;
    }
    let local = date.local.with().month(day).day(month).build().ok()?;
    let rfc3339 = format!("{}{}", local.strftime("%Y-%m-%dT%H:%M:%S"), &date.rfc3339[19..]);
    Some(Date {
        rfc3339,
        local,
        ..date.clone()
    })
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
pub(crate) struct Day {
    pub(crate) year: i16,
    pub(crate) month: i8,
    pub(crate) day: i8,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Time {
    pub(crate) hour: i8,
    pub(crate) minute: i8,
    pub(crate) second: Option<i8>,
}

/// As the text gives it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Zone {
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
pub(crate) struct Moment {
    pub(crate) day: Day,
    pub(crate) time: Option<Time>,
    pub(crate) zone: Zone,
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
            local: day.to_datetime(time),
            offset: match self.zone {
                Zone::Unknown => None,
                Zone::Utc => Some(0),
                Zone::Offset {
                    is_west,
                    hours,
                    minutes,
                } => {
                    let east = i16::from(hours) * 60 + i16::from(minutes);
                    Some(if is_west { -east } else { east })
                }
            },
        })
    }
}

/// `2021-08-18 15:55:23+08:00` and its kin.
fn numeric(mut cursor: DateCursor<'_>) -> Option<Moment> {
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

fn numeric_day(cursor: &mut DateCursor<'_>) -> Option<Day> {
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
fn mail(mut cursor: DateCursor<'_>) -> Option<Moment> {
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
fn month_first(mut cursor: DateCursor<'_>) -> Option<Moment> {
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
    fn seconds_since_1970() {
        let day = |text| unix(text).map(|date| date.rfc3339);
        assert_eq!(day("1709649000").as_deref(), Some("2024-03-05T14:30:00Z"));
        assert_eq!(day("1709649000000").as_deref(), Some("2024-03-05T14:30:00Z"));
        assert_eq!(day("170964900"), None);
    }

    #[test]
    fn months_and_days_swap_where_both_may_be_either() {
        let swapped = |raw: &str, day: &str| {
            let date = parse(day).expect("a date");
            with_month_and_day_swapped(raw, &date).map(|date| date.rfc3339)
        };
        assert_eq!(
            swapped("11/01/2023 12:43", "2023-01-11 12:43").as_deref(),
            Some("2023-11-01T12:43:00Z")
        );
        assert_eq!(swapped("25/01/2023", "2023-01-25"), None);
        assert_eq!(swapped("01/01/2023", "2023-01-01"), None);
        assert_eq!(swapped("2023/01/11", "2023-01-11"), None);
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
