import { setImmediate as nextTurn } from 'node:timers/promises';
import { commit } from './commit.js';
import { laterThanStored } from './put-newest.js';
import { targetTable } from './tables.js';

/** Records removed before others get their turn on Harper's event loop. */
const RECORDS_A_TURN = 50;

/**
 * Removes records; those that are not there are none the less gone.
 *
 * @param {string} name of the target table
 * @param {string[]} ids
 */
export async function removeRows(name, ids) {
  const table = targetTable(name);
  for (let first = 0; first < ids.length; first += RECORDS_A_TURN) {
    const some = ids.slice(first, first + RECORDS_A_TURN);
    await commit(await laterThanStored(table, some), async (txn) => {
      for (const id of some) await table.delete(id, txn);
    });
    await nextTurn();
  }
}
