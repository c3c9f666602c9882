//! The small parser below `dates`: what is left of a text, and the parts of a date that it may begin with.

use super::{Day, Moment, Time, Zone};

/// What is left of the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DateCursor<'a> {
    pub(crate) rest: &'a str,
}

impl<'a> DateCursor<'a> {
    pub(crate) fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// What stands between the words of a mail's date: blanks, or RFC 850's hyphen.
    pub(crate) fn separator(&mut self) -> Option<()> {
        let before = self.rest.len();
        self.blanks();
        if self.rest.len() == before {
            self.eat_any(&["-"])?;
        }
        Some(())
    }

    pub(crate) fn eat_any(&mut self, words: &[&'static str]) -> Option<&'static str> {
        let word = words.iter().find(|word| self.rest.starts_with(**word))?;
        self.rest = &self.rest[word.len()..];
        Some(word)
    }

    pub(crate) fn count_digits(&self) -> usize {
        self.rest.bytes().take_while(u8::is_ascii_digit).count()
    }

    /// Exactly `digits` digits, four at most.
    pub(crate) fn number(&mut self, digits: usize) -> Option<i16> {
        let (number, rest) = self.rest.split_at_checked(digits)?;
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.rest = rest;
        number.parse().ok()
    }

    /// A number of one or two digits, and no third.
    pub(crate) fn number_up_to_2(&mut self) -> Option<i8> {
        match self.count_digits() {
            digits @ 1..=2 => i8::try_from(self.number(digits)?).ok(),
            _ => None,
        }
    }

    /// A word of ASCII letters.
    pub(crate) fn word(&mut self) -> &'a str {
        let end = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// Passes the name of a day. It is not compared with the date: where the two disagree, the name is wrong.
    pub(crate) fn day_name(&mut self) {
        let mut ahead = *self;
        if is_name(ahead.word(), DAYS).is_some() {
            ahead.eat_any(&[","]);
            ahead.eat_any(&["."]);
            ahead.blanks();
            *self = ahead;
        }
    }

    pub(crate) fn month_name(&mut self) -> Option<i8> {
        let month = is_name(self.word(), MONTHS)?;
        self.eat_any(&["."]);
        i8::try_from(month + 1).ok()
    }

    pub(crate) fn after_year(mut self, day: Day) -> Option<Moment> {
        self.eat_any(&[","]);
        self.blanks();
        if self.count_digits() == 0 {
            return self.end_with_zone(day, None);
        }
        let time = self.time()?;
        self.end_with_zone(day, Some(time))
    }

    /// `7:55`, `07:55:23.5`, `7时55分23秒`, `075523`.
    pub(crate) fn time(&mut self) -> Option<Time> {
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
    pub(crate) fn end_with_zone(mut self, day: Day, time: Option<Time>) -> Option<Moment> {
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

    pub(crate) fn zone(&mut self) -> Option<Zone> {
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
            "CDT" => Some(west(5)),
            "CST" => Some(Zone::Unknown),
            "AST" => Some(west(4)),
            "AKST" => Some(west(9)),
            "HST" => Some(west(10)),
            "WET" => Some(east(0)),
            "BST" | "WEST" | "CET" | "MEZ" => Some(east(60)),
            "CEST" | "MESZ" | "EET" | "SAST" | "CAT" => Some(east(120)),
            "EEST" | "MSK" | "EAT" | "TRT" => Some(east(180)),
            "PKT" => Some(east(300)),
            "WIB" | "ICT" => Some(east(420)),
            "HKT" | "SGT" | "PHT" | "MYT" | "AWST" => Some(east(480)),
            "JST" | "KST" => Some(east(540)),
            "AEST" => Some(east(600)),
            "AEDT" => Some(east(660)),
            "NZST" => Some(east(720)),
            "NZDT" => Some(east(780)),
            "" if self.rest.starts_with('(') => Some(Zone::Unknown),
            _ => None,
        }
    }

    /// `+08:00`, `+0800`, `+08`, `+8`.
    pub(crate) fn offset(&mut self) -> Option<Zone> {
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

fn east(minutes: u16) -> Zone {
    Zone::Offset {
        is_west: false,
        hours: (minutes / 60) as u8,
        minutes: (minutes % 60) as u8,
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
