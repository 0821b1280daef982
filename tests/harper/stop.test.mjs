import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from './support/eventually.mjs';
import { DATASET, section, startScene, tableEntry } from './support/scene.mjs';

const STOP_MS = 2_000;
/** Small pages, so that a backfill takes a while. */
const EVENTS = tableEntry('events', 'Events', 'ts', { sync: { initialBatchSize: 50, pollInterval: 200 } });
const ROWS = 5_000;

/** @typedef {{method: string, path: string}} Seen */
/** @type {Record<string, (seen: Seen) => boolean>} */
const REQUESTS = {
  metadata: ({ method, path }) => method === 'GET' && path.includes('/tables/'),
  'the insertion of a job': ({ method, path }) => method === 'POST' && path.includes('/jobs'),
  'a page': ({ method, path }) => method === 'GET' && path.includes('/queries/'),
};

describe('stop during any state is done within 2 s:', () => {
  /** @type {import('./support/scene.mjs').Scene} */
  let scene;
  /** Which requests are not answered. @type {((seen: Seen) => boolean) | undefined} */
  let held;
  /** Whether these are refused instead, to be repeated. */
  let isRefused = false;
  let waiting = 0;
  /** @type {(() => void)[]} */
  let letGo = [];
  let second = 0;

  before(async () => {
    scene = await startScene({
      section: section([EVENTS]),
      intercept: async (seen) => {
        if (!held?.(seen)) return undefined;
        waiting += 1;
        if (isRefused) return { status: 503, body: { error: { code: 503, errors: [{ reason: 'backendError' }] } } };
        await new Promise((resolve) => letGo.push(() => resolve(undefined)));
        return undefined;
      },
      fill: (emulator) =>
        emulator
          .query(
            `CREATE TABLE ${DATASET}.events AS
             SELECT TIMESTAMP_SECONDS(1764590400 + n) AS ts, n FROM UNNEST(GENERATE_ARRAY(1, ${ROWS})) AS n`,
          )
          .then(() => undefined),
    });
  });
  after(() => {
    release();
    return scene?.stop();
  });

  function release() {
    held = undefined;
    isRefused = false;
    waiting = 0;
    for (const go of letGo.splice(0)) go();
  }

  const post = (/** @type {string} */ action) => scene.harper.json('/SyncControl', { action });

  const untilRunning = (/** @type {boolean} */ running) =>
    eventually(async () => assert.equal((await scene.harper.json('/SyncControl')).worker.running, running), {
      timeoutMs: STOP_MS,
      intervalMs: 50,
    });

  /** Stops, and then lets go what was held, and goes on. */
  const stopAndGoOn = async () => {
    await post('stop');
    await untilRunning(false);
    release();
    await post('start');
    await untilRunning(true);
  };

  /** A row that gives the next poll something to read. */
  const addRow = () => {
    second += 1;
    return scene.emulator.insertAll(DATASET, 'events', [
      { ts: new Date(1_764_700_000_000 + second * 1000), n: second },
    ]);
  };

  test('amid a backfill', async () => {
    await eventually(
      async () => {
        const { job } = (await scene.tableStatus('events')) ?? {};
        assert.ok(job?.rowsDone > 0);
      },
      { intervalMs: 20 },
    );
    await post('stop');
    await untilRunning(false);
    const [{ jobId }] = await scene.harper.json('/SyncCheckpoint/?tableId=events');
    assert.ok(jobId, 'the backfill was over before');
    await post('start');
    await scene.untilEqual(EVENTS);
  });

  test('between two polls', async () => {
    await stopAndGoOn();
    await addRow();
    await scene.untilEqual(EVENTS);
  });

  for (const [name, isHeld] of Object.entries(REQUESTS)) {
    test(`while BigQuery does not answer a request for ${name}`, async () => {
      held = isHeld;
      await addRow();
      await eventually(() => assert.ok(waiting > 0));
      await stopAndGoOn();
      await scene.untilEqual(EVENTS);
    });
  }

  test('while a request waits to be repeated', async () => {
    held = REQUESTS['the insertion of a job'];
    isRefused = true;
    await addRow();
    await eventually(() => assert.ok(waiting > 2));
    await stopAndGoOn();
    await scene.untilEqual(EVENTS);
  });

  test('while a validation waits for BigQuery', async () => {
    held = (seen) => seen.path.includes('/queries');
    await post('validate');
    await eventually(() => assert.ok(waiting > 0));
    await stopAndGoOn();
    await addRow();
    await scene.untilEqual(EVENTS);
  });
});
