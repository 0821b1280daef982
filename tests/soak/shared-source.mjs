// A BigQuery whose tables have any number of rows, of which each worker is given those of its slots.
import { createServer } from 'node:http';

export const FIELDS = [
  { name: 'at', type: 'TIMESTAMP' },
  { name: 'vessel', type: 'STRING' },
  { name: 'kind', type: 'STRING' },
  { name: 'latitude', type: 'FLOAT' },
  { name: 'longitude', type: 'FLOAT' },
  { name: 'speed', type: 'FLOAT' },
  { name: 'heading', type: 'INTEGER' },
  { name: 'note', type: 'STRING' },
];

const FIRST_MICROS = 1_764_590_400_000_000;
const MICROS_BETWEEN_ROWS = 731_923;

/** Which slots a query is about, with the numbers that the slot is computed with; nothing when it is about all of them. */
const CONDITION = /\+ (\d+), (\d+)\) \* (\d+)\) >> (\d+)\) & (\d+)\) BETWEEN (\d+) AND (\d+)$/;

/** @param {number} row */
const microsOf = (row) => FIRST_MICROS + row * MICROS_BETWEEN_ROWS;

/**
 * @param {string} query
 * @param {number} rows of the table
 * @returns {number[]} those that it returns
 */
function rowsOf(query, rows) {
  // A query from a watermark on comes after the backfill: there is nothing new.
  if (query.includes('@')) return [];
  const all = Array.from({ length: rows }, (_, row) => row);
  const condition = CONDITION.exec(query);
  if (!condition) return all;
  const [origin, prime, multiplier, shift, mask, first, last] = condition.slice(1).map(BigInt);
  return all.filter((row) => {
    const slot = ((((BigInt(microsOf(row)) + origin) % prime) * multiplier) >> shift) & mask;
    return slot >= first && slot <= last;
  });
}

/** @param {number} row @returns {string} as BigQuery sends it */
function rowText(row) {
  const vessel = row % 977;
  const values = [
    microsOf(row),
    `vessel ${vessel}`,
    'CONTAINER',
    ((row * 7919) % 180_000) / 1000 - 90,
    ((row * 104_729) % 360_000) / 1000 - 180,
    (row % 250) / 10,
    row % 360,
    `report ${row}`,
  ];
  return `{"f":[${values.map((value) => `{"v":"${value}"}`).join(',')}]}`;
}

/** @param {number} rows of every table */
export async function startSharedSource(rows) {
  /** Which rows it returned. @type {Map<string, number[]>} */
  const jobs = new Map();
  /** @type {Map<string, number>} */
  const jobsOfTable = new Map();

  /** @param {any} job */
  function insert({ jobReference, configuration }) {
    const { query } = configuration.query;
    const [, table = ''] = /`[^`]*\.([^.`]+)`/.exec(query) ?? [];
    jobs.set(jobReference.jobId, rowsOf(query, rows));
    jobsOfTable.set(table, (jobsOfTable.get(table) ?? 0) + 1);
    return JSON.stringify({ jobReference, configuration, status: { state: 'DONE' } });
  }

  /** @param {string} jobId @param {URLSearchParams} query */
  function page(jobId, query) {
    const result = jobs.get(jobId) ?? [];
    const start = Number(query.get('startIndex') ?? 0);
    const texts = result.slice(start, start + Number(query.get('maxResults'))).map(rowText);
    const schema = JSON.stringify({ fields: FIELDS });
    return `{"schema":${schema},"jobReference":{"projectId":"p","jobId":"${jobId}","location":"US"},"totalRows":"${result.length}","rows":[${texts}],"jobComplete":true}`;
  }

  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://source');
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const [, jobId] = /\/queries\/([^/]+)$/.exec(pathname) ?? [];
    const [, projectId, datasetId, tableId] =
      /\/projects\/([^/]+)\/datasets\/([^/]+)\/tables\/([^/]+)$/.exec(pathname) ?? [];
    const metadata = {
      tableReference: { projectId, datasetId, tableId },
      schema: { fields: FIELDS },
      type: 'TABLE',
      location: 'US',
      numRows: String(rows),
      numBytes: String(rows * 64),
      lastModifiedTime: '1764590400000',
    };
    const text = jobId
      ? page(jobId, searchParams)
      : request.method === 'POST'
        ? insert(JSON.parse(body))
        : JSON.stringify(metadata);
    response.writeHead(200, { 'content-type': 'application/json' }).end(text);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    host: `127.0.0.1:${port}`,
    /** @param {string} table @returns {number} query jobs so far */
    queryJobs: (table) => jobsOfTable.get(table) ?? 0,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
