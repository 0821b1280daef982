/**
 * Puts a record in the place of what is stored, whatever the clocks say. Of two versions of a record Harper keeps the one
 * that is dated later, and drops the other without a word; clocks of nodes may differ by minutes.
 *
 * @param {HarperTable} table
 * @param {Record<string, unknown> & { id: string }} record
 */
export async function putNewest(table, record) {
  const stored = await table.get(record.id);
  const timestamp = Math.max(Date.now(), (stored?.getUpdatedTime() ?? 0) + 1);
  await transaction({ timestamp }, (txn) => table.put(record, txn));
}
