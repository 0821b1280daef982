import { commit } from './commit.js';

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
 * later, and drops the other without a word; clocks of nodes may differ by minutes, and those by which Harper's threads date
 * what has no date by a millisecond.
 *
 * @param {HarperTable} table
 * @param {string[]} ids
 * @returns {Promise<{ timestamp: number }>}
 */
export async function laterThanStored(table, ids) {
  let newest = 0;
  for (const id of ids) newest = Math.max(newest, (await table.get(id))?.getUpdatedTime() ?? 0);
  return { timestamp: Math.max(newest + 1, Date.now()) };
}
