// `bigquery-ingestor benchmark` in a folder of its own, and a BigQuery that estimates as Google's does.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { REPO_ROOT, VENV_BIN } from '../../../scripts/setup/paths.mjs';
import { eventually } from '../../harper/support/eventually.mjs';
import { startCountingProxy } from '../../harper/support/proxy.mjs';

/** @typedef {{ code: number | null, output: string, errors: string }} Ended */
/** @typedef {{ status: number, body: unknown }} Refusal */
/** @typedef {{ query: string, maximumBytesBilled?: string, isDryRun: boolean, parameters: string[] }} QueryJob */

const COMMAND = path.join(REPO_ROOT, 'host-shim/bin/bigquery-ingestor.js');

/** Gives a command a terminal. */
const IN_TERMINAL = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

/** @param {string} id also the table's name @param {object} [settings] */
export const entry = (id, settings = {}) => ({
  id,
  dataset: 'fleet',
  table: id,
  timestampColumn: 'at',
  targetTable: `T_${id}`,
  ...settings,
});

export class Tool {
  #folder = mkdtempSync(path.join(tmpdir(), 'benchmark-tool-'));

  /** @param {string | undefined} emulatorHost @param {object} bigquery the section of the configuration */
  constructor(emulatorHost, bigquery) {
    /** @type {NodeJS.ProcessEnv} */
    this.env = { ...process.env, BIGQUERY_EMULATOR_HOST: emulatorHost, GOOGLE_APPLICATION_CREDENTIALS: undefined };
    const config = { bigquery: { projectId: 'test-project', maxRetries: 1, initialRetryDelay: 10, ...bigquery } };
    writeFileSync(path.join(this.#folder, 'config.yaml'), JSON.stringify(config));
  }

  /** Without trying several threads, unless told. @param {string[]} args */
  run(...args) {
    return this.#end(process.execPath, [COMMAND, 'benchmark', '--threads', '1', ...args]).ended;
  }

  /** Types an answer to its question. @param {string} answer @param {string[]} args */
  async runInTerminal(answer, ...args) {
    const command = ['-c', IN_TERMINAL, process.execPath, COMMAND, 'benchmark', '--threads', '1', ...args];
    const { child, said, ended } = this.#end(path.join(VENV_BIN, 'python'), command);
    await eventually(() => {
      if (!said().includes('[y/N]')) throw new Error(`nothing was asked: ${said()}`);
    });
    child.stdin.write(answer);
    return ended;
  }

  /** What `--json` has written. @param {string} file @returns {any} */
  json(file) {
    return JSON.parse(readFileSync(path.join(this.#folder, file), 'utf8'));
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** @param {string} command @param {string[]} args */
  #end(command, args) {
    const child = spawn(command, args, { cwd: this.#folder, env: this.env, stdio: 'pipe' });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (errors += data));
    /** @type {Promise<Ended>} */
    const ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, output, errors }));
    });
    return { child, said: () => output, ended };
  }
}

/**
 * A way to the emulator on which dry runs are answered as BigQuery answers them.
 *
 * @param {string} emulatorUrl
 * @param {(job: QueryJob) => number | Refusal | undefined} estimate bytes that a query reads; undefined for the emulator's own answer
 * @param {(job: QueryJob) => Refusal | undefined} [refuse] queries that are no dry runs
 */
export async function startEstimates(emulatorUrl, estimate, refuse = () => undefined) {
  const proxy = await startCountingProxy(emulatorUrl, (seen) => {
    const job = jobOf(seen);
    if (!job) return undefined;
    if (!job.isDryRun) return refuse(job);
    const bytes = estimate(job);
    if (typeof bytes !== 'number') return bytes;
    const statistics = { totalBytesProcessed: String(bytes), query: { totalBytesProcessed: String(bytes) } };
    return { status: 200, body: { kind: 'bigquery#job', status: { state: 'DONE' }, statistics } };
  });
  const jobs = () => proxy.requests.flatMap((seen) => jobOf(seen) ?? []);
  return {
    url: proxy.url,
    stop: proxy.stop,
    /** The queries that ran. */
    run: () => jobs().filter(({ isDryRun }) => !isDryRun),
    dryRuns: () => jobs().filter(({ isDryRun }) => isDryRun),
  };
}

/** @param {import('../../harper/support/proxy.mjs').SeenRequest} seen @returns {QueryJob | undefined} */
function jobOf({ method, path: asked, body }) {
  if (method !== 'POST' || !/\/(jobs|queries)\?/.test(asked)) return undefined;
  const { configuration } = JSON.parse(body);
  const { query, maximumBytesBilled, queryParameters } = configuration.query;
  const parameters = queryParameters.map((/** @type {{ name: string }} */ { name }) => name);
  return { query, maximumBytesBilled, isDryRun: configuration.dryRun === true, parameters };
}
