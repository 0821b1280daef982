// Rows of the three maritime tables. The same seed and the same moment give the same rows.
import { between, integerBetween, pick, seededRandom } from './random.mjs';
import { PORTS } from './sea-lanes.mjs';
import { buildFleet } from './vessels.mjs';
import { planVoyages, situationAt } from './voyages.mjs';

/** @typedef {import('./vessels.mjs').Vessel} Vessel */

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const HISTORY_MS = 75 * DAY_MS;
const LATE_SHARE = 0.03;

/** @param {number} ms @param {() => number} random @returns {string} RFC 3339, with microseconds drawn at random */
function timestamp(ms, random) {
  const micros = String(integerBetween(random, 0, 999)).padStart(3, '0');
  return new Date(ms).toISOString().replace('Z', `${micros}Z`);
}

/** @param {number} value @param {number} digits */
const round = (value, digits) => Number(value.toFixed(digits));

export class World {
  #random;
  #ships;
  #nowMs;

  /** @param {{seed: number, vessels: number, nowMs: number}} options */
  constructor({ seed, vessels, nowMs }) {
    this.#random = seededRandom(seed);
    this.#nowMs = nowMs;
    // Planned ahead as well, for the rows added while one watches.
    const span = { fromMs: nowMs - HISTORY_MS, untilMs: nowMs + 2 * DAY_MS };
    this.#ships = buildFleet(vessels, seed).map((vessel, index) => {
      return { vessel, calls: planVoyages(vessel, seed + 1 + index, span) };
    });
  }

  /** @param {number} count @returns {object[]} `vessel_positions` of the last day or so, every vessel at regular intervals */
  positions(count) {
    const perShip = count / this.#ships.length;
    const intervalMs = (26 * 60 * MINUTE_MS) / perShip;
    return this.#inOrderOfArrival(
      Array.from({ length: count }, (_, index) => {
        const ship = this.#ships[index % this.#ships.length];
        const age = Math.floor(index / this.#ships.length) + this.#random();
        return this.#position(ship, this.#nowMs - age * intervalMs);
      }),
    );
  }

  /** @param {number} count @returns {object[]} the latest `port_events` */
  portEvents(count) {
    const events = this.#ships
      .flatMap(({ vessel, calls }) => calls.flatMap((call) => portCallEvents(vessel, call)))
      .filter(({ timeMs }) => timeMs < this.#nowMs)
      .sort((a, b) => b.timeMs - a.timeMs)
      .slice(0, count);
    return this.#inOrderOfArrival(
      events.map(({ timeMs, event }) => ({ timeMs, row: { event_time: timestamp(timeMs, this.#random), ...event } })),
    );
  }

  /** @returns {object[]} `vessel_metadata`, one row a vessel */
  metadata() {
    return this.#inOrderOfArrival(
      this.#ships.map(({ vessel }) =>
        this.#metadata(vessel, this.#nowMs - between(this.#random, MINUTE_MS, 300 * DAY_MS)),
      ),
    );
  }

  /**
   * What happened in the last seconds: a few rows of each table, some of them a few minutes late.
   *
   * @param {number} nowMs
   * @returns {{vessel_positions: object[], port_events: object[], vessel_metadata: object[]}}
   */
  news(nowMs) {
    const random = this.#random;
    const recent = () => nowMs - between(random, 0, random() < LATE_SHARE ? 5 * MINUTE_MS : 3000);
    const ships = Array.from({ length: integerBetween(random, 15, 40) }, () => pick(random, this.#ships));
    const { vessel, calls } = pick(random, this.#ships);
    const call = pick(random, calls);
    const { event } = pick(random, portCallEvents(vessel, call));
    return {
      vessel_positions: ships.map((ship) => this.#position(ship, recent()).row),
      port_events: [{ event_time: timestamp(recent(), random), ...event }],
      vessel_metadata: random() < 0.3 ? [this.#metadata(vessel, recent()).row] : [],
    };
  }

  /** @param {{vessel: Vessel, calls: import('./voyages.mjs').PortCall[]}} ship @param {number} timeMs */
  #position({ vessel, calls }, timeMs) {
    const random = this.#random;
    const { status, position, course, knots, destination, etaMs } = situationAt(calls, timeMs);
    const underway = status === 'UNDERWAY_USING_ENGINE';
    const heading = underway ? course + between(random, -3, 3) : between(random, 0, 360);
    const at = timestamp(timeMs, random);
    return {
      timeMs,
      row: {
        timestamp: at,
        mmsi: vessel.mmsi,
        imo: vessel.imo,
        vessel_name: vessel.name,
        vessel_type: vessel.type,
        flag: vessel.flag,
        length: vessel.length,
        beam: vessel.beam,
        draft: vessel.draft,
        latitude: round(position.latitude + between(random, -0.004, 0.004), 6),
        longitude: round(position.longitude + between(random, -0.004, 0.004), 6),
        speed_knots: round(underway ? knots + between(random, -0.4, 0.4) : between(random, 0, 0.2), 1),
        course: Math.round(underway ? course : heading + 360) % 360,
        heading: Math.round(heading + 360) % 360,
        status,
        destination: destination.name,
        eta: etaMs === undefined ? null : new Date(Math.round(etaMs / MINUTE_MS) * MINUTE_MS).toISOString(),
        report_date: at.slice(0, 10).replaceAll('-', ''),
      },
    };
  }

  /** @param {Vessel} vessel @param {number} timeMs */
  #metadata(vessel, timeMs) {
    return {
      timeMs,
      row: {
        last_updated: timestamp(timeMs, this.#random),
        mmsi: vessel.mmsi,
        imo: vessel.imo,
        vessel_name: vessel.name,
        vessel_type: vessel.type,
        flag: vessel.flag,
        callsign: vessel.callsign,
        length: vessel.length,
        beam: vessel.beam,
        draft: vessel.draft,
        gross_tonnage: vessel.grossTonnage,
        deadweight: vessel.deadweight,
        year_built: vessel.yearBuilt,
        home_port: pick(this.#random, PORTS).name,
        owner: vessel.owner,
        status: this.#random() < 0.97 ? 'ACTIVE' : 'IN_DRY_DOCK',
      },
    };
  }

  /** @param {{timeMs: number, row: object}[]} items @returns {object[]} most in the order of time, some up to an hour late */
  #inOrderOfArrival(items) {
    const random = this.#random;
    return items
      .map(({ timeMs, row }) => {
        return { row, arrival: timeMs + between(random, 0, random() < LATE_SHARE ? 60 * MINUTE_MS : 2000) };
      })
      .sort((a, b) => a.arrival - b.arrival)
      .map(({ row }) => row);
  }
}

/** @param {Vessel} vessel @param {import('./voyages.mjs').PortCall} call */
function portCallEvents(vessel, { port, arrivedMs, berthedMs, departedMs }) {
  /** @type {[timeMs: number, type: string, status: string][]} */
  const steps = [
    [arrivedMs - 20 * MINUTE_MS, 'ARRIVAL', 'UNDERWAY_USING_ENGINE'],
    [arrivedMs, 'ANCHORED', 'AT_ANCHOR'],
    [berthedMs, 'BERTHED', 'MOORED'],
    [departedMs, 'DEPARTURE', 'UNDERWAY_USING_ENGINE'],
  ];
  return steps.map(([timeMs, type, status]) => ({
    timeMs,
    event: {
      port_id: port.id,
      port_name: port.name,
      vessel_mmsi: vessel.mmsi,
      event_type: type,
      status,
      latitude: round(port.latitude, 6),
      longitude: round(port.longitude, 6),
    },
  }));
}
