//! `plan --timeline`: one line per date on which something opens.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use crate::{
    assumed::AssumedPolicies,
    config::Config,
    desired::Desired,
    facts::deadlines::{self, Deadline},
    plan::Plan,
    readiness,
    render::words,
    severity::Severity,
    tenant::{MfaState, ObservedTenant, Policy, PolicyState, UserId},
};

use super::{
    Context, Failure, load,
    planning::{self, PlanArgs, Planned},
};

/// Plans anew as of every date of the rollouts and stages that is still to come, from the same facts. Each date is judged
/// by what it brings itself: whatever was due before counts as applied, as it will be by then.
pub(super) fn show(planned: &mut Planned, args: &PlanArgs, context: &mut Context) -> Result<(), Failure> {
    let now = planned.config.instant;
    let mut dates: BTreeSet<Timestamp> = BTreeSet::new();
    for wave in planned.config.rollouts.values().flat_map(|rollout| &rollout.waves) {
        dates.insert(wave.from);
    }
    dates.extend(planned.config.mfa.iter().filter_map(|block| block.staged_until));
    dates.retain(|date| *date > now);
    let coming: Vec<(&Deadline, String)> = deadlines::all()
        .iter()
        .filter(|one| !one.is_past(now))
        .filter_map(|one| Some((*one, concern(one, &planned.observed)?)))
        .collect();
    let mut coming = coming.into_iter().peekable();

    if let Some(assumed) = planned.plan.assumed.as_ref().and_then(AssumedPolicies::sentence) {
        writeln!(context.out, "This timeline {assumed}.")?;
    }
    writeln!(
        context.out,
        "{:<12} {:>7} {:>7} {:>7}  {:<22} opens",
        "as of", "apply", "hold", "block", "worst findings"
    )?;
    line("now", &planned.plan, "", context)?;
    let mut unknown = behaviour_unknown(&planned.plan);
    applied(&planned.plan, &mut planned.observed);
    let as_of = context.global.as_of;
    for date in dates {
        while let Some((deadline, concern)) = coming.next_if(|(one, _)| one.instant() < date) {
            retires(deadline, &concern, context)?;
        }
        context.global.as_of = Some(date);
        let quiet = std::mem::replace(&mut context.global.quiet, true);
        let plan = load::config(&args.config, context).and_then(|config| {
            let waivers = planning::waivers(&config, &args.waivers, args.reason.as_deref())?;
            let built = planning::built_on(
                planned.assumed.as_ref(),
                &config,
                &planned.observed,
                planning::Targets { names: &args.targets, undeclared: crate::cli::Exit::Error },
                &waivers,
                context,
            )?;
            let closed = closed(&built.desired, date);
            Ok((built.plan, opens(&config, date), closed))
        });
        context.global.quiet = quiet;
        context.global.as_of = as_of;
        let (plan, opens, closed) = plan?;
        line(&date.strftime("%Y-%m-%d").to_string(), &plan, &opens, context)?;
        for wave in closed {
            writeln!(context.out, "{:<12} {wave}", "")?;
        }
        unknown = behaviour_unknown(&plan);
        applied(&plan, &mut planned.observed);
    }
    for (deadline, concern) in coming {
        retires(deadline, &concern, context)?;
    }
    if unknown > 0 {
        writeln!(
            context.out,
            "{} on hold without a date: behaviour unknown. What lifts it:\n  {}",
            words::count(unknown, "user"),
            words::KNOWN_BEHAVIOUR.join("\n  ")
        )?;
    }
    Ok(())
}

/// How many wait until it is known how they sign in: no date opens these.
fn behaviour_unknown(plan: &Plan) -> u64 {
    plan.changes.iter().filter(|change| words::waits_for_behaviour(change)).count() as u64
}

/// Brings the tenant to where an apply of this plan leaves it.
fn applied(plan: &Plan, observed: &mut ObservedTenant) {
    let after: HashMap<UserId, MfaState> = plan.applicable().map(|change| (change.user.id, change.effective)).collect();
    observed.update_users(|users| {
        for user in users {
            if let Some(state) = after.get(&user.id) {
                user.mfa_state = (*state).into();
            }
        }
    });
}

fn opens(config: &Config, date: Timestamp) -> String {
    let mut names = Vec::new();
    for (rollout, wave) in config.rollouts.values().flat_map(|one| one.waves.iter().map(move |wave| (one, wave))) {
        if wave.from == date {
            names.push(format!("{}.{}", rollout.name, wave.name));
        }
    }
    let staged = config.mfa.iter().filter(|block| block.staged_until == Some(date));
    names.extend(staged.map(|block| format!("{} (staged)", block.declared.address)));
    names.join(", ")
}

/// The waves of this date that their gates keep closed by the facts of today. When they will open cannot be known.
fn closed(desired: &Desired, date: Timestamp) -> Vec<String> {
    let due = desired.waves.iter().filter(|wave| wave.from == date);
    due.filter_map(|wave| {
        let figure = wave.closed.as_ref()?;
        Some(format!("{}.{} stays closed: gate {figure}", wave.rollout, wave.name))
    })
    .collect()
}

/// What a date of the service means here: nothing where it is known to concern nobody.
fn concern(deadline: &Deadline, tenant: &ObservedTenant) -> Option<String> {
    if deadline.ends_phones() {
        let users = readiness::ending(tenant).get(&deadline.from).copied()?;
        let has = if users == 1 { "has" } else { "have" };
        return Some(format!("{} {has} no other method", words::count(users, "user")));
    }
    if deadline.ends_custom_controls() {
        let Some(policies) = &tenant.conditional_access else {
            return Some("whether a policy uses one is unknown".to_owned());
        };
        let uses = |policy: &&Policy| {
            policy.state == PolicyState::Enabled
                && policy.grant_controls.iter().any(|one| !one.custom_authentication_factors.is_empty())
        };
        let count = policies.iter().filter(uses).count() as u64;
        let uses = if count == 1 { "policy uses" } else { "policies use" };
        return (count > 0).then(|| format!("{count} {uses} one"));
    }
    let users = tenant.users();
    let logs = || users.iter().filter_map(|user| user.sign_ins.as_deref()?.legacy.as_deref());
    let count = logs().filter(|log| log.iter().any(|one| one.count > 0 && deadline.ends(&one.protocol))).count() as u64;
    match count {
        0 if logs().count() == users.len() => None,
        0 => Some("who still signs in so is not known of everybody".to_owned()),
        _ => Some(format!("{} still {} in so", words::count(count, "user"), if count == 1 { "signs" } else { "sign" })),
    }
}

/// A date of the service, with whom it concerns.
fn retires(deadline: &Deadline, concern: &str, context: &mut Context) -> Result<(), Failure> {
    writeln!(context.out, "{:<12} deadline {}: {concern}", deadline.from.to_string(), deadline.id)?;
    Ok(())
}

fn line(label: &str, plan: &Plan, opens: &str, context: &mut Context) -> Result<(), Failure> {
    let summary = &plan.summary;
    let findings = &summary.findings;
    let worst: Vec<String> =
        [(Severity::Critical, findings.critical), (Severity::High, findings.high), (Severity::Medium, findings.medium)]
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .take(2)
            .map(|(severity, count)| format!("{count} {severity}"))
            .collect();
    let refused = if plan.is_refused() { " (refused)" } else { "" };
    let text = format!(
        "{label:<12} {:>7} {:>7} {:>7}  {:<22} {opens}{refused}",
        summary.applied(),
        summary.hold,
        summary.block,
        worst.join(", ")
    );
    writeln!(context.out, "{}", text.trim_end())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::concern;
    use crate::{
        facts::deadlines,
        tenant::{
            GrantControls, LegacySignIns, ObservedTenant, Policy, PolicyState, SignIns, Source, TenantId, User, UserId,
        },
    };

    fn user(number: u128, methods: &[&str], legacy: Option<&[&str]>) -> User {
        let id = UserId::new(Uuid::from_u128(number));
        let mut user =
            User::new(id, format!("user{number}@contoso.com").into(), crate::tenant::MfaState::Disabled.into());
        user.account_enabled = Some(true);
        user.registered = Some(true);
        user.mfa_capable = Some(true);
        user.methods = Some(methods.iter().map(|one| (*one).into()).collect());
        user.sign_ins = legacy.map(|protocols| {
            let row = |protocol: &&str| LegacySignIns {
                protocol: (*protocol).into(),
                count: 2,
                last: None,
                distinct_ips: None,
            };
            Box::new(SignIns { legacy: Some(protocols.iter().map(row).collect()), ..SignIns::default() })
        });
        user
    }

    fn said(users: Vec<User>, policies: Option<Vec<Policy>>) -> Vec<String> {
        let (id, now) = (TenantId::new(Uuid::nil()), Timestamp::UNIX_EPOCH);
        let mut tenant = ObservedTenant::new(id, "Contoso".into(), Source::Snapshot, now, users);
        tenant.conditional_access = policies;
        let rows = deadlines::all().iter().filter(|row| row.from.year() >= 2026 && row.id != "ews_blocked");
        rows.filter_map(|row| Some(format!("{}: {}", row.id, concern(row, &tenant)?))).collect()
    }

    #[test]
    fn a_date_is_told_with_whom_it_concerns_or_not_at_all() {
        let passkey = &["fido2SecurityKey"][..];
        assert_eq!(said(vec![user(1, passkey, Some(&[]))], Some(Vec::new())), Vec::<String>::new());
        let users = vec![
            user(1, &["mobilePhone"], Some(&["Authenticated SMTP", "IMAP4"])),
            user(2, passkey, Some(&["Exchange Web Services"])),
            user(3, passkey, Some(&["SMTP"])),
        ];
        let mut custom = crate::risk::testing_policies::policy("Third party");
        custom.grant_controls =
            Some(GrantControls { custom_authentication_factors: vec!["Duo".into()], ..GrantControls::default() });
        let mut off = custom.clone();
        off.state = PolicyState::Disabled;
        let expected = [
            "smtp_auth: 2 users still sign in so",
            "custom_controls: 1 policy uses one",
            "sms_voice: 1 user has no other method",
            "ews_gone: 1 user still signs in so",
        ];
        assert_eq!(said(users, Some(vec![custom, off])), expected);
    }

    #[test]
    fn what_nobody_knows_is_told_as_that() {
        let users = vec![user(1, &["fido2SecurityKey"], None)];
        let expected = [
            "smtp_auth: who still signs in so is not known of everybody",
            "custom_controls: whether a policy uses one is unknown",
            "ews_gone: who still signs in so is not known of everybody",
        ];
        assert_eq!(said(users, None), expected);
    }
}
