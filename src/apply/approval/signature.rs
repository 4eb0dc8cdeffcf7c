//! Approval by SSH signature (SSHSIG, OpenSSH's PROTOCOL.sshsig), namespace `mfaplan`.
//!
//! What is signed is a statement of three lines. A signature has no time of its own, so the statement carries it, and
//! being signed, it cannot be changed afterwards:
//!
//! ```text
//! mfaplan approval v1
//! digest: sha256:<64 hex digits>
//! signed_at: 2026-11-24T21:30:00Z
//! ```
//!
//! The file written by `approve` holds the armored signature and behind it the statement (ssh-keygen ignores what
//! follows the armor). `ssh-keygen -Y sign -n mfaplan` over a file holding only `sha256:<64 hex digits>` is taken too,
//! unless `max_age` is set: there is no telling how old such a signature is. See `docs/approvals.md`.

use aws_lc_rs::digest::{SHA256, digest as sha};
use jiff::{SignedDuration, Timestamp};
use ssh_key::{HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};

use super::{AllowedSigners, Approval, ApprovalError, How, Signer, Spent, rsa};
use crate::{apply::journal::RunId, plan::Digest};

/// The namespace of signatures: one made for another purpose never counts.
pub(crate) const NAMESPACE: &str = "mfaplan";

const TITLE: &str = "mfaplan approval v1";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
/// Clocks of two machines differ; more than this is no mistake of clocks.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The text that is signed.
#[must_use]
pub(crate) fn statement(digest: &Digest, at: Timestamp) -> String {
    format!("{TITLE}\ndigest: {digest}\nsigned_at: {}\n", at.strftime("%Y-%m-%dT%H:%M:%SZ"))
}

/// Why signing did not work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignError {
    /// Not a private key in OpenSSH's format.
    #[error("not a private key in OpenSSH format: {reason}")]
    NotAKey {
        /// What the parser said.
        reason: String,
    },
    /// Protected by a passphrase.
    #[error("the key is protected by a passphrase")]
    Encrypted,
    /// A kind of key that cannot sign here.
    #[error("keys of type {algorithm} cannot sign here: {reason}")]
    Unsupported {
        /// The type.
        algorithm: String,
        /// What the library said.
        reason: String,
    },
}

impl SignError {
    /// What to do about it: let ssh-keygen (and with it the agent, or a security key) make the same signature.
    #[must_use]
    pub(crate) fn hints(&self, digest: &Digest, at: Timestamp) -> Vec<String> {
        let text = statement(digest, at).trim_end().replace('\n', "\\n");
        vec![format!(
            "let ssh-keygen sign, which asks for the passphrase or the agent: printf '{text}\\n' > approval && ssh-keygen \
             -Y sign -n {NAMESPACE} -f KEY approval && cat approval >> approval.sig"
        )]
    }
}

/// Signs a plan's digest with a private key in OpenSSH format; the text of the signature file.
///
/// # Errors
/// When the key cannot be read, has a passphrase, or is of a kind that cannot sign here.
pub(crate) fn sign(key: &str, digest: &Digest, at: Timestamp) -> Result<String, SignError> {
    let key = PrivateKey::from_openssh(key).map_err(|error| SignError::NotAKey { reason: error.to_string() })?;
    if key.is_encrypted() {
        return Err(SignError::Encrypted);
    }
    let statement = statement(digest, at);
    let unsupported = |error: ssh_key::Error| SignError::Unsupported {
        algorithm: key.algorithm().to_string(),
        reason: error.to_string(),
    };
    // SHA-512 is what ssh-keygen uses.
    let signature = match key.key_data().rsa() {
        Some(key) => rsa::sign(key, NAMESPACE, statement.as_bytes()),
        None => key.sign(NAMESPACE, HashAlg::Sha512, statement.as_bytes()),
    };
    let signature = signature.map_err(unsupported)?;
    let armored = signature.to_pem(LineEnding::LF).map_err(unsupported)?;
    Ok(format!("{}\n\n{statement}", armored.trim_end()))
}

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not a signature file.
    #[error("not an SSH signature: {0}")]
    Malformed(String),
    /// Made for something else.
    #[error("signed in namespace `{}`, not `mfaplan`", .0.escape_debug())]
    Namespace(String),
    /// The statement is of another plan.
    #[error("signs {0}, which is another plan")]
    OtherDigest(String),
    /// The signature does not fit what it claims to sign.
    #[error("the signature does not verify: it was made over another text, or was altered")]
    Invalid,
    /// The key may not.
    #[error("{0}")]
    NotAllowed(String),
    /// Too old.
    #[error("signed at {signed_at}, which is more than the `max_age` of {max_age_seconds} s ago")]
    Expired {
        /// When.
        signed_at: Timestamp,
        /// The bound.
        max_age_seconds: u64,
    },
    /// From the future.
    #[error("signed at {signed_at}, which is in the future")]
    Future {
        /// When.
        signed_at: Timestamp,
    },
    /// Somebody else signed than is said.
    #[error("was made by {}", .found.escape_debug())]
    OtherSigner {
        /// Who did.
        found: String,
    },
    /// Over the bare digest, where an age is asked for.
    #[error(
        "signs the bare digest, without a time, so its age cannot be checked against `max_age`: use `mfaplan approve`"
    )]
    NoTime,
}

/// A signature file taken apart.
#[derive(Clone, Debug)]
pub(crate) struct SignatureFile {
    text: String,
    signature: SshSig,
    statement: Option<Statement>,
}

#[derive(Clone, Debug)]
struct Statement {
    text: String,
    digest: String,
    signed_at: Timestamp,
}

impl SignatureFile {
    /// Reads the text of a signature file. The statement may stand behind the armor or in front of it.
    ///
    /// # Errors
    /// When there is no armored signature, or a statement that is not of the form above.
    pub(crate) fn parse(text: &str) -> Result<Self, SignatureError> {
        let malformed = |reason: &str| SignatureError::Malformed(reason.to_owned());
        // Git and mail programs turn line ends around; neither armor nor statement has any but LF.
        let text = text.replace("\r\n", "\n");
        let begin = text.find(BEGIN).ok_or_else(|| malformed("there is no `BEGIN SSH SIGNATURE` line"))?;
        let length = text[begin..].find(END).ok_or_else(|| malformed("there is no `END SSH SIGNATURE` line"))?;
        let end = begin + length + END.len();
        let armored = format!("{}\n", &text[begin..end]);
        let signature = SshSig::from_pem(&armored).map_err(|error| malformed(&error.to_string()))?;
        if text[end..].contains(BEGIN) {
            return Err(malformed("there is more than one signature in the file"));
        }
        let around = [text[..begin].trim(), text[end..].trim()];
        let statement = match around.iter().find(|part| part.starts_with(TITLE)) {
            Some(part) => Some(Statement::parse(part).ok_or_else(|| malformed("the statement is not whole"))?),
            None => None,
        };
        Ok(Self { signature, statement, text })
    }

    /// Checks signature, signer and age.
    ///
    /// # Errors
    /// Each reason for which it does not count.
    pub(crate) fn verify(
        &self,
        digest: &Digest,
        allowed: &AllowedSigners,
        max_age_seconds: Option<u64>,
        now: Timestamp,
    ) -> Result<Signer, SignatureError> {
        if self.signature.namespace() != NAMESPACE {
            return Err(SignatureError::Namespace(self.signature.namespace().to_owned()));
        }
        let key = PublicKey::from(self.signature.public_key().clone());
        let verifies = |text: &str| match key.key_data().rsa() {
            Some(key) => rsa::verifies(key, NAMESPACE, text.as_bytes(), &self.signature),
            None => key.verify(NAMESPACE, text.as_bytes(), &self.signature).is_ok(),
        };
        let (text, signed_at) = match &self.statement {
            Some(statement) => {
                if statement.digest != digest.to_string() {
                    return Err(SignatureError::OtherDigest(statement.digest.clone()));
                }
                if !verifies(&statement.text) {
                    return Err(SignatureError::Invalid);
                }
                (statement.text.clone(), Some(statement.signed_at))
            }
            None => {
                let bare = [format!("{digest}\n"), digest.to_string()];
                let text = bare.into_iter().find(|text| verifies(text)).ok_or(SignatureError::Invalid)?;
                // With or without the line break it says the same, so it is spent by the same run.
                (text.trim_end().to_owned(), None)
            }
        };
        // The key must have been allowed when it signed and must still be.
        let instants = [now, signed_at.unwrap_or(now)];
        let entry = allowed.find(self.signature.public_key(), &instants).map_err(SignatureError::NotAllowed)?;
        check_age(signed_at, max_age_seconds, now)?;
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let spent = sha(&SHA256, format!("{fingerprint}\n{text}").as_bytes());
        Ok(Signer {
            principal: entry.principals.join(","),
            key: fingerprint,
            signed_at,
            signature: spent.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(),
            text: self.text.clone(),
        })
    }
}

fn check_age(signed_at: Option<Timestamp>, max_age_seconds: Option<u64>, now: Timestamp) -> Result<(), SignatureError> {
    if let Some(signed_at) = signed_at.filter(|at| at.duration_since(now) > SKEW) {
        return Err(SignatureError::Future { signed_at });
    }
    let Some(max_age_seconds) = max_age_seconds else { return Ok(()) };
    let Some(signed_at) = signed_at else { return Err(SignatureError::NoTime) };
    let age = now.duration_since(signed_at).as_secs();
    if u64::try_from(age).is_ok_and(|age| age > max_age_seconds) {
        return Err(SignatureError::Expired { signed_at, max_age_seconds });
    }
    Ok(())
}

impl Statement {
    /// Exactly the three lines, so that nothing can be signed that reads otherwise to a person.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        (lines.next()? == TITLE).then_some(())?;
        let digest = lines.next()?.strip_prefix("digest: ")?.to_owned();
        let signed_at = lines.next()?.strip_prefix("signed_at: ")?.parse().ok()?;
        lines.next().is_none().then_some(Self { text: format!("{text}\n"), digest, signed_at })
    }
}

/// The approval that these signature files (name and text) amount to.
///
/// `required` is how many different signers are needed; `resuming` names the run that is gone on with: its own
/// signatures are not spent for it.
///
/// # Errors
/// When any of the files does not count, when a signer (a name or a key) comes twice, when one was used by another
/// run, or when there are too few.
#[expect(
    clippy::too_many_arguments,
    reason = "each is one condition on a signature, and all come from different places"
)]
pub(crate) fn by_signatures<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a str)>,
    digest: &Digest,
    allowed: &AllowedSigners,
    required: u32,
    max_age_seconds: Option<u64>,
    spent: &Spent,
    resuming: Option<&RunId>,
    now: Timestamp,
) -> Result<Approval, ApprovalError> {
    let mut signers: Vec<Signer> = Vec::new();
    for (file, text) in files {
        let file = file.to_owned();
        let signer = SignatureFile::parse(text)
            .and_then(|signature| signature.verify(digest, allowed, max_age_seconds, now))
            .map_err(|reason| ApprovalError::Signature { file: file.clone(), reason })?;
        if let Some(run) = spent.0.get(&signer.signature).filter(|run| Some(*run) != resuming) {
            return Err(ApprovalError::SignatureSpent { file, principal: signer.principal, run: run.clone() });
        }
        if signers.iter().any(|other| other.is_same_person(&signer)) {
            return Err(ApprovalError::SignedTwice { file, principal: signer.principal, required });
        }
        signers.push(signer);
    }
    if signers.is_empty() || signers.len() < required as usize {
        return Err(ApprovalError::TooFewSignatures { required: required.max(1), given: signers.len() });
    }
    Ok(Approval { how: How::Signatures { signers }, digest: digest.to_string(), at: now })
}

impl Signer {
    /// One key under two names and one name with two keys are one person.
    pub(super) fn is_same_person(&self, other: &Self) -> bool {
        let shares_name = || {
            let mut names = self.principal.split(',');
            names.any(|name| other.principal.split(',').any(|one| one.eq_ignore_ascii_case(name)))
        };
        self.key == other.key || shares_name()
    }
}
