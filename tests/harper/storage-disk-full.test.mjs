import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { createApp } from './support/app.mjs';
import { startHarper } from './support/harper.mjs';
import { STORAGE_RESOURCE } from './support/storage-resource.mjs';

/** Blocks of 512 or 1024 bytes, as the shell has it: room for Harper's own files and a part of the rows. */
const FULL_BLOCKS = 12_000;
const BATCHES = 4;
const ROWS_A_BATCH = 50;
const ROW_BYTES = 100_000;

/** @type {import('./support/app.mjs').App} */
let app;
/** @type {import('./support/harper.mjs').Harper} */
let harper;
/** @type {string} */
let limitFile;

before(async () => {
  app = createApp({
    section: { bigquery: { projectId: 'test-project', tables: [] }, sync: { autoStart: false } },
    root: { jsResource: { files: 'resources.js' } },
    schema: 'type Bulky @table @export { id: ID @primaryKey }',
    files: { 'resources.js': STORAGE_RESOURCE },
  });
  // The disk of this Harper is full when a file reaches the limit.
  limitFile = path.join(app.folder, 'limit');
  const node = path.join(app.folder, 'node-with-limit');
  writeFileSync(node, `#!/bin/sh\nulimit -f "$(cat '${limitFile}')"\nexec '${process.execPath}' "$@"\n`);
  chmodSync(node, 0o755);
  writeFileSync(limitFile, String(FULL_BLOCKS));
  harper = await startHarper({ app: app.folder, node });
});

after(async () => {
  await harper?.stop();
  app?.remove();
});

/** @param {string} method @param {...unknown} args @returns {Promise<any>} */
const storage = (method, ...args) => harper.json('/Storage', { method, args });

test('a full disk makes writes unavailable, not rows refused, and with room again everything is written', async () => {
  const batches = Array.from({ length: BATCHES }, (_, batch) => bulkyRows(batch));
  const all = batches.flat().map(({ id }) => id);

  const answers = [];
  for (const rows of batches) answers.push(await writeRows(rows));
  const failures = answers.filter(({ failure }) => failure).map(({ failure }) => failure);
  assert.notEqual(failures.length, 0);
  for (const failure of failures) {
    assert.equal(failure.tag, 'unavailable');
    assert.match(failure.val, /file too large|input\/output error/i);
  }

  writeFileSync(limitFile, 'unlimited');
  await harper.restart();
  for (const [batch, { failure }] of answers.entries()) {
    const ids = batches[batch].map(({ id }) => id);
    if (!failure)
      assert.deepEqual((await storage('findMissing', 'Bulky', ids)).value, [], 'what was acknowledged is there');
  }
  for (const rows of batches) assert.deepEqual((await writeRows(rows)).value, []);
  assert.deepEqual((await storage('findMissing', 'Bulky', all)).value, []);
});

/** @param {number} batch */
function bulkyRows(batch) {
  return Array.from({ length: ROWS_A_BATCH }, (_, number) => ({
    id: `${batch}-${String(number).padStart(4, '0')}`,
    // Nothing that Harper could compress.
    bulk: randomBytes(ROW_BYTES).toString('base64'),
  }));
}

/** @param {object[]} rows each in a slice of its own */
function writeRows(rows) {
  const slices = rows.map((row) => JSON.stringify([row]));
  let end = 0;
  const ends = slices.map((slice) => (end += slice.length));
  return storage('writeRows', 'Bulky', { text: slices.join('') }, ends);
}
