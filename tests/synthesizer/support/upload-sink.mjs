// A BigQuery without tables that takes every upload.
import { createWriteStream } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What an unsteady one takes before it pauses, how long that is, and after how many of these its connection breaks. */
const STRETCH_BYTES = 1_000_000;
const PAUSE_MS = 50;
const STRETCHES_A_BREAK = 5;

/** How long a reluctant one looks at the last part of an upload before it takes it. */
const RELUCTANCE_MS = 500;

/**
 * @param {string} [folder] where the uploaded rows are kept, if anywhere: `<table>.ndjson`
 * @param {object} [options]
 * @param {boolean} [options.isUnsteady] it pauses, and breaks connections in the middle of a part
 * @param {boolean} [options.isReluctant] it waits before the last part of each upload
 * @param {{ key: string, cert: string }} [options.certificate] it speaks TLS
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 */
export async function startUploadSink(folder, { isUnsteady = false, isReluctant = false, certificate } = {}) {
  /** Bytes of each table. @type {Map<string, number>} */
  const received = new Map();
  /** @param {string} table @param {number} bytes @returns {Promise<boolean>} whether the connection breaks now */
  const falters = async (table, bytes) => {
    const before = received.get(table) ?? 0;
    received.set(table, before + bytes);
    const stretch = Math.floor((before + bytes) / STRETCH_BYTES);
    if (stretch === Math.floor(before / STRETCH_BYTES)) return false;
    await sleep(PAUSE_MS);
    return stretch % STRETCHES_A_BREAK === 0;
  };
  /** @type {Map<string, import('node:fs').WriteStream>} */
  const files = new Map();
  /** @param {string} table */
  const fileOf = (table) => {
    const file = files.get(table) ?? createWriteStream(path.join(folder ?? '', `${table}.ndjson`));
    files.set(table, file);
    return file;
  };
  /** @type {http.RequestListener} */
  const listener = async (request, response) => {
    const { method, url = '/' } = request;
    const [, table] = /upload_id=(\w+)/.exec(url) ?? [];
    const kept = table && folder !== undefined ? fileOf(table) : undefined;
    const range = request.headers['content-range'];
    if (isReluctant && /\/\d+$/.test(range ?? '')) await sleep(RELUCTANCE_MS);
    let text = '';
    for await (const chunk of request) {
      if (method !== 'PUT') text += chunk;
      else if (kept && !kept.write(chunk)) await once(kept, 'drain');
      if (isUnsteady && table && (await falters(table, chunk.length))) return void request.destroy();
    }
    const isAsked = range?.startsWith('bytes */') && table && received.has(table);
    const {
      status = 200,
      headers = {},
      body = {},
    } = isAsked
      ? { status: 308, headers: { range: `bytes=0-${(received.get(table) ?? 0) - 1}` } }
      : answer(method, url, text, range);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
  const server = certificate ? https.createServer(certificate, listener) : http.createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const stop = async () => {
    server.close();
    server.closeAllConnections();
    await Promise.all([...files.values()].map((file) => new Promise((resolve) => file.end(() => resolve(undefined)))));
  };
  return { url: certificate ? `https://localhost:${port}` : `http://127.0.0.1:${port}`, stop };
}

/**
 * What it answers.
 *
 * @param {string | undefined} method
 * @param {string} url
 * @param {string} text of the request
 * @param {string} [range] of the part of an upload
 * @returns {{ status?: number, headers?: Record<string, string>, body?: unknown }}
 */
export function answer(method, url, text, range) {
  if (method === 'PUT') {
    const [, last, total] = /(\d+)\/(\d+|\*)$/.exec(range ?? '') ?? [];
    return total === '*'
      ? { status: 308, headers: { range: `bytes=0-${last}` } }
      : { body: { status: { state: 'DONE' } } };
  }
  if (url.startsWith('/upload/')) {
    const { tableId } = JSON.parse(text).configuration.load.destinationTable;
    return { headers: { location: `http://sink/?upload_id=${tableId}` } };
  }
  if (url.includes('/queries/')) return { body: { jobComplete: true, schema: { fields: [] }, rows: [] } };
  if (url.includes('/jobs')) return { body: { status: { state: 'DONE' } } };
  const isTable = url.includes('/tables/');
  if (method === 'GET' && !isTable) return { body: { location: 'US' } };
  if (method === 'GET') {
    const message = 'Not found: Table';
    return { status: 404, body: { error: { code: 404, message, errors: [{ reason: 'notFound', message }] } } };
  }
  return {};
}
