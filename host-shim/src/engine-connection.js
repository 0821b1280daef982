import { EventEmitter } from 'node:events';
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads';

/**
 * Of the thread's JavaScript little lives longer than one call, so the space for what is new need not grow with time: with as
 * much as V8 takes by itself, an engine came to 64 and 160 MB over millions of rows instead of 55 and 58, and was no faster.
 */
const YOUNG_GENERATION_MB = 6;

/** Starts the thread of one engine and talks with it. Emits `message`, and `end` with the reason. */
export class EngineConnection extends EventEmitter {
  /** What the thread said before it ended by itself. @type {string | undefined} */
  trapped;

  #worker;
  #port;
  #control = new SharedArrayBuffer(4);
  #sent = new Int32Array(this.#control);
  #started = performance.now();

  /** @param {import('./settings.js').EngineSetup} setup @param {string[]} hosts */
  constructor(setup, hosts) {
    super();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#port.on('message', (message) => this.emit('message', message));
    this.#port.unref();
    this.#worker = new Worker(new URL('./engine-thread.js', import.meta.url), {
      execArgv: [],
      workerData: { port: port2, control: this.#control, setup, hosts },
      transferList: [port2],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.#worker.unref();
    this.#worker.on('error', (error) => (this.trapped ??= String(error?.message ?? error)));
    this.#worker.on('exit', (code) => {
      for (let last; (last = receiveMessageOnPort(this.#port));) this.emit('message', last.message);
      this.#port.close();
      this.emit('end', this.trapped ?? `its thread exited with code ${code}`);
    });
  }

  get ageMs() {
    return performance.now() - this.#started;
  }

  /** @param {object} message */
  send(message) {
    this.#port.postMessage(message);
    Atomics.add(this.#sent, 0, 1);
    Atomics.notify(this.#sent, 0);
  }

  /** Resolves when the engine says that it does not run, or is gone. */
  paused() {
    return new Promise((resolve) => {
      const done = () => {
        this.off('message', look);
        this.off('end', done);
        resolve(undefined);
      };
      /** @param {any} message */
      const look = (message) => message.running === false && done();
      this.on('message', look);
      this.on('end', done);
    });
  }

  async end() {
    await this.#worker.terminate();
  }
}
