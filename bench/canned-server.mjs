// The canned BigQuery as a server: node bench/canned-server.mjs PORT ROWS
import { createServer } from 'node:http';
import { CannedAnswers } from './canned-answers.mjs';

const [port, rows] = process.argv.slice(2).map(Number);
const bigquery = new CannedAnswers(rows);

createServer(async (request, response) => {
  const { url = '/' } = request;
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  const content = url === '/query-jobs' ? bigquery.queryJobs : bigquery.answer(url, body);
  const error = { error: { code: 404, message: `Not found: ${url}`, errors: [{ reason: 'notFound' }] } };
  const parts = Array.isArray(content) ? content : [Buffer.from(JSON.stringify(content ?? error))];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  response.writeHead(content ? 200 : 404, { 'content-type': 'application/json', 'content-length': length });
  for (const part of parts) response.write(part);
  response.end();
}).listen(port, '127.0.0.1');
