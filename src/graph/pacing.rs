//! Pacing: a token bucket with the published limits, and a window of requests in flight that adapts to what the service
//! says. One [`Lane`] for each family of limits.
//!
//! The bucket keeps us under the published rate, so that a tenant is not throttled by us at all; the window answers
//! what is not published (the bucket of `/authentication/requirements` is not, and other apps share some limits):
//! it halves on a 429 and grows by one per window of successes. So does what the bucket is believed to hold: other apps,
//! or a run a minute ago, may have used it up. A 429 with Retry-After closes the lane until then: requests made while
//! throttled still count against the tenant.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::{allotment::Allotment, requests::Family};

/// The window is not halved twice for one burst of 429s.
const CUT_INTERVAL: Duration = Duration::from_millis(500);

/// Limits of one family.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// Units that may be spent at once.
    pub(crate) burst: f64,
    /// Units that come back per second.
    pub(crate) per_second: f64,
}

struct State {
    limit: Limit,
    tokens: f64,
    counted: Instant,
    in_flight: u32,
    window: f64,
    closed_until: Instant,
    cut: Option<Instant>,
}

/// One family's queue. Admission is first come, first served.
pub(crate) struct Lane {
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    freed: Notify,
    widest: f64,
}

/// Leave to send one request; returned when its answer is there.
pub(crate) struct Permit<'a> {
    lane: &'a Lane,
    units: f64,
}

impl Lane {
    pub(crate) fn new(limit: Limit, in_flight: u32) -> Self {
        let now = Instant::now();
        let widest = f64::from(in_flight.max(1));
        Self {
            turn: tokio::sync::Mutex::new(()),
            state: Mutex::new(State {
                limit,
                tokens: limit.burst,
                counted: now,
                in_flight: 0,
                window: widest,
                closed_until: now,
                cut: None,
            }),
            freed: Notify::new(),
            widest,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held leaves numbers that are still numbers.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for leave to send a request of `units`. `waiting` hears of waits as they begin.
    pub(crate) async fn acquire(&self, units: u32, waiting: &(dyn Fn(Duration) + Sync)) -> Permit<'_> {
        let units = f64::from(units);
        let _turn = self.turn.lock().await;
        loop {
            let freed = self.freed.notified();
            let until = {
                let mut state = self.state();
                let now = Instant::now();
                state.refill(now);
                let needed = units.min(state.limit.burst);
                if now < state.closed_until {
                    Some(state.closed_until)
                } else if f64::from(state.in_flight) >= state.window.floor().max(1.0) {
                    None
                } else if state.tokens < needed {
                    // A timer counts milliseconds: one that is asked for less does not wait at all.
                    let wait = Duration::from_secs_f64((needed - state.tokens) / state.limit.per_second);
                    Some(now + wait.max(Duration::from_millis(1)))
                } else {
                    state.tokens -= units;
                    state.in_flight += 1;
                    return Permit { lane: self, units };
                }
            };
            match until {
                Some(until) => {
                    waiting(until.saturating_duration_since(Instant::now()));
                    sleep_until(until).await;
                }
                None => freed.await,
            }
        }
    }

    /// Closes the lane: nothing is sent for `wait`.
    pub(crate) fn close_for(&self, wait: Duration) {
        let mut state = self.state();
        state.closed_until = state.closed_until.max(Instant::now() + wait);
    }

    /// One request of the lane, or one item of a batch, was refused for its rate: halves the window and the tokens.
    ///
    /// At the limit there are hardly any tokens to halve, and yet the service counts otherwise than we do: each refusal
    /// tells of one unit it lacked, so each takes one from ours. Without that, a lane that is a few units ahead of the
    /// service stays so, and is refused for ever.
    pub(crate) fn refused(&self) {
        let mut state = self.state();
        let now = Instant::now();
        state.refill(now);
        if state.cut.is_none_or(|cut| now - cut >= CUT_INTERVAL) {
            state.window = (state.window / 2.0).max(1.0);
            state.tokens = state.tokens.min(state.tokens / 2.0);
            state.cut = Some(now);
        }
        state.tokens = (state.tokens - 1.0).max(-state.limit.burst);
    }

    /// Widens the limit, once more is known of the tenant's size.
    pub(crate) fn raise(&self, limit: Limit) {
        let mut state = self.state();
        if limit.burst > state.limit.burst {
            state.refill(Instant::now());
            state.tokens += limit.burst - state.limit.burst;
            state.limit = limit;
        }
    }
}

impl State {
    fn refill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.counted).as_secs_f64();
        self.tokens = (self.tokens + seconds * self.limit.per_second).min(self.limit.burst);
        self.counted = now;
    }
}

impl Permit<'_> {
    /// The request succeeded: the window may grow again. `cost` is what the service says it took (`x-ms-resource-unit`).
    pub(crate) fn succeeded(&self, cost: Option<f64>, hot: bool) {
        let mut state = self.lane.state();
        if let Some(cost) = cost {
            // Never a refund: the envelope of a batch may name its own price only.
            state.tokens -= (cost - self.units).max(0.0);
        }
        // `x-ms-throttle-limit-percentage` says that the limit is near: stay as wide as we are.
        if !hot {
            state.window = (state.window + 1.0 / state.window).min(self.lane.widest);
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.lane.state().in_flight -= 1;
        self.lane.freed.notify_one();
    }
}

/// All lanes.
pub(crate) struct Pacer {
    identity: Lane,
    reporting: Lane,
    activity: Lane,
    conditional_access: Lane,
    write: Lane,
    allotment: Option<Allotment>,
}

impl Pacer {
    /// The published limits; the tenant counts as small until its users are known. `parallelism` bounds each lane.
    pub(crate) fn published(parallelism: u32) -> Self {
        let lane = |burst: f64, seconds: f64| Lane::new(Limit { burst, per_second: burst / seconds }, parallelism);
        Self {
            identity: lane(3_500.0, 10.0),
            reporting: lane(5.0, 10.0),
            activity: lane(10.0, 60.0),
            conditional_access: lane(1.0, 1.0),
            write: lane(3_000.0, 150.0),
            allotment: None,
        }
    }

    /// No limits but the window: to measure the client itself.
    pub(crate) fn unlimited(parallelism: u32) -> Self {
        let lane = || Lane::new(Limit { burst: 1e12, per_second: 1e12 }, parallelism);
        Self {
            identity: lane(),
            reporting: lane(),
            activity: lane(),
            conditional_access: lane(),
            write: lane(),
            allotment: None,
        }
    }

    /// The same, with a part in what the application may ask over all tenants.
    pub(crate) fn sharing(self, allotment: Option<Allotment>) -> Self {
        Self { allotment, ..self }
    }

    /// How long a request that its lane lets go has to wait for the other tenants of the application.
    pub(crate) fn behind_other_tenants(&self, family: Family, units: u32) -> Duration {
        self.allotment.as_ref().map_or(Duration::ZERO, |allotment| allotment.take(family, units))
    }

    pub(crate) fn lane(&self, family: Family) -> &Lane {
        match family {
            Family::Identity => &self.identity,
            Family::Reporting => &self.reporting,
            Family::Activity => &self.activity,
            Family::ConditionalAccess => &self.conditional_access,
            Family::Write => &self.write,
        }
    }

    /// The published bucket grows with the tenant: 3,500 units in 10 s below 50 users, 5,000 up to 500, 8,000 above.
    pub(crate) fn tenant_has(&self, users: usize) {
        let burst = match users {
            0..50 => return,
            50..=500 => 5_000.0,
            _ => 8_000.0,
        };
        self.identity.raise(Limit { burst, per_second: burst / 10.0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(_: Duration) {}

    /// Waits are told as they begin: the tests look at them instead of at a clock.
    fn told() -> (Mutex<Vec<Duration>>, Duration) {
        (Mutex::new(Vec::new()), Duration::from_millis(1))
    }

    #[tokio::test]
    async fn a_bucket_gives_its_burst_at_once_and_then_its_rate() {
        let lane = Lane::new(Limit { burst: 5.0, per_second: 100.0 }, 16);
        let (waits, _) = told();
        let listen = |wait| waits.lock().unwrap().push(wait);
        for _ in 0..5 {
            drop(lane.acquire(1, &listen).await);
        }
        drop(lane.acquire(5, &listen).await);
        let waits = waits.into_inner().unwrap();
        assert!(!waits.is_empty() && waits.iter().all(|wait| *wait <= Duration::from_millis(50)), "{waits:?}");
    }

    #[tokio::test]
    async fn throttling_closes_the_lane_and_halves_the_window_once_per_burst() {
        let lane = Lane::new(Limit { burst: 1e9, per_second: 1e9 }, 16);
        let start = Instant::now();
        lane.refused();
        lane.refused();
        lane.close_for(Duration::from_millis(30));
        let permit = lane.acquire(1, &quiet).await;
        assert!(start.elapsed() >= Duration::from_millis(30), "never early");
        assert_eq!(lane.state().window, 8.0);
        permit.succeeded(None, true);
        assert_eq!(lane.state().window, 8.0, "near the limit it does not grow");
        permit.succeeded(None, false);
        assert!(lane.state().window > 8.0);
    }

    #[tokio::test]
    async fn a_refusal_tells_that_the_bucket_held_less() {
        // Nothing comes back while the test runs.
        let lane = Lane::new(Limit { burst: 1000.0, per_second: 1e-9 }, 16);
        let left = || lane.state().tokens.round();
        lane.refused();
        assert_eq!(left(), 499.0, "another app may have used up half of it");
        lane.refused();
        assert_eq!(left(), 498.0, "one burst of refusals halves once");
        drop(lane.acquire(498, &quiet).await);
        lane.refused();
        assert_eq!(left(), -1.0, "an empty bucket was ahead of the service's by a unit");
    }

    #[tokio::test]
    async fn what_the_service_charged_is_what_counts() {
        let lane = Lane::new(Limit { burst: 10.0, per_second: 100.0 }, 16);
        let (waits, nothing) = told();
        lane.acquire(1, &quiet).await.succeeded(Some(14.0), false);
        drop(lane.acquire(1, &|wait| waits.lock().unwrap().push(wait)).await);
        assert!(waits.into_inner().unwrap()[0] > nothing, "fourteen were charged: five have to come back first");
    }

    #[tokio::test]
    async fn no_more_are_in_flight_than_the_window() {
        let lane = Lane::new(Limit { burst: 1e9, per_second: 1e9 }, 2);
        let first = lane.acquire(1, &quiet).await;
        let _second = lane.acquire(1, &quiet).await;
        let third = tokio::time::timeout(Duration::from_millis(20), lane.acquire(1, &quiet)).await;
        assert!(third.is_err(), "two are out");
        drop(first);
        drop(lane.acquire(1, &quiet).await);
    }
}
