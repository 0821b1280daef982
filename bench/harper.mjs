// A backfill end to end into a real Harper, beside a bare loop that puts the same records into a table declared alike.
import { startCannedBigQuery } from './canned-bigquery.mjs';
import { median } from './figures.mjs';
import { cpuPerMillion, rateOf, withHarper } from './harper-process.mjs';

/**
 * @param {{ rows: number, rounds: number }} size
 * @returns {Promise<import('./figures.mjs').Benchmark>}
 */
export async function measureHarper({ rows, rounds }) {
  const bigquery = await startCannedBigQuery(rows);
  try {
    const measure = (/** @type {import('./harper-process.mjs').Bench} */ bench) => inTurns(bench, rows, rounds);
    const { first, bare, synced } = await withHarper(bigquery.host, measure);
    const share = median(synced.map(rateOf)) / median(bare.map(rateOf));
    return {
      title: `A backfill of ${rows.toLocaleString('en')} rows x 8 columns into Harper`,
      figures: [
        { name: 'bare loop of puts', unit: 'rows/s', values: bare.map(rateOf) },
        { name: 'backfill', unit: 'rows/s', values: synced.map(rateOf) },
        { name: 'backfill against the bare loop', unit: '%', values: [share * 100], goal: { atLeast: 70 } },
        {
          name: 'query jobs of a backfill',
          unit: '',
          values: Object.values(await bigquery.queryJobs()),
          goal: { atMost: 1 },
        },
        {
          name: "backfill: longest block of Harper's event loop",
          unit: 'ms',
          values: synced.map(({ delay }) => delay.maxMs),
          goal: { atMost: 50 },
        },
        {
          name: "backfill: event loop's delay, 99th percentile",
          unit: 'ms',
          values: synced.map(({ delay }) => delay.p99Ms),
        },
        {
          name: "backfill: event loop's delay, 50th percentile",
          unit: 'ms',
          values: synced.map(({ delay }) => delay.p50Ms),
        },
        { name: 'bare loop: longest block', unit: 'ms', values: bare.map(({ delay }) => delay.maxMs) },
        {
          name: 'backfill: a GET meanwhile, 99th percentile',
          unit: 'ms',
          values: synced.map(({ readP99Ms }) => readP99Ms),
        },
        {
          name: 'bare loop: a GET meanwhile, 99th percentile',
          unit: 'ms',
          values: bare.map(({ readP99Ms }) => readP99Ms),
        },
        { name: 'backfill: CPU of all of Harper', unit: 's a million rows', values: synced.map(cpuPerMillion) },
        { name: 'bare loop: CPU of all of Harper', unit: 's a million rows', values: bare.map(cpuPerMillion) },
        { name: "first backfill: growth of Harper's memory", unit: 'MB', values: [first.grownBytes / 1e6] },
      ],
      series: [{ name: 'bare loop of puts', points: bare[0].timeline }],
    };
  } finally {
    await bigquery.stop();
  }
}

/**
 * @param {import('./harper-process.mjs').Bench} bench
 * @param {number} rows
 * @param {number} rounds
 */
async function inTurns(bench, rows, rounds) {
  // The first round warms up; its table is where the bare loop has its records from.
  const first = await bench.backfill('positions_0', 'Synced0', rows);
  /** @type {import('./harper-process.mjs').Run[]} */
  const bare = [];
  /** @type {import('./harper-process.mjs').Run[]} */
  const synced = [];
  for (let round = 1; round <= rounds; round++) {
    bare.push(await bench.run({ action: 'putAll', from: 'Synced0', to: `Bare${round}` }, rows));
    synced.push(await bench.backfill(`positions_${round}`, `Synced${round}`, rows));
  }
  return { first, bare, synced };
}
