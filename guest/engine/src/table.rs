//! One table under way: carries out what its sync asks for, and tells it what came of it.

use std::rc::Rc;

use ingestor_bigquery::{Answer, Call, Client, JobOptions, PageRequest, Retry};
use ingestor_core::checkpoint::Checkpoint;
use ingestor_core::cluster::Cluster;
use ingestor_core::config::TableConfig;
use ingestor_core::decode::{LayoutSettings, PageDecoder};
use ingestor_core::failure::Failure;
use ingestor_core::sync::{
    Action, Event, Level, Limits, Notice, Now, PageFetch, StorageFailure, TableStatus, TableSync,
};

use crate::bindings::harperdb::bigquery_ingestor::storage::Write;
use crate::{log, store};

/// How long BigQuery may wait for a job to complete before it answers that it has not.
pub const LONG_POLL_MS: u64 = 10_000;
/// Marks our jobs in BigQuery's job list and in billing exports.
const LABEL: &str = "harper-bigquery-ingestor";

/// A table's sync, its requests in flight and its writes under way.
pub struct Table {
    pub sync: TableSync,
    layout_settings: Rc<LayoutSettings>,
    requests: Vec<Request>,
    /// The generation of the sync that `requests` and writes belong to.
    generation: u64,
    /// Whether it was said that there are checkpoints of another make.
    has_told_foreign: bool,
}

struct Request {
    purpose: Purpose,
    call: Call,
    /// When the answer had not begun yet; none once the sync knows that it has.
    silent_until_ms: Option<u64>,
}

#[derive(Clone)]
enum Purpose {
    Probe,
    InsertJob,
    FetchPage {
        segment: u64,
    },
    /// A small query: its job is being inserted.
    InsertQuestion {
        job_id: String,
    },
    /// A small query: its result is being read.
    ReadAnswer {
        job_id: String,
    },
}

/// A write that storage has not confirmed yet.
pub struct PendingWrite {
    /// Position of the table.
    pub table: usize,
    generation: u64,
    kind: WriteKind,
    write: Write,
}

enum WriteKind {
    Rows { commit: u64 },
    Checkpoint { commit: u64 },
}

impl Table {
    pub fn new(config: TableConfig, project_id: &str, node_id: &str, seed: u64) -> Self {
        let layout_settings = Rc::new(LayoutSettings {
            timestamp_column: config.timestamp_column.clone(),
            key_columns: config.key_columns.clone(),
            numeric: config.numeric,
        });
        let sync = TableSync::new(config, project_id, node_id, seed, Limits::default());
        Self { sync, layout_settings, requests: Vec::new(), generation: 0, has_told_foreign: false }
    }

    pub fn layout_settings(&self) -> &Rc<LayoutSettings> {
        &self.layout_settings
    }

    /// How the sync stands, and which of its requests is being repeated.
    pub fn status(&self, now: Now) -> TableStatus {
        let mut status = self.sync.status(now);
        let troubled = self.calls().filter_map(|call| Some((call.method(), call.trouble()?)));
        if let Some((method, trouble)) = troubled.min_by_key(|(_, trouble)| trouble.since_ms) {
            let [since, due] = [trouble.since_ms, trouble.due_ms].map(|at_ms| now.source_at(at_ms));
            status.show_repetition(method, &trouble.failure, since, due);
        }
        status
    }

    /// Requests in flight.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.requests.iter().map(|request| &request.call)
    }

    /// Reads what falls to this worker from now on.
    pub fn share(&mut self, cluster: &Cluster, now: Now) {
        let config = self.sync.config();
        let slots = cluster.slots_of(&config.id, config.readers);
        self.sync.set_slots(slots, now);
        self.give_up_outdated();
    }

    /// Does everything that the sync asks for now. Returns whether there was anything.
    pub fn start_work(
        &mut self,
        position: usize,
        client: &mut Client,
        now: Now,
        writes: &mut Vec<PendingWrite>,
    ) -> bool {
        let mut has_worked = false;
        while let Some(action) = self.sync.poll(now) {
            has_worked = true;
            self.carry_out(action, position, client, now, writes);
            self.give_up_outdated();
        }
        has_worked
    }

    fn carry_out(
        &mut self,
        action: Action,
        position: usize,
        client: &mut Client,
        now: Now,
        writes: &mut Vec<PendingWrite>,
    ) {
        let target_table = self.sync.config().target_table.clone();
        let event = match action {
            Action::Probe => return self.request(Purpose::Probe, client.get_table(self.sync.table()), now),
            Action::InsertJob { job_id, query } => {
                let call = client.insert_query_job(&job_id, &query, &self.job_options());
                return self.request(Purpose::InsertJob, call, now);
            }
            Action::Ask { job_id, query } => {
                let call = client.insert_query_job(&job_id, &query, &self.job_options());
                return self.request(Purpose::InsertQuestion { job_id }, call, now);
            }
            Action::FetchPage(fetch) => {
                let segment = fetch.segment;
                let call = self.fetch_page(fetch, client, now);
                return self.request(Purpose::FetchPage { segment }, call, now);
            }
            Action::WriteRows { commit } => {
                let write = store::write_rows(&target_table, self.sync.rows_to_write(commit));
                return writes.push(self.pending(position, WriteKind::Rows { commit }, write));
            }
            Action::WriteCheckpoint { commit, checkpoint } => {
                let write = store::write_checkpoint(&checkpoint);
                return writes.push(self.pending(position, WriteKind::Checkpoint { commit }, write));
            }
            Action::LoadCheckpoints => Event::CheckpointsLoaded(self.load_checkpoints()),
            Action::EnsureTable(attributes) => Event::TableEnsured(store::ensure_table(&target_table, &attributes)),
            Action::FindLastId => Event::LastIdFound(store::last_id(&target_table)),
            Action::FindMissing { segment, ids } => {
                Event::MissingFound { segment, missing: store::find_missing(&target_table, &ids) }
            }
            Action::ReadTimestamps { segment, ids } => {
                let column = &self.sync.config().timestamp_column;
                Event::TimestampsRead { segment, timestamps: store::read_timestamps(&target_table, column, &ids) }
            }
            Action::Audit(record) => {
                if let Err(failure) = store::append_audit(&record) {
                    let fields = serde_json::json!({ "tableId": record.table_id, "recordId": record.record_id, "reason": record.reason });
                    let message = format!("a rejected row could not be written to SyncAudit: {failure}");
                    log::notice(&Notice { level: Level::Error, event: "audit_failed", message, fields });
                }
                return;
            }
            Action::Log(notice) => return log::notice(&notice),
        };
        self.sync.handle(event, now);
    }

    fn load_checkpoints(&mut self) -> Result<Vec<Checkpoint>, StorageFailure> {
        let id = &self.sync.config().id;
        let (checkpoints, foreign) = store::load_checkpoints(id)?;
        if !foreign.is_empty() && !self.has_told_foreign {
            self.has_told_foreign = true;
            let message =
                format!("{} records in SyncCheckpoint are of another make: they count for nothing", foreign.len());
            let fields = serde_json::json!({ "tableId": id, "ids": foreign });
            log::notice(&Notice { level: Level::Warn, event: "foreign_claims", message, fields });
        }
        Ok(checkpoints)
    }

    fn fetch_page(&self, fetch: PageFetch, client: &Client, now: Now) -> Call {
        let page = PageRequest {
            start_index: fetch.start_index,
            max_results: fetch.max_rows,
            page_token: fetch.page_token,
            timeout_ms: LONG_POLL_MS,
        };
        let (settings, layout, synced_at) = (self.layout_settings.clone(), fetch.layout, now.source_micros);
        let new_decoder = Box::new(move || PageDecoder::new(settings.clone(), layout.clone(), synced_at));
        client.get_query_results(&fetch.job_id, &page, new_decoder)
    }

    fn request(&mut self, purpose: Purpose, call: Call, now: Now) {
        self.requests.push(Request { purpose, call, silent_until_ms: Some(now.monotonic_ms) });
    }

    fn pending(&self, table: usize, kind: WriteKind, write: Write) -> PendingWrite {
        PendingWrite { table, generation: self.generation, kind, write }
    }

    pub fn job_options(&self) -> JobOptions {
        let config = self.sync.config();
        JobOptions {
            maximum_bytes_billed: config.maximum_bytes_billed,
            labels: vec![("application".into(), LABEL.into())],
        }
    }

    /// Takes in what has arrived. Returns whether there was anything to be done, or is more.
    pub fn advance_requests(&mut self, client: &mut Client, now: Now) -> bool {
        let mut has_worked = false;
        let mut index = 0;
        while index < self.requests.len() {
            let Request { purpose, call, silent_until_ms } = &mut self.requests[index];
            let answer = call.advance(client);
            has_worked |= answer.is_some() || call.has_more();
            let has_begun = call.has_begun() || matches!(answer, Some(Ok(_)));
            if !has_begun && let Some(until_ms) = silent_until_ms {
                *until_ms = now.monotonic_ms;
            } else if let Purpose::FetchPage { segment } = *purpose
                && let Some(silent_until_ms) = silent_until_ms.take()
            {
                self.sync.handle(Event::PageBegun { segment, silent_until_ms }, now);
            }
            if let Some(retry) = call.take_retry() {
                let method = call.method();
                self.log_retry(method, &retry);
            }
            let Some(answer) = answer else {
                index += 1;
                continue;
            };
            let purpose = self.requests.swap_remove(index).purpose;
            if let Some(event) = self.event_of(purpose, answer, client, now) {
                self.sync.handle(event, now);
            }
            self.give_up_outdated();
        }
        has_worked
    }

    fn log_retry(&self, method: &str, retry: &Retry) {
        let failure = &retry.failure;
        let fields = serde_json::json!({
            "tableId": self.sync.config().id, "method": method, "reason": failure.reason, "status": failure.status,
            "attempt": retry.attempt, "retryInMs": retry.after_ms,
        });
        let message = format!("{method}: {failure}; trying again in {} ms", retry.after_ms);
        log::notice(&Notice { level: Level::Warn, event: "retry", message, fields });
    }

    fn event_of(
        &mut self,
        purpose: Purpose,
        answer: Result<Answer, Failure>,
        client: &mut Client,
        now: Now,
    ) -> Option<Event> {
        let event = match (purpose, answer) {
            (Purpose::Probe, Ok(Answer::Table(metadata))) => Event::Probed(Ok(metadata)),
            (Purpose::Probe, Err(failure)) => Event::Probed(Err(failure)),
            (Purpose::InsertJob, Ok(Answer::Job(_))) => Event::JobInserted(Ok(())),
            (Purpose::InsertJob, Err(failure)) => Event::JobInserted(Err(failure)),
            (Purpose::FetchPage { segment }, Ok(Answer::Page(page))) => Event::PageFetched { segment, page: Ok(page) },
            (Purpose::FetchPage { segment }, Err(failure)) => Event::PageFetched { segment, page: Err(failure) },
            (Purpose::InsertQuestion { job_id }, Ok(Answer::Job(_)))
            | (Purpose::ReadAnswer { job_id }, Ok(Answer::Rows(None))) => {
                let call = client.get_rows(&job_id, LONG_POLL_MS);
                self.request(Purpose::ReadAnswer { job_id }, call, now);
                return None;
            }
            (Purpose::ReadAnswer { .. }, Ok(Answer::Rows(Some(answered)))) => {
                self.sync.count_query(answered.scan, now.source_micros);
                Event::Asked(Ok(answered.rows))
            }
            (Purpose::InsertQuestion { .. } | Purpose::ReadAnswer { .. }, Err(failure)) => Event::Asked(Err(failure)),
            (_, Ok(_)) => unreachable!("each call has its own kind of answer"),
        };
        Some(event)
    }

    /// Drops what the sync does not wait for any more.
    fn give_up_outdated(&mut self) {
        if self.generation != self.sync.generation() {
            self.generation = self.sync.generation();
            self.requests.clear();
        }
    }
}

impl PendingWrite {
    /// Waits until storage confirms, and tells the sync.
    pub fn finish(self, table: &mut Table, now: impl FnOnce() -> Now) {
        let outcome = store::finish(&self.write);
        if self.generation != table.generation {
            return;
        }
        let event = match self.kind {
            WriteKind::Rows { commit } => Event::RowsWritten { commit, refused: outcome },
            WriteKind::Checkpoint { commit } => Event::CheckpointWritten { commit, outcome: outcome.map(|_| ()) },
        };
        table.sync.handle(event, now());
        table.give_up_outdated();
    }
}
