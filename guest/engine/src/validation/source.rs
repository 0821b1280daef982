//! The source table, as validation asks it: one question after the other.

use ingestor_bigquery::{Answer, Call, Client, PageRequest};
use ingestor_core::decode::{Page, PageDecoder};
use ingestor_core::failure::{Failure, FailureKind};
use ingestor_core::source::TableMetadata;
use ingestor_core::sql::Query;

use crate::clock::{self, NANOS_PER_MS};
use crate::table::{LONG_POLL_MS, Table};

/// How long one table may take. Syncs wait meanwhile, though their requests stay in flight.
const PATIENCE_MS: u64 = 60_000;

/// How often a failed request is repeated: less than a sync's, since the syncs wait meanwhile and the next validation is not
/// far. With the default delays a source that is down is given up after about 3 seconds.
const MAX_RETRIES: u32 = 2;

pub struct Source<'a> {
    client: &'a mut Client,
    pub table: &'a mut Table,
    /// Query jobs that were run.
    pub query_jobs: u32,
    deadline_ms: u64,
}

impl<'a> Source<'a> {
    pub fn new(client: &'a mut Client, table: &'a mut Table) -> Self {
        Self { client, table, query_jobs: 0, deadline_ms: clock::monotonic_ms().saturating_add(PATIENCE_MS) }
    }

    pub fn metadata(&mut self) -> Result<TableMetadata, Failure> {
        let call = self.client.get_table(self.table.sync.table());
        match self.complete(call)? {
            Answer::Table(metadata) => Ok(metadata),
            _ => unreachable!("each call has its own kind of answer"),
        }
    }

    /// The scalar rows that a query returns.
    pub fn rows(&mut self, query: &Query) -> Result<Vec<Vec<Option<String>>>, Failure> {
        let job_id = self.insert(query)?;
        loop {
            let call = self.client.get_rows(&job_id, LONG_POLL_MS);
            match self.complete(call)? {
                Answer::Rows(Some(answered)) => {
                    self.table.sync.count_query(answered.scan, self.client.source_now_micros());
                    return Ok(answered.rows);
                }
                Answer::Rows(None) => {}
                _ => unreachable!("each call has its own kind of answer"),
            }
        }
    }

    /// The first rows that a query returns, decoded just as those of the sync are, so that ids agree.
    pub fn page(&mut self, query: &Query, max_rows: u32) -> Result<Page, Failure> {
        let job_id = self.insert(query)?;
        let request = PageRequest { start_index: 0, max_results: max_rows, page_token: None, timeout_ms: LONG_POLL_MS };
        let synced_at = self.client.source_now_micros();
        loop {
            let settings = self.table.layout_settings().clone();
            let new_decoder = Box::new(move || PageDecoder::new(settings.clone(), None, synced_at));
            let call = self.client.get_query_results(&job_id, &request, new_decoder);
            match self.complete(call)? {
                Answer::Page(page) if page.job_complete => {
                    self.table.sync.count_query(page.scan(), synced_at);
                    return Ok(page);
                }
                Answer::Page(_) => {}
                _ => unreachable!("each call has its own kind of answer"),
            }
        }
    }

    fn insert(&mut self, query: &Query) -> Result<String, Failure> {
        let job_id = self.table.sync.name_job();
        self.query_jobs += 1;
        let call = self.client.insert_query_job(&job_id, query, &self.table.job_options());
        self.complete(call).map(|_| job_id)
    }

    fn complete(&mut self, mut call: Call) -> Result<Answer, Failure> {
        loop {
            if let Some(outcome) = call.advance(self.client) {
                return outcome;
            }
            if let Some(retry) = call.take_retry()
                && retry.attempt > MAX_RETRIES
            {
                return Err(retry.failure);
            }
            if clock::monotonic_ms() >= self.deadline_ms {
                let message = format!("BigQuery did not answer {} within {PATIENCE_MS} ms", call.method());
                return Err(Failure::new(FailureKind::Transient, "timeout", message));
            }
            self.client.wait(&[&call], self.deadline_ms.saturating_mul(NANOS_PER_MS));
        }
    }
}
