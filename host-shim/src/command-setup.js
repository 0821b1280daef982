import path from 'node:path';
import { UnreadableConfig, readConfig } from './config-file.js';
import { readCredentials } from './settings.js';
import { CommandError } from './command-error.js';

/**
 * @typedef {object} CommandSetup `setup` in wit/synthesizer.wit and wit/benchmark.wit
 * @property {string} config JSON
 * @property {string | undefined} credentials
 * @property {string | undefined} emulatorHost
 * @property {string | undefined} metadataHost
 */

/**
 * Reads what the plugin reads, from the same places of the same file.
 *
 * @param {string} file
 * @returns {Promise<CommandSetup>}
 */
export async function readSetup(file) {
  const config = await readConfig(file).catch((error) => {
    throw error instanceof UnreadableConfig ? CommandError.ofConfig([error.error]) : error;
  });
  const emulatorHost = process.env.BIGQUERY_EMULATOR_HOST || undefined;
  const { credentials, errors } = await readCredentials(config, path.resolve(file), emulatorHost);
  if (errors.length > 0) throw CommandError.ofConfig(errors);
  const metadataHost = process.env.GCE_METADATA_HOST || undefined;
  return { config: JSON.stringify(config), credentials, emulatorHost, metadataHost };
}
