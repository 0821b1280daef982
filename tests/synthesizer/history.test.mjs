// What `initialize` and `start` write, and that they go on where they ended.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startEmulator } from '../harper/support/emulator.mjs';
import { eventually } from '../harper/support/eventually.mjs';
import { startCountingProxy } from '../harper/support/proxy.mjs';
import { Sea, UNTIL } from './support/sea.mjs';

const DAY_MS = 86_400_000;

describe('history', () => {
  /** @type {import('../harper/support/emulator.mjs').Emulator} */
  let emulator;
  /** A day of history, loaded in one go. @type {Sea} */
  let whole;
  /** @type {Sea[]} */
  const seas = [];
  /** @param {ConstructorParameters<typeof Sea>[1]} [options] */
  const sea = (options) => {
    const made = new Sea(emulator, options);
    seas.push(made);
    return made;
  };

  before(async () => {
    emulator = await startEmulator();
    whole = sea();
  });
  after(async () => {
    for (const each of seas) each.remove();
    await emulator?.stop();
  });

  test('is written to tables partitioned by day and clustered', async () => {
    const done = await whole.do('initialize', 'realistic', '--until', UNTIL);

    const positions = await emulator.getTable(whole.dataset, 'vessel_positions');
    assert.deepEqual(positions.timePartitioning, { type: 'DAY', field: 'timestamp' });
    assert.deepEqual(positions.clustering, { fields: ['vessel_type', 'mmsi'] });
    assert.equal((await emulator.getTable(whole.dataset, 'port_events')).timePartitioning.field, 'event_time');
    assert.deepEqual([done.from, done.until], ['2025-11-30T12:00:00Z', UNTIL]);
    // 5 a minute, but for the last late ones, which have not arrived.
    assert.ok(Math.abs(done.loaded.vessel_positions - 7200) < 10, JSON.stringify(done));
    assert.ok(done.loaded.port_events > 50 && done.loaded.vessel_metadata >= 300, JSON.stringify(done));
    const { rows } = await whole.query(
      'SELECT MIN(timestamp) >= "2025-11-30 12:00:00+00" AND MAX(timestamp) < "2025-12-01 12:00:00+00" FROM {vessel_positions}',
    );
    assert.equal(rows[0].f[0].v, 'true');
  });

  test('with the same seed and end is the same, byte by byte', async () => {
    const other = sea();
    await other.do('initialize', 'realistic', '--until', UNTIL);
    assert.deepEqual(await other.content(), await whole.content());
  });

  test('with another seed is another one', async () => {
    const other = sea({ synthesizer: { seed: 7 } });
    await other.do('initialize', 'small', '--until', UNTIL);
    const timestamps = new Set((await other.rows('vessel_positions')).map((row) => JSON.parse(row).f[0].v));
    const known = (await whole.rows('vessel_positions')).map((row) => JSON.parse(row).f[0].v);
    assert.ok(timestamps.size > 250 && !known.some((timestamp) => timestamps.has(timestamp)));
  });

  test('that is there is not loaded again', async () => {
    const { loaded } = await whole.do('initialize', 'realistic', '--until', UNTIL);
    assert.deepEqual(loaded, { vessel_positions: 0, port_events: 0, vessel_metadata: 0 });
  });

  test('grows to the length that is asked for', async () => {
    const grown = sea();
    await grown.do('initialize', 'small', '--until', '2025-12-01T05:00:00Z');
    await grown.do('initialize', 'realistic', '--until', UNTIL);
    const [here, there] = await Promise.all([grown.content(), whole.content()]);
    assert.deepEqual(here.vessel_positions, there.vessel_positions);
    assert.deepEqual(here.port_events, there.port_events);
  });

  test('of which rows were lost is completed, row by row', async () => {
    const holed = sea();
    await holed.do('initialize', 'realistic', '--until', UNTIL);
    await holed.query('DELETE FROM {vessel_positions} WHERE MOD(UNIX_MICROS(timestamp), 7) = 0');
    await holed.query(
      'DELETE FROM {vessel_positions} WHERE timestamp BETWEEN "2025-12-01 02:00:00+00" AND "2025-12-01 04:30:00+00"',
    );
    await holed.query('DELETE FROM {port_events} WHERE event_time > "2025-12-01 03:00:00+00"');
    await holed.query('DELETE FROM {vessel_metadata} WHERE ENDS_WITH(mmsi, "3")');
    await holed.do('initialize', 'realistic', '--until', UNTIL);
    assert.deepEqual(await holed.content(), await whole.content());
  });

  test('is loaded in full through a connection that keeps breaking', async () => {
    let requests = 0;
    const proxy = await startCountingProxy(emulator.url, ({ method }) => {
      requests += 1;
      const message = 'try later';
      return requests % 3 === 0 && method !== 'DELETE'
        ? { status: 503, body: { error: { code: 503, message, errors: [{ reason: 'backendError', message }] } } }
        : undefined;
    });
    try {
      const bumpy = sea({ url: proxy.url, bigquery: { maxRetries: 5 } });
      await bumpy.do('initialize', 'realistic', '--until', UNTIL);
      assert.deepEqual(await bumpy.content(), await whole.content());
    } finally {
      await proxy.stop();
    }
  });

  test('is made on while load jobs are not answered, but has positions only after what goes with them', async () => {
    /** @type {import('../harper/support/proxy.mjs').SeenRequest[]} */
    const lastParts = [];
    /** @type {boolean[]} */
    let othersWereAnswered = [];
    const proxy = await startCountingProxy(emulator.url, async (seen) => {
      if (seen.method !== 'PUT') return undefined;
      lastParts.push(seen);
      if (lastParts.length === 3) othersWereAnswered = lastParts.slice(0, 2).map(({ isAnswered }) => isAnswered);
      else await eventually(() => assert.equal(uploads().length, 3), { timeoutMs: 10_000 });
      return undefined;
    });
    const uploads = () => proxy.requests.filter(({ method, path }) => method === 'POST' && path.startsWith('/upload/'));
    try {
      const slow = sea({ url: proxy.url });
      await slow.do('initialize', 'small', '--until', UNTIL);
      const tables = uploads().map(({ body }) => JSON.parse(body).configuration.load.destinationTable.tableId);
      assert.deepEqual(tables, ['vessel_metadata', 'port_events', 'vessel_positions']);
      assert.deepEqual(othersWereAnswered, [true, true]);
    } finally {
      await proxy.stop();
    }
  });

  test('is as long as the scenario or the number of days says', async () => {
    const dry = sea();
    for (const [extent, days] of /** @type {[string, number][]} */ ([
      ['small', 1 / 24],
      ['realistic', 1],
      ['stress', 7],
      ['365', 365],
    ])) {
      const { from, until, loaded } = await dry.do('initialize', extent, '--until', UNTIL, '--dry-run');
      assert.equal(Date.parse(until) - Date.parse(from), days * DAY_MS, extent);
      assert.ok(Math.abs(loaded.vessel_positions - days * 7200) < 10, `${extent}: ${JSON.stringify(loaded)}`);
    }
  });

  test('is streamed to the tables that are configured for it', async () => {
    const proxy = await startCountingProxy(emulator.url);
    try {
      const streamed = sea({ url: proxy.url, synthesizer: { useStreamingAPIs: ['vessel_positions'] } });
      await streamed.do('initialize', 'small', '--until', UNTIL);
      const streams = proxy.requests.filter(({ path }) => path.includes('/insertAll'));
      assert.deepEqual([...new Set(streams.map(({ path }) => /tables\/(\w+)/.exec(path)?.[1]))], ['vessel_positions']);
      const lastHour = 'timestamp >= "2025-12-01 11:00:00+00"';
      assert.deepEqual(await streamed.rows('vessel_positions'), await whole.rows('vessel_positions', lastHour));
    } finally {
      await proxy.stop();
    }
  });

  test('is streamed to all tables if that is configured', async () => {
    const proxy = await startCountingProxy(emulator.url);
    try {
      const streamed = sea({ url: proxy.url, synthesizer: { useStreamingAPIs: true, totalVessels: 20 } });
      await streamed.do('initialize', 'small', '--until', UNTIL);
      const streams = proxy.requests.filter(({ path }) => path.includes('/insertAll'));
      const tables = streams.map(({ path }) => /tables\/(\w+)/.exec(path)?.[1] ?? '');
      assert.ok(tables.includes('vessel_positions') && tables.includes('vessel_metadata'), tables.join());
      assert.deepEqual(
        proxy.requests.filter(({ path }) => path.startsWith('/upload/')),
        [],
      );
    } finally {
      await proxy.stop();
    }
  });

  test('is kept and continued by start, until its end', async () => {
    const synthesizer = { generationIntervalMs: 4000, batchSize: 1, retentionDays: 1 };
    const until = new Date(Math.floor(Date.now() / 4000) * 4000 + 16_000).toISOString();
    const running = sea({ synthesizer });
    const old = new Date(Date.now() - 4 * DAY_MS).toISOString();
    await running.do('initialize', 'small', '--until', old);

    const { code, events } = await running.run('start', '--until', until, '--json');

    assert.equal(code, 0);
    assert.ok(events.filter(({ event }) => event === 'emitted').length >= 2, JSON.stringify(events));
    const loaded = sea({ synthesizer });
    await loaded.do('initialize', '1', '--until', until);
    const recent = `timestamp >= TIMESTAMP '${new Date(Date.parse(until) - DAY_MS + 60_000).toISOString()}'`;
    assert.deepEqual(await running.rows('vessel_positions', recent), await loaded.rows('vessel_positions', recent));
    const gone = await running.rows(
      'vessel_positions',
      `timestamp < TIMESTAMP '${new Date(Date.now() - 3 * DAY_MS).toISOString()}'`,
    );
    assert.deepEqual(gone, []);
  });

  test('is continued by start after Ctrl-C, without gaps or doubles', async () => {
    const synthesizer = { generationIntervalMs: 4000, batchSize: 1, retentionDays: 1 };
    const continued = sea({ synthesizer });
    const interrupted = continued.beginInTerminal('start');
    await interrupted.says(/Z +\w.*vessel_positions [1-9]/);
    interrupted.type('\x03');
    assert.equal((await interrupted.ended).code, 0, interrupted.output);
    const before = (await continued.rows('vessel_positions')).length;

    const until = new Date(Math.ceil(Date.now() / 4000) * 4000 + 8000).toISOString();
    const { loaded } = await continued.do('start', '--until', until);

    assert.ok(before > 20_000 && loaded.vessel_positions < 100, `${before}, then ${JSON.stringify(loaded)}`);
    const whole = sea({ synthesizer });
    await whole.do('initialize', '1', '--until', until);
    const from = new Date(Date.parse(until) - DAY_MS + 60_000).toISOString();
    for (const [table, column] of [
      ['vessel_positions', 'timestamp'],
      ['port_events', 'event_time'],
    ]) {
      const recent = `${column} >= TIMESTAMP '${from}'`;
      assert.deepEqual(await continued.rows(table, recent), await whole.rows(table, recent), table);
    }
  });

  test('is left alone by a dry run, which makes nothing either', async () => {
    const dry = sea();
    const { loaded } = await dry.do('initialize', 'realistic', '--until', UNTIL, '--dry-run');
    assert.ok(Math.abs(loaded.vessel_positions - 7200) < 10);
    await assert.rejects(emulator.request('GET', `/datasets/${dry.dataset}`), /404/);
  });
});
