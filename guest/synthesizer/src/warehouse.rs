//! BigQuery, as the synthesizer needs it: one question after the other.

use ingestor_bigquery::{Answer, Answered, Call, Client, DatasetMetadata, JobOptions, TableDefinition};
use ingestor_core::failure::{Failure, FailureKind};
use ingestor_core::source::TableMetadata;
use ingestor_core::sql::{Query, TableRef};
use ingestor_core::time::{MILLISECOND, Micros};
use serde_json::json;
use wasip2::clocks::monotonic_clock;
use wasip2::random::random;

use crate::report;

const NANOS_PER_MS: u64 = 1_000_000;
/// How long BigQuery may take before it says that a query is still running.
const LONG_POLL_MS: u64 = 10_000;
/// Pause between two looks at a load job.
const LOOK_INTERVAL_MS: u64 = 250;
const LONGEST_SLEEP_MS: u64 = 60_000;

/// A client, and what it is asked.
pub struct Warehouse {
    pub client: Client,
}

impl Warehouse {
    /// None when there is no such dataset.
    pub fn dataset(&mut self, dataset: &str) -> Result<Option<DatasetMetadata>, Failure> {
        let call = self.client.get_dataset(dataset);
        match absent(self.complete(call))? {
            Some(Answer::Dataset(metadata)) => Ok(Some(metadata)),
            _ => Ok(None),
        }
    }

    pub fn create_dataset(&mut self, dataset: &str) -> Result<(), Failure> {
        let call = self.client.create_dataset(dataset);
        self.complete(call).map(drop)
    }

    /// None when there is no such table.
    pub fn table(&mut self, table: &TableRef) -> Result<Option<TableMetadata>, Failure> {
        let call = self.client.get_table(table);
        match absent(self.complete(call))? {
            Some(Answer::Table(metadata)) => Ok(Some(metadata)),
            _ => Ok(None),
        }
    }

    pub fn create_table(&mut self, table: &TableRef, definition: &TableDefinition) -> Result<(), Failure> {
        let call = self.client.create_table(table, definition);
        self.complete(call).map(drop)
    }

    pub fn delete_table(&mut self, table: &TableRef) -> Result<(), Failure> {
        let call = self.client.delete_table(table);
        absent(self.complete(call)).map(drop)
    }

    /// Runs a query to its end; the rows are for `SELECT`.
    pub fn query(&mut self, sql: String) -> Result<Vec<Vec<Option<String>>>, Failure> {
        let job_id = format!("maritime_query_{:016x}", random::get_random_u64());
        let labels = vec![("application".to_owned(), "maritime-data-synthesizer".to_owned())];
        let query = Query { sql, parameters: Vec::new() };
        let call = self.client.insert_query_job(&job_id, &query, &JobOptions { maximum_bytes_billed: None, labels });
        self.complete(call)?;
        loop {
            let call = self.client.get_rows(&job_id, LONG_POLL_MS);
            if let Answer::Rows(Some(Answered { rows, .. })) = self.complete(call)? {
                return Ok(rows);
            }
        }
    }

    /// Waits until a load job is through.
    pub fn await_job(&mut self, job_id: &str) -> Result<(), Failure> {
        loop {
            let call = self.client.get_job(job_id);
            match self.complete(call)? {
                Answer::Job(job) if job.is_done => return Ok(()),
                _ => self.sleep_ms(LOOK_INTERVAL_MS),
            }
        }
    }

    /// Sees a call through, and tells of its repetitions.
    pub fn complete(&mut self, mut call: Call) -> Result<Answer, Failure> {
        loop {
            let outcome = call.advance(&mut self.client);
            if let Some(retry) = call.take_retry() {
                let message = format!("{}: {}", call.method(), retry.failure);
                report::event(&json!({ "event": "waiting", "message": message, "afterMs": retry.after_ms }));
            }
            if let Some(outcome) = outcome {
                return outcome;
            }
            self.client.wait(&[&call], u64::MAX);
        }
    }

    /// Now, by BigQuery's clock as far as it is known.
    pub fn now(&self) -> Micros {
        self.client.source_now_micros()
    }

    /// Sleeps until BigQuery's clock shows a moment, or a little longer; but never for long, in case a clock is set.
    pub fn sleep_until(&mut self, moment: Micros) {
        let wait_ms = (moment - self.now()) / MILLISECOND + 1;
        self.sleep_ms(u64::try_from(wait_ms).unwrap_or(0).min(LONGEST_SLEEP_MS));
    }

    fn sleep_ms(&mut self, duration_ms: u64) {
        let until_ns = monotonic_clock::now().saturating_add(duration_ms.saturating_mul(NANOS_PER_MS));
        while monotonic_clock::now() < until_ns {
            self.client.wait(&[], until_ns);
        }
    }
}

fn absent(outcome: Result<Answer, Failure>) -> Result<Option<Answer>, Failure> {
    match outcome {
        Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
        outcome => outcome.map(Some),
    }
}

/// A cell that holds an INT64.
pub fn integer(cell: &Option<String>) -> Option<i64> {
    cell.as_deref()?.parse().ok()
}
