// What BigQuery bills a query, by its rules: neither the canned BigQuery nor the emulator says it.
// https://cloud.google.com/bigquery/pricing#on-demand-pricing, https://cloud.google.com/bigquery/docs/estimate-costs
//
// - A query reads, of each column that it names, every value of the partitions that its conditions leave, whatever it returns:
//   a LIMIT changes nothing, nor does a condition on anything but the partitioning column.
// - Of a table that is clustered by the column of the condition, it reads the blocks that may hold such values. How large a
//   block is Google does not say; `BLOCK_BYTES` is an assumption.
// - What was read is billed in whole mebibytes, and at least 10 for each table of a query.
// - Reading a result by pages, and a table's metadata, is free.
import { FIELDS, cellsOf, rowsBefore } from './pages.mjs';

const MEBIBYTE = 2 ** 20;
const LEAST_BILLED_BYTES = 10 * MEBIBYTE;
const BLOCK_BYTES = 128 * MEBIBYTE;
const USD_PER_TEBIBYTE = 6.25;
const DAY_MICROS = 86_400_000_000;

/** Of one value, by type: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#data_type_sizes @type {Record<string, number>} */
const VALUE_BYTES = { TIMESTAMP: 8, FLOAT: 8, INTEGER: 8 };
const STRING_OVERHEAD_BYTES = 2;
const SAMPLED_ROWS = 10_000;

/** All columns of a row, on average. */
export const ROW_BYTES = meanRowBytes();

/** How a table may be laid out: by its timestamp column in partitions of a day, or clustered, or neither. */
export const LAYOUTS = /** @type {const} */ (['unpartitioned', 'partitioned', 'clustered']);

/**
 * @typedef {(typeof LAYOUTS)[number]} Layout
 *
 * @typedef {Record<Layout, number>} Billed bytes, if the table were laid out so
 */

/**
 * Bytes that a query of all columns reads.
 *
 * @param {Layout} layout
 * @param {number} rows of the table
 * @param {number} low the least timestamp that its conditions leave, in microseconds; -Infinity without a condition
 */
export function bytesProcessed(layout, rows, low) {
  const from = { unpartitioned: 0, partitioned: startOfDay(low), clustered: low }[layout];
  const wanted = (rows - Math.min(rowsBefore(from), rows)) * ROW_BYTES;
  const read = layout === 'clustered' ? Math.ceil(wanted / BLOCK_BYTES) * BLOCK_BYTES : wanted;
  return Math.round(Math.min(read, rows * ROW_BYTES));
}

/** @param {number} bytes that a query of one table reads */
export function bytesBilled(bytes) {
  return Math.max(LEAST_BILLED_BYTES, Math.ceil(bytes / MEBIBYTE) * MEBIBYTE);
}

/** @param {number} rows @param {number} low as above @returns {Billed} */
export function billed(rows, low) {
  const of = (/** @type {Layout} */ layout) => bytesBilled(bytesProcessed(layout, rows, low));
  return { unpartitioned: of('unpartitioned'), partitioned: of('partitioned'), clustered: of('clustered') };
}

/** @param {Billed} one @param {Billed} other @param {number} [times] @returns {Billed} `one` and so many times `other` */
export function sum(one, other, times = 1) {
  const of = (/** @type {Layout} */ layout) => one[layout] + times * other[layout];
  return { unpartitioned: of('unpartitioned'), partitioned: of('partitioned'), clustered: of('clustered') };
}

/** @returns {Billed} */
export const nothing = () => ({ unpartitioned: 0, partitioned: 0, clustered: 0 });

/** @param {number} bytes billed */
export function priceUsd(bytes) {
  return (bytes / 2 ** 40) * USD_PER_TEBIBYTE;
}

/** @param {number} micros */
function startOfDay(micros) {
  return Math.floor(micros / DAY_MICROS) * DAY_MICROS;
}

function meanRowBytes() {
  let bytes = 0;
  for (let row = 0; row < SAMPLED_ROWS; row++) {
    cellsOf(row).forEach((value, column) => {
      const type = FIELDS[column].type;
      bytes += type === 'STRING' ? STRING_OVERHEAD_BYTES + Buffer.byteLength(String(value)) : VALUE_BYTES[type];
    });
  }
  return bytes / SAMPLED_ROWS;
}
