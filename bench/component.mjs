// From the bytes of BigQuery's answers to records with ids, in the component and in Google's own client.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { BigQuery } from '@google-cloud/bigquery';
import { startCannedBigQuery } from './canned-bigquery.mjs';
import { median } from './figures.mjs';
import { PAGE_ROWS } from './pages.mjs';

/**
 * @param {{ pages: number, rounds: number }} size
 * @returns {Promise<import('./figures.mjs').Benchmark>}
 */
export async function measureComponent({ pages, rounds }) {
  const bigquery = await startCannedBigQuery(pages * PAGE_ROWS);
  const thread = new Worker(new URL('component-thread.mjs', import.meta.url), { workerData: { host: bigquery.host } });
  try {
    /** @type {string[]} */
    const texts = [];
    for (let page = 0; page < pages; page++) texts.push(await bigquery.page(page * PAGE_ROWS, PAGE_ROWS));
    /** @type {Cost[]} */
    const component = [];
    /** @type {Cost[]} */
    const parse = [];
    /** @type {Cost[]} */
    const client = [];
    // The first round warms up the compilers.
    for (let round = 0; round <= rounds; round++) {
      component.push(await costOfPages(pages, () => backfill(thread, `positions_${round}`, pages * PAGE_ROWS)));
      parse.push(await costOfPages(pages, () => texts.forEach((text) => JSON.parse(text))));
      client.push(await costOfPages(pages, () => texts.forEach(parseAndMerge)));
    }
    for (const costs of [component, parse, client]) costs.shift();
    return {
      title: `A page of ${PAGE_ROWS.toLocaleString('en')} rows x 8 columns`,
      figures: [
        { name: 'component: HTTP, decode, ids, JSON', unit: 'ms', values: component.map(({ ms }) => ms) },
        { name: 'component: CPU of its threads', unit: 'ms', values: component.map(({ cpuMs }) => cpuMs) },
        { name: '`JSON.parse`', unit: 'ms', values: parse.map(({ ms }) => ms) },
        { name: '`JSON.parse` + `mergeSchemaWithRows_`', unit: 'ms', values: client.map(({ ms }) => ms) },
        { name: '`JSON.parse` + `mergeSchemaWithRows_`: CPU', unit: 'ms', values: client.map(({ cpuMs }) => cpuMs) },
        {
          name: 'component against the official client',
          unit: 'x',
          values: [median(client.map(({ ms }) => ms)) / median(component.map(({ ms }) => ms))],
          goal: { atLeast: 8 },
        },
      ],
    };
  } finally {
    await thread.terminate();
    await bigquery.stop();
  }
}

/** @typedef {{ ms: number, cpuMs: number }} Cost of a page; CPU time is that of the whole process */

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

/** What the client does with every page of a query's result. @param {string} text */
function parseAndMerge(text) {
  const { schema, rows } = JSON.parse(text);
  return BigQuery.mergeSchemaWithRows_(schema, rows, { wrapIntegers: false });
}
