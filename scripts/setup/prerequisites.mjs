// What has to be on the machine before anything can be set up.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { REPO_ROOT } from './paths.mjs';

const NODE_MAJOR = 20;
const PYTHON_MINOR = 11;

/** @param {string} command @param {string[]} args @returns {string | undefined} its output, if it could be run */
function outputOf(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** @returns {string | undefined} the first command that is Python 3.11 or newer */
export function findPython() {
  const probe = `import sys, venv, ensurepip; sys.exit(sys.version_info < (3, ${PYTHON_MINOR}))`;
  return ['python3', 'python', 'python3.14', 'python3.13', 'python3.12', 'python3.11'].find(
    (command) => outputOf(command, ['-c', probe]) !== undefined,
  );
}

/**
 * Ends the process with exit code 1 when something is missing, after saying what and how to install it.
 */
export function checkPrerequisites() {
  const missing = [];
  if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR) {
    missing.push(
      `Node.js >= ${NODE_MAJOR} is needed, this is ${process.versions.node}.\n` +
        `    Install it from https://nodejs.org or with a version manager: nvm install ${NODE_MAJOR}`,
    );
  }
  for (const command of ['rustup', 'cargo']) {
    if (outputOf(command, ['--version']) === undefined) {
      missing.push(
        `\`${command}\` is needed to build the sync engine, and was not found on the PATH.\n` +
          '    Install Rust with rustup from https://rustup.rs, then open a new shell.',
      );
    }
  }
  const [, wanted] = /** @type {RegExpExecArray} */ (
    /^rust-version = "(.*)"$/m.exec(readFileSync(path.join(REPO_ROOT, 'Cargo.toml'), 'utf8'))
  );
  const found = /^cargo (\d+\.\d+)/.exec(outputOf('cargo', ['--version']) ?? '')?.[1];
  if (found !== undefined && found.localeCompare(wanted, 'en', { numeric: true }) < 0) {
    missing.push(`Rust >= ${wanted} is needed, this is ${found}.\n    Update it: rustup update stable`);
  }
  if (findPython() === undefined) {
    missing.push(
      `Python >= 3.${PYTHON_MINOR} with venv is needed to run the BigQuery emulator, and was not found on the PATH.\n` +
        '    Install it from https://www.python.org/downloads, or: apt install python3 python3-venv; brew install python',
    );
  }
  if (missing.length === 0) return;
  console.error(`Please install what is missing first:\n${missing.map((text) => `  - ${text}`).join('\n')}`);
  process.exit(1);
}
