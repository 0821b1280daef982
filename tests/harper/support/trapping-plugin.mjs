import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { REPO_ROOT } from '../../../scripts/setup/paths.mjs';
import { PLUGIN } from './app.mjs';

/**
 * Gives an app a copy of the plugin whose engine traps, once, whenever the file `trap` appears beside it: before its next step
 * when it says `step`, and amid the next page that it hands to storage when it says `page`.
 *
 * @param {string} app its folder, in which nothing is linked yet
 * @returns {string} that file
 */
export function installTrappingPlugin(app) {
  const source = path.join(REPO_ROOT, 'host-shim');
  const plugin = path.join(app, 'node_modules', PLUGIN);
  cpSync(source, plugin, { recursive: true, filter: (file) => !file.includes('node_modules') });
  const { dependencies } = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    const places = [source, REPO_ROOT].map((folder) => path.join(folder, 'node_modules', name));
    const link = path.join(app, 'node_modules', name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(places.find((place) => existsSync(place)) ?? name, link, 'dir');
  }
  const engine = path.join(plugin, 'dist/engine.js');
  const trap = path.join(plugin, 'trap');
  renameSync(engine, path.join(plugin, 'dist/intact-engine.js'));
  writeFileSync(
    engine,
    `import { existsSync, readFileSync, rmSync } from 'node:fs';
     import { instantiate as intact } from './intact-engine.js';
     const trap = ${JSON.stringify(trap)};
     function trapAt(place) {
       if (!existsSync(trap) || readFileSync(trap, 'utf8') !== place) return;
       rmSync(trap);
       throw new WebAssembly.RuntimeError('unreachable, as the test wants it');
     }
     const before = (place, work) => (...args) => {
       trapAt(place);
       return work(...args);
     };
     export function instantiate(load, imports) {
       const name = 'harperdb:bigquery-ingestor/storage';
       const storage = { ...imports[name], writeRows: before('page', imports[name].writeRows) };
       const { sync } = intact(load, { ...imports, [name]: storage });
       return { sync: { ...sync, step: before('step', sync.step) } };
     }`,
  );
  return trap;
}
