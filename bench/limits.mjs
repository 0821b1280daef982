// What the project promises, held against the figures of one run.

/**
 * Figures by name, and what each may be.
 *
 * @type {[promise: string, figure: string, goal: import('./figures.mjs').Figure['goal']][]}
 */
const LIMITS = [
  [
    'component, CPU a row: official client / component, both over HTTP, with ids',
    'CPU: official client with HTTP and ids / component with HTTP',
    { atLeast: 15 },
  ],
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
    'growth with the most rows, of that with the least',
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
