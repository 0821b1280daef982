import { setImmediate as nextTurn } from 'node:timers/promises';
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
  for (const [position, id] of ids.entries()) {
    await table.delete(id);
    if (position % RECORDS_A_TURN === RECORDS_A_TURN - 1) await nextTurn();
  }
}
