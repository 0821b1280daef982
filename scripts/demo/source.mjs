// The demo's BigQuery: an emulator with the three maritime tables.
import path from 'node:path';
import { startEmulator } from '../../tests/harper/support/emulator.mjs';
import { runSynthesizer } from './synthesizer.mjs';

/** As in config.yaml at the repository's root. */
const PROJECT = 'maritime-demo';
export const DATASET = 'maritime';

/** A little more than 100,000 positions, 10,000 port events and 1,000 entries of the register. */
const HISTORY_DAYS = '25';
const HISTORY = { batchSize: 1, generationIntervalMs: 21_550 };
/** What one sees arriving. */
const NEWS = { batchSize: 20, generationIntervalMs: 3000 };

/**
 * @param {string} folder for its log and files on their way
 * @param {AbortSignal} signal
 */
export async function startSource(folder, signal) {
  const emulator = await startEmulator({ project: PROJECT, folder: path.join(folder, 'emulator') });
  /** @type {Map<string, number>} rows so far, by table */
  const rowCounts = new Map();
  /** @param {Record<string, number>} rows */
  const count = (rows) => {
    for (const [table, added] of Object.entries(rows)) rowCounts.set(table, (rowCounts.get(table) ?? 0) + added);
  };
  try {
    await runSynthesizer(['initialize', HISTORY_DAYS], {
      folder,
      settings: HISTORY,
      emulatorUrl: emulator.url,
      signal,
      onEvent: ({ event, loaded }) => event === 'done' && count(loaded),
    });
  } catch (error) {
    await emulator.stop();
    throw error;
  }
  return {
    emulator,
    rowCounts,
    newsIntervalMs: NEWS.generationIntervalMs,
    /** Adds what happens from now on. @param {AbortSignal} untilAborted ends it, by a rejection */
    addNews: (untilAborted) =>
      runSynthesizer(['start', '--no-backfill'], {
        folder,
        settings: NEWS,
        emulatorUrl: emulator.url,
        signal: untilAborted,
        onEvent: ({ event, rows }) => event === 'emitted' && count(rows),
      }),
  };
}
