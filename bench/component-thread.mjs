// The thread of the component alone: the built engine with the plugin's own imports, but a storage that keeps nothing.
import { parentPort, workerData } from 'node:worker_threads';
import { engineImports } from '../host-shim/src/engine-imports.js';
import { load } from '../host-shim/src/sandbox.js';
import { CannedAnswers } from './canned-answers.mjs';
import { syncOf } from './engine-settings.mjs';
import { memoryHttp } from './memory-http.mjs';
import { NoStorage } from './no-storage.mjs';

/** The source: a server, or so many rows in this thread's own memory. @type {{ host?: string, rows?: number }} */
const { host = '127.0.0.1:1', rows } = workerData;

const storage = new NoStorage();
const { imports } = engineImports(/** @type {any} */ (storage), [host]);
if (rows) imports['wasi:http/outgoing-handler'] = memoryHttp(imports, cannedText(new CannedAnswers(rows)));
const { sync } = await load('engine', imports);

/**
 * Answers as a server would. Pages are put together once, as those are that the client is measured with, whichever job they are asked of.
 *
 * @param {CannedAnswers} bigquery
 * @returns {(method: string, pathAndQuery: string) => Buffer}
 */
function cannedText(bigquery) {
  /** @type {Map<string, Buffer>} */
  const pages = new Map();
  return (method, pathAndQuery) => {
    if (method === 'post') return Buffer.from(JSON.stringify({ status: { state: 'DONE' } }));
    const [, which = ''] = pathAndQuery.split('?');
    const recorded = pages.get(which);
    if (recorded) return recorded;
    const content = bigquery.answer(pathAndQuery, '');
    if (!Array.isArray(content)) return Buffer.from(JSON.stringify(content));
    const page = Buffer.concat(content);
    pages.set(which, page);
    return page;
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
