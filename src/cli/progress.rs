//! Progress: bars on a terminal, a line now and then where somebody reads a log, nothing when quiet.

use std::{
    collections::HashSet,
    io::{self, Write},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    apply::{Observer, observer::Event, report::Outcome},
    tenant::{ReadProgress, UserId},
};

use jiff::Timestamp;

use super::Context;

/// How often a log gets a line.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Shows how reading or applying goes on.
pub(super) struct Progress {
    shown: Shown,
}

enum Shown {
    Bar(ProgressBar),
    Log(Mutex<Option<Instant>>),
    Nothing,
}

impl Progress {
    /// Bars where standard error is a terminal, lines where it is not.
    pub(super) fn new(context: &Context) -> Self {
        if context.global.quiet {
            return Self { shown: Shown::Nothing };
        }
        if !context.env.stderr_is_terminal || context.env.get("CI").is_some() {
            return Self { shown: Shown::Log(Mutex::new(None)) };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {pos}/{len} ({per_sec}, {eta} left)") {
            bar.set_style(style);
        }
        Self { shown: Shown::Bar(bar) }
    }

    fn log(last: &Mutex<Option<Instant>>, line: &str) {
        let Ok(mut last) = last.lock() else { return };
        let now = Instant::now();
        match *last {
            // The first moments are silent: most reads are over before anybody wonders.
            None => *last = Some(now),
            Some(then) if now.duration_since(then) >= LOG_EVERY => {
                *last = Some(now);
                let _ = writeln!(io::stderr(), "{line}");
            }
            Some(_) => {}
        }
    }
}

impl ReadProgress for Progress {
    fn progress(&self, what: &str, done: u64, total: Option<u64>) {
        match &self.shown {
            Shown::Bar(bar) => {
                bar.set_message(what.to_owned());
                if let Some(total) = total {
                    bar.set_length(total);
                }
                bar.set_position(done);
            }
            Shown::Log(last) => {
                let total = total.map(|total| format!(" of {total}")).unwrap_or_default();
                Self::log(last, &format!("{what}: {done}{total}"));
            }
            Shown::Nothing => {}
        }
    }

    fn waiting(&self, seconds: f64, why: &str) {
        match &self.shown {
            Shown::Bar(bar) => bar.set_message(format!("waiting {seconds:.0} s: {why}")),
            Shown::Log(last) => Self::log(last, &format!("waiting {seconds:.0} s: {why}")),
            Shown::Nothing => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

/// Shows how a run goes on.
pub(super) struct ApplyProgress {
    inner: Progress,
    total: AtomicU64,
    seen: Mutex<HashSet<UserId>>,
}

impl ApplyProgress {
    /// As [`Progress::new`].
    pub(super) fn new(context: &Context) -> Self {
        Self { inner: Progress::new(context), total: AtomicU64::new(0), seen: Mutex::default() }
    }
}

impl Observer for ApplyProgress {
    fn observe(&self, _: Timestamp, event: Event<'_>) {
        match event {
            Event::Started { changes, .. } => self.total.store(changes, Ordering::Relaxed),
            Event::Outcome { outcome } => {
                if outcome.outcome == Outcome::NotAttempted {
                    return;
                }
                let Ok(mut seen) = self.seen.lock() else { return };
                seen.insert(outcome.planned.user.id);
                self.inner.progress("users", seen.len() as u64, Some(self.total.load(Ordering::Relaxed)));
            }
            Event::Waiting { delay, error, .. } => self.inner.waiting(delay.as_secs_f64(), &error.message),
            Event::Phase { .. } | Event::Intent { .. } | Event::Stopping { .. } | Event::Finished { .. } => {}
        }
    }
}
