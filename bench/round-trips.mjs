// What it costs when BigQuery is far away.
import { startCannedBigQuery } from './canned-bigquery.mjs';
import { median } from './figures.mjs';
import { rateOf, withHarper } from './harper-process.mjs';

/**
 * @param {{ rows: number, rounds: number, addedMs: number[] }} size `addedMs` to the way to BigQuery and back, ascending
 * @returns {Promise<import('./figures.mjs').Benchmark>}
 */
export async function measureRoundTrips({ rows, rounds, addedMs }) {
  const bigquery = await startCannedBigQuery(rows);
  try {
    const { rates, depths } = await withHarper(bigquery.host, async (bench) => {
      await bench.backfill('positions_warm', 'SyncedWarm', rows);
      /** @type {number[][]} one list for each of `addedMs` */
      const rates = addedMs.map(() => []);
      /** @type {number[][]} likewise */
      const depths = addedMs.map(() => []);
      for (let round = 0; round < rounds; round++) {
        for (const [index, ms] of addedMs.entries()) {
          await bigquery.setRoundTrip(ms);
          await bigquery.depth();
          rates[index].push(rateOf(await bench.backfill(`positions_${round}_${ms}`, `Synced${round}x${ms}`, rows)));
          depths[index].push(await bigquery.depth());
        }
      }
      return { rates, depths };
    });
    const share = (median(rates[rates.length - 1]) / median(rates[0])) * 100;
    return {
      title: `A backfill of ${rows.toLocaleString('en')} rows from far away`,
      figures: [
        ...addedMs.map((ms, index) => ({ name: `${ms} ms more`, unit: 'rows/s', values: rates[index] })),
        ...addedMs.map((ms, index) => ({
          name: `${ms} ms more: pages waited for at a time`,
          unit: '',
          values: depths[index],
        })),
        { name: `rate with ${addedMs.at(-1)} ms more a request`, unit: '% of without', values: [share] },
      ],
    };
  } finally {
    await bigquery.stop();
  }
}
