//! The sync of one table, as a state machine: [`TableSync::poll`] says what to do next, [`TableSync::handle`] is told what
//! happened.
//!
//! A poll goes: probe (free) - query, if there may be something new (one job) - drain its result page by page - close, which
//! moves the watermark. The order of storing is what everything rests on: rows first, and only once they are committed the
//! checkpoint that claims them. After any failure the sync goes back to what its last checkpoint says.

mod action;
mod columns;
mod drain;
mod planning;
mod prefetch;
mod reading;
mod recent;
mod setback;
mod sharing;
mod spans;
mod spending;
mod status;
mod window;
mod writers;

use std::collections::{HashSet, VecDeque};

pub use action::{Action, AuditRecord, Event, Level, Notice, Now, PageFetch, RefusedRow, StorageFailure};
pub use columns::{selected, timestamp_kind};
pub use spending::{CostStatus, DayStatus};
pub use status::{ErrorStatus, JobStatus, RefusedStatus, TableStatus};

use crate::checkpoint::{Checkpoint, JobProgress};
use crate::claims::{self, Claim};
use crate::config::TableConfig;
use crate::decode::Batch;
use crate::phase::Phase;
use crate::schema::Attribute;
use crate::slots::SlotRange;
use crate::source::{Drained, TableMetadata};
use crate::sql::{Gaps, TableRef, TimestampKind, Window};
use crate::time::{MILLISECOND, Micros, SECOND};
pub use prefetch::Paging;
use prefetch::Prefetch;
use reading::{Reading, Stage};
use recent::RecentRows;
use spans::Spans;
use spending::Spending;
use writers::Writers;

/// How much is done at a time.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Pages that keep storage busy when answers come at once: one is stored while the next is asked for. A backfill has its
    /// batch cut into so many at the least.
    pub pages: usize,
    /// Pages of one result that have been asked for and not yet handed to storage, at the most.
    pub requests: usize,
    /// Pages handed to storage and not committed yet. Two keep storage busy.
    pub writes: usize,
    /// Rows a page at the least, when a batch is cut: smaller pages cost more in requests than they gain by overlapping.
    pub min_page_rows: u32,
    /// Bytes that one job of a backfill reads of a partitioned table, about. BigQuery keeps results up to 10 GB compressed.
    pub window_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { pages: 2, requests: 16, writes: 2, min_page_rows: 25, window_bytes: 8 << 30 }
    }
}

/// The sync of one table by one worker.
#[derive(Debug)]
pub struct TableSync {
    config: TableConfig,
    table: TableRef,
    node_id: String,
    limits: Limits,
    /// Makes job ids unique.
    seed: u64,
    jobs_named: u64,
    next_id: u64,
    /// Counts the times that everything under way was given up.
    generation: u64,
    state: State,
    actions: VecDeque<Action>,

    // What is known of storage.
    /// What this worker reads; none when it leaves the table to others.
    slots: Option<SlotRange>,
    /// Whether the checkpoints have been loaded since it was given slots that it did not have before.
    has_started: bool,
    /// Of its slots.
    watermark: Option<Micros>,
    /// Everything that this worker claims.
    claims: Vec<Claim>,
    /// Who else has written this table, if it has keys.
    writers: Writers,
    records_ingested: u64,
    /// The job to go on with, as of the last checkpoint.
    job: Option<JobProgress>,
    recent: RecentRows,
    /// Rows that could not be decoded, by their content: they are in the audit, once.
    audited: HashSet<u64>,
    /// The attributes that the target table was made to have.
    ensured: Option<Vec<Attribute>>,

    // What is known of the source.
    metadata: TableMetadata,
    /// What its columns become in Harper, as of the last probe.
    columns: Option<Vec<Attribute>>,
    kind: TimestampKind,
    drained: Option<Drained>,
    ever_streamed: bool,
    /// All rows visible at this time of the source's clock are stored, but perhaps for late ones.
    synced_through: Option<Micros>,
    prefetch: Prefetch,
    poll: Poll,
    /// When the last poll began that looked back over the whole lookback and was drained.
    looked_back_at: Option<Micros>,
    /// The largest timestamp drained that is not in the future; the watermark, or what partial polls found beyond it.
    newest: Option<Micros>,
    /// Rows that the last poll brought and that were not stored before.
    newest_rows: u64,
    /// Rows read of the lookback.
    spans: Spans,
    /// What is left of a backfill after the current job.
    windows: VecDeque<Window>,

    phase: Phase,
    spending: Spending,
    failures: u32,
    error: Option<ErrorStatus>,
    refused: Option<RefusedStatus>,
}

#[derive(Debug)]
enum State {
    LoadingCheckpoints,
    Waiting {
        until_ms: u64,
    },
    Probing,
    EnsuringTable,
    FindingLastId(Next),
    /// Asking for the partitions, to cut a backfill into windows.
    AskingPartitions {
        low: Option<Micros>,
    },
    /// Asking how many rows are where in the lookback, up to `low`, where the poll is going to begin.
    CountingSpans {
        low: Micros,
    },
    /// Asking for the bounds of a window whose result was too large.
    AskingBounds(Window),
    Reading(Box<Reading>),
}

/// The poll under way.
#[derive(Debug, Clone, Default)]
struct Poll {
    /// The source's clock when it was decided to query.
    begun_at: Micros,
    /// Whether it reaches back less than the whole lookback.
    is_partial: bool,
    /// Of the lookback, what has changed since it was read.
    gaps: Gaps,
}

/// What to do once the target table's largest id is known.
#[derive(Debug, Clone)]
enum Next {
    Resume(JobProgress),
    Open(Window),
}

impl TableSync {
    /// `seed` is any random number; it makes the ids of this worker's jobs unique.
    #[must_use]
    pub fn new(config: TableConfig, project_id: &str, node_id: &str, seed: u64, limits: Limits) -> Self {
        let table =
            TableRef { project: project_id.into(), dataset: config.dataset.clone(), table: config.table.clone() };
        let recent = RecentRows::new(usize::try_from(config.lookback_rows).unwrap_or(usize::MAX));
        let spans = Spans::new(lookback_of(&config), Micros::MIN);
        Self {
            table,
            node_id: node_id.into(),
            limits,
            seed,
            jobs_named: 0,
            next_id: 0,
            generation: 0,
            state: State::Waiting { until_ms: 0 },
            actions: VecDeque::new(),
            slots: Some(SlotRange::ALL),
            has_started: false,
            watermark: None,
            claims: Vec::new(),
            writers: Writers::default(),
            records_ingested: 0,
            job: None,
            recent,
            audited: HashSet::new(),
            ensured: None,
            metadata: TableMetadata::default(),
            columns: None,
            kind: TimestampKind::Timestamp,
            drained: None,
            ever_streamed: false,
            synced_through: None,
            prefetch: Prefetch::default(),
            poll: Poll::default(),
            looked_back_at: None,
            newest: None,
            newest_rows: 0,
            spans,
            windows: VecDeque::new(),
            phase: Phase::Initial,
            spending: Spending::default(),
            failures: 0,
            error: None,
            refused: None,
            config,
        }
    }

    /// The table's configuration.
    #[must_use]
    pub fn config(&self) -> &TableConfig {
        &self.config
    }

    /// The table in BigQuery.
    #[must_use]
    pub fn table(&self) -> &TableRef {
        &self.table
    }

    /// All rows in this worker's slots with a timestamp up to it, as far as they were visible when last queried, are stored.
    #[must_use]
    pub fn watermark(&self) -> Option<Micros> {
        self.watermark
    }

    /// What the checkpoints of this sync are about: `project.dataset.table/timestampColumn`.
    #[must_use]
    pub fn source(&self) -> String {
        format!("{}/{}", self.table, self.config.timestamp_column)
    }

    /// The source's metadata of when everything in it was stored: it is for as long as these stay the same. None when metadata
    /// cannot tell.
    #[must_use]
    pub fn drained(&self) -> Option<&TableMetadata> {
        let metadata = &self.drained.as_ref()?.metadata;
        let may_grow_unseen = self.ever_streamed || metadata.has_streaming_buffer || metadata.num_rows.is_none();
        let is_sole_reader = self.slots == Some(SlotRange::ALL);
        let knows_all = is_sole_reader && !may_grow_unseen && self.writers.are_all_heeded();
        knows_all.then_some(metadata)
    }

    /// A new job id: letters, digits, `-` and `_` only, unique among all jobs of the project.
    pub fn name_job(&mut self) -> String {
        self.jobs_named += 1;
        let id: String = self.config.id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        format!("harper_{id}_{:016x}_{}", self.seed, self.jobs_named)
    }

    /// Changes whenever everything under way was given up. Answers to older actions need not, but may, be handed in, except to
    /// those that carry no number of a segment or commit.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The next thing to do now, if any. To be called until there is none.
    pub fn poll(&mut self, now: Now) -> Option<Action> {
        if self.actions.is_empty() {
            match &self.state {
                State::Waiting { .. } if self.slots.is_none() => {}
                State::Waiting { until_ms } if *until_ms > now.monotonic_ms => {}
                State::Waiting { .. } if self.has_started && !self.is_keyed() => self.probe(),
                State::Waiting { .. } => {
                    self.state = State::LoadingCheckpoints;
                    self.actions.push_back(Action::LoadCheckpoints);
                }
                State::Reading(_) => self.advance_reading(now),
                _ => {}
            }
        }
        self.actions.pop_front()
    }

    /// When to poll again, in milliseconds of the monotonic clock, if nothing happens before. None while something is awaited.
    #[must_use]
    pub fn wake_at_ms(&self) -> Option<u64> {
        match &self.state {
            State::Waiting { .. } if self.slots.is_none() => None,
            State::Waiting { until_ms } => Some(*until_ms),
            State::Reading(reading) => reading.wake_at_ms(),
            _ => None,
        }
    }

    /// The rows of a write that was asked for.
    ///
    /// # Panics
    /// If there is no such write under way.
    pub fn rows_to_write(&mut self, commit: u64) -> &mut Batch {
        let State::Reading(reading) = &mut self.state else { panic!("rows are written while reading only") };
        let commit = reading.commits.iter_mut().find(|candidate| candidate.id == commit);
        &mut commit.expect("the engine writes what it was asked to").fetched.batch
    }

    /// Takes in what happened.
    pub fn handle(&mut self, event: Event, now: Now) {
        match event {
            Event::CheckpointsLoaded(Ok(checkpoints)) => self.checkpoints_loaded(&checkpoints, now),
            Event::Probed(Ok(metadata)) => self.probed(metadata, now),
            Event::TableEnsured(Ok(())) => self.table_ensured(now),
            Event::LastIdFound(Ok(last_id)) => self.last_id_found(last_id, now),
            Event::Asked(Ok(rows)) => self.asked(&rows, now),
            Event::JobInserted(Ok(())) => self.job_inserted(now),
            Event::PageBegun { segment, silent_until_ms } => self.page_begun(segment, silent_until_ms, now),
            Event::PageFetched { segment, page } => self.page_fetched(segment, page, now),
            Event::MissingFound { segment, missing: Ok(missing) } => self.missing_found(segment, &missing),
            Event::TimestampsRead { segment, timestamps: Ok(timestamps) } => {
                self.timestamps_read(segment, &timestamps);
            }
            Event::RowsWritten { commit, refused: Ok(refused) } => self.rows_written(commit, &refused, now),
            Event::CheckpointWritten { commit, outcome: Ok(()) } => self.checkpoint_written(commit, now),
            Event::Probed(Err(failure)) | Event::Asked(Err(failure)) | Event::JobInserted(Err(failure)) => {
                self.fail(&failure, now);
            }
            Event::CheckpointsLoaded(Err(failure))
            | Event::TableEnsured(Err(failure))
            | Event::LastIdFound(Err(failure))
            | Event::MissingFound { missing: Err(failure), .. }
            | Event::TimestampsRead { timestamps: Err(failure), .. }
            | Event::RowsWritten { refused: Err(failure), .. }
            | Event::CheckpointWritten { outcome: Err(failure), .. } => self.fail_storing(&failure, now),
        }
    }

    fn job_inserted(&mut self, now: Now) {
        let State::Reading(reading) = &mut self.state else { return };
        if reading.stage == Stage::Inserting {
            reading.stage = Stage::Draining;
        }
        self.advance_reading(now);
    }

    fn write_checkpoint(&mut self, commit: u64, job: Option<JobProgress>, now: Now) {
        let slots = self.slots.expect("who reads nothing claims nothing");
        let checkpoint = Box::new(Checkpoint {
            id: self.checkpoint_id(),
            table_id: self.config.id.clone(),
            node_id: self.node_id.clone(),
            slots,
            source: self.source(),
            last_timestamp: self.watermark,
            records_ingested: self.records_ingested,
            last_sync_time: Some(now.source_micros),
            phase: self.phase,
            batch_size: self.phase.batch_size(&self.config.batch_sizes),
            lag_seconds: self.lag_seconds(now),
            job_id: job.as_ref().map(|job| job.id.clone()),
            job,
            claims: claims::beyond(&self.claims, slots, self.watermark),
            cost: self.spending.days.clone(),
            supersedes: self.writers.superseded(),
            error: self.error.as_ref().map(|error| error.message.clone()),
        });
        self.actions.push_back(Action::WriteCheckpoint { commit, checkpoint });
    }

    fn wait_for_next_poll(&mut self, now: Now) {
        self.update_phase(now);
        let delay_ms = self.phase.poll_delay_ms(self.config.poll_interval_ms);
        self.state = State::Waiting { until_ms: now.monotonic_ms + delay_ms };
    }

    /// How far behind the source Harper is: since everything was last drained, or else since the watermark.
    fn lag(&self, now: Now) -> Option<Micros> {
        let known = self.synced_through.max(self.watermark);
        known.map(|known| now.source_micros.saturating_sub(known).max(0))
    }

    fn lag_seconds(&self, now: Now) -> Option<u64> {
        self.lag(now).map(|lag| (lag / SECOND) as u64)
    }

    fn update_phase(&mut self, now: Now) {
        let phase = Phase::of(self.lag(now));
        if phase != self.phase {
            let fields = serde_json::json!({ "from": self.phase, "to": phase, "lagSeconds": self.lag_seconds(now) });
            self.log(Level::Info, "phase", format!("{} -> {phase}", self.phase), fields);
            self.phase = phase;
        }
    }

    fn log(&mut self, level: Level, event: &'static str, message: String, mut fields: serde_json::Value) {
        fields["tableId"] = self.config.id.clone().into();
        self.actions.push_back(Action::Log(Notice { level, event, message, fields }));
    }

    fn checkpoint_id(&self) -> String {
        format!("{}:{}", self.config.id, self.node_id)
    }

    fn reading_mut(&mut self) -> Option<&mut Reading> {
        match &mut self.state {
            State::Reading(reading) => Some(reading),
            _ => None,
        }
    }

    fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}

fn lookback_of(config: &TableConfig) -> Micros {
    i64::try_from(config.lookback_ms).unwrap_or(i64::MAX).saturating_mul(MILLISECOND)
}

/// The number of the checkpoint that names a job before it is inserted.
const ANNOUNCEMENT: u64 = 0;
