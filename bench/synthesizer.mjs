// How fast the synthesizer is: its component alone; a million positions into the emulator, beside the same rows uploaded as
// files; a year of them to a server that keeps nothing. node bench/synthesizer.mjs [--quick] [--json FILE]
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os, { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { REPO_ROOT } from '../scripts/setup/paths.mjs';
import { startEmulator } from '../tests/harper/support/emulator.mjs';
import { TABLES } from '../tests/synthesizer/support/sea.mjs';
import { startUploadSink } from '../tests/synthesizer/support/upload-sink.mjs';
import { median, toMarkdown } from './figures.mjs';

const COMMAND = path.join(REPO_ROOT, 'host-shim/bin/maritime-data-synthesizer.js');
const COMPONENT = path.join(REPO_ROOT, 'bench/synthesizer-component.mjs');
const UPLOAD_FILES = path.join(REPO_ROOT, 'bench/upload-files.mjs');
const UNTIL = '2025-12-01T12:00:00Z';
const FLEETS = [1000, 100_000];
const DAYS_OF_A_MILLION = 7;
const MEMORY_INTERVAL_MS = 20;

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'string' } } });
/** Even, so that each of two that are compared goes first as often as the other. */
const size = values.quick ? { rounds: 2, days: 30 } : { rounds: 6, days: 365 };
const folder = mkdtempSync(path.join(tmpdir(), 'bench-synthesizer-'));

try {
  const setting = {
    'Node.js': process.versions.node,
    'processor cores': String(os.availableParallelism()),
    'load before': os.loadavg()[0].toFixed(1),
  };
  const benchmarks = [await measureComponent()];
  for (const totalVessels of FLEETS) benchmarks.push(await measureLoading(totalVessels));
  benchmarks.push(await measureYear());
  const report = { setting, benchmarks };
  console.log(`\n${toMarkdown(report)}`);
  if (values.json) writeFileSync(values.json, JSON.stringify(report, null, 2));
} finally {
  rmSync(folder, { recursive: true });
}

/** @returns {Promise<import('./figures.mjs').Benchmark>} */
async function measureComponent() {
  /** @type {import('./figures.mjs').Figure[]} */
  const figures = [];
  for (const totalVessels of FLEETS) {
    const values = [];
    for (let round = 0; round < size.rounds; round++) {
      const args = [COMPONENT, totalVessels, DAYS_OF_A_MILLION, UNTIL].map(String);
      const { rows, cpuSeconds } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
      values.push(rows / cpuSeconds);
    }
    const name = `${totalVessels.toLocaleString('en')} vessels, all three tables`;
    figures.push({ name, unit: 'rows per CPU second', values, goal: { atLeast: 300_000 } });
  }
  return {
    title: 'The component alone: rows made as JSON and handed over',
    figures,
  };
}

/** @param {number} totalVessels @returns {Promise<import('./figures.mjs').Benchmark>} */
async function measureLoading(totalVessels) {
  const keeping = await startUploadSink(folder);
  await initialize(keeping.url, 'kept', totalVessels, DAYS_OF_A_MILLION);
  await keeping.stop();
  const bytes = TABLES.reduce((sum, table) => sum + statSync(fileOf(table)).size, 0);
  const emulator = await startEmulator();
  try {
    /** @template T @param {() => T | Promise<T>} work @returns {Promise<T & { emulatorCpuSeconds: number }>} */
    const measured = async (work) => {
      const before = usage(emulator.pid)?.cpuSeconds ?? NaN;
      const result = await work();
      return { ...result, emulatorCpuSeconds: (usage(emulator.pid)?.cpuSeconds ?? NaN) - before };
    };
    /** @type {(Run & { emulatorCpuSeconds: number })[]} */
    const made = [];
    /** @type {(Uploads & { emulatorCpuSeconds: number })[]} */
    const uploaded = [];
    // The first round warms up the emulator, and says what tables the files are for.
    for (let round = 0; round <= size.rounds; round++) {
      const [ours, theirs] = [`made_${round}`, `uploaded_${round}`];
      const make = async () => {
        made.push(await measured(() => initialize(emulator.url, ours, totalVessels, DAYS_OF_A_MILLION)));
        await keepResources(emulator, ours);
      };
      const upload = async () => uploaded.push(await measured(() => uploadFiles(emulator, theirs)));
      // Whoever goes first takes longer, presumably since the emulator has just given memory back with the deleted tables.
      for (const turn of round % 2 === 0 ? [make, upload] : [upload, make]) await turn();
      for (const table of TABLES) {
        const counted = await emulator.query(
          `SELECT (SELECT COUNT(*) FROM ${ours}.${table}), (SELECT COUNT(*) FROM ${theirs}.${table})`,
        );
        const [a, b] = counted.rows[0].f.map((/** @type {any} */ { v }) => Number(v));
        if (a !== b || a === 0) throw new Error(`${table} has ${a} rows in ${ours}, ${b} in ${theirs}`);
        for (const dataset of [ours, theirs]) await emulator.deleteTable(dataset, table);
      }
    }
    made.shift();
    uploaded.shift();
    const rows = made[0].rows.toLocaleString('en');
    const seconds = made.map((run) => run.seconds);
    const filesSeconds = uploaded.map((uploads) => uploads.seconds);
    const uploadSeconds = uploaded.map((uploads) => uploads.uploadSeconds);
    const ratio = median(seconds) / median(filesSeconds);
    const ratioToUploads = median(seconds) / median(uploadSeconds);
    return {
      title: `${rows} rows (${Math.round(bytes / 1e6)} MB) of ${totalVessels.toLocaleString('en')} vessels into the emulator`,
      figures: [
        { name: '`initialize 7`, from start to end of the command', unit: 's', values: seconds },
        { name: 'a command that makes the tables and uploads the same rows as files', unit: 's', values: filesSeconds },
        { name: '`initialize 7` / that command', unit: 'x', values: [ratio], goal: { atMost: 1.2 } },
        { name: 'of that command the uploads alone', unit: 's', values: uploadSeconds },
        { name: '`initialize 7` / the uploads alone', unit: 'x', values: [ratioToUploads] },
        { name: '`initialize 7`: CPU time of its process', unit: 's', values: made.map((run) => run.cpuSeconds) },
        {
          name: '`initialize 7`: CPU time of the emulator',
          unit: 's',
          values: made.map((run) => run.emulatorCpuSeconds),
        },
        {
          name: 'the files: CPU time of the emulator',
          unit: 's',
          values: uploaded.map((uploads) => uploads.emulatorCpuSeconds),
        },
        {
          name: '`initialize 7`: peak memory',
          unit: 'MB',
          values: made.map((run) => run.peakMb),
          goal: { atMost: 200 },
        },
      ],
    };
  } finally {
    await emulator.stop();
  }
}

/**
 * Keeps the resources of the tables, for those that the files are uploaded into.
 *
 * @param {import('../tests/harper/support/emulator.mjs').Emulator} emulator
 * @param {string} dataset
 */
async function keepResources(emulator, dataset) {
  for (const table of TABLES) {
    const { schema, timePartitioning, clustering } = await emulator.getTable(dataset, table);
    writeFileSync(path.join(folder, `${table}.json`), JSON.stringify({ schema, timePartitioning, clustering }));
  }
}

/** @returns {Promise<import('./figures.mjs').Benchmark>} */
async function measureYear() {
  const sink = await startUploadSink();
  try {
    /** @type {import('./figures.mjs').Figure[]} */
    const figures = [];
    for (const totalVessels of FLEETS) {
      const run = await initialize(sink.url, 'sunk', totalVessels, size.days);
      const name = `${run.rows.toLocaleString('en')} rows of ${totalVessels.toLocaleString('en')} vessels`;
      figures.push({ name, unit: 'rows/s', values: [run.rows / run.seconds] });
      figures.push({ name: `${name}: peak memory`, unit: 'MB', values: [run.peakMb], goal: { atMost: 200 } });
    }
    return { title: `${size.days} days of history to a server that keeps nothing`, figures };
  } finally {
    await sink.stop();
  }
}

/** @typedef {{ seconds: number, cpuSeconds: number, peakMb: number, rows: number }} Run */

/**
 * Runs the command.
 *
 * @param {string} url of BigQuery
 * @param {string} dataset
 * @param {number} totalVessels
 * @param {number} days
 * @returns {Promise<Run>}
 */
async function initialize(url, dataset, totalVessels, days) {
  const config = { bigquery: { projectId: 'test-project' }, synthesizer: { dataset, totalVessels } };
  writeFileSync(path.join(folder, 'config.yaml'), JSON.stringify(config));
  const begunMs = performance.now();
  const child = spawn(process.execPath, [COMMAND, 'initialize', String(days), '--until', UNTIL, '--json'], {
    cwd: folder,
    env: { ...process.env, BIGQUERY_EMULATOR_HOST: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let used = { cpuSeconds: 0, peakMb: 0 };
  const watch = setInterval(() => (used = usage(child.pid) ?? used), MEMORY_INTERVAL_MS);
  let output = '';
  for await (const text of child.stdout.setEncoding('utf8')) output += text;
  clearInterval(watch);
  const { event, loaded } = JSON.parse(output.trim().split('\n').at(-1) ?? '');
  if (event !== 'done') throw new Error(`initialize has failed: ${output}`);
  return { seconds: (performance.now() - begunMs) / 1000, ...used, rows: totalOf(loaded) };
}

/** @typedef {{ seconds: number, uploadSeconds: number }} Uploads of the whole command, and without its start and making the tables */

/**
 * Runs the command that uploads the rows that were kept.
 *
 * @param {import('../tests/harper/support/emulator.mjs').Emulator} emulator
 * @param {string} dataset
 * @returns {Uploads}
 */
function uploadFiles({ url, project }, dataset) {
  const begunMs = performance.now();
  const output = execFileSync(process.execPath, [UPLOAD_FILES, url, project, dataset, folder], { encoding: 'utf8' });
  return { seconds: (performance.now() - begunMs) / 1000, ...JSON.parse(output) };
}

/** What Linux says of a process: there is nothing else to ask for the memory of a process that is not ours. @param {number} [pid] */
function usage(pid) {
  try {
    const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    const ticks = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ').slice(11, 13);
    return peak
      ? { peakMb: (Number(peak[1]) * 1024) / 1e6, cpuSeconds: (Number(ticks[0]) + Number(ticks[1])) / 100 }
      : undefined;
  } catch {
    return undefined;
  }
}

/** @param {Record<string, number>} loaded */
function totalOf(loaded) {
  return Object.values(loaded).reduce((sum, count) => sum + count, 0);
}

/** @param {string} table */
function fileOf(table) {
  return path.join(folder, `${table}.ndjson`);
}
