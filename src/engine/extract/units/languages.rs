//! Languages of code blocks: what the classes and attributes of highlighters say.

use super::{Document, Tag};

/// Bytes that the name of a language may have.
const LANGUAGE_BYTES: usize = 24;

/// What the elements of a block say of it.
#[derive(Debug, Default)]
pub(crate) struct LanguageClaim {
    /// Its language; the innermost element that names one wins.
    pub(crate) language: Option<String>,
    /// Whether any of them says that it is code.
    pub(crate) is_code: bool,
}

/// What stands before the name of a language in a word of a class.
const PREFIXES: &[&str] = &[
    "language-",
    "lang-",
    "highlight-source-",
    "highlight-text-",
    "mw-highlight-lang-",
    "brush:",
    "language:",
    "lang:",
];

/// The same, where only a known name is one: `highlight-wrapper` is none.
const LOOSE_PREFIXES: &[&str] = &["highlight-", "src-"];

/// Words that mark a block of code, and beside which a bare word is a language.
const MARKERS: &[&str] = &[
    "brush",
    "chroma",
    "code",
    "codehilite",
    "crayon",
    "enlighter",
    "highlight",
    "highlighter-rouge",
    "hl",
    "hljs",
    "listing",
    "prettyprint",
    "prettyprinted",
    "prism-code",
    "prism",
    "programlisting",
    "shiki",
    "sourceCode",
    "sourcecode",
    "src",
    "syntaxhighlighter",
    "wp-block-code",
];

/// Attributes that name a language.
const ATTRIBUTES: [&str; 5] = ["class", "data-lang", "data-language", "data-enlighter-language", "lang"];

/// What says that a block has no language.
const NONE: &[&str] = &[
    "none",
    "nohighlight",
    "no-highlight",
    "default",
    "plaintext",
    "plain",
    "undefined",
    "null",
    "auto",
    "fallback",
    "unknown",
    "unspecified",
    "notranslate",
    "lines",
];

impl LanguageClaim {
    /// Reads what one element says; those further out only fill in what is missing.
    pub(crate) fn read(&mut self, document: &Document<'_>, id: u32) {
        let element = &document.elements[id as usize];
        if element.inner - element.start < 8 {
            return;
        }
        let [class, rest @ .., lang] = document.attributes(id, ATTRIBUTES);
        let words = || {
            class
                .unwrap_or_default()
                .split([' ', '\t', '\n', ';'])
                .filter(|word| !word.is_empty())
        };
        let is_marked =
            words().any(|word| MARKERS.contains(&word) || PREFIXES.iter().any(|prefix| word.starts_with(prefix)));
        self.is_code |= is_marked || rest.iter().any(Option::is_some);
        if self.language.is_some() {
            return;
        }
        let in_pre = matches!(element.tag, Tag::PRE | Tag::CODE);
        self.language = rest
            .into_iter()
            .flatten()
            .find_map(named)
            .or_else(|| words().find_map(prefixed))
            .or_else(|| words().find_map(loosely_prefixed))
            .or_else(|| behind_brush(words()))
            .or_else(|| words().filter(|_| is_marked || in_pre).find_map(known))
            .or_else(|| known(lang.filter(|_| in_pre)?));
        self.is_code |= in_pre && self.language.is_some();
    }
}

/// The language in a word such as `language-rust`.
fn prefixed(word: &str) -> Option<String> {
    let rest = PREFIXES.iter().find_map(|prefix| word.strip_prefix(prefix))?;
    match rest {
        "html-basic" => Some("html".to_owned()), // GitHub's `highlight-text-html-basic`
        _ => named(rest),
    }
}

fn loosely_prefixed(word: &str) -> Option<String> {
    let rest = LOOSE_PREFIXES.iter().find_map(|prefix| word.strip_prefix(prefix))?;
    known(rest)
}

/// The word behind `brush:`.
fn behind_brush<'w>(words: impl Iterator<Item = &'w str>) -> Option<String> {
    let mut words = words.skip_while(|word| *word != "brush:");
    words.next()?;
    named(words.next()?)
}

/// A name that is one by where it stands, in the alphabet that `class` in the content is closed to.
fn named(name: &str) -> Option<String> {
    let name = name.trim().to_ascii_lowercase();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'#' | b'.' | b'-');
    let is_name = !name.is_empty() && name.len() <= LANGUAGE_BYTES && name.bytes().all(fits);
    (is_name && !NONE.contains(&name.as_str()) && !name.starts_with('.')).then_some(name)
}

/// A bare word that is the name of a language.
fn known(word: &str) -> Option<String> {
    let word = word.to_ascii_lowercase();
    KNOWN.binary_search(&word.as_str()).is_ok().then_some(word)
}

/// Languages that highlighters name by a bare word; sorted.
const KNOWN: &[&str] = &[
    "actionscript",
    "ada",
    "apache",
    "apex",
    "applescript",
    "arduino",
    "asciidoc",
    "asm",
    "assembly",
    "awk",
    "bash",
    "basic",
    "bat",
    "batch",
    "bibtex",
    "c",
    "c#",
    "c++",
    "clojure",
    "cmake",
    "cmd",
    "cobol",
    "coffeescript",
    "console",
    "cpp",
    "crystal",
    "cs",
    "csharp",
    "css",
    "cuda",
    "cython",
    "d",
    "dart",
    "delphi",
    "diff",
    "django",
    "dockerfile",
    "dos",
    "elisp",
    "elixir",
    "elm",
    "emacs-lisp",
    "erlang",
    "fish",
    "fortran",
    "fsharp",
    "gherkin",
    "glsl",
    "go",
    "golang",
    "gradle",
    "graphql",
    "groovy",
    "haml",
    "handlebars",
    "haskell",
    "hcl",
    "html",
    "http",
    "ini",
    "java",
    "javascript",
    "jinja",
    "jinja2",
    "js",
    "json",
    "json5",
    "jsonc",
    "jsx",
    "julia",
    "kotlin",
    "latex",
    "lean",
    "lean4",
    "less",
    "lisp",
    "llvm",
    "lua",
    "make",
    "makefile",
    "markdown",
    "markup",
    "mathematica",
    "matlab",
    "md",
    "mermaid",
    "nginx",
    "nim",
    "nix",
    "objc",
    "objective-c",
    "objectivec",
    "ocaml",
    "octave",
    "pascal",
    "perl",
    "php",
    "plsql",
    "postgresql",
    "powershell",
    "prolog",
    "properties",
    "protobuf",
    "ps1",
    "pug",
    "puppet",
    "py",
    "pycon",
    "python",
    "python3",
    "qml",
    "r",
    "racket",
    "rb",
    "reason",
    "rst",
    "ruby",
    "rust",
    "sas",
    "sass",
    "scala",
    "scheme",
    "scss",
    "sh",
    "shell",
    "shellscript",
    "smalltalk",
    "solidity",
    "sql",
    "stylus",
    "svelte",
    "swift",
    "tcl",
    "terraform",
    "tex",
    "text",
    "toml",
    "ts",
    "tsx",
    "twig",
    "typescript",
    "vb",
    "vbnet",
    "verilog",
    "vhdl",
    "vim",
    "vue",
    "wasm",
    "xhtml",
    "xml",
    "yaml",
    "yml",
    "zig",
    "zsh",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_sorted() {
        assert!(KNOWN.is_sorted());
    }

    #[test]
    fn words_of_classes_name_languages() {
        for (word, language) in [
            ("language-c++", Some("c++")),
            ("lang-JS", Some("js")),
            ("highlight-source-shell", Some("shell")),
            ("highlight-text-html-basic", Some("html")),
            ("mw-highlight-lang-python", Some("python")),
            ("language-none", None),
            ("language-a_b", None),
            ("language-\"><script>", None),
        ] {
            assert_eq!(prefixed(word).as_deref(), language, "{word}");
        }
        assert_eq!(
            behind_brush(["brush:", "java", "first-line:"].into_iter()).as_deref(),
            Some("java")
        );
        assert_eq!(known("Python").as_deref(), Some("python"));
        assert_eq!(known("wrap"), None);
    }
}
