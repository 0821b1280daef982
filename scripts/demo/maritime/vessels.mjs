// A fleet with plausible names, sizes and identification numbers. Names and owners are invented.
import { between, integerBetween, pick, seededRandom } from './random.mjs';

/**
 * @typedef {object} Vessel
 * @property {string} mmsi
 * @property {string} imo
 * @property {string} name
 * @property {string} type
 * @property {string} flag
 * @property {string} callsign
 * @property {number} length in metres
 * @property {number} beam in metres
 * @property {number} draft in metres
 * @property {number} grossTonnage
 * @property {number} deadweight in tonnes
 * @property {number} yearBuilt
 * @property {string} owner
 * @property {number} cruiseKnots
 */

// Share of the fleet, length in metres, length to beam, length to draft, speed in knots, gross tons and deadweight tonnes
// for a cubic metre of length x beam x draft.
const TYPES = [
  { type: 'CONTAINER', share: 0.3, length: [150, 399], beam: 6.6, draft: 25, knots: [16, 21], gross: 0.95, dead: 0.9 },
  {
    type: 'BULK_CARRIER',
    share: 0.25,
    length: [150, 330],
    beam: 6.2,
    draft: 18,
    knots: [12, 15],
    gross: 0.65,
    dead: 1,
  },
  { type: 'TANKER', share: 0.2, length: [120, 333], beam: 5.8, draft: 16.5, knots: [12, 15], gross: 0.6, dead: 1 },
  { type: 'CARGO', share: 0.15, length: [80, 200], beam: 6.3, draft: 17, knots: [11, 15], gross: 0.6, dead: 0.8 },
  { type: 'PASSENGER', share: 0.06, length: [120, 345], beam: 7.3, draft: 38, knots: [17, 22], gross: 2.2, dead: 0.25 },
  { type: 'FISHING', share: 0.04, length: [25, 95], beam: 4.5, draft: 13, knots: [9, 13], gross: 0.5, dead: 0.4 },
];

// Flag, its share, its Maritime Identification Digits and call sign prefix as the ITU assigns them.
const FLAGS = [
  {
    flag: 'PA',
    share: 0.18,
    digits: ['351', '352', '353', '354', '355', '356', '357', '370', '371', '372'],
    call: '3E',
  },
  { flag: 'LR', share: 0.17, digits: ['636'], call: 'D5' },
  { flag: 'MH', share: 0.15, digits: ['538'], call: 'V7' },
  { flag: 'HK', share: 0.1, digits: ['477'], call: 'VR' },
  { flag: 'SG', share: 0.09, digits: ['563', '564', '565', '566'], call: '9V' },
  { flag: 'MT', share: 0.07, digits: ['215', '229', '248', '249', '256'], call: '9H' },
  { flag: 'BS', share: 0.05, digits: ['308', '309', '311'], call: 'C6' },
  { flag: 'GR', share: 0.04, digits: ['237', '239', '240', '241'], call: 'SV' },
  { flag: 'CN', share: 0.04, digits: ['412', '413', '414'], call: 'BP' },
  { flag: 'CY', share: 0.03, digits: ['209', '210', '212'], call: '5B' },
  { flag: 'NO', share: 0.03, digits: ['257', '258', '259'], call: 'LA' },
  { flag: 'DK', share: 0.02, digits: ['219', '220'], call: 'OX' },
  { flag: 'NL', share: 0.02, digits: ['244', '245', '246'], call: 'PH' },
  { flag: 'US', share: 0.01, digits: ['338', '366', '367', '368', '369'], call: 'WD' },
];

const FIRST_NAMES = ['ATLANTIC', 'PACIFIC', 'NORDIC', 'GOLDEN', 'SILVER', 'EASTERN', 'CORAL', 'POLAR', 'GRAND', 'BLUE'];
const LAST_NAMES = [
  'HORIZON',
  'PIONEER',
  'SPIRIT',
  'TRADER',
  'FORTUNE',
  'HARMONY',
  'VOYAGER',
  'BREEZE',
  'CROWN',
  'STAR',
];
const NUMERALS = ['', ' II', ' III', ' IV', ' V', ' VI', ' VII', ' VIII', ' IX', ' X'];
const OWNERS = ['Meridian', 'Albatross', 'Seven Capes', 'Tidewater Bay', 'Northern Cross', 'Lanternfish', 'Kelpie'];
const OWNER_KINDS = ['Shipping Ltd', 'Maritime SA', 'Lines Pte Ltd', 'Navigation Co', 'Ship Management AS'];
const LETTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];

/** @template {{share: number}} T @param {() => number} random @param {readonly T[]} kinds @returns {T} */
function pickByShare(random, kinds) {
  let left = random();
  return kinds.find(({ share }) => (left -= share) < 0) ?? kinds[0];
}

/** @param {number} sixDigits @returns {string} the IMO number: the last digit checks the six before it */
export function imoNumber(sixDigits) {
  const digits = [...String(sixDigits)].map(Number);
  const sum = digits.reduce((total, digit, index) => total + digit * (7 - index), 0);
  return `${sixDigits}${sum % 10}`;
}

/** @param {number} count at most 1000, so that names stay unique @param {number} seed @returns {Vessel[]} */
export function buildFleet(count, seed) {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, index) => {
    const kind = pickByShare(random, TYPES);
    const { flag, digits, call } = pickByShare(random, FLAGS);
    const length = integerBetween(random, kind.length[0], kind.length[1]);
    const beam = Math.round(length / kind.beam);
    const draft = Math.round((length / kind.draft) * 10) / 10;
    const first = FIRST_NAMES[index % 10];
    const last = LAST_NAMES[Math.floor(index / 10) % 10];
    return {
      // The index in the middle keeps numbers of the same flag apart.
      mmsi: `${pick(random, digits)}${String(index).padStart(3, '0')}${String(integerBetween(random, 0, 999)).padStart(3, '0')}`,
      imo: imoNumber(900_000 + index * 61),
      name: `${first} ${last}${NUMERALS[Math.floor(index / 100) % 10]}`,
      type: kind.type,
      flag,
      callsign: `${call}${pick(random, LETTERS)}${pick(random, LETTERS)}${integerBetween(random, 2, 9)}`,
      length,
      beam,
      draft,
      grossTonnage: Math.round(length * beam * draft * kind.gross),
      deadweight: Math.round(length * beam * draft * kind.dead),
      yearBuilt: integerBetween(random, 1998, 2024),
      owner: `${pick(random, OWNERS)} ${pick(random, OWNER_KINDS)}`,
      cruiseKnots: Math.round(between(random, kind.knots[0], kind.knots[1]) * 10) / 10,
    };
  });
}
