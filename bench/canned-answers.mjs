import { CannedResult, FIELDS, PAGE_ROWS } from './pages.mjs';

/** A BigQuery whose every table has the same rows. Answers are cut from memory, so that it is never what is measured. */
export class CannedAnswers {
  /** Query jobs by the table that they name. @type {Record<string, number>} */
  queryJobs = {};

  #result;
  #modifiedMs = Date.now();

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
    const [, jobId] = /^\/queries\/([^/]+)$/.exec(path) ?? [];
    if (!jobId) return undefined;
    const startIndex = Number(searchParams.get('pageToken') ?? searchParams.get('startIndex') ?? 0);
    const maxResults = Number(searchParams.get('maxResults') ?? PAGE_ROWS);
    return this.#result.page({ projectId, jobId, location: 'US' }, startIndex, maxResults);
  }

  /** @param {object} tableReference */
  #table(tableReference) {
    return {
      kind: 'bigquery#table',
      tableReference,
      schema: { fields: FIELDS },
      numBytes: String(this.#result.rows * 64),
      numRows: String(this.#result.rows),
      lastModifiedTime: String(this.#modifiedMs),
      type: 'TABLE',
      location: 'US',
    };
  }

  /** @param {any} job */
  #insert({ jobReference, configuration }) {
    const [, table] = /`[^`]*\.([^.`]+)`/.exec(configuration.query.query) ?? [];
    this.queryJobs[String(table)] = (this.queryJobs[String(table)] ?? 0) + 1;
    return { kind: 'bigquery#job', jobReference, configuration, status: { state: 'DONE' } };
  }
}
