/**
 * Tells whether a failed write is the record's fault or the circumstances'.
 *
 * What Harper 4.7 throws for a record: errors with a `statusCode` of 4xx (type mismatch, sealed table, required attribute),
 * and without one a `SyntaxError` or `RangeError` (text that is no BigInt) or a plain `Error` (key too large, key null).
 * For circumstances: `statusCode` 5xx (503 when the write queue is too long), and the errors of LMDB and of the file system,
 * which carry a `code` (`MDB_MAP_FULL`, `ENOSPC`) or a `commitError`.
 *
 * @typedef {'record' | 'circumstances' | 'unknown'} Blame
 * @param {any} error
 * @returns {Blame} `unknown` for an error without any of these marks: it is the record's fault when others can be written
 */
export function blame(error) {
  if (error?.statusCode >= 400 && error.statusCode < 500) return 'record';
  if (error?.statusCode || error?.code !== undefined || error?.commitError) return 'circumstances';
  if (error instanceof SyntaxError || error instanceof RangeError) return 'record';
  return 'unknown';
}

/**
 * An error in the form of `storage-error`, which the engine receives.
 *
 * @typedef {{ tag: 'unavailable' | 'refused', val: string }} StorageError
 * @param {any} error
 * @returns {Promise<StorageError>}
 */
export async function toStorageError(error) {
  if (error?.tag === 'refused' || error?.tag === 'unavailable') return { tag: error.tag, val: error.val };
  const tag = blame(error) === 'record' ? 'refused' : 'unavailable';
  // LMDB gives its reason as a promise that is rejected with it.
  const cause = await Promise.resolve(error?.commitError).catch((reason) => reason);
  return { tag, val: describe(cause ?? error) };
}

/**
 * @param {any} error
 * @returns {string}
 */
export function describe(error) {
  return String(error?.message || error);
}

/**
 * @param {string} message for the operator: what to change
 * @returns {StorageError}
 */
export function refused(message) {
  return { tag: 'refused', val: message };
}
