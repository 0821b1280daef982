//! The token at hand: how long it is used, and when another is asked for. Time is passed in.

use std::rc::Rc;

use ingestor_core::failure::{Failure, FailureKind};

use super::fetch::Granted;

const SECOND_NS: u64 = 1_000_000_000;
/// Tokens are renewed this long before they expire, or after half their life when that is shorter.
const EARLY_NS: u64 = 300 * SECOND_NS;
/// After a refusal nobody asks again for so long: the same key would be refused again.
const REST_NS: u64 = 30 * SECOND_NS;

/// Tells tokens apart, so that one is not dropped for the faults of its predecessor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenId(u64);

/// Tells requests for a token apart, so that each failure is counted once by everyone who waited for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FetchId(pub u64);

/// A token, or why there is none.
#[derive(Default)]
pub(crate) struct TokenCache {
    token: Option<Token>,
    failed: Option<FailedFetch>,
}

struct Token {
    header: Rc<str>,
    id: TokenId,
    renew_at_ns: u64,
    expires_at_ns: u64,
}

struct FailedFetch {
    id: FetchId,
    failure: Failure,
    at_ns: u64,
}

impl TokenCache {
    /// The value of the `Authorization` header while the token is good.
    pub fn current(&self, now_ns: u64) -> Option<(Rc<str>, TokenId)> {
        let token = self.token.as_ref().filter(|token| now_ns < token.expires_at_ns)?;
        Some((token.header.clone(), token.id))
    }

    /// Whether another token is to be asked for; `awaited` is the request that somebody waited for.
    pub fn is_fetch_due(&self, awaited: Option<FetchId>, now_ns: u64) -> bool {
        let is_fresh = self.token.as_ref().is_some_and(|token| now_ns < token.renew_at_ns);
        !is_fresh && !self.has_just_failed(awaited, now_ns)
    }

    /// Why there is no token.
    pub fn failure(&self) -> Option<&Failure> {
        self.failed.as_ref().map(|failed| &failed.failure)
    }

    pub fn store(&mut self, id: FetchId, granted: &Granted, now_ns: u64) {
        let life_ns = granted.life_seconds.saturating_mul(SECOND_NS);
        self.failed = None;
        self.token = Some(Token {
            header: format!("Bearer {}", granted.access_token).into(),
            id: TokenId(id.0),
            renew_at_ns: now_ns.saturating_add(life_ns.saturating_sub(EARLY_NS).max(life_ns / 2)),
            expires_at_ns: now_ns.saturating_add(life_ns),
        });
    }

    pub fn fail(&mut self, id: FetchId, failure: Failure, now_ns: u64) {
        self.failed = Some(FailedFetch { id, failure, at_ns: now_ns });
    }

    /// Forgets a token that the API did not accept.
    pub fn reject(&mut self, id: TokenId) {
        if self.token.as_ref().is_some_and(|token| token.id == id) {
            self.token = None;
        }
    }

    /// The last failure stands for whoever waited for that very request, and for everyone for a while if it was a refusal,
    /// or if the old token is still good.
    fn has_just_failed(&self, awaited: Option<FetchId>, now_ns: u64) -> bool {
        self.failed.as_ref().is_some_and(|failed| {
            let can_wait = failed.failure.kind == FailureKind::Unauthorized || self.current(now_ns).is_some();
            awaited == Some(failed.id) || (can_wait && now_ns < failed.at_ns + REST_NS)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache_with_token(life_seconds: u64) -> TokenCache {
        let mut cache = TokenCache::default();
        cache.store(FetchId(1), &Granted { access_token: "t1".into(), life_seconds }, 0);
        cache
    }

    fn failure(kind: FailureKind) -> Failure {
        Failure::new(kind, "reason", "message")
    }

    #[test]
    fn a_token_is_renewed_five_minutes_before_it_expires_and_used_until_then() {
        let cache = cache_with_token(3_600);
        assert!(!cache.is_fetch_due(None, 3_299 * SECOND_NS));
        assert!(cache.is_fetch_due(None, 3_300 * SECOND_NS));
        assert_eq!(&*cache.current(3_599 * SECOND_NS).unwrap().0, "Bearer t1");
        assert!(cache.current(3_600 * SECOND_NS).is_none());
    }

    #[test]
    fn a_short_lived_token_is_renewed_after_half_its_life() {
        let cache = cache_with_token(200);
        assert!(!cache.is_fetch_due(None, 99 * SECOND_NS));
        assert!(cache.is_fetch_due(None, 100 * SECOND_NS));
    }

    #[test]
    fn a_rejected_token_is_dropped_but_not_its_successor() {
        let mut cache = cache_with_token(3_600);
        let (_, first) = cache.current(0).unwrap();
        cache.reject(first);
        assert!(cache.current(0).is_none() && cache.is_fetch_due(None, 0));

        cache.store(FetchId(2), &Granted { access_token: "t2".into(), life_seconds: 3_600 }, 0);
        cache.reject(first);
        assert_eq!(&*cache.current(0).unwrap().0, "Bearer t2");
    }

    #[test]
    fn a_refusal_stands_for_everyone_for_half_a_minute() {
        let mut cache = TokenCache::default();
        cache.fail(FetchId(1), failure(FailureKind::Unauthorized), 0);
        assert!(!cache.is_fetch_due(None, 29 * SECOND_NS));
        assert!(cache.is_fetch_due(None, 30 * SECOND_NS));
    }

    #[test]
    fn an_outage_stands_for_those_who_waited_and_others_ask_again() {
        let mut cache = TokenCache::default();
        cache.fail(FetchId(7), failure(FailureKind::Transient), 0);
        assert!(!cache.is_fetch_due(Some(FetchId(7)), 0));
        assert!(cache.is_fetch_due(Some(FetchId(6)), 0) && cache.is_fetch_due(None, 0));
    }

    #[test]
    fn a_good_token_outlives_a_failed_renewal_without_hammering() {
        let mut cache = cache_with_token(3_600);
        cache.fail(FetchId(2), failure(FailureKind::Transient), 3_300 * SECOND_NS);
        assert!(!cache.is_fetch_due(None, 3_301 * SECOND_NS));
        assert!(cache.current(3_301 * SECOND_NS).is_some());
        assert!(cache.is_fetch_due(None, 3_330 * SECOND_NS));
    }
}
