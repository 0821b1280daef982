//! Several engines that share a table, and the real emulator's view of who reads which row.

use crate::support::{NOON, SECOND, numbered, positions, seconds_from};
use component_tests::bigquery::{Column, PROJECT, Table};
use component_tests::emulator::Emulator;
use component_tests::values::{Value, text};
use component_tests::world::{PATIENCE, World};
use ingestor_core::config::Columns;
use ingestor_core::slots::{SlotRange, slot_of};
use ingestor_core::sql::{Gaps, Selection, TableRef, TimestampKind, Window, select_rows};
use ingestor_core::time::{self, DAY, to_rfc3339};
use serde_json::json;
use std::collections::BTreeSet;

#[test]
fn the_emulator_puts_every_row_into_the_slot_that_we_do() {
    let kinds =
        [("at", TimestampKind::Timestamp, 1), ("local", TimestampKind::DateTime, 1), ("day", TimestampKind::Date, DAY)];
    let columns = ["TIMESTAMP", "DATETIME", "DATE"].into_iter().zip(kinds);
    let columns = columns.map(|(kind, (name, ..))| Column::new(name, kind)).chain([Column::new("n", "INTEGER")]);
    let moments: Vec<i64> = [1, 1_000, SECOND, 60 * SECOND, DAY]
        .into_iter()
        .flat_map(|step| (-30..30).flat_map(move |n| [n * step, NOON + n * step]))
        .chain([time::MIN, time::MIN + DAY, time::MAX - DAY, time::MAX])
        .collect();
    let row = |(n, at): (i64, &i64)| {
        let civil = to_rfc3339(*at).trim_end_matches('Z').to_owned();
        vec![Value::Timestamp(*at), text(civil.clone()), text(&civil[..10]), Value::Int(n)]
    };
    let table = Table::new("moments", columns.collect()).with_rows((0..).zip(&moments).map(row));
    let emulator = Emulator::start(PROJECT);
    emulator.create_dataset("fleet");
    emulator.create_table(&table);
    emulator.insert_rows(&table);

    let source = TableRef { project: PROJECT.into(), dataset: "fleet".into(), table: "moments".into() };
    for (column, kind, granularity) in kinds {
        for index in 0..3 {
            let slots = SlotRange::share(index, 3).expect("a share");
            let numbers = Columns::Listed(vec!["n".into()]);
            let (window, gaps) = (Window::default(), &Gaps::default());
            let selection = Selection { columns: &numbers, timestamp_column: column, kind, window, gaps, slots };
            let query = select_rows(&source, &selection);
            let body = json!({ "query": query.sql, "useLegacySql": false, "maxResults": 10_000 });
            let (status, answer) = emulator.ask("POST", "/queries", &body);
            assert!(status == 200 && answer["errors"].is_null(), "{answer}");

            let rows = answer["rows"].as_array().into_iter().flatten();
            let found: BTreeSet<usize> =
                rows.filter_map(|row| row["f"][0]["v"].as_str()).map(|n| n.parse().expect("a number")).collect();
            let is_ours = |at: i64| slots.contains(slot_of(at - at.rem_euclid(granularity)));
            let wanted: BTreeSet<usize> = (0..moments.len()).filter(|n| is_ours(moments[*n])).collect();
            assert_eq!(found, wanted, "{column} in {slots}");
        }
    }
}

#[test]
fn two_engines_share_a_table_and_one_takes_over_when_the_other_is_gone() {
    let world = World::new(vec![positions(seconds_from(NOON, 300))]);
    let mut engines = ["a-0", "b-0"].map(|node_id| {
        let mut start = world.start();
        start.setup.node_id = node_id.into();
        world.engine_from(start)
    });
    for engine in &mut engines {
        let cluster = engine.observe_workers(&["a-0", "b-0"]);
        assert_eq!(cluster, json!([{ "nodeId": "a-0", "slots": "0-511" }, { "nodeId": "b-0", "slots": "512-1023" }]));
        engine.run_until(PATIENCE, |engine| engine.is_idle());
    }
    world.assert_equal();
    let written =
        ["a-0", "b-0"].map(|node| world.storage().checkpoints[&format!("positions:{node}")]["recordsIngested"].clone());
    for rows in written {
        assert!((100..=200).contains(&rows.as_u64().expect("a number")), "{rows} of 300");
    }

    let [mut first, second] = engines;
    drop(second);
    world.bigquery.state().insert("positions", numbered(300, seconds_from(NOON + 400 * SECOND, 100)));
    assert_eq!(first.observe_workers(&["a-0"]), json!([{ "nodeId": "a-0", "slots": "0-1023" }]));
    world.run_until_equal(&mut first);
}
