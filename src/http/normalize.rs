//! `POST` and `PUT /v1/normalize`: one document in, one article out.

use std::{sync::Arc, time::Instant};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderValue, header},
    response::Response,
};
use url::form_urlencoded;

use super::{
    App, RULES_REVISION,
    access::Work,
    codings,
    error::Refusal,
    form, limits, negotiate, pack, rules_revision, sandbox,
    unpack::{Allowance, Intake},
};
use crate::{
    bounds::{Bounds, Deadline},
    input::{Document, is_envelope, markdown, may_be_markdown},
    options::Options,
    pipeline::Answer,
    workers::{Grant, Load},
};

/// Everything that the head can be refused for is refused before a byte of the body is read, and the whole body is read
/// before a worker is asked for: a slow sender holds a socket, never a core.
pub(super) async fn normalize(State(app): State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let query = head.uri.query().unwrap_or_default();
    let mut options = Options::from_pairs(form_urlencoded::parse(query.as_bytes()))?;
    options.format = Some(negotiate::format(options.format, &head.headers)?);
    let wish = codings::wish(&head.headers);
    let bounds = *app.pipeline().bounds();
    let allowance = Allowance::of_document(bounds.body_bytes);
    let intake = Intake::open(body, &head.headers, app.workers.grant(), allowance)?;
    let content_type = limits::header_text(&head.headers, &header::CONTENT_TYPE)?.map(str::to_owned);
    let content_location = limits::header_text(&head.headers, &header::CONTENT_LOCATION)?.map(str::to_owned);
    let begun = Instant::now();
    let whole = limits::read_whole(intake, &head.headers, bounds.body_bytes, &app.workers, &app.wire).await?;
    let limits::Whole {
        bytes,
        elements,
        mut grant,
    } = whole;

    let asked = Instant::now();
    let load = Load {
        body_bytes: bytes.len(),
        work_bytes: work_bytes(&bounds, elements, &bytes, content_type.as_deref()),
    };
    let pipeline = app.pipeline();
    let revision = rules_revision(&pipeline);
    let work = move |deadline: &Deadline| {
        let waited = asked.elapsed();
        let document = Document {
            bytes: &bytes,
            content_type: content_type.as_deref(),
            content_location: content_location.as_deref(),
            ..Document::default()
        };
        let answer = match form::read(content_type.as_deref(), &bytes) {
            Some(envelope) => envelope.and_then(|envelope| pipeline.normalize_enveloped(&envelope, &options, deadline)),
            None => pipeline.normalize(&document, &options, deadline),
        };
        if answer.is_err() && deadline.is_abandoned() {
            tracing::debug!("a document was given up: nobody waits for it");
        }
        let packed = answer.map_err(Refusal::from).and_then(|mut answer| {
            let coding = wish.for_whole(answer.body.len());
            if let Some(coding) = coding {
                let begun = Instant::now();
                answer.body = pack::whole(coding, &answer.body, deadline)?;
                answer.trace.stages.push(("pack", begun.elapsed()));
            }
            Ok((answer, coding))
        });
        // The body has done its part; what is in hand from here on is the answer.
        grant.set(packed.as_ref().map_or(0, |(answer, _)| answer.body.capacity()));
        (packed, waited, grant)
    };
    let done = app.workers.run(load, bounds.time, work).await;
    let (packed, waited, grant) = done.map_err(|failure| Refusal::from_failure(failure, bounds.time))?;
    let (Answer { format, body, trace }, coding) = packed?;

    let held = Held { body, _grant: grant };
    let mut response = Response::new(Body::from(Bytes::from_owner(held)));
    sandbox(&mut response);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, negotiate::content_type(format));
    headers.insert(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
    pack::name(headers, coding);
    headers.insert(RULES_REVISION, revision);
    let mut stages = vec![("read", asked - begun), ("wait", waited)];
    stages.extend(&trace.stages);
    let work = Work {
        stages,
        trace: Some(trace),
    };
    work.leave_in(&mut response);
    Ok(response)
}

/// An answer with its memory, given back when the last byte has gone or the peer has.
struct Held {
    body: Vec<u8>,
    _grant: Grant,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

/// The most memory that the work on a body can take, as far as its bytes tell. `elements` is how many `<` it has, and
/// Markdown makes more without one.
pub(super) fn work_bytes(bounds: &Bounds, elements: usize, bytes: &[u8], content_type: Option<&str>) -> usize {
    let is_envelope = is_envelope(content_type);
    let seen = if is_envelope {
        elements_in_envelope(elements, bytes)
    } else {
        elements
    };
    if is_envelope || may_be_markdown(bytes, content_type) {
        return bounds.markdown_work_bytes(bytes.len(), seen + markdown::elements_at_most(bytes.len()));
    }
    bounds.work_bytes(bytes.len(), seen)
}

/// In JSON a `<` may be written as `\u003c`, and in base64 not be seen at all: each tag is three bytes at least there.
fn elements_in_envelope(elements: usize, json: &[u8]) -> usize {
    // A key may be written with escapes, which no encoder does to letters.
    let escapes = |at: usize| match json.get(at + 4..at + 6) {
        Some([b'5'..=b'7', _] | [b'3', b'4' | b'6']) => true,
        Some(_) | None => false,
    };
    if memchr::memmem::find(json, b"\"document_base64\"").is_some()
        || memchr::memmem::find_iter(json, b"\\u00").any(escapes)
    {
        return json.len() / BASE64_OF_A_TAG_BYTES;
    }
    elements + memchr::memchr_iter(b'\\', json).count()
}

/// Three bytes in base64.
const BASE64_OF_A_TAG_BYTES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_hides_no_element() {
        let of = |json: &str| {
            let seen = json.matches('<').count();
            elements_in_envelope(seen, json.as_bytes())
        };
        assert_eq!(of(r#"{"document":"<p>a\n<p>b"}"#), 3);
        assert_eq!(of(r#"{"document":"\u003cp\u003ea"}"#), 2);
        let packed = "PHA+".repeat(100);
        assert!(of(&format!(r#"{{"document_base64":"{packed}"}}"#)) >= 100);
        assert!(of(&format!(r#"{{"document\u005fbase64":"{packed}"}}"#)) >= 100);
        assert!(of(&format!(r#"{{"document_base\u00364":"{packed}"}}"#)) >= 100);
    }
}
