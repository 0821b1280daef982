//! Claims: up to where the rows of some slots are stored.
//!
//! A claim stays true whoever made it, and whatever becomes of the worker. So a worker starts, over its slots, at the least
//! of the best claims of any worker, past or present. A view of the others that is out of date, or a claim that arrives
//! late, costs reading some rows twice; it never loses one.

use serde::{Deserialize, Serialize};

use crate::slots::SlotRange;
use crate::time::{Micros, rfc3339};

/// All rows that were visible when they were read, in these slots, with a timestamp up to the watermark, are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// Where.
    pub slots: SlotRange,
    /// Up to when.
    #[serde(rename = "lastTimestamp", with = "rfc3339")]
    pub watermark: Micros,
}

/// Where to start reading these slots; none for the beginning, when nobody ever claimed one of them.
#[must_use]
pub fn watermark_of(slots: SlotRange, claims: &[Claim]) -> Option<Micros> {
    // From one slot to the next, the best claim changes only where one begins or has ended.
    let borders = claims.iter().flat_map(|claim| [claim.slots.first(), claim.slots.last() + 1]);
    let slots_to_ask = borders.filter(|slot| slots.contains(*slot)).chain([slots.first()]);
    let best = |slot| claims.iter().filter(|claim| claim.slots.contains(slot)).map(|claim| claim.watermark).max();
    slots_to_ask.map(best).min().flatten()
}

/// Adds a claim to those of the same worker; they keep only what it does not say as well.
pub fn add(claims: &mut Vec<Claim>, claim: Claim) {
    let earlier = std::mem::take(claims);
    for old in earlier {
        if old.watermark > claim.watermark {
            claims.push(old);
        } else {
            claims.extend(old.slots.without(claim.slots).map(|slots| Claim { slots, ..old }));
        }
    }
    claims.push(claim);
}

/// Those of a worker's claims that one about these slots does not make as well.
#[must_use]
pub fn beyond(claims: &[Claim], slots: SlotRange, watermark: Option<Micros>) -> Vec<Claim> {
    let mut all = claims.to_vec();
    if let Some(watermark) = watermark {
        add(&mut all, Claim { slots, watermark });
        all.pop();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slots::SLOTS;
    use proptest::prelude::*;

    fn claim(first: u16, last: u16, watermark: Micros) -> Claim {
        Claim { slots: SlotRange::new(first, last).unwrap(), watermark }
    }

    #[test]
    fn a_worker_starts_at_the_least_of_the_best_claims_over_its_slots() {
        let claims = [claim(0, 511, 100), claim(0, 255, 80), claim(512, 1_023, 60)];
        assert_eq!(watermark_of(claims[1].slots, &claims), Some(100));
        assert_eq!(watermark_of(SlotRange::new(400, 600).unwrap(), &claims), Some(60));
        assert_eq!(watermark_of(SlotRange::ALL, &claims), Some(60));
        assert_eq!(watermark_of(SlotRange::ALL, &claims[..2]), None, "nobody claims the upper half");
        assert_eq!(watermark_of(SlotRange::ALL, &[]), None);
    }

    #[test]
    fn a_worker_that_was_given_other_slots_does_not_forget_what_it_did_before() {
        let mut claims = vec![claim(0, 1_023, 100)];
        add(&mut claims, claim(0, 511, 150));
        assert_eq!(claims, [claim(512, 1_023, 100), claim(0, 511, 150)]);
        add(&mut claims, claim(0, 1_023, 100));
        assert_eq!(watermark_of(claim(0, 511, 0).slots, &claims), Some(150));
        add(&mut claims, claim(0, 1_023, 160));
        assert_eq!(claims, [claim(0, 1_023, 160)]);
    }

    fn any_claim() -> impl Strategy<Value = Claim> {
        (0..SLOTS, 0..SLOTS, 0..20_i64).prop_map(|(a, b, at)| claim(a.min(b), a.max(b), at))
    }

    proptest! {
        #[test]
        fn claims_say_of_each_slot_the_best_that_was_ever_said(all in prop::collection::vec(any_claim(), 0..8)) {
            let mut kept = Vec::new();
            for claim in &all {
                add(&mut kept, *claim);
            }
            let mut least: Option<Option<Micros>> = None;
            for slot in 0..SLOTS {
                let best = all.iter().filter(|claim| claim.slots.contains(slot)).map(|claim| claim.watermark).max();
                let one = SlotRange::new(slot, slot).unwrap();
                prop_assert_eq!(watermark_of(one, &all), best);
                prop_assert_eq!(watermark_of(one, &kept), best);
                least = Some(least.map_or(best, |least| least.min(best)));
            }
            prop_assert_eq!(watermark_of(SlotRange::ALL, &kept), least.flatten());
        }
    }
}
