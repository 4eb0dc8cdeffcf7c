//! What the users of a wave are told, and when: letters from templates, one a user and day.
//!
//! Nothing is sent. What goes out in an organisation's name is sent by its own tools, after somebody has read it.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date, tz::TimeZone};

use crate::{
    config::{Config, Notice},
    desired::{Desired, RolloutWave},
    diag::Diagnostic,
    eval::{Expr, Scope, Value},
    facts::{Facts, UserView, tenant_value},
    plan::{Change, Plan},
    tenant::{Text, User, UserId},
};

/// So many users of one template that fails are named.
const NAMED: usize = 3;

/// Everything that is to be told.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    /// By day, notice and user.
    pub(crate) letters: Vec<Letter>,
    /// The waves that are still to open and raise somebody, with how many, earliest first.
    pub(crate) waves: Vec<(RolloutWave, u64)>,
    /// Users to be raised whom no wave picks, or whose wave has opened: nobody can tell them a day.
    pub(crate) without_wave: u64,
    /// Guests without a mail address: their sign-in name is none.
    pub(crate) without_address: u64,
}

/// One letter.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    /// The day on which it is due.
    pub(crate) send_on: Date,
    /// The block's label.
    pub(crate) notice: Text,
    /// So many days before the wave.
    pub(crate) days_before: u32,
    /// The wave.
    pub(crate) wave: RolloutWave,
    /// To whom: object id.
    pub(crate) user: UserId,
    /// Their display name.
    pub(crate) display_name: Option<Text>,
    /// The mail address, or the sign-in name.
    pub(crate) to: Text,
    /// The subject.
    pub(crate) subject: Text,
    /// The text.
    pub(crate) body: Text,
}

/// Writes the letters of everybody whom the plan raises in a wave that is still to open.
///
/// # Errors
/// One diagnostic for every template that fails, with the users for whom it does.
pub(crate) fn notices(
    config: &Config,
    facts: &Facts<'_>,
    plan: &Plan,
    desired: &Desired,
) -> Result<Notices, Vec<Diagnostic>> {
    let mut notices = Notices::default();
    let mut counts: BTreeMap<(jiff::Timestamp, Text, Text), (RolloutWave, u64)> = BTreeMap::new();
    let mut failures: BTreeMap<(usize, bool), Failed> = BTreeMap::new();
    let tenant = tenant_value(config, facts.tenant);
    let today = TimeZone::UTC.to_datetime(plan.as_of).date();
    for change in plan.changes.iter().filter(|change| change.action.raises()) {
        let Some(index) = facts.tenant.by_id(change.user.id) else { continue };
        let user = facts.tenant.user(index);
        let Some(wave) = desired.wave(index).filter(|wave| wave.from > plan.as_of) else {
            notices.without_wave += 1;
            continue;
        };
        let key = (wave.from, wave.rollout.clone(), wave.name.clone());
        counts.entry(key).or_insert_with(|| (wave.clone(), 0)).1 += 1;
        let Some(to) = address(user) else {
            notices.without_address += 1;
            continue;
        };
        let view = UserView::new(facts, index, None);
        let values = Values { view, change: change_value(change), wave: wave_value(wave), tenant: &tenant };
        for (at, notice) in config.notices.iter().enumerate() {
            let days = days(notice, wave, today);
            if days.is_empty() {
                continue;
            }
            let mut text = |expr: &Expr, is_subject| match values.text(expr, config) {
                Ok(text) => Some(text),
                Err((span, why)) => {
                    let failed = failures.entry((at, is_subject)).or_insert_with(|| Failed::new(span, why));
                    failed.users.push(user.user_principal_name.clone());
                    None
                }
            };
            let (subject, body) = (text(&notice.subject, true), text(&notice.body, false));
            let (Some(subject), Some(body)) = (subject, body) else { continue };
            notices.letters.extend(days.into_iter().map(|(days_before, send_on)| Letter {
                send_on,
                notice: notice.name.clone(),
                days_before,
                wave: wave.clone(),
                user: user.id,
                display_name: user.display_name.clone(),
                to: to.clone(),
                subject: subject.clone(),
                body: body.clone(),
            }));
        }
    }
    if !failures.is_empty() {
        return Err(failures.into_values().map(Failed::diagnostic).collect());
    }
    notices.letters.sort_by(|a, b| (a.send_on, &a.notice, a.user).cmp(&(b.send_on, &b.notice, b.user)));
    notices.waves = counts.into_values().collect();
    Ok(notices)
}

/// How many days before, and the day, of each letter that is not overdue.
fn days(notice: &Notice, wave: &RolloutWave, today: Date) -> Vec<(u32, Date)> {
    let opens = TimeZone::UTC.to_datetime(wave.from).date();
    let day = |days: &u32| Some((*days, opens.checked_sub(i64::from(*days).days()).ok()?));
    notice.days_before.iter().filter_map(day).filter(|(_, day)| *day >= today).collect()
}

/// The mail address; of a member without one the sign-in name. A guest's sign-in name is no address.
fn address(user: &User) -> Option<Text> {
    let name = (user.is_guest() != Some(true)).then_some(&user.user_principal_name);
    user.mail.as_ref().or(name).cloned()
}

/// What names mean in the templates of one user.
struct Values<'a> {
    view: UserView<'a>,
    change: Value,
    wave: Value,
    tenant: &'a Value,
}

impl Values<'_> {
    fn text(&self, expr: &Expr, config: &Config) -> Result<Text, (crate::diag::Span, String)> {
        let mut scope = Scope::new(&config.var, &config.local, &config.dir, config.instant);
        scope.allow_files = &config.allow_files;
        scope.reads = Some(&config.origin.reads);
        scope.user = Some(&self.view);
        scope.change = Some(&self.change);
        scope.wave = Some(&self.wave);
        scope.tenant = Some(self.tenant);
        match expr.eval(&scope) {
            Ok(value) if value.contains_sensitive() => {
                Err((expr.span(), "it holds a sensitive value, which must not be written into a letter".to_owned()))
            }
            Ok(Value::String(text)) => Ok(text),
            Ok(Value::Null) => Err((expr.span(), "it is null".to_owned())),
            Ok(_) => Err((expr.span(), "it is not a text".to_owned())),
            Err(error) => Err((error.span(), error.detail().to_owned())),
        }
    }
}

fn change_value(change: &Change) -> Value {
    let text = |text: &str| Value::String(text.into());
    Value::object::<&str>([
        ("before", change.before.known().map_or(Value::Null, |state| text(state.as_str()))),
        ("after", text(change.after.as_str())),
        ("action", text(change.action.as_str())),
    ])
}

fn wave_value(wave: &RolloutWave) -> Value {
    Value::object::<&str>([
        ("name", Value::String(wave.name.clone())),
        ("rollout", Value::String(wave.rollout.clone())),
        ("from", Value::String(wave.from.to_string().into())),
    ])
}

/// A template that fails, and for whom.
struct Failed {
    span: crate::diag::Span,
    why: String,
    users: Vec<Text>,
}

impl Failed {
    fn new(span: crate::diag::Span, why: String) -> Self {
        Self { span, why, users: Vec::new() }
    }

    fn diagnostic(self) -> Diagnostic {
        let Self { span, why, users } = self;
        let named: Vec<&str> = users.iter().take(NAMED).map(Text::as_str).collect();
        let more = users.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let detail = format!("The template fails for {}{more}: {why}", named.join(", "));
        Diagnostic::error("Notice cannot be written", detail)
            .at(span, "fails")
            .hint("a fact that the tenant does not know is null: write coalesce(user.display_name, \"colleague\")")
    }
}
