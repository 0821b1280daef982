import { commit } from './commit.js';

let sequence = 0;

/**
 * Adds a record to `SyncAudit`. Its id sorts by time and is unique in the cluster.
 *
 * @param {string} nodeId
 * @param {Record<string, unknown>} audit
 */
export async function appendAudit(nodeId, audit) {
  const timestamp = new Date().toISOString();
  sequence = (sequence + 1) % 1_000_000;
  const id = `${timestamp}-${String(sequence).padStart(6, '0')}-${nodeId}`;
  await commit({}, (txn) => tables.SyncAudit.put({ ...audit, id, timestamp, nodeId }, txn));
}
