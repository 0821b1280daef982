// A storage that keeps nothing but checkpoints, and the log that goes with it.

/** A table that is not partitioned is what is measured. */
const EXPECTED = ['expensive_polls'];

/** Answers at once what an empty storage would. */
export class NoStorage {
  /** Of the records that were written. */
  bytes = 0;
  /** The last checkpoint. @type {{ jobId?: string | null, recordsIngested?: number }} */
  checkpoint = {};
  /** Of all workers, by id. @type {Map<string, any>} */
  #checkpoints;
  /** @type {Map<number, unknown>} */
  #answers = new Map();
  #calls = 0;

  /** @param {Map<string, any>} [checkpoints] that it shares with the storages of other workers */
  constructor(checkpoints = new Map()) {
    this.#checkpoints = checkpoints;
  }

  /** @param {{ log?: { level: string, event: string, message: string } }} message */
  post({ log }) {
    const isTrouble = log?.level === 'warn' || log?.level === 'error';
    if (isTrouble && !EXPECTED.includes(log.event)) throw new Error(`the engine says: ${log.message}`);
  }

  /** @param {string} method @param {any[]} args */
  call(method, args) {
    this.#answers.set(++this.#calls, this.#answer(method, args));
    return this.#calls;
  }

  /** @param {number} call @returns {any} */
  answer(call) {
    const answer = this.#answers.get(call);
    this.#answers.delete(call);
    return answer;
  }

  /** @param {number} call */
  forget(call) {
    this.#answers.delete(call);
  }

  /** @param {string} method @param {any[]} args */
  #answer(method, args) {
    switch (method) {
      case 'writeRows':
        this.bytes += args[1].length;
        return [];
      case 'writeCheckpoint':
        return this.#keep(JSON.parse(args[0]));
      case 'loadCheckpoints':
        return JSON.stringify([...this.#checkpoints.values()].filter(({ tableId }) => tableId === args[0]));
      case 'readRange':
        return new TextEncoder().encode('[]');
      case 'ensureTable':
        return undefined;
      default:
        throw new Error(`a table in which nothing is found has no use for ${method}`);
    }
  }

  /** @param {any} checkpoint */
  #keep(checkpoint) {
    this.checkpoint = checkpoint;
    this.#checkpoints.set(checkpoint.id, checkpoint);
    return [];
  }
}
