// A resource for an app of a test: lets the test call the plugin's storage on a real Harper thread, as an engine does.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { REPO_ROOT } from '../../../scripts/setup/paths.mjs';

/** @param {string} file of the plugin */
const source = (file) => JSON.stringify(pathToFileURL(path.join(REPO_ROOT, 'host-shim/src', file)).href);

/** Text of the app's resources.js. POST /Storage takes `{method, args}`, where `{text}` stands for its UTF-8 bytes. */
export const STORAGE_RESOURCE = `
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createStorage } from ${source('storage/index.js')};
import { toStorageError } from ${source('storage/failure.js')};
import { ensureTable } from ${source('target-table.js')};

const storage = createStorage('test-0', async (name, columns) => {
  await ensureTable(name, columns);
  if (!server.resources.has(name)) server.resources.set(name, tables[name]);
});
const toBytes = (value) => (typeof value?.text === 'string' ? new TextEncoder().encode(value.text) : value);
const fromBytes = (value) => (value instanceof Uint8Array ? Buffer.from(value).toString() : value);

export class Storage extends Resource {
  async post({ method, args }) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const started = performance.now();
    try {
      const value = await storage[method](...args.map(toBytes));
      return { value: value instanceof Uint32Array ? [...value] : fromBytes(value), ...took() };
    } catch (error) {
      return { failure: await toStorageError(error) };
    }
    function took() {
      delay.disable();
      return { elapsedMs: performance.now() - started, longestBlockMs: delay.max / 1e6 };
    }
  }
}
`;
