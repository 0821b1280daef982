//! Our `storage` interface in the terms of `ingestor-core`.

use ingestor_core::checkpoint::{self, Checkpoint};
use ingestor_core::decode::Batch;
use ingestor_core::record_id::RecordId;
use ingestor_core::schema::Attribute;
use ingestor_core::sync::{AuditRecord, RefusedRow, StorageFailure};
use ingestor_core::time::{self, Micros};
use serde_json::Value;

use crate::bindings::harperdb::bigquery_ingestor::storage::{self, IdRange, StorageError, Write};

/// Records that the host parses and writes in one go: large enough to be quick, small enough never to hold up Harper's thread.
const SLICE_ROWS: usize = 200;
const SLICE_BYTES: usize = 256 * 1024;

pub fn ensure_table(target_table: &str, attributes: &[Attribute]) -> Result<(), StorageFailure> {
    let attributes: Vec<storage::Attribute> = attributes
        .iter()
        .map(|attribute| storage::Attribute {
            name: attribute.name.clone(),
            harper_type: attribute.harper_type.into(),
            bigquery_type: attribute.bigquery_type.clone(),
            indexed: attribute.indexed,
        })
        .collect();
    storage::ensure_table(target_table, &attributes).map_err(failure)
}

/// Starts to write rows. Their number in refusals is that within the batch.
pub fn write_rows(target_table: &str, batch: &mut Batch) -> Write {
    let slices = batch.slices(SLICE_ROWS, SLICE_BYTES);
    storage::write_rows(target_table, slices.bytes, &slices.ends)
}

pub fn write_checkpoint(checkpoint: &Checkpoint) -> Write {
    storage::write_checkpoint(&serde_json::to_string(checkpoint).expect("checkpoints are JSON"))
}

pub fn finish(write: &Write) -> Result<Vec<RefusedRow>, StorageFailure> {
    let refused = write.finish().map_err(failure)?;
    Ok(refused.into_iter().map(|row| RefusedRow { index: row.index as usize, reason: row.reason }).collect())
}

/// The checkpoints of every worker, and the ids of records beside them that are of another make.
pub fn load_checkpoints(table_id: &str) -> Result<(Vec<Checkpoint>, Vec<Value>), StorageFailure> {
    let json = storage::load_checkpoints(table_id).map_err(failure)?;
    Ok((checkpoint::parse_all(&json), checkpoint::foreign_ids(&json)))
}

/// The largest id in a table whose ids are in the order of time.
pub fn last_id(target_table: &str) -> Result<Option<RecordId>, StorageFailure> {
    let range = IdRange { first: String::new(), end: String::new(), limit: 1, descending: true };
    let records = read_range(target_table, &range)?;
    let id = records.first().and_then(|record| record["id"].as_str());
    Ok(id.and_then(|id| Some(RecordId(id.as_bytes().try_into().ok()?))))
}

pub fn find_missing(target_table: &str, ids: &[RecordId]) -> Result<Vec<u32>, StorageFailure> {
    storage::find_missing(target_table, &texts(ids)).map_err(failure)
}

/// The values of the timestamp column, `None` where there is no record.
pub fn read_timestamps(
    target_table: &str,
    column: &str,
    ids: &[RecordId],
) -> Result<Vec<Option<Micros>>, StorageFailure> {
    let timestamp = |record: &Value| time::parse_stored(record.get(column)?.as_str()?);
    Ok(read_rows(target_table, texts(ids))?.iter().map(timestamp).collect())
}

/// Records by id, `null` where there is none.
pub fn read_rows(target_table: &str, ids: Vec<String>) -> Result<Vec<Value>, StorageFailure> {
    storage::read_rows(target_table, &ids).map_err(failure).and_then(|json| parse(&json))
}

/// Records in the order of their ids.
pub fn read_range(target_table: &str, range: &IdRange) -> Result<Vec<Value>, StorageFailure> {
    storage::read_range(target_table, range).map_err(failure).and_then(|json| parse(&json))
}

/// Removes records for good.
pub fn remove_rows(target_table: &str, ids: &[String]) -> Result<(), StorageFailure> {
    storage::remove_rows(target_table, ids).map_err(failure)
}

pub fn append_audit(record: &AuditRecord) -> Result<(), StorageFailure> {
    storage::append_audit(&serde_json::to_string(record).expect("audit records are JSON")).map_err(failure)
}

fn texts(ids: &[RecordId]) -> Vec<String> {
    ids.iter().map(|id| id.as_str().to_owned()).collect()
}

fn parse(json: &[u8]) -> Result<Vec<Value>, StorageFailure> {
    serde_json::from_slice(json)
        .map_err(|error| StorageFailure::Refused(format!("storage answered no JSON array: {error}")))
}

fn failure(error: StorageError) -> StorageFailure {
    match error {
        StorageError::Unavailable(message) => StorageFailure::Unavailable(message),
        StorageError::Refused(message) => StorageFailure::Refused(message),
    }
}
