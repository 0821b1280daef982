import { allowedHosts } from '../allowed-hosts.js';
import { load, sandbox } from '../sandbox.js';
import { CommandError, WRONG } from '../command-error.js';

/**
 * The component of wit/benchmark.wit. Its functions block: this process has nothing else to do, and may be ended at any moment.
 *
 * @param {import('../command-setup.js').CommandSetup} setup
 * @param {string[]} wanted ids of tables; none for every table
 * @returns {Promise<{ tables: string[], measurement: any }>}
 */
export async function configured(setup, wanted) {
  const { imports, panic } = sandbox(allowedHosts(setup));
  const { measurement } = await load('benchmark', imports);
  const { errors, tables } = calling(panic, () => measurement.configure(setup));
  if (errors.length > 0) throw CommandError.ofConfig(errors);
  const unknown = wanted.find((id) => !tables.includes(id));
  if (unknown !== undefined) {
    const advice = `The configuration has ${tables.join(', ')}.`;
    throw new CommandError(`--table: there is no table ${unknown}.`, { advice, exitCode: WRONG });
  }
  /** @param {string} name */
  const asked =
    (name) =>
    /** @param {any[]} args */
    (...args) =>
      JSON.parse(calling(panic, () => measurement[name](...args)));
  return {
    tables: wanted.length > 0 ? tables.filter((/** @type {string} */ id) => wanted.includes(id)) : tables,
    measurement: {
      estimate: asked('estimate'),
      measure: asked('measure'),
      read: asked('read'),
      advise: asked('advise'),
    },
  };
}

/**
 * What the component returns as an error has a payload; anything else is a trap, or an error of ours.
 *
 * @template T
 * @param {{ lines: () => string[] }} panic
 * @param {() => T} call
 * @returns {T}
 */
function calling(panic, call) {
  try {
    return call();
  } catch (/** @type {any} */ error) {
    if (error?.payload) throw new CommandError(error.payload.message, { advice: error.payload.advice });
    throw new Error(['The benchmark has broken down', ...panic.lines()].join(': '), { cause: error });
  }
}
