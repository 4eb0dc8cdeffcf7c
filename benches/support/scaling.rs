//! What grows how: one thing four times as large, all else the same. The time of a linear part grows fourfold, that of a
//! quadratic one sixteenfold; what does not depend on it at all shows as 1.

use std::{fmt::Write as _, fs, path::Path};

use mfaplan::testing::{
    plan::Plan,
    snapshot,
    tenant::{Group, GroupId, ObservedTenant, User},
};

use super::{
    phases::{best, build, load},
    workspace,
};

/// Everybody, so that each plan has changes and findings for most users.
const EVERYBODY: &str =
    "mfa \"everybody\" {\n  state    = \"enforced\"\n  priority = -1\n  where    = user.account_enabled\n}\n";

const GUARDRAILS: &str =
    "guardrails {\n  max_changes = 2000000\n  max_change_percent = 100\n  max_downgrades = 2000000\n}\n";

/// Prints every axis.
pub(crate) fn print() {
    println!("{:32} {:>8} {:>10} {:>10} {:>8}", "", "size", "load s", "plan s", "growth");
    axis("users", [10_000, 40_000], |users, directory| {
        (users, workspace_with(directory, users, |_| EVERYBODY.to_owned()))
    });
    fixed("blocks, one user each", [2_500, 10_000], |count, tenant| {
        each(tenant, count, |number, user| {
            format!("mfa \"b{number}\" {{\n  state = \"enforced\"\n  users = [\"{}\"]\n}}\n", user.user_principal_name)
        })
    });
    fixed("names in one block", [5_000, 20_000], |count, tenant| {
        let names = each(tenant, count, |_, user| format!("    \"{}\",\n", user.user_principal_name));
        format!("mfa \"listed\" {{\n  state = \"enforced\"\n  users = [\n{names}  ]\n}}\n")
    });
    fixed("groups, one block each", [500, 2_000], |count, _| {
        (0..count).fold(String::new(), |mut text, number| {
            let _ = writeln!(text, "mfa \"g{number}\" {{\n  state = \"enforced\"\n  groups = [\"G-{number}\"]\n}}");
            text
        })
    });
    fixed("waves of one rollout", [16, 64], |count, _| {
        let mut text = String::from(
            "mfa \"waved\" {\n  state = \"enforced\"\n  where = user.account_enabled\n  rollout = \"slow\"\n}\n\
             rollout \"slow\" {\n",
        );
        for number in 1..=count {
            let percent = number as f64 * 100.0 / count as f64;
            let month = 1 + number % 12;
            let year = 2027 + number / 12;
            let _ = writeln!(
                text,
                "  wave \"w{number}\" {{\n    from = \"{year}-{month:02}-01\"\n    percent = {percent}\n  }}"
            );
        }
        text + "}\n"
    });
    fixed("accepts, one user each", [500, 2_000], |count, tenant| {
        EVERYBODY.to_owned()
            + &each(tenant, count, |_, user| {
                format!(
                    "accept \"MFA018\" {{\n  users = [\"{}\"]\n  reason = \"Known\"\n  expires = \"2027-12-31\"\n}}\n",
                    user.user_principal_name
                )
            })
    });
    fixed("own rules that always fire", [8, 32], |count, _| {
        (0..count).fold(EVERYBODY.to_owned(), |mut text, number| {
            let _ = writeln!(
                text,
                "rule \"ORG{number:03}\" {{\n  when = user.account_enabled\n  severity = \"low\"\n  message = \"It fires.\"\n}}"
            );
            text
        })
    });
    fixed("where expressions", [8, 32], |count, _| {
        (0..count).fold(EVERYBODY.to_owned(), |mut text, number| {
            let _ = writeln!(
                text,
                "mfa \"w{number}\" {{\n  state = \"enforced\"\n  where = user.department == \"D{number}\" && \
                 startswith(user.user_principal_name, \"a\")\n}}"
            );
            text
        })
    });
}

fn each(tenant: &ObservedTenant, count: usize, line: impl Fn(usize, &User) -> String) -> String {
    let people = tenant.users().iter().filter(|user| user.account_enabled == Some(true));
    people.take(count).enumerate().map(|(number, user)| line(number, user)).collect()
}

/// An axis over one tenant of 40,000 users.
fn fixed(name: &str, sizes: [usize; 2], blocks: impl Fn(usize, &ObservedTenant) -> String) {
    axis(name, sizes, |size, directory| (size, workspace_with(directory, 40_000, |tenant| blocks(size, tenant))));
}

/// Writes the configuration, and reads the tenant with as many groups as the largest axis names.
fn workspace_with(directory: &Path, users: usize, blocks: impl Fn(&ObservedTenant) -> String) -> ObservedTenant {
    let file = workspace::prepare(directory, users, true).unwrap();
    let mut tenant = snapshot::read(&file).unwrap();
    let group = |number: usize| GroupId::new(uuid::Uuid::from_u128(1 << 100 | number as u128));
    tenant.groups.extend((0..2_000).map(|number| Group {
        id: group(number),
        display_name: format!("G-{number}").into(),
        mail: None,
    }));
    tenant.update_users(|users| {
        for (number, user) in users.iter_mut().enumerate() {
            let own = user.member_of.iter().flatten().copied().chain([group(number % 2_000)]).collect();
            user.member_of = Some(own);
        }
    });
    let text = format!("{}{}{GUARDRAILS}", workspace::tenant_block(&file).unwrap(), blocks(&tenant));
    fs::write(directory.join("main.mfa.hcl"), text).unwrap();
    tenant
}

fn axis(name: &str, sizes: [usize; 2], prepare: impl Fn(usize, &Path) -> (usize, ObservedTenant)) {
    let mut before = None;
    for size in sizes {
        let directory = tempfile::tempdir().unwrap();
        let (size, tenant) = prepare(size, directory.path());
        let (loading, config) = best(|| load(directory.path()));
        let (planning, plan) = best(|| build(&config, &tenant));
        let total = loading + planning;
        let growth = before.map_or_else(String::new, |before: f64| format!("{:.1}", total / before));
        println!("{name:32} {size:8} {loading:10.4} {planning:10.4} {growth:>8}  {}", contents(&plan));
        before = Some(total);
    }
}

fn contents(plan: &Plan) -> String {
    let findings: usize = plan.changes.iter().map(|change| change.findings.len()).sum();
    format!("{} changes, {findings} findings", plan.changes.len())
}
