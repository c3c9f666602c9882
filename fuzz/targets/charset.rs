//! Bytes in any encoding, declared or not, become text, and each character's place in the bytes is known.
#![no_main]

use copydesk::input::{self, RawDocument};
use copydesk_fuzz::{bounds, choose};
use libfuzzer_sys::fuzz_target;

const DECLARED: [Option<&str>; 16] = [
    None,
    Some("text/html"),
    Some("text/html; charset=utf-8"),
    Some("text/html; charset=gbk"),
    Some("text/html; charset=gb18030"),
    Some("text/html; charset=big5"),
    Some("text/html; charset=euc-jp"),
    Some("text/html; charset=shift_jis"),
    Some("text/html; charset=iso-2022-jp"),
    Some("text/html; charset=euc-kr"),
    Some("text/html; charset=utf-16le"),
    Some("text/html; charset=utf-16be"),
    Some("text/html; charset=windows-1252"),
    Some("text/html; charset=x-user-defined"),
    Some("text/plain; charset=koi8-r"),
    Some("text/html; charset=replacement"),
];

fuzz_target!(|data: &[u8]| {
    let Some((declared, bytes)) = choose(&DECLARED, data) else {
        return;
    };
    let document = RawDocument {
        bytes,
        content_type: *declared,
        ..RawDocument::default()
    };
    let Ok(page) = input::read(&document, &bounds()) else {
        return;
    };
    assert!(page.text.is_char_boundary(page.body.start) && page.text.is_char_boundary(page.body.end));
    let mut mapper = page.offsets.mapper(bytes);
    let mut before = 0;
    for (at, _) in page.text.char_indices() {
        let byte = mapper.to_input(at);
        assert!(
            before <= byte && byte <= bytes.len(),
            "character {at} is at {byte}, behind {before}"
        );
        before = byte;
    }
    assert_eq!(mapper.to_input(page.text.len()), bytes.len());
});
