// A BigQuery without tables that takes every upload.
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import path from 'node:path';

/**
 * @param {string} [folder] where the uploaded rows are kept, if anywhere: `<table>.ndjson`
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 */
export async function startUploadSink(folder) {
  /** @type {Map<string, import('node:fs').WriteStream>} */
  const files = new Map();
  /** @param {string} table */
  const fileOf = (table) => {
    const file = files.get(table) ?? createWriteStream(path.join(folder ?? '', `${table}.ndjson`));
    files.set(table, file);
    return file;
  };
  const server = createServer(async (request, response) => {
    const { method, url = '/' } = request;
    const [, table] = /upload_id=(\w+)/.exec(url) ?? [];
    const kept = table && folder !== undefined ? fileOf(table) : undefined;
    let text = '';
    for await (const chunk of request) {
      if (method !== 'PUT') text += chunk;
      else if (kept && !kept.write(chunk)) await once(kept, 'drain');
    }
    const { status = 200, headers = {}, body = {} } = answer(method, url, text, request.headers['content-range']);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const stop = async () => {
    server.close();
    server.closeAllConnections();
    await Promise.all([...files.values()].map((file) => new Promise((resolve) => file.end(() => resolve(undefined)))));
  };
  return { url: `http://127.0.0.1:${port}`, stop };
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
