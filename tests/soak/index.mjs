// `npm run test:soak`: what takes too long for `npm test`.
import path from 'node:path';
import { setUp } from '../../scripts/setup/index.mjs';
import { REPO_ROOT } from '../../scripts/setup/paths.mjs';
import { run } from '../../scripts/setup/run.mjs';

await setUp();
await run(process.execPath, [path.join('tests', 'soak', 'kills.mjs')], { cwd: REPO_ROOT });
