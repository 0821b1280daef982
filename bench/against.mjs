// node bench/against.mjs FOLDER [ROUNDS]: what a page costs the component of this checkout, beside that of another one that has
// been built in FOLDER, as before a change. Both run in turns, each with its own shim, on the pages of this checkout's source.
import { once } from 'node:events';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { startCannedBigQuery } from './canned-bigquery.mjs';
import { toMarkdown } from './figures.mjs';
import { PAGE_ROWS } from './pages.mjs';

const PAGES = 20;
const ROWS = PAGES * PAGE_ROWS;

const [folder, rounds = '11'] = process.argv.slice(2);
if (!folder || !(Number(rounds) > 0)) throw new Error('expected: node bench/against.mjs FOLDER [ROUNDS]');

const bigquery = await startCannedBigQuery(ROWS);
const before = pathToFileURL(path.resolve(folder, 'bench/component-thread.mjs'));
const now = new URL('component-thread.mjs', import.meta.url);
const inMemory = { rows: ROWS };
const overHttp = { host: bigquery.host };
const contests = [inMemory, overHttp].map((workerData) => ({
  name: workerData === inMemory ? 'from memory' : 'over HTTP',
  sides: [before, now].map((script) => ({
    thread: new Worker(script, { workerData }),
    cpuMs: /** @type {number[]} */ ([]),
  })),
}));

// The first round warms up the compilers.
for (let round = 0; round <= Number(rounds); round++) {
  for (const { sides } of contests) {
    // Whoever comes first may leave garbage to the other one.
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const cpuMs = await cpuOfPage(side.thread, `positions_${round}`);
      if (round > 0) side.cpuMs.push(cpuMs);
    }
  }
}
const figures = contests.flatMap(({ name, sides: [{ cpuMs: before }, { cpuMs: now }] }) => [
  { name: `before, ${name}`, unit: 'ms', values: before },
  { name: `now, ${name}`, unit: 'ms', values: now },
  // Within a round, as what else a machine does comes and goes.
  { name: `now / before, ${name}`, unit: '%', values: now.map((cpuMs, round) => (cpuMs / before[round]) * 100) },
]);
console.log(
  toMarkdown({
    setting: { 'Node.js': process.versions.node },
    benchmarks: [{ title: 'CPU of the component, a page', figures }],
  }),
);
await Promise.all(contests.flatMap(({ sides }) => sides.map(({ thread }) => thread.terminate())));
await bigquery.stop();

/** @param {Worker} thread @param {string} table @returns {Promise<number>} milliseconds of CPU time of the whole process */
async function cpuOfPage(thread, table) {
  const begun = process.cpuUsage();
  thread.postMessage(table);
  const [done] = await once(thread, 'message');
  if (done.rows !== ROWS) throw new Error(`the component wrote ${done.rows} of ${ROWS} rows`);
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000 / PAGES;
}
