//! Prints the blocks of pages for `fit.py`: for each file named on standard input (and, behind a tab, its address) a line of
//! JSON, after a first line with the names of the features of blocks and of pages. `blocks` gives their features, `blocks
//! MODEL MODEL` which blocks stay by these models (of blocks, of pages) in each mode, and how good the last
//! answer is.

use std::{
    io::{self, BufRead as _, Write as _},
    time::Duration,
};

use copydesk::{
    bounds::{Bounds, Deadline},
    engine::{
        self, ActiveRules, Document, Mode, Rulebook, Units,
        extract::score::{self, features, model::Model, page_kind},
    },
    input::{self, RawDocument},
    rules::{DocumentContext, RuleSet},
};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rulebook = Rulebook::new(RuleSet::built_in()?);
    let choice = rulebook.choose(DocumentContext::default(), &[], &[], &[])?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    writeln!(out, "{}", json!([features::names(), page_kind::names()]))?;
    let models = std::env::args()
        .skip(1)
        .map(|path| Ok(Model::parse(&std::fs::read_to_string(path)?)?));
    let models: Vec<Model> = models.collect::<Result<_, Box<dyn std::error::Error>>>()?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (path, address) = line.split_once('\t').unwrap_or((&line, ""));
        let address = (!address.is_empty()).then_some(address);
        let page = read(path, address, &choice, &models)?;
        writeln!(out, "{{\"path\":{},{page}}}", json!(path))?;
    }
    Ok(out.flush()?)
}

fn read(
    path: &str,
    address: Option<&str>,
    choice: &ActiveRules,
    models: &[Model],
) -> Result<String, Box<dyn std::error::Error>> {
    let bytes = std::fs::read(path)?;
    let document = RawDocument {
        bytes: &bytes,
        content_type: Some("text/html"),
        ..RawDocument::default()
    };
    let page = input::read(&document, &Bounds::default())?;
    let deadline = Deadline::after(Duration::from_secs(60));
    let document = engine::parse(page.html(), choice, &Bounds::default(), &deadline)?;
    let units = Units::find(&document);
    Ok(match models {
        [of_blocks, of_pages] => kept(of_blocks, of_pages, &document, &units, address),
        _ => blocks(&document, &units, address),
    })
}

/// The blocks with their features.
fn blocks(document: &Document<'_>, units: &Units, address: Option<&str>) -> String {
    let is_ruled = |element: u32| {
        std::iter::successors(document.elements.get(element as usize), |e| {
            document.elements.get(e.parent as usize)
        })
        .any(|e| document.rule_drops(e))
    };
    let mut blocks = Vec::new();
    let page = score::each_block(document, units, address, |number, block, features| {
        let runs = &document.runs[block.first_run as usize..block.next_run as usize];
        let text: String = runs
            .iter()
            .map(|run| run.decode(&document.source[run.start as usize..run.end as usize]))
            .collect();
        let (text, ruled) = (json!(text), is_ruled(runs[0].parent));
        // Printed as they are, not as what they are when widened.
        let features: Vec<String> = features.iter().map(f32::to_string).collect();
        let features = features.join(",");
        blocks.push(format!(
            "{{\"number\":{number},\"text\":{text},\"ruled\":{ruled},\"features\":[{features}]}}"
        ));
    });
    let page: Vec<String> = page[..page_kind::names().len()].iter().map(f32::to_string).collect();
    format!("\"page\":[{}],\"blocks\":[{}]", page.join(","), blocks.join(","))
}

/// The numbers of the blocks that stay, by mode, and the kinds.
fn kept(of_blocks: &Model, of_pages: &Model, document: &Document<'_>, units: &Units, address: Option<&str>) -> String {
    let modes = [
        ("precision", Mode::Precision),
        ("recall", Mode::Recall),
        ("balanced", Mode::Balanced),
    ];
    let mut quality = 0.0;
    let kept = modes.map(|(name, mode)| {
        let choice = score::choose_by(of_blocks, of_pages, document, units, address, mode);
        quality = choice.quality;
        let kept: Vec<usize> = (0..choice.blocks.len()).filter(|i| choice.blocks[*i].kept).collect();
        format!("\"{name}\":{}", json!(kept))
    });
    format!("\"quality\":{quality},{}", kept.join(","))
}
