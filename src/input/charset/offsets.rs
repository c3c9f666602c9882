//! Decoding, and the way back: from an offset in the decoded text to the byte that it came from.
//!
//! Valid UTF-8 is borrowed, and its map is one addition. Everything else is decoded in chunks that end where the decoder
//! is surely in its initial state; each such border is a checkpoint, and an offset between two of them is found by
//! decoding again from the nearest one, one byte at a time. So the map costs 16 bytes in 128, and is exact for every
//! encoding, also where bytes were undecodable.

use std::{borrow::Cow, collections::VecDeque};

use encoding_rs::{CoderResult, Decoder, DecoderResult, Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes of input between two checkpoints, at least: long enough to keep the table small, short enough that decoding one
/// such stretch byte by byte is a matter of microseconds.
const CHECKPOINT_BYTES: usize = 128;

/// Bytes decoded at once where there can be no checkpoints.
const CHUNK_BYTES: usize = 64 << 10;

/// What stands for a NUL, as in most of the HTML tokenizer's states.
const NUL_AS: &str = "\u{FFFD}";

/// From offsets in the text to offsets in the document's own bytes.
#[derive(Debug, Clone, Default)]
pub struct Offsets {
    /// Bytes before the text: a byte order mark.
    start: usize,
    /// Absent where the text's bytes are the document's.
    table: Option<OffsetTable>,
}

#[derive(Debug, Clone)]
struct OffsetTable {
    encoding: &'static Encoding,
    /// Ascending in both members. The decoder is in its initial state at each.
    checkpoints: Vec<Checkpoint>,
    text_bytes: usize,
    input_bytes: usize,
}

#[derive(Debug, Clone, Copy)]
struct Checkpoint {
    text: usize,
    input: usize,
}

impl Offsets {
    /// The byte of `input` (the whole document, byte order mark included) at which the character at `text_offset`
    /// begins, or the document's end.
    ///
    /// For many offsets of one document use [`Offsets::mapper`].
    pub fn to_input(&self, text_offset: usize, input: &[u8]) -> usize {
        self.mapper(input).to_input(text_offset)
    }

    /// The same for many offsets. Ascending ones cost one pass over the document together, in the worst case.
    pub fn mapper<'a>(&'a self, input: &'a [u8]) -> Mapper<'a> {
        Mapper {
            offsets: self,
            input,
            walker: None,
        }
    }

    /// Whether the text's bytes are the document's own, after a byte order mark perhaps.
    pub fn is_identity(&self) -> bool {
        self.table.is_none()
    }
}

/// Maps many offsets of one document; see [`Offsets::mapper`].
#[derive(Debug)]
pub struct Mapper<'a> {
    offsets: &'a Offsets,
    input: &'a [u8],
    walker: Option<DecodeCursor<'a>>,
}

impl Mapper<'_> {
    /// As [`Offsets::to_input`]. An offset within a character counts as the character's beginning.
    pub fn to_input(&mut self, text_offset: usize) -> usize {
        let Some(table) = &self.offsets.table else {
            return (self.offsets.start + text_offset).min(self.input.len());
        };
        if text_offset >= table.text_bytes {
            return table.input_bytes;
        }
        let after = table.checkpoints.partition_point(|point| point.text <= text_offset);
        let point = after.checked_sub(1).map_or(
            Checkpoint {
                text: 0,
                input: self.offsets.start,
            },
            |index| table.checkpoints[index],
        );
        let walker = match &mut self.walker {
            Some(walker) if (point.text..=text_offset).contains(&walker.text) => walker,
            walker => walker.insert(DecodeCursor::new(table.encoding, self.input, point)),
        };
        walker.walk_to(text_offset)
    }
}

/// Decodes one byte at a time, and knows for each character where in the input it ends.
#[derive(Debug)]
struct DecodeCursor<'a> {
    decoder: Decoder,
    encoding: &'static Encoding,
    input: &'a [u8],
    /// Bytes of input that the decoder has taken.
    read: usize,
    /// Where the last decoded character ended in the input.
    decoded_end: usize,
    /// Bytes after a malformed sequence that the decoder took and has not given back.
    held: usize,
    /// Characters decoded and not yet passed: bytes of text, end in the input.
    queue: VecDeque<(usize, usize)>,
    /// Offset in the text of the first character in `queue`.
    text: usize,
    /// Where it begins in the input.
    end: usize,
}

impl<'a> DecodeCursor<'a> {
    fn new(encoding: &'static Encoding, input: &'a [u8], from: Checkpoint) -> Self {
        DecodeCursor {
            decoder: encoding.new_decoder_without_bom_handling(),
            encoding,
            input,
            read: from.input,
            decoded_end: from.input,
            held: 0,
            queue: VecDeque::new(),
            text: from.text,
            end: from.input,
        }
    }

    fn walk_to(&mut self, text_offset: usize) -> usize {
        loop {
            while let Some((length, end)) = self.queue.front().copied() {
                if self.text + length > text_offset {
                    return self.end;
                }
                self.text += length;
                self.end = end;
                self.queue.pop_front();
            }
            if self.text >= text_offset || self.read >= self.input.len() {
                return self.end;
            }
            self.decode_byte();
        }
    }

    fn decode_byte(&mut self) {
        let mut source = &self.input[self.read..self.read + 1];
        loop {
            // Big5 has sequences of two characters; no decoder gives more than 8 bytes for one.
            let mut buffer = [0_u8; 32];
            let (result, read, written) = self
                .decoder
                .decode_to_utf8_without_replacement(source, &mut buffer, false);
            source = &source[read..];
            self.read += read;
            let decoded = std::str::from_utf8(&buffer[..written]).unwrap_or_default();
            for character in decoded.chars() {
                self.decoded_end = if self.is_one_byte(character) {
                    self.decoded_end + 1
                } else {
                    self.read
                };
                self.held = self.held.saturating_sub(1);
                let length = if character == '\0' {
                    NUL_AS.len()
                } else {
                    character.len_utf8()
                };
                self.queue.push_back((length, self.decoded_end));
            }
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(_, held) => {
                    self.held = usize::from(held);
                    self.decoded_end = self.read - self.held.min(self.read);
                    self.queue
                        .push_back((char::REPLACEMENT_CHARACTER.len_utf8(), self.decoded_end));
                }
            }
        }
    }

    /// Whether the character was one byte, so that it ended one byte after the last one did. Other characters ended at
    /// the last byte read. The two differ where a decoder took bytes as part of a sequence that turned out malformed, and
    /// gives them back later.
    fn is_one_byte(&self, character: char) -> bool {
        if self.encoding == UTF_16LE || self.encoding == UTF_16BE {
            return false;
        }
        if self.encoding == ISO_2022_JP {
            // Before any other character there may have been an escape sequence.
            return self.held > 0 && matches!(character, '\0'..='\x7F' | '\u{FF61}'..='\u{FF9F}');
        }
        character.is_ascii()
    }
}

/// Text, its map, and what did not go well.
#[derive(Debug)]
pub(crate) struct Decoded<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) offsets: Offsets,
    /// Characters that stand for undecodable bytes.
    pub(crate) undecodable: usize,
    /// NULs, which became U+FFFD.
    pub(crate) nuls: usize,
}

/// Takes text that is UTF-8 already and holds no NUL, from `start`, where the byte order mark ends.
pub(crate) fn borrow(text: &str, start: usize) -> Decoded<'_> {
    Decoded {
        text: Cow::Borrowed(text.get(start..).unwrap_or_default()),
        offsets: Offsets { start, table: None },
        undecodable: 0,
        nuls: 0,
    }
}

/// Decodes `bytes` from `start`, where the byte order mark ends.
pub(crate) fn decode<'a>(bytes: &'a [u8], start: usize, encoding: &'static Encoding) -> Decoded<'a> {
    let body = &bytes[start.min(bytes.len())..];
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(body.len() + body.len() / 4);
    let (mut checkpoints, mut undecodable, mut nuls) = (Vec::new(), 0, 0);
    let mut at = start;
    while at < bytes.len() {
        let (end, is_checkpoint) = chunk_end(bytes, at, start, encoding);
        let before = text.len();
        let malformed = decode_chunk(&mut decoder, &bytes[at..end], &mut text, end == bytes.len());
        if malformed {
            undecodable += text[before..].matches(char::REPLACEMENT_CHARACTER).count();
        }
        if memchr::memchr(0, &text.as_bytes()[before..]).is_some() {
            let with_nuls = text.split_off(before);
            nuls += with_nuls.matches('\0').count();
            text.push_str(&with_nuls.replace('\0', NUL_AS));
        }
        at = end;
        if is_checkpoint {
            checkpoints.push(Checkpoint {
                text: text.len(),
                input: at,
            });
        }
    }
    let table = OffsetTable {
        encoding,
        checkpoints,
        text_bytes: text.len(),
        input_bytes: bytes.len(),
    };
    Decoded {
        text: Cow::Owned(text),
        offsets: Offsets {
            start,
            table: Some(table),
        },
        undecodable,
        nuls,
    }
}

/// Whether something was malformed.
fn decode_chunk(decoder: &mut Decoder, chunk: &[u8], text: &mut String, last: bool) -> bool {
    let (mut rest, mut malformed) = (chunk, false);
    loop {
        let needed = decoder.max_utf8_buffer_length(rest.len());
        // `None` is an overflow of the address space; the loop then goes on in smaller steps.
        text.reserve(needed.unwrap_or(CHUNK_BYTES));
        let (result, read, had_errors) = decoder.decode_to_string(rest, text, last);
        malformed |= had_errors;
        rest = &rest[read..];
        if result == CoderResult::InputEmpty {
            return malformed;
        }
    }
}

/// Where the chunk from `at` ends, and whether the decoder is in its initial state there.
fn chunk_end(bytes: &[u8], at: usize, start: usize, encoding: &'static Encoding) -> (usize, bool) {
    let from = at + CHECKPOINT_BYTES;
    if encoding == ISO_2022_JP || from >= bytes.len() {
        return ((at + CHUNK_BYTES).min(bytes.len()), false);
    }
    if encoding.is_single_byte() {
        return (from, true);
    }
    let border = if encoding == UTF_16LE || encoding == UTF_16BE {
        utf_16_border(bytes, from - (from - start) % 2, encoding)
    } else {
        // No lead or trail byte of the stateless multi-byte encodings is below 0x30 or in 0x3A..=0x3F (digits are second
        // and fourth bytes in gb18030), and in UTF-8 none is ASCII: after such a byte nothing is left over.
        let is_neutral = |byte: &u8| match byte {
            0x00..=0x2F | 0x3A..=0x3F => true,
            _ => encoding == UTF_8 && byte.is_ascii(),
        };
        bytes[from..].iter().position(is_neutral).map(|at| from + at + 1)
    };
    border.map_or((bytes.len(), false), |border| (border, true))
}

/// The end of the first code unit from `from` that is no surrogate.
fn utf_16_border(bytes: &[u8], from: usize, encoding: &'static Encoding) -> Option<usize> {
    let high = usize::from(encoding == UTF_16LE);
    let units = bytes[from..].chunks_exact(2);
    let index = units
        .map(|unit| unit[high])
        .position(|byte| !(0xD8..=0xDF).contains(&byte))?;
    Some(from + 2 * index + 2)
}

#[cfg(test)]
mod tests {
    use encoding_rs::{BIG5, EUC_JP, EUC_KR, GB18030, GBK, SHIFT_JIS, WINDOWS_1251, WINDOWS_1252};

    use super::*;

    const TEXTS: [&str; 4] = [
        "<p class=\"a\">临港新片区：金融，2021年8月18日 “压力测试”（完）</p>\n<!--广告[来源：某某网]-->\r\n",
        "<h1>日本語の記事です。</h1><p>カタカナ、ひらがな、ABC 123。</p>",
        "<b>plain ASCII 0123456789 &amp; tags</b>\t",
        "中文沒有空格的一長段文字裡面什麼標點都沒有所以沒有可以停下來的地方",
    ];

    fn utf_16(text: &str, encoding: &'static Encoding) -> Vec<u8> {
        let units = text.encode_utf16();
        if encoding == UTF_16LE {
            units.flat_map(u16::to_le_bytes).collect()
        } else {
            units.flat_map(u16::to_be_bytes).collect()
        }
    }

    fn encode(text: &str, encoding: &'static Encoding) -> Vec<u8> {
        if encoding == UTF_16LE || encoding == UTF_16BE {
            return utf_16(text, encoding);
        }
        // What the encoding lacks becomes a numeric reference: ASCII, and as good a test.
        encoding.encode(text).0.into_owned()
    }

    /// The law of the map, at every character border: ascending, and each stretch decodes to its text.
    fn check(input: &[u8], start: usize, encoding: &'static Encoding) {
        let decoded = decode(input, start, encoding);
        let (reference, _) = encoding.decode_without_bom_handling(&input[start..]);
        assert_eq!(
            decoded.text,
            reference.replace('\0', NUL_AS),
            "{} {input:X?}",
            encoding.name()
        );
        let mut mapper = decoded.offsets.mapper(input);
        let (mut before, mut text_before) = (mapper.to_input(0), 0);
        assert_eq!(before, start);
        let borders = decoded.text.char_indices().map(|(at, _)| at);
        for border in borders.chain([decoded.text.len()]).skip(1) {
            let mapped = mapper.to_input(border);
            assert!(mapped >= before, "{} {input:X?}", encoding.name());
            if encoding == ISO_2022_JP {
                // A stretch of its own would lack the shift state, so the whole text up to here is compared, but for
                // what its end cut off.
                let (prefix, _) = encoding.decode_without_bom_handling(&input[start..mapped]);
                let (prefix, expected) = (prefix.replace('\0', NUL_AS), &decoded.text[..border]);
                let trim = |text: &str| text.trim_end_matches(char::REPLACEMENT_CHARACTER).to_owned();
                assert_eq!(trim(&prefix), trim(expected), "{mapped} of {input:X?}");
            } else {
                let (stretch, _) = encoding.decode_without_bom_handling(&input[before..mapped]);
                assert_eq!(
                    stretch.replace('\0', NUL_AS),
                    decoded.text[text_before..border],
                    "{} {before}..{mapped} of {input:X?}",
                    encoding.name()
                );
            }
            (before, text_before) = (mapped, border);
        }
        assert_eq!(before, input.len());
        // Single questions, from the back, give the same.
        let mut ascending = decoded.offsets.mapper(input);
        for border in (0..decoded.text.len()).filter(|at| decoded.text.is_char_boundary(*at)) {
            assert_eq!(ascending.to_input(border), decoded.offsets.to_input(border, input));
        }
    }

    const ALL: [&Encoding; 12] = [
        UTF_8,
        GBK,
        GB18030,
        BIG5,
        SHIFT_JIS,
        EUC_JP,
        EUC_KR,
        WINDOWS_1251,
        WINDOWS_1252,
        UTF_16LE,
        UTF_16BE,
        ISO_2022_JP,
    ];

    #[test]
    fn every_border_maps_back_in_every_encoding() {
        for encoding in ALL {
            for text in TEXTS {
                check(&encode(text, encoding), 0, encoding);
                check(&encode(&text.repeat(9), encoding), 0, encoding);
            }
            check(&encode(&TEXTS.concat(), encoding), 0, encoding);
            check(&encode("𠀀😀a𠀁\0b€ê̄", encoding), 0, encoding);
            check(b"", 0, encoding);
        }
    }

    /// A small generator of our own: the same bytes on every run.
    fn noise(seed: u32, length: usize, alphabet: &[u8]) -> Vec<u8> {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        };
        (0..length)
            .map(|_| alphabet[next() as usize % alphabet.len()])
            .collect()
    }

    #[test]
    fn every_border_maps_back_through_undecodable_bytes() {
        let alphabet =
            b"\x81\x30\x84\x31\xA4\x37\xFF\x80\x8F\x8E\xA1\xD8\xDC\x00<a>5\x7F\x1B$B(J\xE4\xB8\xAD\xF0\xC0@\\";
        for encoding in ALL {
            for seed in 0..60 {
                check(&noise(seed, 40, alphabet), 0, encoding);
            }
            check(&noise(7, 700, alphabet), 0, encoding);
            let mut cut = encode(&TEXTS.concat(), encoding);
            cut.truncate(cut.len() - 1);
            cut.insert(150, 0xFF);
            cut.insert(20, 0x00);
            check(&cut, 0, encoding);
        }
    }

    #[test]
    fn valid_utf_8_is_borrowed_and_shifted_by_its_mark() {
        let input = "\u{FEFF}<p>中</p>";
        let decoded = borrow(input, 3);
        let input = input.as_bytes();
        assert!(matches!(decoded.text, Cow::Borrowed("<p>中</p>")));
        assert!(decoded.offsets.is_identity());
        assert_eq!(decoded.offsets.to_input(6, input), 9);
        assert_eq!(decoded.offsets.to_input(usize::MAX - 9, input), input.len());
        check(input, 3, UTF_8);
    }

    #[test]
    fn counts_what_went_wrong() {
        let broken = decode(b"a\xC0\xAFb\xE4\xB8", 0, UTF_8);
        assert_eq!(broken.text, "a\u{FFFD}\u{FFFD}b\u{FFFD}");
        assert_eq!((broken.undecodable, broken.nuls), (3, 0));
        let nuls = decode(b"a\0\0b", 0, UTF_8);
        assert_eq!((nuls.text.as_ref(), nuls.nuls), ("a\u{FFFD}\u{FFFD}b", 2));
        let surrogate = decode(b"a\0\x3D\xD8b\0", 0, UTF_16LE);
        assert_eq!((surrogate.text.as_ref(), surrogate.undecodable), ("a\u{FFFD}b", 1));
        check(b"\xFF\xFEa\0\x3D\xD8b\0\x3D\xD8\x3D\xD8\x00\xDEc", 2, UTF_16LE);
    }

    #[test]
    fn long_stretches_without_a_checkpoint_are_walked_once() {
        for unit in [&b"\xD6\xD0"[..], b"\x81\x7F", b"\xFF", b"\x81\x30"] {
            let input = unit.repeat(200_000);
            let decoded = decode(&input, 0, GBK);
            let mut mapper = decoded.offsets.mapper(&input);
            let step = decoded.text.len() / 5_000;
            let mapped: Vec<usize> = (0..5_000).map(|index| mapper.to_input(index * step)).collect();
            assert!(mapped.is_sorted() && mapped[4_999] > input.len() / 2);
        }
    }
}
