//! Bodies and answers that are packed: each coding, stacked ones, broken ones, and those that open to more than they may.

use std::{
    io::{Read as _, Write as _},
    num::NonZeroUsize,
    time::Instant,
};

use copydesk::{bounds::Bounds, config::HttpTimeouts, workers::Limits};
use flate2::{
    Compression,
    read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder},
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use serde_json::{Value, json};

use crate::{
    operation::{ALLOCATOR_BYTES, await_figure, peak_bytes},
    process::Process,
    support::{Connection, PAGE, PATIENCE, Reply, Server},
};

/// The forms of a packed body, each with its `Content-Encoding`.
pub(crate) const FORMS: [(&str, &str); 5] = [
    ("gzip", "gzip"),
    ("zlib", "deflate"),
    ("deflate", "deflate"),
    ("br", "br"),
    ("zstd", "zstd"),
];
/// The codings of an answer.
const ANSWERS: [&str; 3] = ["gzip", "br", "zstd"];
const ROUTES: [&str; 3] = ["/v1/normalize", "/v1/batch", "/v1/clean"];

pub(crate) fn pack(form: &str, bytes: &[u8]) -> Vec<u8> {
    let best = Compression::best();
    let packed = match form {
        "gzip" => written(GzEncoder::new(Vec::new(), best), bytes, GzEncoder::finish),
        "zlib" => written(ZlibEncoder::new(Vec::new(), best), bytes, ZlibEncoder::finish),
        "deflate" => written(DeflateEncoder::new(Vec::new(), best), bytes, DeflateEncoder::finish),
        "br" => {
            let writer = brotli::CompressorWriter::new(Vec::new(), 4096, 1, 22);
            written(writer, bytes, |writer| Ok(writer.into_inner()))
        }
        "zstd" => zstd::encode_all(bytes, 1),
        other => panic!("{other}?"),
    };
    packed.expect("memory never fails")
}

fn written<W: std::io::Write>(
    mut writer: W,
    bytes: &[u8],
    finish: impl FnOnce(W) -> std::io::Result<Vec<u8>>,
) -> std::io::Result<Vec<u8>> {
    writer.write_all(bytes)?;
    finish(writer)
}

/// What can be read of it, and whether that is all.
fn unpack(form: &str, bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut plain = Vec::new();
    let whole = match form {
        "gzip" => MultiGzDecoder::new(bytes).read_to_end(&mut plain),
        "zlib" => ZlibDecoder::new(bytes).read_to_end(&mut plain),
        "deflate" => DeflateDecoder::new(bytes).read_to_end(&mut plain),
        "br" => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut plain),
        "zstd" => zstd::Decoder::new(bytes).expect("a decoder").read_to_end(&mut plain),
        other => panic!("{other}?"),
    };
    (plain, whole.is_ok())
}

fn send(server: &Server, target: &str, encoding: &str, body: impl Into<Vec<u8>>) -> Reply {
    let request = server.request("POST", target).header("Content-Encoding", encoding);
    request.body(body).send()
}

/// A chunk to a server that may hang up on it.
fn write_while_it_reads(connection: &Connection, bytes: &[u8]) {
    let chunk = [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    let _ = connection.stream().write_all(&chunk);
}

/// A body for each route, and what comes of it unpacked.
fn bodies(server: &Server) -> Vec<(&'static str, String, Vec<u8>)> {
    let line = json!({"id": "a", "document": PAGE}).to_string();
    let bodies = [PAGE.to_owned(), format!("{line}\n{line}\n"), PAGE.repeat(30)];
    let answered = ROUTES.into_iter().zip(bodies).map(|(target, body)| {
        let reply = server.request("POST", target).body(body.clone()).send();
        assert_eq!(reply.status, 200);
        (target, body, reply.body)
    });
    answered.collect()
}

/// What a refused body was refused for, wherever the route tells it.
#[track_caller]
fn is_refused(reply: &Reply, target: &str, status: u16, code: &str) -> Value {
    if target != "/v1/batch" || status == 415 {
        return reply.is_problem(status, code);
    }
    assert_eq!(reply.status, 200, "a batch tells it in its last line");
    let last = reply.text().lines().last().expect("a line");
    let last: Value = serde_json::from_str(last).expect("JSON");
    assert_eq!(last["problem"]["code"], code, "{last}");
    last["problem"].clone()
}

#[test]
fn every_coding_is_taken_off_on_every_route() {
    let server = Server::start();
    for (target, body, answer) in bodies(&server) {
        for (form, encoding) in FORMS {
            let reply = send(&server, target, encoding, pack(form, body.as_bytes()));
            assert_eq!((reply.status, &reply.body), (200, &answer), "{form} to {target}");
        }
        assert_eq!(
            send(&server, target, "identity", body.clone()).body,
            answer,
            "as it is to {target}"
        );
        for encoding in ["x-gzip", "GZIP", "identity, gzip", " gzip , "] {
            let reply = send(&server, target, encoding, pack("gzip", body.as_bytes()));
            assert_eq!((reply.status, &reply.body), (200, &answer), "{encoding} to {target}");
        }
    }
}

#[test]
fn stacked_codings_come_off_in_the_other_order() {
    let server = Server::start();
    for (target, body, answer) in bodies(&server) {
        for stack in [
            &["gzip", "br"][..],
            &["zstd", "gzip", "zlib"],
            &["br", "br", "zstd", "gzip"],
        ] {
            let packed = stack
                .iter()
                .fold(body.clone().into_bytes(), |bytes, form| pack(form, &bytes));
            let names: Vec<&str> = stack
                .iter()
                .map(|form| if *form == "zlib" { "deflate" } else { form })
                .collect();
            let reply = send(&server, target, &names.join(", "), packed.clone());
            assert_eq!((reply.status, &reply.body), (200, &answer), "{stack:?} to {target}");
            let request = names.iter().fold(server.request("POST", target), |request, name| {
                request.header("Content-Encoding", name)
            });
            assert_eq!(
                request.body(packed).send().body,
                answer,
                "{stack:?} on lines of their own"
            );
        }
    }
}

#[test]
fn a_packed_body_may_come_in_any_pieces() {
    let server = Server::start();
    for (target, body, answer) in bodies(&server) {
        for (form, encoding) in FORMS {
            let packed = pack(form, body.as_bytes());
            for size in [1, 7, packed.len() / 2, packed.len() - 1] {
                let mut connection = server.connect();
                connection.write(format!(
                    "POST {target} HTTP/1.1\r\nHost: t\r\nContent-Encoding: {encoding}\r\nTransfer-Encoding: chunked\r\n\r\n"
                ));
                for piece in packed.chunks(size) {
                    connection.write_chunk(piece);
                }
                connection.write("0\r\n\r\n");
                assert_eq!(connection.reply().body, answer, "{form} in {size} to {target}");
            }
        }
    }
}

#[test]
fn members_and_frames_may_follow_one_another() {
    let server = Server::start();
    let plain = server.request("POST", "/v1/normalize").body(PAGE).send().body;
    let (one, two) = PAGE.split_at(PAGE.len() / 2);
    for form in ["gzip", "zstd"] {
        let mut packed = [one, two, ""].map(|part| pack(form, part.as_bytes())).concat();
        if form == "zstd" {
            // A frame to be skipped, with four bytes in it (RFC 8878, section 3.1.2).
            packed.extend(b"\x50\x2A\x4D\x18\x04\x00\x00\x00skip");
        }
        assert_eq!(send(&server, "/v1/normalize", form, packed).body, plain, "{form}");
    }
}

#[test]
fn an_empty_body_is_empty_however_it_is_packed() {
    let server = Server::start();
    for (form, encoding) in FORMS {
        for body in [Vec::new(), pack(form, b""), pack(form, b" \n")] {
            send(&server, "/v1/normalize", encoding, body).is_problem(400, "empty_body");
        }
    }
}

#[test]
fn a_coding_that_is_not_known_is_415_with_those_that_are() {
    let server = Server::start();
    for target in ROUTES {
        for encoding in [
            "compress",
            "rot13",
            "gzip, aes128gcm",
            "gzip;q=1",
            "gzip,gzip,gzip,gzip,gzip",
        ] {
            let reply = send(&server, target, encoding, PAGE);
            is_refused(&reply, target, 415, "unsupported_encoding");
            assert_eq!(reply.header("accept-encoding"), Some("gzip, deflate, br, zstd"));
        }
    }
}

#[test]
fn a_body_that_is_not_packed_as_it_says_is_400() {
    let server = Server::start();
    for target in ROUTES {
        for (form, encoding) in FORMS {
            let plain = if form == "deflate" {
                vec![0xFF; 100]
            } else {
                PAGE.into()
            };
            let reply = send(&server, target, encoding, plain);
            let problem = is_refused(&reply, target, 400, "bad_encoding");
            let told = problem["detail"].as_str().expect("words");
            assert!(told.contains(&format!("no sound {encoding} data")), "{told}");
        }
    }
}

#[test]
fn packed_bytes_that_end_early_are_400() {
    let server = Server::start();
    for (form, encoding) in FORMS {
        let packed = pack(form, PAGE.as_bytes());
        for length in (1..packed.len()).step_by(13).chain([packed.len() - 1]) {
            let reply = send(&server, "/v1/normalize", encoding, &packed[..length]);
            reply.is_problem(400, "bad_encoding");
        }
        for target in ["/v1/batch", "/v1/clean"] {
            let reply = send(&server, target, encoding, &packed[..1]);
            is_refused(&reply, target, 400, "bad_encoding");
        }
    }
    let cut = pack("br", &pack("gzip", PAGE.as_bytes())[..100]);
    send(&server, "/v1/normalize", "gzip, br", cut).is_problem(400, "bad_encoding");
}

#[test]
fn packed_bytes_that_were_changed_are_400() {
    let server = Server::start();
    for form in ["gzip", "zlib", "zstd"] {
        let packed = if form == "zstd" {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
            encoder.include_checksum(true).expect("zstd has one");
            written(encoder, PAGE.as_bytes(), zstd::Encoder::finish).expect("memory never fails")
        } else {
            pack(form, PAGE.as_bytes())
        };
        let mut wrong = packed.clone();
        // The check at the end.
        *wrong.last_mut().expect("bytes") ^= 1;
        let encoding = if form == "zlib" { "deflate" } else { form };
        send(&server, "/v1/normalize", encoding, wrong).is_problem(400, "bad_encoding");
    }
}

#[test]
fn bytes_behind_the_end_are_400() {
    let server = Server::start();
    for (form, encoding) in FORMS {
        for more in [&b"\0"[..], b"<p>More.</p>"] {
            let packed = [&pack(form, PAGE.as_bytes())[..], more].concat();
            send(&server, "/v1/normalize", encoding, packed).is_problem(400, "bad_encoding");
        }
    }
}

#[test]
fn a_packed_body_that_breaks_off_is_400() {
    let server = Server::start();
    let packed = pack("gzip", PAGE.as_bytes());
    let mut connection = server.connect();
    connection.write(format!(
        "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        packed.len() + 10
    ));
    connection.write(&packed);
    connection
        .stream()
        .shutdown(std::net::Shutdown::Write)
        .expect("half a connection");
    connection.reply().is_problem(400, "bad_body");
}

#[test]
fn a_stream_of_broken_data_is_cut_and_not_ended() {
    let server = Server::start();
    let mut packed = pack("gzip", PAGE.repeat(3000).as_bytes());
    let middle = packed.len() / 2;
    packed[middle..].fill(0xFF);
    let mut connection = server.connect();
    connection
        .write("POST /v1/clean HTTP/1.1\r\nHost: t\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.write_chunk(&packed[..middle]);
    assert_eq!(connection.head().status, 200);
    write_while_it_reads(&connection, &packed[middle..]);
    while let Ok(chunk) = connection.chunk() {
        assert!(chunk.is_some(), "it has no end");
    }
}

/// A gzip of this many MiB of spaces: what the second of them packs to is what each packs to.
fn gzip_bomb(mib: usize) -> Vec<u8> {
    let space = [b' '; 1 << 20];
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let mut part = || {
        encoder.write_all(&space).expect("memory");
        encoder.flush().expect("memory");
        std::mem::take(encoder.get_mut())
    };
    let (first, second) = (part(), part());
    let mut bomb = first;
    bomb.extend(second.repeat(mib - 1));
    bomb
}

/// A zstd frame of this many blocks that each repeat one byte 128 Ki times (RFC 8878, section 3.1.1.2).
fn zstd_bomb(blocks: usize) -> Vec<u8> {
    const WINDOW_OF_128_KIB: u8 = 7 << 3;
    let block = ((128 << 10) << 3 | 1 << 1) as u32;
    let [low, middle, high, _] = block.to_le_bytes();
    let mut bomb = b"\x28\xB5\x2F\xFD\x00".to_vec();
    bomb.push(WINDOW_OF_128_KIB);
    bomb.extend([low, middle, high, b' '].repeat(blocks));
    bomb
}

#[test]
fn a_bomb_is_413_and_takes_no_more_memory_than_a_body() {
    let (process, address) = Process::serve(&["--bind", "127.0.0.1:0", "--timeout", "2m"]);
    let before = peak_bytes(&process);
    let ten_gb = gzip_bomb(10_000);
    assert!(ten_gb.len() < 11_000_000, "{}", ten_gb.len());
    let stacked = pack("zstd", &gzip_bomb(1000));
    for (encoding, bomb) in [
        ("gzip", ten_gb),
        ("zstd", zstd_bomb(80_000)),
        ("br", pack("br", &vec![b' '; 20 << 20])),
        ("gzip, zstd", stacked),
    ] {
        let mut connection = Connection::to(address).patient();
        let length = bomb.len();
        connection.write(format!(
            "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Encoding: {encoding}\r\nContent-Length: {length}\r\n\r\n"
        ));
        connection.write(&bomb);
        let problem = connection.reply().is_problem(413, "body_too_large");
        assert_eq!(
            problem["detail"], "the body is larger than 16777216 bytes",
            "{encoding}"
        );
    }
    let taken = peak_bytes(&process) - before;
    // One body, its buffer doubled.
    let counted = 2 * Bounds::default().body_bytes;
    assert!(taken < counted + ALLOCATOR_BYTES, "{taken} bytes");
}

#[test]
fn what_opens_to_nothing_is_bounded_where_it_opens() {
    let server = Server::start();
    // Megabytes of gzip members without a byte in them, in some kilobytes of zstd.
    let members = pack("gzip", b"").repeat((17 << 20) / 20);
    let packed = pack("zstd", &members);
    assert!(packed.len() < 100_000, "{}", packed.len());
    send(&server, "/v1/normalize", "gzip, zstd", packed).is_problem(413, "body_too_large");
}

#[test]
fn a_stream_may_not_open_to_hundreds_of_times_what_came() {
    let bounds = Bounds {
        body_bytes: 1 << 20,
        ..Bounds::default()
    };
    let server = Server::with(bounds, HttpTimeouts::default());
    let reply = send(&server, "/v1/batch", "gzip", gzip_bomb(100));
    let problem = is_refused(&reply, "/v1/batch", 413, "body_too_large");
    assert_eq!(
        problem["detail"],
        "the body opens to more than 200 times what came of it"
    );

    let begun = [PAGE.as_bytes(), &[b' '; 64 << 10]].concat();
    let mut connection = server.connect();
    connection
        .write("POST /v1/clean HTTP/1.1\r\nHost: t\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.write_chunk(&pack("gzip", &begun));
    assert_eq!(connection.head().status, 200);
    write_while_it_reads(&connection, &gzip_bomb(100));
    let mut length = 0;
    while let Ok(chunk) = connection.chunk() {
        length += chunk.expect("it has no end").len();
    }
    assert!(length < 4 << 20, "{length} bytes came out");
}

#[test]
fn a_packed_stream_may_be_longer_than_a_document() {
    let bounds = Bounds {
        body_bytes: 64 << 10,
        ..Bounds::default()
    };
    let server = Server::with(bounds, HttpTimeouts::default());
    let page = PAGE.repeat(2000);
    // Packed badly, as for a stream that is made as it goes.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for part in page.as_bytes().chunks(512) {
        encoder.write_all(part).expect("memory");
        encoder.flush().expect("memory");
    }
    let reply = send(&server, "/v1/clean", "gzip", encoder.finish().expect("memory"));
    assert!(reply.whole && reply.body == page.as_bytes());
}

#[test]
fn windows_past_what_their_coding_allows_are_400() {
    let server = Server::start();
    // A zstd frame that asks for 128 MiB, and a brotli stream with the head of those that ask for more than 16.
    let mut large = zstd_bomb(1);
    large[5] = 17 << 3;
    send(&server, "/v1/normalize", "zstd", large).is_problem(400, "bad_encoding");
    send(&server, "/v1/normalize", "br", b"\x11\x1E\x00\x00\x00").is_problem(400, "bad_encoding");
}

#[test]
fn the_window_of_a_packed_body_is_counted() {
    let server = Server::within(
        Bounds::default(),
        HttpTimeouts::default(),
        Limits {
            body_memory_bytes: 1 << 20,
            ..Limits::of_cores(NonZeroUsize::MIN)
        },
        None,
    );
    let mut wide = zstd_bomb(1);
    // A window of 8 MiB.
    wide[5] = 13 << 3;
    let reply = send(&server, "/v1/normalize", "zstd", wide);
    reply.is_problem(503, "memory_full");
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(
        send(&server, "/v1/normalize", "gzip", pack("gzip", PAGE.as_bytes())).status,
        200
    );
    // The answer has come a moment before its memory is given back.
    let end = Instant::now() + PATIENCE;
    while server.workers.body_bytes() > 0 {
        assert!(Instant::now() < end, "it is given back");
        std::thread::yield_now();
    }
}

/// As `no_stream_takes_more_memory_than_is_counted`, for what packing adds to that.
#[test]
fn no_packed_stream_takes_more_memory_than_is_counted() {
    const MIB: usize = 1 << 20;
    let page = "<p>The boats come back.</p>\n".repeat(4000);
    let mut wide = zstd_bomb(72);
    wide[5] = 13 << 3;
    for (streams, encoding, body, accepted, counted_bytes) in [
        (50, "identity", page.clone().into_bytes(), "gzip", 2 * MIB),
        (50, "identity", page.clone().into_bytes(), "br", 2 * MIB),
        (50, "identity", page.clone().into_bytes(), "zstd", 2 * MIB),
        (50, "gzip", pack("gzip", page.as_bytes()), "identity", MIB),
        (20, "br", pack("br", page.as_bytes()), "identity", MIB),
        (10, "zstd", wide, "identity", 9 * MIB),
    ] {
        let (process, address) = Process::serve(&["--bind", "127.0.0.1:0", "--memory-limit", "8GiB"]);
        let before = peak_bytes(&process);
        let open: Vec<Connection> = (0..streams)
            .map(|_| {
                let mut connection = Connection::to(address);
                connection.write(format!(
                    "POST /v1/clean HTTP/1.1\r\nHost: t\r\nContent-Encoding: {encoding}\r\n\
                    Accept-Encoding: {accepted}\r\nTransfer-Encoding: chunked\r\n\r\n"
                ));
                connection.write_chunk(&body);
                connection
            })
            .collect();
        let counted = await_figure(address, "copydesk_body_memory_bytes", |bytes| {
            bytes >= (streams * counted_bytes) as f64
        });
        let taken = peak_bytes(&process) - before;
        assert!(
            taken <= counted as usize + ALLOCATOR_BYTES,
            "{taken} bytes for {streams} of {encoding} to {accepted}, counted {counted}"
        );
        drop(open);
        await_figure(address, "copydesk_body_memory_bytes", |bytes| bytes == 0.0);
    }
}

#[test]
fn haste_is_measured_by_what_comes_and_not_by_what_it_opens_to() {
    let server = Server::start();
    let mut connection = server.connect();
    connection
        .write("POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Encoding: zstd\r\nContent-Length: 9000\r\n\r\n");
    // Opens to 8 MiB, and is less than the rate asks for.
    connection.write(zstd_bomb(64));
    connection.reply().is_problem(408, "slow_body");
}

#[test]
fn what_has_come_is_answered_before_the_rest_is_sent() {
    let server = Server::start();
    for form in ANSWERS {
        let mut connection = server.connect();
        connection.write(format!(
            "POST /v1/clean HTTP/1.1\r\nHost: t\r\nContent-Encoding: gzip\r\nAccept-Encoding: {form}\r\n\
            Transfer-Encoding: chunked\r\n\r\n"
        ));
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        // More than is looked at for a charset.
        let beginning = "<p>The boats are back.</p>\n".repeat(50);
        encoder.write_all(beginning.as_bytes()).expect("memory");
        encoder.flush().expect("memory");
        connection.write_chunk(&std::mem::take(encoder.get_mut()));
        let head = connection.head();
        assert_eq!((head.status, head.header("content-encoding")), (200, Some(form)));
        assert_eq!(head.header("vary"), Some("accept-encoding"));
        let mut packed = Vec::new();
        while unpack(form, &packed).0 != beginning.as_bytes() {
            packed.extend(connection.chunk().expect("more").expect("more"));
        }
        encoder.write_all(b"<p>All of them.").expect("memory");
        connection.write_chunk(&encoder.finish().expect("memory"));
        connection.write("0\r\n\r\n");
        while let Some(chunk) = connection.chunk().expect("an end") {
            packed.extend(chunk);
        }
        assert_eq!(
            unpack(form, &packed),
            (format!("{beginning}<p>All of them.").into_bytes(), true)
        );
    }
}

#[test]
fn a_packed_line_is_answered_before_the_next_is_sent() {
    let server = Server::start();
    let line = format!("{}\n", json!({"id": "a", "document": PAGE}));
    let plain = server.request("POST", "/v1/batch").body(line.repeat(2)).send();
    for form in ANSWERS {
        let mut connection = server.connect();
        connection.write(format!(
            "POST /v1/batch HTTP/1.1\r\nHost: t\r\nContent-Encoding: gzip\r\nAccept-Encoding: {form}\r\n\
            Transfer-Encoding: chunked\r\n\r\n"
        ));
        let head = connection.head();
        assert_eq!((head.status, head.header("content-encoding")), (200, Some(form)));
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let mut packed = Vec::new();
        for answered in 1..=2 {
            encoder.write_all(line.as_bytes()).expect("memory");
            encoder.flush().expect("memory");
            connection.write_chunk(&std::mem::take(encoder.get_mut()));
            while unpack(form, &packed).0.iter().filter(|&&byte| byte == b'\n').count() < answered {
                packed.extend(connection.chunk().expect("more").expect("more"));
            }
        }
        connection.write_chunk(&encoder.finish().expect("memory"));
        connection.write("0\r\n\r\n");
        while let Some(chunk) = connection.chunk().expect("an end") {
            packed.extend(chunk);
        }
        assert_eq!(unpack(form, &packed), (plain.body.clone(), true), "{form}");
    }
}

#[test]
fn answers_are_packed_for_those_who_ask() {
    let server = Server::start();
    let page = PAGE.repeat(300);
    for target in ["/v1/normalize", "/v1/normalize?format=html", "/v1/clean"] {
        let get = |accepted: &str| -> Reply {
            let request = server.request("POST", target).header("Accept-Encoding", accepted);
            request.body(page.clone()).send()
        };
        let plain = get("identity");
        assert_eq!(plain.header("content-encoding"), None);
        for form in ANSWERS {
            let reply = get(form);
            assert_eq!(reply.header("content-encoding"), Some(form), "{target}");
            assert!(reply.body.len() * 3 < plain.body.len(), "{form} from {target}");
            assert_eq!(
                unpack(form, &reply.body),
                (plain.body.clone(), true),
                "{form} from {target}"
            );
            assert_eq!(reply.header("vary"), plain.header("vary"));
        }
        assert_eq!(get("gzip, deflate, br, zstd").header("content-encoding"), Some("zstd"));
        assert_eq!(get("gzip;q=0.8, zstd;q=0.2").header("content-encoding"), Some("gzip"));
    }
    let vary = server.request("POST", "/v1/normalize").body(page).send();
    assert_eq!(vary.header("vary"), Some("accept, accept-encoding"));
}

#[test]
fn what_was_packed_is_told_in_the_figures() {
    let server = Server::start();
    let request = server
        .request("POST", "/v1/normalize")
        .header("Accept-Encoding", "gzip");
    let reply = request.body(PAGE.repeat(30)).send();
    let timings: Vec<&str> = reply
        .headers
        .iter()
        .filter(|(name, _)| name == "server-timing")
        .map(|(_, value)| value.as_str())
        .collect();
    assert!(
        timings.iter().any(|stage| stage.starts_with("pack;dur=")),
        "{timings:?}"
    );
}

#[test]
fn a_tiny_answer_is_packed_only_where_it_must_be() {
    let server = Server::start();
    let get = |accepted: &str| -> Reply {
        let request = server.request("POST", "/v1/normalize?format=text");
        request.header("Accept-Encoding", accepted).body("<p>Boats.</p>").send()
    };
    let plain = get("gzip");
    assert_eq!((plain.header("content-encoding"), plain.text()), (None, "Boats.\n"));
    let packed = get("gzip, identity;q=0");
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(unpack("gzip", &packed.body), (plain.body, true));
    // Nothing that is taken can be given: then as it is, since an answer is better than none.
    assert_eq!(get("compress, *;q=0").text(), "Boats.\n");
}

#[test]
fn a_refusal_is_never_packed() {
    let server = Server::start();
    let request = server
        .request("POST", "/v1/normalize")
        .header("Accept-Encoding", "gzip, identity;q=0");
    let reply = request.body("").send();
    assert_eq!(reply.header("content-encoding"), None);
    reply.is_problem(400, "empty_body");
}

#[test]
fn figures_rules_and_pages_are_packed_too() {
    let server = Server::start();
    for target in [
        "/metrics",
        "/v1/rules",
        "/",
        "/docs/errors",
        "/openapi.yaml",
        "/assets/preview.css",
    ] {
        let plain = server.get(target);
        let packed = server.request("GET", target).header("Accept-Encoding", "gzip").send();
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{target}");
        assert_eq!(packed.header("vary"), Some("accept-encoding"), "{target}");
        assert_eq!(plain.header("vary"), Some("accept-encoding"), "{target}");
        assert_eq!(packed.header("etag"), plain.header("etag"), "{target}");
        let length = packed.body.len().to_string();
        assert_eq!(packed.header("content-length"), Some(length.as_str()), "{target}");
        let head = server.request("HEAD", target).header("Accept-Encoding", "gzip").send();
        assert_eq!(head.header("content-encoding"), Some("gzip"), "{target}");
        // Its figures move.
        if target != "/metrics" {
            assert_eq!(unpack("gzip", &packed.body), (plain.body, true), "{target}");
            assert_eq!(head.header("content-length"), Some(length.as_str()), "{target}");
        }
    }
    assert_eq!(
        server
            .request("GET", "/livez")
            .header("Accept-Encoding", "gzip")
            .send()
            .header("vary"),
        None
    );
}

#[test]
fn trailers_follow_a_packed_stream() {
    let server = Server::start();
    let mut connection = server.connect();
    connection.write(
        "POST /v1/clean?report=trailer HTTP/1.1\r\nHost: t\r\nTE: trailers\r\nAccept-Encoding: gzip\r\n\
        Transfer-Encoding: chunked\r\n\r\n",
    );
    connection.write_chunk(b"<p>Boats.</p><ins class=adsbygoogle>Buy!</ins>");
    connection.write("0\r\n\r\n");
    let reply = connection.reply();
    assert_eq!(unpack("gzip", &reply.body), (b"<p>Boats.</p>".to_vec(), true));
    assert!(
        connection.trailers.contains(&"copydesk-removed-total: 1".to_owned()),
        "{:?}",
        connection.trailers
    );
}
