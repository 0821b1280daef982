// What runs in Harper's own thread: the bare loop, and the watch over a backfill. A resource of the benchmark's app.
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { batches } from './client-pipeline.mjs';

/** Beyond these Harper writes no faster, and its event loop is blocked for longer. */
const TRANSACTIONS_IN_FLIGHT = 4;
/** As many as the plugin puts into one: `SLICE_ROWS` of the engine. */
const TRANSACTION_ROWS = 200;

const MEMORY_INTERVAL_MS = 50;

/** Between two notes of how much memory there was. */
const GROWTH_ROWS = 10_000;

/** Between looks at the checkpoints of a backfill. */
const WATCH_INTERVAL_MS = 20;

/** Only the super user may: Harper's default for a resource. */
export class Bench extends Resource {
  /**
   * @param {{ action: 'putAll', from: string, to: string } | { action: 'putMany', like: string, to: string, rows: number }
   *   | { action: 'watch', tableId: string } | { action: 'idle', ms: number } | Pull} order
   */
  async post(order) {
    switch (order.action) {
      case 'putAll':
        return putAll(order.from, order.to);
      case 'putMany':
        return putMany(order);
      case 'pull':
        return pull(order);
      case 'idle':
        return idle(order.ms);
      default:
        return watchBackfill(order.tableId);
    }
  }
}

/**
 * @typedef {object} Pull what one would write oneself
 * @property {'pull'} action
 * @property {string} host of BigQuery
 * @property {string} from
 * @property {string} to a new table, declared like `like`
 * @property {string} like
 * @property {number} rows after which it stops
 * @property {number} pauseMs between queries
 */

/** @param {number} ms in which nothing is done */
async function idle(ms) {
  const delay = new LoopDelay();
  await sleep(ms);
  return { rows: 0, ms, delay: delay.end() };
}

/**
 * Reads a table with Google's client, and puts its rows a query's result at a time.
 *
 * @param {Pull} order
 */
async function pull({ host, from, to, like, rows, pauseMs }) {
  const table = await createTableLike(like, to);
  const memory = new Memory();
  const delay = new LoopDelay();
  const begunMs = performance.now();
  /** @type {[ms: number, rows: number][]} */
  const timeline = [];
  let stored = 0;
  for await (const records of batches(host, from)) {
    await transaction((txn) => {
      for (const record of records) table.put(record, txn);
    });
    stored += records.length;
    timeline.push([performance.now() - begunMs, stored]);
    if (stored >= rows) break;
    await sleep(pauseMs);
  }
  return { rows: stored, ms: performance.now() - begunMs, delay: delay.end(), grownBytes: memory.end(), timeline };
}

/**
 * @param {string} like
 * @param {string} name
 */
async function createTableLike(like, name) {
  const attributes = tables[like].attributes.map(({ name, type, indexed, isPrimaryKey }) => ({
    name,
    type,
    indexed,
    is_primary_key: isPrimaryKey,
  }));
  await server.operation({ operation: 'create_table', table: name, primary_key: 'id', attributes }, {}, false);
  return tables[name];
}

/**
 * Puts the records of one table, made ready beforehand, into a new one that is declared alike.
 *
 * @param {string} from
 * @param {string} to
 */
async function putAll(from, to) {
  const table = await createTableLike(from, to);
  const transactions = await readyMade(from);
  const rows = transactions.reduce((sum, records) => sum + records.length, 0);
  /** @type {[ms: number, rows: number][]} */
  const timeline = [];
  let next = 0;
  let stored = 0;
  async function putSome() {
    for (let records; (records = transactions[next++]);) {
      const ready = records;
      await transaction((txn) => {
        for (const record of ready) table.put(record, txn);
      });
      stored += ready.length;
      timeline.push([performance.now() - begunMs, stored]);
    }
  }
  const delay = new LoopDelay();
  const begunMs = performance.now();
  await Promise.all(Array.from({ length: TRANSACTIONS_IN_FLIGHT }, putSome));
  return { rows, ms: performance.now() - begunMs, delay: delay.end(), timeline };
}

/**
 * Puts records that are made on the way, like those of another table but each with an id and a time of its own, into a new one.
 *
 * @param {{ like: string, to: string, rows: number }} order
 */
async function putMany({ like, to, rows }) {
  const table = await createTableLike(like, to);
  const samples = (await readyMade(like))
    .filter((records) => records.length === TRANSACTION_ROWS)
    .map((it) => JSON.stringify(it));
  const memory = new Memory();
  const begunMs = performance.now();
  /** @type {[rows: number, bytes: number][]} */
  const growth = [];
  let next = 0;
  async function putSome() {
    while (next < rows) {
      const first = next;
      next += TRANSACTION_ROWS;
      /** @type {any[]} */
      const records = JSON.parse(samples[(first / TRANSACTION_ROWS) % samples.length]).slice(0, rows - first);
      await transaction((txn) => {
        for (const [index, record] of records.entries()) {
          const number = String(first + index).padStart(12, '0');
          record.id = number + record.id.slice(number.length);
          record.timestamp = new Date(first + index).toISOString();
          table.put(record, txn);
        }
      });
      if (first % GROWTH_ROWS === 0) growth.push([first, memory.most()]);
    }
  }
  await Promise.all(Array.from({ length: TRANSACTIONS_IN_FLIGHT }, putSome));
  return { rows, ms: performance.now() - begunMs, grownBytes: memory.end(), growth };
}

/**
 * The records of a table as the plugin's storage has them before it writes: parsed from JSON.
 *
 * @param {string} table
 * @returns {Promise<object[][]>} by transaction
 */
async function readyMade(table) {
  const transactions = [];
  /** @type {object[]} */
  let records = [];
  for await (const record of tables[table].search({})) {
    records.push(record);
    if (records.length === TRANSACTION_ROWS) transactions.push(JSON.parse(JSON.stringify(records.splice(0))));
  }
  if (records.length > 0) transactions.push(JSON.parse(JSON.stringify(records)));
  return transactions;
}

/**
 * Waits for a backfill from its first checkpoint, which announces the job, to the one that says that everything is stored.
 * Looks for them now and then: whoever subscribes makes Harper read every write again from its log.
 *
 * @param {string} tableId
 */
async function watchBackfill(tableId) {
  const memory = new Memory();
  let checkpoint;
  while (!(checkpoint = await checkpointOf(tableId))) await sleep(WATCH_INTERVAL_MS);
  const delay = new LoopDelay();
  const begunMs = performance.now();
  /** @type {[ms: number, rows: number][]} */
  const timeline = [];
  /** @type {[rows: number, bytes: number][]} */
  const growth = [];
  while (checkpoint?.jobId !== null) {
    await sleep(WATCH_INTERVAL_MS);
    checkpoint = await checkpointOf(tableId);
    timeline.push([performance.now() - begunMs, checkpoint.recordsIngested]);
    const rows = checkpoint.recordsIngested;
    if (rows >= (growth.at(-1)?.[0] ?? 0) + GROWTH_ROWS) growth.push([rows, memory.most()]);
  }
  const ms = performance.now() - begunMs;
  return { rows: checkpoint.recordsIngested, ms, delay: delay.end(), grownBytes: memory.end(), timeline, growth };
}

/** @param {string} tableId @returns {Promise<any>} the checkpoint of its worker */
async function checkpointOf(tableId) {
  for await (const checkpoint of tables.SyncCheckpoint.search({
    conditions: [{ attribute: 'tableId', comparator: 'equals', value: tableId }],
  }))
    return checkpoint;
}

/** How late this thread's event loop is. */
class LoopDelay {
  #histogram = monitorEventLoopDelay({ resolution: 1 });

  constructor() {
    this.#histogram.enable();
  }

  end() {
    this.#histogram.disable();
    const { max } = this.#histogram;
    return {
      p50Ms: this.#histogram.percentile(50) / 1e6,
      p99Ms: this.#histogram.percentile(99) / 1e6,
      maxMs: max / 1e6,
    };
  }
}

/** How much the process grows. */
class Memory {
  #before = privateBytes();
  #most = this.#before;
  #timer = setInterval(() => (this.#most = Math.max(this.#most, privateBytes())), MEMORY_INTERVAL_MS);

  /** @returns {number} bytes, until now */
  most() {
    return this.#most - this.#before;
  }

  end() {
    clearInterval(this.#timer);
    return this.most();
  }
}

/**
 * The process's memory without the pages of mapped files: of the databases as much is in memory as there is room for. Where
 * the system does not tell, all of it.
 */
function privateBytes() {
  if (process.platform !== 'linux') return process.memoryUsage.rss();
  const [, kibibytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return kibibytes ? Number(kibibytes) * 1024 : process.memoryUsage.rss();
}
