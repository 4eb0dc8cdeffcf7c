//! What a sign-in log of thirty days says of one account.

use std::fmt::Write as _;

use super::{
    Kind::{self, *},
    random::Random,
};

const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";

/// The sign-in facts of one user.
pub(super) fn signs_in(kind: Kind, random: &mut Random, out: &mut String) {
    let never = "0001-01-01T00:00:00Z";
    let (last, interactive) = match kind {
        BreakGlass | IdleService | Room | SharedMailbox => (never.to_owned(), never.to_owned()),
        Dormant => (random.date(120, 390), random.date(120, 390)),
        Scanner | Backup | Bot | HiddenWorkload | Sync => (random.date(0, 2), never.to_owned()),
        _ => (random.date(0, 5), random.date(0, 20)),
    };
    // The last sign-in of any kind cannot be older than the last interactive one.
    let last = last.max(interactive.clone());
    let _ = write!(out, r#","lastSignInDateTime":"{last}","lastInteractiveSignInDateTime":"{interactive}","#);
    // interactive, with MFA, non-interactive, ropc, addresses, hours, weekend share in percent
    let [count, mfa, other, ropc, ips, hours, weekend] = match kind {
        Staff | Executive => [
            random.range(6, 40),
            random.range(0, 20),
            random.range(20, 300),
            0,
            random.range(2, 9),
            random.range(7, 12),
            random.range(0, 8),
        ],
        Admin => [
            random.range(20, 80),
            random.range(20, 60),
            random.range(50, 300),
            0,
            random.range(2, 6),
            random.range(8, 13),
            random.range(0, 15),
        ],
        Developer => [
            random.range(15, 60),
            random.range(5, 30),
            random.range(50, 500),
            if random.chance(10) { 3 } else { 0 },
            random.range(2, 8),
            random.range(8, 14),
            random.range(0, 12),
        ],
        Frontline => [
            random.range(2, 20),
            0,
            random.range(5, 60),
            0,
            random.range(1, 4),
            random.range(4, 10),
            random.range(10, 35),
        ],
        Shift => [
            random.range(10, 30),
            random.range(2, 10),
            random.range(20, 150),
            0,
            random.range(2, 5),
            random.range(9, 16),
            random.range(20, 45),
        ],
        Guest => {
            [random.range(0, 6), 0, random.range(0, 20), 0, random.range(1, 3), random.range(1, 5), random.range(0, 10)]
        }
        Scanner => [0, 0, 0, 0, 1, random.range(8, 12), random.range(0, 5)],
        Backup => [0, 0, random.range(60, 1_000), random.range(60, 900), 1, 24, random.range(25, 32)],
        Bot => [0, 0, random.range(700, 9_000), 0, random.range(1, 2), random.range(22, 24), random.range(25, 31)],
        HiddenWorkload => [
            0,
            0,
            random.range(200, 3_000),
            if random.chance(60) { random.range(30, 200) } else { 0 },
            1,
            random.range(20, 24),
            random.range(24, 31),
        ],
        Sync => [0, 0, random.range(1_400, 1_500), random.range(1_400, 1_500), 1, 24, 28],
        TeamsRoom => [random.range(1, 4), 0, random.range(100, 400), 0, 1, random.range(10, 24), random.range(5, 28)],
        Dormant | BreakGlass | IdleService | Room | SharedMailbox => [0; 7],
    };
    let mfa = mfa.min(count);
    let failed = if count + other > 0 { random.range(0, 6) } else { 0 };
    let recent = random.date(0, 3);
    let legacy = match kind {
        Scanner => {
            format!(r#""Authenticated SMTP":{{"count":{},"last":"{recent}","distinctIps":1}}"#, random.range(40, 900))
        }
        Executive if random.chance(50) => {
            format!(r#""IMAP4":{{"count":{},"last":"{recent}","distinctIps":2}}"#, random.range(50, 400))
        }
        Executive => {
            format!(r#""Exchange ActiveSync":{{"count":{},"last":"{recent}","distinctIps":3}}"#, random.range(50, 400))
        }
        _ => String::new(),
    };
    let apps: &[(&str, &str)] = match kind {
        Scanner => &[(EXCHANGE, "Office 365 Exchange Online")],
        Backup | HiddenWorkload => &[("1950a258-227b-4e31-a9cf-717495945fc2", "Microsoft Azure PowerShell")],
        Bot => &[("7df0a125-d3be-4c96-aa54-591f83ff541c", "Microsoft Flow Service")],
        Sync => &[("cb1056e2-e479-49de-ae31-7812af012ed8", "Microsoft Azure Active Directory Connect")],
        TeamsRoom => &[("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Teams")],
        Developer => &[
            ("04b07795-8ddb-461a-bbee-02f9e1bf7b46", "Microsoft Azure CLI"),
            (EXCHANGE, "Office 365 Exchange Online"),
            ("00000003-0000-0ff1-ce00-000000000000", "Office 365 SharePoint Online"),
        ],
        Dormant | BreakGlass | IdleService | Room | SharedMailbox => &[],
        _ => &[(EXCHANGE, "Office 365 Exchange Online"), ("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Teams")],
    };
    let each = (count + other).max(1) / (apps.len() as u64).max(1);
    let apps: Vec<_> = apps
        .iter()
        .map(|(id, name)| format!(r#"{{"id":"{id}","displayName":"{name}","count":{}}}"#, each.max(1)))
        .collect();
    let clients: &[&str] = match kind {
        Backup => &["BAV2ROPC"],
        HiddenWorkload => &["python-requests/2.32"],
        Developer => &["Edg/142", "azure-cli/2.79"],
        Scanner | Bot | Sync | Dormant | BreakGlass | IdleService | Room | SharedMailbox => &[],
        _ => &["Edg/142", "Outlook/16"],
    };
    let _ = write!(
        out,
        r#""signIns":{{"windowDays":30,"interactive":{count},"interactiveMfa":{mfa},"nonInteractive":{other},"failed":{failed},"ropc":{ropc},"appPassword":0,"distinctIps":{ips},"activeHours":{hours},"weekendShare":{},"legacy":{{{legacy}}},"apps":[{}],"clients":{clients:?}}}"#,
        weekend as f64 / 100.0,
        apps.join(","),
    );
}
