//! BigQuery, as the benchmark needs it: one question after the other.

use ingestor_bigquery::{Answer, Answered, Client, JobOptions};
use ingestor_core::failure::{Failure, FailureKind};
use ingestor_core::source::TableMetadata;
use ingestor_core::sql::{Query, TableRef};
use ingestor_core::time::Micros;
use wasip2::random::random;

/// How long BigQuery may take before it says that a query is still running.
pub const LONG_POLL_MS: u64 = 10_000;
/// Marks our jobs in BigQuery's job list and in billing exports.
const LABEL: &str = "harper-bigquery-ingestor-benchmark";

/// A client, and what it is asked.
pub struct Warehouse {
    pub client: Client,
}

impl Warehouse {
    /// What is known about a table, free of charge.
    pub fn table(&mut self, table: &TableRef) -> Result<TableMetadata, Failure> {
        let call = self.client.get_table(table);
        match self.client.complete(call)? {
            Answer::Table(metadata) => Ok(metadata),
            answer => Err(unexpected(&answer)),
        }
    }

    /// Bytes that a query would read, free of charge; None if BigQuery does not say.
    pub fn estimate(&mut self, query: &Query) -> Result<Option<u64>, Failure> {
        let call = self.client.estimate_query(query);
        match self.client.complete(call)? {
            Answer::Job(job) => Ok(job.total_bytes_processed),
            answer => Err(unexpected(&answer)),
        }
    }

    /// Starts a query that BigQuery refuses if it would bill more than this. Returns the job's id.
    pub fn start(&mut self, query: &Query, maximum_bytes_billed: u64) -> Result<String, Failure> {
        let job_id = format!("benchmark_{:016x}", random::get_random_u64());
        let labels = vec![("application".into(), LABEL.into())];
        let options = JobOptions { maximum_bytes_billed: Some(maximum_bytes_billed), labels };
        let call = self.client.insert_query_job(&job_id, query, &options);
        self.client.complete(call)?;
        Ok(job_id)
    }

    /// The whole result of a small query.
    pub fn rows(&mut self, job_id: &str) -> Result<Answered, Failure> {
        loop {
            let call = self.client.get_rows(job_id, LONG_POLL_MS);
            match self.client.complete(call)? {
                Answer::Rows(Some(answered)) => return Ok(answered),
                Answer::Rows(None) => {}
                answer => return Err(unexpected(&answer)),
            }
        }
    }

    /// Now, by BigQuery's clock as far as it is known.
    pub fn now(&self) -> Micros {
        self.client.source_now_micros()
    }
}

pub fn unexpected(answer: &Answer) -> Failure {
    Failure::new(
        FailureKind::Malformed,
        "unexpectedAnswer",
        format!("this is the answer to something else: {answer:?}"),
    )
}
