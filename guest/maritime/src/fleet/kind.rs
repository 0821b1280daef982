//! The six types of vessels, and what is usual for each.

/// A type of vessel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VesselType {
    /// Boxes, on a timetable.
    Container,
    /// Ore, coal, grain.
    BulkCarrier,
    /// Oil, its products, chemicals.
    Tanker,
    /// Everything else.
    Cargo,
    /// Cruises and ferries.
    Passenger,
    /// Out to a ground and back.
    Fishing,
}

/// A range that numbers are drawn from.
pub(super) type Span = (f64, f64);

/// What is usual for a type.
#[derive(Debug)]
pub struct Habits {
    /// Its share of the fleet.
    pub share: f64,
    /// In metres.
    pub length_m: Span,
    /// Length to beam.
    pub slenderness: Span,
    /// Length to draught.
    pub shallowness: Span,
    /// Speed on passage.
    pub knots: Span,
    /// Gross tons for a cubic metre of length x beam x draught.
    pub gross_density: f64,
    /// Tonnes deadweight for the same.
    pub dead_density: f64,
    /// From one departure of the home port, by way of others, to the next.
    pub round_days: Span,
    /// How likely it has to wait at anchor for a berth.
    pub queue_chance: f64,
    /// How long, then.
    pub anchor_hours: Span,
    /// At the quay; on the ground, for fishing vessels.
    pub stay_hours: Span,
    /// How far the next port usually is.
    pub reach_nm: f64,
    /// The draught at sea, as a share of the largest: from empty to laden.
    pub lading: Span,
}

impl VesselType {
    /// All of them.
    pub const ALL: [VesselType; 6] = [
        VesselType::Container,
        VesselType::BulkCarrier,
        VesselType::Tanker,
        VesselType::Cargo,
        VesselType::Passenger,
        VesselType::Fishing,
    ];

    /// As the tables call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            VesselType::Container => "CONTAINER",
            VesselType::BulkCarrier => "BULK_CARRIER",
            VesselType::Tanker => "TANKER",
            VesselType::Cargo => "CARGO",
            VesselType::Passenger => "PASSENGER",
            VesselType::Fishing => "FISHING",
        }
    }

    /// What is usual for it.
    #[must_use]
    pub fn habits(self) -> &'static Habits {
        &HABITS[self as usize]
    }
}

/// In the order of [`VesselType::ALL`].
const HABITS: [Habits; 6] = [
    Habits {
        share: 0.20,
        length_m: (140.0, 400.0),
        slenderness: (6.2, 7.4),
        shallowness: (22.0, 27.0),
        knots: (15.5, 22.0),
        gross_density: 0.56,
        dead_density: 0.56,
        round_days: (56.0, 84.0),
        queue_chance: 0.35,
        anchor_hours: (2.0, 22.0),
        stay_hours: (10.0, 38.0),
        reach_nm: 3000.0,
        lading: (0.7, 0.98),
    },
    Habits {
        share: 0.24,
        length_m: (150.0, 330.0),
        slenderness: (5.6, 6.5),
        shallowness: (16.0, 19.0),
        knots: (11.5, 15.0),
        gross_density: 0.45,
        dead_density: 0.82,
        round_days: (80.0, 125.0),
        queue_chance: 0.7,
        anchor_hours: (8.0, 96.0),
        stay_hours: (36.0, 110.0),
        reach_nm: 6000.0,
        lading: (0.5, 1.0),
    },
    Habits {
        share: 0.21,
        length_m: (110.0, 333.0),
        slenderness: (5.4, 6.3),
        shallowness: (15.0, 18.0),
        knots: (11.5, 15.5),
        gross_density: 0.4,
        dead_density: 0.76,
        round_days: (55.0, 100.0),
        queue_chance: 0.6,
        anchor_hours: (6.0, 72.0),
        stay_hours: (20.0, 48.0),
        reach_nm: 4500.0,
        lading: (0.5, 1.0),
    },
    Habits {
        share: 0.18,
        length_m: (80.0, 200.0),
        slenderness: (5.8, 6.8),
        shallowness: (15.0, 19.0),
        knots: (10.5, 16.0),
        gross_density: 0.4,
        dead_density: 0.55,
        round_days: (40.0, 75.0),
        queue_chance: 0.45,
        anchor_hours: (3.0, 36.0),
        stay_hours: (18.0, 60.0),
        reach_nm: 1800.0,
        lading: (0.6, 1.0),
    },
    Habits {
        share: 0.05,
        length_m: (110.0, 345.0),
        slenderness: (6.6, 8.0),
        shallowness: (34.0, 40.0),
        knots: (16.0, 22.0),
        gross_density: 1.35,
        dead_density: 0.13,
        round_days: (10.0, 24.0),
        queue_chance: 0.05,
        anchor_hours: (1.0, 4.0),
        stay_hours: (8.0, 16.0),
        reach_nm: 700.0,
        lading: (0.95, 1.0),
    },
    Habits {
        share: 0.12,
        length_m: (24.0, 90.0),
        slenderness: (3.8, 5.0),
        shallowness: (9.0, 14.0),
        knots: (8.5, 12.5),
        gross_density: 0.35,
        dead_density: 0.28,
        round_days: (18.0, 40.0),
        queue_chance: 0.1,
        anchor_hours: (1.0, 6.0),
        stay_hours: (48.0, 190.0),
        reach_nm: 500.0,
        lading: (0.8, 1.0),
    },
];
