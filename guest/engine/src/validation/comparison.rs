//! Compares all of a table with its source, finds the rows that differ, and mends them when asked to.
//!
//! The source is tallied by one query, Harper by a walk along its primary key. Only the rows of buckets that differ are read,
//! of Harper before they are of the source, so that what comes in between is not taken for a fault.

use std::collections::HashMap;

use ingestor_core::decode::{Batch, Page, RowMeta};
use ingestor_core::record_id::RecordId;
use ingestor_core::sql;
use ingestor_core::time::{self, Micros, to_rfc3339};
use ingestor_core::validation::{Buckets, CheckError, Comparison, Counter, Differences, StoredRecord, Tallies};
use serde_json::Value;

use super::harper::Harper;
use super::repair::{self, Repair};
use super::source::Source;
use super::tallied::Tallied;
use crate::store;

/// Rows of differing buckets that are read at a time.
const PAGE_ROWS: u32 = 2_000;
/// Records of differing buckets that are held in memory: the buckets are read in groups of so many.
const GROUP_RECORDS: u64 = 100_000;

/// Compares a table that was tallied; mends what differs if it is a repair.
pub async fn run(source: &mut Source, tallied: &Tallied, is_repair: bool) -> Comparison {
    let jobs_before = source.query_jobs - tallied.query_jobs;
    let harper = Harper::of(source);
    let repair = is_repair.then(|| Repair::of(source));
    let mut check = Check { source, harper, tallied, repair, differences: Differences::default(), foreign: Vec::new() };
    let outcome = check.run().await;
    let Check { source, mut differences, repair, .. } = check;
    differences.query_jobs = source.query_jobs - jobs_before;
    differences.repaired = repair.map(|repair| repair.done);
    differences.judge(outcome)
}

struct Check<'a> {
    source: &'a mut Source,
    harper: Harper,
    tallied: &'a Tallied,
    repair: Option<Repair>,
    differences: Differences,
    /// Records whose ids no sync can have made.
    foreign: Vec<String>,
}

impl Check<'_> {
    async fn run(&mut self) -> Result<(), CheckError> {
        self.differences.without_timestamp = self.tallied.source.without_timestamp;
        let high = self.compared_to().await?;
        self.differences.compared_to = Some(to_rfc3339(high));
        let (mut rows, mut records) = (self.tallied.source.clone(), self.count_records(high).await?);
        let end = Buckets::number(high - 1, self.tallied.width);
        rows.buckets.retain(|number, _| *number <= end);
        self.differences.rows_compared = rows.rows();
        self.differences.records_compared = records.rows();
        self.leave_out_dropped(&mut records);

        let mut differing = Buckets { width: self.tallied.width, numbers: Tallies::differing(&rows, &records) };
        self.differences.buckets_compared = rows.buckets.len().max(records.buckets.len()) as u64;
        while let Some(width) = Tallies::finer_width(&rows, &records, self.tallied.claim.kind, &differing) {
            let Some(finer) = self.tallied.finer(self.source, width, &differing).await? else { break };
            rows = finer;
            records = self.count_records_in(&differing, width).await?;
            differing = Buckets { width, numbers: Tallies::differing(&rows, &records) };
        }
        self.differences.differ(&rows, &records, &differing);
        for group in groups(&differing, &records) {
            self.examine(&group).await?;
        }
        for id in std::mem::take(&mut self.foreign) {
            if self.differences.phantom(&id, None, None)
                && let Some(repair) = &mut self.repair
            {
                repair.remove(&[id], repair::FOREIGN_ID)?;
            }
        }
        Ok(())
    }

    /// What lies before this is stored, if checkpoints are right: everything up to the watermark when the source has not
    /// changed since it was drained, else whole buckets before the lookback.
    async fn compared_to(&mut self) -> Result<Micros, CheckError> {
        let claim = &self.tallied.claim;
        if self.source.is_drained().await? {
            return Ok(claim.window().high.expect("a claim ends"));
        }
        let width = self.tallied.width;
        Ok(Buckets::start(Buckets::number(claim.late_from(), width), width).max(time::MIN + 1))
    }

    /// Walks over all records up to this time, and over those that no sync can have written.
    async fn count_records(&mut self, high: Micros) -> Result<Tallies, CheckError> {
        let low = self.tallied.claim.window().low.unwrap_or(time::MIN);
        let [first, low, high, last] =
            [time::MIN, low, high, time::MAX + 1].map(|at| RecordId::from_content(at, 0).as_str().to_owned());
        let mut counter = Counter::new(self.tallied.width);
        let (checksum, foreign) = (&self.tallied.checksum, &mut self.foreign);
        let mut take = |stored: StoredRecord, record: &Value| match stored.origin {
            Some((_, at)) => counter.add(at, checksum.of(at, record)),
            None => foreign.push(stored.id),
        };
        for (first, end) in [("", first.as_str()), (&low, &high), (&last, "")] {
            self.harper.scan(&self.source.line, first, end, &mut take).await?;
        }
        Ok(counter.into_tallies())
    }

    async fn count_records_in(&mut self, buckets: &Buckets, width: Micros) -> Result<Tallies, CheckError> {
        let mut counter = Counter::new(width);
        let checksum = &self.tallied.checksum;
        let mut take = |stored: StoredRecord, record: &Value| {
            if let Some((_, at)) = stored.origin {
                counter.add(at, checksum.of(at, record));
            }
        };
        for (first, end) in self.id_ranges(buckets) {
            self.harper.scan(&self.source.line, &first, &end, &mut take).await?;
        }
        Ok(counter.into_tallies())
    }

    /// The parts of the primary key that buckets are, within what is claimed.
    fn id_ranges(&self, buckets: &Buckets) -> Vec<(String, String)> {
        let window = self.tallied.claim.window();
        let low = window.low.unwrap_or(time::MIN);
        let high = window.high.unwrap_or(time::MAX);
        let id = |at: Micros| RecordId::from_content(at.clamp(low, high), 0).as_str().to_owned();
        buckets.ranges().into_iter().map(|(start, end)| (id(start), id(end))).collect()
    }

    /// Whole buckets before the source's oldest row.
    fn leave_out_dropped(&mut self, records: &mut Tallies) {
        let oldest = self.tallied.source.oldest().map(|oldest| Buckets::number(oldest, self.tallied.width));
        let dropped = &mut self.differences.deleted_in_source;
        records.buckets.retain(|number, tally| {
            let is_kept = oldest.is_some_and(|oldest| *number >= oldest);
            *dropped += if is_kept { 0 } else { tally.rows };
            is_kept
        });
    }

    /// Finds the rows that differ in some buckets.
    async fn examine(&mut self, buckets: &Buckets) -> Result<(), CheckError> {
        let mut records = self.read_records(buckets).await?;
        let (claim, config) = (&self.tallied.claim, &self.source.config);
        let (table, column) = (&self.source.table, &config.timestamp_column);
        let query = sql::select_in_buckets(table, &config.columns, column, claim.kind, &claim.window(), buckets);
        let job_id = self.source.insert(&query).await?;
        let mut rows_read = 0;
        let is_complete = loop {
            let page = self.source.page(&job_id, rows_read, PAGE_ROWS).await?;
            rows_read += page.rows_read;
            let is_last = page.total_rows.is_none_or(|total_rows| rows_read >= total_rows);
            if page.rows_read == 0 || is_last {
                self.compare(page, &mut records).await?;
                break is_last;
            }
            self.compare(page, &mut records).await?;
        };
        self.judge_remaining(records, is_complete)
    }

    /// The checksums of Harper's records by id.
    async fn read_records(&mut self, buckets: &Buckets) -> Result<HashMap<RecordId, i64>, CheckError> {
        let mut records = HashMap::new();
        let checksum = &self.tallied.checksum;
        let mut take = |stored: StoredRecord, record: &Value| {
            if let Some((id, at)) = stored.origin {
                records.insert(id, checksum.of(at, record));
            }
        };
        for (first, end) in self.id_ranges(buckets) {
            self.harper.scan(&self.source.line, &first, &end, &mut take).await?;
        }
        Ok(records)
    }

    /// Takes those rows off `records` that are among them; names, and mends, what is missing or altered.
    async fn compare(&mut self, page: Page, records: &mut HashMap<RecordId, i64>) -> Result<(), CheckError> {
        self.differences.not_checked += page.undecodable.len() as u64;
        let mut batch = page.batch;
        let mut is_faulty = vec![false; batch.len()];
        let mut unseen = Vec::new();
        for (position, row) in batch.rows.iter().enumerate() {
            match records.remove(&row.id) {
                Some(checksum) if checksum == self.checksum_of(&batch, position, row) => {}
                Some(_) => {
                    self.differences.altered.push(row.id.as_str());
                    is_faulty[position] = true;
                }
                // A row that stands in the source twice, one that has come just now, or one that is missing.
                None => unseen.push(position),
            }
        }
        let ids: Vec<RecordId> = unseen.iter().map(|position| batch.rows[*position].id).collect();
        let missing = store::find_missing(&self.harper.target_table, &ids)?;
        // It is asked after the rows were read.
        let is_drained = !missing.is_empty() && self.source.is_drained().await?;
        for missing in missing {
            let position = unseen[missing as usize];
            let row = &batch.rows[position];
            if !is_drained && row.timestamp_micros >= self.tallied.claim.late_from() {
                self.differences.pending.push(row.id.as_str());
            } else {
                self.differences.missing.push(row.id.as_str());
                is_faulty[position] = true;
            }
        }
        if let Some(repair) = &mut self.repair {
            batch.retain(&mut |position, _| is_faulty[position]);
            repair.write(&mut batch)?;
        }
        self.source.line.pause().await;
        Ok(())
    }

    fn checksum_of(&self, batch: &Batch, position: usize, row: &RowMeta) -> i64 {
        let record: Value = serde_json::from_slice(batch.record_json(position)).expect("we write JSON");
        self.tallied.checksum.of(row.timestamp_micros, &record)
    }

    /// Records that no row was found for: foreign ones, unless the source has dropped them.
    fn judge_remaining(&mut self, records: HashMap<RecordId, i64>, is_complete: bool) -> Result<(), CheckError> {
        if !is_complete {
            self.differences.not_checked += records.len() as u64;
            return Ok(());
        }
        let mut ids: Vec<RecordId> = records.into_keys().collect();
        ids.sort_unstable();
        let oldest = self.tallied.source.oldest();
        ids.retain(|id| self.differences.phantom(id.as_str(), Some(id.timestamp()), oldest));
        if let Some(repair) = &mut self.repair {
            let ids: Vec<String> = ids.iter().map(|id| id.as_str().to_owned()).collect();
            repair.remove(&ids, repair::NO_ORIGIN)?;
        }
        Ok(())
    }
}

/// Cuts the differing buckets into groups whose records fit into memory; a single one that does not is read all the same.
fn groups(differing: &Buckets, records: &Tallies) -> Vec<Buckets> {
    let mut groups: Vec<Buckets> = Vec::new();
    let mut records_in_group = 0;
    for number in &differing.numbers {
        let in_bucket = records.of(*number).rows;
        match groups.last_mut() {
            Some(group) if records_in_group + in_bucket <= GROUP_RECORDS => {
                group.numbers.push(*number);
                records_in_group += in_bucket;
            }
            _ => {
                groups.push(Buckets { width: differing.width, numbers: vec![*number] });
                records_in_group = in_bucket;
            }
        }
    }
    groups
}
