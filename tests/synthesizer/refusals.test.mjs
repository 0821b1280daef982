// Bad input: one clear message, an exit code, and nothing left behind that is not named.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { REPO_ROOT } from '../../scripts/setup/paths.mjs';
import { startEmulator } from '../harper/support/emulator.mjs';
import { startCountingProxy } from '../harper/support/proxy.mjs';
import { Sea } from './support/sea.mjs';

describe('maritime-data-synthesizer refuses', () => {
  /** @type {import('../harper/support/emulator.mjs').Emulator} */
  let emulator;
  /** @type {Sea} */
  let sea;
  before(async () => {
    emulator = await startEmulator();
    sea = new Sea(emulator);
  });
  after(async () => {
    sea?.remove();
    await emulator?.stop();
  });

  /** @param {string[]} args @param {number} code @param {RegExp} message */
  async function refuses(args, code, message) {
    const run = await sea.run(...args);
    assert.match(run.errors, message);
    assert.equal(run.code, code, run.errors);
    assert.doesNotMatch(run.errors, /^ +at /m, 'no stack');
  }

  test('unknown commands, scenarios and options, with a suggestion', async () => {
    await refuses(['initialise'], 2, /unknown command 'initialise'\n\(Did you mean initialize\?\)/);
    await refuses(['initialize', 'realstic'], 1, /"realstic" is no scenario.*\nDid you mean realistic\?/);
    await refuses(['initialize', '--untli', 'x'], 2, /unknown option '--untli'\n\(Did you mean --until\?\)/);
  });

  test('days outside of 1 to 365, and ends that are no point in time', async () => {
    for (const days of ['0', '366', '-5', '1.5'])
      await refuses(['initialize', '--', days], 1, /expected 1 to 365|no number of days/);
    await refuses(['initialize', '--until', 'tomorrow'], 1, /--until: "tomorrow" is no point in time/);
  });

  test('a configuration that is missing, no YAML, or without what is needed', async (t) => {
    const broken = new Sea(emulator);
    t.after(() => broken.remove());
    /** @type {[config: string, message: RegExp][]} */
    const cases = [
      ['bigquery: [', /config\.yaml, line 1, column \d+/],
      ['rest: true', /bigquery: found nothing, expected an object\. Add a section/],
      ['bigquery: { projectId: p }', /synthesizer: found nothing, expected an object\. Add it beside `bigquery`/],
      [
        'bigquery: { projectId: p }\nsynthesizer: { totalVesels: 5 }',
        /synthesizer\.totalVesels: found an unknown key.*Did you mean `totalVessels`/,
      ],
      [
        'bigquery: { projectId: p }\nsynthesizer: { lateShare: 3 }',
        /synthesizer\.lateShare: found 3, expected a number from 0 to 1/,
      ],
    ];
    for (const [config, message] of cases) {
      broken.writeConfig(config);
      const { code, errors } = await broken.run('stats');
      assert.match(errors, message);
      assert.equal(code, 2);
    }
    await refuses(['stats', '--config', 'elsewhere.yaml'], 2, /elsewhere\.yaml: found no such file.*--config/);
  });

  test('a key file that is not there', async (t) => {
    const keyless = new Sea(emulator, { bigquery: { credentials: 'missing.json', apiEndpoint: emulator.url } });
    t.after(() => keyless.remove());
    delete keyless.env.BIGQUERY_EMULATOR_HOST;
    const { code, errors } = await keyless.run('stats');
    assert.match(errors, /bigquery\.credentials: found .*missing\.json \(no such file\)/);
    assert.equal(code, 2);
  });

  test('a dataset that is somewhere else', async () => {
    await emulator.request('POST', '/datasets', { datasetReference: { datasetId: 'overseas' }, location: 'EU' });
    const away = new Sea(emulator, { synthesizer: { dataset: 'overseas' } });
    const { code, errors } = await away.run('initialize', 'small');
    away.remove();
    assert.match(errors, /overseas is in EU, but bigquery\.location says US\.\nSet bigquery\.location to EU/);
    assert.equal(code, 1);
  });

  test('a table with another schema, before anything is made', async () => {
    await emulator.createDataset('taken');
    await emulator.createTable('taken', 'port_events', [{ name: 'event_time', type: 'STRING' }]);
    const taken = new Sea(emulator, { synthesizer: { dataset: 'taken' } });
    const { code, errors } = await taken.run('initialize', 'small');
    taken.remove();
    assert.match(
      errors,
      /taken\.port_events has another schema: `event_time` is STRING instead of TIMESTAMP; `port_id` is missing/,
    );
    assert.equal(code, 1);
    await assert.rejects(emulator.getTable('taken', 'vessel_positions'), /404/);
  });

  test('to go on without a permission, and names it and what was made before', async () => {
    const message = 'Access Denied: Dataset p:d: Permission bigquery.tables.create denied on dataset p:d';
    const proxy = await startCountingProxy(emulator.url, ({ method, path: asked }) =>
      method === 'POST' && asked.includes('/tables')
        ? { status: 403, body: { error: { code: 403, message, errors: [{ reason: 'accessDenied', message }] } } }
        : undefined,
    );
    const poor = new Sea(emulator, { url: proxy.url });
    const { code, errors } = await poor.run('initialize', 'small');
    poor.remove();
    await proxy.stop();
    assert.match(errors, /Permission bigquery\.tables\.create denied/);
    assert.match(errors, /Grant bigquery\.tables\.create/);
    assert.match(errors, new RegExp(`What was made before stays: dataset [\\w-]+\\.${poor.dataset}\\.`));
    assert.equal(code, 1);
  });

  test('to reach hosts that the configuration does not name', async () => {
    const setup = {
      config: JSON.stringify({ bigquery: { projectId: 'p' }, synthesizer: { dataset: 'd' } }),
      emulatorHost: emulator.url,
    };
    const thread = pathToFileURL(path.join(REPO_ROOT, 'host-shim/src/synthesizer/thread.js'));
    const worker = new Worker(thread);
    worker.postMessage({ setup, hosts: ['127.0.0.1:1'], command: { name: 'stats' } });
    /** @type {any[]} */
    const messages = [];
    worker.on('message', (message) => messages.push(message));
    await once(worker, 'exit');
    assert.match(messages.at(-1).failure.message, /requests to 127\.0\.0\.1:\d+ are not allowed here/);
  });
});
