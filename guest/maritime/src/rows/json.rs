//! Values as JSON text. Texts of this crate need no escapes (a test reads all of them back), and numbers are decimals with
//! a fixed number of digits, so nothing general is needed.

use ingestor_core::time::{Micros, format_rfc3339};

/// Writes one object, whose members are named by whoever uses it, punctuation included: `row.text(",\"flag\":", "PA")`.
pub(super) struct Row<'o> {
    out: &'o mut Vec<u8>,
}

impl Row<'_> {
    pub(super) fn new(out: &mut Vec<u8>) -> Row<'_> {
        Row { out }
    }

    /// Text as it is: names, punctuation, parts of strings.
    pub(super) fn raw(&mut self, text: &str) -> &mut Self {
        self.out.extend_from_slice(text.as_bytes());
        self
    }

    pub(super) fn bytes(&mut self, text: &[u8]) -> &mut Self {
        self.out.extend_from_slice(text);
        self
    }

    pub(super) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.raw(name).raw("\"").raw(value).raw("\"")
    }

    pub(super) fn integer(&mut self, name: &str, value: u32) -> &mut Self {
        let mut buffer = itoa::Buffer::new();
        self.raw(name).raw(buffer.format(value))
    }

    /// An integer as a string.
    pub(super) fn digits(&mut self, name: &str, value: u32) -> &mut Self {
        self.raw(name).raw("\"").integer("", value).raw("\"")
    }

    pub(super) fn timestamp(&mut self, name: &str, time: Micros) -> &mut Self {
        self.raw(name).raw("\"");
        format_rfc3339(time, self.out);
        self.raw("\"")
    }

    /// A number of tenths.
    pub(super) fn tenths(&mut self, name: &str, value: u32) -> &mut Self {
        self.integer(name, value / 10).raw(".").integer("", value % 10)
    }

    /// Degrees with six digits after the point: about a tenth of a metre.
    pub(super) fn degrees(&mut self, name: &str, value: f64) -> &mut Self {
        let millionths = (value * 1e6).round() as i64;
        self.raw(name).raw(if millionths < 0 { "-" } else { "" });
        let millionths = millionths.unsigned_abs();
        self.integer("", (millionths / 1_000_000) as u32).raw(".");
        let mut fraction = [b'0'; 6];
        let mut rest = (millionths % 1_000_000) as u32;
        for digit in fraction.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.bytes(&fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_as_what_they_were() {
        let mut out = Vec::new();
        let mut row = Row::new(&mut out);
        row.degrees("[", -0.000_001)
            .degrees(",", 179.999_999_6)
            .degrees(",", -33.05)
            .tenths(",", 127)
            .digits(",", 7)
            .raw("]");
        assert_eq!(String::from_utf8(out).unwrap(), r#"[-0.000001,180.000000,-33.050000,12.7,"7"]"#);
    }
}
