//! Tokens for the API. One request for a token serves all calls.
//!
//! | file | subject |
//! |---|---|
//! | `source` | where tokens come from |
//! | `key_file` | fields of a key file |
//! | `service_account`, `authorized_user`, `metadata` | how each kind of credentials asks for a token |
//! | `fetch` | a request for a token, and its answer |
//! | `token` | the token at hand, and when it is renewed |

mod authorized_user;
mod fetch;
mod key_file;
mod metadata;
mod service_account;
mod source;
mod token;

use std::rc::Rc;

use ingestor_core::failure::{Failure, FailureKind};

use crate::exchange::Exchange;
use crate::host;
use crate::source_clock::SourceClock;
use fetch::Fetch;
pub use key_file::CredentialsError;
pub(crate) use source::Source;
use token::TokenCache;
pub(crate) use token::{FetchId, TokenId};

/// Keeps a token at hand.
pub(crate) struct Authenticator {
    source: Source,
    timeout_ms: u64,
    cache: TokenCache,
    fetch: Option<Fetch>,
    last_fetch: FetchId,
}

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
        Self { source, timeout_ms, cache: TokenCache::default(), fetch: None, last_fetch: FetchId(0) }
    }

    /// The server that is asked for tokens.
    pub fn authority(&self) -> Option<&str> {
        self.source.authority()
    }

    /// A token that is good now, if there is one; sees to it that there is one soon otherwise. `awaited` is what the same
    /// call was told to wait for.
    pub fn access(&mut self, awaited: Option<FetchId>, clock: &mut SourceClock) -> Access {
        if matches!(self.source, Source::None) {
            return Access::Granted(None);
        }
        let now_ns = host::monotonic_ns();
        if self.fetch.is_none() && self.cache.is_fetch_due(awaited, now_ns) {
            self.begin_fetch(clock);
        }
        self.advance_fetch(clock);
        if let Some(token) = self.cache.current(now_ns) {
            return Access::Granted(Some(token));
        }
        match (&self.fetch, self.cache.failure()) {
            (Some(fetch), _) => Access::Pending(fetch.id),
            (None, Some(failure)) => Access::Refused(failure.clone()),
            (None, None) => Access::Refused(Failure::malformed("the token had expired when it arrived")),
        }
    }

    /// Forgets a token that the API did not accept.
    pub fn reject(&mut self, id: TokenId) {
        self.cache.reject(id);
    }

    /// The request for a token that is under way.
    pub fn exchange(&self) -> Option<&Exchange> {
        self.fetch.as_ref().map(|fetch| &fetch.exchange)
    }

    fn advance_fetch(&mut self, clock: &mut SourceClock) {
        let Some(fetch) = &mut self.fetch else { return };
        let Some(result) = fetch.advance(clock) else { return };
        let was_signed_off_time = fetch.was_signed_off_time(clock);
        let id = fetch.id;
        self.fetch = None;
        match result {
            Ok(granted) => self.cache.store(id, &granted, host::monotonic_ns()),
            // Its date has set the clock right, so this does not happen twice.
            Err(failure) if failure.kind == FailureKind::Unauthorized && was_signed_off_time => self.begin_fetch(clock),
            Err(failure) => self.cache.fail(id, self.source.explained(failure), host::monotonic_ns()),
        }
    }

    fn begin_fetch(&mut self, clock: &SourceClock) {
        self.last_fetch.0 += 1;
        let id = self.last_fetch;
        let started = self.source.request(clock.at(host::wall_micros())).and_then(|request| {
            request.map(|request| Exchange::start(request.into(), None, self.timeout_ms)).transpose()
        });
        match started {
            Ok(exchange) => self.fetch = exchange.map(|exchange| Fetch::new(id, exchange, clock)),
            Err(failure) => self.cache.fail(id, self.source.explained(failure), host::monotonic_ns()),
        }
    }
}
