//! Points in time as integer microseconds since 1970-01-01T00:00:00Z, as BigQuery has them. Never floating point.

use jiff::fmt::temporal::Pieces;

/// Microseconds since 1970-01-01T00:00:00Z; negative before.
pub type Micros = i64;

/// Microseconds in one millisecond.
pub const MILLISECOND: Micros = 1_000;
/// Microseconds in one second.
pub const SECOND: Micros = 1_000_000;
/// Microseconds in one minute.
pub const MINUTE: Micros = 60 * SECOND;
/// Microseconds in one hour.
pub const HOUR: Micros = 60 * MINUTE;
/// Microseconds in one day.
pub const DAY: Micros = 24 * HOUR;

/// BigQuery's smallest TIMESTAMP, 0001-01-01T00:00:00Z.
pub const MIN: Micros = -62_135_596_800_000_000;
/// BigQuery's largest TIMESTAMP, 9999-12-31T23:59:59.999999Z.
pub const MAX: Micros = 253_402_300_799_999_999;

/// Appends a point in time as RFC 3339 in UTC: six fraction digits, or none when they are zero. What lies outside of
/// BigQuery's years 1 to 9999 becomes the nearer end of them.
pub fn format_rfc3339(micros: Micros, out: &mut Vec<u8>) {
    // A division of 64 bits takes as long as all the rest: there is one. A day has 675 times 128 seconds.
    let since_min = (micros.clamp(MIN, MAX) - MIN) as u64;
    let (seconds, fraction) = (since_min / SECOND as u64, (since_min % SECOND as u64) as u32);
    let days = (seconds >> 7) as u32 / 675;
    let seconds = (seconds - u64::from(days) * 86_400) as u32;
    let (year, month, day) = civil_from_days(i64::from(days) + MIN / DAY);

    let mut text = *b"0000-00-00T00:00:00.000000Z";
    put_pair(&mut text, 0, year / 100);
    put_pair(&mut text, 2, year % 100);
    put_pair(&mut text, 5, month);
    put_pair(&mut text, 8, day);
    put_pair(&mut text, 11, seconds / 3600);
    put_pair(&mut text, 14, seconds / 60 % 60);
    put_pair(&mut text, 17, seconds % 60);
    if fraction == 0 {
        text[19] = b'Z';
        out.extend_from_slice(&text[..20]);
    } else {
        put_pair(&mut text, 20, fraction / 10_000);
        put_pair(&mut text, 22, fraction / 100 % 100);
        put_pair(&mut text, 24, fraction % 100);
        out.extend_from_slice(&text);
    }
}

/// A point in time as [`format_rfc3339`] writes it.
#[must_use]
pub fn to_rfc3339(micros: Micros) -> String {
    let mut text = Vec::with_capacity(27);
    format_rfc3339(micros, &mut text);
    String::from_utf8(text).expect("digits and punctuation are ASCII")
}

/// Reads RFC 3339 with any offset; digits beyond microseconds are dropped. None when it is something else, or outside of
/// BigQuery's range.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<Micros> {
    let pieces = Pieces::parse(text).ok()?;
    pieces.time().and(pieces.to_numeric_offset())?;
    micros_of(&pieces)
}

/// Reads a TIMESTAMP, DATETIME or DATE as records hold them; the latter two are taken as UTC.
#[must_use]
pub fn parse_stored(text: &str) -> Option<Micros> {
    micros_of(&Pieces::parse(text).ok()?)
}

/// Reads the value of an HTTP `Date` header (RFC 9110, section 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`).
#[must_use]
pub fn parse_http_date(text: &str) -> Option<Micros> {
    in_range(jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_nanosecond())
}

/// By civil time: `jiff::Timestamp` ends two days before BigQuery's TIMESTAMP does.
fn micros_of(pieces: &Pieces) -> Option<Micros> {
    let civil = pieces.date().to_datetime(pieces.time().unwrap_or_default());
    let ahead_seconds = pieces.to_numeric_offset().map_or(0, jiff::tz::Offset::seconds);
    let nanos = civil.duration_since(jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0)).as_nanos();
    in_range(nanos - i128::from(ahead_seconds) * 1_000_000_000)
}

fn in_range(nanos: i128) -> Option<Micros> {
    let micros = Micros::try_from(nanos.div_euclid(1_000)).ok()?;
    (MIN..=MAX).contains(&micros).then_some(micros)
}

/// The day number (0 is 1970-01-01) of a date in the years 1 to 9999; None when there is no such date.
pub(crate) fn days_from_civil(year: u32, month: u32, day: u32) -> Option<i64> {
    const DAYS_IN_MONTH: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = *DAYS_IN_MONTH.get(month.checked_sub(1)? as usize)? + u32::from(month == 2 && leap);
    if !(1..=9999).contains(&year) || !(1..=last).contains(&day) {
        return None;
    }
    // Years that begin in March have the leap day at their end.
    let (march_year, month_from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days_of_years = 365 * march_year + march_year / 4 - march_year / 100 + march_year / 400;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    Some(i64::from(days_of_years + day_of_year) - DAYS_FROM_MARCH_OF_YEAR_0)
}

/// From 0000-03-01 to 1970-01-01.
const DAYS_FROM_MARCH_OF_YEAR_0: i64 = 719_468;

/// Year, month and day of a day number within the years 1 to 9999.
fn civil_from_days(days: i64) -> (u32, u32, u32) {
    const DAYS_OF_400_YEARS: u32 = 146_097;
    let days = (days + DAYS_FROM_MARCH_OF_YEAR_0) as u32;
    let (era, day_of_era) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (400 * era + year_of_era + u32::from(month <= 2), month, day)
}

/// Writes a number below 100 as two digits at `position`.
fn put_pair(text: &mut [u8; 27], position: usize, number: u32) {
    text[position] = b'0' + (number / 10) as u8;
    text[position + 1] = b'0' + (number % 10) as u8;
}

/// A point in time in records: RFC 3339 text in microseconds.
pub(crate) mod rfc3339 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Micros;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
    pub fn serialize<S: Serializer>(at: &Micros, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::to_rfc3339(*at))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Micros, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse_rfc3339(&text).ok_or_else(|| D::Error::custom("not an RFC 3339 timestamp"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn six_fraction_digits_are_written_or_none() {
        assert_eq!(to_rfc3339(1_764_590_400_123_456), "2025-12-01T12:00:00.123456Z");
        assert_eq!(to_rfc3339(1_764_590_400_100_000), "2025-12-01T12:00:00.100000Z");
        assert_eq!(to_rfc3339(1_764_590_400_000_000), "2025-12-01T12:00:00Z");
        assert_eq!(to_rfc3339(-1), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn the_ends_of_the_range_are_bigquerys() {
        assert_eq!(to_rfc3339(MIN), "0001-01-01T00:00:00Z");
        assert_eq!(to_rfc3339(MAX), "9999-12-31T23:59:59.999999Z");
        assert_eq!(to_rfc3339(i64::MIN), to_rfc3339(MIN));
        assert_eq!(to_rfc3339(i64::MAX), to_rfc3339(MAX));
        for end in [MIN, MAX, MAX - DAY] {
            assert_eq!((parse_rfc3339(&to_rfc3339(end)), parse_stored(&to_rfc3339(end))), (Some(end), Some(end)));
        }
        assert_eq!(parse_stored("9999-12-31"), Some(MAX - DAY + 1));
        assert_eq!(parse_stored("9999-12-31T23:59:59.999999"), Some(MAX));
        assert_eq!(parse_rfc3339("9999-12-31T23:59:59-00:01"), None);
    }

    #[test]
    fn rfc3339_is_read_with_any_offset_and_precision() {
        assert_eq!(parse_rfc3339("2025-12-01T12:00:00.123456Z"), Some(1_764_590_400_123_456));
        assert_eq!(parse_rfc3339("2025-12-01T17:30:00+05:30"), Some(1_764_590_400_000_000));
        assert_eq!(parse_rfc3339("2025-12-01T12:00:00.123456789Z"), Some(1_764_590_400_123_456));
        assert_eq!(parse_rfc3339("1969-12-31T23:59:59.999999999Z"), Some(-1));
        assert_eq!(parse_rfc3339("yesterday"), None);
        assert_eq!(parse_rfc3339("2025-12-01"), None);
        assert_eq!(parse_rfc3339("0000-12-31T23:59:59Z"), None);
    }

    #[test]
    fn a_http_date_is_read() {
        assert_eq!(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777 * SECOND));
        assert_eq!(parse_http_date("06.11.1994"), None);
    }

    #[test]
    fn dates_that_do_not_exist_have_no_day_number() {
        assert_eq!(days_from_civil(1970, 1, 1), Some(0));
        assert_eq!(days_from_civil(2000, 2, 29), Some(11_016));
        for (year, month, day) in
            [(1900, 2, 29), (2025, 2, 29), (2025, 4, 31), (2025, 0, 1), (2025, 13, 1), (2025, 1, 0), (0, 1, 1)]
        {
            assert_eq!(days_from_civil(year, month, day), None, "{year}-{month}-{day}");
        }
    }

    proptest! {
        #[test]
        fn formatting_agrees_with_jiff(micros in MIN..=MAX) {
            let text = to_rfc3339(micros);
            prop_assert_eq!(parse_rfc3339(&text), Some(micros));
            let civil = jiff::Timestamp::from_microsecond(micros).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
            let seconds = civil.strftime("%Y-%m-%dT%H:%M:%S").to_string();
            prop_assert_eq!(&text[..19], seconds.as_str());
        }

        #[test]
        fn day_numbers_and_dates_are_inverse(days in MIN.div_euclid(DAY)..=MAX.div_euclid(DAY)) {
            let (year, month, day) = civil_from_days(days);
            prop_assert_eq!(days_from_civil(year, month, day), Some(days));
        }
    }
}
