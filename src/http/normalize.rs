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
    App, RULES_REVISION, compress, content_encoding,
    decompress::{DecodedBody, DecompressLimits},
    error::ApiError,
    form, limits, negotiate,
    request_log::DocumentWork,
    rules_revision, sandbox,
};
use crate::{
    bounds::Deadline,
    input::{RawDocument, work_bytes},
    options::Options,
    pipeline::Answer,
    workers::{Reservation, WorkCost},
};

/// Everything that the head can be refused for is refused before a byte of the body is read, and the whole body is read
/// before a worker is asked for: a slow sender holds a socket, never a core.
pub(super) async fn normalize(State(app): State<Arc<App>>, request: Request) -> Result<Response, ApiError> {
    let (head, body) = request.into_parts();
    let query = head.uri.query().unwrap_or_default();
    let mut options = Options::from_pairs(form_urlencoded::parse(query.as_bytes()))?;
    options.format = Some(negotiate::format(options.format, &head.headers)?);
    let wish = content_encoding::wish(&head.headers);
    let bounds = *app.pipeline().bounds();
    let allowance = DecompressLimits::of_document(bounds.body_bytes);
    let intake = DecodedBody::open(body, &head.headers, app.workers.reservation(), allowance)?;
    let content_type = limits::header_text(&head.headers, &header::CONTENT_TYPE)?.map(str::to_owned);
    let content_location = limits::header_text(&head.headers, &header::CONTENT_LOCATION)?.map(str::to_owned);
    let begun = Instant::now();
    let whole = limits::read_whole(intake, &head.headers, bounds.body_bytes, &app.workers, &app.timeouts).await?;
    let limits::CompleteBody {
        bytes,
        body_cost,
        mut reservation,
    } = whole;

    let asked = Instant::now();
    let load = WorkCost {
        body_bytes: bytes.len(),
        work_bytes: work_bytes(&bounds, body_cost, &bytes, content_type.as_deref())
            + options.selector_bytes(bounds.depth),
    };
    let pipeline = app.pipeline();
    let revision = rules_revision(&pipeline);
    let work = move |deadline: &Deadline| {
        let waited = asked.elapsed();
        let document = RawDocument {
            bytes: &bytes,
            content_type: content_type.as_deref(),
            content_location: content_location.as_deref(),
            ..RawDocument::default()
        };
        let answer = match form::read(content_type.as_deref(), &bytes) {
            Some(envelope) => envelope.and_then(|envelope| pipeline.normalize_enveloped(&envelope, &options, deadline)),
            None => pipeline.normalize(&document, &options, deadline),
        };
        if answer.is_err() && deadline.is_abandoned() {
            tracing::debug!("a document was cancelled: its client has left");
        }
        let compressed = answer.map_err(ApiError::from).and_then(|mut answer| {
            let coding = wish.for_whole(answer.body.len());
            if let Some(coding) = coding {
                let begun = Instant::now();
                answer.body = compress::whole(coding, &answer.body, deadline)?;
                answer.trace.stages.push(("pack", begun.elapsed()));
            }
            Ok((answer, coding))
        });
        // The body has done its part; from here on only the response takes memory.
        reservation.set(compressed.as_ref().map_or(0, |(answer, _)| answer.body.capacity()));
        (compressed, waited, reservation)
    };
    let done = app.workers.run(load, bounds.time, work).await;
    let (compressed, waited, reservation) = done.map_err(|failure| ApiError::from_failure(failure, bounds.time))?;
    let (Answer { format, body, trace }, coding) = compressed?;

    let held = HeldBody {
        body,
        _grant: reservation,
    };
    let mut response = Response::new(Body::from(Bytes::from_owner(held)));
    sandbox(&mut response);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, negotiate::content_type(format));
    headers.insert(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
    compress::name(headers, coding);
    headers.insert(RULES_REVISION, revision);
    let mut stages = vec![("read", asked - begun), ("wait", waited)];
    stages.extend(&trace.stages);
    let work = DocumentWork {
        stages,
        trace: Some(trace),
    };
    work.leave_in(&mut response);
    Ok(response)
}

/// An answer with its memory, given back when the last byte has gone or the peer has.
struct HeldBody {
    body: Vec<u8>,
    _grant: Reservation,
}

impl AsRef<[u8]> for HeldBody {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}
