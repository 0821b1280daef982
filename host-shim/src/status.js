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
  const failed = failedEngines(report, setup);
  const tables = report.tables.map((table) => {
    if (running) return table;
    const failure = failed.find(({ tableId }) => tableId === table.tableId);
    return { ...table, running: false, next: failure?.next ?? 'waiting for start' };
  });
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
      failedEngines: failed,
    },
    uptime: Math.floor(uptimeMs / 1000),
    version: VERSION,
    tables,
    validation: report.validation,
    cluster: report.cluster,
    errors,
  };
}

/**
 * Tables whose sync cannot start: those with errors in their configuration, and all of them while the engine is down or what
 * they have in common is wrong. With the error, since when, and what comes next.
 *
 * @param {import('./node-channel.js').WorkerReport} report
 * @param {import('./settings.js').EngineSetup | undefined} setup
 */
function failedEngines({ errors, errorsSince, running, planned, failure }, setup) {
  const bigquery = setup ? JSON.parse(setup.config).bigquery : undefined;
  const configured = Array.isArray(bigquery?.tables) ? bigquery.tables : [{ id: bigquery?.id ?? bigquery?.table }];
  // An engine that never came up has planned nothing.
  const all = (planned.length > 0 ? planned : configured).map((/** @type {any} */ { id }) => String(id));
  /** @type {Map<string, {error: string, since: string, next: string}>} */
  const failed = new Map();
  for (const { path, found, expected } of errors) {
    const position = /^bigquery\.tables\[(\d+)\]/.exec(path)?.[1];
    if (position === undefined && running) continue;
    const concerned =
      position === undefined ? all : [String(configured[Number(position)]?.id ?? `tables[${position}]`)];
    const error = `${path}: found ${found}, expected ${expected}`;
    const next = `waiting for ${path} to be mended; it is looked at every few seconds`;
    for (const tableId of concerned) if (!failed.has(tableId)) failed.set(tableId, { error, since: errorsSince, next });
  }
  if (failure) {
    const { reason: error, since, restartAt } = failure;
    for (const tableId of all)
      failed.set(tableId, { error, since, next: `the engine is started anew at ${restartAt}` });
  }
  return [...failed].map(([tableId, { error, since, next }]) => ({ tableId, error, since, next }));
}
