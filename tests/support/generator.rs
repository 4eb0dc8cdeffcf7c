//! Invented tenants of any size, the same for the same seed, with the truth about each account beside them.
//!
//! Shared by tests, benchmarks and `examples/generate-tenant.rs` through `#[path]`. The file is streamed: a million
//! users need some 80 MB of memory, for the names, which are written in sorted order as `mfaplan snapshot` does.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each includer uses a part")]

use std::{
    collections::HashMap,
    fmt::Write as _,
    io::{self, Write},
};

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
    /// A person who uses command lines, and now and then tests a script with his own password.
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

/// SplitMix64 (Steele, Lea and Flood): one multiplication chain a number, any seed is good.
struct Random(u64);

impl Random {
    fn of(seed: u64, index: usize) -> Self {
        let mut random = Self(seed ^ (index as u64).wrapping_mul(0xd134_2543_de82_ef95));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn range(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from + 1)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[(self.next() % from.len() as u64) as usize]
    }

    /// A date between so many days before the capture.
    fn date(&mut self, newest: u64, oldest: u64) -> String {
        let days = self.range(newest, oldest);
        // 2026-11-20 is day 20,777 since 1970.
        let (year, month, day) = civil(20_777 - days as i64);
        let (hour, minute, second) = (self.range(0, 7), self.range(0, 59), self.range(0, 59));
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// The date of a day since 1970 (Howard Hinnant, "civil_from_days").
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

fn guid(random: &mut Random) -> String {
    let (a, b) = (random.next(), random.next());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        0x8000 | (b >> 50),
        b & 0xffff_ffff_ffff
    )
}

const GIVEN: [&str; 48] = [
    "Ada", "Ahmed", "Aiko", "Alice", "Amara", "Anna", "Anton", "Beatriz", "Ben", "Carla", "Chen", "Clara", "Daniel",
    "David", "Elena", "Emil", "Emma", "Fatima", "Felix", "Finn", "Grace", "Hana", "Hugo", "Ines", "Ivan", "Jana",
    "Jonas", "Julia", "Kofi", "Lara", "Lena", "Leo", "Luca", "Maria", "Marta", "Mateo", "Mia", "Nadia", "Noah", "Olga",
    "Omar", "Paul", "Priya", "Rosa", "Sara", "Tariq", "Tom", "Zoe",
];

/// Some of them look like the words by which workloads are found: Scanlon, Botha, Backus, Printz, Svcevic …
const SURNAMES: [&str; 97] = [
    "Abadi",
    "Adams",
    "Adler",
    "Appiah",
    "Apple",
    "Backus",
    "Baker",
    "Barros",
    "Batchelor",
    "Becker",
    "Bell",
    "Berg",
    "Botha",
    "Brandt",
    "Brown",
    "Bruno",
    "Castro",
    "Chan",
    "Clark",
    "Cohen",
    "Conti",
    "Costa",
    "Cruz",
    "Dahl",
    "Diaz",
    "Dubois",
    "Egger",
    "Ekman",
    "Eriksen",
    "Faber",
    "Fischer",
    "Fontaine",
    "Ford",
    "Fuchs",
    "Garcia",
    "Gomes",
    "Gruber",
    "Haas",
    "Hall",
    "Hansen",
    "Hoffmann",
    "Horvat",
    "Ivanov",
    "Jansen",
    "Jobson",
    "Jones",
    "Kaya",
    "Keller",
    "Khan",
    "Kim",
    "Klein",
    "Kovac",
    "Kumar",
    "Lang",
    "Larsen",
    "Lee",
    "Lopez",
    "Maier",
    "Marino",
    "Martin",
    "Meyer",
    "Moreau",
    "Mori",
    "Nagy",
    "Nguyen",
    "Novak",
    "Okafor",
    "Olsen",
    "Patel",
    "Perez",
    "Petit",
    "Popov",
    "Printz",
    "Reyes",
    "Ricci",
    "Rossi",
    "Roy",
    "Saari",
    "Sato",
    "Scanlon",
    "Schmidt",
    "Silva",
    "Singh",
    "Smith",
    "Sousa",
    "Svcevic",
    "Svensson",
    "Synek",
    "Tanaka",
    "Torres",
    "Vogel",
    "Wagner",
    "Weber",
    "White",
    "Wolf",
    "Yilmaz",
    "Zhang",
];

const DEPARTMENTS: [&str; 14] = [
    "Accounting",
    "Customer Service",
    "Design",
    "Engineering",
    "Facilities",
    "Finance",
    "Human Resources",
    "IT",
    "Legal",
    "Logistics",
    "Marketing",
    "Production",
    "Research",
    "Sales",
];

const TITLES: [&str; 12] = [
    "Account Manager",
    "Accountant",
    "Analyst",
    "Assistant",
    "Buyer",
    "Controller",
    "Designer",
    "Engineer",
    "Manager",
    "Project Lead",
    "Specialist",
    "Team Lead",
];

const OFFICES: [&str; 8] = [
    "Berlin 1/12",
    "Hamburg 3/04",
    "Lyon 2/21",
    "Madrid 0/07",
    "Oslo 5/10",
    "Porto 1/01",
    "Vienna 4/16",
    "Zürich 2/08",
];

const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";

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

/// Given name, surname and sign-in name of the human `index`: no two alike, whatever the size.
fn human(seed: u64, index: usize) -> (&'static str, &'static str, String) {
    let pairs = GIVEN.len() * SURNAMES.len();
    // 7,919 is prime to the number of pairs, so each pair occurs once before the first occurs again.
    let pair = (index % pairs * 7_919 + seed as usize % pairs) % pairs;
    let (given, surname) = (GIVEN[pair % GIVEN.len()], SURNAMES[pair / GIVEN.len()]);
    let number = index / pairs;
    let suffix = if number == 0 { String::new() } else { number.to_string() };
    (given, surname, format!("{}.{}{suffix}", given.to_lowercase(), surname.to_lowercase()))
}

fn name(options: Options, kind: Kind, index: usize) -> String {
    let local = match kind {
        Scanner => format!("{}-{index}", ["scan", "copier", "mfp", "scanner"][index % 4]),
        Backup => format!("{}-{index}", ["svc-backup", "svc-veeam", "backup"][index % 3]),
        Bot => format!("{}-{index}", ["svc-crm", "api-erp", "bot-helpdesk", "batch-invoices"][index % 4]),
        IdleService => format!("{}-{index}", ["svc-legacy", "sql-agent", "relay"][index % 3]),
        TeamsRoom => format!("mtr-room{index}"),
        Room => format!("room{index}"),
        SharedMailbox => format!("{}{index}", ["info", "orders", "office", "careers"][index % 4]),
        Sync => return format!("Sync_SRV{index:02}_0a1b2c3d4e5f@contoso.onmicrosoft.com"),
        BreakGlass => return format!("emergency{index}@contoso.onmicrosoft.com"),
        Guest => return format!("{}_fabrikam.com#EXT#@contoso.onmicrosoft.com", human(options.seed, index).2),
        _ => human(options.seed, index).2,
    };
    format!("{local}@contoso.com")
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
    let plans = if sign_ins { r#""AAD_PREMIUM", "EXCHANGE_S_ENTERPRISE""# } else { r#""EXCHANGE_S_STANDARD""# };
    writeln!(out, r#"{{ "formatVersion": "1.0", "capturedAt": "2026-11-20T08:00:00Z","#)?;
    writeln!(
        out,
        r#""tenant": {{"id": "{tenant}", "displayName": "Contoso", "servicePlans": [{plans}], "securityDefaultsEnabled": false,
  "domains": [{{"id": "contoso.com", "authenticationType": "Managed", "federatedIdpMfaBehavior": null}}, {{"id": "contoso.onmicrosoft.com", "authenticationType": "Managed", "federatedIdpMfaBehavior": null}}],
  "mfaServicePolicy": {{"allowAppPasswords": false, "trustedIps": [], "skipMfaForFederatedUsers": false, "rememberMfaDays": 90}},
  "authenticationMethodsPolicy": {{"policyMigrationState": "migrationComplete"}}, "operatorId": null}},"#
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

/// Writes one user and returns the object id.
fn user(options: Options, kind: Kind, index: usize, name: &str, out: &mut String) -> String {
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

/// The sign-in facts of one user.
fn signs_in(kind: Kind, random: &mut Random, out: &mut String) {
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
