// Keeps docs/design.md true: what it names is there, what is there it names, and imports point the way it draws.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { REPO_ROOT } from '../scripts/setup/paths.mjs';

/** Folders of which the map names every file. */
const MAPPED = [
  'wit',
  'guest/core/src',
  'guest/bigquery/src',
  'guest/engine/src',
  'guest/benchmark/src',
  'guest/maritime/src',
  'guest/synthesizer/src',
  'host-shim/src',
];

/** What guest/core may depend on. None of these does I/O as it is used there. */
const CORE_DEPENDENCIES = [
  'http',
  'jiff',
  'serde',
  'serde_json',
  'sha2',
  'strsim',
  'thiserror',
  'unicode-properties',
  'wide',
  'xxhash-rust',
  'yaml_serde',
];

const IO =
  /\bstd::(fs|net|env|process|thread|os)\b|\b(Instant|SystemTime)\b|\b(Timestamp|Zoned)::now\b|\bwasip?\d?::|\buse wasi/;

/** @param {string} file relative to the root */
const read = (file) => readFileSync(path.join(REPO_ROOT, file), 'utf8');

/** @param {string} folder relative to the root @returns {string[]} all files below it, relative to the root */
function filesIn(folder) {
  return readdirSync(path.join(REPO_ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    return entry.isDirectory() ? filesIn(file) : [file];
  });
}

/** Rust sources without their comments; JavaScript likewise. @param {string} source */
const withoutComments = (source) => source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');

/** @param {string} text @param {RegExp} pattern with the flag g @returns {string[]} what its first group matched */
const matches = (text, pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? '');

/** Files and folders that the map names; below a heading with a folder's name, from that folder. */
function namedInMap() {
  const named = new Set();
  for (const section of read('docs/design.md').split(/^##+ /m)) {
    const base = /^`([\w/-]+)`$/m.exec(section.split('\n')[0] ?? '')?.[1] ?? '';
    for (const name of matches(section, /`([\w.-]+(?:\/[\w.-]+)*(?:\/|\.(?:d\.ts|rs|m?js|wit|graphql|yaml|svg)))`/g)) {
      const below = path.posix.join(base, name);
      named.add(existsSync(path.join(REPO_ROOT, below)) ? below : name);
    }
  }
  return named;
}

test('every file and folder that the map names exists', () => {
  const missing = [...namedInMap()].filter((file) => !existsSync(path.join(REPO_ROOT, file)));
  assert.deepEqual(missing, []);
});

test('the map names every source file', () => {
  const named = namedInMap();
  const sources = MAPPED.flatMap(filesIn).filter((file) => !file.startsWith('wit/deps/'));
  assert.ok(sources.length > 80);
  assert.deepEqual(
    sources.filter((file) => !named.has(file)),
    [],
  );
});

test('every test that the map and the notes on reliability cite exists', () => {
  const rust = ['guest', 'tests/component'].flatMap(filesIn).filter((file) => file.endsWith('.rs'));
  const defined = new Set(rust.flatMap((file) => matches(read(file), /^\s*fn (\w+)\(\)/gm)));
  const documents = ['docs/design.md', 'docs/reliability.md'].map(read).join('\n');
  const cited = matches(documents, /`([a-z0-9]+(?:_[a-z0-9]+){2,})`/g);
  assert.ok(cited.length > 8);
  assert.deepEqual(
    cited.filter((name) => !defined.has(name)),
    [],
  );
});

/** Which situations are tried at which level: in simulation, with the component, with a real Harper. */
const LEVELS = {
  simulation: '1 2 3 4 4a 5 6 7 12 16a 17 18 20 21 25 26 27 30 30a 30b',
  component: '1 3 4a 9 10 11 12 16a 16b 16c 16d 16e 17 18 22 23 24 25 33 35',
  Harper: '1 2 4 5 6 7 8 9 13 14 15 16 16b 16d 17 18 19 21 23 26 28 29 30a 30c 31 32 33 34 36',
};

test('every situation of the notes on reliability has its tests, at each level and by its name', () => {
  const table = read('docs/reliability.md').split('## Situations')[1]?.split('\n## ')[0] ?? '';
  const rows = [...table.matchAll(/^\| (\d+[a-z]?) +\|(.*)\|$/gm)].map(([, number, cells]) => {
    const [situation, simulation, component, Harper] = (cells ?? '').split('|').map((cell) => cell.trim());
    return { number, situation, levels: { simulation, component, Harper } };
  });
  for (const level of /** @type {(keyof typeof LEVELS)[]} */ (Object.keys(LEVELS))) {
    const tried = new Set(rows.filter(({ levels }) => levels[level]).map(({ number }) => number));
    assert.deepEqual(
      LEVELS[level].split(' ').filter((number) => !tried.has(number)),
      [],
      level,
    );
  }
  const plain = (/** @type {string} */ text) => text.replaceAll('\\', '');
  for (const { situation, levels } of rows) {
    if (!levels.Harper) continue;
    const files = matches(levels.Harper, /\]\(\.\.\/(tests\/harper\/[\w.-]+)\)/g);
    const given = matches(levels.Harper, /“([^”]+)”/g);
    const names = files.flatMap((file) => matches(read(file), /\btest\(\s*'([^']+)'/g)).map(plain);
    for (const name of given.length > 0 ? given : [situation ?? '']) {
      assert.ok(names.includes(plain(name)), `${files.join(', ')} has no test called ${name}`);
    }
  }
});

test('links between the documents lead somewhere', () => {
  const documents = [...readdirSync(REPO_ROOT), ...filesIn('docs')].filter((file) => file.endsWith('.md'));
  const dead = documents.flatMap((document) => {
    const targets = matches(read(document), /\]\(([^)\s]+)\)/g).filter((target) => !/^[a-z]+:/.test(target));
    return targets.filter((target) => !leadsSomewhere(document, target)).map((target) => `${document}: ${target}`);
  });
  assert.deepEqual(dead, []);
});

/** @param {string} document @param {string} target a file, a heading of it, or a heading of the document itself */
function leadsSomewhere(document, target) {
  const [file, heading] = target.split('#');
  const destination = file === '' ? document : path.posix.join(path.posix.dirname(document), file ?? '');
  if (!existsSync(path.join(REPO_ROOT, destination))) return false;
  if (heading === undefined) return true;
  const anchors = matches(read(destination), /^#+ (.+)$/gm).map((text) =>
    text
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/\s/g, '-'),
  );
  return anchors.includes(heading);
}

test('the README explains every key of the configuration', () => {
  const sources = filesIn('guest/core/src/config/parse').filter((file) => !file.includes('/tests'));
  const lists = sources.flatMap((file) => matches(read(file), /KEYS: &\[&str\] =\s*&\[([^\]]*)\]/g));
  const keys = lists.flatMap((list) => matches(list, /"(\w+)"/g));
  assert.ok(keys.length > 30);
  const readme = read('README.md');
  assert.deepEqual(
    keys.filter((key) => !readme.includes(`\`${key}\``)),
    [],
  );
});

test('the operations guide lists every event of the log, and none besides', () => {
  const sources = MAPPED.flatMap(filesIn).filter(
    // The synthesizer tells its events to its user, not to a log.
    (file) => /\.(rs|js)$/.test(file) && !/\/tests|\/synthesizer\//.test(file),
  );
  const logged = sources.flatMap((file) =>
    matches(withoutComments(read(file)), /(?:\blog\(\s*Level::\w+,\s*|\bevent: |#log\(\s*'\w+',\s*)["'](\w+)["']/g),
  );
  const table = read('docs/operations.md').split('## The log')[1]?.split('\n## ')[0] ?? '';
  const listed = matches(table, /^\| `(\w+)`/gm);
  assert.deepEqual(listed.sort(), [...new Set(logged)].sort());
});

test('crates depend on each other in one direction only', () => {
  assert.deepEqual(dependenciesOf('ingestor-core', isOurs), []);
  assert.deepEqual(dependenciesOf('ingestor-bigquery', isOurs), ['ingestor-core']);
  assert.deepEqual(dependenciesOf('ingestor-engine', isOurs), ['ingestor-bigquery', 'ingestor-core']);
  assert.deepEqual(dependenciesOf('ingestor-benchmark', isOurs), ['ingestor-bigquery', 'ingestor-core']);
  assert.deepEqual(dependenciesOf('ingestor-maritime', isOurs), ['ingestor-core']);
  assert.deepEqual(dependenciesOf('ingestor-synthesizer', isOurs), [
    'ingestor-bigquery',
    'ingestor-core',
    'ingestor-maritime',
  ]);
  const dependents = cargoPackages().filter(({ name }) => dependenciesOf(name, isOurs).includes('ingestor-engine'));
  assert.deepEqual(dependents, []);
});

test('guest/core depends on nothing that does I/O, and does none', () => {
  const strangers = dependenciesOf('ingestor-core').filter((name) => !CORE_DEPENDENCIES.includes(name));
  assert.deepEqual(strangers, []);
  assert.deepEqual(filesWithIo('guest/core/src'), []);
});

test('guest/maritime does no I/O', () => {
  assert.deepEqual(filesWithIo('guest/maritime/src'), []);
});

/** @param {string} folder relative to the root */
const filesWithIo = (folder) => filesIn(folder).filter((file) => IO.test(withoutComments(read(file))));

/** @typedef {{name: string, dependencies: {name: string, kind: string | null}[]}} CargoPackage */

/** @returns {CargoPackage[]} the crates of this workspace */
function cargoPackages() {
  const args = ['metadata', '--no-deps', '--format-version', '1', '--offline'];
  return JSON.parse(execFileSync('cargo', args, { cwd: REPO_ROOT, encoding: 'utf8' })).packages;
}

/** @param {string} name */
const isOurs = (name) => name.startsWith('ingestor-');

/** @param {string} crate @param {(name: string) => boolean} [filter] @returns {string[]} sorted, without those of tests */
function dependenciesOf(crate, filter = () => true) {
  const found = cargoPackages().find(({ name }) => name === crate);
  assert.ok(found, `there is no crate ${crate}`);
  const runtime = found.dependencies.filter(({ kind }) => kind !== 'dev');
  return runtime
    .map(({ name }) => name)
    .filter(filter)
    .sort();
}

const SHIM = 'host-shim/src';

/** What each file of the shim imports: files of the shim relative to its folder, packages by name. @returns {Map<string, string[]>} */
function shimImports() {
  const files = filesIn(SHIM).filter((file) => file.endsWith('.js'));
  return new Map(
    files.map((file) => {
      const source = withoutComments(read(file));
      const specifiers = matches(source, /(?:\bfrom|^import|\bimport\()\s*'([^']+)'/gm);
      const name = path.posix.relative(SHIM, file);
      const resolved = (/** @type {string} */ specifier) => path.posix.join(path.posix.dirname(name), specifier);
      return [name, specifiers.map((specifier) => (specifier.startsWith('.') ? resolved(specifier) : specifier))];
    }),
  );
}

/** @param {Map<string, string[]>} imports @param {string[]} entries @returns {Set<string>} all files and packages they load */
function loadedFrom(imports, entries) {
  const loaded = new Set(entries);
  // A set that grows while it is walked is walked to its new end.
  for (const name of loaded) for (const next of imports.get(name) ?? []) loaded.add(next);
  return loaded;
}

test('storage of the shim imports storage only', () => {
  const imports = shimImports();
  const storage = [...imports].filter(([name]) => name.startsWith('storage/'));
  assert.ok(storage.length > 5);
  for (const [name, imported] of storage) {
    const others = imported.filter((specifier) => !/^(node:|storage\/)/.test(specifier));
    assert.deepEqual(others, [], name);
  }
});

test('no file of the shim imports itself by way of others', () => {
  const imports = shimImports();
  for (const [name, imported] of imports) assert.ok(!loadedFrom(imports, imported).has(name), name);
});

test('on the threads of Harper the shim needs nothing but Node, a reader of YAML and the globals of Harper', () => {
  const loaded = loadedFrom(shimImports(), ['plugin.js', 'resources.js']);
  assert.ok(loaded.has('storage/write-rows.js'));
  const packages = [...loaded].filter(
    (name) => !name.startsWith('node:') && !existsSync(path.join(REPO_ROOT, SHIM, name)),
  );
  assert.deepEqual(packages, ['yaml']);
  for (const name of ['engine-thread.js', 'engine-imports.js', 'engine-link.js', 'sandbox.js'])
    assert.ok(!loaded.has(name), name);
});

test('on the thread of the engine nothing is loaded that needs Harper', () => {
  const loaded = [...loadedFrom(shimImports(), ['engine-thread.js'])].filter((name) => name.endsWith('.js'));
  assert.deepEqual(loaded.sort(), [
    'allowed-hosts.js',
    'engine-imports.js',
    'engine-link.js',
    'engine-thread.js',
    'sandbox.js',
  ]);
  for (const name of loaded) {
    assert.doesNotMatch(withoutComments(read(`${SHIM}/${name}`)), /\b(tables|databases|server|transaction)[.[(]/, name);
  }
});
