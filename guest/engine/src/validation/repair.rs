//! Mends what differs. Every step can be repeated, and nothing is removed before its content is in the audit.

use ingestor_core::decode::Batch;
use ingestor_core::sync::{AuditRecord, StorageFailure};
use ingestor_core::validation::Repaired;

use super::source::Source;
use crate::store;

/// Why records are removed.
pub const NO_ORIGIN: &str = "no row of the source is the origin of this record";
pub const FOREIGN_ID: &str = "no sync makes records with such an id";

/// Bytes of a removed record that the audit keeps.
const KEPT_BYTES: usize = 64 * 1024;

pub struct Repair {
    pub done: Repaired,
    target_table: String,
    table_id: String,
}

impl Repair {
    pub fn of(source: &Source) -> Self {
        let (target_table, table_id) = (source.config.target_table.clone(), source.config.id.clone());
        Self { done: Repaired::default(), target_table, table_id }
    }

    /// Writes rows, in the place of the records with their ids if there are any.
    pub fn write(&mut self, rows: &mut Batch) -> Result<(), StorageFailure> {
        if rows.is_empty() {
            return Ok(());
        }
        let written = rows.len() as u64;
        let refused = store::finish(&store::write_rows(&self.target_table, rows))?;
        self.done.written += written - refused.len() as u64;
        self.done.refused += refused.len() as u64;
        for row in refused {
            let content = String::from_utf8_lossy(rows.record_json(row.index)).into_owned();
            let id = rows.rows[row.index].id.as_str();
            store::append_audit(&self.audit("row_rejected", id, row.reason, content))?;
        }
        Ok(())
    }

    /// Removes records, each once its content is in the audit.
    pub fn remove(&mut self, ids: &[String], reason: &str) -> Result<(), StorageFailure> {
        for id in ids {
            let Some(record) =
                store::read_rows(&self.target_table, vec![id.clone()])?.pop().filter(|record| !record.is_null())
            else {
                continue;
            };
            store::append_audit(&self.audit("row_removed", id, reason.to_owned(), record.to_string()))?;
            store::remove_rows(&self.target_table, std::slice::from_ref(id))?;
            self.done.removed += 1;
        }
        Ok(())
    }

    fn audit(&self, status: &'static str, id: &str, reason: String, mut content: String) -> AuditRecord {
        content.truncate(content.floor_char_boundary(KEPT_BYTES));
        AuditRecord {
            status,
            table_id: self.table_id.clone(),
            record_id: Some(id.to_owned()),
            job_id: String::new(),
            reason,
            content,
        }
    }
}
