//! When vessels report their positions, and when reports arrive.

use std::ops::Range;

use ingestor_core::time::{MINUTE, Micros, SECOND};

use crate::draw::Draw;

/// What streams of random numbers are for.
const JITTER: u64 = 8;
const DELAY: u64 = 9;

/// How often positions are reported: in each interval, so many vessels in turn. 100 a minute are 144,000 a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cadence {
    /// Positions an interval, 1 at least.
    pub batch_size: u32,
    /// The interval, 1 at least. The product of both has to fit an `i64`, as it does with a million reports in a day.
    pub interval_micros: Micros,
}

impl Default for Cadence {
    fn default() -> Cadence {
        Cadence { batch_size: 100, interval_micros: MINUTE }
    }
}

/// The number of a report, counted from 1970; negative before.
pub type Report = i64;

impl Cadence {
    /// The first report that is observed at or after the moment. Never too late, but possibly one too early.
    pub(crate) fn first_at(&self, time: Micros) -> Report {
        let reports = i128::from(time) * i128::from(self.batch_size);
        reports.div_euclid(i128::from(self.interval_micros)) as Report
    }

    /// When a report is observed: somewhere in its own share of the interval, so that reports are in the order of time.
    pub(crate) fn observed(&self, seed: u64, report: Report) -> Micros {
        let (start, end) = (self.share_start(report), self.share_start(report + 1));
        start + Draw::of(&[seed, JITTER, report as u64]).below((end - start).max(1) as u64) as Micros
    }

    /// When a report's share of its interval begins.
    fn share_start(&self, report: Report) -> Micros {
        let batch_size = Report::from(self.batch_size);
        let (interval, turn) = (report.div_euclid(batch_size), report.rem_euclid(batch_size));
        interval * self.interval_micros + turn * self.interval_micros / batch_size
    }

    /// How many positions are reported during a span of time, give or take one.
    #[must_use]
    pub fn reports(&self, span: &Range<Micros>) -> u64 {
        (self.first_at(span.end) - self.first_at(span.start)).max(0) as u64
    }
}

/// Which share of the rows arrives late, and how late.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lateness {
    /// From 0, none, to 1, all.
    pub share: f64,
    /// The longest delay; most are much shorter.
    pub max_delay_micros: Micros,
}

impl Default for Lateness {
    fn default() -> Lateness {
        Lateness { share: 0.03, max_delay_micros: 60 * MINUTE }
    }
}

/// The shortest delay of a row that is late.
const LEAST_DELAY: Micros = 5 * SECOND;

impl Lateness {
    /// How long after its own timestamp a row arrives: mostly at once. `keys` tell the row from others.
    pub(crate) fn delay(&self, seed: u64, keys: [u64; 2]) -> Micros {
        let mut draw = Draw::of(&[seed, DELAY, keys[0], keys[1]]);
        if !draw.chance(self.share) {
            return 0;
        }
        let share = draw.unit();
        let most = (self.max_delay_micros - LEAST_DELAY).max(0);
        (LEAST_DELAY + (share * share * share * most as f64) as Micros).min(self.max_delay_micros)
    }
}

/// Which rows are wanted: those whose own timestamp lies in one span and whose arrival lies in another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Of the row's own timestamp.
    pub observed: Range<Micros>,
    /// Of its arrival, which is the same or later.
    pub arrived: Range<Micros>,
}

impl Window {
    /// What arrives during a span, late rows of earlier times included: what a source that runs continuously would send.
    #[must_use]
    pub fn arriving(span: Range<Micros>) -> Window {
        Window { observed: Micros::MIN..span.end, arrived: span }
    }

    /// The rows of a span, without those that have not arrived by `until`. Together with what is [`Window::arriving`] from
    /// then on it is every row, once.
    #[must_use]
    pub fn history(span: Range<Micros>, until: Micros) -> Window {
        Window { arrived: span.start..until, observed: span }
    }

    pub(crate) fn holds(&self, observed: Micros, arrived: Micros) -> bool {
        self.observed.contains(&observed) && self.arrived.contains(&arrived)
    }

    /// In which span a row that is wanted can have been observed, with such delays.
    pub(crate) fn observable(&self, lateness: Lateness) -> Range<Micros> {
        let start = self.observed.start.max(self.arrived.start.saturating_sub(lateness.max_delay_micros));
        start..self.observed.end.min(self.arrived.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_reports_a_minute_are_144_000_a_day() {
        let day = 24 * 60 * MINUTE;
        assert_eq!(Cadence::default().reports(&(0..day)), 144_000);
    }

    #[test]
    fn reports_are_observed_one_after_the_other() {
        for cadence in [Cadence::default(), Cadence { batch_size: 7, interval_micros: 1_001 }] {
            let times: Vec<_> = (-500..500).map(|report| cadence.observed(3, report)).collect();
            assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
            for (report, time) in (-500..500).zip(times) {
                assert!(cadence.first_at(time) <= report);
                assert!(cadence.first_at(time) >= report - 1);
            }
        }
    }

    #[test]
    fn the_configured_share_is_late_by_no_more_than_the_configured_delay() {
        let lateness = Lateness { share: 0.2, max_delay_micros: 10 * MINUTE };
        let delays: Vec<_> = (0..50_000).map(|row| lateness.delay(1, [row, 0])).collect();
        let late = delays.iter().filter(|&&delay| delay > 0).count();
        assert!((9_500..10_500).contains(&late), "{late}");
        assert!(delays.iter().all(|&delay| delay == 0 || (LEAST_DELAY..=10 * MINUTE).contains(&delay)));
    }
}
