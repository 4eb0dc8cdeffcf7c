//! One run of a program: its wall time and its peak memory.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each includer uses a part")]

use std::{
    fs, io,
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// What a run cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub seconds: f64,
    /// Bytes; 0 where the system does not tell (only Linux does).
    pub peak: f64,
}

impl Cost {
    /// The better of both, each by itself: a slow spell of the machine says nothing about the program.
    pub fn best(self, other: Self) -> Self {
        Self { seconds: self.seconds.min(other.seconds), peak: self.peak.min(other.peak) }
    }
}

/// Runs a program to its end, its output thrown away; fails unless it ends well.
pub fn run(command: &mut Command) -> io::Result<Cost> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn()?;
    let (status, peak) = watch(&mut child)?;
    let cost = Cost { seconds: start.elapsed().as_secs_f64(), peak };
    if status.success() { Ok(cost) } else { Err(io::Error::other(format!("{command:?}: {status}"))) }
}

/// The high-water mark only grows, so the last look before the end misses a millisecond of it at most.
fn watch(child: &mut std::process::Child) -> io::Result<(ExitStatus, f64)> {
    let file = format!("/proc/{}/status", child.id());
    let mut peak = 0_f64;
    loop {
        if let Some(now) = fs::read_to_string(&file).ok().as_deref().and_then(high_water) {
            peak = peak.max(now);
        }
        if let Some(status) = child.try_wait()? {
            return Ok((status, peak));
        }
        thread::sleep(Duration::from_micros(500));
    }
}

fn high_water(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<f64>().ok().map(|kilobytes| kilobytes * 1024.0)
}

/// This process's own peak, in bytes.
pub fn own_peak() -> f64 {
    fs::read_to_string("/proc/self/status").ok().as_deref().and_then(high_water).unwrap_or_default()
}
