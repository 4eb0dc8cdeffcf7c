use serde_json::json;

use super::redact_observed;
use crate::{
    diff::Decision,
    plan::{Plan, file},
    render::{Format, Options, testing::*},
    risk::Evidence,
    tenant::{Source, User},
};

/// Every identifier of everybody in the plan, in the lower case in which outputs are searched.
fn identifiers(plan: &Plan) -> Vec<String> {
    let users = plan.changes.iter().map(|c| (&c.user.id, &c.user.user_principal_name, &c.user.display_name));
    let others = plan.findings.iter().filter_map(|f| f.user.as_ref());
    let others = others.map(|user| (&user.id, &user.user_principal_name, &user.display_name));
    let mut all = vec![plan.tenant.name.to_lowercase(), plan.tenant.id.to_string(), "@".to_owned()];
    for (id, upn, name) in users.chain(others) {
        all.extend([id.to_string(), upn.to_lowercase()]);
        all.extend(name.as_ref().map(|name| name.to_lowercase()));
    }
    all
}

/// A plan in which names turn up in every text there is.
fn talkative() -> Plan {
    let mut plan = refused();
    let who = "Jane Doe <JDOE@contoso.com> of Contoso";
    let id = plan.changes[0].user.id;
    plan.notes.push(format!("{who}: {id}, {} and other.person@fabrikam.com", plan.tenant.id));
    plan.refused[0].reason = who.into();
    plan.refused[0].remedy = who.into();
    plan.checks[0].message = who.into();
    plan.execution.auto_approve = Some(who.into());
    plan.outputs.insert(
        "all".into(),
        crate::plan::OutputValue { value: Some(json!({who: [{"a": who}]})), sensitive: false, description: None },
    );
    plan.observed.unavailable[0].1 = who.into();
    for change in &mut plan.changes {
        change.declared_by.as_mut().unwrap().address = "mfa.one[\"o'brien@contoso.com\"]".into();
        let hold = match &mut change.decision {
            Decision::Hold(hold) => Some(hold),
            Decision::Apply { then: hold } | Decision::Block { by: _, hold } => hold.as_mut(),
        };
        if let Some(hold) = hold {
            hold.reason = who.into();
        }
        for finding in &mut change.findings {
            finding.message = format!("{} ({who})", finding.message).into();
            finding.remediation = who.into();
            finding.evidence.push(Evidence { fact: "domain".into(), value: json!("contoso.onmicrosoft.com") });
        }
    }
    plan.changes[1].user.user_principal_name = "o'brien@contoso.com".into();
    plan
}

#[test]
fn no_format_names_anybody() {
    for plan in [sample(), talkative(), many(60)] {
        let redacted = redacted(plan.clone());
        for format in Format::ALL {
            let mut out = Vec::new();
            let options = Options { verbose: true, ..Options::default() };
            format.write(&redacted, &options, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap().to_lowercase().replace("@media", "").replace("@page", "");
            for identifier in identifiers(&plan) {
                assert!(!text.contains(&identifier), "{format} has {identifier}");
            }
            for part in ["o'brien", "brien", "fabrikam", "contoso", "jane"] {
                assert!(!text.contains(part), "{format} has {part}");
            }
        }
    }
}

#[test]
fn pseudonyms_are_stable_and_the_digest_is_the_real_one() {
    let plan = sample();
    assert_eq!(redacted(plan.clone()), redacted(plan.clone()));
    let redacted = redacted(plan.clone());
    assert_eq!(redacted.digest, plan.digest);
    let names = |plan: &Plan| plan.changes.iter().map(|c| c.user.user_principal_name.clone()).collect::<Vec<_>>();
    assert!(names(&redacted).iter().all(|name| name.starts_with("user-") && name.len() == 13));
    let mut json = Vec::new();
    Format::Json.write(&redacted, &Options::default(), &mut json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["changes"][0]["user"]["id"], json["changes"][0]["user"]["user_principal_name"]);
    // A waiver's reason names kim.smith: with the same pseudonym as their change.
    let kim = plan.changes.iter().position(|c| &*c.user.user_principal_name == "kim.smith@contoso.com").unwrap();
    let change = &redacted.changes[kim];
    let reason = &change.findings[0].accepted.as_ref().unwrap().reason;
    assert!(reason.starts_with(&*change.user.user_principal_name), "{reason}");
}

#[test]
fn a_redacted_plan_cannot_be_read_as_a_plan() {
    let mut bytes = Vec::new();
    file::write(&redacted(sample()), &mut bytes).unwrap();
    assert!(file::read(&bytes, digest_of).is_err());
}

#[test]
fn everybody_is_known_where_the_tenant_is() {
    let mut plan = sample();
    plan.notes = vec!["Ask Olga Outside first.".to_owned()];
    let mut olga = User::new(user_id(777), "olga@contoso.com".into(), crate::tenant::MfaState::Disabled.into());
    olga.display_name = Some("Olga Outside".into());
    let tenant = crate::tenant::ObservedTenant::new(
        plan.tenant.id,
        plan.tenant.name.clone(),
        Source::Snapshot,
        plan.as_of,
        vec![olga],
    );
    redact_observed(&mut plan, &tenant);
    let note = &plan.notes[0];
    assert!(note.starts_with("Ask user-") && note.ends_with(" first."), "{note}");
}

#[test]
fn words_that_are_no_names_stay() {
    let redacted = redacted(sample());
    let smtp = redacted.changes.iter().flat_map(|c| &c.findings).find(|f| f.rule == "MFA006").unwrap();
    assert_eq!(smtp.message, "Sends mail by SMTP AUTH, which stops working when MFA is enforced.");
    assert_eq!(smtp.evidence[0].value, json!({"Authenticated SMTP": 412}));
}
