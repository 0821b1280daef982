//! Rows of `port_events`.

use ingestor_core::time::{HOUR, Micros};

use super::happenings::{Found, Happening};
use super::json::{Millionths, Row};
use crate::fleet::{Fleet, Vessel};
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

/// Whose call it is, and where the vessel is then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site {
    mmsi: u32,
    latitude: Millionths,
    longitude: Millionths,
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
    type Facts = Site;

    fn during(fleet: &Fleet, vessel: &Vessel, round: i64, mut happens: impl FnMut(Micros, Call, &dyn Fn() -> Site)) {
        let round = Round::draw(fleet, vessel, round);
        for leg in &round.legs {
            let mut at = |port: u8, time, stage| {
                if usize::from(port) < PORTS.len() {
                    happens(time, Call { port, stage }, &|| {
                        let (latitude, longitude) = Millionths::of(fleet.situation_in(vessel, &round, time).point);
                        Site { mmsi: vessel.mmsi, latitude, longitude }
                    });
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

    fn write(_: &Fleet, found: &Found<Self>, out: &mut Vec<u8>) {
        let Found { detail: call, facts: site, .. } = found;
        let port = &PORTS[usize::from(call.port)];
        let mut row = Row::new(out);
        row.timestamp(r#"{"event_time":"#, found.time);
        row.text(r#","port_id":"#, port.id).text(r#","port_name":"#, port.name);
        row.digits(r#","vessel_mmsi":"#, site.mmsi);
        row.text(r#","event_type":"#, call.stage.name()).text(r#","status":"#, call.stage.status().name());
        row.degrees(r#","latitude":"#, site.latitude).degrees(r#","longitude":"#, site.longitude).raw("}\n");
    }
}
