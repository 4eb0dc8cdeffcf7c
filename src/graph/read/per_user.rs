//! Facts that take one request a user: asked only where the sign-in may, 20 in a batch.

use tokio::sync::mpsc;

use super::{
    Plan,
    reports::{Registration, Row},
};
use crate::{
    graph::{
        batch::{self, Item, MAX_ITEMS},
        client::{Failure, Refusal},
        credentials::Said,
        requests::{self, RequestSpec},
        wire::{MethodWire, Page, PurposeWire},
    },
    tenant::{MailboxPurpose, Text, User},
};

/// One request a user is too much to find out that none may be sent: the token is asked first.
async fn permitted(plan: &Plan<'_>, spec: &RequestSpec, any_of: &[&str]) -> Result<(), Failure> {
    let token = plan.client.tokens.get().await.map_err(Failure::Auth)?;
    if !token.claims().lacks(any_of) {
        return Ok(());
    }
    let code = plan.client.tokens.known().said("not asked: the token lacks it");
    let refusal = Refusal { status: 403, code, message: Said::default(), request_id: None };
    debug_assert!(spec.batched);
    Err(Failure::Refused(refusal))
}

/// Bad ends of single users. One is only that user's; when nobody's answer can be had, the reason is the tenant's (a
/// permission, a service that is down), and asking everybody would only take long to say so.
#[derive(Default)]
pub(super) struct Bad {
    any_good: bool,
    first: Option<Failure>,
    count: usize,
}

impl Bad {
    pub(super) fn answered(&mut self) {
        self.any_good = true;
    }

    pub(super) fn one(&mut self, failure: Failure) -> Result<(), Failure> {
        self.count += 1;
        self.first.get_or_insert(failure);
        if self.any_good || self.count < MAX_ITEMS { Ok(()) } else { self.end() }
    }

    /// An error where nobody was answered and it is the identity that is refused, however few were asked about.
    pub(super) fn denied(&mut self) -> Result<(), Failure> {
        match self.first.take() {
            Some(Failure::Refused(refusal)) if !self.any_good && matches!(refusal.status, 401 | 403) => {
                Err(Failure::Refused(refusal))
            }
            _ => Ok(()),
        }
    }

    /// An error where nobody was answered.
    pub(super) fn end(&mut self) -> Result<(), Failure> {
        match self.first.take() {
            Some(failure) if !self.any_good => Err(failure),
            _ => Ok(()),
        }
    }
}

fn everybody(users: &[User]) -> mpsc::UnboundedReceiver<Vec<Item>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    // The receiver is right here, so the send cannot fail.
    let _ = sender.send(users.iter().zip(0..).map(|(user, index)| Item::new(index, user.id)).collect());
    receiver
}

/// What mailboxes are for, by position of the user.
pub(super) async fn mailboxes(plan: &Plan<'_>, users: &[User]) -> Result<Vec<(u32, MailboxPurpose)>, Failure> {
    let spec = &requests::MAILBOX;
    permitted(plan, spec, &["MailboxSettings.Read", "MailboxSettings.ReadWrite"]).await?;
    let mut all = Vec::with_capacity(users.len());
    let mut bad = Bad::default();
    let parse = |text: &str| serde_json::from_str::<PurposeWire>(text);
    batch::read_all(plan.client, spec, plan.parallelism, everybody(users), parse, |item, answer| {
        let purpose = match answer {
            Ok(wire) => match wire.value.as_deref() {
                Some("user") => MailboxPurpose::User,
                Some("shared") => MailboxPurpose::Shared,
                Some("room") => MailboxPurpose::Room,
                Some("equipment") => MailboxPurpose::Equipment,
                _ => MailboxPurpose::Other,
            },
            // No mailbox: nothing special.
            Err(Failure::Refused(refusal)) if refusal.status == 404 => MailboxPurpose::Other,
            Err(failure) => return bad.one(failure),
        };
        bad.answered();
        all.push((item.index, purpose));
        plan.progress.progress("mailboxes", all.len() as u64, Some(users.len() as u64));
        Ok(())
    })
    .await?;
    bad.end()?;
    Ok(all)
}

/// Registered methods, user by user, where there is no report. Whether a method counts under the tenant's policy
/// (`isMfaCapable`) is not known this way.
pub(super) async fn methods(plan: &Plan<'_>, users: &[User]) -> Result<Registration, Failure> {
    let spec = &requests::METHODS;
    let any_of = ["UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"];
    permitted(plan, spec, &any_of).await?;
    let mut registration = Registration { captured_at: None, ..Registration::default() };
    let mut bad = Bad::default();
    batch::read_all(plan.client, spec, plan.parallelism, everybody(users), names, |item, answer| {
        match answer {
            Ok(methods) => {
                let registered = methods.iter().any(|name| !matches!(name.as_str(), "email" | "temporaryAccessPass"));
                let row = Row { registered: Some(registered), capable: None, methods: Some(methods.into()) };
                registration.rows.push((item.user, row));
            }
            Err(Failure::Refused(refusal)) if refusal.status == 404 => {}
            Err(failure) => return bad.one(failure),
        }
        bad.answered();
        plan.progress.progress("methods", registration.rows.len() as u64, Some(users.len() as u64));
        Ok(())
    })
    .await?;
    bad.end()?;
    Ok(registration)
}

/// The methods of one user in the spelling of the report (`methodsRegistered`).
fn names(text: &str) -> Result<Vec<Text>, serde_json::Error> {
    let page: Page<MethodWire<'_>> = serde_json::from_str(text)?;
    let name = |method: &MethodWire<'_>| {
        let kind = method.kind.0.strip_prefix("#microsoft.graph.")?.strip_suffix("AuthenticationMethod")?.to_owned();
        Some(Text::from(match &*kind {
            "password" => return None,
            "microsoftAuthenticator" => "microsoftAuthenticatorPush",
            "phone" => match &*method.phone_type.0 {
                "alternateMobile" => "alternateMobilePhone",
                "office" => "officePhone",
                _ => "mobilePhone",
            },
            "softwareOath" => "softwareOneTimePasscode",
            "hardwareOath" => "hardwareOneTimePasscode",
            "fido2" => "fido2SecurityKey",
            "passwordlessMicrosoftAuthenticator" => "microsoftAuthenticatorPasswordless",
            "platformCredential" => "macOsSecureEnclaveKey",
            // Windows Hello, mail, Temporary Access Pass and kinds to come have one name in both places.
            other => other,
        }))
    };
    let mut names: Vec<Text> = page.value.iter().filter_map(name).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_named_as_the_report_names_them() {
        let body = r##"{"value":[{"@odata.type":"#microsoft.graph.passwordAuthenticationMethod"},
            {"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","phoneType":"mobile"},
            {"@odata.type":"#microsoft.graph.fido2AuthenticationMethod"},
            {"@odata.type":"#microsoft.graph.qrCodePinAuthenticationMethod"}]}"##;
        assert_eq!(names(body).unwrap()[..], ["fido2SecurityKey", "mobilePhone", "qrCodePin"]);
    }
}
