// Server processes that never outlive the process that started them.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @typedef {object} ServerProcess
 * @property {number} pid also the id of its process group
 * @property {() => boolean} isRunning
 * @property {() => string} logText everything it wrote so far
 * @property {() => Promise<void>} kill SIGKILL to the whole group
 * @property {(graceMs?: number) => Promise<void>} stop SIGTERM, and SIGKILL when that has not helped within `graceMs`
 */

/**
 * Starts a server in a process group of its own. Whatever happens to us, kill -9 included, the group is killed: a guard
 * beside it waits for the end of a pipe that the operating system closes when we are gone.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, logFile: string}} options output goes to `logFile`
 * @returns {ServerProcess}
 */
export function startServer(command, args, { cwd, env, logFile }) {
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  // A command that cannot be started has no pid; the event only repeats it later.
  child.once('error', () => {});
  if (child.pid === undefined)
    throw new Error(`cannot start ${command}; is everything set up? \`npm run demo\` does it`);
  const group = child.pid;
  child.unref();

  const guard = spawn('/bin/sh', ['-c', 'cat > /dev/null; kill -s KILL -- "-$1"', 'guard', String(group)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  /** @type {import('node:net').Socket} */ (guard.stdin).unref();
  child.once('exit', () => guard.kill('SIGKILL'));

  const isRunning = () => child.exitCode === null && child.signalCode === null;
  /** @param {NodeJS.Signals} name */
  const signal = (name) => {
    if (isRunning()) process.kill(-group, name);
  };
  // An unref'd child does not keep our event loop alive: its end has to be looked for.
  const waitForEnd = async (timeoutMs = Infinity) => {
    const deadline = performance.now() + timeoutMs;
    while (isRunning() && performance.now() < deadline) await sleep(10);
  };
  const kill = async () => {
    signal('SIGKILL');
    await waitForEnd();
  };
  const stop = async (graceMs = 5000) => {
    signal('SIGTERM');
    await waitForEnd(graceMs);
    await kill();
  };
  return { pid: group, isRunning, logText: () => readFileSync(logFile, 'utf8'), kill, stop };
}

/**
 * @param {ServerProcess} server
 * @param {() => Promise<boolean>} isReady may throw while the server is not there yet
 * @param {{what: string, timeoutMs: number}} options
 */
export async function waitUntilReady(server, isReady, { what, timeoutMs }) {
  const deadline = performance.now() + timeoutMs;
  while (!(await isReady().catch(() => false))) {
    if (!server.isRunning()) throw new Error(`${what} ended while it started:\n${server.logText().slice(-4000)}`);
    if (performance.now() > deadline) {
      await server.stop();
      throw new Error(`${what} was not ready after ${timeoutMs} ms:\n${server.logText().slice(-4000)}`);
    }
    await sleep(50);
  }
}

/**
 * Below those that systems give to connections as they are opened: a port that is wanted a second time, for a server that comes
 * back, would be taken by somebody's request meanwhile.
 */
const PORTS = { from: 10_000, to: 32_768 };

/**
 * @param {number} count
 * @param {number} [preferred] the first of them, if that one is free
 * @returns {Promise<number[]>} that many different ports of 127.0.0.1 that are free at this moment
 */
export async function freePorts(count, preferred) {
  const first = preferred ? holdPort(preferred).catch(holdAnyPort) : holdAnyPort();
  const others = Array.from({ length: count - 1 }, holdAnyPort);
  const held = await Promise.all([first, ...others]);
  return Promise.all(held.map(({ port, release }) => release().then(() => port)));
}

/** @returns {Promise<HeldPort>} */
async function holdAnyPort() {
  for (;;) {
    try {
      return await holdPort(randomInt(PORTS.from, PORTS.to));
    } catch (/** @type {any} */ error) {
      if (error.code !== 'EADDRINUSE') throw error;
    }
  }
}

/** @typedef {{ port: number, release: () => Promise<void> }} HeldPort */

/** @param {number} port @returns {Promise<HeldPort>} */
function holdPort(port) {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      resolve({ port, release: () => new Promise((done) => server.close(() => done())) });
    });
  });
}
