//! Who may say yes, and in which way. Signatures are checked against ssh-keygen itself, in both directions.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    process::Command,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::super::{
    Approval, ApprovedPlan, FreshPlan, FreshResume, Preflight, Requirements,
    approval::{
        AllowedSigners, ApprovalError, How, PreflightError, SignError, SignatureError, SignatureFile, Signer, Spent,
        by_signatures, sign, statement,
    },
    journal::Journal,
    resume::ResumeError,
    testing::{Bench, Fault, enforce, preflight, run_id, sealed, start},
};
use crate::{
    config::{Approvals, Guardrails, Layer, Waivable, Window},
    diag::{FileId, Span},
    plan::{Digest, Plan, Refusal, Waiver},
};

fn plan() -> Plan {
    enforce(2).1
}

#[test]
fn only_the_exact_word_is_a_yes() {
    let mut plan = plan();
    for no in ["", "y", "YES", "no", " yes", "yes please"] {
        assert_eq!(Approval::typed(&plan, no, start()), Err(ApprovalError::Declined), "{no:?}");
    }
    assert!(Approval::typed(&plan, "yes\r\n", start()).is_ok());
    plan.execution.confirm = crate::config::Confirm::Tenant;
    assert_eq!(Approval::typed(&plan, "yes", start()), Err(ApprovalError::Declined));
    assert!(Approval::typed(&plan, "Contoso\n", start()).is_ok());
}

#[test]
fn a_digest_may_be_short_but_not_too_short_and_never_another() {
    let digest = Digest("3fa9c1d2e4b5a6978877665544332211ffeeddccbbaa99887766554433221100".into());
    let half = &digest.0[..32];
    for good in [half, &half.to_uppercase(), &format!("sha256:{half}"), &digest.to_string()] {
        assert!(Approval::by_digest(good, &digest, start()).is_ok(), "{good}");
    }
    let told = |given: &str| Approval::by_digest(given, &digest, start()).unwrap_err().to_string();
    let short = &half[..31];
    assert_eq!(
        told(short),
        format!(
            "the digest `{short}` has 31 digits: at least 32 are needed, or another plan can be made that has them too"
        )
    );
    let other = format!("{short}0");
    assert_eq!(told(&other), format!("you approved `{other}`, but this plan's digest is {digest}"));
    assert!(told("not-a-digest!").contains("is not a plan digest"));
    assert!(told("").contains("0 digits"));
    assert!(told(&format!("{}0", digest.0)).contains("is not a plan digest"));
}

#[test]
fn a_refused_plan_cannot_be_approved_and_an_approval_is_for_one_plan() {
    let good = plan();
    let yes = Approval::typed(&good, "yes", start()).unwrap();
    let mut refused = plan();
    refused.refused.push(Refusal {
        reason: "12 changes, and max_changes is 10".into(),
        rule: "max_changes".into(),
        remedy: "--waive max_changes=12".into(),
    });
    let error = ApprovedPlan::new(refused, yes.clone(), Requirements::default()).unwrap_err();
    assert_eq!((error.exit_code(), error.hints()), (3, vec!["--waive max_changes=12".to_owned()]));
    let mut other = plan();
    other.digest = Digest("0".repeat(64).into());
    let error = ApprovedPlan::new(other, yes, Requirements::default()).unwrap_err();
    assert!(matches!(error, ApprovalError::OtherDigest { .. }));
}

#[test]
fn where_signatures_are_needed_nothing_else_counts_even_for_an_older_plan() {
    let plan = plan();
    let approvals = Approvals {
        required: 2,
        allowed_signers: "allowed_signers".into(),
        max_age_seconds: None,
        layer: Layer::Policy,
        span: Span::new(FileId(0), 0..0),
    };
    let guardrails = Guardrails { approvals: Some(approvals), ..Guardrails::default() };
    let required = Requirements::of(&plan, Some(&guardrails));
    for yes in [
        Approval::typed(&plan, "yes", start()).unwrap(),
        Approval::automatic(&plan.digest, start()),
        Approval::by_digest(&plan.digest.0, &plan.digest, start()).unwrap(),
    ] {
        let error = ApprovedPlan::new(plan.clone(), yes, required).unwrap_err();
        assert!(matches!(error, ApprovalError::SignaturesNeeded { required: 2, .. }), "{error}");
    }
}

#[test]
fn the_window_is_judged_by_the_clock_unless_it_is_waived() {
    let nobody = Default::default();
    let closed = |layer| Window {
        days: [false, false, false, false, false, true, false],
        from: 0,
        to: 60,
        timezone: TimeZone::UTC,
        layer,
        module: "".into(),
        span: Span::new(FileId(0), 0..0),
    };
    let fresh = |plan: Plan, guardrails: &Guardrails| {
        let plan = sealed(plan);
        let yes = Approval::typed(&plan, "yes", start()).unwrap();
        let mut preflight = preflight(&nobody);
        preflight.guardrails = Some(guardrails);
        FreshPlan::new(ApprovedPlan::new(plan, yes, Requirements::default()).unwrap(), &preflight)
    };
    let mut guardrails = Guardrails { windows: vec![closed(Layer::Configuration)], ..Guardrails::default() };
    let error = fresh(plan(), &guardrails).unwrap_err();
    assert_eq!(error.to_string(), "the maintenance window is closed; it opens at 2026-11-28T00:00:00Z");
    assert_eq!(error.exit_code(), 3);
    let mut waived = plan();
    waived.waivers.push(Waiver { guardrail: Waivable::Window, bound: "now".into(), reason: "CHG-1".into() });
    assert!(fresh(waived.clone(), &guardrails).is_ok());
    guardrails.windows.push(closed(Layer::Policy));
    assert!(matches!(fresh(waived.clone(), &guardrails), Err(PreflightError::WindowClosed { .. })));
    guardrails.waivable.push(Waivable::Window);
    assert!(fresh(waived, &guardrails).is_ok());
}

/// Keys and an `allowed_signers` file made by ssh-keygen; nothing where it is not installed.
struct Keys {
    dir: tempfile::TempDir,
    allowed: String,
}

impl Keys {
    fn make(kinds: &[(&str, &[&str])]) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mut allowed = String::new();
        for (name, kind) in kinds {
            let key = dir.path().join(name);
            let made =
                Command::new("ssh-keygen").args(["-q", "-N", "", "-C", name, "-f"]).arg(&key).args(*kind).status();
            if !made.is_ok_and(|status| status.success()) {
                use std::io::Write;
                writeln!(std::io::stderr(), "skipped: there is no ssh-keygen on this machine").unwrap();
                return None;
            }
            let public = fs::read_to_string(key.with_extension("pub")).unwrap();
            allowed.push_str(&format!("{name}@contoso.com namespaces=\"mfaplan,git\" {public}"));
        }
        fs::write(dir.path().join("allowed_signers"), &allowed).unwrap();
        Some(Self { dir, allowed })
    }

    fn key(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap()
    }

    fn signers(&self) -> AllowedSigners {
        AllowedSigners::parse(&self.allowed, &TimeZone::UTC).unwrap()
    }

    /// `ssh-keygen -Y sign` over this text.
    fn keygen_signs(&self, name: &str, namespace: &str, text: &str) -> String {
        let file = self.dir.path().join("to-sign");
        fs::write(&file, text).unwrap();
        let key = self.dir.path().join(name);
        let status =
            Command::new("ssh-keygen").args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(key).arg(&file).output();
        assert!(status.unwrap().status.success());
        let signature = fs::read_to_string(file.with_extension("sig")).unwrap();
        fs::remove_file(file.with_extension("sig")).unwrap();
        signature
    }

    /// `ssh-keygen -Y verify` of a whole signature file over this text.
    fn keygen_verifies(&self, name: &str, signature: &str, text: &str) -> bool {
        let at = |file: &str| self.dir.path().join(file);
        fs::write(at("check.sig"), signature).unwrap();
        fs::write(at("check"), text).unwrap();
        let run = Command::new("ssh-keygen")
            .args(["-Y", "verify", "-n", "mfaplan", "-I", &format!("{name}@contoso.com"), "-f"])
            .arg(at("allowed_signers"))
            .arg("-s")
            .arg(at("check.sig"))
            .stdin(fs::File::open(at("check")).unwrap())
            .output();
        run.unwrap().status.success()
    }
}

const ED25519: &[&str] = &["-t", "ed25519"];

fn check(
    files: &[(&str, &str)],
    signers: &AllowedSigners,
    required: u32,
    max_age: Option<u64>,
    now: Timestamp,
) -> Result<Approval, ApprovalError> {
    by_signatures(files.iter().copied(), &plan().digest, signers, required, max_age, &Spent::default(), None, now)
}

#[test]
fn signatures_agree_with_ssh_keygen_in_both_directions() {
    let kinds: [(&str, &[&str]); 3] =
        [("ana", ED25519), ("ben", &["-t", "ecdsa", "-b", "256"]), ("cho", &["-t", "rsa", "-b", "2048"])];
    let Some(keys) = Keys::make(&kinds) else { return };
    let digest = plan().digest;
    let text = statement(&digest, start());
    for (name, _) in kinds {
        let ours = sign(&keys.key(name), &digest, start()).unwrap();
        assert!(keys.keygen_verifies(name, &ours, &text), "ssh-keygen takes ours: {name}");
        assert!(!keys.keygen_verifies(name, &ours, &text.replace("21:30", "21:31")));
        let tail = &ours[ours.find("mfaplan approval v1").unwrap()..];
        assert_eq!(tail, text, "what was signed stands behind the armor, byte for byte");
        let theirs = format!("{}{text}", keys.keygen_signs(name, "mfaplan", &text));
        for signature in [&ours, &theirs, &ours.replace('\n', "\r\n")] {
            let approval = check(&[("a.sig", signature)], &keys.signers(), 1, Some(3600), start()).unwrap();
            let signer = &approval.signers()[0];
            assert_eq!((signer.principal.as_str(), signer.signed_at), (&*format!("{name}@contoso.com"), Some(start())));
        }
        let bare = keys.keygen_signs(name, "mfaplan", &format!("{digest}\n"));
        assert!(check(&[("a.sig", &bare)], &keys.signers(), 1, None, start()).is_ok());
        let error = check(&[("a.sig", &bare)], &keys.signers(), 1, Some(60), start()).unwrap_err();
        assert_eq!(error, ApprovalError::Signature { file: "a.sig".to_owned(), reason: SignatureError::NoTime });
    }
    let both = [("a", sign(&keys.key("ana"), &digest, start())), ("b", sign(&keys.key("ben"), &digest, start()))];
    let both = both.map(|(file, text)| (file, text.unwrap()));
    let both: Vec<(&str, &str)> = both.iter().map(|(file, text)| (*file, text.as_str())).collect();
    let approval = check(&both, &keys.signers(), 2, None, start()).unwrap();
    assert!(ApprovedPlan::new(plan(), approval, Requirements { signatures: 2 }).is_ok());
}

#[test]
fn each_signature_that_does_not_count_says_why() {
    let Some(keys) = Keys::make(&[("ana", ED25519), ("eve", ED25519)]) else { return };
    let digest = plan().digest;
    let signers = AllowedSigners::parse(keys.allowed.lines().next().unwrap(), &TimeZone::UTC).unwrap();
    let ana = sign(&keys.key("ana"), &digest, start()).unwrap();
    let reason = |text: &str, now: Timestamp| match check(&[("a", text)], &signers, 1, Some(86_400), now) {
        Err(ApprovalError::Signature { reason, .. }) => reason.to_string(),
        other => panic!("{other:?}"),
    };
    let days = |n: i64| start() + SignedDuration::from_hours(24 * n);
    assert!(reason(&ana, days(2)).contains("more than the `max_age`"));
    assert!(reason(&ana, days(-2)).contains("in the future"));
    assert!(reason(&ana.replace("T21:30", "T23:30"), days(1)).contains("does not verify"));
    let eve = sign(&keys.key("eve"), &digest, start()).unwrap();
    assert_eq!(reason(&eve, start()), "its key is not among the allowed signers");
    let other = sign(&keys.key("ana"), &Digest("0".repeat(64).into()), start()).unwrap();
    assert!(reason(&other, start()).contains("another plan"));
    let git = keys.keygen_signs("ana", "git", &statement(&digest, start()));
    assert!(reason(&git, start()).contains("namespace `git`"));
    let unrelated = keys.keygen_signs("ana", "mfaplan", "something else\n");
    assert!(reason(&unrelated, start()).contains("does not verify"));
    assert!(reason("hello", start()).contains("BEGIN SSH SIGNATURE"));
    assert!(reason(&format!("{ana}\n{ana}"), start()).contains("more than one"));
    let padded = ana.replace("signed_at", "note: fine\nsigned_at");
    assert!(reason(&padded, start()).contains("not whole"));
}

#[test]
fn one_person_does_not_count_twice_and_a_signature_is_spent_once() {
    let Some(keys) = Keys::make(&[("ana", ED25519), ("ana2", ED25519)]) else { return };
    let digest = plan().digest;
    let one = sign(&keys.key("ana"), &digest, start()).unwrap();
    let again = sign(&keys.key("ana"), &digest, start() + SignedDuration::from_secs(9)).unwrap();
    let error = check(&[("a", &one), ("b", &again)], &keys.signers(), 2, None, start()).unwrap_err();
    assert_eq!(error.to_string(), "b: ana@contoso.com has signed already: 2 different signers are needed");
    let shared = AllowedSigners::parse(&keys.allowed.replace("ana2@", "Ana@"), &TimeZone::UTC).unwrap();
    let second = sign(&keys.key("ana2"), &digest, start()).unwrap();
    assert!(check(&[("a", &one), ("b", &second)], &keys.signers(), 2, None, start()).is_ok());
    let error = check(&[("a", &one), ("b", &second)], &shared, 2, None, start()).unwrap_err();
    assert!(matches!(error, ApprovalError::SignedTwice { .. }), "one name with two keys");
    let error = check(&[("a", &one)], &keys.signers(), 2, None, start()).unwrap_err();
    assert_eq!(error.to_string(), "1 of 2 signatures given");

    let signer = check(&[("a", &one)], &keys.signers(), 1, None, start()).unwrap().signers()[0].clone();
    let spent = Spent(BTreeMap::from([(signer.signature, run_id())]));
    let run = run_id();
    let attempt = |text: &str, resuming| {
        by_signatures([("a", text)], &digest, &keys.signers(), 1, None, &spent, resuming, start())
    };
    assert!(matches!(attempt(&one, None), Err(ApprovalError::SignatureSpent { .. })));
    assert!(attempt(&one, Some(&run)).is_ok(), "going on with the run that used it");
    assert!(attempt(&again, None).is_ok());
}

/// A journal says who signed; the texts of the signatures prove it, or the run is not gone on with. Every hash fits in each
/// of these journals, as whoever writes them would see to.
#[test]
fn forged_signatures_of_a_run_do_not_go_on_with_it() {
    let Some(keys) = Keys::make(&[("ana", ED25519), ("eve", ED25519)]) else { return };
    let signers = AllowedSigners::parse(keys.allowed.lines().next().unwrap(), &TimeZone::UTC).unwrap();
    let (world, plan) = enforce(3);
    let digest = plan.digest.clone();
    let signature = |name: &str, digest: &Digest| sign(&keys.key(name), digest, start()).unwrap();
    let genuine = signature("ana", &digest);
    let by = |text: &str, digest: &Digest, signers: &AllowedSigners| {
        by_signatures([("a", text)], digest, signers, 1, None, &Spent::default(), None, start()).unwrap()
    };
    let approval = by(&genuine, &digest, &signers);
    let approved = ApprovedPlan::new(plan.clone(), approval, Requirements { signatures: 1 }).unwrap();
    let nobody = HashMap::new();
    world.fault(2, &[Fault::Rejected]);
    let fresh = FreshPlan::new(approved, &preflight(&nobody)).unwrap();
    Bench::new(&world).apply_prepared(fresh, &plan, &()).unwrap();
    let journal = world.journal().unwrap();

    let guardrails = |required, max_age_seconds| {
        let (allowed_signers, span) = ("allowed_signers".into(), Span::new(FileId(0), 0..0));
        let approvals = Approvals { required, allowed_signers, max_age_seconds, layer: Layer::Policy, span };
        Guardrails { approvals: Some(approvals), ..Guardrails::default() }
    };
    let resumed = |journal: &Journal, guardrails: &Guardrails, signers: Option<&AllowedSigners>, now: Timestamp| {
        let yes = Approval::typed_again(&digest, "yes", "yes", start()).unwrap();
        let preflight = Preflight { guardrails: Some(guardrails), signers, now, ..preflight(&nobody) };
        match FreshResume::new(journal.clone(), yes, &preflight) {
            Ok(_) => Ok(()),
            Err(ResumeError::Approval(error)) => Err(error),
            Err(ResumeError::Preflight(error)) => panic!("{error}"),
        }
    };
    let (one, later) = (guardrails(1, Some(3_600)), start() + SignedDuration::from_hours(2));
    assert_eq!(resumed(&journal, &one, Some(&signers), start()), Ok(()), "the genuine one");
    assert_eq!(resumed(&journal, &one, None, start()), Err(ApprovalError::NoAllowedSigners));
    assert!(
        matches!(resumed(&journal, &one, Some(&signers), later), Err(ApprovalError::OfRun { .. })),
        "too old by now"
    );
    let two = resumed(&journal, &guardrails(2, None), Some(&signers), start());
    assert_eq!(two, Err(ApprovalError::TooFewSignatures { required: 2, given: 1 }));

    let both = keys.signers();
    let forged = |edit: &dyn Fn(&mut Vec<Signer>)| {
        let mut journal = journal.clone();
        let How::Signatures { signers } = &mut journal.run.approval.how else { panic!("signatures") };
        edit(signers);
        journal
    };
    type Edit<'a> = &'a dyn Fn(&mut Vec<Signer>);
    let other = Digest("0".repeat(64).into());
    let edits: [(&str, Edit<'_>); 6] = [
        ("another name", &|all| all[0].principal = "eve@contoso.com".into()),
        ("another key's text", &|all| all[0].text = signature("eve", &digest)),
        ("somebody who may not sign", &|all| {
            all[0] = by(&signature("eve", &digest), &digest, &both).signers()[0].clone()
        }),
        ("a signature of another plan", &|all| {
            all[0] = by(&signature("ana", &other), &other, &both).signers()[0].clone()
        }),
        ("another time", &|all| all[0].signed_at = Some(later)),
        ("no text", &|all| all[0].text = "".into()),
    ];
    for (what, edit) in edits {
        let error = resumed(&forged(edit), &one, Some(&signers), start()).expect_err(what);
        assert!(matches!(error, ApprovalError::OfRun { .. }), "{what}: {error}");
    }
    let twice = forged(&|all| all.push(all[0].clone()));
    let error = resumed(&twice, &guardrails(2, None), Some(&signers), start()).unwrap_err();
    assert!(matches!(error, ApprovalError::SignedTwice { .. }), "one signature for two: {error}");
}

#[test]
fn the_allowed_signers_file_is_read_as_openssh_reads_it() {
    let Some(keys) = Keys::make(&[("ana", ED25519)]) else { return };
    let public = fs::read_to_string(keys.dir.path().join("ana.pub")).unwrap();
    let signature = sign(&keys.key("ana"), &plan().digest, start()).unwrap();
    let file = SignatureFile::parse(&signature).unwrap();
    let verdict = |line: &str| {
        let signers = AllowedSigners::parse(&format!("# people\n\n{line} {public}"), &TimeZone::UTC)
            .map_err(|e| e.to_string())?;
        let signer = file.verify(&plan().digest, &signers, None, start()).map_err(|error| error.to_string())?;
        Ok::<String, String>(signer.principal)
    };
    assert_eq!(verdict("ana@contoso.com").unwrap(), "ana@contoso.com");
    assert_eq!(verdict("\"ana@contoso.com,ana\" namespaces=\"git,mfa*\"").unwrap(), "ana@contoso.com,ana");
    assert!(verdict("ana namespaces=\"git\"").unwrap_err().contains("may not sign in namespace"));
    assert!(verdict("ana namespaces=\"*,!mfaplan\"").unwrap_err().contains("may not sign in namespace"));
    assert!(verdict("ana valid-before=\"20261124\"").unwrap_err().contains("was valid until 2026-11-24T00:00:00Z"));
    assert!(
        verdict("ana valid-after=\"202611242200Z\"").unwrap_err().contains("is valid from 2026-11-24T22:00:00Z on")
    );
    assert!(verdict("ana valid-after=\"20261101Z\",valid-before=\"20261201120000Z\"").is_ok());
    assert!(verdict("ca cert-authority").unwrap_err().contains("`cert-authority` is not supported"));
    assert!(verdict("*@contoso.com").unwrap_err().contains("is a pattern"));
    assert!(verdict("ana no-such-option").unwrap_err().contains("line 3: unknown option"));
    assert!(verdict("ana valid-after=\"2026\"").unwrap_err().contains("is not a time"));
    assert!(AllowedSigners::parse("ana ssh-ed25519 AAAA", &TimeZone::UTC).is_err());
}

#[test]
fn a_key_with_a_passphrase_is_refused_with_the_command_that_works() {
    let Some(keys) = Keys::make(&[("ana", ED25519)]) else { return };
    let key = keys.dir.path().join("ana");
    let locked = Command::new("ssh-keygen").args(["-q", "-p", "-N", "secret", "-f"]).arg(&key).output().unwrap();
    assert!(locked.status.success());
    let digest = plan().digest;
    let error = sign(&keys.key("ana"), &digest, start()).unwrap_err();
    assert_eq!(error, SignError::Encrypted);
    let hint = error.hints(&digest, start()).remove(0);
    assert!(hint.contains("ssh-keygen -Y sign -n mfaplan"), "{hint}");
    assert!(hint.contains(&format!("digest: {digest}\\n")));
    assert!(matches!(sign("-----BEGIN RSA PRIVATE KEY-----", &digest, start()), Err(SignError::NotAKey { .. })));
}
