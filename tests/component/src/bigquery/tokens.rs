//! Who the simulated BigQuery lets in: tokens, and the server that gives them out.

use crate::http::{Request, Response};
use base64ct::{Base64UrlUnpadded, Encoding};
use rsa::RsaPublicKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::sha2::Sha256;
use rsa::signature::Verifier;
use serde_json::{Value as Json, json};

/// Tokens given out and accepted. Everybody is let in until there is an account.
#[derive(Default)]
pub struct Tokens {
    /// The key of the one account that there is.
    pub public_key: Option<RsaPublicKey>,
    /// Tokens given out so far.
    pub given: u32,
    /// What the account's last assertion claimed.
    pub claims: Json,
    /// The one token that is accepted.
    valid: Option<String>,
}

impl Tokens {
    /// Makes the token that was given out last unacceptable.
    pub fn expire(&mut self) {
        self.valid = None;
    }

    /// Whether a request may pass.
    pub(super) fn accepts(&self, request: &Request) -> bool {
        let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        self.public_key.is_none() || (token.is_some() && token == self.valid.as_deref())
    }

    /// Answers `/token`, as RFC 7523 says: a token for an assertion that the account has signed.
    pub(super) fn answer(&mut self, request: &Request) -> Response {
        let form: Vec<(String, String)> = form_urlencoded::parse(&request.body).into_owned().collect();
        let value = |name| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        let claims = self.public_key.clone().and_then(|key| signed_claims(key, value("assertion")));
        match claims {
            Some(claims) if value("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
                self.claims = claims
            }
            _ => {
                let refusal = json!({ "error": "invalid_grant", "error_description": "Invalid JWT Signature." });
                return Response::json(400, &refusal);
            }
        }
        self.given += 1;
        let token = format!("token-{}", self.given);
        self.valid = Some(token.clone());
        Response::json(200, &json!({ "access_token": token, "expires_in": 3600, "token_type": "Bearer" }))
    }
}

fn signed_claims(key: RsaPublicKey, assertion: &str) -> Option<Json> {
    let (signed, signature) = assertion.rsplit_once('.')?;
    let signature = Base64UrlUnpadded::decode_vec(signature).ok()?;
    let signature = Signature::try_from(signature.as_slice()).ok()?;
    VerifyingKey::<Sha256>::new(key).verify(signed.as_bytes(), &signature).ok()?;
    let claims = Base64UrlUnpadded::decode_vec(signed.split_once('.')?.1).ok()?;
    serde_json::from_slice(&claims).ok()
}
