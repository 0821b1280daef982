//! Situations about storing that must come out right.

use ingestor_core::time::{HOUR, MINUTE, SECOND};

use super::SMALL;
use crate::source::{EPOCH, UNDECODABLE, clock};
use crate::world::World;

#[test]
fn a_row_that_storage_refuses_goes_to_the_audit_and_the_rest_are_stored() {
    let mut world = World::new(17, SMALL);
    world.storage.refused_name = Some("unwanted".into());
    for number in 0..35 {
        world.add(EPOCH - HOUR + number, if number == 17 { "unwanted".into() } else { number.to_string() });
    }
    world.run_for(30_000);
    world.assert_equal();
    assert_eq!(world.storage.audits.len(), 1);
    assert!(
        world.storage.audits[0].content.contains("unwanted") && world.storage.audits[0].reason == "not allowed here"
    );
}

#[test]
fn a_row_that_cannot_be_decoded_goes_to_the_audit_once_although_every_poll_meets_it_again() {
    let mut world = World::new(17, SMALL);
    for number in 0..35 {
        world.add(EPOCH + number, if number == 17 { UNDECODABLE.into() } else { number.to_string() });
    }
    for number in 0..60 {
        world.add(clock(world.now_ms), format!("new {number}"));
        world.run_for(1_000);
    }
    world.run_for(5_000);
    world.assert_equal();
    assert!(world.source.counts.jobs > 20, "{} jobs", world.source.counts.jobs);
    assert_eq!(world.storage.audits.len(), 1);
}

#[test]
fn nothing_is_lost_while_storage_refuses_everything_for_a_minute() {
    let mut world = World::new(18, SMALL);
    for number in 0..100 {
        world.add(EPOCH - HOUR + number, number.to_string());
    }
    world.storage.down_until_ms = 60_000;
    world.run_for(60_000);
    assert_eq!(world.storage.nodes[0].records().len(), 0);
    assert!(world.storage.nodes[0].checkpoints.is_empty(), "no checkpoint moves");
    world.run_for(120_000);
    world.assert_equal();
}

#[test]
fn a_second_backfill_writes_nothing() {
    let mut world = World::new(21, SMALL);
    for number in 0..100 {
        world.add(EPOCH - HOUR + number, number.to_string());
    }
    world.run_for(10_000);
    assert_eq!(world.storage.rows_written, 100);
    world.forget_checkpoints();
    world.run_for(10_000);
    world.assert_equal();
    assert_eq!(world.storage.rows_written, 100);
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
        let mut latest: Vec<&str> =
            world.storage.nodes[0].records().map(|json| json.split(r#""ts":""#).nth(1).unwrap()).collect();
        latest.sort_unstable();
        assert_eq!(latest.len(), 7, "seed {seed}");
        assert!(latest[0].starts_with("2025-12-01T11:00:53Z"), "seed {seed}: {latest:?}");
    }
}

#[test]
fn a_worker_that_starts_before_its_node_has_the_records_does_not_put_older_rows_in_the_place_of_newer_ones() {
    for seed in 0..100 {
        let mut world = World::with_nodes(seed, &format!(r#""keyColumns": ["name"], {SMALL}"#), "TIMESTAMP", 2);
        world.replication_ms = 20_000;
        // Two of each key, most of them behind the lookback.
        for number in 0..60 {
            world.add(EPOCH - 2 * HOUR + number * MINUTE, (number / 2).to_string());
        }
        world.start(0, 0);
        world.run_for(2_000);
        world.kill_node(0);
        // It reads everything, in any order, and dies in the midst of that.
        world.start(1, 0);
        world.run_for(300 + seed * 5);
        world.kill_node(1);
        world.start(0, 0);
        world.run_for(5 * 60_000);
        world.assert_equal();
    }
}
