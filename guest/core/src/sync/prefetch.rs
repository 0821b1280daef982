//! How a result is cut into pages, and how many of them are asked for before they are needed: as many as hide the way to
//! BigQuery and back, and no more.
//!
//! The rows that are stored while one answer is waited for are the bandwidth-delay product. With that many asked for,
//! and one page more, storage never waits (L. Kleinrock, "Power and Deterministic Rules of Thumb for Probabilistic Problems
//! in Computer Communications", 1979); everything beyond takes memory and gains nothing.

use std::collections::VecDeque;

use super::Limits;
use crate::config::BatchSizes;
use crate::phase::Phase;

/// How a result is cut into pages, and how much of it may be under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// Rows a page.
    pub page_rows: u32,
    /// Pages that have been asked for and not yet handed to storage.
    pub ahead: usize,
    /// Rows of those, and of the ones on their way to storage that no checkpoint tells of.
    pub under_way_rows: u64,
}

impl Paging {
    /// Of a backfill. `latency_rows` are stored while one answer is waited for; None while that is not known.
    ///
    /// No more than one batch is under way, from the request to the checkpoint: so much, and not more, is in memory, and
    /// is read again after a crash. What the latency leaves of it is cut into as many pages as storage needs to be kept busy,
    /// with an answer that comes before two thirds of the other page are stored; into twice as many with a later one, and to
    /// find out.
    #[must_use]
    pub fn of_backfill(limits: &Limits, batch_rows: u32, latency_rows: Option<u64>) -> Self {
        let batch = u64::from(batch_rows);
        let is_near = latency_rows.is_some_and(|rows| rows <= batch / 3);
        let least = if is_near { limits.pages } else { 2 * limits.pages };
        let left = batch.saturating_sub(latency_rows.unwrap_or(0));
        let pages = (least as u64 * batch).checked_div(left).map_or(limits.requests, |pages| pages as usize);
        let pages = pages.min(limits.requests).max(limits.pages);
        let page_rows = batch_rows.min((batch_rows / pages as u32).max(limits.min_page_rows));
        Self { page_rows, ahead: ahead(limits, page_rows, latency_rows), under_way_rows: batch }
    }

    /// Of the later phases: whole batches, whose results are small. `backfill_rows` may be under way, or a few batches if
    /// those are more.
    fn of_polls(limits: &Limits, batch_rows: u32, backfill_rows: u32, latency_rows: Option<u64>) -> Self {
        let under_way_rows = u64::from(backfill_rows).max(limits.pages as u64 * u64::from(batch_rows));
        Self { page_rows: batch_rows, ahead: ahead(limits, batch_rows, latency_rows), under_way_rows }
    }
}

fn ahead(limits: &Limits, page_rows: u32, latency_rows: Option<u64>) -> usize {
    let Some(rows) = latency_rows else { return 2 * limits.pages };
    let pages = rows.div_ceil(u64::from(page_rows)).clamp(1, limits.requests as u64) as usize;
    (pages + 1).min(limits.requests)
}

/// What takes rows up faster than any Harper stores them would pay more for further requests than it waits.
const MOST_ROWS_PER_SECOND: u64 = 100_000;

/// What the pages so far have shown: how long BigQuery's answers take, and how fast rows are taken up.
#[derive(Debug, Default)]
pub(super) struct Prefetch {
    /// Until an answer begins: at the least, at the most, and what is believed.
    least_latency_ms: RunningMedian,
    most_latency_ms: RunningMedian,
    latency_ms: Option<u64>,
    rows_per_second: RunningMedian,
}

impl Prefetch {
    /// A page's answer began this long after it was asked for: between when the engine looked last and when it saw it.
    ///
    /// It does not look while it waits for storage, so that this may tell little. What is believed moves no farther than it has
    /// to; at first it is the most that may be.
    pub fn answered(&mut self, least_ms: u64, most_ms: u64) {
        let least_ms = self.least_latency_ms.push(least_ms);
        let most_ms = self.most_latency_ms.push(most_ms).max(least_ms);
        self.latency_ms = Some(self.latency_ms.map_or(most_ms, |latency_ms| latency_ms.clamp(least_ms, most_ms)));
    }

    /// Rows were decoded and stored within this time, of which none was spent waiting for an answer to begin.
    pub fn taken_up(&mut self, rows: u64, elapsed_ms: u64) {
        self.rows_per_second.push(rows.saturating_mul(1_000) / elapsed_ms.max(1));
    }

    /// Until an answer begins, in milliseconds.
    pub fn latency_ms(&self) -> Option<u64> {
        self.latency_ms
    }

    /// How the next pages are to be cut.
    pub fn paging(&self, limits: &Limits, phase: Phase, sizes: &BatchSizes) -> Paging {
        let batch_rows = phase.batch_size(sizes);
        let latency_rows = self.latency_rows();
        match phase {
            Phase::Initial => Paging::of_backfill(limits, batch_rows, latency_rows),
            _ => Paging::of_polls(limits, batch_rows, sizes.initial, latency_rows),
        }
    }

    /// Rows that are taken up within one latency.
    fn latency_rows(&self) -> Option<u64> {
        let (latency_ms, rows_per_second) = (self.latency_ms?, self.rows_per_second.value()?);
        Some(latency_ms.saturating_mul(rows_per_second.min(MOST_ROWS_PER_SECOND)).div_ceil(1_000))
    }
}

/// The middle one of the last few samples (J. W. Tukey, "Exploratory Data Analysis", 1977): a page that had to be asked for
/// twice moves nothing, and what stays is followed after three pages.
#[derive(Debug, Default)]
struct RunningMedian {
    samples: VecDeque<u64>,
}

const SAMPLES: usize = 5;

impl RunningMedian {
    /// Takes a sample in, and gives the middle one.
    fn push(&mut self, sample: u64) -> u64 {
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
        self.value().unwrap_or(sample)
    }

    fn value(&self) -> Option<u64> {
        let mut sorted: Vec<u64> = self.samples.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIZES: BatchSizes = BatchSizes { initial: 10_000, catchup: 1_000, steady: 500 };

    /// After pages of which each answer took `latency_ms`, and a row 1/20 ms.
    fn after(latencies_ms: impl IntoIterator<Item = u64>) -> Prefetch {
        let mut prefetch = Prefetch::default();
        latencies_ms.into_iter().for_each(|latency_ms| {
            prefetch.answered(latency_ms, latency_ms);
            prefetch.taken_up(2_000, 100);
        });
        prefetch
    }

    fn paging(latency_ms: u64) -> Paging {
        after([latency_ms; SAMPLES]).paging(&Limits::default(), Phase::Initial, &SIZES)
    }

    #[test]
    fn until_anything_is_known_a_batch_is_cut_into_four_pages_which_are_all_asked_for() {
        let paging = Prefetch::default().paging(&Limits::default(), Phase::Initial, &SIZES);

        assert_eq!(paging, Paging { page_rows: 2_500, ahead: 4, under_way_rows: 10_000 });
    }

    #[test]
    fn the_farther_bigquery_is_the_more_and_the_smaller_pages_are_asked_for() {
        let cut = |latency_ms| (paging(latency_ms).page_rows, paging(latency_ms).ahead);

        assert_eq!(cut(5), (5_000, 2));
        assert_eq!(cut(50), (5_000, 2));
        assert_eq!(cut(200), (1_666, 4));
        assert_eq!(cut(400), (625, 14));
        assert_eq!(cut(5_000), (625, 16), "no more than that: a batch is what may be under way");
    }

    #[test]
    fn a_small_batch_is_not_cut_into_pages_that_cost_more_than_they_gain() {
        let limits = Limits::default();

        for (batch_rows, page_rows) in [(1, 1), (10, 10), (40, 25), (100, 25), (1_000, 62)] {
            assert_eq!(Paging::of_backfill(&limits, batch_rows, Some(1_000_000)).page_rows, page_rows);
        }
    }

    #[test]
    fn the_later_phases_read_whole_batches_within_what_a_backfill_may_have_under_way() {
        let far = after([200; SAMPLES]);
        let limits = Limits::default();

        let catchup = far.paging(&limits, Phase::Catchup, &SIZES);
        let large = far.paging(&limits, Phase::Steady, &BatchSizes { steady: 5_000, ..SIZES });

        assert_eq!(catchup, Paging { page_rows: 1_000, ahead: 5, under_way_rows: 10_000 });
        assert_eq!(large, Paging { page_rows: 5_000, ahead: 2, under_way_rows: 10_000 });
    }

    #[test]
    fn a_page_that_took_long_once_changes_nothing() {
        let once = after([20, 20, 30_000, 20, 20]).paging(&Limits::default(), Phase::Initial, &SIZES);

        assert_eq!(once, paging(20));
    }

    #[test]
    fn a_latency_that_stays_is_followed_within_three_pages_and_then_nothing_moves() {
        for (before_ms, after_ms) in [(5, 200), (200, 5)] {
            for pages in 3..50 {
                let latencies = [before_ms; SAMPLES].into_iter().chain(std::iter::repeat_n(after_ms, pages));
                let settled = after(latencies).paging(&Limits::default(), Phase::Initial, &SIZES);
                assert_eq!(settled, paging(after_ms), "{pages} pages after {before_ms} ms became {after_ms} ms");
            }
        }
    }

    #[test]
    fn rows_that_are_taken_up_in_no_time_are_as_far_away_as_can_be() {
        let mut prefetch = Prefetch::default();
        prefetch.answered(200, 200);
        prefetch.taken_up(2_500, 0);

        assert_eq!(prefetch.paging(&Limits::default(), Phase::Initial, &SIZES).ahead, Limits::default().requests);
    }

    #[test]
    fn an_answer_that_may_have_been_there_for_long_moves_nothing_that_may_be() {
        let mut prefetch = after([20; SAMPLES]);
        for _ in 0..SAMPLES {
            prefetch.answered(0, 250);
        }
        assert_eq!(prefetch.latency_ms(), Some(20));

        for _ in 0..SAMPLES {
            prefetch.answered(150, 250);
        }
        assert_eq!(prefetch.latency_ms(), Some(150), "no less than that");
    }

    proptest! {
        #[test]
        fn a_longer_latency_and_a_faster_storage_never_make_fewer_or_larger_pages(
            batch_rows in 1..=100_000_u32, rows in 0..1_000_000_u64, more in 0..1_000_000_u64,
        ) {
            let limits = Limits::default();
            let near = Paging::of_backfill(&limits, batch_rows, Some(rows));
            let far = Paging::of_backfill(&limits, batch_rows, Some(rows + more));

            prop_assert!(near.ahead <= far.ahead && near.page_rows >= far.page_rows, "{near:?} {far:?}");
        }

        #[test]
        fn whatever_was_measured_a_page_fits_and_storage_has_one_while_the_next_is_asked_for(
            batch_rows in 1..=100_000_u32, samples in prop::collection::vec((0..u64::MAX, 0..100_000_u64, 0..u64::MAX), 0..12),
        ) {
            let limits = Limits::default();
            let mut prefetch = Prefetch::default();
            for (latency_ms, rows, elapsed_ms) in samples {
                prefetch.answered(latency_ms / 2, latency_ms);
                prefetch.taken_up(rows, elapsed_ms);
            }
            let sizes = BatchSizes { initial: batch_rows, catchup: 1_000, steady: 500 };

            for phase in [Phase::Initial, Phase::Catchup, Phase::Steady] {
                let Paging { page_rows, ahead, under_way_rows } = prefetch.paging(&limits, phase, &sizes);
                prop_assert!(page_rows >= 1 && u64::from(page_rows) <= under_way_rows);
                prop_assert!((2..=limits.requests).contains(&ahead));
            }
            let backfill = prefetch.paging(&limits, Phase::Initial, &sizes);
            prop_assert_eq!(backfill.under_way_rows, u64::from(batch_rows));
        }

        #[test]
        fn what_is_asked_for_ahead_covers_the_latency_as_far_as_the_batch_goes(
            batch_rows in 1_000..=100_000_u32, share in 0.0..0.7,
        ) {
            let latency_rows = (f64::from(batch_rows) * share) as u64;

            let Paging { page_rows, ahead, .. } = Paging::of_backfill(&Limits::default(), batch_rows, Some(latency_rows));

            let asked = u64::from(page_rows) * ahead as u64;
            prop_assert!(asked >= latency_rows + u64::from(page_rows), "{asked} rows of {latency_rows}");
            prop_assert!(asked <= latency_rows + 2 * u64::from(page_rows), "{asked} rows of {latency_rows}");
        }
    }
}
