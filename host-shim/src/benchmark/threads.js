import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { CommandError } from '../command-error.js';

/**
 * @typedef {object} Sample what is read
 * @property {string} tableId
 * @property {string} jobId of the job that has it for its result
 * @property {number} batchRows
 *
 * @typedef {{ threads: number, rowsPerSecond: number }} ThreadTrial
 */

/**
 * Reads a sample with one thread, then with two at the same time, with four, and so on. With one alone there is nothing to try.
 *
 * @param {import('../command-setup.js').CommandSetup} setup
 * @param {Sample} sample
 * @param {number} most threads
 * @returns {Promise<ThreadTrial[]>}
 */
export async function tryThreads(setup, sample, most) {
  const counts = [1, 2, 4, 8].filter((count) => count <= most);
  if (counts.length < 2) return [];
  const workerData = { setup, ...sample };
  const workers = Array.from(
    { length: counts.at(-1) ?? 0 },
    () => new Worker(new URL('./thread.js', import.meta.url), { workerData }),
  );
  try {
    // Compilers and connections warm up.
    await Promise.all(workers.map(read));
    /** @type {ThreadTrial[]} */
    const trials = [];
    for (const threads of counts) {
      const readings = await Promise.all(workers.slice(0, threads).map(read));
      const rows = readings.reduce((sum, reading) => sum + reading.rows, 0);
      const elapsedMs = Math.max(...readings.map((reading) => reading.elapsedMs));
      trials.push({ threads, rowsPerSecond: (rows / elapsedMs) * 1000 });
    }
    return trials;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** @param {Worker} worker @returns {Promise<{ rows: number, elapsedMs: number }>} */
async function read(worker) {
  worker.postMessage('read');
  const [{ trial, failure }] = await once(worker, 'message');
  if (failure) throw new CommandError(failure.message, { advice: failure.advice });
  return trial;
}
