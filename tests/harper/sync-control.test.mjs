import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { AHEAD_RESOURCE } from './support/ahead-resource.mjs';
import { createApp } from './support/app.mjs';
import { eventually } from './support/eventually.mjs';
import { startHarper } from './support/harper.mjs';

/** Nobody listens there: the sync runs and keeps trying. */
const BIGQUERY = {
  projectId: 'test-project',
  apiEndpoint: 'http://127.0.0.1:1',
  tables: [
    { id: 'orders', dataset: 'shop', table: 'orders', timestampColumn: 'created_at', targetTable: 'Orders' },
    { id: 'payments', dataset: 'shop', table: 'payments', timestampColumn: 'paid_at', targetTable: 'Payments' },
  ],
};

const MINUTE_MS = 60_000;

/** @type {import('./support/app.mjs').App} */
let app;
/** @type {import('./support/harper.mjs').Harper} */
let harper;

before(async () => {
  app = createApp({
    section: { bigquery: BIGQUERY, access: { read: ['watcher'], control: ['operator'] } },
    root: { jsResource: { files: 'resources.js' } },
    files: { 'resources.js': AHEAD_RESOURCE },
  });
  harper = await startHarper({ app: app.folder, threads: 3, env: { BIGQUERY_EMULATOR_HOST: '127.0.0.1:1' } });
});

after(async () => {
  await harper?.stop();
  app?.remove();
});

/** @returns {Promise<any>} */
const status = () => harper.json('/SyncControl');

/** @param {string} action */
const post = (action) => harper.json('/SyncControl', { action });

/** @param {boolean} running @param {number} [timeoutMs] */
const untilRunning = (running, timeoutMs) =>
  eventually(async () => assert.equal((await status()).worker.running, running), { timeoutMs });

/** @param {import('./support/harper.mjs').Harper} of @returns {Promise<any>} the status, once the configuration is read */
const planned = (of) =>
  eventually(async () => {
    const answer = await of.json('/SyncControl');
    assert.equal(answer.worker.tables.length, 2);
    return answer;
  });

test('every thread answers with the documented status of the worker that syncs', async () => {
  await untilRunning(true);

  for (const answer of await harper.jsonOfThreads('/SyncControl', 12)) {
    assert.deepEqual(Object.keys(answer).slice(0, 4), ['global', 'worker', 'uptime', 'version']);
    assert.deepEqual(answer.global, { command: 'start', commandedAt: null, commandedBy: null, version: 0 });
    assert.deepEqual(Object.keys(answer.worker), ['nodeId', 'running', 'tables', 'failedEngines']);
    assert.equal(answer.worker.nodeId, '127.0.0.1-0');
    assert.deepEqual(
      answer.worker.tables.map((/** @type {any} */ table) => [table.tableId, Object.keys(table)]),
      [
        ['orders', ['tableId', 'running', 'phase']],
        ['payments', ['tableId', 'running', 'phase']],
      ],
    );
    assert.deepEqual(answer.worker.failedEngines, []);
    assert.equal(typeof answer.uptime, 'number');
    assert.equal(answer.version, '2.0.0');
    assert.deepEqual(answer.errors, []);
  }
});

test('stop and start act within two seconds', async () => {
  await untilRunning(true);
  const stopped = await post('stop');
  await untilRunning(false, 2_000);
  const started = await post('start');
  await untilRunning(true, 2_000);

  const { global } = await status();
  assert.equal(global.command, 'start');
  assert.equal(global.version, started.version);
  assert.equal(started.version, stopped.version + 1);
  assert.match(global.commandedAt, /^\d{4}-\d\d-\d\dT/);
  assert.match(global.commandedBy, /^127\.0\.0\.1-[012]$/);
});

test('a command is obeyed though the one before was given on a node whose clock is minutes ahead', async () => {
  await post('start');
  const { global } = await status();
  const record = { ...global, id: 'sync', command: 'stop', version: global.version + 1 };
  const state = { database: 'bigquery_ingestor', table: 'SyncControlState' };
  await harper.json('/Ahead', { ...state, record, aheadMs: 5 * MINUTE_MS });
  await untilRunning(false, 2_000);

  const { version } = await post('start');
  await untilRunning(true, 2_000);
  assert.deepEqual([(await status()).global.command, version], ['start', global.version + 2]);
});

test('a worker gives signs of life though it gave the last one before its clock was set back', async () => {
  const [{ nodeId }] = (await status()).cluster;
  await harper.json('/Ahead', { table: 'SyncWorker', record: { id: nodeId, beat: 1 }, aheadMs: 5 * MINUTE_MS });
  await eventually(async () => {
    const [worker] = await harper.sql(`SELECT beat FROM data.SyncWorker WHERE id = '${nodeId}'`);
    assert.notEqual(worker.beat, 1);
  });
});

test('the last command is repeated for a worker that is alive and has not heard of it', async () => {
  await post('start');
  const dateOfCommand = async () => {
    const [command] = await harper.json('/SyncControlState/?id=sync&select(command,$updatedtime)');
    return command.$updatedtime;
  };
  const before = await dateOfCommand();
  let beat = 0;
  await eventually(
    async () => {
      beat += 1;
      const record = { id: 'elsewhere-0', beat, commandVersion: 0 };
      await harper.json('/Ahead', { table: 'SyncWorker', record, aheadMs: 0 });
      assert.ok((await dateOfCommand()) > before);
    },
    { intervalMs: 1_000 },
  );
  const { global, worker } = await status();
  assert.deepEqual([global.command, worker.running], ['start', true]);
  await harper.operation({ operation: 'delete', table: 'SyncWorker', ids: ['elsewhere-0'] });
  await eventually(async () => assert.equal((await status()).cluster.length, 1));
});

test('validate leaves an audit record and does not change whether the sync runs', async () => {
  await untilRunning(true);
  const before = await harper.json('/SyncAudit/');
  await post('validate');

  const audit = await eventually(
    async () => {
      const audits = (await harper.json('/SyncAudit/')).slice(before.length);
      return audits.find((/** @type {any} */ record) => record.checkResults) ?? assert.fail('no audit record yet');
    },
    { timeoutMs: 60_000 },
  );
  assert.match(audit.status, /^(healthy|issues_detected|error)$/);
  assert.equal(audit.nodeId, '127.0.0.1-0');
  assert.ok(Date.parse(audit.timestamp) > Date.now() - 120_000);
  assert.equal((await status()).worker.running, true);
  assert.equal((await status()).global.command, 'start');
});

/** @param {string} body @param {string} [type] @returns {Promise<{ status: number, text: string }>} */
async function postRaw(body, type = 'application/json') {
  const response = await harper.rest('/SyncControl', { method: 'POST', headers: { 'content-type': type }, body });
  return { status: response.status, text: await response.text() };
}

test('an unknown action, one of the wrong type and none are answered with the known ones, and nothing is commanded', async () => {
  const { global } = await status();
  const actions = ['restart', 'START', '', 1, true, null, ['start'], { start: true }].map((action) => ({ action }));
  for (const body of [...actions, {}, [], ['start'], 'start', 7, null]) {
    const answer = await postRaw(JSON.stringify(body));
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.match(answer.text, /expected one of start, stop, validate/, JSON.stringify(body));
  }
  assert.deepEqual((await status()).global, global);
});

test('a malformed body is answered with what is wrong with it, and nothing is commanded', async () => {
  const { global } = await status();
  for (const body of ['{"action": "stop"', 'stop', '{action: stop}', '\u0000', '']) {
    const answer = await postRaw(body);
    assert.equal(answer.status, 400, `${body}: ${answer.text}`);
    assert.notEqual(answer.text, '');
  }
  assert.equal((await postRaw('action=stop', 'text/plain')).status, 400);
  const headers = { 'content-type': 'application/json' };
  const anonymous = await harper.rest('/SyncControl', { auth: false, method: 'POST', headers, body: '{' });
  assert.ok([400, 401].includes(anonymous.status), `${anonymous.status}`);
  assert.deepEqual((await status()).global, global);
  assert.equal((await status()).worker.running, true);
});

test('nobody sees or controls the sync but super users and the roles that access names', async () => {
  for (const role of ['stranger', 'watcher', 'operator']) {
    await harper.operation({ operation: 'add_role', role, permission: { super_user: false } });
    await harper.operation({ operation: 'add_user', role, username: role, password: 'p', active: true });
  }
  /** @param {string} resource @param {string | false} auth @returns {Promise<[get: number, post: number]>} */
  const answersOf = async (resource, auth) => {
    const headers = { 'content-type': 'application/json' };
    const order = { auth, method: 'POST', headers, body: '{"action":"start"}' };
    return [(await harper.rest(resource, { auth })).status, (await harper.rest(resource, order)).status];
  };

  for (const resource of ['/SyncControl', '/SyncCheckpoint/', '/SyncAudit/', '/SyncControlState/']) {
    assert.deepEqual(await answersOf(resource, false), [401, 401], resource);
    assert.deepEqual(await answersOf(resource, 'stranger:p'), [403, 403], resource);
  }
  assert.deepEqual(await answersOf('/SyncControl', 'watcher:p'), [200, 403]);
  assert.deepEqual(await answersOf('/SyncControl', 'operator:p'), [200, 200]);
  for (const resource of ['/SyncCheckpoint/', '/SyncAudit/']) {
    assert.deepEqual(await answersOf(resource, 'watcher:p'), [200, 403], resource);
    assert.deepEqual(await answersOf(resource, 'operator:p'), [200, 403], resource);
  }
  assert.deepEqual(await answersOf('/SyncControlState/', 'operator:p'), [403, 403]);
  assert.equal((await status()).worker.running, true);
});

test('a stop holds over a restart, until somebody says start', async () => {
  await post('stop');
  await untilRunning(false, 2_000);
  await harper.restart();
  const { worker, global } = await planned(harper);
  assert.equal(worker.running, false);
  assert.equal(global.command, 'stop');

  await post('start');
  await untilRunning(true, 2_000);
});

test('a key file that is not there is reported with the place it was looked for, and used once it appears', async () => {
  const keyless = createApp({ section: { bigquery: { ...BIGQUERY, credentials: 'keys/reader.json' } } });
  const other = await startHarper({ app: keyless.folder, env: { BIGQUERY_EMULATOR_HOST: '' } });
  try {
    const file = path.join(keyless.folder, 'reader.json');
    keyless.writeConfig({ bigquery: { ...BIGQUERY, credentials: 'reader.json' } });
    const error = await eventually(async () => {
      const { errors } = await other.json('/SyncControl');
      return errors.find((/** @type {any} */ one) => one.found.includes(file)) ?? assert.fail('no such error yet');
    });
    assert.equal(error.path, 'bigquery.credentials');
    assert.match(error.help, /relative path counts from the folder of .*config\.yaml/);
    assert.equal((await other.json('/SyncControl')).worker.running, false);

    writeFileSync(
      file,
      '{"type": "authorized_user", "client_id": "c", "client_secret": "geheim", "refresh_token": "t"}',
    );
    await eventually(async () => assert.ok((await other.json('/SyncControl')).worker.running));
    assert.ok(!other.logText().includes('geheim'));
  } finally {
    await other.stop();
    keyless.remove();
  }
});

test('with sync.autoStart false nothing runs before the first start', async () => {
  const waiting = createApp({ section: { bigquery: BIGQUERY, sync: { autoStart: false } } });
  const other = await startHarper({ app: waiting.folder, env: { BIGQUERY_EMULATOR_HOST: '127.0.0.1:1' } });
  try {
    const { worker, global } = await planned(other);
    assert.equal(worker.running, false);
    assert.equal(global.command, 'stop');

    await other.json('/SyncControl', { action: 'start' });
    await eventually(async () => assert.ok((await other.json('/SyncControl')).worker.running), { timeoutMs: 2_000 });
  } finally {
    await other.stop();
    waiting.remove();
  }
});
