//! Durations as people write them.

use jiff::{SignedDuration, Span, SpanRelativeTo};

/// Milliseconds of a text such as `15m`, `10 minutes`, `1h 30m` or `1d`. None for anything else, for negative durations, and
/// for months and years, which have no fixed length.
pub(super) fn milliseconds(text: &str) -> Option<u64> {
    let span: Span = text.trim().parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    u64::try_from(duration.as_millis()).ok()
}

/// The text of a duration: `15m`.
pub(super) fn spelled(milliseconds: u64) -> String {
    let duration = SignedDuration::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX));
    format!("{duration:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let cases = [
            ("500ms", Some(500)),
            ("30s", Some(30_000)),
            ("15m", Some(900_000)),
            ("10 minutes", Some(600_000)),
            ("1h", Some(3_600_000)),
            ("1.5 hours", Some(5_400_000)),
            ("1h 30m", Some(5_400_000)),
            (" 1d ", Some(86_400_000)),
            ("PT5M", Some(300_000)),
            ("0s", Some(0)),
            ("-5m", None),
            ("5m ago", None),
            ("2 months", None),
            ("30", None),
            ("soon", None),
            ("", None),
            ("99999999999999999999h", None),
        ];
        for (text, expected) in cases {
            assert_eq!(milliseconds(text), expected, "{text}");
        }
    }

    #[test]
    fn spelled_durations_can_be_read_back() {
        for duration_ms in [0, 1, 1_500, 900_000, 3_600_000, 2_592_000_000] {
            assert_eq!(milliseconds(&spelled(duration_ms)), Some(duration_ms));
        }
    }
}
