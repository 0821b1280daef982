// What BigQuery is asked and bills: the built engine over an hour of a clock that does not wait, beside the pattern of a plugin
// that queries with LIMIT from its last timestamp on.
import { startCannedBigQuery } from './canned-bigquery.mjs';
import { syncOf } from './engine-settings.mjs';
import { rowsBefore, timestampOf } from './pages.mjs';
import { LAYOUTS, billed, nothing, priceUsd, sum } from './prices.mjs';
import { SimulatedCluster } from './simulated-cluster.mjs';

const HOUR_MS = 3_600_000;
const REFERENCE = { batchRows: 10_000, pollIntervalMs: 30_000 };

/** @typedef {{ queryJobs: number, bytesBilled: import('./prices.mjs').Billed }} Spent */

/**
 * @param {{ rows: number, workers: number[] }} size
 * @returns {Promise<import('./figures.mjs').Benchmark>}
 */
export async function measureBill({ rows, workers }) {
  const hourRows = rowsBefore(timestampOf(rows) + HOUR_MS * 1000) - rows;
  const bigquery = await startCannedBigQuery(rows + hourRows);
  try {
    /** @type {string[][]} */
    const lines = [];
    /** @type {number[]} */
    const perWorker = [];
    /** @type {number[]} */
    const perIdleHour = [];
    for (const count of workers) {
      const ours = await spend(bigquery, rows, count, {});
      perWorker.push(ours.backfill.queryJobs / count);
      perIdleHour.push(ours.idle.queryJobs / count);
      const theirs = referenceSpends(rows, hourRows, count);
      for (const [title, situation] of SITUATIONS) {
        lines.push(line(`${title}, ${count} workers`.replace(/\b1 workers/, '1 worker'), ours[situation]));
        lines.push(line(`- reference`, theirs[situation]));
      }
    }
    const trusting = await spend(bigquery, rows, 1, { probeTrust: 'always' });
    return {
      title: `The bill of a table of ${rows.toLocaleString('en')} rows x 8 columns`,
      figures: [
        { name: 'query jobs of a backfill, a worker', unit: '', values: perWorker, goal: { atMost: 1 } },
        {
          name: 'query jobs of an idle hour, a worker, `probeTrust` 15 min',
          unit: '',
          values: perIdleHour,
          goal: { atMost: 4 },
        },
        {
          name: 'query jobs of an idle hour, `probeTrust: always`',
          unit: '',
          values: [trusting.idle.queryJobs],
          goal: { atMost: 0 },
        },
      ],
      table: { columns: ['', 'query jobs', ...LAYOUTS], lines },
    };
  } finally {
    await bigquery.stop();
  }
}

/** @type {[title: string, situation: 'backfill' | 'busy' | 'idle'][]} */
const SITUATIONS = [
  ['backfill', 'backfill'],
  ['an hour of polls with news', 'busy'],
  ['an hour of polls without', 'idle'],
];

/**
 * A backfill, then an hour in which a row arrives every second or so, then an hour in which none does.
 *
 * @param {Awaited<ReturnType<typeof startCannedBigQuery>>} bigquery
 * @param {number} rows that are there at the beginning
 * @param {number} workers
 * @param {object} settings of the table's `sync`
 */
async function spend(bigquery, rows, workers, settings) {
  const table = `positions_${workers}_${Object.keys(settings).join('_')}`;
  const cluster = new SimulatedCluster(timestampOf(rows));
  /** @returns {Promise<Spent>} */
  const spent = async () => {
    const { queryJobs, bytesBilled } = await bigquery.bill();
    return { queryJobs: queryJobs[table] ?? 0, bytesBilled: bytesBilled[table] ?? nothing() };
  };
  await bigquery.setNow(cluster.now);
  await cluster.start(workers, bigquery.host, syncOf(table, 'Nowhere', settings));
  await cluster.run({ isOver: () => cluster.isDrained });
  const backfilled = await spent();
  await cluster.run({ durationMs: HOUR_MS, onTime: () => bigquery.setNow(cluster.now) });
  const busy = await spent();
  // What came last is still to be read.
  await cluster.run({ durationMs: REFERENCE.pollIntervalMs });
  const settled = await spent();
  await cluster.run({ durationMs: HOUR_MS });
  return { backfill: backfilled, busy: since(busy, backfilled), idle: since(await spent(), settled) };
}

/** @param {Spent} later @param {Spent} earlier @returns {Spent} */
function since(later, earlier) {
  return {
    queryJobs: later.queryJobs - earlier.queryJobs,
    bytesBilled: sum(later.bytesBilled, earlier.bytesBilled, -1),
  };
}

/**
 * The reference: each worker asks for the next 10,000 of its rows, `WHERE timestamp > @last AND MOD(...) ORDER BY timestamp LIMIT
 * 10000`, until there are none, and then at every poll, with news or without.
 *
 * @param {number} rows
 * @param {number} hourRows that arrive within the hour of news
 * @param {number} workers
 */
function referenceSpends(rows, hourRows, workers) {
  const queries = Math.ceil(rows / workers / REFERENCE.batchRows) + 1;
  const backfill = { queryJobs: workers * queries, bytesBilled: nothing() };
  for (let query = 0; query < queries; query++) {
    const last = query === 0 ? -Infinity : timestampOf(Math.min(query * REFERENCE.batchRows * workers, rows) - 1);
    backfill.bytesBilled = sum(backfill.bytesBilled, billed(rows, last), workers);
  }
  const polls = HOUR_MS / REFERENCE.pollIntervalMs;
  const busy = { queryJobs: workers * polls, bytesBilled: nothing() };
  for (let poll = 1; poll <= polls; poll++) {
    const there = rows + Math.floor((hourRows * poll) / polls);
    const last = rows + Math.floor((hourRows * (poll - 1)) / polls) - 1;
    busy.bytesBilled = sum(busy.bytesBilled, billed(there, timestampOf(last)), workers);
  }
  const all = rows + hourRows;
  const idle = {
    queryJobs: workers * polls,
    bytesBilled: sum(nothing(), billed(all, timestampOf(all - 1)), workers * polls),
  };
  return { backfill, busy, idle };
}

/** @param {string} name @param {Spent} spent */
function line(name, { queryJobs, bytesBilled }) {
  const shown = LAYOUTS.map((layout) => {
    const mebibytes = (bytesBilled[layout] / 2 ** 20).toLocaleString('en', { maximumFractionDigits: 0 });
    return `${mebibytes} MiB, $${priceUsd(bytesBilled[layout]).toFixed(4)}`;
  });
  return [name, queryJobs.toLocaleString('en'), ...shown];
}
