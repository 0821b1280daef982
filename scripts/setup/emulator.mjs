import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EMULATOR_HOME, VENV, VENV_BIN } from './paths.mjs';
import { findPython } from './prerequisites.mjs';
import { run } from './run.mjs';

const REQUIREMENTS = fileURLToPath(new URL('emulator-requirements.txt', import.meta.url));

// DuckDB looks for its extensions under HOME; imported once, the emulator starts without network.
const IMPORT_EXTENSIONS = `
import duckdb, duckdb_extensions
connection = duckdb.connect()
for extension in ("spatial", "avro"):
    duckdb_extensions.import_extension(extension, con=connection)
`;

/** Installs the BigQuery emulator into its own virtual environment unless exactly these versions are there. */
export async function installEmulator() {
  const wanted = readFileSync(REQUIREMENTS, 'utf8');
  const stamp = path.join(VENV, 'installed-requirements.txt');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.log('Installing the BigQuery emulator into .venv (about 600 MB) ...');
  rmSync(VENV, { recursive: true, force: true });
  await run(/** @type {string} */ (findPython()), ['-m', 'venv', VENV]);
  const python = path.join(VENV_BIN, 'python');
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS]);
  mkdirSync(EMULATOR_HOME, { recursive: true });
  await run(python, ['-c', IMPORT_EXTENSIONS], { env: { ...process.env, HOME: EMULATOR_HOME } });
  writeFileSync(stamp, wanted);
}
