//! The first line proves itself: what it says may be done is what was approved, by whom it says.

use std::collections::HashMap;

use jiff::Timestamp;

use super::v1::{Planned, PlannedUser, Run, Tenant};
use crate::{
    apply::{
        approval::{AllowedSigners, SignatureError, SignatureFile, Signer},
        report::Command,
    },
    plan::{
        Digest,
        digest::{self, ApprovedChange, Conditions, Document},
    },
    tenant::{MfaState, UserId},
};

impl Run {
    /// The digest, recomputed from the document.
    #[must_use]
    pub fn digest_of_document(&self) -> Digest {
        self.approved.digest()
    }

    /// Does everything that a later command acts on agree with the approved document, and that with its digest?
    ///
    /// # Errors
    /// Naming the member that does not.
    pub(super) fn check(&self) -> Result<(), String> {
        let digest = self.digest_of_document().to_string();
        if self.digest != digest.as_str() {
            return Err(format!("`digest` is {}, but `approved` has the digest {digest}", self.digest));
        }
        if self.approval.digest != digest {
            return Err(format!("`approval` is of {}, which is another plan", self.approval.digest.escape_debug()));
        }
        // Destructured without `..`: each member of the document has to be held against the line.
        let Document { assumed: _, changes, cloud, execution, findings: _, refused, tenant, waivers } = &self.approved;
        let Conditions { block_at: _, canary, confirm: _, stop_after_failures } = execution;
        let Tenant { id, name: _, cloud: of_tenant } = &self.tenant;
        let agrees = [
            ("tenant.id", id == tenant),
            ("tenant.cloud", of_tenant == cloud),
            ("canary", self.canary == *canary),
            ("stop_after_failures", self.stop_after_failures == *stop_after_failures),
            ("waivers", digest::waived(&self.waivers) == *waivers),
            ("rolls_back", self.rolls_back.is_some() == (self.command == Command::Rollback)),
            ("changes", refused.is_empty() && self.changes.len() == changes.len()),
        ];
        if let Some((member, _)) = agrees.into_iter().find(|(_, agrees)| !agrees) {
            return Err(format!("`{member}` is not what was approved"));
        }
        let mut planned: Vec<&Planned> = self.changes.iter().collect();
        planned.sort_unstable_by_key(|one| one.user.id);
        for (planned, approved) in planned.into_iter().zip(changes) {
            let Planned { user, before, after, effective } = planned;
            let PlannedUser { id, user_principal_name, display_name: _, kind: _, registered } = user;
            let ApprovedChange {
                after: approved_after,
                before: approved_before,
                effective: approved_effective,
                findings: _,
                user: approved_user,
                user_principal_name: approved_name,
            } = approved;
            let same = (id, user_principal_name, before, after, effective)
                == (approved_user, approved_name, approved_before, approved_after, approved_effective);
            if !same || *effective != after.effective(*registered) {
                let name = user_principal_name.escape_debug();
                return Err(format!("`changes` of {name} is not what was approved"));
            }
        }
        Ok(())
    }

    /// Is this the way back from that run, and nothing else? What a first line says of itself is not enough: of a way back
    /// nothing is withheld for its risks.
    #[must_use]
    pub(crate) fn undoes(&self, run: &Self) -> bool {
        self.rolls_back.as_ref() == Some(&run.run)
            && run.is_undone_by(self.changes.iter().map(|one| (one.user.id, one.after)))
    }

    /// Do these writes lead back to the states from before this run, and nowhere else?
    #[must_use]
    pub(crate) fn is_undone_by(&self, mut writes: impl Iterator<Item = (UserId, MfaState)>) -> bool {
        let before: HashMap<UserId, MfaState> = self.changes.iter().map(|one| (one.user.id, one.before)).collect();
        writes.all(|(user, after)| before.get(&user) == Some(&after))
    }

    /// Verifies again the signatures by which the run was approved, as of this instant.
    ///
    /// # Errors
    /// Whose does not count, and why.
    pub(crate) fn verify_signatures(
        &self,
        allowed: &AllowedSigners,
        max_age_seconds: Option<u64>,
        at: Timestamp,
    ) -> Result<(), (String, SignatureError)> {
        let digest = self.digest_of_document();
        self.approval.signers().iter().try_for_each(|signer| {
            let failed = |why| (signer.principal.clone(), why);
            let found = SignatureFile::parse(&signer.text)
                .and_then(|file| file.verify(&digest, allowed, max_age_seconds, at))
                .map_err(failed)?;
            let Signer { principal, key, signed_at, signature, text: _ } = &found;
            let same = (principal, key, signed_at, signature)
                == (&signer.principal, &signer.key, &signer.signed_at, &signer.signature);
            if same { Ok(()) } else { Err(failed(SignatureError::OtherSigner { found: principal.clone() })) }
        })
    }
}
