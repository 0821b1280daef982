//! Rows about what happens to a vessel now and then, of all vessels together, in the order of their arrival.

use std::ops::Range;

use ingestor_core::time::{DAY, Micros};

use super::Generator;
use crate::fleet::{Fleet, Vessel};
use crate::timetable::Window;
use crate::voyage::Round;

/// A table of such rows.
pub(super) trait Happening {
    /// What tells rows about the same vessel apart.
    type Detail: Copy + Ord + Into<u64> + std::fmt::Debug;
    /// What else rows say that is at hand when they are found, and dear to compute again.
    type Facts: Copy + std::fmt::Debug;

    /// Everything that happens to a vessel during a round; the facts are for what is wanted of it.
    fn during(
        fleet: &Fleet,
        vessel: &Vessel,
        round: i64,
        happens: impl FnMut(Micros, Self::Detail, &dyn Fn() -> Self::Facts),
    );

    /// Appends a row with its newline.
    fn write(fleet: &Fleet, found: &Found<Self>, out: &mut Vec<u8>);
}

/// What a row is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<H: Happening + ?Sized> {
    pub time: Micros,
    /// The vessel's number.
    pub index: u32,
    pub detail: H::Detail,
    pub facts: H::Facts,
}

/// About how many rows are collected at a time, and how many a vessel has in a day.
const COLLECTED_ROWS: f64 = 400_000.0;
const ROWS_A_DAY: f64 = 0.45;
/// The longest time that rows are collected for at once.
const MAX_CHUNK: Micros = 30 * DAY;

/// The rows of a window. They are collected and sorted for some time of arrival after the other: the larger the fleet is,
/// the shorter that time, so that memory depends neither on the fleet nor on the window.
#[derive(Debug)]
pub(super) struct Happenings<'g, H: Happening> {
    generator: &'g Generator,
    window: Window,
    chunk: Micros,
    /// What has not been collected yet begins here.
    collected_to: Micros,
    /// By arrival; written ones are left where they are.
    collected: Vec<(Micros, Found<H>)>,
    written: usize,
}

impl<'g, H: Happening> Happenings<'g, H> {
    pub(super) fn new(generator: &'g Generator, window: Window) -> Happenings<'g, H> {
        // Nothing arrives before the first that can be observed.
        let collected_to = window.arrived.start.max(window.observable(generator.lateness).start);
        let days = COLLECTED_ROWS / ROWS_A_DAY / f64::from(generator.fleet.total_vessels());
        let chunk = ((days * DAY as f64) as Micros).min(MAX_CHUNK);
        Happenings { generator, window, chunk, collected_to, collected: Vec::new(), written: 0 }
    }

    pub(super) fn write_next(&mut self, out: &mut Vec<u8>) -> bool {
        while self.written == self.collected.len() {
            if self.collected_to >= self.window.arrived.end || self.nothing_left() {
                return false;
            }
            let end = self.collected_to.saturating_add(self.chunk).min(self.window.arrived.end);
            self.collect(self.collected_to..end);
            self.collected_to = end;
        }
        let (_, found) = &self.collected[self.written];
        self.written += 1;
        H::write(&self.generator.fleet, found, out);
        true
    }

    /// Whether all that is wanted has arrived by now.
    fn nothing_left(&self) -> bool {
        self.collected_to.saturating_sub(self.generator.lateness.max_delay_micros) >= self.window.observed.end
    }

    fn collect(&mut self, arrived: Range<Micros>) {
        let Generator { fleet, lateness, .. } = self.generator;
        self.collected.clear();
        self.written = 0;
        let window = Window { observed: self.window.observed.clone(), arrived };
        let observable = window.observable(*lateness);
        if observable.is_empty() {
            return;
        }
        for index in 0..fleet.total_vessels() {
            let vessel = fleet.vessel(index);
            for number in Round::number_at(&vessel, observable.start)..=Round::number_at(&vessel, observable.end - 1) {
                H::during(fleet, &vessel, number, |time, detail, facts| {
                    if !observable.contains(&time) {
                        return;
                    }
                    let keys = [u64::from(index), (time as u64) ^ detail.into()];
                    let arrival = time + lateness.delay(fleet.seed, keys);
                    if window.holds(time, arrival) {
                        self.collected.push((arrival, Found { time, index, detail, facts: facts() }));
                    }
                });
            }
        }
        self.collected.sort_unstable_by_key(|(arrival, found)| (*arrival, found.time, found.index, found.detail));
    }
}
