//! Situations about workers, nodes and clocks that must come out right.

use ingestor_core::phase::Phase;
use ingestor_core::time::{HOUR, SECOND};

use super::SMALL;
use crate::source::{EPOCH, clock};
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
