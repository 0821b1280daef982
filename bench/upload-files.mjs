// What `maritime-data-synthesizer initialize` is compared with: makes a dataset and its tables, and uploads a file into each as
// BigQuery's clients do, as one load job, part by part. Prints the seconds that the uploads alone took.
// node bench/upload-files.mjs URL PROJECT DATASET FOLDER; the folder has a TABLE.json, its resource, and a TABLE.ndjson of each.
import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const PART_BYTES = 8 * 1024 * 1024;

const [url, projectId, datasetId, folder] = process.argv.slice(2);
const api = `bigquery/v2/projects/${projectId}`;
const tables = readdirSync(folder).flatMap((file) => /^(.*)\.ndjson$/.exec(file)?.[1] ?? []);

await post(`${api}/datasets`, { datasetReference: { projectId, datasetId } });
for (const table of tables) {
  const resource = JSON.parse(readFileSync(path.join(folder, `${table}.json`), 'utf8'));
  await post(`${api}/datasets/${datasetId}/tables`, { ...resource, tableReference: referenceOf(table) });
}
const begunMs = performance.now();
for (const table of tables) await upload(table);
console.log(JSON.stringify({ uploadSeconds: (performance.now() - begunMs) / 1000 }));

/** @param {string} table */
async function upload(table) {
  const file = path.join(folder, `${table}.ndjson`);
  const total = statSync(file).size;
  const destinationTable = referenceOf(table);
  const load = { destinationTable, sourceFormat: 'NEWLINE_DELIMITED_JSON', writeDisposition: 'WRITE_APPEND' };
  const opened = await post(`upload/${api}/jobs?uploadType=resumable`, { configuration: { load } });
  const session = opened.headers.get('location') ?? '';
  let sent = 0;
  for await (const body of createReadStream(file, { highWaterMark: PART_BYTES })) {
    const end = sent + body.length;
    const range = `bytes ${sent}-${end - 1}/${end === total ? total : '*'}`;
    const response = await fetch(session, { method: 'PUT', headers: { 'content-range': range }, body });
    const text = await response.text();
    if (response.status !== (end === total ? 200 : 308)) throw new Error(`HTTP ${response.status}: ${text}`);
    sent = end;
  }
}

/** @param {string} tableId */
function referenceOf(tableId) {
  return { projectId, datasetId, tableId };
}

/** @param {string} apiPath @param {object} body */
async function post(apiPath, body) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/${apiPath}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${apiPath}: HTTP ${response.status}: ${text}`);
  return response;
}
