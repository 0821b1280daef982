import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { findConfig, readCredentials } from '../settings.js';
import { CommandError, WRONG } from './command-error.js';

const PLUGIN = '@harperdb/bigquery-ingestor';

/**
 * @typedef {object} SynthesizerSetup `setup` in wit/synthesizer.wit
 * @property {string} config JSON
 * @property {string | undefined} credentials
 * @property {string | undefined} emulatorHost
 * @property {string | undefined} metadataHost
 */

/**
 * Reads what the plugin reads, from the same places of the same file.
 *
 * @param {string} file
 * @returns {Promise<SynthesizerSetup>}
 */
export async function readSetup(file) {
  const root = parse(await text(file), file);
  // The plugin leaves the root alone when its section has `bigquery`; it has no use for this one either way.
  const config = { synthesizer: root?.synthesizer, ...findConfig(root?.[PLUGIN], root) };
  const emulatorHost = process.env.BIGQUERY_EMULATOR_HOST || undefined;
  const { credentials, errors } = await readCredentials(config, path.resolve(file), emulatorHost);
  if (errors.length > 0) throw CommandError.ofConfig(errors);
  const metadataHost = process.env.GCE_METADATA_HOST || undefined;
  return { config: JSON.stringify(config), credentials, emulatorHost, metadataHost };
}

/** @param {string} file */
async function text(file) {
  try {
    return await readFile(file, 'utf8');
  } catch (/** @type {any} */ error) {
    const found = error.code === 'ENOENT' ? 'no such file' : error.message;
    throw new CommandError(`${path.resolve(file)}: found ${found}, expected the plugin's config.yaml.`, {
      advice: 'Run the command in the folder of your app, or name the file with --config.',
      exitCode: WRONG,
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
    throw new CommandError(`${file}, line ${line}, column ${col}: ${error.message}`, {
      advice: 'Check indentation, quotes and brackets there and in the line before.',
      exitCode: WRONG,
    });
  }
  return document.toJS();
}
