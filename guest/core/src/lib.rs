//! The part of the sync engine that can be decided without touching the world.
//!
//! No I/O, no clock, no randomness, no WebAssembly in here: bytes, time and random numbers come in as arguments, and
//! what should happen goes out as plain values. That is what lets the tests run years of crashes and late rows in a second.

pub mod capacity;
pub mod checkpoint;
pub mod claims;
pub mod cluster;
pub mod config;
pub mod cost;
pub mod decode;
pub mod failure;
pub mod phase;
pub mod record_id;
pub mod retry;
pub mod schema;
pub mod slots;
pub mod source;
pub mod sql;
pub mod sync;
pub mod time;
pub mod validation;
