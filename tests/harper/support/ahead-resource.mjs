/** A resources.js for an app of a test: POST /Ahead writes a record as a node does whose clock is ahead. */
export const AHEAD_RESOURCE = `
export class Ahead extends Resource {
  async post({ database = 'data', table, record, aheadMs }) {
    await transaction({ timestamp: Date.now() + aheadMs }, (txn) => databases[database][table].put(record, txn));
  }
}
`;
