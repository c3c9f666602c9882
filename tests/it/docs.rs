//! README.md, docs/ and ARCHITECTURE.md against the code: tables, examples, names of files and tests.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use copydesk::{
    bounds::{Bounds, Deadline},
    config,
    error::{ErrorCode, WarningCode},
    http::describe,
    input::RawDocument,
    options::{CleanOptions, Options},
    pipeline::Pipeline,
    rules::{self, RuleSources},
};
use serde_json::Value;

const README: &str = include_str!("../../README.md");
const API: &str = include_str!("../../docs/api.md");
const CONFIGURATION: &str = include_str!("../../docs/configuration.md");
const ARCHITECTURE: &str = include_str!("../../ARCHITECTURE.md");
const RULES: &str = include_str!("../../docs/rules.md");
const INVARIANTS: &str = include_str!("../../docs/invariants.md");
const PAGE: &str = include_str!("../../examples/page.html");

#[test]
fn readme_is_short() {
    assert!(README.lines().count() <= 150);
}

#[test]
fn configuration_lists_every_setting() {
    let (_, rest) = CONFIGURATION
        .split_once("<!-- copydesk config print --markdown -->\n")
        .expect("a mark");
    let (shown, _) = rest.split_once("<!-- the end of it -->").expect("its end");
    assert_eq!(shown, config::markdown(), "put in what the mark says");
}

#[test]
fn docs_name_known_variables_only() {
    let variables: BTreeSet<_> = table(CONFIGURATION, "Settings")
        .into_iter()
        .map(|row| word(&row[1]))
        .collect();
    for (file, text) in documents()
        .into_iter()
        .filter(|(file, _)| file.starts_with("docs/") || file == "README.md")
    {
        let unknown: Vec<_> = text
            .split(|c: char| !c.is_ascii_uppercase() && c != '_')
            .filter(|word| {
                word.len() > "COPYDESK_".len() && word.starts_with("COPYDESK_") && !variables.contains(*word)
            })
            .collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}");
    }
}

#[test]
fn docs_link_to_what_exists() {
    for (file, text) in documents() {
        let folder = root().join(&file);
        let folder = folder.parent().expect("a folder");
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://") && !target.starts_with('#')) {
            let path = target.split('#').next().unwrap_or_default();
            assert!(folder.join(path).exists(), "{file} links to {target}");
        }
    }
}

#[test]
fn api_lists_every_error() {
    let documented: Vec<_> = table(API, "Errors")
        .into_iter()
        .map(|row| (word(&row[0]), row[1].clone(), row[2].clone()))
        .collect();
    let known: Vec<_> = ErrorCode::ALL
        .iter()
        .map(|code| {
            (
                code.to_string(),
                describe(*code).status.to_string(),
                describe(*code).when.to_owned(),
            )
        })
        .collect();
    assert_eq!(documented, known);
}

#[test]
fn api_lists_every_warning() {
    let documented: Vec<_> = table(API, "Warnings").into_iter().map(|row| word(&row[0])).collect();
    let known: Vec<_> = WarningCode::ALL.iter().map(WarningCode::to_string).collect();
    assert_eq!(documented, known);
}

#[test]
fn api_lists_every_route() {
    let documented: BTreeMap<_, BTreeSet<_>> = table(API, "Routes")
        .into_iter()
        .map(|row| (word(&row[0]), row[1].split(", ").map(str::to_owned).collect()))
        .collect();
    let description: Value = serde_saphyr::from_str(include_str!("../../openapi.yaml")).expect("openapi.yaml is YAML");
    let paths = description["paths"].as_object().expect("paths");
    let described = paths
        .iter()
        .map(|(path, operations)| {
            let methods = operations.as_object().expect("operations").keys();
            (path.clone(), methods.map(|method| method.to_uppercase()).collect())
        })
        .collect();
    assert_eq!(documented, described);
}

#[test]
fn api_lists_every_option() {
    let mut documented = [BTreeSet::new(), BTreeSet::new()];
    for row in table(API, "Options") {
        let name = word(&row[0]).split('=').next().unwrap_or_default().to_owned();
        for (set, route) in documented.iter_mut().zip(["normalize", "clean"]) {
            if row[1] == "all" || row[1].split(", ").any(|named| named == route) {
                set.insert(name.clone());
            }
        }
    }
    let known = |names: &str| names.split(", ").map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(documented, [known(Options::KNOWN), known(CleanOptions::KNOWN)]);
}

#[test]
fn the_readme_shows_a_real_answer() {
    let shown: Value = serde_json::from_str(block(README, "json")).expect("the answer shown is JSON");
    let given: Value = serde_json::from_str(&normalize(PAGE, "")).expect("an answer is JSON");
    let mut faults = Vec::new();
    compare("", &shown, &given, &mut faults);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_advert_is_gone_before_the_page_has_arrived() {
    let after = |mark: &str| -> usize {
        let rest = &API[API.find(mark).unwrap_or_else(|| panic!("no {mark}")) + mark.len()..];
        rest.chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
            .parse()
            .expect("a number of lines")
    };
    let lines = after("head -n ");
    assert_eq!(after("tail -n +"), lines + 1);
    let border = PAGE.match_indices('\n').nth(lines - 1).expect("so many lines").0 + 1;

    let pipeline = Pipeline::built_in(Bounds::default()).expect("the built-in rules load");
    let mut cleaner = pipeline.cleaner(None, &CleanOptions::default()).expect("a cleaner");
    cleaner.write(&PAGE.as_bytes()[..border]).expect("the beginning");
    let first = cleaner.take();
    let advert =
        "<ins class=\"adsbygoogle\" data-ad-slot=\"4711\">Advert: winter coats at half price, this week only!</ins>";
    let clean = PAGE.replace(advert, "");
    assert!(PAGE[..border].contains(advert), "the advert comes before the pause");
    assert!(clean.as_bytes().starts_with(&first));
    let first = String::from_utf8(first).expect("UTF-8");
    assert!(
        first.contains("four crossings a day"),
        "what comes after it is out before the pause: {first}"
    );

    cleaner.write(&PAGE.as_bytes()[border..]).expect("the rest");
    cleaner.end().expect("the end");
    let rest = cleaner.take();
    assert_eq!(first + std::str::from_utf8(&rest).expect("UTF-8"), clean);
}

#[test]
fn the_score_drops_what_no_rule_names() {
    let text = normalize(PAGE, "format=text");
    for gone in ["Weather", "Advert", "lighthouse", "Imprint"] {
        assert!(PAGE.contains(gone) && !text.contains(gone), "{gone}: {text}");
    }
    for kept in [
        "two winters after a storm",
        "bicycles travel free",
        "three crates of oranges",
    ] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
}

#[test]
fn the_map_names_every_source_folder() {
    let mut named = BTreeSet::new();
    for row in table(ARCHITECTURE, "Folders") {
        assert!(!row[1].is_empty(), "{} has no line", row[0]);
        named.extend(spans(&row[0]).map(str::to_owned));
    }
    let mut files = Vec::new();
    source_files(&root().join("src"), "", &mut files);
    let top = |file: &&String| !file.contains('/') && !matches!(file.as_str(), "lib.rs" | "main.rs");
    let folders = files
        .iter()
        .filter_map(|file| file.rsplit_once('/'))
        .map(|(folder, _)| format!("{folder}/"));
    let small = |folder: &String| {
        matches!(
            folder.as_str(),
            "engine/extract/units/notes/" | "engine/extract/units/mathml/"
        )
    };
    let there: BTreeSet<String> = folders
        .filter(|folder| !small(folder))
        .chain(files.iter().filter(top).cloned())
        .collect();
    assert_eq!(named, there);

    for path in spans(ARCHITECTURE).filter(|span| span.ends_with(".rs") && !span.contains('*') && span.contains('/')) {
        let inside = path.strip_prefix("src/").unwrap_or(path);
        let is_test = root().join(path).is_file();
        assert!(is_test || files.iter().any(|file| file == inside), "there is no {path}");
    }
}

#[test]
fn every_test_named_is_there() {
    let mut code = String::new();
    for folder in ["src", "tests/it"] {
        let folder = root().join(folder);
        let mut files = Vec::new();
        source_files(&folder, "", &mut files);
        code.extend(
            files
                .iter()
                .map(|file| fs::read_to_string(folder.join(file)).expect("a source")),
        );
    }
    for row in table(INVARIANTS, "Properties") {
        assert!(spans(&row[1]).next().is_some(), "{} is held by nothing", row[0]);
        for name in spans(&row[1]) {
            let is_script = name.contains('/') && root().join(name).is_file();
            assert!(
                is_script || code.contains(&format!("fn {name}()")),
                "there is no test {name}"
            );
        }
    }
}

#[test]
fn the_rule_shown_is_a_rule_and_all_examples_hold() {
    let folder = std::env::temp_dir().join(format!("copydesk-rules-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    // By its file's name it takes the place of the built-in rule of that id.
    fs::write(
        folder.join("generic.toml"),
        block(RULES.split("\n## Reference\n").nth(1).expect("a reference"), "toml"),
    )
    .expect("a file");
    let built_in = rules::read(&RuleSources::default()).expect("the built-in rules load").0;
    let sources = RuleSources {
        folders: vec![folder.clone()],
        ..RuleSources::default()
    };
    let with_it = rules::read(&sources);
    fs::remove_dir_all(&folder).expect("it was there");
    let set = with_it.expect("a rule file").0;
    assert_eq!(set.rules().len(), built_in.rules().len());
    for set in [built_in, set] {
        let (held, broken) = Pipeline::new(set, Bounds::default()).check_examples();
        assert!(held > 0 && broken.is_empty(), "{broken:#?}");
    }
}

/// The documents by their path.
fn documents() -> Vec<(String, String)> {
    let read = |path: String| {
        let text = fs::read_to_string(root().join(&path)).expect("a document");
        (path, text)
    };
    let pages = fs::read_dir(root().join("docs")).expect("docs/");
    let names = pages.map(|page| page.expect("an entry").file_name().to_string_lossy().into_owned());
    let pages = names
        .filter(|name| name.ends_with(".md"))
        .map(|name| format!("docs/{name}"));
    ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]
        .map(str::to_owned)
        .into_iter()
        .chain(pages)
        .map(read)
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn normalize(document: &str, query: &str) -> String {
    let bounds = Bounds::default();
    let pipeline = Pipeline::built_in(bounds).expect("the built-in rules load");
    let options = Options::from_pairs(url::form_urlencoded::parse(query.as_bytes())).expect("options");
    // As curl sends it.
    let document = RawDocument {
        bytes: document.as_bytes(),
        content_type: Some("application/x-www-form-urlencoded"),
        ..RawDocument::default()
    };
    let answer = pipeline.normalize(&document, &options, &Deadline::after(bounds.time));
    String::from_utf8(answer.expect("an answer").body).expect("UTF-8")
}

/// Whether all that is shown is given: objects may be shown in part, lists and texts only whole.
fn compare(path: &str, shown: &Value, given: &Value, faults: &mut Vec<String>) {
    match (shown, given) {
        (Value::Object(shown), Value::Object(_)) => {
            for (name, value) in shown {
                compare(&format!("{path}.{name}"), value, &given[name], faults);
            }
        }
        (Value::Array(shown), Value::Array(given)) if shown.len() == given.len() => {
            for (i, (shown, given)) in shown.iter().zip(given).enumerate() {
                compare(&format!("{path}[{i}]"), shown, given, faults);
            }
        }
        _ if shown == given => {}
        _ => faults.push(format!("{path}: shown {shown}, given {given}")),
    }
}

/// The rows of the table under a heading, cell by cell, without its head.
fn table(document: &str, heading: &str) -> Vec<Vec<String>> {
    let start = document
        .find(&format!("\n## {heading}\n"))
        .unwrap_or_else(|| panic!("no heading {heading:?}"));
    let section = &document[start + 1..];
    let section = &section[..section.find("\n## ").unwrap_or(section.len())];
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let rows: Vec<Vec<String>> = rows
        .map(|line| {
            line.trim_matches('|')
                .split('|')
                .map(|cell| cell.trim().to_owned())
                .collect()
        })
        .collect();
    assert!(!rows.is_empty(), "no table under {heading:?}");
    rows
}

/// The first fenced block of this language.
fn block<'a>(document: &'a str, language: &str) -> &'a str {
    let (_, rest) = document
        .split_once(&format!("```{language}\n"))
        .unwrap_or_else(|| panic!("no {language} block"));
    rest.split("```").next().unwrap_or_default()
}

/// What stands between single backticks, outside of fenced blocks.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split("```")
        .step_by(2)
        .flat_map(|prose| prose.split('`').skip(1).step_by(2))
}

/// The first span of a cell.
fn word(cell: &str) -> String {
    spans(cell)
        .next()
        .unwrap_or_else(|| panic!("no `word` in {cell:?}"))
        .to_owned()
}

/// The Rust files below a folder, as paths inside it.
fn source_files(folder: &Path, inside: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        if path.is_dir() {
            source_files(&path, &format!("{inside}{name}/"), found);
        } else if name.ends_with(".rs") {
            found.push(format!("{inside}{name}"));
        }
    }
}
