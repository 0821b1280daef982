//! One vessel: its numbers, its name, its size, its habits.

use ingestor_core::time::{DAY, HOUR, Micros};

use super::flags::{self, FLAGS, Flag};
use super::kind::{Habits, Span, VesselType};
use super::names::{Name, Owner};
use super::{Fleet, MAX_VESSELS};
use crate::draw::Draw;
use crate::world::ports::PORTS;
use crate::world::{PlaceIndex, World};

/// What streams of random numbers are for.
const IDENTITY: u64 = 1;
const OWNERSHIP: u64 = 2;

/// The slowest a voyage is made, as a share of the vessel's speed.
pub(crate) const SLOW_STEAMING: f64 = 0.86;

/// Fishing vessels below this length need no IMO number, and here have none.
const UNNUMBERED_LENGTH_M: u16 = 45;

/// A vessel.
#[derive(Debug, Clone)]
pub struct Vessel {
    /// Its number in the fleet.
    pub index: u32,
    /// Its type.
    pub kind: VesselType,
    /// Maritime Mobile Service Identity, nine digits; no other vessel of the fleet has it.
    pub mmsi: u32,
    /// IMO number, seven digits, the last of which checks the others; no other vessel of the fleet has it. Small fishing
    /// vessels have none.
    pub imo: Option<u32>,
    /// Its name.
    pub name: Name,
    /// Its flag.
    pub flag: &'static Flag,
    /// What follows in its call sign after the flag's letters.
    pub call_sign: [u8; 4],
    /// Length over all.
    pub length_m: u16,
    /// Breadth.
    pub beam_m: u16,
    /// Draught when fully laden, in tenths of a metre.
    pub draft_dm: u16,
    /// Gross tonnage.
    pub gross_tonnage: u32,
    /// Tonnes that it can carry.
    pub deadweight_t: u32,
    /// When it was built.
    pub year_built: u16,
    /// Where its rounds begin and end.
    pub home_port: PlaceIndex,
    /// Its speed on passage when in no way slowed down.
    pub cruise_knots: f64,
    /// How long it takes to get up to that speed.
    pub ramp_hours: f64,
    /// From one departure of the home port to the first of the next round.
    pub round_micros: Micros,
    /// When, after 1970, a round of it begins.
    pub phase_micros: Micros,
    /// After how many rounds it is sold.
    ownership_rounds: i64,
}

impl Vessel {
    pub(super) fn draw(fleet: &Fleet, index: u32) -> Vessel {
        let mut draw = Draw::of(&[fleet.seed, IDENTITY, u64::from(index)]);
        let kind = VesselType::ALL[draw.weighted(&fleet.choices.types)];
        let habits = kind.habits();
        let home_port = draw.weighted(&fleet.choices.homes) as PlaceIndex;
        let flag = draw_flag(kind, home_port, fleet, &mut draw);

        let length =
            habits.length_m.0 + (habits.length_m.1 - habits.length_m.0) * draw.unit() * draw.between(0.55, 1.0);
        let beam = length / draw_span(habits.slenderness, &mut draw);
        let draft = length / draw_span(habits.shallowness, &mut draw);
        let volume = length * beam * draft;
        let cruise_knots = draw_span(habits.knots, &mut draw);
        let ramp_hours = 0.25 + length / 600.0;
        let call_sign = std::array::from_fn(|_| draw.pick(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ23456789"));
        let (imo, imo_rank) = imo_number(fleet.seed, index);
        let length_m = length.round() as u16;
        let round_micros = round_micros(habits, home_port, cruise_knots, ramp_hours, kind, fleet.world, &mut draw);
        Vessel {
            index,
            kind,
            mmsi: draw.pick(flag.digits) * 1_000_000 + mmsi_suffix(fleet.seed, index),
            imo: (kind != VesselType::Fishing || length_m >= UNNUMBERED_LENGTH_M).then_some(imo),
            name: Name::draw(kind, &mut draw),
            flag,
            call_sign,
            length_m,
            beam_m: beam.round() as u16,
            draft_dm: (draft * 10.0).round() as u16,
            gross_tonnage: (volume * habits.gross_density) as u32,
            deadweight_t: (volume * habits.dead_density) as u32,
            // Numbers are given out one after the other, so they tell the age.
            year_built: 1994 + (imo_rank * 31.0) as u16,
            home_port,
            cruise_knots,
            ramp_hours,
            round_micros,
            phase_micros: draw.below(round_micros as u64) as Micros,
            ownership_rounds: 12 + draw.below(60) as i64,
        }
    }

    /// Who owns it during a round: the same for years, then somebody else.
    #[must_use]
    pub fn owner(&self, fleet: &Fleet, round: i64) -> Owner {
        let owners_before = (round + i64::from(self.index)).div_euclid(self.ownership_rounds);
        Owner::draw(&mut Draw::of(&[fleet.seed, OWNERSHIP, u64::from(self.index), owners_before as u64]))
    }
}

fn draw_span((low, high): Span, draw: &mut Draw) -> f64 {
    draw.between(low, high)
}

/// Fishing vessels mostly fly the flag of the country they live in, merchant ships whichever is cheap.
fn draw_flag(kind: VesselType, home_port: PlaceIndex, fleet: &Fleet, draw: &mut Draw) -> &'static Flag {
    let at_home = if kind == VesselType::Fishing { 0.95 } else { 0.12 };
    let national = flags::of_country(PORTS[usize::from(home_port)].country).filter(|_| draw.chance(at_home));
    national.unwrap_or_else(|| &FLAGS[draw.weighted(&fleet.choices.flags)])
}

/// Long enough for the nearest destination and back with the longest of stays, whatever else is drawn.
fn round_micros(
    habits: &Habits,
    home: PlaceIndex,
    cruise_knots: f64,
    ramp_hours: f64,
    kind: VesselType,
    world: &World,
    draw: &mut Draw,
) -> Micros {
    let nearest = if kind == VesselType::Fishing { world.grounds(home)[0] } else { world.nearest_ports(home)[0] };
    let out_nm = world.track(home, nearest).length_nm().max(world.track(nearest, home).length_nm());
    let sailing_hours = 2.0 * (out_nm / (cruise_knots * SLOW_STEAMING) + ramp_hours);
    // A quarter of a day for each way from the roads to the quays, which rivers make long.
    let staying_hours = 2.0 * (habits.anchor_hours.1 + 12.0 + habits.stay_hours.1);
    let days = draw.between(habits.round_days.0, habits.round_days.1);
    ((days * DAY as f64) as Micros).max(((sailing_hours + staying_hours) * 1.05 * HOUR as f64) as Micros)
}

/// Six digits that are different for each of the first million vessels: a permutation, since the factor and a million
/// have no common divisor.
fn mmsi_suffix(seed: u64, index: u32) -> u32 {
    let start = Draw::of(&[seed, IDENTITY]).below(1_000_000);
    ((start + u64::from(index) * 619_033) % 1_000_000) as u32
}

/// An IMO number, and its place among those of the same first digit in [0, 1). The first 100,000 vessels have numbers that
/// begin with 9, as those built since the nineties have; the next 8, and so on.
fn imo_number(seed: u64, index: u32) -> (u32, f64) {
    const BLOCK: u64 = 100_000;
    let start = Draw::of(&[seed, IDENTITY, IDENTITY]).below(BLOCK);
    let within = (start + u64::from(index) * 61_803) % BLOCK;
    let first_digit = u64::from(MAX_VESSELS) / BLOCK - u64::from(index) / BLOCK;
    let digits = (first_digit * BLOCK + within) as u32;
    (digits * 10 + imo_check_digit(digits), within as f64 / BLOCK as f64)
}

/// The last digit of an IMO number from the six before (IMO resolution A.1117(30)): their sum, weighted 7 to 2, modulo 10.
fn imo_check_digit(digits: u32) -> u32 {
    let digit = |place: u32| digits / 10_u32.pow(5 - place) % 10;
    (0..6).map(|place| digit(place) * (7 - place)).sum::<u32>() % 10
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn check_digits_are_those_of_ships_that_exist() {
        // Emma Maersk, Ever Given, Queen Mary 2.
        for imo in [9_321_483, 9_811_000, 9_241_061] {
            assert_eq!(imo_check_digit(imo / 10), imo % 10);
        }
    }

    #[test]
    fn no_two_vessels_of_the_largest_fleet_share_a_number() {
        let mut imos = HashSet::new();
        let mut suffixes = HashSet::new();
        for index in 0..MAX_VESSELS {
            let (imo, _) = imo_number(5, index);
            assert!((1_000_000..=9_999_999).contains(&imo), "{imo}");
            assert!(imos.insert(imo));
            assert!(suffixes.insert(mmsi_suffix(5, index)));
        }
    }
}
