//! People and programs that sign in, and how their sign-ins end. Written from Microsoft's pages alone, so that it can judge
//! what the program foretells: "Enable per-user Microsoft Entra multifactor authentication" (what each state does to modern
//! and to legacy clients; that the service promotes whoever registers), "Microsoft identity platform and OAuth 2.0 Resource
//! Owner Password Credentials" (which cannot do MFA), "Microsoft Entra authentication and authorization error codes".
//!
//! | state | modern client | legacy client |
//! |---|---|---|
//! | disabled | one factor | one factor |
//! | enabled | MFA; who has not registered is asked to | one factor |
//! | enforced | MFA; who has not registered is asked to | an app password, or not at all |
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses its own part")]

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// What signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// A person at a browser.
    Browser,
    /// A person at the prompt of a program on a desk.
    Prompt,
    /// The session of such a program: it renews its token, and sends the person to a prompt where it may not.
    Session,
    /// A printer or an application that sends mail with the password.
    Mailer,
    /// A mail client of old.
    Imap,
    /// The same, with an app password.
    AppPassword,
    /// A telephone that fetches mail with the password.
    Phone,
    /// A program with the password (ROPC).
    Script,
    /// A program that renews a token which somebody once got for it.
    Unattended,
}

impl Device {
    const fn is_person(self) -> bool {
        matches!(self, Self::Browser | Self::Prompt)
    }

    pub const fn client(self) -> &'static str {
        match self {
            Self::Browser => "Browser",
            Self::Mailer => "Authenticated SMTP",
            Self::Imap | Self::AppPassword => "IMAP4",
            Self::Phone => "Exchange ActiveSync",
            Self::Prompt | Self::Session | Self::Script | Self::Unattended => "Mobile Apps and Desktop clients",
        }
    }

    const fn agent(self) -> &'static str {
        match self {
            Self::Browser => "Mozilla/5.0 (Windows NT 10.0)",
            Self::Unattended => "python-requests/2.32",
            Self::Script => "Mozilla/5.0 (compatible; MSAL 1.0)",
            _ => "Outlook/16.0",
        }
    }
}

/// Something that signs in for an account, so often a day.
#[derive(Clone, Debug)]
pub struct Client {
    pub account: String,
    pub device: Device,
    /// Id and name of the application.
    pub app: (&'static str, &'static str),
    pub per_day: u64,
    /// The application asks for MFA itself, whatever the state.
    pub asks: bool,
}

/// An account behind clients.
#[derive(Clone, Debug)]
pub struct Account {
    pub name: String,
    pub state: String,
    pub registered: bool,
    /// They close the window that asks them to register.
    pub declines: bool,
    /// Their sessions hold a token that says MFA was done.
    proven: bool,
}

impl Account {
    pub fn new(name: &str, state: &str, registered: bool, declines: bool) -> Self {
        Self { name: name.to_owned(), state: state.to_owned(), registered, declines, proven: false }
    }
}

/// How a sign-in ended, as whoever made it would tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// The password was enough.
    OneFactor,
    /// MFA was asked for and answered.
    Answered,
    /// MFA was asked for, and not answered in time.
    Unanswered,
    /// A token of before said that MFA was done.
    ByToken,
    /// The window that asks to register.
    AskedToRegister,
    /// A session was sent to the prompt.
    SentToPrompt,
    /// A program cannot answer.
    Broke,
    /// A legacy client is kept out.
    KeptOut,
    /// The password was mistyped.
    Mistyped,
}

impl Ended {
    pub const fn well(self) -> bool {
        matches!(self, Self::OneFactor | Self::Answered | Self::ByToken)
    }
}

/// A sign-in: what the log has of it, and how it ended.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub account: String,
    pub device: Device,
    pub app: &'static str,
    pub ended: Ended,
    pub record: Value,
}

/// SplitMix64.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn per_mille(&mut self, share: u64) -> bool {
        self.next() % 1_000 < share
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// Lets clients sign in for so many days, in the order of time, each as its account stands at that moment. People make
/// mistakes, miss prompts, try applications, stay at home; programs that are kept out go on trying.
pub fn days(
    clients: &[Client],
    accounts: &mut BTreeMap<String, Account>,
    from: Timestamp,
    days: u64,
    seed: u64,
) -> Vec<SignedIn> {
    let mut chance = Chance(seed);
    let mut attempts = Vec::new();
    for (number, client) in clients.iter().enumerate() {
        for day in 0..days {
            // Illness, holidays, a scanner that is switched off.
            if chance.per_mille(60) {
                continue;
            }
            // Renewals differ from day to day, visits too.
            let today = client.per_day + chance.below(2);
            for _ in 0..today {
                let second = day * 86_400 + chance.below(86_400);
                attempts.push((from + SignedDuration::from_secs(second as i64), number, chance.next()));
            }
        }
    }
    attempts.sort_unstable();
    let mut log = Vec::new();
    for (at, number, luck) in attempts {
        let client = &clients[number];
        let account = accounts.get_mut(&client.account).expect("a client has an account");
        let mut luck = Chance(luck);
        let (ended, code) = meets(client, account, &mut luck);
        let id = format!("{seed:x}-{}", log.len());
        // What they never used before: nobody can have foretold it.
        let app = if client.device.is_person() && luck.per_mille(2) { NEW } else { client.app };
        let record = record(client, app, account, ended, code, at, &id);
        let account = client.account.clone();
        log.push(SignedIn { account, device: client.device, app: app.0, ended, record });
    }
    log
}

const NEW: (&str, &str) = ("7c2a1b6e-0d5f-4e8a-b1c3-5f6e7d8c9b0a", "Survey");

/// One sign-in and its error code.
fn meets(client: &Client, account: &mut Account, luck: &mut Chance) -> (Ended, u32) {
    // Nobody types for a program that holds a token; a program with the password does not mistype.
    if client.device.is_person() && luck.per_mille(15) {
        return (Ended::Mistyped, 50126);
    }
    let asked = account.state != "disabled" || client.asks;
    match client.device {
        Device::AppPassword => (Ended::OneFactor, 0),
        Device::Mailer | Device::Imap | Device::Phone if account.state == "enforced" => (Ended::KeptOut, 50126),
        Device::Mailer | Device::Imap | Device::Phone => (Ended::OneFactor, 0),
        _ if !asked => (Ended::OneFactor, 0),
        Device::Script if account.registered => (Ended::Broke, 50076),
        Device::Script => (Ended::Broke, 50079),
        Device::Unattended => (Ended::Broke, 50076),
        Device::Session if account.proven => (Ended::ByToken, 0),
        Device::Session if account.registered => (Ended::SentToPrompt, 50076),
        Device::Session => (Ended::SentToPrompt, 50079),
        Device::Browser | Device::Prompt if !account.registered => {
            if account.declines || luck.per_mille(200) {
                return (Ended::AskedToRegister, 50079);
            }
            // The next try succeeds: they have registered, and the service has promoted them.
            account.registered = true;
            if account.state == "enabled" {
                account.state = "enforced".to_owned();
            }
            (Ended::AskedToRegister, 50072)
        }
        Device::Browser | Device::Prompt if luck.per_mille(10) => (Ended::Unanswered, 500_121),
        Device::Browser | Device::Prompt if account.proven && luck.per_mille(300) => (Ended::ByToken, 0),
        Device::Browser | Device::Prompt => {
            account.proven = account.state != "disabled";
            (Ended::Answered, 0)
        }
    }
}

fn record(
    client: &Client,
    app: (&str, &str),
    account: &Account,
    ended: Ended,
    code: u32,
    at: Timestamp,
    id: &str,
) -> Value {
    let person = client.device.is_person();
    let multi = !matches!(ended, Ended::OneFactor | Ended::KeptOut | Ended::Mistyped);
    let method = if client.device == Device::AppPassword { "App password" } else { "Password" };
    let mut steps = vec![json!({"authenticationMethod": method, "succeeded": ended != Ended::Mistyped,
        "authenticationStepRequirement": "Primary authentication"})];
    let second = |method: &str, result: &str, succeeded: bool| {
        json!({"authenticationMethod": method, "authenticationStepResultDetail": result, "succeeded": succeeded,
            "authenticationStepRequirement": "Multifactor authentication"})
    };
    match ended {
        Ended::Answered => steps.push(second("Mobile app notification", "MFA completed in Azure AD", true)),
        Ended::ByToken => {
            steps.push(second("Previously satisfied", "MFA requirement satisfied by claim in the token", true));
        }
        Ended::Unanswered => steps.push(second("Mobile app notification", "MFA denied; user did not respond", false)),
        _ => {}
    }
    let asker = match (multi, client.asks) {
        (false, _) => json!([]),
        (true, true) => json!([{"requirementProvider": "request"}]),
        (true, false) => json!([{"requirementProvider": "user", "detail": "Per-user MFA"}]),
    };
    json!({
        "id": id, "createdDateTime": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "userId": client.account, "userPrincipalName": account.name,
        "appId": app.0, "appDisplayName": app.1, "clientAppUsed": client.device.client(),
        "isInteractive": person, "signInEventTypes": [if person { "interactiveUser" } else { "nonInteractiveUser" }],
        "authenticationProtocol": if client.device == Device::Script { "ropc" } else { "none" },
        "authenticationRequirement": if multi { "multiFactorAuthentication" } else { "singleFactorAuthentication" },
        "authenticationRequirementPolicies": asker, "authenticationDetails": steps,
        "appliedConditionalAccessPolicies": [],
        "userAgent": client.device.agent(), "ipAddress": "198.51.100.7", "status": {"errorCode": code},
    })
}
