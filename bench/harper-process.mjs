// A real Harper with the plugin and the benchmark's resource, and the client of that resource.
import { once } from 'node:events';
import { request } from 'node:http';
import path from 'node:path';
import { json, text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createApp } from '../tests/harper/support/app.mjs';
import { PASSWORD, USER, WITHOUT_OWN_PROFILES, startHarper } from '../tests/harper/support/harper.mjs';
import { syncOf } from './engine-settings.mjs';
import { cpuSeconds } from './process-tree.mjs';

const RESOURCE = pathToFileURL(path.join(path.dirname(fileURLToPath(import.meta.url)), 'harper-thread.js')).href;

/** Between requests of somebody who uses Harper meanwhile. */
const READ_INTERVAL_MS = 20;

/** A run that takes longer has failed; Harper's log says why. Ten million rows take seven minutes, and twice that on a busy machine. */
const PATIENCE_MS = 1_800_000;

/** @typedef {{ p50Ms: number, p99Ms: number, maxMs: number }} Latency */
/**
 * @typedef {object} Run
 * @property {number} rows
 * @property {number} ms
 * @property {Latency} delay of Harper's event loop
 * @property {number} readP99Ms of a GET meanwhile
 * @property {number} cpuSeconds of Harper's processes, user and system
 * @property {number} grownBytes how much Harper's memory grew; 0 where nobody looked
 * @property {[ms: number, rows: number][]} timeline rows that were stored by then
 * @property {[rows: number, bytes: number][]} growth how much Harper's memory had grown by then
 */

/**
 * @template T
 * @param {string} bigqueryHost
 * @param {(bench: Bench) => Promise<T>} measure
 */
export async function withHarper(bigqueryHost, measure) {
  const root = { jsResource: { files: 'resources.js' } };
  const app = createApp({
    section: { bigquery: { projectId: 'bench', tables: [] } },
    root,
    files: { 'resources.js': `export { Bench } from ${JSON.stringify(RESOURCE)};` },
  });
  /** @type {import('../tests/harper/support/harper.mjs').Harper | undefined} */
  let harper;
  try {
    harper = await startHarper({ app: app.folder, config: WITHOUT_OWN_PROFILES });
    // Not by the environment: that goes for Google's client in the same process, too.
    const apiEndpoint = `http://${bigqueryHost}`;
    const configure = (/** @type {ReturnType<typeof syncOf>} */ { bigquery, ...section }) =>
      app.writeConfig({ bigquery: { ...bigquery, apiEndpoint }, ...section }, root);
    return await measure(new Bench(harper, configure));
  } catch (error) {
    if (harper) console.error(harper.logText().slice(-4000));
    throw error;
  } finally {
    await harper?.stop();
    app.remove();
  }
}

/** The client of the resource in Harper's thread. */
export class Bench {
  #configure;

  /**
   * @param {import('../tests/harper/support/harper.mjs').Harper} harper
   * @param {(section: ReturnType<typeof syncOf>) => void} configure the plugin
   */
  constructor(harper, configure) {
    this.harper = harper;
    this.#configure = configure;
  }

  /**
   * Syncs a table into a new one, until everything is stored.
   *
   * @param {string} table
   * @param {string} targetTable
   * @param {number} rows of the table
   * @param {object} [settings] of its `sync`
   */
  backfill(table, targetTable, rows, settings) {
    const begin = () => this.#configure(syncOf(table, targetTable, settings));
    return this.run({ action: 'watch', tableId: table }, rows, begin);
  }

  /**
   * Gives an order and reads from Harper until it is done.
   *
   * @param {object} order
   * @param {number} rows that it has to write
   * @param {() => void} [begin] called when the order is under way
   * @returns {Promise<Run>}
   */
  async run(order, rows, begin = () => {}) {
    let isDone = false;
    const cpuBefore = cpuSeconds(this.harper.pid);
    const outcome = post(`${this.harper.httpUrl}/Bench`, order);
    const isOver = () => void (isDone = true);
    outcome.then(isOver, isOver);
    await sleep(READ_INTERVAL_MS);
    begin();
    const latencies = [];
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (!isDone) {
      const begunMs = performance.now();
      if (begunMs > deadlineMs) throw new Error(`${JSON.stringify(order)} was not done in ${PATIENCE_MS / 1000} s`);
      await this.harper.json('/SyncCheckpoint/?limit(1)');
      latencies.push(performance.now() - begunMs);
      await sleep(READ_INTERVAL_MS);
    }
    const run = await outcome;
    if (run.rows !== rows) throw new Error(`${JSON.stringify(order)} wrote ${run.rows} of ${rows} rows`);
    latencies.sort((a, b) => a - b);
    const readP99Ms = latencies[Math.floor(latencies.length * 0.99)];
    const cpu = cpuSeconds(this.harper.pid) - cpuBefore;
    return { grownBytes: 0, timeline: [], growth: [], ...run, readP99Ms, cpuSeconds: cpu };
  }
}

/**
 * Waits for as long as the answer takes; `fetch` gives up after five minutes.
 *
 * @param {string} url
 * @param {object} body
 * @returns {Promise<any>}
 */
async function post(url, body) {
  const headers = { 'content-type': 'application/json' };
  const call = request(url, { method: 'POST', auth: `${USER}:${PASSWORD}`, headers });
  call.end(JSON.stringify(body));
  const [response] = await once(call, 'response');
  if (response.statusCode !== 200) throw new Error(`${url}: HTTP ${response.statusCode} ${await text(response)}`);
  return json(response);
}

/** @param {Run} run @returns {number} rows a second */
export const rateOf = (run) => (run.rows / run.ms) * 1000;

/** @param {Run} run @returns {number} CPU seconds a million rows */
export const cpuPerMillion = (run) => (run.cpuSeconds / run.rows) * 1e6;

/**
 * What a run did to Harper.
 *
 * @param {string} name of the run
 * @param {Run} run
 * @returns {import('./figures.mjs').Figure[]}
 */
export function figuresOf(name, run) {
  const { delay, readP99Ms, grownBytes } = run;
  return [
    { name: `${name}: CPU of all of Harper`, unit: 's a million rows', values: [cpuPerMillion(run)] },
    { name: `${name}: longest block of Harper's event loop`, unit: 'ms', values: [delay.maxMs] },
    { name: `${name}: event loop's delay, 99th percentile`, unit: 'ms', values: [delay.p99Ms] },
    { name: `${name}: event loop's delay, 50th percentile`, unit: 'ms', values: [delay.p50Ms] },
    { name: `${name}: a GET meanwhile, 99th percentile`, unit: 'ms', values: [readP99Ms] },
    { name: `${name}: growth of Harper's memory`, unit: 'MB', values: [grownBytes / 1e6] },
  ];
}
