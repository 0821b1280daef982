// Positions of vessels as BigQuery answers them: the same in every run, written once, cut into pages without copying.

/** Eight columns of `vessel_positions`, as in `schema.fields`. */
export const FIELDS = [
  { name: 'timestamp', type: 'TIMESTAMP', mode: 'REQUIRED' },
  { name: 'mmsi', type: 'STRING', mode: 'REQUIRED' },
  { name: 'vessel_name', type: 'STRING', mode: 'NULLABLE' },
  { name: 'vessel_type', type: 'STRING', mode: 'NULLABLE' },
  { name: 'latitude', type: 'FLOAT', mode: 'REQUIRED' },
  { name: 'longitude', type: 'FLOAT', mode: 'REQUIRED' },
  { name: 'speed_knots', type: 'FLOAT', mode: 'NULLABLE' },
  { name: 'heading', type: 'INTEGER', mode: 'NULLABLE' },
];

/** Rows a page: `initialBatchSize` when nobody sets it. */
export const PAGE_ROWS = 10_000;

const FIRST_MICROS = Date.UTC(2025, 11, 1) * 1000;
const MICROS_BETWEEN_ROWS = 731_923;
const VESSELS = 977;
/** Beyond these they come again with later timestamps: texts of Node.js hold no more, and memory is dear. */
const MOST_WRITTEN_ROWS = 2_000_000;
/** What precedes the timestamp of a row. */
const BEFORE_TIMESTAMP = '{"f":[{"v":"'.length;
const VESSEL_TYPES = ['CONTAINER', 'BULK_CARRIER', 'TANKER', 'CARGO', 'PASSENGER', 'FISHING'];

/** @typedef {{ first: number, end: number }} Range of rows: `end` is the first one beyond it */

/** Rows of a table in the order of time, of which any range is the result of a query. */
export class CannedResult {
  #text;
  #written;
  /** Where each row begins in `#text`, and where the last one ends; a comma follows every row. @type {Uint32Array} */
  #starts;

  /** @param {number} rows */
  constructor(rows) {
    this.rows = rows;
    this.#written = Math.min(rows, MOST_WRITTEN_ROWS);
    this.#starts = new Uint32Array(this.#written + 1);
    const parts = [];
    let end = 0;
    for (let row = 0; row < this.#written; row++) {
      const text = rowText(row);
      parts.push(text);
      end += text.length + 1;
      this.#starts[row + 1] = end;
    }
    parts.push('');
    this.#text = Buffer.from(parts.join(','), 'latin1');
  }

  /**
   * The rows of a time.
   *
   * @param {number} low the least timestamp, in microseconds
   * @param {number} high a timestamp beyond the largest
   * @returns {Range}
   */
  between(low, high) {
    const first = Math.min(rowsBefore(low), this.rows);
    return { first, end: Math.max(first, Math.min(rowsBefore(high), this.rows)) };
  }

  /**
   * An answer of `jobs.getQueryResults`, its parts in BigQuery's order; shorter than asked where the rows begin to come again.
   *
   * @param {object} jobReference
   * @param {number} startIndex
   * @param {number} maxResults
   * @param {Range} [range] the job's result
   * @param {number} [bytesProcessed] by the job
   * @returns {Buffer[]} to be sent one after the other
   */
  page(jobReference, startIndex, maxResults, range = { first: 0, end: this.rows }, bytesProcessed = 0) {
    const first = Math.min(range.first + startIndex, range.end);
    const start = first % this.#written;
    const lap = first - start;
    const length = Math.min(maxResults, range.end - first, this.#written - start);
    const end = first + length;
    const token = end < range.end ? `"pageToken":"${end - range.first}",` : '';
    const head =
      `{"kind":"bigquery#getQueryResultsResponse","schema":${JSON.stringify({ fields: FIELDS })},` +
      `"jobReference":${JSON.stringify(jobReference)},"totalRows":"${range.end - range.first}",${token}"rows":[`;
    const rows = lap === 0 ? this.#rows(start, length) : this.#laterRows(start, length, lap);
    const tail = `],"totalBytesProcessed":"${bytesProcessed}","jobComplete":true,"cacheHit":false}`;
    return [Buffer.from(head), rows, Buffer.from(tail)];
  }

  /** @param {number} start @param {number} length */
  #rows(start, length) {
    const begin = this.#starts[start];
    return this.#text.subarray(begin, Math.max(this.#starts[start + length] - 1, begin));
  }

  /** The same with the timestamps of rows that come `lap` rows later. @param {number} start @param {number} length @param {number} lap */
  #laterRows(start, length, lap) {
    const rows = Buffer.from(this.#rows(start, length));
    for (let row = start; row < start + length; row++) {
      rows.write(String(timestampOf(lap + row)), this.#starts[row] - this.#starts[start] + BEFORE_TIMESTAMP, 'latin1');
    }
    return rows;
  }
}

/** @param {number} row @returns {number} its timestamp, in microseconds */
export function timestampOf(row) {
  return FIRST_MICROS + row * MICROS_BETWEEN_ROWS;
}

/** @param {number} micros @returns {number} how many rows there are with a smaller timestamp */
export function rowsBefore(micros) {
  return Math.max(0, Math.ceil((micros - FIRST_MICROS) / MICROS_BETWEEN_ROWS));
}

/** @param {number} row @returns {string} as BigQuery writes it */
function rowText(row) {
  return `{"f":[${cellsOf(row)
    .map((value) => `{"v":"${value}"}`)
    .join(',')}]}`;
}

/** @param {number} row @returns {(number | string)[]} its values, in the order of `FIELDS` */
export function cellsOf(row) {
  const random = scrambled(row);
  const vessel = random % VESSELS;
  const cells = [
    timestampOf(row),
    367_000_000 + vessel,
    `MV Northern Star ${vessel}`,
    VESSEL_TYPES[vessel % VESSEL_TYPES.length],
    (scrambled(random) % 9_000_000) / 100_000 - 45,
    (scrambled(random + 1) % 36_000_000) / 100_000 - 180,
    (random % 250) / 10,
    random % 360,
  ];
  return cells.map((value) => (typeof value === 'number' ? shortened(value) : value));
}

/** With five decimals at the most: what is beyond comes from the arithmetic. @param {number} value */
function shortened(value) {
  return Number(value.toFixed(5));
}

/** A number of 32 bits that looks random. @param {number} number */
function scrambled(number) {
  let mixed = Math.imul((number + 1) ^ ((number + 1) >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
