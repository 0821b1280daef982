// Runs in the thread where preview2-shim does I/O, which calls what is exported here.
import { OutgoingMessage } from 'node:http';

/**
 * Gives a slot of shared memory back when the socket has taken what is in it: all of it, as it was handed over.
 *
 * @returns {(operation: string, args: [Int32Array, number]) => void}
 */
export default () =>
  (_operation, [taken, slotBytes]) => {
    /** @type {(...args: any[]) => boolean} */
    const write = OutgoingMessage.prototype.write;
    /** @type {any} */ (OutgoingMessage.prototype).write = function (
      /** @type {any} */ chunk,
      /** @type {any[]} */ ...rest
    ) {
      if (rest.length > 0 || !(chunk.buffer instanceof SharedArrayBuffer)) return write.call(this, chunk, ...rest);
      const slot = chunk.byteOffset / slotBytes;
      const { length } = chunk;
      return write.call(this, chunk, () => Atomics.compareExchange(taken, slot, length, 0));
    };
  };
