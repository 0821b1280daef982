import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readConfig } from './config-file.js';

/**
 * @typedef {object} EngineSetup `setup` in wit/engine.wit
 * @property {string} config JSON
 * @property {string | undefined} credentials
 * @property {string | undefined} emulatorHost
 * @property {string | undefined} metadataHost
 * @property {string} nodeId
 *
 * @typedef {import('./config-file.js').ConfigError} ConfigError
 *
 * @typedef {object} Settings
 * @property {EngineSetup} setup
 * @property {ConfigError[]} errors those that only the host can find
 */

/**
 * Reads the settings as they are now, from the file itself: Harper tells of changes of a file that it found half written, and not
 * of changes outside the plugin's section.
 *
 * @param {HarperScope} scope
 * @param {string} nodeId
 * @returns {Promise<Settings>}
 * @throws {import('./config-file.js').UnreadableConfig}
 */
export async function readSettings(scope, nodeId) {
  const config = await readConfig(scope.configFilePath, scope.pluginName);
  const emulatorHost = process.env.BIGQUERY_EMULATOR_HOST || undefined;
  const { credentials, errors } = await readCredentials(config, scope.configFilePath, emulatorHost);
  const metadataHost = process.env.GCE_METADATA_HOST || undefined;
  return { setup: { config: JSON.stringify(config), credentials, emulatorHost, metadataHost, nodeId }, errors };
}

/**
 * @param {Record<string, any>} config
 * @param {string} configFile
 * @param {string | undefined} emulatorHost an emulator takes no credentials: a missing key file does not matter then
 * @returns {Promise<{ credentials: string | undefined, errors: ConfigError[] }>}
 */
export async function readCredentials(config, configFile, emulatorHost) {
  const configured = config.bigquery?.credentials;
  const fromEnvironment = configured ? undefined : process.env.GOOGLE_APPLICATION_CREDENTIALS;
  const file = configured ?? fromEnvironment;
  if (typeof file !== 'string' || file === '' || emulatorHost) return { credentials: undefined, errors: [] };
  const absolute = path.resolve(path.dirname(configFile), file);
  try {
    return { credentials: await readFile(absolute, 'utf8'), errors: [] };
  } catch (/** @type {any} */ error) {
    const help = fromEnvironment
      ? 'Correct the environment variable GOOGLE_APPLICATION_CREDENTIALS, or set bigquery.credentials.'
      : `Put the key file there; a relative path counts from the folder of ${configFile}. The sync starts by itself then.`;
    const found = `${absolute} (${error.code === 'ENOENT' ? 'no such file' : error.message})`;
    const expected = 'a readable key file of a service account or an authorized user';
    return { credentials: undefined, errors: [{ path: 'bigquery.credentials', found, expected, help }] };
  }
}
