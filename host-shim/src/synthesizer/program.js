import { Command } from 'commander';

/** @typedef {import('./synthesis.js').Command} Synthesis */

/**
 * @typedef {object} Options
 * @property {string} config
 * @property {boolean} json
 * @property {boolean} dryRun
 * @property {boolean} yes
 */

/**
 * The commands and their options.
 *
 * @param {(commands: Synthesis[], options: Options) => Promise<void>} run carries out one command after the other
 */
export function program(run) {
  const cli = new Command('maritime-data-synthesizer')
    .description('Writes ships that never sailed to BigQuery: positions, port events and the fleet.')
    .exitOverride()
    .showHelpAfterError('Run `maritime-data-synthesizer help` for the commands.');

  /** @param {string} name @param {string} description */
  const command = (name, description) =>
    cli
      .command(name)
      .description(description)
      .option('--config <file>', "the plugin's configuration", 'config.yaml')
      .option('--json', 'one JSON object a line instead of text', false);
  const until = /** @type {const} */ (['--until <timestamp>', 'end of the generated data: 2025-12-01T12:00:00Z']);
  const dryRun = /** @type {const} */ (['--dry-run', 'look and tell, but change nothing', false]);
  const yes = /** @type {const} */ (['--yes', 'do not ask', false]);

  command(
    'initialize',
    'make dataset and tables, and load history: small (an hour), realistic (a day), stress (a week)',
  )
    .argument('[scenario|days]', 'small, realistic, stress, or a number of days from 1 to 365', 'realistic')
    .option(...until)
    .option(...dryRun)
    .action((extent, options) => run([{ name: 'initialize', extent, ...options }], options));

  command('start', 'fill what is missing of the days to keep, then add what happens until Ctrl-C')
    .option('--no-backfill', 'fill nothing, begin now')
    .option(...until)
    .option(...dryRun)
    .action((options) => run([{ name: 'start', ...options }], options));

  command('stats', 'count what is there').action((options) => run([{ name: 'stats' }], options));

  command('clear', 'delete all rows; the tables stay')
    .option(...dryRun)
    .option(...yes)
    .action((options) => run([{ name: 'clear', ...options }], options));

  command('clean', 'delete the tables')
    .option(...dryRun)
    .option(...yes)
    .action((options) => run([{ name: 'clean', ...options }], options));

  command('reset', 'delete the tables, then initialize')
    .argument('[scenario|days]', 'as with initialize', 'realistic')
    .option(...until)
    .option(...dryRun)
    .option(...yes)
    .action((extent, options) =>
      run(
        [
          { name: 'clean', ...options },
          { name: 'initialize', extent, ...options },
        ],
        options,
      ),
    );

  return cli;
}
