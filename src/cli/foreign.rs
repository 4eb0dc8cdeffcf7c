//! Commands of Terraform that this program has not: what is here instead. "Unrecognized subcommand" alone would leave
//! somebody who knows the other tool to search a list.

/// The command, and what does its work here.
const INSTEAD: [(&str, &str); 16] = [
    (
        "destroy",
        "nothing is destroyed: `mfaplan rollback RUN` restores the states before a run; to turn MFA off, declare `state = \"disabled\"`",
    ),
    (
        "state",
        "there is no state file: the tenant is the only source of truth. `mfaplan show tenant.json` and `mfaplan explain USER` show what is there",
    ),
    ("refresh", "every plan reads the tenant anew; `mfaplan verify` compares it with the configuration"),
    (
        "import",
        "a user is managed as soon as a block claims them; `mfaplan init --from-tenant` writes the blocks for what is there",
    ),
    ("output", "outputs are part of the plan: `mfaplan plan --json`, member `outputs`"),
    (
        "graph",
        "blocks do not depend on each other; `mfaplan explain USER` shows which blocks claim a user, and which wins",
    ),
    ("workspace", "one directory is one tenant; use a directory for each tenant (`mfaplan --chdir DIR`)"),
    ("providers", "there are no providers to install; `mfaplan login` shows who is signed in"),
    ("get", "there are no modules to install; shared protection and guardrails go into a policy directory (--policy)"),
    ("taint", "nothing is created anew; `mfaplan plan` shows whose state is not as declared"),
    ("untaint", "nothing is created anew; `mfaplan plan` shows whose state is not as declared"),
    ("force-unlock", "the error about the lock says who holds it, and how to remove it"),
    ("metadata", "the functions are in docs/language/functions.md; an editor gets everything by `mfaplan lsp`"),
    ("modules", "there are no modules to list; `mfaplan validate` checks the files of this directory"),
    ("version", "mfaplan --version"),
    ("help", "mfaplan --help, or mfaplan COMMAND --help"),
];

/// What to use instead of a command of Terraform.
pub(super) fn instead_of(command: &str) -> Option<&'static str> {
    INSTEAD.iter().find(|(name, _)| *name == command).map(|(_, instead)| *instead)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    /// The main commands and "all other commands" of `terraform -help` (1.11), "CLI Commands Overview",
    /// <https://developer.hashicorp.com/terraform/cli/commands>.
    const TERRAFORM: [&str; 24] = [
        "init",
        "validate",
        "plan",
        "apply",
        "destroy",
        "console",
        "fmt",
        "force-unlock",
        "get",
        "graph",
        "import",
        "login",
        "logout",
        "metadata",
        "modules",
        "output",
        "providers",
        "refresh",
        "show",
        "state",
        "taint",
        "test",
        "untaint",
        "workspace",
    ];

    #[test]
    fn every_command_of_terraform_is_here_or_has_a_pointer() {
        let ours = Cli::command();
        for name in TERRAFORM.into_iter().chain(["version", "help"]) {
            let is_ours = ours.find_subcommand(name).is_some();
            assert_ne!(is_ours, instead_of(name).is_some(), "{name}");
        }
    }

    /// A pointer that names a command of ours names one that exists.
    #[test]
    fn the_pointers_lead_somewhere() {
        let ours = Cli::command();
        for (name, instead) in INSTEAD {
            for command in instead.split("mfaplan ").skip(1).filter_map(|rest| rest.split([' ', '`']).next()) {
                let is_command =
                    command.starts_with('-') || command == "COMMAND" || ours.find_subcommand(command).is_some();
                assert!(is_command, "{name}: {command}");
            }
        }
    }
}
