// Every request of the Postman collection, sent by Postman's own runner to a real Harper.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import newman from 'newman';
import { REPO_ROOT } from '../../scripts/setup/paths.mjs';
import { USER, PASSWORD } from './support/harper.mjs';
import { DATASET, section, startScene, tableEntry } from './support/scene.mjs';

const TABLES = [
  tableEntry('vessel_positions', 'VesselPositions', 'timestamp'),
  tableEntry('port_events', 'PortEvents', 'event_time'),
  tableEntry('vessel_metadata', 'VesselMetadata', 'last_updated'),
];

/** @type {import('./support/scene.mjs').Scene} */
let scene;

before(async () => {
  scene = await startScene({
    section: section(TABLES),
    fill: async (emulator) => {
      for (const { table, timestampColumn } of TABLES) {
        await emulator.createTable(DATASET, table, [
          { name: timestampColumn, type: 'TIMESTAMP' },
          { name: 'mmsi', type: 'STRING' },
        ]);
        const rows = Array.from({ length: 20 }, (_, n) => ({
          [timestampColumn]: new Date(Date.UTC(2025, 11, 1, n)).toISOString(),
          mmsi: `2190${n}`,
        }));
        await emulator.loadRows(DATASET, table, rows);
      }
    },
  });
  for (const entry of TABLES) await scene.untilEqual(entry);
});
after(() => scene?.stop());

test('every request of the Postman collection is answered as it says', async () => {
  /** @type {import('newman').NewmanRunSummary} */
  const { run } = await new Promise((resolve, reject) => {
    const options = {
      collection: path.join(REPO_ROOT, 'bigquery-ingestor_postman.json'),
      envVar: [
        { key: 'baseUrl', value: scene.harper.httpUrl },
        { key: 'username', value: USER },
        { key: 'password', value: PASSWORD },
      ],
    };
    newman.run(options, (error, summary) => (error ? reject(error) : resolve(summary)));
  });

  assert.deepEqual(
    run.failures.map(({ source, error }) => `${source?.name}: ${error.message}`),
    [],
  );
  assert.ok((run.stats.assertions.total ?? 0) > (run.stats.requests.total ?? Infinity));
});
