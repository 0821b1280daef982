// Two nodes with Harper's own replication between them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createApp } from './support/app.mjs';
import { eventually } from './support/eventually.mjs';
import { startHarper } from './support/harper.mjs';
import { DATASET, section, startScene, tableEntry } from './support/scene.mjs';
import { compareTable, describeComparison } from './support/rows.mjs';

const HOSTS = ['127.0.0.3', '127.0.0.4'];
const REPLICATION_PORT = 19_944;
const HEARTBEAT_MS = 5_000;
const POSITIONS = tableEntry('positions', 'Positions', 'ts');
const ROWS = 5_000;

const CONFIG = { ...section([POSITIONS]), sync: { threadsPerNode: 'all', heartbeat: HEARTBEAT_MS } };

/**
 * @param {number} node
 * @param {number} threads
 */
const options = (node, threads) => ({
  host: HOSTS[node],
  threads,
  config: {
    replication: {
      port: `${HOSTS[node]}:${REPLICATION_PORT}`,
      securePort: null,
      routes: [`ws://${HOSTS[1 - node]}:${REPLICATION_PORT}`],
    },
  },
});

describe('a cluster of two nodes', () => {
  /** @type {import('./support/scene.mjs').Scene} */
  let scene;
  /** @type {import('./support/app.mjs').App} */
  let otherApp;
  /** @type {import('./support/harper.mjs').Harper[]} */
  let nodes;
  let minute = 0;

  before(async () => {
    scene = await startScene({
      section: CONFIG,
      fill: async (emulator) => {
        await emulator.query(
          `CREATE TABLE ${DATASET}.positions AS
           SELECT TIMESTAMP_SECONDS(1764590400 + n) AS ts, n FROM UNNEST(GENERATE_ARRAY(1, ${ROWS})) AS n`,
        );
      },
      harper: options(0, 2),
    });
    otherApp = createApp({ section: CONFIG });
    const env = { BIGQUERY_EMULATOR_HOST: scene.proxy.url };
    nodes = [scene.harper, await startHarper({ app: otherApp.folder, ...options(1, 1), env })];
  });
  after(async () => {
    await nodes?.[1]?.stop();
    await scene?.stop();
    otherApp?.remove();
  });

  /** @param {number[]} [of] positions of the nodes */
  const untilEqual = (of = [0, 1]) =>
    eventually(
      async () => {
        for (const node of of) {
          const source = { dataset: DATASET, table: 'positions' };
          const comparison = await compareTable(scene.emulator, source, nodes[node], 'Positions');
          assert.ok(comparison.equal, `${HOSTS[node]}: ${describeComparison(comparison)}`);
        }
      },
      { timeoutMs: 60_000, intervalMs: 300 },
    );

  /** Inserts rows in all slots, later than those before. */
  const insertRows = () => {
    minute += 1;
    const ts = (/** @type {number} */ second) => new Date(1_764_600_000_000 + minute * 60_000 + second * 1_000);
    const rows = Array.from({ length: 60 }, (_, second) => ({ ts: ts(second).toISOString(), n: second }));
    return scene.emulator.insertAll(DATASET, 'positions', rows);
  };

  /** @param {number[]} of @param {string[]} slots what the live workers read, as each of these nodes sees it */
  const untilShared = (of, slots, timeoutMs = 20_000) =>
    eventually(
      async () => {
        for (const node of of) {
          const { cluster } = await nodes[node].json('/SyncControl');
          assert.deepEqual(
            cluster.map((/** @type {any} */ worker) => worker.slots),
            slots,
          );
        }
      },
      { timeoutMs },
    );

  test('two threads of one node and one of another own every slot once, and each node ends with all rows', async () => {
    await untilShared([0, 1], ['0-340', '341-681', '682-1023']);
    const { cluster } = await nodes[1].json('/SyncControl');
    assert.deepEqual(
      cluster.map((/** @type {any} */ worker) => worker.nodeId),
      ['127.0.0.3-0', '127.0.0.3-1', '127.0.0.4-0'],
    );
    await untilEqual();
    await insertRows();
    await untilEqual();
  });

  test('commands posted to one node act on every worker of both within two seconds', async () => {
    const untilRunning = (/** @type {boolean} */ wanted) => {
      /** @type {Map<string, boolean>} */
      const running = new Map();
      return eventually(
        async () => {
          const asked = nodes.flatMap((node) => Array.from({ length: 6 }, () => node.json('/SyncControl')));
          for (const { worker } of await Promise.all(asked)) running.set(worker.nodeId, worker.running);
          assert.deepEqual([...running.values()], Array(3).fill(wanted));
        },
        { timeoutMs: 2_000, intervalMs: 50 },
      );
    };
    await untilRunning(true);
    await nodes[1].json('/SyncControl', { action: 'stop' });
    await untilRunning(false);
    await nodes[0].json('/SyncControl', { action: 'validate' });
    await nodes[0].json('/SyncControl', { action: 'start' });
    await untilRunning(true);
  });

  test('when a node dies the other takes over its slots, and shares them again when it is back', async () => {
    await nodes[1].kill();
    await insertRows();
    await untilShared([0], ['0-511', '512-1023'], HEARTBEAT_MS + 2_000);
    await untilEqual([0]);

    await nodes[1].start();
    await untilShared([0, 1], ['0-340', '341-681', '682-1023']);
    await insertRows();
    await untilEqual();
  });

  test('a node that was down obeys the last command when it returns', async () => {
    await nodes[1].kill();
    await nodes[0].json('/SyncControl', { action: 'stop' });
    await nodes[1].start();
    await eventually(async () => {
      const { worker, global } = await nodes[1].json('/SyncControl');
      assert.deepEqual([worker.running, global.command], [false, 'stop']);
    });
    await nodes[1].json('/SyncControl', { action: 'start' });
    await insertRows();
    await untilEqual();
  });
});
