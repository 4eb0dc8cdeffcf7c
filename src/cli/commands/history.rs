//! `mfaplan history`

use crate::{
    cli::{Context, Exit, Outcome, applying},
    escape,
};

/// Arguments of `history`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan history             every run of this configuration directory, oldest first
  mfaplan history --json      for programs")]
pub(crate) struct Args {
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Lists the runs in the journal.
///
/// # Errors
/// When the journal's directory cannot be read.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let history = applying::store().history().map_err(applying::journal_failure)?;
    if args.json {
        let out = context.out.data()?;
        serde_json::to_writer_pretty(&mut *out, &history).map_err(std::io::Error::from)?;
        writeln!(out)?;
        return Ok(Exit::Done);
    }
    if history.is_empty() {
        context.note("No runs yet.")?;
    }
    for entry in &history {
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
            writeln!(
                context.out,
                "    approved {} at {}: {}",
                escape::text(&how(&approval.how)),
                approval.at,
                approval.digest
            )?;
        }
        if let Some(run) = &entry.rolls_back {
            writeln!(context.out, "    rolls back {run}")?;
        }
        if let Some(error) = &entry.error {
            writeln!(context.out, "    {}", escape::text(error))?;
        }
    }
    Ok(Exit::Done)
}

fn how(how: &crate::apply::approval::How) -> String {
    use crate::apply::approval::How;
    match how {
        How::Typed => "at a terminal".to_owned(),
        How::Digest => "by digest".to_owned(),
        How::Signatures { signers } => {
            let names: Vec<_> = signers.iter().map(|signer| signer.principal.as_str()).collect();
            format!("by signature of {}", names.join(", "))
        }
        How::AutoApprove => "by --auto-approve".to_owned(),
        How::AutoApproveBlock { reason } => format!("by auto_approve ({reason})"),
    }
}
