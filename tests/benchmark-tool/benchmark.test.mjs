// The benchmark of users' own tables: what it finds, what it spends, and what it says when it cannot do it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startEmulator } from '../harper/support/emulator.mjs';
import { Tool, entry, startEstimates } from './support/tool.mjs';

const MEBIBYTE = 2 ** 20;
const ROWS = 3000;

/** What the queries of the tests' table read, if BigQuery says so. @param {import('./support/tool.mjs').QueryJob} job */
const bytesOf = ({ query }) => (query.includes('COUNTIF') ? 3 * MEBIBYTE : 200 * MEBIBYTE);
/** What is announced of that: 10 MiB is the least, and 1/64 is added for rows that arrive meanwhile. */
const ANNOUNCED = [10 * MEBIBYTE, 204 * MEBIBYTE];

describe('bigquery-ingestor benchmark', { concurrency: 3 }, () => {
  /** @type {import('../harper/support/emulator.mjs').Emulator} */
  let emulator;
  before(async () => {
    emulator = await startEmulator();
    await emulator.createDataset('fleet');
    const fields = [
      { name: 'at', type: 'TIMESTAMP' },
      { name: 'n', type: 'INTEGER' },
      { name: 'name', type: 'STRING' },
    ];
    const timePartitioning = { type: 'DAY', field: 'at' };
    await emulator.createTable('fleet', 'positions', fields);
    await emulator.createTable('fleet', 'daily', fields, { timePartitioning });
    await emulator.createTable('fleet', 'empty', fields);
    await emulator.createTable('fleet', 'ten', fields);
    // One every two seconds.
    const rows = Array.from({ length: ROWS }, (_, n) => ({
      at: new Date(Date.now() - n * 2000).toISOString(),
      n,
      name: `vessel ${n}`,
    }));
    await emulator.loadRows('fleet', 'positions', rows);
    await emulator.loadRows('fleet', 'daily', rows);
    await emulator.loadRows('fleet', 'ten', rows.slice(0, 10));
  });
  after(() => emulator?.stop());

  /**
   * @param {import('node:test').TestContext} t
   * @param {{ tables?: object[], bytes?: Parameters<typeof startEstimates>[1], refuse?: Parameters<typeof startEstimates>[2] }} [world]
   */
  async function scene(t, { tables = [entry('positions')], bytes = bytesOf, refuse } = {}) {
    const bigquery = await startEstimates(emulator.url, bytes, refuse);
    const tool = new Tool(bigquery.url, { tables });
    t.after(async () => {
      tool.remove();
      await bigquery.stop();
    });
    return { bigquery, tool };
  }

  test('measures a table with several batch sizes and recommends settings, with the arithmetic', async (t) => {
    const { tool } = await scene(t);
    const { code, output, errors } = await tool.run('--yes', '--target-lag', '30', '--json', 'report.json');
    assert.equal(code, 0, errors);
    assert.match(output, /^ *1,000 +250 +[\d,]+ +[\d.]+ µs +[█░]+$/m);
    assert.match(output, /initialBatchSize: \d+/);
    assert.match(output, /arrivals: 1,\d{3} rows \/ 3,600 s = 0\.\d{3} rows\/s in the last hour/);
    assert.match(output, /backfill: 3,000 rows \/ [\d,]+ rows\/s = [\d.]+ s, one query job/);

    const { measured, advice, targetLagSeconds } = tool.json('report.json');
    assert.equal(targetLagSeconds, 30);
    const [{ trials, sampleRows, recordBytes, answerBytes, arrivals }] = measured;
    assert.equal(sampleRows, ROWS);
    assert.equal(arrivals.rows, ROWS);
    assert.deepEqual(
      trials.map((/** @type {any} */ { batchRows, pageRows }) => [batchRows, pageRows]),
      [
        [500, 125],
        [1000, 250],
        [2500, 625],
      ],
    );
    for (const { rows, elapsedMs, busyMs } of trials) assert.ok(rows === ROWS && busyMs > 0 && busyMs <= elapsedMs);
    // A record has its id, the time of its sync and the names of its columns besides.
    assert.ok(answerBytes > 40 && recordBytes > answerBytes, `${answerBytes} and ${recordBytes} bytes`);
    const [table] = advice.tables;
    assert.equal(table.rowsPerSecond, Math.min(table.readingRowsPerSecond, table.harperRowsPerSecond));
    // What is left of the lag is what a poll takes, which on a busy machine is more.
    assert.ok(table.pollIntervalS > 15 && table.pollIntervalS < 30, `${table.pollIntervalS} s`);
    assert.ok(output.includes(`pollInterval: ${table.pollIntervalS}s `));
    assert.deepEqual([advice.overall.threadsPerNode, advice.overall.nodes], [1, 1]);
  });

  test('tries several threads with the sample that is there, without another query', async (t) => {
    const { bigquery, tool } = await scene(t);
    const { code, output, errors } = await tool.run('--yes', '--threads', '3', '--json', 'report.json');
    assert.equal(code, 0, errors);
    assert.match(output, /positions: the sample read by several threads/);
    const { threadTrials } = tool.json('report.json');
    assert.deepEqual(
      threadTrials.map((/** @type {any} */ { threads }) => threads),
      [1, 2],
    );
    assert.ok(threadTrials.every((/** @type {any} */ { rowsPerSecond }) => rowsPerSecond > 0));
    assert.equal(bigquery.run().length, 2);
  });

  test('prints nothing but JSON to standard output when that is asked for', async (t) => {
    const { tool } = await scene(t);
    const { code, output, errors } = await tool.run('--yes', '--json', '--harper-rows-per-second', '7');
    assert.equal(code, 0);
    assert.match(errors, /price at most/);
    const [{ tableId, harperRowsPerSecond, bottleneck }] = JSON.parse(output).advice.tables;
    assert.deepEqual([tableId, harperRowsPerSecond, bottleneck], ['positions', 7, 'harperWriter']);
  });

  test('lets BigQuery bill no more than it announced, and reads all batch sizes from one result', async (t) => {
    const { bigquery, tool } = await scene(t);
    const { code } = await tool.run('--yes', '--json', 'report.json');
    assert.equal(code, 0);
    const limits = bigquery.run().map(({ maximumBytesBilled }) => Number(maximumBytesBilled));
    assert.deepEqual(limits, ANNOUNCED);
    const { announced, estimates } = tool.json('report.json');
    assert.equal(announced.bytesBilled, ANNOUNCED[0] + ANNOUNCED[1]);
    assert.equal(announced.usd, (announced.bytesBilled / 2 ** 40) * 6.25);
    assert.deepEqual(
      estimates[0].queries.map((/** @type {any} */ { bytesProcessed, bytesBilled }) => [bytesProcessed, bytesBilled]),
      [
        [3 * MEBIBYTE, ANNOUNCED[0]],
        [200 * MEBIBYTE, ANNOUNCED[1]],
      ],
    );
  });

  test('shows the price before it spends anything, and needs --yes where it cannot ask', async (t) => {
    const { bigquery, tool } = await scene(t);
    const { code, output, errors } = await tool.run();
    assert.match(output, /together +214 MiB +\$0\.0013/);
    assert.match(errors, /There is no terminal to ask\.\nNothing was spent\. Add --yes/);
    assert.equal(code, 2);
    assert.ok(bigquery.dryRuns().length > 0);
    assert.deepEqual(bigquery.run(), []);
  });

  test('asks in a terminal, and spends nothing unless the answer is yes', async (t) => {
    const { bigquery, tool } = await scene(t);
    const refused = await tool.runInTerminal('n\r');
    assert.match(refused.output, /Run these queries\? \[y\/N\].*Nothing was spent\./s);
    assert.equal(refused.code, 1);
    const interrupted = await tool.runInTerminal('\x03');
    assert.match(interrupted.output, /Nothing was spent\./);
    assert.deepEqual(bigquery.run(), []);
    const agreed = await tool.runInTerminal('y\r');
    assert.match(agreed.output, /initialBatchSize/);
    assert.equal(agreed.code, 0);
  });

  test('spends nothing when the announced price is above a limit', async (t) => {
    const { bigquery, tool } = await scene(t);
    for (const limit of [
      ['--max-price', '0.001'],
      ['--maximum-bytes', '1000000'],
    ]) {
      const { code, errors } = await tool.run('--yes', ...limit);
      assert.match(errors, new RegExp(`more than ${limit.join(' ')} allows`));
      assert.equal(code, 1);
    }
    assert.deepEqual(bigquery.run(), []);
  });

  test('spends nothing when a query would be billed more than maximumBytesBilled of the table', async (t) => {
    const { bigquery, tool } = await scene(t, { tables: [entry('positions', { maximumBytesBilled: 20 * MEBIBYTE })] });
    const { code, errors } = await tool.run('--yes');
    assert.match(errors, /would be billed 213909504 bytes, more than its maximumBytesBilled of 20971520 allows/);
    assert.deepEqual([code, bigquery.run()], [1, []]);
  });

  test('spends nothing when the table has grown beyond the estimate', async (t) => {
    const message = 'Query exceeded limit for bytes billed: 10485760. 20971520 or higher required.';
    const error = { reason: 'bytesBilledLimitExceeded', message };
    const refuse = () => ({ status: 400, body: { error: { code: 400, message, errors: [error] } } });
    const { bigquery, tool } = await scene(t, { refuse });
    const { code, errors } = await tool.run('--yes');
    assert.match(
      errors,
      /table `positions`: Query exceeded limit.*\nThe table has grown since the estimate; nothing was billed/,
    );
    assert.equal(code, 1);
    assert.equal(bigquery.run().length, 1, 'the next query is not tried');
  });

  test('reads the latest partitions only, where they hold enough rows', async (t) => {
    const bytes = (/** @type {import('./support/tool.mjs').QueryJob} */ { query, parameters }) => {
      if (query.includes('COUNTIF')) return MEBIBYTE;
      return (parameters.includes('low') ? 50 : 500) * MEBIBYTE;
    };
    const { bigquery, tool } = await scene(t, { tables: [entry('daily')], bytes });
    // A tenth of the table has 300 of its rows, about.
    assert.equal((await tool.run('--yes', '--sample-rows', '1000')).code, 0);
    assert.ok(!bigquery.run()[1]?.parameters.includes('low'));
    const reports = ['--yes', '--sample-rows', '1000', '--json', 'report.json'];
    const half = await scene(t, {
      tables: [entry('daily')],
      bytes: (job) => (bytes(job) > 400 * MEBIBYTE ? 100 * MEBIBYTE : bytes(job)),
    });
    assert.equal((await half.tool.run(...reports)).code, 0);
    assert.ok(half.bigquery.run()[1]?.parameters.includes('low'));
    assert.equal(half.tool.json('report.json').measured[0].pollBytesBilled, 51 * MEBIBYTE);
  });

  test('takes the size of the table for the price, and says so, where there are no estimates', async (t) => {
    const { bigquery, tool } = await scene(t, { bytes: () => undefined });
    const { code, output } = await tool.run('--yes');
    assert.equal(code, 0);
    assert.match(output, /BigQuery gave no estimate for positions \(an emulator has none\)/);
    assert.deepEqual(
      bigquery.run().map(({ maximumBytesBilled }) => Number(maximumBytesBilled)),
      [10 * MEBIBYTE, 10 * MEBIBYTE],
    );
  });

  describe('says what is missing', () => {
    /**
     * @param {import('node:test').TestContext} t
     * @param {{ tables?: object[], bytes?: any, refuse?: any }} world
     * @param {RegExp} message
     * @param {string[]} args
     */
    async function refuses(t, world, message, ...args) {
      const { bigquery, tool } = await scene(t, world);
      const { code, errors } = await tool.run('--yes', ...args);
      assert.match(errors, message);
      assert.doesNotMatch(errors, /^ +at /m, 'no stack');
      return { code, run: bigquery.run() };
    }

    test('of an empty table', async (t) => {
      const { code, run } = await refuses(
        t,
        { tables: [entry('empty')] },
        /fleet\.empty is empty: there is nothing to measure/,
      );
      assert.deepEqual([code, run], [1, []]);
    });

    test('of a table of 10 rows', async (t) => {
      const message = /fleet\.ten has 10 rows: too few for a sample, which needs 1000/;
      const { code, run } = await refuses(t, { tables: [entry('ten')] }, message);
      assert.deepEqual([code, run], [1, []]);
    });

    test('of one table, and measures the others', async (t) => {
      const tables = [entry('ten'), entry('positions')];
      const { code, run } = await refuses(t, { tables }, /table `ten`: .*too few/);
      assert.deepEqual([code, run.length], [1, 2]);
    });

    test('of a permission, before anything is spent', async (t) => {
      const message = 'Access Denied: Project test-project: User does not have bigquery.jobs.create permission';
      const error = { code: 403, message, errors: [{ reason: 'accessDenied', message }] };
      const denied = { bytes: () => ({ status: 403, body: { error } }) };
      const { code, run } = await refuses(t, denied, /Grant bigquery\.jobs\.create on the project/);
      assert.deepEqual([code, run], [1, []]);
    });

    test('of credentials', async () => {
      const tables = [entry('positions')];
      const nowhere = new Tool(undefined, { tables });
      nowhere.env.GCE_METADATA_HOST = '127.0.0.1:1';
      const { code, errors } = await nowhere.run('--yes');
      nowhere.remove();
      assert.match(errors, /bigquery\.credentials names no key file.*\nSet bigquery\.credentials/);
      assert.equal(code, 1);

      const missing = new Tool(undefined, { tables, credentials: 'missing.json' });
      const without = await missing.run('--yes');
      missing.remove();
      assert.match(without.errors, /bigquery\.credentials: found .*missing\.json \(no such file\)/);
      assert.equal(without.code, 2);
    });

    test('of a configuration, a table or an option', async (t) => {
      const { tool } = await scene(t);
      /** @type {[args: string[], message: RegExp][]} */
      const cases = [
        [['--config', 'elsewhere.yaml'], /elsewhere\.yaml: found no such file.*--config/],
        [['--table', 'vessels'], /there is no table vessels\.\nThe configuration has positions\./],
        [['--sample-rows', '10'], /a whole number from 1000/],
        [['--target-lag', 'soon'], /a number from 0 on/],
        [['--tabel', 'positions'], /unknown option '--tabel'\n\(Did you mean --table\?\)/],
      ];
      for (const [args, message] of cases) {
        const { code, errors } = await tool.run(...args);
        assert.match(errors, message);
        assert.equal(code, 2, errors);
      }
    });

    test('of a column that the table does not have', async (t) => {
      const tables = [entry('positions', { timestampColumn: 'moment' })];
      const { code, run } = await refuses(
        t,
        { tables },
        /`timestampColumn` names `moment`, which .*fleet\.positions does not have/,
      );
      assert.deepEqual([code, run], [1, []]);
    });
  });
});
