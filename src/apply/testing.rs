//! A tenant, a disk and a clock in memory, with faults to order.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    future::Future,
    io,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    Approval, ApprovedPlan, Clock, Context, FreshPlan, FreshResume, Left, Observer, Outcome, Preflight, Requirements,
    RunReport, Stop, StopHandle, apply,
    journal::{
        Journal, JournalWriter, RunId, Sink,
        v1::{By, Line, PlannedUser},
    },
    resume,
};
use crate::{
    diff::{Action, Decision},
    facts::UserKind,
    plan::{
        Change, ChangeUser, Digest, Execution, Impact, LegacyAuth, ModernAuth, Plan, PlanObserved, PlanOrigin,
        PlanTenant, Summary, digest,
    },
    severity::Severity,
    tenant::{
        MfaState, ObservedState, ObservedTenant, ReadError, ReadProgress, ReadRequest, Source, StateRead, TenantId,
        TenantRead, TenantWrite, User, UserId, WriteError, WriteErrorKind,
    },
};

pub(super) const TENANT: TenantId = TenantId::new(Uuid::from_u128(0x7e));

pub(super) fn user(n: u32) -> UserId {
    UserId::new(Uuid::from_u128(u128::from(n)))
}

pub(super) fn number(id: UserId) -> u32 {
    id.as_uuid().as_u128() as u32
}

pub(super) fn start() -> Timestamp {
    "2026-11-24T21:30:00Z".parse().unwrap()
}

/// What goes wrong with one write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    /// The connection breaks before the service has seen it.
    ResetBefore,
    /// The service has done it, but the answer is lost.
    ResetAfter,
    /// 429, with the milliseconds to wait where the service says so.
    Throttled(Option<u64>),
    /// 429, and done all the same.
    ThrottledButDone,
    /// 400
    Rejected,
    /// 403
    Forbidden,
    /// 404: the user is deleted.
    Deleted,
    /// Somebody moves them by hand, and the answer is lost.
    MovedByHand(MfaState),
    /// No answer, ever.
    Hangs,
}

#[derive(Debug)]
struct Person {
    state: Option<MfaState>,
    registered: bool,
    /// The state that reads show while replicas lag, and for how many reads.
    lag: Option<(MfaState, u32)>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    people: BTreeMap<UserId, Person>,
    pub(super) writes: Vec<(u32, MfaState)>,
    pub(super) faults: HashMap<u32, VecDeque<Fault>>,
    /// Reads that fail, transiently or (false) for good.
    pub(super) failing_reads: HashMap<u32, VecDeque<bool>>,
    /// How long a read that fails asks to wait, and until when nobody who was told so may ask again.
    pub(super) asks_to_wait: Option<Duration>,
    pub(super) not_before: HashMap<u32, Duration>,
    /// Reads after a write that still show the old state.
    pub(super) lag: HashMap<u32, u32>,
    /// Everything that happened, in order: `read 1`, `write 1`, `sync`.
    pub(super) log: Vec<String>,
    /// Raises the stop with this attempt to write.
    pub(super) stop_after: Option<(usize, StopHandle)>,
    pub(super) bytes: Vec<u8>,
    pub(super) synced: usize,
    pub(super) disk_limit: Option<usize>,
    pub(super) slow_sync: Duration,
    /// The change each user may be written; every write is checked against it and against the journal.
    allowed: HashMap<u32, (MfaState, MfaState)>,
    /// The operation at which the process is killed.
    pub(super) kill_at: Option<usize>,
    operations: usize,
    elapsed: Duration,
    seed: u64,
}

/// Everything outside the executor: tenant, disk, clock.
#[derive(Clone, Debug, Default)]
pub(super) struct World(Arc<Mutex<State>>);

struct Killed;

impl World {
    pub(super) fn new(people: &[(u32, MfaState, bool)]) -> Self {
        let world = Self::default();
        for (n, state, registered) in people {
            let person = Person { state: Some(*state), registered: *registered, lag: None };
            world.lock().people.insert(user(*n), person);
        }
        world
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn state(&self, n: u32) -> Option<MfaState> {
        self.lock().people[&user(n)].state
    }

    pub(super) fn states(&self) -> Vec<(u32, Option<MfaState>)> {
        self.lock().people.iter().map(|(id, person)| (number(*id), person.state)).collect()
    }

    pub(super) fn move_by_hand(&self, n: u32, state: MfaState) {
        self.lock().people.get_mut(&user(n)).unwrap().state = Some(state);
    }

    pub(super) fn writes(&self) -> Vec<(u32, MfaState)> {
        self.lock().writes.clone()
    }

    pub(super) fn fault(&self, n: u32, faults: &[Fault]) {
        self.lock().faults.insert(n, faults.iter().copied().collect());
    }

    pub(super) fn seed(&self, seed: u64) {
        self.lock().seed = seed;
    }

    pub(super) fn journal(&self) -> Result<Journal, super::journal::JournalError> {
        Journal::parse(&self.lock().bytes, Path::new("run.jsonl"))
    }

    /// An ended or killed process leaves its file; a new run has an empty one.
    pub(super) fn new_file(&self) {
        let mut state = self.lock();
        (state.bytes, state.synced) = (Vec::new(), 0);
    }

    pub(super) fn observed(&self) -> ObservedTenant {
        let state = self.lock();
        let users = state.people.iter().filter_map(|(id, person)| {
            let mut user = User::new(*id, name(number(*id)).as_str().into(), ObservedState::Known(person.state?));
            user.registered = Some(person.registered);
            Some(user)
        });
        ObservedTenant::new(TENANT, "Contoso".into(), Source::Graph, start(), users.collect())
    }

    /// One operation of the process: the place where it may be killed.
    fn operate(&self) {
        let killed = {
            let mut state = self.lock();
            state.operations += 1;
            state.kill_at == Some(state.operations)
        };
        if killed {
            // Not a panic: no message, and nothing but `catch_unwind` sees it.
            resume_unwind(Box::new(Killed));
        }
    }

    /// Runs until done, or until killed (`None`).
    pub(super) fn live<F: Future>(&self, future: F) -> Option<F::Output> {
        self.lock().operations = 0;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        match catch_unwind(AssertUnwindSafe(|| runtime.block_on(future))) {
            Ok(output) => Some(output),
            Err(cause) if cause.is::<Killed>() => None,
            Err(cause) => resume_unwind(cause),
        }
    }

    /// Lets others go first, now and then.
    async fn jostle(&self) {
        let turns = {
            let mut state = self.lock();
            state.seed = state.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state.seed >> 33) % 3
        };
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        start() + SignedDuration::try_from(self.lock().elapsed).unwrap()
    }

    fn elapsed(&self) -> Duration {
        self.lock().elapsed
    }

    async fn sleep(&self, duration: Duration) {
        // Whatever is under way is quicker than any wait: time passes only when nothing else can happen.
        for _ in 0..32 {
            tokio::task::yield_now().await;
        }
        self.lock().elapsed += duration;
    }

    fn chance(&self) -> f64 {
        0.5
    }
}

impl Sink for World {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        // A kill in the middle leaves a torn line.
        let (half, fits) = {
            let mut state = self.lock();
            let used = state.bytes.len();
            let fits = bytes.len().min(state.disk_limit.map_or(usize::MAX, |limit| limit.saturating_sub(used)));
            let half = fits.min(bytes.len() / 2);
            state.bytes.extend_from_slice(&bytes[..half]);
            (half, fits)
        };
        self.operate();
        self.lock().bytes.extend_from_slice(&bytes[half..fits]);
        if fits < bytes.len() {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no space left on device"));
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.operate();
        let mut state = self.lock();
        let pause = state.slow_sync;
        state.elapsed += pause;
        state.synced = state.bytes.len();
        state.log.push("sync".to_owned());
        Ok(())
    }
}

impl TenantRead for World {
    async fn read(&self, _: &ReadRequest, _: &dyn ReadProgress) -> Result<ObservedTenant, ReadError> {
        Ok(self.observed())
    }

    async fn state(&self, id: UserId) -> Result<StateRead, ReadError> {
        self.jostle().await;
        self.operate();
        let now = Clock::elapsed(self);
        let mut state = self.lock();
        state.log.push(format!("read {}", number(id)));
        let early = state.not_before.remove(&number(id)).is_some_and(|due| now < due);
        assert!(!early, "user {} is read before the time that was named", number(id));
        if let Some(transient) = state.failing_reads.get_mut(&number(id)).and_then(VecDeque::pop_front) {
            let retry_after = state.asks_to_wait;
            if let Some(wait) = retry_after {
                state.not_before.insert(number(id), now + wait);
            }
            return Err(ReadError { transient, retry_after, ..ReadError::new("the read failed") });
        }
        let Some(person) = state.people.get_mut(&id) else { return Ok(StateRead::Gone) };
        let shown = match &mut person.lag {
            Some((old, reads)) if *reads > 0 => {
                *reads -= 1;
                Some(*old)
            }
            _ => person.state,
        };
        Ok(shown.map_or(StateRead::Gone, |state| StateRead::Found(state.into())))
    }
}

impl TenantWrite for World {
    async fn write(&self, id: UserId, after: MfaState, _: impl Future<Output = ()> + Send) -> Result<(), WriteError> {
        let n = number(id);
        self.jostle().await;
        self.operate();
        let fault = {
            let mut state = self.lock();
            state.check_promises(n, after);
            state.log.push(format!("write {n}"));
            let fault = state.faults.get_mut(&n).and_then(VecDeque::pop_front);
            match fault {
                None | Some(Fault::ResetAfter | Fault::ThrottledButDone) => state.take_effect(id, after),
                Some(Fault::Deleted) => state.people.get_mut(&id).unwrap().state = None,
                Some(Fault::MovedByHand(to)) => state.people.get_mut(&id).unwrap().state = Some(to),
                Some(_) => {}
            }
            let attempts = state.log.iter().filter(|one| one.starts_with("write")).count();
            if let Some((wanted, handle)) = state.stop_after.clone()
                && attempts >= wanted
            {
                handle.signal();
                state.stop_after = None;
            }
            fault
        };
        self.operate();
        if fault == Some(Fault::Hangs) {
            std::future::pending::<()>().await;
        }
        self.jostle().await;
        let error = |kind, status: u16, message: &str| {
            Err(WriteError { kind, message: message.to_owned(), status: Some(status), code: None, request_id: None })
        };
        match fault {
            None => Ok(()),
            Some(Fault::ResetBefore | Fault::ResetAfter | Fault::MovedByHand(_) | Fault::Hangs) => {
                error(WriteErrorKind::NoAnswer { after: None }, 0, "connection reset")
            }
            Some(Fault::Throttled(after_ms)) => {
                let after = after_ms.map(Duration::from_millis);
                error(WriteErrorKind::Retry { after }, 429, "throttled")
            }
            Some(Fault::ThrottledButDone) => error(WriteErrorKind::Retry { after: None }, 429, "throttled"),
            Some(Fault::Rejected) => error(WriteErrorKind::Rejected, 400, "bad request"),
            Some(Fault::Forbidden) => error(WriteErrorKind::Forbidden, 403, "forbidden"),
            Some(Fault::Deleted) => error(WriteErrorKind::Gone, 404, "not found"),
        }
    }
}

impl State {
    /// What must hold at the instant of every write, whatever happened before.
    fn check_promises(&self, n: u32, after: MfaState) {
        let (before, planned) = *self.allowed.get(&n).expect("a write outside the plan");
        assert_eq!(after, planned, "a write of a state that was not planned");
        let actual = self.people[&user(n)].state;
        let promoted = (planned, actual) == (MfaState::Enabled, Some(MfaState::Enforced));
        let expected = actual == Some(before) || actual == Some(planned) || promoted || actual.is_none();
        assert!(expected, "user {n} was moved to {actual:?} and would be overwritten");
        let on_disk = String::from_utf8_lossy(&self.bytes[..self.synced]);
        let announced = on_disk.lines().any(|line| {
            matches!(serde_json::from_str(line), Ok(Line::Intent(intent)) if intent.user == user(n) && intent.after == after)
        });
        assert!(announced, "a write whose intent is not on the disk");
    }

    fn take_effect(&mut self, id: UserId, after: MfaState) {
        let lag = self.lag.get(&number(id)).copied().unwrap_or(0);
        self.writes.push((number(id), after));
        let person = self.people.get_mut(&id).unwrap();
        if let Some(old) = person.state {
            person.lag = Some((old, lag));
            person.state = Some(after.effective(Some(person.registered)));
        }
    }
}

fn name(n: u32) -> String {
    format!("user{n:04}@contoso.com")
}

pub(super) fn planned_user(n: u32) -> PlannedUser {
    PlannedUser {
        id: user(n),
        user_principal_name: name(n).into(),
        display_name: None,
        kind: UserKind::Person,
        registered: None,
    }
}

/// A plan of these changes: number, before, after, registered.
pub(super) fn plan(changes: &[(u32, MfaState, MfaState, bool)]) -> Plan {
    let change = |(n, before, after, registered): &(u32, MfaState, MfaState, bool)| Change {
        user: ChangeUser {
            id: user(*n),
            user_principal_name: name(*n).into(),
            display_name: None,
            kind: UserKind::Person,
            registered: Some(*registered),
        },
        declared_by: None,
        before: (*before).into(),
        after: *after,
        effective: after.effective(Some(*registered)),
        action: Action::between(*before, *after).unwrap_or(Action::Enable),
        decision: Decision::Apply { then: None },
        wave: None,
        impact: Impact {
            modern_auth: (ModernAuth::PasswordOnly, ModernAuth::MfaRequired),
            legacy_auth: (LegacyAuth::PasswordOnly, LegacyAuth::Blocked),
            ..Impact::default()
        },
        findings: Vec::new(),
    };
    let mut plan = Plan {
        targets: Vec::new(),
        rolls_back: None,
        blocks: Vec::new(),
        others: Vec::new(),
        replay: None,
        mfaplan_version: "0.1.0".into(),
        created_at: start(),
        as_of: start(),
        tenant: PlanTenant { id: TENANT, name: "Contoso".into(), cloud: "global".into() },
        config: PlanOrigin { digest: "sha256:0".into(), files: Vec::new(), parts: BTreeMap::new() },
        policy: None,
        assumed: None,
        observed: PlanObserved {
            source: Source::Graph,
            captured_at: start(),
            users: 0,
            unavailable: Vec::new(),
            evidence: None,
        },
        summary: Summary::default(),
        waivers: Vec::new(),
        refused: Vec::new(),
        changes: changes.iter().map(change).collect(),
        findings: Vec::new(),
        not_evaluated: Vec::new(),
        checks: Vec::new(),
        outputs: BTreeMap::new(),
        execution: Execution {
            block_at: Severity::Critical,
            canary: 2,
            stop_after_failures: 3,
            confirm: crate::config::Confirm::Yes,
            approvals_required: 0,
            auto_approve: None,
            estimated_seconds: 0,
        },
        notes: Vec::new(),
        digest: Digest::default(),
    };
    plan.digest = digest::compute(&plan);
    plan
}

/// Everybody in this state is to be enforced.
pub(super) fn enforce(users: u32) -> (World, Plan) {
    let people: Vec<_> = (1..=users).map(|n| (n, MfaState::Disabled, true)).collect();
    let changes: Vec<_> = (1..=users).map(|n| (n, MfaState::Disabled, MfaState::Enforced, true)).collect();
    (World::new(&people), plan(&changes))
}

pub(super) fn run_id() -> RunId {
    "20261124T213000000Z-3fa9c1d2".parse().unwrap()
}

static BY: LazyLock<By> = LazyLock::new(|| By { user: "ana".into(), host: "build-7".into(), ..By::default() });

pub(super) fn preflight(left: &HashMap<UserId, Left>) -> Preflight<'_> {
    Preflight { tenant: TENANT, now: start(), guardrails: None, left, signers: None, by: &BY }
}

/// A plan that a test has changed, as the plan it is now.
pub(super) fn sealed(mut plan: Plan) -> Plan {
    plan.digest = digest::compute(&plan);
    plan
}

pub(super) fn fresh(plan: Plan) -> FreshPlan {
    let plan = sealed(plan);
    let approval = Approval::typed(&plan, "yes", start()).unwrap();
    let approved = ApprovedPlan::new(plan, approval, Requirements::default()).unwrap();
    FreshPlan::new(approved, &preflight(&HashMap::new())).unwrap()
}

/// How a test runs things.
#[derive(Clone)]
pub(super) struct Bench {
    pub(super) world: World,
    pub(super) stop: Stop,
    pub(super) parallelism: usize,
}

impl Bench {
    pub(super) fn new(world: &World) -> Self {
        Self { world: world.clone(), stop: Stop::never(), parallelism: 4 }
    }

    fn context<'a>(&'a self, observer: &'a dyn Observer) -> Context<'a, World, World> {
        Context {
            tenant: &self.world,
            clock: &self.world,
            stop: &self.stop,
            observer,
            parallelism: NonZeroUsize::new(self.parallelism).unwrap(),
        }
    }

    pub(super) fn apply_watched(&self, plan: Plan, observer: &dyn Observer) -> Option<RunReport> {
        self.apply_prepared(fresh(plan.clone()), &plan, observer)
    }

    pub(super) fn apply_prepared(&self, fresh: FreshPlan, plan: &Plan, observer: &dyn Observer) -> Option<RunReport> {
        let allowed = plan.applicable().map(|one| (number(one.user.id), (one.before.known().unwrap(), one.after)));
        self.world.lock().allowed = allowed.collect();
        let journal = JournalWriter::new(self.world.clone());
        let report = self.world.live(apply(fresh, run_id(), journal, self.context(observer)))?;
        check_report(&report);
        Some(report)
    }

    pub(super) fn apply(&self, plan: Plan) -> RunReport {
        self.apply_watched(plan, &()).unwrap()
    }

    pub(super) fn apply_until_killed(&self, plan: Plan) -> Option<RunReport> {
        self.apply_watched(plan, &())
    }

    pub(super) fn resume(&self) -> Option<RunReport> {
        let journal = self.world.journal().unwrap();
        // What `Store::reopen` does to the file.
        {
            let mut state = self.world.lock();
            state.bytes.truncate(journal.whole as usize);
            state.synced = state.bytes.len();
        }
        let digest = Digest(journal.run.digest.strip_prefix("sha256:").unwrap().into());
        let approval = Approval::automatic(&digest, start());
        let writer = JournalWriter::after(self.world.clone(), journal.tip.clone());
        let fresh = FreshResume::new(journal, approval, &preflight(&HashMap::new())).unwrap();
        let report = self.world.live(resume(fresh, writer, self.context(&())))?;
        check_report(&report);
        Some(report)
    }
}

/// What must hold of every report.
fn check_report(report: &RunReport) {
    let counts = report.counts;
    let sum = counts.done + counts.failed + counts.stale + counts.unknown + counts.not_attempted;
    assert_eq!(sum, counts.changes);
    assert_eq!(counts.changes, report.users.len() as u64);
    assert_eq!(report.exit_code, report.outcome.exit_code());
    assert_eq!(
        report.outcome == super::report::RunEnd::Complete,
        counts.is_complete()
            && report
                .stopped
                .as_ref()
                .is_none_or(|reason| !matches!(reason, super::report::StopReason::Journal { .. }))
    );
}

pub(super) fn outcomes(report: &RunReport, outcome: Outcome) -> Vec<u32> {
    let of = report.users.iter().filter(|user| user.outcome == outcome);
    of.map(|user| number(user.planned.user.id)).collect()
}
