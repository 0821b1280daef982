//! Storage that refuses: one row, or everything for a while.

use crate::support::{NOON, SECOND, now, positions, seconds_from};
use component_tests::faults::Fault;
use component_tests::values::{Value, timestamp};
use component_tests::world::{PATIENCE, World};
use serde_json::json;
use std::time::Duration;

fn world() -> World {
    World::new(vec![positions(seconds_from(NOON, 45))]).with_batch_size(10)
}

#[test]
fn a_put_fails_for_one_row_it_goes_to_sync_audit_with_its_reason_the_rest_are_stored_the_checkpoint_moves() {
    let world = world();
    world.storage().failures.refuse_row =
        Some(Box::new(|row| (row["n"] == 17).then(|| "attribute n is too odd".into())));
    let begun_at = now();
    let mut engine = world.engine();

    engine.run_until(PATIENCE, |engine| engine.is_idle() && world.ids("positions").len() == 44);

    let table = engine.table("positions");
    assert_eq!((&table["refused"]["rows"], &table["error"]), (&json!(1), &json!(null)), "{table}");
    assert_eq!(table["refused"]["reason"], "attribute n is too odd");
    let Value::Timestamp(since) = timestamp(table["refused"]["since"].as_str().expect("since when")) else {
        unreachable!()
    };
    assert!(since >= begun_at - 2 * SECOND && since <= now() + 2 * SECOND, "{table}");
    let storage = world.storage();
    assert_eq!(storage.audits.len(), 1, "{:#?}", storage.audits);
    let audit = storage.audits[0].to_string();
    assert!(audit.contains("attribute n is too odd") && audit.contains("17"), "{audit}");
    let checkpoint = storage.checkpoints.values().next().expect("a checkpoint");
    assert_eq!(checkpoint["lastTimestamp"], "2025-12-01T12:00:44Z", "the row holds up nothing");
}

#[test]
fn storage_refuses_everything_for_a_minute_nothing_is_lost_no_checkpoint_moves_it_resumes_by_itself() {
    // The third page comes late, so that storage fails in the middle.
    let slow = (4, Fault::Slow(Duration::from_millis(300)));
    let world = World::with_faults(vec![positions(seconds_from(NOON, 45))], [slow]).with_batch_size(10);
    let mut engine = world.engine();
    engine.run_until(PATIENCE, |_| world.storage().puts > 0);
    world.storage().failures.unavailable = true;
    let written = || {
        let storage = world.storage();
        (storage.puts, storage.checkpoint_writes, storage.checkpoints.clone())
    };
    let before = written();
    assert!(before.0 < 45, "{} rows are written already", before.0);

    engine.run_until(PATIENCE, |engine| !engine.table("positions")["error"].is_null());
    world.pass(&mut engine, Duration::from_secs(60));

    assert_eq!(written(), before);
    let table = engine.table("positions");
    assert_eq!(table["error"]["reason"], "storageUnavailable", "{table}");
    assert!(table["error"]["message"].to_string().contains("positions: storage is unavailable: disk full"), "{table}");
    assert!(table["error"]["since"].is_string(), "{table}");
    assert!(table["next"].as_str().is_some_and(|next| next.starts_with("retry at ")), "{table}");
    world.storage().failures.unavailable = false;
    // Pauses between attempts grow to a minute.
    world.pass(&mut engine, Duration::from_secs(60));
    world.run_until_equal(&mut engine);
    assert!(engine.table("positions")["error"].is_null());
}

#[test]
fn storage_that_is_unavailable_at_the_start_is_waited_for_and_said() {
    let world = world();
    world.storage().failures.unavailable = true;
    let mut engine = world.engine();

    engine.run_until(PATIENCE, |engine| !engine.table("positions")["error"].is_null());

    assert!(engine.table("positions")["error"].to_string().contains("disk full"), "{}", engine.status);
    world.storage().failures.unavailable = false;
    world.run_until_equal(&mut engine);
}

#[test]
fn a_declared_table_that_cannot_hold_a_column_is_an_error_until_it_can() {
    let world = world();
    let reason = "attribute `n` is declared Boolean and cannot hold INTEGER";
    world.storage().failures.refuse_table.insert("positions".into(), reason.into());
    let mut engine = world.engine();

    engine.run_until(PATIENCE, |engine| !engine.table("positions")["error"].is_null());

    assert!(engine.table("positions")["error"].to_string().contains(reason), "{}", engine.status);
    assert_eq!(world.storage().puts, 0);
}

#[test]
fn the_target_table_gets_an_attribute_for_every_column_and_an_index_on_the_timestamp() {
    let world = world().with("indexes", json!(["n"]));

    let _engine = world.sync();

    let storage = world.storage();
    let attributes = &storage.attributes["positions"];
    let indexed = |name: &str| attributes.iter().find(|(known, ..)| known == name).map(|(.., indexed)| *indexed);
    assert_eq!((indexed("ts"), indexed("n")), (Some(true), Some(true)), "{attributes:?}");
}
