//! Where `mfaplan login` keeps a sign-in: the operating system's store of credentials, and never a file of ours.

use std::fmt;

use keyring::{Entry, Error};
use secrecy::{ExposeSecret, SecretString};

/// The name under which the store lists what is ours.
const SERVICE: &str = "mfaplan";

/// Why the store did not do it, in a sentence without secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// A store of refresh tokens, each under a name. Every call may wait for the operator to unlock it.
pub trait TokenStore: Send + Sync {
    /// What is kept under this name.
    ///
    /// # Errors
    /// When there is no store, or it does not let anybody in.
    fn get(&self, name: &str) -> Result<Option<SecretString>, StoreError>;

    /// Keeps it under this name, in place of what was there.
    ///
    /// # Errors
    /// As [`TokenStore::get`], and when it is too long for the store.
    fn set(&self, name: &str, token: &SecretString) -> Result<(), StoreError>;

    /// Removes what is kept under this name. False where nothing was.
    ///
    /// # Errors
    /// As [`TokenStore::get`].
    fn remove(&self, name: &str) -> Result<bool, StoreError>;
}

/// Windows Credential Manager, the macOS keychain, or the Secret Service of a Linux desktop (GNOME Keyring, KWallet).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemStore;

impl SystemStore {
    fn entry(name: &str) -> Result<Entry, StoreError> {
        if let Err(error) = Entry::store_status() {
            return Err(StoreError(match error {
                Error::Invalid(..) => "this operating system has none".to_owned(),
                _ => format!("{NONE}{}", cause(error)),
            }));
        }
        Entry::new(SERVICE, name).map_err(|error| StoreError(said(&error)))
    }
}

/// What is missing where there is none.
const NONE: &str = if cfg!(target_os = "linux") {
    "no Secret Service answers here (GNOME Keyring, KWallet)"
} else {
    "the operating system's store does not answer"
};

impl TokenStore for SystemStore {
    fn get(&self, name: &str) -> Result<Option<SecretString>, StoreError> {
        match Self::entry(name)?.get_secret() {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Ok(Some(text.into())),
                Err(_) => Err(StoreError("what is kept there is not a sign-in of this program".to_owned())),
            },
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(StoreError(said(&error))),
        }
    }

    fn set(&self, name: &str, token: &SecretString) -> Result<(), StoreError> {
        // As bytes: Windows has room for 2,560 of them, and would double a text.
        Self::entry(name)?.set_secret(token.expose_secret().as_bytes()).map_err(|error| StoreError(said(&error)))
    }

    fn remove(&self, name: &str) -> Result<bool, StoreError> {
        match Self::entry(name)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(error) => Err(StoreError(said(&error))),
        }
    }
}

/// In words of ours: some errors of the store hold what is kept in it.
fn said(error: &Error) -> String {
    match error {
        Error::NoStorageAccess(_) => format!("the store is locked or refuses{}", cause(error)),
        Error::TooLong(_, limit) => format!("the sign-in is longer than the {limit} bytes that the store takes"),
        Error::PlatformFailure(_) => format!("the store failed{}", cause(error)),
        Error::Ambiguous(_) => "the store has more than one sign-in of this name".to_owned(),
        _ => "the store cannot do it".to_owned(),
    }
}

/// The platform's own words, where there are any. They tell of the store, not of what it keeps.
fn cause(error: &Error) -> impl fmt::Display {
    std::error::Error::source(error)
        .map_or_else(String::new, |source| format!(": {}", source.to_string().escape_debug()))
}
