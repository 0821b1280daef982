//! Rows of `vessel_positions`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use ingestor_core::time::Micros;

use super::Generator;
use super::json::{Millionths, Row, rounded};
use crate::fleet::Vessel;
use crate::fleet::names::NUMERALS;
use crate::situation::{Situation, Voyage};
use crate::timetable::{Report, Window};

/// The largest fleet whose vessels are kept in mind from one report to the next: 20 MB at the most.
const MOST_KNOWN: u32 = 100_000;

/// Reports in the order of their arrival. Those on time come one after the other; those that are late wait in a heap,
/// which holds as many as are under way at a time.
#[derive(Debug)]
pub(super) struct Positions<'g> {
    generator: &'g Generator,
    window: Window,
    next: Report,
    end: Micros,
    late: BinaryHeap<Reverse<(Micros, Report)>>,
    turns: Turns,
    /// What was drawn last of each vessel. It saves drawing it again, and changes nothing. By turn, so that what is needed next
    /// lies next to what was needed last: of a large fleet it does not fit into the processor's caches.
    known: Vec<Option<(Vessel, Voyage)>>,
}

impl<'g> Positions<'g> {
    pub(super) fn new(generator: &'g Generator, window: Window) -> Positions<'g> {
        let observable = window.observable(generator.lateness);
        let turns = Turns::new(generator.fleet.seed, generator.fleet.total_vessels());
        let next = generator.cadence.first_at(observable.start);
        Positions { generator, window, next, end: observable.end, late: BinaryHeap::new(), turns, known: Vec::new() }
    }

    pub(super) fn write_next(&mut self, out: &mut Vec<u8>) -> bool {
        let Some((report, observed)) = self.next_arrival() else { return false };
        let fleet = &self.generator.fleet;
        let (vessel, voyage) = self.known(self.turns.turn(report), observed);
        write(vessel, observed, &fleet.situation_on(vessel, voyage, observed), out);
        true
    }

    /// The vessel whose turn it is, and its voyage at a moment.
    fn known(&mut self, turn: u64, time: Micros) -> &(Vessel, Voyage) {
        let fleet = &self.generator.fleet;
        let index = self.turns.vessel(turn);
        if self.known.is_empty() {
            self.known.resize_with(fleet.total_vessels().min(MOST_KNOWN) as usize, || None);
        }
        // In a larger fleet those of a slot take turns, and none is found again.
        let slot = &mut self.known[(turn % u64::from(MOST_KNOWN)) as usize];
        match slot {
            Some((vessel, voyage)) if vessel.index == index => {
                if !voyage.lasts_at(time) {
                    *voyage = Voyage::at(fleet, vessel, time);
                }
            }
            _ => {
                let vessel = fleet.vessel(index);
                let voyage = Voyage::at(fleet, &vessel, time);
                *slot = Some((vessel, voyage));
            }
        }
        slot.as_ref().expect("it has just been filled")
    }

    /// The timestamp of the next position, which is passed over.
    pub(super) fn next_time(&mut self) -> Option<Micros> {
        self.next_arrival().map(|(_, observed)| observed)
    }

    fn next_arrival(&mut self) -> Option<(Report, Micros)> {
        let Generator { fleet, cadence, lateness } = self.generator;
        loop {
            let observed = cadence.observed(fleet.seed, self.next);
            let waiting = self.late.peek().map(|&Reverse((arrived, _))| arrived);
            if let Some(arrived) = waiting.filter(|&arrived| arrived <= observed || observed >= self.end) {
                let Reverse((_, report)) = self.late.pop()?;
                debug_assert!(self.window.arrived.contains(&arrived));
                return Some((report, cadence.observed(fleet.seed, report)));
            }
            if observed >= self.end {
                return None;
            }
            let report = self.next;
            self.next += 1;
            let arrived = observed + lateness.delay(fleet.seed, [report as u64, 0]);
            if !self.window.holds(observed, arrived) {
                continue;
            }
            if arrived == observed {
                return Some((report, observed));
            }
            self.late.push(Reverse((arrived, report)));
        }
    }
}

/// Which vessel's turn it is: each once, in an order that has nothing to do with their numbers, then all of them again.
#[derive(Debug)]
struct Turns {
    start: u64,
    step: u64,
    total: u64,
}

impl Turns {
    fn new(seed: u64, total_vessels: u32) -> Turns {
        let total = u64::from(total_vessels);
        // Without a common divisor every vessel gets its turn.
        let golden = (total as f64 * 0.618) as u64;
        let step = (golden.max(1)..).find(|&step| greatest_common_divisor(step, total) == 1).unwrap_or(1);
        Turns { start: seed % total, step, total }
    }

    /// Of a report.
    fn turn(&self, report: Report) -> u64 {
        report.rem_euclid(self.total as i64) as u64
    }

    /// The number of the vessel whose turn it is.
    fn vessel(&self, turn: u64) -> u32 {
        ((self.start + turn * self.step) % self.total) as u32
    }
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

fn write(vessel: &Vessel, observed: Micros, situation: &Situation, out: &mut Vec<u8>) {
    let (latitude, longitude) = Millionths::of(situation.point);
    let timestamp_at = out.len() + r#"{"timestamp":""#.len();
    let mut row = Row::new(out);
    row.timestamp(r#"{"timestamp":"#, observed).digits(r#","mmsi":"#, vessel.mmsi);
    vessel.write_imo(&mut row);
    vessel.write_name(&mut row);
    row.text(r#","vessel_type":"#, vessel.kind.name()).text(r#","flag":"#, vessel.flag.code);
    row.integer(r#","length":"#, vessel.length_m.into()).integer(r#","beam":"#, vessel.beam_m.into());
    row.tenths(r#","draft":"#, situation.draft_dm.into());
    row.degrees(r#","latitude":"#, latitude).degrees(r#","longitude":"#, longitude);
    row.tenths(r#","speed_knots":"#, rounded(situation.knots * 10.0) as u32);
    row.integer(r#","course":"#, whole_degrees(situation.course));
    row.integer(r#","heading":"#, whole_degrees(situation.heading));
    row.text(r#","status":"#, situation.status.name()).text(r#","destination":"#, situation.destination.name());
    match situation.eta {
        Some(eta) => row.timestamp(r#","eta":"#, eta),
        None => row.raw(r#","eta":null"#),
    };
    row.raw(r#","report_date":""#);
    // YYYYMMDD from YYYY-MM-DD, which has just been written.
    for (start, end) in [(0, 4), (5, 7), (8, 10)] {
        out.extend_from_within(timestamp_at + start..timestamp_at + end);
    }
    out.extend_from_slice(b"\"}\n");
}

fn whole_degrees(degrees: f64) -> u32 {
    rounded(degrees) as u32 % 360
}

impl Vessel {
    pub(super) fn write_imo(&self, row: &mut Row<'_>) {
        match self.imo {
            Some(imo) => row.digits(r#","imo":"#, imo),
            None => row.raw(r#","imo":null"#),
        };
    }

    pub(super) fn write_name(&self, row: &mut Row<'_>) {
        row.raw(r#","vessel_name":""#).bytes(self.name.first.as_bytes());
        row.raw(" ").bytes(self.name.second.as_bytes());
        if self.name.number > 1 {
            row.raw(" ").bytes(NUMERALS[usize::from(self.name.number) - 1].as_bytes());
        }
        row.raw("\"");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vessel_has_its_turn_before_any_has_its_second() {
        for total in [1, 2, 3, 10, 997, 1000, 4096] {
            let turns = Turns::new(42, total);
            let mut seen: Vec<_> = (-5..i64::from(total) - 5).map(|report| turns.vessel(turns.turn(report))).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..total).collect::<Vec<_>>());
        }
    }
}
