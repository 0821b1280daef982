import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeStatus } from '../../host-shim/src/status.js';

/** @param {object} bigquery @returns {{tableId: string, error: string}[]} */
function failedEngines(bigquery) {
  const report = {
    nodeId: 'here-0',
    running: false,
    autoStart: true,
    planned: [],
    tables: [],
    cluster: [],
    errors: [],
  };
  const setup = /** @type {any} */ ({ config: JSON.stringify({ bigquery }) });
  const known = { report: { ...report, failure: 'dist/engine.js is missing' }, command: undefined, setup, uptimeMs: 0 };
  return composeStatus(known).worker.failedEngines;
}

test('an engine that never came up is the failure of every configured table', () => {
  const error = 'dist/engine.js is missing';
  assert.deepEqual(failedEngines({ tables: [{ id: 'orders' }, { id: 'payments' }] }), [
    { tableId: 'orders', error },
    { tableId: 'payments', error },
  ]);
  assert.deepEqual(failedEngines({ dataset: 'shop', table: 'orders' }), [{ tableId: 'orders', error }]);
});
