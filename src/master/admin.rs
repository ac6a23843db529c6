//! The JSON API for edits, and `/healthz`.
//!
//! | request | does |
//! |---|---|
//! | `GET /api/v1/table` | the table as JSON |
//! | `PUT /api/v1/table` | replaces it; the body is a table's text; needs `If-Match` |
//! | `PATCH /api/v1/table` | header lines: [`pat::HeaderPatch`] |
//! | `POST /api/v1/members` | adds a [`pat::MemberRow`] |
//! | `GET /api/v1/members/NAME` | one member |
//! | `PATCH /api/v1/members/NAME` | fields: [`pat::MemberPatch`] |
//! | `DELETE /api/v1/members/NAME` | removes it |
//!
//! Answers carry the table's `ETag`. Errors are `{"error": …}`; 412 also tells `config_id`.

use std::net::SocketAddr;

use hyper::header::{ALLOW, ETAG, HeaderValue, IF_MATCH, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use pat::{HeaderPatch, MemberName, MemberPatch, MemberRow, Table};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::editor::{EditRejection, Editor, LARGEST_TABLE, Outcome};
use super::next::Change;
use crate::net::body::{Body, CollectError, collect};
use crate::net::etag::match_fails;
use crate::net::request_body::RequestBody;
use crate::site::{Denied, Site, authorize, own_page};

/// An error answer: status and message, and the table's `ConfigID` where it helps.
struct Refusal {
    status: StatusCode,
    error: String,
    config_id: Option<u32>,
}

impl Refusal {
    fn new(status: StatusCode, error: impl std::fmt::Display) -> Self {
        Self { status, error: error.to_string(), config_id: None }
    }
}

/// What a path names.
enum Resource {
    Health,
    Table,
    Members,
    Member(MemberName),
}

impl Resource {
    fn at(path: &str) -> Result<Self, Refusal> {
        match path {
            "/healthz" => Ok(Self::Health),
            "/api/v1/table" => Ok(Self::Table),
            "/api/v1/members" => Ok(Self::Members),
            _ => match path.strip_prefix("/api/v1/members/") {
                Some(name) => {
                    // An IPv6 name may stand with its brackets escaped.
                    let name = name.replace("%5B", "[").replace("%5D", "]").replace("%3A", ":");
                    name.parse()
                        .map(Self::Member)
                        .map_err(|error| Refusal::new(StatusCode::NOT_FOUND, error))
                }
                None => Err(Refusal::new(
                    StatusCode::NOT_FOUND,
                    "there is /pat, /proxy.pac, /wpad.dat, /healthz, /api/v1/table and /api/v1/members",
                )),
            },
        }
    }

    fn allowed(&self) -> &'static str {
        match self {
            Self::Health => "GET, HEAD",
            Self::Table => "GET, PUT, PATCH",
            Self::Members => "POST",
            Self::Member(_) => "GET, PATCH, DELETE",
        }
    }
}

/// Answers everything but the published documents.
pub(super) async fn answer(
    editor: &Editor,
    token: Option<&str>,
    head: Parts,
    body: RequestBody,
    peer: SocketAddr,
) -> Response<Body> {
    match respond(editor, token, &head, body, peer).await {
        Ok(response) => response,
        Err(refusal) => {
            let mut document = json!({ "error": refusal.error });
            if let (Some(id), Some(fields)) = (refusal.config_id, document.as_object_mut()) {
                fields.insert("config_id".to_owned(), id.into());
            }
            let mut response = page(refusal.status, &document);
            if refusal.status == StatusCode::UNAUTHORIZED {
                response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            if refusal.status == StatusCode::METHOD_NOT_ALLOWED
                && let Ok(resource) = Resource::at(head.uri.path())
            {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static(resource.allowed()));
            }
            response
        }
    }
}

async fn respond(
    editor: &Editor,
    token: Option<&str>,
    head: &Parts,
    body: RequestBody,
    peer: SocketAddr,
) -> Result<Response<Body>, Refusal> {
    let resource = Resource::at(head.uri.path())?;
    let site = editor.site();
    match (&head.method, &resource) {
        (&Method::GET | &Method::HEAD, Resource::Health) => {
            return Ok(page(StatusCode::OK, &health(editor, &site)));
        }
        (&Method::GET, Resource::Table) => {
            authorized(token, head, peer)?;
            return Ok(tagged(StatusCode::OK, &table_json(&site), &site));
        }
        (&Method::GET, Resource::Member(name)) => {
            authorized(token, head, peer)?;
            let member = site.table().member(name);
            let member = member.ok_or_else(|| {
                Refusal::new(StatusCode::NOT_FOUND, format!("member {name} is not in the table"))
            })?;
            return Ok(tagged(StatusCode::OK, &MemberRow::from(member.clone()), &site));
        }
        _ => {}
    }
    authorized(token, head, peer)?;
    let change = read_change(&head.method, &resource, head, body).await?;
    let added = matches!((&head.method, &resource), (&Method::POST, Resource::Members));
    let headers = head.headers.clone();
    let outcome = editor
        .submit(change, move |etag| match_fails(&headers, etag))
        .await
        .map_err(|error| refusal(&error))?;
    Ok(published(&outcome, added))
}

fn authorized(token: Option<&str>, head: &Parts, peer: SocketAddr) -> Result<(), Refusal> {
    authorize(token, head.version, &head.headers, peer).map_err(|denied| match denied {
        Denied::Token => Refusal::new(StatusCode::UNAUTHORIZED, "a bearer token is needed"),
        Denied::NotLocal => Refusal::new(
            StatusCode::FORBIDDEN,
            "edits come from this host only, straight and by a loopback address; set token_file to edit from elsewhere",
        ),
    })
}

async fn read_change(
    method: &Method,
    resource: &Resource,
    head: &Parts,
    body: RequestBody,
) -> Result<Change, Refusal> {
    match (method.as_str(), resource) {
        ("PUT", Resource::Table) => {
            if !head.headers.contains_key(IF_MATCH) {
                return Err(Refusal::new(
                    StatusCode::PRECONDITION_REQUIRED,
                    "replacing the table needs If-Match",
                ));
            }
            let bytes =
                read_body(body, usize::try_from(LARGEST_TABLE).unwrap_or(usize::MAX)).await?;
            let table = Table::parse(&bytes);
            let table =
                table.map_err(|errors| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, errors))?;
            Ok(Change::Replace(Box::new(table)))
        }
        ("PATCH", Resource::Table) => {
            Ok(Change::Edits(read_json::<HeaderPatch>(body).await?.edits()))
        }
        ("POST", Resource::Members) => {
            let row: MemberRow = read_json(body).await?;
            Ok(Change::Edits(vec![pat::Edit::Add(Box::new(row.into()))]))
        }
        ("PATCH", Resource::Member(name)) => {
            Ok(Change::Edits(read_json::<MemberPatch>(body).await?.edits(name)))
        }
        ("DELETE", Resource::Member(name)) => {
            Ok(Change::Edits(vec![pat::Edit::Remove(name.clone())]))
        }
        _ => Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("{} is allowed here", resource.allowed()),
        )),
    }
}

async fn read_body(body: RequestBody, limit: usize) -> Result<bytes::Bytes, Refusal> {
    collect(body, limit).await.map_err(|error| match error {
        CollectError::TooLong(_) => Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, error),
        CollectError::Transport(_) => Refusal::new(StatusCode::BAD_REQUEST, error),
    })
}

async fn read_json<T: DeserializeOwned>(body: RequestBody) -> Result<T, Refusal> {
    let bytes = read_body(body, 64 * 1024).await?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error))
}

fn refusal(error: &EditRejection) -> Refusal {
    let status = match error {
        EditRejection::Stale { config_id } => {
            let status = StatusCode::PRECONDITION_FAILED;
            return Refusal { status, error: error.to_string(), config_id: Some(*config_id) };
        }
        EditRejection::Edit(pat::EditError::Unknown { .. }) => StatusCode::NOT_FOUND,
        EditRejection::Edit(pat::EditError::Exists(_)) => StatusCode::CONFLICT,
        EditRejection::HandEdit(_) => StatusCode::LOCKED,
        EditRejection::Edit(_) | EditRejection::Pac(_) => StatusCode::UNPROCESSABLE_ENTITY,
        EditRejection::Store(_) => StatusCode::INSUFFICIENT_STORAGE,
        EditRejection::Verify(_) | EditRejection::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    Refusal::new(status, error)
}

fn published(outcome: &Outcome, added: bool) -> Response<Body> {
    let status = if added { StatusCode::CREATED } else { StatusCode::OK };
    let header = outcome.site.table().header();
    let document = json!({
        "config_id": header.config_id,
        "digest": outcome.site.digest().to_string(),
        "changed": outcome.changed,
    });
    tagged(status, &document, &outcome.site)
}

fn table_json(site: &Site) -> Value {
    let header = site.table().header();
    let members: Vec<MemberRow> =
        site.table().members().iter().cloned().map(MemberRow::from).collect();
    json!({
        "array_enabled": header.array_enabled,
        "config_id": header.config_id,
        "array_name": header.array_name,
        "list_ttl_minutes": header.list_ttl.minutes(),
        "hash": header.hash,
        "hash_key": header.hash_key,
        "hash_seed": header.hash_seed,
        "digest": site.digest().to_string(),
        "members": members,
    })
}

fn health(editor: &Editor, site: &Site) -> Value {
    let header = site.table().header();
    let refused = editor.refused();
    json!({
        "status": if refused.is_none() { "ok" } else { "degraded" },
        "role": "master",
        "array_name": header.array_name,
        "config_id": header.config_id,
        "digest": site.digest().to_string(),
        "members": site.table().members().len(),
        "refused_edit": refused,
    })
}

fn page(status: StatusCode, document: &impl serde::Serialize) -> Response<Body> {
    let text = serde_json::to_string(document).unwrap_or_default() + "\n";
    own_page(status, "application/json", text)
}

fn tagged(status: StatusCode, document: &impl serde::Serialize, site: &Site) -> Response<Body> {
    let mut response = page(status, document);
    if let Ok(etag) = HeaderValue::try_from(site.etag()) {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}
