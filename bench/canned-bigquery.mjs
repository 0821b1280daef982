import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, startServer, waitUntilReady } from '../tests/harper/support/process.mjs';

const SERVER = fileURLToPath(new URL('canned-server.mjs', import.meta.url));

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
  const queryJobs = async () => (await fetch(`http://${host}/query-jobs`)).json();
  await waitUntilReady(server, async () => Boolean(await queryJobs()), {
    what: 'the canned BigQuery',
    timeoutMs: 60_000,
  });
  return {
    host,
    /** Query jobs so far, by table. @type {() => Promise<Record<string, number>>} */
    queryJobs,
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
