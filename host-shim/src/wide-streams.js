// Runs in the thread where preview2-shim does I/O, which calls what is exported here.
import { setDefaultHighWaterMark } from 'node:stream';

/**
 * Widens all streams that are made from now on: sets what one holds before it asks to wait, and so what a component gets or
 * gives at once, if it wants as much.
 *
 * @returns {(operation: string, args: [bytes: number]) => void}
 */
export default () =>
  (_operation, [bytes]) =>
    setDefaultHighWaterMark(false, bytes);
