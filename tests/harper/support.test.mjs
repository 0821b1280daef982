// The tests' own tools: a comparison that cannot fail would prove nothing.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { eventually } from './support/eventually.mjs';
import { compareRows, timestampText } from './support/rows.mjs';

const source = [
  { at: '2025-01-01T00:00:00Z', n: 1, nested: { b: 1, a: null } },
  { at: '2025-01-01T00:00:00.000001Z', n: 2, nested: null },
];
const stored = source.map((row, index) => ({ id: String(index), _syncedAt: 'then', ...row }));

test('tables with the same contents are equal whatever their ids, their order and the place of NULLs', () => {
  const target = [
    { ...stored[1], nested: undefined },
    { ...stored[0], nested: { b: 1 } },
  ];
  assert.equal(compareRows([...source, source[0]], target).equal, true);
});

test('a missing, an additional, a changed and a doubled record are differences', () => {
  for (const target of [
    stored.slice(1),
    [...stored, { ...stored[0], id: '2', n: 3 }],
    [stored[0], { ...stored[1], at: '2025-01-01T00:00:00Z' }],
    [...stored, { ...stored[0], id: '2' }],
  ]) {
    assert.equal(compareRows(source, target).equal, false);
  }
});

test('timestamps are written to the microsecond from year 1 to year 9999', () => {
  assert.equal(timestampText(-62_135_596_800_000_000n), '0001-01-01T00:00:00Z');
  assert.equal(timestampText(-1n), '1969-12-31T23:59:59.999999Z');
  assert.equal(timestampText(1_764_590_400_120_000n), '2025-12-01T12:00:00.120000Z');
  assert.equal(timestampText(253_402_300_799_999_999n), '9999-12-31T23:59:59.999999Z');
});

test('a server dies with whoever started it, even by kill -9', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'guard-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const starter = spawn(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { startServer } from ${JSON.stringify(new URL('support/process.mjs', import.meta.url).href)};
       const server = startServer('sleep', ['600'], { logFile: ${JSON.stringify(path.join(folder, 'log'))} });
       console.log(server.pid);
       setInterval(() => {}, 1000);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const pid = Number(await new Promise((resolve) => starter.stdout.once('data', resolve)));
  process.kill(pid, 0);

  starter.kill('SIGKILL');

  await eventually(() => assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' }), { timeoutMs: 5000 });
});
