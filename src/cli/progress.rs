//! Progress: bars on a terminal, a line now and then where somebody reads a log, nothing when quiet.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::{
    apply::{Observer, observer::Event, report::Outcome},
    escape,
    render::words,
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
    Bars(Bars),
    Log(Mutex<Log>),
    Nothing,
}

/// One line for each thing that is read, and one for a wait.
struct Bars {
    all: MultiProgress,
    lines: Mutex<BTreeMap<String, ProgressBar>>,
    wait: Mutex<Option<(ProgressBar, Instant)>>,
}

/// What a log was told, and when.
#[derive(Default)]
struct Log {
    last: Option<Instant>,
    /// Per thing that is read: when it was last told of, and how far it was.
    told: BTreeMap<String, (Instant, u64)>,
}

impl Progress {
    /// Bars where standard error is a terminal, lines where it is not.
    pub(super) fn new(context: &Context) -> Self {
        if context.global.quiet {
            return Self { shown: Shown::Nothing };
        }
        if !context.env.stderr_is_terminal || context.env.get("CI").is_some() {
            return Self { shown: Shown::Log(Mutex::default()) };
        }
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        Self { shown: Shown::Bars(Bars { all, lines: Mutex::default(), wait: Mutex::default() }) }
    }
}

impl Bars {
    fn line(&self, template: &str) -> ProgressBar {
        let bar = self.all.add(ProgressBar::no_length());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
                let _ = write!(out, "{} a second", words::rounded(state.per_sec()));
            }));
        }
        bar
    }

    fn progress(&self, what: &str, done: u64, total: Option<u64>) {
        if let Ok(mut wait) = self.wait.lock()
            && wait.as_ref().is_some_and(|(_, until)| Instant::now() >= *until)
            && let Some((bar, _)) = wait.take()
        {
            bar.finish_and_clear();
        }
        let Ok(mut lines) = self.lines.lock() else { return };
        let bar = lines.entry(what.to_owned()).or_insert_with(|| {
            let bar = match total {
                Some(_) => self.line("{spinner} {msg} {pos}/{len} ({rate}, {eta} left)"),
                None => self.line("{spinner} {msg} {pos} ({rate})"),
            };
            bar.set_message(what.to_owned());
            bar
        });
        if let Some(total) = total {
            bar.set_length(total);
        }
        bar.set_position(done);
    }

    fn waiting(&self, seconds: f64, text: String) {
        let Ok(mut wait) = self.wait.lock() else { return };
        let (bar, until) = wait.get_or_insert_with(|| (self.line("{spinner} {msg}"), Instant::now()));
        bar.set_message(text);
        *until = Instant::now() + Duration::try_from_secs_f64(seconds).unwrap_or_default();
    }
}

impl Log {
    /// The first moments are silent: most reads are over before anybody wonders.
    fn is_due(&mut self, now: Instant) -> bool {
        let due = self.last.is_some_and(|then| now.duration_since(then) >= LOG_EVERY);
        if due || self.last.is_none() {
            self.last = Some(now);
        }
        due
    }

    /// `users: 4000 of 10000 (400 a second, 15 s left)`, where it is time for a line. The rate is that since the line
    /// before: a burst at the beginning says nothing of how long the rest will take.
    fn progress(&mut self, now: Instant, what: &str, done: u64, total: Option<u64>) -> Option<String> {
        let (then, before) = *self.told.entry(what.to_owned()).or_insert((now, done));
        if !self.is_due(now) {
            return None;
        }
        self.told.insert(what.to_owned(), (now, done));
        let mut line = format!("{what}: {done}");
        if let Some(total) = total {
            line.push_str(&format!(" of {total}"));
        }
        let seconds = now.duration_since(then).as_secs_f64();
        let rate = done.saturating_sub(before) as f64 / seconds;
        if seconds >= 1.0 && rate > 0.0 {
            line.push_str(&format!(" ({} a second", words::rounded(rate)));
            if let Some(total) = total {
                line.push_str(&format!(", {} s left", words::rounded(total.saturating_sub(done) as f64 / rate)));
            }
            line.push(')');
        }
        Some(line)
    }
}

fn say(line: &str) {
    super::terminal::say(line);
}

impl ReadProgress for Progress {
    fn progress(&self, what: &str, done: u64, total: Option<u64>) {
        let what = &*escape::text(what);
        match &self.shown {
            Shown::Bars(bars) => bars.progress(what, done, total),
            Shown::Log(log) => {
                let Ok(mut log) = log.lock() else { return };
                if let Some(line) = log.progress(Instant::now(), what, done, total) {
                    say(&line);
                }
            }
            Shown::Nothing => {}
        }
    }

    fn waiting(&self, seconds: f64, why: &str) {
        let text = || format!("waiting {} s: {}", words::rounded(seconds), escape::text(why));
        match &self.shown {
            Shown::Bars(bars) => bars.waiting(seconds, text()),
            Shown::Log(log) => {
                if log.lock().is_ok_and(|mut log| log.is_due(Instant::now())) {
                    say(&text());
                }
            }
            Shown::Nothing => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Shown::Bars(bars) = &self.shown {
            // Lines that stay behind are a blemish, not an error.
            let _ = bars.all.clear();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_gets_a_line_now_and_then_with_rate_and_time_left() {
        let (start, mut log) = (Instant::now(), Log::default());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(log.progress(at(0), "users", 0, Some(10_000)), None, "nothing at first");
        assert_eq!(log.progress(at(5), "users", 2_000, Some(10_000)), None);
        let line = log.progress(at(10), "users", 4_000, Some(10_000)).unwrap();
        assert_eq!(line, "users: 4000 of 10000 (400 a second, 15 s left)");
        assert_eq!(log.progress(at(12), "registration", 999, None), None, "one line in ten seconds, of whatever");
        let line = log.progress(at(20), "users", 4_200, Some(10_000)).unwrap();
        assert_eq!(line, "users: 4200 of 10000 (20 a second, 290 s left)", "the burst is over");
        assert!(!log.is_due(at(25)) && log.is_due(at(30)));
        assert_eq!(log.progress(at(42), "registration", 9_999, None).unwrap(), "registration: 9999 (300 a second)");
    }
}
