import { createInterface } from 'node:readline/promises';
import { CommanderError } from 'commander';
import { CommandError, WRONG } from '../command-error.js';
import { readSetup } from '../command-setup.js';
import { Display } from './display.js';
import { program } from './program.js';
import { synthesize } from './synthesis.js';

/** What the system makes of a process that a signal has ended. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** Commands that delete. */
const DESTRUCTIVE = ['clear', 'clean'];

/**
 * Runs `maritime-data-synthesizer`.
 *
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function main(args) {
  const interrupted = new AbortController();
  for (const signal of /** @type {(keyof typeof EXIT_CODES)[]} */ (Object.keys(EXIT_CODES))) {
    process.on(signal, () => interrupted.abort(signal));
  }
  let json = false;
  const cli = program(async (commands, options) => {
    json = options.json;
    await carryOut(commands, options, interrupted.signal);
  });
  try {
    await cli.parseAsync(args.length > 0 ? args : ['help'], { from: 'user' });
    return 0;
  } catch (/** @type {any} */ error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG;
    if (interrupted.signal.aborted) return stopped(interrupted.signal.reason, args[0] === 'start');
    if (!(error instanceof CommandError)) throw error;
    tell(error, json);
    return error.exitCode;
  }
}

/**
 * @param {import('./synthesis.js').Command[]} commands
 * @param {import('./program.js').Options} options
 * @param {AbortSignal} signal
 */
async function carryOut(commands, options, signal) {
  const setup = await readSetup(options.config);
  const display = new Display(process.stdout, options);
  let isFirst = true;
  for (const command of commands) {
    if (DESTRUCTIVE.includes(command.name) && !options.dryRun && !options.yes) await confirm(setup, command, signal);
    try {
      const outcome = await synthesize(setup, command, {
        onEvent: (event) => (event.event !== 'plan' || isFirst) && display.show(event),
        signal,
      });
      display.show({ event: 'done', command: command.name, dryRun: command.dryRun ?? false, ...outcome });
    } finally {
      display.endProgress();
    }
    isFirst = false;
  }
}

/**
 * Asks before anything is deleted.
 *
 * @param {import('../command-setup.js').CommandSetup} setup
 * @param {import('./synthesis.js').Command} command
 * @param {AbortSignal} signal
 */
async function confirm(setup, command, signal) {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new CommandError(`\`${command.name}\` deletes, and there is no terminal to ask.`, {
      advice: 'Add --yes if that is what you want.',
      exitCode: WRONG,
    });
  }
  const { dataset, tables } = await synthesize(setup, { ...command, dryRun: true }, { onEvent: () => {}, signal });
  if (tables.length === 0) return;
  const what = tables.map(
    (/** @type {any} */ { table, rows }) => `${table} (${Number(rows ?? 0).toLocaleString('en-US')} rows)`,
  );
  const verb = command.name === 'clear' ? 'Delete all rows of' : 'Delete';
  const reader = createInterface({ input: process.stdin, output: process.stdout });
  reader.on('SIGINT', () => process.emit('SIGINT'));
  try {
    const answer = await reader.question(`${verb} ${what.join(', ')} in ${dataset}? [y/N] `, { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('Nothing was deleted.');
  } finally {
    reader.close();
  }
}

/** @param {keyof typeof EXIT_CODES} signal @param {boolean} isUsualEnd */
function stopped(signal, isUsualEnd) {
  process.stderr.write('Stopped. The same command goes on where this one ended.\n');
  return isUsualEnd ? 0 : EXIT_CODES[signal];
}

/** @param {CommandError} error @param {boolean} json */
function tell({ message, advice, made }, json) {
  if (json) {
    process.stdout.write(`${JSON.stringify({ event: 'failed', message, advice, made })}\n`);
    return;
  }
  const leftovers = made.length > 0 ? `What was made before stays: ${made.join(', ')}.` : '';
  process.stderr.write([message, advice, leftovers].filter((line) => line !== '').join('\n') + '\n');
}
