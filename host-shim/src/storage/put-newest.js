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
 * later, and drops the other without a word; clocks of nodes may differ by minutes.
 *
 * @param {HarperTable} table
 * @param {string[]} ids
 * @returns {Promise<{ timestamp?: number }>} nothing where the date of today will do
 */
export async function laterThanStored(table, ids) {
  let newest = 0;
  for (const id of ids) newest = Math.max(newest, (await table.get(id))?.getUpdatedTime() ?? 0);
  return newest < Date.now() ? {} : { timestamp: newest + 1 };
}
