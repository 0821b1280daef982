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
const VESSEL_TYPES = ['CONTAINER', 'BULK_CARRIER', 'TANKER', 'CARGO', 'PASSENGER', 'FISHING'];

/** The result of a query, of which any range of rows is an answer. */
export class CannedResult {
  #text;
  /** Where each row begins in `#text`, and where the last one ends; a comma follows every row. @type {Uint32Array} */
  #starts;

  /** @param {number} rows */
  constructor(rows) {
    this.rows = rows;
    this.#starts = new Uint32Array(rows + 1);
    const parts = [];
    let end = 0;
    for (let row = 0; row < rows; row++) {
      const text = rowText(row);
      parts.push(text);
      end += text.length + 1;
      this.#starts[row + 1] = end;
    }
    parts.push('');
    this.#text = Buffer.from(parts.join(','), 'latin1');
  }

  /**
   * An answer of `jobs.getQueryResults`, its parts in BigQuery's order.
   *
   * @param {object} jobReference
   * @param {number} startIndex
   * @param {number} maxResults
   * @returns {Buffer[]} to be sent one after the other
   */
  page(jobReference, startIndex, maxResults) {
    const first = Math.min(startIndex, this.rows);
    const end = Math.min(first + maxResults, this.rows);
    const token = end < this.rows ? `"pageToken":"${end}",` : '';
    const head =
      `{"kind":"bigquery#getQueryResultsResponse","schema":${JSON.stringify({ fields: FIELDS })},` +
      `"jobReference":${JSON.stringify(jobReference)},"totalRows":"${this.rows}",${token}"rows":[`;
    const rows = this.#text.subarray(this.#starts[first], Math.max(this.#starts[end] - 1, 0));
    return [Buffer.from(head), rows, Buffer.from('],"totalBytesProcessed":"0","jobComplete":true,"cacheHit":false}')];
  }
}

/** @param {number} row */
function rowText(row) {
  const random = scrambled(row);
  const vessel = random % VESSELS;
  const cells = [
    FIRST_MICROS + row * MICROS_BETWEEN_ROWS,
    367_000_000 + vessel,
    `MV Northern Star ${vessel}`,
    VESSEL_TYPES[vessel % VESSEL_TYPES.length],
    (scrambled(random) % 9_000_000) / 100_000 - 45,
    (scrambled(random + 1) % 36_000_000) / 100_000 - 180,
    (random % 250) / 10,
    random % 360,
  ];
  return `{"f":[${cells.map((value) => `{"v":"${typeof value === 'number' ? shortened(value) : value}"}`).join(',')}]}`;
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
