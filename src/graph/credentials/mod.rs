//! Signing in: which method the environment asks for, and the tokens it gives.
//!
//! Credentials come from the environment and, for an operator, from the operating system's store of credentials; never
//! from files of the configuration. Secrets and tokens live in
//! [`secrecy`] types: they cannot be printed, and no error repeats what a service was sent.

mod acquire;
mod assertion;
mod choose;
mod error;
mod known;
mod program;
mod source;
mod store;

pub use choose::{Credential, Method, VARIABLES};
pub(crate) use choose::{Identity, ManagedIdentity, operator_client};
pub(crate) use error::AuthError;
pub(crate) use known::{Known, Said};
pub(crate) use program::SearchPath;
pub use source::Keeping;
pub use source::Prompt;
pub(crate) use source::{Claims, DevicePrompt, entry};
pub(crate) use source::{Token, TokenSource};
pub(crate) use store::SystemStore;
pub use store::{StoreError, TokenStore};
