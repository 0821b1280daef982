//! How a table's sync stands, for people and for SyncControl.

use serde::Serialize;

use super::{Now, State, TableSync};
use crate::phase::Phase;
use crate::slots::SlotRange;
use crate::time::{MILLISECOND, Micros, to_rfc3339};

/// One entry of the status that the engine returns from each step.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TableStatus {
    /// The table's id in the configuration.
    pub table_id: String,
    /// Whether the table is being synced; false while it shows an error.
    pub running: bool,
    /// The slots that this worker reads; none when it leaves the table to others.
    pub slots: Option<SlotRange>,
    /// By lag.
    pub phase: Phase,
    /// RFC 3339.
    pub watermark: Option<String>,
    /// How far Harper is behind BigQuery.
    pub lag_seconds: Option<u64>,
    /// Rows that this worker has written for this table, ever.
    pub rows_ingested: u64,
    /// Rows written a second, since the current job was opened.
    pub rows_per_second: Option<u64>,
    /// The job being drained.
    pub job: Option<JobStatus>,
    /// What is wrong.
    pub error: Option<ErrorStatus>,
    /// RFC 3339; none while a job is being drained.
    pub next_poll_at: Option<String>,
}

/// Progress of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobStatus {
    /// BigQuery's job id.
    pub id: String,
    /// Rows of the result that are stored.
    pub rows_done: u64,
    /// Rows of the result; none until the job is done.
    pub total_rows: Option<u64>,
}

/// What is wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorStatus {
    /// In BigQuery's or Harper's words.
    pub message: String,
    /// BigQuery's reason, or ours.
    pub reason: String,
    /// What to do about it; may be empty.
    pub advice: String,
    /// When it began.
    #[serde(serialize_with = "as_rfc3339")]
    pub since: Micros,
}

fn as_rfc3339<S: serde::Serializer>(at: &Micros, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&to_rfc3339(*at))
}

impl TableSync {
    /// How the sync stands.
    #[must_use]
    pub fn status(&self, now: Now) -> TableStatus {
        let reading = match &self.state {
            State::Reading(reading) => Some(reading),
            _ => None,
        };
        let rate = reading.and_then(|reading| {
            let elapsed_ms = now.monotonic_ms.saturating_sub(reading.opened_at_ms);
            (reading.rows_written * 1_000).checked_div(elapsed_ms)
        });
        let next_poll_at = match &self.state {
            State::Waiting { until_ms } if self.slots.is_some() => {
                let wait_ms = i64::try_from(until_ms.saturating_sub(now.monotonic_ms)).unwrap_or(i64::MAX);
                Some(to_rfc3339(now.source_micros.saturating_add(wait_ms.saturating_mul(MILLISECOND))))
            }
            _ => None,
        };
        TableStatus {
            table_id: self.config.id.clone(),
            running: self.error.is_none(),
            slots: self.slots,
            phase: self.phase,
            watermark: self.watermark.map(to_rfc3339),
            lag_seconds: self.lag_seconds(now),
            rows_ingested: self.records_ingested,
            rows_per_second: rate,
            job: reading.map(|reading| JobStatus {
                id: reading.job.id.clone(),
                rows_done: reading.job.rows_done,
                total_rows: reading.job.total_rows,
            }),
            error: self.error.clone(),
            next_poll_at,
        }
    }
}
