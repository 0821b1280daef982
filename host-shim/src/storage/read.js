import { setImmediate as nextTurn } from 'node:timers/promises';
import { targetTable } from './tables.js';

/** Records looked at before others get their turn on Harper's event loop: a few milliseconds. */
const RECORDS_A_TURN = 200;

/**
 * @param {string} name
 * @param {string[]} ids
 * @returns {Promise<Uint32Array>} positions of the ids without a record, ascending
 */
export async function findMissing(name, ids) {
  const table = targetTable(name);
  const missing = [];
  for (const [position, id] of ids.entries()) {
    if (!(await table.get(id))) missing.push(position);
    if (position % RECORDS_A_TURN === RECORDS_A_TURN - 1) await nextTurn();
  }
  return Uint32Array.from(missing);
}

/**
 * @param {string} name
 * @param {string[]} ids
 * @returns {Promise<Uint8Array>} a JSON array with a record or null for each id
 */
export async function readRows(name, ids) {
  const table = targetTable(name);
  async function* records() {
    for (const id of ids) yield (await table.get(id)) ?? null;
  }
  return jsonArray(records());
}

/**
 * @param {string} name
 * @param {{ first: string, end: string, limit: number, descending: boolean }} range as `id-range` in wit/storage.wit
 * @returns {Promise<Uint8Array>} a JSON array of records in the order of their ids
 */
export async function readRange(name, { first, end, limit, descending }) {
  const table = targetTable(name);
  const id = table.primaryKey;
  const conditions = [];
  if (first) conditions.push({ attribute: id, comparator: 'ge', value: first });
  if (end) conditions.push({ attribute: id, comparator: 'lt', value: end });
  if (conditions.length === 0) conditions.push(everyKey(id));
  return jsonArray(table.search({ conditions, sort: { attribute: id, descending }, limit }));
}

/**
 * Harper's own condition for a search without conditions: every key comes after `true`.
 *
 * @param {string} attribute
 */
function everyKey(attribute) {
  return { attribute, comparator: 'greater_than', value: true };
}

/**
 * @param {AsyncIterable<any>} records
 * @returns {Promise<Uint8Array>} UTF-8
 */
async function jsonArray(records) {
  const parts = [];
  for await (const record of records) {
    parts.push(JSON.stringify(record, plainNumber));
    if (parts.length % RECORDS_A_TURN === 0) await nextTurn();
  }
  return Buffer.from(`[${parts.join(',')}]`);
}

/**
 * An attribute declared as BigInt is read as one, which JSON does not know: a number while exact, else its decimal text.
 *
 * @param {string} _key
 * @param {any} value
 */
function plainNumber(_key, value) {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
