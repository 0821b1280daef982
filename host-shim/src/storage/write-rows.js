import { commit } from './commit.js';
import { blame, describe } from './failure.js';
import { laterThanStored } from './put-newest.js';
import { targetTable } from './tables.js';

/**
 * Writes rows; resolves when all but the refused ones are committed.
 *
 * @param {string} name of the target table
 * @param {Uint8Array} rows JSON arrays of records, one after the other
 * @param {Uint32Array} sliceEnds where each array ends in `rows`
 * @returns {Promise<{ index: number, reason: string }[]>} the refused rows
 * @throws when a row that is not to blame itself could not be committed; some of the others may be then
 */
export async function writeRows(name, rows, sliceEnds) {
  const table = targetTable(name);
  /** @type {{ index: number, reason: string }[]} */
  const refusals = [];
  // One transaction at a time, the next slice parsed meanwhile. Harper commits all that wait in one go, and its event loop is
  // blocked for as long: two at a time write a tenth faster and block half as long again.
  /** @type {Promise<typeof refusals>} */
  let written = Promise.resolve([]);
  for (const slice of parseSlices(rows, sliceEnds, stampedByHarper(table))) {
    refusals.push(...(await written));
    written = writeSlice(table, slice);
  }
  refusals.push(...(await written));
  return refusals;
}

/**
 * @typedef {{ first: number, records: any[] }} Slice `first` is the position of its first record among all
 * @param {Uint8Array} rows
 * @param {Uint32Array} sliceEnds
 * @param {boolean} dropSyncedAt
 * @returns {Generator<Slice, void>}
 */
function* parseSlices(rows, sliceEnds, dropSyncedAt) {
  const text = Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength);
  let start = 0;
  let first = 0;
  for (const end of sliceEnds) {
    const records = JSON.parse(text.toString('utf8', start, end));
    if (dropSyncedAt) for (const record of records) record._syncedAt = undefined;
    yield { first, records };
    start = end;
    first += records.length;
  }
}

/**
 * @param {HarperTable} table
 * @param {Slice} slice
 */
async function writeSlice(table, { first, records }) {
  try {
    await put(table, lastOfEachId(records));
    return [];
  } catch (error) {
    if (blame(error) === 'circumstances') throw error;
  }
  const outcomes = await Promise.allSettled(records.map((record) => put(table, [record])));
  const anyWritten = outcomes.some((outcome) => outcome.status === 'fulfilled');
  const refusals = [];
  for (const [position, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') continue;
    const whose = blame(outcome.reason);
    if (whose === 'record' || (whose === 'unknown' && anyWritten)) {
      refusals.push({ index: first + position, reason: describe(outcome.reason) });
    } else {
      throw outcome.reason;
    }
  }
  return refusals;
}

/**
 * @param {HarperTable} table
 * @param {any[]} records
 */
async function put(table, records) {
  // Only other nodes have other clocks, and to look every record up is not free.
  const ids = server.nodes.length > 0 ? records.map(({ id }) => id) : [];
  await commit(await laterThanStored(table, ids), (txn) => {
    for (const record of records) table.put(record, txn);
  });
}

/**
 * In a transaction of 100 and more puts Harper 4.7 keeps the first of several records with one id; the last is meant.
 *
 * @param {any[]} records
 */
function lastOfEachId(records) {
  const byId = new Map();
  for (const record of records) byId.set(record.id, record);
  return byId.size === records.length ? records : [...byId.values()];
}

/**
 * Whether Harper sets `_syncedAt` itself, in which case the engine's text could be refused for its type.
 *
 * @param {HarperTable} table
 */
function stampedByHarper(table) {
  return table.attributes.some(
    (attribute) => attribute.name === '_syncedAt' && (attribute.assignCreatedTime || attribute.assignUpdatedTime),
  );
}
