//! How many rows each bucket of time has, and what their checksums add up to: on either side, to be compared.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::checksum::Checksum;
use crate::sql::TimestampKind;
use crate::time::{self, DAY, Micros};

/// Rows that a bucket should have, about: few enough to be read again, many enough for the answer to stay short.
const BUCKET_ROWS: u64 = 1_000;
/// Buckets that a table is cut into at first, at the most.
const FIRST_BUCKETS: u64 = 1_024;
/// Buckets that differing ones are cut into, at the most.
const FINER_BUCKETS: u64 = 8_192;

/// Some buckets of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    /// Microseconds that each of them spans.
    pub width: Micros,
    /// Their numbers, ascending: how often the width fits between the year 1 and where they begin.
    pub numbers: Vec<i64>,
}

impl Buckets {
    /// The number of the bucket that a point in time lies in.
    #[must_use]
    pub fn number(at: Micros, width: Micros) -> i64 {
        (at - time::MIN) / width
    }

    /// Where a bucket begins.
    #[must_use]
    pub fn start(number: i64, width: Micros) -> Micros {
        number.saturating_mul(width).saturating_add(time::MIN)
    }

    /// Whether a point in time lies in one of them.
    #[must_use]
    pub fn contain(&self, at: Micros) -> bool {
        self.numbers.binary_search(&Self::number(at, self.width)).is_ok()
    }

    /// The ranges of time that they cover, ascending; neighbours are one.
    #[must_use]
    pub fn ranges(&self) -> Vec<(Micros, Micros)> {
        let mut ranges: Vec<(Micros, Micros)> = Vec::new();
        for number in &self.numbers {
            let (start, end) = (Self::start(*number, self.width), Self::start(number + 1, self.width));
            match ranges.last_mut() {
                Some(last) if last.1 == start => last.1 = end,
                _ => ranges.push((start, end)),
            }
        }
        ranges
    }
}

/// Widths are powers of two of the smallest one, so that finer buckets lie within one of the coarser ones.
fn width_of(kind: TimestampKind, span: Micros, buckets: u64) -> Micros {
    let smallest = if kind == TimestampKind::Date { DAY } else { 1 };
    let wanted = (span / smallest).unsigned_abs() / buckets.max(1) + 1;
    smallest.saturating_mul(wanted.next_power_of_two().try_into().unwrap_or(Micros::MAX)).min(time::MAX - time::MIN)
}

/// How wide the buckets are that a table is compared by at first, given the time that its rows span and how many they are.
#[must_use]
pub fn first_width(kind: TimestampKind, span: Micros, rows: u64) -> Micros {
    width_of(kind, span, (rows / BUCKET_ROWS).clamp(1, FIRST_BUCKETS))
}

/// What a bucket has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows, those that stand there twice included.
    pub rows: u64,
    /// Rows that differ in their time or checksum.
    pub distinct: u64,
    /// Sum over the distinct ones.
    pub checksum: i64,
    /// The smallest timestamp.
    pub oldest: Micros,
    /// The largest timestamp.
    pub newest: Micros,
}

/// What each bucket has, on one side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tallies {
    /// By their numbers; none is empty.
    pub buckets: BTreeMap<i64, Tally>,
    /// Rows that have no timestamp.
    pub without_timestamp: u64,
}

impl Tallies {
    /// Reads the answer to [`select_tallies`](crate::sql::select_tallies); none when it is not one.
    #[must_use]
    pub fn parse(answer: &[Vec<Option<String>>]) -> Option<Self> {
        let mut tallies = Self::default();
        for row in answer {
            let [bucket, rows, distinct, oldest, newest, checksum] = row.as_slice() else { return None };
            let rows = rows.as_deref()?.parse().ok()?;
            let Some(bucket) = bucket else {
                tallies.without_timestamp = rows;
                continue;
            };
            let number = |cell: &Option<String>| cell.as_deref()?.parse::<i64>().ok();
            let tally = Tally {
                rows,
                distinct: distinct.as_deref()?.parse().ok()?,
                checksum: number(checksum)?,
                oldest: number(oldest)?,
                newest: number(newest)?,
            };
            tallies.buckets.insert(bucket.parse().ok()?, tally);
        }
        Some(tallies)
    }

    /// The smallest timestamp of all.
    #[must_use]
    pub fn oldest(&self) -> Option<Micros> {
        self.buckets.values().next().map(|tally| tally.oldest)
    }

    /// The largest timestamp of all.
    #[must_use]
    pub fn newest(&self) -> Option<Micros> {
        self.buckets.values().next_back().map(|tally| tally.newest)
    }

    /// Rows of all buckets together.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.buckets.values().map(|tally| tally.rows).sum()
    }

    /// The bucket's tally; that of none when it is empty.
    #[must_use]
    pub fn of(&self, bucket: i64) -> Tally {
        self.buckets.get(&bucket).copied().unwrap_or_default()
    }

    /// The buckets of which source and Harper do not have the same. Rows that stand in the source twice are one record.
    #[must_use]
    pub fn differing(source: &Self, harper: &Self) -> Vec<i64> {
        let numbers: BTreeSet<i64> = source.buckets.keys().chain(harper.buckets.keys()).copied().collect();
        let differ = |bucket: &i64| {
            let (rows, records) = (source.of(*bucket), harper.of(*bucket));
            (rows.distinct, rows.checksum) != (records.distinct, records.checksum) || records.rows > rows.rows
        };
        numbers.into_iter().filter(differ).collect()
    }

    /// How wide to cut the buckets that differ, to be compared anew; none when they are small enough, or too many.
    #[must_use]
    pub fn finer_width(source: &Self, harper: &Self, kind: TimestampKind, differing: &Buckets) -> Option<Micros> {
        let of_both = |bucket: &i64| [source, harper].map(|side| side.buckets.get(bucket).copied());
        let rows_of = |bucket: &i64| of_both(bucket).into_iter().flatten().map(|tally| tally.rows).max().unwrap_or(0);
        let rows: u64 = differing.numbers.iter().map(rows_of).sum();
        let largest = differing.numbers.iter().max_by_key(|bucket| rows_of(bucket))?;
        let parts = (rows_of(largest) / BUCKET_ROWS).min(FINER_BUCKETS / differing.numbers.len() as u64);
        // Most of a bucket may be empty.
        let span = of_both(largest).into_iter().flatten().map(|tally| tally.newest - tally.oldest).max()?;
        let finer = width_of(kind, span, parts);
        // One more scan has to save a good part of what would be read.
        (rows > 4 * BUCKET_ROWS && parts >= 4 && finer < differing.width).then_some(finer)
    }
}

/// Tallies the records of Harper, which come in the order of time.
#[derive(Debug)]
pub struct Counter {
    width: Micros,
    tallies: Tallies,
    bucket: i64,
    /// What the bucket at hand has already.
    seen: HashSet<(Micros, i64)>,
}

impl Counter {
    /// With nothing in it.
    #[must_use]
    pub fn new(width: Micros) -> Self {
        Self { width, tallies: Tallies::default(), bucket: 0, seen: HashSet::new() }
    }

    /// Takes a record in.
    pub fn add(&mut self, at: Micros, checksum: i64) {
        let bucket = Buckets::number(at, self.width);
        if bucket != self.bucket {
            self.bucket = bucket;
            self.seen.clear();
        }
        let new = Tally { oldest: at, ..Tally::default() };
        let tally = self.tallies.buckets.entry(bucket).or_insert(new);
        tally.rows += 1;
        tally.newest = at;
        if self.seen.insert((at, checksum)) {
            tally.distinct += 1;
            tally.checksum += Checksum::square(checksum);
        }
    }

    /// What it has counted.
    #[must_use]
    pub fn into_tallies(self) -> Tallies {
        self.tallies
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND;
    use proptest::prelude::*;

    const NOON: Micros = 1_764_590_400_000_000;

    fn counted(records: &[(Micros, i64)]) -> Tallies {
        let mut counter = Counter::new(SECOND);
        records.iter().for_each(|(at, checksum)| counter.add(*at, *checksum));
        counter.into_tallies()
    }

    fn answer_of(rows: &[[Option<i64>; 6]]) -> Vec<Vec<Option<String>>> {
        rows.iter().map(|row| row.iter().map(|cell| cell.map(|number| number.to_string())).collect()).collect()
    }

    #[test]
    fn the_answer_of_the_source_is_read_with_rows_that_have_no_timestamp_apart() {
        let answer = answer_of(&[
            [Some(7), Some(3), Some(2), Some(70), Some(75), Some(11)],
            [None, Some(4), Some(1), None, None, Some(1)],
            [Some(5), Some(1), Some(1), Some(-3), Some(51), Some(1)],
        ]);
        let tallies = Tallies::parse(&answer).unwrap();
        assert_eq!(tallies.of(7), Tally { rows: 3, distinct: 2, checksum: 11, oldest: 70, newest: 75 });
        assert_eq!((tallies.oldest(), tallies.newest()), (Some(-3), Some(75)));
        assert_eq!((tallies.without_timestamp, tallies.rows()), (4, 4));
        assert_eq!(Tallies::parse(&answer_of(&[[None; 6]])), None);
    }

    #[test]
    fn a_bucket_differs_when_a_row_is_missing_altered_or_too_many() {
        let whole = counted(&[(NOON, 5), (NOON + 1, 6), (NOON + SECOND, 7)]);
        let bucket = Buckets::number(NOON, SECOND);
        assert!(Tallies::differing(&whole, &whole).is_empty());
        assert_eq!(Tallies::differing(&whole, &counted(&[(NOON, 5), (NOON + SECOND, 7)])), [bucket]);
        assert_eq!(Tallies::differing(&whole, &counted(&[(NOON, 5), (NOON + 1, 6)])), [bucket + 1]);
        let altered = counted(&[(NOON, 5), (NOON + 1, 8), (NOON + SECOND, 7)]);
        assert_eq!(Tallies::differing(&whole, &altered), [bucket]);
        let foreign = counted(&[(NOON, 5), (NOON + 1, 6), (NOON + SECOND, 7), (NOON + SECOND, 7)]);
        assert_eq!(Tallies::differing(&whole, &foreign), [bucket + 1], "even if it looks like another record");
    }

    #[test]
    fn rows_that_stand_in_the_source_twice_are_no_difference() {
        let twice = counted(&[(NOON, 5), (NOON, 5), (NOON + 1, 6)]);
        assert!(Tallies::differing(&twice, &counted(&[(NOON, 5), (NOON + 1, 6)])).is_empty());
    }

    #[test]
    fn a_million_rows_are_cut_into_a_thousand_buckets_and_days_are_not_cut() {
        let width = first_width(TimestampKind::Timestamp, 1_000_000 * SECOND, 1_000_000);
        assert!((500..=1_000).contains(&(1_000_000 * SECOND / width)), "{width}");
        assert_eq!(first_width(TimestampKind::Date, 5 * DAY, 1_000_000), DAY);
        assert_eq!(first_width(TimestampKind::Timestamp, 0, 1_000_000), 1);
        assert!(first_width(TimestampKind::Timestamp, time::MAX - time::MIN, 1) > 0);
    }

    #[test]
    fn large_buckets_that_differ_are_cut_again_and_small_ones_read() {
        let kind = TimestampKind::Timestamp;
        let bucket = Buckets::number(NOON, SECOND);
        let differing = Buckets { width: SECOND, numbers: vec![bucket] };
        let of = |rows, span| {
            let tally = Tally { rows, oldest: NOON, newest: NOON + span, ..Tally::default() };
            Tallies { buckets: [(bucket, tally)].into(), ..Tallies::default() }
        };
        assert_eq!(Tallies::finer_width(&of(2_000, 9), &of(1, 0), kind, &differing), None);
        let finer = Tallies::finer_width(&of(1, 0), &of(1_000_000, SECOND - 1), kind, &differing).unwrap();
        assert!(finer < SECOND / 400, "{finer}");
        let of_crowd = Tallies::finer_width(&of(1, 0), &of(1_000_000, 999), kind, &differing);
        assert_eq!(of_crowd, Some(1), "most of the bucket is empty");
        let instant = Buckets { width: 1, numbers: vec![bucket] };
        assert_eq!(Tallies::finer_width(&of(1_000_000, 0), &of(0, 0), kind, &instant), None);
    }

    #[test]
    fn neighbouring_buckets_are_one_range() {
        let buckets = Buckets { width: 10, numbers: vec![1, 2, 5] };
        let at = |offset| time::MIN + offset;
        assert_eq!(buckets.ranges(), [(at(10), at(30)), (at(50), at(60))]);
        assert!(buckets.contain(at(29)) && !buckets.contain(at(30)));
    }

    proptest! {
        #[test]
        fn a_point_in_time_lies_in_its_bucket(at in time::MIN..=time::MAX, width in 1..=i64::MAX) {
            let number = Buckets::number(at, width);
            prop_assert!(Buckets::start(number, width) <= at);
            prop_assert!(Buckets::start(number + 1, width) > at);
        }
    }
}
