// A long backfill into a real Harper, and beside it what one would write with Google's own client, into the same Harper.
import { BATCH_ROWS } from './client-pipeline.mjs';
import { startCannedBigQuery } from './canned-bigquery.mjs';
import { cpuPerMillion, figuresOf, rateOf, withHarper } from './harper-process.mjs';

const IDLE_MS = 5000;
/** Between two queries of the reference. */
const REFERENCE_PAUSE_MS = 1000;

/**
 * @typedef {object} Size
 * @property {number} rows of the backfill
 * @property {number} clientRows that the client's pipeline reads
 * @property {number} pausedRows that it reads with the reference's pauses
 */

/**
 * @param {Size} size
 * @returns {Promise<import('./figures.mjs').Benchmark>}
 */
export async function measureMillion({ rows, clientRows, pausedRows }) {
  const bigquery = await startCannedBigQuery(rows);
  try {
    const { idle, synced, client, paused } = await withHarper(bigquery.host, async (bench) => {
      const idle = await bench.run({ action: 'idle', ms: IDLE_MS }, 0);
      const synced = await bench.backfill('positions', 'Synced', rows);
      const order = { action: 'pull', host: bigquery.host, from: 'positions', like: 'Synced' };
      const client = await bench.run({ ...order, to: 'Pulled', rows: clientRows, pauseMs: 0 }, clientRows);
      const slow = { ...order, to: 'PulledSlowly', rows: pausedRows, pauseMs: REFERENCE_PAUSE_MS };
      return { idle, synced, client, paused: await bench.run(slow, pausedRows) };
    });
    const batch = BATCH_ROWS.toLocaleString('en');
    return {
      title: `${rows.toLocaleString('en')} rows x 8 columns into Harper, beside Google's own client`,
      figures: [
        { name: 'long backfill', unit: 'rows/s', values: [rateOf(synced)] },
        { name: `client: ${batch} rows a query`, unit: 'rows/s', values: [rateOf(client)] },
        { name: `client: ${batch} rows a query, then 1 s of pause`, unit: 'rows/s', values: [rateOf(paused)] },
        { name: 'rate, long backfill / client', unit: 'x', values: [rateOf(synced) / rateOf(client)] },
        { name: 'rate, long backfill / client with pauses', unit: 'x', values: [rateOf(synced) / rateOf(paused)] },
        {
          name: 'CPU of all of Harper, client / long backfill',
          unit: 'x',
          values: [cpuPerMillion(client) / cpuPerMillion(synced)],
        },
        ...figuresOf('long backfill', synced),
        ...figuresOf('client', client),
        { name: 'idle: a GET, 99th percentile', unit: 'ms', values: [idle.readP99Ms] },
        {
          name: 'GET during a long backfill / idle, 99th percentile',
          unit: 'x',
          values: [synced.readP99Ms / idle.readP99Ms],
        },
      ],
      series: [
        { name: 'this plugin', points: synced.timeline },
        { name: "Google's client, 10,000 rows a query", points: client.timeline },
        { name: 'the same with 1 s of pause', points: paused.timeline },
      ],
    };
  } finally {
    await bigquery.stop();
  }
}

/**
 * Whether memory depends on how much there is to read: a long backfill, by the rows that were stored by then.
 *
 * @param {{ rows: number[] }} size ascending
 * @returns {Promise<import('./figures.mjs').Benchmark>}
 */
export async function measureGrowth({ rows }) {
  const most = Math.max(...rows);
  const bigquery = await startCannedBigQuery(most);
  try {
    const run = await withHarper(bigquery.host, (bench) => bench.backfill('positions', 'Synced', most));
    return { title: "Harper's memory over a long backfill", figures: growthFigures('growth', run, rows) };
  } finally {
    await bigquery.stop();
  }
}

/**
 * The same of nothing but puts: what of it is Harper's own.
 *
 * @param {{ rows: number[] }} size ascending
 * @returns {Promise<import('./figures.mjs').Benchmark>}
 */
export async function measureBareGrowth({ rows }) {
  const most = Math.max(...rows);
  const bigquery = await startCannedBigQuery(BATCH_ROWS);
  try {
    const run = await withHarper(bigquery.host, async (bench) => {
      await bench.backfill('positions', 'Synced', BATCH_ROWS);
      return bench.run({ action: 'putMany', like: 'Synced', to: 'Put', rows: most }, most);
    });
    return {
      title: "Harper's memory over a long loop of puts",
      figures: growthFigures('bare loop: growth', run, rows),
    };
  } finally {
    await bigquery.stop();
  }
}

/**
 * @param {string} name
 * @param {import('./harper-process.mjs').Run} run
 * @param {number[]} rows ascending
 * @returns {import('./figures.mjs').Figure[]}
 */
function growthFigures(name, { growth }, rows) {
  const bytes = rows.map((count) => growth.findLast(([stored]) => stored <= count)?.[1] ?? NaN);
  return [
    ...rows.map((count, index) => ({
      name: `${name} of Harper's memory until ${count.toLocaleString('en')} rows`,
      unit: 'MB',
      values: [bytes[index] / 1e6],
    })),
    {
      name: `${name} until the most rows, of that until the least`,
      unit: '%',
      values: [(bytes[bytes.length - 1] / bytes[0]) * 100],
    },
  ];
}
