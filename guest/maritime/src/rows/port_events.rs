//! Rows of `port_events`.

use ingestor_core::time::{HOUR, Micros};

use super::Generator;
use super::happenings::Happening;
use super::json::Row;
use crate::fleet::Vessel;
use crate::situation::Status;
use crate::voyage::{Leg, Round};
use crate::world::ports::PORTS;

/// Calls at ports.
#[derive(Debug, Clone, Copy)]
pub(super) struct PortEvents;

/// What is reported of a call, in the order in which it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// The end of the sea passage: the vessel slows down.
    Arrival,
    /// It has come to rest on the roads, if it has to wait.
    Anchored,
    /// It has come to rest at the quay.
    Berthed,
    /// It leaves the quay.
    Departure,
}

/// A stage of a call at a port, by the port's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Call {
    port: u8,
    stage: Stage,
}

impl From<Call> for u64 {
    fn from(call: Call) -> u64 {
        u64::from(call.port) << 8 | call.stage as u64
    }
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Stage::Arrival => "ARRIVAL",
            Stage::Anchored => "ANCHORED",
            Stage::Berthed => "BERTHED",
            Stage::Departure => "DEPARTURE",
        }
    }

    fn status(self) -> Status {
        match self {
            Stage::Anchored => Status::AtAnchor,
            Stage::Berthed => Status::Moored,
            Stage::Arrival | Stage::Departure => Status::UnderwayUsingEngine,
        }
    }
}

/// When a vessel begins to slow down.
fn slowed_down(vessel: &Vessel, leg: &Leg) -> Micros {
    let ramp = (vessel.ramp_hours * HOUR as f64) as Micros;
    leg.arrived - ramp.min((leg.arrived - leg.departed) / 3)
}

impl Happening for PortEvents {
    type Detail = Call;

    fn during(&self, vessel: &Vessel, round: &Round, mut happens: impl FnMut(Micros, Call)) {
        for leg in &round.legs {
            let mut at = |port: u8, time, stage| {
                if usize::from(port) < PORTS.len() {
                    happens(time, Call { port, stage });
                }
            };
            at(leg.from, leg.departed, Stage::Departure);
            at(leg.to, slowed_down(vessel, leg), Stage::Arrival);
            if leg.anchored() {
                at(leg.to, leg.arrived, Stage::Anchored);
            }
            at(leg.to, leg.berthed, Stage::Berthed);
        }
    }

    fn write(&self, generator: &Generator, vessel: &Vessel, time: Micros, call: Call, out: &mut Vec<u8>) {
        let port = &PORTS[usize::from(call.port)];
        let (latitude, longitude) = generator.fleet.situation(vessel, time).point.degrees();
        let mut row = Row::new(out);
        row.timestamp(r#"{"event_time":"#, time);
        row.text(r#","port_id":"#, port.id).text(r#","port_name":"#, port.name);
        row.digits(r#","vessel_mmsi":"#, vessel.mmsi);
        row.text(r#","event_type":"#, call.stage.name()).text(r#","status":"#, call.stage.status().name());
        row.degrees(r#","latitude":"#, latitude).degrees(r#","longitude":"#, longitude).raw("}\n");
    }
}
