//! Situations that must come out right, each with the component as it is shipped. One binary, so that it is linked once.

mod confinement;
mod crashes;
mod credentials;
mod fidelity;
mod idling;
mod network;
mod pages;
mod prefetch;
mod query_errors;
mod reading;
mod sharing;
mod storing;
mod support;
mod types;
mod validation;
