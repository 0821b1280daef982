//! A request for a token, and its answer.

use ingestor_core::failure::{Failure, FailureKind};
use ingestor_core::time::{MINUTE, Micros};
use serde::Deserialize;

use super::token::FetchId;
use crate::exchange::{Exchange, Head, Progress};
use crate::source_clock::SourceClock;

/// Clocks that differ by more make signed requests fail.
const TOLERATED_SKEW: Micros = MINUTE;
/// Longest answer of a token endpoint that is read.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// A request for a token under way.
pub(crate) struct Fetch {
    pub id: FetchId,
    pub exchange: Exchange,
    head: Option<Head>,
    body: Vec<u8>,
    /// How far Google's clock was taken to be ahead when the request was signed.
    assumed_ahead: Micros,
}

impl Fetch {
    pub fn new(id: FetchId, exchange: Exchange, clock: &SourceClock) -> Self {
        Self { id, exchange, head: None, body: Vec::new(), assumed_ahead: clock.ahead_micros() }
    }

    /// Goes on with it; None while it is under way.
    pub fn advance(&mut self, clock: &mut SourceClock) -> Option<Result<Granted, Failure>> {
        loop {
            match self.exchange.advance() {
                Err(failure) => return Some(Err(failure)),
                Ok(Progress::Pending) => return None,
                Ok(Progress::Head(head)) => {
                    clock.observe(&head);
                    self.head = Some(head);
                }
                Ok(Progress::Bytes(bytes)) => {
                    let room = MAX_ANSWER_BYTES.saturating_sub(self.body.len());
                    self.body.extend_from_slice(&bytes[..bytes.len().min(room)]);
                }
                Ok(Progress::End) => {
                    let head = self.head.as_ref();
                    let (status, retry_after_ms) = head.map_or((0, None), |head| (head.status, head.retry_after_ms));
                    return Some(Granted::parse(status, &self.body, retry_after_ms));
                }
            }
        }
    }

    /// Whether the answer showed that the request was signed at a time that Google takes for wrong.
    pub fn was_signed_off_time(&self, clock: &SourceClock) -> bool {
        (clock.ahead_micros() - self.assumed_ahead).abs() > TOLERATED_SKEW
    }
}

/// A token as its issuer hands it out. Has no `Debug`: nobody should be able to print it.
#[derive(Deserialize)]
pub(crate) struct Granted {
    pub access_token: String,
    #[serde(rename = "expires_in")]
    pub life_seconds: u64,
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
            .filter(|granted| granted.life_seconds > 0)
            .filter(|granted| granted.access_token.bytes().all(|byte| byte.is_ascii_graphic()))
            .ok_or_else(|| Failure::malformed("the token endpoint answered with something that is no access token"))
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
        assert_eq!((granted.access_token.as_str(), granted.life_seconds), ("ya29.abc", 3_599));
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
        for body in [
            "<html>secret</html>",
            r#"{"access_token":"secret"#,
            r#"{"access_token":"secret\n","expires_in":1}"#,
            r#"{"access_token":"secret","expires_in":0}"#,
        ] {
            let failure = refusal(200, body);
            assert_eq!(failure.kind, FailureKind::Malformed);
            assert!(!failure.message.contains("secret"), "{failure}");
        }
    }
}
