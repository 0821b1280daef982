import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { CommanderError } from 'commander';
import { CommandError, WRONG } from '../command-error.js';
import { readSetup } from '../command-setup.js';
import { configured } from './component.js';
import { program } from './program.js';
import { shownAdvice, shownEstimates, shownMeasurement, shownThreads } from './report.js';
import { tryThreads } from './threads.js';

/** @typedef {{ tableId: string, message: string, advice: string }} Failed a table that could not be measured */

/**
 * Runs `bigquery-ingestor`.
 *
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function main(args) {
  let exitCode = 0;
  const cli = program(async (options) => {
    exitCode = await benchmark(options);
  });
  try {
    await cli.parseAsync(args.length > 0 ? args : ['help'], { from: 'user' });
    return exitCode;
  } catch (/** @type {any} */ error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG;
    if (!(error instanceof CommandError)) throw error;
    tell(error);
    return error.exitCode;
  }
}

/**
 * @param {import('./program.js').Options} options
 * @returns {Promise<number>} the exit code
 */
async function benchmark(options) {
  const setup = await readSetup(options.config);
  const { tables, measurement } = await configured(setup, options.table);
  const show = (/** @type {string} */ text) =>
    (options.json === true ? process.stderr : process.stdout).write(`${text}\n`);
  /** @type {Failed[]} */
  const failures = [];
  const ofEach = (/** @type {string[]} */ ids, /** @type {(id: string) => any} */ work) =>
    ids.flatMap((id) => attempted(id, work, failures));

  const estimates = ofEach(tables, (id) => measurement.estimate(id, options.sampleRows));
  const announced = total(estimates);
  let measured = [];
  if (estimates.length > 0) {
    show(shownEstimates(estimates, announced));
    await agree(announced, options);
    measured = ofEach(
      estimates.map(({ tableId }) => tableId),
      (id) => {
        const result = measurement.measure(id);
        show(shownMeasurement(result));
        return result;
      },
    );
  }
  if (measured.length === 0) return 1;

  const { targetLag: targetLagSeconds, harperRowsPerSecond } = options;
  const goal = { targetLagSeconds, harperRowsPerSecond, threadTrials: [] };
  const busiest = busiestOf(measurement.advise(goal).tables, measured);
  const threadTrials = await tryThreads(setup, busiest, options.threads);
  if (threadTrials.length > 0) show(shownThreads(busiest.tableId, threadTrials));
  const advice = measurement.advise({ ...goal, threadTrials });
  const billed = total(measured);
  show(shownAdvice(measured, advice, billed));
  if (options.json) {
    const report = { targetLagSeconds, announced, billed, estimates, measured, threadTrials };
    const text = JSON.stringify({ ...report, advice, failures }, null, 2);
    if (options.json === true) process.stdout.write(`${text}\n`);
    else writeFileSync(options.json, `${text}\n`);
  }
  return failures.length === 0 ? 0 : 1;
}

/**
 * A table that cannot be measured does not keep the others from it.
 *
 * @param {string} tableId
 * @param {(id: string) => any} work
 * @param {Failed[]} failures
 * @returns {any[]} the outcome, if there is one
 */
function attempted(tableId, work, failures) {
  try {
    return [work(tableId)];
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    tell(error);
    failures.push({ tableId, message: error.message, advice: error.advice });
    return [];
  }
}

/**
 * The table that takes most of a worker's time, to be read with the batch size that is recommended for it.
 *
 * @param {any[]} advised
 * @param {any[]} measured of the same tables
 * @returns {import('./threads.js').Sample}
 */
function busiestOf(advised, measured) {
  const load = (/** @type {any} */ table) => table.arrivalRowsPerSecond / table.readingRowsPerSecond;
  const { tableId, initialBatchSize } = advised.reduce((one, other) => (load(other) > load(one) ? other : one));
  const { jobId } = measured.find((table) => table.tableId === tableId);
  return { tableId, jobId, batchRows: initialBatchSize };
}

/**
 * @param {import('./report.js').Price[]} parts
 * @returns {import('./report.js').Price}
 */
function total(parts) {
  const sum = (/** @type {'bytesBilled' | 'usd'} */ of) => parts.reduce((whole, part) => whole + part[of], 0);
  return { bytesBilled: sum('bytesBilled'), usd: sum('usd') };
}

/**
 * Asks before anything is spent.
 *
 * @param {import('./report.js').Price} announced
 * @param {import('./program.js').Options} options
 */
async function agree(announced, { maxPrice = Infinity, maximumBytes = Infinity, json, yes }) {
  if (announced.usd > maxPrice || announced.bytesBilled > maximumBytes) {
    const limit = announced.usd > maxPrice ? `--max-price ${maxPrice}` : `--maximum-bytes ${maximumBytes}`;
    const advice = 'Nothing was spent. Raise the limit, or measure fewer tables by --table.';
    throw new CommandError(`That is more than ${limit} allows.`, { advice });
  }
  if (yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    const advice = 'Nothing was spent. Add --yes if that is the price you want to pay.';
    throw new CommandError('There is no terminal to ask.', { advice, exitCode: WRONG });
  }
  const given = new AbortController();
  const reader = createInterface({ input: process.stdin, output: json === true ? process.stderr : process.stdout });
  reader.once('close', () => given.abort());
  try {
    const answer = await reader.question('Run these queries? [y/N] ', { signal: given.signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('Nothing was spent.');
  } catch (error) {
    throw error instanceof CommandError ? error : new CommandError('Nothing was spent.');
  } finally {
    reader.close();
  }
}

/** @param {CommandError} error */
function tell({ message, advice }) {
  process.stderr.write([message, advice].filter((line) => line !== '').join('\n') + '\n');
}
