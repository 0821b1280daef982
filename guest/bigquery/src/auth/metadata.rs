//! The metadata server of Google's machines, which hands out tokens of the machine's own service account.
//! <https://cloud.google.com/compute/docs/access/authenticate-workloads#applications>

use std::rc::Rc;

use crate::endpoint::{Endpoint, EndpointError};
use crate::exchange::{Request, Verb};

const HOST: &str = "metadata.google.internal";
const PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/token";

pub(crate) struct MetadataServer {
    server: Rc<Endpoint>,
}

impl MetadataServer {
    /// `address` as in `GCE_METADATA_HOST`: `host` or `host:port`.
    pub fn new(address: Option<&str>) -> Result<Self, EndpointError> {
        Ok(Self { server: Endpoint::parse(address.unwrap_or(HOST))?.into() })
    }

    pub fn authority(&self) -> &str {
        &self.server.authority
    }

    /// The request for a token.
    pub fn request(&self) -> Request {
        Request {
            method: Verb::Get,
            server: self.server.clone(),
            path_and_query: format!("{}{PATH}", self.server.path),
            headers: vec![("metadata-flavor", "Google".into())],
            body: Rc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Scheme;

    #[test]
    fn the_token_of_the_default_account_is_asked_for_without_encryption() {
        for (address, authority) in [(None, HOST), (Some("127.0.0.1:8099"), "127.0.0.1:8099")] {
            let request = MetadataServer::new(address).unwrap().request();
            assert_eq!((request.server.scheme, request.server.authority.as_str()), (Scheme::Http, authority));
            assert_eq!(request.path_and_query, PATH);
            assert_eq!(request.headers, [("metadata-flavor", "Google".to_owned())]);
        }
    }
}
