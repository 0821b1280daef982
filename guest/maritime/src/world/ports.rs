//! The ports that ships call at, and the grounds where they fish.

/// A port.
#[derive(Debug)]
pub struct Port {
    /// Its UN/LOCODE.
    pub id: &'static str,
    /// Its name in English.
    pub name: &'static str,
    /// Its country's code of ISO 3166.
    pub country: &'static str,
    /// Latitude and longitude of its quays in degrees.
    pub quays: (f64, f64),
    /// Latitude and longitude of its roads, where ships wait at anchor.
    pub roads: (f64, f64),
    /// The way from the roads to the quays.
    pub approach: &'static [(f64, f64)],
    /// How much traffic it draws, by comparison with the others.
    pub weight: f64,
}

const fn port(
    id: &'static str,
    name: &'static str,
    country: &'static str,
    quays: (f64, f64),
    roads: (f64, f64),
    approach: &'static [(f64, f64)],
    weight: f64,
) -> Port {
    Port { id, name, country, quays, roads, approach, weight }
}

/// Twenty-nine of the world's busiest, on all its coasts. The weights follow the throughput of recent years loosely.
pub const PORTS: [Port; 29] = [
    port("SGSIN", "Singapore", "SG", (1.264, 103.84), (1.215, 103.9), &[], 9.0),
    port("CNSHA", "Shanghai", "CN", (30.626, 122.065), (30.52, 122.42), &[], 10.0),
    port("CNNGB", "Ningbo-Zhoushan", "CN", (29.935, 121.885), (29.74, 122.2), &[(29.85, 122.05)], 7.0),
    port("CNSZX", "Shenzhen", "CN", (22.472, 113.87), (22.2, 113.79), &[(22.4, 113.85)], 6.0),
    port("CNTAO", "Qingdao", "CN", (36.01, 120.22), (35.93, 120.5), &[(35.99, 120.32)], 5.0),
    port("HKHKG", "Hong Kong", "HK", (22.335, 114.12), (22.17, 114.13), &[], 4.0),
    port("KRPUS", "Busan", "KR", (35.075, 128.83), (34.98, 128.92), &[], 5.5),
    port("JPYOK", "Yokohama", "JP", (35.44, 139.67), (35.37, 139.73), &[], 3.5),
    port("TWKHH", "Kaohsiung", "TW", (22.55, 120.31), (22.5, 120.2), &[], 3.0),
    port("MYPKG", "Port Klang", "MY", (2.995, 101.36), (2.92, 101.2), &[], 4.0),
    port("LKCMB", "Colombo", "LK", (6.95, 79.845), (6.97, 79.74), &[], 2.5),
    port("INNSA", "Nhava Sheva", "IN", (18.95, 72.945), (18.84, 72.72), &[], 2.5),
    port("AEJEA", "Jebel Ali", "AE", (25.01, 55.055), (25.14, 54.93), &[], 5.0),
    port("SAJED", "Jeddah", "SA", (21.485, 39.165), (21.42, 39.0), &[], 2.5),
    port("EGPSD", "Port Said", "EG", (31.255, 32.31), (31.5, 32.4), &[], 2.0),
    port("GRPIR", "Piraeus", "GR", (37.94, 23.61), (37.86, 23.6), &[], 2.5),
    port("ESALG", "Algeciras", "ES", (36.135, -5.435), (36.07, -5.4), &[], 2.5),
    port("ESVLC", "Valencia", "ES", (39.44, -0.315), (39.4, -0.18), &[], 2.5),
    port("NLRTM", "Rotterdam", "NL", (51.955, 4.06), (52.02, 3.75), &[(51.99, 4.0)], 6.5),
    port(
        "BEANR",
        "Antwerp",
        "BE",
        (51.28, 4.31),
        (51.46, 3.2),
        &[(51.41, 3.6), (51.37, 3.83), (51.42, 4.02), (51.36, 4.24)],
        5.0,
    ),
    port(
        "DEHAM",
        "Hamburg",
        "DE",
        (53.535, 9.935),
        (54.02, 8.1),
        &[(53.98, 8.4), (53.89, 8.75), (53.87, 9.15), (53.62, 9.53)],
        4.0,
    ),
    port("GBFXT", "Felixstowe", "GB", (51.955, 1.31), (51.87, 1.55), &[(51.92, 1.36)], 2.0),
    port("USNYC", "New York/New Jersey", "US", (40.67, -74.08), (40.45, -73.8), &[(40.48, -74.0), (40.6, -74.05)], 4.5),
    port("USHOU", "Houston", "US", (29.615, -94.99), (29.25, -94.6), &[(29.35, -94.72), (29.5, -94.87)], 4.5),
    port("USLAX", "Los Angeles", "US", (33.735, -118.26), (33.67, -118.2), &[], 5.0),
    port("PAONX", "Colon", "PA", (9.365, -79.885), (9.45, -79.93), &[], 2.0),
    port("BRSSZ", "Santos", "BR", (-23.975, -46.3), (-24.1, -46.32), &[], 3.0),
    port("ZADUR", "Durban", "ZA", (-29.875, 31.03), (-29.88, 31.15), &[], 2.0),
    port("AUSYD", "Sydney", "AU", (-33.974, 151.215), (-34.03, 151.35), &[], 2.0),
];

/// A place at sea where fishing vessels work.
#[derive(Debug)]
pub struct Ground {
    /// What a fishing vessel gives as its destination.
    pub name: &'static str,
    /// Latitude and longitude of its middle in degrees.
    pub middle: (f64, f64),
    /// How far from the middle nets are cast, as far as the lanes there are long enough for it.
    pub radius_nm: f64,
}

const fn ground(name: &'static str, latitude: f64, longitude: f64, radius_nm: f64) -> Ground {
    Ground { name, middle: (latitude, longitude), radius_nm }
}

/// So many that each port has some within a few days.
pub const GROUNDS: [Ground; 24] = [
    ground("DOGGER BANK", 55.0, 2.6, 40.0),
    ground("CELTIC SEA", 49.6, -8.2, 40.0),
    ground("GULF OF CADIZ", 36.2, -7.8, 25.0),
    ground("SAHARA BANK", 23.5, -18.0, 40.0),
    ground("BALEARIC SEA", 39.9, 1.2, 15.0),
    ground("IONIAN SEA", 36.3, 18.8, 50.0),
    ground("LEVANT", 32.9, 31.2, 35.0),
    ground("RED SEA", 20.4, 38.5, 25.0),
    ground("ARABIAN SEA", 20.8, 66.0, 60.0),
    ground("PERSIAN GULF", 26.0, 53.6, 20.0),
    ground("LACCADIVE SEA", 8.2, 75.3, 40.0),
    ground("ANDAMAN SEA", 7.2, 96.4, 40.0),
    ground("NATUNA SEA", 5.8, 107.0, 50.0),
    ground("MACCLESFIELD BANK", 15.6, 114.4, 50.0),
    ground("TAIWAN STRAIT", 25.2, 120.0, 20.0),
    ground("EAST CHINA SEA", 29.0, 124.8, 50.0),
    ground("YELLOW SEA", 35.2, 123.4, 40.0),
    ground("KUROSHIO", 36.3, 144.0, 60.0),
    ground("TASMAN SEA", -35.4, 153.2, 50.0),
    ground("AGULHAS BANK", -35.9, 22.0, 35.0),
    ground("SANTOS BASIN", -25.6, -44.8, 40.0),
    ground("GULF OF MEXICO", 27.6, -92.6, 50.0),
    ground("GEORGES BANK", 40.9, -67.4, 35.0),
    ground("CALIFORNIA CURRENT", 32.2, -120.4, 45.0),
];
