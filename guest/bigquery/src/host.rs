//! Clocks and randomness of the host.

use ingestor_core::time::Micros;
use rsa::rand_core;
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::random::random;

/// Nanoseconds of a clock that never goes back; only differences mean anything.
pub(crate) fn monotonic_ns() -> u64 {
    monotonic_clock::now()
}

/// The host's idea of now.
pub(crate) fn wall_micros() -> Micros {
    let now = wall_clock::now();
    now.seconds as Micros * 1_000_000 + Micros::from(now.nanoseconds / 1_000)
}

/// Unpredictable bits.
pub(crate) fn random_u64() -> u64 {
    random::get_random_u64()
}

/// `wasi:random`, which is required to be cryptographically secure, for signatures.
pub(crate) struct HostRandom;

impl rand_core::CryptoRng for HostRandom {}

impl rand_core::RngCore for HostRandom {
    fn next_u32(&mut self) -> u32 {
        random_u64() as u32
    }

    fn next_u64(&mut self) -> u64 {
        random_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&random::get_random_bytes(bytes.len() as u64));
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}
