//! When a vessel is where: rounds, and the legs they consist of.
//!
//! A vessel's time is cut into rounds of equal length. Each begins when it leaves its home port and ends when it leaves it
//! again. What happens in between is drawn from the seed, the vessel and the number of the round alone. So any moment of
//! any vessel is a matter of one round, however far away it lies.

mod passage;

pub use passage::{Fix, Passage};

use arrayvec::ArrayVec;
use ingestor_core::time::{HOUR, Micros};

use crate::draw::Draw;
use crate::fleet::{Fleet, Habits, SLOW_STEAMING, Vessel, VesselType};
use crate::motion::Run;
use crate::world::PlaceIndex;
use crate::world::ports::PORTS;

/// What streams of random numbers are for.
const ITINERARY: u64 = 3;

/// More legs than this no round has.
const MAX_LEGS: usize = 32;
/// How often another destination is considered when the first is too far for the time that is left.
const ATTEMPTS: usize = 4;
/// In harbours.
const HARBOUR_KNOTS: f64 = 7.0;
/// How long getting to that speed takes.
const HARBOUR_RAMP_HOURS: f64 = 0.1;
/// The shortest time at home between two rounds.
const LEAST_STAY_HOURS: f64 = 4.0;
/// How many rounds end with a stay in dry dock, and how long that takes.
const DRY_DOCK_CHANCE: f64 = 0.04;
const DRY_DOCK_HOURS: (f64, f64) = (150.0, 300.0);

/// From one place to the next, and the stay there. All times are in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leg {
    /// Where it begins.
    pub from: PlaceIndex,
    /// Where it ends.
    pub to: PlaceIndex,
    /// Leaving the quay, or the ground.
    pub departed: Micros,
    /// The voyage's end: on the roads, if it has to wait there; else at the quay; or on the fishing ground.
    pub arrived: Micros,
    /// Leaving the roads. Equal to `arrived` when it did not have to wait.
    pub weighed: Micros,
    /// At the quay; or on the fishing ground.
    pub berthed: Micros,
    /// Leaving it again.
    pub left: Micros,
}

impl Leg {
    /// Whether it waited on the roads.
    #[must_use]
    pub fn anchored(&self) -> bool {
        self.weighed > self.arrived
    }

    /// Whether it leads to a fishing ground.
    #[must_use]
    pub fn is_to_ground(&self) -> bool {
        usize::from(self.to) >= PORTS.len()
    }
}

/// What a vessel does from one departure of its home port to the first of the next round.
#[derive(Debug, Clone)]
pub struct Round {
    /// Its number; negative before 1970.
    pub number: i64,
    /// In the order of time, without gaps.
    pub legs: ArrayVec<Leg, MAX_LEGS>,
    /// Whether the last stay is in dry dock.
    pub dry_dock: bool,
}

impl Round {
    /// The number of the round at a moment.
    #[must_use]
    pub fn number_at(vessel: &Vessel, time: Micros) -> i64 {
        (time - vessel.phase_micros).div_euclid(vessel.round_micros)
    }

    /// When a round begins.
    #[must_use]
    pub fn start(vessel: &Vessel, number: i64) -> Micros {
        vessel.phase_micros + number * vessel.round_micros
    }

    /// Whether a round may end with a stay in dry dock: most do not, and need not be drawn to know it.
    #[must_use]
    pub fn may_end_in_dry_dock(fleet: &Fleet, vessel: &Vessel, number: i64) -> bool {
        Round::itinerary(fleet, vessel, number).chance(DRY_DOCK_CHANCE)
    }

    fn itinerary(fleet: &Fleet, vessel: &Vessel, number: i64) -> Draw {
        Draw::of(&[fleet.seed, ITINERARY, u64::from(vessel.index), number as u64])
    }

    /// Draws a round.
    #[must_use]
    pub fn draw(fleet: &Fleet, vessel: &Vessel, number: i64) -> Round {
        let mut draw = Round::itinerary(fleet, vessel, number);
        let mut planner = Planner { fleet, vessel, habits: vessel.kind.habits(), hours: 0.0 };
        let round_hours = vessel.round_micros as f64 / HOUR as f64;
        let wanted = draw.chance(DRY_DOCK_CHANCE);
        let dock_hours = draw.between(DRY_DOCK_HOURS.0, DRY_DOCK_HOURS.1);
        let nearest = planner.nearest();
        let dry_dock = wanted && planner.fits(&planner.longest(nearest), round_hours - dock_hours);
        let budget_hours = if dry_dock { round_hours - dock_hours } else { round_hours };

        let mut stages: ArrayVec<Stage, MAX_LEGS> = ArrayVec::new();
        let mut place = vessel.home_port;
        loop {
            // The last leg is kept for the way home.
            let chosen = if stages.len() + 1 < MAX_LEGS { planner.next(place, budget_hours, &mut draw) } else { None };
            let stage = match chosen {
                Some(stage) => stage,
                None if place != vessel.home_port => planner.homewards(place, &mut draw),
                None if stages.is_empty() => planner.shortest(place, nearest),
                None => break,
            };
            planner.hours += stage.hours();
            place = stage.to;
            stages.push(stage);
        }
        Round { number, legs: planner.legs(stages, number, budget_hours), dry_dock }
    }

    /// The leg of a moment within the round, and its number there.
    #[must_use]
    pub fn leg_at(&self, time: Micros) -> (usize, &Leg) {
        let index = self.legs.iter().position(|leg| time < leg.left).unwrap_or(self.legs.len() - 1);
        (index, &self.legs[index])
    }
}

/// A leg before the round's spare time has been given to the stays.
#[derive(Debug, Clone, Copy)]
struct Stage {
    from: PlaceIndex,
    to: PlaceIndex,
    sail_hours: f64,
    anchor_hours: f64,
    shift_hours: f64,
    stay_hours: f64,
}

impl Stage {
    fn hours(&self) -> f64 {
        self.sail_hours + self.anchor_hours + self.shift_hours + self.stay_hours
    }
}

struct Planner<'f> {
    fleet: &'f Fleet,
    vessel: &'f Vessel,
    habits: &'static Habits,
    /// Planned so far.
    hours: f64,
}

impl Planner<'_> {
    fn nearest(&self) -> PlaceIndex {
        let home = self.vessel.home_port;
        match self.vessel.kind {
            VesselType::Fishing => self.fleet.world.grounds(home)[0],
            _ => self.fleet.world.nearest_ports(home)[0],
        }
    }

    /// A next leg after which there is time to go home.
    fn next(&self, from: PlaceIndex, budget_hours: f64, draw: &mut Draw) -> Option<Stage> {
        (0..ATTEMPTS).find_map(|_| {
            let to = self.destination(from, draw);
            let speed_share = draw.between(SLOW_STEAMING, 1.0);
            let queues = draw.chance(self.habits.queue_chance);
            let anchor_hours = draw.between(self.habits.anchor_hours.0, self.habits.anchor_hours.1);
            let stay_hours = draw.between(self.habits.stay_hours.0, self.habits.stay_hours.1);
            let stage = self.stage(from, to, speed_share, queues.then_some(anchor_hours), stay_hours);
            self.fits(&stage, budget_hours).then_some(stage)
        })
    }

    fn destination(&self, from: PlaceIndex, draw: &mut Draw) -> PlaceIndex {
        let home = self.vessel.home_port;
        match self.vessel.kind {
            VesselType::Fishing if from == home => draw.pick(self.fleet.world.grounds(home)),
            VesselType::Fishing => home,
            kind => draw.weighted(self.fleet.choices.next_ports(kind, from)) as PlaceIndex,
        }
    }

    fn homewards(&self, from: PlaceIndex, draw: &mut Draw) -> Stage {
        self.stage(from, self.vessel.home_port, draw.between(SLOW_STEAMING, 1.0), None, LEAST_STAY_HOURS)
    }

    fn shortest(&self, from: PlaceIndex, to: PlaceIndex) -> Stage {
        self.stage(from, to, 1.0, None, self.habits.stay_hours.0)
    }

    fn longest(&self, to: PlaceIndex) -> Stage {
        self.stage(self.vessel.home_port, to, SLOW_STEAMING, Some(self.habits.anchor_hours.1), self.habits.stay_hours.1)
    }

    fn stage(
        &self,
        from: PlaceIndex,
        to: PlaceIndex,
        speed_share: f64,
        anchor_hours: Option<f64>,
        stay_hours: f64,
    ) -> Stage {
        let track = self.fleet.world.track(from, to);
        let shift_nm = track.roads_to_quays_nm();
        let anchor_hours = anchor_hours.filter(|_| shift_nm > 0.0);
        let sail_nm = if anchor_hours.is_some() { track.length_nm() - shift_nm } else { track.length_nm() };
        Stage {
            from,
            to,
            sail_hours: sail_nm / (self.vessel.cruise_knots * speed_share) + self.vessel.ramp_hours,
            anchor_hours: anchor_hours.unwrap_or(0.0),
            shift_hours: anchor_hours.map_or(0.0, |_| shift_nm / HARBOUR_KNOTS + HARBOUR_RAMP_HOURS),
            stay_hours,
        }
    }

    /// Whether, with this leg, there is time to go home at the lowest speed.
    fn fits(&self, stage: &Stage, budget_hours: f64) -> bool {
        let home = self.vessel.home_port;
        let home_hours = if stage.to == home {
            0.0
        } else {
            self.stage(stage.to, home, SLOW_STEAMING, None, LEAST_STAY_HOURS).hours()
        };
        self.hours + stage.hours() + home_hours <= budget_hours
    }

    /// Gives what time is left to the stays, and what the dry dock takes to the last.
    fn legs(&self, stages: ArrayVec<Stage, MAX_LEGS>, number: i64, budget_hours: f64) -> ArrayVec<Leg, MAX_LEGS> {
        let spare_hours = (budget_hours - self.hours).max(0.0) / stages.len() as f64;
        let start = Round::start(self.vessel, number);
        let end = start + self.vessel.round_micros;
        let last = stages.len() - 1;
        let mut hours = 0.0;
        let mut departed = start;
        let mut advance = |by_hours: f64| {
            hours += by_hours;
            (start + (hours * HOUR as f64) as Micros).min(end)
        };
        let legs = stages.iter().enumerate().map(|(index, stage)| {
            let waits = stage.anchor_hours > 0.0;
            let (wait_hours, rest_hours) = if waits { (spare_hours, 0.0) } else { (0.0, spare_hours) };
            let arrived = advance(stage.sail_hours);
            let weighed = advance(stage.anchor_hours + wait_hours);
            let berthed = advance(stage.shift_hours);
            let left = advance(stage.stay_hours + rest_hours);
            let left = if index == last { end } else { left };
            let leg = Leg { from: stage.from, to: stage.to, departed, arrived, weighed, berthed, left };
            departed = left;
            leg
        });
        legs.collect()
    }
}

/// How the way from the roads to the quays is covered.
pub(crate) fn shift_run(nm: f64, hours: f64) -> Run {
    Run::new(nm, hours, HARBOUR_RAMP_HOURS)
}
