//! Rules about the sources: which module may import which, which crate stays in which module, how a file begins.
//!
//! The sources are read as text. Test modules inside them (`#[cfg(test)]`, last in their file) may do as they like.

use std::{
    collections::{BTreeMap, BTreeSet},
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

impl Source {
    /// The path of the module, without `crate`.
    fn module(&self) -> Vec<String> {
        let inside = self.path.with_extension("");
        let mut parts: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        parts.pop_if(|last| matches!(last.as_str(), "mod" | "lib"));
        parts
    }

    /// All paths that it names: those of `use`, taken apart, and those that begin with `crate` or `super` elsewhere.
    fn paths(&self) -> Vec<Vec<String>> {
        let code = self.code.join("\n");
        let mut paths = Vec::new();
        let mut rest = String::new();
        for (i, statement) in code.split(';').enumerate() {
            match statement.rsplit_once("use ").filter(|(before, _)| is_beginning(before)) {
                Some((_, tree)) => expand(tree, &[], &mut paths),
                None => rest += statement,
            }
            rest.push(if i == 0 { '\n' } else { ';' });
        }
        for start in ["crate::", "super::"] {
            for (at, _) in rest.match_indices(start) {
                let path: String = rest[at..]
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
                    .collect();
                let is_path = !rest[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':'));
                paths.extend(is_path.then(|| path.split("::").map(str::to_owned).collect()));
            }
        }
        paths
    }
}

/// Whether a statement can begin behind this.
fn is_beginning(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default().trim();
    line.is_empty() || line == "pub" || line == "pub(crate)" || line == "pub(super)"
}

/// The leaves of a `use` tree.
fn expand(tree: &str, prefix: &[String], paths: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    if let Some(list) = tree.strip_prefix('{').and_then(|list| list.strip_suffix('}')) {
        let (mut depth, mut from) = (0, 0);
        for (at, c) in list.char_indices().chain([(list.len(), ',')]) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    if !list[from..at].trim().is_empty() {
                        expand(&list[from..at], prefix, paths);
                    }
                    from = at + 1;
                }
                _ => {}
            }
        }
        return;
    }
    let mut path = prefix.to_vec();
    match tree.split_once("::") {
        Some((first, rest)) => {
            path.push(first.trim().to_owned());
            expand(rest, &path, paths);
        }
        None => {
            path.extend(Some(name(tree)).filter(|name| name != "self"));
            paths.push(path);
        }
    }
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

/// Siblings that import each other. None may be added.
const CIRCLES: &[(&str, &[&str])] = &[
    (
        "metadata",
        &["dates", "evidence", "outlet", "people", "sources", "titles"],
    ),
    ("metadata::people", &["name_class", "names"]),
];

#[test]
fn modules_of_one_folder_import_each_other_in_no_circle() {
    let sources = sources();
    let modules: BTreeSet<Vec<String>> = sources.iter().map(Source::module).collect();
    // For each folder, which of its modules imports which.
    let mut edges: BTreeMap<Vec<String>, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for source in &sources {
        let own = source.module();
        for path in source.paths() {
            let Some(other) = target(&own, &path, &modules) else {
                continue;
            };
            let shared = own.iter().zip(&other).take_while(|(a, b)| a == b).count();
            if let (Some(from), Some(to)) = (own.get(shared), other.get(shared)) {
                let folder = edges.entry(own[..shared].to_vec()).or_default();
                folder.entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    let mut circles = Vec::new();
    for (folder, edges) in &edges {
        // A module that imports none of those left, or is imported by none of them, is in no circle.
        let mut left = edges.clone();
        loop {
            let is_free = |name: &String, to: &BTreeSet<String>| {
                to.iter().all(|to| !left.contains_key(to)) || left.values().all(|to| !to.contains(name))
            };
            let Some(name) = left
                .iter()
                .find(|(name, to)| is_free(name, to))
                .map(|(name, _)| name.clone())
            else {
                break;
            };
            left.remove(&name);
        }
        if !left.is_empty() {
            circles.push((folder.join("::"), left.into_keys().collect::<Vec<_>>()));
        }
    }
    let known: Vec<(String, Vec<String>)> = CIRCLES
        .iter()
        .map(|(folder, names)| {
            (
                (*folder).to_owned(),
                names.iter().map(|name| (*name).to_owned()).collect(),
            )
        })
        .collect();
    assert_eq!(circles, known);
}

/// The module that a path written in module `own` leads to.
fn target(own: &[String], path: &[String], modules: &BTreeSet<Vec<String>>) -> Option<Vec<String>> {
    let mut base = own.to_vec();
    let mut path = path;
    match path.first()?.as_str() {
        "crate" => base.clear(),
        "super" => {}
        child => {
            let mut inside = own.to_vec();
            inside.push(child.to_owned());
            return modules.contains(&inside).then_some(inside);
        }
    }
    while let Some((first, rest)) = path.split_first() {
        match first.as_str() {
            "crate" => {}
            "super" => drop(base.pop()),
            _ => break,
        }
        path = rest;
    }
    base.extend(path.iter().cloned());
    while !modules.contains(&base) {
        base.pop()?;
    }
    Some(base)
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

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<Source> {
    let root = root();
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
