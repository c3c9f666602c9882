//! Dialogs that ask for consent to cookies: text of full sentences that a score by form alone takes for an article.
//!
//! Their words are those of few standard texts (IAB Europe's Transparency and Consent Framework, Google's Funding Choices),
//! in each language. One such phrase may stand in any article; three different ones in one block do not.

use std::sync::LazyLock;

use super::blocks::Block;
use crate::{engine::document::Document, pattern::LiteralSet};

/// Phrases of consent dialogs, by language. Each list holds phrases of one idea.
const PHRASES: &[&[&str]] = &[
    &[
        "information on a device",
        "informationen auf einem gerät",
        "informations sur un",
        "información en un dispositivo",
        "informazioni su un dispositivo",
        "informatie op een apparaat",
        "informações em um dispositivo",
        "informacji na urządzeniu",
        "デバイス上の情報",
    ],
    &[
        "process personal data",
        "personenbezogene daten",
        "données personnelles",
        "datos personales",
        "dati personali",
        "persoonsgegevens",
        "dados pessoais",
        "dane osobowe",
        "個人データ",
        "个人数据",
    ],
    &[
        "personalised ads",
        "personalized ads",
        "personalised content",
        "personalized content",
        "personalised advertising",
        "personalized advertising",
        "personalisierte anzeigen",
        "personalisierte werbung",
        "publicités personnalisées",
        "publicités et contenu personnalisés",
        "anuncios personalizados",
        "annunci personalizzati",
        "annunci e contenuti personalizzati",
        "gepersonaliseerde advertenties",
        "anúncios personalizados",
        "spersonalizowane reklamy",
    ],
    &[
        "audience research",
        "audience insights",
        "erkenntnisse über zielgruppen",
        "zielgruppenforschung",
        "mesure d'audience",
        "études d’audience",
        "investigación de audiencia",
        "ricerche sul pubblico",
        "doelgroepenonderzoek",
    ],
    &[
        "our partners",
        "and our partners",
        "unsere partner",
        "nos partenaires",
        "nuestros socios",
        "nostri partner",
        "onze partners",
        "nossos parceiros",
        "nasi partnerzy",
    ],
    &[
        "click to consent",
        "you may consent",
        "give your consent",
        "withdraw your consent",
        "einwilligung",
        "votre consentement",
        "su consentimiento",
        "tu consentimiento",
        "consenso",
        "toestemming",
        "consentimento",
        "zgodę",
    ],
    &[
        "change your choices",
        "your choices apply",
        "change your preferences",
        "change your mind at any time",
        "manage your preferences",
        "manage options",
        "jederzeit widerrufen",
        "jederzeit ändern",
        "à tout moment",
        "en cualquier momento",
        "in qualsiasi momento",
        "op elk moment",
        "a qualquer momento",
        "w dowolnym momencie",
    ],
    &[
        "legitimate interest",
        "berechtigten interesse",
        "berechtigtes interesse",
        "intérêt légitime",
        "interés legítimo",
        "legittimo interesse",
        "gerechtvaardigd belang",
        "interesse legítimo",
        "uzasadniony interes",
    ],
    &[
        "such as cookies",
        "we use cookies",
        "uses cookies",
        "use of cookies",
        "wie cookies",
        "verwenden cookies",
        "utilisons des cookies",
        "comme les cookies",
        "usamos cookies",
        "utilizamos cookies",
        "utilizziamo cookie",
        "gebruiken cookies",
        "używamy plików cookie",
        "cookieを使用",
        "使用cookie",
    ],
    &[
        "accept all",
        "alle akzeptieren",
        "tout accepter",
        "aceptar todo",
        "accetta tutto",
        "alles accepteren",
    ],
];

/// Different ideas in one block from which it is a consent dialog.
const IDEAS: u32 = 3;
/// The weight of the shortest sentence of such a dialog.
const LEAST_WEIGHT: f32 = 100.0;
/// Such blocks from which on they are the page's subject.
const MOST: usize = 6;

/// Takes the probability of blocks of a consent dialog away, unless the page is about nothing else.
pub(crate) fn leave_out(document: &Document<'_>, blocks: &[Block], likely: &mut [f32], threshold: f32) {
    let may_stay = |i: &usize| likely[*i] >= threshold;
    let dialog: Vec<usize> = (0..blocks.len())
        .filter(may_stay)
        .filter(|i| blocks[*i].weight >= LEAST_WEIGHT && is_consent(document, &blocks[*i]))
        .collect();
    let is_other = |i: usize| likely[i] >= threshold && blocks[i].weight >= LEAST_WEIGHT && !dialog.contains(&i);
    if dialog.is_empty() || dialog.len() > MOST || !(0..blocks.len()).any(is_other) {
        return;
    }
    for i in dialog {
        likely[i] = 0.0;
    }
}

fn is_consent(document: &Document<'_>, block: &Block) -> bool {
    static WORDS: LazyLock<(LiteralSet, Vec<u32>)> = LazyLock::new(|| {
        let words = PHRASES.iter().flat_map(|phrases| phrases.iter().copied());
        let ideas = PHRASES
            .iter()
            .zip(0..)
            .flat_map(|(phrases, idea)| phrases.iter().map(move |_| 1 << idea));
        (LiteralSet::fixed(words), ideas.collect())
    });
    let (words, ideas) = &*WORDS;
    let mut found = 0u32;
    for run in block.first_run..block.next_run {
        let text = document.runs[run as usize].decode(document.run_text(run));
        words.find_all(text.as_bytes(), |word, _| found |= ideas[word]);
    }
    found.count_ones() >= IDEAS
}
