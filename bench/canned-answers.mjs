import { CannedResult, FIELDS, PAGE_ROWS, rowsBefore, timestampOf } from './pages.mjs';
import { ROW_BYTES, billed, bytesProcessed, nothing, sum } from './prices.mjs';

/** @typedef {{ range: import('./pages.mjs').Range, bytesProcessed: number }} Job */

const SLOTS = 1024;

/** A BigQuery whose every table has the same rows. Answers are cut from memory, so that it is never what is measured. */
export class CannedAnswers {
  /** Query jobs by the table that they name. @type {Record<string, number>} */
  queryJobs = {};
  /** What they are billed. @type {Record<string, import('./prices.mjs').Billed>} */
  bytesBilled = {};
  /** Microseconds; later rows are not there yet. */
  now = Infinity;

  #result;
  /** @type {Map<string, Job>} */
  #jobs = new Map();

  /** @param {number} rows of every table */
  constructor(rows) {
    this.#result = new CannedResult(rows);
  }

  /**
   * @param {string} pathAndQuery
   * @param {string} body of a POST
   * @returns {object | Buffer[] | undefined} an object, the parts of a text, or nothing when there is no such thing
   */
  answer(pathAndQuery, body) {
    const { pathname, searchParams } = new URL(pathAndQuery, 'http://canned');
    const [, projectId, path] = /^\/bigquery\/v2\/projects\/([^/]+)(\/.*)$/.exec(pathname) ?? [];
    const [, datasetId, tableId] = /^\/datasets\/([^/]+)\/tables\/([^/]+)$/.exec(path) ?? [];
    if (tableId) return this.#table({ projectId, datasetId, tableId });
    if (path === '/jobs') return this.#insert(JSON.parse(body));
    if (path === '/queries') return this.#query(projectId, JSON.parse(body));
    const [, jobId] = /^\/queries\/([^/]+)$/.exec(path) ?? [];
    if (!jobId) return undefined;
    const startIndex = Number(searchParams.get('pageToken') ?? searchParams.get('startIndex') ?? 0);
    return this.#page(projectId, jobId, startIndex, Number(searchParams.get('maxResults') ?? PAGE_ROWS));
  }

  /** @param {object} tableReference */
  #table(tableReference) {
    const rows = this.#rows();
    return {
      kind: 'bigquery#table',
      tableReference,
      schema: { fields: FIELDS },
      numBytes: String(Math.round(rows * ROW_BYTES)),
      numRows: String(rows),
      lastModifiedTime: String(Math.floor(timestampOf(rows - 1) / 1000)),
      type: 'TABLE',
      location: 'US',
    };
  }

  /** `jobs.insert` @param {any} job */
  #insert({ jobReference, configuration }) {
    this.#run(jobReference.jobId, configuration.query);
    return { kind: 'bigquery#job', jobReference, configuration, status: { state: 'DONE' } };
  }

  /** `jobs.query`, with the first page of the result. @param {string} projectId @param {any} request */
  #query(projectId, request) {
    const jobId = `query_${this.#jobs.size}`;
    this.#run(jobId, request);
    return this.#page(projectId, jobId, 0, request.maxResults ?? PAGE_ROWS);
  }

  /**
   * Of a query it understands the bounds of its timestamps, `>= @low` or `> @after`, a LIMIT, and how many slots it is about:
   * of so many rows it returns that share, the latest ones, so that watermarks move as they would.
   *
   * @param {string} jobId
   * @param {{ query: string, queryParameters?: any[] }} query
   */
  #run(jobId, { query, queryParameters = [] }) {
    const [, table = ''] = /`[^`]*\.([^.`]+)`/.exec(query) ?? [];
    /** @param {string} name */
    const parameter = (name) => queryParameters.find((one) => one.name === name)?.parameterValue.value;
    const [low, after] = ['low', 'after'].map((name) => microsOf(parameter(name)));
    const least = low ?? (after === undefined ? -Infinity : after + 1);
    const { first, end } = this.#result.between(least, this.now);
    const [, firstSlot, lastSlot] = /\) BETWEEN (\d+) AND (\d+)$/.exec(query) ?? [];
    const share = lastSlot ? (Number(lastSlot) - Number(firstSlot) + 1) / SLOTS : 1;
    const limit = Number(/ LIMIT (\d+)$/.exec(query)?.[1] ?? Infinity);
    const found = Math.min(Math.ceil((end - first) * share), limit);
    this.queryJobs[table] = (this.queryJobs[table] ?? 0) + 1;
    this.bytesBilled[table] = sum(this.bytesBilled[table] ?? nothing(), billed(this.#rows(), least));
    const start = limit === Infinity ? end - found : first;
    this.#jobs.set(jobId, {
      range: { first: start, end: start + found },
      bytesProcessed: bytesProcessed('unpartitioned', this.#rows(), least),
    });
  }

  /** @param {string} projectId @param {string} jobId @param {number} startIndex @param {number} maxResults */
  #page(projectId, jobId, startIndex, maxResults) {
    const { range, bytesProcessed } = this.#jobs.get(jobId) ?? {};
    return this.#result.page({ projectId, jobId, location: 'US' }, startIndex, maxResults, range, bytesProcessed);
  }

  #rows() {
    return Math.min(rowsBefore(this.now), this.#result.rows);
  }
}

/** @param {string | undefined} timestamp as a parameter holds it @returns {number | undefined} microseconds */
function microsOf(timestamp) {
  if (timestamp === undefined) return undefined;
  const [, seconds, fraction = ''] = /^(.*?)(?:\.(\d+))?Z?$/.exec(timestamp) ?? [];
  return Date.parse(`${seconds}Z`) * 1000 + Number(fraction.padEnd(6, '0'));
}
