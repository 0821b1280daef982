import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowedHosts, hostOf } from '../../host-shim/src/allowed-hosts.js';

/**
 * @param {object} bigquery
 * @param {Partial<import('../../host-shim/src/settings.js').EngineSetup>} [rest]
 */
const allowed = (bigquery, rest) =>
  allowedHosts({
    config: JSON.stringify({ bigquery }),
    credentials: undefined,
    emulatorHost: undefined,
    metadataHost: undefined,
    nodeId: 'n-0',
    ...rest,
  });

test('with a key file the engine may reach BigQuery, Google and the token server that the key names', () => {
  const credentials = JSON.stringify({ type: 'service_account', token_uri: 'http://127.0.0.1:8123/token' });

  assert.deepEqual(allowed({}, { credentials }), [
    'bigquery.googleapis.com:443',
    'oauth2.googleapis.com:443',
    '127.0.0.1:8123',
  ]);
});

test('without a key the metadata server gives the tokens, the one of the environment if it names one', () => {
  assert.deepEqual(allowed({}), ['bigquery.googleapis.com:443', 'metadata.google.internal:80', '169.254.169.254:80']);
  assert.deepEqual(allowed({}, { metadataHost: '127.0.0.1:9000' }), ['bigquery.googleapis.com:443', '127.0.0.1:9000']);
});

test('with an emulator the engine may reach nothing else', () => {
  assert.deepEqual(allowed({}, { emulatorHost: 'localhost:9050' }), ['localhost:9050']);
  assert.deepEqual(allowed({}, { emulatorHost: 'http://127.0.0.1:9050' }), ['127.0.0.1:9050']);
});

test('an API endpoint takes the place of BigQuery', () => {
  const credentials = 'no JSON';
  assert.deepEqual(allowed({ apiEndpoint: 'https://bigquery.example:8443' }, { credentials }), [
    'bigquery.example:8443',
    'oauth2.googleapis.com:443',
  ]);
});

test('a request is known by host and port, the port of its scheme where it has none', () => {
  assert.equal(hostOf('HTTPS', 'bigquery.googleapis.com'), 'bigquery.googleapis.com:443');
  assert.equal(hostOf('HTTP', 'bigquery.googleapis.com'), 'bigquery.googleapis.com:80');
  assert.equal(hostOf(undefined, 'BigQuery.GoogleApis.com:443'), 'bigquery.googleapis.com:443');
  assert.equal(hostOf('HTTPS', 'bigquery.googleapis.com@evil.example'), 'evil.example:443');
});
