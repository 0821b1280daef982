import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { allowedHosts } from './allowed-hosts.js';
import { UnreadableConfig } from './config-file.js';
import { followCommands, giveCommand, lastSyncCommand, repeatSyncCommand } from './control-state.js';
import { EngineHost } from './engine-host.js';
import { Heartbeats } from './heartbeats.js';
import { NodeChannel } from './node-channel.js';
import { readSettings } from './settings.js';
import { composeStatus } from './status.js';
import { appendAudit } from './storage/audit.js';
import { createStorage } from './storage/index.js';
import { ensureTable } from './target-table.js';

/** How often config.yaml and the key file are looked at for changes. */
const SETTINGS_INTERVAL_MS = 2_000;

/** After how long a start that failed is tried again. */
const START_RETRY_MS = 2_000;

/** Everything of the plugin on one Harper thread: settings, engine, commands, status. */
export class SyncService {
  #scope;
  #nodeId = `${server.hostname}-${server.workerIndex}`;
  #startedMs = Date.now();
  #storage;
  #channel;
  #heartbeats;
  /** @type {import('./settings.js').Settings | undefined} */
  #settings;
  /** Why the settings as they are now are not applied. @type {Error | undefined} */
  #settingsError;
  #settingsReadAt = new Date().toISOString();
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
    this.#heartbeats = new Heartbeats({
      nodeId: this.#nodeId,
      isWorking: () => this.#isWorking(),
      commandVersion: () => this.#command?.version ?? 0,
      onBeat: (heartbeats) => this.#engine?.observeWorkers(heartbeats),
      onOutdated: repeatSyncCommand,
      onError: (error) =>
        this.#log('error', { event: 'heartbeat', message: `Other workers cannot be told or seen: ${error}` }),
    });
    this.#storage = createStorage(this.#nodeId, async (name, columns) => {
      await ensureTable(name, columns);
      this.#expose(name);
      this.#channel.announceTable(name, columns);
    });
  }

  /** Resolves when the sync has started. What fails then, as tables may of a Harper that starts, too, is tried again. */
  async start() {
    while (!this.#closed) {
      try {
        return await this.#begin();
      } catch (/** @type {any} */ error) {
        this.#end();
        const message = `The sync could not start and tries again in ${START_RETRY_MS / 1000} s: ${error?.stack ?? error}`;
        this.#log('error', { event: 'start', message });
        await sleep(START_RETRY_MS, undefined, { ref: false });
      }
    }
  }

  async #begin() {
    this.#scope.databaseEvents.on('updateTable', this.#onTable);
    this.#ends.push(() => this.#scope.databaseEvents.off('updateTable', this.#onTable));
    this.#command = await lastSyncCommand();
    this.#ends.push(
      await followCommands({
        onSync: (command) => {
          this.#command = command;
          void this.#obey();
        },
        onValidate: ({ repair = false }) => this.#validate(repair),
        onError: (error) => this.#log('error', { event: 'command', message: `A command could not be read: ${error}` }),
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

  /** @param {import('./control-state.js').Order} order */
  giveCommand(order) {
    return giveCommand(order, this.#nodeId);
  }

  /** The validation that the worker runs whose status is told; null when there is none. */
  get validation() {
    return (this.#channel.reportFor(this.#nodeId) ?? this.#ownReport()).validation;
  }

  /** Roles that may do what otherwise only super users may; nobody's while there is no valid configuration. */
  get access() {
    return this.#plan?.access ?? { read: [], control: [] };
  }

  /** What GET /SyncControl answers. */
  status() {
    return composeStatus({
      report: this.#channel.reportFor(this.#nodeId) ?? this.#ownReport(),
      command: this.#command,
      setup: this.#settings?.setup,
      uptimeMs: Date.now() - this.#startedMs,
    });
  }

  /** Reads the settings and, when they are new, starts an engine with them. */
  async #applySettings() {
    try {
      const settings = await readSettings(this.#scope, this.#nodeId);
      if (!this.#closed && !isDeepStrictEqual(settings, this.#settings)) await this.#restartWith(settings);
      this.#noteSettings(undefined);
    } catch (/** @type {any} */ error) {
      // What was applied before holds, and the file is looked at again soon.
      if (this.#settingsError?.message !== error.message)
        this.#log('error', { event: 'settings', message: `The settings could not be applied: ${error.message}` });
      this.#noteSettings(error);
    }
  }

  /** @param {Error | undefined} error why the settings as they are now are not applied */
  #noteSettings(error) {
    const isNews = error?.message !== this.#settingsError?.message;
    this.#settingsError = error;
    if (isNews && this.#engine) this.#channel.report(this.#ownReport());
  }

  /** @param {import('./settings.js').Settings} settings */
  async #restartWith(settings) {
    const known = this.#settings !== undefined;
    this.#settings = settings;
    this.#settingsReadAt = new Date().toISOString();
    if (known)
      this.#log('info', { event: 'reconfigured', message: 'The settings changed: the engine starts anew with them' });
    await this.#engine?.close();
    if (!this.#closed) this.#openEngine(settings);
  }

  /** @param {import('./settings.js').Settings} settings */
  #openEngine({ setup }) {
    const hosts = allowedHosts(setup);
    const engine = new EngineHost({ setup, hosts, storage: this.#storage, logger: this.#scope.logger });
    this.#engine = engine;
    this.#plan = undefined;
    engine.on('report', (report) => void this.#audit(report));
    engine.on('change', () => {
      if (engine !== this.#engine) return;
      if (engine.plan && engine.plan !== this.#plan) void this.#accept(engine.plan);
      if (this.#engine) this.#channel.report(this.#ownReport());
    });
  }

  /** @param {import('./engine-host.js').Plan} plan */
  async #accept(plan) {
    this.#plan = plan;
    for (const { targetTable } of plan.tables) if (tables[targetTable]) this.#expose(targetTable);
    const threads = Math.min(plan.threadsPerNode || Infinity, server.workerCount);
    if (server.workerIndex >= threads) {
      void this.#engine?.close();
      this.#engine = undefined;
      this.#channel.withdraw();
      return this.#heartbeats.leave();
    }
    for (const error of this.#errors()) {
      const { path, found, expected, help } = error;
      const message = `${path}: found ${found}, expected ${expected}. ${help}`;
      this.#log('error', { event: 'config_error', message, ...error });
    }
    const siblings = Array.from({ length: threads }, (_, index) => `${server.hostname}-${index}`);
    await this.#heartbeats.start(Number(plan.heartbeatIntervalMs), siblings);
    await this.#obey();
  }

  /** Lets the engine do what the last start or stop says; without the key that is configured it does not run. */
  async #obey() {
    if (!this.#plan) return;
    const command = this.#command?.command ?? (this.#plan.autoStart ? 'start' : 'stop');
    await this.#engine?.setRunning(command === 'start' && this.#settings?.errors.length === 0);
  }

  /** Whether other workers may leave a part of the tables to this one. */
  #isWorking() {
    const { plan, failure } = this.#engine ?? {};
    return failure === undefined && this.#settings?.errors.length === 0 && plan !== undefined && plan.tables.length > 0;
  }

  /** @param {boolean} repair */
  #validate(repair) {
    // Without a plan it is not known yet whether this thread takes part.
    if (this.#engine && (this.#plan || this.#engine.failure)) this.#engine.validate(repair ? 'repair' : 'whole');
  }

  /** @param {import('./engine-host.js').Report} report */
  async #audit(report) {
    // Each table is validated by one worker of the cluster; others have nothing to tell.
    if (Object.keys(report.checkResults).length === 0) return;
    try {
      await appendAudit(this.#nodeId, report);
    } catch (error) {
      this.#log('error', {
        event: 'audit_failed',
        message: `The outcome of a validation could not be written to SyncAudit: ${error}`,
        ...report,
      });
    }
  }

  /** @returns {import('./node-channel.js').WorkerReport} */
  #ownReport() {
    const { running = false, status: tables = [], validation = null, cluster = [], failure } = this.#engine ?? {};
    const { tables: planned = [], autoStart = false } = this.#plan ?? {};
    const [errors, errorsSince] = [this.#errors(), this.#settingsReadAt];
    const nodeId = this.#nodeId;
    return { nodeId, running, autoStart, planned, tables, validation, cluster, errors, errorsSince, failure };
  }

  #errors() {
    const unapplied = this.#settingsError ? [toConfigError(this.#settingsError, this.#scope.configFilePath)] : [];
    return [...unapplied, ...(this.#settings?.errors ?? []), ...(this.#plan?.errors ?? [])];
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
    this.#heartbeats.stop();
    for (const end of this.#ends.splice(0)) end();
  }

  /** @param {'info' | 'error'} level @param {object} record */
  #log(level, record) {
    this.#scope.logger[level]?.(JSON.stringify(record));
  }
}

/**
 * @param {Error} error
 * @param {string} path of the configuration
 * @returns {import('./settings.js').ConfigError}
 */
function toConfigError(error, path) {
  if (error instanceof UnreadableConfig) return error.error;
  const help = 'The settings that were read before hold. Correct the file; it is looked at every few seconds.';
  return { path, found: error.message, expected: 'settings that an engine starts with', help };
}
