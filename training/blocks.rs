//! Prints the blocks of pages with their features: for each file named on standard input a line of JSON, after a first
//! line with the features' names. What `fit.py` fits the model on.

use std::{
    io::{self, BufRead as _, Write as _},
    time::Duration,
};

use copydesk::{
    bounds::{Bounds, Deadline},
    engine::{
        self, Rulebook,
        score::{self, features},
    },
    input::{self, Document},
    rules::{Origin, RuleSet},
};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rulebook = Rulebook::new(RuleSet::built_in()?);
    let choice = rulebook.choose(Origin::default(), &[], &[], &[])?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    writeln!(out, "{}", json!(features::names()))?;
    for path in io::stdin().lock().lines() {
        let path = path?;
        let bytes = std::fs::read(&path)?;
        let document = Document {
            bytes: &bytes,
            content_type: Some("text/html"),
            ..Document::default()
        };
        let page = input::read(&document, &Bounds::default())?;
        let deadline = Deadline::after(Duration::from_secs(60));
        let outline = engine::survey(page.html(), &choice, &Bounds::default(), &deadline)?;
        let is_ruled = |element: u32| {
            std::iter::successors(outline.elements.get(element as usize), |e| {
                outline.elements.get(e.parent as usize)
            })
            .any(|e| outline.rule_drops(e))
        };
        let mut blocks = Vec::new();
        score::each_block(&outline, |block, features| {
            let runs = &outline.runs[block.first_run as usize..block.next_run as usize];
            let text: String = runs
                .iter()
                .map(|run| run.decode(&outline.source[run.start as usize..run.end as usize]))
                .collect();
            blocks.push(json!({ "text": text, "ruled": is_ruled(runs[0].parent), "features": features }));
        });
        writeln!(out, "{}", json!({ "path": path, "blocks": blocks }))?;
    }
    Ok(out.flush()?)
}
