//! The engine can reach what is configured, and nothing else.

use crate::support::{NOON, positions, seconds_from};
use component_tests::world::World;
use std::time::Duration;

#[test]
fn a_host_that_is_not_allowed_is_not_reached_and_said_so() {
    let world = World::new(vec![positions(seconds_from(NOON, 5))]);
    let mut start = world.start();
    start.lets_out = false;
    let mut engine = world.engine_from(start);

    engine.run_until(Duration::from_secs(10), |engine| !engine.table("positions")["error"].is_null());

    assert_eq!(world.proxy.seen().len(), 0);
}

#[test]
fn the_plan_names_every_host_that_is_reached_and_no_other() {
    let world = World::new(vec![positions(seconds_from(NOON, 5))]).with_account();

    let engine = world.sync();

    assert_eq!(engine.plan.hosts, [world.proxy.address().to_string()]);
}
