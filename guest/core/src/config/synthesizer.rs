//! What the maritime synthesizer needs to know.

use crate::retry::RetryPolicy;

/// How BigQuery is reached, and what is written there.
#[derive(Debug, Clone, PartialEq)]
pub struct SynthesizerConfig {
    /// Google Cloud project that the tables are in and jobs run in.
    pub project_id: String,
    /// Where the dataset is, or is made.
    pub location: String,
    /// Base address of the BigQuery API, without `/bigquery/v2`.
    pub api_endpoint: Option<String>,
    /// How often and how patiently a failed request is repeated.
    pub retry: RetryPolicy,
    /// Milliseconds without a byte before a request is given up and repeated.
    pub request_timeout_ms: u64,
    /// BigQuery dataset of the three tables.
    pub dataset: String,
    /// Name of the table of positions.
    pub table: String,
    /// Size of the fleet.
    pub total_vessels: u32,
    /// Positions reported in each interval.
    pub batch_size: u32,
    /// Milliseconds between two batches.
    pub generation_interval_ms: u64,
    /// Days of history that `start` keeps.
    pub retention_days: u32,
    /// Milliseconds from one clean-up to the next.
    pub cleanup_interval_ms: u64,
    /// What every random choice follows from.
    pub seed: u64,
    /// Part of the positions that arrive late, 0 to 1.
    pub late_share: f64,
    /// How late they are at the most, in milliseconds.
    pub late_delay_ms: u64,
    /// Which tables are written to by `insertAll` instead of load jobs.
    pub streaming: Streaming,
}

/// Which tables are written to by `insertAll` instead of load jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Streaming {
    /// None of them, or all.
    Every(bool),
    /// These.
    Tables(Vec<String>),
}

impl Streaming {
    /// Whether rows of this table are streamed.
    #[must_use]
    pub fn includes(&self, table: &str) -> bool {
        match self {
            Self::Every(all) => *all,
            Self::Tables(tables) => tables.iter().any(|name| name == table),
        }
    }
}
