//! Key files: JSON objects of strings.

use serde_json::{Map, Value};

use crate::endpoint::Endpoint;

/// Google's token endpoint, for key files that name none.
const GOOGLE_TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// A key file that cannot be used. Names the field, never its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the key file's {field} is {problem}")]
pub struct CredentialsError {
    /// The field; `content` for the whole.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl CredentialsError {
    pub(crate) fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, problem: problem.into() }
    }
}

pub(crate) struct KeyFile(Map<String, Value>);

impl KeyFile {
    pub fn parse(text: &str) -> Result<Self, CredentialsError> {
        match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(CredentialsError::new("content", "not a JSON object")),
            Err(error) => {
                let place = format!("not JSON (line {}, column {})", error.line(), error.column());
                Err(CredentialsError::new("content", place))
            }
        }
    }

    /// A field that must be there.
    pub fn text(&self, field: &'static str) -> Result<&str, CredentialsError> {
        match self.0.get(field) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            Some(Value::String(_)) => Err(CredentialsError::new(field, "empty")),
            Some(_) => Err(CredentialsError::new(field, "not a string")),
            None => Err(CredentialsError::new(field, "missing")),
        }
    }

    /// Where tokens are to be had, and its spelling in the file.
    pub fn token_uri(&self) -> Result<(Endpoint, &str), CredentialsError> {
        let text = if self.0.contains_key("token_uri") { self.text("token_uri")? } else { GOOGLE_TOKEN_URI };
        let endpoint = Endpoint::parse(text)
            .map_err(|error| CredentialsError::new("token_uri", format!("no address: {error}")))?;
        if !endpoint.is_private() {
            return Err(CredentialsError::new("token_uri", "not https, which would give the credentials away"));
        }
        Ok((endpoint, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_field_is_said_without_its_content() {
        let key =
            KeyFile::parse(r#"{"client_email":7,"private_key":"","token_uri":"http://secret.example/"}"#).unwrap();
        for (result, expected) in [
            (key.text("client_email").map(drop), "the key file's client_email is not a string"),
            (key.text("private_key").map(drop), "the key file's private_key is empty"),
            (key.text("client_id").map(drop), "the key file's client_id is missing"),
            (key.token_uri().map(drop), "the key file's token_uri is not https, which would give the credentials away"),
        ] {
            assert_eq!(result.unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn text_that_is_no_json_is_located_and_not_quoted() {
        let error = KeyFile::parse("{\n  \"private_key\": secret }").err().unwrap();
        assert_eq!(error.to_string(), "the key file's content is not JSON (line 2, column 18)");
    }

    #[test]
    fn without_a_token_uri_googles_is_meant() {
        assert_eq!(KeyFile::parse("{}").unwrap().token_uri().unwrap().1, GOOGLE_TOKEN_URI);
    }
}
