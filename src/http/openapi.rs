//! The description of this surface, as the binary carries it.

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::Response,
};

/// The file, held against [`super::ROUTES`] and the real answers by a test.
const OPENAPI: &str = include_str!("../../openapi.yaml");

/// `GET /openapi.yaml`.
pub(super) async fn openapi() -> Response {
    let mut response = Response::new(Body::from(OPENAPI));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/yaml"));
    response
}
