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
        let (now_ms, unseen_by) = (self.now_ms(), self.reads().count());
        let table = self.tables.values_mut().find(|known| known.name == table).expect("a table of this name");
        table.rows.extend(rows.into_iter().map(|cells| table::Row { cells, unseen_by }));
        table.modified_ms = now_ms.max(table.modified_ms + 1);
    }

    fn expire_results(&mut self) {
        self.jobs.values_mut().for_each(|job| job.is_expired = true);
    }

    /// Checks a `SyncCheckpoint` record: whether `is_stored` holds for every row that it claims. Returns the first that is
    /// missing.
    ///
    /// # Panics
    /// When the checkpoint names a job that was never run.
    pub fn find_broken_claim(
        &self,
        checkpoint: &Json,
        timestamp_column: &str,
        is_stored: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let current = checkpoint["job"]["id"].as_str();
        if let Some(job) = current.and_then(|id| self.jobs.get(id)) {
            let rows_done = checkpoint["job"]["rowsDone"].as_u64().unwrap_or_default() as usize;
            let missing = job.contents().iter().take(rows_done).find(|content| !is_stored(content));
            if let Some(content) = missing {
                return Some(format!("{rows_done} rows of {} done, but not {content}", job.id));
            }
        }
        let watermark = checkpoint["lastTimestamp"].as_str().and_then(table::parse_micros)?;
        // What the job under way has found is claimed by `rowsDone` only.
        let seen_by = self.reads().filter(|job| Some(job.id.as_str()) != current).count();
        let source = checkpoint["source"].as_str().unwrap_or_default().split('/').next().unwrap_or_default();
        let table = self.tables.get(source)?;
        let position = table.position(timestamp_column)?;
        let claimed = table.rows.iter().filter(|row| {
            row.unseen_by < seen_by && table::micros(&row.cells[position]).is_some_and(|at| at <= watermark)
        });
        claimed
            .map(|row| crate::values::content(&table::record(&table.columns, &row.cells)))
            .find(|content| !is_stored(content))
            .map(|content| format!("everything up to {}, but not {content}", checkpoint["lastTimestamp"]))
    }

    /// Jobs that read rows.
    pub fn reads(&self) -> impl Iterator<Item = &Job> {
        self.jobs_run.iter().filter_map(|id| self.jobs.get(id)).filter(|job| job.reads_rows())
    }

    /// BigQuery's clock.
    fn now_ms(&self) -> i64 {
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

    #[test]
    fn claims_of_rows_that_are_not_stored_are_found_out() {
        let mut state = read_table();
        let first = content(&state.table("calls").records("ts")[0]);
        let only_first = |content: &str| content == first;
        let claim = |rows_done: u64, watermark: &str| {
            json!({
                "source": format!("{PROJECT}.fleet.calls/ts"),
                "lastTimestamp": watermark,
                "job": { "id": if rows_done > 0 { "j" } else { "none" }, "rowsDone": rows_done },
            })
        };
        assert_eq!(state.find_broken_claim(&claim(1, ""), "ts", only_first), None);
        assert!(state.find_broken_claim(&claim(2, ""), "ts", only_first).is_some());
        assert_eq!(state.find_broken_claim(&claim(0, "2025-12-01T12:00:00Z"), "ts", only_first), None);
        assert!(state.find_broken_claim(&claim(0, "2025-12-01T12:00:01Z"), "ts", only_first).is_some());

        state.insert("calls", [vec![timestamp("2025-12-01T11:59:59Z")]]);
        let late = state.find_broken_claim(&claim(0, "2025-12-01T12:00:00Z"), "ts", only_first);
        assert_eq!(late, None, "no job has seen it, so nothing was claimed");
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
            "DELETE FROM `harbour.fleet.calls`",
        ] {
            assert!(query::run(sql, &json!([]), tables).is_err(), "{sql}");
        }
    }
}
