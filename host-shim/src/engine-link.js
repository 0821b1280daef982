import { receiveMessageOnPort } from 'node:worker_threads';

/**
 * The engine thread's side of the connection with its host. The thread never returns to an event loop: it sleeps on a
 * control word, which the host raises with every message, and takes the messages one by one.
 */
export class EngineLink {
  #port;
  #messages;
  #calls = 0;
  /** Answers that nobody has asked for yet. @type {Map<number, any>} */
  #answers = new Map();
  /** Calls whose answers nobody will ask for. @type {Set<number>} */
  #forgotten = new Set();
  /** @type {any[]} */
  #commands = [];

  /**
   * @param {import('node:worker_threads').MessagePort} port
   * @param {SharedArrayBuffer} control one 32-bit word: the number of messages the host has sent
   */
  constructor(port, control) {
    this.#port = port;
    this.#messages = new Int32Array(control);
  }

  /** @param {object} message @param {ArrayBuffer[]} transfer */
  post(message, transfer = []) {
    this.#port.postMessage(message, transfer);
  }

  /**
   * Asks the host's storage to do something, without waiting.
   *
   * @param {string} method
   * @param {any[]} args
   * @param {ArrayBuffer[]} transfer
   * @returns {number} the call, for `answer`
   */
  call(method, args, transfer = []) {
    const call = ++this.#calls;
    this.post({ call, method, args }, transfer);
    return call;
  }

  /**
   * Waits for a call's answer.
   *
   * @param {number} call
   * @returns {any}
   * @throws {import('./storage/failure.js').StorageError}
   */
  answer(call) {
    while (!this.#answers.has(call)) this.#receive(Infinity);
    const { value, failure } = this.#answers.get(call);
    this.#answers.delete(call);
    if (failure) throw failure;
    return value;
  }

  /** @param {number} call */
  forget(call) {
    if (!this.#answers.delete(call)) this.#forgotten.add(call);
  }

  /**
   * The host's next command; waits for it, but not longer than told.
   *
   * @param {number} timeoutMs
   * @returns {any} undefined when there is none
   */
  command(timeoutMs) {
    const deadline = performance.now() + timeoutMs;
    while (this.#commands.length === 0) {
      const left = deadline - performance.now();
      if (!this.#receive(Math.max(left, 0)) && left <= 0) return undefined;
    }
    return this.#commands.shift();
  }

  /**
   * Takes one message off the port; sleeps until there is one.
   *
   * @param {number} timeoutMs
   * @returns {boolean} whether there was one
   */
  #receive(timeoutMs) {
    const seen = Atomics.load(this.#messages, 0);
    let received = receiveMessageOnPort(this.#port);
    if (!received) {
      Atomics.wait(this.#messages, 0, seen, timeoutMs);
      received = receiveMessageOnPort(this.#port);
    }
    if (!received) return false;
    const { message } = received;
    if (message.answer === undefined) this.#commands.push(message);
    else if (!this.#forgotten.delete(message.answer)) this.#answers.set(message.answer, message);
    return true;
  }
}
