//! Every route and method, and what every answer carries.

use copydesk::http::{ROUTES, Route, Verbs};

use crate::support::{PAGE, Server};

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// An address of this route: one of those that it has, where a part of it may differ.
fn address(route: &Route) -> String {
    route.path.replace("{code}", "feed").replace("{file}", "preview.css")
}

#[test]
fn every_route_answers_its_methods_and_refuses_the_others() {
    let server = Server::start();
    for route in ROUTES {
        let allowed: Vec<&str> = route.verbs.allow().split(", ").collect();
        for &method in METHODS {
            let reply = server.request(method, &address(route)).body(PAGE).send();
            if allowed.contains(&method) {
                assert_eq!(reply.status, 200, "{method} {} {reply:?}", route.path);
                continue;
            }
            assert_eq!(reply.status, 405, "{method} {}", route.path);
            assert_eq!(
                reply.header("allow"),
                Some(route.verbs.allow()),
                "{method} {}",
                route.path
            );
            if method != "HEAD" {
                reply.is_problem(405, "method_not_allowed");
            }
        }
    }
}

#[test]
fn head_is_get_without_its_body() {
    let server = Server::start();
    for route in ROUTES.iter().filter(|route| route.verbs == Verbs::Read) {
        let address = address(route);
        let (get, head) = (server.get(&address), server.request("HEAD", &address).send());
        assert_eq!(head.status, get.status);
        if route.path == "/metrics" {
            continue; // Its figures have moved between the two.
        }
        assert_eq!(
            head.header("content-length"),
            get.header("content-length"),
            "{}",
            route.path
        );
        assert_eq!(head.header("content-type"), get.header("content-type"));
    }
}

#[test]
fn a_wrong_path_is_a_problem_that_names_itself() {
    let server = Server::start();
    for path in [
        "/v1",
        "/docs/",
        "/assets",
        "/v1/normalize/",
        "/v1/Normalize",
        "/livez/x",
        "//livez",
    ] {
        let problem = server.get(&format!("{path}?secret=1")).is_problem(404, "not_found");
        assert_eq!(problem["instance"], path);
        assert_eq!(problem["title"], "No such route");
    }
}

#[test]
fn an_unknown_option_is_never_ignored() {
    let server = Server::start();
    for target in ["/v1/normalize?nope=1", "/v1/normalize?Mode=recall"] {
        let problem = server
            .request("POST", target)
            .body(PAGE)
            .send()
            .is_problem(400, "unknown_option");
        assert_eq!(problem["instance"], "/v1/normalize");
    }
}

#[test]
fn a_request_id_is_the_callers_when_well_formed() {
    let server = Server::start();
    let with = |id: &str| server.request("GET", "/nope").header("X-Request-Id", id).send();
    let kept = with("Root=1-67891233:a/b+c~d.e_f");
    assert_eq!(kept.header("x-request-id"), Some("Root=1-67891233:a/b+c~d.e_f"));
    kept.is_problem(404, "not_found");
    for bad in ["two words", "<b>", &"x".repeat(129)] {
        let made = with(bad);
        let id = made.header("x-request-id").expect("an id");
        assert!(
            id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{id}"
        );
    }
    assert_ne!(
        server.get("/livez").header("x-request-id"),
        server.get("/livez").header("x-request-id")
    );
}

#[test]
fn normalize_answers_json_to_post_and_put() {
    let server = Server::start();
    let post = server
        .request("POST", "/v1/normalize")
        .header("Content-Type", "text/html")
        .body(PAGE)
        .send();
    assert_eq!(
        (post.status, post.header("content-type")),
        (200, Some("application/json"))
    );
    assert!(post.body.ends_with(b"}\n"));
    // What curl says by itself: a form for --data-binary, nothing for -T.
    let form = "application/x-www-form-urlencoded";
    let curl = server
        .request("POST", "/v1/normalize")
        .header("Content-Type", form)
        .body(PAGE)
        .send();
    let put = server.request("PUT", "/v1/normalize").body(PAGE).send();
    assert_eq!((curl.status, put.status), (200, 200));
    assert_eq!(
        put.body,
        server.request("PUT", "/v1/normalize").body(PAGE).send().body,
        "the same bytes twice"
    );
}

#[test]
fn what_holds_a_document_is_fenced_in() {
    let server = Server::start();
    for target in ["/v1/normalize", "/v1/clean"] {
        for accept in ["application/json", "text/html", "text/markdown", "text/plain"] {
            let reply = server
                .request("POST", target)
                .header("Accept", accept)
                .body(PAGE)
                .send();
            assert_eq!(reply.status, 200);
            assert_eq!(
                reply.header("content-security-policy"),
                Some("sandbox; default-src 'none'")
            );
            assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        }
    }
    assert_eq!(server.get("/nope").header("x-content-type-options"), Some("nosniff"));
}

#[test]
fn accept_chooses_the_form() {
    let server = Server::start();
    let send = |accept: &str| {
        server
            .request("POST", "/v1/normalize")
            .header("Accept", accept)
            .body(PAGE)
            .send()
    };
    for (accept, content_type) in [
        ("*/*", "application/json"),
        (
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "application/json",
        ),
        ("text/html", "text/html; charset=utf-8"),
        ("text/markdown, text/html;q=0.2", "text/markdown; charset=utf-8"),
        ("text/plain", "text/plain; charset=utf-8"),
    ] {
        let reply = send(accept);
        assert_eq!(reply.header("content-type"), Some(content_type), "{accept}");
        assert_eq!(reply.header("vary"), Some("accept, accept-encoding"));
    }
    send("image/png").is_problem(406, "not_acceptable");
}

#[test]
fn the_format_option_wins_over_accept() {
    let server = Server::start();
    for (format, content_type) in [
        ("json", "application/json"),
        ("html", "text/html; charset=utf-8"),
        ("markdown", "text/markdown; charset=utf-8"),
        ("text", "text/plain; charset=utf-8"),
    ] {
        let target = format!("/v1/normalize?format={format}");
        let reply = server
            .request("POST", &target)
            .header("Accept", "image/png")
            .body(PAGE)
            .send();
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(content_type)));
    }
}

#[test]
fn clean_answers_in_the_type_it_was_given() {
    let server = Server::start();
    let send = |content_type: &str| {
        server
            .request("POST", "/v1/clean")
            .header("Content-Type", content_type)
            .body(PAGE)
            .send()
    };
    let kind = "text/html; charset=utf-8";
    assert_eq!(send(kind).header("content-type"), Some(kind));
    assert_eq!(
        send("application/x-www-form-urlencoded").header("content-type"),
        Some("text/html")
    );
    let bare = server.request("POST", "/v1/clean").body(PAGE).send();
    assert_eq!((bare.header("content-type"), bare.text()), (Some("text/html"), PAGE));
    let picture = send("image/png");
    picture.is_problem(415, "unsupported_media_type");
    assert!(
        picture
            .header("accept-post")
            .is_some_and(|types| types.contains("text/html"))
    );
}

#[test]
fn clean_gives_before_it_has_everything() {
    let server = Server::start();
    let mut connection = server.connect();
    connection.write("POST /v1/clean HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
    let paragraph = "<p>The boats come back in the morning.</p>\n";
    connection.write_chunk(paragraph.repeat(100).as_bytes());
    assert_eq!(connection.head().status, 200);
    let first = connection.chunk().expect("a chunk").expect("not the end");
    assert!(
        first.starts_with(b"<p>The boats"),
        "output while the input is still open"
    );
    connection.write_chunk(paragraph.as_bytes());
    connection.write("0\r\n\r\n");
    let mut rest = first;
    while let Some(chunk) = connection.chunk().expect("a whole answer") {
        rest.extend(chunk);
    }
    assert_eq!(rest, paragraph.repeat(101).as_bytes());
}

#[test]
fn clean_passes_a_large_page_through_unchanged() {
    let server = Server::start();
    let page = "<p>The boats come back in the morning.</p>\n".repeat(30_000);
    let reply = server.request("POST", "/v1/clean").body(page.as_str()).send();
    assert!(
        reply.whole && reply.body == page.as_bytes(),
        "{} bytes of {}",
        reply.body.len(),
        page.len()
    );
}

#[test]
fn health_routes_are_small_fresh_and_deaf_to_queries() {
    let server = Server::start();
    for (target, status) in [
        ("/livez", "alive"),
        ("/startupz?x=1", "started"),
        ("/readyz", "ready"),
        ("/readyz?now=1&x", "ready"),
        ("/healthz", "ready"),
    ] {
        let reply = server.get(target);
        assert_eq!(reply.json()["status"], status, "{target}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert!(reply.json().get("checks").is_none());
    }
    assert_eq!(server.get("/readyz?verbose").json()["checks"]["rules"], "loaded");
    let version = server.get("/version").json();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert!(version["rules_revision"].is_string());
}

#[test]
fn timings_are_headers() {
    let server = Server::start();
    let reply = server.request("POST", "/v1/normalize").body(PAGE).send();
    let stages: Vec<&str> = reply
        .headers
        .iter()
        .filter(|(name, _)| name == "server-timing")
        .filter_map(|(_, value)| value.split_once(";dur=").map(|(stage, _)| stage))
        .collect();
    assert_eq!(stages, ["read", "wait", "input", "survey", "score", "write", "total"]);
}

#[test]
fn the_description_is_served_as_yaml() {
    let reply = Server::start().get("/openapi.yaml");
    assert_eq!(reply.header("content-type"), Some("application/yaml"));
    assert!(reply.text().starts_with("openapi: 3.1"));
}
