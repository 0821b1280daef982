//! Values of one type each: what BigQuery writes for them to what a record holds, and to their canonical form.
//!
//! Each function appends to the record and to the canonical form, or returns None when the text is no value of the type;
//! the caller then drops the row. The text is that of BigQuery's string, without escapes.

use super::append::append;
use crate::config::NumericForm;
use crate::time::{self, Micros};

/// A number where JavaScript holds it exactly, a string elsewhere.
pub fn integer(text: &[u8], out: &mut Vec<u8>, canonical: &mut Vec<u8>) -> Option<()> {
    const MAX_SAFE: u64 = (1 << 53) - 1;
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.first().is_none_or(|&first| first == b'0') && text != b"0" {
        return None;
    }
    // Nineteen digits fit; more are more than an INT64 holds.
    if digits.len() > 19 {
        return None;
    }
    let magnitude = number(digits)?;
    if magnitude <= MAX_SAFE {
        append(text, out);
    } else if magnitude <= i64::MAX as u64 || text == b"-9223372036854775808" {
        quote(text, out);
    } else {
        return None;
    }
    append(text, canonical);
    Some(())
}

/// A number, or `"NaN"`, `"Infinity"`, `"-Infinity"`. The canonical form is that of the bits.
pub fn float(text: &[u8], out: &mut Vec<u8>, canonical: &mut Vec<u8>) -> Option<()> {
    if let Some(value) = short_number(text) {
        append(text, out);
        canonical.extend_from_slice(&value.to_bits().to_le_bytes());
        return Some(());
    }
    let text = std::str::from_utf8(text).ok()?;
    let value: f64 = text.parse().ok()?;
    if value.is_finite() {
        if super::scan::is_number(text.as_bytes()) {
            out.extend_from_slice(text.as_bytes());
        } else {
            out.extend_from_slice(format!("{value:?}").as_bytes());
        }
    } else if text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None; // 1e999 is a mistake, not infinity.
    } else if value.is_nan() {
        quote(b"NaN", out);
    } else {
        quote(if value > 0.0 { b"Infinity" } else { b"-Infinity" }, out);
    }
    let value = if value.is_nan() { f64::NAN } else { value };
    canonical.extend_from_slice(&value.to_bits().to_le_bytes());
    Some(())
}

/// The value of a JSON number without an exponent and of at most fifteen digits: more than half of all numbers are such ones. Digits
/// and power of ten are then exact, so that their quotient is the nearest there is.
fn short_number(text: &[u8]) -> Option<f64> {
    const MAX_DIGITS: usize = 15;
    const POWERS_OF_TEN: [f64; MAX_DIGITS] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14];
    let (digits, sign) = match text {
        [b'-', digits @ ..] => (digits, -1.0),
        digits => (digits, 1.0),
    };
    if digits.len() > MAX_DIGITS + 1 {
        return None;
    }
    let mut number = 0_u64;
    let mut whole = digits.len();
    for (position, &byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => number = number * 10 + u64::from(byte - b'0'),
            b'.' if whole == digits.len() => whole = position,
            _ => return None,
        }
    }
    let fraction = digits.len().saturating_sub(whole + 1);
    let is_json = whole > 0 && (whole == 1 || digits[0] != b'0') && (fraction > 0 || whole == digits.len());
    (is_json && whole + fraction <= MAX_DIGITS).then(|| sign * (number as f64 / POWERS_OF_TEN[fraction]))
}

/// The exact decimal number without needless zeros and without exponent: `1.1`.
pub fn decimal(text: &[u8], form: NumericForm, out: &mut Vec<u8>, canonical: &mut Vec<u8>) -> Option<()> {
    let start = canonical.len();
    Decimal::parse(text)?.write(canonical)?;
    match form {
        NumericForm::String => quote(&canonical[start..], out),
        NumericForm::Number => out.extend_from_slice(&canonical[start..]),
    }
    Some(())
}

/// `true` or `false`.
pub fn boolean(text: &[u8], out: &mut Vec<u8>, canonical: &mut Vec<u8>) -> Option<()> {
    if text != b"true" && text != b"false" {
        return None;
    }
    out.extend_from_slice(text);
    canonical.extend_from_slice(text);
    Some(())
}

/// RFC 3339. The canonical form is that of the microseconds.
pub fn timestamp(text: &[u8], out: &mut Vec<u8>, canonical: &mut Vec<u8>) -> Option<()> {
    let micros = micros(text)?;
    out.push(b'"');
    time::format_rfc3339(micros, out);
    out.push(b'"');
    canonical.extend_from_slice(&micros.to_le_bytes());
    Some(())
}

/// `2025-12-15`
pub fn date(text: &[u8], out: &mut Vec<u8>, canonical: &mut Vec<u8>) -> Option<()> {
    days(text)?;
    quote(text, out);
    canonical.extend_from_slice(text);
    Some(())
}

/// `19:59:00` or `19:59:00.123456`
pub fn time(text: &[u8], out: &mut Vec<u8>, canonical: &mut Vec<u8>) -> Option<()> {
    let start = canonical.len();
    write_time(text, canonical)?;
    quote(&canonical[start..], out);
    Some(())
}

/// `2025-12-15T19:59:00` or `2025-12-15T19:59:00.123456`
pub fn datetime(text: &[u8], out: &mut Vec<u8>, canonical: &mut Vec<u8>) -> Option<()> {
    let start = canonical.len();
    let (date, time) = split_datetime(text)?;
    days(date)?;
    canonical.extend_from_slice(date);
    canonical.push(b'T');
    write_time(time, canonical)?;
    quote(&canonical[start..], out);
    Some(())
}

/// The point in time that the canonical form of a DATE or DATETIME stands for, taken as UTC.
pub fn civil_micros(canonical: &[u8]) -> Option<Micros> {
    let (date, time) = split_datetime(canonical).unwrap_or((canonical, b"00:00:00"));
    Some(days(date)? * time::DAY + micros_of_day(time)?)
}

/// A TIMESTAMP: a whole number of microseconds, or seconds with a fraction or an exponent, which are read as the decimal
/// number they are and rounded to the nearest microsecond. None beyond BigQuery's range.
fn micros(text: &[u8]) -> Option<Micros> {
    let micros = match text {
        [b'1'..=b'9', ..]
            if text.len() <= 19
                && let Some(micros) = number(text) =>
        {
            i64::try_from(micros).ok()?
        }
        _ => Decimal::parse(text)?.micros()?,
    };
    (time::MIN..=time::MAX).contains(&micros).then_some(micros)
}

/// A decimal number as written.
struct Decimal<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: Option<i32>,
    has_point: bool,
}

impl<'a> Decimal<'a> {
    /// More than any BIGNUMERIC or FLOAT64 needs, and little enough to write out.
    const MAX_EXPONENT: i32 = 400;

    fn parse(text: &'a [u8]) -> Option<Self> {
        let (negative, rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (whole, mut rest) = rest.split_at(digits(rest));
        let mut decimal = Self { negative, whole, fraction: b"", exponent: None, has_point: false };
        if let [b'.', after @ ..] = rest {
            (decimal.fraction, rest) = after.split_at(digits(after));
            decimal.has_point = true;
        }
        if let [b'e' | b'E', exponent @ ..] = rest {
            let exponent: i32 = std::str::from_utf8(exponent).ok()?.parse().ok()?;
            decimal.exponent = Some(exponent);
            rest = b"";
            if exponent.abs() > Self::MAX_EXPONENT {
                return None;
            }
        }
        (rest.is_empty() && whole.len() + decimal.fraction.len() > 0).then_some(decimal)
    }

    /// As a whole number if it is one, and as seconds otherwise.
    fn micros(&self) -> Option<Micros> {
        if !self.is_whole_number() {
            return Some(self.signed(self.shifted(6)?));
        }
        let magnitude = if self.whole.len() > 19 { return None } else { number(self.whole)? };
        Some(self.signed(i64::try_from(magnitude).ok()?))
    }

    /// Whether it was written with digits only.
    fn is_whole_number(&self) -> bool {
        !self.has_point && self.exponent.is_none()
    }

    fn signed(&self, magnitude: i64) -> i64 {
        if self.negative { -magnitude } else { magnitude }
    }

    /// The magnitude times a power of ten, rounded half up. None when it is more than an i64 holds.
    fn shifted(&self, power: i32) -> Option<i64> {
        let point = self.point() + power;
        let mut magnitude: i64 = 0;
        for position in 0..point.max(0) {
            magnitude = magnitude.checked_mul(10)?.checked_add(i64::from(self.digit(position) - b'0'))?;
        }
        magnitude.checked_add(i64::from(self.digit(point) >= b'5'))
    }

    /// How many digits stand before the decimal point once the exponent is applied; negative for zeros after it.
    fn point(&self) -> i32 {
        self.whole.len() as i32 + self.exponent.unwrap_or(0)
    }

    /// The digit at a position, counted from the first one written; zeros around them.
    fn digit(&self, position: i32) -> u8 {
        let Ok(position) = usize::try_from(position) else { return b'0' };
        let fraction = || self.fraction.get(position - self.whole.len());
        *self.whole.get(position).or_else(fraction).unwrap_or(&b'0')
    }

    /// Appends the number without needless zeros and without exponent.
    fn write(&self, out: &mut Vec<u8>) -> Option<()> {
        let written = i32::try_from(self.whole.len() + self.fraction.len()).ok()?;
        let significant = |position: &i32| self.digit(*position) != b'0';
        let (Some(first), Some(last)) = ((0..written).find(significant), (0..written).rfind(significant)) else {
            out.push(b'0');
            return Some(());
        };
        if self.negative {
            out.push(b'-');
        }
        let point = self.point();
        if first >= point {
            out.push(b'0');
        }
        out.extend((first..point).map(|position| self.digit(position)));
        if last >= point {
            out.push(b'.');
            out.extend((point..=last).map(|position| self.digit(position)));
        }
        Some(())
    }
}

/// The day number of `2025-12-15`.
fn days(text: &[u8]) -> Option<i64> {
    let (year, rest) = text.split_first_chunk::<4>()?;
    let [b'-', month @ .., b'-', _, _] = rest else { return None };
    let day = &rest[rest.len() - 2..];
    if month.len() != 2 {
        return None;
    }
    time::days_from_civil(number(year)? as u32, number(month)? as u32, number(day)? as u32)
}

fn split_datetime(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (date, rest) = text.split_at_checked(10)?;
    match rest {
        [b'T' | b't' | b' ', time @ ..] => Some((date, time)),
        _ => None,
    }
}

/// The microseconds from midnight to `19:59:00.123456`.
fn micros_of_day(text: &[u8]) -> Option<Micros> {
    let (clock, fraction) = text.split_at_checked(8)?;
    let &[h1, h2, b':', m1, m2, b':', s1, s2] = clock else { return None };
    let [hours, minutes, seconds] = [[h1, h2], [m1, m2], [s1, s2]].map(|pair| number(&pair));
    let (hours, minutes, seconds) = (hours?, minutes?, seconds?);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let fraction = match fraction {
        [] => 0,
        [b'.', digits @ ..] if !digits.is_empty() => {
            let (micros, beyond) = digits.split_at(digits.len().min(6));
            if beyond.iter().any(|&digit| digit != b'0') {
                return None;
            }
            number(micros)? * 10_u64.pow(6 - micros.len() as u32)
        }
        _ => return None,
    };
    Some((((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + fraction) as Micros)
}

/// Appends a time of day with six fraction digits, or none when they are zero.
fn write_time(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let fraction = micros_of_day(text)? % time::SECOND;
    out.extend_from_slice(&text[..8]);
    if fraction != 0 {
        out.push(b'.');
        out.extend((0..6).rev().map(|power| b'0' + (fraction / 10_i64.pow(power) % 10) as u8));
    }
    Some(())
}

/// The number that digits write. At most nineteen of them.
fn number(digits: &[u8]) -> Option<u64> {
    let (blocks, rest) = digits.as_chunks();
    let number = blocks.iter().try_fold(0_u64, |number, block| {
        Some(number.wrapping_mul(100_000_000).wrapping_add(eight_digits(u64::from_le_bytes(*block))?))
    })?;
    rest.iter().try_fold(number, |number, &digit| {
        digit.is_ascii_digit().then(|| number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')))
    })
}

/// The number that eight digits write, the first one in the lowest byte. Neighbours are joined: to pairs, fours, and eight.
fn eight_digits(text: u64) -> Option<u64> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let values = text ^ (ONES * u64::from(b'0'));
    if (values | values.wrapping_add(ONES * 6)) & (ONES * 0xf0) != 0 {
        return None;
    }
    let pairs = (values * 10 + (values >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

/// Appends a text that needs no escapes as a string.
pub fn quote(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    append(text, out);
    out.push(b'"');
}
