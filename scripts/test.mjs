// `npm test`: every check of the project, one after the other, cheap ones first. All of them run even if one fails.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setUp } from './setup/index.mjs';
import { REPO_ROOT } from './setup/paths.mjs';
import { run } from './setup/run.mjs';

/** Where JavaScript tests live; they are called `*.test.mjs`. */
const TEST_FOLDERS = ['tests', 'scripts', 'bench', 'host-shim'];

/** Those that hold Harper to promises about time: nothing else runs beside them. */
const ALONE = ['cluster', 'guest', 'stop', 'sync-control', 'workers'].map((name) => `tests/harper/${name}.test.mjs`);

/** Tests that are run at a time: more than there are processors, since most of them wait most of the time. */
const AT_A_TIME = os.availableParallelism() + 1;

/** @param {string} folder relative to the root @returns {string[]} */
function testFiles(folder) {
  return readdirSync(path.join(REPO_ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'node_modules') return testFiles(file);
    return entry.name.endsWith('.test.mjs') ? [file] : [];
  });
}

await setUp();
for (const [component, subcommand] of [
  ['rustfmt', 'fmt'],
  ['clippy', 'clippy'],
]) {
  if (spawnSync('cargo', [subcommand, '--version']).status !== 0) await run('rustup', ['component', 'add', component]);
}

const files = TEST_FOLDERS.flatMap(testFiles);
/** @param {string[]} files @param {number} atATime */
const nodeTests = (files, atATime) => ['--test', '--test-reporter=spec', `--test-concurrency=${atATime}`, ...files];

/** @type {[name: string, command: string, args: string[]][]} */
const checks = [
  ['rustfmt', 'cargo', ['fmt', '--all', '--check']],
  ['prettier', 'npx', ['prettier', '--check', '.']],
  ['eslint', 'npx', ['eslint', '.']],
  ['tsc', 'npx', ['tsc', '--project', 'tsconfig.json']],
  ['clippy', 'cargo', ['clippy', '--workspace', '--all-targets', '--', '-D', 'warnings']],
  // All in one, since with a part of the workspace the libraries would be compiled anew, with other features.
  ['Rust tests', 'cargo', ['test', '--workspace', '--no-fail-fast', '--', `--test-threads=${AT_A_TIME}`]],
  // Promises about time are not to wait for a disk that still writes what the compiler has left.
  ['disk caches written back', 'sync', []],
  ['Harper tests, one at a time', process.execPath, nodeTests(ALONE, 1)],
  [
    'Harper tests',
    process.execPath,
    nodeTests(
      files.filter((file) => !ALONE.includes(file)),
      AT_A_TIME,
    ),
  ],
];

const failed = [];
for (const [name, command, args] of checks) {
  console.log(`\n--- ${name}`);
  const begunMs = performance.now();
  try {
    await run(command, args, { cwd: REPO_ROOT });
  } catch (error) {
    failed.push(`${name}: ${/** @type {Error} */ (error).message}`);
  }
  // The runners' own summaries stay the last lines.
  if (name !== checks.at(-1)?.[0]) console.log(`    ${((performance.now() - begunMs) / 1000).toFixed(1)} s`);
}
for (const failure of failed) console.error(`FAILED ${failure.slice(0, 300)}`);
process.exitCode = failed.length === 0 ? 0 : 1;
