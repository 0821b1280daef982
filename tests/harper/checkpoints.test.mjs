// Checkpoints as people and other programs leave them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AHEAD_RESOURCE } from './support/ahead-resource.mjs';
import { createApp } from './support/app.mjs';
import { eventually } from './support/eventually.mjs';
import { startHarper } from './support/harper.mjs';
import { DATASET, Scene, section, tableEntry } from './support/scene.mjs';
import { startEmulator } from './support/emulator.mjs';
import { startCountingProxy } from './support/proxy.mjs';

const ORDERS = tableEntry('orders', 'Orders', 'ts');
const PAYMENTS = tableEntry('payments', 'Payments', 'ts');
const ROWS = 500;

/** As version 1 of the plugin declared and wrote them. */
const REFERENCE_SCHEMA = `type SyncCheckpoint @table @export {
  id: ID @primaryKey
  tableId: String @indexed
  nodeId: Int @indexed
  lastTimestamp: String
  recordsIngested: Long
  lastSyncTime: String
  phase: String
  batchSize: Int
}`;
const REFERENCE_CHECKPOINTS = [0, 1].map((nodeId) => ({
  id: `orders_${nodeId}`,
  tableId: 'orders',
  nodeId,
  lastTimestamp: '2025-12-01T12:05:00.123000000Z',
  recordsIngested: 1234,
  lastSyncTime: '2025-12-01T12:10:00.000Z',
  phase: 'steady',
  batchSize: 500,
}));

const ROOT = { jsResource: { files: 'resources.js' } };

describe('checkpoints', () => {
  /** @type {Scene} */
  let scene;

  before(async () => {
    const emulator = await startEmulator();
    await emulator.createDataset(DATASET);
    for (const table of ['orders', 'payments'])
      await emulator.query(
        `CREATE TABLE ${DATASET}.${table} AS
         SELECT TIMESTAMP_SECONDS(1764590400 + n) AS ts, n FROM UNNEST(GENERATE_ARRAY(1, ${ROWS})) AS n`,
      );
    const proxy = await startCountingProxy(emulator.url);
    const app = createApp({
      section: section([ORDERS, PAYMENTS]),
      files: {
        'config.yaml': 'rest: true\ngraphqlSchema:\n  files: reference.graphql\n',
        'reference.graphql': REFERENCE_SCHEMA,
        'resources.js': AHEAD_RESOURCE,
      },
    });
    const harper = await startHarper({ app: app.folder, env: { BIGQUERY_EMULATOR_HOST: proxy.url } });
    scene = new Scene(emulator, proxy, app, harper);
    const inserted = { operation: 'insert', table: 'SyncCheckpoint', records: REFERENCE_CHECKPOINTS };
    assert.equal((await harper.operation(inserted)).inserted_hashes.length, REFERENCE_CHECKPOINTS.length);
    app.writeConfig(section([ORDERS, PAYMENTS]), ROOT);
    await harper.restart();
  });
  after(() => scene?.stop());

  /** @param {string} query @returns {Promise<any[]>} */
  const checkpoints = (query) => scene.harper.json(`/SyncCheckpoint/?${query}`);

  /** Rows are there to be read before the checkpoint claims them. @param {string} tableId @returns {Promise<any>} */
  const drained = (tableId) =>
    eventually(async () => {
      const [checkpoint] = await checkpoints(`id=${tableId}%3A127.0.0.1-0`);
      assert.deepEqual([checkpoint?.phase, checkpoint?.jobId], ['steady', null]);
      return checkpoint;
    });

  test('checkpoints of the reference plugin are left alone and claim nothing: every row is read', async () => {
    await scene.untilEqual(ORDERS);
    assert.equal((await drained('orders')).recordsIngested, ROWS);
    const found = await checkpoints('tableId=orders');
    const theirs = found.filter(({ nodeId }) => typeof nodeId === 'number');
    assert.deepEqual(
      theirs.map(({ id, nodeId, lastTimestamp }) => ({ id, nodeId, lastTimestamp })),
      REFERENCE_CHECKPOINTS.map(({ id, nodeId, lastTimestamp }) => ({ id, nodeId, lastTimestamp })),
    );
    const said = scene.harper.logText().match(/\{"event":"foreign_claims".*\}/g) ?? [];
    assert.deepEqual(
      said.map((line) => JSON.parse(line)).map(({ tableId, ids }) => ({ tableId, ids })),
      [{ tableId: 'orders', ids: REFERENCE_CHECKPOINTS.map(({ id }) => id) }],
    );
  });

  test('a checkpoint tells by REST and SQL how far a worker is with a table', async () => {
    const { lastSyncTime, lagSeconds, ...rest } = await drained('orders');
    assert.deepEqual(
      Object.fromEntries(Object.entries(rest).filter(([name]) => !['source', 'job', 'claims', 'cost'].includes(name))),
      {
        id: 'orders:127.0.0.1-0',
        tableId: 'orders',
        nodeId: '127.0.0.1-0',
        slots: '0-1023',
        lastTimestamp: new Date((1_764_590_400 + ROWS) * 1000).toISOString().replace('.000Z', 'Z'),
        recordsIngested: ROWS,
        phase: 'steady',
        batchSize: 500,
        jobId: null,
        error: null,
      },
    );
    assert.match(lastSyncTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/);
    assert.equal(typeof lagSeconds, 'number');
    const [row] = await scene.harper.sql("SELECT slots, phase FROM data.SyncCheckpoint WHERE nodeId = '127.0.0.1-0'");
    assert.deepEqual({ ...row }, { slots: '0-1023', phase: 'steady' });
  });

  test('a table whose id no longer stands in the configuration keeps its checkpoint, and goes on from there when it is back', async () => {
    await scene.untilEqual(PAYMENTS);
    const before = await drained('payments');
    scene.app.writeConfig(section([ORDERS]), ROOT);
    await eventually(async () => {
      const { worker, errors } = await scene.harper.json('/SyncControl');
      assert.deepEqual([worker.tables.map((/** @type {any} */ { tableId }) => tableId), errors], [['orders'], []]);
    });
    await scene.emulator.insertAll(DATASET, 'payments', [{ ts: '2025-12-01T14:00:00Z', n: 9_000 }]);
    await scene.emulator.insertAll(DATASET, 'orders', [{ ts: '2025-12-01T14:00:00Z', n: 9_000 }]);
    await scene.untilEqual(ORDERS);
    assert.deepEqual((await checkpoints('tableId=payments'))[0], before);

    scene.app.writeConfig(section([ORDERS, PAYMENTS]), ROOT);
    await scene.untilEqual(PAYMENTS);
    const { recordsIngested } = await eventually(async () => {
      const [checkpoint] = await checkpoints('tableId=payments');
      assert.equal(checkpoint.jobId, null);
      assert.ok(checkpoint.lastTimestamp > before.lastTimestamp);
      return checkpoint;
    });
    assert.equal(recordsIngested, before.recordsIngested + 1);
  });

  test('a checkpoint takes the place of one that was written before the clock was set back', async () => {
    const [checkpoint] = await checkpoints('id=payments%3A127.0.0.1-0');
    const record = { ...checkpoint, error: 'written before' };
    await scene.harper.json('/Ahead', { table: 'SyncCheckpoint', record, aheadMs: 300_000 });
    await scene.emulator.insertAll(DATASET, 'payments', [{ ts: '2025-12-01T15:00:00Z', n: 9_001 }]);
    await eventually(async () => {
      const [{ error, lastTimestamp }] = await checkpoints('id=payments%3A127.0.0.1-0');
      assert.deepEqual([error, lastTimestamp], [null, '2025-12-01T15:00:00Z']);
    });
  });
});
