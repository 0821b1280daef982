import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Repeats a check until it passes.
 *
 * @template T
 * @param {() => Promise<T> | T} check fails by throwing
 * @param {{timeoutMs?: number, intervalMs?: number}} [options]
 * @returns {Promise<T>} rejects with the last failure when time is up
 */
export async function eventually(check, { timeoutMs = 30_000, intervalMs = 100 } = {}) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(intervalMs);
  }
}
