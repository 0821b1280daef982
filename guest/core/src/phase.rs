//! How far a table is behind its source decides how it is read: in large pages without pause, or in small ones now and then.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::BatchSizes;
use crate::time::{self, Micros};

/// A lag above this is the initial phase.
const INITIAL_ABOVE: Micros = time::HOUR;
/// A lag below this is the steady phase.
const STEADY_BELOW: Micros = 10 * time::MINUTE;
/// Milliseconds between polls in catchup phase.
const CATCHUP_DELAY_MS: u64 = 5_000;

/// What a table is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// More than an hour behind, or nothing is known yet.
    Initial,
    /// Between 10 minutes and an hour behind.
    Catchup,
    /// Less than 10 minutes behind.
    Steady,
}

impl Phase {
    /// The phase at this lag; None while there is no watermark to measure it by.
    #[must_use]
    pub fn of(lag_micros: Option<Micros>) -> Self {
        match lag_micros {
            None => Self::Initial,
            Some(lag) if lag > INITIAL_ABOVE => Self::Initial,
            Some(lag) if lag < STEADY_BELOW => Self::Steady,
            Some(_) => Self::Catchup,
        }
    }

    /// Milliseconds from the end of one poll to the next, where `poll_interval_ms` is the table's setting for steady phase.
    #[must_use]
    pub fn poll_delay_ms(self, poll_interval_ms: u64) -> u64 {
        match self {
            Self::Initial => 0,
            Self::Catchup => CATCHUP_DELAY_MS.min(poll_interval_ms),
            Self::Steady => poll_interval_ms,
        }
    }

    /// Rows a page.
    #[must_use]
    pub fn batch_size(self, sizes: &BatchSizes) -> u32 {
        match self {
            Self::Initial => sizes.initial,
            Self::Catchup => sizes.catchup,
            Self::Steady => sizes.steady,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Initial => "initial",
            Self::Catchup => "catchup",
            Self::Steady => "steady",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_decides_the_phase_and_both_borders_are_catchup() {
        let cases = [
            (None, Phase::Initial),
            (Some(time::MAX - time::MIN), Phase::Initial),
            (Some(time::HOUR + 1), Phase::Initial),
            (Some(time::HOUR), Phase::Catchup),
            (Some(10 * time::MINUTE), Phase::Catchup),
            (Some(10 * time::MINUTE - 1), Phase::Steady),
            (Some(0), Phase::Steady),
        ];
        for (lag_micros, expected) in cases {
            assert_eq!(Phase::of(lag_micros), expected, "lag {lag_micros:?}");
        }
    }

    #[test]
    fn a_source_clock_ahead_of_ours_is_no_lag() {
        assert_eq!(Phase::of(Some(-10 * time::MINUTE)), Phase::Steady);
    }

    #[test]
    fn polls_slow_down_as_the_lag_shrinks_and_never_beyond_the_poll_interval() {
        let delays = |poll_interval_ms| {
            [Phase::Initial, Phase::Catchup, Phase::Steady].map(|phase| phase.poll_delay_ms(poll_interval_ms))
        };
        assert_eq!(delays(30_000), [0, 5_000, 30_000]);
        assert_eq!(delays(1_000), [0, 1_000, 1_000]);
    }

    #[test]
    fn each_phase_has_its_batch_size() {
        let sizes = BatchSizes { initial: 10_000, catchup: 1_000, steady: 500 };
        assert_eq!(Phase::Initial.batch_size(&sizes), 10_000);
        assert_eq!(Phase::Catchup.batch_size(&sizes), 1_000);
        assert_eq!(Phase::Steady.batch_size(&sizes), 500);
    }

    #[test]
    fn the_status_and_the_log_spell_a_phase_alike() {
        for phase in [Phase::Initial, Phase::Catchup, Phase::Steady] {
            assert_eq!(serde_json::to_value(phase).unwrap(), phase.to_string());
        }
    }
}
