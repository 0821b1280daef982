//! `wasi:http` to the loopback, over a real connection for each request; hosts that are not on the list are refused, as
//! the real host does.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, channel::Channel};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1;
use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// The requests that the engine may make.
#[derive(Default)]
pub struct Outgoing {
    /// `host:port` of the servers that may be reached.
    pub allowed: BTreeSet<String>,
}

type Ending = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Answer = (hyper::Response<WasiBody>, Ending);

impl WasiHttpHooks for Outgoing {
    fn send_request(
        &mut self,
        request: hyper::Request<WasiBody>,
        options: Option<RequestOptions>,
        _error: Ending,
    ) -> Box<dyn Future<Output = Result<Answer, Error>> + Send> {
        let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let is_allowed = self.allowed.contains(&authority);
        Box::new(async move {
            if is_allowed {
                send(&authority, request, options.unwrap_or_default()).await
            } else {
                Err(Error::HttpRequestDenied)
            }
        })
    }
}

async fn send(authority: &str, request: hyper::Request<WasiBody>, options: RequestOptions) -> Result<Answer, Error> {
    let stream = limited(options.connect_timeout, TcpStream::connect(authority)).await?.map_err(Error::Connect)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = wasmtime_wasi::runtime::spawn(connection);
    let (mut parts, body) = request.into_parts();
    // A request that goes to the server itself names no authority.
    parts.uri = parts.uri.path_and_query().map_or("/", |path| path.as_str()).parse().expect("a path is a URI");
    let body = Full::new(body.collect().await?.to_bytes());
    let request = sender.send_request(hyper::Request::from_parts(parts, body));
    let response = limited(options.first_byte_timeout, request).await??;
    let (parts, incoming) = response.into_parts();
    let (mut relay, body) = Channel::<Bytes, Error>::new(1);
    let ending = async move {
        if let Err(error) = relay_body(incoming, &mut relay, options.between_bytes_timeout).await {
            relay.abort(error);
        }
        drop(connection);
        Ok(())
    };
    Ok((hyper::Response::from_parts(parts, body.boxed_unsync()), Box::new(ending)))
}

async fn relay_body(
    mut incoming: Incoming,
    relay: &mut http_body_util::channel::Sender<Bytes, Error>,
    patience: Option<Duration>,
) -> Result<(), Error> {
    while let Some(frame) = limited(patience, incoming.frame()).await? {
        let frame: Frame<Bytes> = frame?;
        if relay.send(frame).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn limited<F: Future>(patience: Option<Duration>, future: F) -> Result<F::Output, Error> {
    timeout(patience.unwrap_or(Duration::from_secs(600)), future).await.map_err(|_| Error::ConnectionReadTimeout)
}
