// The full comparison of a large table: by one aggregate query, and without holding up Harper's event loop.
//
//   node tests/soak/validation.mjs [rows]
import assert from 'node:assert/strict';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createBacklog } from '../harper/support/backfill.mjs';
import { eventually } from '../harper/support/eventually.mjs';
import { WITHOUT_OWN_PROFILES } from '../harper/support/harper.mjs';
import { section, startScene, tableEntry } from '../harper/support/scene.mjs';
import { validate } from '../harper/support/validations.mjs';

const [ROWS = 1_000_000] = process.argv.slice(2).map(Number);
const LONGEST_BLOCK_MS = 50;
const PATIENCE_MS = 1_800_000;
const RESOURCE = pathToFileURL(path.join(path.dirname(fileURLToPath(import.meta.url)), 'loop-delay.js')).href;

const backlog = tableEntry('backlog', 'Backlog', 'at');

const scene = await startScene({
  section: { ...section([backlog]), validation: { enabled: false } },
  root: { jsResource: { files: 'resources.js' } },
  files: { 'resources.js': `export { LoopDelay } from ${JSON.stringify(RESOURCE)};` },
  fill: (emulator) => createBacklog(emulator, backlog.id, ROWS),
  harper: { config: WITHOUT_OWN_PROFILES },
});
try {
  await eventually(async () => assert.equal((await scene.tableStatus('backlog')).phase, 'steady'), {
    timeoutMs: PATIENCE_MS,
    intervalMs: 1_000,
  });
  scene.proxy.reset();
  await scene.harper.json('/LoopDelay', {});
  const begunMs = performance.now();

  const { checkResults } = await validate(scene.harper, {}, PATIENCE_MS);

  const seconds = (performance.now() - begunMs) / 1_000;
  const { maxMs, p99Ms } = await scene.harper.json('/LoopDelay');
  const { comparison } = checkResults.backlog;
  const aggregates = scene.proxy.queryJobs('backlog').filter(({ body }) => /COUNT\(|SUM\(/.test(body));
  console.log(
    `${ROWS} rows compared in ${seconds.toFixed(1)} s by ${aggregates.length} aggregate query, ${comparison.bucketsCompared} ` +
      `buckets: ${comparison.status}; Harper's event loop was late by ${maxMs.toFixed(1)} ms at the most, ` +
      `99 % of the time by less than ${p99Ms.toFixed(1)} ms`,
  );
  assert.equal(comparison.status, 'healthy', JSON.stringify(comparison));
  assert.deepEqual([comparison.rowsCompared, comparison.recordsCompared], [ROWS, ROWS]);
  assert.equal(aggregates.length, 1);
  assert.ok(maxMs <= LONGEST_BLOCK_MS, `Harper's event loop was held up for ${maxMs} ms`);
} finally {
  await scene.stop();
}
