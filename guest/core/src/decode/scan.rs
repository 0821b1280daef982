//! JSON text that may not have arrived completely.
//!
//! A scanner that meets the end of what there is says so; its caller goes back to where it started and tries again when
//! there is more. A number at the very end is incomplete, too, as another digit may follow, unless the text is known to be
//! complete.

use wide::u8x16;

/// Why scanning stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The text ends before the value does.
    Incomplete,
    /// This is not JSON, or not of the shape that was expected. The scanner's position tells where.
    Malformed(&'static str),
    /// The text is fine, but a value is not one of its column's type: the row cannot be kept.
    Unreadable,
}

/// What a walk over a JSON value meets, in order.
pub trait Visitor {
    /// A bracket, comma, colon, number, `true`, `false` or `null`, as written.
    fn plain(&mut self, text: &[u8]);
    /// A string: what stands between the quotes.
    fn string(&mut self, text: Text);
}

/// The text between two quotes: valid JSON and valid UTF-8.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    pub raw: &'a [u8],
    /// Whether `raw` has backslashes in it.
    pub escaped: bool,
}

/// BigQuery nests JSON values 500 deep at the most.
const MAX_DEPTH: usize = 512;

pub struct Scanner<'a> {
    bytes: &'a [u8],
    position: usize,
    /// Whether nothing follows, so that a number may end where the text does.
    complete: bool,
}

impl<'a> Scanner<'a> {
    /// For text that may go on.
    pub fn partial(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, complete: false }
    }

    /// For text that nothing follows.
    pub fn complete(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, complete: true }
    }

    pub fn position(&self) -> usize {
        self.position
    }

    pub fn set_position(&mut self, position: usize) {
        self.position = position;
    }

    /// The text from an earlier position to here.
    pub fn since(&self, start: usize) -> &'a [u8] {
        &self.bytes[start..self.position]
    }

    /// Skips white space and returns the byte after it, without going past it.
    #[inline]
    pub fn peek(&mut self) -> Result<u8, Stop> {
        loop {
            match self.bytes.get(self.position) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.position += 1,
                Some(&byte) => return Ok(byte),
                None => return Err(Stop::Incomplete),
            }
        }
    }

    /// Goes past white space and `byte`.
    #[inline]
    pub fn expect(&mut self, byte: u8, otherwise: &'static str) -> Result<(), Stop> {
        if self.accept(byte)? { Ok(()) } else { Err(Stop::Malformed(otherwise)) }
    }

    /// Goes past white space and, if it is next, `byte`.
    #[inline]
    pub fn accept(&mut self, byte: u8) -> Result<bool, Stop> {
        let found = self.peek()? == byte;
        self.position += usize::from(found);
        Ok(found)
    }

    /// Goes past `text`, if it is next.
    #[inline]
    pub fn accept_exactly<const N: usize>(&mut self, text: &[u8; N]) -> bool {
        let found = self.bytes[self.position..].first_chunk() == Some(text);
        self.position += if found { N } else { 0 };
        found
    }

    /// Goes past a cell with a string that is ASCII without escapes, if it is next and written as BigQuery writes it without
    /// white space, and returns the string with its quotes. Most cells are such ones: this is a shortcut past all that may be
    /// different.
    #[inline]
    pub fn accept_usual_cell(&mut self) -> Option<&'a [u8]> {
        const BEFORE: &[u8; 5] = br#"{"v":"#;
        let start = self.position;
        if self.accept_exactly(br#"{"v":""#) {
            let (length, ascii) = plain_prefix(&self.bytes[self.position..]);
            self.position += length;
            if ascii && self.accept_exactly(br#""}"#) {
                return Some(&self.bytes[start + BEFORE.len()..self.position - 1]);
            }
            self.position = start;
        }
        None
    }

    /// Goes past white space and, if it is next, `null`.
    pub fn accept_null(&mut self) -> Result<bool, Stop> {
        if self.peek()? != b'n' {
            return Ok(false);
        }
        self.literal(b"null").map(|()| true)
    }

    /// Goes past `{` and all up to the value of member `key`. Other members before it are skipped.
    pub fn enter_member(&mut self, key: &[u8]) -> Result<(), Stop> {
        self.expect(b'{', "an object was expected")?;
        loop {
            let found = self.key()?.raw;
            if found == key {
                return Ok(());
            }
            self.walk(&mut Ignore)?;
            self.expect(b',', "a member of this object is missing")?;
        }
    }

    /// Goes past the end of an object whose member was read last. Other members after it are skipped.
    pub fn leave_object(&mut self) -> Result<(), Stop> {
        while !self.accept(b'}')? {
            self.expect(b',', "a comma or the end of this object was expected")?;
            self.key()?;
            self.walk(&mut Ignore)?;
        }
        Ok(())
    }

    /// Goes past a member's key and its colon.
    pub fn key(&mut self) -> Result<Text<'a>, Stop> {
        let key = self.string()?;
        self.expect(b':', "a colon was expected")?;
        Ok(key)
    }

    /// Goes past a string.
    pub fn string(&mut self) -> Result<Text<'a>, Stop> {
        self.expect(b'"', "a string was expected")?;
        let start = self.position;
        let (mut escaped, mut ascii) = (false, true);
        loop {
            let (length, still_ascii) = plain_prefix(&self.bytes[self.position..]);
            self.position += length;
            ascii &= still_ascii;
            match self.bytes.get(self.position) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(Stop::Malformed("a control character in a string")),
                None => return Err(Stop::Incomplete),
            }
        }
        let raw = &self.bytes[start..self.position];
        if !ascii && std::str::from_utf8(raw).is_err() {
            return Err(Stop::Malformed("a string that is not UTF-8"));
        }
        self.position += 1;
        Ok(Text { raw, escaped })
    }

    /// Goes past a backslash and what it stands before.
    fn escape(&mut self) -> Result<(), Stop> {
        match self.bytes.get(self.position + 1) {
            None => Err(Stop::Incomplete),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.position += 2;
                Ok(())
            }
            Some(b'u') => {
                let digits = self.bytes.get(self.position + 2..self.position + 6).ok_or(Stop::Incomplete)?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(Stop::Malformed("an escape without four hexadecimal digits"));
                }
                self.position += 6;
                Ok(())
            }
            Some(_) => Err(Stop::Malformed("an unknown escape in a string")),
        }
    }

    /// Goes past any value and tells the visitor what it is made of.
    pub fn walk(&mut self, visitor: &mut impl Visitor) -> Result<(), Stop> {
        // Bit n of `objects` says whether the bracket at depth n is that of an object.
        let mut objects = [0_u64; MAX_DEPTH / 64];
        let mut depth = 0;
        loop {
            let first = self.peek()?;
            match first {
                b'{' | b'[' => {
                    if depth == MAX_DEPTH {
                        return Err(Stop::Malformed("nested too deeply"));
                    }
                    let is_object = first == b'{';
                    let (word, bit) = (depth / 64, 1 << (depth % 64));
                    objects[word] = if is_object { objects[word] | bit } else { objects[word] & !bit };
                    self.position += 1;
                    visitor.plain(&[first]);
                    let close = first + 2;
                    if self.accept(close)? {
                        visitor.plain(&[close]);
                    } else {
                        depth += 1;
                        if is_object {
                            self.visit_key(visitor)?;
                        }
                        continue;
                    }
                }
                b'"' => visitor.string(self.string()?),
                _ => visitor.plain(self.plain(first)?),
            }
            // A value is complete: leave what ends with it, up to a comma.
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let is_object = objects[(depth - 1) / 64] >> ((depth - 1) % 64) & 1 == 1;
                if self.accept(b',')? {
                    visitor.plain(b",");
                    if is_object {
                        self.visit_key(visitor)?;
                    }
                    break;
                }
                let close = if is_object { b'}' } else { b']' };
                self.expect(close, "a comma or a closing bracket was expected")?;
                visitor.plain(&[close]);
                depth -= 1;
            }
        }
    }

    fn visit_key(&mut self, visitor: &mut impl Visitor) -> Result<(), Stop> {
        visitor.string(self.key()?);
        visitor.plain(b":");
        Ok(())
    }

    /// Goes past a number, `true`, `false` or `null`.
    fn plain(&mut self, first: u8) -> Result<&'a [u8], Stop> {
        let start = self.position;
        match first {
            b't' => self.literal(b"true")?,
            b'f' => self.literal(b"false")?,
            b'n' => self.literal(b"null")?,
            _ => {
                let rest = &self.bytes[start..];
                let end = rest.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
                let length = end.or(self.complete.then_some(rest.len())).ok_or(Stop::Incomplete)?;
                if !is_number(&rest[..length]) {
                    return Err(Stop::Malformed("a JSON value was expected"));
                }
                self.position += length;
            }
        }
        Ok(self.since(start))
    }

    fn literal(&mut self, text: &'static [u8]) -> Result<(), Stop> {
        let rest = &self.bytes[self.position..];
        if rest.starts_with(text) {
            self.position += text.len();
            Ok(())
        } else if text.starts_with(rest) {
            Err(Stop::Incomplete)
        } else {
            Err(Stop::Malformed("a JSON value was expected"))
        }
    }
}

/// A visitor for values that nobody needs.
pub struct Ignore;

impl Visitor for Ignore {
    fn plain(&mut self, _: &[u8]) {}
    fn string(&mut self, _: Text) {}
}

/// Whether this is a number as JSON (RFC 8259, section 6) writes it.
pub fn is_number(text: &[u8]) -> bool {
    fn digits(text: &[u8]) -> usize {
        text.iter().take_while(|byte| byte.is_ascii_digit()).count()
    }
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text[0] == b'0') {
        return false;
    }
    let mut rest = &text[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = exponent.strip_prefix(b"-").or(exponent.strip_prefix(b"+")).unwrap_or(exponent);
        let length = digits(exponent);
        if length == 0 {
            return false;
        }
        rest = &exponent[length..];
    }
    rest.is_empty()
}

/// How many bytes there are before the first quote, backslash or control character, and whether all of them are ASCII.
#[inline]
fn plain_prefix(bytes: &[u8]) -> (usize, bool) {
    let mut ascii = true;
    let (blocks, rest) = bytes.as_chunks();
    for (index, &block) in blocks.iter().enumerate() {
        let block = u8x16::new(block);
        let quotes_and_backslashes = block.simd_eq(u8x16::splat(b'"')) | block.simd_eq(u8x16::splat(b'\\'));
        // Bit n is that of byte n.
        let stops = (quotes_and_backslashes | block.simd_lt(u8x16::splat(b' '))).to_bitmask();
        let above_ascii = block.to_bitmask();
        if stops != 0 {
            let before = stops ^ (stops - 1);
            return (index * size_of_val(&block) + stops.trailing_zeros() as usize, ascii && above_ascii & before == 0);
        }
        ascii &= above_ascii == 0;
    }
    let is_stop = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    let length = rest.iter().position(is_stop).unwrap_or(rest.len());
    (bytes.len() - rest.len() + length, ascii && rest[..length].is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_plain_prefix_ends_at_the_first_special_byte(bytes in prop::collection::vec(prop_oneof![
            4 => b' '..=b'~', 1 => any::<u8>(), 1 => Just(b'"'), 1 => Just(b'\\'), 1 => Just(0x7f), 1 => Just(0xa2),
        ], 0..64)) {
            let (length, ascii) = plain_prefix(&bytes);
            let special = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
            prop_assert_eq!(length, special.unwrap_or(bytes.len()));
            prop_assert_eq!(ascii, bytes[..length].is_ascii());
        }

        #[test]
        fn numbers_are_those_of_serde_json(text in "-?[0-9]{0,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?") {
            prop_assert_eq!(is_number(text.as_bytes()), serde_json::from_str::<serde_json::Number>(&text).is_ok());
        }

        #[test]
        fn what_is_walked_is_json(text in r#"[\[\]{}:,"1a\\ ]{0,12}"#) {
            let mut scanner = Scanner::complete(text.as_bytes());
            let is_json = scanner.walk(&mut Ignore).is_ok() && scanner.peek() == Err(Stop::Incomplete);
            prop_assert_eq!(is_json, serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }

    #[test]
    fn every_beginning_of_a_value_is_incomplete() {
        let text = r#"{"a":[1,-2.5e3,true,false,null,"\u00e9\n é"],"b":{}}"#;
        for end in 0..text.len() {
            let mut scanner = Scanner::partial(&text.as_bytes()[..end]);
            // Cutting the é in two is not what makes the text incomplete.
            let result = scanner.walk(&mut Ignore);
            assert_eq!(result, Err(Stop::Incomplete), "{}", &text[..end.min(40)]);
        }
        assert_eq!(Scanner::partial(text.as_bytes()).walk(&mut Ignore), Ok(()));
    }
}
