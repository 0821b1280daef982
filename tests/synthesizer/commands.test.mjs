// The other commands, questions before deleting, Ctrl-C and SIGTERM.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startEmulator } from '../harper/support/emulator.mjs';
import { Sea, UNTIL } from './support/sea.mjs';

describe('maritime-data-synthesizer', () => {
  /** @type {import('../harper/support/emulator.mjs').Emulator} */
  let emulator;
  /** @type {Sea} */
  let sea;
  before(async () => void (emulator = await startEmulator()));
  after(() => emulator?.stop());

  /** @param {import('node:test').TestContext} t @param {ConstructorParameters<typeof Sea>[1]} [options] */
  async function filled(t, options) {
    sea = new Sea(emulator, options);
    t.after(() => sea.remove());
    await sea.do('initialize', 'small', '--until', UNTIL);
    return sea;
  }
  const positions = async () => (await sea.rows('vessel_positions')).length;

  test('help names every command', async (t) => {
    sea = new Sea(emulator);
    t.after(() => sea.remove());
    for (const args of [[], ['help'], ['--help']]) {
      const { code, output } = await sea.run(...args);
      assert.equal(code, 0);
      for (const name of ['initialize', 'start', 'stats', 'clear', 'clean', 'reset'])
        assert.match(output, new RegExp(`^ +${name} `, 'm'));
    }
  });

  test('stats counts what is there, and says what is not', async (t) => {
    const { dataset } = await filled(t);
    await emulator.deleteTable(dataset, 'port_events');
    const [there, gone] = (await sea.do('stats')).tables;
    assert.deepEqual([there.table, there.rows], ['vessel_positions', await positions()]);
    assert.ok(there.oldest >= '2025-12-01T11:00:00' && there.newest < UNTIL);
    assert.deepEqual([gone.table, gone.rows], ['port_events', null]);
    const { output } = await sea.run('stats');
    assert.match(output, /^vessel_positions +(29\d|300) rows/m);
    assert.match(output, /^port_events +is not there/m);
  });

  test('clear empties the tables, clean deletes them, reset begins anew', async (t) => {
    const { dataset } = await filled(t);
    const before = await sea.content();
    const { tables } = await sea.do('clear', '--yes');
    assert.equal(tables[0].rows, before.vessel_positions.length);
    assert.equal(await positions(), 0);
    assert.equal((await sea.do('clear', '--yes')).tables[0].rows, 0);
    await sea.do('reset', 'small', '--until', UNTIL, '--yes');
    assert.deepEqual(await sea.content(), before);
    await sea.do('clean', '--yes');
    await assert.rejects(emulator.getTable(dataset, 'vessel_positions'), /404/);
    assert.match((await sea.run('clean', '--yes')).output, /nothing to delete/);
  });

  test('nothing is deleted without a terminal to ask, nor by a dry run', async (t) => {
    await filled(t);
    for (const name of ['clear', 'clean', 'reset']) {
      const { code, errors } = await sea.run(name);
      assert.equal(code, 2);
      assert.match(errors, /there is no terminal to ask.\nAdd --yes/);
      assert.equal((await sea.run(name, '--dry-run')).code, 0);
    }
    assert.ok((await positions()) > 200);
  });

  test('in a terminal it asks, and takes no for an answer', async (t) => {
    await filled(t);
    const refused = sea.beginInTerminal('clear');
    await refused.says(/Delete all rows of vessel_positions \([\d,]+ rows\), .*\? \[y\/N\] /);
    refused.type('n\r');
    assert.equal((await refused.ended).code, 1);
    assert.match(refused.output, /Nothing was deleted/);
    assert.ok((await positions()) > 200);

    const agreed = sea.beginInTerminal('clear');
    await agreed.says(/\[y\/N\] /);
    agreed.type('y\r');
    assert.equal((await agreed.ended).code, 0, agreed.output);
    assert.equal(await positions(), 0);
  });

  test('Ctrl-C at the question deletes nothing', async (t) => {
    await filled(t);
    const run = sea.beginInTerminal('clean');
    await run.says(/\[y\/N\] /);
    run.type('\x03');
    assert.equal((await run.ended).code, 130, run.output);
    assert.ok((await positions()) > 200);
  });

  test('after Ctrl-C during a load the same command completes it', async (t) => {
    const options = { synthesizer: { batchSize: 200 } };
    sea = new Sea(emulator, options);
    const whole = new Sea(emulator, options);
    t.after(() => [sea, whole].forEach((each) => each.remove()));
    const interrupted = sea.beginInTerminal('initialize', '1', '--until', UNTIL);
    await interrupted.says(/█.* [1-9]\d* %.* rows\/s +ETA/);
    interrupted.type('\x03');
    assert.equal((await interrupted.ended).code, 130, interrupted.output);
    assert.match(interrupted.output, /Stopped\. The same command goes on/);

    const completed = sea.beginInTerminal('initialize', '1', '--until', UNTIL);
    assert.equal((await completed.ended).code, 0, completed.output);

    await whole.do('initialize', '1', '--until', UNTIL);
    const sums = async (/** @type {Sea} */ each) =>
      (
        await each.query(
          'SELECT COUNT(*), COUNT(DISTINCT timestamp), SUM(MOD(UNIX_MICROS(timestamp), 1000003)), SUM(CAST(mmsi AS INT64)) FROM {vessel_positions}',
        )
      ).rows;
    assert.deepEqual(await sums(sea), await sums(whole));
    assert.deepEqual(await sea.rows('port_events'), await whole.rows('port_events'));
  });

  test('SIGTERM ends a load with the exit code that shells expect, and the same command completes it', async (t) => {
    sea = new Sea(emulator, { synthesizer: { batchSize: 200 } });
    t.after(() => sea.remove());
    const run = sea.begin('initialize', '1', '--until', UNTIL, '--json');
    await run.says(/"progress"/);
    run.kill('SIGTERM');
    const { code, errors } = await run.ended;
    assert.equal(code, 143, errors);
    assert.match(errors, /Stopped\. The same command goes on/);

    const { loaded } = await sea.do('initialize', '1', '--until', UNTIL);
    assert.ok(loaded.vessel_positions > 0, 'it was ended before it was through');
    const { rows } = await sea.query('SELECT COUNT(*), COUNT(DISTINCT timestamp) FROM {vessel_positions}');
    assert.equal(rows[0].f[0].v, rows[0].f[1].v);
  });

  test('SIGTERM is a usual end of start, too', async (t) => {
    sea = new Sea(emulator, { synthesizer: { generationIntervalMs: 1000 } });
    t.after(() => sea.remove());
    const run = sea.begin('start', '--no-backfill', '--json');
    await run.says(/"emitted"/);
    run.kill('SIGTERM');
    assert.equal((await run.ended).code, 0, run.errors);
  });

  test('start says what it adds until Ctrl-C, which is its usual end', async (t) => {
    sea = new Sea(emulator, { synthesizer: { generationIntervalMs: 1000, batchSize: 5, lateShare: 0 } });
    t.after(() => sea.remove());
    const begun = new Date(Date.now() - 1000).toISOString();
    const run = sea.beginInTerminal('start', '--no-backfill');
    await run.says(/Z +\w.*vessel_positions \d/);
    run.type('\x03');
    assert.equal((await run.ended).code, 0, run.output);
    assert.ok((await positions()) >= 1);
    assert.deepEqual(await sea.rows('vessel_positions', `timestamp < TIMESTAMP '${begun}'`), [], 'no backfill');
  });
});
