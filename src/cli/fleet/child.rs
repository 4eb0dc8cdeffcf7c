//! A process of this program for one tenant.

use std::{collections::BTreeMap, ffi::OsString, future::pending, io, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::Command,
};

use crate::apply::{Stop, Urgency};

/// How much of what a process says is kept.
const KEPT: usize = 4 << 20;

/// What is to be run.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// The arguments.
    pub(crate) arguments: Vec<OsString>,
    /// Its whole environment.
    pub(crate) variables: BTreeMap<String, String>,
    /// After which time it is ended.
    pub(crate) timeout: Duration,
    /// Is its standard output read?
    pub(crate) listen: bool,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Finished {
    /// The exit code; none where it was ended.
    pub(crate) code: Option<i32>,
    /// What it wrote to standard output, where that was read.
    pub(crate) out: Vec<u8>,
    /// Why it could not be performed, in a line.
    pub(crate) error: Option<String>,
}

impl Job {
    /// Runs it to its end, or to the end of its time. A wish to stop is handed on.
    pub(crate) async fn run(self, stop: &Stop) -> Finished {
        match self.spawn(stop).await {
            Ok(finished) => finished,
            Err(error) => Finished { error: Some(format!("cannot be started: {error}")), ..Finished::default() },
        }
    }

    async fn spawn(self, stop: &Stop) -> io::Result<Finished> {
        let Self { arguments, variables, timeout, listen } = self;
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .env_clear()
            .envs(variables)
            .stdin(Stdio::piped())
            .stdout(if listen { Stdio::piped() } else { Stdio::null() })
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        // Held until the process has ended: its end is the end of the process.
        let mut leash = child.stdin.take();
        let pulling = async {
            for urgency in [Urgency::Drain, Urgency::Abort] {
                stop.reached(urgency).await;
                if let Some(leash) = &mut leash {
                    // Where nobody reads any more, nobody has to be told.
                    let _ = leash.write_all(b"\n").await;
                }
            }
            pending().await
        };
        let ended = tokio::time::timeout(timeout, async {
            let said = async { tokio::join!(read(out), read(err)) };
            let (out, err) = tokio::select! {
                said = said => said,
                never = pulling => never,
            };
            (child.wait().await, out, err)
        });
        match ended.await {
            Ok((status, out, err)) => {
                let code = status?.code();
                let error = (code != Some(0)).then(|| said(&String::from_utf8_lossy(&err)));
                Ok(Finished { code, out, error })
            }
            Err(_) => {
                child.start_kill()?;
                child.wait().await?;
                let error = Some(format!("did not end within {}", minutes(timeout)));
                Ok(Finished { code: None, out: Vec::new(), error })
            }
        }
    }
}

fn minutes(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds >= 60 && seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// Reads to the end, and keeps the beginning.
async fn read(stream: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut stream) = stream else { return kept };
    let mut buffer = vec![0; 1 << 14];
    while let Ok(count) = stream.read(&mut buffer).await {
        if count == 0 {
            break;
        }
        let room = KEPT.saturating_sub(kept.len()).min(count);
        kept.extend_from_slice(&buffer[..room]);
    }
    kept
}

/// The first error of what it said, with its place, in a line.
fn said(text: &str) -> String {
    let mut lines = text.lines();
    let Some(error) = lines.by_ref().find_map(|line| line.strip_prefix("error: ")) else {
        return text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing").trim().to_owned();
    };
    match lines.next().and_then(|line| line.trim_start().strip_prefix("--> ")) {
        Some(place) => format!("{error} ({place})"),
        None => error.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn what_a_process_said_is_told_in_a_line() {
        assert_eq!(said("note: x\nerror: no such thing\nhint: y\n"), "no such thing");
        let diagnostic = "warning: a\n --> b\n\nerror: Unknown user\n --> main.mfa.hcl:7:11\n  |\n";
        assert_eq!(said(diagnostic), "Unknown user (main.mfa.hcl:7:11)");
        assert_eq!(said("thread panicked\n\n"), "thread panicked");
        assert_eq!(said(""), "it said nothing");
    }
}
