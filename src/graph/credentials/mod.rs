//! Signing in: which method the environment asks for, and the tokens it gives.
//!
//! Credentials come from the environment only, never from files of the configuration. Secrets and tokens live in
//! [`secrecy`] types: they cannot be printed, and no error repeats what a service was sent.

mod acquire;
mod assertion;
mod choose;
mod error;
mod known;
mod program;
mod source;

pub(crate) use choose::DEVICE_CODE_CLIENT;
pub use choose::{Credential, Identity, ManagedIdentity, Method, VARIABLES};
pub use error::AuthError;
pub(crate) use known::{Known, Said};
pub use program::SearchPath;
pub use source::{Claims, DevicePrompt, Prompt};
pub(crate) use source::{Token, TokenSource};
