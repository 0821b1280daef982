// A backfill end to end into a real Harper, beside a bare loop that puts the same records into a table declared alike.
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createApp } from '../tests/harper/support/app.mjs';
import { startHarper } from '../tests/harper/support/harper.mjs';
import { startCannedBigQuery } from './canned-bigquery.mjs';
import { syncOf } from './engine-settings.mjs';
import { median } from './figures.mjs';

const RESOURCE = pathToFileURL(path.join(path.dirname(fileURLToPath(import.meta.url)), 'harper-thread.js')).href;

/** Between requests of somebody who uses Harper meanwhile. */
const READ_INTERVAL_MS = 20;

/** A run that takes longer has failed; Harper's log says why. */
const PATIENCE_MS = 180_000;

/** @typedef {{ p50Ms: number, p99Ms: number, maxMs: number }} Latency */
/** @typedef {{ rows: number, ms: number, delay: Latency, readP99Ms: number, grownBytes: number }} Run */

/**
 * @param {{ rows: number, rounds: number }} size
 * @returns {Promise<import('./figures.mjs').Benchmark>}
 */
export async function measureHarper({ rows, rounds }) {
  const bigquery = await startCannedBigQuery(rows);
  const root = { jsResource: { files: 'resources.js' } };
  const app = createApp({
    section: { bigquery: { projectId: 'bench', tables: [] } },
    root,
    files: { 'resources.js': `export { Bench } from ${JSON.stringify(RESOURCE)};` },
  });
  /** @type {import('../tests/harper/support/harper.mjs').Harper | undefined} */
  let harper;
  try {
    harper = await startHarper({ app: app.folder, env: { BIGQUERY_EMULATOR_HOST: bigquery.host } });
    const bench = new Bench(harper, rows);
    /** @param {number} round */
    const backfill = (round) =>
      bench.run({ action: 'watch', tableId: `positions_${round}` }, () =>
        app.writeConfig(syncOf(`positions_${round}`, `Synced${round}`), root),
      );
    // The first round warms up; its table is where the bare loop has its records from.
    const first = await backfill(0);
    /** @type {Run[]} */
    const bare = [];
    /** @type {Run[]} */
    const synced = [];
    for (let round = 1; round <= rounds; round++) {
      bare.push(await bench.run({ action: 'putAll', from: 'Synced0', to: `Bare${round}` }));
      synced.push(await backfill(round));
    }
    const rate = (/** @type {Run} */ run) => (run.rows / run.ms) * 1000;
    const share = median(synced.map(rate)) / median(bare.map(rate));
    return {
      title: `A backfill of ${rows.toLocaleString('en')} rows x 8 columns into Harper`,
      figures: [
        { name: 'bare loop of puts', unit: 'rows/s', values: bare.map(rate) },
        { name: 'backfill', unit: 'rows/s', values: synced.map(rate) },
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
        { name: "first backfill: growth of Harper's memory", unit: 'MB', values: [first.grownBytes / 1e6] },
      ],
    };
  } catch (error) {
    if (harper) console.error(harper.logText().slice(-4000));
    throw error;
  } finally {
    await harper?.stop();
    app.remove();
    await bigquery.stop();
  }
}

/** The client of the resource in Harper's thread. */
class Bench {
  #harper;
  #rows;

  /** @param {import('../tests/harper/support/harper.mjs').Harper} harper @param {number} rows of every run */
  constructor(harper, rows) {
    this.#harper = harper;
    this.#rows = rows;
  }

  /**
   * Gives an order and reads from Harper until it is done.
   *
   * @param {object} order
   * @param {() => void} [begin] called when the order is under way
   * @returns {Promise<Run>}
   */
  async run(order, begin = () => {}) {
    let isDone = false;
    const outcome = this.#harper.json('/Bench', order);
    const isOver = () => void (isDone = true);
    outcome.then(isOver, isOver);
    await sleep(READ_INTERVAL_MS);
    begin();
    const latencies = [];
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (!isDone) {
      const begunMs = performance.now();
      if (begunMs > deadlineMs) throw new Error(`${JSON.stringify(order)} was not done in ${PATIENCE_MS / 1000} s`);
      await this.#harper.json('/SyncCheckpoint/?limit(1)');
      latencies.push(performance.now() - begunMs);
      await sleep(READ_INTERVAL_MS);
    }
    const run = await outcome;
    if (run.rows !== this.#rows) throw new Error(`${JSON.stringify(order)} wrote ${run.rows} of ${this.#rows} rows`);
    latencies.sort((a, b) => a - b);
    return { ...run, readP99Ms: latencies[Math.floor(latencies.length * 0.99)] };
  }
}
