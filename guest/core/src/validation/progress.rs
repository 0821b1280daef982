//! Whether the sync advances.

use serde::Serialize;

use crate::phase::Phase;
use crate::sync::ErrorStatus;
use crate::time::{Micros, SECOND, to_rfc3339};

/// Whether the sync advances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgressStatus {
    /// Less than 10 minutes behind the source.
    Healthy,
    /// Up to an hour behind.
    Lagging,
    /// More than an hour behind, or the first backfill is not through.
    SeverelyLagging,
    /// It shows an error.
    Stalled,
    /// No worker has ever written a checkpoint.
    NoCheckpoint,
}

/// What progress is judged by.
#[derive(Debug, Clone)]
pub struct ProgressFacts {
    /// Whether any worker has ever written a checkpoint about this source.
    pub has_checkpoint: bool,
    /// What workers claim of all slots.
    pub watermark: Option<Micros>,
    /// How far Harper is behind BigQuery, as the running sync knows; else the watermark tells.
    pub lag_seconds: Option<u64>,
    /// What is wrong with the sync.
    pub error: Option<ErrorStatus>,
    /// The source's clock.
    pub now: Micros,
}

/// How far the sync is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// The verdict.
    pub status: ProgressStatus,
    /// How far Harper is behind BigQuery.
    pub lag_seconds: Option<u64>,
    /// RFC 3339.
    pub watermark: Option<String>,
    /// What is wrong.
    pub error: Option<ErrorStatus>,
}

impl Progress {
    /// Judges by errors first, then by lag.
    #[must_use]
    pub fn judge(facts: ProgressFacts) -> Self {
        let since_watermark = |watermark: Micros| (facts.now.saturating_sub(watermark).max(0) / SECOND) as u64;
        let lag_seconds = facts.lag_seconds.or_else(|| facts.watermark.map(since_watermark));
        let lag_micros = lag_seconds.map(|seconds| Micros::try_from(seconds).unwrap_or(Micros::MAX));
        let phase = Phase::of(lag_micros.map(|seconds| seconds.saturating_mul(SECOND)));
        let status = match phase {
            _ if facts.error.is_some() => ProgressStatus::Stalled,
            _ if !facts.has_checkpoint => ProgressStatus::NoCheckpoint,
            Phase::Steady => ProgressStatus::Healthy,
            Phase::Catchup => ProgressStatus::Lagging,
            Phase::Initial => ProgressStatus::SeverelyLagging,
        };
        Self { status, lag_seconds, watermark: facts.watermark.map(to_rfc3339), error: facts.error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{HOUR, MINUTE};

    const NOW: Micros = 1_764_590_400 * SECOND;

    fn facts() -> ProgressFacts {
        ProgressFacts {
            has_checkpoint: true,
            watermark: Some(NOW - 2 * HOUR),
            lag_seconds: Some(3),
            error: None,
            now: NOW,
        }
    }

    fn error() -> ErrorStatus {
        ErrorStatus { message: "no such table".into(), reason: "notFound".into(), advice: String::new(), since: NOW }
    }

    #[test]
    fn a_silent_source_is_no_lag() {
        let progress = Progress::judge(facts());
        assert_eq!(progress.status, ProgressStatus::Healthy);
        assert_eq!(progress.watermark.as_deref(), Some("2025-12-01T10:00:00Z"));
    }

    #[test]
    fn lag_decides_between_the_shades_of_lagging() {
        let at_lag = |micros: Micros| {
            Progress::judge(ProgressFacts { lag_seconds: Some((micros / SECOND) as u64), ..facts() }).status
        };
        assert_eq!(at_lag(9 * MINUTE), ProgressStatus::Healthy);
        assert_eq!(at_lag(10 * MINUTE), ProgressStatus::Lagging);
        assert_eq!(at_lag(HOUR + SECOND), ProgressStatus::SeverelyLagging);
    }

    #[test]
    fn the_watermark_tells_the_lag_of_a_sync_that_does_not_run() {
        let progress = Progress::judge(ProgressFacts { lag_seconds: None, ..facts() });
        assert_eq!((progress.status, progress.lag_seconds), (ProgressStatus::SeverelyLagging, Some(7_200)));
    }

    #[test]
    fn an_error_is_a_stall_and_comes_before_everything_else() {
        let progress = Progress::judge(ProgressFacts { error: Some(error()), has_checkpoint: false, ..facts() });
        assert_eq!(progress.status, ProgressStatus::Stalled);
        assert_eq!(progress.error.unwrap().reason, "notFound");
    }

    #[test]
    fn without_a_checkpoint_there_is_nothing_to_judge_and_during_the_first_backfill_everything_lags() {
        let nothing = ProgressFacts { has_checkpoint: false, watermark: None, lag_seconds: None, ..facts() };
        assert_eq!(Progress::judge(nothing.clone()).status, ProgressStatus::NoCheckpoint);
        let backfill = ProgressFacts { has_checkpoint: true, ..nothing };
        assert_eq!(Progress::judge(backfill).status, ProgressStatus::SeverelyLagging);
    }
}
