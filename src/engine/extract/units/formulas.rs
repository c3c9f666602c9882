//! Formulas: where one is, and its TeX.
//!
//! Pages hold a formula in several forms at once: its source, what was drawn of it, and what a screen reader says. It is one
//! unit, its TeX the best of the sources: an annotation or attribute that holds TeX, a script of MathJax, MathML converted,
//! the alternative text or address of a picture, and what stands between delimiters in plain text. A formula without any
//! source stays the text that it is.
//!
//! # Security
//! TeX that would do more than print (links, classes, files) is not taken for a formula.

use std::ops::Range;

use super::{
    Document, Tag, UnitFinder, UnitKind,
    mathml::to_tex,
    tex_text::{self, TextFormula},
};

/// Bytes of the longest formula.
const TEX_BYTES: usize = 16 * 1024;
/// What drawing a formula may take of characters, for each of its TeX, and besides: more is other text that would be lost.
const DRAWN_CHARACTERS: usize = 10;
const DRAWN_MORE: usize = 120;
/// Elements of one formula that MathJax 2 leaves side by side: a preview, what was drawn, the source.
const SIDE_BY_SIDE: usize = 4;

/// Attributes that hold TeX, the surest first.
const TEX_ATTRIBUTES: [&str; 9] = [
    "data-tex",
    "data-latex",
    "data-katex",
    "data-formula",
    "data-math",
    "data-entry",
    "data-equation",
    "data-expr",
    "alttext",
];

/// Class names of elements that hold one formula and nothing else, in all its forms.
const CONTAINERS: &[&str] = &[
    "katex",
    "katex--inline",
    "katex--display",
    "MathJax",
    "MathJax_Preview",
    "MathJax_Display",
    "MathJax_SVG",
    "MathJax_SVG_Display",
    "MathJax_CHTML",
    "MathJax_CHTML_Display",
    "MathJax_MathML",
    "mjx-chtml",
    "mwe-math-element",
    "ztext-math",
    "hurmet-tex",
    "temml",
];

/// Class names of elements whose own text or attribute may be TeX.
const HOLDERS: &[&str] = &[
    "math",
    "math-inline",
    "math-display",
    "math-block",
    "math-tex",
    "inline-math",
    "display-math",
    "block-math",
    "arithmatex",
    "tex",
    "latex",
    "tex-math",
    "language-math",
    "equation",
    "formula",
];

/// Class names that put a formula on a line of its own.
const DISPLAYS: &[&str] = &[
    "katex-display",
    "katex--display",
    "MathJax_Display",
    "MathJax_SVG_Display",
    "MathJax_CHTML_Display",
    "math-display",
    "math-block",
    "display-math",
    "block-math",
    "display",
    "mwe-math-element-block",
    "equation",
];

/// Whether a document may hold any.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FormulaHints {
    /// An element that says so.
    elements: bool,
    /// A script that draws them.
    pub(crate) scripts: bool,
}

impl FormulaHints {
    pub(crate) fn of(source: &str) -> Self {
        let has = |needle: &str| memchr::memmem::find(source.as_bytes(), needle.as_bytes()).is_some();
        let scripts = ["athJax", "athjax", "atex"].iter().any(|name| has(name));
        let elements = ["math", "latex", "tex=", "\"tex", "formula", "%5C", "alt=\"\\"];
        FormulaHints {
            elements: scripts || elements.iter().any(|name| has(name)),
            scripts,
        }
    }
}

/// A formula as it was found.
#[derive(Debug, PartialEq, Eq)]
struct FoundFormula {
    tex: String,
    display: bool,
}

impl UnitFinder<'_, '_> {
    /// The formulas in the text of the document: not in code, and not where the page keeps its scripts from looking.
    pub(crate) fn text_formulas(&self) -> Vec<TextFormula> {
        let document = self.document;
        if !tex_text::may_hold(document) {
            return Vec::new();
        }
        let ignores = memchr::memmem::find(document.source.as_bytes(), b"jax_ignore").is_some();
        let mut skipped: Vec<Range<usize>> = Vec::new();
        let mut units = self.found.units.iter().peekable();
        for (id, element) in document.elements.iter().enumerate() {
            let id = id as u32;
            while units.next_if(|unit| unit.element < id).is_some() {}
            let unit = units.peek().filter(|unit| unit.element == id);
            let is_formula = unit.is_some_and(|unit| matches!(unit.kind, UnitKind::Formula { .. }));
            let is_code = matches!(
                element.tag,
                Tag::PRE | Tag::CODE | Tag::KBD | Tag::SAMP | Tag::TT | Tag::XMP
            );
            let ignored = || {
                ignores
                    && document
                        .attribute(id, "class")
                        .is_some_and(|class| class.contains("jax_ignore"))
            };
            let is_inside = skipped.last().is_some_and(|range| element.start < range.end as u32);
            if !is_inside && (is_formula || is_code || ignored()) {
                skipped.push(element.start as usize..element.end as usize);
            }
        }
        tex_text::find(document, &skipped, self.formulas.scripts)
    }

    /// The formula that begins with this element, if one does; returns the next element to look at.
    pub(crate) fn formula(&mut self, id: u32) -> Option<u32> {
        if !self.formulas.elements {
            return None;
        }
        let document = self.document;
        let element = &document.elements[id as usize];
        let is_shown = |id: u32| document.elements.get(id as usize).is_none_or(|element| element.seen);
        if !(element.seen || element.tag == Tag::SCRIPT && is_shown(element.parent)) {
            return None;
        }
        match element.tag {
            Tag::MATH => self.whole(id, math(document, id)),
            Tag::SCRIPT => {
                let found = script(document, id)?;
                self.whole(id, Some(found))
            }
            Tag::IMG => {
                let found = picture(document, id)?;
                self.whole(id, Some(found))
            }
            Tag::SPAN | Tag::DIV | Tag::P | Tag::CODE | Tag::I | Tag::EM | Tag::SECTION | Tag::FIGURE | Tag::OTHER => {
                self.named(id)
            }
            _ => None,
        }
    }

    /// The formula that an element is, with everything in it.
    fn whole(&mut self, id: u32, found: Option<FoundFormula>) -> Option<u32> {
        self.through(id, id, found)
    }

    /// The same of an element and its neighbours up to `last`.
    fn through(&mut self, id: u32, last: u32, found: Option<FoundFormula>) -> Option<u32> {
        let FoundFormula { tex, display } = found?;
        let tex = tex_text::clean(&tex).filter(|tex| tex.len() <= TEX_BYTES)?;
        let drawn = self.document.characters(id) as usize;
        if drawn > tex.len() * DRAWN_CHARACTERS + DRAWN_MORE {
            return None;
        }
        let display = display || id < self.display_until;
        self.add(id, UnitKind::Formula { tex, display, last });
        Some(self.document.elements[last as usize].next)
    }

    /// An element that its name or class makes a formula.
    fn named(&mut self, id: u32) -> Option<u32> {
        let document = self.document;
        let element = &document.elements[id as usize];
        let tag = &document.source.as_bytes()[element.start as usize..element.inner as usize];
        let hint = |needle: &str| memchr::memmem::find(tag, needle.as_bytes()).is_some();
        if !(hint("at") || hint("tex") || hint("mjx") || hint("eq") || hint("formula")) {
            return None;
        }
        let class = document.attribute(id, "class").unwrap_or_default();
        let is = |list: &[&str]| class.split_ascii_whitespace().any(|word| list.contains(&word));
        let name = match element.tag {
            Tag::OTHER => document.name(id).unwrap_or_default(),
            _ => String::new(),
        };
        if name.ends_with(":math") {
            return self.whole(id, math(document, id));
        }
        let is_container =
            is(CONTAINERS) || matches!(name.as_str(), "mjx-container" | "d-math" | "eq" | "eqn" | "tex-math");
        let is_holder =
            is_container || is(HOLDERS) || matches!(name.as_str(), "math-renderer" | "math-inline" | "math-block");
        let is_display = is(DISPLAYS)
            || (element.tag.is_block() && is_holder)
            || matches!(name.as_str(), "eqn" | "math-block")
            || matches!(document.attribute(id, "display"), Some("true" | "block"))
            || (name == "d-math" && document.attribute(id, "block").is_some());
        if is_display {
            self.display_until = self.display_until.max(element.next);
        }
        if !is_holder && !hint("data-") {
            return None;
        }
        if class.split_ascii_whitespace().any(|word| word.starts_with("MathJax"))
            && let Some(next) = self.side_by_side(id)
        {
            return Some(next);
        }
        let given = |tex: String| FoundFormula {
            tex,
            display: is_display,
        };
        let own = attribute_tex(document, id, is_holder);
        if let Some(next) = own.map(given).and_then(|found| self.whole(id, Some(found))) {
            return Some(next);
        }
        if is_container && id >= self.searched_until {
            self.searched_until = element.next;
            let inside = inside(document, id).map(|found| FoundFormula {
                display: found.display || is_display,
                ..found
            });
            if let Some(next) = self.whole(id, inside) {
                return Some(next);
            }
        }
        if !is_holder {
            return None;
        }
        let is_tex = is_container || !is(&["equation", "formula"]);
        let text = own_text(document, id, is_tex)?;
        let is_block = text.starts_with("$$") || text.starts_with(r"\[");
        let found = FoundFormula {
            tex: text,
            display: is_display || is_block,
        };
        self.whole(id, Some(found))
    }

    /// What MathJax 2 leaves beside one another: the source takes the place of them all.
    fn side_by_side(&mut self, first: u32) -> Option<u32> {
        let document = self.document;
        let parent = document.elements[first as usize].parent;
        let (mut id, mut end) = (first, document.elements[first as usize].start as usize);
        for _ in 0..SIDE_BY_SIDE {
            let element = document.elements.get(id as usize)?;
            let is_next =
                element.parent == parent && document.source.get(end..element.start as usize)?.trim().is_empty();
            if !is_next {
                return None;
            }
            if element.tag == Tag::SCRIPT {
                let found = script(document, id)?;
                return self.through(first, id, Some(found));
            }
            if !document
                .attribute(id, "class")
                .unwrap_or_default()
                .starts_with("MathJax")
            {
                return None;
            }
            (id, end) = (element.next, element.end as usize);
        }
        None
    }
}

/// A `math` element.
fn math(document: &Document<'_>, id: u32) -> Option<FoundFormula> {
    let [display, mode, alt] = document.attributes(id, ["display", "mode", "alttext"]);
    let display = display == Some("block") || mode == Some("display");
    let element = &document.elements[id as usize];
    let annotated = (id + 1..element.next).find_map(|id| annotation(document, id));
    let alt = alt.map(|alt| htmlize::unescape_attribute(alt).into_owned());
    let markup = || to_tex(&document.source[element.start as usize..element.end as usize]);
    // An alternative text may be words.
    let tex = annotated
        .or(alt.filter(|alt| !alt.trim().is_empty() && !tex_text::is_prose(alt)))
        .or_else(markup)?;
    Some(FoundFormula { tex, display })
}

/// The TeX of an `annotation`.
fn annotation(document: &Document<'_>, id: u32) -> Option<String> {
    let element = &document.elements[id as usize];
    if element.tag != Tag::OTHER || !document.name(id)?.ends_with("annotation") {
        return None;
    }
    let encoding = document.attribute(id, "encoding")?.to_ascii_lowercase();
    encoding.contains("tex").then(|| decoded(document, id))
}

/// A script of MathJax 2.
fn script(document: &Document<'_>, id: u32) -> Option<FoundFormula> {
    let kind = document.attribute(id, "type")?.to_ascii_lowercase();
    let display = kind.contains("mode=display");
    let text = document.raw_text(id);
    let tex = match kind.split(';').next()?.trim() {
        "math/tex" | "math/latex" => text.to_owned(),
        "math/mml" => to_tex(text)?,
        _ => return None,
    };
    let tex = tex.trim().trim_start_matches("% <![CDATA[").trim_end_matches("%]]>");
    Some(FoundFormula {
        tex: tex.to_owned(),
        display,
    })
}

/// The text in an element, decoded.
fn decoded(document: &Document<'_>, id: u32) -> String {
    let element = &document.elements[id as usize];
    let mut text = String::new();
    for run in element.first_run..element.next_run {
        text.push_str(&document.runs[run as usize].decode(document.run_text(run)));
    }
    text
}

/// TeX that an attribute holds. Those of a holder need not look like TeX.
fn attribute_tex(document: &Document<'_>, id: u32, is_holder: bool) -> Option<String> {
    let values = document.attributes(id, TEX_ATTRIBUTES).into_iter().flatten();
    let texts = values.map(|value| htmlize::unescape_attribute(value).trim().to_owned());
    let is_tex = |text: &String| match text.as_str() {
        "" | "true" | "false" | "0" | "1" => false,
        text if is_holder => !tex_text::is_prose(text),
        text => tex_text::is_sure(text),
    };
    texts.into_iter().find(is_tex)
}

/// The source inside of a container.
fn inside(document: &Document<'_>, id: u32) -> Option<FoundFormula> {
    let next = document.elements[id as usize].next;
    let mut picture_tex = None;
    for id in id + 1..next {
        let found = match document.elements[id as usize].tag {
            Tag::MATH => math(document, id),
            Tag::SCRIPT => script(document, id),
            Tag::IMG => {
                picture_tex = picture_tex.or_else(|| picture(document, id));
                None
            }
            Tag::OTHER => annotation(document, id).map(|tex| FoundFormula { tex, display: false }),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    // MathML as an attribute, of which nothing else is left.
    let markup = document.attribute(id, "data-mathml");
    let markup = markup.and_then(|markup| to_tex(&htmlize::unescape_attribute(markup)));
    let found = markup.map(|tex| FoundFormula { tex, display: false });
    found.or(picture_tex).or_else(|| {
        let mut inner = id + 1..next;
        let flat = inner.find(|id| document.attribute(*id, "class") == Some("katex-mathml"))?;
        let text = decoded(document, flat);
        let tex = tex_text::behind_its_text(&text)?.to_owned();
        Some(FoundFormula { tex, display: false })
    })
}

/// The own text of an element that holds a formula: between delimiters, or all of it where nothing but text is inside.
fn own_text(document: &Document<'_>, id: u32, is_tex: bool) -> Option<String> {
    let element = &document.elements[id as usize];
    let inner = &document.elements[id as usize + 1..element.next as usize];
    if inner.iter().any(|element| element.tag != Tag::BR) {
        return None;
    }
    let text = decoded(document, id).trim().to_owned();
    let fits = tex_text::delimited(&text).is_some() || (is_tex && !text.is_empty() && !tex_text::is_prose(&text));
    fits.then_some(text)
}

/// Commands to a service about the picture, in front of the formula.
const PICTURE_COMMANDS: &[&str] = &[r"\inline", r"\dpi", r"\bg_", r"\fn_", r"\small", r"\large", r"\huge"];

fn without_picture_commands(mut tex: &str) -> &str {
    while PICTURE_COMMANDS.iter().any(|command| tex.starts_with(command))
        && let Some((_, rest)) = tex.split_once(' ')
    {
        tex = rest.trim_start();
    }
    tex
}

/// Names of parameters that services take TeX by.
const PARAMETERS: &[&str] = &["latex", "tex", "chl", "math", "eq", "equation", "formula"];

/// A picture of a formula: its alternative text, an attribute, or its address is TeX.
fn picture(document: &Document<'_>, id: u32) -> Option<FoundFormula> {
    let [class, alt, title, src, data] = document.attributes(id, ["class", "alt", "title", "src", "data-formula"]);
    let class = class.unwrap_or_default();
    let is_named = class.split_ascii_whitespace().any(|word| {
        HOLDERS.contains(&word) || word.starts_with("mwe-math") || word.contains("latex") || word.ends_with("-tex")
    });
    let text = |value: Option<&str>| value.map(|value| htmlize::unescape_attribute(value).trim().to_owned());
    let says = |text: &String| !text.is_empty() && (tex_text::is_sure(text) || is_named && !tex_text::is_prose(text));
    let tex = text(data)
        .filter(|text| !text.is_empty() && !tex_text::is_prose(text))
        .or_else(|| text(alt).filter(says))
        .or_else(|| text(title).filter(says))
        .or_else(|| addressed(&text(src)?))?;
    let names_display = ["display", "aligncenter", "block"];
    let is_display = || {
        let block = document.block_of(id);
        let around = document.elements.get(block as usize)?;
        let stands_alone = matches!(around.tag, Tag::P | Tag::DIV | Tag::CENTER | Tag::FIGURE)
            && document.characters(block) == 0
            && document.elements[block as usize + 1..around.next as usize].len() == 1;
        Some(stands_alone || class.split_ascii_whitespace().any(|word| names_display.contains(&word)))
    };
    Some(FoundFormula {
        display: is_display().unwrap_or(false) || class.contains("image-display"),
        tex,
    })
}

/// The TeX that the address of a picture asks a service to draw.
fn addressed(address: &str) -> Option<String> {
    if address.starts_with("data:") || !address.contains(['%', '\\', '?']) {
        return None;
    }
    let decode = |text: &str| {
        let text = text.replace('+', "%20");
        let text = percent_encoding::percent_decode_str(&text).decode_utf8().ok()?;
        Some(without_picture_commands(text.trim()).to_owned())
    };
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or(("", pair)));
    let by_name = pairs
        .clone()
        .find(|(name, _)| PARAMETERS.contains(name))
        .and_then(|(_, value)| decode(value));
    let last = || decode(path.rsplit('/').next()?);
    by_name
        .filter(|tex| tex_text::is_sure(tex) || !tex_text::is_prose(tex) && tex.contains(['^', '_', '=', '\\']))
        .or_else(|| {
            pairs.find_map(|(name, value)| decode(value).filter(|tex| name.is_empty() && tex_text::is_sure(tex)))
        })
        .or_else(|| decode(query).filter(|tex| tex_text::is_sure(tex)))
        .or_else(|| last().filter(|tex| tex_text::is_sure(tex)))
}
