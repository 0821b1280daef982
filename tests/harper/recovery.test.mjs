// What comes back by itself: a source that was away, a key that was missing, an engine that trapped.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createApp } from './support/app.mjs';
import { startEmulator } from './support/emulator.mjs';
import { eventually } from './support/eventually.mjs';
import { startHarper } from './support/harper.mjs';
import { freePorts } from './support/process.mjs';
import { startCountingProxy } from './support/proxy.mjs';
import { DATASET, Scene, section, tableEntry } from './support/scene.mjs';
import { installTrappingPlugin } from './support/trapping-plugin.mjs';

const FIELDS = [
  { name: 'at', type: 'TIMESTAMP' },
  { name: 'n', type: 'INTEGER' },
];
const entry = tableEntry('events', 'Events', 'at');
const row = (/** @type {number} */ n) => ({ at: new Date().toISOString(), n });

/** A resources.js for a Harper whose table of commands cannot be read for a moment. */
const UNREADABLE_AT_FIRST = `
const { SyncControlState } = databases.bigquery_ingestor;
const { get } = SyncControlState;
let times = 0;
SyncControlState.get = function (...args) {
  times += 1;
  if (times <= 2) throw new Error('not readable yet');
  return get.apply(this, args);
};
`;

describe('recovery', () => {
  /** @type {Scene} */
  let scene;
  /** @type {string} */
  let trap;
  /** @type {number} */
  let emulatorPort;

  before(async () => {
    [emulatorPort] = await freePorts(1);
    const proxy = await startCountingProxy(`http://127.0.0.1:${emulatorPort}`);
    const app = createApp({ section: section([entry], { maxRetries: 1 }), link: false });
    trap = installTrappingPlugin(app.folder);
    const harper = await startHarper({ app: app.folder, env: { BIGQUERY_EMULATOR_HOST: proxy.url } });
    // The emulator is started by the first test.
    scene = new Scene(/** @type {any} */ (undefined), proxy, app, harper);
  });
  after(() => scene?.stop());

  test('a source that is not there at start is an error that says so, and is synced when it comes up', async () => {
    await eventually(async () => assert.ok((await scene.tableStatus('events')).error.message));
    assert.equal((await scene.harper.json('/SyncControl')).worker.running, true);

    scene.emulator = await startEmulator({ restPort: emulatorPort });
    await scene.emulator.createDataset(DATASET);
    await scene.emulator.createTable(DATASET, 'events', FIELDS);
    await scene.emulator.loadRows(DATASET, 'events', [row(1), row(2)]);

    await scene.untilEqual(entry, 90_000);
    await eventually(async () => assert.equal((await scene.tableStatus('events')).error, null));
  });

  test('an engine that traps is started anew, says why, and goes on', async () => {
    writeFileSync(trap, 'step');
    await eventually(() => scene.harper.assertLogged(/engine ended: .*unreachable, as the test wants it/));
    await scene.emulator.insertAll(DATASET, 'events', [row(3)]);
    await scene.untilEqual(entry);
    await eventually(async () => {
      assert.deepEqual((await scene.harper.json('/SyncControl')).worker.failedEngines, []);
    });
  });

  test('a Harper that is killed goes on where it was', async () => {
    await scene.harper.kill();
    await scene.emulator.insertAll(DATASET, 'events', [row(4)]);
    await scene.harper.start();
    await scene.untilEqual(entry);
  });

  test('a stop outlives a restart, and a start ends it', async () => {
    await scene.harper.json('/SyncControl', { action: 'stop' });
    await eventually(async () => assert.equal((await scene.harper.json('/SyncControl')).worker.running, false), {
      timeoutMs: 2000,
    });
    await scene.harper.restart();
    const { global, worker } = await scene.harper.json('/SyncControl');
    assert.deepEqual([global.command, worker.running], ['stop', false]);

    await scene.emulator.insertAll(DATASET, 'events', [row(5)]);
    await scene.harper.json('/SyncControl', { action: 'start' });
    await scene.untilEqual(entry);
  });

  test('a start that fails, since a table cannot be read just then, is tried again', async () => {
    writeFileSync(path.join(scene.app.folder, 'resources.js'), UNREADABLE_AT_FIRST);
    scene.app.writeConfig(section([entry], { maxRetries: 1 }), { jsResource: { files: 'resources.js' } });
    await scene.harper.restart();
    await eventually(() => scene.harper.assertLogged(/could not start and tries again .*not readable yet/));
    await scene.emulator.insertAll(DATASET, 'events', [row(6)]);
    await scene.untilEqual(entry);
  });

  test('a missing key file is reported with the path that was looked at', async () => {
    // Of the emulator the plugin knows by apiEndpoint only: then it wants the key.
    await scene.harper.stop();
    scene.app.writeConfig(section([entry], { credentials: 'keys/missing.json', apiEndpoint: scene.proxy.url }));
    scene.harper = await startHarper({ app: scene.app.folder });
    const [error] = await eventually(async () => {
      const { errors } = await scene.harper.json('/SyncControl');
      assert.equal(errors.length, 1);
      return errors;
    });
    assert.equal(error.path, 'bigquery.credentials');
    assert.ok(error.found.includes(path.join(scene.app.folder, 'keys/missing.json')), error.found);
    assert.match(error.help, /relative/);
    await eventually(() => scene.harper.assertLogged('keys/missing.json'));
  });
});
