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
