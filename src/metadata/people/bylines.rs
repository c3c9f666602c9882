//! Bylines in the lines around a title: what a label names, and a name that stands there with a day or a role.

use super::{
    lexicon::WordKind,
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
        if is_sentence(line, &names) {
            continue;
        }
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

/// Words of a sentence at least, beside names, labels, roles and days.
const SENTENCE_WORDS: usize = 5;

/// Whether a line says more than who has written what, and when: what it names is what the sentence is about.
fn is_sentence(line: &str, names: &[Name]) -> bool {
    let known = WordKind::INTERFACE
        .or(WordKind::DATE)
        .or(WordKind::ROLE)
        .or(WordKind::PARTICLE)
        .or(WordKind::BY)
        .or(WordKind::OTHER);
    let is_of_name = |word: &str| names.iter().any(|name| name.text.contains(word));
    let said = line[names::label(line).len()..]
        .split(char::is_whitespace)
        .filter(|word| {
            let word = names::bare(word);
            word.starts_with(char::is_lowercase) && !names::is(word, known) && !is_of_name(word)
        });
    said.count() >= SENTENCE_WORDS
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

    /// A language's names, roles, days, labels, conjunction, and lines that name nobody.
    struct Tongue {
        tag: &'static str,
        names: &'static [&'static str],
        roles: &'static [&'static str],
        days: &'static [&'static str],
        labels: &'static [&'static str],
        and: &'static str,
        nobody: &'static [&'static str],
    }

    const TONGUES: &[Tongue] = &[
        Tongue {
            tag: "en",
            names: &[
                "Ada Lane",
                "J. R. Vale",
                "Siobhan O'Reed",
                "Maria de la Cruz",
                "Jean-Luc McEwan",
            ],
            roles: &["Senior Writer", "Staff Reporter", "Editor-in-Chief"],
            days: &["May 12, 2020", "12 May 2020", "2020-05-12"],
            labels: &["By", "Written by", "Posted by", "Author:", "Words by"],
            and: "and",
            nobody: &[
                "By Monday the lake had frozen over.",
                "Edited by Bo Ek",
                "Photos: Bo Ek",
                "Posted on May 12, 2020",
                "The bridge, by then in ruins, was sold to a company from the north of the country.",
                "5 min read",
                "Updated May 12, 2020",
                "Share on Twitter",
            ],
        },
        Tongue {
            tag: "de",
            names: &["Ada Lahn", "Jörg von der Au", "Änne Groß-Köhler", "Bo Ek"],
            roles: &["Redakteurin", "Korrespondent"],
            days: &["12. Mai 2020", "12.05.2020"],
            labels: &["Von", "Ein Gastbeitrag von", "Autor:", "Text:", "Geschrieben von"],
            and: "und",
            nobody: &[
                "Von Anfang an war klar, dass es so kommt.",
                "Foto: Bo Ek",
                "Veröffentlicht am 12. Mai 2020",
                "Lesezeit: 5 Minuten",
                "Von der Brücke aus sieht man das Meer, das im Winter selten ruhig ist.",
            ],
        },
        Tongue {
            tag: "fr",
            names: &["Ada Laine", "Zoé d'Arvor", "Jean-Luc Le Bihan"],
            roles: &["journaliste"],
            days: &["12 mai 2020", "12/05/2020"],
            labels: &["Par", "Publié par", "Auteur :"],
            and: "et",
            nobody: &[
                "Par ailleurs, le pont sera fermé.",
                "Publié le 12 mai 2020",
                "Crédit photo : Bo Ek",
            ],
        },
        Tongue {
            tag: "es",
            names: &["Ana Lana", "José Ruiz del Valle", "Íñigo Peña"],
            roles: &["redactora"],
            days: &["12 de mayo de 2020"],
            labels: &["Por", "Escrito por", "Autor:"],
            and: "y",
            nobody: &[
                "Por eso el puente se cerró ayer.",
                "Publicado el 12 de mayo de 2020",
                "Foto: Bo Ek",
            ],
        },
        Tongue {
            tag: "ru",
            names: &["Ада Лань", "Борис Эк"],
            roles: &["корреспондент"],
            days: &["12 мая 2020"],
            labels: &["Автор:", "Текст:"],
            and: "и",
            nobody: &["Фото: Борис Эк", "Опубликовано 12 мая 2020"],
        },
    ];

    /// Each line with the names that it names, in their order.
    fn generated(tongue: &Tongue) -> Vec<(String, Vec<&'static str>)> {
        let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
        for (i, name) in tongue.names.iter().enumerate() {
            let other = tongue.names[(i + 1) % tongue.names.len()];
            for label in tongue.labels {
                lines.push((format!("{label} {name}"), vec![name]));
                lines.push((format!("{label} {name} {} {other}", tongue.and), vec![name, other]));
                lines.push((format!("{label} {name}, {other}"), vec![name, other]));
                for day in tongue.days {
                    for separator in [" | ", " • ", " – ", " ", ", ", " / "] {
                        lines.push((format!("{label} {name}{separator}{day}"), vec![name]));
                    }
                    for separator in [" | ", " • ", " "] {
                        lines.push((format!("{day}{separator}{label} {name}"), vec![name]));
                    }
                }
                for role in tongue.roles {
                    lines.push((format!("{label} {name}, {role}"), vec![name]));
                    lines.push((format!("{label} {name} | {role}"), vec![name]));
                }
            }
            for day in tongue.days {
                for role in tongue.roles {
                    lines.push((format!("{name} | {role} | {day}"), vec![name]));
                    lines.push((format!("{name}, {role}\n{day}"), vec![name]));
                }
                lines.push((format!("{name}\n{day}"), vec![name]));
                lines.push((format!("{name} · {day}"), vec![name]));
            }
        }
        lines.extend(tongue.nobody.iter().map(|line| ((*line).to_owned(), Vec::new())));
        lines
    }

    /// What is given has to be right: a wrong author is worse than none.
    #[test]
    fn generated_bylines_are_read_with_few_faults() {
        let (mut all, mut given, mut right, mut faults) = (0, 0, 0, Vec::new());
        for tongue in TONGUES {
            for (line, wanted) in generated(tongue) {
                let found = read(&format!("Title\n{line}\n"), Some(tongue.tag)).into_iter().next();
                let found: Vec<String> =
                    found.map_or_else(Vec::new, |line| line.names.into_iter().map(|name| name.text).collect());
                all += usize::from(!wanted.is_empty());
                given += usize::from(!found.is_empty());
                match found == wanted {
                    true => right += usize::from(!found.is_empty()),
                    false => faults.push(format!("{line:?}: {found:?}")),
                }
            }
        }
        let (precision, recall) = (100 * right / given, 100 * right / all);
        assert!(
            precision >= 98 && recall >= 95,
            "{right} right of {given} given and {all} wanted: {:#?}",
            &faults[..faults.len().min(40)]
        );
    }
}
