//! Invented tenants of any size, the same for the same seed, with the truth about each account beside them.
//!
//! Shared by tests, benchmarks and `examples/generate-tenant.rs` through `#[path]`. The file is streamed: a million
//! users need some 80 MB of memory, for the names, which are written in sorted order as `mfaplan snapshot` does.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each includer uses a part")]

mod names;
mod random;
mod sign_ins;
mod user;

use std::{
    collections::HashMap,
    io::{self, Write},
};

use names::{DEPARTMENTS, name};
use random::{Random, guid};
use user::user;

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many users; at least 40 hold one of each kind of account.
    pub users: usize,
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// The tenant has Microsoft Entra ID P1: a sign-in log, last sign-in dates, Conditional Access.
    pub sign_ins: bool,
    /// Every password never expires, as Microsoft has recommended for years: then that fact tells nothing.
    pub passwords_never_expire: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { users: 1000, seed: 1, sign_ins: true, passwords_never_expire: false }
    }
}

/// What an account really is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Truth {
    /// A human signs in.
    Person,
    /// A program or a device holds the password.
    Workload,
}

/// The kinds of account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Staff,
    Frontline,
    /// A person on a mail app that speaks IMAP or Exchange ActiveSync with a password.
    Executive,
    Admin,
    /// A person who uses command lines, and now and then tests a script with their own password.
    Developer,
    /// A person on nights and weekends.
    Shift,
    Guest,
    Dormant,
    BreakGlass,
    /// Sends mail by SMTP AUTH.
    Scanner,
    /// Signs in by ROPC around the clock.
    Backup,
    /// Polls an API with refresh tokens around the clock.
    Bot,
    /// A script behind the name of a human.
    HiddenWorkload,
    /// Named like a service, without any trace of use.
    IdleService,
    Sync,
    TeamsRoom,
    Room,
    SharedMailbox,
}

use Kind::*;

impl Kind {
    /// Each kind with its share of a thousand accounts.
    const SHARES: [(Self, u64); 18] = [
        (Staff, 620),
        (Frontline, 140),
        (Executive, 6),
        (Admin, 8),
        (Developer, 25),
        (Shift, 40),
        (Guest, 60),
        (Dormant, 35),
        (BreakGlass, 0),
        (Scanner, 8),
        (Backup, 5),
        (Bot, 10),
        (HiddenWorkload, 5),
        (IdleService, 6),
        (Sync, 0),
        (TeamsRoom, 6),
        (Room, 12),
        (SharedMailbox, 14),
    ];

    /// What it really is.
    pub fn truth(self) -> Truth {
        match self {
            Staff | Frontline | Executive | Admin | Developer | Shift | Guest | Dormant | BreakGlass => Truth::Person,
            Scanner | Backup | Bot | HiddenWorkload | IdleService | Sync | TeamsRoom | Room | SharedMailbox => {
                Truth::Workload
            }
        }
    }

    /// Does it show in the sign-in log that a program is at work?
    fn behaves_like_a_program(self) -> bool {
        matches!(self, Scanner | Backup | Bot | HiddenWorkload | Sync)
    }

    fn has_a_human_name(self) -> bool {
        self.truth() == Truth::Person && self != BreakGlass || self == HiddenWorkload
    }
}

/// The truth about one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// Person or workload.
    pub truth: Truth,
    /// Which kind.
    pub kind: Kind,
    /// The file holds evidence of behaviour that tells a workload. False for all where there are no sign-ins.
    pub behavioural: bool,
}

/// A generated tenant.
pub struct Tenant {
    /// The snapshot.
    pub json: String,
    /// Object id → truth.
    pub labels: HashMap<String, Label>,
}

/// A tenant in memory, with its labels.
pub fn generate(options: Options) -> Tenant {
    let mut json = Vec::new();
    let mut labels = HashMap::new();
    stream(options, &mut json, &mut |id, label| {
        labels.insert(id.to_owned(), label);
    })
    .expect("writing to memory does not fail");
    Tenant { json: String::from_utf8(json).expect("only text was written"), labels }
}

/// A tenant of any size, straight to `out`.
pub fn write(options: Options, out: &mut dyn Write) -> io::Result<()> {
    stream(options, out, &mut |_, _| {})
}

/// How many groups the tenant has; users are in up to six of them.
const GROUPS: usize = 60;

fn group(seed: u64, number: usize) -> String {
    guid(&mut Random::of(seed ^ 0x6772_6f75_7073, number))
}

/// The kind of the account at `index`: one of each first, so that small tenants have all, then by share.
fn kind(options: Options, index: usize) -> Kind {
    const FIRST: [Kind; 20] = [
        BreakGlass,
        BreakGlass,
        Sync,
        Admin,
        Scanner,
        Backup,
        Bot,
        HiddenWorkload,
        IdleService,
        TeamsRoom,
        Room,
        SharedMailbox,
        Executive,
        Developer,
        Shift,
        Guest,
        Dormant,
        Frontline,
        Admin,
        Admin,
    ];
    if let Some(kind) = FIRST.get(index) {
        return *kind;
    }
    let total = Kind::SHARES.iter().map(|(_, share)| share).sum::<u64>();
    let mut at = Random::of(options.seed ^ 0x6b69_6e64, index).next() % total;
    for (kind, share) in Kind::SHARES {
        if at < share {
            return kind;
        }
        at -= share;
    }
    Staff
}

fn stream(options: Options, out: &mut dyn Write, label: &mut dyn FnMut(&str, Label)) -> io::Result<()> {
    let mut names: Vec<(Box<str>, u32)> = (0..options.users)
        .map(|index| (name(options, kind(options, index), index).into_boxed_str(), index as u32))
        .collect();
    names.sort_unstable_by(|a, b| {
        let lower = |text: &str| text.bytes().map(|byte| byte.to_ascii_lowercase()).collect::<Vec<_>>();
        lower(&a.0).cmp(&lower(&b.0))
    });
    head(options, out)?;
    let mut line = String::new();
    for (position, (name, index)) in names.iter().enumerate() {
        line.clear();
        let index = *index as usize;
        let kind = kind(options, index);
        let id = user(options, kind, index, name, &mut line);
        label(&id, Label { truth: kind.truth(), kind, behavioural: options.sign_ins && kind.behaves_like_a_program() });
        out.write_all(if position == 0 { b"\n" } else { b",\n" })?;
        out.write_all(line.as_bytes())?;
    }
    out.write_all(b"\n]\n}\n")
}

fn head(options: Options, out: &mut dyn Write) -> io::Result<()> {
    let Options { users: _, seed, sign_ins, passwords_never_expire: _ } = options;
    let tenant = guid(&mut Random::of(seed, usize::MAX));
    let policies = u32::from(sign_ins);
    let plans = if sign_ins { r#""AAD_PREMIUM", "EXCHANGE_S_ENTERPRISE""# } else { r#""EXCHANGE_S_STANDARD""# };
    writeln!(out, r#"{{ "formatVersion": "1.0", "capturedAt": "2026-11-20T08:00:00Z","#)?;
    writeln!(
        out,
        r#""tenant": {{"id": "{tenant}", "displayName": "Contoso", "servicePlans": [{plans}], "securityDefaultsEnabled": false,
  "domains": [{{"id": "contoso.com", "authenticationType": "Managed", "federatedIdpMfaBehavior": null}}, {{"id": "contoso.onmicrosoft.com", "authenticationType": "Managed", "federatedIdpMfaBehavior": null}}],
  "mfaServicePolicy": {{"allowAppPasswords": false, "trustedIps": [], "skipMfaForFederatedUsers": false, "rememberMfaDays": 90}},
  "authenticationMethodsPolicy": {{"policyMigrationState": "migrationComplete"}}, "operatorId": null,
  "conditionalAccessRead": {{"version": "beta", "read": {policies}, "listed": {policies}, "plans": 0}}}},"#
    )?;
    writeln!(out, r#""groups": ["#)?;
    for number in 0..GROUPS {
        let name =
            DEPARTMENTS.get(number).map_or_else(|| format!("SG-Project-{number:02}"), |name| format!("SG-{name}"));
        let comma = if number + 1 < GROUPS { "," } else { "" };
        writeln!(out, r#"{{"id": "{}", "displayName": "{name}", "mail": null}}{comma}"#, group(seed, number))?;
    }
    write!(out, r#"],{}"#, "\n")?;
    if sign_ins {
        let policy = guid(&mut Random::of(seed, usize::MAX - 1));
        writeln!(
            out,
            r#""conditionalAccessPolicies": [{{"id": "{policy}", "displayName": "Require multifactor authentication for administrators", "state": "enabled",
  "conditions": {{"clientAppTypes": ["all"], "applications": {{"includeApplications": ["All"], "excludeApplications": []}},
    "users": {{"includeUsers": [], "excludeUsers": [], "includeGroups": [], "excludeGroups": [], "includeRoles": ["62e90394-69f5-4237-9190-012177145e10"], "excludeRoles": []}}}},
  "grantControls": {{"operator": "OR", "builtInControls": ["mfa"]}}}}],
"unavailable": [],"#
        )?;
    } else {
        writeln!(
            out,
            r#""conditionalAccessPolicies": [],
"unavailable": [{{"fact": "sign_ins", "reason": "the tenant has no Microsoft Entra ID P1"}}, {{"fact": "sign_in_activity", "reason": "the tenant has no Microsoft Entra ID P1"}}],"#
        )?;
    }
    write!(out, r#""users": ["#)
}
