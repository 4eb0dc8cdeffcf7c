//! Approval, execution and the closing table, as `apply`, `apply --resume` and `rollback` share them.

use std::{
    collections::HashMap,
    fs,
    io::{self, Write},
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use crate::{
    apply::{
        self, Approval, ApprovedPlan, FreshPlan, FreshResume, Left, Observer, Outcome as UserResult, Preflight,
        Requirements, RunReport, SystemClock,
        approval::{self, AllowedSigners, ApprovalError},
        journal::{Journal, RunId, Store, v1::By},
        lock::{Lock, ThisMachine},
        report::StopReason,
    },
    config::{Config, Guardrails},
    escape,
    plan::{Digest, Plan},
    tenant::{ObservedTenant, ReadError, TenantId, UserId},
};

use super::{
    Context, Exit, Failure, Outcome,
    load::DIRECTORY,
    progress::ApplyProgress,
    run_comment::RunComment,
    runtime,
    signals::Signals,
    tenant::{Port, Tenant},
};

/// Flags of every command that applies.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ApprovalArgs {
    /// Approve the plan with this digest: whole, or at least its first 32 digits
    #[arg(long, value_name = "DIGEST", conflicts_with_all = ["auto_approve", "signatures"])]
    pub approve: Option<String>,
    /// Approve whatever the plan is, without a question (refused where signatures are required)
    #[arg(long, conflicts_with = "signatures")]
    pub auto_approve: bool,
    /// A signature made by `mfaplan approve` or `ssh-keygen -Y sign -n mfaplan`
    #[arg(long = "signature", value_name = "FILE")]
    pub signatures: Vec<PathBuf>,
    /// Write what was done as Markdown to this file: what the pull request's comment becomes after the apply
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

impl ApprovalArgs {
    /// The comment that was asked for.
    pub(super) fn comment(&self, tenant: TenantId, context: &Context) -> Option<RunComment> {
        let pipeline = super::who::pipeline(&context.env).and_then(|one| one.url).map(|url| url.to_string());
        self.report.as_deref().map(|file| RunComment::new(file, tenant, pipeline))
    }
}

/// How many users are under way at once where nobody says otherwise. More than there are requests in flight: most of a
/// user's time is the read before and the read after their write, and those travel 20 in one request.
const PARALLELISM: usize = 64;

/// How often a snapshot is rewritten for one run, more or less.
const REWRITES: usize = 64;

/// Takes the lock of the configuration directory and says what is worth saying about it.
pub(super) fn lock(command: &str, context: &mut Context) -> Result<Lock, Failure> {
    let lock = Lock::acquire(Path::new(DIRECTORY), command, context.env.now, &ThisMachine)
        .map_err(|error| error.hints().into_iter().fold(Failure::new(error.to_string()), Failure::hint))?;
    if let Some(note) = &lock.note {
        context.note(&format!("note: {note}"))?;
    }
    Ok(lock)
}

/// The journal of the configuration directory.
pub(super) fn store() -> Store {
    Store::of(Path::new(DIRECTORY))
}

/// Opens the journal of a run.
pub(super) fn journal(run: &str) -> Result<(RunId, Journal), Failure> {
    let run: RunId = run.parse().map_err(|error: apply::journal::NotARunId| Failure::new(error.to_string()))?;
    let journal = store().read(&run).map_err(journal_failure)?;
    Ok((run, journal))
}

/// The run that a saved way back undoes. Nothing of a way back is withheld for its risks, so the file's word is not enough
/// for it: the run's journal has to say that these are the states from before.
pub(super) fn undone(run: &str, plan: &Plan) -> Result<RunId, Failure> {
    let (run, journal) = journal(run).map_err(|failure| {
        failure.hint("the plan is the way back of a run: it is applied where the journal of that run lies")
    })?;
    let mut writes = plan.applicable().map(|change| (change.user.id, change.after));
    if journal.run.tenant.id == plan.tenant.id && journal.run.is_undone_by(&mut writes) {
        return Ok(run);
    }
    Err(Failure::new(format!("the plan says that it undoes run {run}, but that is not where its changes lead"))
        .hint(format!("plan the way back again: `mfaplan rollback {run} --out FILE`"))
        .exit(Exit::Refused))
}

pub(super) fn journal_failure(error: apply::journal::JournalError) -> Failure {
    error.hints().into_iter().fold(Failure::new(error.to_string()), Failure::hint)
}

pub(super) fn refused(error: &ApprovalError) -> Failure {
    let exit = if error.exit_code() == Exit::Refused.code() { Exit::Refused } else { Exit::Error };
    error.hints().into_iter().fold(Failure::new(error.to_string()), Failure::hint).exit(exit)
}

/// Asks for, or checks, somebody's yes to a digest. `question` is shown at a terminal.
pub(super) struct Asking<'a> {
    pub(super) args: &'a ApprovalArgs,
    pub(super) digest: &'a Digest,
    pub(super) guardrails: &'a Guardrails,
    pub(super) required: u32,
    pub(super) resuming: Option<&'a RunId>,
    /// The plan, whose own wish a typed answer is compared with; none for a resumption.
    pub(super) plan: Option<&'a Plan>,
    /// What has to be typed for a resumption.
    pub(super) wanted: &'a str,
    pub(super) question: String,
}

impl<'a> Asking<'a> {
    /// About everything that a plan applies.
    pub(super) fn of(plan: &'a Plan, args: &'a ApprovalArgs, guardrails: &'a Guardrails) -> Self {
        Self {
            args,
            digest: &plan.digest,
            guardrails,
            required: Requirements::of(plan, Some(guardrails)).signatures,
            resuming: None,
            plan: Some(plan),
            wanted: "",
            question: question(plan),
        }
    }

    /// The approval; nothing has been written when there is none.
    pub(super) fn approval(&self, context: &mut Context) -> Result<Approval, Failure> {
        let now = context.env.now;
        if !self.args.signatures.is_empty() {
            return self.by_signatures(context);
        }
        if let Some(given) = &self.args.approve {
            return Approval::by_digest(given, self.digest, now).map_err(|error| refused(&error));
        }
        if self.args.auto_approve {
            return Ok(Approval::automatic(self.digest, now));
        }
        if self.required == 0
            && let Some(approval) = self.plan.and_then(|plan| Approval::by_block(plan, now))
        {
            context.note("Approved by `auto_approve` of the configuration.")?;
            return Ok(approval);
        }
        if self.required > 0 {
            let error = ApprovalError::TooFewSignatures { required: self.required, given: 0 };
            return Err(refused(&error));
        }
        if !context.env.stdin_is_terminal {
            return Err(Failure::new("no approval, and no terminal to ask at: nothing was written").hint(format!(
                "approve exactly this plan by `--approve {}`; a piped \"yes\" is no approval",
                self.digest
            )));
        }
        let answer = super::question::ask(&self.question, "Enter a value: ", context)?;
        let given = match self.plan {
            Some(plan) => Approval::typed(plan, &answer, now),
            None => Approval::typed_again(self.digest, self.wanted, &answer, now),
        };
        given.map_err(|error| refused(&error))
    }

    fn by_signatures(&self, context: &mut Context) -> Result<Approval, Failure> {
        let now = context.env.now;
        let Some(approvals) = &self.guardrails.approvals else {
            return Err(Failure::new("--signature: the configuration says nothing about signatures")
                .hint("say who may sign: `guardrails { approvals { required = 2, allowed_signers = \"file\" } }`"));
        };
        let allowed = allowed_signers(&approvals.allowed_signers)?;
        let failed =
            |path: &Path, error: io::Error| Failure::new(format!("{}: cannot be read: {error}", path.display()));
        let mut files = Vec::new();
        for file in &self.args.signatures {
            files.push((file.display().to_string(), fs::read_to_string(file).map_err(|error| failed(file, error))?));
        }
        if store().runs().map_err(journal_failure)?.is_empty() {
            context.note(
                "note: no journal of an earlier run lies below .mfaplan here, so nothing tells whether these signatures \
                 were used before; keep that directory between runs, and set `max_age`",
            )?;
        }
        let spent = store().spent().map_err(journal_failure)?;
        approval::by_signatures(
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())),
            self.digest,
            &allowed,
            self.required.max(approvals.required),
            approvals.max_age_seconds,
            &spent,
            self.resuming,
            now,
        )
        .map_err(|error| refused(&error))
    }
}

/// What is asked before a plan is applied.
fn question(plan: &Plan) -> String {
    let count = plan.summary.applied();
    let users = if count == 1 { "1 user".to_owned() } else { format!("{count} users") };
    let answer = match plan.tenant.answer(plan.execution.confirm) {
        yes if yes == "yes" => "Only \"yes\" is accepted to approve.".to_owned(),
        id if id == plan.tenant.id.to_string() => format!("Type the tenant's id, {id}, to approve."),
        name => format!("Type the tenant's name, \"{name}\", to approve."),
    };
    format!(
        "Do you want to change {users} of {} as shown?\n  Plan {}\n  {answer}",
        crate::escape::text(&plan.tenant.name),
        plan.digest
    )
}

/// Who may sign.
pub(super) fn allowed_signers(path: &Path) -> Result<AllowedSigners, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{}: cannot be read: {error}", path.display())))?;
    AllowedSigners::parse(&text, &jiff::tz::TimeZone::system())
        .map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// What is looked at right before a run.
pub(super) struct Surroundings<'a> {
    config: &'a Config,
    observed: &'a ObservedTenant,
    left: HashMap<UserId, Left>,
    signers: Option<AllowedSigners>,
    by: By,
    lock: &'a Lock,
}

impl<'a> Surroundings<'a> {
    /// As it is now, after the approval: the file of a snapshot must still be that of the same tenant.
    pub(super) fn now(
        config: &'a Config,
        observed: &'a ObservedTenant,
        left: HashMap<UserId, Left>,
        tenant: &Tenant,
        lock: &'a Lock,
        context: &Context,
    ) -> Result<Self, Failure> {
        if let Port::Snapshot(snapshot) = &tenant.port {
            snapshot.check_tenant().map_err(ReadError::from)?;
        }
        let signers = config.guardrails.approvals.as_ref().map(|approvals| allowed_signers(&approvals.allowed_signers));
        Ok(Self { config, observed, left, signers: signers.transpose()?, by: super::who::by(tenant, context)?, lock })
    }

    fn preflight(&self) -> Preflight<'_> {
        Preflight {
            tenant: self.observed.id,
            // Windows are judged by the real clock at the moment of the write, not by the plan's instant.
            now: Timestamp::now(),
            guardrails: Some(&self.config.guardrails),
            left: &self.left,
            signers: self.signers.as_ref(),
            by: &self.by,
        }
    }
}

/// Performs an approved plan and shows how it went.
pub(super) fn perform(
    plan: Plan,
    approval: Approval,
    rolls_back: Option<RunId>,
    tenant: &Tenant,
    surroundings: &Surroundings<'_>,
    how: &How<'_>,
    context: &mut Context,
) -> Outcome {
    let required = Requirements::of(&plan, Some(&surroundings.config.guardrails));
    let approved = ApprovedPlan::new(plan, approval, required).map_err(|error| refused(&error))?;
    let fresh = FreshPlan::new(approved, &surroundings.preflight()).map_err(|error| {
        let exit = if error.exit_code() == Exit::Refused.code() { Exit::Refused } else { Exit::Error };
        error.hints().into_iter().fold(Failure::new(error.to_string()), Failure::hint).exit(exit)
    })?;
    for note in fresh.notes().to_vec() {
        say(context, &format!("note: {note}"));
    }
    let withheld = fresh.plan().changes.iter().filter(|change| change.decision.is_block());
    let left_out = if rolls_back.is_some() { withheld.count() } else { 0 };
    let fresh = match rolls_back {
        Some(run) => fresh.rolling_back(run),
        None => fresh,
    };
    let (run, journal) = store().create(context.env.now, &fresh.plan().digest).map_err(journal_failure)?;
    let journal = journal.guarded_by(surroundings.lock.identity());
    say(context, &format!("Run {run}"));
    let parallelism = how.parallelism(tenant, fresh.plan().changes.len());
    let mut report = execute(how, context, |stop, observer| {
        let clock = SystemClock::new();
        let inner = apply::Context { tenant, clock: &clock, stop, observer, parallelism };
        runtime::online().map(|runtime| runtime.block_on(apply::apply(fresh, run, journal, inner)))
    })?;
    report.leaves_out(left_out);
    conclude(report, how, context)
}

/// Goes on with an interrupted run and shows how it went.
pub(super) fn resume(
    journal: Journal,
    approval: Approval,
    tenant: &Tenant,
    surroundings: &Surroundings<'_>,
    how: &How<'_>,
    context: &mut Context,
) -> Outcome {
    let parallelism = how.parallelism(tenant, journal.run.changes.len());
    let writer = store().reopen(&journal).map_err(journal_failure)?.guarded_by(surroundings.lock.identity());
    let fresh = FreshResume::new(journal, approval, &surroundings.preflight()).map_err(|error| {
        let exit = if error.exit_code() == Exit::Refused.code() { Exit::Refused } else { Exit::Error };
        error.hints().into_iter().fold(Failure::new(error.to_string()), Failure::hint).exit(exit)
    })?;
    let report = execute(how, context, |stop, observer| {
        let clock = SystemClock::new();
        let inner = apply::Context { tenant, clock: &clock, stop, observer, parallelism };
        runtime::online().map(|runtime| runtime.block_on(apply::resume(fresh, writer, inner)))
    })?;
    conclude(report, how, context)
}

/// How a run is performed and shown.
pub(super) struct How<'a> {
    pub(super) parallelism: Option<u16>,
    pub(super) json: bool,
    pub(super) events: &'a dyn Observer,
    /// Flags that printed commands need, too.
    pub(super) again: String,
    /// What is to be written for the pull request.
    pub(super) comment: Option<RunComment>,
}

impl How<'_> {
    /// How many users are under way at once. A snapshot is rewritten once for all of them, however long it is: with a
    /// fixed share of the users under way, the number of rewrites does not grow with the tenant.
    fn parallelism(&self, tenant: &Tenant, changes: usize) -> NonZeroUsize {
        let usual = match tenant.port {
            Port::Snapshot(_) => PARALLELISM.max(changes / REWRITES),
            Port::Graph(_) => PARALLELISM,
        };
        NonZeroUsize::new(self.parallelism.map_or(usual, usize::from)).unwrap_or(NonZeroUsize::MIN)
    }
}

fn execute(
    how: &How<'_>,
    context: &mut Context,
    run: impl FnOnce(&apply::Stop, &dyn Observer) -> io::Result<RunReport>,
) -> Result<RunReport, Failure> {
    let (handle, stop) = apply::stop();
    let mut signals = Signals::new(context.leash.as_ref())?;
    let watcher = runtime::online()?.spawn(async move {
        // First signal: finish what is in flight. Second: stop at once.
        loop {
            signals.next().await;
            let _ = handle.signal();
            super::terminal::say(
                "\nStopping: what is in flight is finished first; once more to stop at once. The journal stays true.",
            );
        }
    });
    let progress = ApplyProgress::new(context);
    let observer = (&progress as &dyn Observer, how.events);
    let report = run(&stop, &observer);
    watcher.abort();
    drop(progress);
    Ok(report?)
}

/// Once there is an approval nobody has to listen any more: a closed standard error ends no run.
fn say(context: &mut Context, text: &str) {
    let _ = context.note(text);
}

/// A reader who goes away before there is a run: nothing was written, and that is no success.
pub(super) fn unheard(failure: Failure) -> Failure {
    match failure {
        Failure::BrokenPipe => {
            Failure::new("the output was closed before the plan could be shown: nothing was written")
        }
        other => other,
    }
}

/// The closing table, on every way out.
fn conclude(mut report: RunReport, how: &How<'_>, context: &mut Context) -> Outcome {
    for hint in &mut report.hints {
        hint.with_flags(&how.again);
    }
    if let Some(comment) = &how.comment
        && let Err(error) = comment.write(&report, context)
    {
        say(context, &format!("the report for the pull request cannot be written: {error}"));
    }
    if let Err(error) = tell(&report, how.json, context) {
        // What was done is done, and the exit code says how it went, whoever reads along.
        context.out = super::terminal::Guarded::sink();
        if error.kind() != io::ErrorKind::BrokenPipe {
            say(context, &format!("the closing table cannot be written: {error}"));
        }
    }
    Ok(match report.exit_code {
        0 => Exit::Done,
        4 => Exit::Incomplete,
        130 => Exit::Stopped,
        _ => Exit::Error,
    })
}

fn tell(report: &RunReport, json: bool, context: &mut Context) -> io::Result<()> {
    if json {
        let out = context.out.data()?;
        serde_json::to_writer(&mut *out, report)?;
        writeln!(out)?;
    } else {
        table(report, &mut context.out, context.global.verbose > 0)?;
    }
    context.out.flush()?;
    for hint in &report.hints {
        writeln!(
            context.err,
            "{} {}",
            console::style("hint:").for_stderr().cyan().bold(),
            escape::text(&hint.to_string())
        )?;
    }
    Ok(())
}

/// How many users of one outcome are listed before "and N more".
const LISTED: usize = 20;

fn table(report: &RunReport, out: &mut dyn Write, verbose: bool) -> io::Result<()> {
    let counts = &report.counts;
    writeln!(out, "\nRun {}: {}\n", report.run, report.outcome.as_str())?;
    for (name, count) in [
        ("done", counts.done),
        ("failed", counts.failed),
        ("stale", counts.stale),
        ("unknown", counts.unknown),
        ("not attempted", counts.not_attempted),
    ] {
        writeln!(out, "  {name:<14}{count:>8}")?;
    }
    writeln!(out, "  {:<14}{:>8}   ({} read back as planned)", "planned", counts.changes, counts.verified)?;
    for outcome in [UserResult::Failed, UserResult::Stale, UserResult::Unknown] {
        let users: Vec<_> = report.users.iter().filter(|user| user.outcome == outcome).collect();
        if users.is_empty() {
            continue;
        }
        writeln!(out, "\n{}", outcome.as_str())?;
        let listed = if verbose { users.len() } else { LISTED };
        for user in users.iter().take(listed) {
            let planned = &user.planned;
            let why = match (&user.error, user.observed) {
                (Some(error), _) => format!(": {}", escape::text(&error.message)),
                (None, Some(seen)) => format!(": is {} now", super::report::seen(seen)),
                (None, None) => String::new(),
            };
            writeln!(
                out,
                "  {}  {} → {}{why}",
                escape::text(&planned.user.user_principal_name),
                planned.before,
                planned.after
            )?;
        }
        if users.len() > listed {
            writeln!(out, "  … and {} more (--verbose lists them all)", users.len() - listed)?;
        }
    }
    if let Some(stopped) = &report.stopped {
        writeln!(out, "\nStopped early: {}", escape::text(&reason(stopped)))?;
    }
    Ok(())
}

fn reason(stopped: &StopReason) -> String {
    match stopped {
        StopReason::Signal => "the operator asked for it".to_owned(),
        StopReason::Failures { failed, allowed } => {
            format!("{failed} users failed, and `stop_after_failures` allows {allowed}")
        }
        StopReason::CanaryNotVerified => "the first users could not be read back in the planned state".to_owned(),
        StopReason::Forbidden => {
            "the identity may not write: it needs Policy.ReadWrite.AuthenticationMethod".to_owned()
        }
        StopReason::ReadOnly { message } => message.clone(),
        StopReason::Journal { message } => format!("the journal cannot be written: {message}"),
    }
}
