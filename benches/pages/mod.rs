//! Pages to measure with, of our own making, in the form of what the web sends: a head, navigation, paragraphs with links,
//! adverts that rules drop, scripts, comments, and end tags that are left out.

/// Numbers below `sides`, the same ones each time.
pub(crate) fn dice() -> impl FnMut(usize) -> usize {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    move |sides: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % sides as u64) as usize
    }
}

/// A page of about a megabyte, the same each time.
pub(crate) fn generated() -> Vec<u8> {
    const WORDS: &[&str] = &[
        "harbour",
        "the",
        "of",
        "boats",
        "morning",
        "and",
        "come",
        "back",
        "with",
        "what",
        "night",
        "has",
        "given",
        "them",
        "market",
        "opens",
        "every",
        "day",
        "town",
        "fishermen",
    ];
    let mut roll = dice();
    let mut page =
        String::from("<!doctype html><html lang=en><head><meta charset=utf-8><title>Harbour</title></head><body>");
    while page.len() < 1 << 20 {
        let mut text = String::new();
        for _ in 0..20 + roll(60) {
            text.push_str(WORDS[roll(WORDS.len())]);
            text.push(' ');
        }
        let number = roll(100_000);
        page.push_str(&match roll(10) {
            0 => format!("<ul class=\"nav nav-list\"><li class=item><a href=\"/a/{number}\">{}</a><li class=item><a href=/b>two</a></ul>\n", &text[..20]),
            1 => format!("<div class=\"box advertisement\" id=\"ad-{number}\"><a href=\"https://ads.example/{number}\"><img src=\"/x.gif\" width=300 height=250></a></div>\n"),
            2 => format!("<script>window.dataLayer = window.dataLayer || []; push({{\"id\": {number}, \"text\": \"{text}\"}});</script>\n"),
            3 => format!("<!-- block {number} --><div class=\"row\"><div class=\"col col-6\"><span class=label>{}</span></div></div>\n", &text[..30]),
            4 => format!("<figure class=image><img src=\"https://img.example/{number}.jpg\" alt=\"{}\" loading=lazy><figcaption>{}</figcaption></figure>\n", &text[..40], &text[..50]),
            _ => format!("<p class=\"text text-{}\" data-id=\"{number}\">{text}<a href=\"https://a.example/{number}\" title=\"{}\">{}</a> <em>{}</em> {text}</p>\n", roll(9), &text[..30], &text[..15], &text[..10]),
        });
    }
    page.push_str("</body></html>\n");
    page.into_bytes()
}
