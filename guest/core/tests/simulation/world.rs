//! A whole world around one table's sync: BigQuery, Harper, a clock and a worker that may crash between any two events. One
//! seed decides everything that happens in it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use fastrand::Rng;
use ingestor_core::checkpoint::{self, Checkpoint};
use ingestor_core::config::{self, TableConfig};
use ingestor_core::decode::{LayoutSettings, Page, PageDecoder};
use ingestor_core::failure::{Failure, FailureKind};
use ingestor_core::record_id::RecordId;
use ingestor_core::schema::Schema;
use ingestor_core::source::{PartitionUnit, TableMetadata, TimePartitioning};
use ingestor_core::sql::{ParameterKind, Query};
use ingestor_core::sync::{Action, AuditRecord, Event, Limits, Now, PageFetch, RefusedRow, StorageFailure, TableSync};
use ingestor_core::time::{self, MILLISECOND, Micros};

/// One row of the simulated BigQuery table.
#[derive(Debug, Clone)]
pub struct Row {
    pub timestamp: Option<Micros>,
    pub name: String,
    /// When it became visible to queries, in milliseconds of the simulated clock.
    pub visible_at_ms: u64,
}

/// What can go wrong, each as a chance from 0 to 1 at every occasion.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trouble {
    pub crash: f64,
    pub request_fails: f64,
    pub result_expires: f64,
    pub short_page: f64,
    pub empty_page: f64,
    pub storage_fails: f64,
}

pub struct World {
    pub rows: Vec<Row>,
    pub stored: BTreeMap<String, String>,
    /// What `stored` holds, without what Harper adds.
    contents: BTreeSet<String>,
    pub audits: Vec<AuditRecord>,
    pub trouble: Trouble,
    pub counts: Counts,
    /// A job that would read more rows fails as too large.
    pub largest_result: usize,
    /// Bytes that a row counts as, in a table partitioned by day; 0 for a table without partitions.
    pub row_bytes: u64,
    /// Rows whose name contains this are refused by storage.
    pub refused_name: Option<String>,
    pub now_ms: u64,
    column_type: &'static str,
    config: TableConfig,
    jobs: BTreeMap<String, Job>,
    checkpoints: BTreeMap<String, Checkpoint>,
    worker: TableSync,
    pending: Vec<Pending>,
    rng: Rng,
}

#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub jobs: u64,
    /// Small queries, about partitions or bounds.
    pub questions: u64,
    pub pages: u64,
    pub crashes: u64,
    pub rows_written: u64,
}

struct Job {
    rows: Vec<Row>,
    inserted_at_ms: u64,
}

struct Pending {
    due_ms: u64,
    /// Storage carries writes out in the order they were asked for.
    order: u64,
    generation: u64,
    deed: Deed,
}

enum Deed {
    Tell(Event),
    WriteRows { commit: u64, records: Vec<(String, String)> },
    WriteCheckpoint { commit: u64, checkpoint: Box<Checkpoint> },
}

const PROJECT: &str = "p";
/// 2025-12-01T12:00:00Z
pub const EPOCH: Micros = 1_764_590_400_000_000;

impl World {
    pub fn new(seed: u64, table: &str) -> Self {
        Self::with_column_type(seed, table, "TIMESTAMP")
    }

    /// `table` has the settings of the table besides its names, as JSON members.
    pub fn with_column_type(seed: u64, table: &str, column_type: &'static str) -> Self {
        let text = format!(
            r#"{{"bigquery": {{"projectId": "{PROJECT}", "tables": [{{"id": "t", "dataset": "d", "table": "t",
                "timestampColumn": "ts", "targetTable": "T", {table}}}]}}}}"#
        );
        let (config, errors) = config::parse(&text);
        assert_eq!(errors, []);
        let config = config.expect("a configuration").tables.remove(0);
        let mut rng = Rng::with_seed(seed);
        let worker = TableSync::new(config.clone(), PROJECT, "n-0", rng.u64(..), Limits::default());
        Self {
            rows: Vec::new(),
            stored: BTreeMap::new(),
            contents: BTreeSet::new(),
            audits: Vec::new(),
            trouble: Trouble::default(),
            counts: Counts::default(),
            largest_result: usize::MAX,
            row_bytes: 0,
            refused_name: None,
            now_ms: 0,
            column_type,
            config,
            jobs: BTreeMap::new(),
            checkpoints: BTreeMap::new(),
            worker,
            pending: Vec::new(),
            rng,
        }
    }

    /// Adds a row that is visible from now on.
    pub fn add(&mut self, timestamp: Micros, name: impl Into<String>) {
        self.rows.push(Row { timestamp: Some(timestamp), name: name.into(), visible_at_ms: self.now_ms });
    }

    /// Lets `ms` milliseconds pass.
    pub fn run_for(&mut self, ms: u64) {
        let end_ms = self.now_ms + ms;
        while self.now_ms < end_ms {
            self.turn(end_ms);
        }
    }

    /// A new worker that knows of no checkpoint, as after somebody emptied that table.
    pub fn forget_checkpoints(&mut self) {
        self.checkpoints.clear();
        self.pending.clear();
        self.worker = TableSync::new(self.config.clone(), PROJECT, "n-0", self.rng.u64(..), Limits::default());
    }

    fn now(&self) -> Now {
        let elapsed = i64::try_from(self.now_ms).unwrap() * MILLISECOND;
        Now { monotonic_ms: self.now_ms, source_micros: EPOCH + elapsed }
    }

    fn happens(&mut self, chance: f64) -> bool {
        chance > 0.0 && self.rng.f64() < chance
    }

    /// One event, or the passing of time until there is one.
    fn turn(&mut self, end_ms: u64) {
        if self.happens(self.trouble.crash) {
            self.crash();
        }
        while let Some(action) = self.worker.poll(self.now()) {
            self.carry_out(action);
        }
        let next = self.pending.iter().enumerate().min_by_key(|(_, pending)| (pending.due_ms, pending.order));
        let wake_ms = self.worker.wake_at_ms().unwrap_or(u64::MAX);
        match next.map(|(position, pending)| (position, pending.due_ms)) {
            Some((position, due_ms)) if due_ms <= wake_ms.max(self.now_ms) && due_ms < end_ms => {
                self.now_ms = self.now_ms.max(due_ms);
                let pending = self.pending.remove(position);
                self.happen(pending);
            }
            _ => self.now_ms = wake_ms.clamp(self.now_ms + 1, end_ms.max(self.now_ms + 1)),
        }
    }

    /// Whatever the worker knew is gone; writes it asked for may or may not still happen, in their order.
    fn crash(&mut self) {
        self.counts.crashes += 1;
        self.pending.sort_by_key(|pending| pending.order);
        let survivors = self.rng.usize(..=self.pending.len());
        for pending in std::mem::take(&mut self.pending).into_iter().take(survivors) {
            match pending.deed {
                Deed::Tell(_) => {}
                Deed::WriteRows { records, .. } => {
                    let kept = self.rng.usize(..=records.len());
                    let is_whole = kept == records.len();
                    self.store(records.into_iter().take(kept));
                    if !is_whole {
                        break;
                    }
                }
                Deed::WriteCheckpoint { checkpoint, .. } => self.store_checkpoint(*checkpoint),
            }
        }
        self.worker = TableSync::new(self.config.clone(), PROJECT, "n-0", self.rng.u64(..), Limits::default());
    }

    fn carry_out(&mut self, action: Action) {
        let fails = self.happens(self.trouble.request_fails);
        let event = match action {
            Action::LoadCheckpoints => {
                let records: Vec<&Checkpoint> = self.checkpoints.values().collect();
                let json = serde_json::to_string(&records).unwrap();
                let loaded = checkpoint::parse_all(&json);
                Event::CheckpointsLoaded(self.storage_outcome(loaded))
            }
            Action::Probe if fails => Event::Probed(Err(outage())),
            Action::Probe => Event::Probed(Ok(self.metadata())),
            Action::EnsureTable(_) => Event::TableEnsured(self.storage_outcome(())),
            Action::FindLastId => {
                let last = self.stored.last_key_value().map(|(id, _)| RecordId(id.as_bytes().try_into().unwrap()));
                Event::LastIdFound(Ok(last))
            }
            Action::InsertJob { .. } if fails => Event::JobInserted(Err(outage())),
            Action::InsertJob { job_id, query } => Event::JobInserted(self.insert_job(job_id, &query)),
            Action::FetchPage(fetch) => {
                let page = if fails { Err(outage()) } else { self.page(&fetch) };
                Event::PageFetched { segment: fetch.segment, page }
            }
            Action::Ask { query, .. } => Event::Asked(Ok(self.answer(&query))),
            Action::FindMissing { segment, ids } => {
                let is_missing = |(_, id): &(usize, &RecordId)| !self.stored.contains_key(id.as_str());
                let missing = ids.iter().enumerate().filter(is_missing).map(|(position, _)| position as u32).collect();
                Event::MissingFound { segment, missing: Ok(missing) }
            }
            Action::ReadTimestamps { segment, ids } => {
                let timestamp = |id: &RecordId| {
                    let record: serde_json::Value = serde_json::from_str(self.stored.get(id.as_str())?).unwrap();
                    time::parse_rfc3339(record["ts"].as_str()?)
                };
                Event::TimestampsRead { segment, timestamps: Ok(ids.iter().map(timestamp).collect()) }
            }
            Action::WriteRows { commit } => {
                let batch = self.worker.rows_to_write(commit);
                let text = |index| String::from_utf8(batch.record_json(index).to_vec()).unwrap();
                let ids = batch.rows.iter().map(|row| row.id.as_str().to_owned());
                let records = ids.enumerate().map(|(index, id)| (id, text(index))).collect();
                return self.schedule(Deed::WriteRows { commit, records });
            }
            Action::WriteCheckpoint { commit, checkpoint } => {
                return self.schedule(Deed::WriteCheckpoint { commit, checkpoint });
            }
            Action::Audit(record) => return self.audits.push(record),
            Action::Log(_) => return,
        };
        self.schedule(Deed::Tell(event));
    }

    fn schedule(&mut self, deed: Deed) {
        let order = self.pending.iter().map(|pending| pending.order).max().unwrap_or(0) + 1;
        let mut due_ms = self.now_ms + self.rng.u64(0..50);
        if !matches!(deed, Deed::Tell(_)) {
            let writes = self.pending.iter().filter(|pending| !matches!(pending.deed, Deed::Tell(_)));
            due_ms = writes.map(|pending| pending.due_ms).max().unwrap_or(0).max(due_ms);
        }
        self.pending.push(Pending { due_ms, order, generation: self.worker.generation(), deed });
    }

    fn happen(&mut self, pending: Pending) {
        let event = match pending.deed {
            Deed::Tell(event) => event,
            Deed::WriteRows { commit, records } => {
                let is_refused =
                    |json: &str| self.refused_name.as_ref().is_some_and(|name| json.contains(name.as_str()));
                let refused: Vec<RefusedRow> = records
                    .iter()
                    .enumerate()
                    .filter(|(_, (_, json))| is_refused(json))
                    .map(|(index, _)| RefusedRow { index, reason: "not allowed here".into() })
                    .collect();
                let outcome = self.storage_outcome(refused);
                if outcome.is_ok() {
                    self.counts.rows_written += records.len() as u64;
                    let refused_name = self.refused_name.clone();
                    self.store(records.into_iter().filter(|(_, json)| !is_refused_by(&refused_name, json)));
                }
                Event::RowsWritten { commit, refused: outcome }
            }
            Deed::WriteCheckpoint { commit, checkpoint } => {
                let outcome = self.storage_outcome(());
                if outcome.is_ok() {
                    self.store_checkpoint(*checkpoint);
                }
                Event::CheckpointWritten { commit, outcome }
            }
        };
        if pending.generation == self.worker.generation() {
            self.worker.handle(event, self.now());
        }
    }

    fn store(&mut self, records: impl Iterator<Item = (String, String)>) {
        for (id, json) in records {
            self.contents.insert(content(&json));
            self.stored.insert(id, json);
        }
    }

    fn storage_outcome<T>(&mut self, value: T) -> Result<T, StorageFailure> {
        if self.happens(self.trouble.storage_fails) {
            Err(StorageFailure::Unavailable("disk full".into()))
        } else {
            Ok(value)
        }
    }

    /// The invariant: a checkpoint claims nothing that is not stored.
    fn store_checkpoint(&mut self, checkpoint: Checkpoint) {
        if let Some(progress) = &checkpoint.job
            && let Some(job) = self.jobs.get(&progress.id)
        {
            let done = &job.rows[..progress.rows_done as usize];
            self.assert_stored(done, "rows done of a job");
        }
        let drained_at = self.checkpoints.get(&checkpoint.id).and_then(|before| before.job.as_ref());
        if let (Some(watermark), Some(progress), None) = (checkpoint.last_timestamp, drained_at, &checkpoint.job)
            && let Some(job) = self.jobs.get(&progress.id)
        {
            let at_ms = job.inserted_at_ms;
            let claimed = |row: &&Row| row.visible_at_ms <= at_ms && row.timestamp.is_some_and(|ts| ts <= watermark);
            let claimed: Vec<Row> = self.rows.iter().filter(claimed).cloned().collect();
            // Rows that came in later than the lookback are beyond what a watermark can promise.
            let lookback = self.config.lookback_ms;
            let on_time = |row: &Row| {
                EPOCH + row.visible_at_ms as i64 * MILLISECOND <= row.timestamp.unwrap() + lookback as i64 * MILLISECOND
            };
            let claimed: Vec<Row> = claimed.into_iter().filter(|row| row.visible_at_ms == 0 || on_time(row)).collect();
            self.assert_stored(&claimed, "rows up to the watermark");
        }
        self.checkpoints.insert(checkpoint.id.clone(), checkpoint);
    }

    fn assert_stored(&self, rows: &[Row], what: &str) {
        if !self.config.key_columns.is_empty() {
            // A later row of the same key has taken the place of an earlier one.
            return;
        }
        let audited: String = self.audits.iter().map(|audit| audit.content.as_str()).collect();
        for row in rows {
            let wanted = self.expected(row);
            let is_refused = is_refused_by(&self.refused_name, &row.name);
            assert!(
                self.contents.contains(&wanted) || is_refused || audited.contains(&row.name),
                "claimed {what}, but lacks {wanted}"
            );
        }
    }

    fn metadata(&self) -> TableMetadata {
        let num_rows = self.rows.len() as u64;
        let by_day = TimePartitioning { unit: PartitionUnit::Day, field: Some("ts".into()) };
        TableMetadata {
            schema: self.schema(),
            num_rows: Some(num_rows),
            num_bytes: Some(num_rows * self.row_bytes),
            time_partitioning: (self.row_bytes > 0).then_some(by_day),
            ..TableMetadata::default()
        }
    }

    /// The answer to a query about partitions or bounds.
    fn answer(&mut self, query: &Query) -> Vec<Vec<Option<String>>> {
        self.counts.questions += 1;
        if query.sql.contains("PARTITIONS") {
            let mut days: BTreeMap<String, u64> = BTreeMap::new();
            for row in &self.rows {
                let day = time::to_rfc3339(row.timestamp.unwrap())[..10].replace('-', "");
                *days.entry(day).or_default() += 1;
            }
            let bytes = |rows: u64| rows * self.row_bytes;
            return days
                .into_iter()
                .map(|(day, rows)| [day, rows.to_string(), bytes(rows).to_string()].map(Some).into())
                .collect();
        }
        let timestamps = || self.rows_in(query).into_iter().filter_map(|row| row.timestamp);
        let text = |value: Option<Micros>| value.map(|micros| micros.to_string());
        vec![vec![text(timestamps().min()), text(timestamps().max()), Some(timestamps().count().to_string())]]
    }

    fn schema(&self) -> Schema {
        let json = format!(
            r#"{{"fields": [{{"name": "ts", "type": "{}"}}, {{"name": "name", "type": "STRING"}}]}}"#,
            self.column_type
        );
        serde_json::from_str(&json).unwrap()
    }

    fn insert_job(&mut self, id: String, query: &Query) -> Result<(), Failure> {
        self.counts.jobs += 1;
        let mut rows = self.rows_in(query);
        if rows.len() > self.largest_result {
            return Err(Failure::new(FailureKind::ResponseTooLarge, "responseTooLarge", "simulated"));
        }
        self.rng.shuffle(&mut rows);
        self.jobs.entry(id).or_insert(Job { rows, inserted_at_ms: self.now_ms });
        Ok(())
    }

    /// The rows that a query selects now.
    fn rows_in(&self, query: &Query) -> Vec<Row> {
        let bound = |name: &str| {
            let parameter = query.parameters.iter().find(|parameter| parameter.name == name)?;
            let text = match parameter.kind {
                ParameterKind::Date => format!("{}T00:00:00Z", parameter.value),
                ParameterKind::DateTime => format!("{}Z", parameter.value),
                _ => parameter.value.clone(),
            };
            Some(time::parse_rfc3339(&text).unwrap())
        };
        let (low, high) = (bound("low").unwrap_or(Micros::MIN), bound("high").unwrap_or(Micros::MAX));
        let is_in =
            |row: &&Row| row.visible_at_ms <= self.now_ms && row.timestamp.is_some_and(|ts| low <= ts && ts < high);
        self.rows.iter().filter(is_in).cloned().collect()
    }

    fn page(&mut self, fetch: &PageFetch) -> Result<Page, Failure> {
        self.counts.pages += 1;
        if self.happens(self.trouble.result_expires) {
            self.jobs.remove(&fetch.job_id);
        }
        let (short, empty) = (self.happens(self.trouble.short_page), self.happens(self.trouble.empty_page));
        let cut = self.rng.usize(1..=fetch.max_rows as usize);
        let Some(job) = self.jobs.get(&fetch.job_id) else { return Err(gone()) };
        let start = (fetch.start_index as usize).min(job.rows.len());
        let mut count = (fetch.max_rows as usize).min(job.rows.len() - start);
        if short {
            count = count.min(cut);
        }
        let mut token = String::new();
        if empty && fetch.page_token.is_none() && count > 0 {
            count = 0;
            token = r#""pageToken": "go on", "#.into();
        }
        let value = |row: &Row| {
            let ts = row.timestamp.unwrap();
            let text = if self.column_type == "DATE" { time::to_rfc3339(ts)[..10].to_owned() } else { ts.to_string() };
            format!(r#"{{"f":[{{"v":"{text}"}},{{"v":"{}"}}]}}"#, row.name)
        };
        let rows: Vec<String> = job.rows[start..start + count].iter().map(value).collect();
        let body = format!(
            r#"{{"schema": {}, "totalRows": "{}", {token}"jobComplete": true, "rows": [{}]}}"#,
            serde_json::to_string(&self.schema()).unwrap(),
            job.rows.len(),
            rows.join(",")
        );
        let settings = LayoutSettings {
            timestamp_column: "ts".into(),
            key_columns: self.config.key_columns.clone(),
            numeric: self.config.numeric,
        };
        let mut decoder = PageDecoder::new(Rc::new(settings), fetch.layout.clone(), 0);
        decoder.push(body.as_bytes()).unwrap();
        Ok(decoder.finish().unwrap())
    }

    /// What a row is stored as, without what Harper adds.
    fn expected(&self, row: &Row) -> String {
        let ts = time::to_rfc3339(row.timestamp.unwrap());
        let ts = if self.column_type == "DATE" { ts[..10].to_owned() } else { ts };
        format!(r#""ts":"{ts}","name":"{}"}}"#, row.name)
    }

    /// Asserts that what is stored is what a fresh full read of the table gives, but for rows that were refused.
    pub fn assert_equal(&self) {
        let dated =
            self.rows.iter().filter(|row| row.timestamp.is_some() && !is_refused_by(&self.refused_name, &row.name));
        let wanted: BTreeSet<String> = dated.map(|row| self.expected(row)).collect();
        let got: BTreeSet<String> = self.stored.values().map(|json| content(json)).collect();
        let lost: Vec<_> = wanted.difference(&got).take(3).collect();
        let foreign: Vec<_> = got.difference(&wanted).take(3).collect();
        assert!(lost.is_empty() && foreign.is_empty(), "lost {lost:?}, foreign {foreign:?}");
        assert_eq!(self.stored.len(), wanted.len(), "every distinct row is one record");
    }
}

fn is_refused_by(refused_name: &Option<String>, text: &str) -> bool {
    refused_name.as_ref().is_some_and(|name| text.contains(name.as_str()))
}

/// A record without `id` and `_syncedAt`, which come first.
fn content(json: &str) -> String {
    json[json.find(r#""ts":"#).expect("a record has its timestamp")..].to_owned()
}

fn outage() -> Failure {
    Failure::new(FailureKind::Transient, "backendError", "simulated")
}

fn gone() -> Failure {
    Failure::new(FailureKind::ResultExpired, "notFound", "simulated")
}
