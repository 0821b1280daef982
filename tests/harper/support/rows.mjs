// Reads a BigQuery table and a Harper table in full and compares them, knowing nothing of the engine but the documented
// values. Rows are compared as sets, by content; ids and `_syncedAt` are Harper's own.

/** @typedef {import('./emulator.mjs').Field} Field */
/** @typedef {Record<string, any>} Row */

/**
 * @param {bigint} micros since 1970
 * @returns {string} RFC 3339, with six fraction digits or none
 */
export function timestampText(micros) {
  const second = micros >= 0n ? micros / 1_000_000n : -((-micros + 999_999n) / 1_000_000n);
  const fraction = micros - second * 1_000_000n;
  // Years 0001-9999 have the plain four-digit form here.
  const text = new Date(Number(second) * 1000).toISOString().slice(0, 19);
  return fraction === 0n ? `${text}Z` : `${text}.${String(fraction).padStart(6, '0')}Z`;
}

/** @param {string} decimal as `1.500000000` or `1E-9` @returns {string} without exponent and needless zeros */
function plainDecimal(decimal) {
  const [, sign, whole, fraction, exponent = '0'] = /** @type {RegExpExecArray} */ (
    /^(-?)(\d+)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(decimal)
  );
  const shift = Number(exponent);
  const digits = '0'.repeat(Math.max(0, -shift)) + whole + fraction + '0'.repeat(Math.max(0, shift));
  const point = whole.length + Math.max(0, shift);
  const left = digits.slice(0, point).replace(/^0+(?=\d)/, '');
  const right = digits.slice(point).replace(/0+$/, '');
  return sign + left + (right === '' ? '' : `.${right}`);
}

/** @type {Record<string, (text: string) => unknown>} */
const SCALARS = {
  INTEGER: (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : text),
  FLOAT: (text) => {
    const special = {
      nan: 'NaN',
      inf: 'Infinity',
      '-inf': '-Infinity',
      infinity: 'Infinity',
      '-infinity': '-Infinity',
    };
    return special[/** @type {'nan'} */ (text.toLowerCase())] ?? Number(text);
  },
  NUMERIC: plainDecimal,
  BIGNUMERIC: plainDecimal,
  BOOLEAN: (text) => text === 'true',
  TIMESTAMP: (text) => timestampText(BigInt(text)),
  JSON: (text) => JSON.parse(text),
};
SCALARS.INT64 = SCALARS.INTEGER;
SCALARS.FLOAT64 = SCALARS.FLOAT;
SCALARS.BOOL = SCALARS.BOOLEAN;

/**
 * @param {Field} field
 * @param {any} value as on the wire
 * @returns {unknown} as stored in Harper
 */
function storedValue(field, value) {
  if (field.mode === 'REPEATED') {
    return (value ?? []).map((/** @type {{v: any}} */ item) => storedValue({ ...field, mode: 'NULLABLE' }, item.v));
  }
  if (value === null) return null;
  if (field.type === 'RECORD' || field.type === 'STRUCT') return rowOf(field.fields ?? [], value);
  return field.type in SCALARS ? SCALARS[field.type](value) : value;
}

/** @param {Field[]} fields @param {{f: {v: any}[]}} wireRow @returns {Row} */
function rowOf(fields, wireRow) {
  return Object.fromEntries(fields.map((field, index) => [field.name, storedValue(field, wireRow.f[index].v)]));
}

/**
 * Every row of a BigQuery table as it ought to be stored. By a query: the emulator serves `tabledata.list` in another
 * thread, where it can mix its results up with those of a query that runs just then.
 *
 * @param {import('./emulator.mjs').Emulator} emulator
 * @param {string} dataset
 * @param {string} table
 * @param {string} [where] which rows; all of them by default
 * @returns {Promise<Row[]>} duplicates included
 */
export async function readBigQueryTable(emulator, dataset, table, where = 'TRUE') {
  const { fields } = (await emulator.getTable(dataset, table)).schema;
  const names = fields.map((/** @type {Field} */ { name }) => `\`${name}\``);
  const { rows } = await emulator.query(`SELECT ${names.join(', ')} FROM \`${dataset}.${table}\` WHERE ${where}`);
  return rows.map((row) => rowOf(fields, row));
}

/**
 * Every record of a Harper table, by REST.
 *
 * @param {Pick<import('./harper.mjs').Harper, 'json'>} harper
 * @param {string} targetTable
 * @returns {Promise<Row[]>}
 */
export function readHarperTable(harper, targetTable) {
  return harper.json(`/${targetTable}/`);
}

/** Columns that Harper keeps for itself; a source column of that name is stored under the other one. */
const RENAMED = { id: 'id_', _syncedAt: '_syncedAt_', then: 'then_', toJSON: 'toJSON_', getId: 'getId_' };

/** @param {any} value @returns {any} the same with the keys of objects in order and without NULL members */
function canonical(value) {
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.keys(value)
    .sort()
    .filter((key) => value[key] !== null && value[key] !== undefined);
  return Object.fromEntries(members.map((key) => [key, canonical(value[key])]));
}

/** @param {Row[]} rows @returns {Set<string>} */
const contents = (rows) => new Set(rows.map((row) => JSON.stringify(canonical(row))));

/**
 * @typedef {object} Comparison
 * @property {boolean} equal
 * @property {number} sourceRows distinct rows in BigQuery
 * @property {number} targetRows records in Harper
 * @property {string[]} missing contents that only BigQuery has
 * @property {string[]} unexpected contents that only Harper has
 */

/**
 * @param {Row[]} source from `readBigQueryTable`
 * @param {Row[]} target from `readHarperTable`
 * @param {string[]} [columns] the columns that are synced; all by default
 * @returns {Comparison}
 */
export function compareRows(source, target, columns) {
  const wanted = contents(
    source.map((row) =>
      Object.fromEntries(
        Object.entries(row)
          .filter(([name]) => columns === undefined || columns.includes(name))
          .map(([name, value]) => [RENAMED[/** @type {'id'} */ (name)] ?? name, value]),
      ),
    ),
  );
  const stored = contents(target.map(({ id: _id, _syncedAt, ...row }) => row));
  const missing = [...wanted].filter((row) => !stored.has(row));
  const unexpected = [...stored].filter((row) => !wanted.has(row));
  const equal = missing.length === 0 && unexpected.length === 0 && target.length === wanted.size;
  return { equal, sourceRows: wanted.size, targetRows: target.length, missing, unexpected };
}

/** @param {Comparison} comparison @returns {string} for people */
export function describeComparison({ sourceRows, targetRows, missing, unexpected }) {
  const examples = [
    ...missing.slice(0, 3).map((row) => `  only in BigQuery: ${row.slice(0, 400)}`),
    ...unexpected.slice(0, 3).map((row) => `  only in Harper:   ${row.slice(0, 400)}`),
  ];
  return [
    `BigQuery has ${sourceRows} distinct rows, Harper ${targetRows} records; ` +
      `${missing.length} are missing, ${unexpected.length} should not be there`,
    ...examples,
  ].join('\n');
}

/**
 * @param {import('./emulator.mjs').Emulator} emulator
 * @param {{dataset: string, table: string, columns?: string[], where?: string}} source
 * @param {Pick<import('./harper.mjs').Harper, 'json'>} harper
 * @param {string} targetTable
 * @returns {Promise<Comparison>}
 */
export async function compareTable(emulator, { dataset, table, columns, where }, harper, targetTable) {
  const [source, target] = await Promise.all([
    readBigQueryTable(emulator, dataset, table, where),
    readHarperTable(harper, targetTable),
  ]);
  return compareRows(source, target, columns);
}
