import { refused } from './failure.js';

/**
 * @param {string} name
 * @returns {HarperTable}
 * @throws {import('./failure.js').StorageError}
 */
export function targetTable(name) {
  const table = tables[name];
  if (!table)
    throw refused(
      `Harper has no table ${name}: it was dropped since the sync began. Restart the sync to create it again.`,
    );
  return table;
}
