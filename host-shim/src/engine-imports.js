import * as wasi from '@bytecodealliance/preview2-shim';
import { WASIShim } from '@bytecodealliance/preview2-shim/instantiation';
import { hostOf } from './allowed-hosts.js';

/** What a stream has to be for the component's JavaScript; its types hide the constructor. */
const OutputStream = /** @type {new () => object} */ (/** @type {unknown} */ (wasi.io.streams.OutputStream));

const dispose = Symbol.dispose ?? Symbol.for('dispose');

/** Characters of a panic's text that are kept. */
const PANIC_TEXT_LENGTH = 4000;

/**
 * Everything the component can reach: clocks, randomness, HTTP to the allowed hosts, storage and the log of its host. No files,
 * no environment, no sockets.
 *
 * @param {import('./engine-link.js').EngineLink} link
 * @param {string[]} hosts as `allowedHosts` gives them
 */
export function engineImports(link, hosts) {
  const panic = new PanicText();
  const stream = { getStderr: () => panic, getStdout: () => panic };
  const shim = new WASIShim({
    cli: { ...wasi.cli, stderr: stream, stdout: stream },
    sandbox: { env: {}, args: [], preopens: {}, enableNetwork: false },
  });
  const imports = {
    ...shim.getImportObject(),
    'wasi:http/outgoing-handler': guardedHttp(hosts),
    'harperdb:bigquery-ingestor/storage': storage(link),
    'harperdb:bigquery-ingestor/logging': {
      /** @param {string} level @param {string} event @param {string} message @param {string} fields */
      log: (level, event, message, fields) => link.post({ log: { level, event, message, fields } }),
    },
  };
  return { imports, panic };
}

/** @param {string[]} hosts */
function guardedHttp(hosts) {
  return {
    /** @param {any} request @param {any} options */
    handle(request, options) {
      const host = hostOf(request.scheme()?.tag, request.authority());
      if (!host || !hosts.includes(host)) throw { tag: 'HTTP-request-denied' };
      return wasi.http.outgoingHandler.handle(request, options);
    },
  };
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
    appendAudit: ask('appendAudit'),
  };
}

/** Keeps what the component writes to its standard error: the text of a panic. */
class PanicText extends OutputStream {
  #text = '';

  /** What was written, without Rust's hint at a variable that the engine's environment cannot have. */
  lines() {
    return this.#text.split('\n').filter((line) => line !== '' && !line.startsWith('note: run with'));
  }

  checkWrite() {
    return 65_536n;
  }

  /** @param {Uint8Array} bytes */
  write(bytes) {
    this.#text = (this.#text + Buffer.from(bytes).toString()).slice(-PANIC_TEXT_LENGTH);
  }

  /** @param {Uint8Array} bytes */
  blockingWriteAndFlush(bytes) {
    this.write(bytes);
  }

  flush() {}
  blockingFlush() {}

  /** Always ready. */
  subscribe() {
    return wasi.clocks.monotonicClock.subscribeDuration(0n);
  }
}
