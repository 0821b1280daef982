// Outages of a minute: long enough for what gives up after less, as Harper's own queue of writes does after 45 s.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FIELDS } from './support/backfill.mjs';
import { eventually } from './support/eventually.mjs';
import { DATASET, section, startScene, tableEntry } from './support/scene.mjs';

const arrivals = tableEntry('arrivals', 'Arrivals', 'at', { sync: { pollInterval: 300 } });
/** Created when the disk has been full for a minute. */
const late = tableEntry('late', 'Late', 'at');

const MINUTE_MS = 60_000;
/** With every failure the pause until the next attempt doubles. */
const LONGEST_PAUSE_MS = 2 * MINUTE_MS;

describe('an outage', () => {
  /** @type {import('./support/scene.mjs').Scene} */
  let scene;

  before(async () => {
    scene = await startScene({
      section: section([arrivals, late]),
      fill: async (emulator) => {
        await emulator.createTable(DATASET, 'arrivals', FIELDS);
        // So much that no other file of Harper is as large as its database.
        await emulator.loadRows(DATASET, 'arrivals', bulkyRows(0));
      },
      harper: { threads: 2 },
    });
  });
  after(() => scene?.stop());

  test('storage refuses everything for a minute (disk full): nothing is lost, no checkpoint moves, it resumes by itself', async () => {
    const checkpoint = async () => (await scene.harper.json('/SyncCheckpoint/?tableId=arrivals'))[0];
    await scene.untilEqual(arrivals);
    // The database cannot grow any more; files that are smaller, as the log, can.
    const { size } = statSync(path.join(scene.harper.root, 'database', 'data.mdb'));
    limitFileSize(scene.harper.pid, size);
    const before = await checkpoint();
    await scene.emulator.loadRows(DATASET, 'arrivals', bulkyRows(1e6));

    const { error } = await eventually(async () => {
      const status = await scene.tableStatus('arrivals');
      assert.equal(status.error?.reason, 'storageUnavailable', JSON.stringify(status));
      assert.match(status.next, /^retry at \d{4}-/);
      return status;
    });
    assert.match(error.message, /Arrivals: storage is unavailable: .*(file too large|input\/output error)/i);
    assert.ok(Date.parse(error.since) > Date.parse(before.lastSyncTime));
    await sleep(Date.parse(error.since) + MINUTE_MS - Date.now());
    assert.equal((await scene.tableStatus('arrivals')).error.since, error.since);
    assert.equal((await checkpoint()).lastTimestamp, before.lastTimestamp);

    limitFileSize(scene.harper.pid, 'unlimited');
    await scene.untilEqual(arrivals, LONGEST_PAUSE_MS);
    await eventually(async () => assert.equal((await scene.tableStatus('arrivals')).error, null));
  });

  test('the table does not exist yet at start, and is created a minute later: its error is visible meanwhile, the others sync, and it heals by itself', async () => {
    // Not while an attempt is under way: what comes next is BigQuery's answer then.
    const { error, running } = await eventually(async () => {
      const status = await scene.tableStatus('late');
      assert.match(status.next, /^retry at \d{4}-/);
      return status;
    });
    assert.deepEqual([error.reason, running], ['notFound', false]);
    assert.match(error.message, /test-project\.scene\.late/);
    assert.ok(Date.parse(error.since) <= Date.now() - MINUTE_MS, error.since);
    await scene.emulator.insertAll(DATASET, 'arrivals', [{ at: new Date().toISOString(), n: 2e6, note: 'meanwhile' }]);
    await scene.untilEqual(arrivals);
    assert.ok((await scene.tableStatus('late')).error);

    await scene.emulator.createTable(DATASET, 'late', FIELDS);
    await scene.emulator.loadRows(DATASET, 'late', [{ at: new Date().toISOString(), n: 1, note: 'late' }]);
    await scene.untilEqual(late, LONGEST_PAUSE_MS);
    await eventually(async () => assert.equal((await scene.tableStatus('late')).error, null));
  });
});

/** @param {number} first @returns {object[]} rows of 16 MB, in which is nothing that Harper could compress */
function bulkyRows(first) {
  const note = () => randomBytes(30_000).toString('base64');
  return Array.from({ length: 400 }, (_, n) => ({ at: new Date().toISOString(), n: first + n, note: note() }));
}

/**
 * Makes the disk full for a process, or gives it room again.
 *
 * @param {number} pid
 * @param {number | 'unlimited'} bytes that a file of it may have
 */
function limitFileSize(pid, bytes) {
  execFileSync('prlimit', [`--pid=${pid}`, `--fsize=${bytes}:unlimited`]);
}
