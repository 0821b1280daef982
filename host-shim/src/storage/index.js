import { appendAudit } from './audit.js';
import { loadCheckpoints, writeCheckpoint } from './checkpoints.js';
import { findMissing, readRange, readRows } from './read.js';
import { removeRows } from './remove-rows.js';
import { writeRows } from './write-rows.js';

/**
 * The storage that an engine uses, on this Harper thread: the functions of wit/storage.wit by their names in JavaScript.
 *
 * Writes of rows are carried out one after the other in the order they were started, whatever became of those before;
 * checkpoints likewise among themselves. Reads are answered in between.
 *
 * @param {string} nodeId
 * @param {(name: string, columns: import('../target-table.js').Column[]) => Promise<void>} ensureTable
 * @returns {Record<string, (...args: any[]) => Promise<any>>}
 */
export function createStorage(nodeId, ensureTable) {
  const rowsInOrder = queue();
  const checkpointsInOrder = queue();
  return {
    ensureTable,
    writeRows: (targetTable, rows, sliceEnds) => rowsInOrder(() => writeRows(targetTable, rows, sliceEnds)),
    writeCheckpoint: (text) => checkpointsInOrder(() => writeCheckpoint(text)),
    loadCheckpoints,
    findMissing,
    readRows,
    readRange,
    removeRows: (targetTable, ids) => rowsInOrder(() => removeRows(targetTable, ids)),
    appendAudit: (text) => appendAudit(nodeId, JSON.parse(text)),
  };
}

/**
 * @returns {<T>(write: () => Promise<T>) => Promise<T>} carries out writes one at a time, in the order of the calls
 */
function queue() {
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  return (write) => {
    const done = last.then(write);
    last = done.catch(() => {});
    return done;
  };
}
