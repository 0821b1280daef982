// Temporary apps that use the plugin from this repository.
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { REPO_ROOT } from '../../../scripts/setup/paths.mjs';

export const PLUGIN = '@harperdb/bigquery-ingestor';

/**
 * @typedef {object} App
 * @property {string} folder
 * @property {(section: object, root?: object) => void} writeConfig as at creation
 * @property {() => void} remove
 */

/**
 * @param {object} options
 * @param {object} options.section the plugin's section of config.yaml: `{bigquery: {...}, sync: {...}}`
 * @param {object} [options.root] more keys at the root of config.yaml
 * @param {string} [options.schema] schema.graphql, for tables that the app declares
 * @param {Record<string, string>} [options.files] more files: name and text
 * @param {boolean} [options.link] whether to make the plugin available by a link in node_modules
 * @returns {App}
 */
export function createApp({ section, root, schema, files = {}, link = true }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'harper-app-'));
  /** @type {App['writeConfig']} */
  const writeConfig = (section, root) => {
    const config = {
      rest: true,
      ...(schema === undefined ? {} : { graphqlSchema: { files: '*.graphql' } }),
      ...root,
      [PLUGIN]: { package: PLUGIN, ...section },
    };
    // In one move: Harper looks at the file as soon as it changes, and must not find half of it. JSON is YAML.
    writeFileSync(path.join(folder, 'config.yaml.new'), JSON.stringify(config, null, 2));
    renameSync(path.join(folder, 'config.yaml.new'), path.join(folder, 'config.yaml'));
  };
  writeConfig(section, root);
  writeFileSync(path.join(folder, 'package.json'), '{"name": "app-of-a-test", "private": true}');
  if (schema !== undefined) writeFileSync(path.join(folder, 'schema.graphql'), schema);
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  if (link) {
    const scope = path.join(folder, 'node_modules', path.dirname(PLUGIN));
    mkdirSync(scope, { recursive: true });
    symlinkSync(path.join(REPO_ROOT, 'host-shim'), path.join(folder, 'node_modules', PLUGIN), 'dir');
  }
  return { folder, writeConfig, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
