//! Prints the lines of documents for `fit_lines.py`: for each file named on standard input a line of JSON, after a first line with
//! the names of the features. `lines` gives their texts and features; of a page those around its article. `lines MODEL THRESHOLD…`
//! gives for each probability the lines that go by this model.

use std::{
    io::{self, BufRead as _, Write as _},
    time::Duration,
};

use copydesk::{
    bounds::{Bounds, Deadline},
    engine::{
        self, ActiveRules, Document, Mode, Rulebook, Units,
        extract::{
            line_score::{self, features},
            lines::{self, LineDecisions},
            score::{self, model::Model},
        },
    },
    input::{self, RawDocument},
    rules::{DocumentContext, RuleSet},
};
use serde_json::{Value, json};

/// Lines before and behind a page's article that are printed.
const AROUND: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rulebook = Rulebook::new(RuleSet::built_in()?);
    let choice = rulebook.choose(DocumentContext::default(), &[], &[], &[])?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    writeln!(out, "{}", json!(features::names()))?;
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().map(std::fs::read_to_string).transpose()?;
    let model = model.map(|text| Model::parse(&text)).transpose()?;
    let thresholds = arguments
        .map(|threshold| threshold.parse())
        .collect::<Result<Vec<f32>, _>>()?;
    for path in io::stdin().lock().lines() {
        let path = path?;
        let bytes = std::fs::read(&path)?;
        let is_post = path.ends_with(".md");
        let document = RawDocument {
            bytes: &bytes,
            content_type: Some(if is_post { "text/markdown" } else { "text/html" }),
            ..RawDocument::default()
        };
        let page = input::read(&document, &Bounds::default())?;
        let document = engine::parse(
            page.html(),
            &choice,
            &Bounds::default(),
            &Deadline::after(Duration::from_secs(60)),
        )?;
        let found = match &model {
            Some(model) => gone(model, &thresholds, &document, &choice),
            None => rows(&document, &choice, is_post),
        };
        writeln!(out, "{}", json!({ "path": path, "lines": found }))?;
    }
    Ok(out.flush()?)
}

/// The lines with their features; of a page those from a little before its article to a little behind it.
fn rows(document: &Document<'_>, choice: &ActiveRules, is_post: bool) -> Vec<Value> {
    let ruled = ruled(document, choice);
    let all = 0..document.source.len();
    let within = if is_post {
        all.clone()
    } else {
        article(document, &features::lines(document, &all, &ruled))
    };
    let lines = features::lines(document, &within, &ruled);
    let places = features::LinePositions::new(document, &lines);
    let row = |i: usize| {
        let line = &lines[i];
        let text = engine::ranges::text_in(document, &line.range, usize::MAX / 16);
        json!({
            "start": line.range.start, "text": text, "asked": !line.text.is_empty(), "ruled": line.is_ruled,
            "features": places.features(i),
        })
    };
    (0..lines.len()).map(row).collect()
}

fn ruled(document: &Document<'_>, choice: &ActiveRules) -> Vec<std::ops::Range<usize>> {
    line_score::dropped_by_rules(document, &lines::read(document, choice))
}

fn article(document: &Document<'_>, lines: &[features::TextLine]) -> std::ops::Range<usize> {
    let units = Units::find(document);
    let ranges = score::choose(document, &units, None, Mode::Recall).ranges;
    let is_kept = |line: &features::TextLine| ranges.iter().any(|range| range.contains(&line.range.start));
    let first = lines.iter().position(is_kept).unwrap_or(0);
    let last = lines.iter().rposition(is_kept).unwrap_or(0);
    let start = lines
        .get(first.saturating_sub(AROUND))
        .map_or(0, |line| line.range.start);
    let end = lines
        .get((last + AROUND).min(lines.len().saturating_sub(1)))
        .map_or(0, |line| line.range.end);
    start..end
}

/// For each probability where the lines begin that go, each with its reason.
fn gone(model: &Model, thresholds: &[f32], document: &Document<'_>, choice: &ActiveRules) -> Vec<Value> {
    let lines: LineDecisions = lines::read(document, choice);
    let gone = |threshold: &f32| {
        let gone = line_score::read_by(model, document, &lines, *threshold);
        gone.into_iter()
            .map(|(range, reason)| json!([range.start, reason.as_str()]))
            .collect()
    };
    thresholds.iter().map(gone).collect()
}
