//! `GET /v1/rules`: the rules in force.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, Uri, header},
    response::Response,
};
use url::form_urlencoded;

use super::{App, error::ApiError};
use crate::{
    error::{Error, ErrorCode},
    output,
};

/// All of them, or with `?host=` those for documents of one host.
pub(super) async fn rules(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, ApiError> {
    let mut host = None;
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match name.as_ref() {
            "host" => host = Some(value.to_ascii_lowercase()),
            _ => {
                let name = name.into_owned();
                return Err(Error::UnknownOption { name, known: "host" }.into());
            }
        }
    }
    let pipeline = app.pipeline();
    let json = output::rules::render(pipeline.rules(), host.as_deref())
        .map_err(|error| ApiError::new(ErrorCode::Internal, error.to_string()))?;
    let mut response = Response::new(Body::from(json));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
