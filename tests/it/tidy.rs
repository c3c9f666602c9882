//! The house rules that a machine can hold: who may import whom, which crate stays in which room, how a file begins.
//!
//! The sources are read as text. Test modules inside them (`#[cfg(test)]`, last in their file) may do as they like.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The rooms in the order of the road; each may import only from those before it.
const ROOMS: &[&str] = &[
    "codes", "error", "bounds", "files", "steps", "pattern", "input", "rules", "engine", "metadata", "output",
    "options", "pipeline", "workers", "config", "http", "cli", "main",
];

/// Crates that stay in their rooms.
const FENCES: &[(&str, &[&str])] = &[
    ("axum", &["http"]),
    ("tower_http", &["http"]),
    ("tower", &["http"]),
    ("hyper", &["http"]),
    ("hyper_util", &["http"]),
    ("http_body_util", &["http"]),
    ("lol_html", &["engine"]),
    ("tokio", &["http", "workers", "cli", "main"]),
    ("clap", &["config", "cli", "main"]),
];

struct Source {
    path: PathBuf,
    room: String,
    /// Without tests and comments.
    code: Vec<String>,
    opens_with_doc: bool,
}

#[test]
fn each_room_imports_only_from_those_before_it() {
    let rank = |room: &str| ROOMS.iter().position(|known| *known == room);
    let mut faults = Vec::new();
    for source in sources() {
        if source.room == "lib" {
            continue; // The front door names them all.
        }
        let own = rank(&source.room).unwrap_or_else(|| panic!("{} is in no known room", source.path.display()));
        for (number, line) in source.code.iter().enumerate() {
            for room in imports(&source.code, number, line) {
                match rank(&room) {
                    None => faults.push(format!("{}: {room} is no room", source.path.display())),
                    Some(other) if other > own => {
                        faults.push(format!(
                            "{}: {} may not import {room}",
                            source.path.display(),
                            source.room
                        ));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn each_crate_stays_behind_its_fence() {
    let mut faults = Vec::new();
    for source in sources() {
        for (name, rooms) in FENCES {
            if rooms.contains(&source.room.as_str()) {
                continue;
            }
            if source.code.iter().any(|line| names_crate(line, name)) {
                faults.push(format!("{} uses {name}", source.path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn each_file_opens_with_what_lives_in_it() {
    let bare: Vec<_> = sources()
        .into_iter()
        .filter(|source| !source.opens_with_doc)
        .map(|source| source.path)
        .collect();
    assert!(bare.is_empty(), "no `//!` at the top of {bare:#?}");
}

#[test]
fn the_reader_of_imports_sees_all_their_forms() {
    let code: Vec<String> = [
        "use crate::error::Error;",
        "use crate::{",
        "    input::{Document, Kind},",
        "    options::Options,",
        "    rules,",
        "};",
        "use crate::{bounds::Bounds, pipeline::{Answer, Pipeline}};",
        "let x = crate::workers::Workers::new();",
        "use super::crate_like::Thing;",
    ]
    .map(str::to_owned)
    .to_vec();
    let found: Vec<String> = code
        .iter()
        .enumerate()
        .flat_map(|(at, line)| imports(&code, at, line))
        .collect();
    assert_eq!(
        found,
        ["error", "input", "options", "rules", "bounds", "pipeline", "workers"]
    );
    assert!(names_crate("use tokio::time;", "tokio") && names_crate("    tokio::spawn(x)", "tokio"));
    assert!(!names_crate("use crate::tokio_like::x;", "tokio") && !names_crate("hyper_util::rt", "hyper"));
}

/// The rooms that the `crate::` paths beginning on this line lead to.
fn imports(code: &[String], number: usize, line: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        if line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            continue;
        }
        let rest = &line[at + "crate::".len()..];
        if let Some(first) = rest.strip_prefix('{') {
            let list = std::iter::once(first).chain(code[number + 1..].iter().map(String::as_str));
            rooms.extend(heads(&list.collect::<Vec<_>>().join("\n")));
        } else {
            rooms.extend(Some(name(rest)).filter(|name| name.starts_with(|first: char| first.is_lowercase())));
        }
    }
    rooms
}

/// The first name of each item of a `{…}` list, up to its closing brace.
fn heads(list: &str) -> Vec<String> {
    let (mut depth, mut heads, mut item) = (1, Vec::new(), String::new());
    for character in list.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => heads.push(name(std::mem::take(&mut item).trim())),
            _ if depth == 1 => item.push(character),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    heads.push(name(item.trim()));
    heads.retain(|head| !head.is_empty());
    heads
}

fn name(text: &str) -> String {
    text.chars()
        .take_while(|character| character.is_alphanumeric() || *character == '_')
        .collect()
}

/// Whether a line has `name::` as the beginning of a path, or imports it whole.
fn names_crate(line: &str, name: &str) -> bool {
    let line = line.trim();
    if line == format!("use {name};") {
        return true;
    }
    line.match_indices(&format!("{name}::")).any(|(at, _)| {
        let before = &line[..at];
        !before.ends_with(|character: char| character.is_alphanumeric() || character == '_') && !before.ends_with("::")
    })
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    read_folder(&root, &root, &mut found);
    assert!(found.len() > 15, "src/ is not where it was");
    found
}

fn read_folder(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read_folder(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(read_source(root, &path));
        }
    }
}

fn read_source(root: &Path, path: &Path) -> Source {
    let text = fs::read_to_string(path).expect("a source");
    let inside = path.strip_prefix(root).expect("it is in src");
    let first = inside
        .components()
        .next()
        .expect("a name")
        .as_os_str()
        .to_string_lossy();
    let tests = text.find("\n#[cfg(test)]\nmod ").unwrap_or(text.len());
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    Source {
        path: inside.to_owned(),
        room: first.trim_end_matches(".rs").to_owned(),
        code: text[..tests].lines().filter(is_code).map(str::to_owned).collect(),
        opens_with_doc: text.starts_with("//! "),
    }
}
