import { FIELDS } from './pages.mjs';

/**
 * The plugin's section of config.yaml to sync one table from the canned BigQuery, which does not understand the queries of a
 * validation.
 *
 * @param {string} name of the table and of its sync
 * @param {string} targetTable
 * @param {object} [sync] settings other than the defaults
 */
export function syncOf(name, targetTable, sync = {}) {
  const columns = FIELDS.map((field) => field.name);
  const table = { id: name, dataset: 'bench', table: name, timestampColumn: 'timestamp', columns, targetTable, sync };
  return { bigquery: { projectId: 'bench', tables: [table] }, validation: { enabled: false } };
}
