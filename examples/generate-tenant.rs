//! Writes an invented tenant as a snapshot file.
//!
//!     cargo run --release --example generate-tenant -- --users 100000 --seed 1 --out tenant.json
//!
//! `--no-p1` leaves the sign-in log out, `--never-expire` lets no password expire. Without `--out` the tenant goes to
//! the standard output.
#![allow(missing_docs, clippy::print_stderr, reason = "a program")]

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    process::ExitCode,
};

#[path = "../tests/support/generator/mod.rs"]
mod generator;

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!(
                "error: {message}\nusage: generate-tenant [--users N] [--seed N] [--no-p1] [--never-expire] [--out FILE]"
            );
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let mut options = generator::Options::default();
    let mut out: Box<dyn Write> = Box::new(io::stdout().lock());
    while let Some(flag) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{flag} needs a value"));
        match flag.as_str() {
            "--users" => options.users = value()?.parse().map_err(|error| format!("--users: {error}"))?,
            "--seed" => options.seed = value()?.parse().map_err(|error| format!("--seed: {error}"))?,
            "--no-p1" => options.sign_ins = false,
            "--never-expire" => options.passwords_never_expire = true,
            "--out" => {
                let path = value()?;
                out = Box::new(File::create(&path).map_err(|error| format!("{path}: {error}"))?);
            }
            _ => return Err(format!("there is no {flag}")),
        }
    }
    let mut out = BufWriter::with_capacity(1 << 20, out);
    generator::write(options, &mut out).and_then(|()| out.flush()).map_err(|error| error.to_string())
}
