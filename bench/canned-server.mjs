// A BigQuery whose every table has the same rows. Answers are cut from memory, so that it is never what is measured.
//
// node bench/canned-server.mjs PORT ROWS
import { createServer } from 'node:http';
import { CannedResult, FIELDS, PAGE_ROWS } from './pages.mjs';

const [port, rows] = process.argv.slice(2).map(Number);
const result = new CannedResult(rows);
const modifiedMs = Date.now();

/** Query jobs by the table that they name. @type {Record<string, number>} */
const queryJobs = {};

/**
 * @param {URL} url
 * @param {string} body
 * @returns {object | Buffer[] | undefined} an object, the parts of a text, or nothing when there is no such thing
 */
function answer({ pathname, searchParams }, body) {
  if (pathname === '/query-jobs') return queryJobs;
  const [, projectId, path] = /^\/bigquery\/v2\/projects\/([^/]+)(\/.*)$/.exec(pathname) ?? [];
  const [, datasetId, tableId] = /^\/datasets\/([^/]+)\/tables\/([^/]+)$/.exec(path) ?? [];
  if (tableId) return table({ projectId, datasetId, tableId });
  if (path === '/jobs') return insert(JSON.parse(body));
  const [, jobId] = /^\/queries\/([^/]+)$/.exec(path) ?? [];
  if (!jobId) return undefined;
  const startIndex = Number(searchParams.get('pageToken') ?? searchParams.get('startIndex') ?? 0);
  const maxResults = Number(searchParams.get('maxResults') ?? PAGE_ROWS);
  return result.page({ projectId, jobId, location: 'US' }, startIndex, maxResults);
}

/** @param {object} tableReference */
function table(tableReference) {
  return {
    kind: 'bigquery#table',
    tableReference,
    schema: { fields: FIELDS },
    numBytes: String(rows * 64),
    numRows: String(rows),
    lastModifiedTime: String(modifiedMs),
    type: 'TABLE',
    location: 'US',
  };
}

/** @param {any} job */
function insert({ jobReference, configuration }) {
  const [, name] = /`[^`]*\.([^.`]+)`/.exec(configuration.query.query) ?? [];
  queryJobs[String(name)] = (queryJobs[String(name)] ?? 0) + 1;
  return { kind: 'bigquery#job', jobReference, configuration, status: { state: 'DONE' } };
}

createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  const content = answer(new URL(request.url ?? '/', 'http://canned'), body);
  const error = { error: { code: 404, message: `Not found: ${request.url}`, errors: [{ reason: 'notFound' }] } };
  const parts = Array.isArray(content) ? content : [Buffer.from(JSON.stringify(content ?? error))];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  response.writeHead(content ? 200 : 404, { 'content-type': 'application/json', 'content-length': length });
  for (const part of parts) response.write(part);
  response.end();
}).listen(port, '127.0.0.1');
