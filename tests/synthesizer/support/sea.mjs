// One dataset of ships in an emulator, and the command that fills it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { REPO_ROOT, VENV_BIN } from '../../../scripts/setup/paths.mjs';
import { eventually } from '../../harper/support/eventually.mjs';

/** @typedef {import('../../harper/support/emulator.mjs').Emulator} Emulator */
/** @typedef {{ code: number | null, output: string, errors: string, events: any[] }} Ended */

const COMMAND = path.join(REPO_ROOT, 'host-shim/bin/maritime-data-synthesizer.js');

/** Gives a command a terminal: what is written to it is typed, `\x03` is Ctrl-C. */
const IN_TERMINAL = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

export const TABLES = /** @type {const} */ (['vessel_positions', 'port_events', 'vessel_metadata']);
export const UNTIL = '2025-12-01T12:00:00Z';

/** A small fleet that reports often enough: 7,200 positions a day. */
const FLEET = { totalVessels: 300, batchSize: 5 };

let datasets = 0;

export class Sea {
  dataset = `sea_${++datasets}`;
  #folder = mkdtempSync(path.join(tmpdir(), 'synthesizer-'));

  /**
   * @param {Emulator} emulator
   * @param {object} [options]
   * @param {string} [options.url] another way to the emulator
   * @param {Record<string, any>} [options.synthesizer] settings
   * @param {Record<string, any>} [options.bigquery] settings
   */
  constructor(emulator, { url = emulator.url, synthesizer = {}, bigquery = {} } = {}) {
    this.emulator = emulator;
    /** @type {NodeJS.ProcessEnv} */
    this.env = { ...process.env, BIGQUERY_EMULATOR_HOST: url };
    this.writeConfig({
      bigquery: { projectId: emulator.project, maxRetries: 1, initialRetryDelay: 10, ...bigquery },
      synthesizer: { dataset: this.dataset, ...FLEET, ...synthesizer },
    });
  }

  /** @param {unknown} config an object, or text as it is */
  writeConfig(config) {
    const text = typeof config === 'string' ? config : JSON.stringify(config);
    writeFileSync(path.join(this.#folder, 'config.yaml'), text);
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Runs a command to its end. @param {string[]} args */
  run(...args) {
    return this.begin(...args).ended;
  }

  /** Runs a command to its end, which has to be a good one. @param {string[]} args @returns {Promise<any>} its last event */
  async do(...args) {
    const { code, output, errors, events } = await this.run(...args, '--json');
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${output}${errors}`);
    return events.at(-1);
  }

  /** @param {string[]} args */
  begin(...args) {
    return new Run(process.execPath, [COMMAND, ...args], { cwd: this.#folder, env: this.env });
  }

  /** Runs a command in a terminal. @param {string[]} args */
  beginInTerminal(...args) {
    const command = ['-c', IN_TERMINAL, process.execPath, COMMAND, ...args];
    return new Run(path.join(VENV_BIN, 'python'), command, { cwd: this.#folder, env: { ...this.env, TERM: 'xterm' } });
  }

  /** @param {string} table @param {string} [condition] @returns {Promise<string[]>} its rows as JSON, sorted */
  async rows(table, condition = 'TRUE') {
    const { rows } = await this.emulator.query(`SELECT * FROM \`${this.dataset}.${table}\` WHERE ${condition}`);
    return rows.map((row) => JSON.stringify(row)).sort();
  }

  /** All rows of all tables. */
  async content() {
    return Object.fromEntries(
      await Promise.all(TABLES.map(async (table) => /** @type {const} */ ([table, await this.rows(table)]))),
    );
  }

  /** @param {string} sql `{table}` stands for a table of the dataset */
  query(sql) {
    return this.emulator.query(sql.replaceAll(/\{(\w+)\}/g, `\`${this.dataset}.$1\``));
  }
}

/** A command under way. */
class Run {
  output = '';
  errors = '';
  #child;

  /** @param {string} command @param {string[]} args @param {import('node:child_process').SpawnOptions} options */
  constructor(command, args, options) {
    this.#child = spawn(command, args, { ...options, stdio: 'pipe' });
    this.#child.stdout?.on('data', (data) => (this.output += data));
    this.#child.stderr?.on('data', (data) => (this.errors += data));
    /** @type {Promise<Ended>} */
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code) =>
        resolve({ code, output: this.output, errors: this.errors, events: this.events }),
      );
    });
  }

  /** What `--json` has told. */
  get events() {
    return this.output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  }

  /** @param {RegExp} pattern */
  async says(pattern) {
    await eventually(() => {
      if (!pattern.test(this.output)) throw new Error(`${pattern} is not in ${this.output}${this.errors}`);
    });
  }

  /** @param {string} text */
  type(text) {
    this.#child.stdin?.write(text);
  }

  /** @param {NodeJS.Signals} signal */
  kill(signal) {
    this.#child.kill(signal);
  }
}
