// From the bytes of BigQuery's answers to records with ids, in the component and in Google's own client.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { BigQuery } from '@google-cloud/bigquery';
import { startCannedBigQuery } from './canned-bigquery.mjs';
import { batches, recordOf } from './client-pipeline.mjs';
import { median } from './figures.mjs';
import { PAGE_ROWS } from './pages.mjs';

/**
 * @param {{ pages: number, rounds: number }} size
 * @returns {Promise<import('./figures.mjs').Benchmark>}
 */
export async function measureComponent({ pages, rounds }) {
  const bigquery = await startCannedBigQuery(pages * PAGE_ROWS);
  const thread = (/** @type {object} */ workerData) =>
    new Worker(new URL('component-thread.mjs', import.meta.url), { workerData });
  const overHttp = thread({ host: bigquery.host });
  const inMemory = thread({ rows: pages * PAGE_ROWS });
  try {
    /** @type {string[]} */
    const texts = [];
    for (let page = 0; page < pages; page++) texts.push(await bigquery.page(page * PAGE_ROWS, PAGE_ROWS));
    /** @type {Cost[]} */
    const decoded = [];
    /** @type {Cost[]} */
    const fetched = [];
    /** @type {Cost[]} */
    const parse = [];
    /** @type {Cost[]} */
    const client = [];
    /** @type {Cost[]} */
    const converted = [];
    /** @type {Cost[]} */
    const pipeline = [];
    // The first round warms up the compilers.
    for (let round = 0; round <= rounds; round++) {
      decoded.push(await costOfPages(pages, () => backfill(inMemory, `positions_${round}`, pages * PAGE_ROWS)));
      fetched.push(await costOfPages(pages, () => backfill(overHttp, `positions_${round}`, pages * PAGE_ROWS)));
      parse.push(await costOfPages(pages, () => texts.forEach((text) => JSON.parse(text))));
      client.push(await costOfPages(pages, () => texts.forEach(parseAndMerge)));
      converted.push(await costOfPages(pages, () => texts.forEach((text) => parseAndMerge(text).map(recordOf))));
      pipeline.push(await costOfPages(pages, () => readAll(bigquery.host, `positions_${round}`)));
    }
    for (const costs of [decoded, fetched, parse, client, converted, pipeline]) costs.shift();
    const pageBytes = Buffer.byteLength(texts[0]);
    return {
      title: `A page of ${PAGE_ROWS.toLocaleString('en')} rows x 8 columns`,
      figures: [
        ...figuresOf('component: decode, ids, JSON', decoded),
        ...figuresOf('the same and HTTP', fetched),
        ...figuresOf('`JSON.parse`', parse),
        ...figuresOf('`JSON.parse` + `mergeSchemaWithRows_`', client),
        ...figuresOf('the same, conversion, SHA-256 ids', converted),
        ...figuresOf('official client: HTTP, conversion, SHA-256 ids', pipeline),
        ...ratesOf('component', decoded, pageBytes),
        ...ratesOf('`JSON.parse`', parse, pageBytes),
        ...ratesOf('official client', client, pageBytes),
        ...ratesOf('official client with ids', converted, pageBytes),
        { ...gain('official client / component', client, decoded), goal: { atLeast: 8 } },
        gain('official client / component with HTTP', client, fetched),
        gain('official client with HTTP and ids / component with HTTP', pipeline, fetched),
        {
          name: 'CPU: official client with HTTP and ids / component with HTTP',
          unit: 'x',
          values: [cpuOf(pipeline) / cpuOf(fetched)],
        },
        {
          name: 'CPU: official client with ids / component, from memory',
          unit: 'x',
          values: [cpuOf(converted) / cpuOf(decoded)],
        },
      ],
    };
  } finally {
    await Promise.all([overHttp.terminate(), inMemory.terminate()]);
    await bigquery.stop();
  }
}

/** @typedef {{ ms: number, cpuMs: number }} Cost of a page; CPU time is that of the whole process */

/** @param {string} name @param {Cost[]} costs @returns {import('./figures.mjs').Figure[]} */
function figuresOf(name, costs) {
  return [
    { name, unit: 'ms', values: costs.map(({ ms }) => ms) },
    { name: `${name} (CPU)`, unit: 'ms', values: costs.map(({ cpuMs }) => cpuMs) },
  ];
}

/**
 * @param {string} name
 * @param {Cost[]} costs
 * @param {number} pageBytes
 * @returns {import('./figures.mjs').Figure[]}
 */
function ratesOf(name, costs, pageBytes) {
  return [
    { name: `${name}, a row`, unit: 'ns', values: costs.map(({ ms }) => (ms * 1e6) / PAGE_ROWS) },
    { name: `${name}, throughput`, unit: 'MB/s', values: costs.map(({ ms }) => pageBytes / 1000 / ms) },
  ];
}

/** @param {Cost[]} costs */
const cpuOf = (costs) => median(costs.map(({ cpuMs }) => cpuMs));

/** @param {string} name @param {Cost[]} slow @param {Cost[]} fast @returns {import('./figures.mjs').Figure} */
function gain(name, slow, fast) {
  const medianMs = (/** @type {Cost[]} */ costs) => median(costs.map(({ ms }) => ms));
  return { name, unit: 'x', values: [medianMs(slow) / medianMs(fast)] };
}

/**
 * @param {number} pages that `work` goes through
 * @param {() => unknown} work
 * @returns {Promise<Cost>}
 */
async function costOfPages(pages, work) {
  const cpuBefore = process.cpuUsage();
  const begunMs = performance.now();
  await work();
  const ms = (performance.now() - begunMs) / pages;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { ms, cpuMs: (user + system) / 1000 / pages };
}

/** @param {Worker} thread @param {string} table @param {number} rows */
async function backfill(thread, table, rows) {
  thread.postMessage(table);
  const [done] = await once(thread, 'message');
  if (done.rows !== rows) throw new Error(`the component wrote ${done.rows} of ${rows} rows`);
}

/** The whole table by the client, as records with ids. @param {string} host @param {string} table */
async function readAll(host, table) {
  let rows = 0;
  for await (const records of batches(host, table)) rows += records.length;
  return rows;
}

/** What the client does with every page of a query's result. @param {string} text */
function parseAndMerge(text) {
  const { schema, rows } = JSON.parse(text);
  return BigQuery.mergeSchemaWithRows_(schema, rows, { wrapIntegers: false });
}
