// What a backfill costs the Harper that it runs in. With BACKFILL_ROWS=1000000, as `npm run test:soak` has it, a long one.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { startCannedBigQuery } from '../../bench/canned-bigquery.mjs';
import { syncOf } from '../../bench/engine-settings.mjs';
import { createApp } from './support/app.mjs';
import { startHarper } from './support/harper.mjs';

const ROWS = Number(process.env.BACKFILL_ROWS ?? 200_000);
const GET_INTERVAL_MS = 20;
const MOST_BACKFILLS = 3;
const MOST_GROWTH_BYTES = 300e6;
const PATIENCE_MS = 600_000;

const LONGEST_P99_MS = 50;
/** Whoever competes for the processors with others waits for his turn; by then it tells no more than that Harper is alive. */
const LONGEST_P99_AMONG_OTHERS_MS = 500;
/** Of one processor. A source that answers from memory takes about a fifth. */
const MOST_TAKEN_BY_OTHERS = 0.5;
/** The unit of CPU times in /proc: https://man7.org/linux/man-pages/man5/proc_stat.5.html */
const TICKS_PER_SECOND = 100;

describe(`a backfill of ${ROWS.toLocaleString('en')} rows`, () => {
  /** @type {Awaited<ReturnType<typeof startCannedBigQuery>>} */
  let bigquery;
  /** @type {import('./support/app.mjs').App} */
  let app;
  /** @type {import('./support/harper.mjs').Harper} */
  let harper;
  /** @type {number} */
  let bytesBefore;
  let mostBytes = 0;

  before(async () => {
    bigquery = await startCannedBigQuery(ROWS);
    app = createApp({ section: { bigquery: { projectId: 'bench', tables: [] } } });
    harper = await startHarper({ app: app.folder, env: { BIGQUERY_EMULATOR_HOST: bigquery.host } });
    bytesBefore = ownBytes(harper.pid);
  });
  after(async () => {
    await harper?.stop();
    app?.remove();
    await bigquery?.stop();
  });

  /**
   * Syncs a table and asks Harper for its checkpoint again and again.
   *
   * @param {string} table
   * @returns {Promise<{ p99Ms: number, limitMs: number }>} how long an answer took, 99th percentile, and may have taken
   */
  async function backfill(table) {
    const { bigquery } = syncOf(table, `Target_${table}`);
    app.writeConfig({ bigquery });
    const begunMs = performance.now();
    const othersBefore = ticksOfOthers(harper.pid);
    const latenciesMs = [];
    for (let stored = 0; stored < ROWS;) {
      const askedMs = performance.now();
      assert.ok(askedMs < begunMs + PATIENCE_MS, `${stored} rows are stored after ${PATIENCE_MS / 1000} s`);
      const [checkpoint] = await harper.json(`/SyncCheckpoint/?tableId=${table}`);
      if (checkpoint) latenciesMs.push(performance.now() - askedMs);
      stored = checkpoint?.recordsIngested ?? 0;
      mostBytes = Math.max(mostBytes, ownBytes(harper.pid));
      await sleep(GET_INTERVAL_MS);
    }
    const seconds = (performance.now() - begunMs) / 1000;
    const takenByOthers = (ticksOfOthers(harper.pid) - othersBefore) / TICKS_PER_SECOND / seconds;
    latenciesMs.sort((a, b) => a - b);
    return {
      p99Ms: latenciesMs[Math.floor(latenciesMs.length * 0.99)],
      limitMs: takenByOthers > MOST_TAKEN_BY_OTHERS ? LONGEST_P99_AMONG_OTHERS_MS : LONGEST_P99_MS,
    };
  }

  test('a GET on the same Harper answers meanwhile with p99 below 50 ms', async (t) => {
    const backfills = [];
    do backfills.push(await backfill(`positions_${backfills.length}`));
    while (backfills.length < MOST_BACKFILLS && backfills.every(({ p99Ms, limitMs }) => p99Ms >= limitMs));
    const said = backfills
      .map(({ p99Ms, limitMs }) => `${p99Ms.toFixed(1)} ms where ${limitMs} were allowed`)
      .join(', ');
    t.diagnostic(said);
    assert.ok(
      backfills.some(({ p99Ms, limitMs }) => p99Ms < limitMs),
      said,
    );
  });

  test('memory of the Harper process stays within 300 MB of where it started', (t) => {
    const grownMb = (mostBytes - bytesBefore) / 1e6;
    t.diagnostic(`${grownMb.toFixed(0)} MB more`);
    assert.ok(grownMb > 0 && grownMb * 1e6 < MOST_GROWTH_BYTES, `it grew by ${grownMb.toFixed(0)} MB`);
  });
});

/**
 * @param {number} pid
 * @returns {number} its memory without mapped files: of its databases, Harper has as much there as there is room for
 */
function ownBytes(pid) {
  const [, kibibytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}

/** @param {number} pid @returns {number} what all processors have done so far, but for this process and that one */
function ticksOfOthers(pid) {
  const [user, nice, system, , , ...interrupts] = numbers(
    /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1],
  );
  const ours = [pid, process.pid].flatMap((one) => {
    const stat = readFileSync(`/proc/${one}/stat`, 'latin1');
    // The name, in parentheses, may hold spaces.
    return numbers(stat.slice(stat.lastIndexOf(')') + 4)).slice(10, 12);
  });
  return sum([user, nice, system, ...interrupts.slice(0, 3)]) - sum(ours);
}

/** @param {string} [text] */
const numbers = (text = '') => text.trim().split(/ +/).map(Number);

/** @param {number[]} values */
const sum = (values) => values.reduce((total, value) => total + value, 0);
