// Where a vessel is at any moment: it calls at ports and sails the sea lanes between them.
import { between, pick, seededRandom } from './random.mjs';
import { PORTS, seaRoute } from './sea-lanes.mjs';
import { bearing, distanceNm, pointBetween } from './sphere.mjs';

/** @typedef {import('./sea-lanes.mjs').Port} Port */
/** @typedef {import('./sphere.mjs').Point} Point */

const HOUR_MS = 3_600_000;

/**
 * @typedef {object} PortCall
 * @property {Port} port
 * @property {number} arrivedMs at the anchorage, milliseconds since 1970 like all times here
 * @property {number} berthedMs
 * @property {number} departedMs
 * @property {number} knots the speed of the voyage to the next port
 * @property {Point[]} route to the next port
 */

/**
 * @typedef {object} Situation
 * @property {'UNDERWAY_USING_ENGINE' | 'AT_ANCHOR' | 'MOORED'} status
 * @property {Point} position
 * @property {number} course degrees
 * @property {number} knots
 * @property {Port} destination the port it is in, or on its way to
 * @property {number | undefined} etaMs
 */

/**
 * @param {import('./vessels.mjs').Vessel} vessel
 * @param {number} seed
 * @param {{fromMs: number, untilMs: number}} span
 * @returns {PortCall[]} in the order of time, so that the span is covered
 */
export function planVoyages(vessel, seed, { fromMs, untilMs }) {
  const random = seededRandom(seed);
  /** @type {PortCall[]} */
  const calls = [];
  let port = pick(random, PORTS);
  // Already some way into the first call when the span begins, so that not all vessels start from a port together.
  let timeMs = fromMs - between(random, 0, 20 * 24 * HOUR_MS);
  while (timeMs < untilMs) {
    const arrivedMs = timeMs;
    const berthedMs = arrivedMs + between(random, 2, 18) * HOUR_MS;
    const departedMs = berthedMs + between(random, 10, 40) * HOUR_MS;
    const next = pick(
      random,
      PORTS.filter((other) => other !== port),
    );
    const route = seaRoute(port, next);
    const knots = vessel.cruiseKnots * between(random, 0.92, 1.04);
    calls.push({ port, arrivedMs, berthedMs, departedMs, knots, route });
    timeMs = departedMs + (routeNm(route) / knots) * HOUR_MS;
    port = next;
  }
  return calls;
}

/** @param {Point[]} route @returns {number} nautical miles */
function routeNm(route) {
  return route.slice(1).reduce((sum, point, index) => sum + distanceNm(route[index], point), 0);
}

/** @param {Port} port @param {number} nm @returns {Point} so far off the port, towards the open sea */
function off(port, nm) {
  const approach = seaRoute(port, port)[1];
  return pointBetween(port, approach, Math.min(nm / Math.max(distanceNm(port, approach), nm), 1));
}

/**
 * @param {PortCall[]} calls from `planVoyages`
 * @param {number} timeMs inside their span
 * @returns {Situation}
 */
export function situationAt(calls, timeMs) {
  const index = Math.max(
    calls.findLastIndex((call) => call.arrivedMs <= timeMs),
    0,
  );
  const { port, berthedMs, departedMs, knots, route } = calls[index];
  if (timeMs < departedMs) {
    const moored = timeMs >= berthedMs;
    return {
      status: moored ? 'MOORED' : 'AT_ANCHOR',
      position: moored ? port : off(port, 4),
      course: 0,
      knots: 0,
      destination: port,
      etaMs: undefined,
    };
  }
  const next = /** @type {Port} */ (route.at(-1));
  const etaMs = departedMs + (routeNm(route) / knots) * HOUR_MS;
  let leftNm = (knots * (timeMs - departedMs)) / HOUR_MS;
  for (let leg = 0; leg + 1 < route.length; leg++) {
    const legNm = distanceNm(route[leg], route[leg + 1]);
    if (leftNm < legNm || leg + 2 === route.length) {
      const position = pointBetween(route[leg], route[leg + 1], legNm === 0 ? 0 : Math.min(leftNm / legNm, 1));
      const course = bearing(position, route[leg + 1]);
      return { status: 'UNDERWAY_USING_ENGINE', position, course, knots, destination: next, etaMs };
    }
    leftNm -= legNm;
  }
  throw new Error('a route has at least two points');
}
