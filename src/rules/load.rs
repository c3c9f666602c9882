//! From files to a set: the built-in rules, then the operator's folders and filter lists, later ones winning by id.
//!
//! All or nothing: one broken file and no set comes of it, with every error reported.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    fs,
    hash::{Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{BUILT_IN, Rule, RuleError, RuleSet, Skipped, file, filter_list};
use crate::files;

/// Where the rules come from beside the built-in ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleSources {
    /// Folders of rule files (`*.toml`), the last one the strongest.
    pub folders: Vec<PathBuf>,
    /// Filter lists in EasyList's syntax.
    pub filter_lists: Vec<PathBuf>,
}

/// Bytes of a rule file or filter list at most; the largest public lists have a tenth of it.
const FILE_BYTES: u64 = 32 << 20;

/// Reads everything and makes a set of it, with the lines of filter lists that could not be used.
///
/// # Errors
/// Every file that cannot be read and every broken rule.
pub fn read(sources: &RuleSources) -> Result<(RuleSet, Vec<Skipped>), Vec<RuleError>> {
    let mut loading = RuleLoader::default();
    for (name, text) in BUILT_IN {
        loading.rule_file(name, &format!("rules/{name}.toml"), text);
    }
    for folder in &sources.folders {
        match rule_files(folder) {
            Ok(files) => files.iter().for_each(|path| loading.read(path, RuleLoader::rule_file)),
            Err(error) => loading.errors.push(error),
        }
    }
    for path in &sources.filter_lists {
        loading.read(path, RuleLoader::filter_list);
    }
    loading.finish()
}

/// A number that changes when any of the files does: their names, sizes and times of change. Files and folders that cannot
/// be read count as well, so that their coming and going is seen.
pub fn fingerprint(sources: &RuleSources) -> u64 {
    let mut hash = std::hash::DefaultHasher::new();
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in &sources.folders {
        let found = rule_files(folder);
        found.is_ok().hash(&mut hash);
        files.extend(found.unwrap_or_default());
    }
    files.extend(sources.filter_lists.iter().cloned());
    for file in files {
        let meta = fs::metadata(&file).ok();
        let changed = meta.as_ref().and_then(|meta| meta.modified().ok());
        (file, meta.map(|meta| meta.len()), changed).hash(&mut hash);
    }
    hash.finish()
}

/// The rule files of a folder by name; hidden ones (the links that Kubernetes keeps beside a ConfigMap) are none.
fn rule_files(folder: &Path) -> Result<Vec<PathBuf>, RuleError> {
    let fail = |e: std::io::Error| RuleError::new(&folder.display().to_string(), None, e.to_string());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let is_hidden = path
            .file_name()
            .and_then(OsStr::to_str)
            .is_none_or(|name| name.starts_with('.'));
        if !is_hidden && path.extension() == Some(OsStr::new("toml")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[derive(Default)]
struct RuleLoader {
    rules: Vec<Rule>,
    /// File, line and id.
    off: Vec<(String, usize, String)>,
    skipped: Vec<Skipped>,
    errors: Vec<RuleError>,
    hash: Sha256,
}

impl RuleLoader {
    fn read(&mut self, path: &Path, take: fn(&mut Self, &str, &str, &str)) {
        let shown = path.display().to_string();
        let bytes = files::read(path, FILE_BYTES).map_err(|e| e.to_string());
        let name = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
        match bytes.as_deref().map(std::str::from_utf8) {
            Ok(Ok(text)) => take(self, name, &shown, text),
            Ok(Err(error)) => {
                let before = bytes.iter().flatten().take(error.valid_up_to());
                let line = before.filter(|byte| **byte == b'\n').count() + 1;
                let error = RuleError::new(&shown, Some(line), "the file is no UTF-8");
                self.errors.push(error);
            }
            Err(reason) => self.errors.push(RuleError::new(&shown, None, reason)),
        }
    }

    fn note(&mut self, name: &str, text: &str) {
        for part in [name, text] {
            self.hash.update((part.len() as u64).to_le_bytes());
            self.hash.update(part);
        }
    }

    fn rule_file(&mut self, name: &str, shown: &str, text: &str) {
        self.note(name, text);
        let file = match file::parse(name, shown, text) {
            Ok(file) => file,
            Err(errors) => return self.errors.extend(errors),
        };
        // A later file's rule takes the place of an earlier one's of the same id.
        self.rules
            .retain(|other| file.rules.iter().all(|rule| rule.id != other.id));
        self.rules.extend(file.rules);
        let off = file.off.into_iter().map(|(line, id)| (shown.to_owned(), line, id));
        self.off.extend(off);
    }

    fn filter_list(&mut self, name: &str, shown: &str, text: &str) {
        self.note(name, text);
        let list = filter_list::parse(name, text);
        self.rules.extend(list.rules);
        self.skipped
            .extend(list.skipped.into_iter().map(|(line, reason)| Skipped {
                list: shown.to_owned(),
                line,
                reason,
            }));
    }

    fn finish(mut self) -> Result<(RuleSet, Vec<Skipped>), Vec<RuleError>> {
        for (file, line, id) in std::mem::take(&mut self.off) {
            let before = self.rules.len();
            self.rules.retain(|rule| rule.id != id);
            if self.rules.len() == before {
                let reason = format!("`off` names no rule: {id:?}; `copydesk rules list` shows them all");
                self.errors.push(RuleError::new(&file, Some(line), reason));
            }
        }
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        let mut revision = String::from("sha256:");
        for byte in self.hash.finalize().iter().take(8) {
            let _ = write!(revision, "{byte:02x}"); // writing to a String cannot fail
        }
        match RuleSet::new(self.rules, revision) {
            Ok(set) => Ok((set, self.skipped)),
            Err(error) => Err(vec![error]),
        }
    }
}
