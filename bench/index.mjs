// `npm run bench`: what the project promises about speed and cost, measured beside its peers.
//
// `-- --quick` for a short run that changes no file, `-- --json FILE` to keep the figures, `-- --only bill,million` for some
// parts. A run of everything writes its figures into docs/performance.md and the README.
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { setUp } from '../scripts/setup/index.mjs';

const SIZES = {
  full: {
    component: { pages: 20, rounds: 5 },
    harper: { rows: 200_000, rounds: 3 },
    million: { rows: 1_000_000, clientRows: 200_000, pausedRows: 100_000 },
    roundTrips: { rows: 300_000, rounds: 1, addedMs: [0, 5, 50, 200] },
    emulator: { rows: 1_000_000, inserts: 8 },
    bill: { rows: 1_000_000, workers: [1, 4, 8] },
    growth: { rows: [1_000_000, 10_000_000] },
  },
  quick: {
    component: { pages: 10, rounds: 3 },
    harper: { rows: 50_000, rounds: 2 },
    million: { rows: 100_000, clientRows: 50_000, pausedRows: 30_000 },
    roundTrips: { rows: 50_000, rounds: 1, addedMs: [0, 200] },
    emulator: { rows: 50_000, inserts: 3 },
    bill: { rows: 500_000, workers: [1, 4] },
    growth: { rows: [50_000, 500_000] },
  },
};

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'string' }, only: { type: 'string' } },
});
const size = values.quick ? SIZES.quick : SIZES.full;

await setUp();
// Only now are the packages there that the rest imports.
const { measureComponent } = await import('./component.mjs');
const { measureHarper } = await import('./harper.mjs');
const { measureBareGrowth, measureGrowth, measureMillion } = await import('./million.mjs');
const { measureRoundTrips } = await import('./round-trips.mjs');
const { measureEmulator } = await import('./emulator.mjs');
const { measureBill } = await import('./bill.mjs');
const { toMarkdown } = await import('./figures.mjs');
const { bounds, limits } = await import('./limits.mjs');
const { writeReport } = await import('./report.mjs');

/** @type {Record<string, () => Promise<import('./figures.mjs').Benchmark>>} */
const parts = {
  component: () => measureComponent(size.component),
  harper: () => measureHarper(size.harper),
  million: () => measureMillion(size.million),
  'round-trips': () => measureRoundTrips(size.roundTrips),
  emulator: () => measureEmulator(size.emulator),
  bill: () => measureBill(size.bill),
  growth: () => measureGrowth(size.growth),
  // Not of a run of everything: that it takes long says nothing about the plugin.
  'bare-growth': () => measureBareGrowth(size.growth),
};
const wanted = values.only?.split(',') ?? Object.keys(parts).filter((name) => name !== 'bare-growth');
const unknown = wanted.filter((name) => !(name in parts));
if (unknown.length > 0) throw new Error(`--only ${unknown}: write some of ${Object.keys(parts).join(',')}`);

const harper = JSON.parse(readFileSync(new URL('../node_modules/harperdb/package.json', import.meta.url), 'utf8'));
const setting = {
  'Node.js': process.versions.node,
  Harper: harper.version,
  'processor cores': String(os.availableParallelism()),
  'load before': os.loadavg()[0].toFixed(1),
};
const benchmarks = [];
for (const name of wanted) {
  const begunMs = performance.now();
  benchmarks.push(await parts[name]());
  console.error(`${name}: ${((performance.now() - begunMs) / 1000).toFixed(0)} s`);
  // What was measured is kept, whatever becomes of the rest.
  if (values.json) writeFileSync(values.json, JSON.stringify(reportOf(benchmarks), null, 2));
}
const report = reportOf(benchmarks);
console.log(`\n${toMarkdown(report)}`);
if (!values.quick && !values.only) await writeReport(report);

/**
 * @param {import('./figures.mjs').Benchmark[]} benchmarks
 * @returns {import('./figures.mjs').Report}
 */
function reportOf(benchmarks) {
  return { setting, benchmarks: [limits(benchmarks), ...bounds(benchmarks), ...benchmarks] };
}
