//! No row is skipped, whatever its timestamp.

use crate::support::{NOON, SECOND, now, numbered, positions, seconds_from};
use component_tests::bigquery::{Column, Job, Table};
use component_tests::faults::Fault;
use component_tests::host::Engine;
use component_tests::values::{Value, rfc3339, text, timestamp};
use component_tests::world::{PATIENCE, World};
use serde_json::json;
use std::collections::HashMap;
use std::time::Duration;

const PAGES: &str = "/bigquery/v2/projects/harbour/queries/*";

#[test]
fn twenty_five_thousand_rows_of_which_3_000_share_one_microsecond_batch_size_1_000_equal() {
    let shared = (0..3_000).map(|_| NOON + 11_000 * SECOND);
    let times = seconds_from(NOON, 11_000).chain(shared).chain(seconds_from(NOON + 11_001 * SECOND, 11_000));
    let world = World::new(vec![positions(times)]).with_batch_size(1_000);

    let _engine = world.sync();

    assert_eq!(world.stored("positions").len(), 25_000);
    assert_eq!(world.bigquery.state().jobs_run.len(), 1, "one query job, however many rows");
}

#[test]
fn timestamps_with_microseconds_across_a_page_end_equal_and_stored_strings_keep_6_digits() {
    let world = World::new(vec![positions((0..35).map(|n| NOON + n))]).with_batch_size(10);

    let _engine = world.sync();

    let stored = world.stored("positions");
    assert_eq!(stored.len(), 35);
    for n in 0..35 {
        let six_digits = if n == 0 { String::new() } else { format!(".{n:06}") };
        let row = format!(r#"{{"n":{n}.0,"ts":"2025-12-01T12:00:00{six_digits}Z"}}"#);
        assert!(stored.contains(&row), "{row} of {stored:#?}");
    }
}

#[test]
fn forty_rows_within_one_millisecond_and_10_after_it_batch_10_equal_in_at_most_7_pages() {
    let times = (0..40).map(|n| NOON + n * 20).chain(seconds_from(NOON + SECOND, 10));
    let world = World::new(vec![positions(times)]).with_batch_size(10).with("sync.pollInterval", 60_000);

    let _engine = world.sync();

    let pages = world.proxy.count("GET", PAGES);
    assert!(pages <= 7, "{pages} pages");
    assert_eq!(world.stored("positions").len(), 50);
}

#[test]
fn two_rows_that_differ_only_in_microseconds_nan_or_2_53_are_different_records_and_two_identical_rows_one() {
    let columns = vec![Column::new("ts", "TIMESTAMP"), Column::new("x", "FLOAT"), Column::new("k", "INTEGER")];
    let at = |micros| Value::Timestamp(NOON + micros);
    let table = Table::new("readings", columns).with_rows([
        vec![at(0), Value::Float(1.0), Value::Int(1)],
        vec![at(1), Value::Float(1.0), Value::Int(1)],
        vec![at(2), Value::Float(f64::NAN), Value::Int(1)],
        vec![at(2), Value::Null, Value::Int(1)],
        vec![at(3), Value::Float(1.0), Value::Int(1 << 53)],
        vec![at(3), Value::Float(1.0), Value::Int((1 << 53) + 1)],
        vec![at(4), Value::Float(1.0), Value::Int(1)],
        vec![at(4), Value::Float(1.0), Value::Int(1)],
    ]);
    let world = World::new(vec![table]);

    let _engine = world.sync();

    assert_eq!(world.ids("readings").len(), 7);
}

#[test]
fn ids_begin_with_their_timestamp_and_sort_by_it() {
    let times = [-62_135_596_800_000_000, -1, 0, NOON, 253_402_300_799_999_999];
    let world = World::new(vec![positions(times)]);

    let _engine = world.sync();

    let ids = world.ids("positions");
    let prefixes: Vec<&str> = ids.iter().map(|id| &id[..16]).collect();
    let expected = times.map(|at| format!("{:016x}", (at as u64) ^ (1 << 63)));
    assert_eq!(prefixes, expected.each_ref().map(String::as_str));
    assert!(ids.iter().all(|id| id.len() == 32));
}

#[test]
fn the_same_sync_under_tz_new_york_and_tz_kolkata_the_same_records_and_ids() {
    let columns = vec![
        Column::new("ts", "TIMESTAMP"),
        Column::new("local", "DATETIME"),
        Column::new("day", "DATE"),
        Column::new("hour", "TIME"),
    ];
    let row = |at: &str| vec![timestamp(at), text("2025-03-09T02:30:00"), text("2025-03-09"), text("02:30:00")];
    let table =
        Table::new("events", columns).with_rows([row("2025-11-02T05:30:00Z"), row("2025-11-02T06:30:00.000001Z")]);
    let ids = ["UTC", "America/New_York", "Asia/Kolkata"].map(|zone| {
        let world = World::new(vec![table.clone()]);
        let mut start = world.start();
        start.environment = vec![("TZ", zone)];
        let mut engine = world.engine_from(start);
        world.run_until_equal(&mut engine);
        assert_eq!(world.stored("events").len(), 2, "{zone}");
        world.ids("events")
    });
    assert_eq!(ids[0], ids[1]);
    assert_eq!(ids[0], ids[2]);
}

#[test]
fn a_row_that_is_five_minutes_late_is_stored_by_a_later_poll() {
    let world = World::new(vec![positions(seconds_from(now() - 20 * SECOND, 20))]);
    let mut engine = world.sync();

    world.bigquery.state().insert("positions", numbered(100, [now() - 300 * SECOND]));
    world.run_until_equal(&mut engine);

    assert_eq!(world.stored("positions").len(), 21);
}

#[test]
fn five_hundred_rows_a_second_in_steady_phase_are_read_less_than_twice_and_late_rows_arrive_within_half_the_lookback() {
    // A fifth of the defaults, so that less has to arrive before the lookback is full.
    const LOOKBACK_S: i64 = 120;
    const POLL_S: i64 = 6;
    let world = World::new(vec![positions([])])
        .with("sync.pollInterval", POLL_S * 1_000)
        .with("sync.lookback", LOOKBACK_S * 1_000)
        .with("sync.lookbackRows", 10_000)
        .with_batch_size(5_000);
    let mut engine = world.engine();
    let arrive = |times: Vec<i64>| {
        let mut state = world.bigquery.state();
        let first = state.table("positions").row_count() as i64;
        state.insert("positions", numbered(first, times));
    };
    let now = || world.bigquery.state().now_ms() * 1_000;
    let counts = || {
        let state = world.bigquery.state();
        (state.reads().map(Job::row_count).sum::<usize>(), state.table("positions").row_count())
    };
    let second = |engine: &mut Engine| {
        let end = now();
        arrive((0..500).map(|n| end - n * 2_000).collect());
        world.pass(engine, Duration::from_secs(1));
    };
    (0..LOOKBACK_S + 12).for_each(|_| second(&mut engine));
    let (read_before, rows_before) = counts();
    assert_eq!(engine.table("positions")["phase"], "steady");

    let mut late = Vec::new();
    for elapsed in 0..600 {
        if elapsed % 50 == 0 {
            let at = now() - (24 + elapsed / 7) * SECOND - 1;
            late.push((at, now()));
            arrive(vec![at]);
        }
        second(&mut engine);
    }

    let (read, rows) = counts();
    let (read, new) = (read - read_before, rows - rows_before);
    assert!(read < 2 * new, "{read} rows were read for {new} new ones");
    world.pass(&mut engine, Duration::from_secs((LOOKBACK_S / 2 + POLL_S) as u64));
    let storage = world.storage();
    let stored_at: HashMap<&str, &str> = storage
        .records("positions")
        .filter_map(|row| Some((row["ts"].as_str()?, row["_syncedAt"].as_str()?)))
        .collect();
    assert_eq!(stored_at.len(), rows, "equal: every row has a timestamp of its own");
    for (at, visible_at) in late {
        let Value::Timestamp(synced_at) = timestamp(stored_at[rfc3339(at).as_str()]) else { unreachable!() };
        let waited = synced_at - visible_at;
        assert!(waited <= (LOOKBACK_S / 2 + POLL_S + 5) * SECOND, "{} was stored after {waited} us", rfc3339(at));
    }
    assert_eq!(storage.broken_claims, Vec::<String>::new());
}

#[test]
fn a_row_of_the_far_future_hides_none_that_come_after_it() {
    let future = timestamp("2099-01-01T00:00:00Z");
    let table = positions(seconds_from(now() - 20 * SECOND, 20)).with_rows([vec![future, Value::Int(99)]]);
    let world = World::new(vec![table]);
    let mut engine = world.sync();

    world.bigquery.state().insert("positions", numbered(100, [now() - SECOND, now()]));
    world.run_until_equal(&mut engine);

    assert_eq!(world.stored("positions").len(), 23);
}

#[test]
fn bigquerys_clock_is_10_minutes_off_from_ours_equal_phases_sane() {
    for (ours_ahead_ms, theirs_ahead_ms) in [(0, 600_000), (0, -600_000), (600_000, 0), (-600_000, 0)] {
        let their_now = || now() + theirs_ahead_ms * 1_000;
        let world = World::new(vec![positions(seconds_from(their_now() - 20 * SECOND, 20))]);
        world.bigquery.state().habits.clock_ahead_ms = theirs_ahead_ms;
        let mut start = world.start();
        start.clock_ahead_ms = ours_ahead_ms;
        let mut engine = world.engine_from(start);
        world.run_until_equal(&mut engine);

        world.bigquery.state().insert("positions", numbered(100, [their_now() - SECOND, their_now()]));
        world.run_until_equal(&mut engine);

        let table = engine.table("positions");
        assert_eq!(table["phase"], "steady", "{table}");
        assert!(table["lagSeconds"].as_u64().is_some_and(|lag| lag < 60), "{table}");
    }
}

#[test]
fn the_jobs_result_expires_half_way_queried_again_from_the_watermark_equal() {
    let world = World::new(vec![positions(seconds_from(NOON, 5))]).with_batch_size(10);
    let mut engine = world.sync();
    world.bigquery.state().insert("positions", numbered(100, seconds_from(NOON + 5 * SECOND, 95)));
    world.bigquery.state().habits.results_expire_after = Some(5);

    world.run_until_equal(&mut engine);

    let state = world.bigquery.state();
    let queries: Vec<_> = state.reads().map(|job| &job.configuration["query"]["queryParameters"]).collect();
    let [everything, before, after] = queries[..] else { panic!("{} queries", queries.len()) };
    assert_eq!(everything, &json!([]));
    let lookback = "2025-12-01T11:50:04.000000Z";
    assert_eq!(before[0]["parameterValue"]["value"], lookback, "the watermark, 10 minutes back");
    assert_eq!(before, after);
}

#[test]
fn several_tables_are_synced_at_once_and_a_slow_one_holds_up_none() {
    let other = Table::new("ports", vec![Column::new("ts", "TIMESTAMP")]).with_rows([vec![Value::Timestamp(NOON)]]);
    let world = World::new(vec![positions(seconds_from(NOON, 5)), other]);
    let metadata = "/bigquery/v2/projects/harbour/datasets/fleet/tables/positions";
    world.proxy.fail_next("GET", metadata, Fault::Slow(Duration::from_millis(400)));
    let mut engine = world.engine();

    engine.run_until(PATIENCE, |_| world.stored("ports").len() == 1);

    assert_eq!(world.stored("positions").len(), 0);
    world.run_until_equal(&mut engine);
}
