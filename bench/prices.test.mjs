import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CannedAnswers } from './canned-answers.mjs';
import { timestampOf } from './pages.mjs';
import { ROW_BYTES, billed, bytesBilled, bytesProcessed } from './prices.mjs';

const MEBIBYTE = 2 ** 20;
const ROWS = 1_000_000;
const LAST = timestampOf(ROWS - 1);

test('a query is billed in whole mebibytes and for ten at least', () => {
  assert.equal(bytesBilled(0), 10 * MEBIBYTE);
  assert.equal(bytesBilled(10 * MEBIBYTE + 1), 11 * MEBIBYTE);
});

test('a query for the newest rows reads all of a table, a day of a partitioned one, and a block of a clustered one', () => {
  assert.equal(bytesProcessed('unpartitioned', ROWS, LAST), Math.round(ROWS * ROW_BYTES));
  const day = bytesProcessed('partitioned', ROWS, LAST);
  assert.ok(day > 0 && day < 86_400 * 2 * ROW_BYTES, String(day));
  assert.equal(bytesProcessed('clustered', 10 * ROWS, timestampOf(10 * ROWS - 1)), 128 * MEBIBYTE);
});

test('a query without a condition reads everything, however the table is laid out', () => {
  const { unpartitioned, partitioned, clustered } = billed(ROWS, -Infinity);
  assert.equal(partitioned, unpartitioned);
  assert.equal(clustered, unpartitioned);
});

/** @param {string} condition @param {object[]} queryParameters */
function ran(condition, queryParameters = []) {
  const bigquery = new CannedAnswers(1000);
  const query = `SELECT * FROM \`bench.bench.positions\` WHERE ${condition}`;
  const body = JSON.stringify({ jobReference: { jobId: 'j' }, configuration: { query: { query, queryParameters } } });
  bigquery.answer('/bigquery/v2/projects/bench/jobs', body);
  const parts = /** @type {Buffer[]} */ (bigquery.answer('/bigquery/v2/projects/bench/queries/j?maxResults=5000', ''));
  const { rows, totalRows } = JSON.parse(Buffer.concat(parts).toString());
  return { totalRows: Number(totalRows), first: rows[0]?.f[0].v, billed: bigquery.bytesBilled.positions.unpartitioned };
}

/** @param {string} name @param {number} row whose timestamp it is */
const bound = (name, row) => {
  const value = `${new Date(timestampOf(row) / 1000).toISOString().slice(0, 19)}.${String(timestampOf(row) % 1e6).padStart(6, '0')}Z`;
  return { name, parameterType: { type: 'TIMESTAMP' }, parameterValue: { value } };
};

test('the canned BigQuery returns the rows that were asked for', () => {
  assert.equal(ran('`timestamp` IS NOT NULL').totalRows, 1000);
  const from = ran('`timestamp` >= @low', [bound('low', 400)]);
  assert.deepEqual([from.totalRows, from.first], [600, String(timestampOf(400))]);
  const after = ran('`timestamp` > @after ORDER BY `timestamp` LIMIT 10', [bound('after', 400)]);
  assert.deepEqual([after.totalRows, after.first], [10, String(timestampOf(401))]);
  const quarter = ran('`timestamp` IS NOT NULL AND (`slot`) BETWEEN 0 AND 255');
  assert.deepEqual([quarter.totalRows, quarter.first], [250, String(timestampOf(750))]);
});

test('a LIMIT makes no query cheaper', () => {
  assert.equal(ran('`timestamp` IS NOT NULL LIMIT 1').billed, ran('`timestamp` IS NOT NULL').billed);
});
