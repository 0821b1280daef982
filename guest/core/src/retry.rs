//! How often and how patiently a failed request is repeated. Which failures are worth it is `failure`'s to say.

/// Settings of the retries of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Repetitions after the first try.
    pub max_retries: u32,
    /// Milliseconds before the first repetition; doubles each time.
    pub initial_delay_ms: u64,
}

/// No wait between two tries is longer, unless the server asks for more.
pub const MAX_DELAY_MS: u64 = 30_000;

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_retries: 5, initial_delay_ms: 1_000 }
    }
}

impl RetryPolicy {
    /// Milliseconds to wait before repetition number `attempt` (from 0), or None when there were enough.
    ///
    /// `initial_delay_ms * 2^attempt`, capped, of which a random part between half and all is taken (`random` is any
    /// number), and never less than `retry_after_ms`, which the server asked for.
    #[must_use]
    pub fn delay_ms(&self, attempt: u32, random: u64, retry_after_ms: Option<u64>) -> Option<u64> {
        if attempt >= self.max_retries {
            return None;
        }
        Some(backoff_ms(self.initial_delay_ms, attempt, MAX_DELAY_MS, random).max(retry_after_ms.unwrap_or(0)))
    }
}

/// `initial * 2^attempt` up to `cap`, of which a random part between half and all is taken.
#[must_use]
pub fn backoff_ms(initial_ms: u64, attempt: u32, cap_ms: u64, random: u64) -> u64 {
    let factor = 1_u64.checked_shl(attempt).unwrap_or(u64::MAX);
    let delay = initial_ms.saturating_mul(factor).min(cap_ms);
    let half = delay / 2;
    half + random % (delay - half + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_with_jitter_up_to_the_cap_and_end_after_max_retries() {
        let policy = RetryPolicy { max_retries: 7, initial_delay_ms: 1_000 };
        for attempt in 0..7 {
            let full = (1_000 << attempt).min(MAX_DELAY_MS);
            for random in [0, 1, 12_345, u64::MAX] {
                let delay = policy.delay_ms(attempt, random, None).unwrap();
                assert!((full / 2..=full).contains(&delay), "attempt {attempt}: {delay}");
            }
        }
        assert_eq!(policy.delay_ms(7, 0, None), None);
    }

    #[test]
    fn a_server_that_asks_for_more_time_gets_it() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.delay_ms(0, 0, Some(45_000)), Some(45_000));
    }

    #[test]
    fn huge_settings_do_not_overflow() {
        assert!(backoff_ms(u64::MAX, 200, MAX_DELAY_MS, 7) <= MAX_DELAY_MS);
    }
}
