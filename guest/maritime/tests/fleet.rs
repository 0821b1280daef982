//! The fleet looks like one.

use std::collections::{HashMap, HashSet};

use ingestor_core::time::{DAY, Micros};
use ingestor_maritime::fleet::flags::FLAGS;
use ingestor_maritime::fleet::{Fleet, FleetError, MAX_VESSELS, VesselType};
use ingestor_maritime::situation::Status;
use ingestor_maritime::world::ports::PORTS;

const NOON_2025: Micros = 1_763_900_000_000_000;

fn fleet() -> Fleet {
    Fleet::new(2025, 100_000).unwrap()
}

#[test]
fn identification_numbers_are_valid_and_belong_to_one_vessel_each() {
    let fleet = fleet();
    let (mut mmsis, mut imos) = (HashSet::new(), HashSet::new());
    for index in 0..fleet.total_vessels() {
        let vessel = fleet.vessel(index);
        assert!((200_000_000..800_000_000).contains(&vessel.mmsi), "{}", vessel.mmsi);
        assert!(vessel.flag.digits.contains(&(vessel.mmsi / 1_000_000)));
        assert!(mmsis.insert(vessel.mmsi));
        let Some(imo) = vessel.imo else {
            assert_eq!(vessel.kind, VesselType::Fishing);
            continue;
        };
        let digits: Vec<u32> = imo.to_string().bytes().map(|digit| u32::from(digit - b'0')).collect();
        let weighted: u32 = digits.iter().zip((2..=7).rev()).map(|(digit, weight)| digit * weight).sum();
        assert_eq!((digits.len(), weighted % 10), (7, digits[6]), "{imo}");
        assert!(imos.insert(imo));
    }
}

#[test]
fn every_type_has_its_share_its_size_and_its_speed() {
    let fleet = fleet();
    let mut counts = HashMap::new();
    for index in 0..fleet.total_vessels() {
        let vessel = fleet.vessel(index);
        *counts.entry(vessel.kind).or_insert(0) += 1;
        let habits = vessel.kind.habits();
        let (length, beam, draft) =
            (f64::from(vessel.length_m), f64::from(vessel.beam_m), f64::from(vessel.draft_dm) / 10.0);
        assert!((habits.length_m.0.floor()..=habits.length_m.1.ceil()).contains(&length), "{vessel:?}");
        assert!((3.5..8.5).contains(&(length / beam)) && beam > draft, "{vessel:?}");
        assert!((1.5..24.0).contains(&draft) && beam < 66.0, "{vessel:?}");
        assert!((8.0..=22.0).contains(&vessel.cruise_knots), "{vessel:?}");
        assert!(vessel.gross_tonnage > 50 && vessel.gross_tonnage < 260_000, "{vessel:?}");
        assert!(vessel.deadweight_t > 30 && vessel.deadweight_t < 400_000, "{vessel:?}");
        assert!((1994..=2025).contains(&vessel.year_built), "{vessel:?}");
    }
    for kind in VesselType::ALL {
        let share = f64::from(counts[&kind]) / f64::from(fleet.total_vessels());
        assert!((share - kind.habits().share).abs() < 0.01, "{kind:?}: {share}");
    }
}

#[test]
fn all_ports_and_flags_are_used_and_busy_ports_more() {
    let fleet = fleet();
    let mut homes = [0; PORTS.len()];
    let mut flags = HashSet::new();
    for index in 0..fleet.total_vessels() {
        let vessel = fleet.vessel(index);
        homes[usize::from(vessel.home_port)] += 1;
        flags.insert(vessel.flag.code);
    }
    assert_eq!(flags.len(), FLAGS.len());
    let busiest = PORTS.iter().position(|port| port.id == "CNSHA").unwrap();
    assert!(homes.iter().all(|&count| (500..=homes[busiest]).contains(&count)), "{homes:?}");
}

#[test]
fn at_any_time_most_vessels_are_at_sea_and_some_are_in_every_other_state() {
    let fleet = fleet();
    for day in [-9_000, -1, 0, 4_000] {
        let mut counts = HashMap::new();
        for index in 0..5_000 {
            let status = fleet.situation(&fleet.vessel(index), NOON_2025 + day * DAY).status;
            *counts.entry(status.name()).or_insert(0) += 1;
        }
        let share = |status: Status| f64::from(counts[status.name()]) / 5_000.0;
        assert!((0.5..0.85).contains(&share(Status::UnderwayUsingEngine)), "{counts:?}");
        assert!((0.03..0.25).contains(&share(Status::AtAnchor)), "{counts:?}");
        assert!((0.1..0.4).contains(&share(Status::Moored)), "{counts:?}");
    }
}

#[test]
fn another_seed_is_another_fleet() {
    let [one, other] = [1, 2].map(|seed| Fleet::new(seed, 1_000).unwrap());
    let same = (0..1_000).filter(|&index| one.vessel(index).name == other.vessel(index).name).count();
    assert!(same < 20, "{same} names are the same");
}

#[test]
fn a_fleet_of_an_impossible_size_is_refused() {
    assert_eq!(Fleet::new(1, 0).err(), Some(FleetError(0)));
    assert_eq!(Fleet::new(1, MAX_VESSELS + 1).err(), Some(FleetError(MAX_VESSELS + 1)));
    assert!(Fleet::new(1, MAX_VESSELS).is_ok());
}
