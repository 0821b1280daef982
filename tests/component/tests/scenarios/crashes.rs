//! The engine is killed at every operation on storage, and started anew.

use crate::support::{NOON, positions, seconds_from};
use component_tests::world::{PATIENCE, World};
use std::time::Instant;

fn world() -> World {
    World::new(vec![positions(seconds_from(NOON, 45))]).with_batch_size(10)
}

/// Runs an engine until it is killed at its `operation`th use of storage; whether that happened before it was done.
fn crashes_at(world: &World, operation: u32) -> bool {
    world.storage().failures.crash_after = Some(operation);
    let mut engine = world.engine();
    let deadline = Instant::now() + PATIENCE;
    let mut is_dead = false;
    while !(is_dead || engine.is_idle() && world.stored("positions").len() == 45) {
        assert!(Instant::now() < deadline, "{}", engine.status);
        is_dead = engine.step(PATIENCE).is_err();
    }
    drop(engine);
    world.storage().crash();
    is_dead
}

#[test]
fn an_engine_killed_at_any_operation_on_storage_resumes_without_loss() {
    for operation in 0.. {
        let world = world();
        if !crashes_at(&world, operation) {
            assert!(operation > 12, "loads, writes and checkpoints of five pages: {operation}");
            break;
        }
        let _engine = world.sync();
    }
}

#[test]
fn an_engine_that_is_killed_over_and_over_still_arrives() {
    let world = world();
    // Long enough to get from the start to one more committed page.
    while crashes_at(&world, 8) {}
    world.assert_equal();
}

#[test]
fn a_restarted_engine_goes_on_inside_the_same_result() {
    let mut resumed = 0;
    for operation in 4..16 {
        let world = world();
        let is_dead = crashes_at(&world, operation);
        let rows_done = world.storage().checkpoints.values().next().and_then(|it| it["job"]["rowsDone"].as_u64());
        if is_dead && rows_done.is_some_and(|rows| rows > 0) {
            let puts = world.storage().puts;
            let _engine = world.sync();
            assert_eq!(world.bigquery.state().jobs_run.len(), 1, "killed at operation {operation}");
            assert!(world.storage().puts - puts <= 45, "killed at operation {operation}");
            resumed += 1;
        }
    }
    assert!(resumed >= 3, "{resumed} times there was something to resume");
}

#[test]
fn a_second_run_over_the_same_rows_writes_nothing() {
    let world = world();
    drop(world.sync());
    let puts = world.storage().puts;
    world.storage().checkpoints.clear();

    let mut engine = world.engine();
    engine.run_until(PATIENCE, |engine| engine.is_idle() && world.bigquery.state().jobs_run.len() == 2);

    world.assert_equal();
    assert_eq!(world.storage().puts, puts);
}
