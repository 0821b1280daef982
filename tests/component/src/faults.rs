//! A proxy that stands before a server and makes chosen requests fail in chosen ways. It records every request.

use crate::bigquery::PROJECT;
use crate::http::{Request, Response, Server};
use serde_json::json;
use socket2::SockRef;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How a request fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with this status and BigQuery's form of an error.
    Status {
        /// HTTP status.
        status: u16,
        /// BigQuery's reason.
        reason: &'static str,
        /// Seconds of a `Retry-After`.
        retry_after_s: Option<u64>,
    },
    /// Nobody listens when it is due, nor for this long after.
    Refused(Duration),
    /// The connection is reset; the server never sees the request.
    ResetBeforeHeaders,
    /// The server does what was asked, and the connection is reset before a byte of its answer.
    AnswerLost,
    /// The connection is reset in the middle of the answer's body.
    ResetMidBody,
    /// The answer ends in the middle of its JSON, and says so in its length.
    TruncatedJson,
    /// The answer stops in the middle and the connection stays open for this long.
    StalledBody(Duration),
    /// A page for people, with status 200.
    Html,
    /// The answer comes this much later.
    Slow(Duration),
    /// The job whose result is asked for still runs. Other requests are answered.
    JobIncomplete,
    /// The result that is asked for is gone. Other requests are answered.
    ResultExpired,
}

/// A request that went through.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What was asked.
    pub request: Request,
    /// When it arrived.
    pub at: Instant,
    /// When the server had answered it; none while it has not.
    pub answered_at: Option<Instant>,
    /// How it was made to fail.
    pub fault: Option<Fault>,
}

impl Seen {
    /// Whether method and path are these; `*` in the path stands for one segment.
    #[must_use]
    pub fn is(&self, method: &str, path: &str) -> bool {
        let (wanted, found) = (path.split('/'), self.request.path.split('/'));
        let same = |(wanted, found): (&str, &str)| wanted == "*" || wanted == found;
        self.request.method == method && wanted.clone().count() == found.clone().count() && wanted.zip(found).all(same)
    }
}

/// What is to fail, and what was seen.
#[derive(Default)]
struct Plan {
    by_number: Vec<(usize, Fault)>,
    by_route: Vec<(&'static str, &'static str, Fault)>,
    round_trip: Duration,
    seen: Vec<Seen>,
}

/// The proxy; stops when dropped.
pub struct Proxy {
    server: Server,
    plan: Arc<Mutex<Plan>>,
}

impl Proxy {
    /// Starts a proxy before `upstream`.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn start(upstream: SocketAddr) -> Self {
        Self::start_with(upstream, [])
    }

    /// Starts a proxy that makes the requests with these numbers, counted from 0, fail.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn start_with(upstream: SocketAddr, faults: impl IntoIterator<Item = (usize, Fault)>) -> Self {
        let plan = Arc::new(Mutex::new(Plan { by_number: faults.into_iter().collect(), ..Plan::default() }));
        let mut listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = plan.clone();
        let server = Server::run(address, move |stopping| {
            // Requests are read one after the other, so that their numbers are certain and the listener can be closed
            // before the next one comes.
            loop {
                // Answers under way need the plan meanwhile.
                let refusal = lock(&shared).take_refusal();
                if let Some(pause) = refusal {
                    drop(listener);
                    thread::sleep(pause);
                    listener = bind_again(address);
                }
                if stopping.load(Ordering::SeqCst) {
                    break;
                }
                let Ok((mut stream, _)) = listener.accept() else { break };
                if stopping.load(Ordering::SeqCst) {
                    break;
                }
                if let Ok(request) = Request::read(&mut stream) {
                    let (number, fault) = lock(&shared).note(&request);
                    let plan = shared.clone();
                    thread::spawn(move || {
                        let round_trip = lock(&plan).round_trip;
                        thread::sleep(round_trip);
                        let answered = || lock(&plan).seen[number].answered_at = Some(Instant::now());
                        relay(stream, &request, upstream, fault, answered);
                    });
                }
            }
        });
        Self { server, plan }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Makes the next request of this route fail, that has no fault yet; `*` in the path stands for one segment.
    pub fn fail_next(&self, method: &'static str, path: &'static str, fault: Fault) {
        lock(&self.plan).by_route.push((method, path, fault));
    }

    /// Makes the way to the server and back this much longer, for the requests that arrive from now on.
    pub fn set_round_trip(&self, added: Duration) {
        lock(&self.plan).round_trip = added;
    }

    /// All requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.plan).seen.clone()
    }

    /// Requests of a route so far.
    #[must_use]
    pub fn count(&self, method: &str, path: &str) -> usize {
        lock(&self.plan).seen.iter().filter(|seen| seen.is(method, path)).count()
    }
}

impl Plan {
    /// How long to refuse connections before the next request.
    fn take_refusal(&mut self) -> Option<Duration> {
        let next = self.seen.len();
        let due = |(number, fault): &(usize, Fault)| *number == next && matches!(fault, Fault::Refused(_));
        let position = self.by_number.iter().position(due)?;
        match self.by_number.swap_remove(position).1 {
            Fault::Refused(pause) => Some(pause),
            _ => None,
        }
    }

    /// Returns the request's number, and how it is to fail.
    fn note(&mut self, request: &Request) -> (usize, Option<Fault>) {
        let mut seen = Seen { request: request.clone(), at: Instant::now(), answered_at: None, fault: None };
        let number = self.seen.len();
        if let Some(position) = self.by_number.iter().position(|(due, _)| *due == number) {
            seen.fault = Some(self.by_number.swap_remove(position).1);
        } else if let Some(position) = self.by_route.iter().position(|(method, path, _)| seen.is(method, path)) {
            seen.fault = Some(self.by_route.remove(position).2);
        }
        self.seen.push(seen.clone());
        (number, seen.fault)
    }
}

/// Answers a request; `answered` is told when the server has. Errors of the connection are the client's business: it may
/// have hung up.
fn relay(mut stream: TcpStream, request: &Request, upstream: SocketAddr, fault: Option<Fault>, answered: impl Fn()) {
    let forward = || {
        let response = request.forward(upstream).unwrap_or_else(|error| unreachable(&error));
        answered();
        response
    };
    let job_id = request.path.split_once("/queries/").map(|(_, id)| id);
    let _ = match fault {
        None | Some(Fault::Refused(_)) => forward().write(&mut stream),
        Some(Fault::JobIncomplete | Fault::ResultExpired) if job_id.is_none() => forward().write(&mut stream),
        Some(Fault::JobIncomplete) => {
            let reference = json!({ "projectId": PROJECT, "jobId": job_id });
            Response::json(200, &json!({ "jobReference": reference, "jobComplete": false })).write(&mut stream)
        }
        Some(Fault::ResultExpired) => {
            let message = format!("Not found: Job {PROJECT}:US.{}", job_id.unwrap_or_default());
            crate::bigquery::error(404, "notFound", &message).write(&mut stream)
        }
        Some(Fault::Status { status, reason, retry_after_s }) => {
            let mut response = crate::bigquery::error(status, reason, "injected");
            response.headers.extend(retry_after_s.map(|seconds| ("retry-after".into(), seconds.to_string())));
            response.write(&mut stream)
        }
        Some(Fault::ResetBeforeHeaders) => reset(&stream),
        Some(Fault::AnswerLost) => {
            forward();
            reset(&stream)
        }
        Some(Fault::ResetMidBody) => {
            // Long enough for the client to have taken what came: a reset throws away what waits to be read.
            half(&mut stream, &forward(), Duration::from_millis(20)).and_then(|()| reset(&stream))
        }
        Some(Fault::StalledBody(patience)) => half(&mut stream, &forward(), patience),
        Some(Fault::TruncatedJson) => {
            let mut response = forward();
            response.body.truncate(response.body.len() / 2);
            response.write(&mut stream)
        }
        Some(Fault::Html) => {
            let page = "<!DOCTYPE html><html><body>Sign in to the network</body></html>";
            Response::text(200, "text/html", page.into()).write(&mut stream)
        }
        Some(Fault::Slow(delay)) => {
            thread::sleep(delay);
            forward().write(&mut stream)
        }
    };
}

fn half(stream: &mut TcpStream, response: &Response, pause: Duration) -> std::io::Result<()> {
    stream.write_all(&response.head())?;
    stream.write_all(&response.body[..response.body.len() / 2])?;
    thread::sleep(pause);
    Ok(())
}

/// Has the connection end in a reset when it is dropped.
fn reset(stream: &TcpStream) -> std::io::Result<()> {
    SockRef::from(stream).set_linger(Some(Duration::ZERO))
}

fn unreachable(error: &std::io::Error) -> Response {
    Response::text(502, "text/plain", format!("the server behind the proxy: {error}"))
}

fn bind_again(address: SocketAddr) -> TcpListener {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        match TcpListener::bind(address) {
            Ok(listener) => return listener,
            Err(error) => assert!(Instant::now() < deadline, "{address} is taken: {error}"),
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn lock(plan: &Mutex<Plan>) -> MutexGuard<'_, Plan> {
    plan.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{ErrorKind, Read};

    fn server() -> Server {
        Server::start(|request| Response::text(200, "text/plain", format!("{} {}", request.method, request.path)))
    }

    fn get(address: SocketAddr) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /a/b HTTP/1.1\r\nhost: x\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    #[test]
    fn requests_without_a_fault_are_answered_by_the_server_and_recorded() {
        let server = server();
        let proxy = Proxy::start(server.address);
        assert!(get(proxy.address()).unwrap().ends_with("\r\n\r\nGET /a/b"));
        assert_eq!(proxy.count("GET", "/a/*"), 1);
        assert_eq!(proxy.count("POST", "/a/*"), 0);
    }

    #[test]
    fn each_fault_hits_the_request_that_it_is_meant_for() {
        let server = server();
        let limit = Fault::Status { status: 429, reason: "rateLimitExceeded", retry_after_s: Some(7) };
        let proxy = Proxy::start_with(
            server.address,
            [
                (0, limit),
                (1, Fault::ResetBeforeHeaders),
                (2, Fault::ResetMidBody),
                (3, Fault::TruncatedJson),
                (4, Fault::Html),
                (5, Fault::JobIncomplete),
            ],
        );
        let limited = get(proxy.address()).unwrap();
        assert!(limited.starts_with("HTTP/1.1 429") && limited.contains("retry-after: 7"), "{limited}");
        assert_eq!(get(proxy.address()).unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(get(proxy.address()).unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert!(get(proxy.address()).unwrap().ends_with("\r\n\r\nGET "));
        assert!(get(proxy.address()).unwrap().contains("<html>"));
        assert!(get(proxy.address()).unwrap().ends_with("\r\n\r\nGET /a/b"), "it asks for no result");
        assert!(get(proxy.address()).unwrap().ends_with("\r\n\r\nGET /a/b"));
    }

    #[test]
    fn connections_are_refused_for_as_long_as_was_asked() {
        let server = server();
        let pause = Duration::from_secs(2);
        let proxy = Proxy::start_with(server.address, [(1, Fault::Refused(pause))]);
        let begun = Instant::now();
        get(proxy.address()).unwrap();
        let is_refused = || get(proxy.address()).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused);
        // What connects before the listener is closed waits for it.
        thread::sleep(pause / 4);
        assert!(is_refused());
        while is_refused() {
            thread::sleep(Duration::from_millis(10));
        }
        assert!(begun.elapsed() >= pause);
        assert!(get(proxy.address()).is_ok());
    }
}
