//! Values as JSON text. Texts of this crate need no escapes (a test reads all of them back), and numbers are decimals with
//! a fixed number of digits, so nothing general is needed.

use ingestor_core::time::{Micros, format_rfc3339};

use crate::sphere::Vector;

/// Writes one object, whose members are named by whoever uses it, punctuation included: `row.text(",\"flag\":", "PA")`.
pub(super) struct Row<'o> {
    out: &'o mut Vec<u8>,
}

impl Row<'_> {
    pub(super) fn new(out: &mut Vec<u8>) -> Row<'_> {
        Row { out }
    }

    /// Text as it is: names, punctuation, parts of strings. For what is known when this is compiled.
    #[inline(always)]
    pub(super) fn raw(&mut self, text: &'static str) -> &mut Self {
        self.out.extend_from_slice(text.as_bytes());
        self
    }

    /// The same for a few bytes that are not. WebAssembly copies a length that it does not know by calling its host, which
    /// takes longer than most texts here.
    pub(super) fn bytes(&mut self, text: &[u8]) -> &mut Self {
        let (words, rest) = text.as_chunks::<8>();
        for word in words {
            self.out.extend_from_slice(word);
        }
        for &byte in rest {
            self.out.push(byte);
        }
        self
    }

    #[inline(always)]
    pub(super) fn text(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.raw(name).raw("\"").bytes(value.as_bytes()).raw("\"")
    }

    #[inline(always)]
    pub(super) fn integer(&mut self, name: &'static str, value: u32) -> &mut Self {
        let mut buffer = itoa::Buffer::new();
        self.raw(name).bytes(buffer.format(value).as_bytes())
    }

    /// An integer as a string.
    #[inline(always)]
    pub(super) fn digits(&mut self, name: &'static str, value: u32) -> &mut Self {
        self.raw(name).integer("\"", value).raw("\"")
    }

    #[inline(always)]
    pub(super) fn timestamp(&mut self, name: &'static str, time: Micros) -> &mut Self {
        self.raw(name).raw("\"");
        format_rfc3339(time, self.out);
        self.raw("\"")
    }

    /// A number of tenths.
    #[inline(always)]
    pub(super) fn tenths(&mut self, name: &'static str, value: u32) -> &mut Self {
        self.integer(name, value / 10).raw(".").out.push(b'0' + (value % 10) as u8);
        self
    }

    /// Degrees with six digits after the point: about a tenth of a metre.
    #[inline(always)]
    pub(super) fn degrees(&mut self, name: &'static str, Millionths(value): Millionths) -> &mut Self {
        self.raw(name);
        if value < 0 {
            self.out.push(b'-');
        }
        let value = value.unsigned_abs();
        self.integer("", value / 1_000_000).raw(".");
        let mut fraction = [b'0'; 6];
        let mut rest = value % 1_000_000;
        for digit in fraction.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.out.extend_from_slice(&fraction);
        self
    }
}

/// Degrees as rows have them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Millionths(i32);

impl Millionths {
    /// Latitude and longitude of a point.
    pub(super) fn of(point: Vector) -> (Millionths, Millionths) {
        let (latitude, longitude) = point.degrees();
        (Millionths(rounded(latitude * 1e6)), Millionths(rounded(longitude * 1e6)))
    }
}

/// What `f64::round` gives, which WebAssembly has no instruction for.
pub(super) fn rounded(value: f64) -> i32 {
    let whole = value as i32;
    let rest = value - f64::from(whole);
    whole + i32::from(rest >= 0.5) - i32::from(rest <= -0.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Draw;

    #[test]
    fn numbers_are_rounded_as_the_platform_rounds_them() {
        let mut draw = Draw::of(&[1]);
        let drawn = (0..100_000).map(|_| draw.between(-180e6, 180e6));
        let halves = (-20..20).map(|half| f64::from(half) / 2.0);
        let beside_halves = [0.5_f64.next_down(), 1.5_f64.next_up(), -2.5_f64.next_up(), -0.0];
        for value in drawn.chain(halves).chain(beside_halves) {
            assert_eq!(f64::from(rounded(value)), value.round(), "{value}");
        }
    }

    #[test]
    fn numbers_read_back_as_what_they_were() {
        let mut out = Vec::new();
        let mut row = Row::new(&mut out);
        row.degrees("[", Millionths(-1))
            .degrees(",", Millionths(180_000_000))
            .degrees(",", Millionths(-33_050_000))
            .tenths(",", 127)
            .digits(",", 7)
            .raw("]");
        assert_eq!(String::from_utf8(out).unwrap(), r#"[-0.000001,180.000000,-33.050000,12.7,"7"]"#);
    }
}
