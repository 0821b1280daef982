//! Situations about storing that must come out right.

use ingestor_core::time::{HOUR, SECOND};

use super::SMALL;
use crate::source::EPOCH;
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
fn nothing_is_lost_while_storage_refuses_everything_for_a_minute() {
    let mut world = World::new(18, SMALL);
    for number in 0..100 {
        world.add(EPOCH - HOUR + number, number.to_string());
    }
    world.storage.down_until_ms = 60_000;
    world.run_for(60_000);
    assert!(world.storage.nodes[0].records().len() == 0);
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
