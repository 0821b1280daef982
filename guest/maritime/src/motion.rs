//! How a distance is covered in a given time: getting under way, cruising, slowing down.

use std::f64::consts::TAU;

/// How much the speed rises and falls while cruising, by wind and current.
const SWELL_SHARE: f64 = 0.035;
/// How long such a rise and fall takes, about.
const SWELL_HOURS: f64 = 11.0;

/// A way from standstill to standstill: the speed grows evenly, holds for the most part, and falls evenly.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// From start to stop.
    pub hours: f64,
    /// How long getting under way takes; stopping as well.
    pub ramp_hours: f64,
    /// The speed in between.
    pub cruise_knots: f64,
    /// How often the speed rises and falls: a whole number of times, so that it cancels out.
    swells: f64,
}

impl Run {
    /// So many miles in so many hours. The ramps take at most a third of the time each.
    #[must_use]
    pub fn new(nm: f64, hours: f64, ramp_hours: f64) -> Run {
        let ramp_hours = ramp_hours.min(hours / 3.0);
        let cruising_hours = hours - 2.0 * ramp_hours;
        Run {
            hours,
            ramp_hours,
            cruise_knots: nm / (hours - ramp_hours),
            swells: (cruising_hours / SWELL_HOURS).round(),
        }
    }

    /// Miles covered after so many hours, and the speed then.
    #[must_use]
    pub fn at(&self, hours: f64) -> (f64, f64) {
        let hours = hours.clamp(0.0, self.hours);
        let left_hours = self.hours - hours;
        let Run { ramp_hours, cruise_knots, .. } = *self;
        let of_ramp =
            |hours: f64| (cruise_knots * hours * hours / (2.0 * ramp_hours), cruise_knots * hours / ramp_hours);
        if hours < ramp_hours {
            return of_ramp(hours);
        }
        if left_hours < ramp_hours {
            let (left_nm, knots) = of_ramp(left_hours);
            return (self.nm() - left_nm, knots);
        }
        let even_nm = cruise_knots * (hours - ramp_hours / 2.0);
        if self.swells == 0.0 {
            return (even_nm, cruise_knots);
        }
        let per_hour = TAU * self.swells / (self.hours - 2.0 * ramp_hours);
        let (sine, cosine) = libm::sincos(per_hour * (hours - ramp_hours));
        let ahead_nm = cruise_knots * SWELL_SHARE * (1.0 - cosine) / per_hour;
        (even_nm + ahead_nm, cruise_knots * (1.0 + SWELL_SHARE * sine))
    }

    /// Miles altogether.
    #[must_use]
    pub fn nm(&self) -> f64 {
        self.cruise_knots * (self.hours - self.ramp_hours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_run_covers_its_miles_without_a_jump_in_place_or_speed(
            nm in 1.0..9000.0_f64, knots in 5.0..24.0_f64, ramp_hours in 0.1..1.0_f64, share in 0.0..1.0_f64,
        ) {
            let run = Run::new(nm, nm / knots + ramp_hours, ramp_hours);
            prop_assert_eq!(run.at(0.0), (0.0, 0.0));
            let (end_nm, end_knots) = run.at(run.hours);
            prop_assert!((end_nm - nm).abs() < 1e-6 && end_knots.abs() < 1e-9);
            let step_hours = 1e-4;
            let hours = share * (run.hours - step_hours);
            let (here_nm, here_knots) = run.at(hours);
            let (there_nm, there_knots) = run.at(hours + step_hours);
            prop_assert!((there_nm - here_nm - (here_knots + there_knots) / 2.0 * step_hours).abs() < 1e-5);
            prop_assert!((there_knots - here_knots).abs() < 1.2 * run.cruise_knots * step_hours / run.ramp_hours);
        }
    }
}
