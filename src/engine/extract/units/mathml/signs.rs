//! What signs and attributes of MathML mean in TeX: brackets, accents, arrows, alphabets and space.

use super::{MathElement, MathNode, tex_symbols::is_function};

/// What opens and closes: `(`, and what stands in TeX for it.
pub(crate) const FENCES: &[(&str, &str)] = &[
    ("(", "("),
    (")", ")"),
    ("[", "["),
    ("]", "]"),
    ("{", r"\{"),
    ("}", r"\}"),
    ("|", "|"),
    ("∣", "|"),
    ("‖", r"\|"),
    ("∥", r"\|"),
    ("⟨", r"\langle"),
    ("⟩", r"\rangle"),
    ("〈", r"\langle"),
    ("〉", r"\rangle"),
    ("⌊", r"\lfloor"),
    ("⌋", r"\rfloor"),
    ("⌈", r"\lceil"),
    ("⌉", r"\rceil"),
    ("", "."),
];

pub(crate) fn fence(text: &str) -> Option<&'static str> {
    FENCES.iter().find(|(own, _)| *own == text.trim()).map(|(_, tex)| *tex)
}

/// Accents: the sign, the command over one character, over several; under where there is one.
pub(crate) const ACCENTS: &[(&str, &str, &str)] = &[
    ("^", r"\hat", r"\widehat"),
    ("ˆ", r"\hat", r"\widehat"),
    ("~", r"\tilde", r"\widetilde"),
    ("˜", r"\tilde", r"\widetilde"),
    ("∼", r"\tilde", r"\widetilde"),
    ("¯", r"\bar", r"\overline"),
    ("ˉ", r"\bar", r"\overline"),
    ("‾", r"\bar", r"\overline"),
    ("_", r"\bar", r"\overline"),
    ("―", r"\bar", r"\overline"),
    ("→", r"\vec", r"\overrightarrow"),
    ("⃗", r"\vec", r"\overrightarrow"),
    ("←", r"\overleftarrow", r"\overleftarrow"),
    ("↔", r"\overleftrightarrow", r"\overleftrightarrow"),
    ("⇀", r"\vec", r"\overrightarrow"),
    ("˙", r"\dot", r"\dot"),
    ("¨", r"\ddot", r"\ddot"),
    ("⃛", r"\dddot", r"\dddot"),
    ("ˇ", r"\check", r"\check"),
    ("˘", r"\breve", r"\breve"),
    ("´", r"\acute", r"\acute"),
    ("`", r"\grave", r"\grave"),
    ("˚", r"\mathring", r"\mathring"),
    ("⏞", r"\overbrace", r"\overbrace"),
    ("︷", r"\overbrace", r"\overbrace"),
];

pub(crate) const ACCENTS_UNDER: &[(&str, &str)] = &[
    ("_", r"\underline"),
    ("‾", r"\underline"),
    ("¯", r"\underline"),
    ("̲", r"\underline"),
    ("⏟", r"\underbrace"),
    ("︸", r"\underbrace"),
    ("→", r"\underrightarrow"),
    ("←", r"\underleftarrow"),
];

/// Arrows that grow with what stands over them.
pub(crate) const ARROWS: &[(&str, &str)] = &[
    ("→", r"\xrightarrow"),
    ("⟶", r"\xrightarrow"),
    ("←", r"\xleftarrow"),
    ("⟵", r"\xleftarrow"),
    ("⇒", r"\xRightarrow"),
    ("⇐", r"\xLeftarrow"),
    ("↔", r"\xleftrightarrow"),
    ("⇌", r"\xrightleftharpoons"),
    ("↦", r"\xmapsto"),
];

/// Signs that only say how what stands around them is read: the function of, times, and, plus; and marks without width.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{2061}'..='\u{2064}' | '\u{200b}' | '\u{feff}' | '\u{200c}' | '\u{200d}'
    )
}

/// The command of a `mathvariant` that `text` would not have by itself.
pub(crate) fn variant(node: &MathNode<'_>, text: &str) -> Option<&'static str> {
    let is_letters = || text.chars().all(|c| c.is_ascii_alphabetic());
    Some(match node.attribute("mathvariant")? {
        "bold" => r"\mathbf",
        "bold-italic" | "bold-sans-serif" => r"\boldsymbol",
        "double-struck" => r"\mathbb",
        "script" | "bold-script" => r"\mathcal",
        "fraktur" | "bold-fraktur" => r"\mathfrak",
        "sans-serif" | "sans-serif-italic" | "sans-serif-bold-italic" => r"\mathsf",
        "monospace" => r"\mathtt",
        "italic" if text.len() > 1 => r"\mathit",
        "normal" if node.name == MathElement::Identifier && is_letters() && !is_function(text) => r"\mathrm",
        _ => return None,
    })
}

/// A table whose columns are sides of equations.
pub(crate) fn is_aligned(node: &MathNode<'_>) -> bool {
    let sides = node.attribute("columnalign").unwrap_or_default();
    node.is("displaystyle", "true") && sides.split_whitespace().any(|side| side == "right")
}

pub(crate) fn is_zero(length: Option<&str>) -> bool {
    length.is_some_and(|length| length.starts_with('0') && !length.contains(|c: char| ('1'..='9').contains(&c)))
}

/// A width in parts of an em, as far as it is one.
pub(crate) fn width_em(width: Option<&str>) -> f32 {
    let Some(width) = width.map(str::trim) else { return 0.0 };
    let named = match width {
        "thinmathspace" => Some(0.17),
        "mediummathspace" => Some(0.22),
        "thickmathspace" => Some(0.28),
        "veryverythickmathspace" => Some(0.39),
        _ => None,
    };
    let unit = |unit: &str, ems: f32| Some(width.strip_suffix(unit)?.trim().parse::<f32>().ok()? * ems);
    named
        .or_else(|| unit("em", 1.0))
        .or_else(|| unit("px", 1.0 / 16.0))
        .or_else(|| unit("pt", 0.1))
        .unwrap_or(0.0)
}

pub(crate) fn space_of(em: f32) -> &'static str {
    match em {
        _ if em < 0.0 => r"\!",
        _ if em < 0.1 => "",
        _ if em < 0.2 => r"\,",
        _ if em < 0.25 => r"\:",
        _ if em < 0.7 => r"\;",
        _ if em < 1.6 => r"\quad ",
        _ => r"\qquad ",
    }
}

/// Text for `\text`.
pub(crate) fn escape_text(text: &str) -> String {
    let mut tex = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => tex.push_str(r"\textbackslash{}"),
            '~' => tex.push_str(r"\textasciitilde{}"),
            '^' => tex.push_str(r"\textasciicircum{}"),
            '{' | '}' | '$' | '&' | '#' | '_' | '%' => {
                tex.push('\\');
                tex.push(c);
            }
            c if c.is_whitespace() => tex.push(' '),
            c => tex.push(c),
        }
    }
    tex
}
