//! The host's clocks.

use wasip2::clocks::monotonic_clock;

/// Nanoseconds in a millisecond.
pub const NANOS_PER_MS: u64 = 1_000_000;

/// Milliseconds of the clock that never jumps.
pub fn monotonic_ms() -> u64 {
    monotonic_clock::now() / NANOS_PER_MS
}
