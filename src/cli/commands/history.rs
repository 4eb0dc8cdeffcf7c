//! `mfaplan history`

use serde::Serialize;

use crate::{
    apply::{
        approval::{AllowedSigners, How},
        journal::{HistoryEntry, RunDetails, RunId, v1::By},
    },
    cli::{
        Context, Exit, Failure, Outcome, applying,
        load::{self, ConfigArgs},
    },
    config::{Approvals, Config},
    escape,
};

/// Arguments of `history`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan history                                 every run here, oldest first
  mfaplan history 20261124T213000000Z-3f9c2a7b    who, what, and what became of it
  mfaplan history --verify                        are journals whole, do signatures count?
  mfaplan history --json                          for programs")]
pub(crate) struct Args {
    /// A run: show all of it
    run: Option<String>,
    /// Check that no line is changed, missing or moved, that each run is of the plan that was approved, and that its
    /// signatures are those of the allowed signers
    #[arg(long)]
    verify: bool,
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Lists the runs in the journal.
///
/// # Errors
/// When the journal's directory cannot be read.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let run = match &args.run {
        Some(text) => Some(text.parse::<RunId>().map_err(|error| Failure::new(error.to_string()))?),
        None => None,
    };
    match (run, args.verify) {
        (run, true) => verify(run, args, context),
        (Some(run), false) => details(&run, args.json, context),
        (None, false) => list(args.json, context),
    }
}

fn list(json: bool, context: &mut Context) -> Outcome {
    let history = applying::store().history().map_err(applying::journal_failure)?;
    if json {
        return write_json(&history, context);
    }
    if history.is_empty() {
        context.note("No runs yet.")?;
    }
    for entry in &history {
        line(entry, context)?;
    }
    Ok(Exit::Done)
}

fn write_json(value: &impl Serialize, context: &mut Context) -> Outcome {
    let out = context.out.data()?;
    serde_json::to_writer_pretty(&mut *out, value).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(Exit::Done)
}

fn line(entry: &HistoryEntry, context: &mut Context) -> std::io::Result<()> {
    let counts = &entry.counts;
    let command = entry.command.map_or("?", |command| command.as_str());
    writeln!(
        context.out,
        "{}  {:<8}  {:<11}  {} of {} done, {} failed, {} stale, {} unknown, {} not attempted",
        entry.run,
        command,
        entry.status.as_str(),
        counts.done,
        counts.changes,
        counts.failed,
        counts.stale,
        counts.unknown,
        counts.not_attempted
    )?;
    if let Some(approval) = &entry.approval {
        writeln!(context.out, "    approved {} at {}: {}", how(&approval.how), approval.at, approval.digest)?;
    }
    if let Some(run) = &entry.rolls_back {
        writeln!(context.out, "    rolls back {run}")?;
    }
    if let Some(error) = &entry.error {
        writeln!(context.out, "    {}", escape::text(error))?;
    }
    Ok(())
}

fn how(how: &How) -> String {
    match how {
        How::Typed => "at a terminal".to_owned(),
        How::Digest => "by digest".to_owned(),
        How::PartOfReviewed { reviewed } => format!("as the unchanged part of plan {}", escape::text(reviewed)),
        How::Signatures { signers } => {
            let names: Vec<_> = signers.iter().map(|signer| escape::text(&signer.principal).into_owned()).collect();
            format!("by signature of {}", names.join(", "))
        }
        How::AutoApprove => "by --auto-approve".to_owned(),
        How::AutoApproveBlock { reason } => format!("by auto_approve ({})", escape::text(reason)),
    }
}

fn details(run: &RunId, json: bool, context: &mut Context) -> Outcome {
    let details = applying::store().details(run).map_err(applying::journal_failure)?;
    if json {
        return write_json(&details, context);
    }
    let RunDetails { entry, tenant, mfaplan_version, by, waivers, resumes, findings, users } = &details;
    line(entry, context)?;
    let out = &mut context.out;
    writeln!(out, "\nTenant   {} ({}, {})", escape::text(&tenant.name), tenant.id, tenant.cloud)?;
    writeln!(out, "Version  {}", escape::text(mfaplan_version))?;
    applied("Applied", by, out)?;
    for resume in resumes {
        writeln!(out, "Resumed  {} ({})", resume.timestamp, how(&resume.approval.how))?;
        applied("   by", &resume.by, out)?;
    }
    for waiver in waivers {
        let reason = escape::text(&waiver.reason);
        writeln!(out, "Waived   {}={}: {reason}", waiver.guardrail.as_str(), escape::text(&waiver.bound))?;
    }
    if !findings.is_empty() {
        writeln!(out, "\nFindings when it was approved")?;
    }
    for finding in findings {
        let accepted = if finding.accepted { ", accepted" } else { "" };
        let rule = escape::text(&finding.rule);
        writeln!(out, "  {:<9} {rule} ({}{accepted})", finding.severity.as_str(), finding.users)?;
    }
    writeln!(out, "\nUsers")?;
    for user in users {
        let planned = &user.planned;
        let why = user.error.as_ref().map(|error| format!(": {}", escape::text(&error.message))).unwrap_or_default();
        let verified = if user.verified { ", read back" } else { "" };
        writeln!(
            out,
            "  {}  {} → {}  {}{verified}{why}",
            escape::text(&planned.user.user_principal_name),
            planned.before,
            planned.after,
            user.outcome.as_str()
        )?;
    }
    Ok(Exit::Done)
}

fn applied(title: &str, by: &By, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let By { user, host, identity, ci } = by;
    writeln!(out, "{title:<8} {} on {}", escape::text(user), escape::text(host))?;
    if let Some(identity) = identity {
        let known = [&identity.user_principal_name, &identity.application, &identity.object_id];
        let parts: Vec<_> = known.into_iter().flatten().map(|one| escape::text(one).into_owned()).collect();
        writeln!(out, "         signed in as {}", parts.join(", "))?;
    }
    if let Some(ci) = ci {
        let known = [&ci.repository, &ci.commit, &ci.actor, &ci.url];
        let parts: Vec<_> = known.into_iter().flatten().map(|one| escape::text(one).into_owned()).collect();
        writeln!(out, "         in the pipeline {}", parts.join(", "))?;
    }
    Ok(())
}

/// What was found of one run.
#[derive(Debug, Serialize)]
struct Verified {
    run: RunId,
    /// Nothing is wrong with it.
    intact: bool,
    /// How many signatures were verified again.
    signatures: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

fn verify(run: Option<RunId>, args: &Args, context: &mut Context) -> Outcome {
    let store = applying::store();
    let runs = match run {
        Some(run) => vec![run],
        None => store.runs().map_err(applying::journal_failure)?,
    };
    // Read once, and only where a run was signed: without signatures there need be no configuration.
    let mut signers: Option<Result<AllowedSigners, String>> = None;
    let mut verified = Vec::new();
    for run in runs {
        let (problem, signatures) = match store.read(&run) {
            Err(apply_error) => (Some(apply_error.to_string()), 0),
            Ok(journal) => {
                let count = journal.run.approval.signers().len();
                let problem = (count > 0).then(|| {
                    let allowed = signers.get_or_insert_with(|| allowed_signers(args, context));
                    let allowed =
                        allowed.as_ref().map_err(|why| format!("its signatures cannot be verified: {why}"))?;
                    // As of the approval: a signature is not undone by growing old.
                    journal.run.verify_signatures(allowed, None, journal.run.approval.at).map_err(|(who, why)| {
                        format!("line 1: the signature of {} does not count: {why}", who.escape_debug())
                    })
                });
                let problem = problem.and_then(Result::err);
                let counted = if problem.is_none() { count } else { 0 };
                (problem, counted)
            }
        };
        verified.push(Verified { run, intact: problem.is_none(), signatures, problem });
    }
    let damaged = verified.iter().filter(|one| !one.intact).count();
    if args.json {
        write_json(&verified, context)?;
    } else {
        for one in &verified {
            let Verified { run, intact: _, signatures, problem } = one;
            match problem {
                Some(problem) => writeln!(context.out, "{run}  not intact: {}", escape::text(problem))?,
                None if *signatures > 0 => writeln!(context.out, "{run}  intact, {signatures} signature(s) verified")?,
                None => writeln!(context.out, "{run}  intact")?,
            }
        }
        if verified.is_empty() {
            context.note("No runs yet.")?;
        }
    }
    if damaged == 0 {
        return Ok(Exit::Done);
    }
    Err(Failure::new(format!("{damaged} of {} journals cannot be relied on", verified.len())))
}

fn allowed_signers(args: &Args, context: &Context) -> Result<AllowedSigners, String> {
    let config: Config = load::config(&args.config, context)
        .map_err(|_| "the configuration, which says who may sign, cannot be loaded (`mfaplan validate`)".to_owned())?;
    let Some(Approvals { allowed_signers: path, .. }) = &config.guardrails.approvals else {
        return Err("nothing at hand says who may sign (`guardrails { approvals { … } }`)".to_owned());
    };
    applying::allowed_signers(path).map_err(|failure| failure.to_string())
}
