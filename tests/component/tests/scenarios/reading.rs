//! No row is skipped, whatever its timestamp.

use crate::support::{NOON, SECOND, now, numbered, positions, seconds_from};
use component_tests::bigquery::{Column, Table};
use component_tests::faults::Fault;
use component_tests::values::{Value, text, timestamp};
use component_tests::world::{PATIENCE, World};
use std::time::Duration;

const PAGES: &str = "/bigquery/v2/projects/harbour/queries/*";

#[test]
fn rows_that_share_a_timestamp_over_many_pages_are_all_stored() {
    let shared = (0..3_000).map(|_| NOON + 11_000 * SECOND);
    let times = seconds_from(NOON, 11_000).chain(shared).chain(seconds_from(NOON + 11_001 * SECOND, 11_000));
    let world = World::new(vec![positions(times)]).with_batch_size(1_000);

    let _engine = world.sync();

    assert_eq!(world.stored("positions").len(), 25_000);
    assert_eq!(world.bigquery.state().jobs_run.len(), 1, "one query job, however many rows");
}

#[test]
fn microseconds_that_differ_across_a_page_end_are_kept() {
    let world = World::new(vec![positions((0..35).map(|n| NOON + n))]).with_batch_size(10);

    let _engine = world.sync();

    let stored = world.stored("positions");
    assert_eq!(stored.len(), 35);
    assert!(stored.contains(r#"{"n":10.0,"ts":"2025-12-01T12:00:00.000010Z"}"#), "{stored:#?}");
}

#[test]
fn a_burst_within_one_millisecond_takes_as_many_pages_as_it_has_rows_for() {
    let times = (0..40).map(|n| NOON + n * 20).chain(seconds_from(NOON + SECOND, 10));
    let world = World::new(vec![positions(times)]).with_batch_size(10).with("sync.pollInterval", 60_000);

    let _engine = world.sync();

    let pages = world.proxy.count("GET", PAGES);
    assert!(pages <= 7, "{pages} pages");
}

#[test]
fn rows_that_differ_in_the_least_are_different_records_and_identical_rows_are_one() {
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
fn records_and_ids_are_the_same_in_every_time_zone() {
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
fn a_clock_that_is_ten_minutes_off_loses_nothing_and_shows_no_lag() {
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
fn a_result_that_expires_half_way_is_queried_again() {
    let world = World::new(vec![positions(seconds_from(NOON, 95))]).with_batch_size(10);
    world.bigquery.state().habits.results_expire_after = Some(5);

    let _engine = world.sync();

    assert_eq!(world.bigquery.state().jobs_run.len(), 2);
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
