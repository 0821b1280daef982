//! The fleet: which vessels there are, and what they are like.

pub mod flags;
mod kind;
pub mod names;
mod vessel;

pub use kind::{Habits, VesselType};
pub(crate) use vessel::SLOW_STEAMING;
pub use vessel::Vessel;

use crate::world::World;
use crate::world::ports::PORTS;

/// The most vessels a fleet can have: so many IMO numbers of seven digits there are.
pub const MAX_VESSELS: u32 = 900_000;

/// A fleet of that size cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("totalVessels is {0}, expected 1 to {MAX_VESSELS}")]
pub struct FleetError(pub u32);

/// Vessels by number, from a seed. It holds none of them: each is computed when it is asked for.
#[derive(Debug, Clone)]
pub struct Fleet {
    pub(crate) seed: u64,
    total_vessels: u32,
    pub(crate) world: &'static World,
    pub(crate) choices: Choices,
}

impl Fleet {
    /// The fleet of a seed.
    ///
    /// # Errors
    /// When there are no vessels, or more than [`MAX_VESSELS`].
    pub fn new(seed: u64, total_vessels: u32) -> Result<Fleet, FleetError> {
        if !(1..=MAX_VESSELS).contains(&total_vessels) {
            return Err(FleetError(total_vessels));
        }
        let world = World::get();
        Ok(Fleet { seed, total_vessels, world, choices: Choices::new(world) })
    }

    /// How many vessels there are.
    #[must_use]
    pub fn total_vessels(&self) -> u32 {
        self.total_vessels
    }

    /// The vessel of a number below `total_vessels`.
    #[must_use]
    pub fn vessel(&self, index: u32) -> Vessel {
        debug_assert!(index < self.total_vessels);
        Vessel::draw(self, index)
    }
}

/// Weights for what is chosen again and again, summed up for [`crate::draw::Draw::weighted`].
#[derive(Debug, Clone)]
pub(crate) struct Choices {
    /// Of vessel types.
    types: [f64; 6],
    /// Of flags.
    flags: Vec<f64>,
    /// Of home ports.
    homes: [f64; PORTS.len()],
    /// Of the next port: by type, then by the port one is in.
    next_ports: Vec<[f64; PORTS.len()]>,
}

impl Choices {
    fn new(world: &World) -> Choices {
        let mut next_ports = Vec::with_capacity(VesselType::ALL.len() * PORTS.len());
        for kind in VesselType::ALL {
            let reach_nm = kind.habits().reach_nm;
            for from in 0..PORTS.len() {
                next_ports.push(summed(|to| match world.track(from as u8, to as u8).length_nm() {
                    _ if to == from => 0.0,
                    nm => PORTS[to].weight * libm::exp(-nm / reach_nm),
                }));
            }
        }
        Choices {
            types: summed(|kind| VesselType::ALL[kind].habits().share),
            flags: summed::<{ flags::FLAGS.len() }>(|flag| flags::FLAGS[flag].weight).to_vec(),
            homes: summed(|port| PORTS[port].weight),
            next_ports,
        }
    }

    pub(crate) fn next_ports(&self, kind: VesselType, from: u8) -> &[f64] {
        &self.next_ports[kind as usize * PORTS.len() + usize::from(from)]
    }
}

fn summed<const N: usize>(weight: impl Fn(usize) -> f64) -> [f64; N] {
    let mut sum = 0.0;
    std::array::from_fn(|index| {
        sum += weight(index);
        sum
    })
}
