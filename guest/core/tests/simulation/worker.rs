//! A simulated worker: one engine's sync with its clock.

use fastrand::Rng;
use ingestor_core::checkpoint::JobProgress;
use ingestor_core::config::TableConfig;
use ingestor_core::sync::{Limits, Now, TableSync};
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
        (node, incarnation): (usize, u64),
        clock_error_ms: i64,
        now_ms: u64,
        rng: &mut Rng,
    ) -> Self {
        let config = variant.config(config);
        Self {
            sync: TableSync::new(config, PROJECT, &format!("n{node}-0"), rng.u64(..), Limits::default()),
            incarnation,
            variant,
            paused_until_ms: 0,
            has_heard: false,
            claimed: None,
            job: None,
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

    /// When it acts by itself, in the simulation's time.
    pub fn wake_at_ms(&self) -> Option<u64> {
        self.sync.wake_at_ms().map(|at| at.saturating_add(self.started_at_ms).max(self.paused_until_ms))
    }
}
