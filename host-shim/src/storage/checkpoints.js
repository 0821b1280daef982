import { putNewest } from './put-newest.js';

/**
 * @param {string} text a `SyncCheckpoint` record as JSON
 * @returns {Promise<never[]>} no refused rows, once it is committed
 */
export async function writeCheckpoint(text) {
  await putNewest(tables.SyncCheckpoint, JSON.parse(text));
  return [];
}

/**
 * @param {string} tableId
 * @returns {Promise<string>} JSON array of the table's checkpoints, of every worker
 */
export async function loadCheckpoints(tableId) {
  const checkpoints = [];
  const conditions = [{ attribute: 'tableId', comparator: 'equals', value: tableId }];
  for await (const checkpoint of tables.SyncCheckpoint.search({ conditions })) checkpoints.push(checkpoint);
  return JSON.stringify(checkpoints);
}
