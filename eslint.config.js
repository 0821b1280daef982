import js from '@eslint/js';
import globals from 'globals';

/** What a Harper thread adds to Node's globals. */
const harper = {
  tables: 'readonly',
  databases: 'readonly',
  server: 'readonly',
  transaction: 'readonly',
  Resource: 'readonly',
};

export default [
  { ignores: ['**/dist/', '**/node_modules/', 'target/', '.venv/', '.demo/'] },
  js.configs.recommended,
  {
    languageOptions: { globals: globals.node },
    rules: {
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
    },
  },
  {
    files: ['host-shim/src/**', 'bench/harper-thread.js', 'tests/soak/loop-delay.js'],
    languageOptions: { globals: harper },
  },
];
