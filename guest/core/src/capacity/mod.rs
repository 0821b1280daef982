//! From measurements to settings: what one worker manages with a table, what holds it back, and which batch sizes, poll interval, threads
//! and nodes keep a lag.

mod words;

use serde::Serialize;

use crate::config::TableConfig;
use crate::cost;
use crate::sql::ARRIVAL_SPANS;
use crate::time::{Micros, SECOND};

/// Rows that a sample has to have at the least: with fewer, what is measured is how requests begin and end.
pub const LEAST_SAMPLE_ROWS: u64 = 1_000;

/// What one Harper database stores of the plugin's records in a second, whichever of its threads write: a backfill of `npm run bench` on
/// two cores, rounded down (docs/performance.md).
const HARPER_ROWS_PER_SECOND: f64 = 16_000.0;
/// Bytes of the records that it was measured with, as JSON.
const HARPER_RECORD_BYTES: f64 = 320.0;

/// A batch size is good enough when it comes this near to the best one.
const NEAR_ENOUGH: f64 = 0.95;
/// How much faster than Harper stores there is any use in reading.
const USEFUL_LEAD: f64 = 1.5;
/// A batch, which is what a worker has in memory, takes this many bytes at the most.
const MOST_BATCH_BYTES: f64 = 32.0 * 1_048_576.0;
/// Pages of the steady phase are not made smaller than this: it would save nothing.
const LEAST_STEADY_ROWS: u32 = 500;
/// Nothing is polled more often.
const LEAST_POLL_INTERVAL_S: f64 = 1.0;
/// With less frequent polls a table would leave its steady phase between two of them.
const MOST_POLL_INTERVAL_S: f64 = 540.0;
/// How much of what a worker manages may be asked of it, so that it catches up after a pause.
const MOST_LOAD: f64 = 0.7;
const DAY_SECONDS: f64 = 86_400.0;

/// One reading of the sample with one batch size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trial {
    /// Rows under way at a time, as `initialBatchSize` has it.
    pub batch_rows: u32,
    /// Rows a page: a batch is cut into several that are fetched side by side.
    pub page_rows: u32,
    /// Rows that were read.
    pub rows: u64,
    /// How long that took.
    pub elapsed_ms: f64,
    /// Of that, how long the engine was at work; the rest it waited for BigQuery and the network.
    pub busy_ms: f64,
}

/// How many rows there are, and how many came lately: the answer to [`select_arrivals`](crate::sql::select_arrivals).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Arrivals {
    /// The smallest and the largest timestamp; none without rows.
    pub bounds_micros: Option<(Micros, Micros)>,
    /// Rows dated before now.
    pub rows: u64,
    /// Of the last hour, day and week.
    pub recent_rows: [u64; 3],
}

/// What was found out about a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    /// How fast it grows.
    pub arrivals: Arrivals,
    /// Rows of the sample.
    pub sample_rows: u64,
    /// An average record, as JSON on its way to storage.
    pub record_bytes: f64,
    /// An average row, as BigQuery sends it.
    pub answer_bytes: f64,
    /// From asking for a query to its result.
    pub query_ms: f64,
    /// From asking for a page of one row to its end.
    pub round_trip_ms: f64,
    /// What a poll with news is billed.
    pub poll_bytes_billed: u64,
    /// By batch size, smallest first; at least one.
    pub trials: Vec<Trial>,
}

/// Several workers that read the same sample at the same time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThreadTrial {
    /// How many.
    pub threads: u32,
    /// Of all of them together.
    pub rows_per_second: f64,
}

/// What is wanted, and what it is to be done with.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// How far tables may be behind.
    pub target_lag_s: f64,
    /// What Harper stores in a second of these very records, where that is known.
    pub harper_rows_per_second: Option<f64>,
    /// By number of threads, that of one first; empty when none were tried.
    pub thread_trials: Vec<ThreadTrial>,
}

/// What a table's rate is bound by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Bottleneck {
    /// Waiting for BigQuery's answers.
    Network,
    /// Decoding them.
    EngineCpu,
    /// Storing the records.
    HarperWriter,
}

/// What to configure for a table, and what comes of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TableAdvice {
    /// How many rows are to be expected.
    pub arrival_rows_per_second: f64,
    /// What one worker reads and decodes in a second.
    pub reading_rows_per_second: f64,
    /// What it would if nothing had to be waited for.
    pub engine_rows_per_second: f64,
    /// What Harper stores.
    pub harper_rows_per_second: f64,
    /// What is left of all that.
    pub rows_per_second: f64,
    /// What to improve first.
    pub bottleneck: Bottleneck,
    /// `sync.initialBatchSize`
    pub initial_batch_size: u32,
    /// `sync.catchupBatchSize`
    pub catchup_batch_size: u32,
    /// `sync.steadyBatchSize`
    pub steady_batch_size: u32,
    /// `sync.pollInterval`; none when no interval keeps the target lag.
    pub poll_interval_s: Option<f64>,
    /// How long a poll with news takes at that interval, or any.
    pub poll_s: f64,
    /// What polls come to within a day, if each brings news.
    pub usd_a_day: Option<f64>,
    /// How long everything there is takes.
    pub backfill_s: f64,
    /// The arithmetic.
    pub because: Vec<String>,
}

/// What to configure for all tables together.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Advice {
    /// The part of one worker's time that new rows need, of all tables.
    pub load: f64,
    /// `sync.threadsPerNode`
    pub threads_per_node: u32,
    /// None when no number of nodes is enough.
    pub nodes: Option<u32>,
    /// The arithmetic.
    pub because: Vec<String>,
}

impl Trial {
    fn rows_per_second(&self) -> f64 {
        self.rows as f64 * 1_000.0 / self.elapsed_ms.max(0.001)
    }

    /// If the engine had never waited.
    fn engine_rows_per_second(&self) -> f64 {
        self.rows as f64 * 1_000.0 / self.busy_ms.max(0.001)
    }
}

impl Arrivals {
    /// The highest of the averages over the last hour, day and week. If nothing came lately, that over the table's whole time.
    fn rows_per_second(&self) -> Rate {
        let recent = self.recent_rows.iter().zip(ARRIVAL_SPANS).zip(["hour", "day", "week"]);
        let rates = recent.map(|((rows, span), name)| Rate { rows: *rows, micros: span, since: Some(name) });
        let whole = self.bounds_micros.map_or(0, |(min, max)| max - min);
        rates.filter(|rate| rate.rows > 0).max_by(|a, b| a.per_second().total_cmp(&b.per_second())).unwrap_or(Rate {
            rows: self.rows,
            micros: whole,
            since: None,
        })
    }
}

/// Rows within a time.
struct Rate {
    rows: u64,
    micros: Micros,
    /// None for the time between the first and the last row.
    since: Option<&'static str>,
}

impl Rate {
    fn per_second(&self) -> f64 {
        self.rows as f64 / (self.micros.max(SECOND) as f64 / SECOND as f64)
    }
}

/// What follows from the measurements of a table.
///
/// # Panics
/// Without a trial.
#[must_use]
pub fn of_table(config: &TableConfig, measured: &Measured, goal: &Goal) -> TableAdvice {
    let arrival = measured.arrivals.rows_per_second();
    let harper = goal
        .harper_rows_per_second
        .unwrap_or_else(|| HARPER_ROWS_PER_SECOND * (HARPER_RECORD_BYTES / measured.record_bytes).min(1.0));
    let trial = good_enough(measured, harper);
    let reading = trial.rows_per_second();
    let bottleneck = match () {
        () if harper <= reading => Bottleneck::HarperWriter,
        () if trial.busy_ms * 2.0 < trial.elapsed_ms => Bottleneck::Network,
        () => Bottleneck::EngineCpu,
    };
    let rows_per_second = reading.min(harper);
    let arrival_rate = arrival.per_second();
    let again_rows = (arrival_rate * config.lookback_ms as f64 / 1_000.0).min(config.lookback_rows as f64);
    // What a poll takes however few rows are new, and what each second of its interval adds.
    let fixed_s = (measured.round_trip_ms + measured.query_ms) / 1_000.0 + again_rows / reading;
    let added = arrival_rate * (1.0 / reading + 1.0 / harper);
    let longest_s = (goal.target_lag_s - fixed_s) / (1.0 + added);
    let poll_interval_s = (longest_s >= LEAST_POLL_INTERVAL_S).then(|| longest_s.min(MOST_POLL_INTERVAL_S).floor());
    let interval_s = poll_interval_s.unwrap_or(LEAST_POLL_INTERVAL_S);
    let poll_rows = again_rows + arrival_rate * interval_s;
    let catchup_batch_size = rounded_up(f64::from(trial.page_rows)).min(trial.batch_rows);
    let polls_a_day = DAY_SECONDS / interval_s;
    let mut advice = TableAdvice {
        arrival_rows_per_second: arrival_rate,
        reading_rows_per_second: reading,
        engine_rows_per_second: trial.engine_rows_per_second(),
        harper_rows_per_second: harper,
        rows_per_second,
        bottleneck,
        initial_batch_size: trial.batch_rows,
        catchup_batch_size,
        steady_batch_size: rounded_up(poll_rows).clamp(LEAST_STEADY_ROWS.min(catchup_batch_size), catchup_batch_size),
        poll_interval_s,
        poll_s: fixed_s + added * interval_s,
        usd_a_day: poll_interval_s.map(|_| cost::price_usd(measured.poll_bytes_billed) * polls_a_day),
        backfill_s: measured.arrivals.rows as f64 / rows_per_second,
        because: Vec::new(),
    };
    advice.because = words::of_table(measured, goal, &arrival, trial, again_rows, longest_s, &advice);
    advice
}

/// What follows for all tables together.
#[must_use]
pub fn of_all(tables: &[TableAdvice], goal: &Goal) -> Advice {
    let load_of = |rate: fn(&TableAdvice) -> f64| -> f64 {
        tables.iter().map(|table| table.arrival_rows_per_second / rate(table)).sum()
    };
    let reading = load_of(|table| table.reading_rows_per_second);
    let harper = load_of(|table| table.harper_rows_per_second);
    let speedups = speedups(&goal.thread_trials);
    let fastest = speedups.iter().copied().max_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap_or((1, 1.0));
    let enough = speedups.iter().copied().find(|(_, speedup)| reading / speedup <= MOST_LOAD);
    let (threads_per_node, speedup) = enough.unwrap_or(fastest);
    let readers = (reading / speedup / MOST_LOAD).ceil().max(1.0) as u32;
    let nodes = (harper <= MOST_LOAD).then_some(readers);
    let because = words::of_all(reading, harper, threads_per_node, readers, &speedups);
    Advice { load: reading.max(harper), threads_per_node, nodes, because }
}

/// How many times as fast as one so many threads are.
fn speedups(trials: &[ThreadTrial]) -> Vec<(u32, f64)> {
    let one = trials.first().map_or(1.0, |trial| trial.rows_per_second);
    trials.iter().map(|trial| (trial.threads, trial.rows_per_second / one)).collect()
}

/// The smallest batch that is read about as fast as any, or as there is a use for.
fn good_enough(measured: &Measured, harper: f64) -> &Trial {
    let fits = |trial: &&Trial| f64::from(trial.batch_rows) * measured.record_bytes <= MOST_BATCH_BYTES;
    let fastest = measured.trials.iter().filter(fits).map(Trial::rows_per_second).fold(0.0, f64::max);
    let enough = fastest.min(harper * USEFUL_LEAD) * NEAR_ENOUGH;
    let good = measured.trials.iter().filter(fits).find(|trial| trial.rows_per_second() >= enough);
    good.unwrap_or(&measured.trials[0])
}

/// To 1, 2 or 5 and zeros.
fn rounded_up(rows: f64) -> u32 {
    let mut magnitude = 1_u32;
    loop {
        for step in [1, 2, 5] {
            if f64::from(magnitude * step) >= rows.min(100_000.0) {
                return magnitude * step;
            }
        }
        magnitude *= 10;
    }
}

#[cfg(test)]
mod tests;
