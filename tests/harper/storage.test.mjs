import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createApp } from './support/app.mjs';
import { startHarper } from './support/harper.mjs';
import { STORAGE_RESOURCE } from './support/storage-resource.mjs';

const SCHEMA = `
type Bare @table @export { id: ID @primaryKey }
type Narrow @table @export { id: ID @primaryKey
  vessel_name: Int
  length: String
  seen: Date
  course: Long }
type Stamped @table @export { id: ID @primaryKey
  _syncedAt: Float @createdTime }
type Counted @table @export { id: ID @primaryKey
  course: Int }
`;

const COLUMNS = [
  { name: '_syncedAt', harperType: 'String', bigqueryType: 'TIMESTAMP', indexed: false },
  { name: 'timestamp', harperType: 'String', bigqueryType: 'TIMESTAMP', indexed: true },
  { name: 'vessel_name', harperType: 'String', bigqueryType: 'STRING', indexed: false },
  { name: 'length', harperType: 'Any', bigqueryType: 'INT64', indexed: false },
  { name: 'moored', harperType: 'Boolean', bigqueryType: 'BOOL', indexed: false },
  { name: 'tags', harperType: 'Any', bigqueryType: 'ARRAY<STRING>', indexed: false },
];

/** @type {import('./support/app.mjs').App} */
let app;
/** @type {import('./support/harper.mjs').Harper} */
let harper;

before(async () => {
  app = createApp({
    section: { bigquery: { projectId: 'test-project', tables: [] }, sync: { autoStart: false } },
    root: { jsResource: { files: 'resources.js' } },
    schema: SCHEMA,
    files: { 'resources.js': STORAGE_RESOURCE },
  });
  harper = await startHarper({ app: app.folder });
});

after(async () => {
  await harper?.stop();
  app?.remove();
});

/** @param {string} method @param {...unknown} args @returns {Promise<any>} */
async function storage(method, ...args) {
  const answer = await harper.json('/Storage', { method, args });
  if (answer.failure) throw Object.assign(new Error(`${answer.failure.tag}: ${answer.failure.val}`), answer.failure);
  return answer;
}

/** @param {string} table @param {object[][]} slices */
async function writeRows(table, slices) {
  const texts = slices.map((slice) => JSON.stringify(slice));
  let end = 0;
  const ends = texts.map((text) => (end += Buffer.byteLength(text)));
  return storage('writeRows', table, { text: texts.join('') }, ends);
}

/** @param {number} number */
function vessel(number) {
  return {
    id: String(number).padStart(6, '0'),
    _syncedAt: '2026-01-01T00:00:00Z',
    timestamp: `2026-01-01T00:${String(Math.floor(number / 60)).padStart(2, '0')}:${String(number % 60).padStart(2, '0')}Z`,
    vessel_name: `MS ÆGIR ${number}`,
    length: 100 + number,
    moored: number % 2 === 0,
    tags: ['a', `b${number}`],
  };
}

/** @param {number} count @param {number} first */
const vessels = (count, first = 0) => Array.from({ length: count }, (_, position) => vessel(first + position));

/** @param {string} query */
const ids = async (query) => (await harper.json(query)).map((/** @type {any} */ record) => record.id);

test('a table that nobody declared is created, and each of its columns can be filtered, sorted and selected', async () => {
  await storage('ensureTable', 'Created', COLUMNS);
  await writeRows('Created', [vessels(100), vessels(50, 100)]);

  const longest = await harper.json('/Created/?length=gt=246&select(id,length,tags)');
  assert.deepEqual(longest, [
    { id: '000147', length: 247, tags: ['a', 'b147'] },
    { id: '000148', length: 248, tags: ['a', 'b148'] },
    { id: '000149', length: 249, tags: ['a', 'b149'] },
  ]);
  assert.deepEqual(await ids('/Created/?sort(-timestamp)&limit(2)'), ['000149', '000148']);
  assert.deepEqual(await ids('/Created/?length=gt=246&moored=true'), ['000148']);
  assert.deepEqual(await ids('/Created/?id=ge=000147&sort(-length)'), ['000149', '000148', '000147']);
  assert.deepEqual(await ids(`/Created/?vessel_name=${encodeURIComponent('MS ÆGIR 7')}`), ['000007']);
  assert.deepEqual(
    await harper.sql(
      "SELECT id, moored FROM data.Created WHERE timestamp > '2026-01-01T00:02:27Z' ORDER BY length DESC LIMIT 1",
    ),
    [{ id: '000149', moored: false }],
  );
});

test('a table declared with nothing but its key gets the columns as attributes, also those that appear later', async () => {
  await storage('ensureTable', 'Bare', COLUMNS.slice(0, 3));
  await writeRows('Bare', [vessels(20)]);
  await storage('ensureTable', 'Bare', COLUMNS);

  assert.deepEqual(await ids('/Bare/?sort(-timestamp)&limit(1)'), ['000019']);
  assert.deepEqual(await ids('/Bare/?length=118'), ['000018']);
});

test('declared attributes that cannot hold their columns are refused with both types', async () => {
  const columns = [...COLUMNS, { name: 'seen', harperType: 'String', bigqueryType: 'TIME', indexed: false }];
  await assert.rejects(storage('ensureTable', 'Narrow', columns), (/** @type {any} */ error) => {
    assert.equal(error.tag, 'refused');
    assert.match(error.val, /vessel_name of table Narrow is declared as Int and cannot hold the column's STRING/);
    assert.match(error.val, /length of table Narrow is declared as String and cannot hold the column's INT64/);
    assert.match(error.val, /seen of table Narrow is declared as Date and cannot hold the column's TIME/);
    return true;
  });
});

test('an index that the declaration lacks is added and filled with the rows that are there', async () => {
  await writeRows('Counted', [[{ id: 'a', course: 1 }], [{ id: 'b', course: 2 }]]);
  await storage('ensureTable', 'Counted', [
    { name: 'course', harperType: 'Any', bigqueryType: 'INT64', indexed: true },
  ]);

  assert.deepEqual(await ids('/Counted/?sort(-course)'), ['b', 'a']);
});

test('rows that Harper refuses are reported by position with the reason, and all others are stored', async () => {
  const slices = [
    [
      { id: 'r0', course: 1 },
      { id: 'r1', course: 'north' },
    ],
    [
      { id: 'r2', course: 2 ** 40 },
      { id: 'r3', course: 4 },
    ],
  ];
  const { value } = await writeRows('Counted', slices);

  assert.deepEqual(
    value.map((/** @type {any} */ refusal) => refusal.index),
    [1, 2],
  );
  assert.match(
    value[0].reason,
    /^Value "north" in property course must be an integer \(from -2147483648 to 2147483647\)$/,
  );
  assert.deepEqual((await storage('findMissing', 'Counted', ['r0', 'r1', 'r2', 'r3'])).value, [1, 2]);
});

test('of several rows with one id the last is kept, also in a slice of more than 100 rows', async () => {
  const slice = Array.from({ length: 150 }, (_, version) => ({ id: 'same', version }));
  await storage('ensureTable', 'Bare', COLUMNS);
  await writeRows('Bare', [slice]);

  assert.equal((await harper.json('/Bare/same')).version, 149);
});

test('a _syncedAt that Harper sets by itself is left to it, whatever its type', async () => {
  await storage('ensureTable', 'Stamped', COLUMNS.slice(0, 3));
  const { value } = await writeRows('Stamped', [vessels(3)]);

  assert.deepEqual(value, []);
  assert.equal(typeof (await harper.json('/Stamped/000001'))._syncedAt, 'number');
});

test('rows are read back by id in the order asked for, with null for those that are missing', async () => {
  await storage('ensureTable', 'Read', COLUMNS);
  await writeRows('Read', [vessels(300)]);

  const { value } = await storage('readRows', 'Read', ['000200', 'nobody', '000001']);
  assert.deepEqual(JSON.parse(value), [vessel(200), null, vessel(1)]);
  assert.deepEqual((await storage('findMissing', 'Read', ['x', '000299', 'y'])).value, [0, 2]);
});

test('a range of ids is read in either direction, within its bounds and limit', async () => {
  await storage('ensureTable', 'Ranged', COLUMNS);
  await writeRows('Ranged', [vessels(50)]);
  /** @param {object} range */
  const read = async (range) =>
    JSON.parse((await storage('readRange', 'Ranged', range)).value).map((/** @type {any} */ record) => record.id);

  assert.deepEqual(await read({ first: '000010', end: '000013', limit: 9, descending: false }), [
    '000010',
    '000011',
    '000012',
  ]);
  assert.deepEqual(await read({ first: '000010', end: '000013', limit: 2, descending: true }), ['000012', '000011']);
  assert.deepEqual(await read({ first: '', end: '000002', limit: 9, descending: true }), ['000001', '000000']);
  assert.deepEqual(await read({ first: '000048', end: '', limit: 9, descending: false }), ['000048', '000049']);
  assert.deepEqual(await read({ first: '', end: '', limit: 2, descending: true }), ['000049', '000048']);
  assert.deepEqual(await read({ first: '', end: '', limit: 2, descending: false }), ['000000', '000001']);
});

test('checkpoints are loaded by table, with whatever the engine put into them', async () => {
  const mine = { id: 'a', tableId: 'orders', nodeId: 'n-0', slots: [0, 1024], job: { id: 'j', rowsDone: 7 } };
  const other = { id: 'b', tableId: 'payments', nodeId: 'n-0' };
  await storage('writeCheckpoint', JSON.stringify(mine));
  await storage('writeCheckpoint', JSON.stringify(other));

  assert.deepEqual(JSON.parse((await storage('loadCheckpoints', 'orders')).value), [mine]);
  assert.deepEqual(JSON.parse((await storage('loadCheckpoints', 'nothing')).value), []);
  assert.deepEqual(await harper.sql("SELECT nodeId FROM data.SyncCheckpoint WHERE tableId = 'orders'"), [
    { nodeId: 'n-0' },
  ]);
});

test('audit records get a time, a node and an id in the order of time', async () => {
  for (const reason of ['first', 'second']) await storage('appendAudit', JSON.stringify({ status: 'error', reason }));

  const audits = await harper.json('/SyncAudit/?status=error');
  assert.deepEqual(
    audits.map((/** @type {any} */ audit) => [audit.reason, audit.nodeId]),
    [
      ['first', 'test-0'],
      ['second', 'test-0'],
    ],
  );
  assert.ok(audits[0].id < audits[1].id && audits[0].timestamp <= audits[1].timestamp);
});

test('a write to a table that is gone is refused with what to do', async () => {
  await assert.rejects(writeRows('Gone', [vessels(1)]), /refused: Harper has no table Gone/);
});

test('the tables of the plugin are closed to anonymous callers', async () => {
  for (const table of ['SyncCheckpoint', 'SyncAudit', 'SyncControlState']) {
    assert.equal((await harper.rest(`/${table}/`, { auth: false })).status, 401, table);
  }
});
