//! Service accounts: a signed assertion is exchanged for a token.
//! <https://developers.google.com/identity/protocols/oauth2/service-account#httprest>

use std::rc::Rc;

use base64ct::{Base64UrlUnpadded, Encoding};
use ingestor_core::failure::{Failure, FailureKind};
use ingestor_core::time::{Micros, SECOND};
use rsa::RsaPrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::rand_core::CryptoRngCore;
use rsa::sha2::Sha256;
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use serde_json::{Value, json};

use super::key_file::{CredentialsError, KeyFile};
use super::source::form;
use crate::endpoint::Endpoint;
use crate::exchange::Request;

/// What the tokens are for.
const SCOPE: &str = "https://www.googleapis.com/auth/bigquery";
/// The longest that Google allows an assertion to be good for.
const ASSERTION_LIFE_SECONDS: i64 = 3_600;

/// Has no `Debug`: nobody should be able to print it.
pub(crate) struct ServiceAccount {
    email: String,
    key_id: Option<String>,
    signing_key: SigningKey<Sha256>,
    token_server: Rc<Endpoint>,
    /// The spelling of the key file, which the issuer compares.
    audience: String,
}

impl ServiceAccount {
    pub fn from_key_file(key: &KeyFile) -> Result<Self, CredentialsError> {
        let pem = key.text("private_key")?;
        // Errors of the parsers are not passed on: they are about the content.
        let private_key = RsaPrivateKey::from_pkcs8_pem(pem)
            .or_else(|_| RsaPrivateKey::from_pkcs1_pem(pem))
            .map_err(|_| CredentialsError::new("private_key", "not an RSA key in PEM form"))?;
        let (token_server, audience) = key.token_uri()?;
        Ok(Self {
            email: key.text("client_email")?.to_owned(),
            key_id: key.text("private_key_id").ok().map(str::to_owned),
            signing_key: SigningKey::new(private_key),
            token_server: token_server.into(),
            audience: audience.to_owned(),
        })
    }

    pub fn authority(&self) -> &str {
        &self.token_server.authority
    }

    /// The request for a token. `now` is best taken from Google's clock: assertions of the future are refused.
    pub fn request(&self, now: Micros, random: &mut impl CryptoRngCore) -> Result<Request, Failure> {
        let assertion = self.assertion(now, random)?;
        Ok(form(
            &self.token_server,
            &[("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &assertion)],
        ))
    }

    /// A JSON web token (RFC 7519), signed with RS256.
    fn assertion(&self, now: Micros, random: &mut impl CryptoRngCore) -> Result<String, Failure> {
        let issued_at = now.div_euclid(SECOND);
        let mut header = json!({ "alg": "RS256", "typ": "JWT" });
        if let Some(key_id) = &self.key_id {
            header["kid"] = key_id.as_str().into();
        }
        let claims = json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": self.audience,
            "iat": issued_at,
            "exp": issued_at + ASSERTION_LIFE_SECONDS,
        });
        let part = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&header), part(&claims));
        // The randomness blinds the computation, so that its duration says nothing about the key.
        let signature = self.signing_key.try_sign_with_rng(random, signed.as_bytes()).map_err(|_| {
            Failure::new(FailureKind::Unauthorized, "signingFailed", "the private_key of the key file cannot sign")
        })?;
        Ok(format!("{signed}.{}", Base64UrlUnpadded::encode_string(&signature.to_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsa::pkcs1::EncodeRsaPrivateKey;
    use rsa::pkcs1v15::{Signature, VerifyingKey};
    use rsa::pkcs8::{EncodePrivateKey, LineEnding};
    use rsa::rand_core::{CryptoRng, Error, RngCore};
    use rsa::signature::Verifier;

    /// SplitMix64: the same numbers at every run.
    struct TestRandom(u64);

    impl CryptoRng for TestRandom {}

    impl RngCore for TestRandom {
        fn next_u32(&mut self) -> u32 {
            self.next_u64() as u32
        }
        fn next_u64(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        }
        fn fill_bytes(&mut self, bytes: &mut [u8]) {
            bytes.fill_with(|| self.next_u64() as u8);
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
            self.fill_bytes(bytes);
            Ok(())
        }
    }

    fn private_key() -> RsaPrivateKey {
        RsaPrivateKey::new(&mut TestRandom(1), 512).unwrap()
    }

    fn account(pem: &str) -> Result<ServiceAccount, CredentialsError> {
        let key = json!({
            "type": "service_account",
            "client_email": "sync@p.iam.gserviceaccount.com",
            "private_key_id": "k1",
            "private_key": pem,
            "token_uri": "https://oauth2.googleapis.com/token",
        });
        ServiceAccount::from_key_file(&KeyFile::parse(&key.to_string()).unwrap())
    }

    fn json_of(part: &str) -> Value {
        serde_json::from_slice(&Base64UrlUnpadded::decode_vec(part).unwrap()).unwrap()
    }

    #[test]
    fn the_assertion_is_signed_and_says_who_asks_for_what_and_until_when() {
        let key = private_key();
        let account = account(&key.to_pkcs8_pem(LineEnding::LF).unwrap()).unwrap();
        let assertion = account.assertion(1_764_590_400_999_999, &mut TestRandom(2)).unwrap();

        let (signed, signature) = assertion.rsplit_once('.').unwrap();
        let signature = Base64UrlUnpadded::decode_vec(signature).unwrap();
        VerifyingKey::<Sha256>::new(key.to_public_key())
            .verify(signed.as_bytes(), &Signature::try_from(signature.as_slice()).unwrap())
            .unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        assert_eq!(json_of(header), json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" }));
        assert_eq!(
            json_of(claims),
            json!({
                "iss": "sync@p.iam.gserviceaccount.com",
                "scope": "https://www.googleapis.com/auth/bigquery",
                "aud": "https://oauth2.googleapis.com/token",
                "iat": 1_764_590_400,
                "exp": 1_764_594_000,
            })
        );
    }

    #[test]
    fn the_token_is_asked_for_by_form_at_the_keys_own_token_uri() {
        let account = account(&private_key().to_pkcs8_pem(LineEnding::LF).unwrap()).unwrap();
        let request = account.request(0, &mut TestRandom(2)).unwrap();
        assert_eq!((account.authority(), request.path_and_query.as_str()), ("oauth2.googleapis.com", "/token"));
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        assert!(
            body.starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="),
            "{body}"
        );
    }

    #[test]
    fn keys_in_the_older_pem_form_work_as_well() {
        assert!(account(&private_key().to_pkcs1_pem(LineEnding::LF).unwrap()).is_ok());
    }

    #[test]
    fn a_broken_private_key_is_named_and_not_shown() {
        let error = account("-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n").err().unwrap();
        assert_eq!(error.to_string(), "the key file's private_key is not an RSA key in PEM form");
    }
}
