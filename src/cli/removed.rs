//! `copydesk normalize --removed FILES…`: what went of each document of an archive, by rule, the worst first.
//!
//! All documents are read before the first line is printed, and only their figures are held.

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::Failure;
use crate::{
    pipeline::{Answer, Pipeline, Trace},
    rules::{Category, RuleSet},
};

/// A line about a document.
#[derive(Serialize)]
struct RemovedLine {
    file: String,
    /// Its visible characters.
    characters: u64,
    /// How many of them went.
    removed: u64,
    /// The same as a share.
    share: f64,
    /// What took them, the greediest first.
    rules: Vec<RuleTotals>,
    /// How many rules would have taken too much, and were not obeyed.
    rolled_back: usize,
}

#[derive(Serialize)]
struct RuleTotals {
    rule: String,
    category: Category,
    characters: u64,
    share: f64,
}

/// A line about a document of which nothing is known.
#[derive(Serialize)]
struct UnreadLine {
    file: String,
    problem: String,
}

/// Prints a line for each file, those that could not be read last.
pub(super) fn run(
    pipeline: &Pipeline,
    files: &[PathBuf],
    normalize: impl Fn(&Path) -> Result<Answer, Failure>,
) -> Result<(), Failure> {
    let (mut removals, mut unread) = (Vec::new(), Vec::new());
    for file in files {
        let name = file.to_string_lossy().into_owned();
        match normalize(file) {
            Ok(answer) => removals.push(RemovedLine::new(name, &answer.trace, pipeline.rules())),
            Err(failure) => unread.push(UnreadLine {
                file: name,
                problem: failure.to_string(),
            }),
        }
    }
    removals.sort_by(|a, b| b.share.total_cmp(&a.share).then(b.removed.cmp(&a.removed)));
    let mut out = BufWriter::new(io::stdout().lock());
    let written = removals.iter().try_for_each(|loss| print(&mut out, loss));
    written
        .and_then(|()| unread.iter().try_for_each(|unread| print(&mut out, unread)))
        .and_then(|()| out.flush())
        .map_err(Failure::output)?;
    match unread.len() {
        0 => Ok(()),
        count => Err(Failure::No(format!(
            "{count} of {} documents could not be read",
            files.len()
        ))),
    }
}

fn print(out: &mut impl io::Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

impl RemovedLine {
    fn new(file: String, trace: &Trace, rules: &RuleSet) -> Self {
        let mut by_rule: BTreeMap<&str, (Category, u64)> = BTreeMap::new();
        for taken in &trace.removed {
            let (_, characters) = by_rule.entry(taken.reason.name(rules)).or_insert((taken.category, 0));
            *characters += u64::from(taken.characters);
        }
        let all = u64::from(trace.characters);
        let share = |characters: u64| round(characters as f64 / all.max(1) as f64);
        let removed = by_rule.values().map(|(_, characters)| characters).sum();
        let by_rule = by_rule.into_iter().map(|(rule, (category, characters))| RuleTotals {
            rule: rule.to_owned(),
            category,
            characters,
            share: share(characters),
        });
        let mut by_rule: Vec<_> = by_rule.collect();
        by_rule.sort_by_key(|rule| std::cmp::Reverse(rule.characters));
        RemovedLine {
            file,
            characters: all,
            removed,
            share: share(removed),
            rules: by_rule,
            rolled_back: trace.rolled_back,
        }
    }
}

/// Ten-thousandths are enough to sort by.
fn round(share: f64) -> f64 {
    (share * 10_000.0).round() / 10_000.0
}
