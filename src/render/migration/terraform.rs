//! `conditional_access.tf`, for the provider hashicorp/azuread, in the layout of `terraform fmt`.

use std::fmt::Write as _;

use super::Written;
use crate::{
    migrate::{ADMINISTRATORS, Account, BLOCK_LEGACY, PHISHING_RESISTANT, REQUIRE_MFA, ROLES},
    render::escape,
};

const FRAME: &str = r#"
terraform {
  required_providers {
    azuread = {
      source  = "hashicorp/azuread"
      version = "~> 3.9"
    }
  }
}
"#;

/// The variables that say whether a policy is in force: name, what is said above it, description.
const STATES: [(&str, &str, &str); 2] = [
    (
        "conditional_access_state",
        "Report-only first: look at the sign-in logs for a week, then say \"enabled\".",
        "State of the policies that ask for MFA and that keep legacy clients out.",
    ),
    (
        "admin_strength_state",
        "Enabled only once every administrator has a security key, a passkey, Windows Hello for Business or a certificate.",
        "State of the policy that asks administrators for phishing-resistant MFA.",
    ),
];

/// The policies.
#[must_use]
pub(crate) fn write(written: &Written<'_>) -> String {
    let Written { migration, waves: _, losses: _, tenant, label: _ } = *written;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "# {}: Conditional Access in place of per-user MFA. MIGRATION.md has the order of the steps.",
        escape::text(&tenant.name)
    );
    out.push_str(FRAME);
    for (name, comment, description) in STATES {
        let _ = write!(
            out,
            "
# {comment}
variable \"{name}\" {{
  description = \"{description}\"
  type        = string
  default     = \"enabledForReportingButNotEnforced\"

  validation {{
    condition     = contains([\"disabled\", \"enabledForReportingButNotEnforced\", \"enabled\"], var.{name})
    error_message = \"The state is disabled, enabledForReportingButNotEnforced or enabled.\"
  }}
}}
"
        );
    }
    out.push_str("\nlocals {\n  # Emergency accounts: no policy may lock them out.\n");
    list(&mut out, "emergency_accounts", migration.emergency.iter().map(account));
    out.push_str("\n  # Declared workloads: they cannot answer when they are asked.\n");
    list(&mut out, "workloads", migration.workloads.iter().map(|one| account(&one.account)));
    out.push_str("\n  # Those of them that sign in by legacy protocols.\n");
    let legacy = migration.workloads.iter().filter(|one| one.legacy == Some(true));
    list(&mut out, "legacy_workloads", legacy.map(|one| account(&one.account)));
    out.push_str("\n  # The roles of Microsoft's template for administrators.\n");
    list(&mut out, "administrator_roles", ROLES.iter().map(|(id, name)| (id.to_string(), (*name).to_owned())));
    out.push_str("}\n");
    let built_in = |control: &str| format!("    operator          = \"OR\"\n    built_in_controls = [\"{control}\"]\n");
    let strength = format!(
        "    operator                          = \"OR\"\n    authentication_strength_policy_id = \
         \"/policies/authenticationStrengthPolicies/{PHISHING_RESISTANT}\"\n"
    );
    for one in [
        Resource {
            label: "require_mfa",
            name: REQUIRE_MFA,
            state: "conditional_access_state",
            clients: "[\"all\"]",
            included: "included_users = [\"All\"]",
            excluded: "concat(local.emergency_accounts, local.workloads)",
            grant: built_in("mfa"),
        },
        Resource {
            label: "block_legacy",
            name: BLOCK_LEGACY,
            state: "conditional_access_state",
            clients: "[\"exchangeActiveSync\", \"other\"]",
            included: "included_users = [\"All\"]",
            excluded: "concat(local.emergency_accounts, local.legacy_workloads)",
            grant: built_in("block"),
        },
        Resource {
            label: "admins_phishing_resistant",
            name: ADMINISTRATORS,
            state: "admin_strength_state",
            clients: "[\"all\"]",
            included: "included_roles = local.administrator_roles",
            excluded: "concat(local.emergency_accounts, local.workloads)",
            grant: strength,
        },
    ] {
        one.write(&mut out);
    }
    out
}

struct Resource<'a> {
    label: &'a str,
    name: &'a str,
    /// The variable of its state.
    state: &'a str,
    clients: &'a str,
    included: &'a str,
    excluded: &'a str,
    grant: String,
}

impl Resource<'_> {
    fn write(&self, out: &mut String) {
        let Self { label, name, state, clients, included, excluded, grant } = self;
        let _ = write!(
            out,
            "\nresource \"azuread_conditional_access_policy\" \"{label}\" {{\n  \
               display_name = \"{name}\"\n  state        = var.{state}\n\n  \
               conditions {{\n    client_app_types = {clients}\n\n    \
                 applications {{\n      included_applications = [\"All\"]\n    }}\n\n    \
                 users {{\n      {included}\n      excluded_users = {excluded}\n    }}\n  }}\n\n  \
               grant_controls {{\n{grant}  }}\n}}\n"
        );
    }
}

fn account(account: &Account) -> (String, String) {
    (account.id.to_string(), account.user_principal_name.to_string())
}

/// A list of ids, each with its name.
fn list(out: &mut String, name: &str, items: impl Iterator<Item = (String, String)>) {
    let items: Vec<_> = items.collect();
    if items.is_empty() {
        let _ = writeln!(out, "  {name} = []");
        return;
    }
    let _ = writeln!(out, "  {name} = [");
    for (id, comment) in &items {
        let _ = writeln!(out, "    \"{id}\", # {}", escape::text(comment));
    }
    out.push_str("  ]\n");
}
