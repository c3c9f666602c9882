//! Prints the blocks of pages for `fit.py`: for each file named on standard input a line of JSON, after a first line with the
//! names of the features. `blocks` gives their features, `blocks MODEL` which of them stay by this model, in each mode.

use std::{
    io::{self, BufRead as _, Write as _},
    time::Duration,
};

use copydesk::{
    bounds::{Bounds, Deadline},
    engine::{
        self, Choice, Mode, Outline, Rulebook, Units,
        score::{self, features, model::Model},
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
    let model = match std::env::args().nth(1) {
        Some(path) => Some(Model::parse(&std::fs::read_to_string(path)?)?),
        None => None,
    };
    for path in io::stdin().lock().lines() {
        let path = path?;
        let page = read(&path, &choice, model.as_ref())?;
        writeln!(out, "{{\"path\":{},{page}}}", json!(path))?;
    }
    Ok(out.flush()?)
}

fn read(path: &str, choice: &Choice, model: Option<&Model>) -> Result<String, Box<dyn std::error::Error>> {
    let bytes = std::fs::read(path)?;
    let document = Document {
        bytes: &bytes,
        content_type: Some("text/html"),
        ..Document::default()
    };
    let page = input::read(&document, &Bounds::default())?;
    let deadline = Deadline::after(Duration::from_secs(60));
    let outline = engine::survey(page.html(), choice, &Bounds::default(), &deadline)?;
    let units = Units::find(&outline);
    Ok(match model {
        None => blocks(&outline, &units),
        Some(model) => kept(model, &outline, &units),
    })
}

/// The blocks with their features.
fn blocks(outline: &Outline<'_>, units: &Units) -> String {
    let is_ruled = |element: u32| {
        std::iter::successors(outline.elements.get(element as usize), |e| {
            outline.elements.get(e.parent as usize)
        })
        .any(|e| outline.rule_drops(e))
    };
    let mut blocks = Vec::new();
    score::each_block(outline, units, |number, block, features| {
        let runs = &outline.runs[block.first_run as usize..block.next_run as usize];
        let text: String = runs
            .iter()
            .map(|run| run.decode(&outline.source[run.start as usize..run.end as usize]))
            .collect();
        let (text, ruled) = (json!(text), is_ruled(runs[0].parent));
        // Printed as they are, not as what they are when widened.
        let features: Vec<String> = features.iter().map(f32::to_string).collect();
        let features = features.join(",");
        blocks.push(format!(
            "{{\"number\":{number},\"text\":{text},\"ruled\":{ruled},\"features\":[{features}]}}"
        ));
    });
    format!("\"blocks\":[{}]", blocks.join(","))
}

/// The numbers of the blocks that stay, by mode.
fn kept(model: &Model, outline: &Outline<'_>, units: &Units) -> String {
    let modes = [
        ("precision", Mode::Precision),
        ("balanced", Mode::Balanced),
        ("recall", Mode::Recall),
    ];
    let kept = modes.map(|(name, mode)| {
        let blocks = score::choose_by(model, outline, units, mode).blocks;
        let kept: Vec<usize> = (0..blocks.len()).filter(|i| blocks[*i].kept).collect();
        format!("\"{name}\":{}", json!(kept))
    });
    kept.join(",")
}
