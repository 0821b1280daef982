//! Flags that ships sail under.

/// A flag.
#[derive(Debug)]
pub struct Flag {
    /// The state's code of ISO 3166.
    pub code: &'static str,
    /// Its Maritime Identification Digits, as the ITU assigns them: the first three digits of a ship's MMSI.
    pub digits: &'static [u32],
    /// With what its call signs begin, by the ITU's table of international call sign series.
    pub call_sign: &'static str,
    /// Its share among merchant ships, by comparison with the others; loosely after the world's tonnage.
    pub weight: f64,
}

const fn flag(code: &'static str, digits: &'static [u32], call_sign: &'static str, weight: f64) -> Flag {
    Flag { code, digits, call_sign, weight }
}

/// Registers of convenience, and the countries of the ports.
pub const FLAGS: [Flag; 28] = [
    flag("PA", &[351, 352, 353, 354, 355, 356, 357, 370, 371, 372], "3F", 16.0),
    flag("LR", &[636], "D5", 15.0),
    flag("MH", &[538], "V7", 13.0),
    flag("HK", &[477], "VR", 8.0),
    flag("SG", &[563, 564, 565, 566], "9V", 8.0),
    flag("MT", &[215, 229, 248, 249, 256], "9H", 6.0),
    flag("CN", &[412, 413, 414], "B", 7.0),
    flag("BS", &[308, 309, 311], "C6", 4.0),
    flag("GR", &[237, 239, 240, 241], "SV", 3.0),
    flag("JP", &[431, 432], "JD", 3.0),
    flag("CY", &[209, 210, 212], "5B", 2.5),
    flag("ID", &[525], "PK", 2.5),
    flag("DK", &[219, 220], "OU", 1.5),
    flag("NO", &[257, 258, 259], "LA", 2.0),
    flag("PT", &[255, 263], "CQ", 1.5),
    flag("GB", &[232, 233, 234, 235], "M", 1.2),
    flag("DE", &[211, 218], "DA", 1.0),
    flag("NL", &[244, 245, 246], "PB", 1.2),
    flag("IT", &[247], "IB", 1.0),
    flag("KR", &[440, 441], "D7", 1.2),
    flag("IN", &[419], "VT", 1.0),
    flag("US", &[338, 366, 367, 368, 369], "WD", 1.0),
    flag("BR", &[710], "PP", 0.5),
    flag("ES", &[224, 225], "EA", 0.5),
    flag("TW", &[416], "BM", 0.6),
    flag("MY", &[533], "9M", 0.6),
    flag("AU", &[503], "VJ", 0.3),
    flag("ZA", &[601], "ZR", 0.2),
];

/// The flag of a country, if it is among them.
#[must_use]
pub fn of_country(code: &str) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.code == code)
}
