// The same backfill by one, two and four workers of a node, and by one worker on each of two nodes that replicate.
//
//   node tests/soak/workers.mjs [rows] [rounds]
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApp } from '../harper/support/app.mjs';
import { startHarper } from '../harper/support/harper.mjs';
import { FIELDS, startSharedSource } from './shared-source.mjs';

const [ROWS = 100_000, ROUNDS = 3] = process.argv.slice(2).map(Number);
const HOSTS = ['127.0.0.5', '127.0.0.6'];
const REPLICATION_PORT = 19_946;
const LOOK_INTERVAL_MS = 50;
/** A backfill that takes longer has failed; Harper's log says why. */
const PATIENCE_MS = 600_000;
/** The unit of CPU times in /proc: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const TICKS_PER_SECOND = 100;

/** @typedef {import('../harper/support/harper.mjs').Harper} Harper */
/** @typedef {{ stored: number, everywhere: number, cpu: number, jobs: number }} Run seconds, and a number of query jobs */

const source = await startSharedSource(ROWS);
console.log(`${ROWS.toLocaleString('en')} rows, ${os.availableParallelism()} cores, load before ${os.loadavg()[0]}\n`);
console.log('| nodes x workers | stored, rows/s | on every node, rows/s | CPU of Harper, s | query jobs |');
console.log('| --- | ---: | ---: | ---: | ---: |');
for (const [nodes, threads] of [
  [1, 1],
  [1, 2],
  [1, 4],
  [2, 1],
]) {
  const runs = await measure(nodes, threads);
  const shown = (/** @type {(run: Run) => number} */ value) =>
    Math.round(runs.map(value).sort((a, b) => a - b)[Math.floor(runs.length / 2)]).toLocaleString('en');
  const cells = [
    `${nodes} x ${threads}`,
    shown((run) => ROWS / run.stored),
    shown((run) => ROWS / run.everywhere),
    shown((run) => run.cpu),
    shown((run) => run.jobs),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
source.stop();

/** @param {string} table @param {string} targetTable */
function section(table, targetTable) {
  const columns = FIELDS.map(({ name }) => name);
  const entry = { id: table, dataset: 'd', table, timestampColumn: 'at', columns, targetTable };
  const sync = { threadsPerNode: 'all', heartbeat: 5_000, probeTrust: 'always' };
  return { bigquery: { projectId: 'p', tables: [entry] }, sync };
}

/** @param {number} nodes @param {number} threads @returns {Promise<Run[]>} */
async function measure(nodes, threads) {
  const apps = HOSTS.slice(0, nodes).map(() => createApp({ section: { bigquery: { projectId: 'p', tables: [] } } }));
  /** @type {Harper[]} */
  const harpers = [];
  try {
    for (const [node, app] of apps.entries()) {
      const replication = {
        port: `${HOSTS[node]}:${REPLICATION_PORT}`,
        securePort: null,
        routes: [`ws://${HOSTS[1 - node]}:${REPLICATION_PORT}`],
      };
      const config = nodes > 1 ? { replication } : {};
      const env = { BIGQUERY_EMULATOR_HOST: source.host };
      harpers.push(await startHarper({ app: app.folder, host: HOSTS[node], threads, config, env }));
    }
    const runs = [];
    // The first round warms up, and makes the workers known to each other.
    for (let round = 0; round <= ROUNDS; round++) {
      const run = await backfill(apps, harpers, `t_${nodes}_${threads}_${round}`, `Target${round}`);
      if (round > 0) runs.push(run);
    }
    return runs;
  } finally {
    for (const harper of harpers) await harper.stop();
    for (const app of apps) app.remove();
  }
}

/**
 * @param {import('../harper/support/app.mjs').App[]} apps
 * @param {Harper[]} harpers
 * @param {string} table
 * @param {string} targetTable
 * @returns {Promise<Run>}
 */
async function backfill(apps, harpers, table, targetTable) {
  const cpuBefore = cpuOf(harpers);
  for (const app of apps) app.writeConfig(section(table, targetTable));
  const begun = await until(async () =>
    (await checkpoints(harpers, table)).length > 0 ? performance.now() : undefined,
  );
  await until(async () => {
    const all = await checkpoints(harpers, table);
    const rows = all.reduce((sum, { recordsIngested }) => sum + recordsIngested, 0);
    return rows >= ROWS && all.every(({ jobId }) => jobId === null) ? rows : undefined;
  });
  const stored = (performance.now() - begun) / 1000;
  await until(async () => {
    const described = { operation: 'describe_table', table: targetTable, exact_count: true };
    const counts = await Promise.all(harpers.map((harper) => harper.operation(described)));
    return counts.every(({ record_count }) => record_count >= ROWS) ? ROWS : undefined;
  });
  const everywhere = (performance.now() - begun) / 1000;
  return { stored, everywhere, cpu: cpuOf(harpers) - cpuBefore, jobs: source.queryJobs(table) };
}

/** @param {Harper[]} harpers @returns {number} seconds of CPU that they have used, user and system */
function cpuOf(harpers) {
  const ticks = harpers.map(({ pid }) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may hold spaces.
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return Number(user) + Number(system);
  });
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND;
}

/**
 * @param {Harper[]} harpers
 * @param {string} table
 * @returns {Promise<any[]>} of every worker, from the node that it runs on
 */
async function checkpoints(harpers, table) {
  const found = await Promise.all(harpers.map((harper) => harper.json(`/SyncCheckpoint/?tableId=${table}`)));
  return found.flatMap((all, node) => all.filter((/** @type {any} */ { nodeId }) => nodeId.startsWith(HOSTS[node])));
}

/**
 * @template T
 * @param {() => Promise<T | undefined>} look
 * @returns {Promise<T>} what it finds at last
 */
async function until(look) {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not found within ${PATIENCE_MS / 1000} s: ${look}`);
    await sleep(LOOK_INTERVAL_MS);
  }
}
