import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeStatus } from '../../host-shim/src/status.js';

const SINCE = '2026-01-01T00:00:00.000Z';
const TABLES = { tables: [{ id: 'orders' }, { id: 'payments' }] };

/** @param {object} bigquery @param {object} report what is not as in a worker that stands still */
function statusOf(bigquery, report) {
  const idle = { nodeId: 'here-0', running: false, autoStart: true, planned: [], tables: [], validation: null };
  const setup = /** @type {any} */ ({ config: JSON.stringify({ bigquery }) });
  return composeStatus({
    report: { ...idle, cluster: [], errors: [], errorsSince: SINCE, ...report },
    command: undefined,
    setup,
    uptimeMs: 0,
  });
}

test('an engine that never came up is the failure of every configured table, with its next start', () => {
  const failure = { reason: 'dist/engine.js is missing', since: SINCE, restartAt: '2026-01-01T00:00:04.000Z' };
  const next = 'the engine is started anew at 2026-01-01T00:00:04.000Z';
  const expected = { error: 'dist/engine.js is missing', since: SINCE, next };
  assert.deepEqual(statusOf(TABLES, { failure }).worker.failedEngines, [
    { tableId: 'orders', ...expected },
    { tableId: 'payments', ...expected },
  ]);
  const single = { dataset: 'shop', table: 'orders' };
  assert.deepEqual(statusOf(single, { failure }).worker.failedEngines, [{ tableId: 'orders', ...expected }]);
});

test('a mistake in the configuration of one table is its failure, and one in what they share is that of all', () => {
  const mistake = { found: 'nothing', expected: 'a name', help: 'Write one.' };
  const errors = [{ path: 'bigquery.tables[1].dataset', ...mistake }];
  const [payments, ...others] = statusOf(TABLES, { errors }).worker.failedEngines;
  assert.deepEqual(others, []);
  assert.deepEqual([payments.tableId, payments.since], ['payments', SINCE]);
  assert.equal(payments.error, 'bigquery.tables[1].dataset: found nothing, expected a name');
  assert.match(payments.next, /^waiting for bigquery\.tables\[1\]\.dataset to be mended/);

  const shared = statusOf(TABLES, { errors: [{ path: 'bigquery.credentials', ...mistake }] }).worker.failedEngines;
  assert.deepEqual(
    shared.map(({ tableId }) => tableId),
    ['orders', 'payments'],
  );
});

test('a table of a sync that was stopped waits for start', () => {
  const tables = [{ tableId: 'orders', running: true, error: null, next: 'poll at 2026-01-01T00:00:04Z' }];
  const [stopped] = statusOf(TABLES, { tables, planned: [{ id: 'orders' }] }).tables;
  assert.deepEqual([stopped.running, stopped.next], [false, 'waiting for start']);
  const [running] = statusOf(TABLES, { tables, planned: [{ id: 'orders' }], running: true }).tables;
  assert.deepEqual([running.running, running.next], [true, 'poll at 2026-01-01T00:00:04Z']);
});
