// The canned BigQuery as a server: node bench/canned-server.mjs PORT ROWS
//
// `GET /bill` tells what was queried, `GET /depth` how many pages were asked for at a time, on average, since it was asked
// last; `POST /now` with microseconds sets its clock, `POST /round-trip` with milliseconds makes the way to it longer.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { CannedAnswers } from './canned-answers.mjs';

const [port, rows] = process.argv.slice(2).map(Number);
const bigquery = new CannedAnswers(rows);
let roundTripMs = 0;
let pagesUnderWay = 0;
/** Of each page that was asked for: how many there were then, it included. @type {number[]} */
const depths = [];

/** @type {Record<string, (body: string) => object>} */
const controls = {
  '/depth': () => ({ pages: depths.splice(0).reduce((sum, depth, _, all) => sum + depth / all.length, 0) }),
  '/bill': () => ({ queryJobs: bigquery.queryJobs, bytesBilled: bigquery.bytesBilled }),
  '/now': (body) => ({ now: (bigquery.now = Number(body)) }),
  '/round-trip': (body) => ({ ms: (roundTripMs = Number(body)) }),
};

const server = createServer(async (request, response) => {
  const { url = '/' } = request;
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  const control = controls[url];
  const isPage = url.includes('/queries/');
  if (isPage) depths.push(++pagesUnderWay);
  if (!control && roundTripMs > 0) await sleep(roundTripMs);
  const content = control ? control(body) : bigquery.answer(url, body);
  if (isPage) pagesUnderWay--;
  const error = { error: { code: 404, message: `Not found: ${url}`, errors: [{ reason: 'notFound' }] } };
  const parts = Array.isArray(content) ? content : [Buffer.from(JSON.stringify(content ?? error))];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  // Its clock may stand elsewhere than this machine's.
  response.sendDate = bigquery.now === Infinity;
  response.writeHead(content ? 200 : 404, { 'content-type': 'application/json', 'content-length': length });
  for (const part of parts) response.write(part);
  response.end();
});
// Who is busy for a while finds its connection as it was.
server.keepAliveTimeout = 0;
server.listen(port, '127.0.0.1');
