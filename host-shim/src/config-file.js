import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { LineCounter, parseDocument } from 'yaml';

/** The plugin's name, by which its section in a config.yaml is called. */
export const PLUGIN = '@harperdb/bigquery-ingestor';

/** Sections that stand beside `bigquery` at the root of config.yaml. */
const ROOT_SECTIONS = ['bigquery', 'sync', 'validation', 'access', 'synthesizer'];

/** Keys of the plugin's section that are meant for Harper. */
const HARPERS_KEYS = ['package', 'timeout'];

/**
 * A mistake in the configuration.
 *
 * @typedef {{ path: string, found: string, expected: string, help: string }} ConfigError
 */

/** A config.yaml that cannot be read at all. */
export class UnreadableConfig extends Error {
  /** @param {ConfigError} error */
  constructor(error) {
    super(`${error.path}: found ${error.found}, expected ${error.expected}. ${error.help}`);
    this.error = error;
  }
}

/**
 * Reads the configuration: the plugin's section if it has `bigquery`, else the sections at the root of the file.
 *
 * @param {string} file
 * @param {string} [name] of the section
 * @returns {Promise<Record<string, any>>}
 * @throws {UnreadableConfig}
 */
export async function readConfig(file, name = PLUGIN) {
  const root = parse(await text(file), file);
  const section = root?.[name];
  const ownKeys = Object.entries(section ?? {}).filter(([key]) => !HARPERS_KEYS.includes(key));
  if (section?.bigquery) return { synthesizer: root.synthesizer, ...Object.fromEntries(ownKeys) };
  const sections = Object.entries(root ?? {}).filter(([key]) => ROOT_SECTIONS.includes(key));
  return Object.fromEntries([...sections, ...ownKeys]);
}

/** @param {string} file */
async function text(file) {
  try {
    return await readFile(file, 'utf8');
  } catch (/** @type {any} */ error) {
    throw new UnreadableConfig({
      path: path.resolve(file),
      found: error.code === 'ENOENT' ? 'no such file' : error.message,
      expected: "the app's config.yaml",
      help: 'Run the command in the folder of your app, or name the file with --config.',
    });
  }
}

/** @param {string} source @param {string} file @returns {any} */
function parse(source, file) {
  const lineCounter = new LineCounter();
  const document = parseDocument(source, { lineCounter, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    throw new UnreadableConfig({
      path: `${file}, line ${line}, column ${col}`,
      found: error.message,
      expected: 'YAML',
      help: 'Check indentation, quotes and brackets there and in the line before.',
    });
  }
  return document.toJS();
}
