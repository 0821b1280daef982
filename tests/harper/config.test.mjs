// What is wrong with a configuration is said at once, all of it, and stops nothing else.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually } from './support/eventually.mjs';
import { DATASET, section, startScene, tableEntry } from './support/scene.mjs';

const healthy = tableEntry('healthy', 'Healthy', 'at');

const WRONG_TABLES = [
  tableEntry('no_timestamp', 'NoTimestamp', 'at', { columns: ['n'] }),
  tableEntry('backtick', 'Backtick', 'at', { columns: ['at', 'n` FROM x; --'] }),
  tableEntry('subquery', 'Subquery', 'at', { columns: ['at', '(SELECT password FROM secrets LIMIT 1) AS n'] }),
  tableEntry('call', 'Call', 'SESSION_USER()'),
  tableEntry('dataset', 'Dataset', 'at', { dataset: 'a; DROP TABLE x' }),
  tableEntry('join', 'Join', 'at', { table: 't` CROSS JOIN `d.secrets' }),
  tableEntry('same', 'Healthy', 'at'),
  tableEntry('negative', 'Negative', 'at', { sync: { pollInterval: 500, steadyBatchSize: -1 } }),
  tableEntry('misspelt', 'Misspelt', 'at', { colums: ['*'] }),
];

/** Where each of the wrong tables has its mistake; table 0 is the healthy one. */
const MISTAKES = [
  /^bigquery\.tables\[1\]\.timestampColumn$/,
  /^bigquery\.tables\[2\]\.columns/,
  /^bigquery\.tables\[3\]\.columns/,
  /^bigquery\.tables\[4\]\.timestampColumn/,
  /^bigquery\.tables\[5\]\.dataset/,
  /^bigquery\.tables\[6\]\.table/,
  /^bigquery\.tables\[7\]\.targetTable/,
  /^bigquery\.tables\[8\]\.sync\.steadyBatchSize/,
  /^bigquery\.tables\[9\]\.colums/,
];

const FIELDS = [
  { name: 'at', type: 'TIMESTAMP' },
  { name: 'n', type: 'INTEGER' },
];

describe('a configuration', () => {
  /** @type {import('./support/scene.mjs').Scene} */
  let scene;

  before(async () => {
    scene = await startScene({
      section: section([healthy, ...WRONG_TABLES, tableEntry('unknown', 'Unknown', 'at', { columns: ['at', 'nope'] })]),
      async fill(emulator) {
        for (const table of ['healthy', 'unknown']) {
          await emulator.createTable(DATASET, table, FIELDS);
          await emulator.loadRows(DATASET, table, [{ at: new Date().toISOString(), n: 1 }]);
        }
      },
    });
  });
  after(() => scene?.stop());

  test('with mistakes in it has them all reported with place, finding, expectation and remedy', async () => {
    const errors = await eventually(async () => {
      const status = await scene.harper.json('/SyncControl');
      assert.ok(status.errors.length >= MISTAKES.length, JSON.stringify(status.errors));
      return status.errors;
    });
    for (const mistake of MISTAKES) {
      const found = errors.find((/** @type {{path: string}} */ { path }) => mistake.test(path));
      assert.ok(found, `no error at ${mistake} in ${JSON.stringify(errors)}`);
      assert.ok(found.found && found.expected && found.help, JSON.stringify(found));
    }
    const misspelt = errors.find((/** @type {{path: string}} */ { path }) => path.endsWith('colums'));
    assert.match(misspelt.help, /columns/);
    for (const { path } of errors) scene.harper.assertLogged(path);
  });

  test('with mistakes in some tables lets the others sync', async () => {
    await scene.untilEqual(healthy);
  });

  test('`columns` without the timestamp column, an unknown column, a name with a backtick, a dataset called `a; DROP TABLE x`: a configuration error that names table and key; nothing is sent that could run as SQL', async () => {
    const { error } = await eventually(async () => {
      const status = await scene.tableStatus('unknown');
      assert.ok(status?.error, 'no error yet');
      return status;
    });
    assert.match(error.message, /table `unknown`: `columns` names `nope`/);
    const { failedEngines } = (await scene.harper.json('/SyncControl')).worker;
    for (const [tableId, key] of Object.entries({
      no_timestamp: 'bigquery.tables[1].timestampColumn',
      backtick: 'bigquery.tables[2].columns[1]',
      dataset: 'bigquery.tables[5].dataset',
    })) {
      const failed = failedEngines.find((/** @type {any} */ one) => one.tableId === tableId);
      assert.ok(failed?.error.startsWith(`${key}: `), JSON.stringify(failedEngines));
      assert.ok(Date.parse(failed.since) <= Date.now());
      assert.ok(failed.next.startsWith(`waiting for ${key} to be mended`), failed.next);
    }
    for (const { path, body } of scene.proxy.requests) {
      assert.doesNotMatch(body, /DROP TABLE|secrets|SESSION_USER|FROM x/);
      assert.doesNotMatch(path, /no_timestamp|backtick|DROP/);
    }
  });

  test('that is mended while Harper runs is followed without a restart', async () => {
    scene.app.writeConfig(section([healthy, tableEntry('unknown', 'Unknown', 'at')]));
    await scene.untilEqual(tableEntry('unknown', 'Unknown', 'at'));
    assert.deepEqual((await scene.harper.json('/SyncControl')).errors, []);
  });

  test('in the form for a single table syncs to BigQueryData', async () => {
    scene.app.writeConfig({
      bigquery: {
        projectId: 'test-project',
        dataset: DATASET,
        table: 'healthy',
        timestampColumn: 'at',
        columns: ['*'],
      },
    });
    await scene.untilEqual({ table: 'healthy', targetTable: 'BigQueryData' });
  });

  test('may stand at the root of config.yaml', async () => {
    scene.app.writeConfig({}, section([tableEntry('healthy', 'FromRoot', 'at')]));
    await scene.untilEqual({ table: 'healthy', targetTable: 'FromRoot' });
  });

  test('that is half written is reported while the sync goes on, and followed when it is whole', async () => {
    const file = path.join(scene.app.folder, 'config.yaml');
    const whole = readFileSync(file, 'utf8').replace('FromRoot', 'Whole');
    writeFileSync(file, whole.slice(0, whole.indexOf('Whole')));
    await eventually(async () => {
      const [error] = (await scene.harper.json('/SyncControl')).errors;
      assert.match(error.path, /config\.yaml, line \d+, column \d+$/);
    });
    assert.equal((await scene.harper.json('/SyncControl')).worker.running, true);

    writeFileSync(file, whole);
    await scene.untilEqual({ table: 'healthy', targetTable: 'Whole' });
    assert.deepEqual((await scene.harper.json('/SyncControl')).errors, []);
  });
});
