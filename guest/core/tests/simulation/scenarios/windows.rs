//! Situations about large tables that must come out right.

use ingestor_core::time::{DAY, MINUTE};

use super::{QUICK, SMALL};
use crate::source::EPOCH;
use crate::world::World;

#[test]
fn a_large_partitioned_table_is_backfilled_in_windows_of_whole_days() {
    let mut world = World::new(40, QUICK);
    // Ten days of 2 GB each, at about 8 GB a window.
    world.source.row_bytes = 100 << 20;
    for number in 0..200 {
        world.add(EPOCH - 10 * DAY + number / 20 * DAY + number % 20 * MINUTE, number.to_string());
    }
    world.run_for(20_000);
    world.assert_equal();
    assert_eq!((world.source.counts.questions, world.source.counts.jobs), (1, 3), "one question, then a job a window");
    world.add(EPOCH, "afterwards");
    world.run_for(20_000);
    world.assert_equal();
    assert_eq!(world.source.counts.questions, 1, "what is new is not cut again");
}

#[test]
fn a_result_that_is_too_large_is_cut_by_time_until_it_fits() {
    for column_type in ["TIMESTAMP", "DATE"] {
        let mut world = World::of_column_type(41, SMALL, column_type);
        world.source.largest_result = 60;
        let midnight = EPOCH - EPOCH.rem_euclid(DAY);
        for number in 0..200 {
            world.add(midnight - number / 20 * DAY, number.to_string());
        }
        world.run_for(60_000);
        world.assert_equal();
        assert!(world.source.counts.jobs > 4, "{column_type}: {} jobs", world.source.counts.jobs);
    }
}

#[test]
fn windows_survive_crashes() {
    for seed in 0..50 {
        let mut world = World::new(seed, SMALL);
        world.source.row_bytes = 100 << 20;
        for number in 0..200 {
            world.add(EPOCH - 10 * DAY + number / 20 * DAY + number % 20 * MINUTE, number.to_string());
        }
        for turns in (20..100).cycle().skip(seed as usize).take(20) {
            (0..turns).for_each(|_| world.turn(u64::MAX));
            world.kill_node(0);
            world.start(0, 0);
        }
        world.run_for(10 * 60_000);
        world.assert_equal();
        assert_eq!(world.counts.crashes, 20, "seed {seed}");
    }
}
