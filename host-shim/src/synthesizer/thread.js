// Runs one command of the synthesizer. It blocks, so it has a thread of its own; ending that is safe at any moment.
import { parentPort } from 'node:worker_threads';
import { load, sandbox } from '../sandbox.js';
import { WRITE_BYTES, shareWrites } from './shared-writes.js';

/** @typedef {import('node:worker_threads').MessagePort} MessagePort */

const port = /** @type {MessagePort} */ (parentPort);
const { setup, hosts, command } = await new Promise((resolve) => port.once('message', resolve));
const { imports, panic } = sandbox(hosts);

const reporting = {
  /** @param {string} event */
  report: (event) => port.postMessage({ event: JSON.parse(event) }),
};

try {
  const component = await load(
    'synthesizer',
    { ...imports, 'harperdb:bigquery-ingestor/reporting': reporting },
    WRITE_BYTES,
  );
  shareWrites();
  const { errors, ...plan } = component.generation.configure(setup);
  if (errors.length > 0) port.postMessage({ errors });
  else {
    port.postMessage({ plan });
    port.postMessage({ outcome: JSON.parse(run(component.generation)) });
  }
} catch (/** @type {any} */ error) {
  // What the component returns as an error has a payload; anything else is a trap, or an error of ours.
  const failure = error?.payload ?? {
    message: ['The synthesizer has broken down', error?.message ?? String(error), ...panic.lines()].join(': '),
    advice: 'This should not happen. Run the command again: it goes on where it ended.',
    made: [],
  };
  port.postMessage({ failure });
}

/** @param {any} generation the interface of wit/synthesizer.wit @returns {string} */
function run(generation) {
  const { name, extent, until, dryRun, backfill } = command;
  switch (name) {
    case 'initialize':
      return generation.initialize(extent, until, dryRun);
    case 'start':
      return generation.start(backfill, until, dryRun);
    case 'stats':
      return generation.stats();
    case 'clear':
      return generation.clear(false, dryRun);
    default:
      return generation.clear(true, dryRun);
  }
}
