import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Repeats a check until it passes. The pause between two is `intervalMs`, and at least as long as the check took, which
 * else might keep busy what it waits for.
 *
 * @template T
 * @param {() => Promise<T> | T} check fails by throwing
 * @param {{timeoutMs?: number, intervalMs?: number}} [options]
 * @returns {Promise<T>} rejects with the last failure when time is up
 */
export async function eventually(check, { timeoutMs = 60_000, intervalMs = 100 } = {}) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const begunMs = performance.now();
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(Math.max(intervalMs, performance.now() - begunMs));
  }
}
