//! The world that ships sail in: places, and the tracks between them.

mod graph;
pub mod lanes;
pub mod ports;

use std::sync::LazyLock;

use crate::sphere::{RADIUS_NM, Vector};
use graph::Graph;
use ports::{GROUNDS, Ground, PORTS, Port};

/// A port or a fishing ground, as a number: the ports first.
pub type PlaceIndex = u8;

/// How many fishing grounds the vessels of one port go to: the nearest ones.
const GROUNDS_OF_A_PORT: usize = 3;

/// How far ships pass off the points between roads and quays.
const APPROACH_WIDTH_NM: f64 = 0.05;
/// How far they pass off the roads.
const ROADS_WIDTH_NM: f64 = 0.6;
/// The most that a track is widened at a point, as a share of the shorter of the legs that meet there. It bounds how much
/// longer or shorter than the lane's middle a ship's own leg is.
const WIDTH_SHARE: f64 = 0.08;

/// A place.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// A port.
    Port(&'static Port),
    /// A fishing ground.
    Ground(&'static Ground),
}

impl Place {
    /// The place of this number.
    #[must_use]
    pub fn of(index: PlaceIndex) -> Place {
        let index = usize::from(index);
        match PORTS.get(index) {
            Some(port) => Place::Port(port),
            None => Place::Ground(&GROUNDS[index - PORTS.len()]),
        }
    }

    /// What a ship on its way there gives as its destination.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Place::Port(port) => port.name,
            Place::Ground(ground) => ground.name,
        }
    }
}

/// A point of a track.
#[derive(Debug, Clone, Copy)]
pub struct TrackPoint {
    /// Where the lane's middle is.
    pub point: Vector,
    /// To starboard, as long as ships pass off this point.
    pub starboard: Vector,
    /// Miles from the track's beginning.
    pub nm: f64,
    /// How far ships pass off this point.
    pub width_nm: f64,
    /// The shorter of the legs that meet there.
    pub leg_nm: f64,
}

/// The way by sea from one place to another: from the quays over the roads, along the lanes, to the roads and the quays.
/// Fishing grounds have their middle only.
#[derive(Debug, Default)]
pub struct Track {
    /// Two at least, unless nobody goes this way.
    pub points: Vec<TrackPoint>,
    /// Which of the points is the destination's roads; of a fishing ground, its middle.
    pub roads: usize,
}

impl Track {
    /// From quay to quay.
    #[must_use]
    pub fn length_nm(&self) -> f64 {
        self.points.last().map_or(0.0, |point| point.nm)
    }

    /// From the destination's roads to its quays.
    #[must_use]
    pub fn roads_to_quays_nm(&self) -> f64 {
        self.points.get(self.roads).map_or(0.0, |roads| self.length_nm() - roads.nm)
    }
}

/// Everything that does not depend on a seed.
#[derive(Debug)]
pub struct World {
    /// By start, then by destination.
    tracks: Vec<Track>,
    /// By port: other ports, the nearest first.
    nearest_ports: Vec<Vec<PlaceIndex>>,
    /// By port.
    grounds: Vec<Vec<PlaceIndex>>,
}

const PLACES: usize = PORTS.len() + GROUNDS.len();
const _: () = assert!(PLACES <= PlaceIndex::MAX as usize, "a place's number fits its type");

impl World {
    /// The one world there is; made at the first call, within a few milliseconds.
    pub fn get() -> &'static World {
        static WORLD: LazyLock<World> = LazyLock::new(World::chart);
        &WORLD
    }

    fn chart() -> World {
        let graph = Graph::of_lanes();
        let mut world = World { tracks: Vec::new(), nearest_ports: Vec::new(), grounds: Vec::new() };
        world.tracks.resize_with(PLACES * PLACES, Track::default);
        for from in 0..PORTS.len() {
            let ways = graph.ways_from(from);
            for to in (0..PLACES).filter(|&to| to != from) {
                world.tracks[from * PLACES + to] = track(&ways.to(to));
            }
            let nearest = |places: std::ops::Range<usize>| {
                let mut found: Vec<_> = places.filter(|&to| to != from).collect();
                found.sort_by(|&a, &b| world.nm(from, a).total_cmp(&world.nm(from, b)));
                found.into_iter().map(|place| place as PlaceIndex).collect::<Vec<_>>()
            };
            let (ports, mut grounds) = (nearest(0..PORTS.len()), nearest(PORTS.len()..PLACES));
            grounds.truncate(GROUNDS_OF_A_PORT);
            for &ground in &grounds {
                let mut back = ways.to(usize::from(ground));
                back.reverse();
                world.tracks[usize::from(ground) * PLACES + from] = track(&back);
            }
            for ground in (PORTS.len()..PLACES).filter(|&place| !grounds.contains(&(place as PlaceIndex))) {
                world.tracks[from * PLACES + ground] = Track::default();
            }
            world.nearest_ports.push(ports);
            world.grounds.push(grounds);
        }
        world
    }

    /// The way from one place to another.
    #[must_use]
    pub fn track(&self, from: PlaceIndex, to: PlaceIndex) -> &Track {
        &self.tracks[usize::from(from) * PLACES + usize::from(to)]
    }

    /// The other ports, the nearest first.
    #[must_use]
    pub fn nearest_ports(&self, port: PlaceIndex) -> &[PlaceIndex] {
        &self.nearest_ports[usize::from(port)]
    }

    /// The fishing grounds of a port, the nearest first.
    #[must_use]
    pub fn grounds(&self, port: PlaceIndex) -> &[PlaceIndex] {
        &self.grounds[usize::from(port)]
    }

    fn nm(&self, from: usize, to: usize) -> f64 {
        self.tracks[from * PLACES + to].length_nm()
    }
}

/// A point on the way between two places, and how wide the lane is there.
#[derive(Debug, Clone, Copy)]
struct LanePoint {
    point: Vector,
    width_nm: f64,
    /// Whether it is the roads of one of the two places, or the middle of a fishing ground.
    is_roads: bool,
}

fn track(way: &[LanePoint]) -> Track {
    let mut points: Vec<TrackPoint> = Vec::with_capacity(way.len());
    let mut nm = 0.0;
    for (index, here) in way.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| way[before].point);
        let after = way.get(index + 1).map(|after| after.point);
        let reach = |other: Option<Vector>| other.map_or(f64::INFINITY, |other| here.point.distance_nm(other));
        nm += before.map_or(0.0, |before| here.point.distance_nm(before));
        let leg_nm = reach(before).min(reach(after));
        let width_nm = here.width_nm.min(WIDTH_SHARE * leg_nm);
        let ahead = after.unwrap_or(here.point) - before.unwrap_or(here.point);
        let starboard = ahead.cross(here.point).normalized() * (width_nm / RADIUS_NM);
        points.push(TrackPoint { point: here.point, starboard, nm, width_nm, leg_nm });
    }
    let roads = way.iter().rposition(|here| here.is_roads).expect("a way ends at a place, which has roads");
    Track { points, roads }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_port_can_be_reached_from_every_other_by_sea() {
        let world = World::get();
        for from in 0..PORTS.len() as PlaceIndex {
            for to in (0..PORTS.len() as PlaceIndex).filter(|&to| to != from) {
                let track = world.track(from, to);
                let [start, end] = [from, to].map(|port| PORTS[usize::from(port)].quays);
                let straight_nm = Vector::at(start.0, start.1).distance_nm(Vector::at(end.0, end.1));
                assert!(track.length_nm() >= straight_nm * 0.999, "{from} to {to} is shorter than possible");
                assert!(track.length_nm() < 14_500.0, "{from} to {to}: {} nm", track.length_nm());
                assert!(track.roads_to_quays_nm() > 0.5 && track.roads_to_quays_nm() < 100.0, "{from} to {to}");
            }
        }
    }

    #[test]
    fn known_distances_between_ports_are_met() {
        // NGA Pub. 151 (Distances Between Ports) for the first, by way of Gibraltar; Notteboom, Pallis, Rodrigue: Port
        // Economics, Management and Policy for the second, by way of Suez.
        for (from, to, published_nm) in [("USNYC", "LKCMB", 8604.0), ("CNSHA", "NLRTM", 10_600.0)] {
            let index = |id| PORTS.iter().position(|port| port.id == id).unwrap() as PlaceIndex;
            let nm = World::get().track(index(from), index(to)).length_nm();
            assert!((nm / published_nm - 1.0).abs() < 0.06, "{from} to {to}: {nm} nm, published {published_nm}");
        }
    }

    #[test]
    fn every_port_has_fishing_grounds_and_ways_there_and_back() {
        let world = World::get();
        for port in 0..PORTS.len() as PlaceIndex {
            assert_eq!(world.grounds(port).len(), GROUNDS_OF_A_PORT);
            for &ground in world.grounds(port) {
                let (out, back) = (world.track(port, ground), world.track(ground, port));
                assert!((out.length_nm() - back.length_nm()).abs() < 1e-6);
                assert_eq!(out.roads, out.points.len() - 1);
                assert!(back.roads < back.points.len() - 1);
            }
        }
    }
}
