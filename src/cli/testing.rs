//! Whole command lines in this process, on a runtime that is handed in: what takes minutes of waiting for a service takes
//! none on a runtime whose clock is a value.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use tokio::runtime::Runtime;

use super::{
    Context, Environment, runtime,
    terminal::{Discretion, Guarded},
};

/// What a command line said, and how it ended.
#[derive(Clone, Debug)]
pub struct Said {
    /// The exit code.
    pub code: u8,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// The runtime that every command of this process waits on: the one that `make` makes, where none has run yet.
pub fn wait_on(make: impl FnOnce() -> Runtime) -> &'static Runtime {
    runtime::or_made_by(make)
}

/// Runs a command line (without the program's name) as the program would, in an environment of these variables and no
/// terminal.
///
/// # Panics
/// When it is no command line of the program.
#[must_use]
#[expect(clippy::expect_used, reason = "a test that cannot be run should fail loudly")]
pub fn run(arguments: &[&str], variables: &[(String, String)], now: Timestamp) -> Said {
    let line = std::iter::once("mfaplan").chain(arguments.iter().copied());
    let (cli, inputs) = super::parsed(line).expect("a command line");
    let (out, err) = (Kept::default(), Kept::default());
    let discretion = Discretion::default();
    let mut context = Context {
        env: Environment::invented(variables, now),
        global: cli.global.clone(),
        leash: None,
        writes: false,
        inputs,
        out: Guarded::new(Box::new(out.clone()), false),
        err: Guarded::new(Box::new(err.clone()), false).discreet(&discretion),
        discretion,
        out_color: false,
        err_color: false,
    };
    let code = super::perform(cli, &mut context).code();
    drop(context);
    Said { code, out: out.text(), err: err.text() }
}

/// A stream that is kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Kept {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
