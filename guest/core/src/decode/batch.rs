//! Decoded rows on their way to storage.

use crate::record_id::RecordId;
use crate::time::Micros;

/// Records as JSON, one after the other, with what the engine needs to know of each.
#[derive(Debug, Default)]
pub struct Batch {
    /// Before each record there are two bytes, which is enough for what divides JSON arrays or their elements: rows can
    /// be dropped and arrays cut without a second copy.
    pub(super) bytes: Vec<u8>,
    /// One entry a record.
    pub rows: Vec<RowMeta>,
}

/// What divides two elements of an array.
pub(super) const SEPARATOR: [u8; 2] = *b",\n";
const BETWEEN_ARRAYS: [u8; 2] = *b"][";
const BEFORE_ARRAYS: [u8; 2] = *b" [";

/// What the engine needs to know of a record.
#[derive(Debug, Clone)]
pub struct RowMeta {
    /// The record's `id`.
    pub id: RecordId,
    /// Its timestamp column.
    pub timestamp_micros: Micros,
    /// Hash of the row's whole content, also when key columns make the id.
    pub content_hash: u64,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// JSON arrays of records, as `write-rows` takes them.
#[derive(Debug)]
pub struct Slices<'a> {
    /// The arrays, one after the other.
    pub bytes: &'a [u8],
    /// Where each of them ends in `bytes`.
    pub ends: Vec<u32>,
}

impl Batch {
    /// Records in the batch.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no record in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A record: a JSON object in UTF-8.
    #[must_use]
    pub fn record_json(&self, index: usize) -> &[u8] {
        let row = &self.rows[index];
        &self.bytes[row.start as usize..row.end as usize]
    }

    /// Drops the records that `keep`, which sees each with its position, says false for.
    pub fn retain(&mut self, keep: &mut dyn FnMut(usize, &RowMeta) -> bool) {
        let (mut position, mut end) = (0, 0);
        let bytes = &mut self.bytes;
        self.rows.retain_mut(|row| {
            let kept = keep(position, row);
            position += 1;
            if kept {
                let (from, to) = (row.start as usize - SEPARATOR.len(), row.end as usize);
                if from != end {
                    bytes.copy_within(from..to, end);
                }
                row.start = (end + SEPARATOR.len()) as u32;
                end += to - from;
                row.end = end as u32;
            }
            kept
        });
        bytes.truncate(end);
    }

    /// Cuts the batch into arrays of at most `max_rows` records and, unless a single record is larger, `max_bytes` bytes.
    #[must_use]
    pub fn slices(&mut self, max_rows: usize, max_bytes: usize) -> Slices<'_> {
        let mut ends = Vec::new();
        let (mut slice_start, mut rows_in_slice) = (0, 0);
        for (index, row) in self.rows.iter().enumerate() {
            let separator = row.start as usize - SEPARATOR.len();
            let full = rows_in_slice >= max_rows || row.end as usize + 1 - slice_start > max_bytes;
            let divider = match index {
                0 => BEFORE_ARRAYS,
                _ if full => BETWEEN_ARRAYS,
                _ => SEPARATOR,
            };
            if divider == BETWEEN_ARRAYS {
                slice_start = separator + 1;
                rows_in_slice = 0;
                ends.push(slice_start as u32);
            }
            self.bytes[separator..][..SEPARATOR.len()].copy_from_slice(&divider);
            rows_in_slice += 1;
        }
        if let Some(last) = self.rows.last() {
            self.bytes.truncate(last.end as usize);
            self.bytes.push(b']');
            ends.push(self.bytes.len() as u32);
        }
        Slices { bytes: &self.bytes, ends }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_of(records: &[&str]) -> Batch {
        let mut batch = Batch::default();
        for (index, record) in records.iter().enumerate() {
            batch.bytes.extend_from_slice(&SEPARATOR);
            let start = batch.bytes.len() as u32;
            batch.bytes.extend_from_slice(record.as_bytes());
            let id = RecordId::from_content(index as Micros, 0);
            let end = batch.bytes.len() as u32;
            batch.rows.push(RowMeta { id, timestamp_micros: index as Micros, content_hash: 0, start, end });
        }
        batch
    }

    fn arrays(slices: &Slices) -> Vec<String> {
        let mut start = 0;
        let ends = slices.ends.iter().map(|&end| end as usize);
        let arrays = ends.map(|end| {
            let array: serde_json::Value = serde_json::from_slice(&slices.bytes[start..end]).unwrap();
            start = end;
            array.to_string()
        });
        let arrays = arrays.collect();
        assert_eq!(start, slices.bytes.len(), "the slices cover the bytes");
        arrays
    }

    #[test]
    fn slices_hold_at_most_so_many_rows() {
        let mut batch = made_of(&["{}", "{\"a\":1}", "2", "3", "4"]);
        let slices = batch.slices(2, usize::MAX);
        assert_eq!(arrays(&slices), ["[{},{\"a\":1}]", "[2,3]", "[4]"]);
    }

    #[test]
    fn slices_hold_at_most_so_many_bytes_unless_one_record_is_larger() {
        let large = format!("\"{}\"", "x".repeat(100));
        let mut batch = made_of(&["10", "20", "30", &large, "40"]);
        let slices = batch.slices(100, 7);
        assert_eq!(arrays(&slices), ["[10]", "[20]", "[30]", &format!("[{large}]"), "[40]"]);
        let mut batch = made_of(&["10", "20", "30", &large, "40"]);
        let slices = batch.slices(100, 11);
        assert_eq!(arrays(&slices), ["[10,20]", "[30]", &format!("[{large}]"), "[40]"]);
    }

    #[test]
    fn an_empty_batch_has_no_slices() {
        let mut batch = made_of(&[]);
        let slices = batch.slices(100, 100);
        assert!(slices.bytes.is_empty() && slices.ends.is_empty());
    }

    #[test]
    fn dropped_rows_leave_no_trace() {
        let mut batch = made_of(&["0", "11", "222", "3333", "44444"]);
        batch.retain(&mut |index, row| index != 0 && row.timestamp_micros != 3);
        let records: Vec<_> = (0..batch.len()).map(|index| batch.record_json(index).to_vec()).collect();
        assert_eq!(records, [b"11".to_vec(), b"222".to_vec(), b"44444".to_vec()]);
        assert_eq!(arrays(&batch.slices(2, usize::MAX)), ["[11,222]", "[44444]"]);
    }

    #[test]
    fn a_batch_can_be_cut_again_after_rows_were_dropped() {
        let mut batch = made_of(&["0", "1", "2"]);
        assert_eq!(arrays(&batch.slices(2, usize::MAX)), ["[0,1]", "[2]"]);
        assert_eq!(arrays(&batch.slices(1, usize::MAX)), ["[0]", "[1]", "[2]"]);
        batch.retain(&mut |index, _| index != 1);
        assert_eq!(arrays(&batch.slices(2, usize::MAX)), ["[0,2]"]);
    }

    #[test]
    fn all_rows_can_be_dropped() {
        let mut batch = made_of(&["0", "1"]);
        batch.retain(&mut |_, _| false);
        assert!(batch.is_empty());
        assert!(batch.slices(1, 1).bytes.is_empty());
    }
}
