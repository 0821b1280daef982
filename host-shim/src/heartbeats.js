import { putNewest } from './storage/put-newest.js';

/**
 * @typedef {{ worker: string, beat: bigint }} Heartbeat `heartbeat` in wit/engine.wit
 * @typedef {{ nodeId: string, slots: string | null }} Worker a live worker, as the engine sees it
 */

/**
 * Signs of life of the workers of the cluster, in the replicated table `SyncWorker`. Which workers are alive is for the
 * engine to say: it goes by when a beat arrives here that is new, since clocks of nodes may differ.
 */
export class Heartbeats {
  #nodeId;
  #isWorking;
  #commandVersion;
  #onBeat;
  #onOutdated;
  #onError;
  /** Everybody's last beat. @type {Map<string, number>} */
  #seen = new Map();
  /** @type {string[]} */
  #siblings = [];
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  #failing = false;

  /**
   * @param {object} options
   * @param {string} options.nodeId
   * @param {() => boolean} options.isWorking whether there is life to give a sign of
   * @param {() => number} options.commandVersion of the command that this worker obeys
   * @param {(heartbeats: Heartbeat[]) => void} options.onBeat is told of every worker's last beat
   * @param {() => Promise<void>} options.onOutdated a worker that is alive obeys an older command
   * @param {(error: unknown) => void} options.onError told once, until it works again
   */
  constructor({ nodeId, isWorking, commandVersion, onBeat, onOutdated, onError }) {
    this.#nodeId = nodeId;
    this.#isWorking = isWorking;
    this.#commandVersion = commandVersion;
    this.#onBeat = onBeat;
    this.#onOutdated = onOutdated;
    this.#onError = onError;
  }

  /**
   * Gives a sign of life now and at every interval.
   *
   * @param {number} intervalMs
   * @param {string[]} siblings the workers of this node, which are counted on before they have given a sign
   */
  async start(intervalMs, siblings) {
    this.stop();
    this.#siblings = siblings;
    this.#timer = setInterval(() => void this.#beat(), intervalMs).unref();
    await this.#beat();
  }

  stop() {
    clearInterval(this.#timer);
  }

  /** Takes back what was said: the others need not wait for this worker to be missed. */
  async leave() {
    this.stop();
    try {
      if (await tables.SyncWorker.get(this.#nodeId)) await tables.SyncWorker.delete(this.#nodeId);
    } catch (error) {
      this.#onError(error);
    }
  }

  async #beat() {
    try {
      const commandVersion = this.#commandVersion();
      if (this.#isWorking()) await putNewest(tables.SyncWorker, { id: this.#nodeId, beat: Date.now(), commandVersion });
      const beats = new Map(this.#siblings.map((worker) => [worker, 0n]));
      let isAnyOutdated = false;
      for await (const { id, beat, commandVersion: obeyed } of tables.SyncWorker.search({})) {
        beats.set(id, BigInt(beat));
        isAnyOutdated ||= this.#seen.has(id) && this.#seen.get(id) !== beat && obeyed < commandVersion;
        this.#seen.set(id, beat);
      }
      this.#onBeat([...beats].map(([worker, beat]) => ({ worker, beat })));
      if (isAnyOutdated) await this.#onOutdated();
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#onError(error);
      this.#failing = true;
    }
  }
}
