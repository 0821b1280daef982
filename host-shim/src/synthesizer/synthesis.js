import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { allowedHosts } from '../allowed-hosts.js';
import { CommandError } from '../command-error.js';

// What is handed from thread to thread is garbage at once. With Node's 16 MB, 40 MB of it come together in each.
setFlagsFromString('--max-semi-space-size=1');
// Optimizing what is only warm takes longer than running it as it is; what is hot gets there all the same.
setFlagsFromString('--wasm-tiering-budget=20000000');

/** The first thread, which starts while the command line is read. @type {Worker | undefined} */
let started = startThread();

/**
 * @typedef {object} Command
 * @property {'initialize' | 'start' | 'stats' | 'clear' | 'clean'} name
 * @property {string} [extent]
 * @property {string} [until]
 * @property {boolean} [dryRun]
 * @property {boolean} [backfill]
 */

/**
 * Runs a command in a thread until it is through.
 *
 * @param {import('../command-setup.js').CommandSetup} setup
 * @param {Command} command
 * @param {object} watcher
 * @param {(event: any) => void} watcher.onEvent see `report` in wit/synthesizer.wit; `plan` comes first
 * @param {AbortSignal} watcher.signal ends the thread: at any moment, and without harm
 * @returns {Promise<any>} the outcome; rejects with a `CommandError`, or the signal's reason
 */
export async function synthesize(setup, command, { onEvent, signal }) {
  signal.throwIfAborted();
  const worker = started ?? startThread();
  started = undefined;
  worker.ref();
  worker.postMessage({ setup, hosts: allowedHosts(setup), command });
  const end = () => void worker.terminate();
  signal.addEventListener('abort', end);
  /** @type {any} */
  let last;
  worker.on('message', (message) => {
    if (message.plan) onEvent({ event: 'plan', ...message.plan });
    else if (message.event) onEvent(message.event);
    else last = message;
  });
  worker.on('error', (error) => (last = { failure: { message: String(error), advice: '', made: [] } }));
  try {
    await once(worker, 'exit');
  } finally {
    signal.removeEventListener('abort', end);
  }
  if (last?.outcome) return last.outcome;
  signal.throwIfAborted();
  if (last?.errors) throw CommandError.ofConfig(last.errors);
  const { message, advice, made } = last?.failure ?? { message: 'The thread ended', advice: '', made: [] };
  throw new CommandError(message, { advice, made });
}

/** A thread that waits for its command, and keeps nothing running until it has one. */
function startThread() {
  const worker = new Worker(new URL('./thread.js', import.meta.url));
  worker.unref();
  return worker;
}
