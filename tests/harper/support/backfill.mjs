// A backfill that is interrupted again and again, and what was read of its result, counted in front of BigQuery.
import { DATASET } from './scene.mjs';

/** @typedef {import('./scene.mjs').Scene} Scene */

/** @type {import('./emulator.mjs').Field[]} */
export const FIELDS = [
  { name: 'at', type: 'TIMESTAMP' },
  { name: 'n', type: 'INTEGER' },
  { name: 'note', type: 'STRING' },
];

const DAY_MS = 86_400_000;
/** Rows of one load job. */
const LOAD_ROWS = 50_000;

/**
 * Makes a table of rows of the days before yesterday, several of which share each millisecond.
 *
 * @param {import('./emulator.mjs').Emulator} emulator
 * @param {string} table
 * @param {number} count
 */
export async function createBacklog(emulator, table, count) {
  await emulator.createTable(DATASET, table, FIELDS);
  const begin = Date.now() - 3 * DAY_MS;
  for (let first = 0; first < count; first += LOAD_ROWS) {
    const rows = Array.from({ length: Math.min(LOAD_ROWS, count - first) }, (_, position) => {
      const n = first + position;
      return { at: new Date(begin + Math.floor(n / 7)).toISOString(), n, note: `position ${n} of a backlog` };
    });
    await emulator.loadRows(DATASET, table, rows);
  }
}

/**
 * What was read of the result of a table's backfill, its first job. Polls that follow have jobs of their own.
 *
 * @param {Scene} scene
 * @param {string} table
 * @param {number} totalRows
 * @returns {{rows: number, again: number, reached: number}} rows of the pages that BigQuery sent to their end; how many of these it
 *   had sent before; where the farthest page ended
 */
export function rowsRead({ proxy }, table, totalRows) {
  /** @type {string | undefined} */
  let backfill;
  let rows = 0;
  let reached = 0;
  for (const { method, path, isAnswered } of proxy.requests) {
    const { pathname, searchParams } = new URL(path, 'http://proxy');
    const [, job] = /\/queries\/([^/]+)$/.exec(pathname) ?? [];
    if (method !== 'GET' || !job?.startsWith(`harper_${table}_`)) continue;
    backfill ??= job;
    if (job !== backfill || !isAnswered) continue;
    const start = Number(searchParams.get('startIndex') ?? 0);
    const end = Math.min(start + Number(searchParams.get('maxResults')), totalRows);
    rows += end - start;
    reached = Math.max(reached, end);
  }
  return { rows, again: Math.max(0, rows - totalRows), reached };
}
