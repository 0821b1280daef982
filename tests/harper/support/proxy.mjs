// A proxy in front of the emulator that counts what passes.
import { createServer, request } from 'node:http';

/**
 * @typedef {object} SeenRequest
 * @property {string} method
 * @property {string} path with its query string
 * @property {string} body
 * @property {boolean} isAnswered whether the whole answer has been passed on
 */

/** @typedef {{status: number, body: unknown} | 'reset'} Answer a body that is a text is a page for people */

/**
 * @param {string} upstream the emulator's URL
 * @param {(seen: SeenRequest) => Answer | undefined | Promise<Answer | undefined>} [intercept] the emulator sees no request that
 *   is answered here, and the others only then
 */
export async function startCountingProxy(upstream, intercept = () => undefined) {
  /** @type {SeenRequest[]} */
  const requests = [];
  const server = createServer(async (incoming, outgoing) => {
    const body = await wholeBody(incoming);
    // Whoever asked is gone.
    if (!body) return;
    const [method = 'GET', path = '/'] = [incoming.method, incoming.url];
    const seen = { method, path, body: body.toString(), isAnswered: false };
    requests.push(seen);
    outgoing.once('finish', () => (seen.isAnswered = true));
    const answer = await intercept(seen);
    if (answer === 'reset') {
      incoming.socket.resetAndDestroy();
      return;
    }
    if (answer) {
      const { status, body } = answer;
      const [type, text] = typeof body === 'string' ? ['text/html', body] : ['application/json', JSON.stringify(body)];
      outgoing.writeHead(status, { 'content-type': type }).end(text);
      return;
    }
    const forwarded = request(
      new URL(seen.path, upstream),
      { method: seen.method, headers: { ...incoming.headers, host: new URL(upstream).host } },
      (response) => {
        outgoing.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(outgoing);
        // An emulator that goes away mid-answer must look so to the client as well.
        response.once('error', () => outgoing.destroy());
      },
    );
    forwarded.once('error', () => outgoing.destroy());
    forwarded.end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  // A test that fails before it could stop the proxy must not hang.
  server.unref();
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

  /** @param {string} table */
  const queryJobs = (table) => {
    const namesTable = new RegExp(`\\b${table}\\b`);
    return requests.filter(({ method, path, body }) => {
      if (method !== 'POST' || !/\/(jobs|queries)(\?|$)/.test(path)) return false;
      const { query, configuration } = JSON.parse(body);
      return namesTable.test(query ?? configuration?.query?.query ?? '');
    });
  };
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    /** The query jobs that were started and name this table. */
    queryJobs,
    /** Forgets what was seen. */
    reset: () => void requests.splice(0),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve(undefined));
        server.closeAllConnections();
      }),
  };
}

/** @param {import('node:http').IncomingMessage} incoming @returns {Promise<Buffer | undefined>} nothing when it broke off */
async function wholeBody(incoming) {
  const chunks = [];
  try {
    for await (const chunk of incoming) chunks.push(chunk);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}
