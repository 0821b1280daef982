//! The sea lanes as a graph, and shortest ways in it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::lanes::{CROSSINGS, GROUND_LANES, LANES, WAYPOINTS};
use super::ports::{GROUNDS, PORTS};
use super::{APPROACH_WIDTH_NM, LanePoint, ROADS_WIDTH_NM};
use crate::sphere::{GreatCircle, Vector};

/// Where along a crossing of open water its full width is reached, and left again.
const CROSSING_SHARES: [f64; 3] = [0.25, 0.5, 0.75];

/// The nodes are the roads of the ports, the middles of the fishing grounds (together: the places, in this order), and
/// the waypoints.
pub(super) struct Graph {
    nodes: Vec<LanePoint>,
    /// By node: other nodes, how far they are, and how wide a crossing of open water in between is.
    edges: Vec<Vec<(usize, f64, Option<f64>)>>,
}

impl Graph {
    pub(super) fn of_lanes() -> Graph {
        let ports = PORTS.iter().map(|port| (port.id, port.roads, ROADS_WIDTH_NM, true));
        let grounds = GROUNDS.iter().map(|ground| (ground.name, ground.middle, ground.radius_nm, true));
        let waypoints = WAYPOINTS.iter().map(|at| (at.name, (at.latitude, at.longitude), at.width_nm, false));
        let mut names = HashMap::new();
        let mut nodes = Vec::new();
        for (name, (latitude, longitude), width_nm, is_roads) in ports.chain(grounds).chain(waypoints) {
            let previous = names.insert(name, nodes.len());
            assert!(previous.is_none(), "the sea lanes have two points named {name}");
            nodes.push(LanePoint { point: Vector::at(latitude, longitude), width_nm, is_roads });
        }
        let mut graph = Graph { edges: vec![Vec::new(); nodes.len()], nodes };
        let lanes = LANES.split_whitespace().filter_map(|lane| lane.split_once('-'));
        let lanes = lanes.chain(GROUND_LANES.iter().copied()).map(|(a, b)| (a, b, None));
        for (a, b, width_nm) in lanes.chain(CROSSINGS.iter().map(|&(a, b, width_nm)| (a, b, Some(width_nm)))) {
            let [a, b] = [a, b].map(|name| *names.get(name).unwrap_or_else(|| panic!("no point is named {name}")));
            let nm = graph.nodes[a].point.distance_nm(graph.nodes[b].point);
            graph.edges[a].push((b, nm, width_nm));
            graph.edges[b].push((a, nm, width_nm));
        }
        graph
    }

    /// Dijkstra's algorithm. Nobody sails through a fishing ground, or through the roads of a port unless they lie on the
    /// lane.
    pub(super) fn ways_from(&self, start: usize) -> Ways<'_> {
        let mut nm = vec![f64::INFINITY; self.nodes.len()];
        let mut previous = vec![None; self.nodes.len()];
        // By distance: the bits of numbers that are not negative are in their order.
        let mut open = BinaryHeap::from([Reverse((0, start))]);
        nm[start] = 0.0;
        while let Some(Reverse((bits, node))) = open.pop() {
            let is_outdated = bits != nm[node].to_bits();
            if is_outdated || node != start && (PORTS.len()..PORTS.len() + GROUNDS.len()).contains(&node) {
                continue;
            }
            for &(next, length_nm, width_nm) in &self.edges[node] {
                if nm[node] + length_nm < nm[next] {
                    nm[next] = nm[node] + length_nm;
                    previous[next] = Some((node, width_nm));
                    open.push(Reverse((nm[next].to_bits(), next)));
                }
            }
        }
        Ways { graph: self, previous, start }
    }
}

/// The shortest ways from one place.
pub(super) struct Ways<'g> {
    graph: &'g Graph,
    previous: Vec<Option<(usize, Option<f64>)>>,
    start: usize,
}

impl Ways<'_> {
    /// The way to a place, with the ways between roads and quays at both ends.
    pub(super) fn to(&self, place: usize) -> Vec<LanePoint> {
        let mut way = quays_to_roads(place);
        let mut node = place;
        loop {
            // Other ports' roads on the lane are nobody's goal on this way.
            let is_roads = self.graph.nodes[node].is_roads && (node == place || node == self.start);
            way.push(LanePoint { is_roads, ..self.graph.nodes[node] });
            let Some((previous, crossing_nm)) = self.previous[node] else { break };
            if let Some(width_nm) = crossing_nm {
                let crossing = GreatCircle::between(self.graph.nodes[node].point, self.graph.nodes[previous].point);
                way.extend(CROSSING_SHARES.map(|share| {
                    let (point, _) = crossing.at(crossing.length_nm * share);
                    LanePoint { point, width_nm, is_roads: false }
                }));
            }
            node = previous;
        }
        assert_eq!(node, self.start, "the sea lanes do not join all places");
        way.extend(quays_to_roads(self.start).into_iter().rev());
        way.reverse();
        way
    }
}

/// What lies between a port's quays and its roads, both ends excluded from the latter; nothing for a fishing ground.
fn quays_to_roads(place: usize) -> Vec<LanePoint> {
    let Some(port) = PORTS.get(place) else { return Vec::new() };
    let at = |&(latitude, longitude): &(f64, f64), width_nm| LanePoint {
        point: Vector::at(latitude, longitude),
        width_nm,
        is_roads: false,
    };
    let approach = port.approach.iter().rev().map(|point| at(point, APPROACH_WIDTH_NM));
    std::iter::once(at(&port.quays, 0.0)).chain(approach).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lane_has_two_ends_and_every_point_a_lane() {
        assert!(LANES.split_whitespace().all(|lane| lane.split('-').count() == 2));
        let graph = Graph::of_lanes();
        let lonely: Vec<_> = graph.edges.iter().enumerate().filter(|(_, edges)| edges.is_empty()).collect();
        assert!(lonely.is_empty(), "{lonely:?}");
    }
}
