// What a sync has to get right, each situation with a table of its own, all in one Harper.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from './support/eventually.mjs';
import { DATASET, section, startScene, tableEntry } from './support/scene.mjs';

/** @typedef {import('./support/emulator.mjs').Field} Field */

const DAY_MS = 86_400_000;
const MIB = 1 << 20;

/** @param {string} name @param {string} type @param {Partial<Field>} [more] @returns {Field} */
const field = (name, type, more = {}) => ({ name, type, mode: 'NULLABLE', ...more });
/** @param {number} ageMs @returns {string} that long before now */
const ago = (ageMs) => new Date(Date.now() - ageMs).toISOString();
/** @template T @param {number} count @param {(index: number) => T} make */
const times = (count, make) => Array.from({ length: count }, (_, index) => make(index));

const TABLES = {
  ties: tableEntry('ties', 'Ties', 'at', {
    sync: { initialBatchSize: 1000, catchupBatchSize: 1000, steadyBatchSize: 1000, pollInterval: 500 },
  }),
  days: tableEntry('days', 'Days', 'day'),
  ages: tableEntry('ages', 'Ages', 'at'),
  types: tableEntry('types', 'EveryType', 'ts'),
  twins: tableEntry('twins', 'Twins', 'ts'),
  names: tableEntry('names', 'OddNames', 'ts', { columns: ['ts', 'my-col', 'first name', 'select'] }),
  growing: tableEntry('growing', 'Growing', 'at', { sync: { pollInterval: 2000 } }),
  idle: tableEntry('idle', 'Idle', 'at', { sync: { pollInterval: 50 } }),
  streamed: tableEntry('streamed', 'Streamed', 'at', { sync: { pollInterval: 50 } }),
};

describe('rows', () => {
  /** @type {import('./support/scene.mjs').Scene} */
  let scene;

  /** @param {import('./support/emulator.mjs').Emulator} emulator */
  async function fill(emulator) {
    await emulator.createTable(DATASET, 'ties', [field('at', 'TIMESTAMP'), field('n', 'INTEGER')]);
    const instant = ago(3600_000);
    await emulator.loadRows(
      DATASET,
      'ties',
      times(25_000, (n) => ({ at: n >= 5500 && n < 8500 ? instant : ago(DAY_MS - n * 10), n })),
    );

    await emulator.createTable(DATASET, 'days', [field('day', 'DATE'), field('n', 'INTEGER')]);
    await emulator.loadRows(
      DATASET,
      'days',
      times(20_000, (n) => ({ day: ago((1 + (n % 2)) * DAY_MS).slice(0, 10), n })),
    );

    await emulator.createTable(DATASET, 'ages', [field('at', 'TIMESTAMP'), field('n', 'INTEGER')]);
    await emulator.loadRows(DATASET, 'ages', [
      { at: '0001-01-01T00:00:00Z', n: 0 },
      { at: '1969-07-20T20:17:40Z', n: 1 },
      { at: '1969-12-31T23:59:59.999999Z', n: 2 },
      { at: '1970-01-01T00:00:00Z', n: 3 },
      { at: ago(1000), n: 4 },
      { at: '9999-12-31T23:59:59.999999Z', n: 5 },
    ]);

    await emulator.createTable(DATASET, 'types', EVERY_TYPE);
    for (const row of TYPE_ROWS) {
      const names = Object.keys(row).map((name) => `\`${name}\``);
      await emulator.query(`INSERT INTO ${DATASET}.types (${names.join()}) VALUES (${Object.values(row).join()})`);
    }

    await emulator.createTable(DATASET, 'twins', [
      field('ts', 'TIMESTAMP'),
      field('f', 'FLOAT'),
      field('i', 'INTEGER'),
    ]);
    await emulator.query(`INSERT INTO ${DATASET}.twins (ts, f, i) VALUES
      (TIMESTAMP '2025-06-01 12:00:00.000001 UTC', 1, 1), (TIMESTAMP '2025-06-01 12:00:00.000002 UTC', 1, 1),
      (TIMESTAMP '2025-06-01 13:00:00 UTC', CAST('nan' AS FLOAT64), 1), (TIMESTAMP '2025-06-01 13:00:00 UTC', NULL, 1),
      (TIMESTAMP '2025-06-01 14:00:00 UTC', 1, 9007199254740992), (TIMESTAMP '2025-06-01 14:00:00 UTC', 1, 9007199254740993),
      (TIMESTAMP '2025-06-01 15:00:00 UTC', 7, 7), (TIMESTAMP '2025-06-01 15:00:00 UTC', 7, 7)`);

    await emulator.createTable(DATASET, 'names', [
      field('ts', 'TIMESTAMP'),
      field('my-col', 'STRING'),
      field('first name', 'STRING'),
      field('select', 'INTEGER'),
      field('not selected', 'INTEGER'),
    ]);
    await emulator.loadRows(
      DATASET,
      'names',
      times(10, (n) => ({ ts: ago(n), 'my-col': `c${n}`, 'first name': 'Ada', select: n, 'not selected': n })),
    );

    for (const table of ['growing', 'idle', 'streamed']) {
      await emulator.createTable(DATASET, table, [field('at', 'TIMESTAMP'), field('n', 'INTEGER')]);
      await emulator.loadRows(
        DATASET,
        table,
        times(100, (n) => ({ at: ago(120_000 + n), n })),
      );
    }
  }

  /** @param {import('./support/proxy.mjs').SeenRequest} seen */
  const showStreamingBuffer = ({ method, path }) => {
    if (method !== 'GET' || !/\/tables\/streamed(\?|$)/.test(path)) return undefined;
    return {
      status: 200,
      body: {
        tableReference: { projectId: 'test-project', datasetId: DATASET, tableId: 'streamed' },
        schema: { fields: [field('at', 'TIMESTAMP'), field('n', 'INTEGER')] },
        numRows: '100',
        lastModifiedTime: '1764590400000',
        location: 'US',
        type: 'TABLE',
        streamingBuffer: { estimatedRows: '1', estimatedBytes: '1', oldestEntryTime: '1764590400000' },
      },
    };
  };

  /** @param {string} table @returns {number} polls that have begun */
  const polls = (table) =>
    scene.proxy.requests.filter(
      ({ method, path }) => method === 'GET' && new RegExp(`/tables/${table}(\\?|$)`).test(path),
    ).length;

  before(async () => {
    scene = await startScene({ section: section(Object.values(TABLES)), fill, intercept: showStreamingBuffer });
  });
  after(() => scene?.stop());

  test('25,000 rows of which 3,000 share one microsecond, batch size 1,000: equal', async () => {
    await scene.untilEqual(TABLES.ties);
    assert.equal((await scene.harper.json('/Ties/?n=lt=25000&limit(30000)&select(n)')).length, 25_000);
  });

  test('a backfill of any number of pages is one query job', async () => {
    await scene.untilEqual(TABLES.ties);
    const first = scene.proxy.queryJobs('ties').length;
    assert.ok(first >= 1 && first <= 2, `25 pages took ${first} query jobs`);
  });

  test('a table whose timestamp column is a DATE with 10,000 rows a day: equal', async () => {
    await scene.untilEqual(TABLES.days);
  });

  test('rows before 1970, at 0001-01-01 and at 9999-12-31T23:59:59.999999: equal', async () => {
    await scene.untilEqual(TABLES.ages);
  });

  test('rows that arrive after one from the far future are stored', async () => {
    await scene.untilEqual(TABLES.ages);
    await scene.emulator.insertAll(DATASET, 'ages', [{ at: ago(0), n: 6 }]);
    await scene.untilEqual(TABLES.ages);
  });

  test('every BigQuery type, each with its extremes, NULL, empty and nested repeated records: stored as documented, and readable through Harper’s REST as JSON', async () => {
    await scene.untilEqual(TABLES.types);
    const [row] = await scene.harper.json('/EveryType/?ts=2025-01-01T00%3A00%3A01Z');
    assert.equal(row.i, '9007199254740993');
    assert.equal(row.f, 'NaN');
    assert.equal(row.n, '99999999999999999999999999999.123456789');
    assert.equal(row.s.length, MIB);
    assert.deepEqual(row.j, { a: [1, null, { b: 'ü' }] });
    assert.deepEqual(row.a, [1, '9007199254740993']);
    assert.deepEqual([row.order, row.id_, row.then_, row.MixedCase], ['o', 'own', 't', 'M']);
    assert.deepEqual(
      [row.bytes, row.d, row.t, row.dt],
      ['AP8=', '0001-01-01', '23:59:59.999999', '9999-12-31T23:59:59.999999'],
    );
    const [least] = await scene.harper.json('/EveryType/?ts=2025-01-01T00%3A00%3A02Z');
    assert.deepEqual([least.i, least.f, least.n, least.s], ['-9223372036854775808', '-Infinity', '-0.000000001', '']);
    assert.deepEqual(least.a, []);
    assert.deepEqual(least.r, {
      x: '9007199254740993',
      moment: '2025-01-01T00:00:00.000001Z',
      list: [{ k: '🚢' }, { k: '' }],
    });
    const [nulls] = await scene.harper.json('/EveryType/?ts=2025-01-01T00%3A00%3A03Z');
    for (const name of ['i', 'f', 'n', 'b', 's', 'bytes', 'd', 't', 'dt', 'j', 'g', 'r', 'order'])
      assert.equal(nulls[name], null, name);
  });

  test('two rows that differ only in microseconds, only in NaN against NULL, only in 2^53 against 2^53+1: different records; two identical rows: one record', async () => {
    await scene.untilEqual(TABLES.twins);
    assert.equal((await scene.harper.json('/Twins/')).length, 7);
  });

  test('columns `my-col`, `first name`, a reserved word: synced', async () => {
    await scene.untilEqual(TABLES.names);
    const [row] = await scene.harper.json('/OddNames/?my-col=c3');
    assert.equal(row['first name'], 'Ada');
    assert.ok(!('not selected' in row));
  });

  test('a row arrives with a timestamp 5 minutes behind the watermark: stored within two polls', async () => {
    await scene.untilEqual(TABLES.growing);
    const { watermark } = await eventually(async () => {
      const status = await scene.tableStatus('growing');
      assert.equal(status.phase, 'steady');
      return status;
    });
    const at = new Date(Date.parse(watermark) - 300_000).toISOString();

    await scene.emulator.insertAll(DATASET, 'growing', [{ at, n: 1000 }]);
    const pollsBefore = polls('growing');
    await eventually(async () => assert.equal((await scene.harper.json('/Growing/?n=1000')).length, 1), {
      intervalMs: 20,
    });

    const within = polls('growing') - pollsBefore;
    assert.ok(within <= 2, `stored within ${within} polls`);
    await scene.untilEqual(TABLES.growing);
  });

  test('new rows arrive while one watches', async () => {
    await scene.untilEqual(TABLES.growing);
    await scene.emulator.insertAll(DATASET, 'growing', [{ at: ago(0), n: 2000 }]);
    await scene.untilEqual(TABLES.growing, 15_000);
  });

  test('an idle table is polled 100 times within `probeTrust`: 0 query jobs', async () => {
    await scene.untilEqual(TABLES.idle);
    await eventually(async () => assert.equal((await scene.tableStatus('idle')).phase, 'steady'));
    const [jobs, polled] = [scene.proxy.queryJobs('idle').length, polls('idle')];

    await eventually(() => assert.ok(polls('idle') >= polled + 100, `${polls('idle') - polled} polls`), {
      timeoutMs: 60_000,
    });

    assert.equal(scene.proxy.queryJobs('idle').length - jobs, 0);
  });

  test('a table whose metadata shows a streaming buffer is queried at every poll', async () => {
    await scene.untilEqual(TABLES.streamed);
    const [jobs, polled] = [scene.proxy.queryJobs('streamed').length, polls('streamed')];

    await eventually(() => assert.ok(polls('streamed') >= polled + 10));

    const queried = scene.proxy.queryJobs('streamed').length - jobs;
    const seen = polls('streamed') - polled;
    assert.ok(Math.abs(queried - seen) <= 1, `${queried} queries in ${seen} polls`);
  });
});

const EVERY_TYPE = [
  field('ts', 'TIMESTAMP'),
  field('i', 'INTEGER'),
  field('f', 'FLOAT'),
  field('n', 'NUMERIC'),
  field('b', 'BOOLEAN'),
  field('s', 'STRING'),
  field('bytes', 'BYTES'),
  field('d', 'DATE'),
  field('t', 'TIME'),
  field('dt', 'DATETIME'),
  field('j', 'JSON'),
  field('g', 'GEOGRAPHY'),
  field('a', 'INTEGER', { mode: 'REPEATED' }),
  field('r', 'RECORD', {
    fields: [
      field('x', 'INTEGER'),
      field('moment', 'TIMESTAMP'),
      field('list', 'RECORD', { mode: 'REPEATED', fields: [field('k', 'STRING')] }),
    ],
  }),
  field('order', 'STRING'),
  field('id', 'STRING'),
  field('then', 'STRING'),
  field('MixedCase', 'STRING'),
];

const TYPE_ROWS = [
  {
    ts: "TIMESTAMP '2025-01-01 00:00:01 UTC'",
    i: '9007199254740993',
    f: "CAST('nan' AS FLOAT64)",
    n: "NUMERIC '99999999999999999999999999999.123456789'",
    b: 'true',
    s: `REPEAT('x', ${MIB})`,
    bytes: "FROM_BASE64('AP8=')",
    d: "DATE '0001-01-01'",
    t: "TIME '23:59:59.999999'",
    dt: "DATETIME '9999-12-31 23:59:59.999999'",
    j: `JSON '{"a": [1, null, {"b": "ü"}]}'`,
    g: 'ST_GEOGPOINT(-122.35, 47.62)',
    a: '[1, 9007199254740993]',
    order: "'o'",
    id: "'own'",
    then: "'t'",
    MixedCase: "'M'",
  },
  {
    ts: "TIMESTAMP '2025-01-01 00:00:02 UTC'",
    i: '-9223372036854775808',
    f: "CAST('-inf' AS FLOAT64)",
    n: "NUMERIC '-0.000000001'",
    b: 'false',
    s: "''",
    r: `STRUCT(9007199254740993 AS x, TIMESTAMP '2025-01-01 00:00:00.000001 UTC' AS moment,
         [STRUCT('🚢' AS k), STRUCT('' AS k)] AS list)`,
  },
  { ts: "TIMESTAMP '2025-01-01 00:00:03 UTC'" },
  {
    ts: "TIMESTAMP '2025-01-01 00:00:04 UTC'",
    i: '-9007199254740991',
    f: '1e300',
    n: "NUMERIC '100'",
    s: "'a\\nb\\t\"'",
  },
];
