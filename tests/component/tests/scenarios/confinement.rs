//! The engine can reach what is configured, and nothing else.

use crate::support::{NOON, positions, seconds_from};
use component_tests::host::Engine;
use component_tests::world::{PATIENCE, World};
use std::sync::Arc;

#[test]
fn the_component_asked_to_open_a_file_read_the_environment_or_reach_another_host_is_refused() {
    let world = World::new(Vec::new());
    let mut start = world.start();
    start.intrudes = true;
    start.setup.config = world.proxy.address().to_string();

    let engine = Engine::start(start, Arc::default());

    let outcomes: Vec<_> = engine.plan.errors.iter().map(|tried| (tried.path.as_str(), tried.found.as_str())).collect();
    let refused = [
        "read a file",
        "write a file",
        "list a folder",
        "read the environment",
        "reach a host by HTTP",
        "reach a host by TCP",
    ];
    assert_eq!(outcomes, refused.map(|attempt| (attempt, "refused")), "{:#?}", engine.plan.errors);
    assert!(std::env::vars().next().is_some(), "there would have been something to read");
    assert_eq!(world.proxy.seen().len(), 0);
}

#[test]
fn a_host_that_is_not_allowed_is_not_reached_and_said_so() {
    let world = World::new(vec![positions(seconds_from(NOON, 5))]);
    let mut start = world.start();
    start.lets_out = false;
    let mut engine = world.engine_from(start);

    engine.run_until(PATIENCE, |engine| !engine.table("positions")["error"].is_null());

    assert_eq!(world.proxy.seen().len(), 0);
}

#[test]
fn the_plan_names_every_host_that_is_reached_and_no_other() {
    let world = World::new(vec![positions(seconds_from(NOON, 5))]).with_account();

    let engine = world.sync();

    assert_eq!(engine.plan.hosts, [world.proxy.address().to_string()]);
}
