//! The only place that blocks.

use ingestor_core::failure::Failure;
use wasip2::clocks::monotonic_clock;
use wasip2::io::poll;

use crate::call::{Answer, Awaited, Call};
use crate::client::Client;
use crate::host;

/// Waits for silent servers are rounded up to this, so that many waits share one timer.
const TIMER_GRAIN_NS: u64 = 1_000_000_000;

impl Client {
    /// Waits until one of the calls can go on, or until the monotonic clock shows `until_ns`. It may return earlier; with
    /// nothing to wait for it returns at once.
    pub fn wait(&mut self, calls: &[&Call], until_ns: u64) {
        let mut wake_at_ns = until_ns;
        let mut silent_until_ns = u64::MAX;
        let mut pollables = Vec::with_capacity(calls.len() + 1);
        for call in calls {
            match call.awaited(&self.auth) {
                Awaited::Nothing => return,
                Awaited::Instant(at_ns) => wake_at_ns = wake_at_ns.min(at_ns),
                Awaited::Server(exchange) if exchange.pollables().is_empty() => return,
                Awaited::Server(exchange) => {
                    pollables.extend(exchange.pollables());
                    silent_until_ns = silent_until_ns.min(exchange.deadline_ns());
                }
                Awaited::NeverAgain => {}
            }
        }
        let wake_at_ns = wake_at_ns.min(silent_until_ns.div_ceil(TIMER_GRAIN_NS).saturating_mul(TIMER_GRAIN_NS));
        if wake_at_ns == u64::MAX || wake_at_ns <= host::monotonic_ns() {
            return;
        }
        if self.timer.as_ref().is_none_or(|(at_ns, _)| *at_ns != wake_at_ns) {
            self.timer = Some((wake_at_ns, monotonic_clock::subscribe_instant(wake_at_ns)));
        }
        pollables.extend(self.timer.as_ref().map(|(_, timer)| timer));
        poll::poll(&pollables);
    }

    /// Blocks until a call is through.
    pub fn complete(&mut self, mut call: Call) -> Result<Answer, Failure> {
        loop {
            if let Some(result) = call.advance(self) {
                return result;
            }
            self.wait(&[&call], u64::MAX);
        }
    }
}
