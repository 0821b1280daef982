// A real Harper process with a home, a root folder and five ports of its own.
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CLI, PASSWORD, USER, install } from './installation.mjs';
import { freePorts, startServer, waitUntilReady } from './process.mjs';

export { PASSWORD, USER };

/**
 * For measuring: once in this many seconds each of Harper's threads takes a profile of itself, which blocks it for about 80 ms
 * when it has been busy, with the plugin or without. The default is a minute.
 */
export const WITHOUT_OWN_PROFILES = { analytics: { aggregatePeriod: 24 * 3600 } };

/**
 * @typedef {object} HarperOptions
 * @property {string} app folder of the app to run
 * @property {number} [threads] HTTP threads
 * @property {NodeJS.ProcessEnv} [env] on top of ours
 * @property {Record<string, unknown>} [config] for harperdb-config.yaml
 * @property {string} [node] the Node.js binary to run it with
 * @property {string} [folder] where home, root and log go; without it a temporary one, removed by `stop`
 * @property {number} [preferredHttpPort] taken if it is free
 * @property {string} [host] the loopback address to listen on
 */

/**
 * Installs and starts a Harper and waits until all of its threads have loaded the app.
 *
 * @param {HarperOptions} options
 */
export async function startHarper(options) {
  const [http, operations, mqtt, mqttSecure, replication] = await freePorts(5, options.preferredHttpPort);
  const harper = new Harper(options, { operations, http, mqtt, mqttSecure, replication });
  await harper.start();
  return harper;
}

/** @typedef {RequestInit & {auth?: string | false}} RestInit `auth` is `user:password`, or false for none; the super user otherwise */

export class Harper {
  #options;
  #host;
  #environment;
  #settings;
  /** @type {import('./process.mjs').ServerProcess | undefined} */
  #server;
  #logFile;

  /**
   * @param {HarperOptions} options
   * @param {Record<'operations' | 'http' | 'mqtt' | 'mqttSecure' | 'replication', number>} ports
   */
  constructor(options, ports) {
    this.#options = options;
    const host = options.host ?? '127.0.0.1';
    this.#host = host;
    this.folder = options.folder ?? mkdtempSync(path.join(tmpdir(), 'harper-'));
    this.root = path.join(this.folder, 'root');
    this.#logFile = path.join(this.folder, 'harper.log');
    mkdirSync(path.join(this.folder, 'home'), { recursive: true });
    this.httpUrl = `http://${host}:${ports.http}`;
    this.opsUrl = `http://${host}:${ports.operations}`;
    this.#environment = { ...process.env, HOME: path.join(this.folder, 'home'), ROOTPATH: this.root, ...options.env };
    this.#settings = {
      ...options.config,
      http: { port: `${host}:${ports.http}`, securePort: null },
      operationsApi: { network: { port: `${host}:${ports.operations}`, securePort: null } },
      mqtt: { network: { port: `${host}:${ports.mqtt}`, securePort: `${host}:${ports.mqttSecure}` } },
      replication: {
        hostname: host,
        securePort: `${host}:${ports.replication}`,
        .../** @type {object | undefined} */ (options.config?.replication),
      },
      threads: { count: options.threads ?? 1 },
      // stdStreams: readiness is a line on stdout, which the production defaults keep in the log file only.
      logging: { level: 'info', stdStreams: true },
    };
  }

  get pid() {
    return this.#running().pid;
  }

  #running() {
    if (!this.#server) throw new Error('this Harper is not started');
    return this.#server;
  }

  async start() {
    if (this.#server?.isRunning()) throw new Error('this Harper is running already');
    await install(this.root, this.#host, this.#settings);
    appendFileSync(this.#logFile, '');
    // Readiness is looked for in what this start writes.
    const before = statSync(this.#logFile).size;
    const { node = process.execPath, app } = this.#options;
    this.#server = startServer(node, [CLI, 'run', '.'], { cwd: app, env: this.#environment, logFile: this.#logFile });
    const isReady = async () => readFileSync(this.#logFile).subarray(before).includes('successfully started');
    await waitUntilReady(this.#server, isReady, { what: 'Harper', timeoutMs: 120_000 });
  }

  /** Ends it in an orderly way and removes its folder, unless that was given. */
  async stop() {
    await this.#server?.stop(10_000);
    if (this.#options.folder === undefined) rmSync(this.folder, { recursive: true, force: true });
  }

  /** kill -9. `start` brings it back with the same data. */
  async kill() {
    await this.#running().kill();
  }

  /** Orderly stop and start with the same data. */
  async restart() {
    await this.#running().stop(10_000);
    await this.start();
  }

  /** @returns {string} everything Harper and the plugin logged, over all starts */
  logText() {
    return readFileSync(this.#logFile, 'utf8');
  }

  /** @param {RegExp | string} wanted what has to be somewhere in the log */
  assertLogged(wanted) {
    const found = typeof wanted === 'string' ? this.logText().includes(wanted) : wanted.test(this.logText());
    if (!found) throw new Error(`${wanted} was not logged to ${this.#logFile}`);
  }

  /**
   * @param {string} urlPath `/SyncControl`
   * @param {RestInit} [init]
   * @returns {Promise<Response>}
   */
  rest(urlPath, init) {
    return fetch(this.httpUrl + urlPath, withAuth(init));
  }

  /**
   * GET of JSON, or POST when there is a body.
   *
   * @param {string} urlPath
   * @param {unknown} [body]
   * @returns {Promise<any>} rejects on any status but 2xx
   */
  async json(urlPath, body) {
    const response = await this.rest(
      urlPath,
      body === undefined
        ? {}
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    );
    const text = await response.text();
    if (!response.ok) throw new Error(`${urlPath}: HTTP ${response.status} ${text.slice(0, 1000)}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  /**
   * GETs something often enough that each thread answers, most likely. A connection stays with a thread, so each request has
   * one of its own.
   *
   * @param {string} urlPath
   * @param {number} times
   * @returns {Promise<any[]>}
   */
  async jsonOfThreads(urlPath, times) {
    const get = () => this.rest(urlPath, { headers: { connection: 'close' } });
    const responses = await Promise.all(Array.from({ length: times }, get));
    return Promise.all(responses.map((response) => response.json()));
  }

  /**
   * @param {Record<string, unknown>} operation of Harper's operations API
   * @returns {Promise<any>} rejects on any status but 2xx
   */
  async operation(operation) {
    const response = await fetch(
      this.opsUrl,
      withAuth({
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(operation),
      }),
    );
    const text = await response.text();
    if (!response.ok) throw new Error(`${operation.operation}: HTTP ${response.status} ${text.slice(0, 1000)}`);
    return JSON.parse(text);
  }

  /** @param {string} sql @returns {Promise<any>} the rows */
  sql(sql) {
    return this.operation({ operation: 'sql', sql });
  }
}

/** @param {RestInit} [init] @returns {RequestInit} */
function withAuth({ auth = `${USER}:${PASSWORD}`, ...init } = {}) {
  const headers = new Headers(init.headers);
  if (auth !== false) headers.set('authorization', `Basic ${Buffer.from(auth).toString('base64')}`);
  return { ...init, headers };
}
