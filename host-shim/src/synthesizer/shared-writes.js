import { io } from '@bytecodealliance/preview2-shim';
import { callExtension } from '@bytecodealliance/preview2-shim/io-worker';
import { STREAM_BYTES } from '../wide-streams.js';

/** A component writes no more at once. */
const SLOT_BYTES = STREAM_BYTES;
/** More than what a stream takes before the socket has. */
const SLOTS = 8;

/**
 * Hands what the component of this thread writes to the thread that does its I/O in memory that both share and use again and
 * again. Otherwise each byte would be copied twice on its way, into memory that the system has to clear first. What finds no
 * free slot is copied like that.
 */
export function shareWrites() {
  const memory = new SharedArrayBuffer(SLOT_BYTES * SLOTS);
  // Bytes in each slot that the socket has not taken yet.
  const taken = new Int32Array(new SharedArrayBuffer(SLOTS * Int32Array.BYTES_PER_ELEMENT));
  callExtension(new URL('./slots-given-back.js', import.meta.url), 'watch', [taken, SLOT_BYTES]);
  const stream = io.streams.OutputStream.prototype;
  const { write } = stream;
  let next = 0;
  /** @param {Uint8Array} bytes in the component's memory */
  stream.write = function (bytes) {
    const slot = next;
    // One that is not given back, since its request has failed, holds up no other.
    next = (next + 1) % SLOTS;
    if (bytes.length === 0 || bytes.length > SLOT_BYTES || Atomics.load(taken, slot) > 0) {
      // Not as it is: a message would take all of the component's memory along.
      return write.call(this, bytes.slice());
    }
    const shared = new Uint8Array(memory, slot * SLOT_BYTES, bytes.length);
    shared.set(bytes);
    Atomics.store(taken, slot, bytes.length);
    return write.call(this, shared);
  };
}
