//! The time zone of a date that names none: that of the country, if the country keeps one time; else UTC, with a warning.
//!
//! Zones change by law, and a table of all of them is a megabyte that ages. Here are the countries that have kept one
//! offset for decades, and those of Europe that change to summer time by the union's rule (directive 2000/84/EC, in force
//! in that form since 1996): the last Sundays of March and October, at 01:00 UTC. A date before the year in the table has
//! no known zone. Countries with several zones, or whose summer time was moved by decree, are not in it.

use jiff::civil::{Date as Day, DateTime};

use super::{Date, Precision};
use crate::{
    error::{Warning, WarningCode},
    metadata::{Facts, Source, Sources},
};

/// By the country's top-level domain: minutes east of UTC in winter, whether it keeps Europe's summer time, and the first
/// year of which that is true.
const COUNTRIES: &[(&str, i16, bool, i16)] = &[
    ("gb", 0, true, 1996),
    ("uk", 0, true, 1996),
    ("ie", 0, true, 1996),
    ("al", 60, true, 1996),
    ("at", 60, true, 1996),
    ("ba", 60, true, 1996),
    ("be", 60, true, 1996),
    ("ch", 60, true, 1996),
    ("cz", 60, true, 1996),
    ("de", 60, true, 1996),
    ("dk", 60, true, 1996),
    ("fr", 60, true, 1996),
    ("hr", 60, true, 1996),
    ("hu", 60, true, 1996),
    ("it", 60, true, 1996),
    ("li", 60, true, 1996),
    ("lu", 60, true, 1996),
    ("mc", 60, true, 1996),
    ("mk", 60, true, 1996),
    ("mt", 60, true, 1996),
    ("nl", 60, true, 1996),
    ("no", 60, true, 1996),
    ("pl", 60, true, 1996),
    ("rs", 60, true, 1996),
    ("se", 60, true, 1996),
    ("si", 60, true, 1996),
    ("sk", 60, true, 1996),
    ("sm", 60, true, 1996),
    ("bg", 120, true, 1997),
    ("cy", 120, true, 1998),
    ("ee", 120, true, 2002),
    ("fi", 120, true, 1996),
    ("gr", 120, true, 1996),
    ("lt", 120, true, 2003),
    ("lv", 120, true, 2001),
    ("ro", 120, true, 1997),
    ("ua", 120, true, 1997),
    ("gh", 0, false, 1960),
    ("is", 0, false, 1968),
    ("dz", 60, false, 1982),
    ("ng", 60, false, 1920),
    ("tn", 60, false, 2009),
    ("ao", 60, false, 1960),
    ("za", 120, false, 1945),
    ("zw", 120, false, 1945),
    ("by", 180, false, 2012),
    ("et", 180, false, 1945),
    ("ke", 180, false, 1961),
    ("kw", 180, false, 1951),
    ("qa", 180, false, 1973),
    ("sa", 180, false, 1951),
    ("tr", 180, false, 2017),
    ("tz", 180, false, 1962),
    ("ug", 180, false, 1961),
    ("ae", 240, false, 1945),
    ("am", 240, false, 2012),
    ("az", 240, false, 2016),
    ("ge", 240, false, 2006),
    ("om", 240, false, 1945),
    ("af", 270, false, 1945),
    ("uz", 300, false, 1993),
    ("in", 330, false, 1946),
    ("lk", 330, false, 2007),
    ("np", 345, false, 1986),
    ("mm", 390, false, 1946),
    ("kh", 420, false, 1980),
    ("th", 420, false, 1945),
    ("vn", 420, false, 1976),
    ("cn", 480, false, 1992),
    ("hk", 480, false, 1980),
    ("mo", 480, false, 1980),
    ("my", 480, false, 1982),
    ("ph", 480, false, 1991),
    ("sg", 480, false, 1982),
    ("tw", 480, false, 1980),
    ("jp", 540, false, 1952),
    ("kr", 540, false, 1989),
    ("bo", -240, false, 1933),
    ("ar", -180, false, 2010),
    ("uy", -180, false, 2016),
    ("do", -240, false, 2001),
    ("jm", -300, false, 1984),
    ("pa", -300, false, 1945),
    ("pe", -300, false, 1995),
    ("cr", -360, false, 1993),
    ("sv", -360, false, 1989),
];

/// Domains of countries that are sold to everyone: they say nothing about a place.
const SOLD: &[&str] = &[
    "ai", "am", "cc", "co", "eu", "fm", "im", "io", "la", "li", "me", "to", "tv", "ws",
];

/// The country that a language is the language of, where all countries that write it keep one time.
const LANGUAGES: &[(&str, &str)] = &[
    ("bg", "bg"),
    ("cs", "cz"),
    ("da", "dk"),
    ("de", "de"),
    ("el", "gr"),
    ("et", "ee"),
    ("fi", "fi"),
    ("hu", "hu"),
    ("it", "it"),
    ("ja", "jp"),
    ("ko", "kr"),
    ("lt", "lt"),
    ("lv", "lv"),
    ("nb", "no"),
    ("nn", "no"),
    ("no", "no"),
    ("pl", "pl"),
    ("ro", "ro"),
    ("sk", "sk"),
    ("sl", "si"),
    ("th", "th"),
    ("vi", "vn"),
    ("zh", "cn"),
];

/// Minutes east of UTC on the clocks of a country at a local time.
fn offset(country: &str, local: DateTime) -> Option<i16> {
    let (_, winter, has_summer, since) = *COUNTRIES.iter().find(|(name, ..)| *name == country)?;
    if local.year() < since {
        return None;
    }
    let is_summer = has_summer && {
        // At 01:00 UTC the clocks show `winter` minutes past one, before they are changed.
        let change = |month| {
            let day = last_sunday(local.year(), month)?;
            day.at(1, 0, 0, 0)
                .checked_add(jiff::SignedDuration::from_mins(i64::from(winter)))
                .ok()
        };
        change(3).is_some_and(|spring| local >= spring) && change(10).is_some_and(|autumn| local < autumn)
    };
    Some(if is_summer { winter + 60 } else { winter })
}

fn last_sunday(year: i16, month: i8) -> Option<Day> {
    let last = Day::new(year, month, 31).ok()?;
    let back = last.weekday().to_sunday_zero_offset();
    Day::new(year, month, 31 - back).ok()
}

/// The country of a document: by its host, else by the region that its language names, else by the language itself.
fn country(host: Option<&str>, language: Option<&str>) -> Option<String> {
    let known = |name: &str| COUNTRIES.iter().any(|(own, ..)| *own == name);
    let domain = host
        .and_then(|host| host.rsplit('.').next())
        .map(str::to_ascii_lowercase);
    if let Some(domain) = domain.filter(|domain| domain.len() == 2 && !SOLD.contains(&domain.as_str())) {
        return Some(domain).filter(|domain| known(domain));
    }
    let mut parts = language?.split('-');
    let language = parts.next()?.to_ascii_lowercase();
    let region = parts.find(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_alphabetic()));
    match region {
        Some(region) => Some(region.to_ascii_lowercase()).filter(|region| known(region)),
        None => LANGUAGES
            .iter()
            .find(|(name, _)| *name == language)
            .map(|(_, country)| (*country).to_owned()),
    }
}

/// Minutes east of UTC where a page is from, at a date.
pub(crate) fn of_page(sources: &Sources<'_>, language: Option<&str>, date: &Date) -> Option<i16> {
    let host = sources.address.url.as_ref().and_then(|(url, _)| url.host_str());
    offset(&country(host, language)?, date.local)
}

/// Gives the dates that name no zone the country's. Front matter's are UTC by the contract of feeds, and a day stays the
/// day that it is.
pub(crate) fn settle(facts: &mut Facts, sources: &Sources<'_>) {
    let host = sources.address.url.as_ref().and_then(|(url, _)| url.host_str());
    let country = country(host, facts.language.as_deref());
    let by_front_matter = |facts: &Facts, field: &str| {
        let said = facts.provenance.get(field).map(|said| said.source);
        matches!(said, Some(Source::FrontMatter | Source::Caller) | None)
    };
    let local = |date: &Date| {
        let offset = offset(country.as_deref()?, date.local).filter(|_| !date.zone_given)?;
        Some(date.at_offset(offset))
    };
    if !by_front_matter(facts, "date_published")
        && let Some(date) = &mut facts.date_published
        && !date.zone_given
    {
        match local(date) {
            Some(zoned) => *date = zoned,
            None if date.precision != Precision::Day => {
                let raw = facts.date_published_raw.as_deref().unwrap_or(&date.rfc3339);
                let detail = format!("{raw:?} names no time zone, and neither does the page; UTC was taken");
                facts.warnings.push(Warning::new(WarningCode::DateWithoutZone, detail));
            }
            None => {}
        }
    }
    if !by_front_matter(facts, "date_modified")
        && let Some(date) = &mut facts.date_modified
        && let Some(zoned) = local(date)
    {
        *date = zoned;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(country: &str, local: &str) -> Option<i16> {
        offset(country, local.parse().expect("a local time"))
    }

    #[test]
    fn summer_time_begins_and_ends_by_the_rule() {
        assert_eq!(at("de", "2024-03-31T01:59:59"), Some(60));
        assert_eq!(at("de", "2024-03-31T03:00:00"), Some(120));
        assert_eq!(at("de", "2024-10-27T01:59:59"), Some(120));
        assert_eq!(at("de", "2024-10-27T03:00:00"), Some(60));
        assert_eq!(at("uk", "2021-07-01T00:00:00"), Some(60));
        assert_eq!(at("fi", "2021-01-01T00:00:00"), Some(120));
        assert_eq!(at("de", "1990-07-01T00:00:00"), None);
    }

    #[test]
    fn countries_without_summer_time_keep_theirs() {
        assert_eq!(at("cn", "2024-07-01T00:00:00"), Some(480));
        assert_eq!(at("cn", "1988-07-01T00:00:00"), None);
        assert_eq!(at("in", "2024-01-01T00:00:00"), Some(330));
        assert_eq!(at("us", "2024-01-01T00:00:00"), None);
    }

    #[test]
    fn the_host_says_where_and_the_language_if_it_does_not() {
        let is = |host, language, expected: Option<&str>| {
            assert_eq!(country(host, language).as_deref(), expected, "{host:?} {language:?}");
        };
        is(Some("www.example.de"), Some("en-US"), Some("de"));
        is(Some("example.com.cn"), None, Some("cn"));
        is(Some("example.com"), Some("de-AT"), Some("at"));
        is(Some("example.com"), Some("zh-Hant-TW"), Some("tw"));
        is(Some("example.com"), Some("zh"), Some("cn"));
        is(Some("example.io"), Some("de"), Some("de"));
        is(Some("example.us"), Some("de"), None);
        is(Some("example.com"), Some("en-US"), None);
        is(Some("example.com"), Some("en"), None);
        is(None, None, None);
    }

    #[test]
    fn each_country_stands_once_and_each_language_leads_to_one() {
        for (i, (name, ..)) in COUNTRIES.iter().enumerate() {
            assert!(COUNTRIES[..i].iter().all(|(other, ..)| other != name), "{name}");
        }
        for (_, country) in LANGUAGES {
            assert!(COUNTRIES.iter().any(|(name, ..)| name == country), "{country}");
        }
    }
}
