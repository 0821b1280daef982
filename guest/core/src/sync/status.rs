//! How a table's sync stands, for people and for SyncControl.

use serde::Serialize;

use super::reading::{Reading, Stage};
use super::{CostStatus, Now, State, TableSync};
use crate::failure::Failure;
use crate::phase::Phase;
use crate::slots::SlotRange;
use crate::time::{Micros, to_rfc3339};

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
    /// What the queries of this worker cost.
    pub cost: CostStatus,
    /// What is wrong.
    pub error: Option<ErrorStatus>,
    /// Rows that could not be stored.
    pub refused: Option<RefusedStatus>,
    /// RFC 3339; none while a job is being drained.
    pub next_poll_at: Option<String>,
    /// What comes next, in words: `retry at ...`, `poll at ...`, `waiting for ...`.
    pub next: String,
}

impl TableStatus {
    /// Shows a request that has failed and is about to be repeated: `method` is the API's, `since` and `due` are of the
    /// source's clock. An error from before stays the beginning of the trouble.
    pub fn show_repetition(&mut self, method: &str, failure: &Failure, since: Micros, due: Micros) {
        let since = self.error.as_ref().map_or(since, |error| error.since.min(since));
        let (message, reason) = (format!("{method}: {failure}"), failure.reason.clone());
        self.error = Some(ErrorStatus { message, reason, advice: failure.advice(), since });
        self.next = format!("retry of {method} at {}", to_rfc3339(due));
    }
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

/// Rows that could not be stored, for what they are. They hold up nothing and are in SyncAudit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedStatus {
    /// How many, since the worker started.
    pub rows: u64,
    /// Why the last one was refused, in Harper's words.
    pub reason: String,
    /// When the first one was refused.
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
            State::Waiting { until_ms } if self.slots.is_some() => Some(to_rfc3339(now.source_at(*until_ms))),
            _ => None,
        };
        let next = match &next_poll_at {
            Some(at) if self.error.is_some() => format!("retry at {at}"),
            Some(at) => format!("poll at {at}"),
            None => format!("waiting for {}", self.awaited()),
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
            cost: self.spending.status(),
            error: self.error.clone(),
            refused: self.refused.clone(),
            next_poll_at,
            next,
        }
    }

    fn awaited(&self) -> &'static str {
        match &self.state {
            State::Waiting { .. } => "other workers, which read this table",
            State::LoadingCheckpoints => "Harper: the checkpoints",
            State::Probing => "BigQuery: the table's metadata",
            State::EnsuringTable => "Harper: the target table's attributes",
            State::FindingLastId(_) => "Harper: the largest id",
            State::AskingPartitions { .. } => "BigQuery: the table's partitions",
            State::CountingSpans { .. } => "BigQuery: how many rows there are in each second",
            State::AskingBounds(_) => "BigQuery: the bounds of a result that is too large",
            State::Reading(reading) => awaited_by(reading),
        }
    }
}

fn awaited_by(reading: &Reading) -> &'static str {
    match reading.stage {
        Stage::Announcing => "Harper: the checkpoint that announces the job",
        Stage::Inserting => "BigQuery: the job to be accepted",
        Stage::Draining if reading.job.total_rows.is_none() => "BigQuery: the job to complete",
        Stage::Draining => "rows of the job's result, and Harper to store them",
        Stage::Closing => "Harper: the checkpoint that closes the job",
    }
}
