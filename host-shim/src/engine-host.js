import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineConnection } from './engine-connection.js';
import { toStorageError } from './storage/failure.js';

/** A thread that does not pause within this time is ended; a stop has to be done within 2 s. */
const PAUSE_PATIENCE_MS = 1_200;

const FIRST_RESTART_DELAY_MS = 1_000;
const LONGEST_RESTART_DELAY_MS = 60_000;

/** An engine that has lived this long was healthy: its next failure is a first one again. */
const HEALTHY_AFTER_MS = 60_000;

/**
 * @typedef {object} EngineFailure
 * @property {string} reason
 * @property {string} since
 * @property {string} restartAt when it is started anew
 *
 * @typedef {object} Report one of `reports` in wit/engine.wit
 * @property {'command' | 'schedule'} [trigger]
 * @property {string} status
 * @property {any} checkResults
 *
 * @typedef {object} Plan `plan` in wit/engine.wit
 * @property {{ id: string, source: string, targetTable: string }[]} tables
 * @property {import('./settings.js').ConfigError[]} errors
 * @property {boolean} autoStart
 * @property {number} threadsPerNode
 * @property {{ read: string[], control: string[] }} access Harper roles
 * @property {bigint} heartbeatIntervalMs
 * @property {string[]} hosts
 */

/**
 * Runs one engine in a thread of its own: answers its storage requests, hands it commands, and starts it again when it
 * fails. Ending the thread at any moment is safe: rows are written before the checkpoint that claims them.
 *
 * Emits `change` whenever `plan`, `running`, `status`, `validation`, `cluster` or `failure` is a new one, and `report` with the
 * outcome of each validation.
 */
export class EngineHost extends EventEmitter {
  /** What the engine made of its configuration. @type {Plan | undefined} */
  plan;
  /** Whether the engine syncs at this moment. */
  running = false;
  /** The `tables` of the engine's latest status. @type {any[]} */
  status = [];
  /** The validation under way, as the engine tells of it. @type {object | null} */
  validation = null;
  /** The live workers. @type {import('./heartbeats.js').Worker[]} */
  cluster = [];
  /** Why the engine is down; undefined while it is up. @type {EngineFailure | undefined} */
  failure;

  #setup;
  #hosts;
  #storage;
  #logger;
  #wanted = false;
  /** @type {import('./heartbeats.js').Heartbeat[] | undefined} */
  #heartbeats;
  #closed = false;
  #failures = 0;
  /** @type {EngineConnection | undefined} */
  #connection;
  /** @type {NodeJS.Timeout | undefined} */
  #restart;
  /** Validations that were asked for and have not been reported. */
  #validations = 0;

  /**
   * @param {object} options
   * @param {import('./settings.js').EngineSetup} options.setup
   * @param {string[]} options.hosts that the engine may talk to
   * @param {Record<string, (...args: any[]) => Promise<any>>} options.storage
   * @param {HarperLogger} options.logger
   */
  constructor({ setup, hosts, storage, logger }) {
    super();
    this.#setup = setup;
    this.#hosts = hosts;
    this.#storage = storage;
    this.#logger = logger;
    this.#spawn();
  }

  /**
   * Starts or stops syncing; resolves when the engine has obeyed.
   *
   * @param {boolean} running
   */
  async setRunning(running) {
    if (this.#wanted === running) return;
    this.#wanted = running;
    const connection = this.#connection;
    if (!connection) return;
    connection.send({ running });
    if (running) return;
    await Promise.race([connection.paused(), sleep(PAUSE_PATIENCE_MS, undefined, { ref: false })]);
    if (connection === this.#connection && this.running && !this.#wanted) {
      this.#log('warn', 'engine_ended', 'The engine did not pause in time: its thread is ended and started anew', {});
      this.#replace();
    }
  }

  /**
   * Tells the engine which workers there are.
   *
   * @param {import('./heartbeats.js').Heartbeat[]} heartbeats
   */
  observeWorkers(heartbeats) {
    this.#heartbeats = heartbeats;
    this.#connection?.send({ heartbeats });
  }

  /**
   * Compares tables with their source. The outcome is emitted as `report`.
   *
   * @param {'whole' | 'repair'} extent
   */
  validate(extent) {
    if (!this.#connection)
      return this.emit('report', notValidated(this.failure?.reason ?? 'the engine is not running'));
    this.#validations += 1;
    this.#connection.send({ validate: extent });
  }

  async close() {
    this.#closed = true;
    clearTimeout(this.#restart);
    const connection = this.#connection;
    this.#connection = undefined;
    this.#abandon('the engine was closed');
    await connection?.end();
  }

  #spawn() {
    const connection = new EngineConnection(this.#setup, this.#hosts);
    this.#connection = connection;
    connection.on('message', (message) => connection === this.#connection && this.#receive(connection, message));
    connection.on('end', (reason) => connection === this.#connection && this.#fail(reason, connection.ageMs));
    if (this.#heartbeats) connection.send({ heartbeats: this.#heartbeats });
    connection.send({ running: this.#wanted });
  }

  /** Ends the thread and starts another one at once. */
  #replace() {
    const old = this.#connection;
    this.#abandon('the engine was started anew');
    this.#spawn();
    void old?.end();
  }

  /** @param {EngineConnection} connection @param {any} message */
  #receive(connection, message) {
    if (message.call !== undefined) {
      void this.#serve(connection, message);
    } else if (message.log) {
      const { level, event, message: text, fields } = message.log;
      this.#log(level, event, text, JSON.parse(fields || '{}'));
    } else if (message.trapped !== undefined) {
      connection.trapped = message.trapped;
    } else {
      if (message.plan) this.#accept(message.plan);
      if (message.running !== undefined) this.running = message.running;
      if (message.cluster) this.cluster = JSON.parse(message.cluster);
      if (message.status) ({ tables: this.status, validation: this.validation } = JSON.parse(message.status));
      this.emit('change');
      for (const report of message.reports ?? []) this.#report(JSON.parse(report));
    }
  }

  /** @param {Plan} plan */
  #accept(plan) {
    this.plan = plan;
    this.failure = undefined;
    const refused = plan.hosts.filter(
      (host) => !this.#hosts.includes(host) && !this.#hosts.some((h) => h.startsWith(`${host}:`)),
    );
    if (refused.length > 0) {
      this.#log('warn', 'hosts', 'The engine wants to reach hosts that the configuration does not allow', { refused });
    }
  }

  /** @param {EngineConnection} connection @param {{ call: number, method: string, args: any[] }} request */
  async #serve(connection, { call, method, args }) {
    try {
      connection.send({ answer: call, value: await this.#storage[method](...args) });
    } catch (error) {
      connection.send({ answer: call, failure: await toStorageError(error) });
    }
  }

  /** @param {string} reason @param {number} ageMs */
  #fail(reason, ageMs) {
    this.#connection = undefined;
    this.#failures = ageMs > HEALTHY_AFTER_MS ? 1 : this.#failures + 1;
    const delayMs = Math.min(FIRST_RESTART_DELAY_MS * 2 ** (this.#failures - 1), LONGEST_RESTART_DELAY_MS);
    const now = Date.now();
    this.failure = {
      reason,
      since: this.failure?.since ?? new Date(now).toISOString(),
      restartAt: new Date(now + delayMs).toISOString(),
    };
    this.#log('error', 'engine_trapped', `The engine ended: ${reason}. It is started anew in ${delayMs / 1000} s`, {
      reason,
      delayMs,
      failures: this.#failures,
    });
    this.#abandon(reason);
    this.#restart = setTimeout(() => this.#spawn(), delayMs).unref();
  }

  /** @param {Report} report */
  #report(report) {
    // Several that were asked for while another one ran may be one.
    if (report.trigger !== 'schedule') this.#validations = 0;
    this.emit('report', report);
  }

  /** @param {string} reason */
  #abandon(reason) {
    this.running = false;
    this.validation = null;
    if (this.#validations > 0) this.#report(notValidated(reason));
    if (!this.#closed) this.emit('change');
  }

  /** @param {string} level @param {string} event @param {string} message @param {object} fields */
  #log(level, event, message, fields) {
    const write = /** @type {any} */ (this.#logger)[level];
    write?.call(this.#logger, JSON.stringify({ event, message, ...fields }));
  }
}

/** @param {string} reason @returns {Report} */
function notValidated(reason) {
  return { trigger: 'command', status: 'error', checkResults: { error: reason } };
}
