import { commit } from './commit.js';

/** Harper's threads set their clocks once a minute. */
const THREAD_CLOCK_MS = 60_000;

/**
 * Puts a record in the place of what is stored, whatever the clocks say.
 *
 * @param {HarperTable} table
 * @param {Record<string, unknown> & { id: string }} record
 */
export async function putNewest(table, record) {
  await commit(await laterThanStored(table, [record.id]), (txn) => table.put(record, txn));
}

/**
 * What dates a transaction after everything that it replaces. Of two versions of a record Harper keeps the one that is dated
 * later, and drops the other without a word; clocks of nodes may differ by minutes, those of a node's threads by a little.
 *
 * @param {HarperTable} table
 * @param {string[]} ids
 * @returns {Promise<{ timestamp?: number }>} nothing where Harper's own date will do
 */
export async function laterThanStored(table, ids) {
  let newest = 0;
  for (const id of ids) newest = Math.max(newest, (await table.get(id))?.getUpdatedTime() ?? 0);
  // The fraction tells transactions of one millisecond apart: of two that are dated alike, one is not replicated.
  const nowMs = Date.now() + (performance.now() % 1);
  return newest < nowMs - THREAD_CLOCK_MS ? {} : { timestamp: Math.max(newest + 1, nowMs) };
}
