//! Ships that never sailed: a model of the world's traffic at sea, and the rows of it that go to BigQuery.
//!
//! Everything is a function of a seed. Any moment of any vessel, and any day of any table, can be computed by itself, in any
//! order, without state and without reading anything: the same seed gives the same bytes on every platform.

pub mod draw;
pub mod fleet;
pub mod motion;
pub mod rows;
pub mod situation;
pub mod sphere;
pub mod table;
pub mod timetable;
pub mod voyage;
pub mod world;
