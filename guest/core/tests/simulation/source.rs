//! A simulated BigQuery: one table, the jobs that read it, and what can go wrong with a request.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use fastrand::Rng;
use ingestor_core::config::TableConfig;
use ingestor_core::decode::{LayoutSettings, Page, PageDecoder};
use ingestor_core::failure::{Failure, FailureKind};
use ingestor_core::schema::Schema;
use ingestor_core::slots::{SlotRange, slot_of};
use ingestor_core::source::{PartitionUnit, TableMetadata, TimePartitioning};
use ingestor_core::sql::{ParameterKind, Query};
use ingestor_core::sync::PageFetch;
use ingestor_core::time::{self, MILLISECOND, Micros};

/// 2025-12-01T12:00:00Z, when every simulation begins.
pub const EPOCH: Micros = 1_764_590_400_000_000;

/// Rows whose name begins so have an array for a name.
pub const UNDECODABLE: &str = "undecodable";

/// The source's clock at a time of the simulation.
pub fn clock(at_ms: u64) -> Micros {
    EPOCH + i64::try_from(at_ms).expect("simulations are short") * MILLISECOND
}

/// One row of the table.
#[derive(Debug, Clone)]
pub struct Row {
    pub timestamp: Option<Micros>,
    pub name: String,
    /// From when on queries see it.
    pub visible_at_ms: u64,
    /// From when on the table's metadata count it: later than `visible_at_ms` for streamed rows.
    pub counted_at_ms: u64,
    pub deleted_at_ms: Option<u64>,
}

/// A query job and its result.
pub struct Job {
    rows: Vec<Row>,
    done: usize,
    pub inserted_at_ms: u64,
    complete_at_ms: u64,
    has_expired: bool,
}

/// What goes wrong with the next request that it can happen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Any request is answered with a failure, having done nothing.
    Fails(FailureKind),
    /// Any request takes effect, but its answer is lost.
    AnswerLost,
    /// The job fails.
    JobFails,
    /// A page has fewer rows than asked for.
    ShortPage,
    /// A page has none, but a token for the next one.
    EmptyPage,
    /// The job takes a while.
    SlowJob,
    /// No result can be read any more.
    ResultsExpire,
}

pub struct Source {
    pub rows: Vec<Row>,
    /// A job that would read more rows fails as too large, if they have more than one timestamp: no window is smaller.
    pub largest_result: usize,
    /// Bytes that a row counts as, in a table partitioned by day; 0 for a table without partitions.
    pub row_bytes: u64,
    pub faults: VecDeque<Fault>,
    pub counts: Counts,
    /// Type of the timestamp column.
    pub column_type: &'static str,
    jobs: BTreeMap<String, Job>,
    layout: Rc<LayoutSettings>,
    schema: Schema,
    schema_json: String,
}

#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub jobs: u64,
    /// Small queries: about partitions, bounds or counts.
    pub questions: u64,
    pub pages: u64,
    pub rows_read: u64,
    pub faults: u64,
}

impl Source {
    pub fn new(config: &TableConfig, column_type: &'static str) -> Self {
        let schema = serde_json::json!({ "fields": [
            { "name": "ts", "type": column_type }, { "name": "name", "type": "STRING" },
        ]});
        Self {
            rows: Vec::new(),
            largest_result: usize::MAX,
            row_bytes: 0,
            faults: VecDeque::new(),
            counts: Counts::default(),
            column_type,
            jobs: BTreeMap::new(),
            layout: Rc::new(LayoutSettings {
                timestamp_column: "ts".into(),
                key_columns: config.key_columns.clone(),
                numeric: config.numeric,
            }),
            schema_json: schema.to_string(),
            schema: serde_json::from_value(schema).expect("a schema"),
        }
    }

    /// A job that was inserted, whether or not its result can still be read.
    pub fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.get(id)
    }

    /// The first `done` rows of a job's result, but for those that this gave before.
    pub fn newly_done(&mut self, id: &str, done: usize) -> Vec<Row> {
        let Some(job) = self.jobs.get_mut(id) else { return Vec::new() };
        let before = job.done;
        job.done = before.max(done);
        job.rows.get(before..done).unwrap_or_default().to_vec()
    }

    /// A timestamp as the column can hold it.
    pub fn floor(&self, timestamp: Micros) -> Micros {
        if self.column_type == "DATE" { timestamp - timestamp.rem_euclid(time::DAY) } else { timestamp }
    }

    pub fn metadata(&mut self, now_ms: u64) -> Result<TableMetadata, Failure> {
        let lost = self.request_fails()?;
        let counted = |row: &&Row| row.counted_at_ms <= now_ms && row.deleted_at_ms.is_none();
        let num_rows = self.rows.iter().filter(counted).count() as u64;
        // Metadata learn of a buffer late, and of what it holds later.
        let streams = |row: &Row| row.visible_at_ms + 20_000 < now_ms && now_ms < row.counted_at_ms;
        let by_day = TimePartitioning { unit: PartitionUnit::Day, field: Some("ts".into()) };
        answer_unless(
            lost,
            TableMetadata {
                schema: self.schema.clone(),
                num_rows: Some(num_rows),
                num_bytes: Some(num_rows * self.row_bytes),
                has_streaming_buffer: self.rows.iter().any(streams),
                time_partitioning: (self.row_bytes > 0).then_some(by_day),
                ..TableMetadata::default()
            },
        )
    }

    /// A job whose result is these rows.
    pub fn insert_job(&mut self, id: String, mut rows: Vec<Row>, now_ms: u64, rng: &mut Rng) -> Result<(), Failure> {
        let lost = self.request_fails()?;
        self.counts.jobs += 1;
        let can_be_cut = rows.iter().any(|row| row.timestamp != rows[0].timestamp);
        if rows.len() > self.largest_result && can_be_cut {
            return Err(Failure::new(FailureKind::ResponseTooLarge, "responseTooLarge", "simulated"));
        }
        rng.shuffle(&mut rows);
        let complete_at_ms = now_ms + if self.takes(Fault::SlowJob) { rng.u64(100..30_000) } else { 0 };
        self.jobs.entry(id).or_insert(Job {
            rows,
            done: 0,
            inserted_at_ms: now_ms,
            complete_at_ms,
            has_expired: false,
        });
        answer_unless(lost, ())
    }

    pub fn page(&mut self, fetch: &PageFetch, now_ms: u64, rng: &mut Rng) -> Result<Page, Failure> {
        let lost = self.request_fails()?;
        if self.takes(Fault::ResultsExpire) {
            self.jobs.values_mut().for_each(|job| job.has_expired = true);
        }
        let Some(job) = self.jobs.get(&fetch.job_id).filter(|job| !job.has_expired) else {
            return Err(Failure::new(FailureKind::ResultExpired, "notFound", "simulated"));
        };
        if now_ms < job.complete_at_ms {
            return answer_unless(lost, self.decode(r#"{"jobComplete": false}"#, fetch));
        }
        self.counts.pages += 1;
        let (start, total) = ((fetch.start_index as usize).min(job.rows.len()), job.rows.len());
        let mut count = (fetch.max_rows as usize).min(total - start);
        let mut token = "";
        if count > 1 && self.takes(Fault::ShortPage) {
            count = rng.usize(1..count);
        }
        if count > 0 && fetch.page_token.is_none() && self.takes(Fault::EmptyPage) {
            (count, token) = (0, r#""pageToken": "go on", "#);
        }
        self.counts.rows_read += count as u64;
        let rows: Vec<String> =
            self.jobs[&fetch.job_id].rows[start..start + count].iter().map(|row| self.cells(row)).collect();
        let (schema, rows) = (&self.schema_json, rows.join(","));
        let body =
            format!(r#"{{"schema": {schema}, "totalRows": "{total}", {token}"jobComplete": true, "rows": [{rows}]}}"#);
        answer_unless(lost, self.decode(&body, fetch))
    }

    /// The answer to a query about partitions, bounds or counts.
    pub fn answer(&mut self, query: &Query, now_ms: u64) -> Result<Vec<Vec<Option<String>>>, Failure> {
        let lost = self.request_fails()?;
        self.counts.questions += 1;
        let rows = self.rows_in(query, now_ms);
        let timestamps = || rows.iter().filter_map(|row| row.timestamp);
        let answer = if query.sql.contains("PARTITIONS") {
            let days = counted(
                self.rows
                    .iter()
                    .filter(|row| is_visible(row, now_ms))
                    .filter_map(|row| Some(time::to_rfc3339(row.timestamp?)[..10].replace('-', ""))),
            );
            let bytes = |rows: u64| (rows * self.row_bytes).to_string();
            days.into_iter().map(|(day, rows)| [day, rows.to_string(), bytes(rows)].map(Some).into()).collect()
        } else if let Some((before, _)) = query.sql.split_once(") AS span") {
            let width: Micros = before.rsplit(' ').next().and_then(|text| text.parse().ok()).expect("a width");
            let mut spans: BTreeMap<Micros, (u64, Micros)> = BTreeMap::new();
            for micros in timestamps().map(|timestamp| timestamp - time::MIN) {
                let (rows, offsets) = spans.entry(micros / width).or_default();
                *rows += 1;
                *offsets += micros % width;
            }
            let texts = |(span, (rows, offsets)): (Micros, (u64, Micros))| {
                [span.to_string(), rows.to_string(), offsets.to_string()].map(Some).into()
            };
            spans.into_iter().map(texts).collect()
        } else {
            let text = |value: Option<Micros>| value.map(|micros| micros.to_string());
            vec![vec![text(timestamps().min()), text(timestamps().max()), Some(rows.len().to_string())]]
        };
        answer_unless(lost, answer)
    }

    /// The rows that a query selects now.
    pub fn rows_in(&self, query: &Query, now_ms: u64) -> Vec<Row> {
        let bound = |name: &str| {
            let parameter = query.parameters.iter().find(|parameter| parameter.name == name)?;
            let text = match parameter.kind {
                ParameterKind::Date => format!("{}T00:00:00Z", parameter.value),
                ParameterKind::DateTime => format!("{}Z", parameter.value),
                _ => parameter.value.clone(),
            };
            time::parse_rfc3339(&text)
        };
        let range = |(low, high): (&str, &str)| bound(low).unwrap_or(Micros::MIN)..bound(high).unwrap_or(Micros::MAX);
        let gaps = (0..8).map(|number| (format!("from{number}"), format!("to{number}")));
        let mut ranges = vec![range(("low", "high"))];
        ranges.extend(gaps.filter(|(from, _)| bound(from).is_some()).map(|(from, to)| range((&from, &to))));
        let slots = slots_of(&query.sql);
        let is_in = |row: &&Row| {
            let is_in =
                |timestamp| ranges.iter().any(|range| range.contains(&timestamp)) && slots.contains(slot_of(timestamp));
            is_visible(row, now_ms) && row.timestamp.is_some_and(is_in)
        };
        self.rows.iter().filter(is_in).cloned().collect()
    }

    /// What a row is stored as, without what Harper adds.
    pub fn record(&self, row: &Row) -> String {
        format!(r#""ts":"{}","name":"{}"}}"#, self.stored_timestamp(row.timestamp.expect("only dated rows")), row.name)
    }

    fn stored_timestamp(&self, timestamp: Micros) -> String {
        let text = time::to_rfc3339(timestamp);
        match self.column_type {
            "DATE" => text[..10].to_owned(),
            "DATETIME" => text[..text.len() - 1].to_owned(),
            _ => text,
        }
    }

    fn cells(&self, row: &Row) -> String {
        let timestamp = row.timestamp.expect("only dated rows are selected");
        let text =
            if self.column_type == "TIMESTAMP" { timestamp.to_string() } else { self.stored_timestamp(timestamp) };
        if row.name.starts_with(UNDECODABLE) {
            return format!(r#"{{"f":[{{"v":"{text}"}},{{"v":["{}"]}}]}}"#, row.name);
        }
        format!(r#"{{"f":[{{"v":"{text}"}},{{"v":"{}"}}]}}"#, row.name)
    }

    fn decode(&self, body: &str, fetch: &PageFetch) -> Page {
        let mut decoder = PageDecoder::new(self.layout.clone(), fetch.layout.clone(), 0);
        decoder.push(body.as_bytes()).expect("an answer of BigQuery");
        decoder.finish().expect("a whole answer of BigQuery")
    }

    /// Whether the answer of a request that takes effect is lost; fails when it has no effect.
    fn request_fails(&mut self) -> Result<bool, Failure> {
        let kind = self.faults.iter().find_map(|fault| match fault {
            Fault::Fails(kind) => Some(*kind),
            _ => None,
        });
        if let Some(kind) = kind.filter(|kind| self.takes(Fault::Fails(*kind))) {
            return Err(Failure::new(kind, "simulated", "simulated"));
        }
        if self.takes(Fault::JobFails) {
            return Err(Failure::of_job("backendError", "simulated"));
        }
        Ok(self.takes(Fault::AnswerLost))
    }

    fn takes(&mut self, fault: Fault) -> bool {
        let Some(position) = self.faults.iter().position(|candidate| *candidate == fault) else { return false };
        self.counts.faults += 1;
        self.faults.remove(position).is_some()
    }
}

/// The slots that a query reads.
fn slots_of(sql: &str) -> SlotRange {
    let Some((_, ends)) = sql.split_once(" BETWEEN ") else { return SlotRange::ALL };
    let mut numbers = ends.split(' ').filter_map(|word| word.parse().ok());
    let (first, last) = numbers.next().zip(numbers.next()).expect("a range has two ends");
    SlotRange::new(first, last).expect("slots")
}

fn is_visible(row: &Row, now_ms: u64) -> bool {
    row.visible_at_ms <= now_ms && row.deleted_at_ms.is_none_or(|at| at > now_ms)
}

fn counted<T: Ord>(values: impl Iterator<Item = T>) -> BTreeMap<T, u64> {
    let mut counts = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    counts
}

fn answer_unless<T>(lost: bool, answer: T) -> Result<T, Failure> {
    if lost { Err(Failure::new(FailureKind::Transient, "connectionReset", "simulated")) } else { Ok(answer) }
}
