//! The sync of a table in a simulated world.

mod world;

use ingestor_core::time::{self, DAY, HOUR, MILLISECOND, MINUTE, SECOND};
use world::{EPOCH, Trouble, World};

const QUICK: &str = r#""sync": {"initialBatchSize": 1000, "catchupBatchSize": 100, "steadyBatchSize": 100, "pollInterval": 1000, "probeTrust": 60000}"#;
const SMALL: &str = r#""sync": {"initialBatchSize": 10, "catchupBatchSize": 10, "steadyBatchSize": 10, "pollInterval": 1000, "probeTrust": 2000}"#;

/// Everything at once, gently enough that there is progress.
const TROUBLE: Trouble = Trouble {
    crash: 0.01,
    request_fails: 0.03,
    result_expires: 0.01,
    short_page: 0.2,
    empty_page: 0.1,
    storage_fails: 0.02,
};

#[test]
fn three_thousand_rows_of_one_microsecond_are_all_stored() {
    let mut world = World::new(1, QUICK);
    for number in 0..25_000_i64 {
        let tied = (10_000..13_000).contains(&number);
        world.add(EPOCH - DAY + if tied { 10_000 } else { number } * SECOND, number.to_string());
    }
    world.run_for(MINUTE as u64 / 1_000);
    world.assert_equal();
    assert_eq!((world.counts.jobs, world.counts.pages), (1, 25));
}

#[test]
fn a_date_column_with_ten_thousand_rows_a_day_is_stored_whole() {
    let mut world = World::with_column_type(2, QUICK, "DATE");
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
    assert!(world.stored.values().any(|json| json.contains(".000039Z")));
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
    world.rows.push(world::Row { timestamp: None, name: "undated".into(), visible_at_ms: 0 });
    world.run_for(5_000);
    world.add(EPOCH, "dated, too");
    world.run_for(5_000);
    world.assert_equal();
}

#[test]
fn an_expired_result_is_queried_again_from_the_watermark() {
    let mut world = World::new(12, SMALL);
    world.trouble.result_expires = 0.05;
    for number in 0..500 {
        world.add(EPOCH - HOUR + number * SECOND, number.to_string());
    }
    world.run_for(MINUTE as u64);
    world.assert_equal();
    assert!(world.counts.jobs > 1, "no result expired");
}

#[test]
fn forty_rows_within_a_millisecond_take_seven_pages_at_most() {
    let mut world = World::new(16, SMALL);
    for number in 0..40 {
        world.add(EPOCH - HOUR + number, number.to_string());
    }
    for number in 40..50 {
        world.add(EPOCH - HOUR + number * MILLISECOND, number.to_string());
    }
    world.run_for(500);
    world.assert_equal();
    assert!(world.counts.pages <= 7, "{} pages", world.counts.pages);
}

#[test]
fn a_row_that_storage_refuses_goes_to_the_audit_and_the_rest_are_stored() {
    let mut world = World::new(17, SMALL);
    world.refused_name = Some("unwanted".into());
    for number in 0..35 {
        world.add(EPOCH - HOUR + number, if number == 17 { "unwanted".into() } else { number.to_string() });
    }
    world.run_for(30_000);
    world.assert_equal();
    assert_eq!(world.audits.len(), 1);
    assert!(world.audits[0].content.contains("unwanted") && world.audits[0].reason == "not allowed here");
}

#[test]
fn nothing_is_lost_while_storage_refuses_everything_for_a_minute() {
    let mut world = World::new(18, SMALL);
    for number in 0..100 {
        world.add(EPOCH - HOUR + number, number.to_string());
    }
    world.trouble.storage_fails = 1.0;
    world.run_for(60_000);
    assert!(world.stored.is_empty());
    world.trouble.storage_fails = 0.0;
    world.run_for(120_000);
    world.assert_equal();
}

#[test]
fn an_idle_table_is_not_queried_again_within_probe_trust() {
    let mut world = World::new(33, QUICK);
    world.add(EPOCH - HOUR, "only");
    world.run_for(59_000);
    assert_eq!(world.counts.jobs, 1);
    world.run_for(10_000);
    assert_eq!(world.counts.jobs, 2, "trust has run out");
}

#[test]
fn a_second_backfill_writes_nothing() {
    let mut world = World::new(21, SMALL);
    for number in 0..100 {
        world.add(EPOCH - HOUR + number, number.to_string());
    }
    world.run_for(10_000);
    assert_eq!(world.counts.rows_written, 100);
    world.forget_checkpoints();
    world.run_for(10_000);
    world.assert_equal();
    assert_eq!(world.counts.rows_written, 100);
}

#[test]
fn a_large_partitioned_table_is_backfilled_in_windows_of_whole_days() {
    let mut world = World::new(40, QUICK);
    // Ten days of 2 GB each, at about 8 GB a window.
    world.row_bytes = 100 << 20;
    for number in 0..200 {
        world.add(EPOCH - 10 * DAY + number / 20 * DAY + number % 20 * MINUTE, number.to_string());
    }
    world.run_for(20_000);
    world.assert_equal();
    assert_eq!((world.counts.questions, world.counts.jobs), (1, 3), "one question, then a job a window");
    world.add(EPOCH, "afterwards");
    world.run_for(20_000);
    world.assert_equal();
    assert_eq!(world.counts.questions, 1, "what is new is not cut again");
}

#[test]
fn a_result_that_is_too_large_is_cut_by_time_until_it_fits() {
    for column_type in ["TIMESTAMP", "DATE"] {
        let mut world = World::with_column_type(41, SMALL, column_type);
        world.largest_result = 60;
        let midnight = EPOCH - EPOCH.rem_euclid(DAY);
        for number in 0..200 {
            world.add(midnight - number / 20 * DAY, number.to_string());
        }
        world.run_for(60_000);
        world.assert_equal();
        assert!(world.counts.jobs > 4, "{column_type}: {} jobs", world.counts.jobs);
    }
}

#[test]
fn windows_survive_crashes() {
    for seed in 0..50 {
        let mut world = World::new(seed, SMALL);
        world.row_bytes = 100 << 20;
        world.trouble = Trouble { crash: 0.03, ..TROUBLE };
        for number in 0..200 {
            world.add(EPOCH - 10 * DAY + number / 20 * DAY + number % 20 * MINUTE, number.to_string());
        }
        world.run_for(20_000);
        world.trouble = Trouble::default();
        world.run_for(10 * 60_000);
        world.assert_equal();
    }
}

#[test]
fn of_rows_with_one_key_the_latest_is_kept() {
    for seed in 0..50 {
        let mut world = World::new(seed, &format!(r#""keyColumns": ["name"], {SMALL}"#));
        for number in 0..60 {
            world.add(EPOCH - HOUR + number * SECOND, (number % 7).to_string());
        }
        world.run_for(10_000);
        world.add(EPOCH - HOUR + 3 * SECOND + 500, "6");
        world.run_for(10_000);
        let mut latest: Vec<&str> = world.stored.values().map(|json| json.split(r#""ts":""#).nth(1).unwrap()).collect();
        latest.sort_unstable();
        assert_eq!(latest.len(), 7, "seed {seed}");
        assert!(latest[0].starts_with("2025-12-01T11:00:53Z"), "seed {seed}: {latest:?}");
    }
}

#[test]
fn whatever_happens_nothing_is_lost_and_nothing_claimed_that_is_not_stored() {
    let (mut crashes, mut jobs) = (0, 0);
    for seed in 0..300 {
        let mut world = World::new(seed, SMALL);
        world.trouble = TROUBLE;
        for number in 0..120 {
            world.add(EPOCH - 2 * DAY + (number / 3) * MINUTE, number.to_string());
        }
        for number in 0..40 {
            world.run_for(700);
            let now = EPOCH + world.now_ms as i64 * MILLISECOND;
            let late = if number % 4 == 0 { 5 * MINUTE } else { 0 };
            world.add(now - late, format!("new {number}"));
        }
        world.trouble = Trouble::default();
        world.run_for(10 * 60_000);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.assert_equal()));
        assert!(outcome.is_ok(), "seed {seed}");
        crashes += world.counts.crashes;
        jobs += world.counts.jobs;
    }
    assert!(crashes > 1_000 && jobs > 1_000, "{crashes} crashes, {jobs} jobs: too quiet a world");
}
