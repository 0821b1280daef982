//! Vessels are at sea.

use std::collections::HashMap;

use ingestor_core::time::{DAY, Micros};
use ingestor_maritime::fleet::Fleet;

/// 2025-11-22T00:00:00Z.
const MIDNIGHT: Micros = 1_763_769_600_000_000;

/// Cells of half a degree that are nothing but land, by row from the north and column from 180° W. From Natural Earth's
/// outlines; `examples/land-cells.rs` says how.
fn land_cells() -> Vec<Vec<std::ops::Range<usize>>> {
    let span = |span: &str| {
        let (start, end) = span.split_once('-').unwrap();
        start.parse().unwrap()..end.parse().unwrap()
    };
    include_str!("land-cells.txt").lines().map(|line| line.split_whitespace().map(span).collect()).collect()
}

/// The Suez Canal, and the Elbe up to Hamburg: land at the scale of the outlines.
fn is_waterway(latitude: f64, longitude: f64) -> bool {
    let suez = (29.9..31.4).contains(&latitude) && (32.2..32.7).contains(&longitude);
    let elbe = (53.4..54.0).contains(&latitude) && (8.7..10.0).contains(&longitude);
    suez || elbe
}

#[test]
fn no_vessel_crosses_land() {
    let land = land_cells();
    assert_eq!(land.len(), 360);
    let is_land = |latitude: f64, longitude: f64| {
        let column = ((longitude + 180.0) * 2.0) as usize;
        land[((90.0 - latitude) * 2.0) as usize].iter().any(|span| span.contains(&column))
    };
    assert!(is_land(47.2, 2.4) && is_land(-25.0, 135.0) && is_land(40.0, -100.0), "these are inland");
    assert!(!is_land(45.0, -30.0) && !is_land(-50.0, 100.0), "these are at sea");

    let fleet = Fleet::new(77, 100_000).unwrap();
    let mut ashore: HashMap<(i64, i64), u32> = HashMap::new();
    for index in 0..4_000 {
        let vessel = fleet.vessel(index);
        for step in 0..60 {
            let situation = fleet.situation(&vessel, MIDNIGHT + step * 3 * DAY / 2 + i64::from(index) * 1_000_003);
            let (latitude, longitude) = situation.point.degrees();
            if is_land(latitude, longitude) && !is_waterway(latitude, longitude) {
                *ashore.entry((latitude.floor() as i64, longitude.floor() as i64)).or_default() += 1;
            }
        }
    }
    assert!(ashore.is_empty(), "positions inland, by whole degrees: {ashore:?}");
}
