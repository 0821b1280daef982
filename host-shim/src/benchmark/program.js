import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';

/**
 * @typedef {object} Options
 * @property {string} config
 * @property {string[]} table ids; none for every table
 * @property {number} targetLag seconds
 * @property {number} sampleRows
 * @property {number} [maxPrice] US dollars
 * @property {number} [maximumBytes]
 * @property {number} [harperRowsPerSecond]
 * @property {number} threads to try at the most
 * @property {string | true} [json] a file, or standard output
 * @property {boolean} yes
 */

/** Below this a sample says more about requests than about rows. */
const LEAST_SAMPLE_ROWS = 1000;
const MOST_SAMPLE_ROWS = 1_000_000;

/**
 * The commands and their options.
 *
 * @param {(options: Options) => Promise<void>} benchmark
 */
export function program(benchmark) {
  const cli = new Command('bigquery-ingestor')
    .description('Tools beside the plugin @harperdb/bigquery-ingestor.')
    .exitOverride()
    .showHelpAfterError('Run `bigquery-ingestor help benchmark` for the options.');
  cli
    .command('benchmark')
    .description(
      'measure how fast the tables of a configuration are read, and recommend settings; shows the price before it spends anything',
    )
    .option('--config <file>', "the plugin's configuration", 'config.yaml')
    .option('--table <id>', 'measure this table only; may be repeated', append, [])
    .option('--target-lag <seconds>', 'how far tables may be behind', numberFrom(0), 60)
    .option('--sample-rows <rows>', 'rows to read of each table', rows, 20_000)
    .option('--max-price <usd>', 'do nothing if it could cost more', numberFrom(0))
    .option('--maximum-bytes <bytes>', 'do nothing if more could be billed', numberFrom(0))
    .option('--harper-rows-per-second <rows>', 'what your Harper stores, instead of a documented rate', numberFrom(1))
    .option('--threads <number>', 'threads to try at the most, 1 for none', numberFrom(1), availableParallelism())
    .option('--json [file]', 'everything as JSON: to a file, or instead of text to standard output')
    .option('--yes', 'do not ask whether the price is right', false)
    .action(benchmark);
  return cli;
}

/** @param {string} id @param {string[]} before */
const append = (id, before) => [...before, id];

/** @param {number} least @returns {(text: string) => number} */
const numberFrom = (least) => (text) => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < least)
    throw new InvalidArgumentError(`Write a number from ${least} on.`);
  return value;
};

/** @param {string} text */
function rows(text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < LEAST_SAMPLE_ROWS || value > MOST_SAMPLE_ROWS)
    throw new InvalidArgumentError(`Write a whole number from ${LEAST_SAMPLE_ROWS} to ${MOST_SAMPLE_ROWS}.`);
  return value;
}
