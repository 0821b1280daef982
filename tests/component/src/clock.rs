//! Clocks of a machine that runs an engine. Tests may set them forward, so that nobody has to sit out a minute.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

/// A wall clock and one that never jumps; clones are the same clocks.
#[derive(Clone)]
pub struct Clock {
    started_at: Instant,
    wall_ahead_ms: i64,
    skipped_ms: Arc<AtomicU64>,
}

impl Clock {
    /// Clocks of which the wall clock is so far ahead of ours.
    #[must_use]
    pub fn ahead_by(wall_ahead_ms: i64) -> Self {
        Self { started_at: Instant::now(), wall_ahead_ms, skipped_ms: Arc::default() }
    }

    /// Sets both forward, by whole milliseconds.
    pub fn skip(&self, duration: Duration) {
        self.skipped_ms.fetch_add(duration.as_millis() as u64, Ordering::SeqCst);
    }

    /// Time since the start, what was skipped included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started_at.elapsed() + self.skipped()
    }

    fn skipped(&self) -> Duration {
        Duration::from_millis(self.skipped_ms.load(Ordering::SeqCst))
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        let ours = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970") + self.skipped();
        let shift = Duration::from_millis(self.wall_ahead_ms.unsigned_abs());
        if self.wall_ahead_ms < 0 { ours - shift } else { ours + shift }
    }
}

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        self.elapsed().as_nanos() as u64
    }
}
