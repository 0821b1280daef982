// The bytes that the command sends: repeatable, and the same as the model makes natively (guest/maritime/tests/day.rs).
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { REPO_ROOT } from '../../scripts/setup/paths.mjs';
import { makeCertificate } from './support/certificate.mjs';
import { Sea, TABLES, UNTIL } from './support/sea.mjs';
import { startUploadSink } from './support/upload-sink.mjs';

/** As in guest/maritime/tests/day.rs. */
const DAY = {
  seed: 42,
  totalVessels: 20,
  batchSize: 2,
  generationIntervalMs: 3_600_000,
  lateShare: 0.1,
  lateDelayMs: 3_600_000,
};

/** Of the uploads. */
const PART_BYTES = 8 * 1024 * 1024;

describe('what is sent', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'synthesizer-bytes-'));
  after(() => rmSync(folder, { recursive: true }));

  /**
   * Runs `initialize`, and keeps what it uploads.
   *
   * @param {string} name of the run
   * @param {Record<string, any>} synthesizer settings
   * @param {string} extent
   * @param {{ isUnsteady?: boolean, isReluctant?: boolean, certificate?: ReturnType<typeof makeCertificate> }} [receiver]
   * @returns {Promise<string[]>} the text of each table
   */
  async function sent(name, synthesizer, extent, receiver = {}) {
    const kept = path.join(folder, name);
    mkdirSync(kept);
    const sink = await startUploadSink(kept, receiver);
    const sea = new Sea(/** @type {any} */ ({ url: sink.url, project: 'bytes' }), { synthesizer });
    if (receiver.certificate) sea.env.NODE_EXTRA_CA_CERTS = receiver.certificate.file;
    try {
      await sea.do('initialize', extent, '--until', UNTIL);
    } finally {
      sea.remove();
      await sink.stop();
    }
    return TABLES.map((table) => readFileSync(path.join(kept, `${table}.ndjson`), 'utf8'));
  }

  test('is byte by byte what the model makes natively', async () => {
    const texts = await sent('day', DAY, '1');
    const native = path.join(REPO_ROOT, 'guest/maritime/tests/day');
    TABLES.forEach((table, index) =>
      assert.equal(texts[index], readFileSync(path.join(native, `${table}.ndjson`), 'utf8'), table),
    );
  });

  test('is byte by byte the same in two runs with one seed and one end', async () => {
    const fleet = { totalVessels: 2000, batchSize: 50 };
    const [one, other] = [await sent('one', fleet, 'realistic'), await sent('other', fleet, 'realistic')];
    assert.ok(one[0].length > 20_000_000);
    TABLES.forEach((table, index) => assert.ok(one[index] === other[index], table));
  });

  test('is byte by byte the same to a receiver that pauses and breaks connections', async () => {
    const fleet = { totalVessels: 2000, batchSize: 50 };
    const steady = await sent('steady', fleet, '2');
    const unsteady = await sent('unsteady', fleet, '2', { isUnsteady: true });
    assert.ok(steady[0].length > 40_000_000, String(steady[0].length));
    TABLES.forEach((table, index) => assert.ok(steady[index] === unsteady[index], table));
  });

  test('is byte by byte the same through TLS', async () => {
    const fleet = { totalVessels: 2000, batchSize: 50 };
    const plain = await sent('plain', fleet, 'realistic');
    const secure = await sent('secure', fleet, 'realistic', { certificate: makeCertificate(folder) });
    TABLES.forEach((table, index) => assert.ok(plain[index] === secure[index], table));
  });

  test('is byte by byte the same where the end of a table is on its way while the next begins', async () => {
    // The register ends with nearly a whole part, more than what sockets hold, and there are more events than that.
    const fleet = { totalVessels: 98_000 };
    const prompt = await sent('prompt', fleet, 'realistic');
    const reluctant = await sent('reluctant', fleet, 'realistic', { isReluctant: true });
    const [, events, register] = prompt.map((text) => text.length);
    assert.ok(register % PART_BYTES > 0.9 * PART_BYTES && events > 0.9 * PART_BYTES, `${register}, ${events}`);
    TABLES.forEach((table, index) => assert.ok(prompt[index] === reluctant[index], table));
  });
});
