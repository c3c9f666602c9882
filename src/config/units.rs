//! Sizes, times and counts as people write them, read and written the same way.

use std::time::Duration;

use bytesize::ByteSize;

use super::{InvalidSetting, bad};

/// Timers below a millisecond only ever mean "refuse everything".
const MIN_TIME: Duration = Duration::from_millis(1);
/// Longer than a day is a typing error, and far from where adding to the clock could overflow.
const MAX_TIME: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn size(name: &'static str, given: &str) -> Result<usize, InvalidSetting> {
    given
        .parse::<ByteSize>()
        .ok()
        .and_then(|size| usize::try_from(size.as_u64()).ok())
        .filter(|&bytes| bytes > 0)
        .ok_or_else(|| bad(name, given, "is no size; write a number with a unit, as 16MiB"))
}

pub(super) fn time(name: &'static str, given: &str) -> Result<Duration, InvalidSetting> {
    let wanted = "is no time from 1ms to 1day; write a number with a unit, as 10s";
    humantime::parse_duration(given)
        .ok()
        .filter(|time| (MIN_TIME..=MAX_TIME).contains(time))
        .ok_or_else(|| bad(name, given, wanted))
}

/// A time that may also be none at all, written `0s`.
pub(super) fn time_or_none(name: &'static str, given: &str) -> Result<Duration, InvalidSetting> {
    match humantime::parse_duration(given) {
        Ok(Duration::ZERO) => Ok(Duration::ZERO),
        _ => time(name, given),
    }
}

pub(super) fn truth(name: &'static str, given: &str) -> Result<bool, InvalidSetting> {
    match given.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(bad(name, given, "is neither true nor false")),
    }
}

pub(super) fn count(name: &'static str, given: &str, most: usize) -> Result<usize, InvalidSetting> {
    given
        .parse()
        .ok()
        .filter(|count| (1..=most).contains(count))
        .ok_or_else(|| bad(name, given, format!("is no count from 1 to {most}")))
}

/// In the largest unit that divides it, so that nothing is rounded.
pub(super) fn write_size(bytes: usize) -> String {
    for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] {
        if bytes >> shift > 0 && bytes.trailing_zeros() >= shift {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    format!("{bytes}B")
}

pub(super) fn write_time(time: Duration) -> String {
    humantime::format_duration(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for bytes in [1, 1000, 1 << 10, 3 << 20, (3 << 20) + 1, 2 << 30] {
            assert_eq!(size("--x", &write_size(bytes)), Ok(bytes), "{}", write_size(bytes));
        }
        for milliseconds in [1, 250, 1500, 90_000] {
            let span = Duration::from_millis(milliseconds);
            assert_eq!(time("--x", &write_time(span)), Ok(span), "{}", write_time(span));
        }
        assert_eq!(time_or_none("--x", "0s"), Ok(Duration::ZERO));
    }
}
