// Runs in the thread where preview2-shim does I/O, which calls what is exported here.
import { setDefaultHighWaterMark } from 'node:stream';

/**
 * What a stream holds before it asks to wait, and so what a component gets or gives at once, if it wants as much. Node's 16 and
 * 64 KiB make calls from thread to thread dearer than what they bring.
 */
export const STREAM_BYTES = 256 * 1024;

/** Widens all streams that are made from now on. */
export default () => () => setDefaultHighWaterMark(false, STREAM_BYTES);
