// A key and a certificate of localhost, signed by itself, made by a library that the emulator brings along.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { VENV_BIN } from '../../../scripts/setup/paths.mjs';

const MAKE = `
import datetime, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
now = datetime.datetime.now(datetime.timezone.utc)
certificate = (
    x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    .serial_number(x509.random_serial_number())
    .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    .sign(key, hashes.SHA256())
)
with open(sys.argv[1], "wb") as file:
    file.write(certificate.public_bytes(serialization.Encoding.PEM))
pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
print(key.private_bytes(pem, pkcs8, serialization.NoEncryption()).decode())
`;

/**
 * @param {string} folder
 * @returns {{ key: string, cert: string, file: string }} `file` has the certificate: NODE_EXTRA_CA_CERTS for who is to trust it
 */
export function makeCertificate(folder) {
  const file = path.join(folder, 'certificate.pem');
  const key = execFileSync(path.join(VENV_BIN, 'python'), ['-c', MAKE, file], { encoding: 'utf8' });
  return { key, cert: readFileSync(file, 'utf8'), file };
}
