// The root folder of a Harper, copied from one that was installed before: making its keys takes seconds of computing.
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { REPO_ROOT } from '../../../scripts/setup/paths.mjs';

const HARPER = path.join(REPO_ROOT, 'node_modules/harperdb');
const CACHE = path.join(REPO_ROOT, 'node_modules/.cache/harper');
const SETTINGS_FILE = 'harperdb-config.yaml';

export const CLI = path.join(HARPER, 'bin/harperdb.js');
export const USER = 'admin';
export const PASSWORD = 'password-of-a-test';

/**
 * Makes a root folder unless it is there.
 *
 * @param {string} root
 * @param {string} host its name, which its certificate holds
 * @param {object} settings for harperdb-config.yaml, in place of what the installation has there
 */
export async function install(root, host, settings) {
  if (existsSync(path.join(root, SETTINGS_FILE))) return;
  const template = await installed(host);
  cpSync(template, root, { recursive: true });
  const text = readFileSync(path.join(template, SETTINGS_FILE), 'utf8');
  const defaults = parse(text.replaceAll(parse(text).rootPath, root));
  writeFileSync(path.join(root, SETTINGS_FILE), stringify(merged(defaults, settings)));
}

/** @param {string} host @returns {Promise<string>} a root folder that nobody has started yet */
async function installed(host) {
  const { version } = JSON.parse(readFileSync(path.join(HARPER, 'package.json'), 'utf8'));
  const template = path.join(CACHE, `${version}-${host}`);
  if (existsSync(template)) return template;
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(path.join(CACHE, 'new-'));
  try {
    const root = path.join(folder, 'root');
    const home = path.join(folder, 'home');
    mkdirSync(home);
    await promisify(execFile)(process.execPath, [CLI, 'install'], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: home,
        ROOTPATH: root,
        TC_AGREEMENT: 'yes',
        HDB_ADMIN_USERNAME: USER,
        HDB_ADMIN_PASSWORD: PASSWORD,
        // The defaults for development let everybody in and start one thread, which restarts at every change of a file.
        DEFAULTS_MODE: 'prod',
        REPLICATION_HOSTNAME: host,
      },
    });
    // Another test file may have been quicker.
    if (!existsSync(template)) renameSync(root, template);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return template;
}

/**
 * @param {any} defaults
 * @param {any} settings
 * @returns {any} objects are put together, other values replaced
 */
function merged(defaults, settings) {
  const isObject = (/** @type {unknown} */ value) => value?.constructor === Object;
  if (!isObject(defaults) || !isObject(settings)) return settings;
  const entries = Object.entries(settings).map(([key, value]) => [key, merged(defaults[key], value)]);
  return { ...defaults, ...Object.fromEntries(entries) };
}
