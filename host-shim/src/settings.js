import { readFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * @typedef {object} EngineSetup `setup` in wit/engine.wit
 * @property {string} config JSON
 * @property {string | undefined} credentials
 * @property {string | undefined} emulatorHost
 * @property {string | undefined} metadataHost
 * @property {string} nodeId
 *
 * @typedef {{ path: string, found: string, expected: string, help: string }} ConfigError
 *
 * @typedef {object} Settings
 * @property {EngineSetup} setup
 * @property {ConfigError[]} errors those that only the host can find
 */

/** Sections that stand beside `bigquery` at the root of config.yaml. */
const ROOT_SECTIONS = ['bigquery', 'sync', 'validation', 'access', 'synthesizer'];

/** Keys of the plugin's section that are meant for Harper. */
const HARPERS_KEYS = ['package', 'timeout'];

/**
 * Reads the settings as they are now.
 *
 * @param {HarperScope} scope
 * @param {string} nodeId
 * @returns {Promise<Settings>}
 */
export async function readSettings(scope, nodeId) {
  const config = findConfig(scope.options.getAll(), scope.options.getRoot());
  const emulatorHost = process.env.BIGQUERY_EMULATOR_HOST || undefined;
  const { credentials, errors } = await readCredentials(config, scope.configFilePath, emulatorHost);
  const metadataHost = process.env.GCE_METADATA_HOST || undefined;
  return { setup: { config: JSON.stringify(config), credentials, emulatorHost, metadataHost, nodeId }, errors };
}

/**
 * The plugin's section of config.yaml if it has `bigquery`, else the sections at the root of the file.
 *
 * @param {Record<string, any> | undefined} section
 * @param {Record<string, any> | undefined} root
 * @returns {Record<string, any>}
 */
export function findConfig(section, root) {
  const ownKeys = Object.entries(section ?? {}).filter(([key]) => !HARPERS_KEYS.includes(key));
  if (section?.bigquery) return Object.fromEntries(ownKeys);
  const sections = Object.entries(root ?? {}).filter(([key]) => ROOT_SECTIONS.includes(key));
  return Object.fromEntries([...sections, ...ownKeys]);
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
