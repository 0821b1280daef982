//! What a table's sync asks for, and what it is told. The engine carries actions out; tests simulate them.

use std::rc::Rc;

use crate::checkpoint::Checkpoint;
use crate::decode::{Page, RowLayout};
use crate::failure::Failure;
use crate::record_id::RecordId;
use crate::schema::Attribute;
use crate::source::TableMetadata;
use crate::sql::Query;
use crate::time::{self, MILLISECOND, Micros};

/// The time, as the engine sees it.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Milliseconds of a clock that never jumps; for waiting.
    pub monotonic_ms: u64,
    /// The source's clock; for comparing with timestamps of rows.
    pub source_micros: Micros,
}

impl Now {
    /// What the source's clock shows when the monotonic clock shows this.
    #[must_use]
    pub fn source_at(self, monotonic_ms: u64) -> Micros {
        let ahead_ms = i128::from(monotonic_ms) - i128::from(self.monotonic_ms);
        let micros = i128::from(self.source_micros) + ahead_ms * i128::from(MILLISECOND);
        micros.clamp(i128::from(time::MIN), i128::from(time::MAX)) as Micros
    }
}

/// Something to be done. Each is answered by the event of a like name, and none is asked for twice at a time.
#[derive(Debug)]
pub enum Action {
    /// Load all checkpoints of the table.
    LoadCheckpoints,
    /// Get the table's metadata.
    Probe,
    /// Make sure that the target table has these attributes.
    EnsureTable(Vec<Attribute>),
    /// Find the largest id in the target table.
    FindLastId,
    /// Insert a query job whose result is drained by pages.
    InsertJob {
        /// Chosen by us, so that inserting it again does not run it again.
        job_id: String,
        /// What to run.
        query: Query,
    },
    /// Get rows of the job's result.
    FetchPage(PageFetch),
    /// Run a small query whose result is a handful of rows.
    Ask {
        /// Chosen by us.
        job_id: String,
        /// What to run.
        query: Query,
    },
    /// Find out which of these ids the target table has no record for.
    FindMissing {
        /// To be given back.
        segment: u64,
        /// The ids.
        ids: Vec<RecordId>,
    },
    /// Read the timestamps of the records with these ids.
    ReadTimestamps {
        /// To be given back.
        segment: u64,
        /// The ids.
        ids: Vec<RecordId>,
    },
    /// Write the rows of [`TableSync::rows_to_write`](super::TableSync::rows_to_write).
    WriteRows {
        /// To be given back.
        commit: u64,
    },
    /// Write a checkpoint; what it claims has been stored.
    WriteCheckpoint {
        /// To be given back.
        commit: u64,
        /// What to write.
        checkpoint: Box<Checkpoint>,
    },
    /// Append to the audit; not answered.
    Audit(AuditRecord),
    /// Tell the operator; not answered.
    Log(Notice),
}

/// Which rows of a job's result to get.
#[derive(Debug)]
pub struct PageFetch {
    /// To be given back.
    pub segment: u64,
    /// The job.
    pub job_id: String,
    /// The first row, from 0.
    pub start_index: u64,
    /// At most this many rows.
    pub max_rows: u32,
    /// Continue here rather than at `start_index`.
    pub page_token: Option<String>,
    /// Layout of an earlier page of the same job.
    pub layout: Option<Rc<RowLayout>>,
}

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// Checkpoints of all workers.
    CheckpointsLoaded(Result<Vec<Checkpoint>, StorageFailure>),
    /// The table's metadata.
    Probed(Result<TableMetadata, Failure>),
    /// The target table is as it should be.
    TableEnsured(Result<(), StorageFailure>),
    /// The largest id in the target table.
    LastIdFound(Result<Option<RecordId>, StorageFailure>),
    /// The job has been accepted.
    JobInserted(Result<(), Failure>),
    /// The answer with rows of the job's result has begun to arrive. Without it, it is taken to come all at once.
    PageBegun {
        /// As asked.
        segment: u64,
        /// When it had not begun yet, in milliseconds of the monotonic clock: when somebody last looked.
        silent_until_ms: u64,
    },
    /// Rows of the job's result.
    PageFetched {
        /// As asked.
        segment: u64,
        /// The page.
        page: Result<Page, Failure>,
    },
    /// Rows of a small query, each a list of nullable values.
    Asked(Result<Vec<Vec<Option<String>>>, Failure>),
    /// Positions of the ids without a record.
    MissingFound {
        /// As asked.
        segment: u64,
        /// Positions, ascending.
        missing: Result<Vec<u32>, StorageFailure>,
    },
    /// Timestamps of the records, `None` where there is no record.
    TimestampsRead {
        /// As asked.
        segment: u64,
        /// One for each id.
        timestamps: Result<Vec<Option<Micros>>, StorageFailure>,
    },
    /// Rows have been committed, but for the refused ones.
    RowsWritten {
        /// As asked.
        commit: u64,
        /// The refused ones.
        refused: Result<Vec<RefusedRow>, StorageFailure>,
    },
    /// The checkpoint has been committed.
    CheckpointWritten {
        /// As asked.
        commit: u64,
        /// Whether it has.
        outcome: Result<(), StorageFailure>,
    },
}

/// A record that storage refuses for what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// Position among the rows written.
    pub index: usize,
    /// Storage's words.
    pub reason: String,
}

/// Why storage did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorageFailure {
    /// May work later.
    #[error("storage is unavailable: {0}")]
    Unavailable(String),
    /// Will not work until somebody changes something.
    #[error("{0}")]
    Refused(String),
}

/// One row that could not be stored.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    /// `row_rejected`
    pub status: &'static str,
    /// The table's id in the configuration.
    pub table_id: String,
    /// Id of the record, if it got as far as having one.
    pub record_id: Option<String>,
    /// The job whose result has the row.
    pub job_id: String,
    /// Why.
    pub reason: String,
    /// The row, or its beginning.
    pub content: String,
}

/// Something for the operator's log.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// How loud.
    pub level: Level,
    /// A stable name: `cycle`, `phase`, `error`, `schema`, `rows_rejected`.
    pub event: &'static str,
    /// For people.
    pub message: String,
    /// For queries; an object.
    pub fields: serde_json::Value,
}

/// How loud a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the usual ones")]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}
