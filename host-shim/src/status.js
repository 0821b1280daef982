import { readFileSync } from 'node:fs';

const VERSION = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;

/**
 * The answer to GET /SyncControl: `global`, `worker`, `uptime` and `version`, and beside them each table in detail, the live
 * workers and the errors of the configuration.
 *
 * @param {object} known
 * @param {import('./node-channel.js').WorkerReport} known.report of the worker to tell about
 * @param {import('./control-state.js').Command | undefined} known.command the last start or stop
 * @param {import('./settings.js').EngineSetup | undefined} known.setup
 * @param {number} known.uptimeMs
 */
export function composeStatus({ report, command, setup, uptimeMs }) {
  const { nodeId, running, planned, errors } = report;
  const tables = report.tables.map((table) => ({ ...table, running: running && table.running }));
  return {
    global: {
      command: command?.command ?? (report.autoStart ? 'start' : 'stop'),
      commandedAt: command?.commandedAt ?? null,
      commandedBy: command?.commandedBy ?? null,
      version: command?.version ?? 0,
    },
    worker: {
      nodeId,
      running,
      tables: planned.map(({ id: tableId }) => {
        const table = tables.find((one) => one.tableId === tableId);
        return { tableId, running: table?.running ?? false, phase: table?.phase ?? null };
      }),
      failedEngines: failedEngines(report, setup),
    },
    uptime: Math.floor(uptimeMs / 1000),
    version: VERSION,
    tables,
    cluster: report.cluster,
    errors,
  };
}

/**
 * Tables whose sync cannot start: those with errors in their configuration, and all of them while the engine is down.
 *
 * @param {import('./node-channel.js').WorkerReport} report
 * @param {import('./settings.js').EngineSetup | undefined} setup
 */
function failedEngines({ errors, planned, failure }, setup) {
  const bigquery = setup ? JSON.parse(setup.config).bigquery : undefined;
  const configured = Array.isArray(bigquery?.tables) ? bigquery.tables : [{ id: bigquery?.id ?? bigquery?.table }];
  /** @type {Map<string, string>} */
  const failed = new Map();
  for (const { path, found, expected } of errors) {
    const position = /^bigquery\.tables\[(\d+)\]/.exec(path)?.[1];
    if (position === undefined) continue;
    const tableId = String(configured[Number(position)]?.id ?? `tables[${position}]`);
    if (!failed.has(tableId)) failed.set(tableId, `${path}: found ${found}, expected ${expected}`);
  }
  // An engine that never came up has planned nothing.
  if (failure) for (const { id } of planned.length > 0 ? planned : configured) failed.set(String(id), failure);
  return [...failed].map(([tableId, error]) => ({ tableId, error }));
}
