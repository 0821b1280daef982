//! The target table, as validation reads it.

use ingestor_core::decode::RowMeta;
use ingestor_core::record_id::RecordId;
use ingestor_core::sync::StorageFailure;
use ingestor_core::time::{self, Micros};
use ingestor_core::validation::{RECORDS, StoredRecord, TOLERATED_FUTURE, random_start};
use serde_json::Value;
use wasip2::random::random;

use super::line::Line;
use super::source::Source;
use crate::bindings::harperdb::bigquery_ingestor::storage::IdRange;
use crate::store;

/// Records that are read at a time: a few milliseconds for Harper's thread, which looks at others' requests in between.
const SLICE_RECORDS: u32 = 500;
/// Records of a keyed table among which the newest is looked for: their ids are not in the order of time.
const KEYED_RECORDS: u32 = 200;

#[derive(Clone)]
pub struct Harper {
    pub target_table: String,
    timestamp_column: String,
    is_keyed: bool,
}

impl Harper {
    pub fn of(source: &Source) -> Self {
        let config = &source.config;
        Self {
            target_table: config.target_table.clone(),
            timestamp_column: config.timestamp_column.clone(),
            is_keyed: !config.key_columns.is_empty(),
        }
    }

    /// Whether ids are made of keys.
    pub fn is_keyed(&self) -> bool {
        self.is_keyed
    }

    /// The newest timestamp that is not in the future; of a keyed table, that of some of its records.
    pub fn newest(&self, now: Micros) -> Result<Option<Micros>, StorageFailure> {
        let latest = now.saturating_add(TOLERATED_FUTURE);
        let records = if self.is_keyed {
            self.read(self.anywhere()?, "", KEYED_RECORDS, false)?
        } else {
            self.read("", RecordId::from_content(latest, 0).as_str(), 1, true)?
        };
        let origins = records.iter().filter_map(|record| record.origin);
        Ok(origins.map(|(_, at)| at).filter(|at| *at <= latest).max())
    }

    /// Some records that follow each other, from anywhere in the table.
    pub fn sample(&self) -> Result<Vec<StoredRecord>, StorageFailure> {
        let records = self.read(self.anywhere()?, "", RECORDS, false)?;
        if records.len() < RECORDS as usize { self.read("", "", RECORDS, true) } else { Ok(records) }
    }

    /// Whether there is a record for each of these rows: with keys, one that is not older.
    pub fn are_stored(&self, rows: &[RowMeta]) -> Result<Vec<bool>, StorageFailure> {
        let ids: Vec<RecordId> = rows.iter().map(|row| row.id).collect();
        if self.is_keyed {
            let stored = store::read_timestamps(&self.target_table, &self.timestamp_column, &ids)?;
            let is_up_to_date = |(stored, row): (Option<Micros>, &RowMeta)| stored >= Some(row.timestamp_micros);
            return Ok(stored.into_iter().zip(rows).map(is_up_to_date).collect());
        }
        let missing = store::find_missing(&self.target_table, &ids)?;
        Ok((0..).zip(&ids).map(|(position, _)| missing.binary_search(&position).is_err()).collect())
    }

    /// Hands over every record with an id from `first` on and before `end` (empty for no end), in the order of ids, by slices
    /// between which others have their turn.
    pub async fn scan(
        &self,
        line: &Line,
        first: &str,
        end: &str,
        mut take: impl FnMut(StoredRecord, &Value),
    ) -> Result<(), StorageFailure> {
        let mut last: Option<String> = None;
        loop {
            let first = last.as_deref().unwrap_or(first).to_owned();
            // The last record of one slice is the first of the next.
            let range = IdRange { first, end: end.to_owned(), limit: SLICE_RECORDS + 1, descending: false };
            let records = store::read_range(&self.target_table, &range)?;
            for record in &records {
                let stored = self.stored(record);
                if last.as_ref() != Some(&stored.id) {
                    take(stored, record);
                }
            }
            let next = records.last().and_then(|record| record["id"].as_str()).map(str::to_owned);
            if records.len() <= SLICE_RECORDS as usize || next.is_none() || next == last {
                return Ok(());
            }
            last = next;
            line.pause().await;
        }
    }

    /// The span of time from the first record to the last that is before `high`; none without records.
    pub fn span(&self, high: Micros) -> Result<Option<Micros>, StorageFailure> {
        let [low, high] = [time::MIN, high].map(|at| RecordId::from_content(at, 0));
        let end = |descending| -> Result<Option<Micros>, StorageFailure> {
            let records = self.read(low.as_str(), high.as_str(), 1, descending)?;
            Ok(records.first().and_then(|record| Some(record.origin?.1)))
        };
        Ok(end(true)?.zip(end(false)?).map(|(last, first)| last - first))
    }

    fn anywhere(&self) -> Result<String, StorageFailure> {
        let end = |descending| -> Result<String, StorageFailure> {
            Ok(self.read("", "", 1, descending)?.pop().map(|record| record.id).unwrap_or_default())
        };
        Ok(random_start(&end(false)?, &end(true)?, random::get_random_u64()).as_str().to_owned())
    }

    fn read(
        &self,
        first: impl Into<String>,
        end: &str,
        limit: u32,
        descending: bool,
    ) -> Result<Vec<StoredRecord>, StorageFailure> {
        let range = IdRange { first: first.into(), end: end.to_owned(), limit, descending };
        let records = store::read_range(&self.target_table, &range)?;
        Ok(records.iter().map(|record| self.stored(record)).collect())
    }

    fn stored(&self, record: &Value) -> StoredRecord {
        // A key that is no text was not written by us; it is named as JSON writes it.
        let id = record["id"].as_str().map_or_else(|| record["id"].to_string(), str::to_owned);
        let timestamp = record[&self.timestamp_column].as_str().and_then(time::parse_stored);
        StoredRecord::new(&id, self.is_keyed, timestamp)
    }
}
