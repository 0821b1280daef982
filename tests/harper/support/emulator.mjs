// A real BigQuery emulator on a free port, and its REST API in the few forms the demo and the tests need.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { EMULATOR_HOME, VENV_BIN } from '../../../scripts/setup/paths.mjs';
import { freePorts, startServer, waitUntilReady } from './process.mjs';

/**
 * @typedef {{name: string, type: string, mode?: string, fields?: Field[]}} Field a BigQuery TableFieldSchema
 * @typedef {{schema: {fields?: Field[]}, rows: any[], totalRows: number, jobId: string}} QueryResult rows as BigQuery sends
 *   them: `{f: [{v}]}`
 */

/**
 * @param {{project?: string, logLevel?: string, folder?: string, restPort?: number}} [options] `folder` keeps the log and
 *   other files; without it a temporary one is used and removed by `stop`. A given `restPort` allows to come back at the
 *   same address.
 */
export async function startEmulator({ project = 'test-project', logLevel = 'error', folder, restPort } = {}) {
  const home = folder ?? mkdtempSync(path.join(tmpdir(), 'bigquery-emulator-'));
  const [freeRestPort, grpcPort] = await freePorts(2);
  const port = restPort ?? freeRestPort;
  const server = startServer(
    path.join(VENV_BIN, 'bqemulator'),
    // prettier-ignore
    ['start', '--ephemeral', '--project', project, '--log-level', logLevel,
      '--rest-host', '127.0.0.1', '--rest-port', String(port),
      '--grpc-host', '127.0.0.1', '--grpc-port', String(grpcPort)],
    {
      cwd: home,
      // It copies a table at every write, for time travel; 0 days let it drop the copies each minute.
      env: { ...process.env, HOME: EMULATOR_HOME, BQEMU_TIME_TRAVEL_RETENTION_DAYS: '0' },
      logFile: path.join(home, 'emulator.log'),
    },
  );
  const url = `http://127.0.0.1:${port}`;
  await waitUntilReady(server, async () => (await fetch(`${url}/readyz`)).ok, {
    what: 'the BigQuery emulator',
    timeoutMs: 60_000,
  });
  return new Emulator(server, url, port, project, home, folder === undefined);
}

export class Emulator {
  #server;
  #home;
  #ownsHome;

  /**
   * @param {import('./process.mjs').ServerProcess} server
   * @param {string} url
   * @param {number} port
   * @param {string} project
   * @param {string} home
   * @param {boolean} ownsHome
   */
  constructor(server, url, port, project, home, ownsHome) {
    this.#server = server;
    this.#home = home;
    this.#ownsHome = ownsHome;
    this.url = url;
    this.port = port;
    this.project = project;
  }

  get pid() {
    return this.#server.pid;
  }

  logText() {
    return this.#server.logText();
  }

  async stop() {
    await this.#server.stop();
    if (this.#ownsHome) rmSync(this.#home, { recursive: true, force: true });
  }

  /**
   * One request to the project's part of the REST API.
   *
   * @param {string} method
   * @param {string} apiPath below `projects/<project>`
   * @param {unknown} [body]
   * @returns {Promise<any>} the answer; rejects on any HTTP status but 2xx
   */
  async request(method, apiPath, body) {
    const response = await fetch(`${this.url}/bigquery/v2/projects/${this.project}${apiPath}`, {
      method,
      // The emulator closes idle connections after 5 s, just when a busy caller may reuse one.
      headers: { connection: 'close', 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${apiPath}: HTTP ${response.status} ${text.slice(0, 1000)}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  /** @param {string} dataset */
  async createDataset(dataset) {
    await this.request('POST', '/datasets', { datasetReference: { projectId: this.project, datasetId: dataset } });
  }

  /**
   * @param {string} dataset
   * @param {string} table
   * @param {Field[]} fields
   * @param {object} [resource] more of the Table resource: `timePartitioning`, `clustering`
   */
  async createTable(dataset, table, fields, resource = {}) {
    await this.request('POST', `/datasets/${dataset}/tables`, {
      tableReference: { projectId: this.project, datasetId: dataset, tableId: table },
      schema: { fields },
      ...resource,
    });
  }

  /** @param {string} dataset @param {string} table */
  async deleteTable(dataset, table) {
    await this.request('DELETE', `/datasets/${dataset}/tables/${table}`);
  }

  /** @param {string} dataset @param {string} table @returns {Promise<any>} the Table resource */
  async getTable(dataset, table) {
    return this.request('GET', `/datasets/${dataset}/tables/${table}`);
  }

  /** Streams rows in; good for a few hundred. @param {string} dataset @param {string} table @param {object[]} rows */
  async insertAll(dataset, table, rows) {
    const answer = await this.request('POST', `/datasets/${dataset}/tables/${table}/insertAll`, {
      rows: rows.map((json) => ({ json })),
    });
    if (answer.insertErrors?.length)
      throw new Error(`insertAll: ${JSON.stringify(answer.insertErrors).slice(0, 1000)}`);
  }

  /**
   * Appends a file to an existing table by a load job; the way for many rows.
   *
   * @param {string} dataset
   * @param {string} table
   * @param {string} file
   * @param {'NEWLINE_DELIMITED_JSON' | 'PARQUET'} [sourceFormat]
   */
  async loadFile(dataset, table, file, sourceFormat = 'NEWLINE_DELIMITED_JSON') {
    const job = await this.request('POST', '/jobs', {
      configuration: {
        load: {
          sourceUris: [pathToFileURL(path.resolve(file)).href],
          sourceFormat,
          destinationTable: { projectId: this.project, datasetId: dataset, tableId: table },
          writeDisposition: 'WRITE_APPEND',
        },
      },
    });
    if (job.status?.errorResult) throw new Error(`load job: ${JSON.stringify(job.status)}`);
  }

  /** Appends rows by a load job. @param {string} dataset @param {string} table @param {object[]} rows */
  async loadRows(dataset, table, rows) {
    const file = path.join(this.#home, `${table}-${process.hrtime.bigint()}.ndjson`);
    writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    try {
      await this.loadFile(dataset, table, file);
    } finally {
      rmSync(file);
    }
  }

  /**
   * @param {string} sql
   * @returns {Promise<QueryResult>} with every row; rejects when the query fails
   */
  async query(sql) {
    const answer = await this.request('POST', '/queries', { query: sql, useLegacySql: false, maxResults: 1_000_000 });
    // The emulator reports a failed query as HTTP 200 with `errors`.
    if (answer.errors?.length) throw new Error(`${sql}: ${JSON.stringify(answer.errors)}`);
    const { jobId } = answer.jobReference;
    // It keeps every result in memory until the job is deleted.
    await this.request('DELETE', `/jobs/${jobId}/delete`);
    return { schema: answer.schema ?? {}, rows: answer.rows ?? [], totalRows: Number(answer.totalRows ?? 0), jobId };
  }
}
