// kill -9 at random moments of a backfill, Harper started again each time; then the tables have to be equal, and no more than
// one batch a kill may have been read twice.
//
//   node tests/soak/kills.mjs [rows] [kills] [seconds]     again until so many seconds are over; once at least
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBacklog, rowsRead } from '../harper/support/backfill.mjs';
import { section, startScene, tableEntry } from '../harper/support/scene.mjs';

const [ROWS = 200_000, KILLS = 50, SECONDS = 0] = process.argv.slice(2).map(Number);
/** The default of `initialBatchSize`. */
const BATCH_ROWS = 10_000;
/** A page takes this much longer than the emulator does, so that the backfill outlives its kills. */
const PAGE_MS = 50;
/** A Harper that gets nowhere is killed all the same. */
const LONGEST_RUN_MS = 5_000;

const backlog = tableEntry('backlog', 'Backlog', 'at');

const deadline = performance.now() + SECONDS * 1_000;
do await killOver();
while (performance.now() < deadline);

/** One backfill, killed over and over. */
async function killOver() {
  const scene = await startScene({
    section: section([backlog]),
    fill: (emulator) => createBacklog(emulator, backlog.id, ROWS),
    intercept: async ({ path }) => {
      if (path.includes('/queries/harper_backlog')) await sleep(PAGE_MS);
      return undefined;
    },
  });
  try {
    for (let kill = 1; kill <= KILLS; kill++) {
      await letItGetOn(scene, KILLS - kill + 1);
      const rowsDone = rowsRead(scene, backlog.id, ROWS).reached;
      assert.ok(rowsDone < ROWS, `the backfill was over before kill ${kill}`);
      await scene.harper.kill();
      console.log(`kill ${kill} after ${rowsDone} rows`);
      await scene.harper.start();
    }
    await scene.untilEqual(backlog, 600_000);
    const { reached, again } = rowsRead(scene, backlog.id, ROWS);
    console.log(
      `${KILLS} kills in a backfill of ${ROWS} rows: equal, by one job; ${again} rows were read twice, ` +
        `${Math.round(again / KILLS)} a kill, where a batch has ${BATCH_ROWS}`,
    );
    assert.equal(reached, ROWS, 'the first job was read to its end');
    assert.ok(again <= KILLS * BATCH_ROWS, `${again} rows were read twice`);
  } finally {
    await scene.stop();
  }
}

/**
 * Lets the backfill run for a random while: on average as long as it takes to spread the kills over it.
 *
 * @param {import('../harper/support/scene.mjs').Scene} scene
 * @param {number} killsLeft
 */
async function letItGetOn(scene, killsLeft) {
  const { reached } = rowsRead(scene, backlog.id, ROWS);
  const target = Math.min(reached + (Math.random() * 2 * (ROWS - reached)) / (killsLeft + 1), ROWS - BATCH_ROWS);
  const deadline = performance.now() + Math.random() * LONGEST_RUN_MS;
  while (rowsRead(scene, backlog.id, ROWS).reached < target && performance.now() < deadline) await sleep(3);
  await sleep(Math.random() * 3 * PAGE_MS);
}
