//! Points in time as integer microseconds since 1970-01-01T00:00:00Z, as BigQuery has them. Never floating point.

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
