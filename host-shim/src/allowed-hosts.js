/** Where BigQuery, Google's tokens and the metadata server are unless the configuration or a key file says otherwise. */
const BIGQUERY = 'https://bigquery.googleapis.com';
const GOOGLE_TOKENS = 'https://oauth2.googleapis.com';
const METADATA_SERVERS = ['http://metadata.google.internal', 'http://169.254.169.254'];

/**
 * The servers that a component may talk to, worked out from what the operator configured, never from what the component
 * says.
 *
 * @param {Omit<import('./settings.js').EngineSetup, 'nodeId'>} setup
 * @returns {string[]} each as `host:port`
 */
export function allowedHosts({ config, credentials, emulatorHost, metadataHost }) {
  const { apiEndpoint } = JSON.parse(config).bigquery ?? {};
  const endpoints = apiEndpoint ? [withScheme(String(apiEndpoint), 'https')] : [];
  if (emulatorHost) return hostsOf([...endpoints, withScheme(emulatorHost)]);
  if (!apiEndpoint) endpoints.push(BIGQUERY);
  if (credentials) endpoints.push(GOOGLE_TOKENS, tokenUri(credentials));
  else if (metadataHost) endpoints.push(withScheme(metadataHost));
  else endpoints.push(...METADATA_SERVERS);
  return hostsOf(endpoints);
}

/**
 * The server of a request, for comparison with the allowed ones.
 *
 * @param {string | undefined} scheme `HTTP` or `HTTPS`, as wasi:http has them
 * @param {string | undefined} authority
 * @returns {string | undefined} `host:port`
 */
export function hostOf(scheme, authority) {
  return hostsOf([`${(scheme ?? 'HTTPS').toLowerCase()}://${authority}`])[0];
}

/** @param {string[]} urls */
function hostsOf(urls) {
  return urls
    .filter((url) => URL.canParse(url))
    .map((text) => {
      const { protocol, hostname, port } = new URL(text);
      return `${hostname}:${port || (protocol === 'http:' ? 80 : 443)}`;
    });
}

/** @param {string} host @param {string} scheme */
function withScheme(host, scheme = 'http') {
  return host.includes('://') ? host : `${scheme}://${host}`;
}

/** @param {string} credentials text of a key file; what is wrong with it the engine reports */
function tokenUri(credentials) {
  try {
    return String(JSON.parse(credentials).token_uri);
  } catch {
    return '';
  }
}
