// The thread of the component alone: the built engine with the plugin's own imports, but a storage that keeps nothing.
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { engineImports } from '../host-shim/src/engine-imports.js';
import { CannedAnswers } from './canned-answers.mjs';
import { syncOf } from './engine-settings.mjs';
import { memoryHttp } from './memory-http.mjs';

/** The source: a server, or so many rows in this thread's own memory. @type {{ host?: string, rows?: number }} */
const { host = '127.0.0.1:1', rows } = workerData;

const built = (/** @type {string} */ file) => new URL(`../host-shim/dist/${file}`, import.meta.url);

/** Answers at once what an empty storage would. */
class NoStorage {
  /** Of the records that were written. */
  bytes = 0;
  /** The last checkpoint. @type {{ jobId?: string, recordsIngested?: number }} */
  checkpoint = {};
  /** @type {Map<number, unknown>} */
  #answers = new Map();
  #calls = 0;

  /** @param {{ log?: { level: string, message: string } }} message */
  post({ log }) {
    if (log?.level === 'warn' || log?.level === 'error') throw new Error(`the engine says: ${log.message}`);
  }

  /** @param {string} method @param {any[]} args */
  call(method, args) {
    this.#answers.set(++this.#calls, this.#answer(method, args));
    return this.#calls;
  }

  /** @param {number} call @returns {any} */
  answer(call) {
    const answer = this.#answers.get(call);
    this.#answers.delete(call);
    return answer;
  }

  /** @param {number} call */
  forget(call) {
    this.#answers.delete(call);
  }

  /** @param {string} method @param {any[]} args */
  #answer(method, args) {
    switch (method) {
      case 'writeRows':
        this.bytes += args[1].length;
        return [];
      case 'writeCheckpoint':
        this.checkpoint = JSON.parse(args[0]);
        return [];
      case 'loadCheckpoints':
        return '[]';
      case 'readRange':
        return new TextEncoder().encode('[]');
      case 'ensureTable':
        return undefined;
      default:
        throw new Error(`a backfill of an empty table has no use for ${method}`);
    }
  }
}

const storage = new NoStorage();
const { imports } = engineImports(/** @type {any} */ (storage), [host]);
if (rows) imports['wasi:http/outgoing-handler'] = memoryHttp(imports, cannedText(new CannedAnswers(rows)));
const { instantiate } = await import(built('engine.js').href);
const { sync } = instantiate(
  (/** @type {string} */ file) => new WebAssembly.Module(readFileSync(built(file))),
  imports,
);

/**
 * @param {CannedAnswers} bigquery
 * @returns {(method: string, pathAndQuery: string) => Buffer}
 */
function cannedText(bigquery) {
  return (method, pathAndQuery) => {
    const content = method === 'post' ? { status: { state: 'DONE' } } : bigquery.answer(pathAndQuery, '');
    return Array.isArray(content) ? Buffer.concat(content) : Buffer.from(JSON.stringify(content));
  };
}

/**
 * Backfills a table of the canned BigQuery.
 *
 * @param {string} table
 */
function backfill(table) {
  const config = JSON.stringify(syncOf(table, 'Nowhere'));
  const { errors } = sync.configure({ config, emulatorHost: host, nodeId: 'bench-0' });
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  storage.bytes = 0;
  storage.checkpoint = {};
  const begunMs = performance.now();
  while (storage.checkpoint.jobId !== null) sync.step(200n);
  return { ms: performance.now() - begunMs, rows: storage.checkpoint.recordsIngested, bytes: storage.bytes };
}

parentPort?.on('message', (table) => parentPort?.postMessage(backfill(table)));
