//! What the sync's queries cost: counted, told day by day, and warned of before the bill comes.

use serde::Serialize;

use super::{Level, State, TableSync};
use crate::checkpoint::Checkpoint;
use crate::config::TableConfig;
use crate::cost::{self, Day, Days, Scan};
use crate::decode::Page;
use crate::slots::SlotRange;
use crate::source::TableMetadata;
use crate::time::Micros;

/// Polls that may come to more than this a day are warned of: about 23 dollars a month.
const WORTH_A_WARNING_BYTES_A_DAY: u64 = 128 << 30;

/// What the queries of this worker came to.
#[derive(Debug, Default)]
pub(super) struct Spending {
    pub days: Days,
    /// The job whose result was counted last. Its pages all tell of the same scan.
    counted_job: Option<String>,
    /// What to do about polls that cost more than they need to.
    advice: Option<String>,
}

/// What a table's queries cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CostStatus {
    /// The last days, today first; none before the first query.
    pub days: Vec<DayStatus>,
    /// How to make polls cheaper, if they are expensive.
    pub advice: Option<String>,
}

/// What a table's queries cost within a day.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DayStatus {
    /// The day.
    #[serde(flatten)]
    pub day: Day,
    /// At BigQuery's on-demand price.
    pub estimated_usd: f64,
}

impl Spending {
    pub fn status(&self) -> CostStatus {
        let days = self.days.latest_first();
        let days = days.map(|day| DayStatus { day: day.clone(), estimated_usd: rounded_usd(day.bytes_billed) });
        CostStatus { days: days.collect(), advice: self.advice.clone() }
    }
}

impl TableSync {
    /// Counts a query that ran at this time of the source's clock beside the sync's own: a small one, or one of a
    /// validation.
    pub fn count_query(&mut self, scan: Scan, at: Micros) {
        self.turn_day(at);
        self.spending.days.add(scan.bytes_billed());
    }

    /// Tells what the last day came to, once it is over.
    pub(super) fn turn_day(&mut self, at: Micros) {
        let Some(Day { day, query_jobs, bytes_billed }) = self.spending.days.turn_to(at) else { return };
        let usd = rounded_usd(bytes_billed);
        let message = format!("{day}: {query_jobs} query jobs, {} billed, about ${usd}", shown_bytes(bytes_billed));
        let fields = serde_json::json!({ "day": day, "queryJobs": query_jobs, "bytesBilled": bytes_billed, "estimatedUsd": usd });
        self.log(Level::Info, "cost", message, fields);
    }

    /// What was counted before a restart goes on.
    pub(super) fn recall_spending(&mut self, own: &Checkpoint) {
        if self.spending.days.is_empty() {
            self.spending.days = own.cost.clone();
            // Of a job that no page was stored of, no checkpoint has the count.
            let counted = own.job.as_ref().filter(|job| job.rows_done > 0);
            self.spending.counted_job = counted.map(|job| job.id.clone());
        }
    }

    /// Counts the job that this page is of, unless a page before told of it.
    pub(super) fn count_result(&mut self, page: &Page, at: Micros) {
        let State::Reading(reading) = &mut self.state else { return };
        if !page.job_complete || self.spending.counted_job.as_ref() == Some(&reading.job.id) {
            return;
        }
        self.spending.counted_job = Some(reading.job.id.clone());
        let bytes_billed = page.scan().bytes_billed();
        reading.bytes_billed = bytes_billed;
        // A first read scans everything, however the table is laid out; what a poll costs shows later.
        let is_poll = self.watermark.is_some() && reading.job.high.is_none();
        self.count_query(page.scan(), at);
        if is_poll {
            self.judge_polls(bytes_billed);
        }
    }

    /// Warns, once, of polls that scan a whole table and come to a lot.
    fn judge_polls(&mut self, bytes_billed: u64) {
        let a_day = cost::bytes_a_day(bytes_billed, self.config.poll_interval_ms);
        let is_dear = a_day > WORTH_A_WARNING_BYTES_A_DAY && !is_partitioned_by(&self.metadata, &self.config);
        let had_advice = self.spending.advice.is_some();
        self.spending.advice = is_dear.then(|| self.advice_on_polls(bytes_billed));
        let Some(advice) = self.spending.advice.clone().filter(|_| !had_advice) else { return };
        let usd = rounded_usd(a_day);
        let message = format!(
            "each poll with news scans {}; one every {} s comes to {} or ${usd:.2} a day. {advice}",
            shown_bytes(bytes_billed),
            self.config.poll_interval_ms as f64 / 1_000.0,
            shown_bytes(a_day),
        );
        let fields = serde_json::json!({
            "bytesBilled": bytes_billed, "bytesADay": a_day, "estimatedUsdADay": usd, "advice": advice,
        });
        self.log(Level::Warn, "expensive_polls", message, fields);
    }

    fn advice_on_polls(&self, bytes_billed: u64) -> String {
        let polls_a_day = (WORTH_A_WARNING_BYTES_A_DAY / bytes_billed).max(1);
        let interval_s = 86_400_u64.div_ceil(polls_a_day);
        let column = &self.config.timestamp_column;
        let readers = if self.slots == Some(SlotRange::ALL) { "" } else { ", `readers: 1`" };
        format!(
            "Partition {} by `{column}`, so that a poll scans its latest partition only; or read fewer `columns`{readers}, \
             or set `sync.pollInterval` to {interval_s} s or more.",
            self.table
        )
    }
}

fn is_partitioned_by(metadata: &TableMetadata, config: &TableConfig) -> bool {
    let column = metadata.time_partitioning.as_ref().and_then(|partitioning| partitioning.field.as_ref());
    column.is_some_and(|column| column.eq_ignore_ascii_case(&config.timestamp_column))
}

/// To a hundredth of a cent.
fn rounded_usd(bytes_billed: u64) -> f64 {
    (cost::price_usd(bytes_billed) * 10_000.0).round() / 10_000.0
}

/// In the largest unit of which there is one.
fn shown_bytes(bytes: u64) -> String {
    let units = [("TiB", 1_u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20)];
    let (unit, size) = units.into_iter().find(|(_, size)| bytes >= *size).unwrap_or(("MiB", 1 << 20));
    format!("{:.1} {unit}", bytes as f64 / size as f64)
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::config::{self, NumericForm};
    use crate::decode::{LayoutSettings, PageDecoder};
    use crate::sync::{Action, Event, Limits, Notice, Now};
    use crate::time::{HOUR, SECOND};

    const NOON: Micros = 1_765_886_400_000_000;
    const HALF_A_MINUTE_MS: u64 = 30_000;

    /// A table whose every query reads so many bytes, and what came of its sync.
    struct Scene {
        sync: TableSync,
        partitioned_by: Option<&'static str>,
        bytes_processed: u64,
        elapsed_ms: u64,
        changes: u64,
        stored: Option<Checkpoint>,
        notices: Vec<Notice>,
    }

    impl Scene {
        fn new(bytes_processed: u64) -> Self {
            let text = r"bigquery: {projectId: p, dataset: d, table: t, timestampColumn: ts}";
            let (config, errors) = config::parse(text);
            assert_eq!(errors, []);
            let sync = TableSync::new(config.unwrap().tables.remove(0), "p", "a-0", 1, Limits::default());
            let notices = Vec::new();
            Self { sync, partitioned_by: None, bytes_processed, elapsed_ms: 0, changes: 0, stored: None, notices }
        }

        fn now(&self) -> Now {
            Now { monotonic_ms: self.elapsed_ms, source_micros: NOON + self.elapsed_ms as Micros * 1_000 }
        }

        /// Polls once, with news.
        fn poll_with_news(&mut self) {
            self.changes += 1;
            self.poll();
        }

        fn poll(&mut self) {
            while let Some(action) = self.sync.poll(self.now()) {
                if let Some(event) = self.carry_out(action) {
                    self.sync.handle(event, self.now());
                }
            }
            self.elapsed_ms += HALF_A_MINUTE_MS;
        }

        fn carry_out(&mut self, action: Action) -> Option<Event> {
            Some(match action {
                Action::LoadCheckpoints => Event::CheckpointsLoaded(Ok(self.stored.clone().into_iter().collect())),
                Action::Probe => Event::Probed(Ok(self.metadata())),
                Action::EnsureTable(_) => Event::TableEnsured(Ok(())),
                Action::FindLastId => Event::LastIdFound(Ok(None)),
                Action::FindMissing { segment, .. } => Event::MissingFound { segment, missing: Ok(vec![]) },
                Action::WriteCheckpoint { commit, checkpoint } => {
                    self.stored = Some(*checkpoint);
                    Event::CheckpointWritten { commit, outcome: Ok(()) }
                }
                Action::InsertJob { .. } => Event::JobInserted(Ok(())),
                Action::FetchPage(fetch) => Event::PageFetched { segment: fetch.segment, page: Ok(self.page()) },
                Action::WriteRows { commit } => Event::RowsWritten { commit, refused: Ok(vec![]) },
                Action::Log(notice) => {
                    self.notices.push(notice);
                    return None;
                }
                other => panic!("nobody asked for {other:?}"),
            })
        }

        fn metadata(&self) -> TableMetadata {
            let partitioning = self.partitioned_by.map(|field| serde_json::json!({ "type": "DAY", "field": field }));
            let schema = serde_json::json!({ "fields": [{ "name": "ts", "type": "TIMESTAMP" }] });
            let table = serde_json::json!({
                "schema": schema, "numRows": "1", "numBytes": "1", "lastModifiedTime": self.changes.to_string(),
                "timePartitioning": partitioning,
            });
            serde_json::from_value(table).unwrap()
        }

        /// The whole result: a single row.
        fn page(&self) -> Page {
            let row = serde_json::json!({ "f": [{ "v": (self.now().source_micros - SECOND).to_string() }] });
            let answer = serde_json::json!({
                "schema": { "fields": [{ "name": "ts", "type": "TIMESTAMP" }] }, "jobComplete": true, "rows": [row],
                "totalRows": "1", "totalBytesProcessed": self.bytes_processed.to_string(), "cacheHit": false,
            });
            let (timestamp_column, key_columns) = ("ts".into(), Vec::new());
            let layout = LayoutSettings { timestamp_column, key_columns, numeric: NumericForm::String };
            let mut decoder = PageDecoder::new(Rc::new(layout), None, 0);
            decoder.push(answer.to_string().as_bytes()).unwrap();
            decoder.finish().unwrap()
        }

        fn told(&self, event: &str) -> Vec<&Notice> {
            self.notices.iter().filter(|notice| notice.event == event).collect()
        }

        fn today(&self) -> (u64, u64) {
            let cost = self.sync.status(self.now()).cost;
            cost.days.first().map_or((0, 0), |today| (today.day.query_jobs, today.day.bytes_billed))
        }
    }

    #[test]
    fn every_query_is_counted_once_with_what_it_is_billed() {
        let mut scene = Scene::new(1 << 30);
        scene.poll_with_news();
        scene.poll_with_news();
        scene.poll();
        assert_eq!(scene.today(), (2, 2 << 30), "the last poll found nothing changed and ran no query");
        let scan = Scan { bytes_processed: Some(1), is_cached: false };
        scene.sync.count_query(scan, scene.now().source_micros);
        assert_eq!(scene.today(), (3, (2 << 30) + (10 << 20)));
        assert_eq!(scene.told("cycle").last().unwrap().fields["bytesBilled"], 1 << 30);
    }

    #[test]
    fn what_was_counted_survives_a_restart() {
        let mut scene = Scene::new(1 << 30);
        scene.poll_with_news();
        let elapsed_ms = scene.elapsed_ms;
        let restarted = Scene { stored: scene.stored, elapsed_ms, changes: 1, ..Scene::new(1 << 30) };
        let mut scene = restarted;
        scene.poll_with_news();
        assert_eq!(scene.today(), (2, 2 << 30));
    }

    #[test]
    fn a_day_that_is_over_is_told_with_its_price_even_if_nothing_changes_any_more() {
        let mut scene = Scene::new(1 << 40);
        scene.poll_with_news();
        scene.elapsed_ms += (13 * HOUR / 1_000) as u64;
        scene.poll();
        let told = scene.told("cost");
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].message, "2025-12-16: 1 query jobs, 1.0 TiB billed, about $6.25");
        let fields = serde_json::json!({
            "day": "2025-12-16", "queryJobs": 1, "bytesBilled": 1_u64 << 40, "estimatedUsd": 6.25, "tableId": "t",
        });
        assert_eq!(told[0].fields, fields);
    }

    #[test]
    fn an_unpartitioned_table_that_is_polled_often_is_warned_of_once_with_advice() {
        let mut scene = Scene::new(20_000 << 20);
        for _ in 0..4 {
            scene.poll_with_news();
        }
        let told = scene.told("expensive_polls");
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].level, Level::Warn);
        assert_eq!(
            told[0].message,
            "each poll with news scans 19.5 GiB; one every 30 s comes to 54.9 TiB or $343.32 a day. Partition p.d.t by \
             `ts`, so that a poll scans its latest partition only; or read fewer `columns`, or set `sync.pollInterval` to \
             14400 s or more."
        );
        let advice = scene.sync.status(scene.now()).cost.advice;
        assert!(advice.is_some_and(|advice| told[0].message.ends_with(&advice)));
    }

    #[test]
    fn a_first_read_a_small_table_and_a_partitioned_one_are_no_reason_to_warn() {
        let mut first = Scene::new(20_000 << 20);
        first.poll_with_news();
        let mut small = Scene::new(10 << 20);
        let mut partitioned = Scene { partitioned_by: Some("ts"), ..Scene::new(20_000 << 20) };
        for scene in [&mut small, &mut partitioned] {
            scene.poll_with_news();
            scene.poll_with_news();
        }
        for scene in [first, small, partitioned] {
            assert!(scene.told("expensive_polls").is_empty());
            assert_eq!(scene.sync.status(scene.now()).cost.advice, None);
        }
    }

    #[test]
    fn a_table_that_is_partitioned_by_another_column_is_warned_of() {
        let mut scene = Scene { partitioned_by: Some("loaded_at"), ..Scene::new(20_000 << 20) };
        scene.poll_with_news();
        scene.poll_with_news();
        assert_eq!(scene.told("expensive_polls").len(), 1);
    }
}
