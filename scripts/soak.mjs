// `npm run test:soak [-- minutes]`: looks for rare mistakes for an hour, or for as many minutes as told. Each part gets an
// equal share of the time that the ones before have left, and goes on where no run has been before. A finding ends the part and fails the run.
import { REPO_ROOT } from './setup/paths.mjs';
import { run } from './setup/run.mjs';

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {(seconds: number) => { command: string, args: string[], env?: Record<string, string> }} start what runs for
 *   about that long, prints what it did, and fails when it finds something
 */

/** Seeds up to 10,000 belong to `cargo test`; seconds since 1970, times a thousand, are new at every run. */
const FIRST_SEED = Math.floor(Date.now() / 1000) * 1000;

/** @type {Part[]} */
const PARTS = [
  {
    name: 'kills',
    start: (seconds) => ({
      command: process.execPath,
      args: ['tests/soak/kills.mjs', '200000', '50', String(seconds)],
    }),
  },
  {
    name: 'validation',
    // It takes as long as it takes.
    start: () => ({ command: process.execPath, args: ['tests/soak/validation.mjs', '1000000'] }),
  },
  {
    name: 'guest',
    // As long as a million rows take.
    start: () => ({
      command: process.execPath,
      args: ['--test', 'tests/harper/guest.test.mjs'],
      env: { BACKFILL_ROWS: '1000000' },
    }),
  },
  {
    name: 'simulation',
    start: (seconds) => ({
      command: 'cargo',
      args: [
        'test',
        '--release',
        '--package',
        'ingestor-core',
        '--test',
        'simulation',
        'whatever',
        '--',
        '--nocapture',
      ],
      env: { SIMULATION_SECONDS: String(seconds), SIMULATION_FIRST_SEED: String(FIRST_SEED) },
    }),
  },
];

const minutes = Number(process.argv[2] ?? 60);
if (!(minutes > 0))
  throw new Error(`minutes are ${process.argv[2]}; expected a number above 0, as in npm run test:soak -- 10`);

const failed = [];
const endMs = performance.now() + minutes * 60_000;
for (const [index, { name, start }] of PARTS.entries()) {
  const secondsLeft = Math.max((endMs - performance.now()) / 1000, 0);
  const { command, args, env } = start(Math.round(secondsLeft / (PARTS.length - index)));
  console.log(`--- ${name}`, env ?? '');
  try {
    await run(command, args, { cwd: REPO_ROOT, env: { ...process.env, ...env } });
  } catch (error) {
    failed.push(`${name}: ${/** @type {Error} */ (error).message}`);
  }
}
for (const failure of failed) console.error(`FAILED ${failure.slice(0, 300)}`);
process.exitCode = failed.length === 0 ? 0 : 1;
