// What Harper's threads tell each other of, without a Harper.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { NodeChannel } from '../../host-shim/src/node-channel.js';
import { eventually } from './support/eventually.mjs';

const COLUMNS = [{ name: 'at', harperType: 'String', bigqueryType: 'TIMESTAMP', indexed: true }];

/** @type {NodeChannel[]} */
const channels = [];
after(() => channels.forEach((channel) => channel.close()));

/** Of a thread, and what it is told of tables. */
function start() {
  /** @type {Map<string, object[]>} */
  const tables = new Map();
  const channel = new NodeChannel((name, columns) => tables.set(name, columns));
  channels.push(channel);
  return { channel, tables };
}

test('a table is announced to the threads there are, and to one that starts later', async () => {
  const [first, second] = [start(), start()];
  first.channel.announceTable('Events', COLUMNS);
  await eventually(() => assert.deepEqual(second.tables.get('Events'), COLUMNS));

  const late = start();

  await eventually(() => assert.deepEqual(late.tables.get('Events'), COLUMNS));
});

test('a thread that starts later knows how the others are doing', async () => {
  const { channel } = start();
  const report = /** @type {any} */ ({ nodeId: 'node-0', running: true });
  channel.report(report);

  const late = start();

  await eventually(() => assert.deepEqual(late.channel.reportFor('node-1'), report));
});
