import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { REPO_ROOT } from './paths.mjs';
import { run } from './run.mjs';

const TARGET = 'wasm32-wasip2';
const DIST = path.join(REPO_ROOT, 'host-shim/dist');
/** What the built components are made from: files, and folders with all that is in them. */
const SOURCES = [
  'Cargo.toml',
  'Cargo.lock',
  'wit',
  '.cargo',
  'guest/core/src',
  'guest/bigquery/src',
  'guest/engine/src',
  'guest/benchmark/src',
  'guest/maritime/src',
  'guest/synthesizer/src',
  'host-shim/package.json',
  'host-shim/scripts',
];

/** @param {string} fileOrFolder @returns {number[]} modification times in milliseconds, of files only */
function modificationTimesMs(fileOrFolder) {
  const stats = statSync(fileOrFolder, { throwIfNoEntry: false });
  if (!stats) return [];
  if (!stats.isDirectory()) return [stats.mtimeMs];
  return readdirSync(fileOrFolder).flatMap((name) => modificationTimesMs(path.join(fileOrFolder, name)));
}

function isUpToDate() {
  const built = modificationTimesMs(DIST);
  const sources = SOURCES.flatMap((name) => modificationTimesMs(path.join(REPO_ROOT, name)));
  return built.length > 0 && Math.min(...built) >= Math.max(...sources);
}

/** Builds the components and puts them where the plugin loads them from, unless they are newer than every source. */
export async function buildComponents() {
  if (isUpToDate()) return;
  const installed = spawnSync('rustup', ['target', 'list', '--installed'], { encoding: 'utf8' }).stdout;
  if (!installed.split('\n').includes(TARGET)) await run('rustup', ['target', 'add', TARGET], { cwd: REPO_ROOT });
  console.log('Building the sync engine, the synthesizer and the benchmark ...');
  await run('npm', ['run', 'build', '-w', 'host-shim'], { cwd: REPO_ROOT });
}
