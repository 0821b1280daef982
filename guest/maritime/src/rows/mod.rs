//! Rows as newline-delimited JSON, as load jobs take them: a bounded piece at a time.

mod happenings;
mod json;
mod port_events;
mod positions;
mod vessel_metadata;

use std::ops::Range;

use ingestor_core::time::Micros;

use crate::fleet::Fleet;
use crate::table::Table;
use crate::timetable::{Cadence, Lateness, Window};
use happenings::Happenings;
use port_events::PortEvents;
use positions::Positions;
use vessel_metadata::{Metadata, Snapshot};

/// Where rows come from: a fleet, how often it reports, and what of it is late.
#[derive(Debug, Clone)]
pub struct Generator {
    /// The fleet.
    pub fleet: Fleet,
    /// How often positions are reported.
    pub cadence: Cadence,
    /// Which rows arrive late.
    pub lateness: Lateness,
}

impl Generator {
    /// The rows of a table in a window, in the order of their arrival. The same window gives the same bytes; how it is
    /// cut into windows changes nothing but where one ends.
    #[must_use]
    pub fn rows(&self, table: Table, window: Window) -> Rows<'_> {
        Rows(match table {
            Table::VesselPositions => Source::Positions(Positions::new(self, window)),
            Table::PortEvents => Source::PortEvents(Happenings::new(self, window)),
            Table::VesselMetadata => Source::Metadata(Happenings::new(self, window)),
        })
    }

    /// The timestamps of the positions in a window, in the order of their arrival: each has one of its own.
    pub fn position_times(&self, window: Window) -> impl Iterator<Item = Micros> {
        let mut positions = Positions::new(self, window);
        std::iter::from_fn(move || positions.next_time())
    }

    /// What `vessel_metadata` says about every vessel at a moment: one row each, older than the moment.
    #[must_use]
    pub fn metadata_snapshot(&self, at: Micros) -> Rows<'_> {
        Rows(Source::Snapshot(Snapshot::new(self, at)))
    }

    /// How many positions a span of time has, give or take one; for other tables it takes counting.
    #[must_use]
    pub fn expected_positions(&self, span: &Range<Micros>) -> u64 {
        self.cadence.reports(span)
    }
}

/// Rows that have not been written yet.
#[derive(Debug)]
pub struct Rows<'g>(Source<'g>);

#[derive(Debug)]
enum Source<'g> {
    Positions(Positions<'g>),
    PortEvents(Happenings<'g, PortEvents>),
    Metadata(Happenings<'g, Metadata>),
    Snapshot(Snapshot<'g>),
}

impl Rows<'_> {
    /// Appends whole rows, each with its newline, until that many bytes have been appended or exceeded by less than a row.
    /// Returns how many rows they are; 0 at the end.
    pub fn fill(&mut self, out: &mut Vec<u8>, bytes: usize) -> usize {
        let full = out.len() + bytes;
        let mut rows = 0;
        while out.len() < full && self.write_next(out) {
            rows += 1;
        }
        rows
    }

    fn write_next(&mut self, out: &mut Vec<u8>) -> bool {
        match &mut self.0 {
            Source::Positions(positions) => positions.write_next(out),
            Source::PortEvents(events) => events.write_next(out),
            Source::Metadata(metadata) => metadata.write_next(out),
            Source::Snapshot(snapshot) => snapshot.write_next(out),
        }
    }
}
