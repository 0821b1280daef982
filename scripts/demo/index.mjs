// `npm run demo`: a BigQuery with ships in it, a Harper that follows, and nothing left behind.
import { setUp } from '../setup/index.mjs';

await setUp();
// Only now are the packages there that the rest imports.
const { runDemo } = await import('./demo.mjs');
process.exit(await runDemo({ once: process.argv.includes('--once') }));
