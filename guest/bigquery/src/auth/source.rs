//! Where tokens come from.

use std::rc::Rc;

use ingestor_core::failure::Failure;
use ingestor_core::time::Micros;
use percent_encoding::utf8_percent_encode;

use super::authorized_user::AuthorizedUser;
use super::key_file::{CredentialsError, KeyFile};
use super::metadata::MetadataServer;
use super::service_account::ServiceAccount;
use crate::client::ENCODED;
use crate::endpoint::{Endpoint, EndpointError};
use crate::exchange::{Request, Verb};
use crate::host;

/// Where tokens come from. Has no `Debug`: nobody should be able to print it.
pub(crate) enum Source {
    /// Emulators want none.
    None,
    ServiceAccount(Box<ServiceAccount>),
    AuthorizedUser(AuthorizedUser),
    MetadataServer(MetadataServer),
}

impl Source {
    /// From the text of a key file.
    pub fn from_key_file(text: &str) -> Result<Self, CredentialsError> {
        let key = KeyFile::parse(text)?;
        match key.text("type")? {
            "service_account" => Ok(Self::ServiceAccount(Box::new(ServiceAccount::from_key_file(&key)?))),
            "authorized_user" => Ok(Self::AuthorizedUser(AuthorizedUser::from_key_file(&key)?)),
            _ => Err(CredentialsError::new("type", "neither \"service_account\" nor \"authorized_user\"")),
        }
    }

    /// From the machine that the host runs on, if it is one of Google's.
    pub fn from_metadata_server(address: Option<&str>) -> Result<Self, EndpointError> {
        MetadataServer::new(address).map(Self::MetadataServer)
    }

    /// The server that is asked.
    pub fn authority(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::ServiceAccount(account) => Some(account.authority()),
            Self::AuthorizedUser(user) => Some(user.authority()),
            Self::MetadataServer(server) => Some(server.authority()),
        }
    }

    /// The request for a token; `now` by Google's clock.
    pub fn request(&self, now: Micros) -> Result<Option<Request>, Failure> {
        Ok(match self {
            Self::None => None,
            Self::ServiceAccount(account) => Some(account.request(now, &mut host::HostRandom)?),
            Self::AuthorizedUser(user) => Some(user.request()),
            Self::MetadataServer(server) => Some(server.request()),
        })
    }

    /// Says what a failure to get a token means here.
    pub fn explained(&self, failure: Failure) -> Failure {
        match self {
            Self::MetadataServer(_) if failure.status.is_none() => Failure {
                message: format!(
                    "bigquery.credentials names no key file, and no metadata server of Google answers ({})",
                    failure.message
                ),
                ..failure
            },
            _ => failure,
        }
    }
}

/// A POST of form fields, as OAuth wants it.
pub(super) fn form(server: &Rc<Endpoint>, fields: &[(&str, &str)]) -> Request {
    let encoded = |text| utf8_percent_encode(text, ENCODED);
    let body = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
    Request {
        method: Verb::Post,
        server: server.clone(),
        path_and_query: if server.path.is_empty() { "/".into() } else { server.path.clone() },
        headers: vec![("content-type", "application/x-www-form-urlencoded".into())],
        body: body.into_bytes().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingestor_core::failure::FailureKind;

    #[test]
    fn a_key_of_another_kind_is_refused_by_name_of_the_field() {
        let error = Source::from_key_file(r#"{"type":"external_account"}"#).err().unwrap();
        assert_eq!(error.field, "type");
    }

    #[test]
    fn a_silent_metadata_server_means_that_a_key_file_is_missing() {
        let source = Source::from_metadata_server(None).unwrap();
        let failure = Failure::new(FailureKind::Transient, "hostNotFound", "no such host");
        let explained = source.explained(failure);
        assert!(explained.message.contains("bigquery.credentials"), "{explained}");
        assert_eq!((explained.kind, explained.reason.as_str()), (FailureKind::Transient, "hostNotFound"));
    }
}
