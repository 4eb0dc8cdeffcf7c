//! Token buckets: the service's side of throttling.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::options::{Bucket, Throttle};
use mfaplan::testing::graph::Family;

pub struct Meter {
    bucket: Bucket,
    tokens: f64,
    counted: Instant,
}

/// What the meter said.
pub enum Verdict {
    /// Go on; the share of the limit in use.
    Pass(f64),
    /// Not now; this long until there is enough.
    Throttled(Duration),
}

impl Meter {
    fn new(bucket: Bucket) -> Self {
        Self { bucket, tokens: bucket.map_or(0.0, |(burst, _)| burst), counted: Instant::now() }
    }

    pub fn charge(&mut self, units: f64) -> Verdict {
        let Some((burst, rate)) = self.bucket else { return Verdict::Pass(0.0) };
        let now = Instant::now();
        self.tokens = (self.tokens + (now - self.counted).as_secs_f64() * rate).min(burst);
        self.counted = now;
        if self.tokens >= units {
            self.tokens -= units;
            return Verdict::Pass(1.0 - self.tokens / burst);
        }
        let missing = units - self.tokens;
        // Requests made while throttled still count, within bounds.
        self.tokens = (self.tokens - units).max(-burst / 10.0);
        Verdict::Throttled(Duration::from_secs_f64(missing / rate))
    }
}

/// What an application may ask over all its tenants: one for all of them.
#[derive(Clone)]
pub struct Application(Arc<Mutex<Meters>>);

impl Application {
    pub fn new(throttle: &Throttle) -> Self {
        Self(Arc::new(Mutex::new(Meters::new(throttle))))
    }

    pub fn charge(&self, family: Family, units: f64) -> Verdict {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).of(family).charge(units)
    }
}

impl std::fmt::Debug for Application {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Application")
    }
}

pub struct Meters {
    identity: Meter,
    write: Meter,
    reporting: Meter,
    activity: Meter,
    conditional_access: Meter,
}

impl Meters {
    pub fn new(throttle: &Throttle) -> Self {
        Self {
            identity: Meter::new(throttle.identity),
            write: Meter::new(throttle.write),
            reporting: Meter::new(throttle.reporting),
            activity: Meter::new(throttle.activity),
            conditional_access: Meter::new(throttle.conditional_access),
        }
    }

    pub fn of(&mut self, family: Family) -> &mut Meter {
        match family {
            Family::Identity => &mut self.identity,
            Family::Write => &mut self.write,
            Family::Reporting => &mut self.reporting,
            Family::Activity => &mut self.activity,
            Family::ConditionalAccess => &mut self.conditional_access,
        }
    }
}

/// What a request costs by the published table.
pub fn cost(method: &str, path: &str, query: &str) -> f64 {
    let base: f64 = match path {
        _ if method != "GET" => 1.0,
        "/users" => 2.0,
        "/subscribedSkus" => 3.0,
        path if path.ends_with("/transitiveMembers") => 5.0,
        path if path.ends_with("/members") => 3.0,
        _ => 1.0,
    };
    let select = if query.contains("$select") { 1.0 } else { 0.0 };
    let expand = if query.contains("$expand") { 1.0 } else { 0.0 };
    (base - select + expand).max(1.0)
}
