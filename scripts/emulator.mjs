// `npm run emulator`: an empty BigQuery on this machine, until Ctrl-C.
import { setUp } from './setup/index.mjs';

/** Where clients look for it by habit. */
const PORT = 9050;

await setUp();
// Only now are the packages there that the rest imports.
const { startEmulator } = await import('../tests/harper/support/emulator.mjs');
const emulator = await startEmulator({ project: 'maritime-demo', restPort: Number(process.env.PORT ?? PORT) });
console.log(`A BigQuery emulator listens. Clients find it by
  export BIGQUERY_EMULATOR_HOST=127.0.0.1:${emulator.port}
Ctrl-C ends it and forgets what is in it.`);
const alive = setInterval(() => {}, 2 ** 31 - 1);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    clearInterval(alive);
    void emulator.stop();
  });
}
