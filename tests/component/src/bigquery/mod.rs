//! A simulated BigQuery: tables in memory behind the REST API, with the habits that the emulator lacks (byte-limited
//! pages, unfinished jobs, expiring results and tokens, its own clock).

mod job;
mod query;
mod routes;
mod table;
mod tokens;

pub use job::Job;
pub(crate) use routes::error;
pub use table::{Column, Table};
pub use tokens::Tokens;

use crate::http::Server;
use crate::values::Value;
use ingestor_core::checkpoint::Checkpoint;
use ingestor_core::claims::Claim;
use ingestor_core::slots::slot_of;
use ingestor_core::time::{Micros, to_rfc3339};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

/// The project that everything is in.
pub const PROJECT: &str = "harbour";

/// How BigQuery tells that a query is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueryErrors {
    /// HTTP 400 for the request that starts the job.
    #[default]
    AtOnce,
    /// The job is accepted and has failed, as in the emulator; asking for its result is answered with HTTP 400.
    InTheJob,
    /// The job looks fine, and its result is HTTP 200 with `errors`, no rows and an empty schema: the emulator's `jobs.query`.
    InAnOkAnswer,
}

/// Habits that tests change.
#[derive(Debug, Clone, Default)]
pub struct Habits {
    /// Rows a page at the most, whatever was asked for.
    pub page_rows: Option<usize>,
    /// Bytes of rows a page at the most, but always one row.
    pub page_bytes: Option<usize>,
    /// Pages that come without rows, but with a token, before the first that has some.
    pub empty_pages: u32,
    /// Answers of `jobComplete: false` before a job is done.
    pub incomplete_answers: u32,
    /// Timestamps as float seconds, even if micros are asked for.
    pub float_timestamps: bool,
    /// `pageToken` after `rows`, as in the emulator.
    pub token_after_rows: bool,
    /// How wrong queries are reported.
    pub query_errors: QueryErrors,
    /// How far BigQuery's clock is ahead of ours.
    pub clock_ahead_ms: i64,
    /// Pages until the results of all jobs so far are gone, as they are in BigQuery after 24 hours.
    pub results_expire_after: Option<u32>,
    /// Reason and message that every query fails with.
    pub query_failure: Option<(&'static str, &'static str)>,
    /// Whether the account lacks every permission.
    pub forbids_all: bool,
}

/// Everything that the simulated BigQuery knows.
#[derive(Default)]
pub struct State {
    /// By `project.dataset.table`.
    tables: BTreeMap<String, Table>,
    /// By job id.
    pub jobs: BTreeMap<String, Job>,
    /// Query jobs that were run, in order; a repeated insert of the same id runs none.
    pub jobs_run: Vec<String>,
    /// How it behaves.
    pub habits: Habits,
    /// Who is let in.
    pub tokens: Tokens,
}

impl State {
    /// The table of this name.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn table(&self, name: &str) -> &Table {
        self.tables.values().find(|table| table.name == name).expect("a table of this name")
    }

    /// Adds a table, or replaces it.
    pub fn add_table(&mut self, mut table: Table) {
        table.modified_ms = self.now_ms();
        self.tables.insert(format!("{PROJECT}.{}.{}", table.dataset, table.name), table);
    }

    /// Adds rows to a table; jobs that have been run do not see them.
    ///
    /// # Panics
    /// When there is no such table.
    pub fn insert(&mut self, table: &str, rows: impl IntoIterator<Item = Vec<Value>>) {
        let now_ms = self.now_ms();
        let table = self.tables.values_mut().find(|known| known.name == table).expect("a table of this name");
        table.rows.extend(rows);
        table.modified_ms = now_ms.max(table.modified_ms + 1);
    }

    fn expire_results(&mut self) {
        self.jobs.values_mut().for_each(|job| job.is_expired = true);
    }

    /// Checks a `SyncCheckpoint` record: whether `is_stored` holds for every row that it claims, which are those of its job that
    /// are done, and what earlier jobs found in its slots, up to its watermark. Returns the first that is missing.
    ///
    /// # Panics
    /// When it is no such record.
    pub fn find_broken_claim(
        &self,
        checkpoint: &Json,
        timestamp_column: &str,
        is_stored: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let checkpoint: Checkpoint = serde_json::from_value(checkpoint.clone()).expect("a checkpoint");
        let current = checkpoint.job.as_ref().and_then(|progress| Some((progress, self.jobs.get(&progress.id)?)));
        if let Some((progress, job)) = current {
            let rows_done = progress.rows_done as usize;
            let missing = job.contents().iter().take(rows_done).find(|content| !is_stored(content));
            if let Some(content) = missing {
                return Some(format!("{rows_done} rows of {} done, but not {content}", job.id));
            }
        }
        let claims: Vec<Claim> = checkpoint.all_claims().collect();
        let source = checkpoint.source.split('/').next().unwrap_or_default();
        let is_claimed =
            |at: Micros| claims.iter().any(|claim| at <= claim.watermark && claim.slots.contains(slot_of(at)));
        let earlier = self
            .reads()
            .filter(|job| current.is_none_or(|(_, it)| it.id != job.id) && job.reads_from() == Some(source));
        earlier.filter(|job| !claims.is_empty() && !job.is_stored.get()).find_map(|job| {
            let rows = job.times(timestamp_column).zip(job.contents());
            let mut missing = rows.filter(|(_, content)| !is_stored(content)).peekable();
            // What is stored stays stored.
            job.is_stored.set(missing.peek().is_none());
            let (at, content) = missing.find(|(at, _)| is_claimed(*at))?;
            Some(format!("slot {} up to {}, but not {content} of {}", slot_of(at), to_rfc3339(at), job.id))
        })
    }

    /// Jobs that read rows.
    pub fn reads(&self) -> impl Iterator<Item = &Job> {
        self.jobs_run.iter().filter_map(|id| self.jobs.get(id)).filter(|job| job.reads_from().is_some())
    }

    /// BigQuery's clock, in milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        let ours = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
        ours.as_millis() as i64 + self.habits.clock_ahead_ms
    }
}

/// The server with its state.
pub struct BigQuery {
    server: Server,
    state: Arc<Mutex<State>>,
}

impl BigQuery {
    /// Starts a server with these tables.
    #[must_use]
    pub fn start(tables: Vec<Table>) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        let server = Server::start(move |request| routes::answer(&mut lock(&shared), request));
        let bigquery = Self { server, state };
        tables.into_iter().for_each(|table| bigquery.state().add_table(table));
        bigquery
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// What it knows. Not answering while this is held.
    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// A second handle to what it knows.
    #[must_use]
    pub fn shared_state(&self) -> Arc<Mutex<State>> {
        self.state.clone()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{content, timestamp};
    use ingestor_core::slots::SlotRange;
    use serde_json::json;

    /// A table of two rows, and a job that has read them.
    fn read_table() -> State {
        let rows = ["2025-12-01T12:00:00Z", "2025-12-01T12:00:01Z"].map(|at| vec![timestamp(at)]);
        let mut state = State::default();
        state.add_table(Table::new("calls", vec![Column::new("ts", "TIMESTAMP")]).with_rows(rows));
        let query =
            json!({ "query": "SELECT * FROM `harbour.fleet.calls` WHERE `ts` IS NOT NULL", "useLegacySql": false });
        let job = json!({ "jobReference": { "jobId": "j" }, "configuration": { "query": query } });
        let request = crate::http::Request {
            method: "POST".into(),
            path: format!("/bigquery/v2/projects/{PROJECT}/jobs"),
            query: Vec::new(),
            target: String::new(),
            headers: Vec::new(),
            body: job.to_string().into_bytes(),
        };
        assert_eq!(routes::answer(&mut state, &request).status, 200);
        state
    }

    /// The checkpoint of a worker that reads these slots.
    fn checkpoint(slots: SlotRange, watermark: Option<&str>, job: Option<(&str, u64)>) -> Json {
        json!({
            "id": "calls:node1-0",
            "tableId": "calls",
            "nodeId": "node1-0",
            "slots": slots.to_string(),
            "source": format!("{PROJECT}.fleet.calls/ts"),
            "lastTimestamp": watermark,
            "recordsIngested": 0,
            "lastSyncTime": null,
            "phase": "initial",
            "batchSize": 1,
            "lagSeconds": null,
            "jobId": job.map(|(id, _)| id),
            "job": job.map(|(id, rows_done)| json!({
                "id": id, "low": null, "high": null, "insertedAt": null, "rowsDone": rows_done, "totalRows": 2, "maxTimestamp": null
            })),
            "error": null,
        })
    }

    const FIRST: &str = "2025-12-01T12:00:00Z";
    const SECOND: &str = "2025-12-01T12:00:01Z";

    #[test]
    fn claims_of_rows_that_are_not_stored_are_found_out() {
        let mut state = read_table();
        let first = content(&state.table("calls").records("ts")[0]);
        let is_broken = |state: &State, watermark, job| {
            let checkpoint = checkpoint(SlotRange::ALL, watermark, job);
            state.find_broken_claim(&checkpoint, "ts", |content| content == first).is_some()
        };
        assert!(!is_broken(&state, None, Some(("j", 1))));
        assert!(is_broken(&state, None, Some(("j", 2))));
        assert!(!is_broken(&state, Some(FIRST), None));
        assert!(is_broken(&state, Some(SECOND), None));
        assert!(
            !is_broken(&state, Some(SECOND), Some(("j", 1))),
            "what the job under way found is claimed by its rows done"
        );

        state.insert("calls", [vec![timestamp("2025-12-01T11:59:59Z")]]);
        assert!(!is_broken(&state, Some(FIRST), None), "no job has seen it, so nothing was claimed");
    }

    #[test]
    fn a_claim_is_about_its_slots_and_no_others() {
        let state = read_table();
        let slot = |at: &str| slot_of(table::parse_micros(at).expect("a timestamp"));
        let only = |slot| SlotRange::new(slot, slot).expect("a slot");
        let is_broken = |checkpoint: &Json| state.find_broken_claim(checkpoint, "ts", |_| false).is_some();
        let others = SlotRange::ALL.without(only(slot(FIRST))).find(|slots| !slots.contains(slot(SECOND)));

        assert!(is_broken(&checkpoint(only(slot(FIRST)), Some(FIRST), None)));
        assert!(!is_broken(&checkpoint(only(slot(SECOND)), Some(FIRST), None)), "its row is later");
        assert!(is_broken(&checkpoint(only(slot(SECOND)), Some(SECOND), None)));
        let others = others.expect("slots of neither row");
        let mut with_earlier = checkpoint(others, Some(SECOND), None);
        assert!(!is_broken(&with_earlier));
        with_earlier["claims"] = json!([{ "slots": only(slot(FIRST)).to_string(), "lastTimestamp": FIRST }]);
        assert!(is_broken(&with_earlier), "claims from before the slots changed count as well");
    }

    #[test]
    fn queries_of_unknown_shape_are_refused() {
        let state = read_table();
        let tables = &state.tables;
        for sql in [
            "SELECT * FROM `harbour.fleet.calls` WHERE `ts` IS NOT NULL; DROP TABLE x",
            "SELECT * FROM `harbour.fleet.calls` JOIN `other`",
            "SELECT * FROM `harbour.fleet.calls` WHERE `ts` > @unknown",
            "SELECT `nothing` FROM `harbour.fleet.calls`",
            "SELECT SUM(`ts`) AS total FROM `harbour.fleet.calls`",
            "SELECT * FROM `harbour.fleet.calls` WHERE (MOD(UNIX_MICROS(`ts`), 4)) BETWEEN 0 AND 1",
            "DELETE FROM `harbour.fleet.calls`",
        ] {
            assert!(query::run(sql, &json!([]), tables).is_err(), "{sql}");
        }
    }
}
