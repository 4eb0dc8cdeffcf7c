//! What an application may ask of Microsoft Graph over all its tenants, shared by the processes that ask: a file with a
//! balance for each of the limits that are counted so ("Microsoft Graph service-specific throttling limits").
//!
//! The limits of one tenant are the lanes' business ([`super::pacing`]); these here only bind where many tenants are under
//! way at once. Taking is booking: a balance may fall below nothing, and whoever made it so waits until it would be even.
//! So everybody waits their turn, nobody is overtaken for ever, and the file is open for microseconds. A process that dies
//! before it has sent what it booked leaves the balance a little too low, which the next seconds even out.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{pacing::Limit, requests::Family};

/// The limits of an application over all tenants: 150,000 units in 20 s, 35,000 writes in 5 min, 122 reports in 10 s. That of
/// all services, 130,000 requests in 10 s, is never the first to be reached. A tenth of what may come at once is left out:
/// requests of many processes are not as long under way, and the service counts them as they arrive.
const LIMITS: [(Family, Limit); 3] = [
    (Family::Identity, Limit { burst: 135_000.0, per_second: 7_500.0 }),
    (Family::Write, Limit { burst: 31_500.0, per_second: 35_000.0 / 300.0 }),
    (Family::Reporting, Limit { burst: 110.0, per_second: 12.2 }),
];

/// The bytes of one balance: how much there was, and when, in microseconds since 1970.
const LENGTH: usize = 16;

/// A part in the quota of an application.
#[derive(Clone, Debug)]
pub struct Allotment {
    file: Arc<Mutex<File>>,
}

impl Allotment {
    /// Joins those who share the file, which is open to be read and written. An empty one is a full quota.
    pub(crate) fn join(file: File) -> Self {
        Self { file: Arc::new(Mutex::new(file)) }
    }

    /// Takes units, and says how long to wait before they may be used.
    ///
    /// A file that cannot be read or written any more holds nobody up: the service says by itself when it is too much.
    pub(crate) fn take(&self, family: Family, units: u32) -> Duration {
        let Some(at) = LIMITS.iter().position(|(one, _)| *one == family) else { return Duration::ZERO };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        self::locked(&mut file, |file| {
            let mut bytes = [0; LENGTH];
            let place = SeekFrom::Start((at * LENGTH) as u64);
            file.seek(place)?;
            let known = file.read_exact(&mut bytes).is_ok();
            let mut balance = if known { Balance::read(bytes) } else { Balance::default() };
            let wait = balance.take(f64::from(units), LIMITS[at].1, now);
            file.seek(place)?;
            file.write_all(&balance.bytes())?;
            Ok(wait)
        })
        .unwrap_or_default()
    }
}

/// Nobody else has the file meanwhile. A process that ends gives it back, however it ends.
fn locked<T>(file: &mut File, work: impl FnOnce(&mut File) -> io::Result<T>) -> io::Result<T> {
    file.lock()?;
    let done = work(file);
    file.unlock()?;
    done
}

/// How much of one limit is left.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Balance {
    left: f64,
    /// Nothing was ever taken where this is zero.
    counted: Duration,
}

impl Balance {
    fn read(bytes: [u8; LENGTH]) -> Self {
        let [left, counted] = [0, 8].map(|at| std::array::from_fn(|byte| bytes[at + byte]));
        let left = f64::from_le_bytes(left);
        let counted = Duration::from_micros(u64::from_le_bytes(counted));
        if left.is_finite() { Self { left, counted } } else { Self::default() }
    }

    fn bytes(self) -> [u8; LENGTH] {
        let micros = u64::try_from(self.counted.as_micros()).unwrap_or(u64::MAX);
        let mut bytes = [0; LENGTH];
        bytes[..8].copy_from_slice(&self.left.to_le_bytes());
        bytes[8..].copy_from_slice(&micros.to_le_bytes());
        bytes
    }

    fn take(&mut self, units: f64, limit: Limit, now: Duration) -> Duration {
        let Limit { burst, per_second } = limit;
        // A balance that was never used is full, and a clock that was set back gives nothing.
        let since = now.saturating_sub(self.counted);
        self.left = (self.left + since.as_secs_f64() * per_second).min(burst) - units;
        self.counted = self.counted.max(now);
        Duration::from_secs_f64((-self.left / per_second).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn joined(path: &std::path::Path) -> Allotment {
        Allotment::join(File::options().read(true).write(true).create(true).truncate(false).open(path).unwrap())
    }

    #[test]
    fn what_one_process_takes_the_other_lacks() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("quota");
        let [one, other] = [(); 2].map(|()| joined(&path));
        assert_eq!(one.take(Family::Reporting, 55), Duration::ZERO);
        assert_eq!(other.take(Family::Reporting, 55), Duration::ZERO);
        let wait = one.take(Family::Reporting, 110);
        assert!(wait > Duration::from_secs(5) && wait <= Duration::from_secs(10), "{wait:?}");
        assert!(other.take(Family::Reporting, 110) > Duration::from_secs(15), "behind the one who came first");
        // Every limit by itself; what is counted for each tenant alone is not counted here.
        assert_eq!(other.take(Family::Identity, 1_000), Duration::ZERO);
        assert_eq!(other.take(Family::Write, 1), Duration::ZERO);
        assert_eq!(other.take(Family::ConditionalAccess, 1_000_000), Duration::ZERO);
    }

    #[test]
    fn a_file_that_is_garbage_is_a_full_quota() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("quota");
        for content in [&b""[..], &[0xff; 100], b"short"] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(joined(&path).take(Family::Reporting, 1), Duration::ZERO, "{content:?}");
        }
    }

    proptest! {
        /// However requests come, no stretch of time has more than the burst and what came back meanwhile.
        #[test]
        fn never_more_than_the_limit(requests in prop::collection::vec((0_u64..3_000, 1_u32..60), 1..80)) {
            let limit = Limit { burst: 122.0, per_second: 12.2 };
            let mut balance = Balance::default();
            let mut now = Duration::from_secs(1_700_000_000);
            let mut sent: Vec<(f64, f64)> = Vec::new();
            for (pause, units) in requests {
                now += Duration::from_millis(pause);
                balance = Balance::read(balance.bytes());
                let at = now + balance.take(f64::from(units), limit, now);
                sent.push((at.as_secs_f64(), f64::from(units)));
            }
            for (from, (start, _)) in sent.iter().enumerate() {
                let mut units = 0.0;
                for (at, some) in &sent[from..] {
                    units += some;
                    prop_assert!(units <= limit.burst + (at - start) * limit.per_second + 60.1, "{sent:?}");
                }
            }
        }
    }
}
