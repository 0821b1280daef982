//! Verdicts on how well a table is in step with its source.

use serde::Serialize;

use crate::phase::Phase;

/// Whether the sync advances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the product's")]
pub enum ProgressVerdict {
    Healthy,
    Lagging,
    SeverelyLagging,
    Stalled,
    NoCheckpoint,
}

/// Judges progress: by errors first, then by lag.
#[must_use]
pub fn progress(has_watermark: bool, has_error: bool, phase: Phase) -> ProgressVerdict {
    match (has_watermark, has_error, phase) {
        (_, true, _) => ProgressVerdict::Stalled,
        (false, ..) => ProgressVerdict::NoCheckpoint,
        (true, false, Phase::Steady) => ProgressVerdict::Healthy,
        (true, false, Phase::Catchup) => ProgressVerdict::Lagging,
        (true, false, Phase::Initial) => ProgressVerdict::SeverelyLagging,
    }
}
