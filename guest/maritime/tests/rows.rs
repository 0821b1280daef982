//! Rows are the same whatever they are generated with, and fit their tables.

use std::ops::Range;

use ingestor_core::time::{DAY, HOUR, MINUTE, Micros, parse_rfc3339};
use ingestor_maritime::fleet::Fleet;
use ingestor_maritime::rows::{Generator, Rows};
use ingestor_maritime::table::Table;
use ingestor_maritime::timetable::{Cadence, Lateness, Window};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::Value;

/// 2025-11-22T00:00:00Z.
const MIDNIGHT: Micros = 1_763_769_600_000_000;

fn generator(seed: u64, total_vessels: u32) -> Generator {
    Generator {
        fleet: Fleet::new(seed, total_vessels).unwrap(),
        cadence: Cadence { batch_size: 5, interval_micros: MINUTE },
        lateness: Lateness { share: 0.1, max_delay_micros: 3 * HOUR },
    }
}

fn text(mut rows: Rows<'_>) -> String {
    let mut out = Vec::new();
    while rows.fill(&mut out, 100_000) > 0 {}
    String::from_utf8(out).unwrap()
}

fn arriving(generator: &Generator, table: Table, span: Range<Micros>) -> String {
    text(generator.rows(table, Window::arriving(span)))
}

/// The rows' own timestamps.
fn times(table: Table, text: &str) -> Vec<Micros> {
    let time =
        |line| serde_json::from_str::<Value>(line).unwrap()[table.timestamp_column()].as_str().map(parse_rfc3339);
    text.lines().map(|line| time(line).flatten().unwrap()).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    for table in Table::ALL {
        let [one, same, other] = [1, 1, 2].map(|seed| arriving(&generator(seed, 500), table, MIDNIGHT..MIDNIGHT + DAY));
        assert!(one.lines().count() > 3, "{table:?}");
        assert!(one == same, "{table:?}");
        assert!(one != other, "{table:?}");
    }
}

#[test]
fn the_rows_of_a_seed_stay_what_they_are() {
    let generator = generator(1, 1_000);
    let mut first: Vec<u8> = Vec::new();
    for table in Table::ALL {
        generator.rows(table, Window::arriving(MIDNIGHT..MIDNIGHT + DAY)).fill(&mut first, 1_000);
    }
    // What changes them takes repeatability away from everybody's data, so it has to be on purpose.
    assert_eq!(String::from_utf8(first).unwrap(), include_str!("first-rows.ndjson"));
}

#[test]
fn days_can_be_generated_one_by_one_in_any_order() {
    let generator = generator(3, 300);
    for table in Table::ALL {
        let whole = arriving(&generator, table, MIDNIGHT..MIDNIGHT + 4 * DAY);
        let mut days: Vec<_> = [2, 0, 3, 1]
            .map(|day| (day, arriving(&generator, table, MIDNIGHT + day * DAY..MIDNIGHT + (day + 1) * DAY)))
            .into();
        days.sort();
        assert!(whole == days.into_iter().map(|(_, day)| day).collect::<String>(), "{table:?}");
    }
}

#[test]
fn history_and_what_arrives_after_it_are_every_row_once() {
    let generator = generator(4, 300);
    let until = MIDNIGHT + 2 * DAY + 7 * HOUR + 123_456;
    for table in Table::ALL {
        let history: String = (0..3)
            .map(|day| {
                let span = MIDNIGHT + day * DAY..(MIDNIGHT + (day + 1) * DAY).min(until);
                let rows = text(generator.rows(table, Window::history(span.clone(), until)));
                assert!(times(table, &rows).iter().all(|time| span.contains(time)), "{table:?}");
                rows
            })
            .collect();
        let after = arriving(&generator, table, until..MIDNIGHT + 4 * DAY);
        let expected = arriving(&generator, table, MIDNIGHT - DAY..MIDNIGHT + 4 * DAY);
        let mut found: Vec<_> = history.lines().chain(after.lines()).collect();
        let in_span = |line: &&str| times(table, line)[0] >= MIDNIGHT;
        let mut expected: Vec<_> = expected.lines().filter(in_span).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert!(found == expected, "{table:?}: {} rows, expected {}", found.len(), expected.len());
    }
}

#[test]
fn rows_have_the_columns_of_their_table_in_order_and_of_its_types() {
    let generator = generator(5, 400);
    for table in Table::ALL {
        let text = arriving(&generator, table, MIDNIGHT..MIDNIGHT + 2 * DAY);
        let mut nulls = 0;
        for line in text.lines() {
            let row: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let mut at = 0;
            for column in table.columns() {
                at += line[at..]
                    .find(&format!("\"{}\":", column.name))
                    .unwrap_or_else(|| panic!("{}: {line}", column.name));
                let value = &row[column.name];
                let fits = match column.kind {
                    "STRING" => value.as_str().is_some_and(|text| !text.is_empty()),
                    "INTEGER" => value.is_u64(),
                    "FLOAT" => value.is_f64(),
                    "TIMESTAMP" => value.as_str().is_some_and(|text| parse_rfc3339(text).is_some()),
                    other => panic!("unknown type {other}"),
                };
                assert!(fits || value.is_null() && !column.required, "{}: {line}", column.name);
                nulls += usize::from(value.is_null());
            }
            assert_eq!(row.as_object().unwrap().len(), table.columns().len(), "{line}");
        }
        assert_eq!(nulls > 0, table != Table::PortEvents, "{table:?}");
    }
}

#[test]
fn positions_are_as_many_as_configured_each_vessel_as_often_as_any_other() {
    let generator = generator(6, 90);
    let text = arriving(
        &Generator { lateness: Lateness { share: 0.0, ..generator.lateness }, ..generator.clone() },
        Table::VesselPositions,
        MIDNIGHT..MIDNIGHT + DAY,
    );
    assert_eq!(text.lines().count(), 5 * 24 * 60);
    assert!(times(Table::VesselPositions, &text).is_sorted());
    for vessel in 0..90 {
        let mmsi = format!("\"mmsi\":\"{}\"", generator.fleet.vessel(vessel).mmsi);
        assert_eq!(text.lines().filter(|line| line.contains(&mmsi)).count(), 5 * 24 * 60 / 90);
    }
}

#[test]
fn late_rows_arrive_out_of_order_and_never_before_they_are_observed() {
    let generator = generator(7, 1_000);
    for (table, least_late) in [(Table::VesselPositions, 400), (Table::PortEvents, 20)] {
        let span = MIDNIGHT..MIDNIGHT + DAY;
        let observed = times(table, &arriving(&generator, table, span.clone()));
        assert!(observed.iter().all(|&time| time < span.end && time >= span.start - 3 * HOUR));
        let mut latest = Micros::MIN;
        let late = observed.iter().filter(|&&time| {
            latest = latest.max(time);
            time < latest
        });
        let late = late.count();
        assert!(late > least_late && late < observed.len() / 7, "{table:?}: {late} of {}", observed.len());
    }
}

#[test]
fn timestamps_use_all_six_digits_of_a_second() {
    let text = arriving(&generator(8, 500), Table::VesselPositions, MIDNIGHT..MIDNIGHT + HOUR);
    let micros = times(Table::VesselPositions, &text).into_iter().map(|time| time % 1_000);
    assert!(micros.collect::<std::collections::HashSet<_>>().len() > 150);
}

#[test]
fn the_register_has_every_vessel_and_changes_slowly() {
    let generator = generator(9, 2_000);
    let snapshot = text(generator.metadata_snapshot(MIDNIGHT));
    assert_eq!(snapshot.lines().count(), 2_000);
    assert!(times(Table::VesselMetadata, &snapshot).iter().all(|&time| time < MIDNIGHT && time > MIDNIGHT - 150 * DAY));
    let month = arriving(&generator, Table::VesselMetadata, MIDNIGHT..MIDNIGHT + 30 * DAY);
    assert!((500..3_500).contains(&month.lines().count()), "{}", month.lines().count());

    let by_mmsi = |text: &str| -> std::collections::HashMap<String, Value> {
        let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.map(|row| (row["mmsi"].as_str().unwrap().to_owned(), row)).collect()
    };
    let (then, later) = (by_mmsi(&snapshot), by_mmsi(&text(generator.metadata_snapshot(MIDNIGHT + 365 * DAY))));
    let changed = |column: &str| then.iter().filter(|(mmsi, row)| row[column] != later[*mmsi][column]).count();
    for column in ["imo", "vessel_name", "vessel_type", "flag", "callsign", "length", "gross_tonnage", "home_port"] {
        assert_eq!(changed(column), 0, "{column}");
    }
    assert!((100..1_200).contains(&changed("owner")), "{}", changed("owner"));
    assert!((10..300).contains(&changed("status")), "{}", changed("status"));
}

/// Cases are dear here.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 48,
        // From the crate's folder: for tests outside of `src` proptest finds no place by itself.
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("proptest-regressions/tests/rows.txt"))),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn rows_are_the_same_however_they_are_fetched_and_cut(
        seed in 0..20_u64, vessels in 1..400_u32, cut_minutes in 1..600_i64, piece_bytes in 1..20_000_usize, share in 0.0..1.0_f64,
    ) {
        let lateness = Lateness { share, max_delay_micros: 2 * HOUR };
        let generator = Generator { lateness, ..generator(seed, vessels) };
        let cut = MIDNIGHT + cut_minutes * MINUTE + 17;
        for table in Table::ALL {
            let whole = arriving(&generator, table, MIDNIGHT..MIDNIGHT + 10 * HOUR);
            let mut pieces = Vec::new();
            for span in [MIDNIGHT..cut, cut..MIDNIGHT + 10 * HOUR] {
                let mut rows = generator.rows(table, Window::arriving(span));
                loop {
                    let before = pieces.len();
                    let written = rows.fill(&mut pieces, piece_bytes);
                    prop_assert!(pieces.len() - before < piece_bytes + 700);
                    prop_assert_eq!(pieces[before..].iter().filter(|&&byte| byte == b'\n').count(), written);
                    if written == 0 {
                        break;
                    }
                }
            }
            prop_assert!(whole.as_bytes() == pieces, "{:?}", table);
        }
    }
}
