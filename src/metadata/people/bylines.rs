//! Bylines in the lines around a title: what a label names, and a name that stands there with a day or a role.

use super::{
    names::{self, Name, NameClass},
    reporters,
};
use crate::metadata::dates::inline;

/// Lines that are read: those right below the title come first.
const LINES: usize = 80;
/// Characters of a byline at most, and of a line that is a name or a day and nothing else.
const BYLINE_CHARACTERS: usize = 200;
const SHORT_CHARACTERS: usize = 60;
/// Names that a line may hold without saying whose they are.
const UNLABELLED: usize = 3;

/// How a line says whose names it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BylineForm {
    /// It begins with a label: `By Ada Lane`.
    Signed,
    /// A label stands in it, or alone on the line before.
    Labelled,
    /// A name, with a day or a role.
    Beside,
}

/// A line that names people.
#[derive(Debug)]
pub(crate) struct Byline {
    pub(crate) form: BylineForm,
    pub(crate) names: Vec<Name>,
    pub(crate) text: String,
    /// How many lines stand between the title and this one.
    pub(crate) nth: usize,
}

/// The bylines among some lines, one of each form at most: the first.
pub(crate) fn read(lines: &str, language: Option<&str>) -> Vec<Byline> {
    let lines: Vec<&str> = lines
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(LINES)
        .collect();
    let is_short = |line: &str, most: usize| line.char_indices().nth(most).is_none();
    let mut found: Vec<Byline> = Vec::new();
    let day = |line: Option<&&str>| {
        line.is_some_and(|line| is_short(line, SHORT_CHARACTERS) && inline::find(line, language).is_some())
    };
    for (nth, line) in lines
        .iter()
        .enumerate()
        .filter(|(_, line)| is_short(line, BYLINE_CHARACTERS))
    {
        let label = names::label(line);
        let (form, names, text) = if label.len() == line.len() {
            let next = lines.get(nth + 1).filter(|next| is_short(next, SHORT_CHARACTERS));
            let Some(next) = next else { continue };
            (BylineForm::Labelled, names::read(next), format!("{line} {next}"))
        } else if !label.is_empty() {
            (BylineForm::Signed, names::read(line), (*line).to_owned())
        } else if names::has_label(line) {
            (BylineForm::Labelled, names::read(line), (*line).to_owned())
        } else if nth > 0 && is_short(line, BYLINE_CHARACTERS / 2) {
            let names = names::read(line);
            let is_beside = || {
                names::has_role(line)
                    || inline::find(line, language).is_some()
                    || day(lines.get(nth - 1))
                    || day(lines.get(nth + 1))
            };
            let are_people =
                (1..=UNLABELLED).contains(&names.len()) && names.iter().all(|name| name.class == NameClass::Person);
            let is_han = names.iter().any(|name| reporters::holds_han(&name.text));
            if is_han && inline::find(line, language).is_none() {
                continue;
            }
            if !are_people || !is_beside() {
                continue;
            }
            (BylineForm::Beside, names, (*line).to_owned())
        } else {
            continue;
        };
        // A word in small letters behind a label is one of a sentence.
        let is_word = |name: &Name| {
            name.class == NameClass::Single && !name.text.contains(char::is_uppercase) && !names::is_handle(&name.text)
        };
        let names: Vec<Name> = names
            .into_iter()
            .filter(|name| !is_word(name) || !name.text.is_ascii())
            .collect();
        let is_new = found.iter().all(|known| known.form != form);
        if is_new && !names.is_empty() {
            found.push(Byline { form, names, text, nth });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(lines: &str) -> Vec<String> {
        let found = read(lines, Some("en"));
        found
            .into_iter()
            .next()
            .map_or_else(Vec::new, |line| line.names.into_iter().map(|name| name.text).collect())
    }

    #[test]
    fn labelled_lines() {
        for lines in [
            "Politik\nVon Ada Lane am 12. Mai 2020\nText",
            "Written by: Ada Lane",
            "Eine Kolumne von Ada Lane",
            "Datum: 12.5.2020 Autor: Ada Lane Quelle: dpa",
            "Text.\nAutor:\nAda Lane\nTags",
            "Auteur : Ada Lane\nEdition : Bo Ek",
            "Published August 7, 2023 by Ada Lane",
            "Words: Ada Lane / Photos: Bo Ek",
        ] {
            assert_eq!(names(lines), ["Ada Lane"], "{lines}");
        }
        assert_eq!(names("By Ada van Lane and Bo Ek"), ["Ada van Lane", "Bo Ek"]);
    }

    #[test]
    fn names_beside_a_day_or_a_role() {
        assert_eq!(names("A title\nAda Lane | Senior Writer | July 2, 2025"), ["Ada Lane"]);
        assert_eq!(names("A title\nAda Lane\nMay 12, 2020\nText"), ["Ada Lane"]);
        assert_eq!(names("A title\nAda Lane\nText goes on here"), Vec::<String>::new());
    }

    #[test]
    fn sentences_name_nobody() {
        for line in [
            "By Monday the lake had frozen over.",
            "Von Anfang an war klar, dass es so kommt.",
            "Der Autor: ein Mann ohne Namen",
            "Text\nDer Rest folgt morgen.",
        ] {
            assert_eq!(names(line), Vec::<String>::new(), "{line}");
        }
    }
}
