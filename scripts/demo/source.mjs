// The demo's BigQuery: an emulator with the three maritime tables.
import path from 'node:path';
import { startEmulator } from '../../tests/harper/support/emulator.mjs';
import { DATASET, TABLES } from './maritime/schemas.mjs';
import { World } from './maritime/world.mjs';

const SEED = 20_251_215;
const VESSELS = 1000;
const POSITIONS = 100_000;
const PORT_EVENTS = 10_000;

/** The project that config.yaml at the repository's root names. */
const PROJECT = 'maritime-demo';

/**
 * @param {string} folder for its log and files on their way
 */
export async function startSource(folder) {
  const emulator = await startEmulator({ project: PROJECT, folder: path.join(folder, 'emulator') });
  await emulator.createDataset(DATASET);
  for (const [table, { fields, resource }] of Object.entries(TABLES)) {
    await emulator.createTable(DATASET, table, fields, resource);
  }
  const world = new World({ seed: SEED, vessels: VESSELS, nowMs: Date.now() });
  /** @type {Map<string, number>} rows so far, by table */
  const rowCounts = new Map();

  /** @param {Record<string, object[]>} rowsByTable @param {(table: string, rows: object[]) => Promise<void>} write */
  const add = async (rowsByTable, write) => {
    for (const [table, rows] of Object.entries(rowsByTable)) {
      if (rows.length === 0) continue;
      await write(table, rows);
      rowCounts.set(table, (rowCounts.get(table) ?? 0) + rows.length);
    }
  };
  await add(
    {
      vessel_positions: world.positions(POSITIONS),
      port_events: world.portEvents(PORT_EVENTS),
      vessel_metadata: world.metadata(),
    },
    (table, rows) => emulator.loadRows(DATASET, table, rows),
  );
  return {
    emulator,
    rowCounts,
    /** Adds what happened since the last time. */
    addNews: () => add(world.news(Date.now()), (table, rows) => emulator.insertAll(DATASET, table, rows)),
  };
}
