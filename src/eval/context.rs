//! What names exist where an expression stands, and which of them it uses.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::UserField;
use crate::tenant::Text;

/// What a `module` block gives to the expressions beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleNames {
    /// The names of its outputs; none where they are not known.
    pub outputs: Option<BTreeSet<Text>>,
    /// Has the block `for_each`? Then there is one object of outputs for each key.
    pub each: bool,
}

/// The names that exist where an expression stands. Cheap to clone: start from one with the variables and locals and
/// add what the place allows.
#[derive(Clone, Debug, Default)]
pub struct CompileContext {
    /// Names of the variables (`var.…`).
    pub vars: Arc<BTreeSet<Text>>,
    /// Names of the locals (`local.…`).
    pub locals: Arc<BTreeSet<Text>>,
    /// The modules (`module.…`) and their outputs.
    pub modules: Arc<BTreeMap<Text, ModuleNames>>,
    /// Other names with a value, such as `users` in the console: see [`super::ExtraNames`].
    pub extra: Arc<BTreeSet<Text>>,
    /// Other functions, such as `user(…)` in the console: see [`super::ExtraNames`].
    pub extra_functions: Arc<BTreeSet<Text>>,
    /// Does `each` exist: is this a block with `for_each`?
    pub each: bool,
    /// Does `user` exist?
    pub user: bool,
    /// Does `change` exist?
    pub change: bool,
    /// Does `wave` exist?
    pub wave: bool,
    /// Does `plan` exist?
    pub plan: bool,
    /// Does `tenant` exist?
    pub tenant: bool,
    /// Where the parsed text starts in the file: added to every span.
    pub offset: usize,
}

impl CompileContext {
    /// A place that sees variables and locals only.
    pub fn new<T: Into<Text>>(vars: impl IntoIterator<Item = T>, locals: impl IntoIterator<Item = T>) -> Self {
        let set = |names: &mut dyn Iterator<Item = T>| Arc::new(names.map(Into::into).collect());
        Self { vars: set(&mut vars.into_iter()), locals: set(&mut locals.into_iter()), ..Self::default() }
    }

    /// … and these modules.
    #[must_use]
    pub fn with_modules(mut self, modules: BTreeMap<Text, ModuleNames>) -> Self {
        self.modules = Arc::new(modules);
        self
    }

    /// … and `each`.
    #[must_use]
    pub fn with_each(mut self) -> Self {
        self.each = true;
        self
    }

    /// … and `user`.
    #[must_use]
    pub fn with_user(mut self) -> Self {
        self.user = true;
        self
    }

    /// … and `change`.
    #[must_use]
    pub fn with_change(mut self) -> Self {
        self.change = true;
        self
    }

    /// … and `wave`.
    #[must_use]
    pub fn with_wave(mut self) -> Self {
        self.wave = true;
        self
    }

    /// … and `plan`.
    #[must_use]
    pub fn with_plan(mut self) -> Self {
        self.plan = true;
        self
    }

    /// … and `tenant`.
    #[must_use]
    pub fn with_tenant(mut self) -> Self {
        self.tenant = true;
        self
    }

    /// … with spans moved by this many bytes, for text that was cut out of a file.
    #[must_use]
    pub fn with_offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// The roots of references that exist here, nearest first.
    pub(super) fn roots(&self) -> Vec<&str> {
        let flags = [
            ("var", true),
            ("local", true),
            ("module", !self.modules.is_empty()),
            ("each", self.each),
            ("user", self.user),
            ("change", self.change),
            ("wave", self.wave),
            ("plan", self.plan),
            ("tenant", self.tenant),
            ("path", true),
        ];
        let fixed = flags.into_iter().filter(|(_, exists)| *exists).map(|(name, _)| name);
        fixed.chain(self.extra.iter().map(Text::as_str)).collect()
    }
}

/// What an expression uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// The variables, by name.
    pub vars: BTreeSet<Text>,
    /// The locals, by name.
    pub locals: BTreeSet<Text>,
    /// The modules, by name.
    pub modules: BTreeSet<Text>,
    /// Other names (console).
    pub extra: BTreeSet<Text>,
    /// Uses `each`.
    pub each: bool,
    /// Uses `user`.
    pub user: bool,
    /// Uses `change`.
    pub change: bool,
    /// Uses `wave`.
    pub wave: bool,
    /// Uses `plan`.
    pub plan: bool,
    /// Uses `tenant`.
    pub tenant: bool,
    /// Uses `tenant.users`, or `tenant` as a whole: what takes the list of all users.
    pub everybody: bool,
    /// Calls `timestamp()` or `plantimestamp()`.
    pub timestamp: bool,
    /// Renders a template file.
    pub templates: bool,
    fields: u64,
}

impl References {
    /// Does it read this attribute of the user?
    #[must_use]
    pub fn mentions(&self, field: UserField) -> bool {
        self.fields & (1 << field as u64) != 0
    }

    /// The attributes of the user it reads.
    pub fn fields(&self) -> impl Iterator<Item = UserField> + '_ {
        UserField::ALL.iter().copied().filter(|field| self.mentions(*field))
    }

    pub(super) fn mention(&mut self, field: UserField) {
        self.user = true;
        self.fields |= 1 << field as u64;
    }

    /// Adds what another expression uses.
    pub fn extend(&mut self, other: &Self) {
        let Self {
            vars,
            locals,
            modules,
            extra,
            each,
            user,
            change,
            wave,
            plan,
            tenant,
            everybody,
            timestamp,
            templates,
            fields,
        } = other;
        self.vars.extend(vars.iter().cloned());
        self.locals.extend(locals.iter().cloned());
        self.modules.extend(modules.iter().cloned());
        self.extra.extend(extra.iter().cloned());
        self.each |= each;
        self.user |= user;
        self.change |= change;
        self.wave |= wave;
        self.plan |= plan;
        self.tenant |= tenant;
        self.everybody |= everybody;
        self.timestamp |= timestamp;
        self.templates |= templates;
        self.fields |= fields;
    }
}
