// Several threads of one node that share tables.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './support/eventually.mjs';
import { DATASET, section, startScene, tableEntry } from './support/scene.mjs';

const THREADS = 4;
/** Timestamps on whole seconds. */
const SECONDS = tableEntry('seconds', 'Seconds', 'ts');
const BACKFILL = tableEntry('backfill', 'Backfill', 'ts', { sync: { initialBatchSize: 500, pollInterval: 500 } });
const SOLO = tableEntry('solo', 'Solo', 'ts', { sync: { readers: 1, pollInterval: 500 } });
const ROWS = 20_000;
/** How long a page of the backfill takes while workers come and go, which it must not outrun. */
const PAGE_MS = 400;

/** @param {object[]} tables @param {number | 'all'} threadsPerNode */
const configured = (tables, threadsPerNode) => ({ ...section(tables), sync: { threadsPerNode } });

describe('workers of one node', () => {
  /** @type {import('./support/scene.mjs').Scene} */
  let scene;
  let workersChange = true;

  before(async () => {
    scene = await startScene({
      section: configured([SECONDS, SOLO], 'all'),
      intercept: async ({ path }) => {
        if (workersChange && path.includes('/queries/harper_backfill')) await sleep(PAGE_MS);
        return undefined;
      },
      fill: async (emulator) => {
        const rows = `SELECT TIMESTAMP_SECONDS(1764590400 + n) AS ts, n FROM UNNEST(GENERATE_ARRAY(1, ${ROWS})) AS n`;
        for (const table of ['seconds', 'backfill'])
          await emulator.query(`CREATE TABLE ${DATASET}.${table} AS ${rows}`);
        await emulator.query(`CREATE TABLE ${DATASET}.solo AS ${rows} WHERE n <= 100`);
      },
      harper: { threads: THREADS },
    });
  });
  after(() => scene?.stop());

  /** @param {string} tableId @returns {Promise<any[]>} its checkpoints in the order of their slots */
  const checkpoints = async (tableId) => {
    const all = await scene.harper.json(`/SyncCheckpoint/?tableId=${tableId}`);
    const first = (/** @type {any} */ checkpoint) => Number(checkpoint.slots.split('-')[0]);
    return all.sort((/** @type {any} */ a, /** @type {any} */ b) => first(a) - first(b));
  };

  /** @returns {Promise<any[]>} the status, of each thread at least once */
  const ask = () => scene.harper.jsonOfThreads('/SyncControl', 4 * THREADS);

  /** @returns {Promise<any[]>} every worker's view of the cluster */
  const views = async () => {
    const answers = await ask();
    return [...new Map(answers.map(({ worker, cluster }) => [worker.nodeId, cluster])).values()];
  };

  test('timestamps on whole seconds, 4 workers: each worker gets 20-30 % of the rows, and every slot has exactly one owner', async () => {
    await scene.untilEqual(SECONDS);

    const shares = await checkpoints('seconds');
    assert.deepEqual(
      shares.map(({ slots }) => slots),
      ['0-255', '256-511', '512-767', '768-1023'],
    );
    for (const { nodeId, recordsIngested } of shares) {
      assert.ok(recordsIngested > 0.2 * ROWS && recordsIngested < 0.3 * ROWS, `${nodeId}: ${recordsIngested} rows`);
    }
    for (const cluster of await views()) {
      assert.deepEqual(
        cluster.map((/** @type {any} */ worker) => [worker.nodeId, worker.slots]),
        shares.map(({ nodeId, slots }) => [nodeId, slots]),
      );
    }
    assert.equal(scene.proxy.queryJobs('seconds').length, THREADS);
  });

  const { PRIORITY_LOW } = os.constants.priority;
  const noPriorities =
    (process.platform !== 'linux' && 'only Linux has a priority for each thread') ||
    (os.getPriority() === PRIORITY_LOW && 'there is no lower priority than that of the tests');
  test('the threads of the engines give way to those of Harper', { skip: noPriorities }, () => {
    const tasks = `/proc/${scene.harper.pid}/task`;
    const niceness = readdirSync(tasks).map((task) => {
      const stat = readFileSync(`${tasks}/${task}/stat`, 'utf8');
      return Number(stat.slice(stat.lastIndexOf(')')).split(' ')[17]);
    });
    const ownNiceness = os.getPriority(scene.harper.pid);
    assert.ok(niceness.filter((nice) => nice > ownNiceness).length >= THREADS, `${niceness}`);
    assert.ok(niceness.filter((nice) => nice === ownNiceness).length > THREADS, `${niceness}`);
  });

  test('a table with one reader is read by one of the workers', async () => {
    await scene.untilEqual(SOLO);
    const readers = await checkpoints('solo');
    assert.deepEqual(
      readers.map(({ slots }) => slots),
      ['0-1023'],
    );
    assert.equal(scene.proxy.queryJobs('solo').length, 1);
  });

  test('each table is validated by one worker', async () => {
    await scene.harper.json('/SyncControl', { action: 'validate' });
    const results = await eventually(async () => {
      const audits = (await scene.harper.json('/SyncAudit/')).filter((/** @type {any} */ audit) => audit.checkResults);
      const results = audits.flatMap((/** @type {any} */ { checkResults }) => Object.entries(checkResults));
      assert.equal(results.length, 2);
      return Object.fromEntries(results);
    });
    for (const id of ['seconds', 'solo']) assert.equal(results[id].spotCheck.status, 'healthy', id);
  });

  test('starts and stops in quick succession leave every worker in the same state, with one loop each', async () => {
    const post = (/** @type {string} */ action) => scene.harper.json('/SyncControl', { action });
    // Often enough that commands given within a millisecond come to threads whose clocks differ.
    for (let round = 0; round < 20; round++) {
      await Promise.all(['stop', 'start', 'stop', 'start', 'stop'].map(post));
      const { command } = await post('start');
      assert.equal(command, 'start');
      /** @type {Map<string, boolean>} */
      const running = new Map();
      await eventually(
        async () => {
          for (const { worker } of await ask()) running.set(worker.nodeId, worker.running);
          assert.deepEqual([...running.values()], Array(THREADS).fill(true));
        },
        { timeoutMs: 2_000 },
      );
    }

    scene.proxy.reset();
    await scene.emulator.insertAll(DATASET, 'seconds', [{ ts: '2025-12-02T18:26:40Z', n: 1 }]);
    await scene.untilEqual(SECONDS);
    assert.ok(scene.proxy.queryJobs('seconds').length <= THREADS, 'a loop too many has queried');
  });

  test('workers that come and go during a backfill lose nothing and wait for nobody', async () => {
    const rebalanced = () => scene.harper.logText().match(/"event":"rebalance"/g)?.length ?? 0;
    scene.app.writeConfig(configured([BACKFILL], 1));
    await eventually(async () => assert.equal((await checkpoints('backfill')).length, 1), { intervalMs: 20 });
    scene.app.writeConfig(configured([BACKFILL], 'all'));
    await eventually(async () => assert.equal((await checkpoints('backfill')).length, THREADS), { intervalMs: 20 });
    const before = rebalanced();
    scene.app.writeConfig(configured([BACKFILL], 2));
    await eventually(() => assert.ok(rebalanced() > before, 'nothing was logged of it'));
    workersChange = false;

    await scene.untilEqual(BACKFILL);
    const cluster = await eventually(async () => {
      const [cluster] = await views();
      assert.equal(cluster.length, 2);
      return cluster;
    });
    assert.deepEqual(
      cluster.map((/** @type {any} */ { slots }) => slots),
      ['0-511', '512-1023'],
    );
  });
});
