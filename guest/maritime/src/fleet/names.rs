//! Names of ships and of their owners. All of them are invented.

use super::VesselType;
use crate::draw::Draw;

/// A ship's name: two words, and a number where the same words are used once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// What comes first.
    pub first: &'static str,
    /// What comes next.
    pub second: &'static str,
    /// 1 for the first ship of this name, which does not show it.
    pub number: u8,
}

impl Name {
    /// Draws a name that suits the type.
    pub(super) fn draw(kind: VesselType, draw: &mut Draw) -> Name {
        let second = match kind {
            VesselType::Container => CONTAINER,
            VesselType::BulkCarrier => BULK_CARRIER,
            VesselType::Tanker => TANKER,
            VesselType::Cargo => CARGO,
            VesselType::Passenger => PASSENGER,
            VesselType::Fishing => FISHING,
        };
        let number = if draw.chance(0.85) { 1 } else { 2 + draw.below(11) as u8 };
        Name { first: draw.pick(FIRST), second: draw.pick(second), number }
    }
}

/// Roman numerals from 1 on.
pub const NUMERALS: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

/// An owner: a name and what kind of business it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// Its name.
    pub name: &'static str,
    /// Its business.
    pub business: &'static str,
}

impl Owner {
    pub(super) fn draw(draw: &mut Draw) -> Owner {
        Owner { name: draw.pick(OWNERS), business: draw.pick(BUSINESSES) }
    }
}

#[rustfmt::skip]
const FIRST: &[&str] = &[
    "AMBER", "ANTARES", "ARCTIC", "ASTRAL", "ATLANTIC", "AURORA", "AZURE", "BALTIC", "BRAVE", "BRIGHT", "CAPE",
    "CELESTIAL", "CORAL", "CRIMSON", "CRYSTAL", "DIAMOND", "EASTERN", "EMERALD", "ETERNAL", "FAIR", "FORTUNE",
    "GENTLE", "GLOBAL", "GOLDEN", "GRAND", "HARBOUR", "HIGHLAND", "IMPERIAL", "INDIGO", "ISLAND", "IVORY", "JADE",
    "KIND", "LIBERTY", "LUCKY", "LUNAR", "MAJESTIC", "MERIDIAN", "MORNING", "NOBLE", "NORDIC", "NORTHERN", "OCEAN",
    "OPAL", "ORIENT", "PACIFIC", "PEARL", "POLAR", "PROUD", "QUIET", "RADIANT", "RIVER", "ROYAL", "RUBY", "SAPPHIRE",
    "SEA", "SILVER", "SOLAR", "SOUTHERN", "STELLAR", "SUMMER", "SWIFT", "TIMELESS", "TRANS", "TROPIC", "TRUE",
    "UNITED", "VALIANT", "VELVET", "WESTERN", "WHITE", "WINTER",
];

#[rustfmt::skip]
const CONTAINER: &[&str] = &[
    "BRIDGE", "EXPRESS", "TRADER", "LINER", "CONVOY", "MERCHANT", "GATEWAY", "HORIZON", "JOURNEY", "LINK", "PASSAGE",
    "PROMISE", "SPAN", "STRIDE", "TEMPO", "VENTURE", "VOYAGER", "CARAVAN", "COURIER", "CROSSING",
];
#[rustfmt::skip]
const BULK_CARRIER: &[&str] = &[
    "HARVEST", "MOUNTAIN", "GRAIN", "GRANITE", "IRON", "PRAIRIE", "RIDGE", "SUMMIT", "VALLEY", "PLATEAU", "BASIN",
    "BOULDER", "CANYON", "CEDAR", "ELEVATOR", "FIELD", "FOREST", "QUARRY", "STEPPE", "ORCHARD",
];
#[rustfmt::skip]
const TANKER: &[&str] = &[
    "FLAME", "SPIRIT", "CURRENT", "BEACON", "COMET", "DELTA", "ENERGY", "FOUNTAIN", "LANTERN", "METEOR", "NEBULA",
    "ORBIT", "PLANET", "PULSAR", "SPRING", "STREAM", "TORCH", "ZENITH", "EMBER", "QUASAR",
];
#[rustfmt::skip]
const CARGO: &[&str] = &[
    "CARRIER", "PIONEER", "PILGRIM", "RANGER", "ROVER", "SCOUT", "STAR", "WIND", "GLORY", "HERO", "HOPE", "LADY",
    "PRIDE", "QUEST", "SAGA", "SPARROW", "SWALLOW", "TIDE", "WANDERER", "WAVE",
];
#[rustfmt::skip]
const PASSENGER: &[&str] = &[
    "PRINCESS", "SERENADE", "SYMPHONY", "DREAM", "FANTASIA", "HARMONY", "MELODY", "MUSE", "ODYSSEY", "PARADISE",
    "QUEEN", "REGATTA", "RHAPSODY", "SONATA", "SPLENDOUR", "WALTZ",
];
#[rustfmt::skip]
const FISHING: &[&str] = &[
    "CORMORANT", "GANNET", "HERRING", "OSPREY", "PELICAN", "PETREL", "PUFFIN", "SEAGULL", "TERN", "TUNA", "FISHER",
    "CATCH", "HARPOON", "MACKEREL", "NET", "ALBATROSS",
];

#[rustfmt::skip]
const OWNERS: &[&str] = &[
    "Aldermoor", "Anselm", "Bergvik", "Blue Anchor", "Calder", "Castellan", "Corvane", "Dunmore", "Eastgate",
    "Ellingsund", "Fairhaven", "Galatea", "Granvik", "Halcyon", "Harrowgate", "Iskander", "Kestrel", "Lindholm",
    "Lodestar", "Marisol", "Meltem", "Nordhavn", "Oriel", "Pelagia", "Penhallow", "Quayside", "Ravenscar", "Sandvig",
    "Seven Capes", "Silverfin", "Solvang", "Stormont", "Tamarind", "Thalassa", "Trelawney", "Umber", "Vantage",
    "Westerhaven", "Windrose", "Zephyra",
];

const BUSINESSES: &[&str] =
    &["Shipping", "Maritime", "Marine", "Navigation", "Lines", "Ship Holding", "Bulk", "Carriers", "Shipmanagement"];
