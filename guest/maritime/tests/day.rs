//! The rows of a day are the same, byte by byte, natively and as the component writes them; `tests/synthesizer` holds the
//! component against the same files.

use ingestor_core::time::{DAY, HOUR, Micros};
use ingestor_maritime::fleet::Fleet;
use ingestor_maritime::rows::{Generator, Rows};
use ingestor_maritime::table::Table;
use ingestor_maritime::timetable::{Cadence, Lateness, Window};

/// 2025-12-01T12:00:00Z.
const UNTIL: Micros = 1_764_590_400_000_000;

fn generator() -> Generator {
    Generator {
        fleet: Fleet::new(42, 20).unwrap(),
        cadence: Cadence { batch_size: 2, interval_micros: HOUR },
        lateness: Lateness { share: 0.1, max_delay_micros: HOUR },
    }
}

fn written(mut rows: Rows<'_>) -> String {
    let mut out = Vec::new();
    while rows.fill(&mut out, 10_000) > 0 {}
    String::from_utf8(out).unwrap()
}

#[test]
fn a_day_of_positions_is_what_the_component_writes() {
    let rows = generator();
    let rows = rows.rows(Table::VesselPositions, Window::history(UNTIL - DAY..UNTIL, UNTIL));
    assert_eq!(written(rows), include_str!("day/vessel_positions.ndjson"));
}

#[test]
fn a_day_of_port_events_is_what_the_component_writes() {
    let rows = generator();
    let rows = rows.rows(Table::PortEvents, Window::history(UNTIL - DAY..UNTIL, UNTIL));
    assert_eq!(written(rows), include_str!("day/port_events.ndjson"));
}

#[test]
fn a_day_of_the_register_is_what_the_component_writes() {
    let rows = generator();
    let snapshot = written(rows.metadata_snapshot(UNTIL - DAY));
    let changes = written(rows.rows(Table::VesselMetadata, Window::history(UNTIL - DAY..UNTIL, UNTIL)));
    assert_eq!(snapshot + &changes, include_str!("day/vessel_metadata.ndjson"));
}
