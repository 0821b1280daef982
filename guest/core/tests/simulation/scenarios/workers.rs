//! Situations about workers, nodes and clocks that must come out right.

use ingestor_core::phase::Phase;
use ingestor_core::time::{DAY, HOUR, SECOND};

use super::SMALL;
use crate::source::{EPOCH, clock};
use crate::worker::Worker;
use crate::world::World;

#[test]
fn with_bigquerys_clock_ten_minutes_off_from_ours_nothing_is_lost_and_phases_are_sane() {
    for clock_error_ms in [-600_000, 600_000] {
        let mut world = World::with_nodes(25, SMALL, "TIMESTAMP", 1);
        for number in 0..100 {
            world.add(EPOCH - HOUR + number * SECOND, number.to_string());
        }
        world.start(0, clock_error_ms);
        world.run_for(10_000);
        for number in 100..130 {
            world.add(clock(world.now_ms), number.to_string());
            world.run_for(1_000);
        }
        world.run_for(10_000);
        world.assert_equal();
        let worker = world.workers[0].as_ref().unwrap();
        let status = worker.sync.status(worker.now(world.now_ms));
        assert_eq!(status.phase, Phase::Steady);
        assert!(status.lag_seconds.is_some_and(|lag| lag < 60), "{status:?}");
    }
}

#[test]
fn replicated_checkpoints_that_arrive_late_twice_and_out_of_order_lose_nothing() {
    for seed in 0..100 {
        let mut world = World::with_nodes(seed, SMALL, "TIMESTAMP", 3);
        world.replication_ms = 20_000;
        for number in 0..60 {
            world.add(EPOCH - HOUR + number * SECOND, number.to_string());
        }
        for turn in 0..12 {
            let node = turn % 3;
            world.start(node, 0);
            world.run_for(3_000);
            world.add(clock(world.now_ms), format!("new {turn}"));
            world.run_for(500);
            world.kill_node(node);
        }
        world.start(0, 0);
        world.run_for(60_000);
        world.assert_equal();
    }
}

/// Nodes without workers, and rows that take a backfill some seconds.
fn backfill(seed: u64, nodes: usize, settings: &str) -> World {
    let mut world = World::with_nodes(seed, settings, "TIMESTAMP", nodes);
    world.replication_ms = 200;
    for number in 0..2_000 {
        world.add(EPOCH - DAY + number * SECOND, number.to_string());
    }
    world
}

fn rows_ingested(world: &World) -> Vec<u64> {
    let ingested = |worker: &Worker| worker.sync.status(worker.now(world.now_ms)).rows_ingested;
    world.workers.iter().map(|worker| worker.as_ref().map_or(0, ingested)).collect()
}

#[test]
fn one_worker_then_four_then_two_during_a_backfill_store_everything_and_nobody_waits_for_anybody() {
    for seed in 0..20 {
        let mut world = backfill(seed, 4, SMALL);
        world.start(0, 0);
        world.run_for(5_000);
        assert!((1..2_000).contains(&world.storage.nodes[0].records().len()), "seed {seed}: in the midst of it");

        (1..4).for_each(|node| world.start(node, 0));
        world.see_everybody();
        let before = rows_ingested(&world);
        world.run_for(2_000);
        let after = rows_ingested(&world);
        assert!(before.iter().zip(&after).all(|(before, after)| before < after), "seed {seed}: {before:?} {after:?}");
        assert!(world.difference().is_some(), "seed {seed}: still in the midst of it");

        world.kill_node(1);
        world.end_engine(3);
        world.see_everybody();
        world.add(clock(world.now_ms), "meanwhile");
        world.run_for(60_000);
        world.assert_equal();
    }
}

#[test]
fn two_workers_that_believe_in_different_cluster_sizes_for_a_minute_lose_nothing() {
    for seed in 0..20 {
        let mut world = backfill(seed, 3, SMALL);
        // Of 1,024 slots these two read 0-511 and 341-681: some twice, and a third not at all.
        world.views = vec![0b011, 0b111, 0];
        (0..2).for_each(|node| world.start(node, 0));
        for second in 0..60 {
            world.add(clock(world.now_ms), format!("new {second}"));
            world.run_for(1_000);
        }
        assert!(world.difference().is_some(), "seed {seed}: nobody has read the last third of the slots");

        world.see_everybody();
        world.run_for(60_000);
        world.assert_equal();
    }
}

#[test]
fn a_cluster_that_grows_to_three_after_one_of_two_workers_never_ran_stores_everything() {
    for seed in 0..20 {
        let mut world = backfill(seed, 3, SMALL);
        world.views[0] = 0b011;
        world.start(0, 0);
        world.run_for(60_000);
        let stored = world.storage.nodes[0].records().len();
        assert!((900..1_100).contains(&stored), "seed {seed}: its half of the slots is done, not {stored} rows");

        (1..3).for_each(|node| world.start(node, 0));
        world.see_everybody();
        world.run_for(60_000);
        world.assert_equal();
    }
}

#[test]
fn a_worker_that_joins_one_that_has_done_everything_does_not_start_over_at_the_beginning() {
    for seed in 0..20 {
        let mut world =
            backfill(seed, 2, r#""sync": {"initialBatchSize": 10, "pollInterval": 1000, "probeTrust": "always"}"#);
        // It is about the work, not only the outcome: a checkpoint that comes too late costs some.
        world.storage.mixes_up_checkpoints = false;
        world.start(0, 0);
        world.run_for(60_000);
        assert_eq!(world.difference(), None, "seed {seed}");

        let read_before = world.source.counts.rows_read;
        world.start(1, 0);
        world.see_everybody();
        world.run_for(5_000);
        let read = world.source.counts.rows_read - read_before;
        // Its half of the slots has about a thousand rows, three hundred of them within the lookback.
        assert!((250..400).contains(&read), "seed {seed}: {read} rows read");

        for second in 0..60 {
            world.add(clock(world.now_ms), format!("new {second}"));
            world.run_for(1_000);
        }
        world.run_for(5_000);
        world.assert_equal();
        let new_rows = rows_ingested(&world)[1];
        assert!((15..46).contains(&new_rows), "seed {seed}: it has its share of the new rows, not {new_rows}");
    }
}
