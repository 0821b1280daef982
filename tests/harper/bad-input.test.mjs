// Everything that can be wrong with a source, each with a table of its own, all at once: the status says of each which error it
// has, since when, and what comes next; and each heals by itself.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from './support/eventually.mjs';
import { DATASET, section, startScene, tableEntry } from './support/scene.mjs';

const FIELDS = [
  { name: 'at', type: 'TIMESTAMP' },
  { name: 'n', type: 'INTEGER' },
];

/** @param {number} status @param {string} reason @param {string} message as BigQuery writes an error */
const refusal = (status, reason, message) => ({
  status,
  body: { error: { code: status, message, errors: [{ domain: 'global', reason, message }] } },
});

const PROBE = /\/tables\/(\w+)(\?|$)/;
const RESULT = /\/queries\/harper_(\w+?)_/;

/**
 * Which request of a table fails, how, and what the status is to say of it.
 *
 * @type {Record<string, {at: 'probe' | 'insert' | 'result', answer: import('./support/proxy.mjs').Answer, reason: RegExp}>}
 */
const FAULTS = {
  limited: { at: 'probe', answer: refusal(429, 'rateLimitExceeded', 'Too many'), reason: /^rateLimitExceeded$/ },
  forbidden: { at: 'probe', answer: refusal(403, 'accessDenied', 'Access Denied'), reason: /^accessDenied$/ },
  reset: { at: 'probe', answer: 'reset', reason: /^connection/ },
  unavailable: { at: 'insert', answer: refusal(503, 'backendError', 'Try later'), reason: /^backendError$/ },
  invalid: { at: 'insert', answer: refusal(400, 'invalidQuery', 'Syntax error'), reason: /^invalidQuery$/ },
  garbled: { at: 'result', answer: { status: 200, body: '<html>Sign in</html>' }, reason: /^malformedAnswer$/ },
};

const faulty = Object.keys(FAULTS).map((id) => tableEntry(id, `${id}_target`, 'at'));
const absent = tableEntry('absent', 'Absent', 'at');
const unknown = tableEntry('unknown', 'Unknown', 'at', { columns: ['at', 'nope'] });
const misnamed = tableEntry('misnamed', 'Misnamed', 'at', { columns: ['at', 'n`'] });
const picky = tableEntry('picky', 'Picky', 'at');
const EXISTING = [...faulty, unknown, misnamed, picky];

/** More than the `Int` of the table that the app declares can hold. */
const TOO_LARGE = 2 ** 40;
const row = (/** @type {number} */ n) => ({ at: new Date(Date.now() - 1000 * n).toISOString(), n });

describe('a source with something wrong', () => {
  /** @type {import('./support/scene.mjs').Scene} */
  let scene;
  let isMended = false;
  const begunAt = Date.now();

  /** @param {import('./support/proxy.mjs').SeenRequest} seen */
  function fail({ method, path, body }) {
    if (isMended) return undefined;
    const query = method === 'POST' && /\/jobs(\?|$)/.test(path) ? JSON.parse(body).configuration.query.query : '';
    const table = {
      probe: PROBE.exec(path)?.[1],
      result: RESULT.exec(path)?.[1],
      insert: /scene\.(\w+)`/.exec(query)?.[1],
    };
    return Object.entries(FAULTS).find(([id, { at }]) => table[at] === id)?.[1].answer;
  }

  before(async () => {
    scene = await startScene({
      section: section([...EXISTING, absent], { maxRetries: 1 }),
      schema: 'type Picky @table @export { id: ID @primaryKey  n: Int }',
      async fill(emulator) {
        for (const { table } of EXISTING) {
          await emulator.createTable(DATASET, table, FIELDS);
          await emulator.loadRows(DATASET, table, [row(3), row(2), row(1)]);
        }
        await emulator.insertAll(DATASET, 'picky', [{ ...row(2), n: TOO_LARGE }]);
      },
      intercept: fail,
    });
  });
  after(() => scene?.stop());

  /** @param {string} tableId @param {RegExp} reason @param {RegExp} message */
  async function assertTold(tableId, reason, message) {
    await eventually(async () => {
      const { error, next } = (await scene.tableStatus(tableId)) ?? {};
      assert.ok(error, `${tableId} has no error`);
      assert.match(error.reason, reason, tableId);
      assert.match(error.message, message, tableId);
      // The source's clock is known to a second.
      const since = Date.parse(error.since);
      assert.ok(since > begunAt - 2000 && since < Date.now() + 2000, `${tableId} since ${error.since}`);
      const [, due] = /^retry (?:of \S+ )?at (\S+)$/.exec(next) ?? [];
      assert.ok(due && Date.parse(due) >= since, `${tableId}: ${next}`);
    });
  }

  test('SyncControl’s status says which table, which error, since when, and what comes next', async () => {
    for (const [tableId, { reason }] of Object.entries(FAULTS)) {
      await assertTold(tableId, reason, new RegExp(`${DATASET}\\.${tableId}|tables\\.get|jobs\\.|html`, 'i'));
    }
    await assertTold('absent', /^notFound$/, /scene\.absent/);
    await assertTold('unknown', /./, /`columns` names `nope`/);
    const { failedEngines } = (await scene.harper.json('/SyncControl')).worker;
    const [{ tableId, error, since, next }, ...others] = failedEngines;
    assert.deepEqual([tableId, others], ['misnamed', []]);
    assert.match(error, /^bigquery\.tables\[\d+\]\.columns\[1\]: found/);
    assert.ok(Date.parse(since) <= Date.now());
    assert.match(next, /^waiting for bigquery\.tables\[\d+\]\.columns\[1\] to be mended/);
  });

  test('a put fails for one row: the status and SyncAudit say which and why, the rest are stored, the checkpoint moves', async () => {
    const { refused, error, watermark } = await eventually(async () => {
      const status = await scene.tableStatus('picky');
      assert.ok(status.refused, 'nothing was refused yet');
      assert.match(status.next, /^poll at /);
      return status;
    });
    assert.deepEqual([refused.rows, error], [1, null]);
    assert.match(refused.reason, /property n must be an integer/);
    assert.ok(Date.parse(refused.since) > begunAt - 2000);
    const [audit, ...others] = (await scene.harper.json('/SyncAudit/?tableId=picky')).filter(
      (/** @type {any} */ { status }) => status === 'row_rejected',
    );
    assert.deepEqual(others, []);
    assert.match(audit.reason, /property n must be an integer/);
    assert.match(audit.content, new RegExp(String(TOO_LARGE)));
    await scene.untilEqual(picky, 30_000, `n < ${TOO_LARGE}`);
    const [{ at }] = await scene.harper.json('/Picky/?sort(-at)&limit(1)');
    assert.equal(Date.parse(watermark), Date.parse(at));
  });

  test('each heals by itself when its source does', async () => {
    isMended = true;
    await scene.emulator.createTable(DATASET, 'absent', FIELDS);
    await scene.emulator.loadRows(DATASET, 'absent', [row(1)]);
    for (const entry of [...faulty, absent]) {
      await scene.untilEqual(entry);
      await eventually(async () => assert.equal((await scene.tableStatus(entry.id)).error, null));
    }
  });
});
