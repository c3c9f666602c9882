//! `POST` and `PUT /v1/normalize`: one document in, one article out.

use std::{sync::Arc, time::Instant};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, header},
    response::Response,
};
use url::form_urlencoded;

use super::{App, access, error::Refusal, limits, negotiate, sandbox};
use crate::{bounds::Deadline, input::Document, options::Options};

/// Everything that the head can be refused for is refused before a byte of the body is read, and the whole body is read
/// before a worker is asked for: a slow sender holds a socket, never a core.
pub(super) async fn normalize(State(app): State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let query = head.uri.query().unwrap_or_default();
    let mut options = Options::from_pairs(form_urlencoded::parse(query.as_bytes()))?;
    options.format = Some(negotiate::format(options.format, &head.headers)?);
    limits::refuse_packed(&head.headers)?;
    let content_type = limits::header_text(&head.headers, &header::CONTENT_TYPE)?.map(str::to_owned);
    let content_location = limits::header_text(&head.headers, &header::CONTENT_LOCATION)?.map(str::to_owned);
    let bounds = *app.pipeline.bounds();
    let bytes = limits::read_whole(body, &head.headers, bounds.body_bytes, &app.wire).await?;

    let asked = Instant::now();
    let deadline = Deadline::after(bounds.time);
    let pipeline = app.pipeline.clone();
    let work = move || {
        let begun = Instant::now();
        let document = Document {
            bytes: &bytes,
            content_type: content_type.as_deref(),
            content_location: content_location.as_deref(),
            ..Document::default()
        };
        (
            pipeline.normalize(&document, &options, &deadline),
            begun,
            begun.elapsed(),
        )
    };
    let done = app.workers.run(bounds.time, work).await;
    let (answer, begun, worked) = done.map_err(|failure| Refusal::from_failure(failure, bounds.time))?;
    let answer = answer?;

    let mut response = Response::new(Body::from(answer.body));
    sandbox(&mut response);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, negotiate::content_type(answer.format));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    access::add_timing(headers, "wait", begun - asked);
    access::add_timing(headers, "work", worked);
    Ok(response)
}
