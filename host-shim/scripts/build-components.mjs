// Builds the components and makes them loadable by Node: Rust -> WASI 0.2 component -> optimised -> JavaScript in dist/.
// With --if-missing only when one is not in dist/. ENGINE_COMPONENT, SYNTHESIZER_COMPONENT and BENCHMARK_COMPONENT name components to
// take instead of building them.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const TARGET = 'wasm32-wasip2';

/** What every Node from 20 on understands; rustc makes use of it, binaryen wants to be told. */
const WASM_FEATURES = ['bulk-memory', 'sign-ext', 'mutable-globals', 'nontrapping-float-to-int', 'simd'];

const COMPONENTS = [
  { name: 'engine', crate: 'ingestor-engine', prebuilt: process.env.ENGINE_COMPONENT },
  { name: 'synthesizer', crate: 'ingestor-synthesizer', prebuilt: process.env.SYNTHESIZER_COMPONENT },
  { name: 'benchmark', crate: 'ingestor-benchmark', prebuilt: process.env.BENCHMARK_COMPONENT },
];

const repository = fileURLToPath(new URL('../..', import.meta.url));
const dist = fileURLToPath(new URL('../dist', import.meta.url));

const areThere = COMPONENTS.every(({ name }) => existsSync(path.join(dist, `${name}.js`)));
if (!process.argv.includes('--if-missing') || !areThere) {
  build(COMPONENTS.filter(({ prebuilt }) => !prebuilt).map(({ crate }) => crate));
  /** @type {[file: string, content: Uint8Array][]} */
  const files = [];
  for (const { name, crate, prebuilt } of COMPONENTS) {
    files.push(...(await transpiled(name, prebuilt ?? builtComponent(crate))));
  }
  // All or nothing: a build that is interrupted before leaves what was there.
  rmSync(dist, { recursive: true, force: true });
  for (const [file, content] of files) {
    mkdirSync(path.dirname(path.join(dist, file)), { recursive: true });
    writeFileSync(path.join(dist, file), content);
  }
}

/** @param {string[]} crates */
function build(crates) {
  if (crates.length === 0) return;
  const cargo = ['build', '--release', '--target', TARGET, ...crates.flatMap((crate) => ['--package', crate])];
  const { status, error } = spawnSync('cargo', cargo, { cwd: repository, stdio: 'inherit' });
  if (error) throw new Error(`cargo could not be started (${error.message}): install Rust from https://rustup.rs`);
  if (status !== 0)
    throw new Error(`cargo ${cargo.join(' ')} failed; is the target there? rustup target add ${TARGET}`);
}

/** @param {string} crate @returns {string} path of its component */
function builtComponent(crate) {
  const targetFolder = process.env.CARGO_TARGET_DIR ?? path.join(repository, 'target');
  return path.join(targetFolder, TARGET, 'release', `${crate.replaceAll('-', '_')}.wasm`);
}

/**
 * @param {string} name
 * @param {string} componentPath
 * @returns {Promise<[file: string, content: Uint8Array][]>} JavaScript and core modules
 */
async function transpiled(name, componentPath) {
  const { opt, transpile } = await import('@bytecodealliance/jco');
  const optArgs = ['-O3', ...WASM_FEATURES.map((feature) => `--enable-${feature}`)];
  const { component } = await opt(readFileSync(componentPath), { quiet: true, optArgs });
  const { files } = await transpile(component, { name, instantiation: 'sync', minify: true, quiet: true });
  const script = `${name}.js`;
  files[script] = withoutTracing(files[script]);
  // The synthesizer's host takes what is written before it returns: see shareWrites.
  if (name === 'synthesizer') files[script] = withoutWriteCopies(files[script]);
  return Object.entries(files).filter(([file]) => !file.endsWith('.d.ts'));
}

/**
 * Empties the function that jco's output calls several times for every import, to look each time into the environment, which is
 * slow, whether it is to trace.
 *
 * @param {Uint8Array} script
 */
function withoutTracing(script) {
  const text = Buffer.from(script).toString();
  const silent = text.replace(/\b_debugLog=\(\.\.\.\w+\)=>\{[^{}]*JCO_DEBUG[^{}]*\}/, '_debugLog=()=>{}');
  if (silent === text) throw new Error('jco traces in another way than it did: see withoutTracing');
  return Buffer.from(silent);
}

/**
 * Lets a host see what a component writes to a stream where it is in the component's memory, instead of in a copy.
 *
 * @param {Uint8Array} script
 */
function withoutWriteCopies(script) {
  const text = Buffer.from(script).toString();
  const direct = text.replace(
    /new Uint8Array\((\w+)\.buffer\.slice\((\w+),\2\+(\w+)\*1\)\)(?=;_debugLog\(`\[iface="wasi:io\/streams@[\d.]+", function="\[method\]output-stream\.write"\])/,
    'new Uint8Array($1.buffer,$2,$3)',
  );
  if (direct === text) throw new Error('jco copies in another way than it did: see withoutWriteCopies');
  return Buffer.from(direct);
}
