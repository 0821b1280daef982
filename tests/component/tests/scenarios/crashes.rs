//! The engine is killed at every operation on storage, and started anew.

use crate::support::{NOON, numbered, positions, seconds_from};
use component_tests::faults::{Fault, Seen};
use component_tests::world::{PATIENCE, World};
use std::time::{Duration, Instant};

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

#[test]
fn no_more_than_one_batch_of_a_backfill_is_read_again_after_a_crash() {
    const ROWS: u64 = 20_000;
    const BATCH_ROWS: u64 = 4_000;
    let pages = "/bigquery/v2/projects/harbour/queries/*";
    for operation in (4..22).step_by(6) {
        let table = positions(seconds_from(NOON - 200_000 * 1_000_000, ROWS as i64));
        let mut world = World::new(vec![table]).with_batch_size(BATCH_ROWS as u32).with("sync.pollInterval", 60_000);
        // A busy machine takes its time for a page; it is not to be asked for twice because of that.
        world.config["bigquery"]["requestTimeout"] = 30_000.into();
        world.storage().failures.crash_after = Some(operation);
        let mut engine = world.engine();
        while engine.step(PATIENCE).is_ok() {
            assert!(!engine.is_idle(), "everything is read before operation {operation}");
        }
        drop(engine);
        world.storage().crash();

        let _engine = world.sync();

        let rows_of = |seen: Seen| {
            let number = |name| seen.request.parameter(name).and_then(|text| text.parse::<u64>().ok());
            let start = number("startIndex").unwrap_or(0);
            number("maxResults").unwrap_or(0).min(ROWS - start)
        };
        let asked: u64 = world.proxy.seen().into_iter().filter(|seen| seen.is("GET", pages)).map(rows_of).sum();
        assert!(asked > ROWS, "killed at operation {operation}: something was under way");
        assert!(asked <= ROWS + BATCH_ROWS, "killed at operation {operation}: {} rows again", asked - ROWS);
        assert_eq!(world.storage().puts as u64, ROWS, "killed at operation {operation}: no row is written twice");
    }
}

#[test]
fn rows_that_arrive_between_a_crash_and_the_restart_are_not_waited_for() {
    let world = world().with("sync.probeTrust", "always");
    assert!(crashes_at(&world, 8), "in the middle of the result");
    world.bigquery.state().insert("positions", numbered(100, [NOON + 45_500_000]));

    let mut engine = world.engine();
    engine.run_until(PATIENCE, |_| world.stored("positions").len() == 46);

    world.assert_equal();
    assert_eq!(world.bigquery.state().jobs_run.len(), 2, "the interrupted one, and one for what came meanwhile");
}

#[test]
fn rows_that_arrive_while_a_failed_sync_pauses_are_not_waited_for() {
    // The third page comes late, so that storage fails in the middle.
    let slow = (4, Fault::Slow(Duration::from_millis(300)));
    let world = World::with_faults(vec![positions(seconds_from(NOON, 45))], [slow]).with_batch_size(10);
    let world = world.with("sync.probeTrust", "always");
    let mut engine = world.engine();
    engine.run_until(PATIENCE, |_| world.storage().puts > 0);
    world.storage().failures.unavailable = true;
    engine.run_until(PATIENCE, |engine| !engine.table("positions")["error"].is_null());
    world.bigquery.state().insert("positions", numbered(100, [NOON + 45_500_000]));
    world.storage().failures.unavailable = false;

    engine.run_until(PATIENCE, |_| world.stored("positions").len() == 46);

    world.assert_equal();
}
