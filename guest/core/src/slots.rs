//! Hash slots: how the rows of a table are shared out among workers.
//!
//! A row belongs to the slot of its timestamp's hash, which BigQuery and [`slot_of`] compute alike. A worker reads a
//! range of slots; which one follows from its place among the workers, so that nobody has to hand anything over.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::time::{self, Micros};

/// Number of slots. Fixed for good: claims in checkpoints are about slots.
pub const SLOTS: u16 = 1024;

/// Added to a timestamp, so that the hash is taken of a number that is not negative.
const ORIGIN: i64 = -time::MIN;
/// 2^31 - 1, a prime: what is left of the timestamp fits the multiplication, and no granularity of time divides it.
const PRIME: i64 = 2_147_483_647;
/// 2^32 divided by the golden ratio squared, odd: multiples of any step spread evenly (Knuth's multiplicative hashing).
/// With [`PRIME`] the product stays below 2^63, since BigQuery refuses to overflow.
const MULTIPLIER: i64 = 1_640_531_527;
const SHIFT: u32 = 22;

/// The slot of a row with this timestamp.
#[must_use]
pub fn slot_of(timestamp: Micros) -> u16 {
    let at = timestamp.clamp(time::MIN, time::MAX) + ORIGIN;
    (((at % PRIME * MULTIPLIER) >> SHIFT) & i64::from(SLOTS - 1)) as u16
}

/// The same in GoogleSQL, of an expression in microseconds since 1970.
#[must_use]
pub fn slot_sql(micros: &str) -> String {
    format!("((MOD({micros} + {ORIGIN}, {PRIME}) * {MULTIPLIER}) >> {SHIFT}) & {}", SLOTS - 1)
}

/// Slots that follow each other; at least one. Written `0-1023`, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SlotRange {
    first: u16,
    last: u16,
}

impl SlotRange {
    /// Every slot there is.
    pub const ALL: Self = Self { first: 0, last: SLOTS - 1 };

    /// Slots from `first` to `last`, both included. None when that is no range of slots.
    #[must_use]
    pub fn new(first: u16, last: u16) -> Option<Self> {
        (first <= last && last < SLOTS).then_some(Self { first, last })
    }

    /// What the worker at `index` reads when there are so many workers. Together they read every slot once. None for one
    /// too many.
    #[must_use]
    pub fn share(index: usize, workers: usize) -> Option<Self> {
        let slots = usize::from(SLOTS);
        let start = |index: usize| (index * slots / workers) as u16;
        let end = (index < workers).then(|| start(index + 1))?;
        Self::new(start(index), end.checked_sub(1)?)
    }

    /// The first slot.
    #[must_use]
    pub fn first(self) -> u16 {
        self.first
    }

    /// The last slot.
    #[must_use]
    pub fn last(self) -> u16 {
        self.last
    }

    /// Whether the slot is among these.
    #[must_use]
    pub fn contains(self, slot: u16) -> bool {
        (self.first..=self.last).contains(&slot)
    }

    /// Whether all those slots are among these.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// What is left of these slots without those: nothing, one range, or one on either side.
    pub fn without(self, other: Self) -> impl Iterator<Item = Self> {
        let before = other.first.checked_sub(1).and_then(|last| Self::new(self.first, last.min(self.last)));
        let after = Self::new(self.first.max(other.last + 1), self.last);
        before.into_iter().chain(after)
    }
}

impl fmt::Display for SlotRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.first, self.last)
    }
}

impl From<SlotRange> for String {
    fn from(range: SlotRange) -> Self {
        range.to_string()
    }
}

impl TryFrom<String> for SlotRange {
    type Error = NoSlotRange;

    fn try_from(text: String) -> Result<Self, NoSlotRange> {
        text.parse()
    }
}

/// A text that is not the slots of anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected slots such as 0-{}", SLOTS - 1)]
pub struct NoSlotRange;

impl FromStr for SlotRange {
    type Err = NoSlotRange;

    fn from_str(text: &str) -> Result<Self, NoSlotRange> {
        let (first, last) = text.split_once('-').ok_or(NoSlotRange)?;
        let slot = |digits: &str| digits.parse().map_err(|_| NoSlotRange);
        Self::new(slot(first)?, slot(last)?).ok_or(NoSlotRange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{DAY, HOUR, MILLISECOND, MINUTE, SECOND};
    use proptest::prelude::*;

    fn workers(of: usize) -> Vec<SlotRange> {
        (0..of).filter_map(|index| SlotRange::share(index, of)).collect()
    }

    #[test]
    fn every_slot_has_exactly_one_owner_however_many_workers_there_are() {
        for of in [1, 2, 3, 4, 6, 7, 100, 1_023, 1_024, 1_500] {
            let ranges = workers(of);
            for slot in 0..SLOTS {
                assert_eq!(ranges.iter().filter(|range| range.contains(slot)).count(), 1, "slot {slot} of {of}");
            }
        }
        assert_eq!(workers(1), [SlotRange::ALL]);
        assert_eq!(SlotRange::share(3, 3), None);
    }

    #[test]
    fn workers_get_like_shares_of_rows_whatever_the_granularity_of_their_timestamps() {
        let noon = 1_764_590_400_000_000;
        for (step, rows) in [(1, 50_000), (MILLISECOND, 50_000), (SECOND, 50_000), (MINUTE, 20_000)]
            .into_iter()
            .chain([(5 * MINUTE, 20_000), (15 * MINUTE, 20_000), (HOUR, 20_000), (DAY, 2_000)])
        {
            for (start, of) in [(noon, 2), (noon, 3), (noon, 4), (0, 4), (time::MIN, 6), (-rows / 2 * step, 8)] {
                let ranges = workers(of);
                let mut counts = vec![0_i64; of];
                for row in 0..rows {
                    let slot = slot_of(start + row * step);
                    counts[ranges.iter().position(|range| range.contains(slot)).unwrap()] += 1;
                }
                let fair = rows / of as i64;
                let is_fair = |count: &i64| (count - fair).abs() <= fair / 8;
                assert!(counts.iter().all(is_fair), "{counts:?} at steps of {step} from {start}");
            }
        }
    }

    #[test]
    fn ranges_are_read_as_they_are_written() {
        for range in workers(7) {
            assert_eq!(range.to_string().parse(), Ok(range));
        }
        assert_eq!(SlotRange::ALL.to_string(), "0-1023");
        for wrong in ["", "7", "0-1024", "5-4", "a-b", "-1-3", "0-1-2"] {
            assert_eq!(wrong.parse::<SlotRange>(), Err(NoSlotRange), "{wrong}");
        }
    }

    fn range() -> impl Strategy<Value = SlotRange> {
        (0..SLOTS, 0..SLOTS).prop_map(|(a, b)| SlotRange::new(a.min(b), a.max(b)).unwrap())
    }

    proptest! {
        #[test]
        fn what_is_left_without_others_is_the_difference(mine in range(), others in range()) {
            let left: Vec<SlotRange> = mine.without(others).collect();
            for slot in 0..SLOTS {
                let times = left.iter().filter(|range| range.contains(slot)).count();
                prop_assert_eq!(times, usize::from(mine.contains(slot) && !others.contains(slot)));
            }
            prop_assert_eq!(left.is_empty(), others.covers(mine));
        }

        #[test]
        fn every_timestamp_has_a_slot(at in any::<i64>()) {
            prop_assert!(SlotRange::ALL.contains(slot_of(at)));
        }
    }
}
