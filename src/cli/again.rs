//! Commands that are printed to be run: with the flags that made this one find its configuration and its tenant, so
//! that they work as printed.

use std::path::Path;

use crate::{
    config::{Assignment, Config},
    eval::Value,
    render::Flags,
};

use super::{
    Context,
    load::{ConfigArgs, TenantArgs},
    planning::PlanArgs,
};

/// The flags to repeat, each with a space in front. The value of a sensitive variable is left to be filled in: hints end in
/// logs.
pub(super) fn flags(loaded: &Config, config: &ConfigArgs, tenant: &TenantArgs, context: &Context) -> String {
    let variable = |assignment: &str| match assignment.split_once('=') {
        Some((name, _)) if is_secret(loaded, name.trim()) => format!("{name}=…"),
        _ => assignment.to_owned(),
    };
    let Flags { chdir, configuration, limits } = all(config, tenant, variable, context);
    chdir.iter().chain(&configuration).chain(&limits).map(|flag| format!(" {flag}")).collect()
}

fn is_secret(config: &Config, variable: &str) -> bool {
    config.var.get(variable).is_none_or(Value::contains_sensitive)
}

/// The flags to repeat where a plan was made with these.
pub(super) fn of_plan(args: &PlanArgs, context: &Context) -> Flags {
    let mut flags = of(&args.config, &args.tenant, context);
    let mut add = |name: &str, value: &str| flags.limits.push(format!("{name} {}", quoted(value)));
    args.targets.iter().for_each(|target| add("--target", target));
    args.waivers.iter().for_each(|waiver| add("--waive", waiver));
    args.reason.iter().for_each(|reason| add("--reason", reason));
    if let Some(as_of) = context.global.as_of {
        add("--as-of", &as_of.to_string());
    }
    flags
}

/// The flags by which the configuration and the tenant are found again. A plan is shown to many, and a variable may be
/// secret: its value is left to be filled in.
pub(super) fn of(config: &ConfigArgs, tenant: &TenantArgs, context: &Context) -> Flags {
    let named = |assignment: &str| format!("{}=…", assignment.split('=').next().unwrap_or_default());
    all(config, tenant, named, context)
}

fn all(config: &ConfigArgs, tenant: &TenantArgs, variable: impl Fn(&str) -> String, context: &Context) -> Flags {
    let mut flags = Vec::new();
    let mut add = |name: &str, value: &str| flags.push(format!("{name} {}", quoted(value)));
    let path = |path: &Path| path.display().to_string();
    if let Some(dir) = &context.global.policy {
        add("--policy", &path(dir));
    }
    for dir in &config.allow_files {
        add("--allow-files", &path(dir));
    }
    for one in &config.assignments.0 {
        match one {
            Assignment::Value(var) => add("--var", &variable(var)),
            Assignment::File(file) => add("--var-file", &path(file)),
        }
    }
    if let Some(file) = &tenant.snapshot {
        add("--snapshot", &path(file));
    }
    if let Some(mode) = tenant.sign_ins {
        add("--sign-ins", mode.as_str());
    }
    let chdir = context.global.chdir.as_ref().map(|dir| format!("--chdir {}", quoted(&path(dir))));
    Flags { chdir, configuration: flags, limits: Vec::new() }
}

/// A word of a POSIX shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@%+,…".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_read_otherwise_is_quoted() {
        assert_eq!(quoted("a/b.json"), "a/b.json");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
