//! One HTTP request and its answer, over wasi:http.

use std::rc::Rc;

use ingestor_core::failure::{Failure, FailureKind};
use ingestor_core::time::Micros;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme as WasiScheme,
};
use wasip2::io::poll::Pollable;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

use crate::endpoint::{Endpoint, Scheme};
use crate::{header, host};

/// Bytes of an answer that are taken at once.
const READ_BYTES: u64 = 256 * 1024;

/// What is sent.
pub(crate) struct Request {
    pub method: Verb,
    pub server: Rc<Endpoint>,
    /// Path and query, percent-encoded.
    pub path_and_query: String,
    /// Besides those that every request has.
    pub headers: Vec<(&'static str, String)>,
    pub body: Rc<Vec<u8>>,
}

/// HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

/// What came of asking an exchange to go on.
pub(crate) enum Progress {
    /// Nothing has arrived.
    Pending,
    /// The beginning of the answer.
    Head(Head),
    /// The next bytes of its body.
    Bytes(Vec<u8>),
    /// The answer has arrived completely.
    End,
}

/// Status and headers of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub status: u16,
    /// When the server wrote it, by its own clock, to the second.
    pub date: Option<Micros>,
    /// How long the server wants to be left alone.
    pub retry_after_ms: Option<u64>,
    /// The address of what was made.
    pub location: Option<String>,
    /// Bytes of an upload that have arrived.
    pub received_bytes: Option<u64>,
    /// When the request was sent, by our clock.
    pub sent_at: Micros,
    /// When the answer was seen, by our clock.
    pub received_at: Micros,
}

/// A request on its way, then its answer.
pub(crate) struct Exchange {
    // Fields drop from first to last, and WASI wants children to go before their parents.
    pollables: Vec<Pollable>,
    upload: Option<Upload>,
    download: Option<Download>,
    response: Option<FutureIncomingResponse>,
    request: Rc<Request>,
    sent_at: Micros,
    timeout_ns: u64,
    last_byte_ns: u64,
    /// Whether nothing had arrived when it was asked last.
    is_pending: bool,
}

struct Upload {
    stream: OutputStream,
    body: OutgoingBody,
    sent_bytes: usize,
}

struct Download {
    stream: InputStream,
    _body: IncomingBody,
    _response: IncomingResponse,
}

impl Exchange {
    /// Sends a request, with a token if there is one. It is given up after `timeout_ms` without a byte from the server.
    pub fn start(request: Rc<Request>, authorization: Option<&str>, timeout_ms: u64) -> Result<Self, Failure> {
        let outgoing = OutgoingRequest::new(headers(&request, authorization));
        let refused = |()| {
            let message = format!("{:?} cannot be sent to {:?}", request.path_and_query, request.server.authority);
            Failure::new(FailureKind::Invalid, "requestNotPossible", message)
        };
        outgoing.set_method(&request.method.into()).map_err(refused)?;
        outgoing.set_scheme(Some(&request.server.scheme.into())).map_err(refused)?;
        outgoing.set_authority(Some(&request.server.authority)).map_err(refused)?;
        outgoing.set_path_with_query(Some(&request.path_and_query)).map_err(refused)?;
        // Also a request without a body ends only when its body does.
        let body = outgoing.body().map_err(refused)?;
        let stream = body.write().map_err(refused)?;
        let mut exchange = Self {
            pollables: Vec::new(),
            upload: Some(Upload { stream, body, sent_bytes: 0 }),
            download: None,
            response: None,
            sent_at: host::wall_micros(),
            timeout_ns: timeout_ms.saturating_mul(1_000_000),
            last_byte_ns: host::monotonic_ns(),
            is_pending: false,
            request,
        };
        let sent = outgoing_handler::handle(outgoing, Some(options(exchange.timeout_ns)));
        exchange.response = Some(sent.map_err(|code| exchange.lost(&code))?);
        Ok(exchange)
    }

    /// Sends and receives what can be without waiting.
    pub fn advance(&mut self) -> Result<Progress, Failure> {
        self.send();
        let progress = match &self.download {
            Some(download) => match download.stream.read(READ_BYTES) {
                Ok(bytes) if bytes.is_empty() => Progress::Pending,
                Ok(bytes) => Progress::Bytes(bytes),
                Err(StreamError::Closed) => Progress::End,
                Err(StreamError::LastOperationFailed(error)) => {
                    let message = format!("the answer broke off: {}", error.to_debug_string());
                    return Err(self.transient("connectionReset", &message));
                }
            },
            None => self.receive_head()?,
        };
        let now = host::monotonic_ns();
        let was_pending = std::mem::replace(&mut self.is_pending, matches!(progress, Progress::Pending));
        if !self.is_pending {
            self.last_byte_ns = now;
        } else if now >= self.deadline_ns() {
            return Err(self.transient("timeout", &self.silence()));
        } else if self.pollables.is_empty() && (was_pending || self.download.is_none()) {
            // The end of an answer follows its last bytes at once: to look again is cheaper than to subscribe.
            self.subscribe();
        }
        Ok(progress)
    }

    /// What to wait for when nothing had arrived, no later than `deadline_ns`; nothing when it is to be asked again first.
    pub fn pollables(&self) -> &[Pollable] {
        &self.pollables
    }

    /// When to give up, by the monotonic clock.
    pub fn deadline_ns(&self) -> u64 {
        self.last_byte_ns.saturating_add(self.timeout_ns)
    }

    fn send(&mut self) {
        let Some(upload) = &mut self.upload else { return };
        let rest = loop {
            let rest = &self.request.body[upload.sent_bytes..];
            if rest.is_empty() {
                break rest;
            }
            match upload.stream.check_write() {
                Ok(0) => return,
                Ok(room) => {
                    let chunk = &rest[..rest.len().min(usize::try_from(room).unwrap_or(usize::MAX))];
                    if upload.stream.write(chunk).is_err() {
                        break rest;
                    }
                    upload.sent_bytes += chunk.len();
                }
                Err(_) => break rest,
            }
        };
        let complete = rest.is_empty();
        self.pollables.clear();
        if let Some(Upload { stream, body, .. }) = self.upload.take() {
            drop(stream);
            // A server that closes the body early says why in its answer, or the connection fails: either way the answer
            // is where errors come from.
            if complete {
                let _ = OutgoingBody::finish(body, None);
            }
        }
    }

    fn receive_head(&mut self) -> Result<Progress, Failure> {
        let Some(future) = &self.response else { return Ok(Progress::End) };
        // Wasmtime hands over what has arrived only once somebody has asked whether it has.
        if !self.pollables.is_empty() && !self.pollables.iter().any(Pollable::ready) {
            return Ok(Progress::Pending);
        }
        let response = match future.get() {
            None => return Ok(Progress::Pending),
            Some(Ok(Ok(response))) => response,
            Some(Ok(Err(code))) => return Err(self.lost(&code)),
            Some(Err(())) => return Err(self.transient("connectionReset", "the answer was taken twice")),
        };
        self.pollables.clear();
        self.response = None;
        let head = self.read_head(&response);
        let (body, stream) = response
            .consume()
            .and_then(|body| body.stream().map(|stream| (body, stream)))
            .map_err(|()| self.transient("connectionReset", "the answer has no body"))?;
        self.download = Some(Download { stream, _body: body, _response: response });
        Ok(Progress::Head(head))
    }

    fn read_head(&self, response: &IncomingResponse) -> Head {
        let fields = response.headers();
        let text = |name: &str| fields.get(name).into_iter().next().and_then(|value| String::from_utf8(value).ok());
        let received_at = host::wall_micros();
        let date = text("date").and_then(|value| header::http_date(&value));
        Head {
            status: response.status(),
            date,
            retry_after_ms: text("retry-after")
                .and_then(|value| header::retry_after_ms(&value, date.unwrap_or(received_at))),
            location: text("location"),
            received_bytes: text("range").and_then(|value| header::received_bytes(&value)),
            sent_at: self.sent_at,
            received_at,
        }
    }

    fn subscribe(&mut self) {
        if let Some(upload) = &self.upload {
            self.pollables.push(upload.stream.subscribe());
        }
        if let Some(future) = &self.response {
            self.pollables.push(future.subscribe());
        }
        if let Some(download) = &self.download {
            self.pollables.push(download.stream.subscribe());
        }
    }

    fn lost(&self, code: &ErrorCode) -> Failure {
        let (reason, words) = match code {
            ErrorCode::DnsTimeout | ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
                ("hostNotFound", "no such host".to_owned())
            }
            ErrorCode::ConnectionRefused | ErrorCode::DestinationUnavailable => {
                ("connectionRefused", "connection refused".to_owned())
            }
            ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionReadTimeout
            | ErrorCode::ConnectionWriteTimeout
            | ErrorCode::HttpResponseTimeout => ("timeout", self.silence()),
            ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => {
                let message = format!("requests to {} are not allowed here", self.request.server.authority);
                return Failure::new(FailureKind::Invalid, "hostNotAllowed", message);
            }
            ErrorCode::TlsProtocolError | ErrorCode::TlsCertificateError | ErrorCode::TlsAlertReceived(_) => {
                ("tlsError", format!("no secure connection: {code:?}"))
            }
            ErrorCode::InternalError(Some(words)) => ("connectionFailed", words.clone()),
            _ => ("connectionReset", format!("the connection broke off: {code:?}")),
        };
        self.transient(reason, &words)
    }

    fn silence(&self) -> String {
        format!("no byte arrived for {} ms", self.timeout_ns / 1_000_000)
    }

    fn transient(&self, reason: &str, message: &str) -> Failure {
        Failure::new(FailureKind::Transient, reason, format!("{}: {message}", self.request.server.authority))
    }
}

fn headers(request: &Request, authorization: Option<&str>) -> Fields {
    let fields = Fields::new();
    let length = request.body.len().to_string();
    let common = [
        ("accept", "application/json"),
        ("user-agent", concat!("harperdb-bigquery-ingestor/", env!("CARGO_PKG_VERSION"))),
        ("content-length", length.as_str()),
    ];
    let own = request.headers.iter().map(|(name, value)| (*name, value.as_str()));
    for (name, value) in common.into_iter().chain(own).chain(authorization.map(|value| ("authorization", value))) {
        fields.append(name, value.as_bytes()).expect("header values are printable ASCII");
    }
    fields
}

/// The host's own timeouts, where it has them. Node's connect timeout also runs while the answer's head is awaited, so
/// none may be shorter than the longest silence allowed.
fn options(timeout_ns: u64) -> RequestOptions {
    let options = RequestOptions::new();
    // A host may not support one or the other: our own deadline stands in.
    let _ = options.set_connect_timeout(Some(timeout_ns));
    let _ = options.set_first_byte_timeout(Some(timeout_ns));
    let _ = options.set_between_bytes_timeout(Some(timeout_ns));
    options
}

impl From<Verb> for Method {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::Get => Self::Get,
            Verb::Post => Self::Post,
            Verb::Put => Self::Put,
            Verb::Delete => Self::Delete,
        }
    }
}

impl From<Scheme> for WasiScheme {
    fn from(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Http => Self::Http,
            Scheme::Https => Self::Https,
        }
    }
}
