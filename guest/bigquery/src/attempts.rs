//! Whether to try once more, and when.

use ingestor_core::failure::{Failure, FailureKind};
use ingestor_core::retry::RetryPolicy;

/// New tokens that one request asks for before it believes that tokens do not help.
const MAX_RENEWALS_IN_A_ROW: u32 = 2;

/// The tries of one call so far.
#[derive(Debug)]
pub(crate) struct Attempts {
    policy: RetryPolicy,
    repeated: u32,
    renewals_in_a_row: u32,
}

/// What follows a failed try.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The same again, later.
    Again { after_ms: u64 },
    /// The same at once, with a new token.
    AgainWithNewToken,
    /// The failure is final.
    GiveUp,
}

impl Attempts {
    pub fn new(policy: RetryPolicy) -> Self {
        Self { policy, repeated: 0, renewals_in_a_row: 0 }
    }

    /// Judges the failure of a try; `random` is any number. New tokens are not counted as repetitions: a token may expire
    /// in the middle of any request.
    pub fn judge(&mut self, failure: &Failure, random: u64) -> Verdict {
        match failure.kind {
            _ if failure.job_failed => Verdict::GiveUp,
            FailureKind::Transient | FailureKind::Malformed => {
                self.renewals_in_a_row = 0;
                match self.policy.delay_ms(self.repeated, random, failure.retry_after_ms) {
                    Some(after_ms) => {
                        self.repeated += 1;
                        Verdict::Again { after_ms }
                    }
                    None => Verdict::GiveUp,
                }
            }
            FailureKind::Unauthorized if self.renewals_in_a_row < MAX_RENEWALS_IN_A_ROW => {
                self.renewals_in_a_row += 1;
                Verdict::AgainWithNewToken
            }
            _ => Verdict::GiveUp,
        }
    }

    /// Repetitions so far, without those for a new token.
    pub fn repeated(&self) -> u32 {
        self.repeated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: FailureKind) -> Failure {
        Failure::new(kind, "reason", "message")
    }

    #[test]
    fn transient_and_malformed_answers_are_asked_for_again_until_the_policy_says_enough() {
        let mut attempts = Attempts::new(RetryPolicy { max_retries: 2, initial_delay_ms: 100 });
        assert_eq!(attempts.judge(&failure(FailureKind::Transient), 50), Verdict::Again { after_ms: 100 });
        assert_eq!(attempts.judge(&failure(FailureKind::Malformed), 0), Verdict::Again { after_ms: 100 });
        assert_eq!(attempts.judge(&failure(FailureKind::Transient), 0), Verdict::GiveUp);
        assert_eq!(attempts.repeated(), 2);
    }

    #[test]
    fn a_server_that_asks_for_more_time_gets_it() {
        let mut attempts = Attempts::new(RetryPolicy::default());
        let failure = Failure { retry_after_ms: Some(40_000), ..failure(FailureKind::Transient) };
        assert_eq!(attempts.judge(&failure, 0), Verdict::Again { after_ms: 40_000 });
    }

    #[test]
    fn a_refused_token_is_renewed_twice_in_a_row_and_not_more() {
        let mut attempts = Attempts::new(RetryPolicy::default());
        let refused = failure(FailureKind::Unauthorized);
        assert_eq!(attempts.judge(&refused, 0), Verdict::AgainWithNewToken);
        assert_eq!(attempts.judge(&refused, 0), Verdict::AgainWithNewToken);
        assert_eq!(attempts.judge(&refused, 0), Verdict::GiveUp);
    }

    #[test]
    fn another_failure_in_between_allows_renewing_the_token_again() {
        let mut attempts = Attempts::new(RetryPolicy::default());
        let refused = failure(FailureKind::Unauthorized);
        attempts.judge(&refused, 0);
        attempts.judge(&refused, 0);
        attempts.judge(&failure(FailureKind::Transient), 0);
        assert_eq!(attempts.judge(&refused, 0), Verdict::AgainWithNewToken);
        assert_eq!(attempts.repeated(), 1);
    }

    #[test]
    fn permanent_failures_and_failed_jobs_are_final() {
        let mut attempts = Attempts::new(RetryPolicy::default());
        for kind in [
            FailureKind::PermissionDenied,
            FailureKind::NotFound,
            FailureKind::ResultExpired,
            FailureKind::AlreadyExists,
            FailureKind::ResponseTooLarge,
            FailureKind::BytesBilledLimitExceeded,
            FailureKind::Invalid,
        ] {
            assert_eq!(attempts.judge(&failure(kind), 0), Verdict::GiveUp, "{kind:?}");
        }
        assert_eq!(attempts.judge(&Failure::of_job("backendError", "message"), 0), Verdict::GiveUp);
    }
}
