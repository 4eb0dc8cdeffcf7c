//! Was MFA done at a sign-in, or only asked for? The log answers in free English text that no enum lists (Microsoft
//! Entra ID, "signIn resource type" and "authenticationDetail resource type"), so the words are looked at in the order
//! of what they prove: a skip beats everything, a claim beats a method.

/// What a record says of MFA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mfa<'a> {
    /// A method was answered, or the first factor is itself one of MFA strength.
    Done,
    /// A claim of an earlier sign-in satisfied it.
    Claim,
    /// It was required and let off, for this reason: `IP address`, `app password`, `location`.
    Skipped(&'a str),
    /// Nothing is said of it.
    None,
}

/// First factors that are MFA by themselves.
const PASSWORDLESS: [&str; 5] = [
    "FIDO2 security key",
    "Passkey",
    "Windows Hello for Business",
    "Platform Credential",
    "Passwordless phone sign-in",
];
/// Longest reason kept, in bytes.
const MAX_REASON: usize = 64;

/// Gathers what the texts of one record say.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    skipped: Option<&'a str>,
    claim: bool,
    done: bool,
}

impl<'a> Said<'a> {
    /// A text about the whole sign-in: `status.additionalDetails`, the CSV's "Multifactor authentication result".
    pub(super) fn result(&mut self, text: &'a str) {
        if text.is_empty() {
            return;
        }
        if let Some(at) = find(text, "skipped") {
            self.skipped = self.skipped.or(Some(reason(&text[at + "skipped".len()..])));
        } else if find(text, "first factor").is_some() {
            // "First factor requirement satisfied by claim in the token": that is the password's part.
        } else if find(text, "satisfied by claim").is_some() {
            self.claim = true;
        } else {
            self.done |= find(text, "mfa completed").is_some()
                || find(text, "mfa successfully completed").is_some()
                || find(text, "satisfied by strong authentication").is_some()
                || (find(text, "satisfied by multi").is_some() && find(text, "device").is_some());
        }
    }

    /// One step of `authenticationDetails`.
    pub(super) fn step(&mut self, step: &StepText<'a>) {
        let StepText { method, detail, result, requirement, succeeded } = *step;
        self.result(result);
        if find(method, "skipped").is_some() {
            self.result(method);
        }
        let primary = requirement.is_empty() || find(requirement, "primary").is_some();
        let of_mfa = || ["multifactor", "multi-factor", "mfa"].iter().any(|word| find(requirement, word).is_some());
        if find(method, "previously satisfied").is_some() {
            self.claim |= of_mfa() && find(result, "first factor").is_none();
        } else if succeeded && !primary && of_mfa() {
            self.done = true;
        }
        let strong = || {
            PASSWORDLESS.iter().any(|name| find(method, name).is_some())
                || (find(method, "certificate").is_some()
                    && [method, detail].iter().any(|text| find(text, "multi").is_some()))
        };
        self.done = self.done || (succeeded && strong());
    }

    /// The verdict. A success for which MFA was required, and of which nothing else is said, was let through by a claim.
    pub(super) fn verdict(self, succeeded: bool, required: bool) -> Mfa<'a> {
        match self {
            Self { skipped: Some(reason), .. } => Mfa::Skipped(reason),
            Self { claim: true, .. } => Mfa::Claim,
            Self { done: true, .. } => Mfa::Done,
            _ if succeeded && required => Mfa::Claim,
            _ => Mfa::None,
        }
    }
}

/// The texts of one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct StepText<'a> {
    pub(super) method: &'a str,
    pub(super) detail: &'a str,
    pub(super) result: &'a str,
    pub(super) requirement: &'a str,
    pub(super) succeeded: bool,
}

/// The words after "due to" or "as".
fn reason(rest: &str) -> &str {
    let rest = rest.trim_matches([' ', '.', ':']);
    let starts = ["due to ", "because of ", "as ", "for "];
    let bare = starts
        .iter()
        .find_map(|start| (find(rest, start) == Some(0)).then(|| rest[start.len()..].trim()))
        .unwrap_or(rest);
    if bare.is_empty() { "not said" } else { &bare[..bare.floor_char_boundary(MAX_REASON)] }
}

/// Where an ASCII phrase stands in a text, whatever its case.
pub(super) fn find(text: &str, phrase: &str) -> Option<usize> {
    let (phrase, text) = (phrase.as_bytes(), text.as_bytes());
    // Letters differ from their other case in this bit; most places are told by one look at their first byte.
    let first = phrase.first()? | 0x20;
    let last = text.len().checked_sub(phrase.len())?;
    // What equals ASCII words starts and ends at a character's boundary.
    (0..=last).find(|&at| {
        text[at] | 0x20 == first
            && text.get(at..at + phrase.len()).is_some_and(|part| part.eq_ignore_ascii_case(phrase))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_log() {
        for (text, wanted) in [
            ("MFA completed in Azure AD", Mfa::Done),
            ("MFA successfully completed", Mfa::Done),
            ("MFA requirement satisfied by strong authentication", Mfa::Done),
            ("MFA requirement satisfied by multi-factor device", Mfa::Done),
            ("MFA requirement satisfied by claim in the token", Mfa::Claim),
            ("MFA requirement satisfied by claim provided by external provider", Mfa::Claim),
            ("MFA requirement skipped due to IP address", Mfa::Skipped("IP address")),
            ("MFA requirement skipped due to app password", Mfa::Skipped("app password")),
            ("MFA requirement skipped due to remembered device", Mfa::Skipped("remembered device")),
            ("MFA requirement skipped due to registered device.", Mfa::Skipped("registered device")),
            ("MFA requirement skipped due to location", Mfa::Skipped("location")),
            ("mfa requirement SKIPPED as flow uses a broker", Mfa::Skipped("flow uses a broker")),
            ("MFA requirement skipped", Mfa::Skipped("not said")),
            ("First factor requirement satisfied by claim in the token", Mfa::None),
            ("MFA denied; user declined the authentication", Mfa::None),
            ("", Mfa::None),
        ] {
            let mut said = Said::default();
            said.result(text);
            assert_eq!(said.verdict(true, false), wanted, "{text}");
        }
        assert_eq!(Said::default().verdict(true, true), Mfa::Claim, "required, let through, and no word how");
        assert_eq!(Said::default().verdict(false, true), Mfa::None);
    }

    #[test]
    fn the_steps_of_a_sign_in() {
        let step =
            |method, result, requirement, succeeded| StepText { method, detail: "", result, requirement, succeeded };
        let verdict = |steps: &[StepText<'static>]| {
            let mut said = Said::default();
            steps.iter().for_each(|one| said.step(one));
            said.verdict(true, false)
        };
        let password = step("Password", "Correct password", "Primary authentication", true);
        assert_eq!(verdict(&[password]), Mfa::None);
        assert_eq!(
            verdict(&[password, step("Mobile app notification", "", "Multifactor authentication", true)]),
            Mfa::Done
        );
        assert_eq!(
            verdict(&[password, step("Mobile app notification", "MFA denied", "Multi-factor authentication", false)]),
            Mfa::None
        );
        let before = "First factor requirement satisfied by claim in the token";
        assert_eq!(verdict(&[step("Previously satisfied", before, "Primary authentication", true)]), Mfa::None);
        assert_eq!(verdict(&[step("Previously satisfied", "", "Multifactor authentication", true)]), Mfa::Claim);
        for strong in [
            "FIDO2 security key",
            "Passkey (device-bound)",
            "Windows Hello for Business",
            "X.509 Certificate multi-factor",
        ] {
            assert_eq!(verdict(&[step(strong, "", "Primary authentication", true)]), Mfa::Done, "{strong}");
            assert_eq!(verdict(&[step(strong, "", "Primary authentication", false)]), Mfa::None, "{strong}");
        }
    }
}
