// The log as docs/operations.md describes it, and the queries there, against what a real Harper writes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { REPO_ROOT } from '../../scripts/setup/paths.mjs';
import { eventually } from './support/eventually.mjs';
import { DATASET, section, startScene, tableEntry } from './support/scene.mjs';

const GUIDE = readFileSync(path.join(REPO_ROOT, 'docs/operations.md'), 'utf8');

/** What the guide says of each event: its levels and fields. */
const EVENTS = new Map(
  [...GUIDE.matchAll(/^\| `(\w+)` +\| ([\w, ]+?) +\| (.*?) +\|/gm)].map(([, event, levels, fields]) => [
    event,
    { levels: levels.split(', '), fields: [...fields.matchAll(/`(\w+)`/g)].map(([, field]) => field) },
  ]),
);
const QUERIES = [...GUIDE.matchAll(/^```logql\n(.*?)^```$/gms)].map(([, text]) => text.trim());

const VISITS = tableEntry('visits', 'Visits', 'at');
const OLDEST = '2025-12-01T12:00:00Z';

describe('the log', () => {
  /** @type {import('./support/scene.mjs').Scene} */
  let scene;
  /** What BigQuery answers instead of beginning a query job. @type {{ status: number, body: object } | undefined} */
  let refusal;
  /** How often it still does so. */
  let refusals = 0;

  const configured = (/** @type {number} */ threadsPerNode) => ({ ...section([VISITS]), sync: { threadsPerNode } });

  before(async () => {
    scene = await startScene({
      section: configured(1),
      harper: { threads: 2 },
      intercept: ({ method, path }) => {
        if (method !== 'POST' || !path.includes('/jobs') || refusals === 0) return undefined;
        refusals -= 1;
        return refusal;
      },
      fill: async (emulator) => {
        await emulator.createTable(DATASET, 'visits', [{ name: 'at', type: 'TIMESTAMP' }]);
        await emulator.loadRows(DATASET, 'visits', [{ at: OLDEST }]);
      },
    });
    await scene.untilEqual(VISITS);
  });
  after(() => scene?.stop());

  /** @param {string} event @returns {{ level: string, thread: string, record: any }[]} */
  const logged = (event) =>
    [...scene.harper.logText().matchAll(/\[(http\/\d)\] \[(\w+)\].*?: (\{"event":"(\w+)".*\})$/gm)]
      .filter(([, , , , name]) => name === event)
      .map(([, thread, level, record]) => ({ thread, level, record: JSON.parse(record) }));

  /** @param {string} event waits for it, and holds it against the guide */
  const untilLogged = (event) =>
    eventually(() => {
      const last = logged(event).at(-1) ?? assert.fail(`${event} is not in the log`);
      const { levels, fields } = EVENTS.get(event) ?? assert.fail(`${event} is not in the guide`);
      assert.ok(levels.includes(last.level), `${event} at ${last.level}`);
      assert.deepEqual(Object.keys(last.record).sort(), ['event', 'message', ...fields].sort());
      return last.record;
    });

  /** @param {number} status @param {string} reason @param {number} times */
  const refuseJobs = (status, reason, times) => {
    refusal = { status, body: { error: { code: status, message: reason, errors: [{ reason, message: reason }] } } };
    refusals = times;
  };

  const addRow = (/** @type {string} */ at) => scene.emulator.insertAll(DATASET, 'visits', [{ at }]);

  test('has one line for each cycle and for each change of phase', async () => {
    const cycle = await untilLogged('cycle');
    assert.deepEqual([cycle.tableId, cycle.rowsRead, cycle.rowsWritten, cycle.phase], ['visits', 1, 1, 'steady']);
    assert.equal(cycle.watermark, OLDEST);
    const { from, to } = await untilLogged('phase');
    assert.deepEqual([from, to], ['initial', 'steady']);

    const before = logged('cycle').length;
    await addRow('2025-12-01T12:01:00Z');
    await scene.untilEqual(VISITS);
    await eventually(() => assert.equal(logged('cycle').length, before + 1));
  });

  test('has a line for each request that is repeated', async () => {
    refuseJobs(503, 'backendError', 2);
    await addRow('2025-12-01T12:02:00Z');
    await scene.untilEqual(VISITS);
    const retries = logged('retry').map(({ record }) => record);
    assert.deepEqual(
      retries.map(({ tableId, method, reason, status, attempt }) => [tableId, method, reason, status, attempt]),
      [1, 2].map((attempt) => ['visits', 'jobs.insert', 'backendError', 503, attempt]),
    );
    await untilLogged('retry');
  });

  test('has a line when a table fails, and one when it has recovered', async () => {
    refuseJobs(403, 'accessDenied', 1);
    await addRow('2025-12-01T12:03:00Z');
    const error = await untilLogged('error');
    assert.deepEqual([error.tableId, error.reason, error.failures], ['visits', 'accessDenied', 1]);
    await scene.untilEqual(VISITS);
    assert.equal((await untilLogged('recovered')).tableId, 'visits');
  });

  test('has a line for each validation of a table', async () => {
    await scene.harper.json('/SyncControl', { action: 'validate' });
    assert.equal((await untilLogged('validation')).tableId, 'visits');
  });

  test('has a line on each worker that reads other slots after a worker has come', async () => {
    scene.app.writeConfig(configured(2));
    await untilLogged('reconfigured');
    await untilLogged('rebalance');
    await eventually(() => {
      const to = new Map(logged('rebalance').map(({ thread, record }) => [thread, record.to]));
      assert.deepEqual([...to.values()].sort(), ['0-511', '512-1023']);
    });
  });

  test('is what the queries of the guide ask for', async () => {
    assert.ok(QUERIES.length >= 8);
    const cycle = scene.harper.logText().match(/^.*"event":"cycle".*$/m)?.[0] ?? '';
    for (const query of QUERIES) {
      const pattern = /\| regexp `(.*?)`/.exec(query)?.[1] ?? assert.fail(`no regexp in ${query}`);
      const { level, record } = new RegExp(pattern.replaceAll('(?P<', '(?<')).exec(cycle)?.groups ?? {};
      assert.deepEqual([level, JSON.parse(record ?? '').event], ['info', 'cycle'], query);

      const events = [...(/event=~?"([\w|]+)"/.exec(query)?.[1]?.split('|') ?? [])];
      for (const event of events) assert.ok(EVENTS.has(event), `${event} of ${query}`);
      const known = new Set([
        'level',
        'thread',
        'event',
        ...events.flatMap((event) => EVENTS.get(event)?.fields ?? []),
      ]);
      const [, stages = ''] = query.split('| json');
      const used = [...stages.matchAll(/\b(?:by \((\w+)\)|unwrap (\w+)|\| (\w+) ?(?:=|!=|>|<))/g)].map(
        ([, ...names]) => names.find(Boolean) ?? '',
      );
      for (const field of used) assert.ok(known.has(field), `${field} of ${query}`);
    }
  });
});
