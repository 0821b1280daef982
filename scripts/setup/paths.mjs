import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const REPO_ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** The emulator's virtual environment. */
export const VENV = path.join(REPO_ROOT, '.venv');
/** The HOME it runs with, where DuckDB finds its extensions. */
export const EMULATOR_HOME = path.join(VENV, 'home');
export const VENV_BIN = path.join(VENV, 'bin');
