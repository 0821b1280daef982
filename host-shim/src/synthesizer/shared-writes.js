import { io } from '@bytecodealliance/preview2-shim';
import { callExtension } from '@bytecodealliance/preview2-shim/io-worker';

/**
 * The most that the component writes at once: a part of an upload (guest/bigquery/src/upload.rs). What comes in one piece takes
 * a server less time than what comes bit by bit.
 */
export const WRITE_BYTES = 8 * 1024 * 1024;

/** What shared memory ends with: 1 while it is taken. What is written stands at its beginning, since the system copies pages. */
const FLAG_BYTES = Int32Array.BYTES_PER_ELEMENT;

/**
 * Hands what the component of this thread writes to the thread that does its I/O in memory that both share and use again and
 * again. Otherwise each byte would be copied twice on its way, into memory that the system has to clear first.
 */
export function shareWrites() {
  callExtension(new URL('./memory-given-back.js', import.meta.url), 'watch', []);
  const stream = io.streams.OutputStream.prototype;
  const { write } = stream;
  let taken = newMemory();
  /** @param {Uint8Array} bytes in the component's memory */
  stream.write = function (bytes) {
    // Still on its way, or never given back since its request has failed before.
    if (Atomics.load(taken, 0) === 1) taken = newMemory();
    const shared = new Uint8Array(taken.buffer, 0, bytes.length);
    shared.set(bytes);
    Atomics.store(taken, 0, 1);
    return write.call(this, shared);
  };
}

/** @returns {Int32Array} its flag */
function newMemory() {
  return new Int32Array(new SharedArrayBuffer(WRITE_BYTES + FLAG_BYTES), WRITE_BYTES, 1);
}
