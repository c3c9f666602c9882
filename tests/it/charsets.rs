//! Charsets through the real server: one page in every encoding of the standard that can hold it, cut where it hurts, and
//! bytes that say one thing and are another.

use encoding_rs::*;
use serde_json::{Value, json};

use crate::support::{Reply, Server};

/// The encodings of the WHATWG standard that decode to more than one letter's worth: all but `replacement` and
/// `x-user-defined`.
static ENCODINGS: [&Encoding; 38] = [
    UTF_8,
    IBM866,
    ISO_8859_2,
    ISO_8859_3,
    ISO_8859_4,
    ISO_8859_5,
    ISO_8859_6,
    ISO_8859_7,
    ISO_8859_8,
    ISO_8859_8_I,
    ISO_8859_10,
    ISO_8859_13,
    ISO_8859_14,
    ISO_8859_15,
    ISO_8859_16,
    KOI8_R,
    KOI8_U,
    MACINTOSH,
    WINDOWS_874,
    WINDOWS_1250,
    WINDOWS_1251,
    WINDOWS_1252,
    WINDOWS_1253,
    WINDOWS_1254,
    WINDOWS_1255,
    WINDOWS_1256,
    WINDOWS_1257,
    WINDOWS_1258,
    X_MAC_CYRILLIC,
    GBK,
    GB18030,
    BIG5,
    EUC_JP,
    ISO_2022_JP,
    SHIFT_JIS,
    EUC_KR,
    UTF_16LE,
    UTF_16BE,
];

/// Sentences, of which each encoding can hold at least one.
const SENTENCES: &[&str] = &[
    "Die Boote kehren zurück, schön früh",
    "Łodzie wracają o świcie",
    "La boatoj revenas ĉiun matenon ĝustatempe",
    "Laivas grįžta anksti rytą, žvejų šūksniai",
    "Paadid tulevad igal hommikul õhtust tagasi",
    "Dŵr a bad, mae'r cychod yn dod yn ôl ŷ",
    "Bărcile se întorc și aduc pește",
    "Båtene kommer tilbake, ðæ þing",
    "Лодки возвращаются утром",
    "Човни повертаються вранці, їхній ґанок",
    "Οι βάρκες γυρίζουν το πρωί",
    "הסירות חוזרות בבוקר",
    "تعود القوارب في الصباح",
    "เรือกลับมาทุกเช้า",
    "Tekneler sabah geri dönüyor, ığüş",
    "每天早晨船只带着收获回来",
    "每天早晨船隻帶著收穫回來",
    "毎朝、船が港に戻ってくる",
    "매일 아침 배가 돌아온다",
];

fn encoded(text: &str, encoding: &'static Encoding) -> Option<Vec<u8>> {
    if encoding == UTF_16LE || encoding == UTF_16BE {
        let bytes = |unit: u16| {
            if encoding == UTF_16LE {
                unit.to_le_bytes()
            } else {
                unit.to_be_bytes()
            }
        };
        return Some(text.encode_utf16().flat_map(bytes).collect());
    }
    let (bytes, _, unmappable) = encoding.encode(text);
    (!unmappable).then(|| bytes.into_owned())
}

fn page(sentence: &str) -> String {
    format!(
        "<!doctype html><html><head><title>{sentence}</title></head><body><article><h1>{sentence}</h1>\
         <p>{sentence}. {sentence}. {sentence}.</p><ins class=adsbygoogle>{sentence}</ins>\
         <p>{sentence}: {sentence}.</p></article></body></html>"
    )
}

/// Sends the bytes in chunks of changing lengths, which fall into the middle of characters.
fn send(server: &Server, content_type: &str, bytes: &[u8], seed: usize) -> Reply {
    let mut connection = server.connect();
    connection.write(format!(
        "POST /v1/normalize HTTP/1.1\r\nHost: t\r\n{content_type}Transfer-Encoding: chunked\r\n\r\n"
    ));
    let (mut left, mut length) = (bytes, seed);
    while !left.is_empty() {
        length = length * 31 % 97 + 1;
        let (chunk, rest) = left.split_at(length.min(left.len()));
        connection.write_chunk(chunk);
        left = rest;
    }
    connection.write("0\r\n\r\n");
    connection.reply()
}

#[test]
fn the_same_page_in_every_encoding_of_the_standard() {
    let server = Server::start();
    for (seed, encoding) in ENCODINGS.into_iter().enumerate() {
        let mut held = 0;
        for sentence in SENTENCES {
            let html = page(sentence);
            let Some(bytes) = encoded(&html, encoding) else {
                continue;
            };
            held += 1;
            let reference = send(
                &server,
                "Content-Type: text/html; charset=utf-8\r\n",
                html.as_bytes(),
                7,
            )
            .json();
            let label = encoding.name();
            let article = send(
                &server,
                &format!("Content-Type: text/html; charset={label}\r\n"),
                &bytes,
                seed,
            )
            .json();
            for field in ["title", "content_html", "content_text", "language"] {
                assert_eq!(article[field], reference[field], "{sentence} in {label}");
            }
            assert_eq!(article["input"]["charset"], label, "{sentence}");
            assert_eq!(article["warnings"], reference["warnings"], "{sentence} in {label}");
            // Its state goes with the stream: a piece of it does not stand alone.
            if encoding != ISO_2022_JP {
                let advert = format!("<ins class=adsbygoogle>{sentence}</ins>");
                let removed = article["removed"].as_array().expect("a list").iter();
                let mut removed = removed.map(|removal| {
                    let [start, end] = ["byte_start", "byte_end"].map(|key| removal[key].as_u64().expect("a number"));
                    encoding
                        .decode_without_bom_handling(&bytes[start as usize..end as usize])
                        .0
                });
                assert!(removed.any(|text| text == advert), "{sentence} in {label}");
            }
        }
        assert!(held > 0, "{} holds none of the sentences", encoding.name());
    }
}

#[test]
fn labels_mean_what_the_standard_says() {
    let server = Server::start();
    for (label, name, bytes, text) in [
        ("gb2312", "GBK", &b"<p>\x80 \xD6\xD0"[..], "€ 中"),
        ("gbk", "GBK", b"<p>\x81\x39\xEF\x30", "\u{3401}"),
        ("gb18030", "gb18030", b"<p>\x95\x32\x82\x36", "𠀀"),
        ("iso-8859-1", "windows-1252", b"<p>\x93x\x94 \x80", "“x” €"),
        ("ascii", "windows-1252", b"<p>\xE9", "é"),
        ("iso-8859-9", "windows-1254", b"<p>\xFD", "ı"),
        ("ks_c_5601-1987", "EUC-KR", b"<p>\xB0\xA1", "가"),
        ("x-sjis", "Shift_JIS", b"<p>\x82\xA0", "あ"),
        ("csiso2022jp", "ISO-2022-JP", b"<p>\x1B$B$\"\x1B(B", "あ"),
        ("unicode", "UTF-16LE", b"<\0p\0>\0\x2D\x4E", "中"),
    ] {
        let article = send(
            &server,
            &format!("Content-Type: text/html; charset=\"{label}\"\r\n"),
            bytes,
            1,
        )
        .json();
        assert_eq!(
            (
                &article["content_text"],
                &article["input"]["charset"],
                &article["input"]["charset_source"]
            ),
            (&json!(text), &json!(name), &json!("header")),
            "{label}"
        );
    }
}

fn warnings(article: &Value) -> Vec<&str> {
    let warnings = article["warnings"].as_array().expect("a list");
    warnings
        .iter()
        .map(|warning| warning["code"].as_str().expect("a code"))
        .collect()
}

#[test]
fn bytes_that_say_one_thing_and_are_another() {
    let server = Server::start();
    let chinese = "<p>每天早晨船只带着收获回来，市场开门。港口全年开放，渔民建造了它。";
    let gbk = GBK.encode(chinese).0;
    let twice = WINDOWS_1252
        .decode_without_bom_handling("<p>schön, für Größe, Über".as_bytes())
        .0;
    let text = &chinese[3..];
    #[rustfmt::skip]
    type Row<'a> = (&'a str, &'a str, &'a [u8], &'a str, &'a str, &'a str);
    let rows: &[Row<'_>] = &[
        (
            "UTF-8 as GBK",
            "gbk",
            chinese.as_bytes(),
            text,
            "valid_utf8",
            "charset_overruled",
        ),
        (
            "UTF-8 as UTF-16",
            "utf-16le",
            chinese.as_bytes(),
            text,
            "valid_utf8",
            "charset_overruled",
        ),
        (
            "UTF-8 as Latin",
            "iso-8859-1",
            chinese.as_bytes(),
            text,
            "valid_utf8",
            "charset_overruled",
        ),
        ("GBK as UTF-8", "utf-8", &gbk, text, "detected", "charset_overruled"),
        (
            "a mark against its header",
            "gbk",
            "\u{FEFF}<p>船".as_bytes(),
            "船",
            "bom",
            "",
        ),
        (
            "encoded twice",
            "utf-8",
            twice.as_bytes(),
            &twice[3..],
            "header",
            "double_encoded",
        ),
        (
            "a lone surrogate",
            "utf-16le",
            b"<\0p\0>\0a\0\x3D\xD8b\0",
            "a\u{FFFD}b",
            "header",
            "undecodable_bytes",
        ),
        (
            "a surrogate in UTF-8",
            "utf-8",
            b"<p>a\xED\xA0\x80b",
            "a\u{FFFD}\u{FFFD}\u{FFFD}b",
            "header",
            "undecodable_bytes",
        ),
        (
            "an overlong form",
            "utf-8",
            b"<p>a\xC0\xAFb",
            "a\u{FFFD}\u{FFFD}b",
            "header",
            "undecodable_bytes",
        ),
        (
            "an overlong tag",
            "utf-8",
            b"<p>a\xC0\xBCscript>b",
            "a\u{FFFD}\u{FFFD}script>b",
            "header",
            "undecodable_bytes",
        ),
        (
            "cut in a character",
            "utf-8",
            b"<p>a\xE4\xB8",
            "a\u{FFFD}",
            "header",
            "undecodable_bytes",
        ),
        ("no such charset", "utf-9", b"<p>a", "a", "default", "charset_unknown"),
    ];
    for (name, label, bytes, text, source, code) in rows {
        let article = send(
            &server,
            &format!("Content-Type: text/html; charset={label}\r\n"),
            bytes,
            3,
        )
        .json();
        assert_eq!(
            (&article["content_text"], &article["input"]["charset_source"]),
            (&json!(text), &json!(source)),
            "{name}"
        );
        assert_eq!(
            warnings(&article),
            if code.is_empty() { vec![] } else { vec![*code] },
            "{name}"
        );
    }
    let meta = format!("<meta charset=gbk>{chinese}");
    let article = send(&server, "Content-Type: text/html\r\n", meta.as_bytes(), 5).json();
    assert_eq!(
        (&article["content_text"], warnings(&article)),
        (&json!(text), vec!["charset_overruled"])
    );
    let counted = send(
        &server,
        "Content-Type: text/html; charset=utf-8\r\n",
        b"<p>a\xFFb\xFEc",
        5,
    )
    .json();
    let detail = counted["warnings"][0]["detail"].as_str().expect("a text");
    assert!(detail.starts_with("2 sequences of bytes are not UTF-8"), "{detail}");
}

#[test]
fn invisible_characters_are_named_and_stay_but_for_tags() {
    let server = Server::start();
    for (text, code) in [
        ("access\u{202E}level", "bidi_controls"),
        ("ad\u{200B}vert", "invisible_characters"),
        ("ad&#x200B;vert", "invisible_characters"),
    ] {
        let article = send(
            &server,
            "Content-Type: text/html\r\n",
            format!("<p>{text}</p>").as_bytes(),
            2,
        )
        .json();
        assert_eq!(warnings(&article), [code], "{text:?}");
        assert_eq!(article["content_text"], text.replace("&#x200B;", "\u{200B}"));
    }
    let tagged = send(&server, "", "<p>Some text\u{E0049}\u{E0067}</p>".as_bytes(), 2).json();
    assert_eq!(
        (warnings(&tagged), &tagged["content_text"]),
        (vec!["hidden_text"], &"Some text".into())
    );
    let article = send(
        &server,
        "",
        "<p>می\u{200C}خواهم، 👩\u{200D}👧 ภาษา\u{200B}ไทย</p>".as_bytes(),
        2,
    )
    .json();
    assert_eq!(warnings(&article), [""; 0]);
}
