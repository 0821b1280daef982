//! From a poll that is due to a job that is opened: what to start from, whether to query at all, and from where on.

use super::columns::timestamp_kind;
use super::reading::{Reading, Stage};
use super::setback::result_too_large;
use super::spans::Spans;
use super::{ANNOUNCEMENT, Action, Level, Next, Now, Poll, State, TableSync, lookback_of, window};
use crate::checkpoint::{Checkpoint, JobProgress};
use crate::claims::{self, Claim};
use crate::phase::Phase;
use crate::record_id::RecordId;
use crate::source::{TableMetadata, must_query};
use crate::sql::{self, Window};
use crate::time::{self, Micros};

impl TableSync {
    pub(super) fn checkpoints_loaded(&mut self, checkpoints: &[Checkpoint], now: Now) {
        if self.slots.is_none() {
            return;
        }
        if !self.has_started {
            self.start_from(checkpoints, now);
        } else if self.is_keyed() {
            self.look_round(checkpoints, now);
        }
        self.probe();
    }

    pub(super) fn probe(&mut self) {
        self.state = State::Probing;
        self.actions.push_back(Action::Probe);
    }

    pub(super) fn is_keyed(&self) -> bool {
        !self.config.key_columns.is_empty()
    }

    /// The claims of all workers say where to start; a job of our own is where to go on.
    fn start_from(&mut self, checkpoints: &[Checkpoint], now: Now) {
        let Some(slots) = self.slots else { return };
        let source = self.source();
        let id = self.checkpoint_id();
        let about_source = checkpoints.iter().filter(|checkpoint| checkpoint.source == source);
        if let Some(own) = about_source.clone().find(|checkpoint| checkpoint.id == id) {
            self.records_ingested = self.records_ingested.max(own.records_ingested);
            self.recall_spending(own);
            own.all_claims().for_each(|claim| claims::add(&mut self.claims, claim));
            // What was left out of the result, because the slots were not ours, is not stored.
            self.job = own.job.clone().filter(|_| own.slots.covers(slots));
        } else if let Some(other) = checkpoints.iter().find(|checkpoint| checkpoint.id == id) {
            let message = format!("starting over: the last checkpoint is about `{}`, not `{source}`", other.source);
            self.log(Level::Warn, "source_changed", message, serde_json::json!({ "was": other.source, "is": source }));
        }
        if self.is_keyed() {
            let about_source: Vec<&Checkpoint> = about_source.collect();
            let (watermark, resumes) = self.writers.start(&about_source, &self.node_id);
            self.job.take_if(|_| !resumes);
            self.read_again_from(watermark);
        } else {
            let of_others = about_source.flat_map(Checkpoint::all_claims);
            let all: Vec<Claim> = of_others.chain(self.claims.iter().copied()).collect();
            self.watermark = claims::watermark_of(slots, &all);
        }
        self.update_phase(now);
        self.has_started = true;
    }

    /// Goes back to where others began who have written since this worker started.
    fn look_round(&mut self, checkpoints: &[Checkpoint], now: Now) {
        let source = self.source();
        let about_source: Vec<&Checkpoint> =
            checkpoints.iter().filter(|checkpoint| checkpoint.source == source).collect();
        let Some(least) = self.writers.look_round(&about_source, &self.node_id, now.monotonic_ms) else { return };
        let watermark = self.watermark.min(least);
        let text = |at: Option<Micros>| at.map(time::to_rfc3339);
        let fields = serde_json::json!({ "from": text(self.watermark), "to": text(watermark) });
        let message = "another worker has written rows of this table, perhaps older ones over newer ones".into();
        self.log(Level::Info, "read_again", message, fields);
        self.job = None;
        self.synced_through = None;
        self.read_again_from(watermark);
        self.update_phase(now);
    }

    /// Forgets what was known of the rows behind the watermark: of records with keys, others may have put older ones there.
    fn read_again_from(&mut self, watermark: Option<Micros>) {
        self.watermark = watermark;
        self.claims.clear();
        self.recent.clear();
        self.spans.clear();
        self.drained = None;
        self.looked_back_at = None;
        self.newest = None;
    }

    pub(super) fn probed(&mut self, metadata: TableMetadata, now: Now) {
        self.turn_day(now.source_micros);
        self.ever_streamed |= metadata.has_streaming_buffer;
        self.kind = match timestamp_kind(&metadata.schema, &self.config, &self.table) {
            Ok(kind) => kind,
            Err(failure) => return self.fail(&failure, now),
        };
        let attributes = self.attributes_of(&metadata.schema);
        self.metadata = metadata;
        match self.columns.replace(attributes.clone()) {
            Some(before) => self.report_schema_change(&before, &attributes),
            None => self.report_renames(),
        }
        self.state = State::EnsuringTable;
        if self.ensured.as_ref().is_some_and(|ensured| attributes.iter().all(|attribute| ensured.contains(attribute))) {
            self.table_ensured(now);
        } else {
            self.ensured = Some(attributes.clone());
            self.actions.push_back(Action::EnsureTable(attributes));
        }
    }

    pub(super) fn table_ensured(&mut self, now: Now) {
        match &mut self.state {
            State::Reading(reading) => reading.ensuring = false,
            State::EnsuringTable => self.choose_what_to_read(now),
            _ => {}
        }
    }

    pub(super) fn choose_what_to_read(&mut self, now: Now) {
        let trust = self.config.probe_trust;
        if let Some(job) = self.job.clone() {
            self.find_last_id(Next::Resume(job));
        } else if must_query(&self.metadata, self.drained.as_ref(), self.ever_streamed, trust, now.monotonic_ms) {
            self.begin_poll(now);
        } else {
            self.synced_through = Some(now.source_micros);
            self.recover();
            self.wait_for_next_poll(now);
        }
    }

    /// Reads from behind the watermark by the lookback on. While that holds many rows, most polls read from a little behind
    /// the newest row on; the others read what has changed besides.
    fn begin_poll(&mut self, now: Now) {
        let Some(slots) = self.slots else { return };
        self.poll = Poll { begun_at: now.source_micros, ..Poll::default() };
        let Some(watermark) = self.watermark else { return self.read_from(self.config.start_timestamp) };
        let start = self.config.start_timestamp.unwrap_or(time::MIN);
        let full = self.spans.start_of(watermark.saturating_sub(self.lookback())).max(start);
        let Some(newest) = self.newest.filter(|_| self.recent.is_full()) else { return self.read_from(Some(full)) };
        let near = self.recent.start_of_last(self.newest_rows / 2, newest);
        let near = self.spans.start_of(near).max(full);
        let pause = (self.lookback() / 2).unsigned_abs();
        let is_due = self.looked_back_at.is_none_or(|at| now.source_micros.abs_diff(at) >= pause);
        if !is_due {
            self.poll.is_partial = true;
            self.read_from(Some(near));
        } else if self.spans.is_empty() {
            self.read_from(Some(full));
        } else {
            self.state = State::CountingSpans { low: near };
            let window = Window { low: Some(full), high: Some(near) };
            let (column, width) = (&self.config.timestamp_column, self.spans.width());
            self.ask(sql::select_counts(&self.table, column, self.kind, &window, slots, width));
        }
    }

    fn read_from(&mut self, low: Option<Micros>) {
        if self.is_worth_cutting(low) {
            self.state = State::AskingPartitions { low };
            self.ask(sql::select_partitions(&self.table));
        } else {
            self.find_last_id(Next::Open(Window { low, high: None }));
        }
    }

    pub(super) fn lookback(&self) -> Micros {
        lookback_of(&self.config)
    }

    pub(super) fn is_worth_cutting(&self, low: Option<Micros>) -> bool {
        let by_our_column = self.metadata.time_partitioning.as_ref().is_some_and(|partitioning| {
            partitioning.field.as_ref().is_some_and(|column| column.eq_ignore_ascii_case(&self.config.timestamp_column))
        });
        by_our_column
            && self.metadata.num_bytes.is_some_and(|bytes| bytes > self.limits.window_bytes)
            && !self.poll.is_partial
            && (self.phase == Phase::Initial || low.is_none())
    }

    pub(super) fn ask(&mut self, query: sql::Query) {
        let job_id = self.name_job();
        self.actions.push_back(Action::Ask { job_id, query });
    }

    pub(super) fn asked(&mut self, rows: &[Vec<Option<String>>], now: Now) {
        match &self.state {
            State::AskingPartitions { low } => {
                let unit = self.metadata.time_partitioning.as_ref().expect("only partitioned tables are cut").unit;
                self.windows = window::of_partitions(rows, unit, *low, self.limits.window_bytes).into();
                self.open_next_window();
            }
            State::CountingSpans { low } => {
                let window = Window { low: Some(*low), high: None };
                self.poll.gaps = self.spans.changed(rows);
                self.find_last_id(Next::Open(window));
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

    pub(super) fn open_next_window(&mut self) {
        let window = self.windows.pop_front().expect("there is a window to open");
        self.find_last_id(Next::Open(window));
    }

    pub(super) fn find_last_id(&mut self, next: Next) {
        self.state = State::FindingLastId(next);
        self.actions.push_back(Action::FindLastId);
    }

    pub(super) fn last_id_found(&mut self, last_id: Option<RecordId>, now: Now) {
        let (State::FindingLastId(next), Some(slots)) = (&self.state, self.slots) else { return };
        let next = next.clone();
        self.update_phase(now);
        let (job, stage) = match next {
            Next::Resume(job) => (job, Stage::Draining),
            Next::Open(window) => {
                let job = JobProgress {
                    id: self.name_job(),
                    low: window.low,
                    high: window.high,
                    inserted_at: Some(self.poll.begun_at),
                    rows_done: 0,
                    total_rows: None,
                    max_timestamp: None,
                    is_partial: self.poll.is_partial,
                };
                (job, Stage::Announcing)
            }
        };
        let mut reading = Box::new(Reading::new(job, slots, stage, self.phase, last_id, now.monotonic_ms));
        let since = self.poll.begun_at.saturating_sub(self.lookback().saturating_mul(2));
        reading.spans = (stage == Stage::Announcing).then(|| Spans::new(self.lookback(), since));
        if stage == Stage::Announcing {
            self.write_checkpoint(ANNOUNCEMENT, Some(reading.job.clone()), now);
        } else {
            // The result's size is asked for anew: the job may never have been inserted.
            reading.job.total_rows = None;
        }
        self.state = State::Reading(reading);
    }
}
