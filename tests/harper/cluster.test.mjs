// Two nodes with Harper's own replication between them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AHEAD_RESOURCE } from './support/ahead-resource.mjs';
import { createApp } from './support/app.mjs';
import { eventually } from './support/eventually.mjs';
import { startHarper } from './support/harper.mjs';
import { DATASET, section, startScene, tableEntry } from './support/scene.mjs';
import { compareRows, describeComparison, readBigQueryTable, readHarperTable } from './support/rows.mjs';

const HOSTS = ['127.0.0.3', '127.0.0.4'];
const REPLICATION_PORT = 19_944;
const THREADS = 4;
const HEARTBEAT_MS = 5_000;
const POSITIONS = tableEntry('positions', 'Positions', 'ts');
const ROWS = 5_000;
/** Read and validated by one worker each, of either node. */
const SMALL = ['ports', 'ships', 'lanes'].map((id) =>
  tableEntry(id, `Small_${id}`, 'ts', { sync: { readers: 1, pollInterval: 500 } }),
);

/** Of which a later row replaces the record of an earlier one. */
const KEYED = tableEntry('fleet', 'Fleet', 'ts', { keyColumns: ['n'] });

/** What reads `positions` while four threads of one node and two of the other take part. */
const SIX_SHARES = ['0-169', '170-340', '341-511', '512-681', '682-852', '853-1023'];

const SIX_WORKERS = [
  ...[0, 1, 2, 3].map((index) => `${HOSTS[0]}-${index}`),
  ...[0, 1].map((index) => `${HOSTS[1]}-${index}`),
];

/** @param {object} sync */
const configured = (sync) => ({ ...section([POSITIONS, ...SMALL, KEYED]), sync: { heartbeat: HEARTBEAT_MS, ...sync } });

const ROOT = { jsResource: { files: 'resources.js' } };
const FILES = { 'resources.js': AHEAD_RESOURCE };

/** @param {number} node */
const options = (node) => ({
  host: HOSTS[node],
  threads: THREADS,
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
  /** @type {import('./support/app.mjs').App[]} */
  let apps;
  /** @type {import('./support/harper.mjs').Harper[]} */
  let nodes;
  let minute = 0;

  before(async () => {
    scene = await startScene({
      section: configured({ threadsPerNode: 'all' }),
      root: ROOT,
      files: FILES,
      fill: async (emulator) => {
        const rows = `SELECT TIMESTAMP_SECONDS(1764590400 + n) AS ts, n FROM UNNEST(GENERATE_ARRAY(1, ${ROWS})) AS n`;
        await emulator.query(`CREATE TABLE ${DATASET}.positions AS ${rows}`);
        for (const { table } of [...SMALL, KEYED])
          await emulator.query(`CREATE TABLE ${DATASET}.${table} AS ${rows} WHERE n <= 10`);
      },
      harper: options(0),
    });
    apps = [scene.app, createApp({ section: configured({ threadsPerNode: 2 }), root: ROOT, files: FILES })];
    const env = { BIGQUERY_EMULATOR_HOST: scene.proxy.url };
    nodes = [scene.harper, await startHarper({ app: apps[1].folder, ...options(1), env })];
    // How long a start takes is nothing that the tests are about.
    await untilShared([0, 1], SIX_SHARES, 60_000);
    await untilRunning(true, 20_000);
  });
  after(async () => {
    await nodes?.[1]?.stop();
    await scene?.stop();
    apps?.[1]?.remove();
  });

  /** @param {number[]} [of] positions of the nodes */
  const untilEqual = async (of = [0, 1]) => {
    const source = await readBigQueryTable(scene.emulator, DATASET, 'positions');
    await eventually(
      async () => {
        for (const node of of) {
          const comparison = compareRows(source, await readHarperTable(nodes[node], 'Positions'));
          assert.ok(comparison.equal, `${HOSTS[node]}: ${describeComparison(comparison)}`);
        }
      },
      { timeoutMs: 60_000, intervalMs: 300 },
    );
  };

  /** Inserts rows in all slots, later than those before. */
  const insertRows = () => {
    minute += 1;
    const ts = (/** @type {number} */ second) => new Date(1_764_600_000_000 + minute * 60_000 + second * 1_000);
    const rows = Array.from({ length: 60 }, (_, second) => ({ ts: ts(second).toISOString(), n: second }));
    return scene.emulator.insertAll(DATASET, 'positions', rows);
  };

  /**
   * Asks each thread of some nodes at least once, most likely.
   *
   * @param {number[]} of
   * @returns {Promise<Map<string, any>>} the status by worker
   */
  const statuses = async (of) => {
    const answers = await Promise.all(of.map((node) => nodes[node].jsonOfThreads('/SyncControl', 3 * THREADS)));
    return new Map(answers.flat().map((status) => [status.worker.nodeId, status]));
  };

  /**
   * Waits until every worker of some nodes has the same view of the cluster.
   *
   * @param {number[]} of
   * @param {string[]} slots what the live workers read
   */
  const untilShared = (of, slots, timeoutMs = 20_000) =>
    eventually(
      async () => {
        for (const [nodeId, { cluster }] of await statuses(of))
          assert.deepEqual(
            cluster.map((/** @type {any} */ worker) => worker.slots),
            slots,
            nodeId,
          );
      },
      { timeoutMs },
    );

  /** Waits until every worker that takes part says so; those that do not may answer, too, just after a start. */
  const untilRunning = (/** @type {boolean} */ wanted, timeoutMs = 2_000) => {
    /** @type {Map<string, boolean>} */
    const running = new Map();
    return eventually(
      async () => {
        for (const [nodeId, { worker }] of await statuses([0, 1])) running.set(nodeId, worker.running);
        assert.deepEqual(
          SIX_WORKERS.map((nodeId) => running.get(nodeId)),
          SIX_WORKERS.map(() => wanted),
        );
      },
      { timeoutMs, intervalMs: 50 },
    );
  };

  /** @param {number} node @param {string} action */
  const post = (node, action) => nodes[node].json('/SyncControl', { action });

  test('node A with 4 threads, node B with 2: every slot has exactly one owner', async () => {
    await untilShared([0, 1], SIX_SHARES);
    const { cluster } = await nodes[1].json('/SyncControl');
    assert.deepEqual(
      cluster.map((/** @type {any} */ worker) => worker.nodeId),
      SIX_WORKERS,
    );
    await untilEqual();
    await insertRows();
    await untilEqual();
  });

  test('start and stop posted to one node act on every worker of both within 2 s', async () => {
    await untilRunning(true);
    for (const [node, action] of /** @type {const} */ ([
      [1, 'stop'],
      [0, 'start'],
      [1, 'stop'],
      [1, 'start'],
      [0, 'stop'],
      [0, 'start'],
    ])) {
      const { version } = await post(node, action);
      await untilRunning(action === 'start');
      const { global } = await nodes[1 - node].json('/SyncControl');
      assert.deepEqual([global.command, global.version], [action, version]);
    }
  });

  test('validate posted to one node acts on the workers of both and does not change whether the sync runs', async () => {
    const audited = async () =>
      (await nodes[0].json('/SyncAudit/')).filter((/** @type {any} */ one) => one.trigger === 'command');
    for (const action of ['stop', 'start']) {
      const isRunning = action === 'start';
      await post(0, action);
      await untilRunning(isRunning);
      const before = new Set((await audited()).map((/** @type {any} */ audit) => audit.id));

      await post(0, 'validate');

      const audits = await eventually(async () => {
        const audits = (await audited()).filter((/** @type {any} */ audit) => !before.has(audit.id));
        const tables = audits.flatMap((/** @type {any} */ audit) => Object.keys(audit.checkResults));
        assert.deepEqual(tables.sort(), [POSITIONS, ...SMALL, KEYED].map(({ id }) => id).sort());
        return audits;
      });
      const hosts = new Set(audits.map((/** @type {any} */ audit) => audit.nodeId.split('-')[0]));
      assert.deepEqual([...hosts].sort(), HOSTS);
      await untilRunning(isRunning);
      assert.equal((await nodes[1].json('/SyncControl')).global.command, action);
    }
  });

  test('a changed row replaces the record that a node has written whose clock is minutes ahead', async () => {
    const records = await eventually(async () => {
      const records = await nodes[1].json('/Fleet/?n=7');
      assert.equal(records.length, 1);
      return records;
    });
    await nodes[1].json('/Ahead', { table: 'Fleet', record: records[0], aheadMs: 5 * 60_000 });
    await scene.emulator.insertAll(DATASET, 'fleet', [{ ts: '2025-12-02T00:00:00Z', n: 7 }]);
    await eventually(async () => {
      for (const node of nodes) assert.equal((await node.json('/Fleet/?n=7'))[0].ts, '2025-12-02T00:00:00Z');
    });
  });

  test('one node is killed: the other takes over its slots within the heartbeat time; it comes back: shared again', async () => {
    await nodes[1].kill();
    await insertRows();
    await untilShared([0], ['0-255', '256-511', '512-767', '768-1023'], HEARTBEAT_MS + 2_000);
    await untilEqual([0]);

    await nodes[1].start();
    await untilShared([0, 1], SIX_SHARES);
    await insertRows();
    await untilEqual();
  });

  test('a worker that was down obeys when it returns', async () => {
    await nodes[1].kill();
    await post(0, 'stop');
    await nodes[1].start();
    await untilRunning(false, 20_000);

    await nodes[0].kill();
    await post(1, 'start');
    await nodes[0].start();
    await untilRunning(true, 20_000);
  });

  test('a restart of all keeps the last start or stop', async () => {
    for (const action of ['stop', 'start']) {
      await post(0, action);
      await untilRunning(action === 'start');
      await Promise.all(nodes.map((node) => node.restart()));
      await untilRunning(action === 'start', 20_000);
      const commands = await Promise.all(nodes.map(async (node) => (await node.json('/SyncControl')).global.command));
      assert.deepEqual(commands, [action, action]);
    }
    await insertRows();
    await untilEqual();
  });

  test('a cluster of 2 nodes x 4 threads at the default setting runs 2 query jobs per poll and table, not 8', async () => {
    for (const app of apps) app.writeConfig(configured({}), ROOT);
    await untilShared([0, 1], ['0-511', '512-1023']);
    await untilEqual();
    for (let poll = 0; poll < 3; poll++) {
      scene.proxy.reset();
      await insertRows();
      await untilEqual();
      assert.equal(scene.proxy.queryJobs('positions').length, 2);
    }
  });
});
