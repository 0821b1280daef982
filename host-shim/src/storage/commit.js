/**
 * Writes in one transaction; resolves when it is committed.
 *
 * Harper refuses writes while one has been waiting for its commit for 45 s (`storage.maxTransactionQueueTime`). Harper 4.7 takes a
 * commit that failed for one that waits, for ever: after a minute of a full disk nothing could be written until a restart.
 * So the check is skipped. What it guards against, a queue that grows, is not made by us, who wait for each commit.
 *
 * @param {{ timestamp?: number }} context how the transaction is dated, if not by the clock
 * @param {(transaction: HarperTransaction) => unknown} write puts records as part of the transaction
 * @returns {Promise<void>}
 */
export async function commit(context, write) {
  await transaction(context, (txn) => {
    txn.overloadChecked = true;
    return write(txn);
  });
}
