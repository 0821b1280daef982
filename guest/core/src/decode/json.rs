//! The contents of strings, and of JSON columns.

use super::scan::{Scanner, Text, Visitor};

/// Appends what a string's text stands for, as UTF-8; of a surrogate without its partner, the three bytes that would
/// encode it, so that different texts stay different.
pub fn unescape(text: Text, out: &mut Vec<u8>) {
    if !text.escaped {
        out.extend_from_slice(text.raw);
        return;
    }
    let mut rest = text.raw;
    while let Some(backslash) = rest.iter().position(|&byte| byte == b'\\') {
        out.extend_from_slice(&rest[..backslash]);
        let escape = rest[backslash + 1];
        rest = &rest[backslash + 2..];
        match escape {
            b'b' => out.push(0x08),
            b'f' => out.push(0x0c),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let unit = code_unit(rest);
                rest = &rest[4..];
                let partner = rest.strip_prefix(b"\\u").map(code_unit);
                match (unit, partner) {
                    (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) => {
                        rest = &rest[6..];
                        push_code_point(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00), out);
                    }
                    _ => push_code_point(unit, out),
                }
            }
            itself => out.push(itself),
        }
    }
    out.extend_from_slice(rest);
}

/// The number that four hexadecimal digits write; the scanner has made sure that there are four.
fn code_unit(digits: &[u8]) -> u32 {
    digits[..4].iter().fold(0, |number, &digit| number << 4 | (digit as char).to_digit(16).unwrap_or(0))
}

fn push_code_point(code: u32, out: &mut Vec<u8>) {
    match char::from_u32(code) {
        Some(character) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend_from_slice(&[
            0xe0 | (code >> 12) as u8,
            0x80 | (code >> 6 & 0x3f) as u8,
            0x80 | (code & 0x3f) as u8,
        ]),
    }
}

/// A JSON column: the value that its text writes, in the record and in the canonical form alike. None when the text is
/// not exactly one JSON value. `scratch` is used and left empty.
pub fn value(text: &[u8], out: &mut Vec<u8>, canonical: &mut Vec<u8>, scratch: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    compact(text, out, scratch)?;
    canonical.extend_from_slice(&out[start..]);
    Some(())
}

/// Appends the value that a JSON text writes: the same text without white space and with every string written in one
/// way only. None, with something appended, when it is not exactly one JSON value. `scratch` is used and left empty.
pub fn compact(text: &[u8], out: &mut Vec<u8>, scratch: &mut Vec<u8>) -> Option<()> {
    let mut scanner = Scanner::complete(text);
    scanner.walk(&mut Compact { out, scratch }).ok()?;
    scanner.peek().is_err().then_some(())
}

struct Compact<'a> {
    out: &'a mut Vec<u8>,
    scratch: &'a mut Vec<u8>,
}

impl Visitor for Compact<'_> {
    fn plain(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
    }

    fn string(&mut self, text: Text) {
        self.out.push(b'"');
        if text.escaped {
            unescape(text, self.scratch);
            escape(self.scratch, self.out);
            self.scratch.clear();
        } else {
            self.out.extend_from_slice(text.raw);
        }
        self.out.push(b'"');
    }
}

/// Appends unescaped text with those escapes that it needs.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..0x20 => push_unit(u32::from(byte), out),
            // In UTF-8, this lead byte is followed by less than 0xa0; more means half a surrogate pair.
            0xed if bytes.as_slice().first().is_some_and(|&middle| middle >= 0xa0) => {
                let [middle, last] = [bytes.next(), bytes.next()].map(|byte| u32::from(*byte.unwrap_or(&0)) & 0x3f);
                push_unit(0xd000 | middle << 6 | last, out);
            }
            _ => out.push(byte),
        }
    }
}

fn push_unit(unit: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unescaped(raw: &str) -> Vec<u8> {
        let mut out = Vec::new();
        unescape(Text { raw: raw.as_bytes(), escaped: raw.contains('\\') }, &mut out);
        out
    }

    fn compacted(text: &str) -> Option<String> {
        let (mut out, mut scratch) = (Vec::new(), Vec::new());
        compact(text.as_bytes(), &mut out, &mut scratch)?;
        assert!(scratch.is_empty());
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_escape_is_undone() {
        let expected = "a\"\\/\u{8}\u{c}\n\r\té€😀z".as_bytes();
        assert_eq!(unescaped(r#"a\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\uDE00z"#), expected);
    }

    #[test]
    fn halves_of_surrogate_pairs_stay_distinct() {
        assert_ne!(unescaped(r"\ud800"), unescaped(r"\ud801"));
        assert_eq!(unescaped(r"\ud800x"), b"\xed\xa0\x80x");
        assert_eq!(unescaped(r"\ud800\u0041"), b"\xed\xa0\x80A");
    }

    #[test]
    fn a_json_text_loses_white_space_and_nothing_else() {
        let text = " { \"a\" : [ 1 , -2.5e+10 , true , false , null ] , \"\" : { } , \"b\" : [ ] } ";
        assert_eq!(compacted(text).unwrap(), r#"{"a":[1,-2.5e+10,true,false,null],"":{},"b":[]}"#);
        assert_eq!(compacted("12").unwrap(), "12");
        assert_eq!(compacted("\"x\"").unwrap(), "\"x\"");
    }

    #[test]
    fn strings_of_a_json_text_are_written_in_one_way() {
        for text in [r#""é\u000a\"\\/""#, r#""\u00E9\n\u0022\u005c\/""#] {
            assert_eq!(compacted(text).unwrap(), r#""é\u000a\"\\/""#);
        }
        assert_eq!(compacted(r#""\ud800 \udfff\ud7ff""#).unwrap(), "\"\\ud800 \\udfff\u{d7ff}\"");
    }

    #[test]
    fn what_is_not_exactly_one_json_value_is_refused() {
        for text in
            ["", "1 2", "{", "[1,]", "{\"a\"}", "{a:1}", "nul", "01", "1.", "'a'", "\"\t\"", "]", "[}", "{]", "\"\\x\""]
        {
            assert_eq!(compacted(text), None, "{text}");
        }
    }

    #[test]
    fn nesting_ends_before_the_stack_does() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(compacted(&nested(500)), Some(nested(500)));
        assert_eq!(compacted(&nested(1_000_000)), None);
    }
}
