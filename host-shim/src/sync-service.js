import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { allowedHosts } from './allowed-hosts.js';
import { followCommands, giveCommand, lastSyncCommand } from './control-state.js';
import { EngineHost } from './engine-host.js';
import { NodeChannel } from './node-channel.js';
import { readSettings } from './settings.js';
import { appendAudit } from './storage/audit.js';
import { createStorage } from './storage/index.js';
import { ensureTable } from './target-table.js';

const VERSION = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;

/** How often config.yaml and the key file are looked at for changes. */
const SETTINGS_INTERVAL_MS = 2_000;

/** Everything of the plugin on one Harper thread: settings, engine, commands, status. */
export class SyncService {
  #scope;
  #nodeId = `${server.hostname}-${server.workerIndex}`;
  #started = Date.now();
  #storage;
  #channel;
  /** @type {import('./settings.js').Settings | undefined} */
  #settings;
  /** @type {EngineHost | undefined} */
  #engine;
  /** Known also on the threads that run no engine. @type {import('./engine-host.js').Plan | undefined} */
  #plan;
  /** @type {import('./control-state.js').Command | undefined} */
  #command;
  /** @type {(() => void)[]} */
  #ends = [];
  #closed = false;

  /** @param {HarperScope} scope */
  constructor(scope) {
    this.#scope = scope;
    this.#channel = new NodeChannel((name, columns) => this.#ensureHere(name, columns));
    this.#storage = createStorage(this.#nodeId, async (name, columns) => {
      await ensureTable(name, columns);
      this.#expose(name);
      this.#channel.announceTable(name, columns);
    });
  }

  async start() {
    this.#scope.databaseEvents.on('updateTable', this.#onTable);
    this.#ends.push(() => this.#scope.databaseEvents.off('updateTable', this.#onTable));
    this.#command = await lastSyncCommand();
    this.#ends.push(
      await followCommands({
        onSync: (command) => {
          this.#command = command;
          void this.#obey();
        },
        onValidate: () => void this.#validate(),
      }),
    );
    await this.#applySettings();
    const timer = setInterval(() => void this.#applySettings(), SETTINGS_INTERVAL_MS).unref();
    this.#ends.push(() => clearInterval(timer));
    if (this.#closed) this.#end();
  }

  async close() {
    this.#closed = true;
    this.#end();
    this.#channel.close();
    await this.#engine?.close();
  }

  /** @param {import('./control-state.js').Action} action */
  giveCommand(action) {
    return giveCommand(action, this.#nodeId);
  }

  /** The documented status, and beside it `tables` and `errors` in detail. */
  status() {
    const report = this.#channel.reports.get(this.#nodeId) ?? firstOf(this.#channel.reports);
    const running = report?.running ?? false;
    const details = (report?.tables ?? []).map((table) => ({ ...table, running: running && table.running }));
    return {
      global: this.#globalState(),
      worker: {
        nodeId: report?.nodeId ?? this.#nodeId,
        running,
        tables: (report?.planned ?? []).map(({ id }) => {
          const detail = details.find((table) => table.tableId === id);
          return { tableId: id, running: detail?.running ?? false, phase: detail?.phase ?? null };
        }),
        failedEngines: failedEngines(report, this.#settings),
      },
      uptime: Math.floor((Date.now() - this.#started) / 1000),
      version: VERSION,
      tables: details,
      errors: report?.errors ?? this.#errors(),
    };
  }

  #globalState() {
    if (this.#command) {
      const { command, commandedAt, commandedBy, version } = this.#command;
      return { command, commandedAt, commandedBy, version };
    }
    return { command: this.#plan?.autoStart ? 'start' : 'stop', commandedAt: null, commandedBy: null, version: 0 };
  }

  /** Reads the settings and, when they are new, starts an engine with them. */
  async #applySettings() {
    try {
      const settings = await readSettings(this.#scope, this.#nodeId);
      if (this.#closed || isDeepStrictEqual(settings, this.#settings)) return;
      const known = this.#settings !== undefined;
      this.#settings = settings;
      if (known)
        this.#log('info', { event: 'reconfigured', message: 'The settings changed: the engine starts anew with them' });
      await this.#engine?.close();
      if (!this.#closed) this.#openEngine(settings);
    } catch (error) {
      this.#log('error', { event: 'settings', message: `The settings could not be applied: ${error}` });
    }
  }

  /** @param {import('./settings.js').Settings} settings */
  #openEngine({ setup }) {
    const hosts = allowedHosts(setup);
    const engine = new EngineHost({ setup, hosts, storage: this.#storage, logger: this.#scope.logger });
    this.#engine = engine;
    this.#plan = undefined;
    engine.on('change', () => {
      if (engine !== this.#engine) return;
      if (engine.plan && engine.plan !== this.#plan) this.#accept(engine.plan);
      if (this.#engine) this.#report(engine);
    });
  }

  /** @param {import('./engine-host.js').Plan} plan */
  #accept(plan) {
    this.#plan = plan;
    for (const { targetTable } of plan.tables) if (tables[targetTable]) this.#expose(targetTable);
    if (plan.threadsPerNode > 0 && server.workerIndex >= plan.threadsPerNode) {
      void this.#engine?.close();
      this.#engine = undefined;
      return;
    }
    for (const error of this.#errors()) {
      const { path, found, expected, help } = error;
      const message = `${path}: found ${found}, expected ${expected}. ${help}`;
      this.#log('error', { event: 'config_error', message, ...error });
    }
    void this.#obey();
  }

  /** Lets the engine do what the last start or stop says; without the key that is configured it does not run. */
  async #obey() {
    if (!this.#plan) return;
    const command = this.#command?.command ?? (this.#plan.autoStart ? 'start' : 'stop');
    await this.#engine?.setRunning(command === 'start' && this.#settings?.errors.length === 0);
  }

  async #validate() {
    if (!this.#engine) return;
    const { status, checkResults } = await this.#engine.validate();
    await appendAudit(this.#nodeId, { status, checkResults });
  }

  /** @param {EngineHost} engine */
  #report({ plan, running, status, failure }) {
    const planned = plan?.tables ?? [];
    this.#channel.report({ nodeId: this.#nodeId, running, planned, tables: status, errors: this.#errors(), failure });
  }

  #errors() {
    return [...(this.#settings?.errors ?? []), ...(this.#plan?.errors ?? [])];
  }

  /** @param {{ tableName: string }} table */
  #onTable = ({ tableName }) => {
    if (tables[tableName] && this.#plan?.tables.some(({ targetTable }) => targetTable === tableName))
      this.#expose(tableName);
  };

  /**
   * Repeats on this thread what another one did: Harper tells threads of new tables, not of new attributes.
   *
   * @param {string} name
   * @param {import('./target-table.js').Column[]} columns
   */
  async #ensureHere(name, columns) {
    try {
      await ensureTable(name, columns);
      this.#expose(name);
    } catch (/** @type {any} */ error) {
      this.#log('error', {
        event: 'table',
        message: `Table ${name} is not up to date on this thread: ${error.val ?? error}`,
      });
    }
  }

  /** Serves a target table by REST, where its schema does not say so. @param {string} name */
  #expose(name) {
    if (!this.#scope.resources.has(name)) this.#scope.resources.set(name, tables[name]);
  }

  #end() {
    for (const end of this.#ends.splice(0)) end();
  }

  /** @param {'info' | 'error'} level @param {object} record */
  #log(level, record) {
    this.#scope.logger[level]?.(JSON.stringify(record));
  }
}

/** @param {Map<string, import('./node-channel.js').WorkerReport>} reports */
function firstOf(reports) {
  return [...reports.values()].sort((a, b) => a.nodeId.localeCompare(b.nodeId))[0];
}

/**
 * Tables whose sync cannot start: those with errors in their configuration, and all of them while the engine is down.
 *
 * @param {import('./node-channel.js').WorkerReport | undefined} report
 * @param {import('./settings.js').Settings | undefined} settings
 */
function failedEngines(report, settings) {
  const configured = settings ? (JSON.parse(settings.setup.config).bigquery?.tables ?? []) : [];
  /** @type {Map<string, string>} */
  const failed = new Map();
  for (const { path, expected } of report?.errors ?? []) {
    const position = /^bigquery\.tables\[(\d+)\]/.exec(path)?.[1];
    if (position === undefined) continue;
    const tableId = String(configured[Number(position)]?.id ?? path);
    if (!failed.has(tableId)) failed.set(tableId, `${path}: expected ${expected}`);
  }
  if (report?.failure) for (const { id } of report.planned) failed.set(id, report.failure);
  return [...failed].map(([tableId, error]) => ({ tableId, error }));
}
