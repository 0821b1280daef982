//! Ids of Harper records: deterministic, unique for each distinct row, in the order of time.

use crate::time::Micros;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// The hash of a row's whole content in canonical form.
#[must_use]
pub fn content_hash(canonical: &[u8]) -> u64 {
    xxh3_64(canonical)
}

/// The hash of a row's key columns in canonical form.
#[must_use]
pub fn key_hash(canonical: &[u8]) -> u128 {
    xxh3_128(canonical)
}

/// 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId(pub [u8; 32]);

impl RecordId {
    /// The id of a row that is identified by its content: 16 digits of the timestamp, so that ids sort as timestamps do,
    /// and 16 of the content's hash.
    #[must_use]
    pub fn from_content(timestamp: Micros, content_hash: u64) -> Self {
        Self::from_halves((timestamp as u64) ^ (1 << 63), content_hash)
    }

    /// The id of a row that is identified by key columns: 32 digits of the hash of their values.
    #[must_use]
    pub fn from_key(key_hash: u128) -> Self {
        Self::from_halves((key_hash >> 64) as u64, key_hash as u64)
    }

    /// Reads an id back; none for any text that is no id of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; 32] = text.as_bytes().try_into().ok()?;
        digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')).then_some(Self(digits))
    }

    /// The timestamp that an id [from content](Self::from_content) was made of.
    #[must_use]
    pub fn timestamp(&self) -> Micros {
        let high = u64::from_str_radix(&self.as_str()[..16], 16).expect("ids are hexadecimal digits");
        (high ^ (1 << 63)).cast_signed()
    }

    fn from_halves(high: u64, low: u64) -> Self {
        let mut digits = [0; 32];
        let (eights, _) = digits.as_chunks_mut();
        for (eight, number) in eights.iter_mut().zip([high >> 32, high, low >> 32, low]) {
            *eight = hexadecimal(number as u32);
        }
        Self(digits)
    }

    /// The digits as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("hexadecimal digits are ASCII")
    }
}

/// Eight digits, all of them worked out at once: a byte for each.
fn hexadecimal(number: u32) -> [u8; 8] {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let fours = (u64::from(number) << 16 | u64::from(number)) & 0x0000_ffff_0000_ffff;
    let pairs = (fours << 8 | fours) & 0x00ff_00ff_00ff_00ff;
    let digits = (pairs << 4 | pairs) & (ONES * 0x0f);
    let letters = (digits + ONES * 6) >> 4 & ONES;
    (digits + ONES * u64::from(b'0') + letters * u64::from(b'a' - b'9' - 1)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time;

    #[test]
    fn ids_sort_as_their_timestamps_do() {
        let times = [time::MIN, -1, 0, 1, 1_764_590_400_123_456, time::MAX];
        let ids = times.map(|at| RecordId::from_content(at, 0xffff_ffff_ffff_ffff));
        assert!(ids.is_sorted());
        assert_eq!(RecordId::from_content(0, 0x0123_4567_89ab_cdef).as_str(), "80000000000000000123456789abcdef");
    }

    #[test]
    fn an_id_is_read_back_and_tells_its_timestamp() {
        for at in [time::MIN, -1, 0, 1_764_590_400_123_456, time::MAX] {
            let id = RecordId::from_content(at, 7);
            assert_eq!(RecordId::parse(id.as_str()), Some(id));
            assert_eq!(id.timestamp(), at);
        }
        for text in ["", "vessel-1", "80000000000000000123456789ABCDEF", "80000000000000000123456789abcde"] {
            assert_eq!(RecordId::parse(text), None);
        }
    }
}
