import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { REPO_ROOT } from './paths.mjs';
import { run } from './run.mjs';

/** Installs the npm packages of the lock file unless the last installation is newer than it. */
export async function installNodeModules() {
  const lock = path.join(REPO_ROOT, 'package-lock.json');
  // npm writes this file at the end of every installation.
  const installed = path.join(REPO_ROOT, 'node_modules/.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  console.log('Installing npm packages ...');
  // Not `npm ci`: it fails when the lock file lacks optional packages for other platforms, and npm leaves those out that it
  // could not look up.
  await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: REPO_ROOT });
}
