import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, startServer, waitUntilReady } from '../tests/harper/support/process.mjs';

const SERVER = fileURLToPath(new URL('canned-server.mjs', import.meta.url));

/** @typedef {{ queryJobs: Record<string, number>, bytesBilled: Record<string, import('./prices.mjs').Billed> }} Bill by table */

/**
 * Starts the canned BigQuery in a process of its own.
 *
 * @param {number} rows of every table
 */
export async function startCannedBigQuery(rows) {
  const [port] = await freePorts(1);
  const host = `127.0.0.1:${port}`;
  const folder = mkdtempSync(path.join(tmpdir(), 'canned-bigquery-'));
  const logFile = path.join(folder, 'server.log');
  const server = startServer(process.execPath, [SERVER, String(port), String(rows)], { logFile });
  /** @returns {Promise<Bill>} */
  const bill = async () => (await fetch(`http://${host}/bill`)).json();
  /** @param {string} control @param {number} value */
  const set = async (control, value) => {
    await fetch(`http://${host}/${control}`, { method: 'POST', body: String(value) });
  };
  await waitUntilReady(server, async () => Boolean(await bill()), {
    what: 'the canned BigQuery',
    timeoutMs: 60_000,
  });
  return {
    host,
    /** What was queried so far, by table. */
    bill,
    /** Query jobs so far, by table. */
    queryJobs: async () => (await bill()).queryJobs,
    /** @returns {Promise<number>} pages that were asked for at a time, on average, since this was asked last */
    depth: async () => (await (await fetch(`http://${host}/depth`)).json()).pages,
    /** @param {number} micros what its clock shows from now on; later rows are not there yet */
    setNow: (micros) => set('now', micros),
    /** @param {number} ms by which every answer is late from now on */
    setRoundTrip: (ms) => set('round-trip', ms),
    /** @param {number} startIndex @param {number} maxResults @returns {Promise<string>} a page as text */
    async page(startIndex, maxResults) {
      const query = `startIndex=${startIndex}&maxResults=${maxResults}`;
      return (await fetch(`http://${host}/bigquery/v2/projects/bench/queries/any?${query}`)).text();
    },
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
