// The demo as one who tries it sees it.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { REPO_ROOT } from '../../scripts/setup/paths.mjs';
import { eventually } from './support/eventually.mjs';

/** @param {number} pid @returns {number[]} the processes below it */
function descendants(pid) {
  const all = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found = [pid];
  for (const parent of found) found.push(...all.filter(([, ppid]) => ppid === parent).map(([child]) => child));
  return found.slice(1);
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    // A zombie that nobody has waited for yet is dead all the same.
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .startsWith('Z');
  } catch {
    return false;
  }
}

test('the demo shows rows arriving until Ctrl-C, which leaves no process behind', async (t) => {
  const demo = spawn(process.execPath, [path.join(REPO_ROOT, 'scripts/demo/index.mjs')], { stdio: 'pipe' });
  t.after(() => demo.kill('SIGKILL'));
  let output = '';
  demo.stdout.on('data', (text) => (output += text));
  demo.stderr.on('data', (text) => (output += text));
  const exited = new Promise((resolve) => demo.once('exit', resolve));
  await eventually(() => assert.match(output, /Ctrl-C ends everything/), { timeoutMs: 180_000 });
  const totals = () => [...output.matchAll(/vessel_positions .* \/ ([\d,]+)/g)].map(([, total]) => total);
  await eventually(() => assert.ok(new Set(totals()).size > 2, 'new rows arrive'), { timeoutMs: 60_000 });
  const url = /curl (http:\S+\/SyncControl)/.exec(output)?.[1] ?? '';
  assert.equal((await fetch(url)).status, 200);
  const started = descendants(/** @type {number} */ (demo.pid));
  assert.ok(started.length >= 2, 'an emulator and a Harper are running');

  demo.kill('SIGINT');

  assert.equal(await exited, 0, output);
  await eventually(() => assert.deepEqual(started.filter(isAlive), []), { timeoutMs: 5000 });
});
