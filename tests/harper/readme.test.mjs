// What the README shows is true: its configuration, schema, queries, commands and answers, tried on a real Harper.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { REPO_ROOT } from '../../scripts/setup/paths.mjs';
import { createApp } from './support/app.mjs';
import { startEmulator } from './support/emulator.mjs';
import { eventually } from './support/eventually.mjs';
import { startHarper } from './support/harper.mjs';

const README = readFileSync(path.join(REPO_ROOT, 'README.md'), 'utf8');
const ORIGIN = 'http://localhost:9926';

/** @param {string} language @returns {string[]} what stands in the README's blocks of this language */
const blocks = (language) =>
  [...README.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text ?? '');

/** @param {string} pattern of its command line @returns {string[]} the first group of each `curl` */
const curls = (pattern) => [...README.matchAll(new RegExp(`^curl ${pattern}$`, 'gm'))].map(([, text]) => text ?? '');

const CONFIG = blocks('yaml').find((text) => text.includes('bigquery:')) ?? '';
const [STATUS, RECORD, CHECKPOINT, AUDIT] = ['global', '_syncedAt', 'lastTimestamp', 'checkResults'].map((key) =>
  blocks('json')
    .map((text) => JSON.parse(text))
    .find((json) => key in json),
);

/** Of the days that the README asks for. */
const FIRST_EVENT_MS = Date.parse('2025-12-01T00:00:00Z');
const EVENTS = Array.from({ length: 50 }, (_, n) => ({
  event_time: new Date(FIRST_EVENT_MS + n * 3_600_000).toISOString(),
  user_id: `user_${n % 7}`,
  event_type: n % 2 ? 'page_view' : 'click',
  amount: n,
}));
const LOGS = [{ timestamp: '2025-12-01T10:00:00Z', severity: 'INFO', message: 'hello', host: 'h1' }];

/** @param {Record<string, unknown>} record @returns {string[][]} its keys with the types of their values */
const shapeOf = (record) =>
  Object.entries(record)
    .map(([key, value]) => [key, value === null ? 'null' : typeof value])
    .sort();

describe('the README', () => {
  /** @type {import('./support/emulator.mjs').Emulator} */
  let emulator;
  /** @type {import('./support/app.mjs').App} */
  let app;
  /** @type {import('./support/harper.mjs').Harper} */
  let harper;

  before(async () => {
    emulator = await startEmulator({ project: 'my-project' });
    await emulator.createDataset('production');
    await emulator.createTable('production', 'user_events', [
      { name: 'event_time', type: 'TIMESTAMP' },
      { name: 'user_id', type: 'STRING' },
      { name: 'event_type', type: 'STRING' },
      { name: 'amount', type: 'FLOAT' },
    ]);
    await emulator.createTable('production', 'application_logs', [
      { name: 'timestamp', type: 'TIMESTAMP' },
      { name: 'severity', type: 'STRING' },
      { name: 'message', type: 'STRING' },
      { name: 'host', type: 'STRING' },
    ]);
    await emulator.loadRows('production', 'user_events', EVENTS);
    await emulator.loadRows('production', 'application_logs', LOGS);
    const graphqlSchema = "graphqlSchema:\n  files: '*.graphql'\n";
    app = createApp({
      section: {},
      schema: blocks('graphql').join('\n'),
      files: { 'config.yaml': `rest: true\n${graphqlSchema}${CONFIG}` },
    });
    harper = await startHarper({ app: app.folder, env: { BIGQUERY_EMULATOR_HOST: emulator.url } });
    await eventually(async () => assert.equal((await harper.json('/UserEvents/')).length, EVENTS.length), {
      timeoutMs: 60_000,
    });
  });
  after(async () => {
    await harper?.stop();
    await emulator?.stop();
    app?.remove();
  });

  test('configures a sync of the columns it names', async () => {
    const [log] = await eventually(async () => {
      const logs = await harper.json('/AppLogs/');
      assert.equal(logs.length, LOGS.length);
      return logs;
    });
    assert.deepEqual(Object.keys(log).sort(), ['_syncedAt', 'id', 'message', 'severity', 'timestamp']);
  });

  test('asks by REST for records that are there', async () => {
    const queries = curls(`'${ORIGIN}(/UserEvents/.*)'`);
    assert.ok(queries.length >= 4);
    for (const query of queries) assert.notEqual((await harper.json(query)).length, 0, query);
    const [filtered, sorted, within] = await Promise.all(queries.slice(1, 4).map((query) => harper.json(query)));
    assert.ok(filtered.every((/** @type {any} */ row) => row.event_type === 'click' && row.amount >= 20));
    const lastTwo = EVENTS.slice(-2).reverse();
    assert.deepEqual(
      sorted.map((/** @type {any} */ row) => Date.parse(row.event_time)),
      lastTwo.map((row) => Date.parse(row.event_time)),
    );
    assert.equal(within.length, 36);
  });

  test('asks by SQL for records that are there', async () => {
    const [sql] = blocks('sql');
    const rows = await harper.sql(sql ?? '');
    assert.equal(rows.length, EVENTS.length - 1);
    assert.equal(rows[0].amount, EVENTS.length - 1);
  });

  test('shows a record as it is', async () => {
    const [record] = await harper.json('/UserEvents/?limit(1)');
    assert.deepEqual(Object.keys(record).sort(), Object.keys(RECORD).sort());
    assert.equal(record.id.length, RECORD.id.length);
    for (const [name, value] of Object.entries(RECORD)) assert.equal(typeof record[name], typeof value, name);
  });

  test('shows the status as it is', async () => {
    const [path] = curls(`${ORIGIN}(/SyncControl)`);
    const status = await harper.json(path ?? '');
    assert.deepEqual(Object.keys(status), Object.keys(STATUS));
    for (const part of ['global', 'worker']) {
      assert.deepEqual(Object.keys(status[part]), Object.keys(STATUS[part]), part);
    }
    assert.deepEqual(Object.keys(status.worker.tables[0]), Object.keys(STATUS.worker.tables[0]));
    assert.deepEqual(Object.keys(status.tables[0]).sort(), Object.keys(STATUS.tables[0]).sort());
    assert.deepEqual(status.errors, []);
  });

  test('shows a checkpoint as it is', async () => {
    const [path] = curls(`${ORIGIN}(/SyncCheckpoint/)`);
    const checkpoints = await harper.json(path ?? '');
    const checkpoint = checkpoints.find((/** @type {any} */ { tableId }) => tableId === CHECKPOINT.tableId);
    assert.deepEqual(shapeOf(checkpoint), shapeOf(CHECKPOINT));
  });

  test('shows the outcome of a validation as it is', async () => {
    await harper.json('/SyncControl', { action: 'validate' });
    const [path] = curls(`'${ORIGIN}(/SyncAudit/.*)'`);
    const [audit] = await eventually(async () => {
      const audits = await harper.json(path ?? '');
      assert.notEqual(audits.length, 0);
      return audits;
    });
    const [shown] = Object.entries(AUDIT.checkResults);
    assert.deepEqual(Object.keys(audit).sort(), Object.keys(AUDIT).sort());
    for (const [check, { status }] of Object.entries(shown[1]))
      assert.equal(typeof audit.checkResults[shown[0]][check].status, typeof status, check);
  });

  test('stops the sync with its command', async () => {
    const [body] = curls(`-X POST ${ORIGIN}/SyncControl -H 'content-type: application/json' -d '(.*)'`);
    const { accepted, command } = await harper.json('/SyncControl', JSON.parse(body ?? ''));
    assert.deepEqual([accepted, command], [true, 'stop']);
    await eventually(async () => assert.equal((await harper.json('/SyncControl')).worker.running, false));
  });
});
