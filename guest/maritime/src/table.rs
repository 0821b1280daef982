//! The three tables, as BigQuery has them.

/// A table of maritime data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// Where vessels are, as their transponders report it.
    VesselPositions,
    /// Calls at ports: when vessels arrive, anchor, berth and depart.
    PortEvents,
    /// What a register of ships knows about vessels, each time it is renewed.
    VesselMetadata,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type, as BigQuery's REST API calls it.
    pub kind: &'static str,
    /// Whether it is REQUIRED; NULLABLE otherwise.
    pub required: bool,
}

const fn required(name: &'static str, kind: &'static str) -> Column {
    Column { name, kind, required: true }
}

const fn nullable(name: &'static str, kind: &'static str) -> Column {
    Column { name, kind, required: false }
}

impl Table {
    /// All of them.
    pub const ALL: [Table; 3] = [Table::VesselPositions, Table::PortEvents, Table::VesselMetadata];

    /// Its usual id.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Table::VesselPositions => "vessel_positions",
            Table::PortEvents => "port_events",
            Table::VesselMetadata => "vessel_metadata",
        }
    }

    /// The column that says when a row was true: by its day the table is partitioned, if it is.
    #[must_use]
    pub fn timestamp_column(self) -> &'static str {
        self.columns()[0].name
    }

    /// Whether it is partitioned by the day of its timestamp column.
    #[must_use]
    pub fn is_partitioned(self) -> bool {
        self != Table::VesselMetadata
    }

    /// The columns that it is clustered by, if any.
    #[must_use]
    pub fn clustering(self) -> &'static [&'static str] {
        match self {
            Table::VesselPositions => &["vessel_type", "mmsi"],
            Table::PortEvents | Table::VesselMetadata => &[],
        }
    }

    /// Its columns, in the order of its rows.
    #[must_use]
    pub fn columns(self) -> &'static [Column] {
        match self {
            Table::VesselPositions => VESSEL_POSITIONS,
            Table::PortEvents => PORT_EVENTS,
            Table::VesselMetadata => VESSEL_METADATA,
        }
    }
}

const VESSEL_POSITIONS: &[Column] = &[
    required("timestamp", "TIMESTAMP"),
    required("mmsi", "STRING"),
    nullable("imo", "STRING"),
    nullable("vessel_name", "STRING"),
    nullable("vessel_type", "STRING"),
    nullable("flag", "STRING"),
    nullable("length", "INTEGER"),
    nullable("beam", "INTEGER"),
    nullable("draft", "FLOAT"),
    required("latitude", "FLOAT"),
    required("longitude", "FLOAT"),
    nullable("speed_knots", "FLOAT"),
    nullable("course", "INTEGER"),
    nullable("heading", "INTEGER"),
    nullable("status", "STRING"),
    nullable("destination", "STRING"),
    nullable("eta", "TIMESTAMP"),
    nullable("report_date", "STRING"),
];

const PORT_EVENTS: &[Column] = &[
    required("event_time", "TIMESTAMP"),
    required("port_id", "STRING"),
    nullable("port_name", "STRING"),
    required("vessel_mmsi", "STRING"),
    required("event_type", "STRING"),
    nullable("status", "STRING"),
    nullable("latitude", "FLOAT"),
    nullable("longitude", "FLOAT"),
];

const VESSEL_METADATA: &[Column] = &[
    required("last_updated", "TIMESTAMP"),
    required("mmsi", "STRING"),
    nullable("imo", "STRING"),
    nullable("vessel_name", "STRING"),
    nullable("vessel_type", "STRING"),
    nullable("flag", "STRING"),
    nullable("callsign", "STRING"),
    nullable("length", "INTEGER"),
    nullable("beam", "INTEGER"),
    nullable("draft", "FLOAT"),
    nullable("gross_tonnage", "INTEGER"),
    nullable("deadweight", "INTEGER"),
    nullable("year_built", "INTEGER"),
    nullable("home_port", "STRING"),
    nullable("owner", "STRING"),
    nullable("status", "STRING"),
];
