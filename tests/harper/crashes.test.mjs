// One backfill, ended in every way a Harper can end, and a Harper that is killed while rows keep arriving.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApp } from './support/app.mjs';
import { createBacklog, FIELDS, rowsRead } from './support/backfill.mjs';
import { startEmulator } from './support/emulator.mjs';
import { eventually } from './support/eventually.mjs';
import { startHarper } from './support/harper.mjs';
import { startCountingProxy } from './support/proxy.mjs';
import { DATASET, Scene, section, tableEntry } from './support/scene.mjs';
import { installTrappingPlugin } from './support/trapping-plugin.mjs';

const ROWS = 30_000;
const BATCH_ROWS = 1_000;
/** A page takes at least this long, so that there is always one on its way. */
const PAGE_MS = 80;

const backlog = tableEntry('backlog', 'Backlog', 'at', { sync: { pollInterval: 500, initialBatchSize: BATCH_ROWS } });
const arrivals = tableEntry('arrivals', 'Arrivals', 'at', { sync: { pollInterval: 300 } });

describe('a sync that is interrupted', () => {
  /** @type {Scene} */
  let scene;
  /** @type {string} */
  let trap;
  let interruptions = 0;

  before(async () => {
    const emulator = await startEmulator();
    await emulator.createDataset(DATASET);
    await createBacklog(emulator, 'backlog', ROWS);
    await emulator.createTable(DATASET, 'arrivals', FIELDS);
    const proxy = await startCountingProxy(emulator.url, async ({ path }) => {
      if (path.includes('/queries/harper_backlog')) await sleep(PAGE_MS);
      return undefined;
    });
    const app = createApp({ section: section([backlog, arrivals]), link: false });
    trap = installTrappingPlugin(app.folder);
    const harper = await startHarper({ app: app.folder, threads: 2, env: { BIGQUERY_EMULATOR_HOST: proxy.url } });
    scene = new Scene(emulator, proxy, app, harper);
  });
  after(() => scene?.stop());

  /** Waits until the backfill has got on by a random number of rows. */
  async function getOn() {
    const target = rowsRead(scene, 'backlog', ROWS).rows + Math.random() * 2 * BATCH_ROWS;
    await eventually(() => assert.ok(rowsRead(scene, 'backlog', ROWS).rows >= target), { intervalMs: 3 });
    assert.ok(rowsRead(scene, 'backlog', ROWS).rows < ROWS, 'the backfill is still under way');
    await sleep(Math.random() * 2 * PAGE_MS);
    interruptions += 1;
  }

  for (const nth of ['first', 'second', 'third']) {
    test(`kill -9 at a random moment of a backfill, for the ${nth} time`, async () => {
      await getOn();
      await scene.harper.kill();
      await scene.harper.start();
    });
  }

  test('SIGTERM at a random moment of a backfill', async () => {
    await getOn();
    await scene.harper.restart();
  });

  test('the HTTP workers are restarted at a random moment of a backfill', async () => {
    await getOn();
    await scene.harper.operation({ operation: 'restart_service', service: 'http_workers' });
  });

  test('the engine traps in mid-page of a backfill', async () => {
    await getOn();
    writeFileSync(trap, 'page');
    await eventually(() => scene.harper.assertLogged(/engine ended: .*unreachable, as the test wants it/));
  });

  test('kill -9 of Harper at random moments of a backfill, restarting each time: equal, and no more than one batch per crash is read twice from BigQuery’s result', async () => {
    // Comparing whole tables again and again would hold the backfill up.
    await eventually(() => assert.equal(rowsRead(scene, 'backlog', ROWS).reached, ROWS));
    await scene.untilEqual(backlog);
    const { again } = rowsRead(scene, 'backlog', ROWS);
    assert.ok(again <= interruptions * BATCH_ROWS, `${again} rows again after ${interruptions} interruptions`);
  });

  test('kill -9 at random moments while rows keep arriving: equal', async () => {
    let n = 0;
    let isArriving = true;
    const arriving = (async () => {
      while (isArriving) {
        const rows = Array.from({ length: 10 }, () => ({ at: new Date().toISOString(), n: n++, note: 'new' }));
        await scene.emulator.insertAll(DATASET, 'arrivals', rows);
        await sleep(50);
      }
    })();
    try {
      for (let kill = 0; kill < 2; kill++) {
        await eventually(async () => assert.ok((await scene.tableStatus('arrivals')).rowsIngested > 0));
        await sleep(Math.random() * 1_000);
        await scene.harper.kill();
        await scene.harper.start();
      }
    } finally {
      isArriving = false;
      await arriving;
    }

    await scene.untilEqual(arrivals);
    assert.ok(n > 100, `${n} rows arrived`);
  });
});
