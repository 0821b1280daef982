// Everything the demo and the tests need, on a machine that has Node, Rust and Python. Only Node's built-in modules are
// imported here, since nothing else is installed on a fresh clone.
import { buildComponents } from './component.mjs';
import { installEmulator } from './emulator.mjs';
import { installNodeModules } from './node-modules.mjs';
import { checkPrerequisites } from './prerequisites.mjs';

/** Sets up what is missing or outdated; quick when nothing is. Ends the process when a prerequisite is missing. */
export async function setUp() {
  checkPrerequisites();
  await installNodeModules();
  await Promise.all([buildComponents(), installEmulator()]);
}
