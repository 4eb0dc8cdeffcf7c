//! The tenant of a command: an offline copy or Microsoft Graph, behind one type, so that every command runs the same
//! code on both.

use std::{
    collections::BTreeSet,
    fs::File,
    path::{Path, PathBuf},
};

use crate::{
    config::{CloudName, Config},
    graph::GraphTenant,
    snapshot::SnapshotTenant,
    tenant::{
        Fact, MfaState, ObservedTenant, ReadError, ReadProgress, ReadRequest, SignInMode, StateRead, TenantRead,
        TenantWrite, UserId, WriteError,
    },
};

use super::{Context, Failure, connect, load::TenantArgs, progress::Progress, runtime, sign_in_log::SignInLog};

/// A tenant that can be read and written, and how its sign-in log is looked at.
pub(super) struct Tenant {
    /// What it is read from and written to.
    pub(super) port: Port,
    /// As the command line says.
    sign_ins: Option<SignInMode>,
    /// Is it read to be copied? Then the log is read whole, unless the command line says otherwise.
    copied: bool,
}

/// What a tenant is read from and written to.
pub(super) enum Port {
    /// An offline copy.
    Snapshot(SnapshotTenant),
    /// Microsoft Graph.
    Graph(Box<GraphTenant>),
}

impl Tenant {
    /// The same, read to be copied.
    pub(super) fn for_copying(self) -> Self {
        Self { copied: true, ..self }
    }

    /// Is it read to be copied?
    pub(super) const fn is_copied(&self) -> bool {
        self.copied
    }

    /// How the command line wants the sign-in log looked at.
    pub(super) const fn sign_ins(&self) -> Option<SignInMode> {
        self.sign_ins
    }
}

impl TenantRead for Tenant {
    async fn read(&self, request: &ReadRequest, progress: &dyn ReadProgress) -> Result<ObservedTenant, ReadError> {
        match &self.port {
            Port::Snapshot(tenant) => tenant.read(request, progress).await,
            Port::Graph(tenant) => tenant.read(request, progress).await,
        }
    }

    async fn state(&self, user: UserId) -> Result<StateRead, ReadError> {
        match &self.port {
            Port::Snapshot(tenant) => tenant.state(user).await,
            Port::Graph(tenant) => tenant.state(user).await,
        }
    }
}

impl TenantWrite for Tenant {
    async fn write(
        &self,
        user: UserId,
        after: MfaState,
        leave: impl Future<Output = ()> + Send,
    ) -> Result<(), WriteError> {
        match &self.port {
            Port::Snapshot(tenant) => tenant.write(user, after, leave).await,
            Port::Graph(tenant) => tenant.write(user, after, leave).await,
        }
    }
}

/// Opens the tenant the configuration names: its snapshot, the one given on the command line, or Microsoft Graph.
pub(super) fn open(config: &Config, args: &TenantArgs, context: &Context) -> Result<Tenant, Failure> {
    let live = args.snapshot.is_none() && config.tenant.snapshot.is_none();
    if live && context.writes && context.global.as_of.is_some() {
        return Err(Failure::new("--as-of: what is written to the live tenant is judged by the real clock")
            .hint("leave --as-of out; a plan for another day can be looked at with `mfaplan plan --as-of DATE`"));
    }
    match args.snapshot.as_deref().or(config.tenant.snapshot.as_deref()) {
        Some(path) => {
            if let Some(mode @ (SignInMode::Full | SignInMode::Decisive)) = args.sign_ins {
                return Err(Failure::new(format!("--sign-ins {mode}: a snapshot has no log to read"))
                    .hint("stored and none are left; `mfaplan evidence import FILE` reads downloaded files"));
            }
            let port = Port::Snapshot(SnapshotTenant::open(path).map_err(ReadError::from)?);
            Ok(Tenant { port, sign_ins: args.sign_ins, copied: false })
        }
        None => {
            let connection = connect::connect(config, args, context);
            let port = Port::Graph(Box::new(runtime::online()?.block_on(connection)?));
            Ok(Tenant { port, sign_ins: args.sign_ins, copied: false })
        }
    }
}

/// Where a tenant is read from that no configuration names yet.
pub(super) enum From {
    /// An offline copy.
    Copy(PathBuf),
    /// Microsoft Graph: a domain name of the tenant, or its id.
    Tenant(String),
}

/// Reads everything of a tenant that a first configuration is made from: an offline copy, or one found by a domain name or id.
pub(super) fn observe_whole(
    from: &From,
    cloud: CloudName,
    args: &TenantArgs,
    context: &Context,
) -> Result<ObservedTenant, Failure> {
    let observed = match from {
        From::Copy(path) => SnapshotTenant::open(path).and_then(|tenant| tenant.observe()).map_err(ReadError::from)?,
        From::Tenant(name) => {
            let request = ReadRequest { all_groups: true, sign_in_window_days: 30, ..ReadRequest::default() };
            runtime::online()?.block_on(async {
                let id = connect::named(name, cloud, context).await?;
                let tenant = connect::to(id, cloud, args, context).await?;
                tenant.read(&request, &Progress::new(context)).await.map_err(Failure::from)
            })?
        }
    };
    context.discretion.learn(&observed);
    Ok(observed)
}

/// What is read of users besides what the configuration needs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Contacts {
    pub(super) manager: bool,
    pub(super) phones: bool,
}

/// Reads everything the configuration needs, and merges the sign-in files it names.
pub(super) fn observe(tenant: &Tenant, config: &Config, context: &Context) -> Result<ObservedTenant, Failure> {
    read(tenant, config, &config.reads(), context)
}

/// As [`observe`], with contacts.
pub(super) fn observe_with(
    tenant: &Tenant,
    config: &Config,
    contacts: Contacts,
    context: &Context,
) -> Result<ObservedTenant, Failure> {
    let mut request = config.reads();
    request.manager |= contacts.manager;
    request.phones |= contacts.phones;
    read(tenant, config, &request, context)
}

fn read(tenant: &Tenant, config: &Config, request: &ReadRequest, context: &Context) -> Result<ObservedTenant, Failure> {
    // Files are read before the tenant: one that is missing should not be noticed minutes later.
    check_sign_in_files(config)?;
    let mut log = SignInLog::choose(tenant, config, context)?;
    let mut observed = read_alone(tenant, &log.request(request), context)?;
    check_identity(config, &observed)?;
    log.pull(tenant, config, &observed, context)?;
    log.merge(tenant, config, &mut observed, context)?;
    Ok(observed)
}

fn read_alone(tenant: &Tenant, request: &ReadRequest, context: &Context) -> Result<ObservedTenant, Failure> {
    let observed = match &tenant.port {
        Port::Snapshot(snapshot) => snapshot.observe().map_err(ReadError::from)?,
        Port::Graph(graph) => {
            let progress = Progress::new(context);
            runtime::online()?.block_on(graph.read(request, &progress))?
        }
    };
    context.discretion.learn(&observed);
    Ok(observed)
}

/// Reads what a saved plan, a resumption or a rollback rests on beside what is on record: the users who may be written,
/// whom blocks protect now, and these facts of the tenant. Reports that take minutes are not read a second time.
pub(super) fn observe_users(
    tenant: &Tenant,
    config: &Config,
    users: BTreeSet<UserId>,
    facts: &[Fact],
    context: &Context,
) -> Result<ObservedTenant, Failure> {
    if matches!(tenant.port, Port::Snapshot(_)) {
        return observe(tenant, config, context);
    }
    let request = config.reads_of(users, facts);
    // Sign-in files are of the whole tenant: they count where all of it is read.
    if request.users.is_none() {
        return read(tenant, config, &request, context);
    }
    let observed = read_alone(tenant, &request, context)?;
    check_identity(config, &observed)?;
    match observed.enabled_users {
        // A service that does not count: the list of users does.
        None if request.count_enabled => {
            let everybody = ReadRequest { states_of: request.users.clone(), users: None, ..request };
            read_alone(tenant, &everybody, context)
        }
        _ => Ok(observed),
    }
}

/// A plan for the wrong tenant must not even be shown.
fn check_identity(config: &Config, observed: &ObservedTenant) -> Result<(), Failure> {
    if observed.id == config.tenant.id {
        return Ok(());
    }
    let place = config.sources.start(config.tenant.id_span);
    let file = &config.sources.file(config.tenant.id_span.file).name;
    Err(Failure::new(format!(
        "the configuration is for tenant {} ({file}:{}), but the facts are of tenant {} ({})",
        config.tenant.id, place.line, observed.id, observed.name
    ))
    .hint("use the snapshot of that tenant, or correct `id` in the `tenant` block"))
}

fn check_sign_in_files(config: &Config) -> Result<(), Failure> {
    config.tenant.sign_ins.iter().try_for_each(|file| open_sign_ins(&file.path, config).map(|_| ()))
}

fn open_sign_ins(path: &Path, config: &Config) -> Result<(String, File), Failure> {
    let name = shown(path, &config.dir);
    match File::open(path) {
        Ok(file) => Ok((name, file)),
        Err(error) => {
            Err(Failure::new(format!("{name}: cannot be read: {error}"))
                .hint("`sign_ins` in the `tenant` block names it"))
        }
    }
}

fn shown(path: &Path, base: &Path) -> String {
    path.strip_prefix(base).unwrap_or(path).display().to_string()
}
