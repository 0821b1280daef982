import { sandbox } from './sandbox.js';

const dispose = Symbol.dispose ?? Symbol.for('dispose');

/**
 * Everything the engine can reach: its sandbox, storage and the log of its host.
 *
 * @param {import('./engine-link.js').EngineLink} link
 * @param {string[]} hosts as `allowedHosts` gives them
 */
export function engineImports(link, hosts) {
  const { imports, panic } = sandbox(hosts);
  const ours = {
    'harperdb:bigquery-ingestor/storage': storage(link),
    'harperdb:bigquery-ingestor/logging': {
      /** @param {string} level @param {string} event @param {string} message @param {string} fields */
      log: (level, event, message, fields) => link.post({ log: { level, event, message, fields } }),
    },
  };
  return { imports: { ...imports, ...ours }, panic };
}

/**
 * The interface of wit/storage.wit, carried out by the host.
 *
 * @param {import('./engine-link.js').EngineLink} link
 */
function storage(link) {
  /** A write under way. */
  class Write {
    #call;

    /** @param {number} call */
    constructor(call) {
      this.#call = call;
    }

    finish() {
      const call = this.#call;
      this.#call = 0;
      return link.answer(call);
    }

    [dispose]() {
      if (this.#call) link.forget(this.#call);
    }
  }

  /** @param {string} method */
  const ask =
    (method) =>
    /** @param {any[]} args */
    (...args) =>
      link.answer(link.call(method, args));

  return {
    Write,
    /** @param {string} table @param {Uint8Array<ArrayBuffer>} rows with a buffer of their own @param {Uint32Array} sliceEnds */
    writeRows: (table, rows, sliceEnds) => new Write(link.call('writeRows', [table, rows, sliceEnds], [rows.buffer])),
    /** @param {string} checkpoint */
    writeCheckpoint: (checkpoint) => new Write(link.call('writeCheckpoint', [checkpoint])),
    ensureTable: ask('ensureTable'),
    loadCheckpoints: ask('loadCheckpoints'),
    findMissing: ask('findMissing'),
    readRows: ask('readRows'),
    readRange: ask('readRange'),
    removeRows: ask('removeRows'),
    appendAudit: ask('appendAudit'),
  };
}
