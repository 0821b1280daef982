import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const REPO_ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** The emulator's virtual environment; its HOME, which holds the DuckDB extensions, is inside. */
export const VENV = path.join(REPO_ROOT, '.venv');
export const EMULATOR_HOME = path.join(VENV, 'home');

const windows = process.platform === 'win32';
export const VENV_BIN = path.join(VENV, windows ? 'Scripts' : 'bin');
