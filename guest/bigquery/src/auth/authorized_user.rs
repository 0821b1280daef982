//! Users who logged in, as `gcloud auth application-default login` leaves them: a refresh token is exchanged for a token.

use std::rc::Rc;

use super::key_file::{CredentialsError, KeyFile};
use super::source::form;
use crate::endpoint::Endpoint;
use crate::exchange::Request;

/// Has no `Debug`: nobody should be able to print it.
pub(crate) struct AuthorizedUser {
    client_id: String,
    client_secret: String,
    refresh_token: String,
    token_server: Rc<Endpoint>,
}

impl AuthorizedUser {
    pub fn from_key_file(key: &KeyFile) -> Result<Self, CredentialsError> {
        Ok(Self {
            client_id: key.text("client_id")?.to_owned(),
            client_secret: key.text("client_secret")?.to_owned(),
            refresh_token: key.text("refresh_token")?.to_owned(),
            token_server: key.token_uri()?.0.into(),
        })
    }

    pub fn authority(&self) -> &str {
        &self.token_server.authority
    }

    /// The request for a token.
    pub fn request(&self) -> Request {
        form(
            &self.token_server,
            &[
                ("grant_type", "refresh_token"),
                ("client_id", &self.client_id),
                ("client_secret", &self.client_secret),
                ("refresh_token", &self.refresh_token),
            ],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refresh_token_is_sent_to_googles_token_endpoint_unless_the_key_names_another() {
        let fields = r#""client_id":"id","client_secret":"a&b","refresh_token":"1//x""#;
        let user = AuthorizedUser::from_key_file(&KeyFile::parse(&format!("{{{fields}}}")).unwrap()).unwrap();
        let request = user.request();
        assert_eq!(user.authority(), "oauth2.googleapis.com");
        assert_eq!(
            String::from_utf8(request.body.to_vec()).unwrap(),
            "grant_type=refresh_token&client_id=id&client_secret=a%26b&refresh_token=1%2F%2Fx"
        );

        let other = format!(r#"{{{fields},"token_uri":"http://127.0.0.1:8080/token"}}"#);
        let user = AuthorizedUser::from_key_file(&KeyFile::parse(&other).unwrap()).unwrap();
        assert_eq!(user.authority(), "127.0.0.1:8080");
    }

    #[test]
    fn a_missing_field_is_named() {
        let key = KeyFile::parse(r#"{"client_id":"id","client_secret":"secret"}"#).unwrap();
        assert_eq!(AuthorizedUser::from_key_file(&key).err().unwrap().field, "refresh_token");
    }
}
