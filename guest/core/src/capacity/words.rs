//! The arithmetic behind an advice, for people.

use super::{Bottleneck, DAY_SECONDS, Goal, HARPER_RECORD_BYTES, HARPER_ROWS_PER_SECOND, MOST_LOAD};
use super::{MOST_POLL_INTERVAL_S, Measured, Rate, TableAdvice, Trial};

pub(super) fn of_table(
    measured: &Measured,
    goal: &Goal,
    arrival: &Rate,
    trial: &Trial,
    again_rows: f64,
    longest_s: f64,
    advice: &TableAdvice,
) -> Vec<String> {
    let mut because = vec![
        arrivals(arrival),
        reading(trial, advice),
        storing(measured, goal, advice),
        bottleneck(advice),
        interval(measured, goal, again_rows, longest_s, advice),
    ];
    if let (Some(interval_s), Some(usd)) = (advice.poll_interval_s, advice.usd_a_day) {
        because.push(format!(
            "bill: {DAY_SECONDS:.0} s / {interval_s:.0} s = {} polls a day x {} MiB = ${usd:.2} a day, if each brings news; polls \
             without are free",
            grouped(DAY_SECONDS / interval_s),
            measured.poll_bytes_billed >> 20,
        ));
    }
    because.push(format!(
        "backfill: {} rows / {} rows/s = {}, one query job",
        grouped(measured.arrivals.rows as f64),
        grouped(advice.rows_per_second),
        duration(advice.backfill_s),
    ));
    because
}

pub(super) fn of_all(reading: f64, harper: f64, threads: u32, readers: u32, speedups: &[(u32, f64)]) -> Vec<String> {
    let percent = |load: f64| format!("{:.1} %", load * 100.0);
    let limit = percent(MOST_LOAD);
    let mut because = vec![format!(
        "new rows take {} of the time of one worker to read and {} of Harper's writer to store; up to {limit} leave room to catch up \
         after a pause",
        percent(reading),
        percent(harper),
    )];
    if speedups.len() > 1 {
        let shown: Vec<_> = speedups.iter().map(|(threads, speedup)| format!("{threads}: {speedup:.2}")).collect();
        because.push(format!("times as fast as one thread reads, by threads: {}", shown.join(", ")));
    }
    because.push(if harper > MOST_LOAD {
        "more than one Harper database takes: each node of a cluster stores every row, so more nodes do not help. Read fewer \
         columns, index fewer, or spread the tables over clusters"
            .into()
    } else if threads == 1 && readers == 1 {
        "one worker is enough: a second would be another scan on the bill for each poll, and waits for the same writer. A second \
         node makes the cluster safer, not faster"
            .into()
    } else {
        format!(
            "{} to read / {limit} = {:.2} times what one thread does: {readers} x {threads} threads. Each is one more scan on the bill",
            percent(reading),
            reading / MOST_LOAD,
        )
    });
    because
}

fn arrivals(arrival: &Rate) -> String {
    let seconds = arrival.micros as f64 / 1e6;
    let when = match arrival.since {
        Some(span) => format!("in the last {span}, the busiest of hour, day and week on average"),
        None => "from the first to the last; none came within the last week".into(),
    };
    format!(
        "arrivals: {} rows / {} s = {} rows/s {when}",
        grouped(arrival.rows as f64),
        grouped(seconds),
        rate(arrival.per_second())
    )
}

fn reading(trial: &Trial, advice: &TableAdvice) -> String {
    let busy = (trial.busy_ms / trial.elapsed_ms.max(0.001) * 100.0).min(100.0);
    format!(
        "reading: {} rows in {:.0} ms = {} rows/s with a batch of {}; the engine worked for {busy:.0} % of that and waited for the rest",
        grouped(trial.rows as f64),
        trial.elapsed_ms,
        grouped(advice.reading_rows_per_second),
        grouped(f64::from(trial.batch_rows)),
    )
}

fn storing(measured: &Measured, goal: &Goal, advice: &TableAdvice) -> String {
    let harper = grouped(advice.harper_rows_per_second);
    if goal.harper_rows_per_second.is_some() {
        return format!("storing: {harper} rows/s, as told by --harper-rows-per-second");
    }
    let documented = grouped(HARPER_ROWS_PER_SECOND);
    let source =
        format!("{documented} rows/s of {HARPER_RECORD_BYTES:.0} bytes in docs/performance.md, not measured here");
    let bytes = measured.record_bytes;
    if bytes <= HARPER_RECORD_BYTES {
        format!("storing: {source}; these have {bytes:.0}: not more than that")
    } else {
        format!("storing: {source}; these have {bytes:.0}: x {HARPER_RECORD_BYTES:.0} / {bytes:.0} = {harper} rows/s")
    }
}

fn bottleneck(advice: &TableAdvice) -> String {
    let what = match advice.bottleneck {
        Bottleneck::Network => {
            "the network or BigQuery: the engine mostly waits. Larger batches, or a machine nearer to the dataset"
        }
        Bottleneck::EngineCpu => {
            "the engine's processor: it mostly decodes. Fewer columns, a faster processor, or more threads"
        }
        Bottleneck::HarperWriter => {
            "Harper's writer, of which there is one a database. Fewer columns or indexes, or a faster machine"
        }
    };
    format!("bottleneck: {what}")
}

fn interval(measured: &Measured, goal: &Goal, again_rows: f64, longest_s: f64, advice: &TableAdvice) -> String {
    let formula = format!(
        "({:.1} s - {:.2} s to probe - {:.2} s for the query - {:.2} s to read {} rows of the lookback again) / (1 + {} rows/s x (1 / {} + \
         1 / {})) = {longest_s:.1} s",
        goal.target_lag_s,
        measured.round_trip_ms / 1_000.0,
        measured.query_ms / 1_000.0,
        again_rows / advice.reading_rows_per_second,
        grouped(again_rows),
        rate(advice.arrival_rows_per_second),
        grouped(advice.reading_rows_per_second),
        grouped(advice.harper_rows_per_second),
    );
    match advice.poll_interval_s {
        None => {
            format!("poll interval: {formula}: no interval keeps this lag, since a poll takes {:.1} s", advice.poll_s)
        }
        Some(MOST_POLL_INTERVAL_S) => {
            format!("poll interval: {formula}, of which {MOST_POLL_INTERVAL_S:.0} s keep the table in its steady phase")
        }
        Some(interval_s) => format!("poll interval: {formula}, rounded down to {interval_s:.0} s"),
    }
}

/// `1,234,567`
fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.max(0.0));
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Small rates with their fractions.
fn rate(rows_per_second: f64) -> String {
    if rows_per_second < 10.0 { format!("{rows_per_second:.3}") } else { grouped(rows_per_second) }
}

fn duration(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{seconds:.1} s"),
        ..7_200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3_600.0),
    }
}
