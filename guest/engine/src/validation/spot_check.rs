//! Takes samples of source and Harper and compares them, both ways.

use std::collections::HashSet;

use ingestor_core::sql::{self, TimestampKind, Window};
use ingestor_core::time::{MILLISECOND, Micros};
use ingestor_core::validation::{Bounds, CheckError, Claim, Findings, ROWS, SourceAnswer, SpotCheck, StoredRecord};
use wasip2::random::random;

use super::harper::Harper;
use super::source::Source;

/// Rows of the source that are read for the records of a sample, at most.
const ROWS_AT_TIMESTAMPS: u32 = 10_000;

/// Compares samples; `watermark` is what checkpoints claim.
pub fn run(source: Source, watermark: Option<Micros>) -> SpotCheck {
    let harper = Harper::of(source.table);
    let mut check = Check { source, harper, findings: Findings::default() };
    let outcome = check.run(watermark);
    check.findings.query_jobs = check.source.query_jobs;
    check.findings.judge(outcome)
}

struct Check<'a> {
    source: Source<'a>,
    harper: Harper,
    findings: Findings,
}

impl Check<'_> {
    /// Records are read before their rows are looked for, and the source's bounds are asked for after that, so that what
    /// is deleted in between is not taken for a phantom.
    fn run(&mut self, watermark: Option<Micros>) -> Result<(), CheckError> {
        let schema = self.source.metadata()?.schema;
        let sync = &self.source.table.sync;
        let kind = sync.timestamp_kind(&schema)?;
        let config = sync.config();
        let lookback = Micros::try_from(config.lookback_ms).unwrap_or(Micros::MAX).saturating_mul(MILLISECOND);
        let start = config.start_timestamp;
        let claim = watermark.map(|watermark| Claim { watermark, lookback, start, kind });

        self.count_rows_without_timestamp()?;
        let records = self.harper.sample()?;
        let answer = self.look_for(&records, kind, claim.as_ref())?;
        let window = claim.as_ref().map_or(Window { low: start, high: None }, Claim::window);
        let bounds = self.bounds(kind, &window)?;
        let answer = SourceAnswer { oldest: bounds.map(|bounds| bounds.min), ..answer };
        for record in &records {
            self.findings.record(record, &answer);
        }
        if let Some((claim, bounds)) = claim.zip(bounds) {
            self.check_rows(&claim, &bounds)?;
        }
        Ok(())
    }

    fn count_rows_without_timestamp(&mut self) -> Result<(), CheckError> {
        let sync = &self.source.table.sync;
        let query = sql::select_null_count(sync.table(), &sync.config().timestamp_column);
        let rows = self.source.rows(&query)?;
        self.findings.without_timestamp = rows.first().and_then(|row| row.first()?.as_deref()?.parse().ok());
        Ok(())
    }

    fn bounds(&mut self, kind: TimestampKind, window: &Window) -> Result<Option<Bounds>, CheckError> {
        let sync = &self.source.table.sync;
        let query = sql::select_bounds(sync.table(), &sync.config().timestamp_column, kind, window);
        Ok(Bounds::parse(&self.source.rows(&query)?))
    }

    /// From Harper to BigQuery. The row of a keyed record may have been replaced by a newer one since the last poll.
    fn look_for(
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
        let sync = &self.source.table.sync;
        let config = sync.config();
        let query = sql::select_at(
            sync.table(),
            &config.columns,
            &config.timestamp_column,
            kind,
            &timestamps,
            since,
            ROWS_AT_TIMESTAMPS,
        );
        let page = self.source.page(&query, ROWS_AT_TIMESTAMPS)?;
        let has_all_rows = page.rows_read < u64::from(ROWS_AT_TIMESTAMPS) && page.total_rows == Some(page.rows_read);
        let has_newer_rows = !is_keyed || since.is_some();
        let ids: HashSet<_> = page.batch.rows.iter().map(|row| row.id).collect();
        // An undecodable row has no id to compare with.
        let is_complete = has_all_rows && has_newer_rows && page.undecodable.is_empty();
        Ok(SourceAnswer { ids, is_complete, oldest: None })
    }

    /// From BigQuery to Harper.
    fn check_rows(&mut self, claim: &Claim, bounds: &Bounds) -> Result<(), CheckError> {
        let window = claim.sample_window(bounds, random::get_random_u64());
        let sync = &self.source.table.sync;
        let config = sync.config();
        let query =
            sql::select_sample(sync.table(), &config.columns, &config.timestamp_column, claim.kind, &window, ROWS);
        let page = self.source.page(&query, ROWS)?;
        let rows = &page.batch.rows;
        let are_stored = self.harper.are_stored(rows)?;
        let late_from = claim.late_from();
        // In a source that has not changed since it was drained, nothing has come late. It is asked after the rows were read.
        let may_be_late = |at: Micros| at >= late_from;
        let has_doubts = rows.iter().zip(&are_stored).any(|(row, stored)| !stored && may_be_late(row.timestamp_micros));
        let is_drained = has_doubts && {
            let metadata = self.source.metadata()?;
            self.source.table.sync.has_drained(&metadata)
        };
        for (row, is_stored) in rows.iter().zip(are_stored) {
            self.findings.row(&row.id, is_stored, !is_drained && may_be_late(row.timestamp_micros));
        }
        Ok(())
    }
}
