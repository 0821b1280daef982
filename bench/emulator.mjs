// A backfill from the emulator, and how long a row takes from BigQuery to Harper once the sync is up to date.
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmulator } from '../tests/harper/support/emulator.mjs';
import { figuresOf, rateOf, withHarper } from './harper-process.mjs';
import { FIELDS, cellsOf } from './pages.mjs';

const POLL_INTERVAL_MS = 2000;
/** Between two looks into Harper. */
const LOOK_INTERVAL_MS = 10;
/** What one insert takes is no multiple of the poll's interval, so that inserts meet polls at any point. */
const PAUSE_MS = 370;

/**
 * @param {{ rows: number, inserts: number }} size
 * @returns {Promise<import('./figures.mjs').Benchmark>}
 */
export async function measureEmulator({ rows, inserts }) {
  const emulator = await startEmulator({ project: 'bench' });
  try {
    await emulator.createDataset('bench');
    await emulator.createTable('bench', 'positions', FIELDS);
    await emulator.createTable('bench', 'latest', FIELDS);
    await load(emulator, rows);
    await emulator.insertAll('bench', 'latest', [newRow(0)]);
    const { synced, latenciesMs } = await withHarper(new URL(emulator.url).host, async (bench) => ({
      synced: await bench.backfill('positions', 'Synced', rows),
      latenciesMs: await latencies(emulator, bench, inserts),
    }));
    return {
      title: 'From the emulator',
      figures: [
        { name: `${rows.toLocaleString('en')} rows from the emulator`, unit: 'rows/s', values: [rateOf(synced)] },
        ...figuresOf('from the emulator', synced),
        { name: 'from an insert to Harper, polls every 2,000 ms', unit: 'ms', values: latenciesMs },
        {
          name: 'the longest, beyond the poll interval',
          unit: 'ms',
          values: [Math.max(...latenciesMs) - POLL_INTERVAL_MS],
        },
      ],
    };
  } finally {
    await emulator.stop();
  }
}

/** @param {import('../tests/harper/support/emulator.mjs').Emulator} emulator @param {number} rows */
async function load(emulator, rows) {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-rows-'));
  const file = path.join(folder, 'rows.ndjson');
  const stream = createWriteStream(file);
  for (let row = 0; row < rows; row++) {
    if (!stream.write(`${JSON.stringify(asJson(cellsOf(row)))}\n`)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'finish');
  try {
    await emulator.loadFile('bench', 'positions', file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Inserts rows one by one and looks for each in Harper.
 *
 * @param {import('../tests/harper/support/emulator.mjs').Emulator} emulator
 * @param {import('./harper-process.mjs').Bench} bench
 * @param {number} inserts
 */
async function latencies(emulator, bench, inserts) {
  await bench.backfill('latest', 'Latest', 1, { pollInterval: POLL_INTERVAL_MS });
  const latenciesMs = [];
  for (let insert = 1; insert <= inserts; insert++) {
    await sleep(PAUSE_MS);
    const row = newRow(insert);
    await emulator.insertAll('bench', 'latest', [row]);
    const begunMs = performance.now();
    const found = `/Latest/?timestamp=${encodeURIComponent(row.timestamp)}`;
    while ((await bench.harper.json(found)).length === 0) await sleep(LOOK_INTERVAL_MS);
    latenciesMs.push(performance.now() - begunMs);
  }
  return latenciesMs;
}

/** @param {number} number */
function newRow(number) {
  return asJson([Date.now() * 1000 + 1, ...cellsOf(number).slice(1)]);
}

/** @param {(number | string)[]} cells @returns {Record<string, unknown> & { timestamp: string }} a row as load jobs read it */
function asJson([micros, ...cells]) {
  const seconds = Math.floor(Number(micros) / 1e6);
  const fraction = String(Number(micros) - seconds * 1e6).padStart(6, '0');
  const timestamp = `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
  const [, ...fields] = FIELDS;
  const values = fields.map(({ name, type }, column) => [
    name,
    type === 'STRING' ? String(cells[column]) : cells[column],
  ]);
  return { timestamp, ...Object.fromEntries(values) };
}
