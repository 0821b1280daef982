// What one writes with Google's own client instead of using this plugin: query, convert, make an id, go on from the last
// timestamp. The pattern is that of this plugin's first version.
import { createHash } from 'node:crypto';
import { BigQuery } from '@google-cloud/bigquery';
import { FIELDS } from './pages.mjs';

export const BATCH_ROWS = 10_000;
const BEGINNING = '1970-01-01T00:00:00Z';

/**
 * The rows of a table, a query for each batch.
 *
 * @param {string} host of BigQuery
 * @param {string} table
 * @returns {AsyncGenerator<Record<string, unknown>[]>} records with ids
 */
export async function* batches(host, table) {
  const bigquery = new BigQuery({ projectId: 'bench', apiEndpoint: `http://${host}` });
  const columns = FIELDS.map(({ name }) => `\`${name}\``).join(', ');
  const query =
    `SELECT ${columns} FROM \`bench.bench.${table}\` WHERE \`timestamp\` > @after ` +
    `ORDER BY \`timestamp\` LIMIT ${BATCH_ROWS}`;
  for (let after = BEGINNING; ;) {
    const [rows] = await bigquery.query({ query, params: { after: bigquery.timestamp(after) } });
    if (rows.length === 0) return;
    after = rows.at(-1).timestamp.value;
    yield rows.map(recordOf);
  }
}

/** Values as Harper is to hold them, and an id made of all of them. @param {Record<string, any>} row @returns {Record<string, unknown>} */
export function recordOf(row) {
  const record = { ...row, timestamp: row.timestamp.value };
  return { id: createHash('sha256').update(JSON.stringify(record)).digest('hex'), ...record };
}
