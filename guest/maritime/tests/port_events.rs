//! Port events agree with the positions of the vessels they are about.

use std::collections::HashMap;

use ingestor_core::time::{DAY, Micros, SECOND, parse_rfc3339};
use ingestor_maritime::fleet::{Fleet, Vessel};
use ingestor_maritime::rows::Generator;
use ingestor_maritime::sphere::Vector;
use ingestor_maritime::table::Table;
use ingestor_maritime::timetable::{Cadence, Lateness, Window};
use ingestor_maritime::world::ports::PORTS;
use serde_json::Value;

/// 2025-11-22T00:00:00Z.
const MIDNIGHT: Micros = 1_763_769_600_000_000;

struct Event {
    time: Micros,
    port_id: String,
    kind: String,
    status: String,
    at: Vector,
}

fn generator() -> Generator {
    Generator {
        fleet: Fleet::new(11, 400).unwrap(),
        cadence: Cadence::default(),
        lateness: Lateness { share: 0.2, max_delay_micros: DAY / 4 },
    }
}

/// The events of two months by vessel, each vessel's in the order of time.
fn events(generator: &Generator) -> Vec<(Vessel, Vec<Event>)> {
    let mut out = Vec::new();
    let span = MIDNIGHT..MIDNIGHT + 60 * DAY;
    let all_have_arrived = span.end + generator.lateness.max_delay_micros;
    let mut rows = generator.rows(Table::PortEvents, Window::history(span, all_have_arrived));
    while rows.fill(&mut out, 1 << 20) > 0 {}
    let mut by_mmsi: HashMap<String, Vec<Event>> = HashMap::new();
    for row in serde_json::Deserializer::from_slice(&out).into_iter::<Value>() {
        let row = row.unwrap();
        let text = |column: &str| row[column].as_str().unwrap().to_owned();
        let port = PORTS.iter().find(|port| port.id == text("port_id")).unwrap();
        assert_eq!(text("port_name"), port.name);
        by_mmsi.entry(text("vessel_mmsi")).or_default().push(Event {
            time: parse_rfc3339(&text("event_time")).unwrap(),
            port_id: text("port_id"),
            kind: text("event_type"),
            status: text("status"),
            at: Vector::at(row["latitude"].as_f64().unwrap(), row["longitude"].as_f64().unwrap()),
        });
    }
    let vessels = (0..generator.fleet.total_vessels()).map(|index| generator.fleet.vessel(index));
    vessels
        .filter_map(|vessel| {
            let mut events = by_mmsi.remove(&vessel.mmsi.to_string())?;
            events.sort_by_key(|event| event.time);
            Some((vessel, events))
        })
        .collect()
}

#[test]
fn events_of_a_vessel_follow_each_other_as_calls_at_ports_do() {
    let mut calls = 0;
    for (vessel, events) in events(&generator()) {
        for pair in events.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            let allowed: &[&str] = match before.kind.as_str() {
                "DEPARTURE" => &["ARRIVAL"],
                "ARRIVAL" => &["ANCHORED", "BERTHED"],
                "ANCHORED" => &["BERTHED"],
                "BERTHED" => &["DEPARTURE"],
                other => panic!("{other}"),
            };
            assert!(allowed.contains(&after.kind.as_str()), "{} after {} of {vessel:?}", after.kind, before.kind);
            assert!(before.kind == "DEPARTURE" || before.port_id == after.port_id, "{vessel:?}");
            assert!(before.time < after.time);
            calls += usize::from(after.kind == "BERTHED");
        }
    }
    assert!(calls > 1_500, "{calls}");
}

#[test]
fn events_happen_where_the_vessel_is_and_say_what_it_does() {
    let generator = generator();
    for (vessel, events) in events(&generator) {
        for event in events {
            let now = generator.fleet.situation(&vessel, event.time);
            assert!(now.point.distance_nm(event.at) < 0.001, "{} of {vessel:?}", event.kind);
            assert_eq!(now.status.name(), event.status);
            let before = generator.fleet.situation(&vessel, event.time - SECOND);
            assert_eq!(before.status.name() == event.status, event.kind == "ARRIVAL", "{}", event.kind);
        }
    }
}

#[test]
fn events_happen_near_their_port() {
    for (vessel, events) in events(&generator()) {
        for event in events {
            let port = PORTS.iter().find(|port| port.id == event.port_id).unwrap();
            let [quays, roads] = [port.quays, port.roads].map(|(latitude, longitude)| Vector::at(latitude, longitude));
            let (from_quays_nm, from_roads_nm) = (event.at.distance_nm(quays), event.at.distance_nm(roads));
            let near = match event.kind.as_str() {
                "BERTHED" | "DEPARTURE" => from_quays_nm < 0.5,
                "ANCHORED" => from_roads_nm < 1.5,
                _ => from_quays_nm.min(from_roads_nm) < 20.0,
            };
            assert!(near, "{} {from_quays_nm} nm off {}, {vessel:?}", event.kind, port.name);
        }
    }
}
