//! Tables from files and from running masters and members.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH};
use hyper::{Method, Request, StatusCode, Uri};
use parray::files::read_limited;
use parray::net::body::Body;
use parray::net::fetch::{Answer, FetchError, FetchLimits, fetch};
use pat::Table;
use serde_json::Value;

use crate::error::{CommandError, Kind};

const LIMITS: FetchLimits = FetchLimits {
    connect: Duration::from_secs(5),
    answer: Duration::from_secs(30),
    body: 16 << 20,
};

/// Bytes of an input file at most.
const LARGEST: u64 = 16 << 20;

/// Reads a file whole.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    read_limited(path, LARGEST)
        .map_err(|error| CommandError::new(Kind::Io, format!("{}: {error}", path.display())))
}

/// Reads a text file whole.
pub(crate) fn read_text(path: &Path) -> Result<String, CommandError> {
    String::from_utf8(read(path)?).map_err(|_not_utf8| {
        CommandError::new(Kind::Data, format!("{}: text must be UTF-8", path.display()))
    })
}

/// Reads a table file.
pub(crate) fn read_table(path: &Path) -> Result<Table, CommandError> {
    parse_table(&path.display().to_string(), &read(path)?)
}

/// Reads a table from a file, or from a master or member.
pub(crate) fn load_table(place: &str) -> Result<Table, CommandError> {
    if !place.contains("://") {
        return read_table(&PathBuf::from(place));
    }
    let url = page_url(place, "/pat")?;
    let answer = call(Request::get(url), Body::empty())?;
    match answer.status {
        StatusCode::OK => parse_table(place, &answer.body),
        status => Err(CommandError::new(Kind::Unavailable, format!("{place} answered {status}"))),
    }
}

fn parse_table(name: &str, bytes: &[u8]) -> Result<Table, CommandError> {
    Table::parse(bytes).map_err(|errors| {
        CommandError::new(Kind::Data, format!("{name} is not a valid table"))
            .because(errors.in_file(name))
    })
}

/// The URL of a page of a server, unless the place names one already.
fn page_url(place: &str, page: &str) -> Result<Uri, CommandError> {
    let wrong =
        || CommandError::new(Kind::Usage, format!("URL must be http://host:port, found {place:?}"));
    let uri: Uri = place.parse().map_err(|_no_uri| wrong())?;
    let authority =
        uri.authority().filter(|_| uri.scheme_str() == Some("http")).ok_or_else(wrong)?;
    if !matches!(uri.path(), "" | "/") {
        return Ok(uri);
    }
    format!("http://{authority}{page}").parse().map_err(|_no_uri| wrong())
}

/// A master's API.
pub(crate) struct Api {
    master: String,
    token: Option<HeaderValue>,
    if_match: Option<HeaderValue>,
}

impl Api {
    /// The API of the master at this URL; the token comes from a file.
    pub(crate) fn new(master: &str, token_file: Option<&Path>) -> Result<Self, CommandError> {
        let token = token_file.map(|path| {
            let token = read_text(path)?;
            let mut value =
                HeaderValue::try_from(format!("Bearer {}", token.trim())).map_err(|_unfit| {
                    CommandError::new(
                        Kind::Data,
                        format!("{}: token must be printable", path.display()),
                    )
                })?;
            value.set_sensitive(true);
            Ok::<_, CommandError>(value)
        });
        Ok(Self { master: master.to_owned(), token: token.transpose()?, if_match: None })
    }

    /// Makes edits fail unless the table still has this `ConfigID`.
    pub(crate) fn only_if_config_id(&mut self, id: u32) -> Result<(), CommandError> {
        let answer = self.send(Method::GET, "/api/v1/table", None)?;
        let current = json(&answer).get("config_id").and_then(Value::as_u64);
        if current != Some(u64::from(id)) {
            let found = current.map_or_else(|| "none".to_owned(), |id| id.to_string());
            return Err(stale(id, &found));
        }
        self.if_match = answer.headers.get(ETAG).cloned();
        Ok(())
    }

    /// Sends one request with a JSON body; an error answer is an error.
    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, CommandError> {
        let mut request = Request::builder().method(method).uri(page_url(&self.master, path)?);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token);
        }
        if let Some(etag) = &self.if_match {
            request = request.header(IF_MATCH, etag);
        }
        let body = match body {
            Some(document) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Body::full(document.to_string())
            }
            None => Body::empty(),
        };
        let answer = call(request, body)?;
        if answer.status.is_success() { Ok(answer) } else { Err(self.refused(&answer)) }
    }

    fn refused(&self, answer: &Answer) -> CommandError {
        let document = json(answer);
        let message =
            document.get("error").and_then(Value::as_str).unwrap_or("no reason given").to_owned();
        let kind = match answer.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Kind::NoPermission,
            StatusCode::PRECONDITION_FAILED | StatusCode::LOCKED => Kind::Temporary,
            StatusCode::INSUFFICIENT_STORAGE => Kind::Io,
            StatusCode::NOT_FOUND
            | StatusCode::CONFLICT
            | StatusCode::UNPROCESSABLE_ENTITY
            | StatusCode::BAD_REQUEST => Kind::Data,
            _ => Kind::Unavailable,
        };
        let did = if answer.status.is_server_error() { "failed" } else { "refused" };
        let error =
            CommandError::new(kind, format!("{} {did} ({})", self.master, answer.status.as_u16()));
        let error = error.because(message);
        if answer.status == StatusCode::UNAUTHORIZED {
            error.hint("give its token with --token-file")
        } else {
            error
        }
    }
}

/// The error of `--if-config-id`.
pub(crate) fn stale(wanted: u32, found: &str) -> CommandError {
    CommandError::new(
        Kind::Temporary,
        format!("the table has changed: ConfigID must be {wanted}, found {found}"),
    )
}

/// The document of an answer; null where there is none.
pub(crate) fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

fn call(request: hyper::http::request::Builder, body: Body) -> Result<Answer, CommandError> {
    let request = request.body(body).map_err(|error| CommandError::new(Kind::Usage, error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(fetch(request, LIMITS)).map_err(|error| {
        if matches!(error, FetchError::Url(_)) {
            return CommandError::new(Kind::Usage, error);
        }
        CommandError::new(Kind::Unavailable, error).hint("is it running, and is this its port?")
    })
}

/// Fetches a page and its bytes.
pub(crate) fn fetch_page(place: &str, page: &str) -> Result<Answer, CommandError> {
    let answer = call(Request::get(page_url(place, page)?), Body::empty())?;
    match answer.status {
        StatusCode::OK => Ok(answer),
        status => Err(CommandError::new(Kind::Unavailable, format!("{place} answered {status}"))),
    }
}
