//! What a stream has removed, as lines of JSON with the names that `removed` has in an article.

use std::collections::BinaryHeap;

use serde::Serialize;

use crate::{
    engine::stream::removals::RemovedRegion,
    rules::{Category, RuleSet},
};

#[derive(Serialize)]
struct RemovedLine<'a> {
    rule: &'a str,
    category: Category,
    tag: Option<&'a str>,
    byte_start: usize,
    byte_end: usize,
}

/// One removal as a JSON object, without a newline, in ASCII: it may go into a header.
pub fn render(removal: &RemovedRegion, rules: &RuleSet) -> String {
    let removed = RemovedLine {
        rule: removal.reason.name(rules),
        category: removal.reason.category(rules),
        tag: removal.tag.as_deref(),
        byte_start: removal.range.start,
        byte_end: removal.range.end,
    };
    let json = serde_json::to_string(&removed).unwrap_or_else(|e| unreachable!("names and numbers: {e}"));
    if json.is_ascii() {
        return json;
    }
    // Ids of rules and names of elements may be anything; JSON may write it all by its UTF-16 units.
    let mut ascii = String::with_capacity(2 * json.len());
    for character in json.chars() {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            let units = character.encode_utf16(&mut [0; 2]).to_vec();
            ascii.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    ascii
}

/// What a stream has removed in all, for an end that must be short: how many regions, how many bytes, and the largest.
#[derive(Debug, Default)]
pub struct RemovalSummary {
    /// Regions.
    pub total: u64,
    /// Their bytes.
    pub bytes: u64,
    largest: BinaryHeap<BySize>,
}

/// Regions that a summary lists at most.
const MOST_LISTED: usize = 20;
/// Bytes of their list at most: with the other headers it stays within what clients take of trailers.
const MOST_BYTES: usize = 4 << 10;

impl RemovalSummary {
    /// Adds what has gone.
    pub fn add(&mut self, removals: Vec<RemovedRegion>) {
        for removal in removals {
            self.total += 1;
            self.bytes += removal.range.len() as u64;
            self.largest.push(BySize(removal));
            if self.largest.len() > MOST_LISTED {
                self.largest.pop();
            }
        }
    }

    /// The largest regions as a JSON list, in the order of the document: 20 at most, and fewer where they would be
    /// longer than 4 KiB.
    pub fn render_largest(self, rules: &RuleSet) -> String {
        let by_size = self.largest.into_sorted_vec();
        let mut room = MOST_BYTES - "[]".len();
        let mut listed = Vec::new();
        for BySize(removal) in by_size {
            let line = render(&removal, rules);
            if line.len() + 1 > room {
                break;
            }
            room -= line.len() + 1;
            listed.push((removal.range.start, line));
        }
        listed.sort();
        let lines: Vec<String> = listed.into_iter().map(|(_, line)| line).collect();
        format!("[{}]", lines.join(","))
    }
}

/// The smallest is the greatest, so that a heap gives it first; of two alike the one that stands later.
#[derive(Debug, PartialEq, Eq)]
struct BySize(RemovedRegion);

impl Ord for BySize {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |removal: &RemovedRegion| (std::cmp::Reverse(removal.range.len()), removal.range.start);
        key(&self.0).cmp(&key(&other.0))
    }
}

impl PartialOrd for BySize {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::engine::extract::reason::RemovalReason;

    fn removal(range: Range<usize>, tag: &str) -> RemovedRegion {
        RemovedRegion {
            reason: RemovalReason::Caller,
            tag: Some(tag.into()),
            range,
        }
    }

    fn rules() -> RuleSet {
        RuleSet::built_in().expect("the built-in rules load")
    }

    #[test]
    fn a_line_is_ascii_whatever_names_hold() {
        assert_eq!(
            render(&removal(3..9, "x-日😀"), &rules()),
            r#"{"rule":"user/remove","category":"user","tag":"x-\u65e5\ud83d\ude00","byte_start":3,"byte_end":9}"#
        );
    }

    #[test]
    fn a_summary_lists_the_largest_in_order_and_is_short() {
        let mut summary = RemovalSummary::default();
        // One byte, two bytes, and so on, in turn with single ones.
        let removals = (0..100).flat_map(|i| {
            [
                removal(1000 * i..1000 * i + i + 1, "p"),
                removal(1000 * i + 500..1000 * i + 501, "b"),
            ]
        });
        summary.add(removals.collect());
        assert_eq!((summary.total, summary.bytes), (200, 5050 + 100));
        let list: serde_json::Value = serde_json::from_str(&summary.render_largest(&rules())).expect("JSON");
        let starts: Vec<_> = list
            .as_array()
            .expect("a list")
            .iter()
            .map(|entry| entry["byte_start"].as_u64())
            .collect();
        assert_eq!(starts, (80..100).map(|i| Some(1000 * i)).collect::<Vec<_>>());

        let mut long = RemovalSummary::default();
        let name = "x".repeat(1500);
        long.add((0..9).map(|i| removal(10 * i..10 * i + i + 1, &name)).collect());
        let list = long.render_largest(&rules());
        assert!(
            list.len() <= MOST_BYTES && list.matches("rule").count() == 2,
            "{}",
            list.len()
        );
        assert_eq!(RemovalSummary::default().render_largest(&rules()), "[]");
    }
}
