import { refused } from './storage/failure.js';

/**
 * @typedef {object} Column an `attribute` in wit/storage.wit
 * @property {string} name
 * @property {string} harperType type that holds every value: `String`, `Boolean`, `Any`
 * @property {string} bigqueryType
 * @property {boolean} indexed
 */

/**
 * Makes sure that a target table exists on this node with an attribute for each column. Each node does it for itself,
 * because Harper does not replicate indexes.
 *
 * @param {string} name
 * @param {Column[]} columns
 */
export async function ensureTable(name, columns) {
  if (!tables[name]) await createTable(name, columns);
  await addMissing(tables[name], columns);
}

/**
 * @param {string} name
 * @param {Column[]} columns
 */
async function createTable(name, columns) {
  const attributes = [{ name: 'id', type: 'ID', is_primary_key: true }, ...columns.map(toAttribute)];
  try {
    await server.operation({ operation: 'create_table', table: name, primary_key: 'id', attributes }, {}, false);
  } catch (/** @type {any} */ error) {
    // Another thread was first.
    if (!tables[name]) throw error;
  }
}

/**
 * @param {HarperTable} table
 * @param {Column[]} columns
 */
async function addMissing(table, columns) {
  if (table.primaryKey !== 'id') {
    throw refused(
      `table ${table.tableName} has the primary key ${table.primaryKey}: declare it as \`id: ID @primaryKey\``,
    );
  }
  const problems = [];
  const wanted = [];
  const unindexed = [];
  const outgrown = [];
  for (const column of columns) {
    const declared = table.attributes.find((attribute) => attribute.name === column.name);
    if (!declared) {
      wanted.push(toAttribute(column));
    } else if (!setByHarper(declared)) {
      if (!canHold(declared, column)) {
        if (declared.bigqueryType) outgrown.push(declared);
        else problems.push(mismatch(table, declared, column));
      }
      if (column.indexed && !declared.indexed) unindexed.push(declared);
    }
  }
  if (problems.length > 0) throw refused(problems.join('; '));
  if (wanted.length + unindexed.length + outgrown.length === 0) return;
  // It holds values of the type that the column had before, too.
  for (const attribute of outgrown) attribute.type = 'Any';
  // Named among the added ones, an attribute that exists would be in the table's list twice; Harper compares the whole list.
  for (const attribute of unindexed) attribute.indexed = true;
  await table.addAttributes(wanted);
}

/**
 * With the column's type, which tells our attributes from those that somebody declared: only ours may be given another type.
 *
 * @param {Column} column
 */
function toAttribute({ name, harperType, bigqueryType, indexed }) {
  return { name, type: harperType, indexed, bigqueryType };
}

/** @param {HarperAttribute} attribute */
function setByHarper(attribute) {
  return Boolean(attribute.assignCreatedTime || attribute.assignUpdatedTime);
}

/**
 * Declared types that take the values of a BigQuery type without changing them. A value that does not fit all the same, as
 * NaN into Float, is refused row by row.
 *
 * Not among them: Date for DATETIME and TIME, which have no zone (Harper would read them in the server's), Bytes for BYTES, which
 * arrives as base64, and whole numbers for FLOAT64.
 *
 * @type {Record<string, string[]>}
 */
const DECLARED_TYPES = {
  INT64: ['Int', 'Long', 'Float', 'BigInt'],
  FLOAT64: ['Float'],
  BOOL: ['Boolean'],
  TIMESTAMP: ['Date'],
  DATE: ['Date'],
};

/** Names of the REST API for the types of GoogleSQL. @type {Record<string, string>} */
const LEGACY_NAMES = { INTEGER: 'INT64', FLOAT: 'FLOAT64', BOOLEAN: 'BOOL', RECORD: 'STRUCT' };

/**
 * @param {HarperAttribute} attribute
 * @param {Column} column
 */
function canHold({ type, properties, relationship, computed }, { harperType, bigqueryType }) {
  if (relationship || computed) return false;
  if (!type || type === 'Any') return true;
  const base = bigqueryType
    .toUpperCase()
    .replace(/[<(].*/s, '')
    .trim();
  const source = LEGACY_NAMES[base] ?? base;
  if (source === 'ARRAY') return type === 'array';
  if (source === 'STRUCT') return Boolean(properties);
  if (source === 'JSON') return type === 'array' || Boolean(properties);
  if (harperType === 'String' && (type === 'String' || type === 'ID')) return true;
  if (harperType === 'Any' && source.endsWith('NUMERIC')) return type === 'Float';
  return DECLARED_TYPES[source]?.includes(type) ?? false;
}

/**
 * @param {HarperTable} table
 * @param {HarperAttribute} attribute
 * @param {Column} column
 */
function mismatch(table, { name, type }, { harperType, bigqueryType }) {
  return (
    `attribute ${name} of table ${table.tableName} is declared as ${type} and cannot hold the column's ${bigqueryType}: ` +
    `declare it as ${harperType}, or leave it out of the schema and it is added`
  );
}
