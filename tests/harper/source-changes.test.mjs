// What may become of a table in BigQuery while it is synced: odd rows, other columns, rows that vanish, a second backfill.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from './support/eventually.mjs';
import { DATASET, section, startScene, tableEntry } from './support/scene.mjs';

const DAY_MS = 86_400_000;

/** @param {number} ageMs @returns {string} that long before now */
const ago = (ageMs) => new Date(Date.now() - ageMs).toISOString();
/** @param {string} name @param {string} type */
const field = (name, type) => ({ name, type });

const [AT, N] = [field('at', 'TIMESTAMP'), field('n', 'INTEGER')];
const CARGO = field('cargo', 'STRING');
const DRAUGHT = field('draught', 'NUMERIC');

const TABLES = {
  future: tableEntry('future', 'Future', 'at'),
  undated: tableEntry('undated', 'Undated', 'at', { sync: { pollInterval: 500, initialBatchSize: 10 } }),
  shrinking: tableEntry('shrinking', 'Shrinking', 'at'),
  retyped: tableEntry('retyped', 'Retyped', 'at'),
  retained: tableEntry('retained', 'Retained', 'at'),
  repeated: tableEntry('repeated', 'Repeated', 'at', { sync: { pollInterval: 500, initialBatchSize: 500 } }),
};

describe('a table that changes while it is synced', () => {
  /** @type {import('./support/scene.mjs').Scene} */
  let scene;

  before(async () => {
    scene = await startScene({
      section: section(Object.values(TABLES)),
      async fill(emulator) {
        /** @param {string} table @param {{name: string, type: string}[]} fields @param {object[]} rows */
        const create = async (table, fields, rows) => {
          await emulator.createTable(DATASET, table, fields);
          await emulator.loadRows(DATASET, table, rows);
        };
        /** @param {number} count @param {(n: number) => object} row */
        const rows = (count, row) => Array.from({ length: count }, (_, n) => row(n));
        const future = { at: '2099-01-01T00:00:00Z', n: -1 };
        await create('future', [AT, N], [future, ...rows(20, (n) => ({ at: ago(1000 * n), n }))]);
        await create(
          'undated',
          [AT, N],
          rows(45, (n) => ({ at: n % 3 === 0 ? null : ago(1000 * n), n })),
        );
        await create(
          'shrinking',
          [AT, N, CARGO],
          rows(20, (n) => ({ at: ago(1000 * n), n, cargo: 'tea' })),
        );
        await create(
          'retyped',
          [AT, N, DRAUGHT],
          rows(20, (n) => ({ at: ago(1000 * n), n, draught: `${n}.5` })),
        );
        await create(
          'retained',
          [AT, N],
          rows(40, (n) => ({ at: ago(n * DAY_MS), n })),
        );
        await create(
          'repeated',
          [AT, N],
          rows(3000, (n) => ({ at: ago(DAY_MS + n), n })),
        );
      },
    });
  });
  after(() => scene?.stop());

  /** @param {string} table the `spotCheck` of its next validation */
  async function spotCheck(table) {
    const before = (await scene.harper.json('/SyncAudit/')).length;
    await scene.harper.json('/SyncControl', { action: 'validate' });
    return eventually(async () => {
      const audits = (await scene.harper.json('/SyncAudit/')).slice(before);
      const results = audits.find((/** @type {any} */ { checkResults }) => checkResults)?.checkResults;
      assert.ok(results, 'no validation yet');
      return results[table].spotCheck;
    });
  }

  /** @param {string} table changes of its schema that were logged, in order @returns {any[]} */
  const schemaChanges = (table) =>
    [...scene.harper.logText().matchAll(/\{"event":"schema".*\}/g)]
      .map(([record]) => JSON.parse(record))
      .filter(({ tableId }) => tableId === table);

  /** @param {string} table @param {number} count */
  async function untilPolled(table, count) {
    const polls = () => scene.proxy.requests.filter(({ path }) => path.includes(`/tables/${table}`)).length;
    const before = polls();
    await eventually(() => assert.ok(polls() >= before + count));
  }

  test('one row is dated 2099: it is stored, and rows arriving afterwards with today’s date are stored too', async () => {
    await scene.untilEqual(TABLES.future);
    await scene.emulator.insertAll(DATASET, 'future', [{ at: ago(0), n: 100 }]);
    await scene.untilEqual(TABLES.future);
    await scene.emulator.insertAll(DATASET, 'future', [{ at: ago(0), n: 101 }]);
    await scene.untilEqual(TABLES.future);
    assert.equal((await scene.harper.json('/Future/?n=lt=200')).length, 23);
  });

  test('rows whose timestamp is NULL: counted and reported by validation, never a crash, never a stuck cursor', async () => {
    const dated = '`at` IS NOT NULL';
    await scene.untilEqual(TABLES.undated, 60_000, dated);
    assert.equal((await spotCheck('undated')).withoutTimestamp, 15);

    await scene.emulator.insertAll(DATASET, 'undated', [
      { at: null, n: 100 },
      { at: ago(0), n: 101 },
    ]);
    await scene.untilEqual(TABLES.undated, 60_000, dated);
    const { status, withoutTimestamp } = await spotCheck('undated');
    assert.deepEqual([status, withoutTimestamp], ['healthy', 16]);
    assert.equal((await scene.tableStatus('undated')).error, null);
  });

  test('a column is removed: rows keep arriving, and the change is reported once', async () => {
    await scene.untilEqual(TABLES.shrinking);
    await scene.emulator.query(`ALTER TABLE ${DATASET}.shrinking DROP COLUMN cargo`);
    // The emulator's tables.get does not notice.
    await scene.emulator.request('PATCH', `/datasets/${DATASET}/tables/shrinking`, { schema: { fields: [AT, N] } });
    await scene.emulator.insertAll(DATASET, 'shrinking', [{ at: ago(0), n: 100 }]);

    const [row] = await eventually(async () => {
      const found = await scene.harper.json('/Shrinking/?n=100');
      assert.equal(found.length, 1);
      return found;
    });
    assert.ok(!('cargo' in row), JSON.stringify(row));
    await untilPolled('shrinking', 3);
    assert.deepEqual(
      schemaChanges('shrinking').map(({ added, removed }) => [added, removed]),
      [[[], ['cargo STRING']]],
    );
    assert.equal((await scene.tableStatus('shrinking')).error, null);
  });

  test('a column changes its type: rows keep arriving, and the change is reported once', async () => {
    await scene.untilEqual(TABLES.retyped);
    await scene.emulator.query(`ALTER TABLE ${DATASET}.retyped ALTER COLUMN draught SET DATA TYPE FLOAT64`);
    const fields = [AT, N, field('draught', 'FLOAT')];
    await scene.emulator.request('PATCH', `/datasets/${DATASET}/tables/retyped`, { schema: { fields } });
    await scene.emulator.insertAll(DATASET, 'retyped', [{ at: ago(0), n: 100, draught: 7.25 }]);

    const [row] = await eventually(async () => {
      const found = await scene.harper.json('/Retyped/?n=100');
      assert.equal(found.length, 1, JSON.stringify(await scene.tableStatus('retyped')));
      return found;
    });
    assert.equal(row.draught, 7.25);
    await untilPolled('retyped', 3);
    assert.deepEqual(
      schemaChanges('retyped').map(({ added, removed }) => [added, removed]),
      [[['draught FLOAT64'], ['draught NUMERIC']]],
    );
    assert.equal((await scene.tableStatus('retyped')).error, null);
  });

  test('source rows deleted in BigQuery (retention): nothing breaks; validation calls them what they are', async () => {
    await scene.untilEqual(TABLES.retained);
    const retained = ago(10 * DAY_MS + DAY_MS / 2);
    await scene.emulator.query(`DELETE FROM ${DATASET}.retained WHERE \`at\` < TIMESTAMP '${retained}'`);
    await scene.emulator.insertAll(DATASET, 'retained', [{ at: ago(0), n: 100 }]);
    await eventually(async () => assert.equal((await scene.harper.json('/Retained/?n=100')).length, 1));

    const deleted = await eventually(async () => {
      const { status, deletedInSource, phantoms, missing } = await spotCheck('retained');
      assert.deepEqual([status, phantoms.count, missing.count], ['healthy', 0, 0]);
      // The check takes samples of the records.
      assert.ok(deletedInSource.count > 0);
      return deletedInSource.ids;
    });
    for (const id of deleted) assert.ok((await scene.harper.json(`/Retained/${id}`)).at < retained);
    assert.equal((await scene.tableStatus('retained')).error, null);
  });

  test('the same backfill run twice: the second writes nothing (no new Harper versions of unchanged rows)', async () => {
    await scene.untilEqual(TABLES.repeated);
    const versions = async () => {
      const records = await scene.harper.json('/Repeated/?limit(5000)&select(id,_syncedAt)');
      const { last_updated_record } = await scene.harper.operation({ operation: 'describe_table', table: 'Repeated' });
      return { records, last_updated_record };
    };
    const before = await versions();
    const jobs = scene.proxy.queryJobs('repeated').length;

    await scene.harper.json('/SyncControl', { action: 'stop' });
    await eventually(async () => assert.equal((await scene.harper.json('/SyncControl')).worker.running, false));
    const [checkpoint] = await scene.harper.json('/SyncCheckpoint/?tableId=repeated');
    await scene.harper.rest(`/SyncCheckpoint/${checkpoint.id}`, { method: 'DELETE' });
    await scene.harper.restart();
    await scene.harper.json('/SyncControl', { action: 'start' });

    await eventually(async () => {
      const [again] = await scene.harper.json('/SyncCheckpoint/?tableId=repeated');
      assert.equal(again?.lastTimestamp, checkpoint.lastTimestamp);
    });
    assert.ok(scene.proxy.queryJobs('repeated').length > jobs, 'the table was read again');
    assert.deepEqual(await versions(), before);
    assert.equal(before.records.length, 3000);
  });
});
