// Target tables, declared by the app or made by the plugin, and how they answer to REST and SQL.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { REPO_ROOT } from '../../scripts/setup/paths.mjs';
import { eventually } from './support/eventually.mjs';
import { DATASET, section, startScene, tableEntry } from './support/scene.mjs';

const EVENTS = 100;
const FIRST_EVENT_MS = Date.now() - 3600_000;
/** @param {number} n @returns {string} */
const eventTime = (n) => new Date(FIRST_EVENT_MS + n * 1000).toISOString();

const FIELDS = [
  { name: 'event_time', type: 'TIMESTAMP' },
  { name: 'user_id', type: 'STRING' },
  { name: 'event_type', type: 'STRING' },
  { name: 'amount', type: 'FLOAT' },
  { name: 'properties', type: 'JSON' },
];

const TABLES = {
  declared: tableEntry('declared', 'UserEvents', 'event_time'),
  created: tableEntry('created', 'AppLogs', 'event_time', { indexes: ['user_id'] }),
  partial: tableEntry('partial', 'Partly', 'event_time', { columns: ['event_time', 'user_id'] }),
  wrong: tableEntry('wrong', 'WrongTypes', 'event_time'),
};

const SCHEMA = `
  type UserEvents @table @export { id: ID @primaryKey }
  type Partly @table @export { id: ID @primaryKey  user_id: String @indexed }
  type WrongTypes @table @export { id: ID @primaryKey  user_id: Int }
`;

describe('target tables', () => {
  /** @type {import('./support/scene.mjs').Scene} */
  let scene;

  before(async () => {
    scene = await startScene({
      section: section(Object.values(TABLES)),
      schema: SCHEMA,
      async fill(emulator) {
        const rows = Array.from({ length: EVENTS }, (_, n) => ({
          event_time: eventTime(n),
          user_id: `user_${n % 10}`,
          event_type: n % 2 ? 'page_view' : 'click',
          amount: n / 4,
          properties: { page: n },
        }));
        for (const { table } of Object.values(TABLES)) {
          await emulator.createTable(DATASET, table, FIELDS);
          await emulator.loadRows(DATASET, table, rows);
        }
      },
      harper: { threads: 2 },
    });
    await Promise.all([TABLES.declared, TABLES.created].map((entry) => scene.untilEqual(entry)));
    // The thread that runs no engine is told of the attributes a moment later.
    await eventually(async () => {
      const answers = await scene.harper.jsonOfThreads('/UserEvents/?sort(-event_time)&limit(1)', 8);
      for (const rows of answers) assert.equal(rows.length, 1, JSON.stringify(rows));
    });
  });
  after(() => scene?.stop());

  for (const targetTable of ['UserEvents', 'AppLogs']) {
    const origin = targetTable === 'UserEvents' ? 'a declared table' : 'a table made by the plugin';

    test(`${origin} is filtered by any column over REST`, async () => {
      const clicks = await scene.harper.json(`/${targetTable}/?event_type=click&amount=ge=20`);
      assert.equal(clicks.length, 10);
      assert.ok(clicks.every((/** @type {any} */ { event_type, amount }) => event_type === 'click' && amount >= 20));
    });

    test(`${origin} is sorted by the timestamp, cut to a page and to columns over REST`, async () => {
      const rows = await scene.harper.json(`/${targetTable}/?sort(-event_time)&limit(2)&select(event_time,user_id)`);
      assert.deepEqual(
        rows.map((/** @type {any} */ { user_id }) => user_id),
        ['user_9', 'user_8'],
      );
      assert.deepEqual(Object.keys(rows[0]).sort(), ['event_time', 'user_id']);
    });

    test(`${origin} is queried by SQL with a time range, an order and a limit`, async () => {
      const since = eventTime(49).replace(/\.000Z/, 'Z');
      const rows = await scene.harper.sql(
        `SELECT * FROM data.${targetTable} WHERE event_time > '${since}' ORDER BY event_time DESC LIMIT 100`,
      );
      assert.equal(rows.length, 50);
      assert.equal(rows[0].user_id, 'user_9');
      assert.deepEqual(rows[0].properties, { page: 99 });
    });
  }

  test('one record is read by its id', async () => {
    const [first] = await scene.harper.json('/AppLogs/?limit(1)');
    const record = await scene.harper.json(`/AppLogs/${first.id}`);
    assert.deepEqual(record, first);
    assert.match(first.id, /^[0-9a-f]{32}$/);
    assert.ok(Date.parse(first._syncedAt) > Date.now() - 600_000);
  });

  test('a table without its slash answers with metadata instead of records', async () => {
    const metadata = await scene.harper.json('/AppLogs');
    assert.ok(!Array.isArray(metadata));
  });

  test('both threads serve a table that the plugin made', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        scene.harper.rest('/AppLogs/?user_id=user_3', { headers: { connection: 'close' } }),
      ),
    );
    for (const answer of answers) {
      assert.equal(answer.status, 200);
      assert.equal((await answer.json()).length, EVENTS / 10);
    }
  });

  test('only the chosen columns are synced', async () => {
    await scene.untilEqual(TABLES.partial);
    const [row] = await scene.harper.json('/Partly/?user_id=user_1&limit(1)');
    assert.deepEqual(Object.keys(row).sort(), ['_syncedAt', 'event_time', 'id', 'user_id']);
  });

  test('a declared type that cannot hold its column is an error that names both types', async () => {
    const status = await eventually(async () => {
      const found = await scene.tableStatus('wrong');
      assert.ok(found?.error);
      return found;
    });
    assert.match(status.error.message, /user_id/);
    assert.match(status.error.message, /Int/);
    assert.match(status.error.message, /STRING/);
    scene.harper.assertLogged('user_id of table WrongTypes is declared as Int');
  });

  test('a column is added in BigQuery while syncing with `[*]`: new rows carry it, and no old row is stored a second time', async () => {
    const versions = async () => {
      const rows = await scene.harper.json('/AppLogs/?select(id,user_id,_syncedAt)');
      const old = rows.filter((/** @type {any} */ { user_id }) => user_id !== 'user_new');
      return old.sort((/** @type {any} */ a, /** @type {any} */ b) => (a.id < b.id ? -1 : 1));
    };
    const before = await versions();
    assert.equal(before.length, EVENTS);
    await scene.emulator.query(`ALTER TABLE ${DATASET}.created ADD COLUMN channel STRING`);
    // The emulator's tables.get does not notice.
    await scene.emulator.request('PATCH', `/datasets/${DATASET}/tables/created`, {
      schema: { fields: [...FIELDS, { name: 'channel', type: 'STRING' }] },
    });
    await scene.emulator.query(
      `INSERT INTO ${DATASET}.created (event_time, user_id, channel) VALUES (CURRENT_TIMESTAMP(), 'user_new', 'radio')`,
    );
    const found = await eventually(async () => {
      const rows = await scene.harper.json('/AppLogs/?channel=radio');
      assert.equal(rows.length, 1);
      return rows;
    });
    assert.equal(found[0].user_id, 'user_new');
    // The poll that brought it has read the others again: all of them are within the lookback.
    assert.deepEqual(await versions(), before);
    assert.equal((await scene.harper.json('/AppLogs/?select(id)')).length, EVENTS + 1);
  });

  test('the checkpoints of a worker are found by SQL and REST', async () => {
    const rows = await scene.harper.sql('SELECT * FROM data.SyncCheckpoint ORDER BY nodeId');
    assert.ok(rows.some((/** @type {any} */ { tableId }) => tableId === 'created'));
    const nodes = await scene.harper.sql('SELECT DISTINCT nodeId FROM data.SyncCheckpoint');
    assert.equal(nodes.length, 1);
    assert.ok((await scene.harper.json('/SyncCheckpoint/')).length >= 3);
  });

  test('an anonymous caller and a user without rights get 401/403 from every resource of ours, for GET and POST alike', async () => {
    await scene.harper.operation({ operation: 'add_role', role: 'stranger', permission: { super_user: false } });
    const stranger = { role: 'stranger', username: 'stranger', password: 'p', active: true };
    await scene.harper.operation({ operation: 'add_user', ...stranger });
    const [{ id }] = await scene.harper.json('/AppLogs/?limit(1)');
    const ours = readFileSync(path.join(REPO_ROOT, 'host-shim/schema.graphql'), 'utf8').matchAll(/^type (\w+)/gm);
    const resources = [];
    for (const [, name] of ours) {
      // What is a table only, and no resource, nobody can ask for.
      if ((await scene.harper.rest(`/${name}/`)).status === 200) resources.push(`/${name}/`);
    }
    assert.ok(resources.length >= 3);

    for (const urlPath of ['/SyncControl', ...resources, '/UserEvents/', '/AppLogs/', `/AppLogs/${id}`]) {
      for (const [auth, method] of /** @type {const} */ ([
        [false, 'GET'],
        [false, 'POST'],
        ['stranger:p', 'GET'],
        ['stranger:p', 'POST'],
      ])) {
        const body = method === 'POST' ? '{"action": "stop"}' : undefined;
        const headers = { 'content-type': 'application/json' };
        const { status } = await scene.harper.rest(urlPath, { auth, method, body, headers });
        assert.ok(status === 401 || status === 403, `${method} ${urlPath} as ${auth || 'nobody'}: ${status}`);
      }
    }
  });
});
