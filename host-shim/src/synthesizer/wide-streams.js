// Runs in the thread where preview2-shim does I/O, which calls what is exported here.
import { setDefaultHighWaterMark } from 'node:stream';

/** What a stream takes before it asks to wait. Node's 16 KiB make calls from thread to thread dearer than all the rest. */
const STREAM_BYTES = 128 * 1024;

/** Widens all streams that are made from now on. */
export default () => () => setDefaultHighWaterMark(false, STREAM_BYTES);
