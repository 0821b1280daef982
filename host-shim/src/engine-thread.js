import os from 'node:os';
import { workerData } from 'node:worker_threads';
import { engineImports } from './engine-imports.js';
import { EngineLink } from './engine-link.js';
import { load } from './sandbox.js';

/** How long the engine may work before the host's commands are looked at again. */
const STEP_BUDGET_MS = 200n;

/** Nobody sleeps longer than this, whatever the engine says: Node's timers and waits take 32 bits. */
const LONGEST_SLEEP_MS = 2 ** 31 - 1;

giveWayToHarper();
const { port, control, setup, hosts } = workerData;
const link = new EngineLink(port, control);
const { imports, panic } = engineImports(link, hosts);

try {
  work((await load('engine', imports)).sync);
} catch (/** @type {any} */ error) {
  const message = error?.message ?? String(error?.payload ?? error);
  link.post({ trapped: [message, ...panic.lines()].join(': ') });
  process.exit(1);
}

/**
 * Where processors are few, Harper's threads come before the engine's: this one and those that it starts for its requests.
 * Not by the lowest priority, with which nothing would arrive at all while a machine is overloaded.
 * Only Linux has a priority for each thread; elsewhere it would be that of the whole of Harper.
 */
function giveWayToHarper() {
  if (process.platform !== 'linux') return;
  const { PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = os.constants.priority;
  os.setPriority(Math.min(os.getPriority() + PRIORITY_BELOW_NORMAL, PRIORITY_LOW));
}

/**
 * Does what the host says until the thread is ended.
 *
 * @param {any} sync the interface of wit/engine.wit
 */
function work(sync) {
  link.post({ plan: sync.configure(setup) });
  let running = false;
  let sleepMs = LONGEST_SLEEP_MS;
  for (;;) {
    const command = link.command(sleepMs);
    if (command?.running !== undefined) {
      running = command.running;
      sleepMs = 0;
      link.post({ running });
    } else if (command?.heartbeats) {
      link.post({ cluster: sync.observeWorkers(command.heartbeats) });
      sleepMs = 0;
    } else if (command?.validate) {
      validate(sync, command.validate);
      sleepMs = 0;
    } else {
      const { wakeAfterMs, status, reports } = running
        ? sync.step(STEP_BUDGET_MS)
        : sync.stepValidation(STEP_BUDGET_MS);
      sleepMs = Math.min(Number(wakeAfterMs), LONGEST_SLEEP_MS);
      link.post({ status, reports });
    }
  }
}

/**
 * @param {any} sync
 * @param {'whole' | 'repair'} extent
 */
function validate(sync, extent) {
  try {
    sync.validate(extent);
  } catch (/** @type {any} */ error) {
    if (typeof error?.payload !== 'string') throw error;
    link.post({
      reports: [JSON.stringify({ trigger: 'command', status: 'error', checkResults: { error: error.payload } })],
    });
  }
}
