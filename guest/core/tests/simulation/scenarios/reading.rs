//! Situations about reading that must come out right.

use ingestor_core::time::{self, DAY, HOUR, MILLISECOND, MINUTE, SECOND};

use super::{QUICK, SMALL, TRUSTING};
use crate::source::{EPOCH, Fault, Row, clock};
use crate::world::World;

#[test]
fn three_thousand_rows_of_one_microsecond_are_all_stored() {
    let mut world = World::new(1, QUICK);
    for number in 0..25_000_i64 {
        let tied = (10_000..13_000).contains(&number);
        world.add(EPOCH - DAY + if tied { 10_000 } else { number } * SECOND, number.to_string());
    }
    world.run_for(MINUTE as u64 / 1_000);
    world.assert_equal();
    assert_eq!(world.source.counts.jobs, 1);
}

#[test]
fn a_date_column_with_ten_thousand_rows_a_day_is_stored_whole() {
    let mut world = World::of_column_type(2, QUICK, "DATE");
    let today = EPOCH - EPOCH.rem_euclid(DAY);
    for number in 0..30_000 {
        world.add(today - number / 10_000 * DAY, number.to_string());
    }
    world.run_for(60_000);
    for number in 30_000..30_100 {
        world.add(today, number.to_string());
    }
    world.run_for(60_000);
    world.assert_equal();
}

#[test]
fn microseconds_across_a_page_end_are_kept_apart() {
    let mut world = World::new(3, SMALL);
    for number in 0..40 {
        world.add(EPOCH - HOUR + number, "same");
    }
    world.run_for(10_000);
    world.assert_equal();
    assert!(world.storage.nodes[0].records().any(|json| json.contains(".000039Z")));
}

#[test]
fn a_row_five_minutes_late_is_stored_within_two_polls() {
    let mut world = World::new(4, SMALL);
    world.add(EPOCH, "on time");
    world.run_for(10_000);
    world.add(EPOCH - 5 * MINUTE, "late");
    world.run_for(2_500);
    world.assert_equal();
}

#[test]
fn a_row_dated_2099_does_not_hide_those_that_follow() {
    let mut world = World::new(5, SMALL);
    world.add(EPOCH + 73 * 365 * DAY, "2099");
    world.add(EPOCH - SECOND, "before");
    world.run_for(5_000);
    for number in 0..20 {
        world.add(EPOCH + number * SECOND, format!("today {number}"));
        world.run_for(1_000);
    }
    world.run_for(5_000);
    world.assert_equal();
}

#[test]
fn rows_at_the_ends_of_time_are_stored() {
    let mut world = World::new(6, SMALL);
    for timestamp in [time::MIN, -1, 0, 1, time::MAX] {
        world.add(timestamp, timestamp.to_string());
    }
    world.run_for(5_000);
    world.assert_equal();
}

#[test]
fn rows_without_timestamp_neither_crash_nor_stop_the_sync() {
    let mut world = World::new(7, SMALL);
    world.add(EPOCH - SECOND, "dated");
    world.add_row(None, "undated", 0);
    world.run_for(5_000);
    world.add(EPOCH, "dated, too");
    world.run_for(5_000);
    world.assert_equal();
}

#[test]
fn an_expired_result_is_queried_again_from_the_watermark() {
    let mut world = World::new(12, TRUSTING);
    for number in 0..500 {
        world.add(EPOCH - HOUR + number * SECOND, number.to_string());
    }
    while world.storage.nodes[0].records().len() < 250 {
        world.run_for(10);
    }
    world.source.faults.push_back(Fault::ResultsExpire);
    world.run_for(30_000);
    world.assert_equal();
    assert_eq!((world.source.counts.faults, world.source.counts.jobs), (1, 2));
}

#[test]
fn forty_rows_within_a_millisecond_take_seven_pages_at_most() {
    let mut world = World::new(16, TRUSTING);
    for number in 0..40 {
        world.add(EPOCH - HOUR + number, number.to_string());
    }
    for number in 40..50 {
        world.add(EPOCH - HOUR + number * MILLISECOND, number.to_string());
    }
    world.run_for(30_000);
    world.assert_equal();
    assert!(world.source.counts.pages <= 7, "{} pages", world.source.counts.pages);
}

#[test]
fn an_idle_table_is_not_queried_again_within_probe_trust() {
    let mut world = World::new(33, QUICK);
    world.add(EPOCH - HOUR, "only");
    world.run_for(59_000);
    assert_eq!(world.source.counts.jobs, 1);
    world.run_for(10_000);
    assert_eq!(world.source.counts.jobs, 2, "trust has run out");
}

#[test]
fn five_hundred_rows_a_second_are_read_less_than_twice_and_late_ones_arrive_within_half_the_lookback() {
    let mut world = World::new(4, "");
    let arrive = |world: &mut World| {
        let now = clock(world.now_ms);
        for number in 0..500 {
            world.add(now - number * 2 * MILLISECOND, format!("{} of {}", number, world.now_ms));
        }
        world.run_for(1_000);
    };
    (0..660).for_each(|_| arrive(&mut world));
    let (read_before, rows_before) = (world.source.counts.rows_read, world.source.rows.len());
    for second in 0..600 {
        if second % 50 == 0 {
            world.add(clock(world.now_ms) - (2 + second / 65) * MINUTE, format!("late {second}"));
        }
        arrive(&mut world);
        let deadline_ms = world.now_ms.saturating_sub(5 * 60_000 + 35_000);
        let is_due = |row: &&Row| row.name.starts_with("late") && row.visible_at_ms <= deadline_ms;
        let overdue =
            world.source.rows.iter().filter(is_due).find(|row| !world.storage.has_committed(&world.source.record(row)));
        assert!(overdue.is_none(), "after {second} s: {overdue:?}");
    }
    let read = world.source.counts.rows_read - read_before;
    let new = (world.source.rows.len() - rows_before) as u64;
    assert!(read < 2 * new, "{read} rows were read for {new} new ones");
    assert_eq!(world.violation, None);
}

#[test]
fn a_late_row_is_stored_although_another_one_of_its_second_was_deleted() {
    let mut world = World::new(5, r#""sync": {"lookbackRows": 5, "pollInterval": 5000, "probeTrust": 2000}"#);
    let arrive = |world: &mut World| {
        world.add(clock(world.now_ms), world.now_ms.to_string());
        world.run_for(1_000);
    };
    (0..400).for_each(|_| arrive(&mut world));
    let deleted = world.source.rows.len() - 60;
    let timestamp = world.source.rows[deleted].timestamp.expect("all rows have one");
    world.source.rows[deleted].deleted_at_ms = Some(world.now_ms);
    world.add(timestamp + 100 * MILLISECOND, "late");
    let late = world.source.rows.last().cloned().expect("just added");

    (0..335).for_each(|_| arrive(&mut world));
    assert!(world.storage.has_committed(&world.source.record(&late)), "half the lookback is over");
    assert_eq!(world.violation, None);
}
