// Runs in the thread where preview2-shim does I/O, which calls what is exported here.
import { OutgoingMessage } from 'node:http';

/**
 * Gives shared memory back (see shared-writes.js) when the socket has taken what is in it.
 *
 * @returns {() => void}
 */
export default () => () => {
  /** @type {(...args: any[]) => boolean} */
  const write = OutgoingMessage.prototype.write;
  /** @type {any} */ (OutgoingMessage.prototype).write = function (
    /** @type {any} */ chunk,
    /** @type {any[]} */ ...rest
  ) {
    if (rest.length > 0 || !(chunk.buffer instanceof SharedArrayBuffer)) return write.call(this, chunk, ...rest);
    const taken = new Int32Array(chunk.buffer).subarray(-1);
    return write.call(this, chunk, () => Atomics.store(taken, 0, 0));
  };
};
