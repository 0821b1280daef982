//! The sync of a table in a simulated world.

mod broken;
mod plan;
mod scenarios;
mod seeds;
mod source;
mod storage;
mod worker;
mod world;
