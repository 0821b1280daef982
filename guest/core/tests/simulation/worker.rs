//! A simulated worker: one engine's sync with its clock.

use fastrand::Rng;
use ingestor_core::checkpoint::JobProgress;
use ingestor_core::config::TableConfig;
use ingestor_core::sync::{Limits, Now, PageFetch, TableSync};
use ingestor_core::time::{MILLISECOND, Micros};

use crate::broken::Variant;
use crate::source::clock;

pub const PROJECT: &str = "p";
/// Until an answer of BigQuery is there, its clock is taken for the machine's; afterwards it is known this well.
pub const CLOCK_ERROR_MS: i64 = 2_000;

pub struct Worker {
    pub sync: TableSync,
    /// Tells a worker from its predecessors on the node.
    pub incarnation: u64,
    pub variant: Variant,
    /// It neither acts nor hears anything before.
    pub paused_until_ms: u64,
    /// Whether an answer of BigQuery has told the time.
    pub has_heard: bool,
    /// What it believes to be claimed, by others or by itself.
    pub claimed: Option<Micros>,
    /// The job that its last checkpoint names.
    pub job: Option<JobProgress>,
    /// The same of the last one that is stored.
    pub committed: Option<JobProgress>,
    /// The one that a stored checkpoint named and the last one does not.
    closed_job: Option<String>,
    pub node_id: String,
    /// When the last of its writes is carried out: of rows, and of checkpoints.
    pub rows_due_ms: u64,
    pub checkpoints_due_ms: u64,
    started_at_ms: u64,
    clock_error_ms: i64,
    estimate_error_ms: i64,
}

impl Worker {
    /// `clock_error_ms` is how far the machine's clock is ahead.
    pub fn new(
        config: &TableConfig,
        variant: Variant,
        limits: Limits,
        (node, incarnation): (usize, u64),
        clock_error_ms: i64,
        now_ms: u64,
        rng: &mut Rng,
    ) -> Self {
        let config = variant.config(config);
        let node_id = format!("n{node}-0");
        Self {
            sync: TableSync::new(config, PROJECT, &node_id, rng.u64(..), limits),
            incarnation,
            variant,
            paused_until_ms: 0,
            has_heard: false,
            claimed: None,
            job: None,
            committed: None,
            closed_job: None,
            node_id,
            rows_due_ms: 0,
            checkpoints_due_ms: 0,
            started_at_ms: now_ms,
            clock_error_ms,
            estimate_error_ms: if clock_error_ms == 0 { 0 } else { rng.i64(-CLOCK_ERROR_MS..=CLOCK_ERROR_MS) },
        }
    }

    pub fn now(&self, now_ms: u64) -> Now {
        let error_ms = if self.has_heard { self.estimate_error_ms } else { self.clock_error_ms };
        let source_micros = clock(now_ms) + error_ms * MILLISECOND;
        self.variant.now(Now { monotonic_ms: now_ms - self.started_at_ms, source_micros })
    }

    /// A checkpoint of its is stored.
    pub fn has_committed(&mut self, job: Option<&JobProgress>) {
        let before = std::mem::replace(&mut self.committed, job.cloned());
        let closed = before.map(|job| job.id).or(self.closed_job.take());
        self.closed_job = closed.filter(|id| job.is_none_or(|job| job.id != *id));
    }

    /// Rows that would be read again if it died now: from the last that a checkpoint tells of to the end of this page. None, when
    /// a checkpoint says that all are stored, of which a worker whose slots have changed meanwhile may not have heard.
    pub fn rows_under_way(&self, fetch: &PageFetch) -> u64 {
        if self.closed_job.as_ref() == Some(&fetch.job_id) {
            return 0;
        }
        let job = self.committed.as_ref().filter(|job| job.id == fetch.job_id);
        let done = job.map_or(0, |job| job.rows_done);
        (fetch.start_index + u64::from(fetch.max_rows)).saturating_sub(done)
    }

    /// When it acts by itself, in the simulation's time.
    pub fn wake_at_ms(&self) -> Option<u64> {
        self.sync.wake_at_ms().map(|at| at.saturating_add(self.started_at_ms).max(self.paused_until_ms))
    }
}
