//! Tokens: where they come from, how long they are good for. One request for a token serves all calls.

mod authorized_user;
mod key_file;
mod metadata;
mod service_account;

use std::rc::Rc;

use ingestor_core::failure::{Failure, FailureKind};
use ingestor_core::time::{MINUTE, Micros};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

use crate::client::ENCODED;
use crate::endpoint::{Endpoint, EndpointError};
use crate::exchange::{Exchange, Head, Progress, Request, Verb};
use crate::host;
use crate::source_clock::SourceClock;
use authorized_user::AuthorizedUser;
pub use key_file::CredentialsError;
use key_file::KeyFile;
use metadata::MetadataServer;
use service_account::ServiceAccount;

/// What the tokens are for.
const SCOPE: &str = "https://www.googleapis.com/auth/bigquery";
/// Tokens are renewed this long before they expire, or after half their life when that is shorter.
const EARLY_NS: u64 = 300 * NS_PER_SECOND;
/// After a refusal nobody asks again for so long: the same key would be refused again.
const REST_NS: u64 = 30 * NS_PER_SECOND;
/// Clocks that differ by more make signed requests fail.
const TOLERATED_SKEW: Micros = MINUTE;
/// Longest answer of a token endpoint that is read.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
const NS_PER_SECOND: u64 = 1_000_000_000;

/// Where tokens come from.
pub(crate) enum Source {
    /// Emulators want none.
    None,
    ServiceAccount(Box<ServiceAccount>),
    AuthorizedUser(AuthorizedUser),
    MetadataServer(MetadataServer),
}

impl Source {
    /// From the text of a key file.
    pub fn from_key_file(text: &str) -> Result<Self, CredentialsError> {
        let key = KeyFile::parse(text)?;
        match key.text("type")? {
            "service_account" => Ok(Self::ServiceAccount(Box::new(ServiceAccount::from_key_file(&key)?))),
            "authorized_user" => Ok(Self::AuthorizedUser(AuthorizedUser::from_key_file(&key)?)),
            _ => Err(CredentialsError::new("type", "neither \"service_account\" nor \"authorized_user\"")),
        }
    }

    /// From the machine that the host runs on, if it is one of Google's.
    pub fn from_metadata_server(address: Option<&str>) -> Result<Self, EndpointError> {
        MetadataServer::new(address).map(Self::MetadataServer)
    }

    /// The server that is asked.
    pub fn authority(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::ServiceAccount(account) => Some(account.authority()),
            Self::AuthorizedUser(user) => Some(user.authority()),
            Self::MetadataServer(server) => Some(server.authority()),
        }
    }

    /// Says what a failure to get a token means here.
    fn explained(&self, failure: Failure) -> Failure {
        match self {
            Self::MetadataServer(_) if failure.status.is_none() => Failure {
                message: format!(
                    "bigquery.credentials names no key file, and no metadata server of Google answers ({})",
                    failure.message
                ),
                ..failure
            },
            _ => failure,
        }
    }

    fn request(&self, now: Micros) -> Result<Option<Request>, Failure> {
        Ok(match self {
            Self::None => None,
            Self::ServiceAccount(account) => Some(account.request(now, &mut host::HostRandom)?),
            Self::AuthorizedUser(user) => Some(user.request()),
            Self::MetadataServer(server) => Some(server.request()),
        })
    }
}

/// Keeps a token at hand.
pub(crate) struct Authenticator {
    source: Source,
    timeout_ms: u64,
    token: Option<Token>,
    fetch: Option<Fetch>,
    fetches: u64,
    /// The last fetch that came to nothing.
    failed: Option<FailedFetch>,
}

struct Token {
    header: Rc<str>,
    id: TokenId,
    renew_at_ns: u64,
    expires_at_ns: u64,
}

struct Fetch {
    id: FetchId,
    exchange: Exchange,
    head: Option<Head>,
    body: Vec<u8>,
    signed_at_skew: Micros,
    second_try: bool,
}

struct FailedFetch {
    id: FetchId,
    failure: Failure,
    at_ns: u64,
}

/// Tells tokens apart, so that one is not dropped for the faults of its predecessor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenId(u64);

/// Tells requests for a token apart, so that each failure is counted once by everyone who waited for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FetchId(u64);

/// What a call gets that wants to send something.
pub(crate) enum Access {
    /// Send it, with this `Authorization` if there is one.
    Granted(Option<(Rc<str>, TokenId)>),
    /// A token is on its way; ask again with this id.
    Pending(FetchId),
    /// There is none to be had.
    Refused(Failure),
}

impl Authenticator {
    pub fn new(source: Source, timeout_ms: u64) -> Self {
        Self { source, timeout_ms, token: None, fetch: None, fetches: 0, failed: None }
    }

    /// The server that is asked for tokens.
    pub fn authority(&self) -> Option<&str> {
        self.source.authority()
    }

    /// Whether a refused token can be replaced by another.
    pub fn can_renew(&self) -> bool {
        !matches!(self.source, Source::None)
    }

    /// A token that is good now, if there is one; sees to it that there is one soon otherwise. `awaited` is what the same
    /// call was told to wait for.
    pub fn access(&mut self, awaited: Option<FetchId>, clock: &mut SourceClock) -> Access {
        if !self.can_renew() {
            return Access::Granted(None);
        }
        let now_ns = host::monotonic_ns();
        if self.token.as_ref().is_none_or(|token| now_ns >= token.renew_at_ns) {
            self.renew(awaited, clock, now_ns);
        }
        if let Some(token) = self.token.as_ref().filter(|token| now_ns < token.expires_at_ns) {
            return Access::Granted(Some((token.header.clone(), token.id)));
        }
        match (&self.fetch, &self.failed) {
            (Some(fetch), _) => Access::Pending(fetch.id),
            (None, Some(failed)) => Access::Refused(failed.failure.clone()),
            (None, None) => Access::Refused(Failure::malformed("the token had expired when it arrived")),
        }
    }

    /// Forgets a token that the API did not accept.
    pub fn reject(&mut self, id: TokenId) {
        if self.token.as_ref().is_some_and(|token| token.id == id) {
            self.token = None;
        }
    }

    /// The request for a token that is under way.
    pub fn exchange(&self) -> Option<&Exchange> {
        self.fetch.as_ref().map(|fetch| &fetch.exchange)
    }

    /// Goes on with the request for a token, or begins one unless the last has just failed.
    fn renew(&mut self, awaited: Option<FetchId>, clock: &mut SourceClock, now_ns: u64) {
        if self.fetch.is_none() && !self.is_settled(awaited, now_ns) {
            self.begin(clock, false);
        }
        let Some(fetch) = &mut self.fetch else { return };
        let Some(result) = fetch.advance(clock) else { return };
        let clock_was_wrong = (clock.at(0) - fetch.signed_at_skew).abs() > TOLERATED_SKEW && !fetch.second_try;
        let id = fetch.id;
        self.fetch = None;
        match result {
            Ok(granted) => {
                let life_ns = granted.expires_in.saturating_mul(NS_PER_SECOND);
                self.failed = None;
                self.token = Some(Token {
                    header: format!("Bearer {}", granted.access_token).into(),
                    id: TokenId(id.0),
                    renew_at_ns: now_ns + life_ns.saturating_sub(EARLY_NS).max(life_ns / 2),
                    expires_at_ns: now_ns + life_ns,
                });
            }
            Err(failure) if failure.kind == FailureKind::Unauthorized && clock_was_wrong => self.begin(clock, true),
            Err(failure) => {
                let failure = self.source.explained(failure);
                self.failed = Some(FailedFetch { id, failure, at_ns: now_ns });
            }
        }
    }

    /// Whether the last failure still stands: for whoever waited for that very request, and for everyone for a while if it
    /// was a refusal, or if the old token is still good.
    fn is_settled(&self, awaited: Option<FetchId>, now_ns: u64) -> bool {
        self.failed.as_ref().is_some_and(|failed| {
            let can_wait = failed.failure.kind == FailureKind::Unauthorized || self.token.is_some();
            awaited == Some(failed.id) || (can_wait && now_ns < failed.at_ns + REST_NS)
        })
    }

    fn begin(&mut self, clock: &SourceClock, second_try: bool) {
        self.fetches += 1;
        let id = FetchId(self.fetches);
        let started = self.source.request(clock.at(host::wall_micros())).and_then(|request| {
            request.map(|request| Exchange::start(request.into(), None, self.timeout_ms)).transpose()
        });
        match started {
            Ok(exchange) => {
                self.fetch = exchange.map(|exchange| Fetch {
                    id,
                    exchange,
                    head: None,
                    body: Vec::new(),
                    signed_at_skew: clock.at(0),
                    second_try,
                });
            }
            Err(failure) => self.failed = Some(FailedFetch { id, failure, at_ns: host::monotonic_ns() }),
        }
    }
}

impl Fetch {
    /// Goes on with it; None while it is under way.
    fn advance(&mut self, clock: &mut SourceClock) -> Option<Result<Granted, Failure>> {
        loop {
            match self.exchange.advance() {
                Err(failure) => return Some(Err(failure)),
                Ok(Progress::Pending) => return None,
                Ok(Progress::Head(head)) => {
                    if let Some(date) = head.date {
                        clock.observe(head.sent_and_received.0, head.sent_and_received.1, date);
                    }
                    self.head = Some(head);
                }
                Ok(Progress::Bytes(bytes)) => {
                    let room = MAX_ANSWER_BYTES.saturating_sub(self.body.len());
                    self.body.extend_from_slice(&bytes[..bytes.len().min(room)]);
                }
                Ok(Progress::End) => {
                    let (status, retry_after_ms) =
                        self.head.map_or((0, None), |head| (head.status, head.retry_after_ms));
                    return Some(Granted::parse(status, &self.body, retry_after_ms));
                }
            }
        }
    }
}

/// A token as its issuer hands it out. Never printed.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    /// Seconds.
    expires_in: u64,
}

impl Granted {
    /// Whatever is not the issuer's to mend by itself is a refusal.
    fn parse(status: u16, body: &[u8], retry_after_ms: Option<u64>) -> Result<Self, Failure> {
        if status != 200 {
            let failure = Failure::from_answer(status, body, retry_after_ms);
            let kind = match failure.kind {
                kind @ (FailureKind::Transient | FailureKind::Malformed) => kind,
                _ => FailureKind::Unauthorized,
            };
            let message = format!("no access token was granted: {}", failure.message);
            return Err(Failure { kind, message, ..failure });
        }
        // The error of the parser might quote what it read.
        serde_json::from_slice::<Self>(body)
            .ok()
            .filter(|granted| granted.access_token.bytes().all(|byte| byte.is_ascii_graphic()))
            .ok_or_else(|| Failure::malformed("the token endpoint answered with something that is no access token"))
    }
}

/// A POST of form fields, as OAuth wants it.
fn form(server: &Rc<Endpoint>, fields: &[(&str, &str)]) -> Request {
    let encoded = |text| utf8_percent_encode(text, ENCODED);
    let body = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
    Request {
        method: Verb::Post,
        server: server.clone(),
        path_and_query: if server.path.is_empty() { "/".into() } else { server.path.clone() },
        headers: vec![("content-type", "application/x-www-form-urlencoded".into())],
        body: body.into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> Failure {
        Granted::parse(status, body.as_bytes(), None).err().expect("a refusal")
    }

    #[test]
    fn a_granted_token_comes_with_its_life() {
        let body = br#"{"access_token":"ya29.abc","expires_in":3599,"token_type":"Bearer"}"#;
        let granted = Granted::parse(200, body, None).ok().unwrap();
        assert_eq!((granted.access_token.as_str(), granted.expires_in), ("ya29.abc", 3_599));
    }

    #[test]
    fn a_refused_key_is_unauthorized_with_the_issuers_words() {
        let failure = refusal(400, r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#);
        assert_eq!(failure.kind, FailureKind::Unauthorized);
        assert_eq!(failure.to_string(), "no access token was granted: Invalid JWT Signature. (invalid_grant)");
    }

    #[test]
    fn an_outage_of_the_issuer_is_transient() {
        assert_eq!(refusal(503, "").kind, FailureKind::Transient);
        assert_eq!(refusal(429, "<html>slow down</html>").kind, FailureKind::Transient);
    }

    #[test]
    fn an_answer_that_is_no_token_is_malformed_and_not_repeated_in_the_message() {
        for body in
            ["<html>secret</html>", r#"{"access_token":"secret"#, r#"{"access_token":"secret\n","expires_in":1}"#]
        {
            let failure = refusal(200, body);
            assert_eq!(failure.kind, FailureKind::Malformed);
            assert!(!failure.message.contains("secret"), "{failure}");
        }
    }

    #[test]
    fn a_key_of_another_kind_is_refused_by_name_of_the_field() {
        let error = Source::from_key_file(r#"{"type":"external_account"}"#).err().unwrap();
        assert_eq!(error.field, "type");
    }
}
