// wasi:http without a network: requests are answered from memory, all of them at once.

const dispose = Symbol.dispose ?? Symbol.for('dispose');

/** What the engine asks for at once; over HTTP its streams hold as much (host-shim/src/sandbox.js). */
const CHUNK_BYTES = 256 * 1024;

/**
 * @param {Record<string, any>} imports of the engine, for the classes that its resources have to be of
 * @param {(method: string, pathAndQuery: string) => Buffer} answer to a request, whose body it is not told
 * @returns {{ handle: (request: any) => any }} the interface `wasi:http/outgoing-handler`
 */
export function memoryHttp(imports, answer) {
  const { Fields, FutureIncomingResponse, IncomingBody, IncomingResponse } = imports['wasi:http/types'];
  const { InputStream } = imports['wasi:io/streams'];
  const ready = () => imports['wasi:clocks/monotonic-clock'].subscribeDuration(0n);

  class Stream extends InputStream {
    /** @param {Buffer} rest */
    constructor(rest) {
      super();
      this.rest = rest;
    }
    read() {
      if (this.rest.length === 0) throw { tag: 'closed' };
      const chunk = this.rest.subarray(0, CHUNK_BYTES);
      this.rest = this.rest.subarray(CHUNK_BYTES);
      return chunk;
    }
    subscribe() {
      return ready();
    }
    [dispose]() {}
  }

  class Body extends IncomingBody {
    /** @param {Buffer} text */
    constructor(text) {
      super();
      this.text = text;
    }
    stream() {
      return new Stream(this.text);
    }
  }

  class Response extends IncomingResponse {
    /** @param {Buffer} text */
    constructor(text) {
      super();
      this.text = text;
    }
    status() {
      return 200;
    }
    headers() {
      return new Fields();
    }
    consume() {
      return new Body(this.text);
    }
    [dispose]() {}
  }

  class Future extends FutureIncomingResponse {
    /** @param {Buffer} text */
    constructor(text) {
      super();
      this.text = text;
    }
    get() {
      return { tag: 'ok', val: { tag: 'ok', val: new Response(this.text) } };
    }
    subscribe() {
      return ready();
    }
    [dispose]() {}
  }

  return { handle: (request) => new Future(answer(request.method().tag, request.pathWithQuery())) };
}
