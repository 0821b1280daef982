//! Why a command ended before it was through.

/// Why, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    pub message: String,
    pub advice: String,
    /// Whether the same may succeed a little later.
    pub is_passing: bool,
}

impl Stop {
    pub fn new(message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { message: message.into(), advice: advice.into(), is_passing: false }
    }
}
