//! Everybody, one line a user: who has which state, who is to have which, and why not. For spreadsheets and audits.

use std::{borrow::Cow, collections::HashMap, fmt, io, io::Write, str::FromStr};

use super::escape;
use crate::{
    facts::Facts,
    plan::{Bystander, Change, ChangeUser, Claimed, Plan, PlanBlock, file::user_id_text},
    tenant::{ObservedTenant, UserIndex},
};

macro_rules! columns {
    ($($(#[$meta:meta])* $name:ident = $text:literal,)*) => {
        /// What a line says of a user.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Column {
            $($(#[$meta])* $name,)*
        }

        impl Column {
            /// Every column, in the order of a whole line.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// The head of the column, and its name on the command line.
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

columns! {
    /// Sign-in name.
    UserPrincipalName = "user_principal_name",
    /// Display name.
    DisplayName = "display_name",
    /// Object id.
    Id = "id",
    /// The state they have.
    State = "state",
    /// The state a block declares.
    Desired = "desired",
    /// `apply`, `hold`, `block`, `unchanged`, `protected` or `unmanaged`.
    Decision = "decision",
    /// Have they registered for MFA?
    Registered = "registered",
    /// The methods, where the tenant is at hand.
    Methods = "methods",
    /// What kind of account.
    Kind = "kind",
    /// The department, where the tenant is at hand.
    Department = "department",
    /// The manager's sign-in name, where it was read.
    Manager = "manager",
    /// The block that protects them.
    ProtectedBy = "protected_by",
    /// The block's owner.
    Owner = "owner",
    /// Why they wait, or the block's reason.
    Reason = "reason",
    /// Until when they wait, or the block's date.
    Until = "until",
    /// The worst finding that nobody accepted.
    WorstFinding = "worst_finding",
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Column {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(())
    }
}

/// One line. Empty = not known, or not applicable.
#[derive(Default)]
struct Line<'a> {
    user_principal_name: &'a str,
    display_name: &'a str,
    id: String,
    state: &'a str,
    desired: &'a str,
    decision: &'a str,
    registered: &'a str,
    methods: String,
    kind: &'a str,
    department: &'a str,
    manager: &'a str,
    protected_by: &'a str,
    owner: &'a str,
    reason: &'a str,
    until: String,
    worst_finding: String,
}

impl Line<'_> {
    fn cell(&self, column: Column) -> Cow<'_, str> {
        match column {
            Column::UserPrincipalName => escape::csv(self.user_principal_name),
            Column::DisplayName => escape::csv(self.display_name),
            Column::Id => (&*self.id).into(),
            Column::State => escape::csv(self.state),
            Column::Desired => self.desired.into(),
            Column::Decision => self.decision.into(),
            Column::Registered => self.registered.into(),
            Column::Methods => escape::csv(&self.methods),
            Column::Kind => self.kind.into(),
            Column::Department => escape::csv(self.department),
            Column::Manager => escape::csv(self.manager),
            Column::ProtectedBy => escape::csv(self.protected_by),
            Column::Owner => escape::csv(self.owner),
            Column::Reason => escape::csv(self.reason),
            Column::Until => escape::csv(&self.until),
            Column::WorstFinding => (&*self.worst_finding).into(),
        }
    }
}

/// Writes the head line and everybody the plan knows, by name.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write_plan(plan: &Plan, columns: &[Column], out: &mut dyn Write) -> io::Result<()> {
    let mut lines: Vec<(&ChangeUser, Listed<'_>)> =
        plan.changes.iter().map(|one| (&one.user, Listed::Change(one))).collect();
    lines.extend(plan.others.iter().map(|one| (&one.user, Listed::Other(one))));
    lines.sort_by_cached_key(|(user, _)| (user.user_principal_name.to_lowercase(), user.id));
    let blocks = plan.blocks.iter().map(|block| (&*block.place.address, block)).collect();
    let mut csv = head(columns, out)?;
    for (user, listed) in lines {
        let line = match listed {
            Listed::Change(change) => of_change(user, change, &blocks),
            Listed::Other(other) => of_other(user, other, plan),
        };
        record(&line, columns, &mut csv)?;
    }
    csv.flush()
}

/// Writes the head line and every user of a tenant, in its order.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write_tenant(
    tenant: &ObservedTenant,
    facts: &Facts<'_>,
    columns: &[Column],
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut csv = head(columns, out)?;
    for (at, user) in tenant.users().iter().enumerate() {
        let line = Line {
            user_principal_name: &user.user_principal_name,
            display_name: user.display_name.as_deref().unwrap_or_default(),
            id: user_id_text(user.id),
            state: user.mfa_state.as_str(),
            registered: yes_no(user.registered),
            methods: user.methods.as_deref().unwrap_or_default().join("; "),
            kind: facts.kind(UserIndex(at as u32), None).as_str(),
            department: user.department.as_deref().unwrap_or_default(),
            manager: user.manager().map_or("", |name| name.as_str()),
            ..Line::default()
        };
        record(&line, columns, &mut csv)?;
    }
    csv.flush()
}

enum Listed<'a> {
    Change(&'a Change),
    Other(&'a Bystander),
}

fn head<'a>(columns: &[Column], out: &'a mut dyn Write) -> io::Result<csv::Writer<&'a mut dyn Write>> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(columns.iter().map(|column| column.as_str()))?;
    Ok(csv)
}

fn record(line: &Line<'_>, columns: &[Column], csv: &mut csv::Writer<&mut dyn Write>) -> io::Result<()> {
    for column in columns {
        csv.write_field(line.cell(*column).as_bytes())?;
    }
    csv.write_record(None::<&[u8]>)?;
    Ok(())
}

const fn yes_no(fact: Option<bool>) -> &'static str {
    match fact {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    }
}

fn of_user(user: &ChangeUser) -> Line<'_> {
    let ChangeUser { id, user_principal_name, display_name, kind, registered } = user;
    Line {
        user_principal_name,
        display_name: display_name.as_deref().unwrap_or_default(),
        id: user_id_text(*id),
        kind: kind.as_str(),
        registered: yes_no(*registered),
        ..Line::default()
    }
}

fn of_change<'a>(user: &'a ChangeUser, change: &'a Change, blocks: &HashMap<&'a str, &'a PlanBlock>) -> Line<'a> {
    let block = change.declared_by.as_ref().and_then(|place| blocks.get(&*place.address));
    let worst = change.findings.iter().find(|one| one.accepted.is_none());
    let mut line = Line {
        state: change.before.as_str(),
        desired: change.after.as_str(),
        decision: change.decision.as_str(),
        worst_finding: worst.map_or_else(String::new, |one| format!("{} {}", one.rule, one.severity)),
        ..of_user(user)
    };
    if let Some(block) = block {
        of_block(block, &mut line);
    }
    if let Some(hold) = change.decision.hold() {
        line.reason = &hold.reason;
        line.until = hold.until.map_or_else(String::new, super::words::date);
    }
    line
}

fn of_other<'a>(user: &'a ChangeUser, other: &'a Bystander, plan: &'a Plan) -> Line<'a> {
    let Bystander { user: _, state, claim } = other;
    let mut line = Line { state: state.as_str(), ..of_user(user) };
    let block = claim.block().and_then(|at| plan.blocks.get(at as usize));
    if let Some(block) = block {
        of_block(block, &mut line);
    }
    match claim {
        Claimed::Unmanaged => line.decision = "unmanaged",
        Claimed::Declared(_, desired) => {
            line.desired = desired.as_str();
            line.decision = "unchanged";
        }
        Claimed::Protected(_) => {
            line.decision = "protected";
            line.protected_by = block.map_or("", |block| &block.place.address);
        }
    }
    line
}

fn of_block<'a>(block: &'a PlanBlock, line: &mut Line<'a>) {
    let PlanBlock { place: _, kind: _, owner, reason, until, replacement: _ } = block;
    line.owner = owner.as_deref().unwrap_or_default();
    line.reason = reason.as_deref().unwrap_or_default();
    line.until = until.as_deref().unwrap_or_default().to_owned();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::sample;

    fn lines(plan: &Plan, columns: &[Column]) -> Vec<Vec<String>> {
        let mut out = Vec::new();
        write_plan(plan, columns, &mut out).unwrap();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&*out);
        reader.records().map(|one| one.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn everybody_has_one_line_with_every_column() {
        let plan = sample();
        let all = lines(&plan, Column::ALL);
        assert_eq!(all.len(), 1 + plan.changes.len() + plan.others.len());
        assert_eq!(all[0], Column::ALL.iter().map(|column| column.as_str().to_owned()).collect::<Vec<_>>());
        assert!(all.iter().all(|line| line.len() == 16));
        let held = all.iter().find(|line| line[0] == "p.novak@contoso.com").unwrap();
        assert_eq!((held[5].as_str(), held[14].as_str()), ("hold", "2026-12-01"));
    }

    #[test]
    fn columns_are_chosen_and_ordered() {
        let plan = sample();
        let two = lines(&plan, &[Column::WorstFinding, Column::UserPrincipalName]);
        assert_eq!(two[0], ["worst_finding", "user_principal_name"]);
        assert!(two.iter().any(|line| line[0] == "MFA006 critical" && line[1] == "scan-hq@contoso.com"), "{two:?}");
    }

    #[test]
    fn names_are_no_formulas() {
        let mut plan = sample();
        plan.changes[0].user.display_name = Some("=1+1".into());
        plan.changes[0].user.user_principal_name = "+a@contoso.com".into();
        let text = format!("{:?}", lines(&plan, Column::ALL));
        assert!(text.contains("'=1+1") && text.contains("'+a@contoso.com"), "{text}");
    }
}
