// Builds the engine component and makes it loadable by Node: Rust -> WASI 0.2 component -> optimised -> JavaScript in dist/.
// With --if-missing only when dist/ has no engine. ENGINE_COMPONENT names a component to take instead of building one.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const TARGET = 'wasm32-wasip2';

/** What every Node from 20 on understands; rustc makes use of it, binaryen wants to be told. */
const WASM_FEATURES = ['bulk-memory', 'sign-ext', 'mutable-globals', 'nontrapping-float-to-int'];

const repository = fileURLToPath(new URL('../..', import.meta.url));
const dist = fileURLToPath(new URL('../dist', import.meta.url));

if (!process.argv.includes('--if-missing') || !existsSync(path.join(dist, 'engine.js'))) {
  await writeDist(process.env.ENGINE_COMPONENT ?? buildComponent());
}

/** @returns {string} path of the component */
function buildComponent() {
  const cargo = ['build', '--release', '--target', TARGET, '--package', 'ingestor-engine'];
  const { status, error } = spawnSync('cargo', cargo, { cwd: repository, stdio: 'inherit' });
  if (error) throw new Error(`cargo could not be started (${error.message}): install Rust from https://rustup.rs`);
  if (status !== 0)
    throw new Error(`cargo ${cargo.join(' ')} failed; is the target there? rustup target add ${TARGET}`);
  const targetFolder = process.env.CARGO_TARGET_DIR ?? path.join(repository, 'target');
  return path.join(targetFolder, TARGET, 'release', 'ingestor_engine.wasm');
}

/** @param {string} componentPath */
async function writeDist(componentPath) {
  const { opt, transpile } = await import('@bytecodealliance/jco');
  const optArgs = ['-O3', ...WASM_FEATURES.map((feature) => `--enable-${feature}`)];
  const { component } = await opt(readFileSync(componentPath), { quiet: true, optArgs });
  const { files } = await transpile(component, { name: 'engine', instantiation: 'sync', minify: true, quiet: true });
  rmSync(dist, { recursive: true, force: true });
  for (const [name, content] of Object.entries(files)) {
    if (name.endsWith('.d.ts')) continue;
    mkdirSync(path.dirname(path.join(dist, name)), { recursive: true });
    writeFileSync(path.join(dist, name), content);
  }
}
