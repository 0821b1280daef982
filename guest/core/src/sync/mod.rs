//! The sync of one table, as a state machine: [`TableSync::poll`] says what to do next, [`TableSync::handle`] is told what
//! happened.
//!
//! A poll goes: probe (free) - query, if there may be something new (one job) - drain its result page by page - close, which
//! moves the watermark. The order of storing is what everything rests on: rows first, and only once they are committed the
//! checkpoint that claims them. After any failure the sync goes back to what its last checkpoint says.

mod action;
mod drain;
mod reading;
mod recent;
mod status;
mod window;

use std::collections::VecDeque;

pub use action::{Action, AuditRecord, Event, Level, Notice, Now, PageFetch, RefusedRow, StorageFailure};
pub use status::{ErrorStatus, JobStatus, TableStatus};

use crate::checkpoint::{Checkpoint, JobProgress};
use crate::config::{Columns, TableConfig};
use crate::decode::Batch;
use crate::failure::{Failure, FailureKind};
use crate::phase::Phase;
use crate::record_id::RecordId;
use crate::retry::backoff_ms;
use crate::schema::{Attribute, Mode, Schema};
use crate::source::{Drained, TableMetadata, must_query};
use crate::sql::{self, TableRef, TimestampKind, Window};
use crate::time::{self, MILLISECOND, Micros, SECOND};
use reading::{Reading, Stage};
use recent::RecentRows;

/// How much is done at a time.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Pages fetched or waiting to be written.
    pub pages: usize,
    /// Pages handed to storage and not committed yet. Two keep storage busy.
    pub writes: usize,
    /// Bytes that one job of a backfill reads of a partitioned table, about. BigQuery keeps results up to 10 GB compressed.
    pub window_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { pages: 4, writes: 2, window_bytes: 8 << 30 }
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
    /// Whether the checkpoints have been loaded.
    has_started: bool,
    watermark: Option<Micros>,
    records_ingested: u64,
    /// The job to go on with, as of the last checkpoint.
    job: Option<JobProgress>,
    recent: RecentRows,
    ensured: Option<Vec<Attribute>>,

    // What is known of the source.
    metadata: TableMetadata,
    kind: TimestampKind,
    drained: Option<Drained>,
    ever_streamed: bool,
    /// All rows visible at this time of the source's clock are stored.
    synced_through: Option<Micros>,
    fully_looked_back_at_ms: Option<u64>,
    /// What is left of a backfill after the current job.
    windows: VecDeque<Window>,

    phase: Phase,
    failures: u32,
    error: Option<ErrorStatus>,
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
    AskingPartitions,
    /// Asking for the bounds of a window whose result was too large.
    AskingBounds(Window),
    Reading(Box<Reading>),
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
            has_started: false,
            watermark: None,
            records_ingested: 0,
            job: None,
            recent,
            ensured: None,
            metadata: TableMetadata::default(),
            kind: TimestampKind::Timestamp,
            drained: None,
            ever_streamed: false,
            synced_through: None,
            fully_looked_back_at_ms: None,
            windows: VecDeque::new(),
            phase: Phase::Initial,
            failures: 0,
            error: None,
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

    /// All rows with a timestamp up to it, as far as they were visible when last queried, are stored.
    #[must_use]
    pub fn watermark(&self) -> Option<Micros> {
        self.watermark
    }

    /// What the checkpoints of this sync are about: `project.dataset.table/timestampColumn`.
    #[must_use]
    pub fn source(&self) -> String {
        format!("{}/{}", self.table, self.config.timestamp_column)
    }

    /// The type of the timestamp column in this schema.
    ///
    /// # Errors
    /// When the schema lacks a column that the configuration names, or the column has no order in time.
    pub fn timestamp_kind(&self, schema: &Schema) -> Result<TimestampKind, Failure> {
        timestamp_kind(schema, &self.config, &self.table)
    }

    /// Whether everything is stored that is in the source while its metadata are these.
    #[must_use]
    pub fn has_drained(&self, metadata: &TableMetadata) -> bool {
        let may_grow_unseen = self.ever_streamed || metadata.has_streaming_buffer || metadata.num_rows.is_none();
        !may_grow_unseen && self.drained.as_ref().is_some_and(|drained| drained.metadata == *metadata)
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
                State::Waiting { until_ms } if *until_ms > now.monotonic_ms => {}
                State::Waiting { .. } if self.has_started => {
                    self.state = State::Probing;
                    self.actions.push_back(Action::Probe);
                }
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
            Event::CheckpointsLoaded(Ok(checkpoints)) => self.start_from(&checkpoints, now),
            Event::Probed(Ok(metadata)) => self.probed(metadata, now),
            Event::TableEnsured(Ok(())) => self.table_ensured(now),
            Event::LastIdFound(Ok(last_id)) => self.last_id_found(last_id, now),
            Event::Asked(Ok(rows)) => self.asked(&rows, now),
            Event::JobInserted(Ok(())) => self.job_inserted(now),
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

    /// The best claim of any worker is where to start; a job of our own is where to go on.
    fn start_from(&mut self, checkpoints: &[Checkpoint], now: Now) {
        let source = self.source();
        let id = self.checkpoint_id();
        let claims = checkpoints.iter().filter(|checkpoint| checkpoint.source == source);
        self.watermark = claims.clone().filter_map(|checkpoint| checkpoint.last_timestamp).max();
        if let Some(own) = claims.clone().find(|checkpoint| checkpoint.id == id) {
            self.records_ingested = own.records_ingested;
            self.job.clone_from(&own.job);
        } else if let Some(other) = checkpoints.iter().find(|checkpoint| checkpoint.id == id) {
            let message = format!("starting over: the last checkpoint is about `{}`, not `{source}`", other.source);
            self.log(Level::Warn, "source_changed", message, serde_json::json!({ "was": other.source, "is": source }));
        }
        self.update_phase(now);
        self.has_started = true;
        self.state = State::Waiting { until_ms: now.monotonic_ms };
    }

    fn probed(&mut self, metadata: TableMetadata, now: Now) {
        self.ever_streamed |= metadata.has_streaming_buffer;
        self.kind = match timestamp_kind(&metadata.schema, &self.config, &self.table) {
            Ok(kind) => kind,
            Err(failure) => return self.fail(&failure, now),
        };
        let attributes = self.attributes_of(&metadata.schema);
        self.metadata = metadata;
        self.state = State::EnsuringTable;
        if self.ensured.as_ref() == Some(&attributes) {
            self.table_ensured(now);
        } else {
            match self.ensured.take() {
                Some(before) => self.report_schema_change(&before, &attributes),
                None => self.report_renames(),
            }
            self.ensured = Some(attributes.clone());
            self.actions.push_back(Action::EnsureTable(attributes));
        }
    }

    fn table_ensured(&mut self, now: Now) {
        match &mut self.state {
            State::Reading(reading) => reading.ensuring = false,
            State::EnsuringTable => self.choose_what_to_read(now),
            _ => {}
        }
    }

    fn choose_what_to_read(&mut self, now: Now) {
        let trust = self.config.probe_trust;
        if let Some(job) = self.job.clone() {
            self.find_last_id(Next::Resume(job));
        } else if must_query(&self.metadata, self.drained.as_ref(), self.ever_streamed, trust, now.monotonic_ms) {
            let low = self.low(now.monotonic_ms);
            if self.is_worth_cutting(low) {
                self.state = State::AskingPartitions;
                self.ask(sql::select_partitions(&self.table));
            } else {
                self.find_last_id(Next::Open(Window { low, high: None }));
            }
        } else {
            self.synced_through = Some(now.source_micros);
            self.recover();
            self.wait_for_next_poll(now);
        }
    }

    /// Where a query begins: behind the watermark by the lookback, or by fewer rows when there are many.
    fn low(&mut self, now_ms: u64) -> Option<Micros> {
        let Some(watermark) = self.watermark else { return self.config.start_timestamp };
        let full = watermark.saturating_sub(self.lookback()).max(time::MIN);
        let pause_ms = self.config.lookback_ms / 2;
        let is_due = self.fully_looked_back_at_ms.is_none_or(|at| now_ms.saturating_sub(at) >= pause_ms);
        let low = match self.recent.start_when_full() {
            Some(start) if !is_due => start.max(full).min(watermark),
            _ => {
                self.fully_looked_back_at_ms = Some(now_ms);
                full
            }
        };
        Some(self.config.start_timestamp.map_or(low, |start| low.max(start)))
    }

    fn lookback(&self) -> Micros {
        i64::try_from(self.config.lookback_ms).unwrap_or(i64::MAX).saturating_mul(MILLISECOND)
    }

    fn is_worth_cutting(&self, low: Option<Micros>) -> bool {
        let by_our_column = self.metadata.time_partitioning.as_ref().is_some_and(|partitioning| {
            partitioning.field.as_ref().is_some_and(|column| column.eq_ignore_ascii_case(&self.config.timestamp_column))
        });
        by_our_column
            && self.metadata.num_bytes.is_some_and(|bytes| bytes > self.limits.window_bytes)
            && (self.phase == Phase::Initial || low.is_none())
    }

    fn ask(&mut self, query: sql::Query) {
        let job_id = self.name_job();
        self.actions.push_back(Action::Ask { job_id, query });
    }

    fn asked(&mut self, rows: &[Vec<Option<String>>], now: Now) {
        match &self.state {
            State::AskingPartitions => {
                let low = self.low(now.monotonic_ms);
                let unit = self.metadata.time_partitioning.as_ref().expect("only partitioned tables are cut").unit;
                self.windows = window::of_partitions(rows, unit, low, self.limits.window_bytes).into();
                self.open_next_window();
            }
            State::AskingBounds(too_large) => {
                let bound =
                    |index: usize| rows.first().and_then(|row| row.get(index)?.as_deref()?.parse::<Micros>().ok());
                let halves =
                    bound(0).zip(bound(1)).and_then(|(min, max)| window::halves(too_large, min, max, self.kind));
                match halves {
                    Some([first, second]) => {
                        self.windows.push_front(second);
                        self.windows.push_front(first);
                        self.open_next_window();
                    }
                    None => self.fail(&result_too_large(), now),
                }
            }
            _ => {}
        }
    }

    fn open_next_window(&mut self) {
        let window = self.windows.pop_front().expect("there is a window to open");
        self.find_last_id(Next::Open(window));
    }

    fn find_last_id(&mut self, next: Next) {
        self.state = State::FindingLastId(next);
        self.actions.push_back(Action::FindLastId);
    }

    fn last_id_found(&mut self, last_id: Option<RecordId>, now: Now) {
        let State::FindingLastId(next) = &self.state else { return };
        let next = next.clone();
        self.update_phase(now);
        let page_rows = self.phase.batch_size(&self.config.batch_sizes);
        let (job, stage) = match next {
            Next::Resume(job) => (job, Stage::Draining),
            Next::Open(window) => {
                let job = JobProgress {
                    id: self.name_job(),
                    low: window.low,
                    high: window.high,
                    inserted_at: Some(now.source_micros),
                    rows_done: 0,
                    total_rows: None,
                    max_timestamp: None,
                };
                (job, Stage::Announcing)
            }
        };
        let mut reading = Box::new(Reading::new(job, stage, page_rows, last_id, now.monotonic_ms));
        if stage == Stage::Announcing {
            self.write_checkpoint(ANNOUNCEMENT, Some(reading.job.clone()), now);
        } else {
            // The result's size is asked for anew: the job may never have been inserted.
            reading.job.total_rows = None;
        }
        self.state = State::Reading(reading);
    }

    fn job_inserted(&mut self, now: Now) {
        let State::Reading(reading) = &mut self.state else { return };
        if reading.stage == Stage::Inserting {
            reading.stage = Stage::Draining;
        }
        self.advance_reading(now);
    }

    fn write_checkpoint(&mut self, commit: u64, job: Option<JobProgress>, now: Now) {
        let checkpoint = Box::new(Checkpoint {
            id: self.checkpoint_id(),
            table_id: self.config.id.clone(),
            node_id: self.node_id.clone(),
            slots: ALL_SLOTS.into(),
            source: self.source(),
            last_timestamp: self.watermark,
            records_ingested: self.records_ingested,
            last_sync_time: Some(now.source_micros),
            phase: self.phase,
            batch_size: self.phase.batch_size(&self.config.batch_sizes),
            lag_seconds: self.lag_seconds(now),
            job_id: job.as_ref().map(|job| job.id.clone()),
            job,
            error: self.error.as_ref().map(|error| error.message.clone()),
        });
        self.actions.push_back(Action::WriteCheckpoint { commit, checkpoint });
    }

    /// Gives up what is under way and goes back to what the last checkpoint says.
    fn retreat(&mut self, until_ms: u64) {
        self.generation += 1;
        self.actions.retain(|action| matches!(action, Action::Audit(_) | Action::Log(_)));
        self.windows.clear();
        if matches!(self.state, State::EnsuringTable) || self.is_ensuring_while_reading() {
            self.ensured = None;
        }
        self.state = State::Waiting { until_ms };
    }

    fn is_ensuring_while_reading(&self) -> bool {
        matches!(&self.state, State::Reading(reading) if reading.ensuring)
    }

    fn fail(&mut self, failure: &Failure, now: Now) {
        let window = self.reading_mut().map(|reading| reading.job.window());
        if failure.job_failed || !matches!(failure.kind, FailureKind::Transient | FailureKind::Malformed) {
            // Nothing more is to be had of this job.
            self.job = None;
        }
        match (failure.kind, window) {
            (FailureKind::ResultExpired, _) if self.failures < EXPIRIES_TAKEN_LIGHTLY => {
                self.failures += 1;
                let message = "the job's result is gone; querying again".into();
                self.log(Level::Warn, "job_expired", message, serde_json::json!({}));
                self.retreat(now.monotonic_ms);
            }
            (FailureKind::ResponseTooLarge, Some(window)) => {
                self.generation += 1;
                self.actions.clear();
                self.state = State::AskingBounds(window);
                self.ask(sql::select_bounds(&self.table, &self.config.timestamp_column, self.kind, &window));
            }
            _ => {
                let message = format!("{}: {failure}", self.table);
                self.report(failure.reason.clone(), message, failure.advice(), failure.kind, now);
            }
        }
    }

    fn fail_storing(&mut self, failure: &StorageFailure, now: Now) {
        let (reason, kind) = match failure {
            StorageFailure::Unavailable(_) => ("storageUnavailable", FailureKind::Transient),
            StorageFailure::Refused(_) => ("storageRefused", FailureKind::Invalid),
        };
        let message = format!("{}: {failure}", self.config.target_table);
        self.report(reason.into(), message, String::new(), kind, now);
    }

    /// Shows an error, and tries again at a slow pace.
    fn report(&mut self, reason: String, message: String, advice: String, kind: FailureKind, now: Now) {
        let pause_ms = self.pause_ms(kind);
        self.failures += 1;
        let since = self.error.as_ref().map_or(now.source_micros, |error| error.since);
        let fields =
            serde_json::json!({ "reason": reason, "advice": advice, "failures": self.failures, "retryInMs": pause_ms });
        self.log(Level::Error, "error", message.clone(), fields);
        self.error = Some(ErrorStatus { message, reason, advice, since });
        self.retreat(now.monotonic_ms + pause_ms);
    }

    fn pause_ms(&self, kind: FailureKind) -> u64 {
        let cap_ms = if kind == FailureKind::Transient { TRANSIENT_PAUSE_MS } else { PERMANENT_PAUSE_MS };
        let random = self.seed.rotate_left(self.failures);
        backoff_ms(self.config.poll_interval_ms.min(cap_ms), self.failures, cap_ms, random)
    }

    fn recover(&mut self) {
        self.failures = 0;
        if self.error.take().is_some() {
            self.log(Level::Info, "recovered", format!("{} syncs again", self.table), serde_json::json!({}));
        }
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

    /// The columns that are read.
    fn selected(&self, schema: &Schema) -> Schema {
        let mut selected = schema.clone();
        if let Columns::Listed(columns) = &self.config.columns {
            selected.fields.retain(|field| columns.iter().any(|column| column.eq_ignore_ascii_case(&field.name)));
        }
        selected
    }

    fn attributes_of(&self, schema: &Schema) -> Vec<Attribute> {
        let is_indexed = |column: &str| {
            let mut indexed = [&self.config.timestamp_column].into_iter().chain(&self.config.indexes);
            indexed.any(|name| name.eq_ignore_ascii_case(column))
        };
        self.selected(schema).attributes(self.config.numeric, is_indexed)
    }

    /// Says once which columns are kept under another name.
    fn report_renames(&mut self) {
        let selected = self.selected(&self.metadata.schema);
        let names = selected.harper_names();
        let renamed: Vec<String> = selected
            .fields
            .iter()
            .zip(&names)
            .filter(|(field, name)| field.name != **name)
            .map(|(field, name)| format!("{} as {name}", field.name))
            .collect();
        if !renamed.is_empty() {
            let message = format!(
                "records need some names of {}'s columns, so these are kept: {}",
                self.table,
                renamed.join(", ")
            );
            self.log(Level::Info, "renamed", message, serde_json::json!({ "renamed": renamed }));
        }
    }

    fn report_schema_change(&mut self, before: &[Attribute], attributes: &[Attribute]) {
        let names = |of: &[Attribute], without: &[Attribute]| -> Vec<String> {
            let is_new = |attribute: &&Attribute| !without.contains(attribute);
            of.iter()
                .filter(is_new)
                .map(|attribute| format!("{} {}", attribute.name, attribute.bigquery_type))
                .collect()
        };
        let (added, removed) = (names(attributes, before), names(before, attributes));
        let message = format!("the schema of {} changed", self.table);
        self.log(Level::Warn, "schema", message, serde_json::json!({ "added": added, "removed": removed }));
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

/// The number of the checkpoint that names a job before it is inserted.
const ANNOUNCEMENT: u64 = 0;
/// One worker reads everything.
const ALL_SLOTS: &str = "0-1023";
/// An expired result is queried again at once, but not for ever.
const EXPIRIES_TAKEN_LIGHTLY: u32 = 3;
const TRANSIENT_PAUSE_MS: u64 = 60_000;
const PERMANENT_PAUSE_MS: u64 = 300_000;

/// The type of the timestamp column, once all columns that the configuration names are known to exist.
fn timestamp_kind(schema: &Schema, config: &TableConfig, table: &TableRef) -> Result<TimestampKind, Failure> {
    let listed = match &config.columns {
        Columns::All => &[][..],
        Columns::Listed(columns) => columns,
    };
    let named = [
        ("timestampColumn", std::slice::from_ref(&config.timestamp_column)),
        ("columns", listed),
        ("keyColumns", &config.key_columns),
        ("indexes", &config.indexes),
    ];
    let id = &config.id;
    let missing = named.into_iter().find_map(|(key, columns)| {
        columns.iter().find(|column| schema.position(column).is_none()).map(|column| (key, column))
    });
    if let Some((key, column)) = missing {
        let names: Vec<String> = schema.fields.iter().map(|field| format!("`{}`", field.name)).collect();
        let has = names.join(", ");
        let message = format!("table `{id}`: `{key}` names `{column}`, which {table} does not have; it has {has}");
        return Err(Failure::new(FailureKind::Invalid, "noSuchColumn", message));
    }
    let field = &schema.fields[schema.position(&config.timestamp_column).expect("just looked for")];
    let is_array = field.mode == Mode::Repeated;
    TimestampKind::of(field.field_type).filter(|_| !is_array).ok_or_else(|| {
        let (column, kind) = (&field.name, field.sql_type());
        let message =
            format!("table `{id}`: `timestampColumn` is `{column}`, {kind}; it must be a TIMESTAMP, DATETIME or DATE");
        Failure::new(FailureKind::Invalid, "noTimestamp", message)
    })
}

fn result_too_large() -> Failure {
    let message = "the result is too large even for a single timestamp";
    Failure::new(FailureKind::Invalid, "responseTooLarge", message)
}
