// The synthesizer's component alone, in a process of its own: its uploads end in memory.
// node bench/synthesizer-component.mjs VESSELS DAYS UNTIL
import { load, sandbox } from '../host-shim/src/sandbox.js';
import { answer } from '../tests/synthesizer/support/upload-sink.mjs';

const [totalVessels, days, until] = process.argv.slice(2);
const dispose = Symbol.dispose ?? Symbol.for('dispose');
/** What the resources have to be instances of. @type {{ imports: Record<string, any> }} */
const { imports } = sandbox([]);
const types = imports['wasi:http/types'];
const { InputStream, OutputStream } = imports['wasi:io/streams'];
const ready = () => imports['wasi:clocks/monotonic-clock'].subscribeDuration(0n);

/** Bytes of all requests. */
let sentBytes = 0;

class Sink extends OutputStream {
  text = '';
  checkWrite() {
    return 1_048_576n;
  }
  /** @param {Uint8Array} bytes */
  write(bytes) {
    sentBytes += bytes.length;
    // Only the small ones are looked at.
    if (bytes.length < 4096) this.text += Buffer.from(bytes).toString();
  }
  subscribe() {
    return ready();
  }
  [dispose]() {}
}

class OutgoingBody {
  sink = new Sink();
  write() {
    return this.sink;
  }
  static finish() {}
  [dispose]() {}
}

class OutgoingRequest {
  sent = new OutgoingBody();
  method = '';
  path = '';
  /** @param {any} headers */
  constructor(headers) {
    this.headers = headers;
  }
  body() {
    return this.sent;
  }
  setScheme() {}
  setAuthority() {}
  /** @param {{ tag: string }} method */
  setMethod({ tag }) {
    this.method = tag.toUpperCase();
  }
  /** @param {string} path */
  setPathWithQuery(path) {
    this.path = path;
  }
  [dispose]() {}
}

class Source extends InputStream {
  /** @param {Buffer} bytes */
  constructor(bytes) {
    super();
    this.bytes = bytes;
  }
  read() {
    if (this.bytes.length === 0) throw { tag: 'closed' };
    const { bytes } = this;
    this.bytes = Buffer.alloc(0);
    return bytes;
  }
  subscribe() {
    return ready();
  }
  [dispose]() {}
}

class IncomingBody extends types.IncomingBody {
  /** @param {Buffer} bytes */
  constructor(bytes) {
    super();
    this.bytes = bytes;
  }
  stream() {
    return new Source(this.bytes);
  }
  [dispose]() {}
}

class IncomingResponse extends types.IncomingResponse {
  /** @param {{ status?: number, headers?: Record<string, string>, body?: unknown }} answer */
  constructor({ status = 200, headers = {}, body = {} }) {
    super();
    this.answer = { status, headers, body };
  }
  status() {
    return this.answer.status;
  }
  headers() {
    return types.Fields.fromList(
      Object.entries(this.answer.headers).map(([name, value]) => [name, Buffer.from(value)]),
    );
  }
  consume() {
    return new IncomingBody(Buffer.from(JSON.stringify(this.answer.body)));
  }
  [dispose]() {}
}

class FutureIncomingResponse extends types.FutureIncomingResponse {
  /** @param {OutgoingRequest} request */
  constructor(request) {
    super();
    this.request = request;
  }
  get() {
    const { method, path, headers, sent } = this.request;
    const range = headers.get('content-range')[0];
    const val = new IncomingResponse(answer(method, path, sent.sink.text, range && Buffer.from(range).toString()));
    return { tag: 'ok', val: { tag: 'ok', val } };
  }
  subscribe() {
    return ready();
  }
  [dispose]() {}
}

const { generation } = await load('synthesizer', {
  ...imports,
  'wasi:http/types': { ...types, OutgoingRequest, OutgoingBody },
  'wasi:http/outgoing-handler': {
    handle: (/** @type {OutgoingRequest} */ request) => new FutureIncomingResponse(request),
  },
  'harperdb:bigquery-ingestor/reporting': { report: () => {} },
});
const config = {
  bigquery: { projectId: 'bench' },
  synthesizer: { dataset: 'bench', totalVessels: Number(totalVessels) },
};
generation.configure({ config: JSON.stringify(config), emulatorHost: '127.0.0.1:1' });
const before = process.cpuUsage();
const { loaded } = JSON.parse(generation.initialize(days, until, false));
const { user, system } = process.cpuUsage(before);
const rows = Object.values(loaded).reduce((sum, count) => sum + count, 0);
console.log(JSON.stringify({ rows, bytes: sentBytes, cpuSeconds: (user + system) / 1e6 }));
