import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { REPO_ROOT } from '../setup/paths.mjs';
import { startHarper } from '../../tests/harper/support/harper.mjs';
import { compareTable, describeComparison } from '../../tests/harper/support/rows.mjs';
import { createProgress } from './progress.mjs';
import { DATASET, startSource } from './source.mjs';

const FOLDER = path.join(REPO_ROOT, '.demo');
const LOOK_INTERVAL_MS = 250;
const GIVE_UP_AFTER_MS = 120_000;

/** Which Harper table a BigQuery table goes to; the same as in config.yaml at the repository's root. */
const TARGETS = new Map([
  ['vessel_positions', 'VesselPositions'],
  ['port_events', 'PortEvents'],
  ['vessel_metadata', 'VesselMetadata'],
]);

/** @typedef {Awaited<ReturnType<typeof startSource>>} Source */
/** @typedef {import('../../tests/harper/support/harper.mjs').Harper} Harper */

/**
 * @param {{once: boolean}} options `once`: end when everything has arrived and was compared
 * @returns {Promise<number>} the exit code
 */
export async function runDemo({ once }) {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupted.abort());
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(path.join(FOLDER, 'emulator'), { recursive: true });
  /** @type {{stop: () => Promise<void>}[]} */
  const running = [];
  try {
    console.log('Filling a BigQuery emulator with ships ...');
    const source = await startSource(FOLDER, interrupted.signal);
    running.push(source.emulator);
    interrupted.signal.throwIfAborted();
    console.log('Starting Harper ...');
    const harper = await startHarper({
      app: REPO_ROOT,
      // No password from this machine, as with `harper dev`; which itself would restart at every file changed in the
      // app's folder, of which the demo's own are many.
      config: { authentication: { authorizeLocal: true } },
      folder: path.join(FOLDER, 'harper'),
      preferredHttpPort: 9926,
      env: { BIGQUERY_EMULATOR_HOST: source.emulator.url },
    });
    running.push(harper);
    await watchBackfill(source, harper, interrupted.signal);
    if (once) return (await compareAll(source, harper)) ? 0 : 1;
    printUrls(source, harper);
    await Promise.all([source.addNews(interrupted.signal), watchNews(source, harper, interrupted.signal)]);
  } catch (error) {
    if (interrupted.signal.aborted) return 0;
    console.error(error instanceof Error ? error.message : error);
    console.error(`The logs are in ${path.relative(process.cwd(), FOLDER) || '.'}.`);
    return 1;
  } finally {
    for (const server of running.reverse()) await server.stop();
  }
  return 0;
}

/** @param {Harper} harper @returns {Promise<import('./progress.mjs').TableStatus[]>} */
async function tableStatuses(harper) {
  return (await harper.json('/SyncControl')).tables;
}

/** @param {Source} source @param {Harper} harper @param {AbortSignal} signal */
async function watchBackfill(source, harper, signal) {
  const progress = createProgress(process.stdout);
  const begunMs = performance.now();
  let [mostRows, advancedMs] = [-1, begunMs];
  for (;;) {
    const tables = await tableStatuses(harper);
    progress.show(tables, source.rowCounts);
    const rows = tables.reduce((sum, { rowsIngested }) => sum + (rowsIngested ?? 0), 0);
    if (rows > mostRows) [mostRows, advancedMs] = [rows, performance.now()];
    const arrived = tables.filter(({ tableId, rowsIngested }) => {
      return (rowsIngested ?? 0) >= (source.rowCounts.get(tableId) ?? Infinity);
    });
    if (arrived.length === TARGETS.size) break;
    if (performance.now() - advancedMs > GIVE_UP_AFTER_MS) {
      progress.done();
      throw new Error(
        `Nothing has arrived for ${GIVE_UP_AFTER_MS / 1000} s; /SyncControl says ${JSON.stringify(tables)}`,
      );
    }
    await sleep(LOOK_INTERVAL_MS, undefined, { signal });
  }
  progress.done();
  console.log(`Everything is there after ${((performance.now() - begunMs) / 1000).toFixed(1)} s.`);
}

/** @param {Source} source @param {Harper} harper @returns {Promise<boolean>} whether all tables are equal */
async function compareAll(source, harper) {
  let allEqual = true;
  for (const [table, target] of TARGETS) {
    const comparison = await compareTable(source.emulator, { dataset: DATASET, table }, harper, target);
    allEqual &&= comparison.equal;
    const rows = comparison.targetRows.toLocaleString('en-US');
    if (comparison.equal) console.log(`${table}: all ${rows} rows are in ${target}, equal to BigQuery`);
    else console.error(`${table}: ${target} differs: ${describeComparison(comparison)}`);
  }
  return allEqual;
}

/** @param {Source} source @param {Harper} harper */
function printUrls({ newsIntervalMs }, { httpUrl }) {
  console.log(`
Try, from this machine without a password:
  curl ${httpUrl}/SyncControl
  curl '${httpUrl}/VesselPositions/?vessel_type=TANKER&limit(3)'
  curl '${httpUrl}/VesselPositions/?speed_knots=gt=20&select(vessel_name,speed_knots,destination)&limit(5)'
  curl '${httpUrl}/PortEvents/?port_id=SGSIN&event_type=ARRIVAL&limit(3)'
  curl '${httpUrl}/VesselMetadata/?flag=NO&limit(3)'
  curl ${httpUrl}/SyncCheckpoint/
  curl -X POST ${httpUrl}/SyncControl -H 'content-type: application/json' -d '{"action": "validate"}'

New rows keep coming every ${newsIntervalMs / 1000} s. Ctrl-C ends everything.
`);
}

/** @param {Source} source @param {Harper} harper @param {AbortSignal} signal ends it, by a rejection */
async function watchNews(source, harper, signal) {
  const progress = createProgress(process.stdout);
  for (;;) {
    progress.show(await tableStatuses(harper), source.rowCounts);
    await sleep(LOOK_INTERVAL_MS, undefined, { signal });
  }
}
