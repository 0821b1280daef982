//! Random numbers that belong to something: the same keys give the same numbers, in every order and on every platform.

/// A stream of numbers: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). Written
/// out here because generated data must stay the same when a dependency is updated.
#[derive(Debug, Clone)]
pub struct Draw(u64);

impl Draw {
    /// The stream of these keys. Different keys, or the same in another order, give unrelated streams.
    #[must_use]
    pub fn of(keys: &[u64]) -> Draw {
        Draw(keys.iter().fold(0, |state, key| mixed((state ^ key).wrapping_add(GOLDEN))))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mixed(self.0)
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in [low, high).
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }

    /// Uniform in `0..below`. Not of `usize`, which has 32 bits in WebAssembly.
    pub fn below(&mut self, below: u64) -> u64 {
        let bits = self.bits();
        // The upper half of the product. WebAssembly has no multiplication that wide; most ranges do without.
        match u32::try_from(below) {
            Ok(below) => {
                let (high, low, below) = (bits >> 32, bits & u64::from(u32::MAX), u64::from(below));
                (high * below + ((low * below) >> 32)) >> 32
            }
            Err(_) => ((u128::from(bits) * u128::from(below)) >> 64) as u64,
        }
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of the items.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }

    /// An index into `cumulative`, whose last entry is the sum of all weights.
    pub fn weighted(&mut self, cumulative: &[f64]) -> usize {
        let sum = cumulative.last().copied().unwrap_or(0.0);
        let at = self.unit() * sum;
        cumulative.partition_point(|&upto| upto <= at).min(cumulative.len() - 1)
    }
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_keys_give_the_same_numbers_and_their_order_counts() {
        let first = |keys: &[u64]| Draw::of(keys).bits();
        assert_eq!(first(&[1, 2, 3]), first(&[1, 2, 3]));
        assert_ne!(first(&[1, 2, 3]), first(&[3, 2, 1]));
        assert_ne!(first(&[0]), first(&[0, 0]));
    }

    #[test]
    fn numbers_are_spread_evenly_over_neighbouring_keys() {
        let mut buckets = [0; 16];
        for key in 0..16_000 {
            buckets[Draw::of(&[7, key]).below(16) as usize] += 1;
        }
        assert!(buckets.iter().all(|&count| (880..1120).contains(&count)), "{buckets:?}");
    }

    #[test]
    fn small_ranges_are_drawn_from_as_large_ones_are() {
        for below in [1, 7, 600_000, u64::from(u32::MAX)] {
            for key in 0..1_000 {
                let draw = Draw::of(&[key]);
                let wide = (u128::from(draw.clone().bits()) * u128::from(below)) >> 64;
                assert_eq!(u128::from(draw.clone().below(below)), wide);
            }
        }
    }

    #[test]
    fn weights_are_followed_and_nothing_without_weight_is_drawn() {
        let mut draw = Draw::of(&[1]);
        let mut counts = [0; 3];
        for _ in 0..10_000 {
            counts[draw.weighted(&[1.0, 1.0, 4.0])] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((2300..2700).contains(&counts[0]), "{counts:?}");
    }
}
