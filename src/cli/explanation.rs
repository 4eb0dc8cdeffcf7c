//! The text of `mfaplan explain`.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::{
    config::Config,
    desired::{self, Hold, HoldKind, ProtectionKind},
    diag::did_you_mean,
    diff::DecisionKind,
    facts::{
        Coverage, Facts, UserKind, UserView,
        recognise::{self, LastSeen},
    },
    plan::{self, Change, Plan},
    render::{self, escape::text as shown},
    risk,
    tenant::{LastSignIn, ObservedTenant, Text, User, UserIndex},
};

use super::{Context, Failure, planning};

/// What a rule is; nothing if there is no such rule.
pub(super) fn rule(id: &str) -> Option<String> {
    let id = id.to_ascii_uppercase();
    let rule = risk::registry().iter().find(|rule| rule.id == id || rule.name.eq_ignore_ascii_case(&id))?;
    let doc = &rule.doc;
    let grades: Vec<_> = rule.grades.iter().map(|grade| grade.as_str()).collect();
    let facts: Vec<_> = rule.facts.iter().map(|fact| fact.as_str()).collect();
    let mut out = String::new();
    let _ = writeln!(out, "{} {}: {}\n", rule.id, rule.name, rule.title);
    let _ = writeln!(out, "severity   {}", grades.join(" or "));
    let _ = writeln!(out, "on         {}", rule.on());
    let _ = writeln!(out, "facts      {}", if facts.is_empty() { "none".to_owned() } else { facts.join(", ") });
    let _ = writeln!(out, "accept     {}", if risk::waivable(rule.id) { "yes" } else { "no: it cannot be accepted" });
    for (title, text) in [
        ("What it means", doc.meaning),
        ("Why it matters", doc.why),
        ("Evidence", doc.evidence),
        ("What to do", doc.action),
    ] {
        if !text.is_empty() {
            let _ = writeln!(out, "\n{title}\n{}", indent(text.trim()));
        }
    }
    let _ = writeln!(out, "\nRemedy\n{}", indent(rule.remediation));
    if !doc.sources.is_empty() {
        let _ = writeln!(out, "\nSources");
        for source in doc.sources {
            let _ = writeln!(out, "  {source}\n    {}", risk::sources::address(source));
        }
    }
    let controls = risk::controls::of(rule.id);
    if !controls.is_empty() {
        let _ = writeln!(out, "\nControls");
        for control in controls {
            let _ = writeln!(out, "  {} {}: {}", control.framework.name(), control.id, control.title);
        }
    }
    Some(out)
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// Everything that decides what happens to one user.
pub(super) fn user(
    what: &str,
    config: &Config,
    observed: &ObservedTenant,
    context: &mut Context,
) -> Result<(), Failure> {
    let found = observed.meant(what);
    let Some(index) = found else {
        let names = observed.users().iter().map(|user| user.user_principal_name.as_str());
        let failure =
            Failure::new(format!("the tenant \"{}\" has no user {what}, and there is no such rule", observed.name));
        return Err(match did_you_mean(what, names) {
            Some(hint) => failure.hint(hint),
            None => failure,
        });
    };
    let facts = Facts::of(observed, &config.guardrails.signal, config.instant);
    let plan = planning::build(config, observed, planning::Targets::NONE, &[], context)?;
    let text = describe(config, observed, &facts, index, &plan);
    context.out.write_all(text.as_bytes())?;
    Ok(())
}

fn describe(config: &Config, observed: &ObservedTenant, facts: &Facts<'_>, index: UserIndex, plan: &Plan) -> String {
    let user = observed.user(index);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}  {}",
        shown(&user.user_principal_name),
        user.display_name.as_deref().map(shown).unwrap_or_default()
    );
    let _ = writeln!(out, "  id        {}", user.id);
    let _ = writeln!(out, "  state     {}", user.mfa_state);
    let found = claimants(config, observed, facts, index);
    let _ = writeln!(out, "  kind      {}", words(facts.kind(index, declared_kind(config, &found))));
    claims(&mut out, config, observed, &found, index);
    let change = plan.changes.iter().find(|change| change.user.id == user.id);
    match change {
        Some(change) => {
            outcome(&mut out, change);
            out.push_str(&render::replay::explained(plan, change.user.id));
        }
        None => {
            let why = if !found.protections.is_empty() {
                "protected"
            } else if found.mfa.is_empty() {
                "not matched by any block"
            } else {
                "already in the declared state"
            };
            let _ = writeln!(out, "\nPlan\n  no change: {why}");
        }
    }
    signal(&mut out, facts, user);
    coverage(&mut out, observed, user);
    known_facts(&mut out, observed, user, config.instant);
    super::terminal::wrapped(&out, WIDTH)
}

/// The width of the answer: it is read at a terminal, or pasted into a ticket.
const WIDTH: usize = 80;

fn words(kind: UserKind) -> String {
    kind.as_str().replace('_', " ")
}

fn claimants<'a>(
    config: &'a Config,
    observed: &'a ObservedTenant,
    facts: &Facts<'_>,
    index: UserIndex,
) -> desired::Claimants<'a> {
    let tenant_value = plan::tenant_value(config, observed);
    let view = |index: UserIndex, protection: Option<ProtectionKind>| {
        UserView::new(facts, index, protection.map(UserKind::from))
    };
    desired::claimants(config, observed, tenant_value, view, index)
}

/// The kind that the protecting blocks declare; an emergency account stays one whatever else claims the user.
fn declared_kind(config: &Config, found: &desired::Claimants<'_>) -> Option<UserKind> {
    let emergency = |declared: &&crate::config::Declared| {
        config.break_glass.iter().any(|block| block.declared.address == declared.address)
    };
    match found.protections.iter().find(|declared| emergency(declared)) {
        Some(_) => Some(UserKind::BreakGlass),
        None => (!found.protections.is_empty()).then_some(UserKind::ServiceAccount),
    }
}

fn claims(
    out: &mut String,
    config: &Config,
    observed: &ObservedTenant,
    found: &desired::Claimants<'_>,
    index: UserIndex,
) {
    let place = |declared: &crate::config::Declared| {
        let place = plan::place(config, declared);
        format!("{} ({}:{})", place.address, place.file, place.line)
    };
    let _ = writeln!(out, "\nClaimed by");
    if found.protections.is_empty() && found.mfa.is_empty() {
        let _ = writeln!(out, "  not matched by any block: unmanaged, left as is");
    }
    for declared in &found.protections {
        let _ = writeln!(out, "  {}: protected, no `mfa` block changes this user", place(declared));
        let account = config.service_accounts.iter().find(|one| one.declared.address == declared.address);
        if let Some(account) = account {
            says(out, "owner", Some(&account.owner));
            says(out, "reason", Some(&account.reason));
            says(out, "until", account.until.as_ref());
            says(out, "replacement", account.replacement.as_ref());
        }
        let emergency = config.break_glass.iter().find(|one| one.declared.address == declared.address);
        says(out, "reason", emergency.and_then(|one| one.reason.as_ref()));
    }
    let best = found.mfa.iter().map(|block| config.mfa[*block as usize].priority).fold(f64::NEG_INFINITY, f64::max);
    let mut won = !found.protections.is_empty();
    for block in &found.mfa {
        let block = &config.mfa[*block as usize];
        let verdict = if !found.protections.is_empty() {
            "left out, as the user is protected"
        } else if block.priority < best {
            "loses to a higher priority"
        } else if won {
            "wants the same; the first block declares"
        } else {
            won = true;
            "wins"
        };
        let _ = writeln!(out, "  {}: {}, priority {}: {verdict}", place(&block.declared), block.state, block.priority);
        says(out, "reason", block.reason.as_ref());
        if let Some(rollout) = &block.rollout {
            for (name, waves) in found.waves.iter().filter(|(name, _)| *name == rollout.as_str()) {
                let waves = if waves.is_empty() { "not in any wave".to_owned() } else { waves.join(", ") };
                let _ = writeln!(
                    out,
                    "    rollout {name}: {waves} (position in percentage rollouts: {:.2} %)",
                    desired::share(name, observed.user(index).id)
                );
            }
        }
    }
}

/// What ends a hold, in words.
fn lifted_by(hold: &Hold) -> &'static str {
    match hold.kind {
        HoldKind::NoWave => "applied once a wave of the rollout picks this user",
        HoldKind::Wave => "applied once the wave opens",
        HoldKind::Gate => "applied once the gate of the wave is met",
        HoldKind::BehaviourUnknown => "lifted by any of these:",
        HoldKind::Staged => "applied once the date has come or the user has registered",
    }
}

/// What a block says of itself, for reviewers.
fn says(out: &mut String, what: &str, value: Option<&Text>) {
    if let Some(value) = value {
        let _ = writeln!(out, "    {what}: {}", shown(value));
    }
}

fn outcome(out: &mut String, change: &Change) {
    let _ = writeln!(out, "\nPlan");
    let effective = if change.effective == change.after {
        String::new()
    } else {
        format!(" (becomes {}: the user has registered)", change.effective)
    };
    let _ = writeln!(out, "  {}: {} → {}{effective}", change.action, change.before, change.after);
    if let Some(hold) = change.decision.hold() {
        let until = hold.until.map(|until| format!(" until {until}")).unwrap_or_default();
        let _ = writeln!(out, "  hold{until}: {}", hold.reason);
    }
    match change.decision.kind() {
        DecisionKind::Apply => {
            let _ = writeln!(out, "  decision: apply");
        }
        DecisionKind::Hold => {
            let _ = writeln!(out, "  decision: hold; {}", change.decision.hold().map_or("", lifted_by));
            if render::words::waits_for_behaviour(change) {
                for way in render::words::KNOWN_BEHAVIOUR {
                    let _ = writeln!(out, "    {way}");
                }
            }
        }
        DecisionKind::Block => {
            let _ = writeln!(out, "  decision: block; to let it through:");
            for finding in change.blocking() {
                let accept = if risk::waivable(&finding.rule) {
                    format!("; or accept {} for this user, with a reason and an expiry date", finding.rule)
                } else {
                    String::new()
                };
                let remedy = finding.remediation.trim_end_matches('.');
                let _ = writeln!(out, "    {}: {}{accept}", finding.rule, shown(remedy));
            }
        }
    }
    if !change.findings.is_empty() {
        let _ = writeln!(out, "\nFindings");
    }
    for finding in &change.findings {
        let accepted =
            finding.accepted.as_ref().map(|by| format!(" (accepted by {} until {})", by.address, by.expires));
        let _ = writeln!(
            out,
            "  {:<8} {} {}: {}{}",
            finding.severity.as_str(),
            finding.rule,
            finding.name,
            shown(&finding.message),
            accepted.unwrap_or_default()
        );
        for evidence in &finding.evidence {
            let mut value = String::new();
            render::words::push_value(&mut value, &evidence.value);
            let _ = writeln!(out, "           {}: {}", evidence.fact, shown(&value));
        }
    }
}

fn signal(out: &mut String, facts: &Facts<'_>, user: &User) {
    let signal = facts.signal(user);
    let _ = writeln!(out, "\nService account signal: {} of 100", signal.score);
    for line in &signal.lines {
        let _ = writeln!(out, "  {:>+4}  {}", line.points(), shown(&line.to_string()));
    }
}

fn coverage(out: &mut String, observed: &ObservedTenant, user: &User) {
    let _ = writeln!(out, "\nConditional Access");
    let coverage = crate::facts::CompiledPolicies::new(observed).coverage(user);
    let _ = match &coverage {
        Coverage::Full { policies, together } => {
            let names: Vec<_> = policies.iter().map(|name| shown(name)).collect();
            let joined = if *together { " (together)" } else { "" };
            writeln!(out, "  requires MFA for every sign-in: {}{joined}", names.join(", "))
        }
        Coverage::Partial { open: Some(open), .. } => {
            writeln!(out, "  requires MFA for some sign-ins only; left open: {}", shown(&open.to_string()))
        }
        Coverage::Partial { open: None, .. } => writeln!(out, "  requires MFA for some sign-ins only"),
        Coverage::None { .. } => writeln!(out, "  does not require MFA at sign-in"),
        Coverage::Unknown { fact, .. } => writeln!(out, "  not known: {fact} is missing"),
    };
    for gap in coverage.gaps() {
        let _ = writeln!(out, "  {}", shown(&gap.to_string()));
    }
}

fn known_facts(out: &mut String, observed: &ObservedTenant, user: &User, instant: Timestamp) {
    let _ = writeln!(out, "\nFacts");
    let yes_no = |known: Option<bool>| match known {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => "unknown".to_owned(),
    };
    let list = |items: Option<Vec<String>>| match items {
        None => "unknown".to_owned(),
        Some(items) if items.is_empty() => "none".to_owned(),
        Some(items) => shown(&items.join(", ")).into_owned(),
    };
    // Counts alone say that somebody signed in, and not when.
    let last = match recognise::last_sign_in(user, instant) {
        LastSeen::At(_) if user.last_sign_in == LastSignIn::Unknown => "within the window".to_owned(),
        last => last.to_string(),
    };
    let texts = |texts: &Option<Box<[crate::tenant::Text]>>| {
        texts.as_ref().map(|texts| texts.iter().map(ToString::to_string).collect())
    };
    let roles = user.directory_roles.as_ref().map(|roles| {
        roles
            .iter()
            .map(|role| format!("{}{}", role.display_name, if role.permanent { "" } else { " (eligible)" }))
            .collect()
    });
    let legacy = user
        .sign_ins
        .as_ref()
        .and_then(|log| log.legacy.as_ref())
        .map(|legacy| legacy.iter().map(|one| format!("{} {}", one.protocol, one.count)).collect::<Vec<_>>());
    for (name, value) in [
        ("account enabled", yes_no(user.account_enabled)),
        ("registered", yes_no(user.registered)),
        ("MFA capable", yes_no(user.mfa_capable)),
        ("methods", list(texts(&user.methods))),
        ("licences", list(texts(&user.licenses))),
        ("roles", list(roles)),
        ("last sign-in", last),
        ("legacy sign-ins", list(legacy)),
    ] {
        let _ = writeln!(out, "  {name:<16} {value}");
    }
    for one in &observed.unavailable {
        let _ = writeln!(out, "  not available    {}: {}", one.fact, shown(&one.reason));
    }
}
