//! Takes samples of source and Harper and compares them, both ways.

use std::collections::HashSet;

use ingestor_core::source::TableMetadata;
use ingestor_core::sql::{self, TimestampKind, Window};
use ingestor_core::sync;
use ingestor_core::time::{MILLISECOND, Micros, to_rfc3339};
use ingestor_core::validation::{
    Bounds, CheckError, Claim, Findings, ROWS, Sampled, SourceAnswer, SpotCheck, StoredRecord,
};
use wasip2::random::random;

use super::Extent;
use super::harper::Harper;
use super::source::Source;
use super::tallied::Tallied;
use crate::clock;

/// Rows of the source that are read for the records of a sample, at most.
const ROWS_AT_TIMESTAMPS: u32 = 10_000;

/// What came of it.
pub struct Looked {
    pub check: SpotCheck,
    /// Of a whole table: they answer questions of this check as well.
    pub tallied: Option<Tallied>,
    /// The source, when samples were taken of it.
    pub metadata: Option<TableMetadata>,
}

/// Compares samples, unless those of `last` will do; `watermark` is what checkpoints claim.
pub async fn run(
    source: &mut Source,
    extent: Extent,
    watermark: Option<Micros>,
    last: Option<Sampled>,
    now: Micros,
) -> Looked {
    let metadata = match source.metadata().await {
        Ok(metadata) => metadata,
        Err(failure) => {
            return Looked { check: Findings::default().judge(Err(failure.into())), tallied: None, metadata: None };
        }
    };
    let timestamp_column = &source.config.timestamp_column;
    if let Some(last) = last.filter(|last| last.stands(&metadata, timestamp_column, clock::monotonic_ms())) {
        let mut check = last.check;
        check.findings.query_jobs = 0;
        return Looked { check, tallied: None, metadata: None };
    }
    let harper = Harper::of(source);
    let mut check = Check { source, harper, findings: Findings::default(), tallied: None };
    let outcome = check.run(&metadata, extent, watermark).await;
    let jobs_for_tallies = check.tallied.as_ref().map_or(0, |tallied| tallied.query_jobs);
    check.findings.query_jobs = check.source.query_jobs - jobs_for_tallies;
    let tallied = check.tallied;
    let check = SpotCheck { sampled_at: Some(to_rfc3339(now)), ..check.findings.judge(outcome) };
    Looked { check, tallied, metadata: Some(metadata) }
}

struct Check<'a> {
    source: &'a mut Source,
    harper: Harper,
    findings: Findings,
    tallied: Option<Tallied>,
}

impl Check<'_> {
    /// Records are read before their rows are looked for, and the source's bounds are asked for after that, so that what
    /// is deleted in between is not taken for a phantom.
    async fn run(
        &mut self,
        metadata: &TableMetadata,
        extent: Extent,
        watermark: Option<Micros>,
    ) -> Result<(), CheckError> {
        let config = &self.source.config;
        let kind = sync::timestamp_kind(&metadata.schema, config, &self.source.table)?;
        let lookback = Micros::try_from(config.lookback_ms).unwrap_or(Micros::MAX).saturating_mul(MILLISECOND);
        let start = config.start_timestamp;
        let claim = watermark.map(|watermark| Claim { watermark, lookback, start, kind });

        let records = self.harper.sample()?;
        let answer = self.look_for(&records, kind, claim.as_ref()).await?;
        let bounds = match claim.filter(|_| extent != Extent::Samples && !self.harper.is_keyed()) {
            Some(claim) => {
                let tallied = Tallied::ask(self.source, &self.harper, metadata, claim).await?;
                self.findings.without_timestamp = Some(tallied.source.without_timestamp);
                self.tallied.insert(tallied).bounds()
            }
            None => {
                self.count_rows_without_timestamp().await?;
                let window = claim.as_ref().map_or(Window { low: start, high: None }, Claim::window);
                self.bounds(kind, &window).await?
            }
        };
        let answer = SourceAnswer { oldest: bounds.map(|bounds| bounds.min), ..answer };
        for record in &records {
            self.findings.record(record, &answer);
        }
        if let Some((claim, bounds)) = claim.zip(bounds) {
            self.check_rows(&claim, &bounds).await?;
        }
        Ok(())
    }

    async fn count_rows_without_timestamp(&mut self) -> Result<(), CheckError> {
        let query = sql::select_null_count(&self.source.table, &self.source.config.timestamp_column);
        let rows = self.source.rows(&query).await?;
        self.findings.without_timestamp = rows.first().and_then(|row| row.first()?.as_deref()?.parse().ok());
        Ok(())
    }

    async fn bounds(&mut self, kind: TimestampKind, window: &Window) -> Result<Option<Bounds>, CheckError> {
        let query = sql::select_bounds(&self.source.table, &self.source.config.timestamp_column, kind, window);
        Ok(Bounds::parse(&self.source.rows(&query).await?))
    }

    /// From Harper to BigQuery. The row of a keyed record may have been replaced by a newer one since the last poll.
    async fn look_for(
        &mut self,
        records: &[StoredRecord],
        kind: TimestampKind,
        claim: Option<&Claim>,
    ) -> Result<SourceAnswer, CheckError> {
        let mut timestamps: Vec<Micros> = records.iter().filter_map(|record| Some(record.origin?.1)).collect();
        timestamps.dedup();
        if timestamps.is_empty() {
            return Ok(SourceAnswer { is_complete: true, ..SourceAnswer::default() });
        }
        let is_keyed = self.harper.is_keyed();
        let since = claim.filter(|_| is_keyed).map(Claim::late_from);
        let config = &self.source.config;
        let query = sql::select_at(
            &self.source.table,
            &config.columns,
            &config.timestamp_column,
            kind,
            &timestamps,
            since,
            ROWS_AT_TIMESTAMPS,
        );
        let page = self.source.first_page(&query, ROWS_AT_TIMESTAMPS).await?;
        let has_all_rows = page.rows_read < u64::from(ROWS_AT_TIMESTAMPS) && page.total_rows == Some(page.rows_read);
        let has_newer_rows = !is_keyed || since.is_some();
        let ids: HashSet<_> = page.batch.rows.iter().map(|row| row.id).collect();
        // An undecodable row has no id to compare with.
        let is_complete = has_all_rows && has_newer_rows && page.undecodable.is_empty();
        Ok(SourceAnswer { ids, is_complete, oldest: None })
    }

    /// From BigQuery to Harper.
    async fn check_rows(&mut self, claim: &Claim, bounds: &Bounds) -> Result<(), CheckError> {
        let window = claim.sample_window(bounds, random::get_random_u64());
        let (table, config) = (&self.source.table, &self.source.config);
        let query = sql::select_sample(table, &config.columns, &config.timestamp_column, claim.kind, &window, ROWS);
        let page = self.source.first_page(&query, ROWS).await?;
        let rows = &page.batch.rows;
        let are_stored = self.harper.are_stored(rows)?;
        let late_from = claim.late_from();
        // In a source that has not changed since it was drained, nothing has come late. It is asked after the rows were read.
        let may_be_late = |at: Micros| at >= late_from;
        let has_doubts = rows.iter().zip(&are_stored).any(|(row, stored)| !stored && may_be_late(row.timestamp_micros));
        let is_drained = has_doubts && self.source.is_drained().await?;
        for (row, is_stored) in rows.iter().zip(are_stored) {
            self.findings.row(&row.id, is_stored, !is_drained && may_be_late(row.timestamp_micros));
        }
        Ok(())
    }
}
