// Workers of a cluster, built engines all of them, over hours of a clock that does not wait.
import { engineImports } from '../host-shim/src/engine-imports.js';
import { load } from '../host-shim/src/sandbox.js';
import { NoStorage } from './no-storage.mjs';

const MICROS_PER_MS = 1000;
const NANOS_PER_MS = 1_000_000n;
const STEP_BUDGET_MS = 200n;
/** As often as the plugin does with `sync.heartbeat` at its default. */
const HEARTBEAT_MS = 3000;
/** Nothing waits for the simulated clock in real time, but for answers of BigQuery, which come before this. */
const NEVER_NS = 3_600_000_000_000n;

export class SimulatedCluster {
  /** Milliseconds since the beginning. */
  #elapsedMs = 0;
  #nextBeatMs = 0;
  #startMicros;
  /** @type {{ nodeId: string, sync: any, storage: NoStorage, wakeAtMs: number }[]} */
  #workers = [];

  /** @param {number} startMicros */
  constructor(startMicros) {
    this.#startMicros = startMicros;
  }

  /** Microseconds since 1970. */
  get now() {
    return this.#startMicros + this.#elapsedMs * MICROS_PER_MS;
  }

  /**
   * @param {number} workers
   * @param {string} host of BigQuery
   * @param {object} settings the plugin's section
   */
  async start(workers, host, settings) {
    const checkpoints = new Map();
    for (let worker = 0; worker < workers; worker++) {
      const nodeId = `bench-${worker}`;
      const storage = new NoStorage(checkpoints);
      const { imports } = engineImports(/** @type {any} */ (storage), [host]);
      const { sync } = await load('engine', { ...imports, ...this.#clocks(imports) });
      const { errors } = sync.configure({ config: JSON.stringify(settings), emulatorHost: host, nodeId });
      if (errors.length > 0) throw new Error(JSON.stringify(errors));
      this.#workers.push({ nodeId, sync, storage, wakeAtMs: 0 });
    }
  }

  /** Whether every worker has read everything that it was announced to. */
  get isDrained() {
    return this.#workers.every(({ storage }) => storage.checkpoint.jobId === null);
  }

  /**
   * Runs the workers until then, or until the clock has moved by so much.
   *
   * @param {object} until
   * @param {() => boolean} [until.isOver]
   * @param {number} [until.durationMs]
   * @param {() => Promise<unknown>} [until.onTime] called whenever the clock has moved
   */
  async run({ isOver = () => false, durationMs = Infinity, onTime = async () => {} }) {
    const endMs = this.#elapsedMs + durationMs;
    for (;;) {
      if (this.#elapsedMs >= this.#nextBeatMs) this.#beat();
      for (const worker of this.#workers.filter(({ wakeAtMs }) => wakeAtMs <= this.#elapsedMs)) {
        worker.wakeAtMs = this.#elapsedMs + Number(worker.sync.step(STEP_BUDGET_MS).wakeAfterMs);
      }
      if (isOver()) return;
      const nextMs = Math.min(this.#nextBeatMs, ...this.#workers.map(({ wakeAtMs }) => wakeAtMs));
      if (nextMs > endMs) break;
      if (nextMs === this.#elapsedMs) continue;
      this.#elapsedMs = nextMs;
      await onTime();
    }
    this.#elapsedMs = endMs;
  }

  #beat() {
    this.#nextBeatMs = this.#elapsedMs + HEARTBEAT_MS;
    const heartbeats = this.#workers.map(({ nodeId }) => ({ worker: nodeId, beat: BigInt(this.#nextBeatMs) }));
    for (const worker of this.#workers) {
      worker.sync.observeWorkers(heartbeats);
      worker.wakeAtMs = this.#elapsedMs;
    }
  }

  /** @param {Record<string, any>} imports of an engine */
  #clocks(imports) {
    const monotonic = imports['wasi:clocks/monotonic-clock'];
    const wall = imports['wasi:clocks/wall-clock'];
    return {
      'wasi:clocks/monotonic-clock': {
        ...monotonic,
        now: () => BigInt(this.#elapsedMs) * NANOS_PER_MS,
        subscribeInstant: () => monotonic.subscribeDuration(NEVER_NS),
      },
      'wasi:clocks/wall-clock': {
        ...wall,
        now: () => {
          const seconds = Math.floor(this.now / 1e6);
          return { seconds: BigInt(seconds), nanoseconds: (this.now - seconds * 1e6) * 1000 };
        },
      },
    };
  }
}
