//! What the headers of an answer say.

use ingestor_core::time::Micros;
use jiff::fmt::rfc2822::DateTimeParser;

/// `Sun, 06 Nov 1994 08:49:37 GMT`
pub(crate) fn http_date(value: &str) -> Option<Micros> {
    DateTimeParser::new().parse_timestamp(value.trim()).ok().map(jiff::Timestamp::as_microsecond)
}

/// `Retry-After`, which is either seconds or a date by the server's clock, as milliseconds from `now` by that clock.
pub(crate) fn retry_after_ms(value: &str, now: Micros) -> Option<u64> {
    if let Ok(seconds) = value.trim().parse::<u32>() {
        return Some(u64::from(seconds) * 1_000);
    }
    let wait = http_date(value)? - now;
    Some(u64::try_from(wait / 1_000).unwrap_or(0))
}

/// `Range: bytes=0-524287` in the answer to a part of an upload: how many bytes have arrived.
pub(crate) fn received_bytes(value: &str) -> Option<u64> {
    let last: u64 = value.trim().strip_prefix("bytes=0-")?.parse().ok()?;
    last.checked_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingestor_core::time::SECOND;

    #[test]
    fn an_http_date_is_a_point_in_time() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777 * SECOND));
        assert_eq!(http_date("yesterday"), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = 784_111_770 * SECOND;
        assert_eq!(retry_after_ms("7", now), Some(7_000));
        assert_eq!(retry_after_ms("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(7_000));
        assert_eq!(retry_after_ms("Sun, 06 Nov 1994 08:49:30 GMT", now + 99 * SECOND), Some(0));
        assert_eq!(retry_after_ms("soon", now), None);
    }

    #[test]
    fn the_range_of_an_upload_says_how_many_bytes_have_arrived() {
        assert_eq!(received_bytes("bytes=0-524287"), Some(524_288));
        assert_eq!(received_bytes("bytes=5-9"), None);
        assert_eq!(received_bytes("none"), None);
    }
}
