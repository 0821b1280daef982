// The maritime synthesizer as the demo uses it: the package's command, with settings of its own.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parse } from 'yaml';
import { REPO_ROOT } from '../setup/paths.mjs';

const COMMAND = path.join(REPO_ROOT, 'host-shim/bin/maritime-data-synthesizer.js');

/**
 * Runs a command of the synthesizer with the repository's config.yaml.
 *
 * @param {string[]} args
 * @param {object} options
 * @param {string} options.folder for its configuration
 * @param {object} options.settings that take the place of those in the `synthesizer` section
 * @param {string} options.emulatorUrl
 * @param {(event: any) => void} options.onEvent for each line of its `--json`
 * @param {AbortSignal} [options.signal] ends it
 * @returns {Promise<void>} rejects when it fails, and when it is ended
 */
export async function runSynthesizer(args, { folder, settings, emulatorUrl, onEvent, signal }) {
  const config = parse(readFileSync(path.join(REPO_ROOT, 'config.yaml'), 'utf8'));
  const { bigquery, synthesizer } = config['@harperdb/bigquery-ingestor'];
  const configFile = path.join(folder, `${args[0]}.json`);
  writeFileSync(configFile, JSON.stringify({ bigquery, synthesizer: { ...synthesizer, ...settings } }));
  const child = spawn(process.execPath, [COMMAND, ...args, '--json', '--config', configFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, BIGQUERY_EMULATOR_HOST: emulatorUrl },
    signal,
  });
  /** @type {any} */
  let failure;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line);
    if (event.event === 'failed') failure = event;
    onEvent(event);
  });
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(undefined);
      else reject(new Error(failure ? `${failure.message} ${failure.advice}` : `The synthesizer ended with ${code}`));
    });
  });
}
