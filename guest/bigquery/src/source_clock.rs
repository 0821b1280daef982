//! BigQuery's clock, estimated from the `Date` headers of its answers.

use ingestor_core::time::{Micros, SECOND};

use crate::exchange::Head;

/// Servers often format the date once a second and not for each answer, so it may be that much older than the answer.
const DATE_AGE: Micros = SECOND;

/// How far the source's clock is ahead of ours.
///
/// An answer dated `d` was written when the source's clock stood in `[d, d + 1 s + DATE_AGE)`, and ours between sending
/// the request and receiving the answer. The estimate moves no further than this interval demands, so clocks that agree
/// as far as anybody can tell are taken as equal.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SourceClock {
    ahead_micros: Micros,
}

impl SourceClock {
    /// Learns from an answer, if it is dated.
    pub fn observe(&mut self, head: &Head) {
        if let Some(date) = head.date {
            self.narrow(head.sent_at, head.received_at, date);
        }
    }

    /// The source's time when ours is `now`.
    pub fn at(&self, now: Micros) -> Micros {
        now + self.ahead_micros
    }

    /// How far the source's clock is ahead of ours, as far as is known.
    pub fn ahead_micros(&self) -> Micros {
        self.ahead_micros
    }

    fn narrow(&mut self, sent: Micros, received: Micros, date: Micros) {
        let least = date - received;
        let most = date + SECOND + DATE_AGE - sent;
        // They cross when our clock was set back meanwhile: such an answer says nothing.
        if least <= most {
            self.ahead_micros = self.ahead_micros.clamp(least, most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingestor_core::time::{MILLISECOND, MINUTE};

    const NOON: Micros = 1_764_590_400 * SECOND;

    #[test]
    fn clocks_that_agree_to_the_second_are_not_corrected() {
        let mut clock = SourceClock::default();
        clock.narrow(NOON + 400 * MILLISECOND, NOON + 600 * MILLISECOND, NOON);
        clock.narrow(NOON + 990 * MILLISECOND, NOON + 1_050 * MILLISECOND, NOON);
        clock.narrow(NOON + 990 * MILLISECOND, NOON + 1_050 * MILLISECOND, NOON + SECOND);
        clock.narrow(NOON + 990 * MILLISECOND, NOON + 995 * MILLISECOND, NOON - SECOND);
        assert_eq!(clock.at(NOON), NOON);
    }

    #[test]
    fn a_source_ten_minutes_ahead_or_behind_is_followed_to_two_seconds() {
        for skew in [10 * MINUTE, -10 * MINUTE] {
            let mut clock = SourceClock::default();
            clock.narrow(NOON, NOON + 100 * MILLISECOND, NOON + skew);
            assert!((clock.at(NOON) - NOON - skew).abs() <= 2 * SECOND, "{skew}");
        }
    }

    #[test]
    fn an_answer_that_was_long_on_its_way_changes_nothing() {
        let mut clock = SourceClock::default();
        clock.narrow(NOON, NOON + 9 * SECOND, NOON + SECOND);
        assert_eq!(clock.at(NOON), NOON);
    }

    #[test]
    fn an_answer_during_which_our_clock_was_set_back_changes_nothing() {
        let mut clock = SourceClock::default();
        clock.narrow(NOON, NOON - MINUTE, NOON);
        assert_eq!(clock.at(NOON), NOON);
    }
}
