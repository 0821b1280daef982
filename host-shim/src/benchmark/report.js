// What was found out, as text for people.
import { textTable } from './text-table.js';

const MEBIBYTE = 2 ** 20;
const BAR_WIDTH = 32;

/** What holds a table back, in words. @type {Record<string, string>} */
const BOTTLENECKS = {
  network: 'network or BigQuery',
  engineCpu: "engine's processor",
  harperWriter: "Harper's writer",
};

/** @typedef {{ bytesBilled: number, usd: number }} Price */

/** @param {number} number */
const grouped = (number) => Math.round(number).toLocaleString('en-US');

/** @param {number} bytes */
const size = (bytes) => (bytes < 10 * MEBIBYTE ? `${grouped(bytes / 1024)} KiB` : mebibytes(bytes));

/** @param {number} bytes */
const mebibytes = (bytes) => `${grouped(bytes / MEBIBYTE)} MiB`;

/** @param {number} price to a hundredth of a cent, upwards */
const dollars = (price) => `$${(Math.ceil(price * 10_000) / 10_000).toFixed(4)}`;

/**
 * @param {any[]} estimates see `estimate` in wit/benchmark.wit
 * @param {Price} announced
 */
export function shownEstimates(estimates, announced) {
  const lines = estimates.flatMap(({ tableId, source, rows, queries }) =>
    queries.map((/** @type {any} */ { purpose, bytesProcessed, bytesBilled, usd }) => [
      tableId,
      source,
      rows === null ? '-' : grouped(rows),
      purpose,
      size(bytesProcessed),
      mebibytes(bytesBilled),
      dollars(usd),
    ]),
  );
  const head = ['table', 'source', 'rows', 'query', 'reads', 'billed at most', 'price at most'];
  const sum = ['together', '', '', '', '', mebibytes(announced.bytesBilled), dollars(announced.usd)];
  const notes = estimates
    .filter(({ isEstimated }) => !isEstimated)
    .map(
      ({ tableId }) =>
        `BigQuery gave no estimate for ${tableId} (an emulator has none): each query is taken for one of the whole table.`,
    );
  const price =
    'The price is the on-demand one of the location US, of at least 10 MiB for each query. BigQuery refuses what would bill more.';
  return ['', textTable([head, ...lines, sum], 2), '', ...notes, price, ''].join('\n');
}

/** @param {any} measured see `measure` in wit/benchmark.wit */
export function shownMeasurement(measured) {
  const { tableId, sampleRows, recordBytes, answerBytes, queryMs, roundTripMs, trials } = measured;
  const head =
    `${tableId}: ${grouped(sampleRows)} rows sampled, ${grouped(answerBytes)} bytes a row from BigQuery, ` +
    `${grouped(recordBytes)} bytes a record; query ${grouped(queryMs)} ms, round trip ${roundTripMs.toFixed(1)} ms`;
  const rates = trials.map((/** @type {any} */ { rows, elapsedMs }) => (rows / elapsedMs) * 1000);
  const fastest = Math.max(...rates);
  const lines = trials.map((/** @type {any} */ trial, /** @type {number} */ index) => [
    grouped(trial.batchRows),
    grouped(trial.pageRows),
    grouped(rates[index]),
    `${((trial.busyMs * 1000) / trial.rows).toFixed(1)} µs`,
    bar(rates[index] / fastest, trial.busyMs / trial.elapsedMs),
  ]);
  const columns = ['batch', 'page', 'rows/s', 'work a row', '█ engine at work  ░ waiting for BigQuery'];
  return [head, '', textTable([columns, ...lines], 0, 4), ''].join('\n');
}

/**
 * @param {string} tableId
 * @param {import('./threads.js').ThreadTrial[]} trials
 */
export function shownThreads(tableId, trials) {
  const fastest = Math.max(...trials.map(({ rowsPerSecond }) => rowsPerSecond));
  const lines = trials.map(({ threads, rowsPerSecond }) => [
    String(threads),
    grouped(rowsPerSecond),
    bar(rowsPerSecond / fastest, 1),
  ]);
  const head = `${tableId}: the sample read by several threads at the same time, each all of it`;
  return [head, '', textTable([['threads', 'rows/s', 'of all together'], ...lines], 0, 2), ''].join('\n');
}

/**
 * @param {any[]} measured
 * @param {any} advice see `advise` in wit/benchmark.wit
 * @param {Price} billed
 */
export function shownAdvice(measured, { tables, overall }, billed) {
  const head = ['table', 'arriving/s', 'read/s', 'decoded/s', 'stored/s', 'backfill', 'bottleneck'];
  const lines = tables.map((/** @type {any} */ table) => [
    table.tableId,
    table.arrivalRowsPerSecond.toFixed(2),
    grouped(table.readingRowsPerSecond),
    grouped(table.engineRowsPerSecond),
    grouped(table.harperRowsPerSecond),
    `${grouped(table.backfillS)} s`,
    BOTTLENECKS[table.bottleneck] ?? table.bottleneck,
  ]);
  const settings = tables.flatMap((/** @type {any} */ table) => [
    '',
    `${table.tableId}`,
    '  sync:',
    `    initialBatchSize: ${table.initialBatchSize}    # polls at once while more than 1 hour behind`,
    `    catchupBatchSize: ${table.catchupBatchSize}    # polls every 5 s between 10 minutes and 1 hour behind`,
    `    steadyBatchSize: ${table.steadyBatchSize}`,
    ...(table.pollIntervalS === null
      ? []
      : [`    pollInterval: ${table.pollIntervalS}s    # less than 10 minutes behind`]),
    ...table.because.map((/** @type {string} */ line) => `  ${line}`),
  ]);
  const nodes = overall.nodes === null ? 'no number is enough' : overall.nodes;
  return [
    textTable([head, ...lines], 1, 6),
    ...settings,
    '',
    'All tables together',
    `  sync.threadsPerNode: ${overall.threadsPerNode}`,
    `  nodes: ${nodes}`,
    ...overall.because.map((/** @type {string} */ line) => `  ${line}`),
    '',
    `Billed: ${mebibytes(billed.bytesBilled)}, ${dollars(billed.usd)}.${measured.length > 1 ? ` ${measured.length} tables.` : ''}`,
  ].join('\n');
}

/** @param {number} length from 0 to 1 @param {number} worked the part of it that is filled */
function bar(length, worked) {
  const cells = Math.max(1, Math.round(length * BAR_WIDTH));
  const filled = Math.round(cells * Math.min(worked, 1));
  return '█'.repeat(filled) + '░'.repeat(cells - filled);
}
