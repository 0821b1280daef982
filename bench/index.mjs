// `npm run bench`: what the project promises about speed, measured. `-- --quick` for a short run, `-- --json FILE` to keep the
// figures for bench/report.mjs.
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { buildComponents } from '../scripts/setup/component.mjs';
import { installNodeModules } from '../scripts/setup/node-modules.mjs';
import { checkPrerequisites } from '../scripts/setup/prerequisites.mjs';

const SIZES = {
  full: { component: { pages: 20, rounds: 7 }, harper: { rows: 200_000, rounds: 5 } },
  quick: { component: { pages: 10, rounds: 3 }, harper: { rows: 50_000, rounds: 2 } },
};

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'string' } } });
const size = values.quick ? SIZES.quick : SIZES.full;

checkPrerequisites();
await installNodeModules();
await buildComponents();
// Only now are the packages there that the rest imports.
const { measureComponent } = await import('./component.mjs');
const { measureHarper } = await import('./harper.mjs');
const { toMarkdown } = await import('./figures.mjs');

const harper = JSON.parse(readFileSync(new URL('../node_modules/harperdb/package.json', import.meta.url), 'utf8'));
/** @type {import('./figures.mjs').Report} */
const report = {
  setting: {
    'Node.js': process.versions.node,
    Harper: harper.version,
    'processor cores': String(os.availableParallelism()),
    'load before': os.loadavg()[0].toFixed(1),
  },
  benchmarks: [await measureComponent(size.component), await measureHarper(size.harper)],
};
console.log(`\n${toMarkdown(report)}`);
if (values.json) writeFileSync(values.json, JSON.stringify(report, null, 2));
