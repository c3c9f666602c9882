//! Languages by their function words (Grefenstette 1995): the articles, prepositions and pronouns that every third word of a
//! text is, and that few other languages have. Counting them is an eighth of the work of comparing trigrams with those of forty
//! languages, which is left for texts that they do not settle: short ones, and those of languages that are near to one another.

use std::{collections::HashMap, sync::LazyLock};

use foldhash::fast::RandomState;

/// The most frequent function words of languages that are written in Latin letters, in lower case.
const LANGUAGES: &[(&str, &str)] = &[
    (
        "en",
        "the of and to in is that for it was on are as with his they be at this from have or by had not but what all were when we \
         there can an your which said if will their has you been who its more he she",
    ),
    (
        "de",
        "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an er hat aus bei wird sind nach \
         wie war noch über wir ich sie so zum zur vom einen einer um am",
    ),
    (
        "fr",
        "de la le et les des en un du une que est pour qui dans par plus pas au sur ne se ce il sont avec ou son aux sa ses cette \
         mais nous vous je elle été leur",
    ),
    (
        "es",
        "de la que el en y a los se del las un por con no una su para es al lo como más pero sus le fue ha este esta son entre",
    ),
    (
        "it",
        "di e il la che in un a per è una con non sono da si del della le nel al dei i lo gli ha più come anche alla dal delle ma \
         questo questa",
    ),
    (
        "pt",
        "de a o que e do da em um para é com não uma os no se na por mais as dos como foi ao mas das são pelo pela ou seu sua",
    ),
    (
        "ca",
        "de la que el en i a els les un per amb no una del al és dels més com va pel aquest aquesta ha seva",
    ),
    (
        "nl",
        "de van het een en in is dat op te zijn voor met die niet aan er om ook als dan maar bij uit nog naar door over tot wordt",
    ),
    (
        "sv",
        "och i att det som en på är av för med till den har inte om ett han jag var de från vid så kan men sig",
    ),
    (
        "da",
        "og i at det er en på til af for med som ikke de den har der et var men fra om jeg også blev kan vi",
    ),
    (
        "nb",
        "og i det er på en til som av for med at har ikke de den et var men fra om jeg også ble kan vi seg",
    ),
    (
        "pl",
        "w i na z do się nie że jest to o jak po za od ale dla są przez tym co tego który która",
    ),
    (
        "cs",
        "a v na se je že s z o do i to jako pro ve by jsou po ale které který tak jeho",
    ),
    (
        "sk",
        "a v na sa je že s z o do i to ako pre vo by sú po ale ktoré ktorý tak jeho",
    ),
    (
        "ro",
        "și de în a la cu pe nu că din care o să mai pentru este au un al fost sau",
    ),
    (
        "hu",
        "a az és hogy nem is egy van ez csak volt meg de már még vagy ki mint",
    ),
    (
        "fi",
        "ja on ei se että oli hän mutta kun ovat niin myös joka ole tai kuin",
    ),
    (
        "tr",
        "ve bir bu da de için ile olarak çok daha olan gibi sonra kadar ne en",
    ),
    (
        "id",
        "yang dan di dengan untuk dari ini itu tidak pada dalam akan adalah ke oleh sebagai juga bisa",
    ),
    ("hr", "i u je na se da za su od s o a koji koja ne kako ili iz što biti"),
];

/// Words from which on their shares say something.
const WORDS: usize = 40;
/// The share of the words that are function words of a language, in a text of it.
const SHARE: f32 = 0.2;
/// How many times more they are than those of any other language. Languages that are near to one another share half of them.
const MARGIN: f32 = 1.5;
/// Bytes of the longest one.
const LONGEST: usize = 9;

static BY_WORD: LazyLock<HashMap<&str, u32, RandomState>> = LazyLock::new(|| {
    let mut by_word: HashMap<_, u32, _> = HashMap::default();
    for (language, (_, words)) in LANGUAGES.iter().enumerate() {
        for word in words.split(' ') {
            *by_word.entry(word).or_default() |= 1 << language;
        }
    }
    by_word
});

/// The language that a text is surely written in, as ISO 639-1.
pub(crate) fn detect(text: &str) -> Option<&'static str> {
    let mut counts = [0_u16; LANGUAGES.len()];
    let mut words = 0;
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        words += 1;
        if word.len() > LONGEST {
            continue;
        }
        let known = match word.bytes().all(|byte| byte.is_ascii_lowercase()) {
            true => BY_WORD.get(word),
            false => BY_WORD.get(word.to_lowercase().as_str()),
        };
        let mut languages = known.copied().unwrap_or_default();
        while languages != 0 {
            counts[languages.trailing_zeros() as usize] += 1;
            languages &= languages - 1;
        }
    }
    let best = (0..counts.len()).max_by_key(|language| counts[*language])?;
    let others = (0..counts.len()).filter(|language| *language != best);
    let next = others.map(|language| counts[language]).max()?;
    let count = f32::from(counts[best]);
    let is_sure = words >= WORDS && count >= words as f32 * SHARE && count >= f32::from(next) * MARGIN;
    is_sure.then_some(LANGUAGES[best].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_by_its_function_words() {
        for (language, text) in [
            (
                "en",
                "The harbour was quiet when we came back from the island, and the man who had sold us the boat was not there. It is \
                 said that he has been seen in the hills with his dog, but there are few who want to look for him.",
            ),
            (
                "de",
                "Der Hafen war still, als wir von der Insel kamen, und der Mann, der uns das Boot verkauft hatte, war nicht da. Man \
                 sagt, er sei in den Bergen mit einem Hund gesehen worden, aber es gibt wenige, die ihn auch suchen und im Nebel finden.",
            ),
            (
                "fr",
                "Le port était calme quand nous sommes revenus de l'île, et l'homme qui nous avait vendu le bateau n'était pas là. On \
                 dit qu'il a été vu dans les collines avec son chien, mais ils sont peu à le chercher, et la nuit tombe sur la mer.",
            ),
            (
                "es",
                "El puerto estaba en calma cuando volvimos de la isla, y el hombre que nos vendió el barco no estaba. Se dice que lo \
                 vieron en las colinas con su perro, pero son pocos los que lo buscan, y la noche cae sobre el mar como una manta.",
            ),
            (
                "nl",
                "De haven was stil toen we van het eiland kwamen, en de man die ons de boot had verkocht was er niet. Men zegt dat hij \
                 in de heuvels met een hond is gezien, maar er zijn er niet veel die hem ook zoeken, en de nacht valt over het water.",
            ),
            (
                "sv",
                "Hamnen var tyst när vi kom tillbaka från ön, och mannen som hade sålt båten till oss var inte där. Det sägs att han \
                 har setts i bergen med en hund, men det är få som letar efter honom, och natten faller på havet och på oss.",
            ),
        ] {
            assert_eq!(detect(text), Some(language));
        }
    }

    #[test]
    fn what_they_do_not_settle_is_left_open() {
        let norwegian_or_danish =
            "Havnen var stille da vi kom fra øen, og manden som havde solgt os båden var der ikke. ".repeat(4);
        for text in [
            "",
            "the of and to in is that",
            "Lorem ipsum dolor sit amet consectetur",
            norwegian_or_danish.as_str(),
        ] {
            assert_eq!(detect(text), None, "{text}");
        }
    }
}
