// One of several workers that read the same sample. The component blocks, so each has a thread of its own.
import { parentPort, workerData } from 'node:worker_threads';
import { CommandError } from '../command-error.js';
import { configured } from './component.js';

const { setup, tableId, jobId, batchRows } = workerData;
const { measurement } = await configured(setup, [tableId]);

/** @returns {{ trial: object } | { failure: { message: string, advice: string } }} */
function read() {
  try {
    return { trial: measurement.read(tableId, jobId, batchRows) };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { failure: { message: error.message, advice: error.advice } };
  }
}

parentPort?.on('message', () => parentPort?.postMessage(read()));
