import * as wasi from '@bytecodealliance/preview2-shim';
import { callExtension } from '@bytecodealliance/preview2-shim/io-worker';
import { WASIShim } from '@bytecodealliance/preview2-shim/instantiation';
import { readFileSync } from 'node:fs';
import { hostOf } from './allowed-hosts.js';

/** What a stream has to be for the component's JavaScript; its types hide the constructor. */
const OutputStream = /** @type {new () => object} */ (/** @type {unknown} */ (wasi.io.streams.OutputStream));

/** Characters of a panic's text that are kept. */
const PANIC_TEXT_LENGTH = 4000;

/** What a stream holds. With Node's 16 and 64 KiB calls from thread to thread are dearer than what they bring. */
const STREAM_BYTES = 256 * 1024;

/**
 * What every component of ours can reach of the world: clocks, randomness and HTTP to the allowed hosts. No files, no
 * environment, no sockets.
 *
 * @param {string[]} hosts as `allowedHosts` gives them
 */
export function sandbox(hosts) {
  const panic = new PanicText();
  const stream = { getStderr: () => panic, getStdout: () => panic };
  const shim = new WASIShim({
    cli: { ...wasi.cli, stderr: stream, stdout: stream },
    sandbox: { env: {}, args: [], preopens: {}, enableNetwork: false },
  });
  return { imports: { ...shim.getImportObject(), 'wasi:http/outgoing-handler': guardedHttp(hosts) }, panic };
}

/**
 * Loads a built component.
 *
 * @param {string} name `engine` or `synthesizer`
 * @param {object} imports
 * @param {number} [streamBytes] what it can read or write at once
 * @returns {Promise<any>} what it exports
 */
export async function load(name, imports, streamBytes = STREAM_BYTES) {
  const { instantiate } = await import(built(`${name}.js`).href);
  const compile = (/** @type {string} */ file) => new WebAssembly.Module(readFileSync(built(file)));
  const component = await instantiate(compile, imports);
  // Waits for the thread that does the I/O, which has been starting meanwhile.
  callExtension(new URL('./wide-streams.js', import.meta.url), 'widen', [streamBytes]);
  return component;
}

/** @param {string} file */
function built(file) {
  return new URL(`../dist/${file}`, import.meta.url);
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

/** Keeps what a component writes to its standard error: the text of a panic. */
class PanicText extends OutputStream {
  #text = '';

  /** What was written, without Rust's hint at a variable that a component's environment cannot have. */
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
