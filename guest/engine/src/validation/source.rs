//! The source table, as validation asks it: one question after the other.

use std::rc::Rc;

use ingestor_bigquery::{Answer, JobOptions, PageRequest};
use ingestor_core::config::TableConfig;
use ingestor_core::decode::{LayoutSettings, Page, PageDecoder};
use ingestor_core::failure::Failure;
use ingestor_core::source::TableMetadata;
use ingestor_core::sql::{Query, TableRef};

use super::line::Line;
use crate::table::{LONG_POLL_MS, Table};

/// What a validation knows of a table, as it stood when it began; the sync goes on meanwhile.
pub struct Source {
    pub config: TableConfig,
    pub table: TableRef,
    /// The source's metadata of when everything in it was stored, if metadata can tell.
    pub drained: Option<TableMetadata>,
    /// Query jobs that were run.
    pub query_jobs: u32,
    pub line: Line,
    layout_settings: Rc<LayoutSettings>,
    job_options: JobOptions,
    /// How the names of its jobs begin.
    job_name: String,
}

impl Source {
    pub fn of(table: &mut Table, line: Line) -> Self {
        Self {
            job_name: table.sync.name_job(),
            config: table.sync.config().clone(),
            table: table.sync.table().clone(),
            drained: table.sync.drained().cloned(),
            query_jobs: 0,
            line,
            layout_settings: table.layout_settings().clone(),
            job_options: table.job_options(),
        }
    }

    pub async fn metadata(&self) -> Result<TableMetadata, Failure> {
        let table = self.table.clone();
        match self.line.ask(move |client| client.get_table(&table)).await? {
            Answer::Table(metadata) => Ok(metadata),
            _ => unreachable!("each call has its own kind of answer"),
        }
    }

    /// Whether nothing has come into the source since everything in it was stored.
    pub async fn is_drained(&self) -> Result<bool, Failure> {
        match &self.drained {
            Some(drained) => Ok(self.metadata().await? == *drained),
            None => Ok(false),
        }
    }

    /// The scalar rows that a query returns.
    pub async fn rows(&mut self, query: &Query) -> Result<Vec<Vec<Option<String>>>, Failure> {
        let job_id = self.insert(query).await?;
        loop {
            let job_id = job_id.clone();
            match self.line.ask(move |client| client.get_rows(&job_id, LONG_POLL_MS)).await? {
                Answer::Rows(Some(answered)) => {
                    self.line.note(answered.scan);
                    return Ok(answered.rows);
                }
                Answer::Rows(None) => {}
                _ => unreachable!("each call has its own kind of answer"),
            }
        }
    }

    /// The first rows that a query returns.
    pub async fn first_page(&mut self, query: &Query, max_rows: u32) -> Result<Page, Failure> {
        let job_id = self.insert(query).await?;
        self.page(&job_id, 0, max_rows).await
    }

    /// Rows of a job's result, decoded just as those of the sync are, so that ids agree.
    pub async fn page(&self, job_id: &str, start_index: u64, max_rows: u32) -> Result<Page, Failure> {
        loop {
            let (job_id, settings) = (job_id.to_owned(), self.layout_settings.clone());
            let request =
                PageRequest { start_index, max_results: max_rows, page_token: None, timeout_ms: LONG_POLL_MS };
            let question = move |client: &ingestor_bigquery::Client| {
                let synced_at = client.source_now_micros();
                let new_decoder = Box::new(move || PageDecoder::new(settings.clone(), None, synced_at));
                client.get_query_results(&job_id, &request, new_decoder)
            };
            match self.line.ask(question).await? {
                Answer::Page(page) if page.job_complete => {
                    if start_index == 0 {
                        self.line.note(page.scan());
                    }
                    return Ok(page);
                }
                Answer::Page(_) => {}
                _ => unreachable!("each call has its own kind of answer"),
            }
        }
    }

    /// Runs a query; returns the id of its job.
    pub async fn insert(&mut self, query: &Query) -> Result<String, Failure> {
        self.query_jobs += 1;
        let job_id = format!("{}_{}", self.job_name, self.query_jobs);
        let (id, query, options) = (job_id.clone(), query.clone(), self.job_options.clone());
        self.line.ask(move |client| client.insert_query_job(&id, &query, &options)).await.map(|_| job_id)
    }
}
