// Ports of the world, and the sea lanes between them: a coarse graph of straits, capes and ocean crossings, so that no
// track leads across a continent.
import { distanceNm } from './sphere.mjs';

/** @typedef {import('./sphere.mjs').Point} Point */
/** @typedef {Point & {id: string, name: string, country: string, lane: string}} Port `id` is the UN/LOCODE, `lane` the waypoint off it */

/** @type {Record<string, [latitude: number, longitude: number]>} */
const WAYPOINTS = {
  dover: [51.05, 1.5],
  germanBight: [54.1, 7.6],
  ushant: [48.7, -5.9],
  finisterre: [43.2, -9.8],
  gibraltar: [35.95, -5.6],
  sardinia: [38.2, 8.2],
  malta: [35.6, 15.2],
  aegean: [36.2, 23.2],
  portSaid: [31.5, 32.4],
  suez: [29.7, 32.55],
  babElMandeb: [12.5, 43.4],
  socotra: [13.2, 51.8],
  hormuz: [26.3, 56.6],
  gulf: [25.6, 54.6],
  arabianSea: [20.5, 66.0],
  dondra: [5.7, 80.6],
  bengal: [12.0, 83.0],
  aceh: [6.2, 95.0],
  malacca: [3.2, 100.5],
  singapore: [1.2, 103.7],
  southChinaSea: [9.5, 110.0],
  hongKong: [22.0, 114.4],
  taiwanStrait: [24.5, 119.4],
  yangtze: [31.2, 122.8],
  yellowSea: [36.0, 122.9],
  korea: [34.6, 129.2],
  osumi: [30.8, 130.7],
  sagami: [34.6, 139.6],
  northPacificWest: [45.0, 165.0],
  northPacificEast: [47.0, -150.0],
  juanDeFuca: [48.5, -125.0],
  california: [34.0, -120.8],
  hawaii: [23.5, -157.5],
  panamaPacific: [7.0, -79.6],
  panamaAtlantic: [9.6, -79.9],
  yucatan: [21.8, -85.6],
  gulfOfMexico: [27.5, -93.0],
  florida: [24.3, -81.5],
  hatteras: [34.8, -74.8],
  newYork: [40.3, -73.5],
  grandBanks: [43.5, -50.0],
  mona: [18.3, -67.8],
  recife: [-8.0, -34.0],
  rio: [-24.3, -44.5],
  dakar: [14.8, -18.2],
  lagos: [4.5, 3.0],
  goodHope: [-35.2, 18.2],
  durban: [-30.5, 31.8],
  madagascar: [-27.0, 48.0],
  sunda: [-6.8, 104.6],
  leeuwin: [-34.8, 114.4],
  bass: [-39.2, 145.5],
  sydney: [-34.0, 152.0],
  torres: [-10.5, 142.3],
  coralSea: [-18.0, 155.0],
};

const LANES = `
  germanBight-dover dover-ushant ushant-finisterre finisterre-gibraltar gibraltar-sardinia sardinia-malta malta-aegean
  malta-portSaid aegean-portSaid portSaid-suez suez-babElMandeb babElMandeb-socotra socotra-arabianSea socotra-dondra
  gulf-hormuz hormuz-arabianSea arabianSea-dondra dondra-bengal dondra-aceh bengal-aceh aceh-malacca malacca-singapore
  singapore-southChinaSea southChinaSea-hongKong hongKong-taiwanStrait taiwanStrait-yangtze yangtze-yellowSea
  yangtze-korea yellowSea-korea yangtze-osumi korea-osumi osumi-sagami sagami-northPacificWest
  northPacificWest-northPacificEast northPacificEast-juanDeFuca northPacificEast-california juanDeFuca-california
  california-hawaii hawaii-sagami california-panamaPacific panamaPacific-panamaAtlantic panamaAtlantic-yucatan
  yucatan-gulfOfMexico yucatan-florida gulfOfMexico-florida florida-hatteras hatteras-newYork newYork-grandBanks
  grandBanks-ushant panamaAtlantic-mona mona-hatteras mona-finisterre mona-recife recife-rio recife-dakar
  dakar-finisterre dakar-lagos lagos-goodHope rio-goodHope goodHope-durban durban-madagascar madagascar-dondra
  madagascar-sunda durban-socotra sunda-singapore sunda-leeuwin leeuwin-bass bass-sydney sydney-coralSea coralSea-torres
  torres-sunda coralSea-sagami madagascar-leeuwin`;

/** @type {[id: string, name: string, country: string, latitude: number, longitude: number, lane: string][]} */
const PORT_TABLE = [
  ['SGSIN', 'Singapore', 'SG', 1.264, 103.84, 'singapore'],
  ['CNSHA', 'Shanghai', 'CN', 30.626, 122.065, 'yangtze'],
  ['CNNGB', 'Ningbo-Zhoushan', 'CN', 29.935, 121.885, 'yangtze'],
  ['CNSZX', 'Shenzhen', 'CN', 22.565, 113.88, 'hongKong'],
  ['CNTAO', 'Qingdao', 'CN', 36.01, 120.22, 'yellowSea'],
  ['HKHKG', 'Hong Kong', 'HK', 22.335, 114.12, 'hongKong'],
  ['KRPUS', 'Busan', 'KR', 35.075, 128.83, 'korea'],
  ['JPTYO', 'Tokyo', 'JP', 35.605, 139.79, 'sagami'],
  ['JPYOK', 'Yokohama', 'JP', 35.44, 139.67, 'sagami'],
  ['TWKHH', 'Kaohsiung', 'TW', 22.55, 120.31, 'taiwanStrait'],
  ['MYPKG', 'Port Klang', 'MY', 2.995, 101.36, 'malacca'],
  ['LKCMB', 'Colombo', 'LK', 6.95, 79.845, 'dondra'],
  ['INNSA', 'Nhava Sheva', 'IN', 18.95, 72.945, 'arabianSea'],
  ['AEJEA', 'Jebel Ali', 'AE', 25.01, 55.055, 'gulf'],
  ['SAJED', 'Jeddah', 'SA', 21.485, 39.165, 'suez'],
  ['EGPSD', 'Port Said', 'EG', 31.255, 32.31, 'portSaid'],
  ['GRPIR', 'Piraeus', 'GR', 37.94, 23.61, 'aegean'],
  ['ESALG', 'Algeciras', 'ES', 36.135, -5.435, 'gibraltar'],
  ['ESVLC', 'Valencia', 'ES', 39.44, -0.315, 'sardinia'],
  ['NLRTM', 'Rotterdam', 'NL', 51.955, 4.06, 'dover'],
  ['BEANR', 'Antwerp', 'BE', 51.28, 4.31, 'dover'],
  ['DEHAM', 'Hamburg', 'DE', 53.535, 9.935, 'germanBight'],
  ['GBFXT', 'Felixstowe', 'GB', 51.955, 1.31, 'dover'],
  ['USNYC', 'New York/New Jersey', 'US', 40.67, -74.08, 'newYork'],
  ['USHOU', 'Houston', 'US', 29.615, -94.99, 'gulfOfMexico'],
  ['USLAX', 'Los Angeles', 'US', 33.735, -118.26, 'california'],
  ['PAONX', 'Colon', 'PA', 9.365, -79.885, 'panamaAtlantic'],
  ['BRSSZ', 'Santos', 'BR', -23.975, -46.3, 'rio'],
  ['ZADUR', 'Durban', 'ZA', -29.875, 31.03, 'durban'],
];

/** @type {readonly Port[]} */
export const PORTS = PORT_TABLE.map(([id, name, country, latitude, longitude, lane]) => {
  return { id, name, country, latitude, longitude, lane };
});

/** @param {string} name @returns {Point} */
const waypoint = (name) => ({ latitude: WAYPOINTS[name][0], longitude: WAYPOINTS[name][1] });

/** @type {Map<string, {to: string, nm: number}[]>} */
const NEIGHBOURS = new Map(Object.keys(WAYPOINTS).map((name) => [name, []]));
for (const lane of LANES.trim().split(/\s+/)) {
  const [a, b] = lane.split('-');
  const nm = distanceNm(waypoint(a), waypoint(b));
  NEIGHBOURS.get(a)?.push({ to: b, nm });
  NEIGHBOURS.get(b)?.push({ to: a, nm });
}

/** @param {string} from @returns {Map<string, string>} for every waypoint, the one before it on the shortest way there */
function shortestPaths(from) {
  const distance = new Map([[from, 0]]);
  /** @type {Map<string, string>} */
  const previous = new Map();
  const open = new Set(NEIGHBOURS.keys());
  while (open.size > 0) {
    const nearest = [...open].reduce((a, b) =>
      (distance.get(a) ?? Infinity) <= (distance.get(b) ?? Infinity) ? a : b,
    );
    open.delete(nearest);
    for (const { to, nm } of NEIGHBOURS.get(nearest) ?? []) {
      const candidate = (distance.get(nearest) ?? Infinity) + nm;
      if (candidate < (distance.get(to) ?? Infinity)) {
        distance.set(to, candidate);
        previous.set(to, nearest);
      }
    }
  }
  return previous;
}

const PATHS = new Map([...NEIGHBOURS.keys()].map((name) => [name, shortestPaths(name)]));

/** @param {Port} from @param {Port} to @returns {Point[]} the way by sea, both ports included */
export function seaRoute(from, to) {
  const names = [to.lane];
  while (names[0] !== from.lane) names.unshift(/** @type {string} */ (PATHS.get(from.lane)?.get(names[0])));
  return [from, ...names.map(waypoint), to];
}
