// An emulator, a counting proxy in front of it, an app that uses the plugin, and a Harper that runs the app.
import assert from 'node:assert/strict';
import { createApp } from './app.mjs';
import { startEmulator } from './emulator.mjs';
import { eventually } from './eventually.mjs';
import { startHarper } from './harper.mjs';
import { startCountingProxy } from './proxy.mjs';
import { compareRows, describeComparison, readBigQueryTable, readHarperTable } from './rows.mjs';

export const DATASET = 'scene';

/** @typedef {{id: string, table?: string, columns?: string[], targetTable: string, timestampColumn: string}} TableEntry of the configuration */

/**
 * @param {string} id also the name of the BigQuery table
 * @param {string} targetTable
 * @param {string} timestampColumn
 * @param {object} [more] keys of the table's configuration
 */
export const tableEntry = (id, targetTable, timestampColumn, more = {}) => {
  return { id, dataset: DATASET, table: id, timestampColumn, targetTable, sync: { pollInterval: 500 }, ...more };
};

/**
 * @param {object[]} tables
 * @param {object} [bigquery] more keys of that section
 */
export const section = (tables, bigquery = {}) => ({
  bigquery: { projectId: 'test-project', initialRetryDelay: 100, tables, ...bigquery },
});

/**
 * @param {object} options
 * @param {object} options.section of config.yaml
 * @param {string} [options.schema] tables that the app declares
 * @param {object} [options.root] more keys at the root of config.yaml
 * @param {Record<string, string>} [options.files] more files of the app: name and text
 * @param {(emulator: import('./emulator.mjs').Emulator) => Promise<void>} options.fill makes the BigQuery tables
 * @param {Parameters<typeof startCountingProxy>[1]} [options.intercept]
 * @param {Partial<import('./harper.mjs').HarperOptions>} [options.harper]
 */
export async function startScene({ section, schema, root, files, fill, intercept, harper: harperOptions }) {
  const emulator = await startEmulator();
  await emulator.createDataset(DATASET);
  await fill(emulator);
  const proxy = await startCountingProxy(emulator.url, intercept);
  const app = createApp({ section, schema, root, files });
  const harper = await startHarper({
    app: app.folder,
    ...harperOptions,
    env: { BIGQUERY_EMULATOR_HOST: proxy.url, ...harperOptions?.env },
  });
  return new Scene(emulator, proxy, app, harper);
}

export class Scene {
  /**
   * @param {import('./emulator.mjs').Emulator} emulator
   * @param {Awaited<ReturnType<typeof startCountingProxy>>} proxy
   * @param {import('./app.mjs').App} app
   * @param {import('./harper.mjs').Harper} harper
   */
  constructor(emulator, proxy, app, harper) {
    this.emulator = emulator;
    this.proxy = proxy;
    this.app = app;
    this.harper = harper;
  }

  async stop() {
    await this.harper.stop();
    await this.proxy.stop();
    await this.emulator?.stop();
    this.app.remove();
  }

  /** @returns {Promise<any>} the detailed status of one table, from GET /SyncControl */
  async tableStatus(/** @type {string} */ tableId) {
    const { tables } = await this.harper.json('/SyncControl');
    return tables.find((/** @type {{tableId: string}} */ table) => table.tableId === tableId);
  }

  /**
   * Waits until the Harper table equals the BigQuery table as it is now, as sets of contents.
   *
   * @param {{table: string, targetTable: string, columns?: string[]}} entry of the configuration
   * @param {number} [timeoutMs]
   * @param {string} [where] which rows of BigQuery are to be there
   */
  async untilEqual({ table, targetTable, columns }, timeoutMs = 60_000, where) {
    const source = await readBigQueryTable(this.emulator, DATASET, table, where);
    const check = async () => {
      const comparison = compareRows(source, await readHarperTable(this.harper, targetTable), columns);
      assert.ok(comparison.equal, describeComparison(comparison));
    };
    await eventually(check, { timeoutMs, intervalMs: 300 }).catch(async (error) => {
      const status = await this.tableStatus(table);
      throw new Error(`${table} is not in ${targetTable}: ${error.message}\n${JSON.stringify(status)}`, {
        cause: error,
      });
    });
  }
}
