//! Vessels move as ships can: speeds, courses and positions agree with each other, at any moment.

use ingestor_core::time::{DAY, HOUR, Micros, SECOND};
use ingestor_maritime::fleet::{Fleet, Vessel, VesselType};
use ingestor_maritime::situation::{Situation, Status};
use ingestor_maritime::sphere::GreatCircle;
use ingestor_maritime::voyage::Round;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

const NOON_2025: Micros = 1_763_900_000_000_000;

fn fleet(seed: u64) -> Fleet {
    Fleet::new(seed, 100_000).unwrap()
}

/// Nautical miles between where a vessel is at two moments.
fn way_nm(from: &Situation, to: &Situation) -> f64 {
    from.point.distance_nm(to.point)
}

fn between_degrees(a: f64, b: f64) -> f64 {
    let off = (a - b).rem_euclid(360.0);
    off.min(360.0 - off)
}

/// No faster than this, however the lane bends.
fn fastest_knots(vessel: &Vessel) -> f64 {
    vessel.cruise_knots * 1.3 + 1.0
}

/// At least 800 cases of each; more if `PROPTEST_CASES` says so.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: default.cases.max(800),
        // From the crate's folder: for tests outside of `src` proptest finds no place by itself.
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("proptest-regressions/tests/physics.txt"))),
        ..default
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_minute_of_any_vessel_agrees_with_its_speed_and_course(
        seed in 0..50_u64, index in 0..100_000_u32, days in -2_000.0..2_000.0_f64,
    ) {
        let fleet = fleet(seed);
        let vessel = fleet.vessel(index);
        let time = NOON_2025 + (days * DAY as f64) as Micros;
        let [before, now, after] = [-30, 0, 30].map(|seconds| fleet.situation(&vessel, time + seconds * SECOND));

        prop_assert!(now.knots <= fastest_knots(&vessel), "{} kn, cruising at {}", now.knots, vessel.cruise_knots);
        let travelled_knots = way_nm(&before, &after) * 60.0;
        let [least, most] = [f64::min, f64::max].map(|of| [before, now, after].map(|at| at.knots).into_iter().reduce(of).unwrap());
        prop_assert!(travelled_knots <= most + 0.25, "{travelled_knots} kn over ground, at most {most} reported");
        // At a waypoint the way from before to after is a short cut.
        let turn = between_degrees(before.course, after.course);
        if turn < 20.0 {
            prop_assert!(travelled_knots >= least - 0.25, "{travelled_knots} kn over ground, at least {least} reported");
        }
        if turn < 5.0 && least > 1.0 {
            let course = before.point.course(GreatCircle::between(before.point, after.point).at(0.0).1);
            prop_assert!(between_degrees(course, now.course) < 6.0, "course {course}, reported {}", now.course);
        }
        if now.status == Status::UnderwayUsingEngine {
            prop_assert!(between_degrees(now.course, now.heading) < 4.1);
        } else {
            prop_assert!(now.knots < 0.5);
        }
    }

    #[test]
    fn no_vessel_jumps_when_it_begins_to_do_something_else(seed in 0..50_u64, index in 0..100_000_u32, number in 0..900_i64) {
        let fleet = fleet(seed);
        let vessel = fleet.vessel(index);
        let round = Round::draw(&fleet, &vessel, number);
        for leg in &round.legs {
            for time in [leg.departed, leg.arrived, leg.weighed, leg.berthed, leg.left] {
                let [before, after] = [-1, 1].map(|step| fleet.situation(&vessel, time + step * SECOND));
                prop_assert!(way_nm(&before, &after) < 0.001, "{} nm at {time} in {leg:?}", way_nm(&before, &after));
            }
        }
    }

    #[test]
    fn a_round_is_without_gaps_and_begins_and_ends_at_home(seed in 0..50_u64, index in 0..100_000_u32, number in -900..900_i64) {
        let fleet = fleet(seed);
        let vessel = fleet.vessel(index);
        let round = Round::draw(&fleet, &vessel, number);
        let (first, last) = (round.legs.first().unwrap(), round.legs.last().unwrap());
        prop_assert_eq!((first.from, last.to), (vessel.home_port, vessel.home_port));
        prop_assert_eq!(first.departed, Round::start(&vessel, number));
        prop_assert_eq!(last.left, Round::start(&vessel, number + 1));
        for pair in round.legs.windows(2) {
            prop_assert_eq!((pair[0].to, pair[0].left), (pair[1].from, pair[1].departed));
        }
        for leg in &round.legs {
            prop_assert!(leg.from != leg.to);
            prop_assert!(leg.departed + HOUR < leg.arrived && leg.arrived <= leg.weighed, "{leg:?}");
            prop_assert!(leg.weighed <= leg.berthed && leg.berthed + HOUR < leg.left, "{leg:?}");
            prop_assert_eq!(leg.is_to_ground() || usize::from(leg.from) >= 29, vessel.kind == VesselType::Fishing);
        }
        prop_assert_eq!(Round::number_at(&vessel, first.departed), number);
        prop_assert_eq!(Round::number_at(&vessel, last.left - 1), number);
    }

    #[test]
    fn estimated_times_of_arrival_become_right_on_the_way(seed in 0..50_u64, index in 0..100_000_u32, number in 0..900_i64) {
        let fleet = fleet(seed);
        let vessel = fleet.vessel(index);
        for leg in &Round::draw(&fleet, &vessel, number).legs {
            for share in [0.02, 0.5, 0.98] {
                let left = ((leg.arrived - leg.departed) as f64 * share) as Micros;
                let eta = fleet.situation(&vessel, leg.arrived - left).eta.unwrap();
                prop_assert_eq!(eta % (60 * SECOND), 0);
                prop_assert!((eta - leg.arrived).abs() <= left / 20 + 60 * SECOND);
            }
            prop_assert_eq!(fleet.situation(&vessel, leg.berthed).eta, None);
        }
    }
}

#[test]
fn ships_take_time_to_reach_their_speed_and_to_lose_it() {
    let fleet = fleet(1);
    for index in 0..300 {
        let vessel = fleet.vessel(index);
        let leg = Round::draw(&fleet, &vessel, 300).legs[0];
        for minute in 0..60 {
            for time in [leg.departed + minute * 60 * SECOND, leg.arrived - minute * 60 * SECOND] {
                let [before, after] = [0, 60].map(|seconds| fleet.situation(&vessel, time + seconds * SECOND));
                let same = between_degrees(before.course, after.course) < 3.0 && before.status == after.status;
                let per_minute = (after.knots - before.knots).abs();
                assert!(!same || per_minute < 2.5, "{per_minute} kn in a minute, vessel {index}, {leg:?}");
            }
        }
    }
}
