//! Running the queries of a table, and reading the sample's result with several batch sizes.

use std::collections::VecDeque;
use std::rc::Rc;

use ingestor_bigquery::{Answer, Call, PageRequest};
use ingestor_core::capacity::{Arrivals, LEAST_SAMPLE_ROWS, Measured, Trial};
use ingestor_core::config::TableConfig;
use ingestor_core::cost::Scan;
use ingestor_core::decode::{LayoutSettings, Page, PageDecoder, RowLayout};
use ingestor_core::failure::{Failure, FailureKind};
use ingestor_core::sql::TimestampKind;
use ingestor_core::sync::{Limits, Paging};
use wasip2::clocks::monotonic_clock;

use crate::estimate::{Estimate, too_small};
use crate::failure::Stop;
use crate::warehouse::{LONG_POLL_MS, Warehouse, unexpected};

/// Batch sizes that are tried, as far as the sample has so many rows.
const BATCH_ROWS: [u32; 7] = [500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000];
/// Pages of a trial at the most: enough to average over, and small pages over a slow network do not take minutes.
const MOST_PAGES: u64 = 64;
/// Requests of one row whose median is the round trip.
const ROUND_TRIPS: usize = 5;
/// Records that storage takes in one go, as the engine cuts them.
const SLICE_ROWS: usize = 100;
const SLICE_BYTES: usize = 256 * 1024;

/// The result of the sample's job.
struct Sample<'a> {
    warehouse: &'a mut Warehouse,
    job_id: String,
    settings: Rc<LayoutSettings>,
    layout: Option<Rc<RowLayout>>,
    rows: u64,
}

/// What a reading brought.
#[derive(Default)]
struct Brought {
    rows: u64,
    records: u64,
    record_bytes: u64,
    answer_bytes: u64,
    waited_ms: f64,
}

/// Runs the queries and reads the sample. Returns what was found out, bytes billed, and the job that has the sample for its result.
pub fn table(
    warehouse: &mut Warehouse,
    config: &TableConfig,
    estimate: &Estimate,
) -> Result<(Measured, u64, String), Stop> {
    let job_id = warehouse.start(&estimate.arrivals.query, estimate.arrivals.maximum_bytes_billed)?;
    let answered = warehouse.rows(&job_id)?;
    let mut bytes_billed = answered.scan.bytes_billed();
    let arrivals = arrivals(&answered.rows, estimate.kind)?;

    let begun_ms = now_ms();
    let job_id = warehouse.start(&estimate.sample.query, estimate.sample.maximum_bytes_billed)?;
    let (mut sample, scan) = Sample::open(warehouse, config, job_id)?;
    let query_ms = now_ms() - begun_ms;
    bytes_billed += scan.bytes_billed();
    if sample.rows < LEAST_SAMPLE_ROWS {
        return Err(too_small("the sample", sample.rows));
    }

    let round_trip_ms = sample.round_trip_ms()?;
    // The compiler and the connections warm up.
    let (_, brought) = sample.try_batch(paging(u32::try_from(sample.rows).unwrap_or(u32::MAX)), sample.rows)?;
    let rows = sample.rows;
    let sizes = BATCH_ROWS.into_iter().filter(|size| u64::from(*size) <= rows);
    let trials = sizes.map(|batch_rows| {
        let most_rows = MOST_PAGES * u64::from(paging(batch_rows).page_rows);
        sample.trial(batch_rows, rows.min(most_rows))
    });
    let trials = trials.collect::<Result<Vec<_>, _>>()?;
    let job_id = sample.job_id;
    let measured = Measured {
        arrivals,
        sample_rows: sample.rows,
        record_bytes: brought.record_bytes as f64 / brought.records.max(1) as f64,
        answer_bytes: brought.answer_bytes as f64 / brought.rows.max(1) as f64,
        query_ms,
        round_trip_ms,
        poll_bytes_billed: estimate.poll_bytes_billed,
        trials,
    };
    Ok((measured, bytes_billed, job_id))
}

/// Reads the whole result of a sample that somebody else has measured.
pub fn result(
    warehouse: &mut Warehouse,
    config: &TableConfig,
    job_id: String,
    batch_rows: u32,
) -> Result<Trial, Failure> {
    let (mut sample, _) = Sample::open(warehouse, config, job_id)?;
    sample.trial(batch_rows, sample.rows)
}

impl<'a> Sample<'a> {
    /// Waits for the job. Returns what it has read, too.
    fn open(warehouse: &'a mut Warehouse, config: &TableConfig, job_id: String) -> Result<(Self, Scan), Failure> {
        let settings = LayoutSettings {
            timestamp_column: config.timestamp_column.clone(),
            key_columns: config.key_columns.clone(),
            numeric: config.numeric,
        };
        let mut sample = Self { warehouse, job_id, settings: settings.into(), layout: None, rows: 0 };
        loop {
            let page = sample.page_of_one_row()?;
            if page.job_complete {
                let scan = page.scan();
                sample.rows = page.total_rows.unwrap_or(page.rows_read);
                sample.layout = page.layout;
                return Ok((sample, scan));
            }
        }
    }

    fn page_of_one_row(&mut self) -> Result<Page, Failure> {
        let call = self.call(0, 1);
        match self.warehouse.client.complete(call)? {
            Answer::Page(page) => Ok(page),
            answer => Err(unexpected(&answer)),
        }
    }

    /// The median of several.
    fn round_trip_ms(&mut self) -> Result<f64, Failure> {
        let mut times = Vec::with_capacity(ROUND_TRIPS);
        for _ in 0..ROUND_TRIPS {
            let begun_ms = now_ms();
            self.page_of_one_row()?;
            times.push(now_ms() - begun_ms);
        }
        times.sort_by(f64::total_cmp);
        Ok(times[ROUND_TRIPS / 2])
    }

    fn trial(&mut self, batch_rows: u32, rows: u64) -> Result<Trial, Failure> {
        let paging = paging(batch_rows);
        let (elapsed_ms, brought) = self.try_batch(paging, rows)?;
        let busy_ms = (elapsed_ms - brought.waited_ms).max(0.0);
        Ok(Trial { batch_rows, page_rows: paging.page_rows, rows: brought.rows, elapsed_ms, busy_ms })
    }

    /// Reads so many rows, as many pages side by side as the engine would have. Returns how long that took.
    fn try_batch(&mut self, paging: Paging, rows: u64) -> Result<(f64, Brought), Failure> {
        let begun_ms = now_ms();
        let mut brought = Brought::default();
        let mut next_row = 0;
        let mut calls: VecDeque<(u64, u64, Call)> = VecDeque::new();
        loop {
            while next_row < rows && calls.len() < paging.ahead {
                let end = (next_row + u64::from(paging.page_rows)).min(rows);
                calls.push_back((next_row, end, self.call(next_row, end)));
                next_row = end;
            }
            if calls.is_empty() {
                return Ok((now_ms() - begun_ms, brought));
            }
            let mut has_worked = false;
            let mut index = 0;
            while index < calls.len() {
                let call = &mut calls[index].2;
                let answer = call.advance(&mut self.warehouse.client);
                has_worked |= answer.is_some() || call.has_more();
                let Some(answer) = answer else {
                    index += 1;
                    continue;
                };
                let (start, end, call) = calls.remove(index).expect("it was just asked");
                let Answer::Page(page) = answer? else {
                    return Err(Failure::malformed("a page was asked for, something else came"));
                };
                let page_end = start + page.rows_read;
                brought.take(page, call.received_bytes());
                match page_end {
                    // BigQuery cuts pages at about 10 MB: the rest is asked for.
                    page_end if page_end < end && page_end > start => {
                        calls.push_back((page_end, end, self.call(page_end, end)));
                    }
                    page_end if page_end < end => {
                        let message = format!("the result ended after {start} of {} rows", self.rows);
                        return Err(Failure::new(FailureKind::Malformed, "shortResult", message));
                    }
                    _ => {}
                }
            }
            if !has_worked {
                let waiting_since_ms = now_ms();
                let waiting: Vec<&Call> = calls.iter().map(|(_, _, call)| call).collect();
                self.warehouse.client.wait(&waiting, u64::MAX);
                brought.waited_ms += now_ms() - waiting_since_ms;
            }
        }
    }

    fn call(&self, start: u64, end: u64) -> Call {
        let max_results = u32::try_from(end - start).unwrap_or(u32::MAX);
        let page = PageRequest { start_index: start, max_results, page_token: None, timeout_ms: LONG_POLL_MS };
        let (settings, layout, synced_at) = (self.settings.clone(), self.layout.clone(), self.warehouse.now());
        let new_decoder = Box::new(move || PageDecoder::new(settings.clone(), layout.clone(), synced_at));
        self.warehouse.client.get_query_results(&self.job_id, &page, new_decoder)
    }
}

impl Brought {
    /// Does with a page what the engine does before it hands it to storage.
    fn take(&mut self, mut page: Page, received_bytes: u64) {
        self.rows += page.rows_read;
        self.records += page.batch.len() as u64;
        self.record_bytes += page.batch.slices(SLICE_ROWS, SLICE_BYTES).bytes.len() as u64;
        self.answer_bytes += received_bytes;
    }
}

/// As in a backfill, which is the phase where speed matters.
fn paging(batch_rows: u32) -> Paging {
    Paging::of_backfill(&Limits::default(), batch_rows, None)
}

fn arrivals(rows: &[Vec<Option<String>>], kind: TimestampKind) -> Result<Arrivals, Failure> {
    let number = |column: usize| rows.first()?.get(column)?.as_deref()?.parse::<i64>().ok();
    let count = |column| number(column).and_then(|count| u64::try_from(count).ok());
    let counted = (|| {
        let mut recent_rows = [count(3)?, count(4)?, count(5)?];
        if kind == TimestampKind::Date {
            // Its hours are not known, and a day that counts from midnight is up to two.
            recent_rows[..2].fill(0);
        }
        Some(Arrivals { bounds_micros: number(0).zip(number(1)), rows: count(2)?, recent_rows })
    })();
    counted.ok_or_else(|| Failure::malformed("the answer does not count the rows"))
}

fn now_ms() -> f64 {
    monotonic_clock::now() as f64 / 1e6
}
