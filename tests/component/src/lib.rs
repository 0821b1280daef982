//! Runs the engine component, the very file that is shipped, under wasmtime: against a simulated BigQuery, against the
//! emulator, and against a network that fails on purpose.

mod artifact;
pub mod bigquery;
mod bindings;
mod clock;
pub mod emulator;
pub mod faults;
pub mod host;
pub mod http;
mod imports;
mod outgoing;
pub mod storage;
pub mod values;
pub mod world;
