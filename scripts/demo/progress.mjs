// How far the sync is, as bars that stay in place on a terminal and as plain lines elsewhere.
import { createLogUpdate } from 'log-update';

const BAR_WIDTH = 28;
const PLAIN_INTERVAL_MS = 2000;

/**
 * @typedef {object} TableStatus one entry of `tables` of GET /SyncControl
 * @property {string} tableId
 * @property {string | null} phase
 * @property {number | null} lagSeconds
 * @property {number | null} rowsIngested
 * @property {number | null} rowsPerSecond
 * @property {{message: string} | null} [error]
 */

/** @param {number} value @returns {string} */
const grouped = (value) => Math.round(value).toLocaleString('en-US');

/** @param {number} seconds @returns {string} */
function duration(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${grouped(seconds / 86_400)} days`;
}

/** @param {TableStatus} status @param {number} totalRows @returns {string} */
function line({ tableId, phase, lagSeconds, rowsIngested, rowsPerSecond, error }, totalRows) {
  const rows = rowsIngested ?? 0;
  const filled = Math.round(BAR_WIDTH * Math.min(rows / totalRows, 1));
  const columns = [
    tableId.padEnd(17),
    '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled),
    `${grouped(rows)} / ${grouped(totalRows)}`.padStart(17),
    `${grouped(rowsPerSecond ?? 0)} rows/s`.padStart(13),
    (phase ?? 'waiting').padEnd(8),
    lagSeconds === null || lagSeconds === undefined ? '' : `lag ${duration(lagSeconds)}`,
  ];
  return columns.join('  ').trimEnd() + (error ? `\n  ${error.message}` : '');
}

/**
 * @param {NodeJS.WriteStream} stream
 * @returns {{show: (tables: TableStatus[], totals: Map<string, number>) => void, done: () => void}} `done` leaves what was
 *   shown last, so that something else can be written below
 */
export function createProgress(stream) {
  let latest = '';
  let shownAtMs = -Infinity;
  const update = stream.isTTY ? createLogUpdate(stream) : undefined;
  const writePlain = () => {
    if (latest !== '') stream.write(`${latest}\n`);
    latest = '';
    shownAtMs = performance.now();
  };
  return {
    show(tables, totals) {
      const text = tables.map((status) => line(status, totals.get(status.tableId) ?? 0)).join('\n');
      if (update) {
        update(text);
        return;
      }
      latest = text;
      if (performance.now() - shownAtMs >= PLAIN_INTERVAL_MS) writePlain();
    },
    done() {
      if (update) update.done();
      else writePlain();
    },
  };
}
