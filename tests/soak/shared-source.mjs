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

const SLOTS = 1024;
const FIRST_MICROS = 1_764_590_400_000_000;
const MICROS_BETWEEN_ROWS = 731_923;

/** @param {number} row @returns {string} as BigQuery sends it */
function rowText(row) {
  const vessel = row % 977;
  const values = [
    FIRST_MICROS + row * MICROS_BETWEEN_ROWS,
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
  /** @type {Map<string, { first: number, end: number }>} */
  const jobs = new Map();
  /** @type {Map<string, number>} */
  const jobsOfTable = new Map();

  /** @param {any} job */
  function insert({ jobReference, configuration }) {
    const { query } = configuration.query;
    const [, table = ''] = /`[^`]*\.([^.`]+)`/.exec(query) ?? [];
    const [, first = 0, last = SLOTS - 1] = /\) BETWEEN (\d+) AND (\d+)$/.exec(query) ?? [];
    const below = (/** @type {number} */ slots) => Math.floor((rows * slots) / SLOTS);
    // A query from a watermark on comes after the backfill: there is nothing new.
    const isBackfill = !query.includes('@');
    jobs.set(jobReference.jobId, isBackfill ? { first: below(+first), end: below(+last + 1) } : { first: 0, end: 0 });
    jobsOfTable.set(table, (jobsOfTable.get(table) ?? 0) + 1);
    return JSON.stringify({ jobReference, configuration, status: { state: 'DONE' } });
  }

  /** @param {string} jobId @param {URLSearchParams} query */
  function page(jobId, query) {
    const { first, end } = jobs.get(jobId) ?? { first: 0, end: 0 };
    const from = Math.min(first + Number(query.get('startIndex') ?? 0), end);
    const to = Math.min(from + Number(query.get('maxResults')), end);
    const texts = Array.from({ length: to - from }, (_, position) => rowText(from + position));
    const schema = JSON.stringify({ fields: FIELDS });
    return `{"schema":${schema},"jobReference":{"projectId":"p","jobId":"${jobId}","location":"US"},"totalRows":"${end - first}","rows":[${texts}],"jobComplete":true}`;
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
