//! The sea lanes: straits, capes and canals, and which of them ships sail between without meeting land.

/// A point of the sea lanes.
#[derive(Debug)]
pub struct Waypoint {
    /// How the lanes below call it.
    pub name: &'static str,
    /// Latitude in degrees.
    pub latitude: f64,
    /// Longitude in degrees.
    pub longitude: f64,
    /// How far off it ships still pass, so that they do not all sail on one line.
    pub width_nm: f64,
}

const fn at(name: &'static str, latitude: f64, longitude: f64, width_nm: f64) -> Waypoint {
    Waypoint { name, latitude, longitude, width_nm }
}

/// The points, region by region.
pub const WAYPOINTS: &[Waypoint] = &[
    // North Sea and Channel
    at("germanBight", 54.12, 7.4, 4.0),
    at("terschelling", 53.65, 4.9, 4.0),
    at("texel", 53.0, 4.0, 5.0),
    at("northSea", 54.0, 3.4, 8.0),
    at("maas", 52.05, 3.5, 2.0),
    at("northHinder", 51.75, 2.4, 4.0),
    at("westHinder", 51.42, 2.5, 2.0),
    at("sunk", 51.83, 1.85, 2.0),
    at("dover", 51.01, 1.44, 2.0),
    at("greenwich", 50.4, 0.0, 5.0),
    at("casquets", 50.05, -2.9, 6.0),
    at("ushant", 48.85, -5.95, 6.0),
    at("bishopRock", 49.4, -6.9, 8.0),
    // Iberia and the western Mediterranean
    at("finisterre", 43.3, -9.95, 8.0),
    at("roca", 38.75, -9.95, 7.0),
    at("saintVincent", 36.75, -9.25, 7.0),
    at("spartel", 35.9, -6.4, 4.0),
    at("gibraltar", 35.95, -5.55, 1.5),
    at("europaPoint", 36.0, -5.1, 3.0),
    at("alboran", 36.25, -3.2, 8.0),
    at("gata", 36.45, -1.85, 5.0),
    at("palos", 37.45, -0.35, 5.0),
    at("nao", 38.75, 0.6, 3.0),
    at("valencia", 39.3, 0.0, 3.0),
    at("formentera", 38.2, 1.5, 6.0),
    at("algiers", 37.4, 3.5, 10.0),
    at("sardinia", 38.0, 8.6, 8.0),
    at("capeBon", 37.45, 11.2, 4.0),
    // Eastern Mediterranean
    at("malta", 36.35, 14.5, 5.0),
    at("crete", 34.35, 23.6, 8.0),
    at("matapan", 35.85, 22.4, 6.0),
    at("antikythira", 35.98, 23.15, 1.5),
    at("velopoula", 36.75, 23.75, 4.0),
    at("hydra", 37.3, 23.85, 1.5),
    at("saronic", 37.7, 23.68, 1.0),
    at("cretanSea", 35.85, 24.9, 5.0),
    at("kasos", 35.22, 26.6, 2.0),
    at("portSaid", 31.65, 32.4, 4.0),
    // Suez, the Red Sea and the Gulf of Aden
    at("canalNorth", 31.25, 32.31, 0.0),
    at("ismailia", 30.58, 32.3, 0.0),
    at("bitterLake", 30.3, 32.4, 0.1),
    at("suez", 29.9, 32.56, 0.2),
    at("zafarana", 29.1, 32.78, 2.0),
    at("ghareb", 28.3, 33.3, 2.0),
    at("gubal", 27.62, 33.98, 1.0),
    at("redSeaNorth", 26.4, 35.1, 8.0),
    at("redSea", 21.5, 38.2, 8.0),
    at("redSeaSouth", 17.2, 40.45, 8.0),
    at("zuqar", 14.1, 42.35, 2.0),
    at("babElMandeb", 12.58, 43.3, 1.0),
    at("aden", 12.3, 44.9, 6.0),
    at("adenEast", 13.2, 50.3, 10.0),
    at("guardafui", 12.35, 51.55, 2.0),
    at("socotra", 13.6, 54.5, 12.0),
    // Arabian Sea and the Gulf
    at("socotraEast", 11.8, 56.0, 12.0),
    at("masirah", 20.0, 60.2, 8.0),
    at("hadd", 22.9, 60.4, 6.0),
    at("fujairah", 25.2, 57.2, 6.0),
    at("hormuz", 26.5, 56.55, 1.5),
    at("tunbs", 26.1, 55.5, 2.0),
    at("jebelAli", 25.3, 54.85, 3.0),
    at("mumbai", 18.75, 72.3, 6.0),
    at("goa", 15.0, 72.8, 8.0),
    at("comorin", 7.4, 77.2, 6.0),
    at("eightDegree", 7.75, 73.0, 8.0),
    at("colombo", 6.9, 79.55, 4.0),
    at("galle", 5.8, 79.75, 4.0),
    at("dondra", 5.65, 80.5, 4.0),
    // Malacca and Singapore
    at("aceh", 6.5, 95.0, 10.0),
    at("malaccaNorth", 5.7, 97.7, 8.0),
    at("jarak", 4.1, 99.6, 6.0),
    at("oneFathom", 2.9, 100.85, 2.5),
    at("malacca", 1.95, 102.1, 1.5),
    at("karimun", 1.3, 103.2, 1.0),
    at("singaporeWest", 1.17, 103.65, 0.5),
    at("singapore", 1.2, 103.88, 0.5),
    at("singaporeEast", 1.3, 104.3, 1.0),
    at("horsburgh", 1.4, 104.65, 1.5),
    // Java and the way south
    at("lingga", 0.6, 105.3, 3.0),
    at("karimata", -1.6, 107.6, 3.0),
    at("belitung", -3.0, 108.65, 4.0),
    at("javaSea", -5.2, 106.6, 3.0),
    at("sunda", -5.88, 105.85, 1.0),
    at("sundaWest", -6.7, 104.6, 5.0),
    at("javaSouth", -9.2, 110.0, 8.0),
    at("baliSouth", -9.8, 115.0, 8.0),
    at("roti", -11.5, 122.5, 10.0),
    at("timorSea", -10.6, 128.8, 8.0),
    at("arafura", -10.2, 139.0, 8.0),
    at("torres", -10.55, 142.15, 0.7),
    at("bligh", -9.35, 144.2, 2.0),
    // South China Sea
    at("anambas", 3.4, 105.0, 6.0),
    at("natuna", 6.5, 107.8, 10.0),
    at("condore", 9.0, 109.6, 12.0),
    at("paracels", 15.0, 113.4, 15.0),
    at("pearlRiver", 21.85, 113.9, 3.0),
    at("hongKong", 21.9, 114.4, 3.0),
    at("shantou", 22.4, 116.8, 8.0),
    at("penghuWest", 23.2, 118.8, 4.0),
    at("penghuEast", 23.5, 119.85, 2.0),
    at("kaohsiung", 22.4, 120.1, 2.0),
    at("taiwanStrait", 24.7, 119.7, 6.0),
    at("matsu", 26.4, 121.2, 6.0),
    at("bashi", 20.9, 121.2, 5.0),
    // East China Sea, Korea and Japan
    at("zhoushan", 29.4, 123.1, 8.0),
    at("yangtze", 31.0, 123.2, 6.0),
    at("yellowSea", 34.6, 123.0, 10.0),
    at("qingdao", 35.75, 120.9, 3.0),
    at("jeju", 32.8, 126.4, 6.0),
    at("jejuEast", 33.7, 127.8, 5.0),
    at("busan", 34.85, 129.05, 2.0),
    at("tsushima", 35.1, 129.6, 3.0),
    at("tsugaruWest", 41.1, 139.6, 4.0),
    at("tappi", 41.32, 140.22, 1.0),
    at("oma", 41.63, 140.98, 1.0),
    at("tsugaruEast", 41.5, 141.9, 4.0),
    at("goto", 32.3, 128.3, 4.0),
    at("koshiki", 31.0, 129.6, 3.0),
    at("osumi", 30.92, 130.78, 0.7),
    at("daito", 27.6, 130.7, 6.0),
    at("toi", 31.0, 131.8, 4.0),
    at("shionomisaki", 33.15, 135.9, 5.0),
    at("mikomoto", 34.5, 138.95, 1.5),
    at("oshima", 34.9, 139.35, 1.5),
    at("uraga", 35.2, 139.77, 0.5),
    at("sunosaki", 34.93, 139.68, 1.0),
    at("nojima", 34.68, 140.0, 3.0),
    at("inubo", 35.6, 141.4, 6.0),
    at("sanriku", 39.2, 142.7, 6.0),
    at("erimo", 41.5, 143.6, 5.0),
    at("izu", 33.48, 139.7, 3.0),
    at("sofuGan", 29.2, 140.6, 6.0),
    // Pacific coast of the Americas
    at("conception", 34.35, -120.8, 4.0),
    at("santaBarbara", 34.12, -119.5, 1.5),
    at("losAngeles", 33.58, -118.45, 1.5),
    at("sanDiego", 32.4, -117.8, 4.0),
    at("cedros", 28.2, -116.2, 8.0),
    at("magdalena", 24.5, -113.2, 8.0),
    at("sanLucas", 22.3, -110.5, 8.0),
    at("manzanillo", 18.3, -105.2, 8.0),
    at("tehuantepec", 14.9, -98.0, 10.0),
    at("salvador", 12.4, -91.5, 10.0),
    at("costaRica", 8.6, -86.0, 8.0),
    at("coiba", 6.9, -82.3, 5.0),
    at("mala", 7.0, -79.8, 4.0),
    at("galapagos", -2.6, -90.0, 12.0),
    at("balboa", 8.75, -79.5, 1.0),
    // Panama, the Caribbean and the Gulf of Mexico
    at("miraflores", 9.0, -79.6, 0.0),
    at("gatun", 9.2, -79.88, 0.1),
    at("colon", 9.55, -79.95, 3.0),
    at("jamaica", 17.8, -75.4, 6.0),
    at("windward", 20.0, -73.85, 3.0),
    at("miraPorVos", 22.05, -74.7, 2.0),
    at("crooked", 23.0, -74.55, 1.5),
    at("sanSalvador", 24.9, -73.6, 8.0),
    at("mona", 18.25, -67.85, 3.0),
    at("monaNorth", 19.4, -67.6, 5.0),
    at("nicaragua", 15.6, -81.4, 8.0),
    at("yucatan", 21.7, -85.6, 4.0),
    at("galveston", 29.1, -94.5, 3.0),
    at("tortugas", 24.1, -83.2, 5.0),
    at("keyWest", 24.0, -81.4, 4.0),
    at("bimini", 25.6, -79.75, 3.0),
    at("canaveral", 28.4, -79.4, 6.0),
    at("curacao", 13.2, -69.5, 5.0),
    at("guajira", 13.0, -72.0, 6.0),
    at("grenada", 11.7, -61.0, 2.0),
    // Atlantic
    at("hatteras", 34.9, -74.7, 8.0),
    at("ambrose", 40.35, -73.5, 3.0),
    at("nantucket", 40.3, -69.3, 6.0),
    at("grandBanks", 42.6, -50.0, 20.0),
    at("guiana", 7.0, -50.5, 15.0),
    at("calcanhar", -4.3, -35.0, 5.0),
    at("recife", -7.7, -34.1, 7.0),
    at("bahia", -13.2, -37.6, 7.0),
    at("abrolhos", -18.2, -37.6, 7.0),
    at("caboFrio", -23.5, -41.5, 7.0),
    at("santos", -24.3, -46.2, 4.0),
    at("canaries", 28.2, -14.95, 3.0),
    at("agadir", 30.8, -12.5, 8.0),
    at("capeBlanc", 21.0, -18.5, 8.0),
    at("dakar", 14.8, -18.5, 8.0),
    at("sierraLeone", 7.5, -15.5, 12.0),
    at("palmas", 2.0, -9.5, 20.0),
    // Africa's south and east
    at("goodHope", -34.9, 18.0, 8.0),
    at("agulhas", -35.4, 20.2, 8.0),
    at("portElizabeth", -34.5, 26.0, 5.0),
    at("eastLondon", -33.3, 28.6, 4.0),
    at("saintJohns", -31.6, 30.1, 3.0),
    at("durban", -30.0, 31.45, 4.0),
    at("delagoa", -26.5, 34.5, 8.0),
    at("bassasDaIndia", -22.5, 38.0, 8.0),
    at("mozambique", -16.3, 41.9, 6.0),
    at("comoros", -11.2, 41.9, 6.0),
    at("somalia", 1.5, 48.5, 10.0),
    at("hafun", 10.3, 52.3, 6.0),
    at("madagascar", -27.3, 46.5, 15.0),
    // Australia and the western Pacific
    at("leeuwin", -35.0, 114.3, 10.0),
    at("otway", -39.3, 143.5, 4.0),
    at("bass", -39.45, 146.5, 2.0),
    at("gabo", -37.8, 150.5, 5.0),
    at("sydney", -34.1, 151.6, 4.0),
    at("portStephens", -32.7, 153.0, 4.0),
    at("smokyCape", -30.9, 153.5, 4.0),
    at("byron", -28.6, 154.1, 5.0),
    at("sandyCape", -24.0, 154.3, 8.0),
    at("coralSea", -16.5, 152.5, 10.0),
    at("jomard", -11.3, 152.1, 1.0),
    at("woodlark", -9.2, 152.1, 3.0),
    at("solomonSea", -7.8, 152.9, 5.0),
    at("buka", -4.7, 153.9, 2.0),
    at("bismarck", -2.3, 154.6, 8.0),
    at("threeKings", -33.5, 171.8, 10.0),
];

/// Which points are joined. A port's id stands for its roads.
pub const LANES: &str = "
    DEHAM-germanBight germanBight-terschelling germanBight-northSea terschelling-texel northSea-texel northSea-terschelling
    texel-maas texel-northHinder NLRTM-maas maas-northHinder northHinder-westHinder BEANR-westHinder westHinder-dover
    northHinder-dover GBFXT-sunk sunk-northHinder sunk-dover dover-greenwich greenwich-casquets casquets-ushant
    casquets-bishopRock ushant-finisterre bishopRock-finisterre
    finisterre-roca roca-saintVincent saintVincent-spartel spartel-gibraltar gibraltar-ESALG ESALG-europaPoint
    gibraltar-europaPoint europaPoint-alboran alboran-gata gata-palos palos-nao nao-valencia valencia-ESVLC palos-formentera
    nao-formentera gata-algiers formentera-sardinia algiers-sardinia sardinia-capeBon capeBon-malta
    malta-crete malta-matapan matapan-antikythira matapan-crete antikythira-velopoula velopoula-hydra hydra-saronic
    saronic-GRPIR velopoula-cretanSea antikythira-cretanSea cretanSea-kasos kasos-portSaid crete-portSaid portSaid-EGPSD
    EGPSD-canalNorth canalNorth-ismailia ismailia-bitterLake bitterLake-suez suez-zafarana zafarana-ghareb ghareb-gubal
    gubal-redSeaNorth redSeaNorth-redSea redSea-SAJED redSea-redSeaSouth redSeaSouth-zuqar zuqar-babElMandeb
    babElMandeb-aden aden-adenEast adenEast-socotra adenEast-guardafui
    socotra-masirah masirah-hadd hadd-fujairah fujairah-hormuz hormuz-tunbs tunbs-jebelAli jebelAli-AEJEA
    socotra-eightDegree socotra-mumbai hadd-mumbai masirah-mumbai hadd-eightDegree mumbai-INNSA mumbai-goa goa-comorin
    comorin-colombo comorin-dondra eightDegree-comorin eightDegree-colombo eightDegree-dondra colombo-LKCMB colombo-galle galle-dondra
    dondra-aceh aceh-malaccaNorth malaccaNorth-jarak jarak-oneFathom oneFathom-MYPKG oneFathom-malacca malacca-karimun
    karimun-singaporeWest singaporeWest-singapore singapore-SGSIN SGSIN-singaporeEast singapore-singaporeEast
    singaporeEast-horsburgh horsburgh-anambas horsburgh-lingga lingga-karimata karimata-belitung belitung-javaSea
    javaSea-sunda sunda-sundaWest sundaWest-javaSouth javaSouth-baliSouth baliSouth-roti roti-timorSea timorSea-arafura
    arafura-torres torres-bligh bligh-coralSea
    anambas-natuna natuna-condore condore-paracels paracels-hongKong paracels-pearlRiver paracels-bashi paracels-kaohsiung
    pearlRiver-CNSZX pearlRiver-hongKong hongKong-HKHKG hongKong-shantou pearlRiver-HKHKG shantou-penghuWest
    shantou-kaohsiung hongKong-bashi shantou-bashi penghuWest-taiwanStrait kaohsiung-TWKHH TWKHH-penghuEast kaohsiung-bashi
    penghuEast-taiwanStrait taiwanStrait-matsu matsu-zhoushan zhoushan-CNNGB zhoushan-yangtze yangtze-CNSHA zhoushan-CNSHA
    yangtze-yellowSea yangtze-jeju yellowSea-qingdao qingdao-CNTAO yellowSea-jeju zhoushan-jeju jeju-jejuEast
    jejuEast-busan busan-KRPUS busan-tsushima tsushima-tsugaruWest tsugaruWest-tappi tappi-oma oma-tsugaruEast
    jeju-goto jejuEast-goto goto-koshiki yangtze-koshiki zhoushan-koshiki koshiki-osumi osumi-toi toi-shionomisaki
    shionomisaki-mikomoto mikomoto-oshima oshima-uraga uraga-JPYOK oshima-sunosaki uraga-sunosaki sunosaki-nojima nojima-inubo shionomisaki-izu
    izu-inubo izu-nojima inubo-sanriku sanriku-tsugaruEast tsugaruEast-erimo bashi-daito daito-toi bashi-sofuGan
    conception-santaBarbara santaBarbara-losAngeles losAngeles-USLAX USLAX-sanDiego sanDiego-cedros cedros-magdalena
    magdalena-sanLucas sanLucas-manzanillo manzanillo-tehuantepec tehuantepec-salvador salvador-costaRica costaRica-coiba coiba-mala
    mala-balboa balboa-miraflores miraflores-gatun gatun-PAONX
    PAONX-colon colon-jamaica jamaica-windward windward-miraPorVos miraPorVos-crooked crooked-sanSalvador colon-mona
    mona-monaNorth colon-nicaragua nicaragua-yucatan yucatan-galveston galveston-USHOU yucatan-tortugas galveston-tortugas
    tortugas-keyWest keyWest-bimini bimini-canaveral canaveral-hatteras hatteras-ambrose sanSalvador-ambrose
    monaNorth-ambrose monaNorth-hatteras ambrose-USNYC ambrose-nantucket hatteras-nantucket colon-guajira guajira-curacao
    curacao-grenada grenada-guiana mona-curacao
    guiana-calcanhar calcanhar-recife recife-bahia bahia-abrolhos abrolhos-caboFrio caboFrio-santos santos-BRSSZ
    saintVincent-agadir spartel-agadir agadir-canaries canaries-capeBlanc capeBlanc-dakar roca-agadir dakar-sierraLeone sierraLeone-palmas
    goodHope-agulhas agulhas-portElizabeth portElizabeth-eastLondon eastLondon-saintJohns saintJohns-durban durban-ZADUR
    durban-delagoa delagoa-bassasDaIndia bassasDaIndia-mozambique mozambique-comoros comoros-somalia somalia-hafun
    hafun-guardafui somalia-socotraEast socotraEast-masirah
    otway-bass bass-gabo gabo-sydney sydney-AUSYD sydney-portStephens portStephens-smokyCape smokyCape-byron byron-sandyCape sandyCape-coralSea coralSea-jomard
    jomard-woodlark woodlark-solomonSea solomonSea-buka buka-bismarck
";

/// Crossings of open water: which points are joined, and how far from the great circle ships sail between them.
pub const CROSSINGS: &[(&str, &str, f64)] = &[
    ("bishopRock", "grandBanks", 60.0),
    ("grandBanks", "nantucket", 40.0),
    ("grandBanks", "saintVincent", 60.0),
    ("bishopRock", "canaveral", 60.0),
    ("saintVincent", "canaveral", 35.0),
    ("monaNorth", "bishopRock", 60.0),
    ("monaNorth", "saintVincent", 60.0),
    ("guiana", "dakar", 60.0),
    ("guiana", "capeBlanc", 40.0),
    ("dakar", "recife", 50.0),
    ("dakar", "calcanhar", 50.0),
    ("palmas", "goodHope", 60.0),
    ("recife", "goodHope", 70.0),
    ("santos", "goodHope", 70.0),
    ("agulhas", "madagascar", 10.0),
    ("durban", "madagascar", 50.0),
    ("madagascar", "dondra", 25.0),
    ("madagascar", "sundaWest", 70.0),
    ("madagascar", "leeuwin", 70.0),
    ("somalia", "eightDegree", 40.0),
    ("leeuwin", "dondra", 70.0),
    ("leeuwin", "sundaWest", 50.0),
    ("leeuwin", "otway", 50.0),
    ("bismarck", "inubo", 60.0),
    ("bismarck", "bashi", 40.0),
    ("inubo", "conception", 70.0),
    ("erimo", "conception", 50.0),
    ("inubo", "sanLucas", 70.0),
    ("sofuGan", "conception", 70.0),
    ("losAngeles", "threeKings", 60.0),
    ("mala", "galapagos", 25.0),
    ("galapagos", "threeKings", 60.0),
    ("sydney", "threeKings", 40.0),
];

/// Ways to the fishing grounds.
pub const GROUND_LANES: &[(&str, &str)] = &[
    ("DOGGER BANK", "northSea"),
    ("CELTIC SEA", "bishopRock"),
    ("GULF OF CADIZ", "spartel"),
    ("GULF OF CADIZ", "saintVincent"),
    ("SAHARA BANK", "capeBlanc"),
    ("SAHARA BANK", "canaries"),
    ("BALEARIC SEA", "valencia"),
    ("IONIAN SEA", "malta"),
    ("IONIAN SEA", "matapan"),
    ("LEVANT", "portSaid"),
    ("RED SEA", "redSea"),
    ("ARABIAN SEA", "hadd"),
    ("ARABIAN SEA", "mumbai"),
    ("PERSIAN GULF", "jebelAli"),
    ("LACCADIVE SEA", "comorin"),
    ("LACCADIVE SEA", "eightDegree"),
    ("ANDAMAN SEA", "aceh"),
    ("ANDAMAN SEA", "malaccaNorth"),
    ("NATUNA SEA", "natuna"),
    ("NATUNA SEA", "anambas"),
    ("MACCLESFIELD BANK", "paracels"),
    ("TAIWAN STRAIT", "taiwanStrait"),
    ("EAST CHINA SEA", "zhoushan"),
    ("EAST CHINA SEA", "yangtze"),
    ("YELLOW SEA", "yellowSea"),
    ("YELLOW SEA", "jeju"),
    ("KUROSHIO", "inubo"),
    ("TASMAN SEA", "sydney"),
    ("AGULHAS BANK", "agulhas"),
    ("AGULHAS BANK", "portElizabeth"),
    ("SANTOS BASIN", "santos"),
    ("SANTOS BASIN", "caboFrio"),
    ("GULF OF MEXICO", "galveston"),
    ("GEORGES BANK", "nantucket"),
    ("CALIFORNIA CURRENT", "sanDiego"),
    ("CALIFORNIA CURRENT", "conception"),
];
