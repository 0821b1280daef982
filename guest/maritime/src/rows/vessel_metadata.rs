//! Rows of `vessel_metadata`.

use ingestor_core::time::Micros;

use super::Generator;
use super::happenings::{Found, Happening};
use super::json::Row;
use crate::fleet::{Fleet, Vessel};
use crate::voyage::Round;
use crate::world::ports::PORTS;

/// Renewals of a register's entries: when a vessel leaves its home port for a new round, perhaps with a new owner, and when
/// it goes into dry dock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Metadata;

/// Whether the vessel is in service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Service {
    Active,
    InDryDock,
}

impl From<Service> for u64 {
    fn from(service: Service) -> u64 {
        service as u64
    }
}

impl Happening for Metadata {
    type Detail = Service;
    type Facts = ();

    fn during(fleet: &Fleet, vessel: &Vessel, round: i64, mut happens: impl FnMut(Micros, Service, &dyn Fn())) {
        happens(Round::start(vessel, round), Service::Active, &|| ());
        if Round::may_end_in_dry_dock(fleet, vessel, round) {
            let round = Round::draw(fleet, vessel, round);
            if let Some(last) = round.legs.last().filter(|_| round.dry_dock) {
                happens(last.berthed, Service::InDryDock, &|| ());
            }
        }
    }

    fn write(fleet: &Fleet, found: &Found<Self>, out: &mut Vec<u8>) {
        write(fleet, &fleet.vessel(found.index), found.time, found.detail, out);
    }
}

fn write(fleet: &Fleet, vessel: &Vessel, time: Micros, service: Service, out: &mut Vec<u8>) {
    let owner = vessel.owner(fleet, Round::number_at(vessel, time));
    let mut row = Row::new(out);
    row.timestamp(r#"{"last_updated":"#, time).digits(r#","mmsi":"#, vessel.mmsi);
    vessel.write_imo(&mut row);
    vessel.write_name(&mut row);
    row.text(r#","vessel_type":"#, vessel.kind.name()).text(r#","flag":"#, vessel.flag.code);
    row.raw(r#","callsign":""#).bytes(vessel.flag.call_sign.as_bytes()).bytes(&vessel.call_sign).raw("\"");
    row.integer(r#","length":"#, vessel.length_m.into()).integer(r#","beam":"#, vessel.beam_m.into());
    row.tenths(r#","draft":"#, vessel.draft_dm.into());
    row.integer(r#","gross_tonnage":"#, vessel.gross_tonnage).integer(r#","deadweight":"#, vessel.deadweight_t);
    row.integer(r#","year_built":"#, vessel.year_built.into());
    row.text(r#","home_port":"#, PORTS[usize::from(vessel.home_port)].name);
    row.raw(r#","owner":""#).bytes(owner.name.as_bytes());
    row.raw(" ").bytes(owner.business.as_bytes()).raw("\"");
    let status = match service {
        Service::Active => "ACTIVE",
        Service::InDryDock => "IN_DRY_DOCK",
    };
    row.text(r#","status":"#, status).raw("}\n");
}

/// The latest entry of each vessel at a moment.
#[derive(Debug)]
pub(super) struct Snapshot<'g> {
    generator: &'g Generator,
    at: Micros,
    next_vessel: u32,
}

impl<'g> Snapshot<'g> {
    pub(super) fn new(generator: &'g Generator, at: Micros) -> Snapshot<'g> {
        Snapshot { generator, at, next_vessel: 0 }
    }

    pub(super) fn write_next(&mut self, out: &mut Vec<u8>) -> bool {
        let fleet = &self.generator.fleet;
        if self.next_vessel == fleet.total_vessels() {
            return false;
        }
        let vessel = fleet.vessel(self.next_vessel);
        self.next_vessel += 1;
        // The moment itself belongs to what comes after.
        let before = self.at - 1;
        let round = Round::number_at(&vessel, before);
        let mut latest = (Round::start(&vessel, round), Service::Active);
        Metadata::during(fleet, &vessel, round, |time, service, _| {
            if time <= before {
                latest = latest.max((time, service));
            }
        });
        write(fleet, &vessel, latest.0, latest.1, out);
        true
    }
}
