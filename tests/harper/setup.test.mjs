import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { REPO_ROOT } from '../../scripts/setup/paths.mjs';

test('the commands say what is missing on the machine and how to install it', () => {
  const { status, stderr } = spawnSync(process.execPath, [path.join(REPO_ROOT, 'scripts/demo/index.mjs')], {
    env: { PATH: path.join(REPO_ROOT, 'there-is-nothing-here') },
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.match(stderr, /`rustup` is needed .*\n.*https:\/\/rustup\.rs/);
  assert.match(stderr, /`cargo` is needed/);
  assert.match(stderr, /Python >= 3\.11 .*\n.*python3-venv/);
});
