// What the project promises, held against the figures of one run.
import { median } from './figures.mjs';

/**
 * Figures by name, and what each may be.
 *
 * @type {[promise: string, figure: string, goal: import('./figures.mjs').Figure['goal']][]}
 */
const LIMITS = [
  [
    'component, CPU a row (decode, id, output): official client with ids / component, both from memory',
    'CPU: official client with ids / component, from memory',
    { atLeast: 15 },
  ],
  ['the same, both over HTTP', 'CPU: official client with HTTP and ids / component with HTTP', { atLeast: 15 }],
  [
    'end to end, CPU a row of all of Harper: client / plugin',
    'CPU of all of Harper, client / long backfill',
    { atLeast: 3 },
  ],
  ['end to end rate, of the bare put loop', 'backfill against the bare loop', { atLeast: 85 }],
  ['end to end rate / client with pauses of 1 s', 'rate, long backfill / client with pauses', { atLeast: 8 }],
  ['end to end rate / client without', 'rate, long backfill / client', { atLeast: 2.5 }],
  ["longest block of Harper's thread", "backfill: longest block of Harper's event loop", { atMost: 25 }],
  ['the same over the long backfill', "long backfill: longest block of Harper's event loop", { atMost: 25 }],
  ['GET p99 of idle', 'GET during a long backfill / idle, 99th percentile', { atMost: 2 }],
  ['rate with 200 ms more a request', 'rate with 200 ms more a request', { atLeast: 90 }],
  ['peak memory above idle', "long backfill: growth of Harper's memory", { atMost: 150 }],
  [
    'peak memory above idle with 10,000,000 rows, of that with 1,000,000',
    'growth until the most rows, of that until the least',
    { atMost: 110 },
  ],
  ['query jobs of a backfill, a worker', 'query jobs of a backfill, a worker', { atMost: 1 }],
  [
    'query jobs of an idle hour and table, at the defaults',
    'query jobs of an idle hour, a worker, `probeTrust` 15 min',
    { atMost: 4 },
  ],
  [
    'query jobs of an idle hour and table, `probeTrust: always`',
    'query jobs of an idle hour, `probeTrust: always`',
    { atMost: 0 },
  ],
];

/**
 * @param {import('./figures.mjs').Benchmark[]} benchmarks
 * @returns {import('./figures.mjs').Benchmark} those that were measured
 */
export function limits(benchmarks) {
  const figures = benchmarks.flatMap((benchmark) => benchmark.figures);
  return {
    title: 'Limits',
    figures: LIMITS.flatMap(([name, measured, goal]) => {
      const figure = figures.find((one) => one.name === measured);
      return figure ? { ...figure, name, goal } : [];
    }),
  };
}

/**
 * What nobody who stores rows in Harper can surpass, since the bare loop does nothing else: how the peers do beside that.
 *
 * @type {[name: string, dividend: string, divisor: string][]}
 */
const BOUNDS = [
  [
    'rate, bare loop of puts / client with pauses',
    'bare loop of puts',
    'client: 10,000 rows a query, then 1 s of pause',
  ],
  ['rate, bare loop of puts / client', 'bare loop of puts', 'client: 10,000 rows a query'],
  [
    'CPU of all of Harper, client / bare loop of puts',
    'client: CPU of all of Harper',
    'bare loop: CPU of all of Harper',
  ],
];

/**
 * @param {import('./figures.mjs').Benchmark[]} benchmarks
 * @returns {import('./figures.mjs').Benchmark[]} one, if everything for it was measured
 */
export function bounds(benchmarks) {
  const figures = benchmarks.flatMap((benchmark) => benchmark.figures);
  const middle = (/** @type {string} */ wanted) => {
    const figure = figures.find(({ name }) => name === wanted);
    return figure ? median(figure.values) : NaN;
  };
  const ratios = BOUNDS.map(([name, dividend, divisor]) => ({
    name,
    unit: 'x',
    values: [middle(dividend) / middle(divisor)],
  }));
  const isMeasured = ratios.every(({ values }) => values.every(Number.isFinite));
  return isMeasured ? [{ title: 'The most that can be reached with this Harper', figures: ratios }] : [];
}
