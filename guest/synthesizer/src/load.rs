//! Rows on their way into a table: by load jobs, or by `insertAll` where that is configured.

use std::collections::{HashSet, VecDeque};

use ingestor_bigquery::{Answer, Opened, PART_BYTES, StreamedRow, Upload};
use ingestor_core::failure::{Failure, FailureKind};
use ingestor_core::sql::TableRef;
use ingestor_core::time::{Micros, parse_rfc3339};
use ingestor_maritime::rows::Rows;
use ingestor_maritime::table::Table;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::report::Progress;
use crate::warehouse::Warehouse;

/// Bytes that are made at once. After each the server is asked whether it has answered, which is a call to another thread.
const PIECE_BYTES: usize = 1024 * 1024;
/// Rows of one `insertAll`; BigQuery recommends no more.
const STREAMED_ROWS: usize = 500;

/// What tells the rows of a table apart: the timestamp and the vessel's MMSI.
pub type RowKey = (Micros, u32);

/// Where rows go, and how far they are.
pub struct Destination<'a> {
    pub warehouse: &'a mut Warehouse,
    pub kind: Table,
    pub table: TableRef,
    pub progress: &'a mut Progress,
}

/// Rows, but for those that are there.
pub struct Source<'a> {
    rows: VecDeque<Rows<'a>>,
    present: HashSet<RowKey>,
    piece: Vec<u8>,
}

impl<'a> Source<'a> {
    pub fn new(rows: VecDeque<Rows<'a>>, present: HashSet<RowKey>) -> Self {
        Self { rows, present, piece: Vec::new() }
    }

    /// Appends some rows; returns how many, or None at the end.
    fn fill(&mut self, out: &mut Vec<u8>) -> Option<u64> {
        if self.present.is_empty() {
            return next_piece(&mut self.rows, out);
        }
        self.piece.clear();
        next_piece(&mut self.rows, &mut self.piece)?;
        let mut rows = 0;
        for row in self.piece.split_inclusive(|byte| *byte == b'\n') {
            if !key_of(row).is_some_and(|key| self.present.remove(&key)) {
                out.extend_from_slice(row);
                rows += 1;
            }
        }
        Some(rows)
    }
}

/// Appends some rows of the first that has any left; returns how many, or None at the end of all.
fn next_piece(sources: &mut VecDeque<Rows>, out: &mut Vec<u8>) -> Option<u64> {
    loop {
        match sources.front_mut()?.fill(out, PIECE_BYTES) {
            0 => drop(sources.pop_front()),
            rows => return Some(rows as u64),
        }
    }
}

/// Reads the key of a row as the model writes it: the timestamp is its first value.
fn key_of(row: &[u8]) -> Option<RowKey> {
    let text = str::from_utf8(row).ok()?;
    let (_, rest) = text.split_once(":\"")?;
    let (time, rest) = rest.split_once('"')?;
    let (_, rest) = rest.split_once("mmsi\":\"")?;
    Some((parse_rfc3339(time)?, rest.get(..9)?.parse().ok()?))
}

/// A load job on its way: all of its rows arrive, or none.
pub struct LoadJob {
    id: String,
    upload: Box<Upload>,
}

impl LoadJob {
    /// Sends what is left of its rows. From now on they can appear in the table.
    pub fn close(&mut self, warehouse: &mut Warehouse) -> Result<(), Failure> {
        self.upload.close(&mut warehouse.client)
    }

    /// Waits until the rows of a closed one are in the table.
    pub fn wait(self, warehouse: &mut Warehouse) -> Result<(), Failure> {
        let job = self.upload.job(&mut warehouse.client)?;
        if job.is_done { Ok(()) } else { warehouse.await_job(&self.id) }
    }

    fn pump(&mut self, warehouse: &mut Warehouse) -> Result<(), Failure> {
        self.upload.pump(&mut warehouse.client)
    }
}

/// Gives rows to a load job, which is not closed yet; none without rows, or when it has been done before. `name` names the
/// rows: the same have the same in every run. Meanwhile `running` ones go on.
pub fn by_job(
    to: &mut Destination,
    source: &mut Source,
    name: &str,
    running: &mut [LoadJob],
) -> Result<Option<LoadJob>, Failure> {
    // BigQuery may take its time to open an upload, as long as another job is running: the first part is made before.
    let mut buffer = Upload::new_buffer();
    let mut buffered_rows = 0;
    while buffer.len() <= PART_BYTES
        && let Some(rows) = source.fill(&mut buffer)
    {
        buffered_rows += rows;
        running.iter_mut().try_for_each(|job| job.pump(to.warehouse))?;
    }
    if buffered_rows == 0 {
        return Ok(None);
    }
    let Some(mut job) = open(to, name)? else { return Ok(None) };
    *job.upload.buffer() = buffer;
    to.progress.add(to.kind, buffered_rows);
    loop {
        for job in running.iter_mut().chain([&mut job]) {
            job.pump(to.warehouse)?;
        }
        let Some(rows) = source.fill(job.upload.buffer()) else { return Ok(Some(job)) };
        to.progress.add(to.kind, rows);
    }
}

/// Opens an upload. A job of this name may be there from a run that ended before it was through: then it has done the work,
/// and there is no upload. Or its rows were deleted since: then another one does it again.
fn open(to: &mut Destination, name: &str) -> Result<Option<LoadJob>, Failure> {
    let name = xxh3_64(format!("{} {name}", to.table).as_bytes());
    let warehouse = &mut *to.warehouse;
    for attempt in 0_u32.. {
        let id = format!("maritime_{name:016x}_{attempt}");
        match Upload::open(&mut warehouse.client, &id, &to.table)? {
            Opened::Upload(upload) => return Ok(Some(LoadJob { id, upload })),
            Opened::JobExisted => {
                let call = warehouse.client.get_job(&id);
                match warehouse.complete(call) {
                    Ok(Answer::Job(job)) if job.is_done => {}
                    Ok(_) => return warehouse.await_job(&id).map(|()| None),
                    Err(failure) if failure.job_failed => {}
                    Err(failure) => return Err(failure),
                }
            }
        }
    }
    unreachable!("there are more numbers than jobs")
}

/// Sends rows by `insertAll`, in groups that are there at once.
pub fn by_streaming(to: &mut Destination, source: &mut Source) -> Result<(), Failure> {
    let mut piece = Vec::new();
    while source.fill(&mut piece).is_some() {
        let rows: Vec<&[u8]> = piece.split(|byte| *byte == b'\n').filter(|row| !row.is_empty()).collect();
        for group in rows.chunks(STREAMED_ROWS) {
            // The same row has the same id in every run.
            let ids: Vec<String> = group.iter().map(|row| format!("{:032x}", xxh3_128(row))).collect();
            let streamed = ids.iter().zip(group).map(|(insert_id, json)| StreamedRow { insert_id, json });
            let call = to.warehouse.client.insert_all(&to.table, &streamed.collect::<Vec<_>>());
            if let Answer::Streamed(refused) = to.warehouse.complete(call)?
                && let Some(row) = refused.first()
            {
                let message = format!("{} of {} rows were not taken: {}", refused.len(), group.len(), row.message);
                return Err(Failure::new(FailureKind::Invalid, "insertErrors", message));
            }
            to.progress.add(to.kind, group.len() as u64);
        }
        piece.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingestor_core::time::{DAY, HOUR};
    use ingestor_maritime::fleet::Fleet;
    use ingestor_maritime::rows::Generator;
    use ingestor_maritime::timetable::{Cadence, Lateness, Window};

    #[test]
    fn rows_that_are_there_are_left_out() {
        let cadence = Cadence { batch_size: 1, interval_micros: HOUR };
        let generator = Generator { fleet: Fleet::new(1, 50).unwrap(), cadence, lateness: Lateness::default() };
        for table in Table::ALL {
            let window = || Window::arriving(20_000 * DAY..20_100 * DAY);
            let mut all = Vec::new();
            generator.rows(table, window()).fill(&mut all, usize::MAX / 2);
            let rows: Vec<&[u8]> = all.split_inclusive(|byte| *byte == b'\n').collect();
            assert!(rows.len() > 10, "{table:?}");
            let present: HashSet<RowKey> = rows.iter().step_by(2).map(|row| key_of(row).unwrap()).collect();
            let mut source = Source::new([generator.rows(table, window())].into(), present);
            let mut rest = Vec::new();
            while source.fill(&mut rest).is_some() {}
            assert_eq!(rest, rows.into_iter().skip(1).step_by(2).collect::<Vec<_>>().concat(), "{table:?}");
        }
    }
}
