//! The configuration: what users write in config.yaml, checked, with every default filled in.

mod duration;
mod names;
mod parse;
mod suggest;
mod synthesizer;

pub use suggest::closest;
pub use synthesizer::{Streaming, SynthesizerConfig};

use crate::retry::RetryPolicy;
use crate::time::Micros;

/// The whole configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Google Cloud project that jobs run in and that tables are read from.
    pub project_id: String,
    /// Path of the key file as configured; the host reads it.
    pub credentials: Option<String>,
    /// BigQuery location of the datasets; `US` unless told.
    pub location: String,
    /// Base address of the BigQuery API, without `/bigquery/v2`.
    pub api_endpoint: Option<String>,
    /// How often and how patiently a failed request is repeated.
    pub retry: RetryPolicy,
    /// Milliseconds without a byte before a request is given up and repeated.
    pub request_timeout_ms: u64,
    /// Whether to start when nobody ever said start or stop.
    pub auto_start: bool,
    /// How many threads of each node take part.
    pub threads_per_node: Count,
    /// Milliseconds within which the others notice that a worker is gone.
    pub heartbeat_ms: u64,
    /// How tables are compared with their sources.
    pub validation: Validation,
    /// Who may see and control the sync, besides super users.
    pub access: Access,
    /// Tables without errors, in the order of the file.
    pub tables: Vec<TableConfig>,
}

/// How tables are compared with their sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validation {
    /// Whether to do it without being asked.
    pub enabled: bool,
    /// Milliseconds from one validation to the next.
    pub interval_ms: u64,
}

/// Who may see and control the sync, besides super users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Roles that may read the status, the audit and the checkpoints.
    pub read: Vec<String>,
    /// Roles that may start, stop and validate as well.
    pub control: Vec<String>,
}

/// One table to sync.
#[derive(Debug, Clone, PartialEq)]
pub struct TableConfig {
    /// Name of this sync, unique in the configuration.
    pub id: String,
    /// BigQuery dataset.
    pub dataset: String,
    /// BigQuery table.
    pub table: String,
    /// Column that the sync goes by.
    pub timestamp_column: String,
    /// Columns to read.
    pub columns: Columns,
    /// Harper table to write.
    pub target_table: String,
    /// Rows a page, by phase.
    pub batch_sizes: BatchSizes,
    /// Milliseconds between polls in steady phase.
    pub poll_interval_ms: u64,
    /// How long metadata that shows no change is believed.
    pub probe_trust: ProbeTrust,
    /// Milliseconds that each query reaches back behind the watermark.
    pub lookback_ms: u64,
    /// Rows that a poll reaches back over at the most.
    pub lookback_rows: u64,
    /// Where to start when there is no checkpoint; the beginning of the table unless told.
    pub start_timestamp: Option<Micros>,
    /// How many of the taking-part workers read this table; one if it has `key_columns`.
    pub readers: Count,
    /// Columns that identify a row; without them its whole content does.
    pub key_columns: Vec<String>,
    /// Columns to index in Harper besides the timestamp column.
    pub indexes: Vec<String>,
    /// How new rows are found.
    pub mode: SyncMode,
    /// BigQuery refuses a query that would bill more.
    pub maximum_bytes_billed: Option<u64>,
    /// What NUMERIC and BIGNUMERIC become.
    pub numeric: NumericForm,
}

/// A number of threads or workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// As many as there are.
    All,
    /// At most this many; at least 1.
    Of(u32),
}

/// Which columns to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Columns {
    /// `['*']`, also those that are added later.
    All,
    /// These, in this order; the timestamp column is among them.
    Listed(Vec<String>),
}

/// Rows a page, by phase. Each at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named after the phases")]
pub struct BatchSizes {
    pub initial: u32,
    pub catchup: u32,
    pub steady: u32,
}

/// How long metadata that shows no change is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeTrust {
    /// For tables filled by load jobs only.
    Always,
    /// A query is made after this many milliseconds even so.
    For(u64),
}

/// How new rows are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncMode {
    /// By the timestamp column.
    Watermark,
    /// By BigQuery's `APPENDS()`: every row inserted, by commit time.
    Appends,
    /// By BigQuery's `CHANGES()`: inserts, updates and deletes, by commit time.
    Changes,
}

/// What NUMERIC and BIGNUMERIC become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumericForm {
    /// The exact decimal, as a string.
    String,
    /// A double.
    Number,
}

/// One thing wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: found {found}, expected {expected}. {help}")]
pub struct ConfigError {
    /// Where: `bigquery.tables[1].timestampColumn`.
    pub path: String,
    /// What stands there, shortened; `nothing` when the key is missing.
    pub found: String,
    /// What may stand there.
    pub expected: String,
    /// How to mend it.
    pub help: String,
}

/// Reads a configuration from YAML or JSON text.
///
/// All errors are reported at once. A table with an error is left out; an error outside the tables leaves no configuration.
/// Nothing that stands under `credentials` is ever repeated in an error.
#[must_use]
pub fn parse(text: &str) -> (Option<Config>, Vec<ConfigError>) {
    parse::config(text)
}

/// Reads what the maritime synthesizer needs from the same text: how BigQuery is reached, and the section `synthesizer`.
///
/// All errors are reported at once; with any there is no configuration. `tables` need not be there.
#[must_use]
pub fn parse_synthesizer(text: &str) -> (Option<SynthesizerConfig>, Vec<ConfigError>) {
    parse::synthesizer(text)
}
