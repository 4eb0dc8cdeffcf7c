//! One account with all that a directory knows of it.

use std::fmt::Write as _;

use super::{
    GROUPS,
    Kind::{self, *},
    Options, Truth, group,
    names::{DEPARTMENTS, OFFICES, TITLES, human},
    random::{Random, guid},
    sign_ins::signs_in,
};

/// Writes one user and returns the object id.
pub(super) fn user(options: Options, kind: Kind, index: usize, name: &str, out: &mut String) -> String {
    let mut random = Random::of(options.seed, index);
    let id = guid(&mut random);
    let (given, surname, _) = human(options.seed, index);
    let human = kind.has_a_human_name();
    let display = match kind {
        Scanner => format!("Scanner floor {}", index % 20),
        Backup => "Backup service".to_owned(),
        Bot => format!("{} integration", ["CRM", "ERP", "Helpdesk", "Invoices"][index % 4]),
        IdleService => "Service (unused)".to_owned(),
        TeamsRoom | Room => format!("Meeting room {index}"),
        SharedMailbox => format!("Team mailbox {index}"),
        Sync => "On-Premises Directory Synchronization Service Account".to_owned(),
        BreakGlass => format!("Emergency access {index}"),
        _ => format!("{given} {surname}"),
    };
    let department = random.pick(&DEPARTMENTS);
    let title = random.pick(&TITLES);
    let office = random.pick(&OFFICES);
    let text = |value: &str| if human { format!("\"{value}\"") } else { "null".to_owned() };
    let mail = if matches!(kind, Sync | BreakGlass) { "null".to_owned() } else { format!("\"{name}\"") };
    let enabled = !matches!(kind, Room | SharedMailbox) || random.chance(15);
    let created = random.date(400, 3_500);
    // Formatting into a String cannot fail; `let _` below says so once a line.
    let _ = write!(
        out,
        r#"{{"id":"{id}","userPrincipalName":"{name}","displayName":"{display}","mail":{mail},"department":{},"jobTitle":{},"givenName":{},"surname":{},"companyName":{},"country":{},"officeLocation":{},"employeeId":{},"employeeType":{},"userType":"{}","accountEnabled":{enabled},"onPremisesSyncEnabled":null,"createdDateTime":"{created}""#,
        text(department),
        text(title),
        text(given),
        text(surname),
        text("Contoso"),
        text(["AT", "CH", "DE", "ES", "FR", "NO", "PT"][index % 7]),
        text(office),
        text(&format!("E{index:07}")),
        text(if kind == Frontline { "Hourly" } else { "Employee" }),
        if kind == Guest { "Guest" } else { "Member" },
    );
    let never = options.passwords_never_expire || kind.truth() == Truth::Workload && random.chance(85);
    let _ = write!(out, r#","passwordPolicies":{}"#, if never { r#""DisablePasswordExpiration""# } else { "null" });
    let licenses: &[&str] = match kind {
        Staff | Executive | Developer | Dormant | HiddenWorkload if index.is_multiple_of(3) => &["SPE_E5", "FLOW_FREE"],
        Staff | Executive | Developer | Dormant | HiddenWorkload => &["SPE_E3"],
        Admin => &["SPE_E5"],
        Frontline | Shift => &["SPE_F1"],
        TeamsRoom => &["Microsoft_Teams_Rooms_Pro"],
        Scanner | Bot => &["EXCHANGESTANDARD"],
        Backup | IdleService | Guest | BreakGlass | Sync | Room | SharedMailbox => &[],
    };
    let _ = write!(out, r#","licenses":{licenses:?}"#);
    let purpose = match kind {
        Room | TeamsRoom => r#""room""#,
        SharedMailbox => r#""shared""#,
        Guest | Sync | BreakGlass | Backup => "null",
        _ => r#""user""#,
    };
    let state = match (kind.truth(), random.range(0, 99)) {
        (Truth::Person, 0..15) => "enforced",
        (Truth::Person, 15..20) => "enabled",
        _ => "disabled",
    };
    let methods: &[&str] = match kind {
        BreakGlass => &["fido2SecurityKey"],
        Admin => &["microsoftAuthenticatorPush", "fido2SecurityKey", "windowsHelloForBusiness"],
        Developer => &["microsoftAuthenticatorPush", "softwareOneTimePasscode"],
        Staff | Executive | Shift => match random.range(0, 9) {
            0..6 => &["microsoftAuthenticatorPush", "softwareOneTimePasscode", "mobilePhone"],
            6 | 7 => &["mobilePhone", "email"],
            8 => &["windowsHelloForBusiness", "microsoftAuthenticatorPush"],
            _ => &[],
        },
        Frontline if random.chance(40) => &["mobilePhone"],
        Guest if random.chance(50) => &["microsoftAuthenticatorPush"],
        _ => &[],
    };
    let registered = !methods.is_empty();
    let devices = if human && kind != HiddenWorkload && kind != Guest { random.range(1, 3) } else { 0 };
    let _ = write!(
        out,
        r#","mailboxPurpose":{purpose},"perUserMfaState":"{state}","isMfaRegistered":{registered},"isMfaCapable":{registered},"methodsRegistered":{methods:?},"lastPasswordChangeDateTime":"{}","deviceCount":{devices}"#,
        if kind.truth() == Truth::Workload { random.date(200, 1_500) } else { random.date(5, 500) },
    );
    let mut member_of = Vec::new();
    if human {
        let own = DEPARTMENTS.iter().position(|name| *name == department).unwrap_or(0);
        member_of.push(group(options.seed, own));
        for _ in 0..random.range(0, 4) {
            let other = group(options.seed, random.range(DEPARTMENTS.len() as u64, GROUPS as u64 - 1) as usize);
            if !member_of.contains(&other) {
                member_of.push(other);
            }
        }
    }
    let _ = write!(out, r#","memberOf":{member_of:?}"#);
    let role = match kind {
        BreakGlass => Some(("62e90394-69f5-4237-9190-012177145e10", "Global Administrator")),
        Admin if index.is_multiple_of(3) => Some(("62e90394-69f5-4237-9190-012177145e10", "Global Administrator")),
        Admin => Some(("fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator")),
        Sync => Some(("d29b2b05-8046-44ba-8758-1e26182fcf32", "Directory Synchronization Accounts")),
        _ => None,
    };
    let roles = role.map_or_else(String::new, |(id, name)| {
        format!(
            r#"{{"templateId":"{id}","displayName":"{name}","permanent":{}}}"#,
            kind != Admin || index.is_multiple_of(2)
        )
    });
    let _ = write!(out, r#","directoryRoles":[{roles}]"#);
    if options.sign_ins {
        signs_in(kind, &mut random, out);
    }
    out.push('}');
    id
}
