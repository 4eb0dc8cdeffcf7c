//! What it costs to show, save and read a plan of 100,000 changes: a tenth of them at high risk, one in a hundred blocked.
#![allow(missing_docs, clippy::unwrap_used)]

use std::{io, sync::LazyLock};

use divan::{Bencher, counter::ItemsCount};
use mfaplan::testing::{
    plan::{
        Plan, digest,
        file::{self, v1},
    },
    render::{Format, Options, redact},
};
use serde_json::{Value, json};

const CHANGES: usize = 100_000;

fn main() {
    divan::main();
}

static PLAN: LazyLock<Plan> = LazyLock::new(plan);

fn plan() -> Plan {
    let finding = |rule: &str, severity: &str, fact: &str, value: Value| {
        json!({"rule": rule, "name": "a-rule", "severity": severity, "message": "Something about this user.",
               "evidence": [{"fact": fact, "value": value}], "remediation": "Do something about it."})
    };
    let change = |n: usize| {
        let findings = match n % 100 {
            7 => json!([finding("MFA006", "critical", "legacy_sign_ins", json!({"Authenticated SMTP": 412}))]),
            n if n % 10 == 3 => json!([
                finding("MFA018", "high", "registered", json!(false)),
                finding("MFA019", "medium", "last_password_change", json!("2024-02-11")),
            ]),
            n if n.is_multiple_of(2) => {
                json!([finding("MFA023", "low", "methods", json!(["microsoftAuthenticatorPush"]))])
            }
            _ => json!([]),
        };
        let hold = if n % 10 == 4 {
            json!({"kind": "wave", "until": "2026-12-01T00:00:00Z", "reason": "wave \"two\""})
        } else {
            Value::Null
        };
        let decision = if n % 100 == 7 {
            "block"
        } else if hold.is_null() {
            "apply"
        } else {
            "hold"
        };
        json!({
            "user": {"id": format!("{n:08x}-0000-4000-8000-000000000000"), "user_principal_name": format!("user{n:06}@contoso.com"),
                     "display_name": "Somebody Else", "kind": "person", "registered": !n.is_multiple_of(3)},
            "declared_by": {"address": if n.is_multiple_of(5) { "mfa.finance" } else { "mfa.staff" }, "file": "staff.mfa.hcl", "line": 3},
            "before": "disabled", "after": "enforced", "effective": "enforced", "steps": ["enabled", "enforced"],
            "action": "enforce", "decision": decision, "hold": hold,
            "blocked_by": if decision == "block" { json!(["MFA006"]) } else { json!([]) }, "findings": findings,
            "impact": {"modern_auth": {"before": "password_only", "after": "mfa_required"},
                       "legacy_auth": {"before": "password_only", "after": "blocked"}},
        })
    };
    let counts = json!({"disabled": CHANGES, "enabled": 0, "enforced": 0, "unknown": 0});
    let document = json!({
        "format_version": v1::FORMAT_VERSION, "mfaplan_version": "0.1.0",
        "created_at": "2026-11-24T09:30:00Z", "as_of": "2026-11-24T09:30:00Z",
        "tenant": {"id": "5d1f3c1e-8b1a-4c43-9c2d-6a0a3b7e9f10", "name": "Contoso", "cloud": "global"},
        "config": {"digest": "sha256:", "files": ["staff.mfa.hcl"]},
        "observed": {"source": "snapshot", "captured_at": "2026-11-24T08:00:00Z", "users": CHANGES, "unavailable": []},
        "summary": {"users": CHANGES, "managed": CHANGES, "unmanaged": 0, "protected": 0, "unchanged": 0, "enable": 0,
            "enforce": CHANGES * 89 / 100, "relax": 0, "disable": 0, "hold": CHANGES / 10, "block": CHANGES / 100,
            "before": counts, "after": counts, "accepted": 0,
            "findings": {"critical": CHANGES / 100, "high": CHANGES / 10, "medium": CHANGES / 10, "low": CHANGES / 2, "info": 0}},
        "changes": (0..CHANGES).map(change).collect::<Vec<_>>(), "findings": [],
        "execution": {"block_at": "critical", "canary": 5, "stop_after_failures": 3, "confirm": "yes",
            "approvals_required": 0, "auto_approve": null, "estimated_seconds": 4860},
        "digest": format!("sha256:{}", "0".repeat(64)),
    });
    let document = serde_json::to_vec(&document).unwrap();
    let mut plan = v1::into_plan(serde_json::from_slice(&document).unwrap()).unwrap();
    plan.digest = digest::compute(&plan);
    plan
}

fn shown(plan: &Plan, format: Format) -> usize {
    let mut out = Vec::new();
    format.write(plan, &Options::default(), &mut out).unwrap();
    out.len()
}

#[divan::bench(args = Format::ALL, sample_count = 5, sample_size = 1)]
fn show(bencher: Bencher<'_, '_>, format: Format) {
    let plan = &*PLAN;
    eprintln_size(format, shown(plan, format));
    bencher.counter(ItemsCount::new(CHANGES)).bench(|| shown(plan, format));
}

/// The size belongs to the time: a page that grows with the plan would be fast and useless.
fn eprintln_size(format: Format, bytes: usize) {
    let _ = io::Write::write_all(&mut io::stderr(), format!("{format}: {bytes} bytes\n").as_bytes());
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn save(bencher: Bencher<'_, '_>) {
    let plan = &*PLAN;
    bencher.counter(ItemsCount::new(CHANGES)).bench(|| file::write(plan, &mut io::sink()).unwrap());
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn read(bencher: Bencher<'_, '_>) {
    let mut saved = Vec::new();
    file::write(&PLAN, &mut saved).unwrap();
    bencher.counter(ItemsCount::new(CHANGES)).bench(|| file::read(&saved, digest::compute).unwrap());
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn redacted(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(CHANGES)).with_inputs(|| PLAN.clone()).bench_values(|mut plan| {
        redact(&mut plan);
        plan
    });
}
