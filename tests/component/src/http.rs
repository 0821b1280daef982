//! HTTP/1.1 by hand, one request a connection: the only way to cut an answer wherever a test wants it cut.

use serde_json::Value as Json;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// No peer on the loopback is silent for longer unless something hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request, read to its end.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Query parameters, decoded.
    pub query: Vec<(String, String)>,
    /// Everything after the host in the request line.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Bytes of the body.
    pub body: Vec<u8>,
}

impl Request {
    /// Reads one request.
    ///
    /// # Errors
    /// When the connection breaks or what arrives is not HTTP.
    pub fn read(stream: &mut TcpStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut bytes = Vec::new();
        loop {
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut head = httparse::Request::new(&mut headers);
            if let httparse::Status::Complete(head_bytes) = head.parse(&bytes).map_err(io::Error::other)? {
                let target = head.path.unwrap_or_default().to_owned();
                let (path, query) = target.split_once('?').unwrap_or((&target, ""));
                let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
                let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
                let method = head.method.unwrap_or_default().to_owned();
                let headers = owned(head.headers);
                let body = read_body(stream, bytes.split_off(head_bytes), &headers)?;
                return Ok(Self { method, path, query, target, headers, body });
            }
            read_more(stream, &mut bytes)?;
        }
    }

    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of a query parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null when it is not JSON.
    #[must_use]
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Sends the request to `upstream` and reads the answer.
    ///
    /// # Errors
    /// When the connection cannot be made, breaks, or what arrives is not HTTP.
    pub fn forward(&self, upstream: SocketAddr) -> io::Result<Response> {
        let mut stream = TcpStream::connect(upstream)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "{} {} HTTP/1.1\r\nhost: {upstream}\r\nconnection: close\r\n", self.method, self.target)?;
        for (name, value) in &self.headers {
            if !matches!(name.as_str(), "host" | "connection" | "content-length" | "transfer-encoding") {
                write!(stream, "{name}: {value}\r\n")?;
            }
        }
        write!(stream, "content-length: {}\r\n\r\n", self.body.len())?;
        stream.write_all(&self.body)?;
        Response::read(&mut stream)
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers; `content-length` and `connection` are added when it is written.
    pub headers: Vec<(String, String)>,
    /// Bytes of the body.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer with a JSON body.
    #[must_use]
    pub fn json(status: u16, body: &Json) -> Self {
        Self::text(status, "application/json; charset=UTF-8", body.to_string())
    }

    /// An answer with any text.
    #[must_use]
    pub fn text(status: u16, content_type: &str, body: String) -> Self {
        Self { status, headers: vec![("content-type".into(), content_type.into())], body: body.into_bytes() }
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: String) -> Self {
        self.headers.push((name.into(), value));
        self
    }

    /// Status line and headers, announcing the whole body.
    #[must_use]
    pub fn head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} -\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("content-length: {}\r\nconnection: close\r\n\r\n", self.body.len());
        head.into_bytes()
    }

    /// Writes the whole answer.
    ///
    /// # Errors
    /// When the connection breaks.
    pub fn write(&self, stream: &mut TcpStream) -> io::Result<()> {
        stream.write_all(&self.head())?;
        stream.write_all(&self.body)
    }

    fn read(stream: &mut TcpStream) -> io::Result<Self> {
        let mut bytes = Vec::new();
        loop {
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut head = httparse::Response::new(&mut headers);
            if let httparse::Status::Complete(head_bytes) = head.parse(&bytes).map_err(io::Error::other)? {
                let status = head.code.unwrap_or_default();
                let mut headers = owned(head.headers);
                let body = read_body(stream, bytes.split_off(head_bytes), &headers)?;
                headers.retain(|(name, _)| !matches!(name.as_str(), "content-length" | "connection"));
                return Ok(Self { status, headers, body });
            }
            read_more(stream, &mut bytes)?;
        }
    }
}

/// A listener on a free port of the loopback with a thread that answers its requests; stops when dropped.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts to answer requests with `answer`, each connection in a thread of its own.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let answer = Arc::new(answer);
        Self::run(address, move |stopping| {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopping.load(Ordering::SeqCst) {
                    break;
                }
                let (mut stream, answer) = (stream, answer.clone());
                thread::spawn(move || {
                    if let Ok(request) = Request::read(&mut stream) {
                        // A client that has hung up is a case under test, not an error.
                        let _ = answer(&request).write(&mut stream);
                    }
                });
            }
        })
    }

    /// Runs `accept` in a thread; it is to return soon after it was told to stop and a connection arrived.
    pub(crate) fn run(address: SocketAddr, accept: impl FnOnce(&AtomicBool) + Send + 'static) -> Self {
        let stopping = Arc::new(AtomicBool::new(false));
        let told = stopping.clone();
        Self { address, stopping, thread: Some(thread::spawn(move || accept(&told))) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread out of `accept`.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn read_more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut chunk = [0; 16 * 1024];
    let count = stream.read(&mut chunk)?;
    bytes.extend_from_slice(&chunk[..count]);
    if count == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

fn read_body(stream: &mut TcpStream, mut body: Vec<u8>, headers: &[(String, String)]) -> io::Result<Vec<u8>> {
    let value = |name| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if value("transfer-encoding") == Some("chunked") {
        let mut bytes = body;
        let mut body = Vec::new();
        loop {
            match httparse::parse_chunk_size(&bytes).map_err(|error| io::Error::other(format!("{error:?}")))? {
                httparse::Status::Complete((head_bytes, 0)) if bytes.len() >= head_bytes + 2 => return Ok(body),
                httparse::Status::Complete((head_bytes, size)) if bytes.len() >= head_bytes + size as usize + 2 => {
                    body.extend_from_slice(&bytes[head_bytes..][..size as usize]);
                    bytes.drain(..head_bytes + size as usize + 2);
                }
                _ => read_more(stream, &mut bytes)?,
            }
        }
    }
    let length = value("content-length").map_or(Ok(0), str::parse).map_err(io::Error::other)?;
    while body.len() < length {
        read_more(stream, &mut body)?;
    }
    Ok(body)
}

fn owned(headers: &[httparse::Header<'_>]) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers.iter().map(|header| (header.name.to_ascii_lowercase(), text(header.value))).collect()
}
