// Validation with a real Harper and the emulator: planted faults, validations beside each other and beside the sync, and those
// that nobody asks for.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './support/eventually.mjs';
import { DATASET, section, startScene, tableEntry } from './support/scene.mjs';
import { validate, validationAudits } from './support/validations.mjs';

const ROWS = 3_000;
const DAY_MS = 86_400_000;
const FIELDS = [
  { name: 'at', type: 'TIMESTAMP' },
  { name: 'n', type: 'INTEGER' },
  { name: 'speed', type: 'FLOAT' },
  { name: 'note', type: 'STRING' },
];

const POSITIONS = tableEntry('positions', 'Positions', 'at');

describe('a table that is validated', () => {
  /** @type {import('./support/scene.mjs').Scene} */
  let scene;
  /** Holds the tallying query back for as long as it is pending. @type {Promise<void> | undefined} */
  let held;

  before(async () => {
    scene = await startScene({
      section: { ...section([POSITIONS]), validation: { enabled: false } },
      async fill(emulator) {
        await emulator.createTable(DATASET, 'positions', FIELDS);
        const begin = Date.now() - 3 * DAY_MS;
        const row = (/** @type {number} */ n) => {
          return { at: new Date(begin + n * 10_000).toISOString(), n, speed: n / 7, note: `position ${n}` };
        };
        const rows = Array.from({ length: ROWS }, (_, n) => row(n));
        // Twice in the source, once in Harper: no difference.
        await emulator.loadRows(DATASET, 'positions', [...rows, row(5)]);
      },
      intercept: async ({ body }) => {
        if (body.includes('checksum_sum')) await held;
        return undefined;
      },
    });
    await scene.untilEqual(POSITIONS);
  });
  after(() => scene?.stop());

  /** @param {object} operation on the target table */
  const change = (operation) => scene.harper.operation({ table: 'Positions', ...operation });
  /** @param {object} [more] @returns {Promise<any>} the record of SyncAudit */
  const validated = (more) => validate(scene.harper, more);
  /** @param {any} audit */
  const comparisonOf = ({ checkResults }) => checkResults.positions.comparison;

  test('a healthy table is compared whole, by one aggregate query, and is healthy', async () => {
    scene.proxy.reset();
    const audit = await validated();

    const comparison = comparisonOf(audit);
    assert.equal(comparison.status, 'healthy', JSON.stringify(audit.checkResults));
    assert.deepEqual([comparison.rowsCompared, comparison.recordsCompared], [ROWS + 1, ROWS]);
    assert.equal(comparison.differing.count, 0);
    const aggregates = scene.proxy.queryJobs('positions').filter(({ body }) => /COUNT\(|SUM\(/.test(body));
    assert.equal(aggregates.length, 1);
  });

  test('rows removed from Harper, a row altered and a foreign row added are found, named and repaired', async () => {
    const records = await scene.harper.json('/Positions/?n=lt=3000');
    const idOf = new Map(records.map((/** @type {any} */ { n, id }) => [n, id]));
    const removed = [100, 101, 2_500].map((n) => idOf.get(n)).sort();
    const [speedy, renamed] = [idOf.get(700), idOf.get(1_700)];
    const alike = `${idOf.get(1_200).slice(0, 31)}${idOf.get(1_200).endsWith('0') ? '1' : '0'}`;
    await change({ operation: 'delete', ids: removed });
    await change({ operation: 'update', records: [{ id: speedy, speed: 99.5 }] });
    await change({ operation: 'update', records: [{ id: renamed, note: 'position 0000' }] });
    const foreign = { ...records.find((/** @type {any} */ { n }) => n === 1_200), n: 77 };
    await change({ operation: 'insert', records: [alike, 'intruder'].map((id) => ({ ...foreign, id })) });

    const found = await validated();

    assert.equal(found.status, 'issues_detected');
    const comparison = comparisonOf(found);
    assert.equal(comparison.status, 'issues_found', JSON.stringify(comparison));
    assert.deepEqual(comparison.missing, { count: 3, ids: removed });
    assert.deepEqual(
      { ...comparison.altered, ids: comparison.altered.ids.sort() },
      { count: 2, ids: [speedy, renamed].sort() },
    );
    assert.deepEqual(comparison.phantoms, { count: 2, ids: [alike, 'intruder'] });
    assert.equal(comparison.repaired, null);
    const { count, buckets } = comparison.differing;
    assert.ok(count >= 1 && buckets.length === count, JSON.stringify(comparison.differing));
    for (const { from, to, rows, records } of buckets) {
      assert.ok(from < to && rows > 0 && records > 0, JSON.stringify(buckets));
    }
    const [stillThere] = await scene.harper.json('/Positions/?id=intruder');
    assert.ok(stillThere, 'nothing is mended unless somebody asks for it');

    const repaired = comparisonOf(await validated({ repair: true }));
    assert.deepEqual(repaired.repaired, { written: 5, removed: 2, refused: 0 });
    await scene.untilEqual(POSITIONS);
    const after = await validated();
    assert.equal(comparisonOf(after).status, 'healthy', JSON.stringify(comparisonOf(after)));
    const kept = (await scene.harper.json('/SyncAudit/?status=row_removed')).map(
      (/** @type {any} */ { recordId, content }) => [recordId, JSON.parse(content).n],
    );
    assert.deepEqual(
      new Map(kept),
      new Map([
        [alike, 77],
        ['intruder', 77],
      ]),
      'what was removed is in the audit',
    );
  });

  test('rows that the source has dropped for their age are named, and a repair leaves them alone', async () => {
    await scene.emulator.query(`DELETE FROM ${DATASET}.positions WHERE n < 40`);

    const comparison = comparisonOf(await validated({ repair: true }));

    assert.equal(comparison.status, 'healthy', JSON.stringify(comparison));
    assert.equal(comparison.deletedInSource, 40);
    assert.equal((await scene.harper.json('/Positions/?n=lt=40')).length, 40);
  });

  test('a validate while one runs is told so, waits for it, and the sync goes on beside them', async () => {
    /** @type {() => void} */
    let release = () => {};
    held = new Promise((resolve) => (release = resolve));
    const before = (await validationAudits(scene.harper)).length;
    const first = await scene.harper.json('/SyncControl', { action: 'validate' });
    assert.equal(first.queuedBehind, undefined);
    const { validation } = await eventually(async () => {
      const status = await scene.harper.json('/SyncControl');
      assert.equal(status.validation?.tableId, 'positions');
      return status;
    });
    const answers = [];
    for (let time = 0; time < 3; time++) answers.push(await scene.harper.json('/SyncControl', { action: 'validate' }));
    for (const { accepted, queuedBehind } of answers)
      assert.deepEqual([accepted, queuedBehind.since], [true, validation.since]);

    await scene.emulator.insertAll(DATASET, 'positions', [
      { at: new Date().toISOString(), n: 9_000, speed: 1, note: 'new' },
    ]);
    await eventually(async () => assert.equal((await scene.harper.json('/Positions/?n=9000')).length, 1));
    assert.equal((await validationAudits(scene.harper)).length, before, 'the validation is still at it');

    release();
    held = undefined;
    await eventually(async () => assert.equal((await validationAudits(scene.harper)).length, before + 2));
    await sleep(500);
    const audits = (await validationAudits(scene.harper)).slice(before);
    assert.equal(audits.length, 2, 'those that waited became one');
    for (const audit of audits) assert.equal(comparisonOf(audit).status, 'healthy', JSON.stringify(audit));
  });

  test('what does not go together is refused', async () => {
    for (const body of [
      { action: 'validate', repair: 'yes' },
      { action: 'start', repair: true },
    ]) {
      const response = await scene.harper.rest('/SyncControl', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      assert.equal(response.status, 400);
      assert.match(await response.text(), /repair: found .*, expected true or false, beside the action validate/);
    }
  });

  test('every interval samples are compared, while the sync runs', async () => {
    const scheduled = async () =>
      (await validationAudits(scene.harper)).filter(({ trigger }) => trigger === 'schedule');
    assert.deepEqual(await scheduled(), []);
    scene.app.writeConfig({ ...section([POSITIONS]), validation: { interval: 1 } });
    const audits = await eventually(async () => {
      const audits = await scheduled();
      assert.ok(audits.length >= 2);
      return audits;
    });
    for (const { status, checkResults } of audits) {
      assert.equal(status, 'healthy', JSON.stringify(checkResults));
      assert.deepEqual(Object.keys(checkResults.positions), ['progress', 'smokeTest', 'spotCheck']);
    }

    await scene.harper.json('/SyncControl', { action: 'stop' });
    await eventually(async () => {
      const { worker, validation } = await scene.harper.json('/SyncControl');
      assert.deepEqual([worker.running, validation], [false, null]);
    });
    const stopped = (await scheduled()).length;
    await sleep(2_500);
    assert.equal((await scheduled()).length, stopped);
    assert.equal(comparisonOf(await validated()).status, 'healthy', 'on demand a stopped sync is validated as well');

    await scene.harper.json('/SyncControl', { action: 'start' });
    await eventually(async () => assert.ok((await scheduled()).length > stopped));
  });
});
